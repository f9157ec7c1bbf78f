//! What a result holds, and what guard rails make of it.

use super::compile::LAYOUT;
use super::*;

/// Field names of the seed's models. More fields may be there, none may be missing.
const MODELS: [(&str, &[&str]); 6] = [
    (
        "CompilationResult",
        &[
            "profile",
            "dynamic_config_yaml",
            "dsql_plugin_config",
            "sdk_snippets",
            "platform_snippets",
            "guard_rail_results",
            "trace",
            "why_section",
        ],
    ),
    (
        "ConfigProfile",
        &[
            "preset_name",
            "modifier",
            "overrides",
            "slo_params",
            "topology_params",
            "safety_params",
            "tuning_params",
            "temporal_server_version",
            "dsql_plugin_version",
            "compiled_at",
            "compiler_version",
        ],
    ),
    ("ResolvedParameter", &["key", "value", "classification", "source"]),
    ("CompilationTrace", &["parameter_key", "source", "base_value", "final_value", "derivation_chain"]),
    ("GuardRailResult", &["rule_name", "severity", "message", "parameter_keys"]),
    ("RenderedSnippet", &["language", "filename", "content"]),
];

/// The seed's `DSQLPluginConfig`: field, type (`?` may be null).
const PLUGIN: [(&str, &str); 19] = [
    ("reservoir_enabled", "bool"),
    ("reservoir_target_ready", "int"),
    ("reservoir_base_lifetime_min", "float"),
    ("reservoir_lifetime_jitter_min", "float"),
    ("reservoir_guard_window_sec", "float"),
    ("reservoir_inflight_limit", "int"),
    ("max_conns", "int"),
    ("max_idle_conns", "int"),
    ("max_conn_lifetime_min", "float"),
    ("connection_rate_limit", "int"),
    ("connection_burst_limit", "int"),
    ("distributed_rate_limiter_enabled", "bool"),
    ("distributed_rate_limiter_table", "str?"),
    ("token_bucket_enabled", "bool"),
    ("token_bucket_rate", "int?"),
    ("token_bucket_capacity", "int?"),
    ("slot_block_enabled", "bool"),
    ("slot_block_size", "int?"),
    ("slot_block_count", "int?"),
];

#[track_caller]
fn is_model(name: &str, found: &Value) {
    let (_, fields) = MODELS.iter().find(|(model, _)| *model == name).expect("it is listed");
    for field in *fields {
        assert!(found.get(field).is_some(), "{name} has no `{field}`: {:?}", keys(found));
    }
}

/// Checks a result down to its leaves.
pub(super) fn is_result(result: &Value) {
    is_model("CompilationResult", result);
    let profile = &result["profile"];
    is_model("ConfigProfile", profile);
    assert!(profile["overrides"]["values"].is_object());
    for field in ["temporal_server_version", "dsql_plugin_version", "compiler_version"] {
        let text = profile[field].as_str().expect("text");
        assert!(semver::Version::parse(text).is_ok(), "{field} = {text}");
    }
    let digest = profile["digest"].as_str().expect("text");
    assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{digest}");
    let mut parameters = BTreeSet::new();
    for class in ["slo", "topology", "safety", "tuning"] {
        let listed = profile[format!("{class}_params")].as_array().expect("a list");
        assert!(!listed.is_empty(), "{class}");
        for parameter in listed {
            is_model("ResolvedParameter", parameter);
            assert_eq!(parameter["classification"], class);
            assert!(!parameter["value"].is_null() && !parameter["value"].is_object());
            assert!(parameters.insert(parameter["key"].as_str().expect("text").to_owned()), "{parameter} stands twice");
            assert!(
                ["preset", "modifier", "override", "derived", "default"].iter().any(|s| parameter["source"] == *s),
                "{parameter}"
            );
        }
    }
    let trace = result["trace"].as_array().expect("a list");
    for entry in trace {
        is_model("CompilationTrace", entry);
        assert!(entry["derivation_chain"].as_array().is_some_and(|chain| !chain.is_empty()), "{entry}");
    }
    let traced: BTreeSet<String> =
        trace.iter().map(|entry| entry["parameter_key"].as_str().expect("text").to_owned()).collect();
    assert_eq!(traced, parameters);
    for rail in result["guard_rail_results"].as_array().expect("a list") {
        is_model("GuardRailResult", rail);
    }
    for snippets in ["sdk_snippets", "platform_snippets"] {
        for snippet in result[snippets].as_array().expect("a list") {
            is_model("RenderedSnippet", snippet);
            assert!(!snippet["content"].as_str().expect("text").is_empty());
        }
    }
    assert!(!result["why_section"].as_str().expect("text").is_empty());
}

