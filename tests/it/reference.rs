//! The generated reference: `docs/reference/` is what the catalog gives now, and every fact of the catalog is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use tdsql::catalog::Catalog;
use tdsql::diag::Code;
use tdsql::loader::Depth;
use tdsql::reference::{document, pages};

use crate::cli::Place;
use crate::support::{data, files_below, read, root, shipped, text};

fn generated() -> BTreeMap<String, String> {
    pages(shipped())
        .unwrap_or_else(|faults| panic!("the templates render:\n{}", text(&shipped().sources, faults.as_slice())))
        .into_iter()
        .map(|page| (page.path, page.text))
        .collect()
}

#[test]
fn the_committed_pages_are_fresh() {
    let folder = root().join("docs/reference");
    let committed: BTreeMap<String, String> = files_below(&folder, ".md")
        .into_iter()
        .map(|path| (path.strip_prefix(&folder).expect("it is below").display().to_string(), read(&path)))
        .collect();
    let generated = generated();
    let stale: BTreeSet<&String> =
        generated.keys().chain(committed.keys()).filter(|path| generated.get(*path) != committed.get(*path)).collect();
    assert!(stale.is_empty(), "stale: {stale:?}; run `cargo run -- --no-local doc -o docs/reference`");
}

#[test]
fn everything_of_the_catalog_is_in_it() {
    let catalog = shipped();
    let pages = generated();
    let parameters: String =
        pages.iter().filter(|(path, _)| path.starts_with("parameters/")).map(|(_, text)| text.as_str()).collect();
    for parameter in &catalog.parameters {
        assert!(parameters.contains(&format!("\n## {}\n\n{}\n", parameter.key, parameter.summary.trim())));
        assert!(parameters.contains(parameter.rationale.trim()), "{}", parameter.key);
        for (_, name) in &parameter.outputs {
            assert!(parameters.contains(&format!("`{name}`")), "{name}");
        }
    }
    let has = |page: &str, words: &mut dyn Iterator<Item = String>| {
        for word in words {
            assert!(pages[page].contains(&word), "{page} has {word}");
        }
    };
    has("presets.md", &mut catalog.presets.keys().map(|name| format!("\n## {name}\n")));
    has("modifiers.md", &mut catalog.modifiers.keys().map(|name| format!("\n## {name}\n")));
    has("guard-rails.md", &mut catalog.rails.iter().map(|rail| format!("\n## {}\n", rail.name)));
    has("guard-rails.md", &mut catalog.rails.iter().map(|rail| rail.require.value.source().to_owned()));
    has("adapters.md", &mut catalog.adapters.iter().map(|adapter| format!("\n## {}\n", adapter.name)));
    has("metrics.md", &mut catalog.metrics.iter().map(|metric| format!("| `{}` |", metric.name)));
    has("correlations.md", &mut catalog.correlations.iter().map(|rule| format!("\n## {}\n", rule.name)));
    has("recommendations.md", &mut catalog.recommendations.iter().map(|rule| format!("\n## {}\n", rule.name)));
    has("variables.md", &mut catalog.variables.keys().map(|name| format!("| `{name}` |")));
    has("diagnostics.md", &mut Code::ALL.iter().map(|code| format!("| `{code}` | {} |", code.description())));
    has("settings.md", &mut catalog.settings.all.iter().map(|setting| format!("| `{}`", setting.key)));
    has("functions.md", &mut tdsql::expr::functions().iter().map(|function| format!("| `{}` |", function.signature)));
}

#[test]
fn one_document_has_all_pages_and_its_links_lead_to_its_headings() {
    let all = pages(shipped()).expect("the templates render");
    let document = document(&all);
    for page in &all {
        let title = page.text.lines().next().expect("a page begins with its title");
        assert!(document.contains(&format!("{title}\n")), "{title}");
    }
    assert!(!document.contains(".md)") && !document.contains(".md#"), "no link leads to a page");
}

#[test]
fn text_of_a_catalog_stays_text() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let hostile = r#"
title = "A | b"
order = 1

[[parameter]]
key = "hostile.value"
class = "tuning"
type = "str"
default = "`a` | b"
allowed = ["`a` | b", ""]
summary = "One | two."
rationale = "Why not."
source = "here"
"#;
    fs::create_dir_all(folder.path().join("registry/parameters")).expect("a folder can be made");
    fs::write(folder.path().join("registry/parameters/hostile.toml"), hostile).expect("a file can be written");
    let catalog = Catalog::link(data(&[root(), folder.path()]), Depth::Check).expect("it links");
    let pages = pages(&catalog).expect("the templates render");
    let page = pages.iter().find(|page| page.path == "parameters/a-b.md").expect("the group has a page");
    assert!(page.text.contains("- default: `` `a` | b ``\n- one of `` `a` | b ``, (empty)\n"), "{}", page.text);
    assert!(pages[0].text.contains("| [parameters: A \\| b](parameters/a-b.md) | 1 |"), "{}", pages[0].text);
}

#[test]
fn the_command_writes_all_or_nothing() {
    let place = Place::new();
    let written = place.run(&["doc", "-o", "out"]).ends(0).says(&["wrote ", " pages to out"]);
    assert_eq!(written.stdout, "");
    assert!(place.path().join("out/parameters/history.md").is_file());
    // A page of an earlier run goes, a foreign file stays.
    let page = read(&place.path().join("out/parameters/history.md"));
    place.put("out/parameters/gone.md", &page).put("out/parameters/mine.md", "mine").put("out/notes.txt", "mine");
    place.run(&["doc", "-q", "-o", "out"]).ends(0);
    assert!(!place.path().join("out/parameters/gone.md").exists());
    assert!(place.path().join("out/parameters/mine.md").exists() && place.path().join("out/notes.txt").exists());
    // A page that somebody else wrote is not written over.
    place.put("project/README.md", "# Ours\n");
    place.run(&["doc", "-o", "project"]).ends(4).says(&["README.md", "not of this tool's making"]);
    assert_eq!(files_below(&place.path().join("project"), ".md").len(), 1);
    // Without a folder it is one document.
    let printed = place.run(&["doc"]).ends(0);
    assert!(printed.stdout.starts_with("# Reference of the catalog\n"), "{printed}");
    assert!(printed.stdout.contains("\n## persistence.maxConns\n"));
    assert_eq!(printed.stderr, "");
}

#[test]
fn an_overlay_is_documented_and_a_faulty_template_is_refused() {
    let place = Place::new();
    let preset = "extends = \"mid-scale\"\ndescription = \"Ours.\"\nrationale = \"Because.\"\n\n\
                  [throughput]\nmin = 50\nmax = 500\ndescription = \"ours\"\n";
    place.put("data/presets/ours.toml", preset);
    let printed = place.run(&["--data", "data", "doc"]).ends(0);
    assert!(printed.stdout.contains("\n## ours\n\nOurs."), "{printed}");
    place.put("data/templates/reference/presets.md.j2", "{{ nothing.here }}\n");
    place.put("data/templates/reference/modifiers.md.j2", "{% for %}\n");
    let ran = place.run(&["--data", "data", "doc", "-o", "out"]).ends(1);
    let ran = ran.says(&["data/templates/reference/presets.md.j2:1", "data/templates/reference/modifiers.md.j2:1"]);
    assert!(!place.path().join("out").exists(), "{ran}");
    place.run(&["check", "data"]).ends(3);
}
