//! The command line as its users meet it: the binary itself, in a folder of its own and with an empty environment. Each
//! run is judged by all that it leaves behind: both streams, the exit code, and the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{names_in, read, root, shipped, snapshots};

// --- the command builder ----------------------------------------------------------------------------------------------

/// 2023-11-14T22:13:20Z, in seconds.
const EPOCH: &str = "1700000000";

/// What no output may hold.
const SECRET: &str = "wJalrXUtnFEMIhunter2";

/// A working directory of its own, removed at the end.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Place(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, with the folders that it needs.
    pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
        self
    }

    /// A command that has not been run yet: nothing of the environment but what a test sets.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tdsql"));
        self.clean(&mut command).args(arguments);
        command
    }

    fn clean<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(self.path())
            .env_clear()
            .env("SOURCE_DATE_EPOCH", EPOCH)
            .env("COLUMNS", "100")
            .stdin(Stdio::null())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.finish(&mut self.command(arguments))
    }

    pub(crate) fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        self.finish(self.command(arguments).envs(variables.iter().copied()))
    }

    fn finish(&self, command: &mut Command) -> Ran {
        let output = command.output().expect("the binary runs");
        Ran::new(&output, self)
    }

    /// One that compiles a preset into `out`.
    fn compiled(&self, arguments: &[&str]) -> BTreeMap<String, Vec<u8>> {
        let ran = self.run(&[&["compile"], arguments, &["-q", "-o", "out"]].concat());
        assert_eq!(ran.code, 0, "{ran}");
        tree(&self.path().join("out"))
    }
}

/// What a run left on the streams.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn new(output: &Output, place: &Place) -> Self {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
            assert!(!text.contains(SECRET), "a secret is shown:\n{text}");
            assert!(!text.contains("panicked"), "{text}");
            text.replace(&place.path().display().to_string(), "[folder]")
        };
        let code = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {}", output.status));
        Ran { code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|fault| panic!("one JSON document: {fault}\n{self}"))
    }

    /// The entries of `errors`; nothing besides is on standard output.
    pub(crate) fn errors(&self) -> Vec<Value> {
        let document = self.json();
        let errors = document["errors"].as_array().unwrap_or_else(|| panic!("it has `errors`: {self}")).clone();
        for error in &errors {
            assert!(error["code"].is_string() && error["message"].is_string(), "{error}");
            assert!(error.get("help").is_some(), "{error}");
        }
        errors
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        self.errors().iter().map(|error| error["code"].as_str().expect("text").to_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not said:\n{self}");
        }
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (out, err) = (self.stdout.trim_end(), self.stderr.trim_end());
        write!(f, "exit code: {}\n---- stdout ----\n{out}\n---- stderr ----\n{err}\n", self.code)
    }
}

/// Compares both streams and the exit code with the snapshot of this name. Digests and versions differ from one
/// release to the next; that they are what they should be is asserted elsewhere.
#[track_caller]
pub(crate) fn shows(name: &str, ran: &Ran) {
    let mut settings = snapshots("cli");
    settings.add_filter("[0-9a-f]{64}", "[digest]");
    settings.add_filter(&format!("tdsql {}", env!("CARGO_PKG_VERSION").replace('.', r"\.")), "tdsql [version]");
    // How many of a kind the catalog has is not what these tests are about.
    settings.add_filter(r"(of|All) \d+ guard rails", "$1 [n] guard rails");
    settings.add_filter(r"\d+ values derived, \d+ fixed", "[n] values derived, [n] fixed");
    settings.add_filter(r"(checked|wrote) \d+ files", "$1 [n] files");
    settings.add_filter(r"(?m)^( +::: registry/\S+?\.toml):\d+:\d+", "$1:[place]");
    // Where a value of the registry stands moves with every parameter before it.
    settings.add_filter(r"((?:derived|default),\s+registry/\S+?\.toml):\d+", "$1:[line]");
    settings.bind(|| insta::assert_snapshot!(name, ran.to_string()));
}

/// Every entry below a folder: path → content, links and folders as such.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(base: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for name in names_in(folder) {
            let path = folder.join(name);
            let key = path.strip_prefix(base).expect("it is below").display().to_string();
            let metadata = fs::symlink_metadata(&path).expect("it is there");
            if metadata.is_dir() {
                found.insert(format!("{key}/"), Vec::new());
                walk(base, &path, found);
            } else if metadata.is_file() {
                found.insert(key, fs::read(&path).expect("it can be read"));
            } else {
                found.insert(format!("{key}@"), Vec::new());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// The files among them.
fn files(tree: &BTreeMap<String, Vec<u8>>) -> Vec<&str> {
    tree.keys().map(String::as_str).filter(|path| !path.ends_with('/')).collect()
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("it is JSON")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("an object: {value}")).keys().map(String::as_str).collect()
}

/// The value of a parameter in a profile.
fn value<'v>(profile: &'v Value, key: &str) -> &'v Value {
    ["slo_params", "topology_params", "safety_params", "tuning_params"]
        .iter()
        .filter_map(|class| profile[class].as_array())
        .flatten()
        .find(|parameter| parameter["key"] == key)
        .map_or(&Value::Null, |parameter| &parameter["value"])
}

/// A preset that extends a shipped one.
fn preset(extends: &str, set: &str) -> String {
    format!(
        "description = \"The team's own.\"\nrationale = \"Tried for a year.\"\nextends = \"{extends}\"\n\
         throughput = {{ min = 50, max = 500, description = \"50 to 500 a second\" }}\n\n[set]\n{set}\n"
    )
}

/// A parameters file with these derivations.
fn parameters(derived: impl Iterator<Item = (String, String)>) -> String {
    let mut text = "title = \"More\"\norder = 900\n".to_owned();
    for (key, expression) in derived {
        let _ = write!(
            text,
            "\n[[parameter]]\nkey = \"{key}\"\nclass = \"tuning\"\ntype = \"int\"\nderive = '{expression}'\n\
             summary = \"One of many.\"\nrationale = \"A long chain.\"\nsource = \"this test\"\n"
        );
    }
    text
}

// --- the way it is meant to go ------------------------------------------------------------------------------------------

const LAYOUT: [&str; 8] = [
    "dsql-plugin.json",
    "dynamicconfig.yaml",
    "guard-rails.json",
    "platform/dotenv/temporal.env",
    "profile.json",
    "sdk/go/worker_options.go",
    "sdk/python/worker_options.py",
    "why.md",
];

const ASKED: [&str; 8] = [
    "compile",
    "mid-scale",
    "-m",
    "batch-processor",
    "-s",
    "target_state_transitions_per_sec=300",
    "-s",
    "history.replicas=8",
];

