//! Every combination of preset and modifier, compiled: values with their layer, the server's own files, the why section.

use std::fmt::Write as _;

use tdsql::catalog::Rule;
use tdsql::compile::{Compilation, Request, compile};
use tdsql::model::{CompilationResult, ConfigProfile, Source};

use crate::support::{THEN, combinations, compiled, good, id, redacted, request, shipped, snapshots, text, values};

/// `key = value  [source]` of every parameter; `-` before those that no artifact carries.
fn compact(compilation: &Compilation<'_>) -> String {
    let catalog = compilation.catalog;
    let mut compact = String::new();
    let mut group = None;
    for id in catalog.ids() {
        let parameter = catalog.parameter(id);
        if group != Some(parameter.group) {
            group = Some(parameter.group);
            let _ = writeln!(compact, "\n# {}", catalog.groups[parameter.group].title);
        }
        let winner = compilation.resolution.winner(id);
        let quiet = if compilation.resolution.withheld(id).is_some() { "- " } else { "" };
        let layer = if winner.layer.is_empty() { String::new() } else { format!(" {}", winner.layer) };
        let how = match (&winner.candidate.rule, winner.source) {
            (Rule::Derive(_), Source::Preset | Source::Modifier) => ", derived",
            _ => "",
        };
        let _ = writeln!(
            compact,
            "{quiet}{} = {}  [{}{layer}{how}]",
            parameter.key,
            compilation.resolution.text(id),
            winner.source.as_str()
        );
    }
    compact.trim_start().to_owned()
}

#[test]
fn every_combination() {
    snapshots("compile").bind(|| {
        for (preset, modifier, name) in combinations(shipped()) {
            insta::assert_snapshot!(name, compact(&good(&preset, modifier.as_deref(), &[])));
        }
    });
}

#[test]
fn artifacts_of_the_presets() {
    snapshots("artifacts").bind(|| {
        for preset in shipped().presets.keys() {
            let mut compilation = good(preset, None, &[]);
            let yaml = redacted(compilation.dynamic_config_yaml(), &compilation);
            insta::assert_snapshot!(format!("{preset}.dynamicconfig.yaml"), yaml);
            let config = serde_json::to_string_pretty(&compilation.plugin_config()).expect("the config is JSON");
            insta::assert_snapshot!(format!("{preset}.dsql-plugin.json"), config);
            let why = compilation
                .why_section()
                .unwrap_or_else(|faults| panic!("{}", text(&shipped().sources, faults.as_slice())));
            insta::assert_snapshot!(format!("{preset}.why.md"), redacted(&why, &compilation));
        }
    });
}

fn bytes(request: &Request) -> Vec<u8> {
    let mut compilation = compiled(request).expect("the request compiles");
    let result =
        compilation.result().unwrap_or_else(|faults| panic!("{}", text(&shipped().sources, faults.as_slice())));
    serde_json::to_vec(&result).expect("the result is JSON")
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    for (preset, modifier, name) in combinations(shipped()) {
        let request = request(&preset, modifier.as_deref(), &[("history.replicas", "7")]);
        assert!(bytes(&request) == bytes(&request), "{name} differs from itself");
    }
    // A catalog that is read again is the same catalog.
    let again =
        tdsql::catalog::Catalog::link(crate::support::data(&[crate::support::root()]), tdsql::loader::Depth::Check)
            .expect("the catalog links");
    assert_eq!(again.digest, shipped().digest);
    let request = request("mid-scale", None, &[]);
    let mut second = compile(&again, &request, THEN).expect("the request compiles");
    let second = serde_json::to_vec(&second.result().expect("the templates render")).expect("the result is JSON");
    assert!(bytes(&request) == second);
}

#[test]
fn the_time_stands_in_the_profile_alone() {
    let request = request("mid-scale", Some("orchestrator"), &[]);
    let result = |when: &str| compile(shipped(), &request, when).expect("it compiles").result().expect("it renders");
    let (mut first, second) = (result(THEN), result("2030-01-01T00:00:00Z"));
    assert_eq!(first.profile.compiled_at, THEN);
    first.profile.compiled_at.clone_from(&second.profile.compiled_at);
    assert_eq!(first, second);
}

