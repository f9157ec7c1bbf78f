//! The health of a cluster, once, with nothing in the place of anything: a real Prometheus has three windows of it, the service
//! makes the profiles, and the assessment names the cause and a remedy that compiles.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{json as document, tdsql};
use crate::prometheus::{Series, Server};
use crate::service::{Answer, Service};

/// Scrapes of one phase: two hours.
const PHASE: i64 = 480;
/// What was set in each phase, on top of the preset.
const SET: [&[&str]; 3] = [&[], &["persistence.maxConns=20"], &["matching.numTaskqueueReadPartitions=16"]];

/// Of each phase: a value.
type Phases = [f64; 3];

/// How many scrapes of each phase were by then.
fn passed(at: i64) -> [f64; 3] {
    [0, 1, 2].map(|phase| (at - phase * PHASE).clamp(0, PHASE) as f64)
}

fn gauge(series: &mut Series, name: &str, labels: &str, values: Phases) {
    series.add(name, labels, |at| values[(at / PHASE).min(2) as usize]);
}

/// A counter that grows by so much with each scrape.
fn counter(series: &mut Series, name: &str, labels: &str, each: Phases) {
    series.add(name, labels, |at| passed(at).iter().zip(each).map(|(scrapes, each)| scrapes * each).sum());
}

/// A hundred observations with each scrape, in the bucket that ends there, in seconds.
fn timer(series: &mut Series, name: &str, labels: &str, bucket: Phases) {
    for bound in ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "+Inf"] {
        let limit = bound.trim_start_matches('+').parse::<f64>().expect("a number");
        let each = bucket.map(|bucket| if bucket <= limit { 100.0 } else { 0.0 });
        counter(series, &format!("{name}_bucket"), &format!("{labels},le=\"{bound}\""), each);
    }
}

/// A cluster that is healthy, then has a smaller pool, then its pool back and more partitions.
fn cluster() -> Series {
    let mut series = Series::over(3 * PHASE);
    let of = |service: &str| format!("cluster=\"prod\",service_name=\"{service}\",instance=\"{service}-1\"");
    let [history, matching] = ["history", "matching"].map(of);
    let [inside, queue] = [&history, &matching].map(|of| format!("{of},namespace=\"orders\""));
    let queue = format!("{queue},taskqueue=\"pick\"");
    gauge(&mut series, "num_goroutines", &history, [300.0; 3]);
    counter(&mut series, "state_transition_count_count", &inside, [1800.0; 3]);
    counter(&mut series, "state_transition_count_sum", &inside, [9000.0; 3]);
    let waits = format!("{inside},taskqueue=\"pick\",task_type=\"Workflow\"");
    timer(&mut series, "task_schedule_to_start_latency", &waits, [0.05; 3]);
    timer(&mut series, "persistence_latency", &inside, [0.02, 0.2, 0.02]);
    gauge(&mut series, "dsql_pool_in_use", &history, [200.0, 290.0, 200.0]);
    gauge(&mut series, "dsql_pool_open", &history, [750.0, 300.0, 750.0]);
    gauge(&mut series, "dsql_pool_max_open", &history, [750.0, 300.0, 750.0]);
    gauge(&mut series, "dsql_reservoir_target", &history, [750.0, 300.0, 750.0]);
    gauge(&mut series, "dsql_reservoir_size", &history, [740.0, 200.0, 740.0]);
    counter(&mut series, "poll_success", &queue, [300.0; 3]);
    counter(&mut series, "poll_success_sync", &queue, [294.0, 294.0, 150.0]);
    timer(&mut series, "task_dispatch_latency", &queue, [0.02, 0.02, 0.5]);
    gauge(&mut series, "approximate_backlog_age_seconds", &format!("{queue},partition=\"0\""), [0.2, 0.2, 20.0]);
    series
}

/// The hour in the middle of a phase.
fn window(phase: usize) -> [String; 2] {
    let hour = 2 * phase;
    [format!("2026-01-01T{hour:02}:30:00Z"), format!("2026-01-01T{:02}:30:00Z", hour + 1)]
}

/// What the compiler makes of a command line: the compiled profile, and the dynamic configuration.
fn compiled(folder: &Path, arguments: &[&str]) -> (Value, String) {
    let made = tdsql(folder, arguments);
    assert!(made.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.join("out").join(name)).expect("it was written");
    (serde_json::from_str(&read("profile.json")).expect("JSON"), read("dynamicconfig.yaml"))
}

fn good(answer: &Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{}", answer.text);
    answer.json()
}

