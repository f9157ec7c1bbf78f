//! Any text at all as a file of a deployment: findings, never a panic, and never without end.

use crate::strategies::CATALOG;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::sync::LazyLock;
use tdsql::compile::{Request, compile};
use tdsql::diag::{Diagnostics, Format, SourceMap, Style, render};
use tdsql::inputs::{parse_document, parse_env_file};
use tdsql::lint::{Kind, Linter};

static LINTER: LazyLock<Linter<'static>> =
    LazyLock::new(|| Linter::new(&CATALOG, None, None).unwrap_or_else(|_| panic!("the default versions are known")));

/// Files to start from: one that was compiled, one that grew.
static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let request = Request { preset: CATALOG.default_preset.to_string(), ..Request::default() };
    let compilation = compile(&CATALOG, &request, "").expect("a preset compiles");
    let emitted = compilation.dynamic_config_yaml();
    let grown = include_str!("../it/fixtures/lint/messy.yaml");
    // A part of the long one does, and is quicker to go wrong.
    vec![emitted.lines().take(60).collect::<Vec<_>>().join("\n"), grown.to_owned()]
});

/// What YAML makes something of.
const TRICKY: &[&str] = &[
    "\n",
    "\t",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "!x ",
    "|",
    ">-",
    "---",
    "...",
    "#",
    "?",
    "%YAML 1.2",
    "~",
    "null",
    "yes",
    "010",
    "0x",
    "1_0",
    ".inf",
    "2024-01-01",
    "\u{feff}",
    "\u{0}",
    "\r",
    "é",
    "🦀",
    "value",
    "constraints",
    "taskType: 0",
    "shardId: 0",
    "namespace: ''",
];

/// One change of a text.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, &'static str),
    Remove(Index, usize),
    RepeatLine(Index),
    Indent(Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<Index>(), select(TRICKY)).prop_map(|(at, text)| Change::Insert(at, text)),
        2 => (any::<Index>(), 1_usize..40).prop_map(|(at, length)| Change::Remove(at, length)),
        2 => any::<Index>().prop_map(Change::RepeatLine),
        2 => (any::<Index>(), 0_usize..9).prop_map(|(at, spaces)| Change::Indent(at, spaces)),
    ]
}

fn changed(mut text: String, change: &Change) -> String {
    let at = |text: &str, index: &Index| text.floor_char_boundary(index.index(text.len() + 1));
    match change {
        Change::Insert(index, part) => text.insert_str(at(&text, index), part),
        Change::Remove(index, length) => {
            let start = at(&text, index);
            let end = text.ceil_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end, "");
        }
        Change::RepeatLine(index) => {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            if !lines.is_empty() {
                let line = index.index(lines.len());
                text = [&lines[..=line], &lines[line..]].concat().concat();
            }
        }
        Change::Indent(index, spaces) => {
            let lines: Vec<&str> = text.split('\n').collect();
            let line = index.index(lines.len());
            let indented = format!("{}{}", " ".repeat(*spaces), lines[line].trim_start());
            text = lines
                .iter()
                .enumerate()
                .map(|(n, text)| if n == line { indented.as_str() } else { text })
                .collect::<Vec<_>>()
                .join("\n");
        }
    }
    text
}

fn judged(kind: Kind, text: &str) -> (SourceMap, Diagnostics) {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    match kind {
        Kind::DynamicConfig => {
            let document = parse_document("x.yaml", text, &mut sources, &mut diags);
            LINTER.dynamic_config(&document, &mut diags);
        }
        Kind::Env => {
            let entries = parse_env_file("x.env", text, &|_| true, &mut sources, &mut diags);
            LINTER.env_file(&entries, &mut diags);
        }
    }
    diags.sort();
    (sources, diags)
}

/// What holds for any text: the same findings each time, each in a place of the file that can be shown.
fn sound(kind: Kind, text: &str) -> Result<(), TestCaseError> {
    let (sources, diags) = judged(kind, text);
    let (_, again) = judged(kind, text);
    prop_assert_eq!(&diags, &again);
    for diagnostic in &diags {
        let label = diagnostic.primary.as_ref().expect("a finding has a place");
        prop_assert!(label.span.range().end <= text.len(), "{diagnostic:?}");
        prop_assert!(!diagnostic.message.is_empty() && diagnostic.message.len() < 2_000, "{diagnostic:?}");
    }
    for format in [Format::Text, Format::Short, Format::Github, Format::Sarif] {
        let shown = render(format, &sources, diags.as_slice(), Style { color: false, width: 80 });
        prop_assert!(diags.is_empty() || !shown.is_empty());
    }
    Ok(())
}

#[test]
fn any_bytes_are_judged() {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..400).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        proptest::collection::vec(select(TRICKY), 0..60).prop_map(|parts| parts.concat()),
    ];
    crate::holds(file!(), 256, &(bytes, any::<bool>()), |(text, env)| {
        sound(Kind::detect("x", &text), &text)?;
        sound(if env { Kind::Env } else { Kind::DynamicConfig }, &text)
    });
}

#[test]
fn any_change_of_a_configuration_is_judged() {
    let strategy = (select(SEEDS.clone()), proptest::collection::vec(change(), 1..12));
    crate::holds(file!(), crate::CASES, &strategy, |(seed, changes)| {
        let text = changes.iter().fold(seed, changed);
        sound(Kind::DynamicConfig, &text)
    });
}
