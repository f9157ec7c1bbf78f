//! `tdsql explain`.

use crate::cli::{Place, Ran, shows};

impl Place {
    /// An explanation at 80 columns.
    fn explain(&self, arguments: &[&str]) -> Ran {
        self.run_with(&[("COLUMNS", "80")], &[&["explain"], arguments].concat())
    }

    /// Compiles, and puts the profile where it is asked for.
    fn profile(&self, arguments: &[&str], file: &str) {
        let ran = self.run(&[&["compile"], arguments, &["-q", "-o", "compiled"]].concat()).ends(0);
        assert_eq!(ran.stdout, "");
        self.put(file, std::fs::read(self.path().join("compiled/profile.json")).expect("it was written"));
        std::fs::remove_dir_all(self.path().join("compiled")).expect("it was written");
    }
}

#[test]
fn a_key_of_each_kind_and_source() {
    let place = Place::new();
    for (name, arguments) in [
        ("default-alone", &["dsql.quota.connections"][..]),
        ("derived-alone", &["persistence.maxConns"]),
        ("preset", &["history.replicas", "-p", "mid-scale"]),
        ("derived", &["dsql.reservoir_initial_fill_timeout", "-p", "high-throughput"]),
        ("watched-by-many", &["persistence.maxConns", "-p", "mid-scale"]),
        ("modifier", &["typical_workflow_runtime", "-p", "mid-scale", "-m", "long-running"]),
        ("override", &["persistence.maxConns", "-p", "mid-scale", "-s", "persistence.maxConns=100"]),
        (
            "override-twice",
            &[
                "persistence.maxConns",
                "-p",
                "mid-scale",
                "-s",
                "persistence.maxConns=70",
                "-s",
                "persistence.maxConns=100",
            ],
        ),
        ("follows-override", &["dsql.reservoir_target_ready", "-p", "mid-scale", "-s", "persistence.maxConns=100"]),
        ("fires", &["persistence.maxIdleConns", "-p", "mid-scale", "-s", "persistence.maxIdleConns=20"]),
        ("withheld-for-version", &["dsql.distributed_conn_limit", "-p", "mid-scale"]),
    ] {
        shows(&format!("explain-key.{name}"), &place.explain(&[&["key"], arguments].concat()).ends(0));
    }
    let wide = ["explain", "key", "history.replicas", "-p", "mid-scale"];
    shows("explain-key.wide", &place.run_with(&[("COLUMNS", "200")], &wide).ends(0));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let place = Place::new();
    for arguments in [
        &["key", "persistence.maxConns", "-p", "mid-scale", "-s", "persistence.maxConns=100"][..],
        &["key", "dsql.slot_block_ttl", "-p", "high-throughput"],
        &["preset", "mid-scale", "-m", "long-running"],
    ] {
        let ran = place.explain(arguments).ends(0);
        // A command is one line, to be copied.
        let wide = ran.stdout.lines().filter(|line| line.chars().count() > 80 && !line.starts_with("  tdsql "));
        assert_eq!(wide.collect::<Vec<_>>(), [""; 0], "{arguments:?}");
    }
}

#[test]
fn a_key_is_known_by_its_names_outside() {
    let place = Place::new();
    for (name, key) in [
        ("DSQL_RESERVOIR_TARGET_READY", "dsql.reservoir_target_ready"),
        ("dsql_reservoir_target_ready", "dsql.reservoir_target_ready"),
        ("HISTORY.PERSISTENCEMAXQPS", "history.persistenceMaxQPS"),
        ("MaxConcurrentActivityExecutionSize", "sdk.max_concurrent_activities"),
        ("persistence.maxConns", "persistence.maxConns"),
    ] {
        let told = place.explain(&["key", name, "--format", "json"]).ends(0).json();
        assert_eq!(told["key"], key);
        assert_eq!(told["asked"].as_str(), (name != key).then_some(name), "{name}");
    }
}

#[test]
fn json_says_what_the_text_says() {
    let place = Place::new();
    let arguments =
        ["persistence.maxConns", "-p", "mid-scale", "-s", "persistence.maxConns=70", "-s", "persistence.maxConns=100"];
    let told = place.explain(&[&["key"], &arguments[..], &["--format", "json"]].concat()).ends(0).json();
    assert_eq!((&told["value"], &told["source"], &told["layer"]), (&100.into(), &"override".into(), &"--set".into()));
    assert_eq!((&told["before"]["value"], &told["before"]["changed"]), (&50.into(), &true.into()));
    let replaced: Vec<&serde_json::Value> =
        told["replaced"].as_array().expect("a list").iter().map(|earlier| &earlier["value"]).collect();
    assert_eq!(replaced, [&serde_json::json!(50), &serde_json::json!(70)]);
    assert!(told["rails"].as_array().is_some_and(|rails| rails.len() > 4));
    assert!(told["notices"].to_string().contains("is replaced by 100"), "{}", told["notices"]);

    let told = place.explain(&["preset", "mid-scale", "-m", "batch-processor", "--format", "json"]).ends(0).json();
    assert_eq!((&told["preset_name"], &told["modifier"]), (&"mid-scale".into(), &"batch-processor".into()));
    assert!(told["modified"].as_array().is_some_and(|changes| !changes.is_empty()));
}

#[test]
fn a_preset_with_a_modifier() {
    let place = Place::new();
    shows("explain-preset.modifier", &place.explain(&["preset", "starter", "-m", "batch-processor"]).ends(0));
    place.explain(&["preset", "starer"]).ends(1).says(&["did you mean `starter`?"]);
}

