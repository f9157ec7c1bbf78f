//! What is a secret, as a file says it: the grammar and the raw records of `registry/redaction.toml`.

use super::decode::{Decoder, Row};
use super::shape::{Kind, Shape, may, must};
use crate::diag::{At, Span};
use crate::model::Text;

/// `registry/redaction.toml`.
pub(super) static REDACTION: Shape = Shape {
    name: "the redaction file",
    doc: "What is a secret: taken out of a snapshot before anything of it is kept, logged or returned.",
    fields: &[
        may("name", Kind::Tables(&NAME), "What names say of their values."),
        may("text", Kind::Tables(&TEXT), "What secrets in texts look like."),
        may("case", Kind::Tables(&CASE), "Names and texts, and what becomes of them; `tdsql check` runs them."),
    ],
};

/// `[[name]]`.
static NAME: Shape = Shape {
    name: "a rule for names",
    doc: "Of an environment variable or a field that the catalog does not know. A rule that says no wins over one that says yes.",
    fields: &[
        must("pattern", Kind::Text, "A regular expression that is found in the name."),
        must("secret", Kind::Bool, "Whether the value of such a name is a secret."),
        must("summary", Kind::Text, "What such names are."),
    ],
};

/// `[[text]]`.
static TEXT: Shape = Shape {
    name: "a rule for texts",
    doc: "Every text of a snapshot is searched by it.",
    fields: &[
        must("name", Kind::Text, "Its name."),
        must(
            "pattern",
            Kind::Text,
            "A regular expression; its group `secret` is what is taken out, the whole match where there is none.",
        ),
        may("unless", Kind::Text, "A regular expression: what is found in the secret shows that it is none."),
        must("summary", Kind::Text, "What it finds."),
    ],
};

/// `[[case]]`.
static CASE: Shape = Shape {
    name: "a case of redaction",
    doc: "Either a name and whether it is a secret's, or a text and what is shown of it.",
    fields: &[
        must("note", Kind::Text, "What the case shows."),
        may("name", Kind::Text, "A name."),
        may("secret", Kind::Bool, "Whether the name is a secret's."),
        may("text", Kind::Text, "A text."),
        may("shown", Kind::Text, "What is shown of the text."),
    ],
};

/// `[[name]]`.
pub(crate) struct RawNameRule {
    pub(crate) pattern: At<Text>,
    pub(crate) secret: bool,
}

/// `[[text]]`.
pub(crate) struct RawTextRule {
    pub(crate) name: At<Text>,
    pub(crate) pattern: At<Text>,
    pub(crate) unless: Option<At<Text>>,
}

/// `[[case]]`.
pub(crate) struct RawRedactionCase {
    pub(crate) note: Text,
    pub(crate) name: Option<Text>,
    pub(crate) secret: Option<bool>,
    pub(crate) text: Option<Text>,
    pub(crate) shown: Option<Text>,
    /// What the case states.
    pub(crate) span: Span,
}

/// `registry/redaction.toml`.
pub(crate) struct RawRedaction {
    pub(crate) names: Vec<RawNameRule>,
    pub(crate) texts: Vec<RawTextRule>,
    pub(crate) cases: Vec<RawRedactionCase>,
}

pub(super) fn redaction(d: &mut Decoder<'_>, row: &Row<'_>) -> RawRedaction {
    let names = d.tables(row, "name", |d, row| {
        let (pattern, secret) = (d.text(row, "pattern"), d.bool(row, "secret"));
        d.text(row, "summary");
        Some(RawNameRule { pattern: pattern?, secret: secret?.value })
    });
    let texts = d.tables(row, "text", |d, row| {
        let (name, pattern, unless) = (d.text(row, "name"), d.text(row, "pattern"), d.text(row, "unless"));
        d.text(row, "summary");
        Some(RawTextRule { name: name?, pattern: pattern?, unless })
    });
    let cases = d.tables(row, "case", |d, row| {
        let text = |at: Option<At<Text>>| at.map(|at| at.value);
        let (secret, shown) = (d.bool(row, "secret"), d.text(row, "shown"));
        let states = secret.as_ref().map(|at| at.span).or(shown.as_ref().map(|at| at.span));
        Some(RawRedactionCase {
            note: text(d.text(row, "note")).unwrap_or_default(),
            name: text(d.text(row, "name")),
            secret: secret.map(|at| at.value),
            text: text(d.text(row, "text")),
            shown: text(shown),
            span: states.unwrap_or(row.span),
        })
    });
    RawRedaction { names, texts, cases }
}