#[test]
fn it_compiles_from_any_folder_with_nothing_beside_the_binary() {
    let place = Place::new();
    // Not even beside the binary itself.
    let alone = place.path().join("tdsql");
    fs::copy(env!("CARGO_BIN_EXE_tdsql"), &alone).expect("the binary can be copied");
    let work = Place::new();
    let ran = work.finish(work.clean(&mut Command::new(&alone)).args(ASKED).args(["-o", "out"])).ends(0);
    assert_eq!(ran.stderr, "");
    shows("compile-into-folder", &ran);
    let tree = tree(&work.path().join("out"));
    let shipped: Vec<String> = shipped()
        .adapters
        .iter()
        .flat_map(|adapter| {
            let kind = if adapter.sdk { "sdk" } else { "platform" };
            let path = move |file: &str| format!("{kind}/{}/{file}", adapter.name);
            adapter.outputs.iter().flat_map(move |output| -> Vec<String> {
                let services = if output.per_service { shipped().platform.services.as_slice() } else { &[] };
                let each = services.iter().map(|service| output.file.replace("{{ service }}", &service.name));
                if output.per_service { each.map(|file| path(&file)).collect() } else { vec![path(&output.file)] }
            })
        })
        .collect();
    let mut expected: Vec<&str> = shipped.iter().map(String::as_str).collect();
    expected.extend(LAYOUT.iter().filter(|path| !path.contains('/')));
    expected.sort_unstable();
    assert_eq!(files(&tree), expected);
    for path in LAYOUT {
        assert!(tree.contains_key(path), "{path}");
    }
    let profile = parsed(&tree["profile.json"]);
    assert_eq!(value(&profile, "target_state_transitions_per_sec"), 300);
    assert_eq!(value(&profile, "history.replicas"), 8);
    assert_eq!(
        profile["overrides"],
        json!({"values": {"history.replicas": 8, "target_state_transitions_per_sec": 300}})
    );
    // The same without writing: nothing is written.
    let ran = work.run(&ASKED).ends(0);
    shows("compile", &ran);
    assert_eq!(names_in(work.path()), ["out"]);
}

#[test]
fn a_preset_dropped_into_the_working_directory_compiles() {
    let place = Place::new();
    place.put("presets/my-team.toml", preset("mid-scale", "history.replicas = 7"));
    let ran = place.run(&["compile", "my-team", "-o", "out"]).ends(0).says(&["presets/my-team.toml"]);
    assert!(ran.stdout.starts_with("my-team"), "{ran}");
    assert_eq!(
        value(&parsed(&fs::read(place.path().join("out/profile.json")).expect("written")), "history.replicas"),
        7
    );
    // An edit shows at once.
    place.put("presets/my-team.toml", preset("mid-scale", "history.replicas = 9"));
    let result = place.run(&["compile", "my-team", "--format", "json"]).ends(0).json();
    assert_eq!(value(&result["profile"], "history.replicas"), 9);
    assert_eq!(result["profile"]["preset_name"], "my-team");
    let listed = place.run(&["list-presets", "--format", "json"]).ends(0).json();
    assert!(listed.as_array().expect("a list").iter().any(|preset| preset["name"] == "my-team"));
    place.run(&["--no-local", "compile", "my-team"]).ends(1).says(&["there is no preset `my-team`"]);
    place.run(&["check"]).ends(0);
}

#[test]
fn two_compiles_give_the_same_bytes_and_only_the_clock_moves() {
    let place = Place::new();
    let first = place.compiled(&["high-throughput"]);
    assert_eq!(first, place.compiled(&["high-throughput"]), "onto itself");
    assert_eq!(first, Place::new().compiled(&["high-throughput"]), "elsewhere");
    let later = Place::new();
    let ran = later.run_with(
        &[("SOURCE_DATE_EPOCH", "1800000000"), ("COLUMNS", "40"), ("LANG", "de_DE.UTF-8"), ("TZ", "Asia/Tokyo")],
        &["compile", "high-throughput", "-q", "-o", "out"],
    );
    assert_eq!(ran.code, 0, "{ran}");
    let second = tree(&later.path().join("out"));
    let differing: Vec<&String> = first.keys().filter(|path| first[*path] != second[*path]).collect();
    assert_eq!(differing, ["profile.json"]);
    let (mut before, mut after) = (parsed(&first["profile.json"]), parsed(&second["profile.json"]));
    assert_eq!(before["compiled_at"], "2023-11-14T22:13:20Z");
    assert_eq!(after["compiled_at"], "2027-01-15T08:00:00Z");
    before["compiled_at"].take();
    after["compiled_at"].take();
    assert_eq!(before, after);
    for (path, content) in &first {
        let dated = String::from_utf8_lossy(content).contains("2023-11-14");
        assert_eq!(dated, path == "profile.json", "{path}");
    }
    // The clock itself, where nothing fixes it.
    let mut command = place.command(&["compile", "starter", "--format", "json"]);
    let now = place.finish(command.env_remove("SOURCE_DATE_EPOCH")).ends(0).json();
    let at = now["profile"]["compiled_at"].as_str().expect("text");
    assert!(at.len() == 20 && at.ends_with('Z') && at[..4].parse::<u16>().is_ok_and(|year| year >= 2024), "{at}");
    let ran = place.run_with(&[("SOURCE_DATE_EPOCH", "soon")], &["compile", "starter"]).ends(1);
    assert!(ran.stderr.contains("SOURCE_DATE_EPOCH is `soon`"), "{ran}");
}

#[test]
fn foreign_files_survive_and_stale_adapters_go() {
    let place = Place::new();
    place.put("out/notes.txt", "mine").put("out/sdk/zig/mine.zig", "mine").put("out/platform/notes.txt", "mine");
    place.put("out/sdk/go/notes.txt", "mine").put("out/platform/compose/more/notes.txt", "mine");
    place.compiled(&["starter"]);
    let all = tree(&place.path().join("out"));
    assert!(all.contains_key("sdk/go/worker_options.go") && all.contains_key("platform/dotenv/temporal.env"));
    let some = place.compiled(&["starter", "--sdk", "python"]);
    assert_eq!(
        files(&some),
        [
            "dsql-plugin.json",
            "dynamicconfig.yaml",
            "guard-rails.json",
            "notes.txt",
            "platform/compose/more/notes.txt",
            "platform/notes.txt",
            "profile.json",
            "sdk/go/notes.txt",
            "sdk/python/worker_options.py",
            "sdk/zig/mine.zig",
            "why.md"
        ]
    );
    assert!(some.iter().filter(|(path, _)| path.contains("notes") || path.contains("mine")).all(|(_, c)| c == b"mine"));
}

// --- what the result holds ----------------------------------------------------------------------------------------------

/// Field names of the seed's models. More fields may be there, none may be missing.
const MODELS: [(&str, &[&str]); 6] = [
    (
        "CompilationResult",
        &[
            "profile",
            "dynamic_config_yaml",
            "dsql_plugin_config",
            "sdk_snippets",
            "platform_snippets",
            "guard_rail_results",
            "trace",
            "why_section",
        ],
    ),
    (
        "ConfigProfile",
        &[
            "preset_name",
            "modifier",
            "overrides",
            "slo_params",
            "topology_params",
            "safety_params",
            "tuning_params",
            "temporal_server_version",
            "dsql_plugin_version",
            "compiled_at",
            "compiler_version",
        ],
    ),
    ("ResolvedParameter", &["key", "value", "classification", "source"]),
    ("CompilationTrace", &["parameter_key", "source", "base_value", "final_value", "derivation_chain"]),
    ("GuardRailResult", &["rule_name", "severity", "message", "parameter_keys"]),
    ("RenderedSnippet", &["language", "filename", "content"]),
];

/// The seed's `DSQLPluginConfig`: field, type (`?` may be null).
const PLUGIN: [(&str, &str); 19] = [
    ("reservoir_enabled", "bool"),
    ("reservoir_target_ready", "int"),
    ("reservoir_base_lifetime_min", "float"),
    ("reservoir_lifetime_jitter_min", "float"),
    ("reservoir_guard_window_sec", "float"),
    ("reservoir_inflight_limit", "int"),
    ("max_conns", "int"),
    ("max_idle_conns", "int"),
    ("max_conn_lifetime_min", "float"),
    ("connection_rate_limit", "int"),
    ("connection_burst_limit", "int"),
    ("distributed_rate_limiter_enabled", "bool"),
    ("distributed_rate_limiter_table", "str?"),
    ("token_bucket_enabled", "bool"),
    ("token_bucket_rate", "int?"),
    ("token_bucket_capacity", "int?"),
    ("slot_block_enabled", "bool"),
    ("slot_block_size", "int?"),
    ("slot_block_count", "int?"),
];

