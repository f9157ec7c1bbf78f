//! Where a cluster runs, as files say it: the grammar and the raw records of `registry/platform.toml` and
//! `registry/prerequisites/`.

use super::decode::{Decoder, Row};
use super::records::text;
use super::shape::{Kind, Shape, may, must};
use crate::diag::{At, Span};
use crate::expr::Formula;
use crate::model::{Effect, Text};

/// `registry/platform.toml`.
pub(super) static PLATFORM: Shape = Shape {
    name: "the platform file",
    doc: "What a cluster is made of where it runs, and how a change reaches it.",
    fields: &[
        may("service", Kind::Tables(&SERVICE), "The services, in the order in which artifacts list and restart them."),
        may("image", Kind::Tables(&IMAGE), "The container images, by what reads the variables in them."),
        may("placeholder", Kind::Tables(&PLACEHOLDER), "What only the installation knows; the platform fills it in."),
        may("effect", Kind::Tables(&EFFECT), "How changes take effect."),
        may("rollout", Kind::Table(&ROLLOUT), "What a rolling update is judged by."),
    ],
};

/// `[[service]]`.
static SERVICE: Shape = Shape {
    name: "a service",
    doc: "A service of a Temporal cluster; one process runs one.",
    fields: &[
        must("name", Kind::Text, "Its name; dynamic configuration whose key begins with it is its own."),
        must("replicas", Kind::Key, "The parameter that says how many processes run it."),
        may("ports", Kind::Tables(&PORT), "The ports on which it listens."),
        must("summary", Kind::Text, "What it does."),
        must("source", Kind::Text, "Where that is known from."),
    ],
};

/// One port of a service.
static PORT: Shape = Shape {
    name: "a port",
    doc: "A TCP port on which a service listens.",
    fields: &[must("name", Kind::Text, "What is spoken there."), must("number", Kind::Int, "The port.")],
};

/// `[[image]]`.
static IMAGE: Shape = Shape {
    name: "an image",
    doc: "A family of container images that read the same variables.",
    fields: &[
        must("name", Kind::Text, "Its name."),
        must("summary", Kind::Text, "What it is."),
        must("source", Kind::Text, "Where that is known from."),
    ],
};

/// `[[placeholder]]`.
static PLACEHOLDER: Shape = Shape {
    name: "a placeholder",
    doc: "Something that only the installation knows; adapters emit its name in the platform's own form.",
    fields: &[
        must("name", Kind::Text, "Its name: lower-case letters, digits and `_`."),
        must("summary", Kind::Text, "What to put there."),
        must("source", Kind::Text, "Where that is known from."),
    ],
};

/// `[[effect]]`.
static EFFECT: Shape = Shape {
    name: "an effect",
    doc: "A way in which a changed value reaches what runs.",
    fields: &[
        must("name", Kind::Word(Effect::WORDS), "Which way."),
        must("title", Kind::Text, "The same in a few words."),
        must("summary", Kind::Text, "What happens, and what to do."),
        must("source", Kind::Text, "Where that is known from."),
    ],
};

/// `[rollout]`.
static ROLLOUT: Shape = Shape {
    name: "the rollout",
    doc: "While replicas are replaced, old and new hold connections together.",
    fields: &[
        must("connections", Kind::Key, "The parameter that says how many connections all processes hold."),
        must("limit", Kind::Key, "The parameter that says how many the database accepts."),
        must("order", Kind::Text, "Why the services restart in the order in which they stand."),
        must("at_once", Kind::Text, "What to say when replacing all services at once does not fit; a template."),
        must("one_by_one", Kind::Text, "What to say when replacing one after the other does not fit; a template."),
        must("source", Kind::Text, "Where that is known from."),
    ],
};

