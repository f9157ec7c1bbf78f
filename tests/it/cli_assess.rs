//! `tdsql assess`, on profiles in files and in a store.

use crate::cli::Place;
use crate::cli_recommend::{folder, healthy, more_partitions, smaller_pool};
use crate::support::snapshots;
use serde_json::{Value, json};
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, GapState, MetricAggregate, Section, Statistics, TelemetrySummary,
};
use tdsql::store::{Location, Store};

fn place() -> Place {
    folder(&[("before.json", &healthy()), ("pool.json", &smaller_pool()), ("partitions.json", &more_partitions())])
}

fn assessed(place: &Place, profile: &str, code: i32) -> Value {
    place.run(&["assess", "--profile", profile, "--baseline", "before.json", "--format", "json"]).ends(code).json()
}

#[test]
fn the_cause_and_the_remedy_stand_on_one_page() {
    let place = place();
    for (name, profile) in [("assess-smaller-pool", "pool.json"), ("assess-more-partitions", "partitions.json")] {
        let ran = place.run(&["assess", "--profile", profile, "--baseline", "before.json"]).ends(1);
        assert!(ran.stdout.lines().count() <= 60, "{}", ran.stdout);
        snapshots("judge").bind(|| insta::assert_snapshot!(name, ran.stdout));
    }
    for (profile, cause, remedy) in [
        ("pool.json", "persistence.maxConns", json!({ "persistence.maxConns": 50 })),
        (
            "partitions.json",
            "matching.numTaskqueueReadPartitions",
            json!({ "matching.numTaskqueueReadPartitions": 8, "matching.numTaskqueueWritePartitions": 8 }),
        ),
    ] {
        let told = assessed(&place, profile, 1);
        let first = &told["correlations"]["explanations"][0];
        assert_eq!((&first["key"], &first["set"]), (&json!(cause), &json!(true)), "{told}");
        let action = &told["recommendations"]["recommendations"][0]["action"];
        assert_eq!(action["overrides"]["values"], remedy, "{told}");
        let command = action["command"].as_str().expect("a command");
        let arguments: Vec<&str> = command.split(' ').skip(1).collect();
        Place::new().run(&[&["--no-local"], &arguments[..]].concat()).ends(0);
    }
}

#[test]
fn a_comparison_says_what_explains_what() {
    let place = place();
    let told = place.run(&["profile", "compare", "before.json", "pool.json", "--format", "json"]).ends(0).json();
    let assessed = assessed(&place, "pool.json", 1);
    assert_eq!(told["correlations"], assessed["correlations"]);
    // Every regression of the comparison is explained, or said to be explained by nothing.
    let correlations = &told["correlations"];
    let list = |of: &Value| of.as_array().expect("a list").clone();
    let effects: Vec<Value> =
        list(&correlations["explanations"]).iter().flat_map(|found| list(&found["effects"])).collect();
    let unexplained = list(&correlations["unexplained"]);
    for diff in list(&told["telemetry_diffs"]).iter().filter(|diff| diff["direction"] == json!("regressed")) {
        let explained = effects.iter().any(|effect| effect["metric"] == diff["metric"]);
        assert_ne!(explained, unexplained.contains(&diff["metric"]), "{diff}");
    }
    // What no threshold lets count is no regression, and nothing has to explain it.
    let lenient = ["latency", "errors", "throughput"].map(|category| format!("--threshold={category}=1e6"));
    let mut arguments = vec!["profile", "compare", "before.json", "pool.json", "--format", "json"];
    arguments.extend(lenient.iter().map(String::as_str));
    let told = place.run(&arguments).ends(0).json();
    assert_eq!(told["correlations"]["explanations"], json!([]));
    assert_eq!(told["correlations"]["unexplained"], json!([]));
}

