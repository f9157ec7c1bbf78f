//! Raw records of where a cluster runs: `registry/platform.toml` and `registry/prerequisites/`.

use super::decode::{Decoder, Row};
use crate::diag::{At, Span};
use crate::model::Effect;

/// `[[service]]`.
pub(crate) struct RawService {
    pub(crate) name: At<String>,
    pub(crate) replicas: At<String>,
    pub(crate) ports: Vec<(String, At<i64>)>,
    pub(crate) summary: String,
}

/// `[[image]]` or `[[placeholder]]`.
pub(crate) struct RawNamed {
    pub(crate) name: At<String>,
    pub(crate) summary: String,
}

/// `[[effect]]`.
pub(crate) struct RawEffect {
    pub(crate) effect: Effect,
    pub(crate) title: String,
    pub(crate) summary: String,
}

/// `[rollout]`.
pub(crate) struct RawRollout {
    pub(crate) connections: At<String>,
    pub(crate) limit: At<String>,
    pub(crate) order: String,
    pub(crate) at_once: At<String>,
    pub(crate) one_by_one: At<String>,
}

/// `registry/platform.toml`.
#[derive(Default)]
pub(crate) struct RawPlatform {
    pub(crate) services: Vec<RawService>,
    pub(crate) images: Vec<RawNamed>,
    pub(crate) placeholders: Vec<RawNamed>,
    pub(crate) effects: Vec<RawEffect>,
    pub(crate) rollout: Option<RawRollout>,
}

/// `[[grant]]`.
pub(crate) struct RawGrant {
    pub(crate) actions: Vec<String>,
    pub(crate) when: Option<At<String>>,
}

/// `registry/prerequisites/<name>.toml`.
pub(crate) struct RawPrerequisite {
    pub(crate) span: Span,
    pub(crate) kind: String,
    pub(crate) order: i64,
    pub(crate) title: String,
    pub(crate) when: Option<At<String>>,
    pub(crate) parameters: Vec<At<String>>,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) steps: Vec<String>,
    pub(crate) grants: Vec<RawGrant>,
    pub(crate) rationale: String,
    pub(crate) source: String,
}

fn text(at: Option<At<String>>) -> String {
    at.map(|at| at.value).unwrap_or_default()
}

pub(super) fn platform(d: &mut Decoder<'_>, row: &Row<'_>) -> RawPlatform {
    let services = d.tables(row, "service").iter().filter_map(|row| service(d, row)).collect();
    let images = d.tables(row, "image").iter().filter_map(|row| named(d, row)).collect();
    let placeholders = d.tables(row, "placeholder").iter().filter_map(|row| named(d, row)).collect();
    let effects = d
        .tables(row, "effect")
        .iter()
        .filter_map(|row| {
            let effect = d.word(row, "name").and_then(|word| Effect::from_word(&word.value));
            let (title, summary) = (text(d.text(row, "title")), text(d.text(row, "summary")));
            d.text(row, "source");
            Some(RawEffect { effect: effect?, title, summary })
        })
        .collect();
    let rollout = d.table(row, "rollout").and_then(|row| {
        let (connections, limit) = (d.key(&row, "connections"), d.key(&row, "limit"));
        let order = text(d.text(&row, "order"));
        d.text(&row, "source");
        let (at_once, one_by_one) = (d.text(&row, "at_once"), d.text(&row, "one_by_one"));
        Some(RawRollout { connections: connections?, limit: limit?, order, at_once: at_once?, one_by_one: one_by_one? })
    });
    RawPlatform { services, images, placeholders, effects, rollout }
}

fn service(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawService> {
    let (name, replicas) = (d.text(row, "name"), d.key(row, "replicas"));
    let ports = d
        .tables(row, "ports")
        .iter()
        .filter_map(|row| {
            let (name, number) = (d.text(row, "name"), d.int(row, "number"));
            Some((name?.value, number?))
        })
        .collect();
    let summary = text(d.text(row, "summary"));
    d.text(row, "source");
    Some(RawService { name: name?, replicas: replicas?, ports, summary })
}

fn named(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawNamed> {
    let (name, summary) = (d.text(row, "name"), text(d.text(row, "summary")));
    d.text(row, "source");
    Some(RawNamed { name: name?, summary })
}

pub(super) fn prerequisite(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawPrerequisite> {
    let (kind, order) = (d.word(row, "kind"), d.int(row, "order"));
    let title = text(d.text(row, "title"));
    let (when, parameters) = (d.text(row, "when"), d.texts(row, "parameters"));
    let facts = d.text_map(row, "facts").into_iter().map(|(name, value)| (name.value, value.value)).collect();
    let steps = d.texts(row, "steps").into_iter().map(|step| step.value).collect();
    let grants = d
        .tables(row, "grant")
        .iter()
        .map(|row| RawGrant {
            actions: d.texts(row, "actions").into_iter().map(|action| action.value).collect(),
            when: d.text(row, "when"),
        })
        .collect();
    let (rationale, source) = (text(d.text(row, "rationale")), text(d.text(row, "source")));
    Some(RawPrerequisite {
        span: row.span,
        kind: kind?.value,
        order: order?.value,
        title,
        when,
        parameters,
        facts,
        steps,
        grants,
        rationale,
        source,
    })
}
