//! `tdsql recommend`, on profiles in files and in a store.

use serde_json::{Value, json};
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, GapState, MetricAggregate, ProfileId, Statistics, TelemetrySummary,
};
use tdsql::store::{Location, Store};

use crate::cli::{Place, Ran};
use crate::support::{shipped, snapshots};

/// A healthy cluster, by metric.
const HEALTHY: &[(&str, f64)] = &[
    ("workflows_started_per_sec", 20.0),
    ("workflows_completed_per_sec", 20.0),
    ("state_transitions_per_sec", 120.0),
    ("workflow_schedule_to_start_p99", 60.0),
    ("activity_schedule_to_start_p99", 60.0),
    ("persistence_latency_p95", 20.0),
    ("persistence_latency_p99", 40.0),
    ("sync_match_rate", 0.98),
    ("task_dispatch_latency", 20.0),
    ("backlog_count", 3.0),
    ("backlog_age", 0.2),
    ("pool_open_count", 400.0),
    ("pool_in_use_count", 100.0),
    ("reservoir_size", 400.0),
    ("reservoir_empty_events", 0.0),
    ("open_failures", 0.0),
    ("reconnect_count", 0.0),
    ("occ_conflicts_per_sec", 0.1),
    ("exhausted_retries_per_sec", 0.0),
    ("dsql_auth_failures", 0.0),
    ("cpu_utilization.history", 0.4),
    ("cpu_utilization.matching", 0.3),
    ("memory_utilization.history", 0.5),
    ("worker_task_slot_utilization", 0.3),
];

/// A profile of a configuration that was compiled with these overrides, with telemetry that differs from health in these.
fn profile(number: u8, sets: &[&str], observed: &[(&str, Option<f64>)]) -> BehaviourProfile {
    let mut arguments = vec!["--no-local", "compile", "mid-scale", "--format", "json"];
    sets.iter().for_each(|set| arguments.extend(["-s", set]));
    let compiled: Value = Place::new().run(&arguments).json();
    let telemetry = TelemetrySummary::complete(shipped().measured(), |_, name| {
        let changed = observed.iter().find(|(metric, _)| *metric == name).map(|(_, value)| *value);
        let value =
            changed.unwrap_or_else(|| HEALTHY.iter().find(|(metric, _)| *metric == name).map(|(_, value)| *value));
        match value {
            Some(value) => MetricAggregate::Measured(Statistics::new([value; 6]).expect("finite")),
            None => MetricAggregate::gap(GapState::Absent, "the source has no such series"),
        }
    });
    let time = |text: &str| text.parse().expect("a time");
    BehaviourProfile {
        id: ProfileId::from_bytes([1, 0x93, number, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number]),
        name: format!("window {number}"),
        label: None,
        cluster_id: "prod".to_owned(),
        namespace: Some("orders".to_owned()),
        task_queue: None,
        time_window_start: time("2026-03-01T00:00:00Z"),
        time_window_end: time("2026-03-01T01:30:00Z"),
        temporal_server_version: None,
        dsql_plugin_version: None,
        worker_code_sha: None,
        config_snapshot: ConfigSnapshot {
            config_profile: Some(serde_json::from_value(compiled["profile"].clone()).expect("a compiled profile")),
            ..ConfigSnapshot::default()
        },
        telemetry,
        created_at: time("2026-03-01T02:00:00Z"),
        is_baseline: false,
    }
}

pub(crate) fn healthy() -> BehaviourProfile {
    profile(1, &[], &[])
}

pub(crate) fn smaller_pool() -> BehaviourProfile {
    profile(
        2,
        &["persistence.maxConns=20"],
        &[
            ("persistence_latency_p95", Some(90.0)),
            ("persistence_latency_p99", Some(200.0)),
            ("reservoir_size", Some(150.0)),
        ],
    )
}

pub(crate) fn more_partitions() -> BehaviourProfile {
    profile(
        3,
        &["matching.numTaskqueueReadPartitions=16"],
        &[("sync_match_rate", Some(0.5)), ("task_dispatch_latency", Some(200.0)), ("backlog_age", Some(20.0))],
    )
}

/// A folder with these profiles, by the names of their files.
pub(crate) fn folder(profiles: &[(&str, &BehaviourProfile)]) -> Place {
    let place = Place::new();
    for (name, profile) in profiles {
        place.put(name, serde_json::to_vec(profile).expect("a profile is JSON"));
    }
    place
}

fn recommend(current: &BehaviourProfile, baseline: Option<&BehaviourProfile>, more: &[&str]) -> Ran {
    let mut profiles = vec![("current.json", current)];
    profiles.extend(baseline.map(|baseline| ("baseline.json", baseline)));
    let mut arguments = vec!["recommend", "current.json"];
    if baseline.is_some() {
        arguments.extend(["--baseline", "baseline.json"]);
    }
    arguments.extend(more);
    folder(&profiles).run(&arguments)
}

#[test]
fn what_was_changed_is_taken_back() {
    for (name, current) in [("smaller-pool", smaller_pool()), ("more-partitions", more_partitions())] {
        let ran = recommend(&current, Some(&healthy()), &[]);
        assert_eq!(ran.code, 0);
        snapshots("recommend").bind(|| insta::assert_snapshot!(name, ran.stdout));
    }
}

#[test]
fn the_command_compiles_what_it_says() {
    let told = recommend(&smaller_pool(), Some(&healthy()), &["--format", "json"]).json();
    let first = &told["recommendations"][0];
    assert_eq!(first["rule"], json!("revert-smaller-pool"));
    assert_eq!(first["action"]["overrides"]["values"], json!({ "persistence.maxConns": 50 }));
    let command = first["action"]["command"].as_str().expect("a command");
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    let place = Place::new();
    let ran = place.run(&[&["--no-local"], &arguments[..]].concat());
    assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
    let written = std::fs::read_to_string(place.path().join("out/profile.json")).expect("it was written");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(written["overrides"]["values"]["persistence.maxConns"], json!(50));
}

