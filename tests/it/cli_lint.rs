//! `tdsql lint` as its users meet it: a file that grew over years, one file for each finding, and hostile ones.

use std::collections::BTreeSet;

use serde_json::Value;
use tdsql::diag::Code;

use crate::cli_migrate::{Bench, json};
use crate::support::{combinations, fixtures, good, read, shipped, snapshots};

fn findings(document: &Value) -> &Vec<Value> {
    document["diagnostics"].as_array().expect("a list")
}

#[test]
fn a_grown_configuration() {
    let text = read(&fixtures().join("lint/messy.yaml"));
    let bench = Bench::new(&[("messy.yaml", text.as_bytes())]);
    let (code, out, err) = bench.run(&["lint", "messy.yaml"]);
    assert_eq!(code, 1, "{err}");
    snapshots("lint").bind(|| insta::assert_snapshot!("messy", format!("{out}---- stderr ----\n{err}")));
    let (_, out, _) = bench.run(&["lint", "messy.yaml", "--temporal-version", "1.32", "--format", "short", "-v"]);
    snapshots("lint").bind(|| insta::assert_snapshot!("messy-1.32-short", out));
}

/// One small file for each finding of a dynamic configuration: code, severity, line, column, a word of the message or the label.
const DYNAMIC: &[(&str, &str, &str, &str, u64, u64)] = &[
    ("misspelt", "history.rpss:\n  - value: 1\n", "unregistered_setting", "error", 1, 1),
    ("other version", "callback.maxPerExecution:\n  - value: 1\n", "unregistered_setting", "error", 1, 1),
    ("prefix", "chasm.callback.some:\n  - value: 1\n", "unregistered_setting", "warning", 1, 1),
    ("letter case", "History.RPS:\n  - value: 1\n", "letter_case", "note", 1, 1),
    ("quoted number", "history.rps:\n  - value: '1'\n", "setting_type", "error", 2, 12),
    ("whole float", "history.rps:\n  - value: 5.0\n", "setting_type", "error", 2, 12),
    ("yes", "system.enableNexus:\n  - value: yes\n", "setting_type", "error", 2, 12),
    ("no unit", "history.cacheTTL:\n  - value: 1w\n", "setting_type", "error", 2, 12),
    ("number for text", "history.cacheTTL:\n  - value: 2024-01-01\n", "setting_type", "error", 2, 12),
    ("no value", "history.rps:\n  - constraints: {}\n", "setting_type", "error", 2, 5),
    ("null value", "history.rps:\n  - value:\n", "setting_type", "error", 2, 5),
    ("bare value", "history.rps: 5\n", "wrong_type", "error", 1, 14),
    ("bare items", "history.rps: [5]\n", "wrong_type", "error", 1, 15),
    ("mapping", "history.rps: {value: 5}\n", "wrong_type", "error", 1, 14),
    ("list at the top", "- history.rps\n", "wrong_type", "error", 1, 1),
    ("no entries", "history.rps:\n", "unread", "warning", 1, 1),
    ("empty list", "history.rps: []\n", "unread", "warning", 1, 1),
    ("nothing at all", "", "unread", "warning", 1, 1),
    ("comments only", "# nothing\n---\n", "unread", "warning", 1, 1),
    ("upper-case field", "history.rps:\n  - Value: 1\n", "unread", "error", 2, 5),
    ("other field", "history.rps:\n  - value: 1\n    comment: x\n", "unread", "error", 3, 5),
    (
        "unknown constraint",
        "history.rps:\n  - value: 1\n    constraints: {color: red}\n",
        "unknown_constraint",
        "error",
        3,
        19,
    ),
    ("wrong constraint", "history.rps:\n  - value: 1\n    constraints: {shardId: a}\n", "wrong_type", "error", 3, 28),
    (
        "lower-case word",
        "matching.rps:\n  - value: 1\n    constraints: {taskType: workflow}\n",
        "wrong_type",
        "error",
        3,
        29,
    ),
    ("list of constraints", "history.rps:\n  - value: 1\n    constraints: []\n", "wrong_type", "error", 3, 18),
    (
        "not its constraint",
        "history.rps:\n  - value: 1\n    constraints: {namespace: a}\n",
        "dead_entry",
        "error",
        3,
        5,
    ),
    (
        "no such set",
        "matching.useNewMatcher:\n  - value: true\n    constraints: {taskType: Workflow}\n",
        "dead_entry",
        "error",
        3,
        5,
    ),
    (
        "empty constraint",
        "frontend.namespaceRPS:\n  - value: 1\n    constraints: {namespace: ''}\n",
        "dead_entry",
        "warning",
        3,
        30,
    ),
    ("same constraints", "history.rps:\n  - value: 1\n  - value: 2\n", "dead_entry", "warning", 3, 5),
    ("twice", "history.rps:\n  - value: 1\nhistory.rps:\n  - value: 2\n", "duplicate_key", "error", 3, 1),
    ("twice but for case", "history.rps:\n  - value: 1\nhistory.RPS:\n  - value: 2\n", "duplicate_key", "error", 3, 1),
    ("field twice", "history.rps:\n  - value: 1\n    value: 2\n", "duplicate_key", "error", 3, 5),
    ("static", "services.frontend.rpc.grpcPort:\n  - value: 7233\n", "static_setting", "error", 1, 1),
    (
        "for tests",
        "system.forceSearchAttributesCacheRefreshOnRead:\n  - value: true\n",
        "not_for_production",
        "warning",
        1,
        1,
    ),
    ("default", "history.rps:\n  - value: 3000\n", "restated_default", "note", 2, 12),
    ("no preset's", "frontend.rps:\n  - value: 4801\n", "preset_value", "note", 2, 12),
    ("beyond DSQL", "system.transactionSizeLimit:\n  - value: 2000000\n", "guard_rail", "error", 2, 12),
    (
        "struct field",
        "history.defaultActivityRetryPolicy:\n  - value: {InitialInterval: 1s}\n",
        "unread",
        "error",
        2,
        13,
    ),
    ("second document", "history.rps:\n  - value: 1\n---\nhistory.rps:\n  - value: 2\n", "unread", "warning", 3, 1),
    ("tab", "history.rps:\n\t- value: 1\n", "syntax", "error", 2, 2),
    ("unclosed", "history.rps: [\n", "syntax", "error", 1, 14),
];

