//! `tdsql migrate` as its users meet it, and what it has to give beneath.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;
use tdsql::diag::SourceMap;
use tdsql::inputs::environment_entries;
use tdsql::migrate::{Against, migrate};

use crate::support::{fixtures, good, id, read, shipped, snapshots};

/// A folder of its own, and the binary in it with an empty environment.
pub(crate) struct Bench(tempfile::TempDir);

/// Exit code, standard output, standard error.
pub(crate) type Ran = (i32, String, String);

impl Bench {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (name, content) in files {
            fs::write(folder.path().join(name), content).expect("a file can be written");
        }
        Bench(folder)
    }

    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_tdsql"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("COLUMNS", "90")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(!out.contains("panicked") && !err.contains("panicked"), "{err}");
        (output.status.code().expect("no signal"), out, err)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(&[], arguments)
    }
}

pub(crate) fn json((_, out, err): &Ran) -> Value {
    serde_json::from_str(out).unwrap_or_else(|fault| panic!("one JSON document: {fault}\n{out}\n{err}"))
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array().expect("a list").iter().map(|entry| entry["env_var"].as_str().expect("a name")).collect()
}

const PRODUCTION: &str = "\
# production
export REGION=eu-west-1
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI
TEMPORAL_SQL_MAX_CONNS=80
TEMPORAL_SQL_MAX_IDLE_CONNS=80
TEMPORAL_SQL_MAX_CONN_LIFETIME=3300s
TEMPORAL_HISTORY_SHARDS=4096
DSQL_RESERVOIR_ENABLED=1
DSQL_RESERVOIR_TARGET_READY=50
DSQL_RESERVOIR_BASE_LIFETIME=45
DSQL_RESERVIOR_GUARD_WINDOW=45s
DSQL_TOKEN_DURATION='900s'
DSQL_STAGGERED_STARTUP=yes
DSQL_TOKEN_BUCKET_RATE=100
TEMPORAL_LOG_LEVEL=debug
MY_APP=1
DSQL_POOL_KEEPER_TICK_INTERVAL=
";

#[test]
fn every_variable_is_in_one_list() {
    let bench = Bench::new(&[("prod.env", PRODUCTION.as_bytes())]);
    let ran = bench.run(&["migrate", "mid-scale", "--env-file", "prod.env", "--plugin-version", "0.1.0"]);
    assert_eq!(ran.0, 1, "{}", ran.2);
    assert!(!ran.1.contains("wJalrXUtnFEMI") && !ran.2.contains("wJalrXUtnFEMI"), "a secret is shown");
    snapshots("migrate").bind(|| insta::assert_snapshot!("production", ran.1));
    let ran = bench.run(&["migrate", "mid-scale", "--env-file", "prod.env", "--format", "json"]);
    assert_eq!(ran.0, 1);
    let document = json(&ran);
    let kept = [
        "DSQL_RESERVOIR_TARGET_READY",
        "DSQL_RESERVOIR_ENABLED",
        "DSQL_TOKEN_DURATION",
        "TEMPORAL_SQL_MAX_CONN_LIFETIME",
    ];
    assert!(kept.iter().all(|name| names(&document["redundant"]).contains(name)), "{document:#}");
    assert_eq!(names(&document["invalid"]), ["DSQL_RESERVOIR_BASE_LIFETIME", "DSQL_STAGGERED_STARTUP"].into());
    assert_eq!(document["unknown"], serde_json::json!(["DSQL_RESERVIOR_GUARD_WINDOW", "MY_APP"]));
    assert_eq!(document["near"]["DSQL_RESERVIOR_GUARD_WINDOW"], "DSQL_RESERVOIR_GUARD_WINDOW");
}

/// Redundant by itself, but not beside the others: the remark says so.
#[test]
fn a_redundant_variable_that_holds_a_value_down_is_kept() {
    let bench = Bench::new(&[]);
    let (_, out, _) = bench.run_with(
        &[("TEMPORAL_SQL_MAX_CONNS", "80"), ("TEMPORAL_SQL_MAX_IDLE_CONNS", "50")],
        &["migrate", "mid-scale", "--format", "json"],
    );
    let document: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(names(&document["redundant"]), ["TEMPORAL_SQL_MAX_IDLE_CONNS"].into());
    let remark = document["redundant"][0]["remarks"][0].as_str().expect("a remark");
    assert!(remark.contains("the preset would give 80"), "{remark}");
}

#[test]
fn the_environment_is_read_where_no_file_is_named() {
    let bench = Bench::new(&[]);
    let (code, out, err) = bench.run_with(
        &[("DSQL_TOKEN_DURATION", "15m"), ("AWS_SESSION_TOKEN", "hunter2"), ("HOME", "/nowhere")],
        &["migrate", "--format", "json"],
    );
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("no preset named; the variables are held against `starter`"), "{err}");
    assert!(!out.contains("hunter2") && !out.contains("HOME"), "{out}");
    let document: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(names(&document["secret"]), ["AWS_SESSION_TOKEN"].into());
    let (code, _, err) = bench.run(&["migrate"]);
    assert_eq!(code, 0);
    assert!(err.contains("the environment has no variable"), "{err}");
}

#[test]
fn later_files_win_and_faults_refuse() {
    let bench = Bench::new(&[
        ("a.env", b"DSQL_TOKEN_DURATION=5m\nDSQL_RESERVOIR_ENABLED=false\n"),
        ("b.env", b"DSQL_TOKEN_DURATION=15m\n"),
        ("bad.env", b"no equals sign\n"),
    ]);
    let ran = bench.run(&["migrate", "starter", "--env-file", "a.env", "--env-file", "b.env", "--format", "json"]);
    assert_eq!(names(&json(&ran)["redundant"]).len(), 2, "{}", ran.1);
    let ran = bench.run(&["migrate", "nothing", "--env-file", "bad.env", "--format", "json"]);
    assert_eq!((ran.0, json(&ran)["errors"].as_array().map(Vec::len)), (1, Some(2)), "{}", ran.1);
    assert_eq!(bench.run(&["migrate", "--env-file", "nothere.env"]).0, 4);
}

