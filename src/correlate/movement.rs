//! Which way metrics went, by the verdicts of a comparison.

use crate::model::behaviour::{Direction, MetricAggregate, Moved, Moving, TelemetryDiff};

/// The metrics that moved by more than threshold and noise floor, in the order of the comparison.
#[must_use]
pub fn movements(diffs: &[TelemetryDiff]) -> Vec<Moving> {
    diffs.iter().filter_map(moving).collect()
}

fn moving(diff: &TelemetryDiff) -> Option<Moving> {
    let rose = diff.moved? == Moved::Raised;
    let statistic = diff.decided_by.as_deref()?;
    let value = |of: &MetricAggregate| of.statistics()?.get(statistic);
    Some(Moving {
        metric: diff.metric.clone(),
        rose,
        regressed: diff.direction == Direction::Regressed,
        old: value(&diff.old_value)?,
        new: value(&diff.new_value)?,
        change_pct: if statistic == "mean" { diff.change_pct } else { diff.tail_change_pct },
        unit: diff.unit.clone(),
    })
}
