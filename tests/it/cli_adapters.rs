//! Adapters as data: one that is laid over the catalog appears everywhere, one with a fault is diagnosed by `check` and refused
//! by `compile`, which then writes nothing.

use serde_json::Value;

use crate::cli::{Place, Ran};
use crate::support::{files_below, read, root};

/// The manifest of an adapter with one output.
const MANIFEST: &str = r#"kind = "platform"
title = "Another"
language = "text"

[[output]]
file = "other.txt"
template = "other.txt.j2"
select = "env_vars"
"#;

/// A template that lists the fields.
const TEMPLATE: &str = "{% for field in fields %}\n{{ field.name }}={{ field.literal }}\n{% endfor %}\n";

const FOLDER: &str = "over/templates/adapters/other";

/// A folder of data with one adapter.
fn with(manifest: &str, template: &str) -> Place {
    let place = Place::new();
    place.put(&format!("{FOLDER}/adapter.toml"), manifest);
    place.put(&format!("{FOLDER}/other.txt.j2"), template);
    place
}

/// The diagnostics of a check: code, file, line, column.
fn found(place: &Place) -> Vec<(String, String, u64, u64)> {
    let ran = place.run(&["--data", "over", "check", "--format", "json"]).ends(3);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let document = ran.json();
    let diagnostics = document["diagnostics"].as_array().expect("an array of diagnostics");
    let place = |one: &Value| (text(&one["code"]), text(&one["file"]), number(&one["line"]), number(&one["column"]));
    diagnostics.iter().map(place).collect()
}

/// A compile into a folder; nothing may be there afterwards.
fn refused(place: &Place, exit: i32) -> Ran {
    let ran = place.run(&["--data", "over", "compile", "mid-scale", "-o", "out", "--format", "json"]).ends(exit);
    assert!(!place.path().join("out").exists(), "{ran}");
    ran
}

#[test]
fn the_example_of_the_guide_is_an_adapter() {
    let example = root().join("docs/examples/nomad");
    let example = example.to_str().expect("the path is text");
    let place = Place::new();
    let ran = place.run(&["-q", "--data", example, "check"]).ends(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "{ran}");
    let listed = place.run(&["--data", example, "list-adapters", "--format", "json"]).ends(0).json();
    let listed = listed.as_array().expect("an array of adapters");
    assert!(listed.iter().any(|adapter| adapter["name"] == "nomad"), "{listed:?}");

    place.run(&["--data", example, "compile", "mid-scale", "-o", "all"]).ends(0);
    place.run(&["--data", example, "compile", "mid-scale", "--platform", "nomad", "-o", "one"]).ends(0);
    for folder in ["all", "one"] {
        let folder = place.path().join(folder).join("platform/nomad");
        let names: Vec<String> = files_below(&folder, "")
            .iter()
            .map(|path| path.strip_prefix(&folder).expect("below").display().to_string())
            .collect();
        assert_eq!(names, ["prerequisites.md", "rollout.md", "temporal.nomad.hcl"]);
        let job = read(&folder.join("temporal.nomad.hcl"));
        for said in [
            "variable \"dsql_endpoint\" {",
            "    TEMPORAL_SQL_HOST = var.dsql_endpoint\n",
            "    TEMPORAL_HISTORY_SHARDS = \"512\"\n",
            "  group \"history\" {\n    count = 6\n",
            "static = 7233\n",
        ] {
            assert!(job.contains(said), "the job lacks {said:?}:\n{job}");
        }
    }
    // Text stays text, whatever it holds.
    let given = ["-s", "visibility.elasticsearch_index=a\"${b}%{c}"];
    let arguments =
        [&["--data", example, "compile", "mid-scale", "--platform", "nomad", "-o", "odd"], &given[..]].concat();
    place.run(&arguments).ends(0);
    let job = read(&place.path().join("odd/platform/nomad/temporal.nomad.hcl"));
    assert!(job.contains("TEMPORAL_ELASTICSEARCH_INDEX = \"a\\\"$${b}%%{c}\"\n"), "{job}");
}