#[test]
fn health_ends_with_0_and_what_nobody_knows_does_not() {
    let mut good = healthy();
    for (section, name, value) in
        [(Section::DsqlPool, "reservoir_size", 740.0), (Section::Latency, "workflow_schedule_to_start_p95", 40.0)]
    {
        let value = MetricAggregate::Measured(Statistics::new([value; 6]).expect("finite"));
        good.telemetry.section_mut(section).insert(name, value);
    }
    let again = BehaviourProfile { id: smaller_pool().id, ..good.clone() };
    let telemetry =
        TelemetrySummary::complete(good.telemetry.iter().map(|(section, name, _)| (section, name)), |_, _| {
            MetricAggregate::gap(GapState::Absent, "nothing was scraped")
        });
    let blind = BehaviourProfile { telemetry, ..again.clone() };
    let bare = BehaviourProfile { config_snapshot: ConfigSnapshot::default(), ..again.clone() };
    let place = folder(&[("before.json", &good), ("again.json", &again), ("blind.json", &blind), ("bare.json", &bare)]);
    let ran = place.run(&["assess", "--profile", "again.json", "--baseline", "before.json"]).ends(0);
    snapshots("judge").bind(|| insta::assert_snapshot!("assess-healthy", ran.stdout));
    assert_eq!(assessed(&place, "blind.json", 1)["health"], json!("inconclusive"));
    // Without a configuration nothing can be recommended and no bound is known; drift is told all the same.
    let told = assessed(&place, "bare.json", 1);
    assert_eq!((&told["health"], &told["recommendations"]), (&json!("inconclusive"), &Value::Null));
    assert_eq!(told["drift"]["label"], json!("steady"));
    assert_eq!(told["notes"].as_array().expect("a list").len(), 2, "{told}");
    // Without a baseline there is conformance alone.
    let ran = place.run(&["assess", "--profile", "again.json", "--format", "json"]).ends(1).json();
    assert_eq!((&ran["drift"], &ran["health"]), (&Value::Null, &json!("inconclusive")));
    assert_eq!(ran["conformance"]["label"], json!("conforming"));
}

#[test]
fn of_a_cluster_the_newest_profile_is_assessed() {
    let place = Place::new();
    let store = place.path().join("store").display().to_string();
    let whole = BehaviourProfile { namespace: None, ..more_partitions() };
    let late = |mut profile: BehaviourProfile, created: &str| {
        profile.created_at = created.parse().expect("a time");
        profile
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let location = Location::new(&store, None, None).expect("a location");
        let store = Store::open(&location).await.expect("it opens");
        store.create(&late(healthy(), "2026-03-01T03:00:00Z")).await.expect("it is kept");
        store.create(&late(whole.clone(), "2026-03-01T04:00:00Z")).await.expect("it is kept");
        store.create(&late(smaller_pool(), "2026-03-01T05:00:00Z")).await.expect("it is kept");
        store.set_baseline(healthy().id).await.expect("it is set");
    });
    let run = |arguments: &[&str]| {
        place.run(&[&["assess", "--store", &store, "--format", "json", "--cluster", "prod"], arguments].concat())
    };
    let told = run(&["--namespace", "orders"]).ends(1).json();
    assert_eq!(told["profile_id"], json!(smaller_pool().id.to_string()));
    assert_eq!(told["baseline_id"], json!(healthy().id.to_string()));
    assert_eq!(told["health"], json!("drifted_and_not_conforming"));
    // The cluster as a whole has a profile and no baseline.
    let told = run(&[]).ends(1).json();
    assert_eq!((&told["profile_id"], &told["baseline_id"]), (&json!(whole.id.to_string()), &Value::Null));
    let told = run(&["--namespace", "orders", "--profile", &healthy().id.to_string()]).ends(1).json();
    assert_eq!(told["notes"][0], json!("the profile is the baseline itself: drift and its causes cannot be told"));
    for (arguments, said) in [
        (&["--namespace", "other"][..], "no behaviour profile of cluster `prod`, namespace `other`"),
        (&["--profile", &healthy().id.to_string()], "a profile of cluster `prod`, namespace `orders`"),
        (&["--namespace", "orders", "--preset", "mid"], "mid-scale"),
        (&["--namespace", "orders", "--threshold", "latencies=3"], "did you mean `latency`"),
    ] {
        let errors = run(arguments).ends(1).errors();
        assert!(errors[0].to_string().contains(said), "{errors:?}");
    }
    place.run(&["assess", "--store", &store]).ends(2);
}
