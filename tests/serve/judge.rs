//! What is made of profiles, over HTTP.

use crate::support::{Answer, Service, filled, nothing, source};
use serde_json::{Value, json};
use tdsql::model::behaviour::{BehaviourProfile, MetricAggregate, Section, Statistics};
use tdsql::store::{Location, Store};

/// The persistence latency that the profile has, in milliseconds.
fn slow(profile: &mut BehaviourProfile, latency: f64) {
    let value = MetricAggregate::Measured(Statistics::new([latency; 6]).expect("finite"));
    profile.telemetry.section_mut(Section::Latency).insert("persistence_latency_p99", value);
}

/// A service with three profiles of one cluster: a baseline, one that is as fast, one that is slow.
fn service(arguments: &[&str]) -> (Service, [String; 3]) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut kept = filled(folder.path(), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let template = kept.remove(0);
    let ids = runtime.block_on(async {
        let store = Store::open(&Location::directory(&folder.path().join("store"))).await.expect("it opens");
        let mut ids = Vec::new();
        for (number, latency) in [(1, 20.0), (2, 21.0), (3, 90.0)] {
            let mut profile = template.clone();
            profile.cluster_id = "judged".to_owned();
            profile.created_at = format!("2026-02-01T0{number}:00:00Z").parse().expect("a time");
            profile.id = tdsql::model::behaviour::ProfileId::new(profile.created_at);
            slow(&mut profile, latency);
            store.create(&profile).await.expect("it is kept");
            ids.push(profile.id.to_string());
        }
        store.set_baseline(ids[0].parse().expect("an id")).await.expect("it is set");
        ids
    });
    (Service::over(folder, "", arguments), ids.try_into().expect("three"))
}

fn judged() -> Value {
    json!({ "cluster_id": "judged", "namespace": "payments" })
}

fn with(mut body: Value, members: &[(&str, Value)]) -> String {
    for (name, value) in members {
        body[*name] = value.clone();
    }
    body.to_string()
}

/// The remedy of a refusal.
fn refused(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    answer.problem()["remedy"].as_str().expect("it has one").to_owned()
}

#[test]
fn two_profiles_are_compared_by_the_thresholds_of_the_request() {
    let (service, [before, same, slow]) = service(&[]);
    let compare = |a: &str, b: &str, thresholds: Value| {
        let body = json!({ "profile_a_id": a, "profile_b_id": b, "thresholds": thresholds });
        service.post("/profiles/compare", &body.to_string())
    };
    let told = compare(&before, &slow, json!({}));
    assert_eq!(told.status, 200, "{}", told.text);
    let first = &told.json()["telemetry_diffs"][0];
    assert_eq!(first["metric"], "persistence_latency_p99");
    assert_eq!((&first["direction"], &first["severity"]), (&json!("regressed"), &json!("critical")));
    assert_eq!(told.json()["correlations"]["unexplained"], json!(["persistence_latency_p99"]));
    let told = compare(&before, &slow, json!({ "latency": 1000 })).json();
    assert_eq!(
        (&told["telemetry_diffs"][0]["deviates"], &told["correlations"]["unexplained"]),
        (&json!(false), &json!([]))
    );

    assert!(refused(&compare(&same, &same, json!({})), 400).contains("two different"));
    let missing = compare(&before, "00000000-0000-7000-8000-000000000000", json!({}));
    refused(&missing, 404);
    assert_eq!(missing.problem()["id"], "00000000-0000-7000-8000-000000000000");
    assert!(refused(&compare(&before, &same, json!({ "latencies": 3 })), 400).contains("`latency`"));
    let wrong = compare(&before, &same, json!({ "latency": -3, "error": 1 }));
    refused(&wrong, 400);
    let detail = wrong.problem()["detail"].as_str().expect("text").to_owned();
    assert!(detail.contains("`latency` is -3") && detail.contains("no category `error`"), "{detail}");
}