#[track_caller]
fn is_model(name: &str, found: &Value) {
    let (_, fields) = MODELS.iter().find(|(model, _)| *model == name).expect("it is listed");
    for field in *fields {
        assert!(found.get(field).is_some(), "{name} has no `{field}`: {:?}", keys(found));
    }
}

/// Checks a result down to its leaves.
fn is_result(result: &Value) {
    is_model("CompilationResult", result);
    let profile = &result["profile"];
    is_model("ConfigProfile", profile);
    assert!(profile["overrides"]["values"].is_object());
    for field in ["temporal_server_version", "dsql_plugin_version", "compiler_version"] {
        let text = profile[field].as_str().expect("text");
        assert!(semver::Version::parse(text).is_ok(), "{field} = {text}");
    }
    let digest = profile["digest"].as_str().expect("text");
    assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{digest}");
    let mut parameters = BTreeSet::new();
    for class in ["slo", "topology", "safety", "tuning"] {
        let listed = profile[format!("{class}_params")].as_array().expect("a list");
        assert!(!listed.is_empty(), "{class}");
        for parameter in listed {
            is_model("ResolvedParameter", parameter);
            assert_eq!(parameter["classification"], class);
            assert!(!parameter["value"].is_null() && !parameter["value"].is_object());
            assert!(parameters.insert(parameter["key"].as_str().expect("text").to_owned()), "{parameter} stands twice");
            assert!(
                ["preset", "modifier", "override", "derived", "default"].iter().any(|s| parameter["source"] == *s),
                "{parameter}"
            );
        }
    }
    let trace = result["trace"].as_array().expect("a list");
    for entry in trace {
        is_model("CompilationTrace", entry);
        assert!(entry["derivation_chain"].as_array().is_some_and(|chain| !chain.is_empty()), "{entry}");
    }
    let traced: BTreeSet<String> =
        trace.iter().map(|entry| entry["parameter_key"].as_str().expect("text").to_owned()).collect();
    assert_eq!(traced, parameters);
    for rail in result["guard_rail_results"].as_array().expect("a list") {
        is_model("GuardRailResult", rail);
    }
    for snippets in ["sdk_snippets", "platform_snippets"] {
        for snippet in result[snippets].as_array().expect("a list") {
            is_model("RenderedSnippet", snippet);
            assert!(!snippet["content"].as_str().expect("text").is_empty());
        }
    }
    assert!(!result["why_section"].as_str().expect("text").is_empty());
}

#[test]
fn json_is_the_whole_result_with_the_fields_of_the_models() {
    let place = Place::new();
    for preset in shipped().presets.keys() {
        let ran = place.run(&["compile", preset, "--format", "json", "-o", "out"]).ends(0);
        assert_eq!(ran.stderr, "");
        let result = ran.json();
        is_result(&result);
        assert!(result.get("errors").is_none());
        let plugin = &result["dsql_plugin_config"];
        for (field, kind) in PLUGIN {
            let found = plugin.get(field).unwrap_or_else(|| panic!("no `{field}`"));
            let fits = match kind.trim_end_matches('?') {
                "bool" => found.is_boolean(),
                "int" => found.is_i64(),
                "float" => found.is_number(),
                _ => found.is_string(),
            };
            assert!(fits || (kind.ends_with('?') && found.is_null()), "{preset}: {field} = {found}, not {kind}");
        }
        // The files say the same.
        let tree = tree(&place.path().join("out"));
        let text = |path: &str| String::from_utf8(tree[path].clone()).expect("UTF-8");
        assert_eq!(parsed(&tree["profile.json"]), result["profile"]);
        assert_eq!(parsed(&tree["guard-rails.json"]), result["guard_rail_results"]);
        assert_eq!(text("dynamicconfig.yaml"), result["dynamic_config_yaml"]);
        assert_eq!(text("why.md"), result["why_section"]);
        let mut written = parsed(&tree["dsql-plugin.json"]);
        let by = written.as_object_mut().expect("an object").shift_remove("generated_by").expect("it says by what");
        assert_eq!(by["digest"], result["profile"]["digest"]);
        assert_eq!(&written, plugin);
        for (folder, snippets) in [("sdk", "sdk_snippets"), ("platform", "platform_snippets")] {
            for snippet in result[snippets].as_array().expect("a list") {
                let name = |field: &str| snippet[field].as_str().expect("text").to_owned();
                assert_eq!(text(&format!("{folder}/{}/{}", name("adapter"), name("filename"))), name("content"));
            }
        }
        for path in LAYOUT {
            let content = text(path);
            assert!(
                content.contains(result["profile"]["digest"].as_str().expect("text")) || path == "guard-rails.json"
            );
        }
        // And YAML says what JSON says.
        let ran = place.run(&["compile", preset, "--format", "yaml"]).ends(0);
        let yaml: Value = serde_yaml::from_str(&ran.stdout).expect("it is YAML");
        assert_eq!(yaml, result, "{preset}");
    }
}

#[test]
fn guard_rails_refuse_all_at_once_and_nothing_is_written() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    let arguments = [
        "compile",
        "mid-scale",
        "-s",
        "persistence.maxConns=700",
        "-s",
        "persistence.maxIdleConns=10",
        "-s",
        "dsql.reservoir_lifetime_jitter=0s",
        "-s",
        "typical_workflow_runtime=1s",
        "-s",
        "matching.numTaskqueueReadPartitions=64",
        "-o",
        "out",
    ];
    let ran = place.run(&arguments).ends(1);
    shows("guard-rails-refuse", &ran);
    assert_eq!(tree(&place.path().join("out")), before);
    let ran = place.run(&[&arguments[..], &["--format", "json"]].concat()).ends(1);
    assert_eq!(ran.stderr, "");
    let result = ran.json();
    is_result(&result);
    assert_eq!(ran.codes(), ["guard_rail"]);
    let count = |severity: &str| {
        result["guard_rail_results"].as_array().expect("a list").iter().filter(|r| r["severity"] == severity).count()
    };
    assert!(count("error") >= 4 && count("warning") >= 3, "{ran}");
    assert_eq!(result["errors"][0]["count"], count("error"));
    for (field, empty) in [
        ("dynamic_config_yaml", json!("")),
        ("dsql_plugin_config", json!({})),
        ("sdk_snippets", json!([])),
        ("platform_snippets", json!([])),
    ] {
        assert_eq!(result[field], empty, "{field}");
    }
    assert_eq!(tree(&place.path().join("out")), before);
    // The same rails in the text.
    let text = place.run(&arguments).stderr;
    for rail in result["guard_rail_results"].as_array().expect("a list") {
        assert!(text.contains(rail["rule_name"].as_str().expect("text")), "{rail}");
    }
    let ran = place.run(&[&arguments[..], &["--format", "yaml"]].concat()).ends(1);
    assert_eq!(serde_yaml::from_str::<Value>(&ran.stdout).expect("YAML"), result);
}

