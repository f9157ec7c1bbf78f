//! The command line as its users meet it: the binary itself, in a folder of its own and with an empty environment. Each
//! run is judged by all that it leaves behind: both streams, the exit code, and the files.

mod bad_input;
mod catalog_commands;
mod compile;
mod layers;
mod lists;
mod overlays;
mod overrides;
mod result;
mod streams;
mod talk;

pub(crate) use catalog_commands::is_sarif;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{names_in, read, root, shipped, snapshots};

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
