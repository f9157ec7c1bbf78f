//! `tdsql diff`.

use crate::cli::{Place, shows};
use serde_json::{Value, json};

/// A place with a profile of `mid-scale` and these arguments in `out/`.
fn with_profile(arguments: &[&str]) -> Place {
    let place = Place::new();
    let all = [&["compile", "mid-scale", "-q", "-o", "out", "--sdk", "go"], arguments].concat();
    place.run(&all).ends(0);
    place
}

#[test]
fn a_configuration_does_not_differ_from_itself() {
    let place = with_profile(&["-m", "batch-processor"]);
    let ran = place.run(&["diff", "mid-scale+batch-processor", "out/profile.json"]).ends(0);
    assert!(ran.stdout.contains("No value differs"), "{ran}");
    let ran = place.run(&["diff", "starter", "starter", "--format", "json"]).ends(0);
    assert_eq!((&ran.json()["identical"], &ran.json()["changes"]), (&json!(true), &json!([])));
}

#[test]
fn values_stand_under_what_caused_them() {
    let place =
        with_profile(&["-s", "persistence.maxConns=70", "-s", "history.shards=1024", "-s", "history.replicas=6"]);
    shows("diff-overrides", &place.run(&["diff", "mid-scale", "out/profile.json"]).ends(1));
}

#[test]
fn rails_that_turn_are_told() {
    let place = with_profile(&["-s", "typical_workflow_runtime=1s"]);
    let there = place.run(&["diff", "mid-scale", "out/profile.json", "--format", "json"]).ends(1).json();
    assert_eq!(there["rails_on"][0]["rule_name"], "sticky-suits-workflow-runtime");
    assert_eq!(there["rails_off"], json!([]));
    let back = place.run(&["diff", "out/profile.json", "mid-scale", "--format", "json"]).ends(1).json();
    assert_eq!((&back["rails_on"], &back["rails_off"]), (&there["rails_off"], &there["rails_on"]));
}

#[test]
fn a_profile_of_another_catalog_differs_because_of_it() {
    let place = with_profile(&[]);
    let text = std::fs::read_to_string(place.path().join("out/profile.json")).expect("it was written");
    let mut profile: Value = serde_json::from_str(&text).expect("it is JSON");
    let tuning = profile["tuning_params"].as_array_mut().expect("a list");
    let gone = tuning.remove(0)["key"].clone();
    let mut strange = tuning[0].clone();
    strange["key"] = json!("history.thatWasOnce");
    tuning.push(strange);
    place.put("old.json", profile.to_string());
    let found = place.run(&["diff", "old.json", "mid-scale", "--format", "json"]).ends(1).json();
    let changes = found["changes"].as_array().expect("a list");
    let keys: Vec<&Value> = changes.iter().map(|change| &change["key"]).collect();
    assert_eq!(keys, [&gone, &json!("history.thatWasOnce")]);
    assert!(changes[0]["before"].is_null() && changes[1]["after"].is_null());
    assert_eq!(found["causes"], json!([{ "kind": "catalog", "key": null, "before": null, "after": null }]));
}

#[test]
fn target_versions_differ_too() {
    let place = with_profile(&["--temporal-version", "1.30.0"]);
    let found = place.run(&["diff", "mid-scale", "out/profile.json", "--format", "json"]).ends(1).json();
    assert_eq!(found["causes"][0]["kind"], "temporal_version");
    assert_eq!(found["causes"][0]["after"], "1.30.0");
}

#[test]
fn both_names_are_looked_at() {
    let ran = Place::new().run(&["diff", "nope", "mid-scale+nope", "--format", "json"]).ends(1);
    assert_eq!(ran.codes(), ["unknown_preset", "unknown_modifier"]);
    Place::new().run(&["diff", "starter", "missing.json"]).ends(4).says(&["cannot read `missing.json`"]);
    let place = Place::new();
    place.put("bad.yaml", "preset_name: [");
    place.run(&["diff", "starter", "bad.yaml"]).ends(1).says(&["not a compiled profile"]);
}
