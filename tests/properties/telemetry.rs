//! Plans of windows and statistics of samples, for any window and any samples.

use crate::{CASES, holds};
use proptest::prelude::*;
use tdsql::catalog::telemetry::{Reads, WindowRules};
use tdsql::telemetry::{Sample, Window, aggregate, plan};

fn rules() -> impl Strategy<Value = WindowRules> {
    (2u32..10, 1u32..600, 1u32..20_000, 1u32..2_000).prop_map(|(rate_scrapes, rate_at_least, most_steps, steps)| {
        WindowRules {
            scrape_interval: 15,
            rate_scrapes,
            rate_at_least,
            most_steps,
            steps,
            coverage_floor: 0.8,
            settle: 120,
        }
    })
}

#[test]
fn plans_stay_inside_the_window_and_the_limits() {
    let reads = prop::sample::select(vec![Reads::Gauge, Reads::Rate, Reads::Quantile]);
    let strategy = (rules(), -100_000i64..2_000_000_000, 0i64..90_000, 1u32..400, reads);
    holds(file!(), CASES, &strategy, |(rules, start, length, scrape, reads)| {
        let window = Window { start, end: start + length };
        let plan = plan(&rules, window, scrape, reads);
        let step = i64::from(plan.step);
        prop_assert!(plan.steps() <= rules.most_steps as usize + 1, "{plan:?}");
        prop_assert!(plan.rate_window >= plan.step && plan.rate_window >= rules.rate_scrapes * scrape);
        prop_assert_eq!((plan.start.rem_euclid(step), plan.end.rem_euclid(step)), (0, 0));
        prop_assert_eq!(step % i64::from(scrape), 0);
        prop_assert!(plan.end <= window.end && window.end - plan.end < step);
        prop_assert!(plan.start >= window.start || plan.steps() == 1);
        if let Some((first, second)) = plan.halves() {
            prop_assert_eq!(first.steps() + second.steps(), plan.steps());
            prop_assert_eq!((first.start, first.end + step, second.end), (plan.start, second.start, plan.end));
        }
        Ok(())
    });
}

#[test]
fn statistics_are_ordered_finite_and_indifferent_to_order() {
    let value = prop_oneof![
        8 => -1.0e6..1.0e6f64,
        1 => prop::num::f64::ANY,
        1 => Just(f64::MAX),
        1 => Just(f64::MIN),
    ];
    let strategy = (prop::collection::vec(value, 0..200), any::<u64>());
    holds(file!(), CASES, &strategy, |(values, seed)| {
        let samples: Vec<Sample> = values.iter().map(|value| Sample { at: 0.0, value: *value }).collect();
        let finite = values.iter().filter(|value| value.is_finite()).count();
        let Some(found) = aggregate(&samples) else {
            prop_assert_eq!(finite, 0);
            return Ok(());
        };
        prop_assert_eq!((found.values, found.dropped), (finite, values.len() - finite));
        for value in [found.min, found.max, found.mean, found.p50, found.p95, found.p99] {
            prop_assert!(value.is_finite() && value >= found.min && value <= found.max, "{found:?}");
        }
        prop_assert!(found.p50 <= found.p95 && found.p95 <= found.p99, "{found:?}");
        let mut turned = samples.clone();
        turned.rotate_left(seed as usize % samples.len().max(1));
        let again = aggregate(&turned);
        prop_assert!(again.is_some_and(|again| (again.min, again.p50, again.p99) == (found.min, found.p50, found.p99)));
        Ok(())
    });
}

/// The ranks that `quantile_over_time` takes.
#[test]
fn percentiles_interpolate_between_the_closest_ranks() {
    let samples: Vec<Sample> = (1..=5).map(|value| Sample { at: 0.0, value: f64::from(value) }).collect();
    let found = aggregate(&samples).expect("there are values");
    assert_eq!((found.mean, found.p50), (3.0, 3.0));
    assert!((found.p95 - 4.8).abs() < 1e-12 && (found.p99 - 4.96).abs() < 1e-12, "{found:?}");
}
