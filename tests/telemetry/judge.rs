//! `tdsql drift` and `tdsql assess` of telemetry that is collected for them, and kept only where that is asked for.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::cli::{json as document, make, tdsql};
use crate::collect::{found, is_instant};
use crate::scripted::{Asked, Scripted, series};

/// A source of which every metric has these values.
fn source(values: &'static [&'static str]) -> Scripted {
    Scripted::new(move |_, asked: &Asked| if is_instant(asked) { found("") } else { series(values) })
}

/// Judges an hour of a cluster with this command.
fn judge(folder: &Path, command: &str, arguments: &[&str]) -> Output {
    let mut all = vec![command, "--cluster", "prod", "--format", "json"];
    all.extend(["--from", "2026-01-01T00:30:00Z", "--to", "2026-01-01T01:30:00Z"]);
    all.extend(arguments);
    tdsql(folder, &all)
}

#[track_caller]
fn ends(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    document(output)
}

fn listed(folder: &Path) -> Vec<Value> {
    let listed = document(&tdsql(folder, &["profile", "list", "--format", "json"]));
    listed.as_array().expect("a list is an array").clone()
}

#[test]
fn a_window_is_held_against_the_baseline_and_kept_only_where_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (steady, worse) = (source(&["100", "101"]), source(&["100", "900"]));
    let [steady, worse] = [&steady, &worse].map(|source| ["--prometheus", source.address()]);
    let before = ends(&make(folder.path(), "prod", &steady), 0)["id"].clone();
    let id = before.as_str().expect("an id");
    let unheld = ends(&judge(folder.path(), "drift", &steady), 1);
    assert!(unheld["errors"][0]["message"].as_str().is_some_and(|said| said.contains("no baseline")), "{unheld}");
    assert!(tdsql(folder.path(), &["profile", "baseline", id]).status.success());

    let told = ends(&judge(folder.path(), "drift", &steady), 0);
    assert_eq!((&told["label"], &told["profile_id"], &told["baseline_id"]), (&json!("steady"), &Value::Null, &before));
    let told = ends(&judge(folder.path(), "drift", &worse), 1);
    assert_eq!((&told["label"], &told["time_window_start"]), (&json!("drifted"), &json!("2026-01-01T00:30:00Z")));
    let told = ends(&judge(folder.path(), "assess", &[&worse[..], &["--preset", "mid-scale"]].concat()), 1);
    for of in [&told, &told["drift"], &told["conformance"], &told["recommendations"]] {
        assert_eq!(of["profile_id"], Value::Null, "{of}");
    }
    assert_eq!(told["baseline_id"], before);
    assert_eq!(listed(folder.path()).len(), 1, "nothing is kept");

    let kept = ends(&judge(folder.path(), "drift", &[&worse[..], &["--keep", "the bad hour"]].concat()), 1);
    assert_eq!(listed(folder.path())[0]["name"], "the bad hour");
    assert_eq!(kept["profile_id"], listed(folder.path())[0]["id"]);
    // Now it is the newest, and needs no source.
    let newest = ends(&tdsql(folder.path(), &["assess", "--cluster", "prod", "--format", "json"]), 1);
    assert_eq!((&newest["profile_id"], &newest["drift"]["label"]), (&kept["profile_id"], &json!("drifted")));
}

#[test]
fn what_cannot_be_collected_is_told_and_keeps_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let steady = source(&["1"]);
    let steady = ["--prometheus", steady.address()];
    let made = ends(&make(folder.path(), "prod", &steady), 0);
    let id = made["id"].as_str().expect("an id");
    for command in ["drift", "assess"] {
        ends(&judge(folder.path(), command, &["--prometheus", "http://127.0.0.1:9"]), 4);
        ends(&judge(folder.path(), command, &[]), 1);
        let long = tdsql(
            folder.path(),
            &[
                &[command, "--cluster", "prod", "--format", "json"][..],
                &steady,
                &["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-03T00:00:00Z"],
            ]
            .concat(),
        );
        ends(&long, 1);
    }
    // A profile has a window of its own.
    ends(&judge(folder.path(), "assess", &["--profile", id]), 1);
    ends(&judge(folder.path(), "drift", &[id]), 1);
    for usage in [&["drift"][..], &["assess", "--namespace", "payments"]] {
        assert_eq!(tdsql(folder.path(), usage).status.code(), Some(2));
    }
    assert_eq!(listed(folder.path()).len(), 1);
}