#[test]
fn the_guide_quotes_its_example() {
    let guide = read(&root().join("docs/writing-an-adapter.md"));
    let folder = root().join("docs/examples/nomad/templates/adapters/nomad");
    let files: Vec<String> = files_below(&folder, "").iter().map(|path| read(path)).collect();
    let mut quoted = 0;
    for language in ["```toml\n", "```jinja\n"] {
        for block in guide.split(language).skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            assert!(files.iter().any(|file| file.contains(block)), "no file of the example has:\n{block}");
            quoted += 1;
        }
    }
    assert_eq!(quoted, 7);
}

/// What the manifest is to blame for: the catalog is broken, whatever is asked of it.
#[test]
fn faults_of_a_manifest_are_the_catalogs() {
    let output =
        |file: &str| format!("\n[[output]]\nfile = \"{file}\"\ntemplate = \"other.txt.j2\"\nselect = \"env_vars\"\n");
    let cases = [
        (MANIFEST.replace("kind = \"platform\"", "kind = \"plattform\""), "invalid_value", 1, 9),
        (MANIFEST.replace("title =", "titel ="), "unknown_field", 2, 1),
        (MANIFEST.replace("env_vars", "env_varz"), "invalid_value", 8, 11),
        (format!("{MANIFEST}each = \"node\"\n").replace("other.txt\"", "{{ service }}.txt\""), "invalid_value", 9, 9),
        (MANIFEST.replace("\n[[output]]", "image = \"nothing\"\n\n[[output]]"), "unknown_name", 4, 10),
        (MANIFEST.replace("\n[[output]]", "\n[literals]\nflot = \"x\"\n\n[[output]]"), "unknown_field", 6, 1),
        (MANIFEST.replace("file = \"other.txt\"", "file = \"../../sdk/go/worker_options.go\""), "unsafe_path", 6, 9),
        (MANIFEST.replace("file = \"other.txt\"", "file = \"/other.txt\""), "unsafe_path", 6, 9),
        (MANIFEST.replace("file = \"other.txt\"", "file = \"a*b\""), "unsafe_path", 6, 9),
        (MANIFEST.replace("file = \"other.txt\"", "file = \"{{ preset }}.txt\""), "invalid_template", 6, 9),
        (MANIFEST.replace("other.txt.j2", "another.txt.j2"), "invalid_template", 7, 13),
        (MANIFEST.replace("other.txt.j2", "parts/rollouts.md.j2"), "invalid_template", 7, 13),
        (format!("{MANIFEST}{}", output("other.txt")), "duplicate_path", 11, 9),
        (format!("{MANIFEST}{}", output("OTHER.txt")), "duplicate_path", 11, 9),
        (format!("{MANIFEST}{}", output("other.txt/more")), "duplicate_path", 11, 9),
        (
            format!("{MANIFEST}each = \"service\"\n{}", output("history"))
                .replace("\"other.txt\"", "\"{{ service }}\""),
            "duplicate_path",
            12,
            9,
        ),
    ];
    for (manifest, code, line, column) in cases {
        let place = with(&manifest, TEMPLATE);
        let found: Vec<_> = found(&place).into_iter().filter(|one| one.0 != "missing_field").collect();
        let file = format!("{FOLDER}/adapter.toml");
        assert_eq!(found, [(code.to_owned(), file, line, column)], "{manifest}");
        let ran = refused(&place, 3);
        assert!(ran.codes().iter().all(|code| code == "catalog") && !ran.codes().is_empty(), "{ran}");
    }
}

#[test]
fn a_manifest_without_anything_misses_all_that_it_must_have() {
    let place = with("", TEMPLATE);
    let missing: Vec<String> = found(&place).into_iter().map(|one| one.0).collect();
    assert_eq!(missing, ["missing_field"; 4]);
    refused(&place, 3);
}

