use crate::behaviour::profile;
use crate::strategies::CATALOG;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tdsql::compile::{Given, Request, compile};
use tdsql::conformance::conformance;
use tdsql::model::Scalar;
use tdsql::model::behaviour::{BoundsBasis, Conformance, ConformanceLabel, GapState, MetricAggregate, Statistics};

/// P21: "the conformance label SHALL be "conforming" if and only if all telemetry metrics fall within the preset's expected
/// bounds, and "drifted" otherwise", with pass or fail for each (requirement R7.4); a gap is never a pass, and breaks nothing. The
/// bounds follow the inputs of the profile itself, where it was compiled from the preset.
#[test]
fn p21_conformance() {
    let presets: Vec<&'static str> = CATALOG.presets.keys().map(AsRef::as_ref).collect();
    // Of each bounded metric: a share of its bound, or a gap.
    let shares = vec(prop_oneof![6 => (0.3..1.3_f64).prop_map(Some), 1 => Just(None)], 32);
    // Of half of the profiles: inputs of their own, which no preset has.
    let own =
        proptest::option::of((11..2000_i64, 11..900_i64).prop_filter("no preset's", |(_, latency)| latency % 50 != 0));
    crate::holds(
        file!(),
        crate::CASES,
        &(profile(), select(presets), shares, any::<bool>(), own),
        |(mut profile, preset, shares, good, own)| {
            let mut request = Request { preset: preset.to_owned(), ..Request::default() };
            let of_preset = compile(&CATALOG, &request, "").expect("a preset").expected_bounds().expect("bounds");
            if let Some((load, latency)) = own {
                request.given = vec![
                    Given::new("target_state_transitions_per_sec", Scalar::Int(load)),
                    Given::new("max_schedule_to_start_latency_ms", Scalar::Int(latency)),
                ];
            }
            let mut compiled = compile(&CATALOG, &request, "").expect("the inputs are within their bounds");
            // What the compiler says of its own inputs; whose defaults they are not.
            let bounds = compiled.expected_bounds().expect("bounds");
            prop_assert_eq!(bounds == of_preset, own.is_none());
            profile.config_snapshot.config_profile = own.map(|_| compiled.profile());
            let mut outcomes = Vec::new();
            for (bound, share) in bounds.iter().zip(&shares) {
                let metric = CATALOG.metrics.iter().find(|metric| metric.name == bound.metric).expect("a metric");
                let value = match (bound.lower, bound.upper) {
                    // All of them within, in one half of the cases.
                    (Some(lower), Some(upper)) if good => Some((lower + upper) / 2.0),
                    (lower, upper) if good => lower.or(upper),
                    (lower, upper) => share.map(|share| share * lower.or(upper).expect("a bound has a side")),
                };
                // Metrics may be bounded twice, by different statistics: the last is measured for all.
                profile.telemetry.section_mut(metric.section).insert(
                    metric.name.clone(),
                    match value {
                        Some(value) => MetricAggregate::Measured(Statistics::new([value; 6]).expect("finite")),
                        None => MetricAggregate::gap(GapState::Absent, "nothing"),
                    },
                );
            }
            for bound in &bounds {
                let metric = CATALOG.metrics.iter().find(|metric| metric.name == bound.metric).expect("a metric");
                let found = profile.telemetry.section(metric.section).get(&metric.name).expect("inserted");
                outcomes.push(match found.statistics().and_then(|statistics| statistics.get(&bound.aggregate)) {
                    None => Conformance::Gap,
                    Some(value) => {
                        let low = bound.lower.is_none_or(|lower| lower <= value);
                        let high = bound.upper.is_none_or(|upper| value <= upper);
                        if low && high { Conformance::Pass } else { Conformance::Fail }
                    }
                });
            }
            let report = conformance(&CATALOG, &profile, Some(preset)).expect("a preset");
            let basis = if own.is_some() { BoundsBasis::Profile } else { BoundsBasis::PresetDefaults };
            prop_assert_eq!(report.basis, basis);
            prop_assert_eq!(report.metrics.len(), bounds.len());
            for (bound, outcome) in bounds.iter().zip(&outcomes) {
                let found = report
                    .metrics
                    .iter()
                    .find(|metric| metric.metric == bound.metric && metric.aggregate == bound.aggregate)
                    .expect("every bound is told");
                prop_assert_eq!(found.outcome, *outcome, "{}", &bound.metric);
                prop_assert_eq!((found.lower, found.upper), (bound.lower, bound.upper), "{}", &bound.metric);
            }
            let wanted = if outcomes.contains(&Conformance::Fail) {
                ConformanceLabel::Drifted
            } else if outcomes.contains(&Conformance::Gap) {
                ConformanceLabel::Inconclusive
            } else {
                ConformanceLabel::Conforming
            };
            prop_assert_eq!(report.label, wanted);
            Ok(())
        },
    );
}
