//! Bad requests, and good ones worth a word: every fault of every input in one run, each with what to do.

use serde_json::Value;
use tdsql::compile::{Given, Request, compile};
use tdsql::diag::{At, Code, Diagnostic, Diagnostics};
use tdsql::eval::Withheld;
use tdsql::model::{Scalar, ValueType};

use crate::support::{THEN, compiled, fired, good, id, request, shipped, snapshots, text};

fn refused(request: &Request) -> Diagnostics {
    compiled(request).err().unwrap_or_else(|| panic!("{request:?} is refused"))
}

fn codes(diagnostics: &Diagnostics) -> Vec<&'static str> {
    diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect()
}

fn fact<'d>(diagnostic: &'d Diagnostic, name: &str) -> &'d Value {
    diagnostic.facts.iter().find(|(known, _)| *known == name).map_or(&Value::Null, |(_, value)| value)
}

fn notices(request: &Request) -> Vec<(String, String)> {
    let compilation =
        compiled(request).unwrap_or_else(|faults| panic!("{}", text(&shipped().sources, faults.as_slice())));
    compilation.notices.into_iter().map(|notice| (notice.code, notice.message)).collect()
}

#[test]
fn every_unknown_name_is_reported_in_one_run() {
    let request = Request {
        preset: "mid-scal".to_owned(),
        modifier: Some("batch".to_owned()),
        given: vec![
            Given::new("persistence.maxConn", Scalar::Int(60)),
            Given::new("history.replica", Scalar::Int(6)),
            Given::new("nothing.like_it", Scalar::Int(6)),
        ],
        sdk: vec!["goo".to_owned()],
        platform: vec!["compos".to_owned()],
        temporal_version: Some("2.0".to_owned()),
        plugin_version: Some("latest".to_owned()),
        ..Request::default()
    };
    let found = refused(&request);
    let mut sorted = codes(&found);
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "invalid_value",
            "unknown_adapter",
            "unknown_adapter",
            "unknown_modifier",
            "unknown_parameter",
            "unknown_parameter",
            "unknown_parameter",
            "unknown_preset",
            "unsupported_version"
        ]
    );
    for diagnostic in &found {
        assert!(diagnostic.help.as_ref().is_some_and(|help| !help.is_empty()), "{}", diagnostic.message);
    }
    let of = |code: Code| found.iter().filter(move |diagnostic| diagnostic.code == code);
    let preset = of(Code::UnknownPreset).next().expect("the preset is unknown");
    assert_eq!(fact(preset, "name"), "mid-scal");
    assert_eq!(fact(preset, "suggestion"), "mid-scale");
    assert_eq!(fact(preset, "available"), &serde_json::json!(["high-throughput", "mid-scale", "starter"]));
    let modifier = of(Code::UnknownModifier).next().expect("the modifier is unknown");
    assert_eq!(fact(modifier, "available").as_array().map(Vec::len), Some(4));
    let keys: Vec<&Value> = of(Code::UnknownParameter).map(|diagnostic| fact(diagnostic, "suggestion")).collect();
    assert_eq!(keys, [&Value::from("persistence.maxConns"), &Value::from("history.replicas"), &Value::Null]);
    // The adapters that exist are data in the making: only the form is asserted.
    for adapter in of(Code::UnknownAdapter) {
        assert!(fact(adapter, "available").is_array());
    }
    let without_adapters: Vec<Diagnostic> =
        found.iter().filter(|diagnostic| diagnostic.code != Code::UnknownAdapter).cloned().collect();
    snapshots("requests")
        .bind(|| insta::assert_snapshot!("unknown-names", text(&shipped().sources, &without_adapters)));
}

