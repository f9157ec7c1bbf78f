//! `tdsql profile compare`, `tdsql drift`, `tdsql conformance`, on profiles in files and in a store.

use crate::cli::{Place, Ran};
use crate::cli_recommend::{folder, healthy, smaller_pool};
use crate::support::snapshots;
use serde_json::json;
use tdsql::model::behaviour::{BehaviourProfile, GapState, MetricAggregate, Section, Statistics};
use tdsql::store::{Location, Store};

fn place() -> Place {
    folder(&[("before.json", &healthy()), ("after.json", &smaller_pool())])
}

fn shows(name: &str, ran: &Ran) {
    snapshots("judge").bind(|| insta::assert_snapshot!(name, ran.stdout));
}

#[test]
fn a_comparison_tells_what_changed_and_what_got_worse() {
    let place = place();
    shows("compare", &place.run(&["profile", "compare", "before.json", "after.json"]).ends(0));
    let told = place.run(&["profile", "compare", "before.json", "after.json", "--format", "json"]).ends(0).json();
    let first = &told["telemetry_diffs"][0];
    assert_eq!((&first["direction"], &first["severity"]), (&json!("regressed"), &json!("critical")));
    // A threshold that no change reaches leaves nothing.
    let lenient = ["latency", "errors", "throughput"].map(|category| format!("--threshold={category}=1e6"));
    let mut arguments = vec!["profile", "compare", "before.json", "after.json", "--format", "json"];
    arguments.extend(lenient.iter().map(String::as_str));
    let told = place.run(&arguments).ends(0).json();
    let diffs = told["telemetry_diffs"].as_array().expect("a list");
    assert!(diffs.iter().all(|diff| diff["deviates"] == json!(false)), "{diffs:?}");
}

#[test]
fn drift_is_told_and_ends_with_1() {
    let place = place();
    shows("drift", &place.run(&["drift", "after.json", "--baseline", "before.json"]).ends(1));
    let other = BehaviourProfile { cluster_id: "staging".to_owned(), ..smaller_pool() };
    let other = folder(&[("before.json", &healthy()), ("other.json", &other)]);
    let told = other.run(&["drift", "other.json", "--baseline", "before.json", "--format", "json"]).ends(1).json();
    assert_eq!(told["warnings"], json!(["the profiles are of different clusters: `prod` and `staging`"]));
    let steady = folder(&[("before.json", &healthy()), ("same.json", &healthy())]);
    shows("steady", &steady.run(&["drift", "same.json", "--baseline", "before.json"]).ends(0));
}

#[test]
fn conformance_follows_the_profiles_own_inputs() {
    let place = place();
    shows("conformance", &place.run(&["conformance", "after.json"]).ends(1));
    let mut good = healthy();
    for (section, name, value) in
        [(Section::DsqlPool, "reservoir_size", 740.0), (Section::Latency, "workflow_schedule_to_start_p95", 40.0)]
    {
        let value = MetricAggregate::Measured(Statistics::new([value; 6]).expect("finite"));
        good.telemetry.section_mut(section).insert(name, value);
    }
    shows("conforming", &folder(&[("good.json", &good)]).run(&["conformance", "good.json"]).ends(0));
    let other = place.run(&["conformance", "before.json", "--preset", "starter", "--format", "json"]).json();
    assert_eq!(other["basis"], json!("preset_defaults"));
    assert_eq!(place.run(&["conformance", "before.json", "--preset", "starer"]).ends(1).stdout, "");

    let mut blind = healthy();
    for (section, name, _) in healthy().telemetry.iter() {
        blind
            .telemetry
            .section_mut(section)
            .insert(name, MetricAggregate::gap(GapState::Absent, "nothing was scraped"));
    }
    let blind = folder(&[("blind.json", &blind)]);
    let told = blind.run(&["conformance", "blind.json", "--format", "json"]).ends(1).json();
    assert_eq!(told["label"], json!("inconclusive"));
}

#[test]
fn of_a_store_the_baseline_is_taken() {
    let place = Place::new();
    let store = place.path().join("store").display().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let location = Location::new(&store, None, None).expect("a location");
        let store = Store::open(&location).await.expect("it opens");
        store.create(&healthy()).await.expect("it is kept");
        store.create(&smaller_pool()).await.expect("it is kept");
    });
    let (before, after) = (healthy().id.to_string(), smaller_pool().id.to_string());
    place.run(&["drift", &after, "--store", &store]).ends(1).says(&["no baseline", "tdsql profile baseline"]);
    place.run(&["profile", "baseline", &before, "--store", &store]).ends(0);
    let told = place.run(&["drift", &after, "--store", &store, "--format", "json"]).ends(1).json();
    assert_eq!((&told["label"], &told["baseline_id"]), (&json!("drifted"), &json!(before)));
    place.run(&["profile", "compare", &before, &after, "--store", &store]).ends(0);
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let place = place();
    place.put("broken.json", "{").put("other.json", "[1, 2]").put("store/empty", "");
    place.run(&["profile", "compare", "before.json", "before.json"]).ends(1).says(&["both profiles"]);
    let missing = "01930900-0000-7000-8000-000000000009";
    for arguments in [
        &["profile", "compare", "before.json", "broken.json"][..],
        &["drift", "other.json", "--baseline", "before.json"],
        &["drift", "after.json"],
        &["drift", missing, "--store", "store"],
        &["conformance", "broken.json"],
        &["conformance", "no-id", "--store", "store"],
    ] {
        let ran = place.run(arguments).ends(1);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert_eq!(place.run(&[arguments, &["--format", "json"]].concat()).ends(1).errors().len(), 1, "{arguments:?}");
    }
    place
        .run(&["drift", "after.json", "--baseline", "before.json", "--threshold", "latencies=3"])
        .ends(1)
        .says(&["no category `latencies`", "did you mean `latency`"]);
    place.run(&["drift", "after.json", "--threshold", "latency"]).ends(2);
}
