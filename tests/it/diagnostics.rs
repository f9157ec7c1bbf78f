//! Every fault of a data file, provoked: `fixtures/diagnostics/<code>/` or `<code>.<variant>/` is laid over `base/` and
//! must yield that code and no other. A comment `#~ code text` behind a line says that a diagnostic of this code on this line
//! underlines exactly this text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tdsql::catalog::Catalog;
use tdsql::diag::{Code, Diagnostic, Diagnostics, SourceMap};
use tdsql::loader::{DataSet, Depth};

use crate::support::{data, files_below, fixtures, names_in, read, root, snapshots, text};

/// Codes that no data file can provoke, and why.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::UnknownProfile, "of stores"),
    (Code::NoBaseline, "of stores"),
    (Code::SameProfile, "of requests"),
    (Code::UnknownAdapter, "of requests"),
    (Code::UnusedOverride, "of requests"),
    (Code::OverriddenValue, "of requests"),
    (Code::NotEmitted, "of requests"),
    (Code::UnknownVariable, "of requests"),
    (Code::UnknownConstraint, "of files of deployments"),
    (Code::DeadEntry, "of files of deployments"),
    (Code::StaticSetting, "of files of deployments"),
    (Code::NotForProduction, "of files of deployments"),
    (Code::RestatedDefault, "of files of deployments"),
    (Code::PresetValue, "of files of deployments"),
    (Code::LetterCase, "of files of deployments"),
    (Code::Unread, "of files of deployments"),
    (Code::Io, "of the file system"),
    (Code::Catalog, "of refusals: it stands for the other codes of this page as a whole"),
];

/// Codes of faults inside expressions: each fixture of theirs marks the characters.
const IN_EXPRESSIONS: &[&str] = &[
    "unknown_parameter",
    "unknown_function",
    "invalid_expression",
    "expression_type",
    "expression_failed",
    "dependency_cycle",
];

/// Fixtures whose characters cannot be marked by a comment on the line: what is underlined.
const UNMARKED: &[(&str, &str)] = &[("unknown_parameter.multi-line", "replica_count")];

fn folder() -> PathBuf {
    fixtures().join("diagnostics")
}

/// The fixtures by name, without `base` and `many`.
fn cases() -> Vec<String> {
    names_in(&folder()).into_iter().filter(|name| name != "base" && name != "many").collect()
}

fn code_of(fixture: &str) -> &str {
    fixture.split('.').next().unwrap_or(fixture)
}

/// What a check of these files says: the link's diagnostics, else those of the catalog as a whole.
fn check(files: DataSet) -> (SourceMap, Diagnostics) {
    match Catalog::link(files, Depth::Check) {
        Err(broken) => (broken.sources, broken.diagnostics),
        Ok(catalog) => {
            let mut found = catalog.warnings.clone();
            found.extend(tdsql::check::check(&catalog));
            (catalog.sources, found)
        }
    }
}

fn check_fixture(name: &str) -> (SourceMap, Diagnostics) {
    check(data(&[&folder().join("base"), &folder().join(name)]))
}

/// A `#~ code text` comment.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    file: String,
    line: usize,
    code: String,
    underlined: String,
}

fn marks(fixture: &str) -> BTreeSet<Mark> {
    let over = folder().join(fixture);
    let mut marks = BTreeSet::new();
    for path in files_below(&over, ".toml") {
        let file = path.strip_prefix(&over).expect("the file is below the folder").display().to_string();
        for (index, line) in read(&path).lines().enumerate() {
            for mark in line.split("#~ ").skip(1) {
                let (code, underlined) = mark.trim().split_once(' ').expect("a mark is a code and a text");
                marks.insert(Mark {
                    file: file.clone(),
                    line: index + 1,
                    code: code.to_owned(),
                    underlined: underlined.trim().to_owned(),
                });
            }
        }
    }
    marks
}

fn mark_of(sources: &SourceMap, diagnostic: &Diagnostic) -> Option<Mark> {
    let span = diagnostic.primary.as_ref()?.span;
    Some(Mark {
        file: sources.name(span.file).to_owned(),
        line: sources.position(span).line,
        code: diagnostic.code.as_str().to_owned(),
        underlined: sources.snippet(span).to_owned(),
    })
}