#[test]
fn values_are_read_by_the_parameters_type() {
    use ValueType::{Bool, Duration, Float, Int, Str};
    // What a flag or a variable says → the value as it is shown, or a part of the message.
    let table: &[(ValueType, &str, Result<&str, &str>)] = &[
        (Int, "50", Ok("50")),
        (Int, "+50", Ok("50")),
        (Int, "-5", Ok("-5")),
        (Int, "007", Ok("7")),
        (Int, "9223372036854775807", Ok("9223372036854775807")),
        (Int, "9223372036854775808", Err("larger than any 64-bit integer")),
        (Int, "", Err("the value is empty")),
        (Int, "true", Err("`true` is not an integer")),
        (Int, "50.0", Err("`50.0` is not an integer")),
        (Int, "1e3", Err("`1e3` is not an integer")),
        (Int, "1_000", Err("`1_000` is not an integer")),
        (Int, "1,000", Err("`1,000` is not an integer")),
        (Int, "0x10", Err("is not an integer")),
        (Int, " 50", Err("is not an integer")),
        (Int, "５", Err("is not an integer")),
        (Int, "5m", Err("is not an integer")),
        (Float, "0.5", Ok("0.5")),
        (Float, "1", Ok("1.0")),
        (Float, "1e-3", Ok("0.001")),
        (Float, "-0.5", Ok("-0.5")),
        (Float, "nan", Err("`nan` is not a finite number")),
        (Float, "inf", Err("`inf` is not a finite number")),
        (Float, "1e999", Err("is not a finite number")),
        (Float, "half", Err("is not a finite number")),
        (Float, "", Err("the value is empty")),
        (Bool, "true", Ok("true")),
        (Bool, "1", Ok("true")),
        (Bool, "T", Ok("true")),
        (Bool, "FALSE", Ok("false")),
        (Bool, "0", Ok("false")),
        (Bool, "yes", Err("`yes` is not a boolean")),
        (Bool, "on", Err("`on` is not a boolean")),
        (Bool, "tRuE", Err("is not a boolean")),
        (Bool, "2", Err("is not a boolean")),
        (Bool, "", Err("the value is empty")),
        (Duration, "55m", Ok("55m")),
        (Duration, "90s", Ok("1m30s")),
        (Duration, "1.5h", Ok("1h30m")),
        (Duration, "0", Ok("0s")),
        (Duration, "300ms", Ok("300ms")),
        (Duration, "-5m", Ok("-5m")),
        (Duration, "90", Err("`90` is not a duration")),
        (Duration, "5 m", Err("is not a duration")),
        (Duration, "1d", Err("is not a duration")),
        (Duration, "1us", Err("finer than a millisecond")),
        (Duration, "", Err("is not a duration")),
        (Str, "text", Ok("text")),
        (Str, "", Ok("")),
        (Str, "55m", Ok("55m")),
        (Str, "true", Ok("true")),
        (Str, "a\nb", Ok("a\nb")),
    ];
    for (value_type, given, expected) in table {
        let read = value_type.read(&Scalar::Str((*given).to_owned()));
        match (read, expected) {
            (Ok(value), Ok(shown)) => assert_eq!(value_type.text(&value), *shown, "{value_type:?} {given:?}"),
            (Err(fault), Err(part)) => {
                assert!(fault.message.contains(part), "{value_type:?} {given:?}: {}", fault.message);
                assert!(!fault.help.is_empty());
            }
            (read, _) => panic!("{value_type:?} {given:?}: {read:?}, expected {expected:?}"),
        }
    }
    // Typed values, as values files give them: nothing is bent into another type.
    let typed: &[(ValueType, Scalar, bool)] = &[
        (Int, Scalar::Int(1), true),
        (Int, Scalar::Bool(true), false),
        (Int, Scalar::Float(1.0), false),
        (Float, Scalar::Int(1), true),
        (Float, Scalar::Int((1 << 53) + 1), false),
        (Float, Scalar::Float(f64::NAN), false),
        (Float, Scalar::Float(f64::INFINITY), false),
        (Float, Scalar::Bool(false), false),
        (Bool, Scalar::Bool(false), true),
        (Bool, Scalar::Int(1), false),
        (Duration, Scalar::Int(0), true),
        (Duration, Scalar::Int(55), false),
        (Duration, Scalar::Float(5.0), false),
        (Duration, Scalar::Bool(true), false),
        (Str, Scalar::Str(String::new()), true),
        (Str, Scalar::Int(1), false),
        (Str, Scalar::Bool(true), false),
    ];
    for (value_type, given, accepted) in typed {
        assert_eq!(value_type.read(given).is_ok(), *accepted, "{value_type:?} {given:?}");
    }
}

