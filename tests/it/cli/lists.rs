//! Lists and descriptions.

use super::*;

#[test]
fn lists_have_their_shapes() {
    let place = Place::new();
    for list in ["list-presets", "list-modifiers", "list-adapters"] {
        shows(list, &place.run(&[list]).ends(0));
    }
    let list = |name: &str| -> Vec<Value> {
        let ran = place.run(&[name, "--format", "json"]).ends(0);
        assert_eq!(ran.stderr, "");
        ran.json().as_array().expect("an array").clone()
    };
    let presets = list("list-presets");
    assert_eq!(
        presets.iter().map(|preset| &preset["name"]).collect::<Vec<_>>(),
        ["starter", "mid-scale", "high-throughput"]
    );
    for preset in &presets {
        assert_eq!(keys(preset), ["name", "description", "throughput_range"]);
        assert_eq!(keys(&preset["throughput_range"]), ["min_st_per_sec", "max_st_per_sec", "description"]);
    }
    assert_eq!(presets[2]["throughput_range"]["max_st_per_sec"], Value::Null);
    let modifiers = list("list-modifiers");
    assert_eq!(modifiers.len(), shipped().modifiers.len());
    assert!(modifiers.iter().all(|modifier| keys(modifier).starts_with(&["name", "description"])));
    let adapters = list("list-adapters");
    assert_eq!(adapters.len(), shipped().adapters.len());
    assert!(adapters.iter().all(|adapter| adapter["kind"] == "sdk" || adapter["kind"] == "platform"));
    let parameters = list("list-parameters");
    assert_eq!(parameters.len(), shipped().parameters.len());
    for parameter in &parameters {
        for field in [
            "key",
            "classification",
            "value_type",
            "unit",
            "default",
            "description",
            "rationale",
            "constraints",
            "outputs",
            "names",
            "versions",
            "source",
        ] {
            assert!(parameter.get(field).is_some(), "{} has no {field}", parameter["key"]);
        }
        assert_eq!(keys(&parameter["versions"]), ["temporal", "plugin"]);
        let derived = !parameter["derivation"].is_null();
        assert_eq!(derived, parameter["default"].is_null(), "{parameter}");
    }
    let text = place.run(&["list-parameters"]).ends(0).stdout;
    for parameter in &parameters {
        let key = parameter["key"].as_str().expect("text");
        let starts = |line: &str| {
            line.strip_prefix("  ")
                .and_then(|line| line.strip_prefix(key))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        assert_eq!(text.lines().filter(|line| starts(line)).count(), 1, "{key}");
    }
}

#[test]
fn a_preset_is_described_by_class() {
    let place = Place::new();
    let ran = place.run(&["describe-preset", "mid-scale", "-m", "long-running", "--format", "json"]).ends(0);
    let described = ran.json();
    assert_eq!(described["name"], "mid-scale");
    assert_eq!(described["modifier"], "long-running");
    let mut count = 0;
    for class in ["slo", "topology", "safety", "tuning"] {
        for parameter in described[format!("{class}_params")].as_array().expect("a list") {
            count += 1;
            for field in ["key", "value", "classification", "source", "rationale"] {
                assert!(!parameter[field].is_null(), "{parameter}");
            }
            assert_eq!(parameter["classification"], class);
        }
    }
    assert_eq!(count, shipped().parameters.len());
    let slo = described["slo_params"].as_array().expect("a list").len();
    assert!(slo + described["topology_params"].as_array().expect("a list").len() <= 15);
    let bounds = described["expected_bounds"].as_array().expect("a list");
    assert!(bounds.len() >= 5);
    for bound in bounds {
        assert_eq!(keys(bound), ["metric", "aggregate", "lower", "upper"]);
        assert!(bound["lower"].is_number() || bound["upper"].is_number());
    }
    assert_eq!(keys(&described["throughput_range"]), ["min_st_per_sec", "max_st_per_sec", "description"]);
    let text = place.run(&["describe-preset", "mid-scale"]).ends(0).stdout;
    let mut at = 0;
    for title in ["mid-scale\n", "\nSLO", "\nTopology", "\nSafety", "\nTuning", "\nA healthy cluster shows"] {
        at += text[at..].find(title).unwrap_or_else(|| panic!("{title} in its place"));
    }
    for preset in shipped().presets.keys() {
        place.run(&["describe-preset", preset]).ends(0);
    }
    assert_eq!(
        place.run(&["describe-preset", "starter", "-m", "x", "--format", "json"]).ends(1).codes(),
        ["unknown_modifier"]
    );
}

#[test]
fn a_preset_is_described_with_its_own_reasons() {
    let described = Place::new().run(&["describe-preset", "mid-scale", "--format", "json"]).ends(0).json();
    let reason = described["topology_params"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|parameter| parameter["key"] == "history.replicas")
        .map(|parameter| parameter["rationale"].as_str().expect("text"))
        .expect("it is there");
    let file = read(&root().join("presets/mid-scale.toml"));
    assert!(file.contains(reason), "`{reason}` is not what the preset says");
}

#[test]
fn the_next_step_has_no_gap() {
    let ran = Place::new().run_with(&[("TEMPORAL_SQL_MAX_CONNS", "24")], &["compile"]).ends(0);
    assert!(!ran.stdout.contains("compile  "), "{ran}");
}

#[test]
fn the_next_step_repeats_what_was_asked() {
    let place = Place::new();
    place.put("v.env", "TEMPORAL_SQL_MAX_CONNS=60\n").put("v.toml", "history.replicas = 8\n");
    let given = ["--values", "v.toml", "--env-file", "v.env", "--temporal-version", "1.32.0"];
    let ran = place.run(&[&["compile", "mid-scale"], &given[..]].concat()).ends(0);
    let next = ran.stdout.lines().find(|line| line.ends_with(" -o out")).expect("the next step");
    for argument in given {
        assert!(next.contains(argument), "{next}");
    }
}

#[test]
fn what_a_running_profile_keeps_was_not_set_by_the_user() {
    let place = Place::new();
    place.compiled(&["starter", "-s", "history.shards=1024"]);
    let ran = place.run(&["compile", "high-throughput", "--from", "out/profile.json"]).ends(0);
    assert!(!ran.stdout.contains("You set"), "{ran}");
}

#[test]
fn json_shows_what_differs_from_a_running_profile() {
    let place = Place::new();
    place.compiled(&["starter"]);
    let ran = place.run(&["compile", "mid-scale", "--from", "out/profile.json", "--format", "json"]).ends(0);
    let changes = ran.json()["changes"].as_array().expect("a list of changes").clone();
    assert!(changes.iter().any(|change| change["key"] == "history.replicas" && change["running"] == 2), "{changes:?}");
}