#[test]
fn a_profile_of_this_catalog_and_of_another() {
    let place = Place::new();
    place.profile(&["starter", "-s", "persistence.maxConns=20", "-s", "history.replicas=2"], "own.json");
    shows("explain-profile.own", &place.explain(&["profile", "own.json"]).ends(0));
    let told = place.explain(&["profile", "own.json", "--format", "json"]).ends(0).json();
    assert_eq!((&told["base_preset"], &told["same_digest"]), (&"starter".into(), &true.into()));
    assert_eq!(told["overrides_applied"].as_array().map(Vec::len), Some(2));

    // Another catalog gave another value, and knew a parameter that is gone.
    let own = std::fs::read_to_string(place.path().join("own.json")).expect("it was written");
    let mut other: serde_json::Value = serde_json::from_str(&own).expect("it is JSON");
    other["digest"] = "0".repeat(64).into();
    let tuning = other["tuning_params"].as_array_mut().expect("a list");
    tuning.iter_mut().find(|known| known["key"] == "history.persistenceMaxQPS").expect("it is there")["value"] =
        77.into();
    tuning.iter_mut().find(|known| known["key"] == "matching.rps").expect("it is there")["key"] =
        "matching.gone".into();
    place.put("other.json", other.to_string());
    let told = place.explain(&["profile", "other.json", "--format", "json"]).ends(0).json();
    assert_eq!(told["same_digest"], false);
    let differs: Vec<&str> =
        told["differences"].as_array().expect("a list").iter().filter_map(|one| one["key"].as_str()).collect();
    assert_eq!(differs, ["history.persistenceMaxQPS", "matching.rps", "matching.gone"]);
    let text = place.explain(&["profile", "other.json"]).ends(0).stdout;
    assert!(text.contains("What the catalog of today gives otherwise"), "{text}");
    let key = place.explain(&["key", "history.persistenceMaxQPS", "--profile", "other.json"]).ends(0).stdout;
    assert!(key.contains("history.persistenceMaxQPS = 77") && key.contains("other.json says 77"), "{key}");
}

#[test]
fn an_unknown_key_is_told_what_was_meant() {
    let place = Place::new();
    for (name, help) in [
        ("persistence.maxCons", "did you mean `persistence.maxConns`?"),
        ("DSQL_RESERVOIR_TARGT_READY", "did you mean `dsql.reservoir_target_ready`?"),
        ("AWS_REGION", "belongs to the deployment"),
        ("zzz", "`tdsql list-parameters` shows every parameter"),
        ("", "`tdsql list-parameters` shows every parameter"),
    ] {
        place.explain(&["key", name]).ends(1).says(&["error[unknown_parameter]", help]);
        assert_eq!(place.explain(&["key", name, "--format", "json"]).ends(1).codes(), ["unknown_parameter"]);
    }
    // Where a value is set, a name outside is no key; what it names is.
    place
        .run(&["compile", "starter", "-s", "DSQL_RESERVOIR_TARGET_READY=5"])
        .ends(1)
        .says(&["`DSQL_RESERVOIR_TARGET_READY` is the name of `dsql.reservoir_target_ready` in `env_vars`"]);
}

#[test]
fn faults_are_said_together_and_bad_profiles_refused() {
    let place = Place::new();
    let ran = place.explain(&["key", "nope", "-p", "nope", "-m", "nope", "-s", "nope=1", "--format", "json"]).ends(1);
    assert_eq!(ran.codes().len(), 4, "{ran}");
    place.explain(&["key"]).ends(2);
    place.explain(&["key", "history.replicas", "--profile", "x.json", "-p", "starter"]).ends(2);
    place.explain(&["key", "history.replicas", "-m", "long-running", "--depth", "few"]).ends(2);

    place.put("text.json", "starter\n").put("half.json", "{\"preset_name\": \"starter\"").put("empty.json", "");
    place.put("binary.json", [0xff, 0x00, 0xfe, 0x80]).put("huge.json", vec![b' '; 16 * 1024 * 1024 + 1]);
    for arguments in [&["profile"][..], &["key", "history.replicas", "--profile"]] {
        for (file, code, words) in [
            ("missing.json", 4, "error[io]"),
            ("text.json", 1, "not a compiled profile"),
            ("half.json", 1, "not a compiled profile"),
            ("empty.json", 1, "not a compiled profile"),
            ("binary.json", 1, "is not UTF-8 text"),
            ("huge.json", 1, "error[too_large]"),
        ] {
            let ran = place.explain(&[arguments, &[file]].concat()).ends(code).says(&[words, file]);
            assert_eq!(ran.stdout, "", "{file}");
        }
    }
}

#[test]
fn an_override_without_effect_is_noticed() {
    let place = Place::new();
    for (set, words) in [
        // The same value; one that nothing emitted follows; one that a later one replaces.
        (&["history.replicas=6"][..], "`history.replicas` is 6 without the override too"),
        (
            &["target_state_transitions_per_sec=151"],
            "`target_state_transitions_per_sec` = 151 instead of 150 changes nothing that is emitted, and no guard rail's verdict",
        ),
        (
            &["history.replicas=7", "history.replicas=8"],
            "`history.replicas` = 7 from --set is replaced by 8 from --set",
        ),
    ] {
        let mut arguments = vec!["compile", "mid-scale", "--format", "json"];
        arguments.extend(set.iter().flat_map(|one| ["-s", one]));
        let told = place.run(&arguments).ends(0).json();
        let notices = told["notices"].as_array().expect("a list");
        let told = notices.iter().filter(|notice| notice["code"] == "unused_override");
        assert_eq!(told.map(|notice| &notice["message"]).collect::<Vec<_>>(), [words]);
    }
    // What moves something that is emitted is no notice of this kind.
    let told = place.run(&["compile", "mid-scale", "-s", "target_state_transitions_per_sec=400", "--format", "json"]);
    assert!(!told.json()["notices"].to_string().contains("unused_override"), "{told}");
}