#[test]
fn warnings_never_stop_a_compile_unless_denied() {
    let place = Place::new();
    let warned = ["compile", "mid-scale", "-s", "typical_workflow_runtime=1s"];
    let ran = place.run(&[&warned[..], &["-o", "out"]].concat()).ends(0).says(&["warning[guard_rail]", "sticky"]);
    shows("compile-with-warning", &ran);
    let before = tree(&place.path().join("out"));
    let rails = parsed(&before["guard-rails.json"]);
    assert_eq!(rails[0]["severity"], "warning");
    let denied = [&warned[..], &["-s", "history.replicas=9", "--deny-warnings", "-o", "out"]].concat();
    place.run(&denied).ends(1).says(&["warning[guard_rail]", "warnings are denied; nothing was written"]);
    assert_eq!(tree(&place.path().join("out")), before);
    let ran = place.run(&[&denied[..], &["--format", "json"]].concat()).ends(1);
    assert_eq!(ran.codes(), ["guard_rail"]);
    assert_eq!(ran.json()["dynamic_config_yaml"], "");
    assert_eq!(tree(&place.path().join("out")), before);
    // Notices are no warnings.
    let noticed = ["compile", "mid-scale", "-s", "persistence.maxConns=60", "--deny-warnings", "--format", "json"];
    let result = place.run(&noticed).ends(0).json();
    assert_eq!(result["notices"][0]["severity"], "note");
}

#[test]
fn a_denied_compile_does_not_point_at_files() {
    let ran = Place::new().run(&[
        "compile",
        "mid-scale",
        "-s",
        "typical_workflow_runtime=1s",
        "--deny-warnings",
        "-o",
        "out",
    ]);
    assert!(!ran.stdout.contains("out/why.md"), "{ran}");
}

// --- real bad input -----------------------------------------------------------------------------------------------------

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

// --- files and streams that fail ----------------------------------------------------------------------------------------

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_told_and_leaves_no_trace() {
    let place = Place::new();
    place.put("file", "mine");
    for target in ["/dev/full", "/dev/full/out", "/proc/tdsql", "file", "file/out", &"x".repeat(300)] {
        let before = tree(place.path());
        let ran = place.run(&["compile", "starter", "-o", target]).ends(4).says(&["error[io]: cannot"]);
        assert_eq!(ran.stdout, "", "nothing is claimed: {ran}");
        let ran = place.run(&["compile", "starter", "-o", target, "--format", "json"]).ends(4);
        assert_eq!((ran.codes(), ran.stderr.as_str()), (vec!["io".to_owned()], ""), "{target}");
        assert_eq!(tree(place.path()), before, "{target}");
    }
    // A folder of the user's where a file must go.
    place.compiled(&["starter"]);
    fs::remove_file(place.path().join("out/why.md")).expect("it is there");
    place.put("out/why.md/mine", "mine");
    let before = tree(place.path());
    place.run(&["compile", "high-throughput", "-o", "out"]).ends(4).says(&["why.md", "it is a folder"]);
    assert_eq!(tree(place.path()), before);
}

