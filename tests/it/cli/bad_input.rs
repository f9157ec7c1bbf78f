//! Real bad input: misspelt, ill-typed, broken, circular.

use super::*;

#[test]
fn a_hurried_users_names_are_put_right() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    let arguments = [
        "compile",
        "mid-scal",
        "-m",
        "batch-procesor",
        "-s",
        "history.replica=3",
        "--sdk",
        "pyton",
        "--platform",
        "nomad",
        "-o",
        "out",
    ];
    let ran = place.run(&arguments).ends(1);
    assert_eq!(ran.stdout, "");
    shows("misspelt-names", &ran);
    let ran = place.run(&[&arguments[..], &["--format", "json"]].concat()).ends(1);
    assert_eq!(ran.stderr, "");
    let errors = ran.errors();
    for (code, name, suggestion) in [
        ("unknown_preset", "mid-scal", json!("mid-scale")),
        ("unknown_modifier", "batch-procesor", json!("batch-processor")),
        ("unknown_parameter", "history.replica", json!("history.replicas")),
        ("unknown_adapter", "pyton", json!("python")),
        ("unknown_adapter", "nomad", Value::Null),
    ] {
        let error = errors
            .iter()
            .find(|error| error["code"] == code && (error["name"] == name || error["key"] == name))
            .unwrap_or_else(|| panic!("{code} for {name}: {ran}"));
        assert_eq!(error.get("suggestion").unwrap_or(&Value::Null), &suggestion, "{error}");
        assert!(code == "unknown_parameter" || error["available"].is_array(), "{error}");
    }
    assert_eq!(errors.len(), 5);
    assert_eq!(tree(&place.path().join("out")), before);
    place.run(&["describe-preset", "starer"]).ends(1).says(&["did you mean `starter`?"]);
    assert_eq!(place.run(&["describe-preset", "starer", "--format", "json"]).ends(1).codes(), ["unknown_preset"]);
}

#[test]
fn ill_typed_values_are_refused_with_what_was_expected() {
    let place = Place::new();
    let mut told = String::new();
    for (assignment, code) in [
        ("history.shards=abc", "invalid_value"),
        ("history.shards=", "invalid_value"),
        ("history.shards=nan", "invalid_value"),
        ("history.shards=2.5", "invalid_value"),
        ("history.shards=true", "invalid_value"),
        ("history.shards=1e3", "invalid_value"),
        ("history.shards=99999999999999999999", "invalid_value"),
        ("history.shards=-0x1", "invalid_value"),
        ("history.shards", "invalid_value"),
        ("=512", "invalid_value"),
        ("dsql.max_conn_lifetime=banana", "invalid_value"),
        ("dsql.max_conn_lifetime=55", "invalid_value"),
        ("dsql.max_conn_lifetime=-5m", "constraint_violation"),
        ("dsql.reservoir_enabled=off", "invalid_value"),
        ("dsql.reservoir_enabled=yes", "invalid_value"),
        ("history.replicas=0", "constraint_violation"),
        ("load.processes=3", "locked_parameter"),
    ] {
        let ran = place.run(&["compile", "mid-scale", "-s", assignment, "--format", "json"]).ends(1);
        assert_eq!(ran.codes(), [code], "{assignment}");
        let error = &ran.errors()[0];
        let help = error["help"].as_str().unwrap_or_else(|| panic!("{assignment} has help"));
        let _ = writeln!(told, "{assignment}\n  {}\n  {help}", error["message"].as_str().expect("text"));
        if code == "constraint_violation" {
            assert!(error["value"] != Value::Null && error["min"] != Value::Null, "{error}");
        }
    }
    snapshots("cli").bind(|| insta::assert_snapshot!("ill-typed-values", told));
    assert_eq!(names_in(place.path()), [""; 0]);
}

