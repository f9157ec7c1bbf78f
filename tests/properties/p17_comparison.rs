use crate::behaviour::profile;
use crate::strategies::CATALOG;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use tdsql::compare::{CompareError, Thresholds, compare};
use tdsql::model::behaviour::{BehaviourProfile, DiffSeverity, Direction};

/// The plugin's and the workers' fields, as JSON has them, that differ though both profiles have them, or only one has.
fn differing(a: &BehaviourProfile, b: &BehaviourProfile) -> BTreeSet<String> {
    let fields = |profile: &BehaviourProfile| -> BTreeMap<String, serde_json::Value> {
        let of = serde_json::to_value(&profile.config_snapshot.worker_options).expect("JSON");
        let of = of.as_object().expect("an object").clone();
        of.into_iter().filter(|(_, value)| !value.is_null()).collect()
    };
    let (a, b) = (fields(a), fields(b));
    let one_sided = |x: &BTreeMap<String, serde_json::Value>, y: &BTreeMap<String, serde_json::Value>| {
        x.keys().filter(|key| !y.contains_key(*key)).cloned().collect::<BTreeSet<_>>()
    };
    &one_sided(&a, &b) | &one_sided(&b, &a)
}

/// P17: "For any two Behaviour_Profiles, the Profile_Comparison SHALL include config diffs, telemetry diffs, and version diffs.
/// Telemetry diffs SHALL be ordered by severity with the largest regressions first" (requirement R7.1), with keys that only
/// one side has; the same profile twice is refused.
#[test]
fn p17_comparison() {
    crate::holds(file!(), crate::CASES, &(profile(), profile()), |(a, b)| {
        let thresholds = Thresholds::of(&CATALOG);
        prop_assert_eq!(compare(&CATALOG, &a, &a, &thresholds), Err(CompareError::SameProfile(a.id)));
        prop_assume!(a.id != b.id);
        let told = compare(&CATALOG, &a, &b, &thresholds).expect("two profiles");

        let wanted: BTreeSet<_> =
            a.telemetry.iter().chain(b.telemetry.iter()).map(|(section, name, _)| (section, name)).collect();
        let found: BTreeSet<_> = told.telemetry_diffs.iter().map(|diff| (diff.section, diff.metric.as_str())).collect();
        prop_assert_eq!(told.telemetry_diffs.len(), found.len(), "each metric once");
        prop_assert_eq!(found, wanted);

        let rank = |severity: DiffSeverity| {
            [DiffSeverity::Critical, DiffSeverity::Warning, DiffSeverity::Info]
                .iter()
                .position(|known| *known == severity)
        };
        for pair in told.telemetry_diffs.windows(2) {
            prop_assert!(rank(pair[0].severity) <= rank(pair[1].severity), "{:?}", (&pair[0].metric, &pair[1].metric));
            if pair[0].severity == pair[1].severity && pair.iter().all(|diff| diff.direction == Direction::Regressed) {
                prop_assert!(pair[0].size() >= pair[1].size(), "{:?}", (&pair[0].metric, &pair[1].metric));
            }
        }
        for diff in &told.telemetry_diffs {
            let gap = diff.old_value.statistics().is_none() || diff.new_value.statistics().is_none();
            prop_assert!(!(gap && diff.deviates), "a gap has no verdict: {}", diff.metric);
            prop_assert_eq!(diff.deviates, diff.direction != Direction::Unchanged);
        }

        let keys: BTreeSet<&str> = told.config_diffs.iter().map(|diff| diff.key.as_str()).collect();
        for key in differing(&a, &b) {
            prop_assert!(keys.contains(key.as_str()), "`{}` is on one side only", key);
        }
        for entry in &a.config_snapshot.dynamic_config {
            let there = |profile: &BehaviourProfile| {
                profile.config_snapshot.dynamic_config.iter().any(|one| one.key.eq_ignore_ascii_case(&entry.key))
            };
            if !there(&b) {
                prop_assert!(keys.contains(entry.key.as_str()), "`{}` went", entry.key);
            }
        }
        let versions: BTreeSet<&str> = told.version_diffs.iter().map(|diff| diff.component.as_str()).collect();
        prop_assert_eq!(versions.contains("worker_code"), a.worker_code_sha != b.worker_code_sha);
        prop_assert_eq!(versions.contains("temporal_server"), a.temporal_server_version != b.temporal_server_version);
        prop_assert_eq!(versions.contains("dsql_plugin"), a.dsql_plugin_version != b.dsql_plugin_version);
        Ok(())
    });
}
