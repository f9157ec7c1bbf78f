//! `tdsql profile create`: the same profile as the service's, on the same store.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::collect::{found, is_instant};
use crate::scripted::{Asked, Reply, Scripted, series};
use crate::secrets::{SECRETS, clean};

const PASSWORD: &str = "hunter2-of-the-source";

/// Runs the program in a folder, where its store is too.
pub(crate) fn tdsql(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tdsql"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("TDSQL_STORE", folder.join("store"))
        .env("TDSQL_TEST_PASSWORD", PASSWORD)
        .output()
        .expect("the binary runs")
}

/// Makes a profile of an hour of 2026-01-01 of this cluster.
pub(crate) fn make(folder: &Path, cluster: &str, arguments: &[&str]) -> Output {
    let mut all = vec!["profile", "create", "--cluster", cluster, "--format", "json"];
    all.extend(["--from", "2026-01-01T00:30:00Z", "--to", "2026-01-01T01:30:00Z"]);
    all.extend(arguments);
    tdsql(folder, &all)
}

#[track_caller]
pub(crate) fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|fault| {
        panic!("{fault}: {text}{}", String::from_utf8_lossy(&output.stderr));
    })
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

fn answers(_: usize, asked: &Asked) -> Reply {
    if is_instant(asked) { found("") } else { series(&["1", "3"]) }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

#[test]
fn a_profile_is_made_with_no_service_and_found_in_the_store() {
    let (folder, scripted) = (folder(), Scripted::new(answers));
    let address = scripted.address();
    let named = ["--prometheus", address, "--namespace", "payments", "--task-queue", "orders", "--label", "nightly"];
    let versions = ["--temporal-version", "1.29.0", "--plugin-version", "0.2.0", "--worker-code", "0123abc"];
    let made = make(folder.path(), "prod", &[&named[..], &versions, &["--name", "before"]].concat());
    assert_eq!(code(&made), 0, "{}", String::from_utf8_lossy(&made.stderr));
    let metadata = json(&made);
    assert_eq!((&metadata["name"], &metadata["label"]), (&"before".into(), &"nightly".into()));
    assert_eq!(metadata["time_window_start"], "2026-01-01T00:30:00Z");

    let listed = json(&tdsql(folder.path(), &["profile", "list", "--format", "json"]));
    assert_eq!(listed, Value::Array(vec![metadata.clone()]));
    let id = metadata["id"].as_str().expect("it has an id");
    let shown = json(&tdsql(folder.path(), &["profile", "show", id, "--format", "json"]));
    for (field, value) in [
        ("temporal_server_version", "1.29.0"),
        ("dsql_plugin_version", "0.2.0"),
        ("worker_code_sha", "0123abc"),
        ("task_queue", "orders"),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert!(scripted.asked().iter().any(|asked| asked.body.contains("payments")), "it is asked for the namespace");
}

#[test]
fn for_a_person_it_says_what_was_measured_and_takes_the_last_hour() {
    let (folder, scripted) = (folder(), Scripted::new(answers));
    let named = ["profile", "create", "--prometheus", scripted.address(), "--cluster", "prod"];
    let made = tdsql(folder.path(), &named);
    let text = String::from_utf8_lossy(&made.stdout).into_owned();
    assert_eq!(code(&made), 0, "{}", String::from_utf8_lossy(&made.stderr));
    let listed = json(&tdsql(folder.path(), &["profile", "list", "--format", "json"]));
    let time = |field: &str| listed[0][field].as_str().expect("a time").parse().expect("it is one");
    let [start, end, at]: [tdsql::model::behaviour::Timestamp; 3] =
        ["time_window_start", "time_window_end", "created_at"].map(time);
    // Its last samples have had their time to arrive.
    let settled = std::time::Duration::from_secs(crate::CATALOG.telemetry.window.settle.into());
    assert_eq!((end.as_micros() - start.as_micros(), end), (3_600_000_000, at.before(settled)));
    assert!(!String::from_utf8_lossy(&made.stderr).contains("incomplete"));
    assert_eq!(listed[0]["name"], format!("prod {start}"));
    assert!(text.contains(&format!("tdsql profile show {}", listed[0]["id"].as_str().expect("an id"))), "{text}");
    let all = crate::CATALOG.metrics.len();
    assert!(text.contains(&format!("{all} of {all} metrics measured")), "{text}");
}

#[test]
fn the_settings_of_the_service_say_how_to_be_let_in_and_where_to_keep_it() {
    let (folder, scripted) = (folder(), Scripted::new(answers));
    let settings = format!(
        "[store]\nat = \"kept\"\n[prometheus]\nurl = \"{}\"\nuser = \"ada\"\npassword_env = \"TDSQL_TEST_PASSWORD\"\n\
         header_env = {{ X-Scope-OrgID = \"TDSQL_TEST_PASSWORD\" }}\n",
        scripted.address()
    );
    std::fs::write(folder.path().join("settings.toml"), settings).expect("it can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tdsql"));
    command.args(["profile", "create", "--cluster", "prod", "--settings", "settings.toml", "--format", "json"]);
    let made = command.current_dir(folder.path()).env_clear().env("TDSQL_TEST_PASSWORD", PASSWORD).output();
    let made = made.expect("the binary runs");
    assert_eq!(code(&made), 0, "{}", String::from_utf8_lossy(&made.stderr));
    let listed = json(&tdsql(folder.path(), &["profile", "list", "--store", "kept", "--format", "json"]));
    assert_eq!(listed[0]["id"], json(&made)["id"]);
    for asked in scripted.asked() {
        let head = asked.head.to_ascii_lowercase();
        assert!(head.contains("authorization: basic ") && head.contains(&format!("x-scope-orgid: {PASSWORD}")));
    }
}

#[test]
fn what_cannot_be_made_is_told_apart_and_keeps_nothing() {
    let folder = folder();
    let refusing = Scripted::new(|_, _| {
        let said = format!("no entry with {PASSWORD}");
        Reply::Say("403 Forbidden", "", format!(r#"{{"status":"error","error":"{said}"}}"#))
    });
    let with_password = refusing.address().replace("http://", &format!("http://ada:{PASSWORD}@"));
    // Wrong usage, a request that cannot stand, a source that is not there, refuses, or is no address.
    let backwards = ["--from", "2026-01-01T02:00:00Z", "--to", "2026-01-01T01:00:00Z", "--label", "\u{7}"];
    for (arguments, exit, errors) in [
        (&["--from", "yesterday", "--prometheus", "http://127.0.0.1:9"][..], 2, 0),
        (&["--worker-code", "HEAD", "--prometheus", "http://127.0.0.1:9"], 2, 0),
        (&[&backwards[..], &["--prometheus", "http://127.0.0.1:9"]].concat(), 1, 2),
        (&[], 1, 1),
        (&["--prometheus", "http://127.0.0.1:9"], 4, 1),
        (&["--prometheus", "ftp://127.0.0.1"], 4, 1),
        (&["--settings", "none.toml"], 4, 1),
        (&["--prometheus", &with_password], 4, 1),
    ] {
        let mut all = vec!["profile", "create", "--cluster", "prod", "--format", "json"];
        all.extend(arguments);
        let refused = tdsql(folder.path(), &all);
        let [out, err] = [&refused.stdout, &refused.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(code(&refused), exit, "{arguments:?}: {out}{err}");
        assert!(!out.contains(PASSWORD) && !err.contains(PASSWORD), "{arguments:?}: {out}{err}");
        if errors > 0 {
            assert_eq!(json(&refused)["errors"].as_array().map(Vec::len), Some(errors), "{arguments:?}: {out}");
        }
    }
    let listed = tdsql(folder.path(), &["profile", "list", "--format", "json"]);
    assert_eq!(json(&listed), Value::Array(Vec::new()));
}

#[test]
fn the_frontend_says_which_server_ran() {
    let (folder, scripted) = (folder(), Scripted::new(answers));
    let frontend = Scripted::new(|_, _| Reply::Say("200 OK", "", r#"{"serverVersion":"1.30.2"}"#.to_owned()));
    let of = |frontend: &str| {
        make(folder.path(), "prod", &["--prometheus", scripted.address(), "--temporal-address", frontend])
    };
    let made = json(&of(frontend.address()));
    let id = made["id"].as_str().unwrap_or_else(|| panic!("it is made: {made}"));
    let shown = json(&tdsql(folder.path(), &["profile", "show", id, "--format", "json"]));
    assert_eq!(shown["temporal_server_version"], "1.30.2");
    // What was asked for and not told is no profile without it.
    let silent = Scripted::new(|_, _| Reply::Say("404 Not Found", "", "no such page".to_owned()));
    for (address, text) in [
        (silent.address(), "the Temporal frontend answered 404: no such page"),
        ("http://ada:s3cret@temporal:7243", "--temporal-address: user and password have no place in it"),
        ("temporal:7243", "--temporal-address: it is no http or https URL of a host"),
    ] {
        let refused = of(address);
        let told = format!("{}{}", String::from_utf8_lossy(&refused.stdout), String::from_utf8_lossy(&refused.stderr));
        assert!(code(&refused) == 4 && told.contains(text) && !told.contains("s3cret"), "{told}");
    }
    let both = make(folder.path(), "prod", &["--temporal-version", "1.29.0", "--temporal-address", frontend.address()]);
    assert_eq!(code(&both), 2);
    let listed = json(&tdsql(folder.path(), &["profile", "list", "--format", "json"]));
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

/// Writes files into a folder.
fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("it can be written");
    }
}

#[test]
fn files_and_collectors_say_what_ran() {
    let (folder, scripted) = (folder(), Scripted::new(answers));
    let preset = crate::CATALOG.presets.keys().next().expect("there is a preset");
    let compiled = tdsql(folder.path(), &["compile", preset, "-o", "out", "--temporal-version", "1.29.0"]);
    assert_eq!(code(&compiled), 0, "{}", String::from_utf8_lossy(&compiled.stderr));
    write(
        folder.path(),
        &[
            ("dc.yaml", "frontend.rps:\n- value: 1234\n"),
            ("one.env", "TEMPORAL_SQL_MAX_CONNS=70\nOTHER=1\n"),
            ("two.env", "OTHER=2\nDB_PASSWORD=x\n"),
            ("workers.json", "{\"max_concurrent_activities\": 77}"),
            ("task.json", "[{\"secrets\": [{\"name\": \"FROM_ELSEWHERE\", \"valueFrom\": \"arn\"}]}]"),
            ("settings.toml", "[collectors.prod]\nconfig_profile = \"out/profile.json\"\nenv_file = \"one.env\"\n"),
        ],
    );
    let address = scripted.address();
    let named = ["--prometheus", address, "--settings", "settings.toml", "--collector", "prod"];
    let files = ["--dynamic-config", "dc.yaml", "--env-file", "two.env", "--worker-options", "workers.json"];
    let made = make(folder.path(), "prod", &[&named[..], &files, &["--task-definition", "task.json"]].concat());
    assert_eq!(code(&made), 0, "{}", String::from_utf8_lossy(&made.stderr));
    let id = json(&made)["id"].as_str().expect("it has an id").to_owned();
    let shown = json(&tdsql(folder.path(), &["profile", "show", &id, "--format", "json"]));
    assert_eq!(shown["temporal_server_version"], "1.29.0");
    let config = &shown["config_snapshot"];
    assert_eq!(config["dynamic_config"], serde_json::json!([{ "key": "frontend.rps", "value": 1234 }]));
    assert_eq!(config["worker_options"]["max_concurrent_activities"], 77);
    assert_eq!(config["dsql_plugin_config"]["max_conns"], 70);
    assert_eq!(config["config_profile"]["preset_name"], preset.as_ref());
    let variables = config["server_env_vars"].as_array().expect("a list");
    let value = |name: &str| variables.iter().find(|one| one["name"] == name).map(|one| one["value"].clone());
    for (name, expected) in [("OTHER", "2"), ("DB_PASSWORD", "[redacted]"), ("FROM_ELSEWHERE", "[redacted]")] {
        assert_eq!(value(name), Some(expected.into()), "{name}");
    }
}

#[test]
fn faulty_files_are_told_together_and_nothing_is_made() {
    let (folder, scripted) = (folder(), Scripted::new(answers));
    write(folder.path(), &[("dc.yaml", "a: 1\nb: 2\n"), ("w.yaml", "- 1\n"), ("settings.toml", "[collectors.prod]\n")]);
    let of = ["--prometheus", scripted.address(), "--settings", "settings.toml"];
    for (arguments, exit, errors) in [
        (&["--dynamic-config", "dc.yaml", "--worker-options", "w.yaml"][..], 1, 3),
        (&["--dynamic-config", "none.yaml", "--env-file", "none.env"], 4, 2),
        (&["--collector", "prd"], 1, 1),
    ] {
        let refused = make(folder.path(), "prod", &[&of[..], arguments].concat());
        assert_eq!(code(&refused), exit, "{arguments:?}");
        let told = json(&refused)["errors"].clone();
        assert_eq!(told.as_array().map(Vec::len), Some(errors), "{told}");
        assert!(told[0]["help"].is_string(), "{told}");
    }
    assert_eq!(code(&make(folder.path(), "prod", &["--prometheus", scripted.address(), "--collector", "prod"])), 2);
    assert!(scripted.asked().is_empty() && !folder.path().join("store").exists());
}

/// Secrets in every file, in names and in what the source says: none is in the store, nor in any answer.
#[test]
fn planted_secrets_end_nowhere() {
    let said = |asked: &Asked, number: usize| {
        // Those that their looks give away.
        let (_, secret) = SECRETS[1 + number % 6];
        if is_instant(asked) {
            found(&format!("\"cluster\":{}", Value::from(secret)))
        } else if number.is_multiple_of(2) {
            let body = serde_json::json!({ "status": "error", "error": format!("no access for {secret}") });
            Reply::Say("400 Bad Request", "", body.to_string())
        } else {
            let data = serde_json::json!({ "resultType": "matrix", "result": [] });
            let body = serde_json::json!({ "status": "success", "data": data, "warnings": [format!("saw {secret}")] });
            Reply::Say("200 OK", "", body.to_string())
        }
    };
    let (folder, scripted) = (folder(), Scripted::new(move |number, asked| said(asked, number)));
    let variables: String = SECRETS.iter().map(|(name, secret)| format!("{name}='{secret}'\n")).collect();
    let options: serde_json::Map<_, _> =
        SECRETS.iter().map(|(name, secret)| ((*name).to_owned(), Value::from(*secret))).collect();
    let yaml: String = options.iter().map(|(name, value)| format!("custom.{name}:\n- value: {value}\n")).collect();
    write(folder.path(), &[("dc.yaml", &yaml), ("x.env", &variables), ("w.json", &Value::Object(options).to_string())]);
    let files = ["--dynamic-config", "dc.yaml", "--env-file", "x.env", "--worker-options", "w.json"];
    let names = ["--name", SECRETS[1].1, "--label", SECRETS[2].1, "--task-queue", SECRETS[4].1];
    let made = make(folder.path(), "prod", &[&["--prometheus", scripted.address()][..], &files, &names].concat());
    assert_eq!(code(&made), 0, "{}", String::from_utf8_lossy(&made.stderr));
    let id = json(&made)["id"].as_str().expect("it has an id").to_owned();
    let mut outputs = vec![made];
    for arguments in
        [&["profile", "list"][..], &["profile", "show", &id], &["profile", "show", &id, "--format", "json"]]
    {
        outputs.push(tdsql(folder.path(), arguments));
    }
    // A refusal shows no more: the cluster that is asked for is a secret, and so are those that there are.
    outputs.push(make(folder.path(), SECRETS[5].1, &["--prometheus", scripted.address()]));
    for output in &outputs {
        clean(&String::from_utf8_lossy(&output.stdout));
        clean(&String::from_utf8_lossy(&output.stderr));
    }
    let files = crate::secrets::files_below(&folder.path().join("store"));
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        clean(&String::from_utf8_lossy(&std::fs::read(&file).expect("it can be read")));
    }
}