#[test]
fn limits_of_the_service_are_judged_by_rails() {
    let place = Place::new();
    let ran = place.run(&["compile", "starter", "-s", "dsql.max_conn_lifetime=90m", "-o", "out"]).ends(1);
    shows("lifetime-beyond-the-service", &ran);
    let unused = place.run(&["compile", "mid-scale", "-s", "dsql.max_conn_lifetime=90m"]).ends(0);
    assert!(unused.stderr.contains("warning[guard_rail]"), "{unused}");
    assert_eq!(names_in(place.path()), [""; 0]);
}

#[test]
fn five_wrong_overrides_are_five_errors() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    place.put("v.toml", "history.shards = \"abc\"\n").put("v.yaml", "dsql.reservoir_enabled: off\n");
    let arguments = [
        "compile",
        "mid-scale",
        "--values",
        "v.toml",
        "--values",
        "v.yaml",
        "-s",
        "dsql.max_conn_lifetime=banana",
        "-s",
        "history.replicas=-3",
        "-s",
        "no.such.key=1",
        "-o",
        "out",
    ];
    let ran = place.run(&arguments).ends(1);
    shows("five-wrong-overrides", &ran);
    let ran = place.run(&[&arguments[..], &["--format", "json"]].concat()).ends(1);
    assert_eq!(ran.errors().len(), 5, "{ran}");
    let files: BTreeSet<String> =
        ran.errors().iter().map(|error| error["file"].as_str().expect("a place").to_owned()).collect();
    assert_eq!(files.into_iter().collect::<Vec<_>>(), ["--set", "v.toml", "v.yaml"]);
    assert_eq!(tree(&place.path().join("out")), before);
}

#[test]
fn a_duplicate_key_of_a_values_file_is_refused_in_each_syntax() {
    let place = Place::new();
    let mut told = String::new();
    for (name, text) in [
        ("v.toml", "history.replicas = 7\nhistory.replicas = 8\n"),
        ("v.yaml", "history:\n  replicas: 7\n  replicas: 8\n"),
        ("v.json", "{\"history.replicas\": 7, \"history.replicas\": 8}\n"),
        ("two-spellings.json", "{\"history.replicas\": 7, \"history\": {\"replicas\": 8}}\n"),
    ] {
        place.put(name, text);
        let ran = place.run(&["compile", "mid-scale", "--values", name]).ends(1);
        let _ = writeln!(told, "{}", ran.stderr);
        let ran = place.run(&["compile", "mid-scale", "--values", name, "--format", "json"]).ends(1);
        assert_eq!(ran.codes(), ["duplicate_key"], "{name}");
        assert_eq!(ran.errors()[0]["key"], "history.replicas");
    }
    snapshots("cli").bind(|| insta::assert_snapshot!("duplicate-keys", told));
}

#[test]
fn broken_values_files_are_refused() {
    let place = Place::new();
    for (name, content, code) in [
        ("a.toml", &b"history.replicas = \n"[..], "syntax"),
        ("b.yaml", b"a: [1, 2\n", "syntax"),
        ("c.json", b"{\"history.replicas\": 7,}", "syntax"),
        ("d.yaml", b"history.replicas: [7]\n", "wrong_type"),
        ("e.toml", b"\xff\xfe\x00", "syntax"),
        ("f.json", b"{\"history.replicas\": null}", "wrong_type"),
        ("g.json", b"[]", "wrong_type"),
        ("h.yaml", b"history.replicas: .nan\n", "invalid_value"),
    ] {
        place.put(name, content);
        let ran = place.run(&["compile", "mid-scale", "--values", name, "--format", "json"]).ends(1);
        assert!(ran.codes().iter().any(|found| found == code), "{name}: {ran}");
        let place_of = &ran.errors()[0];
        assert_eq!(place_of["file"], name, "{place_of}");
    }
    place.put("big.yaml", "a: 1\n".repeat(300_000));
    assert_eq!(
        place.run(&["compile", "starter", "--values", "big.yaml", "--format", "json"]).ends(1).codes(),
        ["too_large"]
    );
    place.run(&["compile", "starter", "--values", "nothere.toml"]).ends(4).says(&["cannot read `nothere.toml`"]);
    place.run(&["compile", "starter", "--values", "."]).ends(4);
    assert_eq!(
        place.run(&["compile", "starter", "--values", "nothere.toml", "--format", "json"]).ends(4).codes(),
        ["io"]
    );
    #[cfg(target_os = "linux")]
    assert_eq!(
        place.run(&["compile", "starter", "--values", "/dev/zero", "--format", "json"]).ends(1).codes(),
        ["too_large"],
        "a device without end"
    );
}