#[test]
fn the_digest_follows_every_input_and_nothing_else() {
    let digest = |request: &Request| compiled(request).expect("it compiles").digest;
    let plain = request("mid-scale", None, &[]);
    let base = digest(&plain);
    assert_eq!(base, digest(&plain));
    for other in [
        request("starter", None, &[]),
        request("mid-scale", Some("orchestrator"), &[]),
        request("mid-scale", None, &[("history.replicas", "7")]),
        Request { temporal_version: Some("1.32.0".to_owned()), ..plain.clone() },
        Request { plugin_version: Some("0.1.0".to_owned()), ..plain.clone() },
    ] {
        assert_ne!(base, digest(&other), "{other:?}");
    }
    let one = request("mid-scale", None, &[("history.replicas", "7"), ("frontend.replicas", "4")]);
    let two = request("mid-scale", None, &[("frontend.replicas", "4"), ("history.replicas", "7")]);
    assert_eq!(digest(&one), digest(&two), "the order of overrides of different keys says nothing");
}

#[test]
fn every_parameter_has_a_value_and_a_trace() {
    for (preset, modifier, name) in combinations(shipped()) {
        let mut compilation = good(&preset, modifier.as_deref(), &[]);
        let profile = compilation.profile();
        assert_eq!(profile.params().count(), shipped().parameters.len(), "{name}");
        let trace = compilation.trace();
        assert_eq!(trace.len(), shipped().parameters.len(), "{name}");
        for entry in &trace {
            let parameter = profile.get_param(&entry.parameter_key).expect("the parameter is in the profile");
            assert_eq!(parameter.value, entry.final_value, "{name}: {}", entry.parameter_key);
            assert_eq!(parameter.source, entry.source, "{name}: {}", entry.parameter_key);
            assert!(!entry.derivation_chain.is_empty(), "{name}: {}", entry.parameter_key);
            assert!(parameter.emitted == parameter.reason.is_none(), "{name}: {}", entry.parameter_key);
        }
        assert!(!compilation.why_section().expect("it renders").trim().is_empty());
    }
}

/// R2.10, by example: an override over a preset over the registry.
#[test]
fn the_chain_names_every_layer_that_spoke() {
    let mut compilation = good("mid-scale", Some("batch-processor"), &[("matching.numTaskqueueReadPartitions", "12")]);
    let trace = compilation.trace();
    let entry =
        trace.iter().find(|entry| entry.parameter_key == "matching.numTaskqueueReadPartitions").expect("it is traced");
    assert_eq!(entry.source, Source::Override);
    assert_ne!(entry.base_value, entry.final_value);
    let firsts: Vec<&str> = entry.derivation_chain.iter().filter_map(|line| line.split([' ', ':']).next()).collect();
    assert_eq!(firsts[1..], ["preset", "modifier", "override"], "{:?}", entry.derivation_chain);
    assert!(["default", "derived"].contains(&firsts[0]), "{:?}", entry.derivation_chain);
    let follower =
        trace.iter().find(|entry| entry.parameter_key == "matching.numTaskqueueWritePartitions").expect("it is traced");
    assert_eq!(follower.source, Source::Derived);
    assert!(
        follower.derivation_chain[0].contains("matching.numTaskqueueReadPartitions = 12"),
        "{:?}",
        follower.derivation_chain
    );
}