#[test]
fn json_is_the_whole_result_with_the_fields_of_the_models() {
    let place = Place::new();
    for preset in shipped().presets.keys() {
        let ran = place.run(&["compile", preset, "--format", "json", "-o", "out"]).ends(0);
        assert_eq!(ran.stderr, "");
        let result = ran.json();
        is_result(&result);
        assert!(result.get("errors").is_none());
        let plugin = &result["dsql_plugin_config"];
        for (field, kind) in PLUGIN {
            let found = plugin.get(field).unwrap_or_else(|| panic!("no `{field}`"));
            let fits = match kind.trim_end_matches('?') {
                "bool" => found.is_boolean(),
                "int" => found.is_i64(),
                "float" => found.is_number(),
                _ => found.is_string(),
            };
            assert!(fits || (kind.ends_with('?') && found.is_null()), "{preset}: {field} = {found}, not {kind}");
        }
        // The files say the same.
        let tree = tree(&place.path().join("out"));
        let text = |path: &str| String::from_utf8(tree[path].clone()).expect("UTF-8");
        assert_eq!(parsed(&tree["profile.json"]), result["profile"]);
        assert_eq!(parsed(&tree["guard-rails.json"]), result["guard_rail_results"]);
        assert_eq!(text("dynamicconfig.yaml"), result["dynamic_config_yaml"]);
        assert_eq!(text("why.md"), result["why_section"]);
        let mut written = parsed(&tree["dsql-plugin.json"]);
        let by = written.as_object_mut().expect("an object").shift_remove("generated_by").expect("it says by what");
        assert_eq!(by["digest"], result["profile"]["digest"]);
        assert_eq!(&written, plugin);
        for (folder, snippets) in [("sdk", "sdk_snippets"), ("platform", "platform_snippets")] {
            for snippet in result[snippets].as_array().expect("a list") {
                let name = |field: &str| snippet[field].as_str().expect("text").to_owned();
                assert_eq!(text(&format!("{folder}/{}/{}", name("adapter"), name("filename"))), name("content"));
            }
        }
        for path in LAYOUT {
            let content = text(path);
            assert!(
                content.contains(result["profile"]["digest"].as_str().expect("text")) || path == "guard-rails.json"
            );
        }
        // And YAML says what JSON says.
        let ran = place.run(&["compile", preset, "--format", "yaml"]).ends(0);
        let yaml: Value = serde_yaml::from_str(&ran.stdout).expect("it is YAML");
        assert_eq!(yaml, result, "{preset}");
    }
}

#[test]
fn guard_rails_refuse_all_at_once_and_nothing_is_written() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    let arguments = [
        "compile",
        "mid-scale",
        "-s",
        "persistence.maxConns=700",
        "-s",
        "persistence.maxIdleConns=10",
        "-s",
        "dsql.reservoir_lifetime_jitter=0s",
        "-s",
        "typical_workflow_runtime=1s",
        "-s",
        "matching.numTaskqueueReadPartitions=64",
        "-o",
        "out",
    ];
    let ran = place.run(&arguments).ends(1);
    shows("guard-rails-refuse", &ran);
    assert_eq!(tree(&place.path().join("out")), before);
    let ran = place.run(&[&arguments[..], &["--format", "json"]].concat()).ends(1);
    assert_eq!(ran.stderr, "");
    let result = ran.json();
    is_result(&result);
    assert_eq!(ran.codes(), ["guard_rail"]);
    let count = |severity: &str| {
        result["guard_rail_results"].as_array().expect("a list").iter().filter(|r| r["severity"] == severity).count()
    };
    assert!(count("error") >= 4 && count("warning") >= 3, "{ran}");
    assert_eq!(result["errors"][0]["count"], count("error"));
    for (field, empty) in [
        ("dynamic_config_yaml", json!("")),
        ("dsql_plugin_config", json!({})),
        ("sdk_snippets", json!([])),
        ("platform_snippets", json!([])),
    ] {
        assert_eq!(result[field], empty, "{field}");
    }
    assert_eq!(tree(&place.path().join("out")), before);
    // The same rails in the text.
    let text = place.run(&arguments).stderr;
    for rail in result["guard_rail_results"].as_array().expect("a list") {
        assert!(text.contains(rail["rule_name"].as_str().expect("text")), "{rail}");
    }
    let ran = place.run(&[&arguments[..], &["--format", "yaml"]].concat()).ends(1);
    assert_eq!(serde_yaml::from_str::<Value>(&ran.stdout).expect("YAML"), result);
}

#[test]
fn warnings_never_stop_a_compile_unless_denied() {
    let place = Place::new();
    let warned = ["compile", "mid-scale", "-s", "typical_workflow_runtime=1s"];
    let ran = place.run(&[&warned[..], &["-o", "out"]].concat()).ends(0).says(&["warning[guard_rail]", "sticky"]);
    shows("compile-with-warning", &ran);
    let before = tree(&place.path().join("out"));
    let rails = parsed(&before["guard-rails.json"]);
    assert_eq!(rails[0]["severity"], "warning");
    let denied = [&warned[..], &["-s", "history.replicas=9", "--deny-warnings", "-o", "out"]].concat();
    place.run(&denied).ends(1).says(&["warning[guard_rail]", "warnings are denied; nothing was written"]);
    assert_eq!(tree(&place.path().join("out")), before);
    let ran = place.run(&[&denied[..], &["--format", "json"]].concat()).ends(1);
    assert_eq!(ran.codes(), ["guard_rail"]);
    assert_eq!(ran.json()["dynamic_config_yaml"], "");
    assert_eq!(tree(&place.path().join("out")), before);
    // Notices are no warnings.
    let noticed = ["compile", "mid-scale", "-s", "persistence.maxConns=60", "--deny-warnings", "--format", "json"];
    let result = place.run(&noticed).ends(0).json();
    assert_eq!(result["notices"][0]["severity"], "note");
}

#[test]
fn a_denied_compile_does_not_point_at_files() {
    let ran = Place::new().run(&[
        "compile",
        "mid-scale",
        "-s",
        "typical_workflow_runtime=1s",
        "--deny-warnings",
        "-o",
        "out",
    ]);
    assert!(!ran.stdout.contains("out/why.md"), "{ran}");
}