#[test]
fn five_wrong_overrides_are_five_diagnostics() {
    let found = refused(&request(
        "mid-scale",
        None,
        &[
            ("persistence.maxConns", "many"),
            ("history.replicas", "-3"),
            ("dsql.reservoir_enabled", "maybe"),
            ("dsql.max_conn_lifetime", "55"),
            ("load.processes", "12"),
        ],
    ));
    assert_eq!(
        codes(&found),
        ["invalid_value", "constraint_violation", "invalid_value", "invalid_value", "locked_parameter"]
    );
    for diagnostic in &found {
        assert!(diagnostic.help.is_some(), "{}", diagnostic.message);
        assert!(fact(diagnostic, "key").is_string(), "{}", diagnostic.message);
    }
    snapshots("requests")
        .bind(|| insta::assert_snapshot!("five-wrong-overrides", text(&shipped().sources, found.as_slice())));
}

#[test]
fn a_violated_constraint_names_value_and_bounds() {
    let found = refused(&request("mid-scale", None, &[("history.replicas", "-3")]));
    let parameter = shipped().parameter(id("history.replicas"));
    let diagnostic = &found.as_slice()[0];
    let bound = |at: &Option<At<Scalar>>| {
        at.as_ref().map_or(Value::Null, |at| serde_json::to_value(&at.value).expect("a value"))
    };
    assert_eq!(fact(diagnostic, "key"), "history.replicas");
    assert_eq!(fact(diagnostic, "value"), -3);
    assert_eq!(fact(diagnostic, "min"), &bound(&parameter.min));
    assert_eq!(fact(diagnostic, "max"), &bound(&parameter.max));
    // Durations are shown as Go text, and allowed values are listed.
    let duration = refused(&request("mid-scale", None, &[("dsql.max_conn_lifetime", "-1s")]));
    assert_eq!(fact(&duration.as_slice()[0], "value"), "-1s");
    let least =
        shipped().parameter(id("dsql.max_conn_lifetime")).min.as_ref().map(|at| ValueType::Duration.text(&at.value));
    assert_eq!(fact(&duration.as_slice()[0], "min").as_str().map(str::to_owned), least);
    let listed = shipped()
        .parameters
        .iter()
        .find(|parameter| parameter.allowed.is_some() && !parameter.locked)
        .expect("one lists values");
    let wrong = match listed.value_type {
        ValueType::Str => "no such value",
        ValueType::Int => "987654",
        other => panic!("{} lists values of {other:?}", listed.key),
    };
    let found = refused(&request("mid-scale", None, &[(&listed.key, wrong)]));
    assert_eq!(codes(&found), ["constraint_violation"]);
    assert!(fact(&found.as_slice()[0], "allowed").as_array().is_some_and(|allowed| !allowed.is_empty()));
}

/// R1.14: what DSQL does not take reaches the rail that explains it.
#[test]
fn limits_of_dsql_are_rails_and_no_constraints() {
    for (preset, key, value) in [
        ("mid-scale", "dsql.reservoir_target_ready", "0"),
        ("mid-scale", "dsql.reservoir_lifetime_jitter", "0s"),
        ("starter", "dsql.max_conn_lifetime", "90m"),
        ("mid-scale", "target_state_transitions_per_sec", "0"),
    ] {
        let compilation = good(preset, None, &[(key, value)]);
        assert!(!compilation.findings.is_empty(), "{key} = {value} is judged");
    }
    // A cluster with a raised quota.
    let small = good("mid-scale", None, &[("persistence.maxConns", "400")]);
    assert!(small.is_refused());
    let raised = good("mid-scale", None, &[("persistence.maxConns", "400"), ("dsql.quota.connections", "20000")]);
    assert!(!fired(&raised).iter().any(|name| name.contains("quota")), "{:?}", fired(&raised));
}

