//! `tdsql profile`, on a store that the library has filled.

use std::path::Path;
use std::process::{Command, Output};
use tdsql::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, DynamicConfigEntry, EnvVarEntry, GapState, MetricAggregate, ProfileId, Section,
    Statistics, TelemetrySummary, Timestamp,
};
use tdsql::store::{Location, Store};

use crate::support::{root, snapshots};

fn tdsql(store: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tdsql"))
        .args(arguments)
        .current_dir(store.parent().expect("a folder"))
        .env_clear()
        .env("COLUMNS", "80")
        .env("TDSQL_STORE", store)
        .output()
        .expect("the binary runs")
}

/// What was asked, the exit code, and both streams.
fn transcript(store: &Path, arguments: &[&str]) -> String {
    let output = tdsql(store, arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let shown = format!(
        "$ tdsql {}\n{}{}[exit {}]\n",
        arguments.join(" "),
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().expect("it ends by itself")
    );
    shown.replace(&store.parent().expect("a folder").display().to_string(), "[folder]")
}

fn runs<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn profile(number: u8, cluster: &str, namespace: Option<&str>) -> BehaviourProfile {
    let mut telemetry = TelemetrySummary::default();
    let measured = Statistics::new([0.0, 1234.5678, 0.012_34, 5.0, 99.95, 12_345_678.9]).expect("finite");
    telemetry
        .section_mut(Section::Latency)
        .insert("workflow_schedule_to_start_p99", MetricAggregate::Measured(measured));
    telemetry.section_mut(Section::DsqlPool).insert(
        "reservoir_size",
        MetricAggregate::gap(GapState::NotApplicable, "the reservoir is off in every service of this cluster"),
    );
    telemetry
        .section_mut(Section::Resources)
        .insert("cpu_utilization.history", MetricAggregate::gap(GapState::Failed, "the source answered 503"));
    BehaviourProfile {
        id: ProfileId::from_bytes([1, 0x93, number, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number]),
        name: format!("release {number}"),
        label: number.is_multiple_of(2).then(|| "nightly".to_owned()),
        cluster_id: cluster.to_owned(),
        namespace: namespace.map(str::to_owned),
        task_queue: None,
        time_window_start: time("2026-03-01T00:00:00Z"),
        time_window_end: time("2026-03-01T01:30:00Z"),
        temporal_server_version: Some(semver::Version::new(1, 29, 0)),
        dsql_plugin_version: None,
        worker_code_sha: None,
        config_snapshot: ConfigSnapshot {
            dynamic_config: vec![DynamicConfigEntry {
                key: "some.key".to_owned(),
                value: 3.into(),
                constraints: std::collections::BTreeMap::new(),
            }],
            server_env_vars: vec![EnvVarEntry::plain("A", "b"), EnvVarEntry::redacted("PASSWORD")],
            ..ConfigSnapshot::default()
        },
        telemetry,
        created_at: Timestamp::from_micros(time("2026-03-01T02:00:00Z").as_micros() + i64::from(number))
            .expect("a time"),
        is_baseline: false,
    }
}

#[test]
fn profiles_are_listed_shown_marked_deleted_and_collected() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("store");
    let mut text = transcript(&place, &["profile", "list"]);
    let first = profile(1, "prod", Some("payments"));
    runs(async {
        let store = Store::open(&Location::directory(&place)).await.expect("the store opens");
        for profile in [&first, &profile(2, "prod", Some("payments")), &profile(3, "staging", None)] {
            store.create(profile).await.expect("created");
        }
        let orphan = profile(4, "prod", None);
        store.documents().put(orphan.id, b"{}".to_vec()).await.expect("written");
    });
    let id = first.id.to_string();
    for arguments in [
        &["profile", "list"][..],
        &["profile", "baseline", &id],
        &["profile", "list", "--cluster", "prod", "--limit", "1"],
        &["profile", "list", "--label", "nightly", "--format", "json"],
        &["profile", "list", "--namespace", "other"],
        &["profile", "list", "--from", "2026-03-01T01:30:00.000001Z"],
        &["profile", "show", &id],
        &["profile", "show", &id, "--format", "json"],
        &["profile", "gc", "--format", "json"],
        &["profile", "gc"],
        &["profile", "delete", &id],
        &["profile", "delete", &id],
        &["profile", "show", "../etc/passwd", "--format", "json"],
        &["profile", "baseline", &id, "--format", "json"],
    ] {
        text.push('\n');
        text.push_str(&transcript(&place, arguments));
    }
    snapshots("cli").bind(|| insta::assert_snapshot!("profile", text));
}

