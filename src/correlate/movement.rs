//! Which way metrics went.

use crate::catalog::Catalog;
use crate::model::behaviour::{Direction, Moving, TelemetryDiff};

/// The metrics that moved, in the order of the comparison.
#[must_use]
pub fn movements(catalog: &Catalog, diffs: &[TelemetryDiff]) -> Vec<Moving> {
    diffs.iter().filter_map(|diff| moving(catalog, diff)).collect()
}

fn moving(catalog: &Catalog, diff: &TelemetryDiff) -> Option<Moving> {
    let metric = catalog.metrics.iter().find(|metric| metric.name == diff.metric)?;
    let (old, new) = (diff.old_value.statistics()?.get("mean")?, diff.new_value.statistics()?.get("mean")?);
    let regressed = diff.direction == Direction::Regressed;
    let rose = match (metric.better.as_str(), diff.direction) {
        ("higher", Direction::Regressed) | ("lower", Direction::Improved) => false,
        ("higher", Direction::Improved) | ("lower", Direction::Regressed) => true,
        _ if (new - old).abs() > metric.noise_floor.max(0.2 * old.abs()) => new > old,
        _ => return None,
    };
    let change_pct = diff.change_pct;
    Some(Moving { metric: diff.metric.clone(), rose, regressed, old, new, change_pct, unit: metric.unit.clone() })
}
