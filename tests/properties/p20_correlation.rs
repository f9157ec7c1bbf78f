use crate::strategies::CATALOG;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;
use tdsql::catalog::rules::Watched;
use tdsql::correlate::{Changed, tie};
use tdsql::model::Turn;
use tdsql::model::behaviour::Moving;

/// A change of one value: which key of which rule, and which way it went.
fn changed() -> impl Strategy<Value = Changed> {
    (any::<Index>(), any::<Index>(), select(vec![Turn::Raised, Turn::Lowered])).prop_map(|(rule, key, turn)| {
        let rule = rule.get(&CATALOG.correlations);
        let what = key.get(&rule.keys).clone();
        let key = match &what {
            Watched::Parameter(id) => CATALOG.parameter(*id).key.clone(),
            Watched::Setting(key) => key.clone(),
        };
        let (old, new) = if turn == Turn::Raised { (1, 2) } else { (2, 1) };
        Changed { what, key: key.into_owned(), old: json!(old), new: json!(new), turn: Some(turn), set: true }
    })
}

/// A movement of any metric, either way, for the worse or not.
fn moving() -> impl Strategy<Value = Moving> {
    (any::<Index>(), any::<bool>(), any::<bool>()).prop_map(|(metric, rose, regressed)| {
        let metric = metric.get(&CATALOG.metrics);
        let (old, new) = if rose { (10.0, 30.0) } else { (30.0, 10.0) };
        let change_pct = Some(if rose { 200.0 } else { -66.7 });
        Moving { metric: metric.name.to_string(), rose, regressed, old, new, change_pct, unit: metric.unit.to_string() }
    })
}

/// P20: "For any Profile_Comparison that contains both configuration changes and telemetry regressions, the assessment
/// explanation SHALL include the correlation between the config changes and the regressions" (requirement R7.3): every rule
/// of which change and movement both point the stated way, and no other; and each regression is explained, or said to be
/// explained by nothing.
#[test]
fn p20_correlation() {
    let strategy = (vec(changed(), 0..4), vec(moving(), 0..8));
    crate::holds(file!(), crate::CASES, &strategy, |(mut changes, mut movements)| {
        // In a comparison each value and each metric is there once.
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        changes.dedup_by(|a, b| a.key == b.key);
        movements.sort_by(|a, b| a.metric.cmp(&b.metric));
        movements.dedup_by(|a, b| a.metric == b.metric);
        let told = tie(&CATALOG, &changes, &movements, None);
        for rule in &CATALOG.correlations {
            for change in &changes {
                let watched = rule.keys.contains(&change.what);
                let turned = rule.moved == Turn::Changed || Some(rule.moved) == change.turn;
                let mut metrics: Vec<&str> = movements
                    .iter()
                    .filter(|moving| {
                        if moving.rose { &rule.rise } else { &rule.fall }.iter().any(|metric| *metric == moving.metric)
                    })
                    .map(|moving| moving.metric.as_str())
                    .collect();
                metrics.sort_unstable();
                let ties = watched && turned && !metrics.is_empty();
                let found = told.explanations.iter().find(|found| found.rule == rule.name && found.key == change.key);
                // A condition on a configuration that is not known cannot be judged, and that is told.
                if rule.when.is_some() {
                    prop_assert!(found.is_none(), "{}", rule.name);
                    prop_assert!(!ties || told.unjudged.iter().any(|unjudged| unjudged.rule == rule.name));
                    continue;
                }
                prop_assert_eq!(found.is_some(), ties, "{} and {}", &rule.name, &change.key);
                if let Some(found) = found {
                    let mut effects: Vec<&str> = found.effects.iter().map(|effect| effect.metric.as_str()).collect();
                    effects.sort_unstable();
                    prop_assert_eq!(effects, metrics);
                    prop_assert_eq!(&found.mechanism, rule.mechanism.trim());
                    prop_assert_eq!(found.confidence, rule.confidence);
                    prop_assert_eq!((&found.old_value, &found.new_value), (&change.old, &change.new));
                }
            }
        }
        for moving in movements.iter().filter(|moving| moving.regressed) {
            let explained =
                told.explanations.iter().flat_map(|found| &found.effects).any(|one| one.metric == moving.metric);
            prop_assert_eq!(!explained, told.unexplained.contains(&moving.metric), "{}", &moving.metric);
        }
        for change in &changes {
            let follows = told.explanations.iter().any(|found| found.key == change.key && found.is_of_regression());
            prop_assert_eq!(
                !follows,
                told.without_effect.iter().any(|quiet| quiet.key == change.key),
                "{}",
                &change.key
            );
        }
        Ok(())
    });
}