/// Each name of the reference is known: none is renamed.
#[test]
fn every_name_of_the_reference_is_accepted() {
    let list = read(&fixtures().join("dsql-env-names.txt"));
    let names: Vec<&str> = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert!(names.len() >= 55, "{}", names.len());
    let variables = names.iter().map(|name| ((*name).to_owned(), "1".to_owned()));
    let entries = environment_entries(variables, &|_| true, &mut SourceMap::default());
    let against = Against { preset: shipped().default_preset.to_string(), ..Against::default() };
    let migration = migrate(shipped(), &against, &entries).expect("a known preset");
    assert_eq!(migration.unknown, []);
}

/// What a preset emits leads back to the preset, with nothing to override.
#[test]
fn a_suggestion_finds_the_preset_that_was_compiled() {
    for (preset, modifier) in [("starter", None), ("mid-scale", Some("batch-processor")), ("high-throughput", None)] {
        let compilation = good(preset, modifier, &[]);
        let lines: Vec<String> = shipped()
            .ids()
            .filter(|id| compilation.resolution.withheld(*id).is_none())
            .filter_map(|id| {
                let name = shipped().parameter(id).output(tdsql::model::Channel::EnvVars)?;
                Some(format!("{name}={}", compilation.resolution.text(id)))
            })
            .collect();
        let bench = Bench::new(&[("x.env", lines.join("\n").as_bytes())]);
        let document = json(&bench.run(&["migrate", "--env-file", "x.env", "--suggest", "--format", "json"]));
        let first = &document["suggestions"][0];
        assert_eq!(first["overrides"]["values"], serde_json::json!({}), "{first:#}");
        assert_eq!(first["preset"], preset, "{first:#}");
    }
}

/// One input that moves several values is found instead of an override for each.
#[test]
fn a_suggestion_names_the_input_behind_several_values() {
    let compilation = good("mid-scale", None, &[("history.replicas", "7"), ("persistence.maxConns", "60")]);
    let value = |key: &str| compilation.resolution.text(id(key));
    let variables = [
        ("TEMPORAL_SQL_MAX_CONNS", value("persistence.maxConns")),
        ("TEMPORAL_SQL_MAX_IDLE_CONNS", value("persistence.maxIdleConns")),
        ("DSQL_RESERVOIR_ENABLED", "true".to_owned()),
        ("DSQL_RESERVOIR_TARGET_READY", value("dsql.reservoir_target_ready")),
        ("DSQL_CONNECTION_RATE_LIMIT", value("dsql.connection_rate_limit")),
        ("DSQL_CONNECTION_BURST_LIMIT", value("dsql.connection_burst_limit")),
    ];
    let given: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let bench = Bench::new(&[]);
    let ran = bench.run_with(&given, &["migrate", "mid-scale", "--suggest", "--format", "json"]);
    let document = json(&ran);
    let suggestions = document["suggestions"].as_array().expect("a list");
    assert!(suggestions[0]["overrides"]["values"].as_object().expect("a map").len() <= 2, "{document:#}");
    // The command that is printed compiles to what was asked for.
    for suggestion in suggestions {
        let command = suggestion["command"].as_str().expect("a command");
        let arguments: Vec<&str> = command.split(' ').skip(1).chain(["--format", "json"]).collect();
        let result = json(&bench.run(&arguments));
        let profile = serde_json::to_string(&result["profile"]).expect("JSON");
        let profile: tdsql::model::ConfigProfile = serde_json::from_str(&profile).expect("a profile");
        for (name, value) in &variables {
            let id = shipped().find_variable(name).expect("a parameter's");
            let found = profile.get_param(&shipped().parameter(id).key).expect("it has a value");
            assert_eq!(found.value.to_string(), *value, "{name} of `{command}`");
        }
    }
}

/// A dynamic configuration beside the variables: what a preset emitted is all redundant, and leads back to it.
#[test]
fn a_dynamic_configuration_is_held_against_the_preset_too() {
    let compilation = good("mid-scale", Some("orchestrator"), &[("target_state_transitions_per_sec", "400")]);
    let emitted = compilation.dynamic_config_yaml();
    let other = "frontend.rps:\n  - value: 1\nhistory.rps:\n  - value: '5'\n";
    let bench = Bench::new(&[("d.yaml", emitted.as_bytes()), ("x.env", b""), ("o.yaml", other.as_bytes())]);
    let arguments = ["migrate", "mid-scale", "-m", "orchestrator", "--env-file", "x.env", "--dynamic-config"];
    let document = json(&bench.run(&[&arguments[..], &["d.yaml", "--suggest", "--format", "json"]].concat()));
    assert!(document["redundant"].as_array().expect("a list").len() > 100, "{document:#}");
    let changed = names(&document["overriding"]);
    assert!(!changed.is_empty() && changed.iter().all(|key| key.contains('.')), "{changed:?}");
    let first = &document["suggestions"][0];
    assert_eq!((&first["preset"], &first["modifier"]), (&"mid-scale".into(), &"orchestrator".into()), "{first:#}");
    assert_eq!(first["overrides"]["values"].as_object().expect("a map").len(), 1, "{first:#}");
    let (code, out, err) = bench.run(&[&arguments[..], &["o.yaml"]].concat());
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("frontend.rps  1  preset: ") && err.contains("the dynamic configuration has faults"),
        "{out}{err}"
    );
}
