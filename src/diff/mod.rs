//! Two configurations against each other: what differs, and which difference of what was asked for is the cause.
//!
//! A cause is found by trying: what differs between the requests is taken back, one thing at a time, and what that restores
//! was caused by it. Where nothing alone restores a value, everything that moves it is a cause.

mod causes;

pub use causes::{Cause, Kind};

use crate::catalog::Catalog;
use crate::compile::Compilation;
use crate::model::{Class, ConfigProfile, ResolvedParameter, Scalar, Severity};
use causes::Causes;
use serde::Serialize;
use std::collections::BTreeSet;

/// One of the two configurations.
#[derive(Debug)]
pub struct Side<'c> {
    /// What the user called it.
    pub name: String,
    /// Its values.
    pub profile: ConfigProfile,
    /// What its request compiles to now; none where it does not compile.
    pub compiled: Option<Compilation<'c>>,
}

/// What differs.
#[derive(Debug, Serialize)]
pub struct Diff {
    /// The first configuration.
    pub a: Named,
    /// The second.
    pub b: Named,
    /// Whether nothing differs.
    pub identical: bool,
    /// What was asked for otherwise.
    pub causes: Vec<Cause>,
    /// Values and target versions that differ, in the order of the parameters.
    pub changes: Vec<Change>,
    /// Rails that fire in the second only.
    pub rails_on: Vec<Turned>,
    /// Rails that fire in the first only.
    pub rails_off: Vec<Turned>,
    /// What is worth knowing besides.
    pub notices: Vec<String>,
}

/// A configuration as a heading names it.
#[derive(Debug, Serialize)]
pub struct Named {
    /// What the user called it.
    pub name: String,
    /// The preset that it was compiled from.
    pub preset: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// The target version of the server.
    pub temporal_server_version: String,
    /// The target version of the plugin.
    pub dsql_plugin_version: String,
}

/// A parameter that differs.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The parameter.
    pub key: String,
    /// Who decides it.
    pub classification: Class,
    /// Its value in the first; none where that does not have it.
    pub before: Option<Scalar>,
    /// Its value in the second; none where that does not have it.
    pub after: Option<Scalar>,
    /// Whether an artifact of the first carries it.
    pub emitted_before: bool,
    /// Whether an artifact of the second carries it.
    pub emitted_after: bool,
    /// Whether it is fixed for the life of a cluster: a running one keeps its value.
    pub immutable: bool,
    /// What caused it: positions among [`Diff::causes`].
    pub causes: Vec<usize>,
}

/// A rail that fires on one side only.
#[derive(Debug, Serialize)]
pub struct Turned {
    /// The rail's name.
    pub rule_name: String,
    /// Its severity.
    pub severity: Severity,
    /// What does not hold where it fires.
    pub message: String,
}

/// Compares two configurations.
#[must_use]
pub fn diff(catalog: &Catalog, a: &Side<'_>, b: &Side<'_>) -> Diff {
    let mut found = Causes::between(a, b);
    let mut keys: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    for parameter in a.profile.params().chain(b.profile.params()) {
        if seen.insert(parameter.key.as_str()) {
            keys.push(&parameter.key);
        }
    }
    // Parameters of this catalog in its order, then those that it does not have.
    keys.sort_by_key(|key| catalog.find(key).map_or(usize::MAX, |id| id.index()));
    let mut changes = Vec::new();
    for key in keys {
        let (before, after) = (a.profile.get_param(key), b.profile.get_param(key));
        let state = |of: Option<&ResolvedParameter>| of.map(|of| (of.value.clone(), of.emitted));
        if state(before) == state(after) {
            continue;
        }
        let Some(any) = after.or(before) else { continue };
        changes.push(Change {
            key: key.to_owned(),
            classification: any.classification,
            before: before.map(|of| of.value.clone()),
            after: after.map(|of| of.value.clone()),
            emitted_before: before.is_some_and(|of| of.emitted),
            emitted_after: after.is_some_and(|of| of.emitted),
            immutable: catalog.find(key).is_some_and(|id| catalog.parameter(id).immutable),
            causes: found.of(key, before, after),
        });
    }
    let turned = |on: &Side<'_>, off: &Side<'_>| -> Vec<Turned> {
        let (Some(on), Some(off)) = (&on.compiled, &off.compiled) else { return Vec::new() };
        on.findings
            .iter()
            .filter(|finding| off.findings.iter().all(|other| other.rail.name != finding.rail.name))
            .map(|finding| Turned {
                rule_name: finding.rail.name.to_string(),
                severity: finding.severity,
                message: finding.message.clone(),
            })
            .collect()
    };
    let (rails_on, rails_off) = (turned(b, a), turned(a, b));
    let mut notices = Vec::new();
    for side in [a, b] {
        if side.compiled.is_none() {
            notices.push(format!(
                "`{}` does not compile with this catalog: its values are those of the file, and its guard rails were not judged",
                side.name
            ));
        }
    }
    for change in changes.iter().filter(|change| change.immutable) {
        let text = |value: &Option<Scalar>| value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        notices.push(format!(
            "`{}` is fixed for the life of a cluster: one that runs with {} keeps it; the server ignores {} and only logs it",
            change.key,
            text(&change.before),
            text(&change.after)
        ));
    }
    let identical =
        changes.is_empty() && rails_on.is_empty() && rails_off.is_empty() && !found.all().iter().any(Cause::is_version);
    Diff { a: named(a), b: named(b), identical, causes: found.into_all(), changes, rails_on, rails_off, notices }
}

fn named(side: &Side<'_>) -> Named {
    Named {
        name: side.name.clone(),
        preset: side.profile.preset_name.clone(),
        modifier: side.profile.modifier.clone(),
        temporal_server_version: side.profile.temporal_server_version.to_string(),
        dsql_plugin_version: side.profile.dsql_plugin_version.to_string(),
    }
}