#[test]
fn each_finding_of_a_dynamic_configuration() {
    let files: Vec<(String, &[u8])> =
        DYNAMIC.iter().enumerate().map(|(number, case)| (format!("{number}.yaml"), case.1.as_bytes())).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let bench = Bench::new(&files);
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let document = json(&bench.run(&[&["lint", "--format", "json"], names.as_slice()].concat()));
    for (number, (what, text, code, severity, line, column)) in DYNAMIC.iter().enumerate() {
        let file = format!("{number}.yaml");
        let found: Vec<&Value> = findings(&document).iter().filter(|one| one["file"] == file.as_str()).collect();
        let hit = found.iter().any(|one| {
            one["code"] == *code && one["severity"] == *severity && one["line"] == *line && one["column"] == *column
        });
        assert!(hit, "{what}: {code} at {line}:{column} of\n{text}\n{found:#?}");
    }
}

/// What the server takes is no error: other letter case, any way to write a value, anchors, merge keys, CRLF, a byte order mark.
#[test]
fn what_the_server_reads_is_no_error() {
    for text in [
        "\u{feff}History.RPS:\r\n  - value: 0o10\r\n    constraints: {}\r\n",
        "history.rps:\n  - value: 1_000\n    constraints:\n",
        "history.cacheTTL: [{value: '30'}]\n",
        "history.cacheTTL: [{value: 30}]\n",
        "history.cacheTTL: [{value: 1d12h}]\n",
        "system.enableNexus: [{value: 'T'}]\n",
        "{\"history.rps\": [{\"value\": 5, \"constraints\": {}}]}\n",
        "history.rps:\n  - &one\n    value: 5\nmatching.rps:\n  - *one\n",
        "history.rps:\n  - &one\n    value: 5\nmatching.rps:\n  - <<: *one\n    value: 6\n",
        "matching.useNewMatcher:\n  - value: true\n    constraints: {NAMESPACE: a, TaskQueueName: b, taskType: 1}\n",
        "---\nhistory.rps:\n  - value: 5\n...\n",
    ] {
        let bench = Bench::new(&[("x.yaml", text.as_bytes())]);
        let ran = bench.run(&["lint", "x.yaml", "--format", "json"]);
        assert_eq!(ran.0, 0, "{text}\n{}", ran.1);
    }
}

