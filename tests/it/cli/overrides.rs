//! What the user sets: flags, files, the environment, a running profile, adapters.

use super::*;

#[test]
fn later_overrides_win() {
    let place = Place::new();
    place
        .put("v.env", "TEMPORAL_SQL_MAX_CONNS=61\nDSQL_RESERVOIR_TARGET_READY=71\nTEMPORAL_HISTORY_SHARDS=256\n")
        .put("a.toml", "persistence.maxConns = 62\nhistory.replicas = 7\nmatching.replicas = 5\n")
        .put("b.yaml", "history:\n  replicas: 8\n# frontend\nfrontend.replicas: 4\n")
        .put("c.json", "{\"frontend\": {\"replicas\": 5}, \"dsql.max_conn_lifetime\": \"50m\"}");
    let ran = place.run(&[
        "compile",
        "mid-scale",
        "--values",
        "a.toml",
        "--values",
        "b.yaml",
        "--values",
        "c.json",
        "--env-file",
        "v.env",
        "-s",
        "matching.replicas=6",
        "-s",
        "matching.replicas=7",
        "--format",
        "json",
    ]);
    let profile = &ran.ends(0).json()["profile"];
    for (key, expected) in [
        ("dsql.reservoir_target_ready", json!(71)),
        ("persistence.maxConns", json!(62)),
        ("history.replicas", json!(8)),
        ("frontend.replicas", json!(5)),
        ("matching.replicas", json!(7)),
        ("dsql.max_conn_lifetime", json!("50m")),
    ] {
        assert_eq!(value(profile, key), &expected, "{key}");
    }
    // The other way round the earlier file is the later one.
    let ran = place.run(&["compile", "mid-scale", "--values", "b.yaml", "--values", "a.toml", "--format", "json"]);
    let result = ran.ends(0).json();
    assert_eq!(value(&result["profile"], "history.replicas"), 7);
    let notices = result["notices"].as_array().expect("a list");
    let said = |notice: &Value, words: &[&str]| {
        words.iter().all(|word| notice["message"].as_str().is_some_and(|message| message.contains(word)))
    };
    assert!(
        notices.iter().any(|notice| said(notice, &["`history.replicas`", "8 from b.yaml", "7 from a.toml"])),
        "{notices:?}"
    );
}