#[test]
fn a_list_goes_on_where_its_cursor_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("store");
    runs(async {
        let store = Store::open(&Location::directory(&place)).await.expect("the store opens");
        for number in 1..=5 {
            store.create(&profile(number, "prod", None)).await.expect("created");
        }
    });
    let (mut names, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut arguments = vec!["profile", "list", "--limit", "2", "--format", "json"];
        arguments.extend(cursor.iter().flat_map(|cursor| ["--cursor", cursor]));
        let output = tdsql(&place, &arguments);
        assert!(output.status.success());
        let page: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
        let page = page.as_array().expect("an array").clone();
        names.extend(page.iter().map(|profile| profile["name"].as_str().expect("a name").to_owned()));
        let told = String::from_utf8(output.stderr).expect("UTF-8");
        match told.trim().strip_prefix("note: there are more: --cursor ") {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(names, ["release 5", "release 4", "release 3", "release 2", "release 1"]);
}

#[test]
fn what_is_no_store_or_no_filter_is_wrong_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("store");
    let mut text = String::new();
    for arguments in [
        &["profile", "list", "--store", "mysql://root:hunter2@db/x"][..],
        &["profile", "list", "--store", "postgres://app:hunter2@db/x"],
        &["profile", "list", "--store", "dsql://somewhere", "--bucket", "b"],
        &["profile", "list", "--bucket", "b", "--documents", "d"],
        &["profile", "list", "--from", "yesterday"],
        &["profile", "list", "--cursor", "1"],
        &["profile", "list", "--limit", "0"],
        &["profile", "gc", "--older-than", "soon"],
    ] {
        let told = transcript(&place, arguments);
        let (asked, answer) = told.split_once('\n').expect("the command, then its answer");
        assert!(!answer.contains("hunter2"), "{answer}");
        text.push_str(&format!("{asked}\n{answer}\n"));
    }
    snapshots("cli").bind(|| insta::assert_snapshot!("profile-usage", text));
    assert!(!place.exists(), "wrong usage makes no store");
}

#[test]
fn what_is_wrong_is_told_at_once_with_what_helps() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("store");
    let [one, other] = [1, 2].map(|number| format!("0193aaaa-0000-7000-8000-00000000000{number}"));
    // Nothing listens on port 9 of this machine.
    let create =
        ["profile", "create", "--prometheus", "http://127.0.0.1:9", "--cluster", "c", "--to", "2026-01-02T00:00:00Z"];
    let mut text = String::new();
    for arguments in [
        &["profile", "compare", &one, &other][..],
        &["profile", "compare", &one, &one],
        &[&create[..], &["--from", "2026-01-01T23:00:00Z"]].concat(),
        &[&create[..], &["--from", "2025-01-01T00:00:00Z", "--dynamic-config", "nosuch.yaml"]].concat(),
    ] {
        text.push_str(&transcript(&place, arguments));
        text.push('\n');
    }
    snapshots("cli").bind(|| insta::assert_snapshot!("profile-refusals", text));
}

/// Exit code 4, the store that failed, and no secret.
#[test]
fn stores_that_fail_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").expect("written");
    // Nothing listens on port 9 of this machine.
    let unreachable = ["profile", "list", "--store", "postgres://app:hunter2@127.0.0.1:9/x", "--documents", "d"];
    for (arguments, store) in
        [(&["profile", "list"][..], "the document store failed"), (&unreachable[..], "the index failed")]
    {
        for format in ["text", "json"] {
            let output = tdsql(&file, &[arguments, &["--format", format]].concat());
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.code(), Some(4), "{text}");
            assert!(text.contains(store) && !text.contains("hunter2"), "{text}");
            if format == "json" {
                let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
                assert_eq!(document["errors"][0]["code"], "io");
            }
        }
    }
}

/// A catalog in the user's directory is not disturbed by the store beside it.
#[test]
fn the_usual_store_is_beside_the_users_catalog() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_tdsql"))
            .args(arguments)
            .current_dir(root())
            .env_clear()
            .env("XDG_DATA_HOME", home.path())
            .output()
            .expect("the binary runs")
    };
    assert!(run(&["profile", "list"]).status.success());
    assert!(home.path().join("tdsql/store/index.sqlite").is_file());
    let output = run(&["--no-local", "check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