/// `registry/prerequisites/*.toml`.
pub(super) static PREREQUISITE: Shape = Shape {
    name: "a prerequisite",
    doc: "What must exist before the artifacts work; the file's stem is its name.",
    fields: &[
        must(
            "kind",
            Kind::Word(&["table", "access", "store", "schema", "decision"]),
            "A DynamoDB table, access to a service, a store, a schema, or a decision that cannot be taken back.",
        ),
        must("order", Kind::Int, "Position among the prerequisites."),
        must("title", Kind::Text, "What it is, in a few words."),
        may("when", Kind::Expr, "It is needed only while this holds."),
        may("parameters", Kind::Keys, "The parameters that it concerns; of a table the first is its name."),
        may("facts", Kind::TextMap, "What is fixed about it: name → value."),
        may("steps", Kind::Texts, "What to do, in order."),
        may("grant", Kind::Tables(&GRANT), "What the processes must be allowed to do with it."),
        must("rationale", Kind::Text, "Why, and what goes wrong without it."),
        must("source", Kind::Text, "Where that is known from."),
    ],
};

/// `[[grant]]`.
static GRANT: Shape = Shape {
    name: "a grant",
    doc: "IAM actions.",
    fields: &[
        must("actions", Kind::Texts, "The actions."),
        may("when", Kind::Expr, "They are needed only while this holds."),
    ],
};

// --- records --------------------------------------------------------------------------------------------------------

/// `[[service]]`.
pub(crate) struct RawService {
    pub(crate) name: At<Text>,
    pub(crate) replicas: At<Text>,
    pub(crate) ports: Vec<(Text, At<i64>)>,
    pub(crate) summary: Text,
}

/// `[[image]]` or `[[placeholder]]`.
pub(crate) struct RawNamed {
    pub(crate) name: At<Text>,
    pub(crate) summary: Text,
}

/// `[[effect]]`.
pub(crate) struct RawEffect {
    pub(crate) effect: Effect,
    pub(crate) title: Text,
    pub(crate) summary: Text,
}

/// `[rollout]`.
pub(crate) struct RawRollout {
    pub(crate) connections: At<Text>,
    pub(crate) limit: At<Text>,
    pub(crate) order: Text,
    pub(crate) at_once: At<Text>,
    pub(crate) one_by_one: At<Text>,
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
    pub(crate) actions: Vec<Text>,
    pub(crate) when: Option<At<Formula>>,
}

/// `registry/prerequisites/<name>.toml`.
pub(crate) struct RawPrerequisite {
    pub(crate) span: Span,
    pub(crate) kind: Text,
    pub(crate) order: i64,
    pub(crate) title: Text,
    pub(crate) when: Option<At<Formula>>,
    pub(crate) parameters: Vec<At<Text>>,
    pub(crate) facts: Vec<(Text, Text)>,
    pub(crate) steps: Vec<Text>,
    pub(crate) grants: Vec<RawGrant>,
    pub(crate) rationale: Text,
    pub(crate) source: Text,
}

pub(super) fn platform(d: &mut Decoder<'_>, row: &Row<'_>) -> RawPlatform {
    let services = d.tables(row, "service", service);
    let images = d.tables(row, "image", named);
    let placeholders = d.tables(row, "placeholder", named);
    let effects = d.tables(row, "effect", |d, row| {
        let effect = d.word(row, "name").and_then(|word| Effect::from_word(&word.value));
        let (title, summary) = (text(d.text(row, "title")), text(d.text(row, "summary")));
        d.text(row, "source");
        Some(RawEffect { effect: effect?, title, summary })
    });
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
    let ports = d.tables(row, "ports", |d, row| {
        let (name, number) = (d.text(row, "name"), d.int(row, "number"));
        Some((name?.value, number?))
    });
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
    let (when, parameters) = (d.formula(row, "when"), d.texts(row, "parameters"));
    let facts = d.text_map(row, "facts").into_iter().map(|(name, value)| (name.value, value.value)).collect();
    let steps = d.texts(row, "steps").into_iter().map(|step| step.value).collect();
    let grants = d.tables(row, "grant", |d, row| {
        let actions = d.texts(row, "actions").into_iter().map(|action| action.value).collect();
        Some(RawGrant { actions, when: d.formula(row, "when") })
    });
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
