use crate::behaviour::profile;
use crate::strategies::CATALOG;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tdsql::compare::{CompareError, Thresholds, compare};
use tdsql::compile::{Request, compile};
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigChange, ConfigOrigin, ConfigSnapshot, DiffSeverity, Direction, DynamicConfigEntry,
    EnvVarEntry, Moved, ProfileId,
};
use tdsql::model::{Channel, Class, ConfigProfile, ResolvedParameter, Scalar, Source, ValueType};

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

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Same,
    /// The same to what reads it, in other words.
    Respelt,
    Raised,
    Lowered,
    Added,
    Removed,
}

/// Names of each part whose value is a length of time, or of the last two a number.
fn named() -> Vec<(ConfigOrigin, String)> {
    const EACH: usize = 4;
    let settings = CATALOG.settings.all.iter().filter(|setting| setting.value_type == "duration");
    let dynamic = settings.map(|setting| (ConfigOrigin::DynamicConfig, setting.key.to_string())).take(EACH);
    let variables = CATALOG.ids().map(|id| CATALOG.parameter(id)).filter_map(|parameter| {
        let name = parameter.output(Channel::EnvVars).filter(|_| parameter.value_type == ValueType::Duration)?;
        Some((ConfigOrigin::ServerEnvVars, name.to_owned()))
    });
    let durations = CATALOG.parameters.iter().filter(|parameter| parameter.value_type == ValueType::Duration);
    let compiled = durations.map(|parameter| (ConfigOrigin::ConfigProfile, parameter.key.to_string())).take(EACH);
    let of_section = |origin| (0..EACH).map(move |at| (origin, format!("x_{at}")));
    let sections = of_section(ConfigOrigin::WorkerOptions).chain(of_section(ConfigOrigin::DsqlPluginConfig));
    dynamic.chain(variables.take(EACH)).chain(sections).chain(compiled).collect()
}

/// A compiled profile with no parameter yet.
fn compiled() -> ConfigProfile {
    let request = Request { preset: CATALOG.default_preset.to_string(), ..Request::default() };
    let compiled = compile(&CATALOG, &request, "").expect("the default preset compiles");
    let none = Vec::new;
    ConfigProfile {
        slo_params: none(),
        topology_params: none(),
        safety_params: none(),
        tuning_params: none(),
        ..compiled.profile()
    }
}

fn is_number(origin: ConfigOrigin) -> bool {
    matches!(origin, ConfigOrigin::WorkerOptions | ConfigOrigin::DsqlPluginConfig)
}

/// A value of so many minutes, or the number; spelt one way or the other.
fn spelt(origin: ConfigOrigin, minutes: i64, otherwise: bool) -> Value {
    match (is_number(origin), otherwise) {
        (true, false) => json!(minutes),
        (true, true) => json!(minutes as f64),
        (false, false) => json!(format!("{minutes}m")),
        (false, true) => json!(format!("{}s", minutes * 60)),
    }
}

fn put(config: &mut ConfigSnapshot, origin: ConfigOrigin, key: &str, value: Value) {
    match origin {
        ConfigOrigin::DynamicConfig => {
            config.dynamic_config.push(DynamicConfigEntry { key: key.to_owned(), value, constraints: BTreeMap::new() })
        }
        ConfigOrigin::ServerEnvVars => {
            config.server_env_vars.push(EnvVarEntry::plain(key, value.as_str().expect("text")));
        }
        ConfigOrigin::WorkerOptions => drop(config.worker_options.more.insert(key.to_owned(), value)),
        ConfigOrigin::DsqlPluginConfig => drop(config.dsql_plugin_config.more.insert(key.to_owned(), value)),
        ConfigOrigin::ConfigProfile => {
            let compiled = config.config_profile.as_mut().expect("there is one");
            compiled.tuning_params.push(ResolvedParameter {
                key: key.to_owned(),
                value: Scalar::Str(value.as_str().expect("text").to_owned()),
                value_type: ValueType::Duration,
                classification: Class::Tuning,
                source: Source::Preset,
                emitted: true,
                reason: None,
            });
        }
    }
}

/// P17, of the configuration: of every part what was changed, added or removed is told, with both values and the way that it
/// went, and what is the same to what reads it (`5m` is `300s`) is not.
#[test]
fn p17_configuration() {
    let named = named();
    assert_eq!(named.iter().map(|(origin, _)| *origin).collect::<BTreeSet<_>>().len(), 5, "every part has its names");
    let fates = vec![Fate::Same, Fate::Respelt, Fate::Raised, Fate::Lowered, Fate::Added, Fate::Removed];
    let values = vec((2..1000_i64, any::<bool>(), select(fates)), named.len());
    let compiled = compiled();
    crate::holds(file!(), crate::CASES, &(profile(), values), |(mut a, values)| {
        a.config_snapshot = ConfigSnapshot { config_profile: Some(compiled.clone()), ..ConfigSnapshot::default() };
        let mut b = a.clone();
        (a.id, b.id) = (ProfileId::from_bytes([1; 16]), ProfileId::from_bytes([2; 16]));
        let mut wanted = BTreeMap::new();
        let turned = values.iter().filter(|(_, spelling, _)| *spelling).count() % 2 == 0;
        for ((origin, key), (minutes, spelling, fate)) in named.iter().zip(values) {
            let old = (fate != Fate::Added).then(|| spelt(*origin, minutes, spelling));
            let new = match fate {
                Fate::Removed => None,
                Fate::Same | Fate::Added => Some(spelt(*origin, minutes, spelling)),
                Fate::Respelt => Some(spelt(*origin, minutes, !spelling)),
                Fate::Raised => Some(spelt(*origin, minutes + 1, !spelling)),
                Fate::Lowered => Some(spelt(*origin, minutes - 1, !spelling)),
            };
            for (profile, value) in [(&mut a, &old), (&mut b, &new)] {
                if let Some(value) = value {
                    put(&mut profile.config_snapshot, *origin, key, value.clone());
                }
            }
            let change = match fate {
                Fate::Same | Fate::Respelt => continue,
                Fate::Raised => (ConfigChange::Changed, Some(Moved::Raised)),
                Fate::Lowered => (ConfigChange::Changed, Some(Moved::Lowered)),
                Fate::Added => (ConfigChange::Added, None),
                Fate::Removed => (ConfigChange::Removed, None),
            };
            wanted.insert((*origin, key.clone()), (old, new, change));
        }
        // The order of a file says nothing.
        if turned {
            b.config_snapshot.dynamic_config.reverse();
            b.config_snapshot.server_env_vars.reverse();
        }
        let told = compare(&CATALOG, &a, &b, &Thresholds::of(&CATALOG)).expect("two profiles");
        prop_assert_eq!(told.config_diffs.len(), wanted.len(), "{:?}", &told.config_diffs);
        for diff in &told.config_diffs {
            let found = wanted.get(&(diff.origin, diff.key.clone()));
            let Some((old, new, (change, moved))) = found else {
                return Err(TestCaseError::fail(format!("`{}` does not differ: {diff:?}", diff.key)));
            };
            prop_assert_eq!(Some(&diff.old_value), Some(old.as_ref().unwrap_or(&Value::Null)));
            prop_assert_eq!(Some(&diff.new_value), Some(new.as_ref().unwrap_or(&Value::Null)));
            prop_assert_eq!(diff.change, *change, "{}", &diff.key);
            // Of what one side lacks it is told from the server's default, where that is known.
            prop_assert!(moved.is_none() || diff.moved == *moved, "{:?}", diff);
        }
        Ok(())
    });
}