/// One line for each finding of a file of variables.
const VARIABLES: &[(&str, &str, &str)] = &[
    ("DSQL_RESERVIOR_ENABLED=true", "unknown_variable", "error"),
    ("DSQL_STAGGERED_STARTUP=yes", "invalid_value", "error"),
    ("DSQL_TOKEN_DURATION=900", "invalid_value", "error"),
    ("TEMPORAL_ELASTICSEARCH_VERSION=v6", "constraint_violation", "error"),
    ("DSQL_TOKEN_BUCKET_RATE=100", "unread", "warning"),
    ("TEMPORAL_SQL_IAM_AUTH=true", "unread", "warning"),
    ("DSQL_TOKEN_DURATION=", "unread", "note"),
    ("DSQL_TOKEN_DURATION=15m", "restated_default", "note"),
    ("DSQL_TOKEN_DURATION=10m", "preset_value", "note"),
    ("DSQL_DISTRIBUTED_RATE_LIMITER_ENABLED=1", "guard_rail", "error"),
    ("no equals sign", "syntax", "error"),
];

#[test]
fn each_finding_of_a_file_of_variables() {
    for (line, code, severity) in VARIABLES {
        let text = format!("# comment\nAWS_SECRET_ACCESS_KEY=hunter2\nMY_APP=1\n{line}\n");
        let bench = Bench::new(&[("deployed", text.as_bytes())]);
        let ran = bench.run(&["lint", "deployed", "--plugin-version", "0.1.0", "--format", "json"]);
        let document = json(&ran);
        let found = findings(&document);
        assert!(
            found.iter().any(|one| one["code"] == *code && one["severity"] == *severity && one["line"] == 4),
            "{line}: {found:#?}"
        );
        assert!(found.iter().all(|one| one["line"] == 4), "nothing is wrong with the other lines: {found:#?}");
        assert_eq!(ran.0, i32::from(found.iter().any(|one| one["severity"] == "error")), "{line}");
        for format in ["text", "short", "github", "sarif", "json"] {
            let (_, out, err) = bench.run(&["lint", "deployed", "-v", "--format", format]);
            assert!(!out.contains("hunter2") && !err.contains("hunter2"), "a secret is shown: {out}");
        }
    }
    let contradiction = b"TEMPORAL_SQL_MAX_CONNS=50\nTEMPORAL_SQL_MAX_IDLE_CONNS=10\n";
    let bench = Bench::new(&[("x.env", contradiction)]);
    let ran = bench.run(&["lint", "x.env", "--format", "json"]);
    let found = json(&ran);
    assert!(
        findings(&found)
            .iter()
            .any(|one| one["code"] == "guard_rail" && one["rule_name"] == "idle-connections-equal-pool"),
        "{}",
        ran.1
    );
}

/// What is compiled here has nothing to find: neither an error nor a warning, for any preset and modifier.
#[test]
fn what_is_emitted_is_clean() {
    for (preset, modifier, name) in combinations(shipped()) {
        let compilation = good(&preset, modifier.as_deref(), &[]);
        let (_, platform) = compilation.snippets().expect("adapters render");
        let mut files = vec![("dynamicconfig.yaml".to_owned(), compilation.dynamic_config_yaml().to_owned())];
        files.extend(
            platform
                .into_iter()
                .filter(|snippet| snippet.filename.ends_with(".env"))
                .map(|snippet| (snippet.filename.replace('/', "-"), snippet.content)),
        );
        assert!(files.len() > 1, "{name} has a dotenv");
        let contents: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        let bench = Bench::new(&contents);
        let names: Vec<&str> = contents.iter().map(|(name, _)| *name).collect();
        let ran = bench.run(&[&["lint", "--format", "json"], names.as_slice()].concat());
        let document = json(&ran);
        let loud: Vec<&Value> = findings(&document).iter().filter(|one| one["severity"] != "note").collect();
        assert!(loud.is_empty() && ran.0 == 0, "{name}: {loud:#?}");
    }
}