/// The values of a compiled profile, by key.
fn values(profile: &Value) -> Vec<(Value, Value)> {
    let classes = ["slo_params", "topology_params", "safety_params", "tuning_params"];
    let parameters = classes.iter().flat_map(|class| profile[*class].as_array().expect("a list"));
    parameters.map(|parameter| (parameter["key"].clone(), parameter["value"].clone())).collect()
}

#[test]
fn the_cause_is_named_and_the_remedy_compiles() {
    let Some(prometheus) = Server::with(cluster) else { return };
    let service = Service::with("", &["--prometheus", &prometheus.address]);
    let folder = service.folder.path();
    let mut configurations = Vec::new();
    let made: Vec<String> = SET
        .iter()
        .enumerate()
        .map(|(phase, sets)| {
            let mut arguments = vec!["compile", "mid-scale", "-o", "out"];
            sets.iter().for_each(|set| arguments.extend(["-s", set]));
            let (profile, dynamic) = compiled(folder, &arguments);
            let [start, end] = window(phase);
            let body = json!({
                "name": format!("phase {phase}"), "cluster_id": "prod", "namespace": "orders",
                "time_window_start": start, "time_window_end": end,
                "config": { "config_profile": profile, "dynamic_config_yaml": dynamic },
            });
            configurations.push(profile);
            good(&service.post("/profiles", &body.to_string()))["id"].as_str().expect("an id").to_owned()
        })
        .collect();
    let held = good(&service.get(&format!("/profiles/{}/conformance", made[0])));
    assert_eq!(held["label"], "conforming", "{held}");
    good(&service.post(&format!("/profiles/{}/baseline", made[0]), ""));

    for (phase, cause, rule, metrics) in [
        (1, "persistence.maxConns", "revert-smaller-pool", &["persistence_latency_p95", "persistence_latency_p99"][..]),
        (2, "matching.numTaskqueueReadPartitions", "revert-partitions", &["sync_match_rate", "task_dispatch_latency"]),
    ] {
        let body = json!({ "cluster_id": "prod", "namespace": "orders", "profile_id": made[phase] }).to_string();
        let told = good(&service.post("/assessments", &body));
        assert_eq!(told["health"], "drifted_and_not_conforming", "{told}");
        assert_eq!(told["baseline_id"], made[0].as_str());
        let first = &told["correlations"]["explanations"][0];
        assert_eq!((&first["key"], &first["set"]), (&json!(cause), &json!(true)), "{told}");
        for metric in metrics {
            let effects = first["effects"].as_array().expect("a list");
            assert!(effects.iter().any(|effect| effect["metric"] == *metric && effect["regressed"] == true), "{first}");
        }
        assert_eq!(told["correlations"]["unexplained"], json!([]), "{told}");
        // The comparison of the two says the same.
        let pair = json!({ "profile_a_id": made[0], "profile_b_id": made[phase] }).to_string();
        assert_eq!(good(&service.post("/profiles/compare", &pair))["correlations"], told["correlations"]);

        // The remedy is what ran when all was well.
        let remedy = &told["recommendations"]["recommendations"][0];
        assert_eq!(remedy["rule"], rule, "{told}");
        let command = remedy["action"]["command"].as_str().expect("a command");
        let arguments: Vec<&str> = command.split(' ').skip(1).collect();
        assert_eq!(values(&compiled(folder, &arguments).0), values(&configurations[0]), "{command}");

        // The command line says the same of the same store.
        let named = ["assess", "--profile", &made[phase], "--format", "json"];
        let ran = tdsql(folder, &named);
        assert_eq!((ran.status.code(), document(&ran)), (Some(1), told.clone()));
        let page = String::from_utf8(tdsql(folder, &named[..3]).stdout).expect("text");
        assert!(page.contains(cause) && page.contains(command) && page.lines().count() <= 60, "{page}");

        // And of the telemetry of the window, which nobody keeps.
        let [start, end] = window(phase);
        let fresh = ["drift", "--cluster", "prod", "--namespace", "orders", "--prometheus", &prometheus.address];
        let ran = tdsql(folder, &[&fresh[..], &["--from", &start, "--to", &end, "--format", "json"]].concat());
        assert_eq!(document(&ran)["deviations"], told["drift"]["deviations"]);
    }
    // The newest profile is the last.
    let newest = good(&service.post("/drift", &json!({ "cluster_id": "prod", "namespace": "orders" }).to_string()));
    assert_eq!(newest["profile_id"], made[2].as_str());
    assert_eq!(good(&service.get("/profiles")).as_array().expect("a list").len(), 3);
}