#[test]
fn every_rail_that_fires_is_reported_errors_first() {
    let mut compilation = good(
        "mid-scale",
        None,
        &[
            ("persistence.maxConns", "700"),
            ("persistence.maxIdleConns", "10"),
            ("dsql.connection_rate_limit", "10"),
            ("typical_workflow_runtime", "1s"),
            ("matching.numTaskqueueReadPartitions", "64"),
        ],
    );
    let severities: Vec<&str> = compilation.findings.iter().map(|finding| finding.rail.severity.as_str()).collect();
    let (errors, warnings) = (compilation.errors(), compilation.warnings());
    assert!(errors >= 4 && warnings >= 2, "{:?}", fired(&compilation));
    assert_eq!(errors + warnings, severities.len());
    assert!(severities.is_sorted(), "errors come first: {severities:?}");
    let result = compilation.result().expect("it renders");
    let listed = result.guard_rail_results.iter().filter(|result| result.severity.as_str() == "error").count();
    assert_eq!(listed, errors, "N violated error rules are N errors");
    assert_eq!(result.errors[0]["count"], errors);
    let said = compilation.diagnostics();
    assert_eq!(said.len(), severities.len());
    for (diagnostic, finding) in said.iter().zip(&compilation.findings) {
        assert_eq!(fact(diagnostic, "rule_name"), finding.rail.name.as_ref());
        assert!(diagnostic.primary.is_some() && diagnostic.help.is_some(), "{}", diagnostic.message);
    }
    snapshots("requests").bind(|| insta::assert_snapshot!("many-rails", text(&shipped().sources, said.as_slice())));
}

#[test]
fn one_rail_does_not_hide_another() {
    // Each of these breaks its own rail; together they break the union.
    let single: [(&str, &str); 3] = [
        ("persistence.maxIdleConns", "10"),
        ("dsql.reservoir_lifetime_jitter", "0s"),
        ("sdk.max_concurrent_workflow_tasks", "4"),
    ];
    let mut alone: Vec<String> = single.iter().flat_map(|set| fired(&good("mid-scale", None, &[*set]))).collect();
    let mut together = fired(&good("mid-scale", None, &single));
    alone.sort();
    alone.dedup();
    together.sort();
    assert_eq!(alone, together);
}