#[test]
fn the_environment_counts_only_without_a_preset() {
    let place = Place::new();
    let compile = ["compile", "--format", "json"];
    assert_eq!(place.run_with(&[("AWS_REGION", "eu-west-1")], &compile).ends(1).codes(), ["unknown_preset"]);
    let variables = [
        ("TEMPORAL_SQL_MAX_CONNS", "24"),
        ("DSQL_CONNECTION_RATE_LIMIT", ""),
        ("DSQL_NO_SUCH_THING", "1"),
        ("AWS_REGION", "eu-west-1"),
        ("PATH", "/nowhere"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("TEMPORAL_SQL_PASSWORD", SECRET),
    ];
    let ran = place.run_with(&variables, &["compile", "--format", "json", "-o", "out"]).ends(0);
    let result = ran.json();
    assert_eq!(result["profile"]["preset_name"], "starter");
    assert_eq!(result["profile"]["overrides"], json!({"values": {"persistence.maxConns": 24}}));
    let said: Vec<&str> = result["notices"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|notice| notice["code"] == "unknown_variable")
        .map(|notice| notice["message"].as_str().expect("text"))
        .collect();
    assert!(said.len() == 1 && said[0].contains("DSQL_NO_SUCH_THING"), "{said:?}");
    for (path, content) in tree(&place.path().join("out")) {
        assert!(!String::from_utf8_lossy(&content).contains(SECRET), "{path} holds a secret");
    }
    shows("environment-without-preset", &place.run_with(&variables, &["compile"]).ends(0));
    // With a preset named it is not read, however wrong.
    let wrong = [("TEMPORAL_SQL_MAX_CONNS", "lots"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let result = place.run_with(&wrong, &["compile", "starter", "--format", "json"]).ends(0).json();
    assert_eq!(result["profile"]["overrides"], json!({"values": {}}));
    place.run_with(&wrong, &["compile"]).ends(1).says(&["`lots` is not an integer", "environment:1"]);
    assert_eq!(place.run_with(&wrong, &compile).ends(1).codes(), ["invalid_value"]);
}

#[test]
fn an_env_file_sets_what_it_names() {
    let place = Place::new();
    place.put(
        "prod.env",
        format!(
            "# production\nexport DSQL_RESERVOIR_ENABLED=true\nTEMPORAL_SQL_MAX_CONNS=\nAWS_REGION=eu-west-1\n\
             AWS_SECRET_ACCESS_KEY={SECRET}\nTEMPORAL_SQL_PASSWORD=\"{SECRET}\"\nMY_SERVICE_TOKEN={SECRET}\nDSQL_RESERVOIR_ENABLE=1\n"
        ),
    );
    let ran = place.run(&["compile", "--env-file", "prod.env", "-o", "out"]).ends(0);
    shows("env-file", &ran);
    for (path, content) in tree(&place.path().join("out")) {
        assert!(!String::from_utf8_lossy(&content).contains(SECRET), "{path} holds a secret");
    }
    let result = place.run(&["compile", "starter", "--env-file", "prod.env", "--format", "json"]).ends(0).json();
    assert_eq!(result["profile"]["overrides"], json!({"values": {"dsql.reservoir_enabled": true}}));
    let unknown: Vec<&str> = result["notices"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|notice| notice["code"] == "unknown_variable")
        .map(|notice| notice["message"].as_str().expect("text"))
        .collect();
    assert_eq!(unknown.len(), 2, "{unknown:?}");
    place.run(&["compile", "--env-file", "nothere.env"]).ends(4);
    place.put("bad.env", "no equals sign\n1X=2\nDSQL_RESERVOIR_ENABLED=maybe\n");
    assert_eq!(place.run(&["compile", "--env-file", "bad.env", "--format", "json"]).ends(1).errors().len(), 3);
}

#[test]
fn a_fault_of_an_env_file_shows_no_secret() {
    let place = Place::new();
    for text in [
        format!("AWS_SECRET_ACCESS_KEY=\"{SECRET}\nDSQL_RESERVOIR_ENABLED=true\n"),
        format!("AWS_SECRET_ACCESS_KEY=\"{SECRET}\" oops\n"),
        format!("AWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SECRET_ACCESS_KEY={SECRET}\n"),
        format!("DSQL_RESERVOIR_ENABLED=true\nAWS_SECRET_ACCESS_KEY={SECRET}\nDSQL_RESERVOIR_ENABLED=true\n"),
        format!("{SECRET}\n"),
    ] {
        place.put("x.env", &text);
        // Whoever runs it asserts that the secret is not shown.
        place.run(&["compile", "mid-scale", "--env-file", "x.env"]);
        place.run(&["compile", "mid-scale", "--env-file", "x.env", "--format", "json"]);
    }
}

#[test]
fn a_running_profile_keeps_its_shards_and_shows_what_differs() {
    let place = Place::new();
    place.compiled(&["mid-scale", "-m", "orchestrator", "-s", "history.shards=1024", "-s", "history.replicas=8"]);
    // Itself again: nothing changes.
    let ran = place.run(&["compile", "--from", "out/profile.json", "--format", "json"]).ends(0);
    let result = ran.json();
    assert_eq!(result["profile"]["preset_name"], "mid-scale");
    assert_eq!(result["profile"]["modifier"], "orchestrator");
    assert_eq!(value(&result["profile"], "history.shards"), 1024);
    assert_eq!(value(&result["profile"], "history.replicas"), 8);
    let again =
        ["compile", "mid-scale", "-m", "orchestrator", "--from", "out/profile.json", "-s", "history.shards=4096"];
    let ran = place.run(&again).ends(0);
    shows("compile-from-running", &ran);
    assert!(ran.stdout.contains("Against the running configuration"), "{ran}");
    assert!(ran.stdout.contains("fixed for the life of the cluster"), "{ran}");
    let ran = place.run(&["compile", "high-throughput", "--from", "out/profile.json", "--format", "json"]).ends(0);
    assert_eq!(value(&ran.json()["profile"], "history.shards"), 1024);
    for (name, text) in [("a.json", "{}"), ("b.json", "{"), ("c.yaml", "- 1\n"), ("d.json", "")] {
        place.put(name, text);
        let ran = place.run(&["compile", "starter", "--from", name, "--format", "json"]).ends(1);
        assert_eq!(ran.codes(), ["invalid_value"], "{name}");
    }
    place.run(&["compile", "starter", "--from", "nothere.json"]).ends(4);
}

#[test]
fn target_versions_are_read_as_they_are_spoken() {
    let place = Place::new();
    let compile = |flag: &str, version: &str| place.run(&["compile", "starter", flag, version, "--format", "json"]);
    for (flag, spoken, meant) in [
        ("--temporal-version", "1.32", "1.32.0"),
        ("--temporal-version", "v1.32.0", "1.32.0"),
        ("--temporal-version", "1.29.3", "1.29.3"),
        ("--plugin-version", "v0.1", "0.1.0"),
        ("--plugin-version", "0.2.0", "0.2.0"),
    ] {
        let result = compile(flag, spoken).ends(0).json();
        let field = if flag == "--plugin-version" { "dsql_plugin_version" } else { "temporal_server_version" };
        assert_eq!(result["profile"][field], meant, "{flag} {spoken}");
    }
    for (flag, version, code) in [
        ("--temporal-version", "1.28.0", "unsupported_version"),
        ("--temporal-version", "2", "unsupported_version"),
        ("--temporal-version", "banana", "invalid_value"),
        ("--temporal-version", "", "invalid_value"),
        ("--plugin-version", "9.9.9", "unsupported_version"),
        ("--plugin-version", "latest", "invalid_value"),
    ] {
        let ran = compile(flag, version).ends(1);
        assert_eq!(ran.codes(), [code], "{flag} {version}");
        assert_eq!(ran.errors()[0]["value"].as_str().map(|value| value.trim_end_matches(".0.0")), Some(version));
    }
    place.run(&["compile", "starter", "--temporal-version", "banana", "--plugin-version", "latest"]).ends(1).says(&[
        "`banana` is no version of Temporal",
        "`latest` is no version of the DSQL plugin",
        "1.29.0",
        "0.2.0",
    ]);
}

#[test]
fn adapters_are_chosen_by_name() {
    let place = Place::new();
    let snippets = |arguments: &[&str]| -> Vec<String> {
        let result = place.run(&[&["compile", "starter", "--format", "json"], arguments].concat()).ends(0).json();
        let list = |field: &str| result[field].as_array().expect("a list").clone();
        [list("sdk_snippets"), list("platform_snippets")]
            .concat()
            .iter()
            .map(|snippet| snippet["adapter"].as_str().expect("text").to_owned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    };
    assert_eq!(snippets(&["--sdk", "go"]), ["go"]);
    assert_eq!(snippets(&["--sdk", "go", "--sdk", "python"]), ["go", "python"]);
    assert_eq!(snippets(&["--platform", "dotenv"]), ["dotenv"]);
    assert_eq!(snippets(&["--platform", "dotenv", "--sdk", "go"]), ["dotenv", "go"]);
    assert_eq!(snippets(&[]).len(), shipped().adapters.len());
    // A platform is no SDK.
    for arguments in [["--sdk", "dotenv"], ["--platform", "go"], ["--sdk", ""]] {
        let ran = place.run(&[&["compile", "starter", "--format", "json"], &arguments[..]].concat()).ends(1);
        assert_eq!(ran.codes(), ["unknown_adapter"]);
        assert!(ran.errors()[0]["available"].as_array().is_some_and(|available| !available.is_empty()));
    }
}

#[test]
fn an_adapter_that_fails_is_named_and_nothing_is_written() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    place.put("over/templates/adapters/go/worker_options.go.j2", "{{ 1 / 0 }}\n");
    let arguments = ["--data", "over", "compile", "mid-scale", "-o", "out"];
    let ran = place.run(&arguments).ends(1);
    assert!(ran.stderr.contains("worker_options.go.j2:1"), "{ran}");
    let ran = place.run(&[&arguments[..], &["--format", "json"]].concat()).ends(1);
    assert_eq!(ran.codes(), ["adapter_failed"]);
    assert_eq!(tree(&place.path().join("out")), before);
    // Who does not ask for the adapter is not stopped by it.
    place.run(&["--data", "over", "compile", "mid-scale", "--sdk", "python"]).ends(0);
}

#[test]
fn an_adapter_that_fails_is_told_by_the_summary_too() {
    let place = Place::new();
    place.put("over/templates/adapters/go/worker_options.go.j2", "{{ 1 / 0 }}\n");
    place.run(&["--data", "over", "compile", "mid-scale"]).ends(1).says(&["worker_options.go.j2:1"]);
}
