//! The derivation graph as a picture: which value follows from which, with the values on it.
//!
//! [`derivation()`] reads a resolution into a [`Diagram`]; [`svg`], [`dot`] and [`mermaid`] draw one, and as JSON it is data.
//! [`layout`] knows nothing of parameters. Shown at work by `tests/it/diagram.rs`.

mod derivation;
pub mod layout;
mod order;
mod picture;
mod text;

use crate::model::{Class, Scalar, Severity, Unit};
use serde::Serialize;

pub use derivation::{Scope, derivation};
pub use picture::{boxes, svg};
pub use text::{dot, mermaid};

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A parameter of this class.
    Parameter(Class),
    /// A guard rail, and its severity where it fires.
    Rail(Option<Severity>),
}

impl Kind {
    /// Every kind, in the order of legends.
    pub const ALL: [Kind; 7] = [
        Kind::Parameter(Class::Slo),
        Kind::Parameter(Class::Topology),
        Kind::Parameter(Class::Safety),
        Kind::Parameter(Class::Tuning),
        Kind::Rail(None),
        Kind::Rail(Some(Severity::Warning)),
        Kind::Rail(Some(Severity::Error)),
    ];

    /// The name of its style.
    #[must_use]
    pub fn style(self) -> &'static str {
        match self {
            Kind::Parameter(class) => class.as_str(),
            Kind::Rail(None) => "rail",
            Kind::Rail(Some(Severity::Error)) => "rail-error",
            Kind::Rail(Some(_)) => "rail-warning",
        }
    }

    /// What a legend says.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Kind::Parameter(class) => class.as_str(),
            Kind::Rail(None) => "guard rail",
            Kind::Rail(Some(Severity::Error)) => "guard rail: error",
            Kind::Rail(Some(_)) => "guard rail: warning",
        }
    }
}

/// A parameter or a guard rail.
#[derive(Debug, Clone, Serialize)]
pub struct Node {
    /// Its key, or the rail's name.
    pub id: String,
    /// What it stands for: `slo`, `topology`, `safety`, `tuning`, `rail`, `rail-warning`, `rail-error`.
    #[serde(serialize_with = "style")]
    pub kind: Kind,
    /// A parameter's value; durations are text.
    pub value: Option<Scalar>,
    /// What the value counts.
    pub unit: Option<Unit>,
    /// The layer that decided the value.
    pub decided_by: Option<String>,
    /// The expression that decided the value, or the condition of a rail.
    pub formula: Option<String>,
    /// What it is.
    pub summary: String,
    /// Whether the picture is about it.
    pub focus: bool,
    /// Whether the user set it.
    pub set: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn style<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.style())
}

impl Node {
    /// The value with its unit, and who decided it; of a rail, whether it fires.
    #[must_use]
    pub fn line(&self) -> String {
        let (Some(value), Some(by)) = (&self.value, &self.decided_by) else {
            return match self.kind {
                Kind::Rail(Some(severity)) => format!("fires: {}", severity.as_str()),
                _ => "does not fire".to_owned(),
            };
        };
        let unit = match (value, self.unit) {
            // Text has no unit, a count needs none, and a duration names its own.
            (Scalar::Str(_) | Scalar::Bool(_), _) | (_, None | Some(Unit::Count)) => String::new(),
            (_, Some(Unit::PerSec)) => "/s".to_owned(),
            (_, Some(unit)) => format!(" {}", unit.as_str()),
        };
        let value = match value {
            Scalar::Str(text) if text.is_empty() => "(empty)".to_owned(),
            Scalar::Float(value) => short(*value),
            value => clip(&value.to_string(), 44),
        };
        format!("{value}{unit} · {by}")
    }

    /// The lines that say more than fits on the node.
    #[must_use]
    pub fn tooltip(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", self.id, self.line())];
        if let Some(formula) = &self.formula {
            lines.push(format!("= {}", clip(formula, 1_000)));
        }
        lines.push(self.summary.clone());
        lines
    }
}

/// Nodes and what they read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Diagram {
    /// What it shows.
    pub title: String,
    /// More about it, if there is more to say.
    pub subtitle: Vec<String>,
    /// Parameters in the order of the catalog, then rails.
    pub nodes: Vec<Node>,
    /// Numbers of nodes: what is read, and what reads it.
    pub edges: Vec<(usize, usize)>,
}

impl Diagram {
    /// As data: edges name nodes by their ids.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let edges: Vec<serde_json::Value> = self
            .edges
            .iter()
            .map(|(from, to)| serde_json::json!({ "from": self.nodes[*from].id, "to": self.nodes[*to].id }))
            .collect();
        serde_json::json!({ "title": self.title, "nodes": self.nodes, "edges": edges })
    }

    /// The kinds that it has, in the order of legends.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|kind| self.nodes.iter().any(|node| node.kind == *kind)).collect()
    }
}

/// A number to six digits: more of them say nothing in a picture.
fn short(value: f64) -> String {
    const DIGITS: i32 = 6;
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let before = value.abs().log10().floor() as i32 + 1;
    let places = (DIGITS - before).clamp(0, 12) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Text on one line of at most so many columns, without control characters.
fn clip(text: &str, columns: usize) -> String {
    use unicode_width::UnicodeWidthChar as _;
    let mut clipped = String::new();
    let mut used = 0;
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        used += c.width().unwrap_or(0);
        if used > columns {
            clipped.push('…');
            break;
        }
        clipped.push(c);
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_short() {
        let numbers = [35.700_000_000_000_01, 0.0, 1.0 / 3.0, -2.5, 1_234_567.8, 1e18, 0.000_012_345_678].map(short);
        assert_eq!(numbers, ["35.7", "0", "0.333333", "-2.5", "1234568", "1000000000000000000", "0.0000123457"]);
        assert_eq!(clip("a\nb漢字", 5), "a b漢…");
    }
}