/// A place, and a word on what is wrong there or what to do.
fn is_helpful(sources: &SourceMap, diagnostic: &Diagnostic) -> Result<(), String> {
    let Some(primary) = &diagnostic.primary else { return Err(format!("no place: {}", diagnostic.message)) };
    let position = sources.position(primary.span);
    if sources.name(primary.span.file).is_empty() || position.line == 0 || position.column == 0 {
        return Err(format!("no line or column: {}", diagnostic.message));
    }
    if primary.text.is_empty() && diagnostic.help.as_ref().is_none_or(String::is_empty) {
        return Err(format!("neither label nor help: {}", diagnostic.message));
    }
    if diagnostic.message.ends_with('.') || diagnostic.message.is_empty() {
        return Err(format!("not a fragment: {}", diagnostic.message));
    }
    Ok(())
}

#[test]
fn the_base_of_the_fixtures_is_faultless() {
    let (sources, found) = check(data(&[&folder().join("base")]));
    assert!(found.is_empty(), "{}", text(&sources, found.as_slice()));
}

#[test]
fn each_fixture_yields_its_code_at_its_place() {
    let mut wrong = Vec::new();
    for fixture in cases() {
        let (sources, found) = check_fixture(&fixture);
        let rendered = text(&sources, found.as_slice());
        let mut complain = |what: String| wrong.push(format!("## {fixture}: {what}\n{rendered}"));
        let code = code_of(&fixture);
        let codes: BTreeSet<&str> = found.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
        if codes != BTreeSet::from([code]) {
            complain(format!("yields {codes:?}"));
        }
        let own: Vec<Diagnostic> =
            found.iter().filter(|diagnostic| diagnostic.code.as_str() == code).cloned().collect();
        for diagnostic in &found {
            if let Err(fault) = is_helpful(&sources, diagnostic) {
                complain(fault);
            }
        }
        let marked = marks(&fixture);
        let underlined: BTreeSet<Mark> = own.iter().filter_map(|diagnostic| mark_of(&sources, diagnostic)).collect();
        let missing: Vec<&Mark> = marked.difference(&underlined).collect();
        if !missing.is_empty() {
            complain(format!("does not underline {missing:?}, but {underlined:?}"));
        }
        if IN_EXPRESSIONS.contains(&code) {
            let expected: Vec<&str> =
                UNMARKED.iter().filter(|(name, _)| *name == fixture).map(|(_, text)| *text).collect();
            let agrees = if expected.is_empty() {
                marked == underlined
            } else {
                underlined.iter().map(|mark| mark.underlined.as_str()).eq(expected)
            };
            if !agrees {
                complain(format!("underlines {underlined:?}, marked is {marked:?}"));
            }
        }
        snapshots("diagnostics").bind(|| insta::assert_snapshot!(fixture.as_str(), text(&sources, &own)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_code_has_a_fixture_or_a_reason_to_have_none() {
    let provoked: BTreeSet<String> = cases().iter().map(|fixture| code_of(fixture).to_owned()).collect();
    let excused: BTreeSet<String> = ELSEWHERE.iter().map(|(code, _)| code.as_str().to_owned()).collect();
    let all: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str().to_owned()).collect();
    let covered: BTreeSet<String> = provoked.union(&excused).cloned().collect();
    assert_eq!(all, covered, "every code, and no other, has a fixture or a reason");
    let both: Vec<&String> = provoked.intersection(&excused).collect();
    assert!(both.is_empty(), "{both:?} have a fixture and a reason to have none");
}

/// A variant without snapshot would be a test that asserts nothing; a snapshot without fixture, one that never runs.
#[test]
fn snapshots_and_fixtures_are_the_same_set() {
    let mut fixtures: BTreeSet<String> = cases().into_iter().collect();
    fixtures.insert("many".to_owned());
    let snapshots: BTreeSet<String> = names_in(&root().join("snapshots/diagnostics"))
        .into_iter()
        .filter_map(|name| name.strip_suffix(".snap").map(str::to_owned))
        .collect();
    assert_eq!(fixtures, snapshots);
}

#[test]
fn many_faults_in_many_files_are_reported_in_one_run() {
    let (sources, found) = check_fixture("many");
    let rendered = text(&sources, found.as_slice());
    let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in &found {
        *by_code.entry(diagnostic.code.as_str()).or_default() += 1;
        assert_eq!(is_helpful(&sources, diagnostic), Ok(()));
    }
    let expected = [
        "unknown_parameter",
        "unknown_field",
        "expression_type",
        "constraint_violation",
        "locked_parameter",
        "unknown_preset",
        "syntax",
        "missing_case",
    ];
    let codes: BTreeSet<&str> = by_code.keys().copied().collect();
    assert_eq!(codes, BTreeSet::from(expected), "{rendered}");
    let underlined: BTreeSet<Mark> = found.iter().filter_map(|diagnostic| mark_of(&sources, diagnostic)).collect();
    let marked = marks("many");
    assert!(marked.is_subset(&underlined), "marked {marked:?}, underlined {underlined:?}");
    let files: BTreeSet<&str> = underlined.iter().map(|mark| mark.file.as_str()).collect();
    assert!(files.len() >= 5, "{files:?}");
    snapshots("diagnostics").bind(|| insta::assert_snapshot!("many", rendered));
}

#[test]
fn diagnostics_come_in_the_order_of_files_and_lines() {
    let (_, found) = check_fixture("many");
    let places: Vec<_> = found
        .iter()
        .map(|diagnostic| diagnostic.primary.as_ref().map(|label| (label.span.file, label.span.start)))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn no_files_at_all_are_a_fault_and_no_panic() {
    let (sources, found) = check(DataSet::empty());
    snapshots("diagnostics-elsewhere").bind(|| insta::assert_snapshot!("no-files", text(&sources, found.as_slice())));
    assert!(found.has_errors());
}

/// What cannot stand in the repository as a file: bytes that are no text, and a file beyond the limit.
#[test]
fn files_that_are_no_text_or_too_large_are_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let presets = folder.path().join("presets");
    std::fs::create_dir(&presets).expect("a folder");
    std::fs::write(presets.join("bytes.toml"), [b'a', 0xff, b'b']).expect("a file");
    let large = vec![b'#'; usize::try_from(tdsql::loader::LARGEST_FILE).expect("it fits") + 1];
    std::fs::write(presets.join("large.toml"), large).expect("a file");
    let (sources, found) = check(data(&[&self::folder().join("base"), folder.path()]));
    let codes: Vec<&str> = found.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
    assert_eq!(codes, ["syntax", "too_large"], "{}", text(&sources, found.as_slice()));
    for (diagnostic, name) in found.iter().zip(["presets/bytes.toml", "presets/large.toml"]) {
        assert_eq!(is_helpful(&sources, diagnostic), Ok(()));
        assert!(diagnostic.message.contains(name), "{}", diagnostic.message);
    }
}

/// Each of these once stood in a data file by accident; none may end the process.
#[test]
fn hostile_files_yield_diagnostics_and_no_panic() {
    for hostile in [
        "",
        "\u{feff}",
        "\0",
        "[[[[",
        "a = \"\"\"",
        "title = 1\nparameter = 3",
        "parameter = [1, \"a\", [], {}]",
        "[[parameter]]\nkey = \"\"\ndefault = nan",
        "[[parameter]]\nkey = \"a\"\nclass = \"slo\"\ntype = \"int\"\nderive = ''\nsummary = \"s\"\nrationale = \"r\"\nsource = \"s\"",
        "[set]\na.b = 1\na = 2",
        "[set.a.b.c]\nd = 1979-05-27",
    ] {
        for path in [
            "registry/parameters/hostile.toml",
            "registry/rails/hostile.toml",
            "presets/hostile.toml",
            "registry/registry.toml",
        ] {
            let mut files = data(&[&folder().join("base")]);
            files.insert(path, hostile.to_owned());
            let (sources, found) = check(files);
            assert!(
                found.has_errors() || (path.ends_with("parameters/hostile.toml") && hostile.is_empty()),
                "{path} with {hostile:?}: {}",
                text(&sources, found.as_slice())
            );
        }
    }
}

#[test]
fn snapshots_stand_in_one_folder_only() {
    let inside = root().join("snapshots");
    for folder in ["src", "tests", "docs", "registry", "presets", "modifiers", "templates"] {
        if Path::new(&root().join(folder)).is_dir() {
            assert_eq!(files_below(&root().join(folder), ".snap"), Vec::<PathBuf>::new());
        }
    }
    assert!(inside.is_dir());
}