#[test]
fn dynamic_config_is_yaml_that_a_server_takes() {
    for (preset, modifier, name) in combinations(shipped()) {
        let compilation = good(&preset, modifier.as_deref(), &[]);
        let yaml = compilation.dynamic_config_yaml();
        let document: serde_json::Value = serde_yaml::from_str(yaml).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let entries = document.as_object().expect("a mapping");
        assert!(entries.len() >= 100, "{name}: {} keys", entries.len());
        for (key, entry) in entries {
            let list = entry.as_array().unwrap_or_else(|| panic!("{name}: {key} is no list"));
            assert_eq!(list.len(), 1, "{name}: {key}");
            let fields: Vec<&String> = list[0].as_object().expect("a mapping").keys().collect();
            assert_eq!(fields, ["value", "constraints"], "{name}: {key}");
            assert!(list[0]["constraints"].as_object().is_some_and(serde_json::Map::is_empty));
            let parameter = shipped()
                .parameters
                .iter()
                .find(|parameter| parameter.output(tdsql::model::Channel::DynamicConfig) == Some(key))
                .unwrap_or_else(|| panic!("{name}: {key} is no parameter's"));
            let shown = compilation.resolution.shown(id(&parameter.key));
            assert_eq!(list[0]["value"], serde_json::to_value(&shown).expect("a value"), "{name}: {key}");
        }
        // R2.14: a comment above every key.
        let lines: Vec<&str> = yaml.lines().collect();
        for (index, line) in
            lines.iter().enumerate().filter(|(_, line)| !line.starts_with([' ', '#']) && !line.is_empty())
        {
            assert!(lines[index - 1].starts_with("# "), "{name}: {line} has no comment");
        }
    }
}

#[test]
fn a_profile_survives_json_and_yaml() {
    for (preset, modifier, name) in combinations(shipped()) {
        let profile = good(&preset, modifier.as_deref(), &[("dsql.max_conn_lifetime", "50m")]).profile();
        let json = serde_json::to_string(&profile).expect("it is JSON");
        let yaml = serde_yaml::to_string(&profile).expect("it is YAML");
        let read: [ConfigProfile; 2] = [
            serde_json::from_str(&json).expect("the JSON reads"),
            serde_yaml::from_str(&yaml).expect("the YAML reads"),
        ];
        for read in read {
            // Value by value first: a difference of two whole profiles is hard to find.
            for (read, written) in read.params().zip(profile.params()) {
                assert_eq!(read, written, "{name}");
            }
            assert_eq!(read, profile, "{name}");
        }
    }
    let result = good("high-throughput", None, &[]).result().expect("it renders");
    let json = serde_json::to_string(&result).expect("it is JSON");
    assert_eq!(serde_json::from_str::<CompilationResult>(&json).expect("it reads"), result);
}

#[test]
fn a_refused_compile_keeps_profile_and_trace_and_has_no_artifacts() {
    let mut compilation =
        good("mid-scale", None, &[("persistence.maxIdleConns", "10"), ("typical_workflow_runtime", "1s")]);
    assert_eq!((compilation.errors(), compilation.warnings()), (1, 1), "{:?}", crate::support::fired(&compilation));
    let result = compilation.result().expect("it renders");
    assert!(result.dynamic_config_yaml.is_empty() && result.dsql_plugin_config.is_empty());
    assert!(result.sdk_snippets.is_empty() && result.platform_snippets.is_empty());
    assert_eq!(result.profile.params().count(), shipped().parameters.len());
    assert_eq!(result.trace.len(), shipped().parameters.len());
    assert_eq!(result.guard_rail_results.len(), 2);
    assert!(!result.why_section.trim().is_empty());
    assert_eq!(result.errors.len(), 1);
    assert_eq!(result.errors[0]["code"], "guard_rail");
    assert_eq!(result.errors[0]["count"], 1);
}

/// Compiling is a function of the request: what one compile leaves behind, another does not see.
#[test]
fn compiles_do_not_disturb_each_other() {
    let alone = values(&good("mid-scale", None, &[]));
    let mut other = good("high-throughput", Some("batch-processor"), &[("persistence.maxConns", "90")]);
    let _ = other.trace();
    let _ = other.expected_bounds();
    assert_eq!(alone, values(&good("mid-scale", None, &[])));
    let mut asked = good("mid-scale", None, &[("matching.numTaskqueueReadPartitions", "6")]);
    let before = values(&asked);
    let _ = (asked.trace(), asked.expected_bounds(), asked.why_section());
    assert_eq!(before, values(&asked), "asking for base values leaves the final ones");
}
