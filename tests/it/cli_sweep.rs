//! `tdsql sweep`.

use crate::cli::{Place, shows};
use crate::support::{fired, good, values};
use serde_json::json;

#[test]
fn a_table_with_the_rails_on_the_way() {
    let ran = Place::new().run(&["sweep", "mid-scale", "--vary", "target_state_transitions_per_sec=10..1500:5"]);
    shows("sweep-table", &ran.ends(0));
}

#[test]
fn every_point_is_what_a_compile_gives() {
    let arguments =
        ["sweep", "starter+batch-processor", "--vary", "history.replicas=1..400:4", "--log", "--format", "json"];
    let ran = Place::new().run(&[&arguments[..], &["-s", "frontend.replicas=3"]].concat()).ends(0);
    let document = ran.json();
    assert_eq!(document["scale"], "log");
    let points = document["points"].as_array().expect("a list");
    assert_eq!(
        points.iter().map(|point| point["value"].clone()).collect::<Vec<_>>(),
        [1, 7, 54, 400].map(|at| json!(at))
    );
    for point in points {
        let replicas = point["value"].to_string();
        let set = [("frontend.replicas", "3"), ("history.replicas", replicas.as_str())];
        let compilation = good("starter", Some("batch-processor"), &set);
        let all = values(&compilation);
        let shown = point["values"].as_object().expect("values");
        assert!(!shown.is_empty());
        for (key, value) in shown {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(all[key], text, "{key} at {replicas}");
        }
        let both = ["errors", "warnings"].map(|list| point[list].as_array().expect("a list").clone()).concat();
        let told: Vec<String> = both.iter().map(|name| name.as_str().expect("a name").to_owned()).collect();
        assert_eq!(told, fired(&compilation), "at {replicas}");
    }
}

#[test]
fn a_point_that_cannot_be_evaluated_hides_no_other() {
    let arguments =
        ["sweep", "starter", "--vary", "history.replicas=-1..3:5", "--show", "load.processes", "--format", "csv"];
    shows("sweep-with-a-point-outside", &Place::new().run(&arguments).ends(0));
}

#[test]
fn durations_and_floats_have_ranges() {
    let place = Place::new();
    let at = |vary: &str| -> Vec<String> {
        let ran = place.run(&["sweep", "mid-scale", "--vary", vary, "--format", "csv"]).ends(0);
        ran.stdout.lines().skip(1).filter_map(|line| line.split(',').next().map(str::to_owned)).collect()
    };
    assert_eq!(at("dsql.reservoir_base_lifetime=30m..1h:3"), ["30m", "45m", "1h"]);
    assert_eq!(at("sdk.max_activities_per_second=0..1:3"), ["0.0", "0.5", "1.0"]);
}

#[test]
fn a_chart_has_each_line_and_each_rail() {
    let arguments = ["sweep", "mid-scale", "--vary", "history.replicas=1..1000:30", "--log", "--format", "svg"];
    let ran = Place::new().run(&arguments).ends(0);
    assert!(ran.stdout.starts_with("<svg ") && ran.stdout.ends_with("</svg>\n"), "{ran}");
    for name in ["load.open_connections", "error: open-connections-within-quota", "history.replicas (count)", "1,000"] {
        assert!(ran.stdout.contains(name), "`{name}` is in the chart");
    }
    assert!(!ran.stdout.contains("NaN") && !ran.stdout.contains("inf"), "every coordinate is a number");
}

#[test]
fn every_fault_is_told_at_once() {
    let arguments =
        ["sweep", "mid-scal", "--vary", "history.replicas=a..3:0", "--show", "nope", "-s", "x", "--format", "json"];
    let ran = Place::new().run(&arguments).ends(1);
    let mut codes = ran.codes();
    codes.sort();
    let expected = ["invalid_value", "invalid_value", "invalid_value", "unknown_parameter", "unknown_preset"];
    assert_eq!(codes, expected, "{ran}");
    for (vary, word) in [
        ("history.replicas", "has no `=`"),
        ("history.replicas=3", "has no `..`"),
        ("histroy.replicas=1..3", "did you mean `history.replicas`"),
        ("dsql.reservoir_enabled=0..1", "only numbers and durations"),
        ("load.processes=1..3", "cannot be varied"),
    ] {
        Place::new().run(&["sweep", "starter", "--vary", vary]).ends(1).says(&[word]);
    }
    Place::new().run(&["sweep", "starter", "--vary", "history.replicas=0..3", "--log"]).ends(1).says(&["above 0"]);
}