/// What a template is to blame for: adapter, file, line and cause are named.
#[test]
fn faults_of_a_template_are_the_adapters() {
    let form = MANIFEST.replace("\n[[output]]", "\n[literals]\nint = \"{{ value | quot('c') }}\"\n\n[[output]]");
    let bad_form = MANIFEST.replace("\n[[output]]", "\n[literals]\nint = \"{{ value \"\n\n[[output]]");
    let cases = [
        (MANIFEST, "text\n{{ nothing }}\n", "other.txt.j2", (2, 4), "`nothing` is undefined"),
        (MANIFEST, "text\n\n  {% include 'parts/none' %}\n", "other.txt.j2", (3, 6), "parts/none"),
        (MANIFEST, "{% for field in fields %}\n{{ field.nam }}\n{% endfor %}\n", "other.txt.j2", (2, 4), "field.nam"),
        (MANIFEST, "", "adapter.toml", (5, 1), "rendered nothing into `other.txt`"),
        (MANIFEST, " \n\n", "adapter.toml", (5, 1), "rendered nothing into `other.txt`"),
        (form.as_str(), TEMPLATE, "adapter.toml", (6, 8), "quot"),
        (bad_form.as_str(), TEMPLATE, "adapter.toml", (6, 8), "end of"),
    ];
    for (manifest, template, file, (line, column), cause) in cases {
        let place = with(manifest, template);
        let file = format!("{FOLDER}/{file}");
        assert_eq!(found(&place), [("adapter_failed".to_owned(), file.clone(), line, column)], "{manifest}{template}");
        let ran = refused(&place, 1);
        assert_eq!(ran.codes(), ["adapter_failed"], "{ran}");
        let told = &ran.errors()[0];
        assert_eq!((told["name"].as_str(), told["file"].as_str()), (Some("other"), Some(file.as_str())), "{told}");
        assert_eq!(told["line"].as_u64(), Some(line), "{told}");
        let message = told["message"].as_str().unwrap_or_default();
        assert!(message.contains("the adapter `other`") && message.contains(cause), "{message}");
        // Who does not ask for it is not stopped by it.
        place.run(&["--data", "over", "compile", "mid-scale", "--sdk", "go", "-o", "out"]).ends(0);
    }
}

#[test]
fn a_template_that_does_not_parse_is_told_once() {
    let place = with(MANIFEST, "text\n{% for field in fields %}\n");
    let found = found(&place);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0.as_str(), found[0].1.as_str()), ("invalid_template", &*format!("{FOLDER}/other.txt.j2")));
    assert_eq!(refused(&place, 1).codes(), ["adapter_failed"]);
}

/// Adapters of two layers have folders of their own; one of the same name takes the place of the other.
#[test]
fn faults_of_adapters_and_of_explanations_are_told_at_once() {
    let place = with(MANIFEST, "{{ header[0] }}\n{{ nothing.there }}\n");
    place.put("over/templates/explain/why.md.j2", "# Why\n\n{{ nobody.knows }}\n");
    let out = ["--data", "over", "compile", "mid-scale", "-o", "out"];
    let ran = place.run(&out).says(&["templates/explain/why.md.j2:3:4", "other/other.txt.j2:2:4", "2 errors"]);
    assert!(!place.path().join("out").exists(), "{ran}");
}

#[test]
fn a_later_layer_replaces_an_adapter_of_the_same_name() {
    let place = with(MANIFEST, "from the first layer\n");
    place.put("later/templates/adapters/other/other.txt.j2", "from the second layer\n");
    place.run(&["--data", "over", "--data", "later", "check"]).ends(0);
    place.run(&["--data", "over", "--data", "later", "compile", "mid-scale", "-o", "out"]).ends(0);
    assert_eq!(read(&place.path().join("out/platform/other/other.txt")), "from the second layer\n");
    // As an SDK's it has another folder.
    place.put("later/templates/adapters/other/adapter.toml", MANIFEST.replace("platform", "sdk"));
    place.run(&["--data", "over", "--data", "later", "compile", "mid-scale", "-o", "sdk"]).ends(0);
    assert_eq!(read(&place.path().join("sdk/sdk/other/other.txt")), "from the second layer\n");
    assert!(!place.path().join("sdk/platform/other").exists());
}