#[cfg(unix)]
#[test]
fn an_unwritable_directory_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.compiled(&["starter"]);
    let out = place.path().join("out");
    let before = tree(place.path());
    fs::set_permissions(&out, fs::Permissions::from_mode(0o555)).expect("it is ours");
    // Permissions do not bind root.
    let bound = fs::write(out.join("probe"), "").is_err();
    if bound {
        let ran = place.run(&["compile", "high-throughput", "-o", "out"]).ends(4);
        assert!(ran.stderr.contains("Permission denied"), "{ran}");
        place.run(&["compile", "high-throughput", "-o", "out/deeper/out"]).ends(4);
        assert_eq!(tree(place.path()), before);
    }
    fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// A limit on the size of files stands for a disk that fills up in the middle.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_leaves_the_former_output() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    for (target, after) in [("out", Some(before)), ("new/deep/out", None)] {
        let mut shell = Command::new("/bin/sh");
        // Files come in any order; the second block is where the larger ones break off.
        place.clean(&mut shell).args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
        shell.arg(env!("CARGO_BIN_EXE_tdsql")).args(["compile", "high-throughput", "-o", target]);
        let ran = place.finish(&mut shell).ends(4).says(&["File too large"]);
        assert_eq!(ran.stdout, "");
        assert_eq!(after.is_some(), place.path().join(target).exists());
        if let Some(after) = after {
            assert_eq!(tree(&place.path().join(target)), after);
        }
        assert_eq!(names_in(place.path()), ["out"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_a_failure() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    for arguments in [
        &["compile", "mid-scale"][..],
        &["compile", "mid-scale", "--format", "json"],
        &["compile", "mid-scale", "--format", "yaml"],
        &["compile", "mid-scal", "--format", "json"],
        &["list-presets"],
        &["list-parameters", "--format", "json"],
        &["describe-preset", "starter"],
        &["schema", "preset"],
        &["completions", "bash"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
        let mut command = place.command(arguments);
        let output = command.stdout(full).stderr(Stdio::piped()).spawn().expect("it runs").wait_with_output();
        let ran = Ran::new(&output.expect("it ends"), &place).ends(4);
        ran.says(&["cannot write to standard output: No space left on device"]);
    }
    assert_eq!(tree(&place.path().join("out")), before);
    // What cannot be said on standard error is lost, and changes nothing.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let status = place.command(&["compile", "mid-scal"]).stdout(Stdio::null()).stderr(full).status().expect("it runs");
    assert_eq!(status.code(), Some(1));
}

/// The exit code with a reader of standard output that has gone away.
fn unread(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let mut child =
        place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn a_reader_that_stops_is_no_failure() {
    let place = Place::new();
    for arguments in [
        &["compile", "mid-scale"][..],
        &["compile", "mid-scale", "--format", "json"],
        &["compile", "mid-scale", "--format", "yaml"],
        &["list-presets"],
        &["list-parameters"],
        &["list-parameters", "--format", "json"],
        &["describe-preset", "high-throughput"],
        &["schema", "parameters"],
        &["completions", "zsh"],
        &["check", "--format", "json"],
        &["--help"],
    ] {
        assert_eq!(unread(&place, arguments), (Some(0), String::new()), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_stops_does_not_turn_a_refusal_into_success() {
    let place = Place::new();
    place.put("broken/presets/x.toml", "extends = 1");
    for (arguments, code) in [
        (&["compile", "mid-scal", "--format", "json"][..], 1),
        (&["compile", "starter", "-s", "dsql.max_conn_lifetime=90m", "--format", "json"], 1),
        (&["compile", "starter", "-s", "dsql.max_conn_lifetime=90m"], 1),
        (&["check", "broken", "--format", "json"], 3),
        (&["--data", "broken", "list-presets", "--format", "json"], 3),
    ] {
        assert_eq!(unread(&place, arguments).0, Some(code), "{arguments:?}");
    }
}

// --- talkativeness and colour -------------------------------------------------------------------------------------------

#[test]
fn colour_comes_only_when_it_is_wanted() {
    let place = Place::new();
    let escape = '\u{1b}';
    let plain = place.run(&["compile", "mid-scale", "-s", "typical_workflow_runtime=1s"]).ends(0);
    assert!(!plain.stdout.contains(escape) && !plain.stderr.contains(escape), "no terminal, no colour");
    for (variables, when, colored) in [
        (&[][..], "always", true),
        (&[], "never", false),
        (&[], "auto", false),
        // `--color always` is the later word.
        (&[("NO_COLOR", "1")], "always", true),
        (&[("NO_COLOR", "1")], "auto", false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], "auto", false),
    ] {
        let arguments = ["--color", when, "compile", "mid-scale", "-s", "typical_workflow_runtime=1s"];
        let ran = place.run_with(variables, &arguments).ends(0);
        assert_eq!(ran.stdout.contains(escape), colored, "{when} {variables:?}");
        assert_eq!(ran.stderr.contains(escape), colored, "{when} {variables:?}");
        let bare = |text: &str| {
            let mut bare = String::new();
            let mut rest = text;
            while let Some(at) = rest.find(escape) {
                bare.push_str(&rest[..at]);
                rest = &rest[at + rest[at..].find('m').expect("a colour ends in m") + 1..];
            }
            bare + rest
        };
        assert_eq!(bare(&ran.stdout), plain.stdout, "{when}");
        assert_eq!(bare(&ran.stderr), plain.stderr, "{when}");
        let refused = place.run_with(variables, &["--color", when, "compile", "mid-scal"]).ends(1);
        assert_eq!(refused.stderr.contains(escape), colored, "{when} {variables:?}");
        // Never in what programs read.
        let ran = place.run_with(variables, &["--color", when, "compile", "mid-scale", "--format", "json"]).ends(0);
        assert!(!ran.stdout.contains(escape));
    }
}

#[test]
fn quiet_says_only_errors_and_verbose_names_every_file() {
    let place = Place::new();
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        place.put(&format!("over/presets/{name}.toml"), preset("mid-scale", ""));
    }
    let warned = ["--data", "over", "compile", "a", "-s", "typical_workflow_runtime=1s"];
    let ran =
        place.run(&warned).ends(0).says(&["warning[guard_rail]", "over/presets/a.toml", "and 2 more (-v names them)"]);
    assert!(!ran.stderr.contains("over/presets/g.toml"), "{ran}");
    let ran = place.run(&[&["-v"], &warned[..]].concat()).ends(0).says(&["over/presets/g.toml"]);
    assert!(!ran.stderr.contains("more (-v"), "{ran}");
    let ran = place.run(&[&["-q"], &warned[..]].concat()).ends(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    // What was asked for is printed all the same, and errors are told.
    is_result(&place.run(&["-q", "compile", "starter", "--format", "json"]).ends(0).json());
    assert!(!place.run(&["-q", "list-presets"]).ends(0).stdout.is_empty());
    place.run(&["-q", "compile", "starer"]).ends(1).says(&["there is no preset `starer`"]);
    place
        .run(&["-q", "compile", "starter", "-s", "dsql.max_conn_lifetime=90m"])
        .ends(1)
        .says(&["pool-lifetime-below-service-limit"]);
}

#[test]
fn text_keeps_to_the_width_of_the_terminal() {
    let place = Place::new();
    for columns in ["40", "80", "100", "200", "3", "wide"] {
        let width = columns.parse::<usize>().unwrap_or(80).clamp(40, 120);
        for arguments in [
            &["compile", "mid-scale", "-m", "batch-processor"][..],
            &["list-presets"],
            &["list-modifiers"],
            &["list-adapters"],
            &["list-parameters"],
            &["describe-preset", "mid-scale"],
        ] {
            let ran = place.run_with(&[("COLUMNS", columns)], arguments).ends(0);
            for line in ran.stdout.lines() {
                // A name and its value stand on one line; only sentences are wrapped.
                let words = line.split_whitespace().count();
                let sentence = line.starts_with("      ") && words > 3;
                assert!(!sentence || line.chars().count() <= width, "{columns}: {line}");
                assert_eq!(line.trim_end(), line, "no white space at the end");
            }
        }
    }
}

// --- layers of data -----------------------------------------------------------------------------------------------------

/// Which of the layers gave `team` its value.
fn layer(ran: &Ran) -> Value {
    value(&ran.json()["profile"], "history.replicas").clone()
}

#[test]
fn later_layers_lie_over_earlier_ones() {
    let place = Place::new();
    let team = |replicas: u32| preset("mid-scale", &format!("history.replicas = {replicas}"));
    place
        .put("share/tdsql/presets/team.toml", team(11))
        .put("home/.local/share/tdsql/presets/team.toml", team(12))
        .put("work/presets/team.toml", team(13))
        .put("environment/presets/team.toml", team(14))
        .put("first/presets/team.toml", team(15))
        .put("second/presets/team.toml", team(16))
        .put("second/modifiers/calm.toml", "description = \"C.\"\nrationale = \"R.\"\n[set]\nhistory.replicas = 17\n");
    let at = |path: &str| place.path().join(path).display().to_string();
    let (share, home, environment) = (at("share"), at("home"), at("environment"));
    let xdg = [("XDG_DATA_HOME", share.as_str())];
    let compile = ["compile", "team", "--format", "json"];
    let run = |variables: &[(&str, &str)], before: &[&str], work: bool| {
        let mut command = place.command(&[before, &compile[..]].concat());
        if work {
            command.current_dir(place.path().join("work"));
        }
        place.finish(command.envs(variables.iter().copied()))
    };
    assert_eq!(run(&[], &[], false).ends(1).codes(), ["unknown_preset"]);
    assert_eq!(layer(&run(&xdg, &[], false).ends(0)), 11);
    assert_eq!(layer(&run(&[("HOME", &home)], &[], false).ends(0)), 12);
    assert_eq!(layer(&run(&[("HOME", &home), ("XDG_DATA_HOME", "")], &[], false).ends(0)), 12);
    assert_eq!(layer(&run(&[("HOME", &home), xdg[0]], &[], false).ends(0)), 11);
    assert_eq!(layer(&run(&xdg, &[], true).ends(0).says(&["presets/team.toml"])), 13);
    assert_eq!(layer(&run(&xdg, &["--no-local"], true).ends(0)), 11);
    let given = [("TDSQL_DATA", environment.as_str())];
    assert_eq!(layer(&run(&given, &[], true).ends(0).says(&["environment/presets/team.toml"])), 14);
    assert_eq!(layer(&run(&given, &["--data", &at("first")], true).ends(0).says(&["first/presets/team.toml"])), 15);
    let both = ["--data", &at("first"), "--data", &at("second")];
    let ran = run(&given, &both, true).ends(0).says(&["second/presets/team.toml", "second/modifiers/calm.toml"]);
    assert_eq!(layer(&ran), 16);
    let turned = ["--data", &at("second"), "--data", &at("first")];
    assert_eq!(layer(&run(&[], &turned, false).ends(0)), 15);
    let listed = format!("{}:{}", at("second"), at("first"));
    assert_eq!(layer(&run(&[("TDSQL_DATA", &listed)], &[], false).ends(0)), 15);
    assert_eq!(run(&[("TDSQL_DATA", "nothere")], &[], false).ends(4).codes(), ["io"]);
}

#[test]
fn a_folder_of_templates_alone_means_nothing() {
    let place = Place::new();
    place.put("templates/explain/summary.txt.j2", "not ours").put("registry/notes.txt", "not ours");
    let ran = place.run(&["compile", "starter"]).ends(0);
    assert!(!ran.stdout.contains("not ours") && ran.stderr.is_empty(), "{ran}");
    // Beside a preset, or where it is named, it counts.
    place.run(&["--data", ".", "compile", "starter"]).ends(0).says(&["templates/explain/summary.txt.j2"]);
    place.put("presets/team.toml", preset("mid-scale", ""));
    let ran = place.run(&["compile", "starter"]).ends(0).says(&["templates/explain/summary.txt.j2"]);
    assert!(ran.stdout.contains("not ours"), "{ran}");
}

#[test]
fn an_empty_variable_names_no_folder() {
    Place::new().run_with(&[("TDSQL_DATA", "")], &["compile", "starter"]).ends(0);
}

#[test]
fn a_folder_may_have_a_colon_in_its_name() {
    let place = Place::new();
    place.put("a:b/presets/team.toml", preset("mid-scale", ""));
    place.run(&["--data", "a:b", "compile", "team"]).ends(0);
}

// --- what the user sets -------------------------------------------------------------------------------------------------

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

// --- lists --------------------------------------------------------------------------------------------------------------

#[test]
fn lists_have_their_shapes() {
    let place = Place::new();
    for list in ["list-presets", "list-modifiers", "list-adapters"] {
        shows(list, &place.run(&[list]).ends(0));
    }
    let list = |name: &str| -> Vec<Value> {
        let ran = place.run(&[name, "--format", "json"]).ends(0);
        assert_eq!(ran.stderr, "");
        ran.json().as_array().expect("an array").clone()
    };
    let presets = list("list-presets");
    assert_eq!(
        presets.iter().map(|preset| &preset["name"]).collect::<Vec<_>>(),
        ["starter", "mid-scale", "high-throughput"]
    );
    for preset in &presets {
        assert_eq!(keys(preset), ["name", "description", "throughput_range"]);
        assert_eq!(keys(&preset["throughput_range"]), ["min_st_per_sec", "max_st_per_sec", "description"]);
    }
    assert_eq!(presets[2]["throughput_range"]["max_st_per_sec"], Value::Null);
    let modifiers = list("list-modifiers");
    assert_eq!(modifiers.len(), shipped().modifiers.len());
    assert!(modifiers.iter().all(|modifier| keys(modifier).starts_with(&["name", "description"])));
    let adapters = list("list-adapters");
    assert_eq!(adapters.len(), shipped().adapters.len());
    assert!(adapters.iter().all(|adapter| adapter["kind"] == "sdk" || adapter["kind"] == "platform"));
    let parameters = list("list-parameters");
    assert_eq!(parameters.len(), shipped().parameters.len());
    for parameter in &parameters {
        for field in [
            "key",
            "classification",
            "value_type",
            "unit",
            "default",
            "description",
            "rationale",
            "constraints",
            "outputs",
            "names",
            "versions",
            "source",
        ] {
            assert!(parameter.get(field).is_some(), "{} has no {field}", parameter["key"]);
        }
        assert_eq!(keys(&parameter["versions"]), ["temporal", "plugin"]);
        let derived = !parameter["derivation"].is_null();
        assert_eq!(derived, parameter["default"].is_null(), "{parameter}");
    }
    let text = place.run(&["list-parameters"]).ends(0).stdout;
    for parameter in &parameters {
        let key = parameter["key"].as_str().expect("text");
        let starts = |line: &str| {
            line.strip_prefix("  ")
                .and_then(|line| line.strip_prefix(key))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        assert_eq!(text.lines().filter(|line| starts(line)).count(), 1, "{key}");
    }
}

#[test]
fn a_preset_is_described_by_class() {
    let place = Place::new();
    let ran = place.run(&["describe-preset", "mid-scale", "-m", "long-running", "--format", "json"]).ends(0);
    let described = ran.json();
    assert_eq!(described["name"], "mid-scale");
    assert_eq!(described["modifier"], "long-running");
    let mut count = 0;
    for class in ["slo", "topology", "safety", "tuning"] {
        for parameter in described[format!("{class}_params")].as_array().expect("a list") {
            count += 1;
            for field in ["key", "value", "classification", "source", "rationale"] {
                assert!(!parameter[field].is_null(), "{parameter}");
            }
            assert_eq!(parameter["classification"], class);
        }
    }
    assert_eq!(count, shipped().parameters.len());
    let slo = described["slo_params"].as_array().expect("a list").len();
    assert!(slo + described["topology_params"].as_array().expect("a list").len() <= 15);
    let bounds = described["expected_bounds"].as_array().expect("a list");
    assert!(bounds.len() >= 5);
    for bound in bounds {
        assert_eq!(keys(bound), ["metric", "aggregate", "lower", "upper"]);
        assert!(bound["lower"].is_number() || bound["upper"].is_number());
    }
    assert_eq!(keys(&described["throughput_range"]), ["min_st_per_sec", "max_st_per_sec", "description"]);
    let text = place.run(&["describe-preset", "mid-scale"]).ends(0).stdout;
    let mut at = 0;
    for title in ["mid-scale\n", "\nSLO", "\nTopology", "\nSafety", "\nTuning", "\nA healthy cluster shows"] {
        at += text[at..].find(title).unwrap_or_else(|| panic!("{title} in its place"));
    }
    for preset in shipped().presets.keys() {
        place.run(&["describe-preset", preset]).ends(0);
    }
    assert_eq!(
        place.run(&["describe-preset", "starter", "-m", "x", "--format", "json"]).ends(1).codes(),
        ["unknown_modifier"]
    );
}

#[test]
fn a_preset_is_described_with_its_own_reasons() {
    let described = Place::new().run(&["describe-preset", "mid-scale", "--format", "json"]).ends(0).json();
    let reason = described["topology_params"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|parameter| parameter["key"] == "history.replicas")
        .map(|parameter| parameter["rationale"].as_str().expect("text"))
        .expect("it is there");
    let file = read(&root().join("presets/mid-scale.toml"));
    assert!(file.contains(reason), "`{reason}` is not what the preset says");
}

#[test]
fn the_next_step_has_no_gap() {
    let ran = Place::new().run_with(&[("TEMPORAL_SQL_MAX_CONNS", "24")], &["compile"]).ends(0);
    assert!(!ran.stdout.contains("compile  "), "{ran}");
}

#[test]
fn the_next_step_repeats_what_was_asked() {
    let place = Place::new();
    place.put("v.env", "TEMPORAL_SQL_MAX_CONNS=60\n").put("v.toml", "history.replicas = 8\n");
    let given = ["--values", "v.toml", "--env-file", "v.env", "--temporal-version", "1.32.0"];
    let ran = place.run(&[&["compile", "mid-scale"], &given[..]].concat()).ends(0);
    let next = ran.stdout.lines().find(|line| line.ends_with(" -o out")).expect("the next step");
    for argument in given {
        assert!(next.contains(argument), "{next}");
    }
}

#[test]
fn what_a_running_profile_keeps_was_not_set_by_the_user() {
    let place = Place::new();
    place.compiled(&["starter", "-s", "history.shards=1024"]);
    let ran = place.run(&["compile", "high-throughput", "--from", "out/profile.json"]).ends(0);
    assert!(!ran.stdout.contains("You set"), "{ran}");
}

#[test]
fn json_shows_what_differs_from_a_running_profile() {
    let place = Place::new();
    place.compiled(&["starter"]);
    let ran = place.run(&["compile", "mid-scale", "--from", "out/profile.json", "--format", "json"]).ends(0);
    let changes = ran.json()["changes"].as_array().expect("a list of changes").clone();
    assert!(changes.iter().any(|change| change["key"] == "history.replicas" && change["running"] == 2), "{changes:?}");
}

// --- the catalog's own commands -----------------------------------------------------------------------------------------

#[test]
fn every_kind_of_file_has_its_schema() {
    let place = Place::new();
    for kind in tdsql::loader::schema::kinds() {
        for name in std::iter::once(&kind.name).chain(kind.aliases) {
            let schema = place.run(&["schema", name]).ends(0).json();
            assert_eq!(schema, tdsql::loader::schema::schema(kind), "{name}");
        }
    }
    for name in ["preset", "modifier", "parameters", "rail", "guard-rails", "adapter", "metric"] {
        place.run(&["schema", name]).ends(0);
    }
    place.run(&["schema", "recipe"]).ends(2).says(&["recipe", "preset"]);
    place.run(&["schema"]).ends(2);
}

#[test]
fn init_writes_a_catalog_that_compiles_to_the_same_bytes() {
    let place = Place::new();
    let plain = place.compiled(&["mid-scale"]);
    shows("init", &place.run(&["init", "catalog"]).ends(0));
    let written = tree(&place.path().join("catalog"));
    assert!(written.contains_key("registry/registry.toml") && written.contains_key("templates/explain/why.md.j2"));
    assert_eq!(plain, place.compiled(&["--data", "catalog", "mid-scale"]));
    place.run(&["check", "catalog"]).ends(0);
    // From within.
    let inner = Place::new();
    inner.run(&["init", "."]).ends(0);
    assert_eq!(tree(inner.path()), written);
    assert_eq!(inner.compiled(&["mid-scale"]), plain);
    // An empty folder is filled; one that holds something else keeps it.
    fs::create_dir(place.path().join("empty")).expect("a folder can be made");
    place.run(&["init", "empty", "-q"]).ends(0);
    assert_eq!(tree(&place.path().join("empty")), written);
    place.put("other/notes.txt", "mine");
    place.run(&["init", "other"]).ends(0);
    assert_eq!(read(&place.path().join("other/notes.txt")), "mine");
    // An edited catalog is never overwritten.
    place.put("catalog/presets/starter.toml", "mine");
    let before = tree(&place.path().join("catalog"));
    place.run(&["init", "catalog"]).ends(4).says(&["exists already"]);
    assert_eq!(tree(&place.path().join("catalog")), before);
    place.run(&["init", "other/notes.txt"]).ends(4);
}

#[test]
fn completions_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = place.run(&["completions", shell]).ends(0).stdout;
        for word in ["compile", "describe-preset", "list-parameters", "check", "init", "schema", "deny-warnings"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

fn owned((key, expression): (&str, &str)) -> (String, String) {
    (key.to_owned(), expression.to_owned())
}

/// A catalog with faults in several files.
fn broken() -> Place {
    let place = Place::new();
    place
        .put(
            "data/presets/team, 100%.toml",
            preset("mid-scale", "history.replica = 7\nhistory.shards = \"abc\"\n").replace("rationale", "reason"),
        )
        .put("data/modifiers/calm.toml", "description = \"C.\"\nrationale = \"R.\"\n[derive]\nhistory.replicas = 'base * * 2'\n[because]\nhistory.replicas = \"W.\"\n")
        .put(
            "data/registry/parameters/more.toml",
            parameters([("more.a", "load.process + 1"), ("more.b", "dsql.reservoir_enabled")].map(owned).into_iter()),
        );
    place
}

#[test]
fn check_finds_nothing_in_the_shipped_catalog() {
    let place = Place::new();
    shows("check-good", &place.run(&["check"]).ends(0));
    assert_eq!(
        place.run(&["check", "-q", "--format", "short"]).ends(0).to_string(),
        "exit code: 0\n---- stdout ----\n\n---- stderr ----\n\n"
    );
    let report = place.run(&["check", "--format", "json"]).ends(0).json();
    assert_eq!(keys(&report), ["diagnostics", "files"]);
    assert_eq!(report["diagnostics"], json!([]));
    assert!(report["files"].as_u64().is_some_and(|files| files > 100));
    assert_eq!(place.run(&["check", "--format", "github"]).ends(0).stdout, "");
    is_sarif(&place.run(&["check", "--format", "sarif"]).ends(0).json(), 0);
}

#[test]
fn check_tells_every_fault_in_every_format() {
    let place = broken();
    let text = place.run(&["check", "data"]).ends(3);
    shows("check-broken", &text);
    let report = place.run(&["check", "data", "--format", "json"]).ends(3).json();
    let found = report["diagnostics"].as_array().expect("a list");
    assert!(found.len() >= 6, "{report}");
    let files: BTreeSet<&str> = found.iter().filter_map(|fault| fault["file"].as_str()).collect();
    assert_eq!(
        files.into_iter().collect::<Vec<_>>(),
        ["data/modifiers/calm.toml", "data/presets/team, 100%.toml", "data/registry/parameters/more.toml"]
    );
    for fault in found {
        for field in ["severity", "code", "message", "file", "line", "column", "help"] {
            assert!(fault.get(field).is_some(), "{fault}");
        }
        let position = |field: &str| fault[field].as_u64().expect("a number");
        assert!(position("line") >= 1 && position("column") >= 1);
        // The same fault in the other formats.
        let (file, message) = (fault["file"].as_str().expect("text"), fault["message"].as_str().expect("text"));
        assert!(text.stdout.contains(message.lines().next().expect("a line")), "{message}:\n{text}");
        assert!(text.stdout.contains(file));
    }
    let short = place.run(&["check", "data", "--format", "short"]).ends(3).stdout;
    assert_eq!(short.lines().count(), found.len(), "{short}");
    for (line, fault) in short.lines().zip(found) {
        let start = format!(
            "{}:{}:{}: {}[{}]: ",
            fault["file"].as_str().expect("text"),
            fault["line"],
            fault["column"],
            fault["severity"].as_str().expect("text"),
            fault["code"].as_str().expect("text")
        );
        assert!(line.starts_with(&start), "{line}\n{start}");
    }
    let github = place.run(&["check", "data", "--format", "github"]).ends(3).stdout;
    assert_eq!(github.lines().count(), found.len(), "{github}");
    for line in github.lines() {
        assert!(line.starts_with("::error file=") || line.starts_with("::warning file="), "{line}");
        let (properties, _) = line[2..].split_once("::").expect("a command");
        assert_eq!(properties.matches(',').count(), 3, "file, line, col, title: {line}");
    }
    assert!(github.contains("file=data/presets/team%2C 100%25.toml,line="), "{github}");
    let sarif = place.run(&["check", "data", "--format", "sarif"]).ends(3).json();
    is_sarif(&sarif, found.len());
    assert!(sarif.to_string().contains("data/presets/team%2C%20100%25.toml"));
    // `--data` and a folder in the working directory are checked as well.
    place.run(&["--data", "data", "check", "-q"]).ends(3);
    place.run(&["check", "nothere"]).ends(4);
    assert_eq!(place.run(&["check", "nothere", "--format", "json"]).ends(4).codes(), ["io"]);
}

#[test]
fn check_tells_a_circle_beside_other_faults() {
    let place = broken();
    let circle = [("circle.a", "circle.b + 1"), ("circle.b", "circle.a + 1")].map(owned).into_iter();
    place.put("data/registry/parameters/circle.toml", parameters(circle));
    let ran = place.run(&["check", "data"]).ends(3);
    assert!(ran.stdout.contains("error[dependency_cycle]"), "{ran}");
}

#[test]
fn check_judges_no_value_that_nobody_wrote() {
    let ran = broken().run(&["check", "data"]).ends(3);
    assert!(!ran.stdout.contains("`history.shards` is 0"), "{ran}");
}

/// The parts of SARIF 2.1.0 that readers rely on.
pub(crate) fn is_sarif(document: &Value, results: usize) {
    assert_eq!(document["version"], "2.1.0");
    assert!(document["$schema"].as_str().is_some_and(|schema| schema.contains("sarif") && schema.contains("2.1.0")));
    let runs = document["runs"].as_array().expect("a list");
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "tdsql");
    assert!(semver::Version::parse(driver["version"].as_str().expect("text")).is_ok());
    let rules = driver["rules"].as_array().expect("a list");
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().expect("text")).collect();
    assert_eq!(ids.len(), rules.len(), "each rule once");
    assert!(rules.iter().all(|rule| rule["shortDescription"]["text"].is_string()));
    let found = runs[0]["results"].as_array().expect("a list");
    assert_eq!(found.len(), results);
    let is_place = |location: &Value| {
        let physical = &location["physicalLocation"];
        let uri = physical["artifactLocation"]["uri"].as_str().expect("text");
        assert!(!uri.is_empty() && !uri.contains([' ', '\\', ',']), "{uri}");
        let region = |field: &str| physical["region"][field].as_u64().expect("a number");
        assert!(region("startLine") >= 1 && region("startColumn") >= 1);
        assert!((region("endLine"), region("endColumn")) >= (region("startLine"), region("startColumn")));
    };
    for result in found {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
        assert_eq!(result["ruleId"], rules[index]["id"]);
        assert!(["error", "warning", "note", "none"].iter().any(|level| result["level"] == *level));
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        result["locations"].as_array().expect("a list").iter().for_each(is_place);
        result["relatedLocations"].as_array().into_iter().flatten().for_each(is_place);
    }
}

#[test]
fn check_warns_of_rails_that_a_preset_trips() {
    let place = Place::new();
    place.put("presets/team.toml", preset("mid-scale", "typical_workflow_runtime = \"1s\""));
    let ran = place.run(&["check", "--format", "short"]).ends(0);
    assert!(ran.stdout.contains("warning[guard_rail]: `team` trips sticky-suits-workflow-runtime"), "{ran}");
    assert!(ran.stderr.contains(" 0 errors, "), "{ran}");
}

// --- hostile overlays ---------------------------------------------------------------------------------------------------

#[test]
fn a_fault_is_told_once() {
    let place = Place::new();
    place.put("over/presets/deep.toml", format!("a = {}", "[".repeat(1000)));
    place.put("v.toml", format!("a = {}", "[".repeat(1000)));
    for arguments in [&["--data", "over", "compile", "starter"][..], &["compile", "starter", "--values", "v.toml"]] {
        let ran = place.run(arguments);
        assert!(ran.stderr.matches("error[").count() <= 2, "{ran}");
    }
}

/// A run on hostile input: it ends, and floods nobody's screen.
fn ends_tersely(place: &Place, arguments: &[&str]) -> Ran {
    let ran = place.run(arguments);
    assert!(ran.stderr.len() < 100_000, "{} bytes on standard error", ran.stderr.len());
    ran
}

#[test]
fn hostile_overlays_end_with_an_error() {
    for (name, content, code) in [
        ("presets/large.toml", "#".repeat(10_000_000).into_bytes(), "too_large"),
        ("presets/deep.toml", format!("a = {}", "[".repeat(100_000)).into_bytes(), "too_deep"),
        ("presets/tables.toml", format!("{}x = 1", "a.".repeat(50_000)).into_bytes(), "too_deep"),
        ("presets/binary.toml", (0..4096_u32).map(|n| (n * 197 % 251) as u8 | 0x80).collect(), "syntax"),
        ("presets/nul.toml", b"description = \"\0\"".to_vec(), "syntax"),
        (
            "registry/parameters/wide.toml",
            parameters(std::iter::once(("wide.a".to_owned(), vec!["history.replicas"; 1000].join(" + ")))).into_bytes(),
            "too_large",
        ),
        ("templates/adapters/go/worker_options.go.j2", vec![0xff; 100], "syntax"),
    ] {
        let place = Place::new();
        place.put(&format!("over/{name}"), content);
        for arguments in [&["--data", "over", "compile", "starter"][..], &["check", "over"]] {
            let ran = ends_tersely(&place, arguments).ends(3);
            assert!(format!("{}{}", ran.stdout, ran.stderr).contains(&format!("error[{code}]")), "{name}: {ran}");
        }
    }
}

#[test]
fn a_file_of_nothing_but_faults_does_not_flood() {
    let place = Place::new();
    place.put("over/modifiers/keys.toml", "a=1\n".repeat(100_000));
    ends_tersely(&place, &["--data", "over", "compile", "starter"]).ends(3).says(&["error[duplicate_key]"]);
}

#[test]
fn a_circle_of_a_thousand_is_told_in_one_line() {
    let place = Place::new();
    let circle = (0..1000).map(|n| (format!("circle.n{n}"), format!("circle.n{} + 1", (n + 1) % 1000)));
    place.put("over/registry/parameters/circle.toml", parameters(circle));
    let ran = ends_tersely(&place, &["check", "over"]).ends(3);
    assert!(ran.stdout.contains("error[dependency_cycle]") && ran.stdout.len() < 2000, "{ran}");
    let ran = ends_tersely(&place, &["--data", "over", "compile", "starter"]).says(&["error[dependency_cycle]"]);
    assert_ne!(ran.code, 0);
}

#[test]
fn a_circle_of_derivations_is_a_broken_catalog() {
    let place = Place::new();
    let circle = [("circle.a", "circle.b + 1"), ("circle.b", "circle.a + 1")].map(owned).into_iter();
    place.put("over/registry/parameters/circle.toml", parameters(circle));
    let ran = place.run(&["--data", "over", "compile", "starter", "--format", "json"]).ends(3);
    assert_eq!(ran.codes(), ["catalog"]);
}

#[test]
fn a_long_chain_is_no_fault() {
    let place = Place::new();
    let chain = (0..1000).map(|n| {
        let before = if n == 0 { "1".to_owned() } else { format!("chain.n{} + 1", n - 1) };
        (format!("chain.n{n}"), before)
    });
    place.put("over/registry/parameters/chain.toml", parameters(chain));
    let result = ends_tersely(&place, &["--data", "over", "compile", "starter", "--format", "json"]).ends(0).json();
    assert_eq!(value(&result["profile"], "chain.n999"), 1000);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_and_pipes_hold_nobody_up() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    fs::create_dir_all(place.path().join("file/presets")).expect("a folder can be made");
    symlink("a.toml", place.path().join("file/presets/a.toml")).expect("a link can be made");
    ends_tersely(&place, &["--data", "file", "list-presets"]).ends(4).says(&["presets/a.toml"]);
    place.put("folder/presets/team.toml", preset("mid-scale", ""));
    symlink(".", place.path().join("folder/presets/self")).expect("a link can be made");
    let ran = ends_tersely(&place, &["--data", "folder", "list-presets"]).ends(0);
    assert!(!ran.stderr.contains("self/"), "the link leads to where it stands: {ran}");
    fs::create_dir_all(place.path().join("pipe/presets")).expect("a folder can be made");
    let made = Command::new("mkfifo").arg(place.path().join("pipe/presets/a.toml")).status().expect("mkfifo runs");
    assert!(made.success());
    ends_tersely(&place, &["--data", "pipe", "list-presets"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_data_file() {
    let place = Place::new();
    fs::create_dir_all(place.path().join("pipe/presets")).expect("a folder can be made");
    let made = Command::new("mkfifo").arg(place.path().join("pipe/presets/a.toml")).status().expect("mkfifo runs");
    assert!(made.success());
    assert_ne!(ends_tersely(&place, &["--data", "pipe", "list-presets"]).code, 0);
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_text_are_wrong_usage() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::new();
    let strange = std::ffi::OsStr::from_bytes(b"\xff");
    let output = place.command(&["compile"]).arg(strange).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    // A path need not be text.
    let output = place.command(&["compile", "starter", "-q", "-o"]).arg(strange).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(0));
    assert!(place.path().join(PathBuf::from(strange)).join("profile.json").is_file());
}