#[test]
fn health_and_gaps_recommend_nothing() {
    let told = recommend(&healthy(), None, &["--format", "json"]).json();
    assert_eq!(told["recommendations"], json!([]), "{told}");
    // What needs a baseline could not be judged, and says so.
    assert!(
        told["unjudged"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|rule| rule["reasons"] == json!(["there is no baseline"]))
    );
    // Without the CPU of history nothing is said about it, and that is told.
    let blind = profile(4, &[], &[("cpu_utilization.history", None)]);
    let told = recommend(&blind, None, &["--format", "json"]).json();
    assert_eq!(told["recommendations"], json!([]), "{told}");
    let unjudged = told["unjudged"].as_array().expect("a list");
    let of_cpu = unjudged.iter().find(|rule| rule["rule"] == json!("add-history-hosts")).expect("it is listed");
    assert!(of_cpu["reasons"][0].as_str().expect("a reason").contains("cpu_utilization.history"));
}

#[test]
fn a_suggestion_that_a_rail_refuses_is_withheld() {
    // The most connections that the cluster's quota leaves room for: twice the pool cannot be.
    let busy = profile(5, &["persistence.maxConns=400"], &[("pool_in_use_count", Some(1e6))]);
    let told = recommend(&busy, None, &["--format", "json"]).json();
    let rules: Vec<&Value> = told["recommendations"].as_array().expect("a list").iter().collect();
    let of_pool = rules.iter().find(|rule| rule["rule"] == json!("grow-busy-pool")).unwrap_or_else(|| panic!("{told}"));
    let withheld = &of_pool["withheld"][0];
    assert!(withheld["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{of_pool}");
    assert!(!withheld["rules"].as_array().expect("a list").is_empty(), "{of_pool}");
    assert_eq!(of_pool["action"], Value::Null, "{of_pool}");
}

#[test]
fn the_more_urgent_of_two_symptoms_is_followed() {
    let both = profile(6, &[], &[("dsql_auth_failures", Some(1.0)), ("pool_in_use_count", Some(1e6))]);
    let told = recommend(&both, None, &["--format", "json"]).json();
    assert_eq!(told["recommendations"][0]["rule"], json!("mend-credentials-first"));
    let given_way = told["given_way"].as_array().expect("a list");
    assert!(
        given_way
            .iter()
            .any(|rule| rule["rule"] == json!("grow-busy-pool") && rule["to"] == json!("mend-credentials-first")),
        "{told}"
    );
}

#[test]
fn a_load_beyond_the_preset_gets_another_preset() {
    let grown = profile(7, &[], &[("state_transitions_per_sec", Some(900.0))]);
    let told = recommend(&grown, None, &["--format", "json"]).json();
    let of_load = told["recommendations"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|rule| rule["rule"] == json!("follow-the-load"));
    let action = &of_load.unwrap_or_else(|| panic!("{told}"))["action"];
    assert_eq!(action["preset"], json!("high-throughput"), "{told}");
    assert_eq!(action["overrides"]["values"]["target_state_transitions_per_sec"], json!(900));
}

#[test]
fn a_profile_of_the_store_is_held_against_its_baseline() {
    let place = Place::new();
    let store = place.path().join("store");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let location = Location::new(&store.display().to_string(), None, None).expect("a location");
        let store = Store::open(&location).await.expect("it opens");
        store.create(&healthy()).await.expect("it is kept");
        store.create(&smaller_pool()).await.expect("it is kept");
        store.set_baseline(healthy().id).await.expect("it is set");
    });
    let (store, id) = (store.display().to_string(), smaller_pool().id.to_string());
    let ran = place.run(&["recommend", &id, "--store", &store, "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["recommendations"][0]["rule"], json!("revert-smaller-pool"));
    let none = place.run(&["recommend", "01930900-0000-7000-8000-000000000009", "--store", &store]);
    assert_eq!(none.code, 1, "{}", none.stderr);
    assert!(none.stdout.is_empty() && none.stderr.contains("unknown_profile"), "{}", none.stderr);
}

#[test]
fn without_a_configuration_a_preset_must_be_named() {
    let bare = BehaviourProfile { config_snapshot: ConfigSnapshot::default(), ..healthy() };
    let ran = recommend(&bare, None, &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("--preset"), "{}", ran.stderr);
    assert_eq!(recommend(&bare, None, &["--preset", "mid-scale"]).code, 0);
    let wrong = recommend(&bare, None, &["--preset", "mid-scal"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.stderr.contains("did you mean `mid-scale`?"), "{}", wrong.stderr);
}

#[test]
fn bad_input_is_refused_and_nothing_is_printed() {
    let place = Place::new();
    place.put("empty.json", "").put("other.json", "{\"a\": 1}").put("bytes.json", [0xff, 0xfe]);
    for (name, code) in [("empty.json", 1), ("other.json", 1), ("bytes.json", 1), ("none.json", 4), ("not-an-id", 1)] {
        let ran = place.run(&["recommend", name, "--store", "store"]);
        assert_eq!(ran.code, code, "{name}: {}", ran.stderr);
        assert!(ran.stdout.is_empty(), "{name}");
        let json = place.run(&["recommend", name, "--store", "store", "--format", "json"]);
        assert!(json.json()["errors"][0]["message"].is_string(), "{name}");
    }
}
