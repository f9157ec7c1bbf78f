//! Telemetry against telemetry.

use super::Thresholds;
use crate::catalog::{Catalog, Metric};
use crate::model::behaviour::{
    DiffSeverity, Direction, GapState, MetricAggregate, NoVerdict, Section, TelemetryDiff, TelemetrySummary,
    change_size,
};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

/// Every metric of either summary, judged: by severity, then by size, the largest regression first.
#[must_use]
pub fn telemetry_diffs(
    catalog: &Catalog,
    old: &TelemetrySummary,
    new: &TelemetrySummary,
    thresholds: &Thresholds,
) -> Vec<TelemetryDiff> {
    let known: HashMap<&str, &Metric> = catalog.metrics.iter().map(|metric| (metric.name.as_ref(), metric)).collect();
    let names: BTreeSet<(Section, &str)> =
        old.iter().chain(new.iter()).map(|(section, name, _)| (section, name)).collect();
    let mut diffs: Vec<TelemetryDiff> = names
        .into_iter()
        .map(|(section, name)| {
            let of = |summary: &TelemetrySummary| {
                let found = summary.section(section).get(name).cloned();
                found.unwrap_or_else(|| MetricAggregate::gap(GapState::Absent, "the profile does not have the metric"))
            };
            diff(section, name, known.get(name).copied(), (of(old), of(new)), thresholds)
        })
        .collect();
    count_once(&known, &mut diffs);
    diffs.sort_by(|a, b| order(a).partial_cmp(&order(b)).unwrap_or(std::cmp::Ordering::Equal));
    diffs
}

fn diff(
    section: Section,
    name: &str,
    metric: Option<&Metric>,
    (old, new): (MetricAggregate, MetricAggregate),
    thresholds: &Thresholds,
) -> TelemetryDiff {
    let mut diff = TelemetryDiff {
        metric: name.to_owned(),
        change_pct: None,
        direction: Direction::Unchanged,
        severity: DiffSeverity::Info,
        section,
        tail_change_pct: None,
        deviates: false,
        moved: None,
        decided_by: None,
        threshold_pct: metric.and_then(|metric| thresholds.percentage(metric)),
        no_verdict: None,
        unit: metric.map(|metric| metric.unit.to_string()).unwrap_or_default(),
        old_value: old,
        new_value: new,
    };
    let (Some(old), Some(new)) = (diff.old_value.statistics(), diff.new_value.statistics()) else {
        diff.no_verdict = Some(NoVerdict::Gap);
        return diff;
    };
    let change = |statistic: &str| change_pct(old.get(statistic)?, new.get(statistic)?);
    (diff.change_pct, diff.tail_change_pct) = (change("mean"), change(thresholds.tail()));
    let Some(metric) = metric else {
        diff.no_verdict = Some(NoVerdict::Unknown);
        return diff;
    };
    let (verdict, statistic) = thresholds.judge_statistics(metric, old, new);
    diff.direction = verdict.direction;
    diff.severity = verdict.severity;
    diff.moved = verdict.moved;
    diff.decided_by = Some(statistic);
    diff.deviates = verdict.direction != Direction::Unchanged;
    if metric.better == "neither" {
        diff.no_verdict = Some(NoVerdict::Neutral);
    }
    diff
}

/// The change in percent of what was; none from zero, and none beyond all numbers.
fn change_pct(old: f64, new: f64) -> Option<f64> {
    let size = change_size(old, new);
    size.is_finite().then(|| if new < old { -size } else { size })
}

/// Of a metric and its complement only one counts: what changed is one thing.
fn count_once(known: &HashMap<&str, &Metric>, diffs: &mut [TelemetryDiff]) {
    let deviating: BTreeSet<String> =
        diffs.iter().filter(|diff| diff.deviates).map(|diff| diff.metric.clone()).collect();
    for diff in diffs {
        let original = known.get(diff.metric.as_str()).and_then(|metric| metric.mirror_of.as_ref());
        if original.is_some_and(|original| deviating.contains(original.as_ref())) && diff.no_verdict.is_none() {
            diff.direction = Direction::Unchanged;
            diff.severity = DiffSeverity::Info;
            diff.deviates = false;
            diff.no_verdict = Some(NoVerdict::Mirror);
        }
    }
}

/// What sorts them: severity, regressions before improvements before the rest before gaps, size, name.
fn order(diff: &TelemetryDiff) -> impl PartialOrd + use<'_> {
    let kind = match (diff.direction, diff.no_verdict) {
        (Direction::Regressed, _) => 0,
        (Direction::Improved, _) => 1,
        (_, Some(NoVerdict::Gap)) => 3,
        _ => 2,
    };
    (Reverse(diff.severity), kind, -diff.size().unwrap_or(0.0), diff.section, diff.metric.as_str())
}