#[test]
fn overrides_are_remarked_on() {
    // A safety value that is otherwise derived.
    let found = notices(&request("mid-scale", None, &[("persistence.maxConns", "60")]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "overridden_value");
    assert!(found[0].1.contains("60") && found[0].1.contains("50"), "{}", found[0].1);
    // An input is what adopters are meant to set.
    assert!(notices(&request("mid-scale", None, &[("history.replicas", "7")])).is_empty());
    // Without effect.
    let found = notices(&request("mid-scale", None, &[("history.replicas", "6")]));
    assert_eq!(found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["unused_override"]);
    // Set twice.
    let found = notices(&request("mid-scale", None, &[("history.replicas", "7"), ("history.replicas", "8")]));
    assert_eq!(found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["unused_override"]);
    assert_eq!(
        good("mid-scale", None, &[("history.replicas", "7"), ("history.replicas", "8")])
            .resolution
            .text(id("history.replicas")),
        "8"
    );
    // Written to no output: a reservoir's value where the reservoir is off.
    let found = notices(&request("starter", None, &[("dsql.reservoir_guard_window", "30s")]));
    assert!(
        found.iter().any(|(code, message)| code == "not_emitted" && message.contains("dsql.reservoir_enabled")),
        "{found:?}"
    );
}

#[test]
fn variables_set_parameters_and_unknown_ones_are_named() {
    let variable = |name: &str, value: &str| Given {
        variable: true,
        origin: "environment".to_owned(),
        ..Given::new(name, Scalar::Str(value.to_owned()))
    };
    let given = |given: Vec<Given>| Request { preset: "mid-scale".to_owned(), given, ..Request::default() };
    let request = given(vec![
        variable("TEMPORAL_SQL_MAX_CONNS", "60"),
        variable("DSQL_RESERVOIR_ENABLE", "true"),
        variable("AWS_REGION", "eu-west-1"),
    ]);
    let compilation = compiled(&request).expect("it compiles");
    assert_eq!(compilation.resolution.text(id("persistence.maxConns")), "60");
    let unknown: Vec<&str> = compilation
        .notices
        .iter()
        .filter(|notice| notice.code == "unknown_variable")
        .map(|notice| notice.message.as_str())
        .collect();
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert!(unknown[0].contains("DSQL_RESERVOIR_ENABLE"));
    // To the plugin an empty variable is one that is not set.
    let compilation = compiled(&given(vec![variable("TEMPORAL_SQL_MAX_CONNS", "")])).expect("it compiles");
    assert_eq!(compilation.resolution.text(id("persistence.maxConns")), "50");
    assert_eq!(codes(&refused(&given(vec![variable("TEMPORAL_SQL_MAX_CONNS", "lots")]))), ["invalid_value"]);
}

// --- target versions --------------------------------------------------------------------------------------------

/// The environment variables and keys that a request emits.
fn emitted(temporal: Option<&str>, plugin: Option<&str>) -> Vec<String> {
    let request = Request {
        temporal_version: temporal.map(str::to_owned),
        plugin_version: plugin.map(str::to_owned),
        ..request("high-throughput", None, &[])
    };
    let compilation =
        compiled(&request).unwrap_or_else(|faults| panic!("{}", text(&shipped().sources, faults.as_slice())));
    shipped()
        .ids()
        .filter(|id| compilation.resolution.withheld(*id).is_none())
        .map(|id| shipped().parameter(id).key.to_string())
        .collect()
}

fn difference(from: &[String], to: &[String]) -> Vec<String> {
    let removed = from.iter().filter(|key| !to.contains(key)).map(|key| format!("- {key}"));
    let added = to.iter().filter(|key| !from.contains(key)).map(|key| format!("+ {key}"));
    removed.chain(added).collect()
}

#[test]
fn target_versions_decide_what_is_emitted() {
    let default = emitted(None, None);
    assert_eq!(difference(&default, &emitted(Some("1.29.0"), Some("0.2.0"))), Vec::<String>::new());
    assert_eq!(
        difference(&default, &emitted(Some("v1.29"), Some("v0.2.0-rc.1"))),
        Vec::<String>::new(),
        "spoken forms"
    );
    let mut versions = String::new();
    for (title, temporal, plugin) in
        [("DSQL plugin 0.1.0", None, Some("0.1.0")), ("Temporal 1.32.0", Some("1.32.0"), None)]
    {
        let difference = difference(&default, &emitted(temporal, plugin));
        assert!(difference.len() >= 3, "{title}: {difference:?}");
        versions.push_str(&format!("# {title}\n{}\n\n", difference.join("\n")));
    }
    snapshots("requests").bind(|| insta::assert_snapshot!("target-versions", versions.trim_end()));
}

#[test]
fn what_a_version_does_not_take_says_so() {
    let baseline = Request { plugin_version: Some("0.1.0".to_owned()), ..request("high-throughput", None, &[]) };
    let compilation = compiled(&baseline).expect("it compiles");
    let rate = id("dsql.token_bucket_rate");
    assert_eq!(compilation.resolution.withheld(rate), Some(Withheld::Plugin));
    let profile = compilation.profile();
    let parameter = profile.get_param("dsql.token_bucket_rate").expect("it is in the profile");
    assert!(!parameter.emitted);
    assert!(parameter.reason.as_ref().is_some_and(|reason| reason.contains("0.1.0")), "{:?}", parameter.reason);
    let config = compilation.plugin_config();
    assert!(config["token_bucket_rate"].is_null() && config["slot_block_count"].is_null(), "{config:?}");
    assert_eq!(config["token_bucket_enabled"], false);
    let set = Request {
        plugin_version: Some("0.1.0".to_owned()),
        ..request("high-throughput", None, &[("dsql.token_bucket_rate", "90")])
    };
    let found = notices(&set);
    assert!(found.iter().any(|(code, message)| code == "not_emitted" && message.contains("0.1.0")), "{found:?}");
}

#[test]
fn versions_outside_the_catalog_are_refused() {
    for (temporal, plugin, code) in [
        (Some("1.28.3"), None, "unsupported_version"),
        (Some("1.33.0"), None, "unsupported_version"),
        (None, Some("0.3.0"), "unsupported_version"),
        (Some("one"), None, "invalid_value"),
        (Some(""), None, "invalid_value"),
        (Some("1.29.0.1"), None, "invalid_value"),
        (None, Some("0.2.x"), "invalid_value"),
    ] {
        let request = Request {
            temporal_version: temporal.map(str::to_owned),
            plugin_version: plugin.map(str::to_owned),
            ..request("starter", None, &[])
        };
        let found = refused(&request);
        assert_eq!(codes(&found), [code], "{temporal:?} {plugin:?}");
        assert!(found.as_slice()[0].help.is_some());
    }
}

// --- a running configuration ------------------------------------------------------------------------------------

#[test]
fn what_is_fixed_for_the_life_of_a_cluster_is_kept() {
    let running = good("starter", None, &[("history.shards", "1024")]).profile();
    let over =
        |set: &[(&str, &str)]| Request { running: Some(running.clone()), ..request("high-throughput", None, set) };
    // The preset wants 4,096.
    let compilation = compiled(&over(&[])).expect("it compiles");
    assert_eq!(compilation.resolution.text(id("history.shards")), "1024");
    // What else differs is shown, and the shards are not among it.
    let keys: Vec<&str> = compilation.changes.iter().map(|change| change.key.as_str()).collect();
    assert!(keys.contains(&"history.replicas") && !keys.contains(&"history.shards"), "{keys:?}");
    let change = compilation.changes.iter().find(|change| change.key == "history.replicas").expect("it changes");
    assert_eq!((&change.running, &change.compiled), (&Some(Scalar::Int(2)), &Scalar::Int(8)));
    // An override does not move it either, and is told so.
    let compilation = compiled(&over(&[("history.shards", "2048")])).expect("it compiles");
    assert_eq!(compilation.resolution.text(id("history.shards")), "1024");
    let said: Vec<&str> = compilation.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert!(
        said.iter().any(|message| message.contains("fixed for the life of the cluster") && message.contains("2048")),
        "{said:?}"
    );
    // Without a running configuration nothing changes.
    assert!(good("starter", None, &[]).changes.is_empty());
    // Dependants follow the kept value.
    let fresh = good("high-throughput", None, &[("history.shards", "1024")]);
    assert_eq!(
        fresh.resolution.text(id("history.timerProcessorUpdateAckInterval")),
        compilation.resolution.text(id("history.timerProcessorUpdateAckInterval"))
    );
}

#[test]
fn hostile_text_is_cut_and_ends_nothing() {
    let long = "x".repeat(100_000);
    let found = refused(&request("starter", None, &[(&long, "1"), ("persistence.maxConns", &long)]));
    assert_eq!(codes(&found), ["unknown_parameter", "invalid_value"]);
    for diagnostic in &found {
        assert!(diagnostic.message.len() < 1000, "{} bytes", diagnostic.message.len());
    }
    let text = "a\n# b: \u{1b}[31m \"'{{ c }}";
    let compilation = good("high-throughput", None, &[("dsql.distributed_rate_limiter_table", text)]);
    let yaml = compilation.dynamic_config_yaml();
    assert!(!yaml.contains('\u{1b}') && !yaml.contains("\n# b"), "an override cannot write lines of its own");
    serde_yaml::from_str::<Value>(yaml).expect("it is YAML still");
    assert_eq!(compilation.plugin_config()["distributed_rate_limiter_table"], text);
    assert!(compile(shipped(), &request(&long, None, &[]), THEN).is_err());
}