/// Nothing of a file makes it stop or fail in another way than by a finding.
#[test]
fn hostile_files_are_findings() {
    let bomb = {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", ")));
        }
        text
    };
    let keys = |count: usize| (0..count).map(|n| format!("some.unknown.key{n}:\n  - value: {n}\n")).collect::<String>();
    let binary: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("ten-megabytes.yaml", keys(320_000).into_bytes()),
        ("many-keys.yaml", keys(20_000).into_bytes()),
        ("binary.yaml", binary.clone()),
        ("binary.env", binary),
        ("nul.yaml", vec![0; 1000]),
        ("deep.yaml", "[".repeat(100_000).into_bytes()),
        ("deep-block.yaml", (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>().into_bytes()),
        ("bomb.yaml", bomb.into_bytes()),
        ("self.yaml", b"a: &a [*a]\n".to_vec()),
        ("tabs.yaml", b"\t\t\t\na:\t- b\n".to_vec()),
        ("tag.yaml", b"a: !!python/object/apply:os.system ['true']\n".to_vec()),
        ("long-key.yaml", format!("{}:\n  - value: 1\n", "k".repeat(500_000)).into_bytes()),
        ("one-line.env", vec![b'A'; 900_000]),
        ("quotes.env", "A=\"\n".repeat(50_000).into_bytes()),
    ];
    let files: Vec<(&str, &[u8])> = cases.iter().map(|(name, content)| (*name, content.as_slice())).collect();
    let bench = Bench::new(&files);
    for (name, _) in &files {
        let ran = bench.run(&["lint", name, "--format", "json"]);
        assert_eq!(ran.0, 1, "{name}: {}", &ran.2);
        let document = json(&ran);
        assert!(!findings(&document).is_empty(), "{name}");
        assert!(ran.1.len() < 2_000_000, "{name} says too much: {} bytes", ran.1.len());
    }
    assert_eq!(bench.run(&["lint", "nothere.yaml"]).0, 4);
    assert_eq!(bench.run(&["lint", "."]).0, 4);
    assert_eq!(bench.run(&["lint"]).0, 2);
    assert_eq!(bench.run(&["lint", "nul.yaml", "--temporal-version", "9.9"]).0, 1);
}

#[test]
fn every_form_of_output() {
    let bench = Bench::new(&[("x.yaml", b"History.rps:\n  - value: '1'\n")]);
    let (_, out, _) = bench.run(&["lint", "x.yaml", "--format", "github"]);
    assert!(out.contains("::error file=x.yaml,line=2,col=12"), "{out}");
    let ran = bench.run(&["lint", "x.yaml", "--format", "sarif"]);
    assert_eq!(json(&ran)["version"], "2.1.0");
    let (_, out, err) = bench.run(&["lint", "x.yaml", "-q"]);
    assert!(out.contains("setting_type") && err.is_empty(), "{out}{err}");
    let (_, out, err) = bench.run(&["lint", "x.yaml"]);
    assert!(!out.contains("letter_case") && err.contains("-v shows them"), "{err}");
    // The kind can be forced.
    let forced = json(&bench.run(&["lint", "x.yaml", "--kind", "env", "--format", "json"]));
    assert!(findings(&forced).iter().all(|one| one["code"] == "syntax"), "{forced:#}");
}

/// The codes that only this command has are all provoked above.
#[test]
fn every_code_of_lint_is_provoked() {
    let own = [
        Code::UnknownConstraint,
        Code::DeadEntry,
        Code::StaticSetting,
        Code::NotForProduction,
        Code::RestatedDefault,
        Code::PresetValue,
        Code::LetterCase,
        Code::Unread,
    ];
    let provoked: BTreeSet<&str> = DYNAMIC.iter().map(|case| case.2).collect();
    for code in own {
        assert!(provoked.contains(code.as_str()), "{code}");
    }
}

/// A value for one namespace is judged as well, with the other values as they are.
#[test]
fn a_constrained_value_is_judged_in_its_own_scope() {
    let text = "limit.memoSize.error:\n  - value: 1000\n  - value: 2000000\n    constraints: {namespace: a}\nlimit.maxIDLength:\n  - value: 255\nsystem.transactionSizeLimit:\n  - value: 1000000\n";
    let bench = Bench::new(&[("x.yaml", text.as_bytes())]);
    let document = json(&bench.run(&["lint", "x.yaml", "--format", "json"]));
    let hits: Vec<(&Value, &Value)> = findings(&document)
        .iter()
        .filter(|one| one["rule_name"] == "execution-row-fits-column")
        .map(|one| (&one["severity"], &one["line"]))
        .collect();
    assert_eq!(hits, [(&"error".into(), &3.into())], "{document:#}");
}
