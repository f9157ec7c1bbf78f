//! The nearest change that satisfies the guard rails.

use crate::support::{compiled, good, request};
use tdsql::compile::Request;
use tdsql::model::{ConfigProfile, NearestChange, Scalar};

/// What is proposed, one change after the other: `key: before -> after`, with `drop` where an override is left out.
fn told(nearest: &NearestChange) -> String {
    let changes = nearest.changes.iter().map(|change| {
        let drop = if change.action == NearestChange::DROP { "drop " } else { "" };
        format!("{drop}{}: {} -> {}", change.key, change.before, change.after)
    });
    let preset = nearest.preset.iter().map(|preset| format!("preset {preset}"));
    preset.chain(changes).collect::<Vec<_>>().join("; ")
}

fn nearest(preset: &str, set: &[(&str, &str)]) -> String {
    let compilation = good(preset, None, set);
    told(compilation.nearest_change().expect("a rail fires"))
}

#[test]
fn nothing_is_proposed_where_no_rail_fires() {
    assert!(good("mid-scale", None, &[]).nearest_change().is_none());
}

#[test]
fn a_wrong_override_of_a_derived_value_is_left_out() {
    assert_eq!(nearest("mid-scale", &[("persistence.maxIdleConns", "3")]), "drop persistence.maxIdleConns: 3 -> 50");
    assert_eq!(nearest("mid-scale", &[("dsql.quota.connections", "100")]), "drop dsql.quota.connections: 100 -> 10000");
}

#[test]
fn an_input_moves_to_the_nearest_figure_that_a_person_would_write() {
    assert_eq!(nearest("mid-scale", &[("history.replicas", "300")]), "history.replicas: 300 -> 16");
    assert_eq!(nearest("mid-scale", &[("typical_workflow_runtime", "1s")]), "typical_workflow_runtime: 1s -> 2s");
}

#[test]
fn a_load_outside_the_range_asks_for_the_preset_that_is_made_for_it() {
    let load = |preset: &str, load: &str| nearest(preset, &[("target_state_transitions_per_sec", load)]);
    assert_eq!(load("mid-scale", "1000"), "preset high-throughput");
    assert_eq!(load("mid-scale", "49"), "preset starter");
    assert_eq!(load("starter", "300"), "preset mid-scale");
    assert_eq!(load("high-throughput", "300"), "preset mid-scale");
    // What is wrong besides is mended as well.
    let set = [("target_state_transitions_per_sec", "1000"), ("persistence.maxIdleConns", "3")];
    assert_eq!(nearest("mid-scale", &set), "preset high-throughput; drop persistence.maxIdleConns: 3 -> 50");
}

#[test]
fn a_number_that_the_user_chose_goes_as_far_as_it_may() {
    assert_eq!(nearest("mid-scale", &[("persistence.maxConns", "900")]), "persistence.maxConns: 900 -> 260");
}

#[test]
fn several_things_that_the_user_set_give_way_before_what_he_did_not() {
    // Neither suffices alone: each goes as far as it may.
    let set = [("history.replicas", "300"), ("matching.replicas", "100")];
    assert_eq!(nearest("high-throughput", &set), "history.replicas: 300 -> 35; drop matching.replicas: 100 -> 6");
    assert_eq!(nearest("mid-scale", &set), "history.replicas: 300 -> 16; matching.replicas: 100 -> 29");
}

#[test]
fn independent_faults_are_mended_together_and_nothing_else_is_touched() {
    let set = [
        ("dsql.reservoir_target_ready", "0"),
        ("persistence.maxIdleConns", "3"),
        ("history.replicas", "200"),
        ("sdk.worker_count", "10"),
    ];
    let compilation = good("high-throughput", None, &set);
    let nearest = compilation.nearest_change().expect("rails fire");
    assert_eq!(
        told(nearest),
        "drop persistence.maxIdleConns: 3 -> 50; drop dsql.reservoir_target_ready: 0 -> 50; history.replicas: 200 -> 35"
    );
    assert_eq!(nearest.arguments, ["-s", "history.replicas=35", "-s", "sdk.worker_count=10"]);
}

#[test]
fn what_a_running_cluster_cannot_change_is_not_proposed() {
    // 512 shards cannot be owned by 600 hosts, and 16 shards on one host are few: more shards would do as well.
    let few = request("mid-scale", None, &[("history.shards", "16")]);
    let running: ConfigProfile = compiled(&few).expect("it compiles").profile();
    let against = Request { running: Some(running), ..request("mid-scale", None, &[]) };
    let compilation = compiled(&against).expect("it compiles");
    let nearest = compilation.nearest_change().expect("a rail fires");
    let shards = nearest.changes.iter().any(|change| change.key == "history.shards");
    assert!(!shards, "{}", told(nearest));
}

#[test]
fn a_rail_that_fired_tells_what_it_read_and_where_that_came_from() {
    let results = good("mid-scale", None, &[("history.replicas", "300")]).guard_rail_results();
    let open = results.iter().find(|rail| rail.rule_name == "open-connections-within-quota").expect("it fires");
    assert_eq!(open.condition, "load.open_connections <= dsql.quota.connections");
    assert_eq!(open.applies_when.as_deref(), Some("dsql.reservoir_enabled"));
    let operand = open.operands.first().expect("it reads something");
    assert_eq!((operand.name.as_str(), &operand.value), ("load.open_connections", &Scalar::Int(30900)));
    let place = operand.origin.as_ref().and_then(|origin| origin.place.clone()).expect("the registry is a file");
    assert!(place.starts_with("registry/parameters/load.toml:"), "{place}");
}

#[test]
fn a_refusal_tells_the_nearest_change() {
    let page = tdsql::compile::Page::default();
    let text = good("mid-scale", None, &[("history.replicas", "300")]).summary(&page).expect("it renders");
    let mut settings = crate::support::snapshots("compile");
    settings.add_filter(r"(registry/\S+?\.toml):\d+", "$1:[line]");
    settings.add_filter(r"from \d+ guard rails", "from [n] guard rails");
    settings.bind(|| insta::assert_snapshot!("refusal_with_nearest_change", text));
}
