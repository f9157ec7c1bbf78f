//! Any text at all as a document of a snapshot: a snapshot or faults, never a panic; and no secret survives its surroundings.

use crate::secrets::{SECRETS, clean};
use proptest::prelude::*;
use proptest::sample::select;
use tdsql::catalog::Catalog;
use tdsql::diag::{Format, Style, render};
use tdsql::loader::{DataSet, Depth};
use tdsql::snapshot::{Document, Says, snapshot};

use std::sync::LazyLock;

/// The shipped catalog, with the rules of what is a secret.
static RULES: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::link(DataSet::embedded(), Depth::Settings).expect("the shipped catalog has no faults"));

/// What documents are made of, and what secrets look like.
const PARTS: &[&str] = &[
    "\n",
    "  ",
    "- ",
    ": ",
    "=",
    "'",
    "\"",
    "{",
    "}",
    "[",
    "]",
    "value",
    "constraints",
    "a.b",
    "env",
    "name",
    "&a ",
    "*a",
    "environment",
    "containerDefinitions",
    "secrets",
    "max_conns",
    "preset_name",
    "password",
    "token=",
    "://",
    "@",
    "Bearer ",
    "eyJ",
    "AKIA",
    "-----BEGIN PRIVATE KEY-----",
    "x-amz-signature=",
    "[redacted]",
    "\u{feff}",
    "\u{0}",
    "é",
    "1",
    ".inf",
    "010",
];

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![8 => select(PARTS).prop_map(str::to_owned), 1 => ".{0,6}", 1 => "[A-Za-z0-9+/]{20,60}"];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let kinds: [fn(String) -> Says; 6] =
        [Says::DynamicConfig, Says::EnvFile, Says::WorkerOptions, Says::ConfigProfile, Says::TaskDefinition, |text| {
            Says::Environment(text.lines().map(|line| (line.to_owned(), text.clone())).collect())
        }];
    let document = (select(kinds.to_vec()), text()).prop_map(|(says, text)| Document::new("file", says(text)));
    proptest::collection::vec(document, 1..4)
}

#[test]
fn any_text_is_a_snapshot_or_faults_with_places() {
    crate::holds(file!(), crate::CASES, &documents(), |documents| {
        let (sources, told) = match snapshot(&RULES, &documents) {
            Ok(captured) => {
                let text = serde_json::to_string(&captured.config).expect("it is JSON");
                prop_assert_eq!(
                    serde_json::from_str::<serde_json::Value>(&text).ok(),
                    serde_json::to_value(&captured.config).ok()
                );
                (captured.sources, captured.warnings)
            }
            Err(refused) => {
                prop_assert!(refused.diagnostics.has_errors());
                prop_assert!(refused.diagnostics.iter().all(|fault| fault.primary.is_some()));
                (refused.sources, refused.diagnostics)
            }
        };
        for format in [Format::Text, Format::Json] {
            let _ = render(format, &sources, told.as_slice(), Style { color: false, width: 80 });
        }
        Ok(())
    });
}

#[test]
fn what_is_masked_once_stays_as_it_is() {
    crate::holds(file!(), crate::CASES, &text(), |text| {
        let once = RULES.redaction.masked(&text).into_owned();
        prop_assert_eq!(RULES.redaction.masked(&once), once.as_str());
        Ok(())
    });
}

#[test]
fn a_secret_is_found_whatever_stands_beside_it() {
    let strategy = (text(), 1usize..SECRETS.len(), select(vec![" ", "\n", "\"", "'", ", ", "\t"]), text());
    crate::holds(file!(), crate::CASES, &strategy, |(before, index, apart, after)| {
        let (name, secret) = SECRETS[index];
        let whole = format!("{before}{apart}{name}={secret}{apart}{after}");
        clean(&RULES.redaction.masked(&whole));
        Ok(())
    });
}
