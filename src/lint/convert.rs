//! What the server's own reader makes of a value: converted, or refused with a warning and the default taken.

use crate::inputs::Node;
use crate::model::{Scalar, clipped, server_milliseconds};

/// Why the server does not take a value, and what to write.
pub(super) struct Refused {
    pub(super) found: String,
    pub(super) help: String,
}

/// What became of a value.
pub(super) enum Taken {
    /// A value that can be compared with others; a duration is milliseconds.
    Scalar(Scalar),
    /// The server takes it; here it is not looked into.
    Unseen,
}

/// Converts a value as the server does for a setting of this type.
pub(super) fn convert(value_type: &str, node: &Node) -> Result<Taken, Refused> {
    let refused = |help: &str| Err(Refused { found: found(node), help: help.to_owned() });
    let scalar = |scalar: Scalar| Ok(Taken::Scalar(scalar));
    match (value_type, node) {
        ("unknown", _) => Ok(Taken::Unseen),
        ("int" | "typed:int-or-gradual-change", Node::Int(value)) => scalar(Scalar::Int(*value)),
        ("bool" | "typed:bool-or-gradual-change", Node::Bool(value)) => scalar(Scalar::Bool(*value)),
        ("bool" | "typed:bool-or-gradual-change", Node::Text(text)) => match text.as_str() {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => scalar(Scalar::Bool(true)),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => scalar(Scalar::Bool(false)),
            _ => refused("write `true` or `false`"),
        },
        ("typed:int-or-gradual-change" | "typed:bool-or-gradual-change", Node::Map(_)) => Ok(Taken::Unseen),
        ("int" | "typed:int-or-gradual-change", Node::Text(_) | Node::Float(_)) => {
            refused("write digits without quotes, point or exponent")
        }
        ("int" | "typed:int-or-gradual-change", _) => refused("write digits"),
        ("bool" | "typed:bool-or-gradual-change", _) => refused("write `true` or `false`"),
        ("float", Node::Float(value)) => scalar(Scalar::Float(*value)),
        ("float", Node::Int(value)) => scalar(Scalar::Float(*value as f64)),
        ("float", Node::Large) => Ok(Taken::Unseen),
        ("float", _) => refused("write a number without quotes"),
        ("string" | "typed:template-string", Node::Text(text)) => scalar(Scalar::Str(text.clone())),
        ("string" | "typed:template-string", _) => refused("put the value in quotes"),
        ("duration", Node::Int(seconds)) => Ok(milliseconds(*seconds as f64 * 1_000.0)),
        ("duration", Node::Float(seconds)) => Ok(milliseconds(seconds * 1_000.0)),
        ("duration", Node::Text(text)) => match server_milliseconds(text) {
            Some(value) => Ok(milliseconds(value)),
            None => refused("write numbers with units, such as `500ms`, `30s`, `1h30m` or `1d`"),
        },
        ("duration", _) => refused("write a number with a unit, such as `30s`"),
        ("map", Node::Map(_)) => Ok(Taken::Unseen),
        ("map", _) => refused("write a mapping, `name: value`"),
        (typed, Node::List(_)) if typed.starts_with("typed:list") => Ok(Taken::Unseen),
        (typed, _) if typed.starts_with("typed:list") => refused("write a list"),
        // A struct that is left empty is its default.
        (_, Node::Map(_) | Node::Null) => Ok(Taken::Unseen),
        _ => refused("write a mapping of its fields"),
    }
}

/// The server's default as a value, where its text is one.
pub(super) fn default_value(value_type: &str, text: &str) -> Option<Scalar> {
    match value_type {
        "int" | "typed:int-or-gradual-change" => text.parse().ok().map(Scalar::Int),
        "float" => text.parse().ok().map(Scalar::Float),
        "bool" | "typed:bool-or-gradual-change" => text.parse().ok().map(Scalar::Bool),
        "duration" => server_milliseconds(text).map(|value| Scalar::Int(value as i64)),
        "string" if !matches!(text, "unset" | "computed") => Some(Scalar::Str(text.to_owned())),
        _ => None,
    }
}

fn milliseconds(value: f64) -> Taken {
    // Finer than a millisecond, or beyond what can be compared exactly: the server takes it.
    if value.fract() == 0.0 && value.abs() < 1e15 { Taken::Scalar(Scalar::Int(value as i64)) } else { Taken::Unseen }
}

/// A value as a message names it.
pub(super) fn found(node: &Node) -> String {
    match node {
        Node::Bool(value) => format!("the boolean `{value}`"),
        Node::Int(value) => format!("the integer {value}"),
        Node::Float(value) => format!("the number {value:?}"),
        Node::Large => "an integer beyond 64 bits".to_owned(),
        Node::Text(text) => format!("the text `{}`", clipped(text)),
        Node::Time(text) => format!("the date {}", clipped(text)),
        other => other.kind().to_owned(),
    }
}
