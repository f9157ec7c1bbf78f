use crate::behaviour::profile;
use crate::strategies::CATALOG;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tdsql::compare::Thresholds;
use tdsql::drift::{Current, drift};
use tdsql::model::behaviour::{DriftLabel, GapState, MetricAggregate, Statistics, TelemetrySummary};

/// A level, and that of the bad minutes.
type Level = [f64; 2];
/// What a metric was and is; a gap where there is none.
type Movement = (Option<Level>, Option<Level>);

/// A movement of the mean and one of the tail.
fn movement() -> impl Strategy<Value = Movement> {
    let both = |(mean, tail): (Option<f64>, Option<f64>)| mean.zip(tail).map(<[f64; 2]>::from);
    (change(), change(), any::<bool>()).prop_map(move |(mean, tail, steady)| {
        // Often only one of them moves.
        let tail = if steady { (mean.0, mean.0) } else { tail };
        (both((mean.0, tail.0)), both((mean.1, tail.1)))
    })
}

/// A level in the baseline and its change in percent, or a gap on one side.
fn change() -> impl Strategy<Value = (Option<f64>, Option<f64>)> {
    let level = prop_oneof![1 => Just(0.0), 6 => 0.001..1e5_f64];
    prop_oneof![
        8 => (level.clone(), -100.0..400.0_f64).prop_map(|(old, percent)| (Some(old), Some(old * (1.0 + percent / 100.0)))),
        2 => (Just(0.0), 0.0..20.0_f64).prop_map(|(old, new)| (Some(old), Some(new))),
        1 => level.clone().prop_map(|old| (Some(old), None)),
        1 => level.prop_map(|new| (None, Some(new))),
    ]
}

/// The mean everywhere but in the statistic of the bad minutes.
fn aggregate(level: Option<Level>, tail: &str) -> MetricAggregate {
    match level {
        Some([mean, bad]) => {
            let values = Statistics::NAMES.map(|name| if name == tail { bad } else { mean });
            MetricAggregate::Measured(Statistics::new(values).expect("finite"))
        }
        None => MetricAggregate::gap(GapState::Absent, "nothing"),
    }
}

/// P19: "For any current telemetry snapshot and Baseline_Profile where at least one metric deviates beyond the configured
/// threshold, the health assessment SHALL flag the deviation as drift", and no other (requirement R7.2): held against a second
/// reading of the rule: by the mean, and where lower is better by the tail too.
#[test]
fn p19_drift() {
    let strategy = (profile(), vec(movement(), CATALOG.metrics.len()));
    crate::holds(file!(), crate::CASES, &strategy, |(mut baseline, movements)| {
        let thresholds = Thresholds::of(&CATALOG);
        let side = |of: fn(&Movement) -> Option<Level>| {
            let mut values = movements.iter().map(of);
            TelemetrySummary::complete(CATALOG.measured(), |_, _| {
                aggregate(values.next().expect("one for each metric"), thresholds.tail())
            })
        };
        baseline.telemetry = side(|movement| movement.0);
        let telemetry = side(|movement| movement.1);
        let current = Current {
            profile_id: None,
            cluster_id: &baseline.cluster_id,
            namespace: baseline.namespace.as_deref(),
            time_window_start: baseline.time_window_start,
            time_window_end: baseline.time_window_end,
            telemetry: &telemetry,
        };
        let mut deviates = BTreeSet::new();
        let mut gaps = BTreeSet::new();
        for (metric, (old, new)) in CATALOG.metrics.iter().zip(&movements) {
            let (Some(old), Some(new)) = (old, new) else {
                gaps.insert(metric.name.as_ref());
                continue;
            };
            let threshold = thresholds.percentage(metric).expect("each category has one");
            // The tail is the high side: of what is better when it is higher it says nothing bad.
            let judged = if metric.better == "lower" { 2 } else { 1 };
            for (old, new) in old.iter().zip(new).take(judged) {
                let change = (new - old).abs();
                let beyond = if *old == 0.0 { change > 0.0 } else { change / old.abs() * 100.0 > threshold };
                // What rounding decides is no case.
                prop_assume!((change / old.abs().max(1e-300) * 100.0 - threshold).abs() > 1e-6);
                prop_assume!((change - metric.noise_floor).abs() > 1e-9);
                if metric.better != "neither" && beyond && change > metric.noise_floor {
                    deviates.insert(metric.name.as_ref());
                }
            }
        }
        // A metric and its complement are one change.
        let mirrors: Vec<&str> = CATALOG
            .metrics
            .iter()
            .filter(|metric| metric.mirror_of.as_deref().is_some_and(|original| deviates.contains(original)))
            .map(|metric| metric.name.as_ref())
            .collect();
        mirrors.iter().for_each(|mirror| {
            deviates.remove(mirror);
        });
        let report = drift(&CATALOG, &baseline, current, &thresholds);
        let found: BTreeSet<&str> = report.deviations.iter().map(|diff| diff.metric.as_str()).collect();
        prop_assert_eq!(&found, &deviates);
        prop_assert_eq!(report.drifted(), !deviates.is_empty());
        prop_assert_eq!(report.label == DriftLabel::Drifted, !deviates.is_empty());
        let listed: BTreeSet<&str> = report.gaps.iter().map(|gap| gap.metric.as_str()).collect();
        prop_assert_eq!(listed, gaps);
        Ok(())
    });
}
