//! The catalog's own commands: `schema`, `init`, `completions`, `check`.

use super::*;

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

pub(super) fn owned((key, expression): (&str, &str)) -> (String, String) {
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

/// No shipped configuration warns of its rollout: the words are looked at all the same.
#[test]
fn check_tells_what_a_rollout_cannot_say() {
    let place = Place::new();
    let shipped = std::fs::read_to_string(root().join("registry/platform.toml")).expect("it is shipped");
    let wrong = shipped.replace("{{ at_once }}", "{{ at_onse }}").replace("hold {{ peak }}", "hold {{ peak");
    place.put("data/registry/platform.toml", wrong);
    let ran = place.run(&["check", "data", "--format", "short"]).ends(3);
    let places = ["platform.toml:117:57: error[invalid_template]", "platform.toml:118:66: error[invalid_template]"];
    assert!(places.iter().all(|place| ran.stdout.contains(place)), "{ran}");
    assert_eq!(ran.stdout.lines().count(), places.len(), "{ran}");
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