#[test]
fn drift_is_told_of_a_profile_of_the_newest_and_of_a_window() {
    let (service, [before, same, slow]) = service(&["--prometheus", &source(nothing)]);
    let drift = |members: &[(&str, Value)]| service.post("/drift", &with(judged(), members));
    let label = |answer: Answer| {
        assert_eq!(answer.status, 200, "{}", answer.text);
        (answer.json()["label"].clone(), answer.json()["profile_id"].clone())
    };
    assert_eq!(label(drift(&[("profile_id", json!(same))])), (json!("steady"), json!(same)));
    assert_eq!(label(drift(&[("profile_id", json!(slow))])), (json!("drifted"), json!(slow)));
    assert_eq!(label(drift(&[])), (json!("drifted"), json!(slow)), "the newest");
    assert_eq!(label(drift(&[("thresholds", json!({ "latency": 1000 }))])), (json!("steady"), json!(slow)));
    let window =
        [("time_window_start", json!("2026-01-01T00:00:00Z")), ("time_window_end", json!("2026-01-01T01:00:00Z"))];
    let listed = service.get("/profiles").text;
    assert_eq!(label(drift(&window)), (json!("inconclusive"), Value::Null), "telemetry that is not kept");
    assert_eq!(service.get("/profiles").text, listed, "nothing is kept");
    // One end is enough: an hour.
    let told = drift(&window[1..]).json();
    assert_eq!((&told["time_window_start"], &told["time_window_end"]), (&window[0].1, &window[1].1));

    assert!(refused(&drift(&[("profile_id", json!(before))]), 404).contains("baseline"));
    assert!(refused(&drift(&[("namespace", json!("other"))]), 404).contains("POST /profiles"));
    refused(&drift(&[("profile_id", json!(slow)), window[0].clone()]), 400);
    refused(&drift(&[("profile_id", json!(slow)), ("cluster_id", json!("another"))]), 400);
    refused(
        &drift(&[
            ("time_window_start", json!("2026-01-01T00:00:00Z")),
            ("time_window_end", json!("2026-01-03T00:00:00Z")),
        ]),
        400,
    );
    let unheld = drift(&[("cluster_id", json!("cluster-0"))]);
    assert!(refused(&unheld, 404).contains("/baseline"), "{}", unheld.text);
    let (blind, _) = self::service(&[]);
    refused(&blind.post("/drift", &with(judged(), &window)), 503);
}

#[test]
fn conformance_and_assessment_follow_the_preset_that_is_named() {
    let (service, [before, _, slow]) = service(&[]);
    let conformance = service.get(&format!("/profiles/{slow}/conformance?preset=mid-scale"));
    assert_eq!(
        (conformance.status, &conformance.json()["label"]),
        (200, &json!("inconclusive")),
        "{}",
        conformance.text
    );
    assert!(refused(&service.get(&format!("/profiles/{slow}/conformance?preset=mid-scal")), 422).contains("mid-scale"));
    refused(&service.get(&format!("/profiles/{slow}/conformance")), 422);

    let assess = |preset: &str, members: &[(&str, Value)]| {
        service.post(&format!("/assessments{preset}"), &with(judged(), members))
    };
    let told = assess("", &[]).json();
    assert_eq!(
        (&told["health"], &told["profile_id"], &told["baseline_id"]),
        (&json!("drifted"), &json!(slow), &json!(before))
    );
    assert_eq!((&told["conformance"], &told["recommendations"]), (&Value::Null, &Value::Null));
    assert_eq!(told["notes"].as_array().expect("a list").len(), 2, "{told}");
    let told = assess("?preset=mid-scale", &[]).json();
    assert_eq!(told["recommendations"]["basis"]["known_from"], "named");
    let told = assess("?preset=mid-scale", &[("profile_id", json!(before))]).json();
    assert_eq!((&told["health"], &told["drift"]), (&json!("inconclusive"), &Value::Null));
    refused(&assess("?preset=x", &[]), 422);
    refused(&assess("", &[("namespace", json!("other"))]), 404);
    refused(&assess("", &[("thresholds", json!({ "x": 1 }))]), 400);
}