#[test]
fn a_missing_file_hides_no_other_fault() {
    let place = Place::new();
    place.put("v.toml", "history.replicas = \"many\"\n");
    place.run(&["compile", "mid-scal", "--values", "v.toml", "--values", "nothere.toml"]).ends(4).says(&[
        "nothere.toml",
        "mid-scal",
        "many",
    ]);
}

#[test]
fn a_preset_that_extends_itself_is_a_broken_catalog() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    place.put("presets/selfish.toml", preset("selfish", ""));
    let ran = place.run(&["compile", "starter", "-o", "out"]).ends(3);
    shows("preset-extends-itself", &ran);
    assert_eq!(ran.stdout, "");
    assert_eq!(tree(&place.path().join("out")), before);
    for arguments in [
        &["compile", "starter", "--format", "json"][..],
        &["list-presets", "--format", "json"],
        &["list-modifiers", "--format", "json"],
        &["list-adapters", "--format", "json"],
        &["list-parameters", "--format", "json"],
        &["describe-preset", "starter", "--format", "json"],
    ] {
        let ran = place.run(arguments).ends(3);
        assert_eq!(ran.codes(), ["catalog"], "{arguments:?}");
        let error = &ran.errors()[0];
        assert_eq!((&error["diagnostic"], &error["file"]), (&json!("extends_cycle"), &json!("presets/selfish.toml")));
    }
    // Of two that extend each other both are named.
    place.put("presets/selfish.toml", preset("other", "")).put("presets/other.toml", preset("selfish", ""));
    place.run(&["list-presets"]).ends(3).says(&["other", "selfish"]);
}

#[test]
fn every_exit_code_has_its_case() {
    let place = Place::new();
    place.run(&["compile", "starter"]).ends(0);
    place.run(&["compile", "starer"]).ends(1);
    place.run(&["compile"]).ends(1).says(&["no preset named"]);
    assert_eq!(place.run(&["compile", "--format", "json"]).ends(1).codes(), ["unknown_preset"]);
    for usage in [
        &[][..],
        &["--no-such"],
        &["compose"],
        &["compile", "starter", "--no-such"],
        &["compile", "starter", "extra"],
        &["compile", "starter", "--format", "xml"],
        &["compile", "starter", "-s"],
        &["-q", "-v", "list-presets"],
        &["--color", "sometimes", "list-presets"],
        &["schema", "recipe"],
        &["completions", "tcl"],
        &["describe-preset"],
        &["init"],
    ] {
        let ran = place.run(usage).ends(2);
        assert_eq!(ran.stdout, "", "{usage:?}");
        assert!(!ran.stderr.is_empty(), "{usage:?}");
    }
    place.put("broken/presets/x.toml", "extends = 1");
    place.run(&["--data", "broken", "compile", "starter"]).ends(3);
    place.run(&["--data", "nothere", "compile", "starter"]).ends(4);
    shows("no-arguments", &place.run(&[]));
    shows("help", &place.run(&["--help"]).ends(0));
    shows("help-compile", &place.run(&["compile", "--help"]).ends(0));
    let version = place.run(&["--version"]).ends(0);
    assert_eq!(version.stdout, format!("tdsql {}\n", env!("CARGO_PKG_VERSION")));
}
