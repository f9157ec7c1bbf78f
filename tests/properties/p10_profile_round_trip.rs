use crate::strategies::{CATALOG, choice, compiled, overridable, overrides, text};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use semver::Version;
use serde_json::Value;
use tdsql::catalog::ParamId;
use tdsql::model::{Class, ConfigProfile, Overrides, ResolvedParameter, Scalar, Source, ValueType};

/// Where two profiles differ: whole ones would fill the screen.
fn same(read: &ConfigProfile, written: &ConfigProfile) -> TestCaseResult {
    for (read, written) in read.params().zip(written.params()) {
        prop_assert_eq!(read, written);
    }
    prop_assert_eq!(read.params().count(), written.params().count());
    prop_assert_eq!(&read.overrides, &written.overrides);
    let head = |profile: &ConfigProfile| ConfigProfile {
        overrides: Overrides::default(),
        slo_params: Vec::new(),
        topology_params: Vec::new(),
        safety_params: Vec::new(),
        tuning_params: Vec::new(),
        ..profile.clone()
    };
    prop_assert_eq!(head(read), head(written));
    prop_assert!(read == written);
    Ok(())
}

fn survives(profile: &ConfigProfile) -> TestCaseResult {
    let fail =
        |what: &str, fault: &dyn std::fmt::Display, text: &str| TestCaseError::fail(format!("{what}: {fault}\n{text}"));
    for pretty in [false, true] {
        let json = if pretty { serde_json::to_string_pretty(profile) } else { serde_json::to_string(profile) };
        let json = json.map_err(|fault| fail("to JSON", &fault, ""))?;
        let read: ConfigProfile = serde_json::from_str(&json).map_err(|fault| fail("from JSON", &fault, &json))?;
        same(&read, profile)?;
        let document: Value = serde_json::from_str(&json).map_err(|fault| fail("from JSON", &fault, &json))?;
        for field in ["temporal_server_version", "dsql_plugin_version", "compiler_version"] {
            let version = document[field].as_str().map(Version::parse);
            prop_assert!(matches!(version, Some(Ok(_))), "`{}` is {:?}", field, version);
        }
    }
    let yaml = serde_yaml::to_string(profile).map_err(|fault| fail("to YAML", &fault, ""))?;
    let read: ConfigProfile = serde_yaml::from_str(&yaml).map_err(|fault| fail("from YAML", &fault, &yaml))?;
    same(&read, profile)
}

/// P10: "For any valid Config_Profile, serializing to JSON then deserializing SHALL produce an equivalent Config_Profile.
/// Similarly, serializing to YAML then deserializing SHALL produce an equivalent Config_Profile" (requirement R2.12), for
/// what was compiled, with text that readers of YAML like to take for something else.
#[test]
fn p10_profile_round_trip() {
    let free_text = |id: &ParamId| {
        let parameter = CATALOG.parameter(*id);
        parameter.value_type == ValueType::Str && parameter.allowed.is_none()
    };
    let texts: Vec<ParamId> = overridable().into_iter().filter(free_text).collect();
    let count = texts.len();
    let strategy = (choice(), overrides(texts, 1..=count));
    crate::holds(file!(), crate::CASES, &strategy, |(choice, texts)| {
        let choice = choice.with(texts);
        survives(&compiled(&CATALOG, &choice)?.profile())
    });
}

fn scalar() -> impl Strategy<Value = Scalar> {
    let float = any::<f64>().prop_filter("a value is finite", |value| value.is_finite());
    prop_oneof![
        3 => text().prop_map(Scalar::Str),
        1 => any::<i64>().prop_map(Scalar::Int),
        1 => select(vec![0, -1, i64::MIN, i64::MAX, 1 << 53]).prop_map(Scalar::Int),
        2 => float.prop_map(Scalar::Float),
        1 => select(vec![0.0, 1.0, -2.0, 0.1, 1e-5, 1e16, 1e300, f64::MIN_POSITIVE, f64::MAX]).prop_map(Scalar::Float),
        1 => any::<bool>().prop_map(Scalar::Bool),
    ]
}

fn resolved(class: Class) -> impl Strategy<Value = Vec<ResolvedParameter>> {
    let types = select(ValueType::ALL.to_vec());
    let one = (text(), scalar(), types, select(Source::ALL.to_vec()), any::<bool>(), option::of(text()));
    vec(one, 0..4).prop_map(move |all| {
        let made = all.into_iter().map(|(key, value, value_type, source, emitted, reason)| ResolvedParameter {
            key,
            value,
            value_type,
            classification: class,
            source,
            emitted,
            reason,
        });
        made.collect()
    })
}

fn semantic_version() -> impl Strategy<Value = Version> {
    ("[1-9]?[0-9]\\.[1-9]?[0-9]\\.[1-9]?[0-9](-(rc|alpha)\\.[1-9])?(\\+[a-z0-9]{1,5})?")
        .prop_map(|text| Version::parse(&text).expect("the pattern makes versions"))
}

/// P10, for any profile at all, not only those of today's registry.
#[test]
fn p10_profile_round_trip_of_any() {
    let groups = (resolved(Class::Slo), resolved(Class::Topology), resolved(Class::Safety), resolved(Class::Tuning));
    let versions = (semantic_version(), semantic_version(), semantic_version());
    let texts = (text(), option::of(text()), text(), text());
    let strategy = (groups, versions, texts, btree_map(text(), scalar(), 0..4));
    crate::holds(file!(), crate::CASES, &strategy, |(groups, versions, texts, values)| {
        let (slo_params, topology_params, safety_params, tuning_params) = groups;
        let (temporal_server_version, dsql_plugin_version, compiler_version) = versions;
        let (preset_name, modifier, compiled_at, digest) = texts;
        survives(&ConfigProfile {
            preset_name,
            modifier,
            overrides: Overrides { values },
            slo_params,
            topology_params,
            safety_params,
            tuning_params,
            temporal_server_version,
            dsql_plugin_version,
            compiled_at,
            compiler_version,
            digest,
        })
    });
}
