//! The dynamic configuration of the server: every entry of every key, with what it is constrained to.

use super::Reading;
use crate::diag::{At, Code, Span};
use crate::inputs::{Node, parse_hidden_document};
use crate::model::behaviour::DynamicConfigEntry;
use crate::model::clipped;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

const SHAPE: &str = "write `key:` with a list of `- value:` entries below it";

/// The entries, in the order of the file.
pub(super) fn read(reading: &mut Reading<'_>, name: &str, text: &str) -> Vec<DynamicConfigEntry> {
    let document = parse_hidden_document(name, text, &mut reading.sources, &mut reading.diags);
    if let Some(span) = document.beyond {
        let message = "the file has more than one document".to_owned();
        reading.warn(Code::Unread, span, message, "the server reads the first one, and so does the snapshot");
    }
    let mut entries = Vec::new();
    for (key, at, value) in reading.mapping(document.root.as_ref(), SHAPE) {
        match &value.value {
            Node::Null => {}
            Node::List(items) => entries.extend(items.iter().filter_map(|item| entry(reading, &key, at, item))),
            other => {
                let message = format!("`{}` has {}, not a list", clipped(&key), other.kind());
                reading.fault(Code::WrongType, value.span, message, SHAPE);
            }
        }
    }
    entries
}

fn entry(reading: &mut Reading<'_>, key: &str, at: Span, item: &At<Node>) -> Option<DynamicConfigEntry> {
    let shown = clipped(key);
    if !matches!(item.value, Node::Map(_)) {
        let message = format!("an entry of `{shown}` is {}, not a mapping", item.value.kind());
        reading.fault(Code::WrongType, item.span, message, "write `- value: …`");
        return None;
    }
    let (mut value, mut constraints) = (None, BTreeMap::new());
    for (field, span, node) in reading.pairs(item) {
        match (field.as_str(), &node.value) {
            ("value", _) => value = Some(reading.json(node)),
            ("constraints", Node::Null) => {}
            ("constraints", Node::Map(_)) => {
                for (name, _, node) in reading.pairs(node) {
                    let limit = reading.json(node);
                    let limit = reading.redactor.field(&name, limit);
                    constraints.insert(reading.redactor.text(&name), limit);
                }
            }
            ("constraints", other) => {
                let message = format!("the constraints of `{shown}` are {}", other.kind());
                reading.fault(Code::WrongType, node.span, message, "write a mapping, `namespace: name`");
            }
            _ => {
                let message = format!("an entry of `{shown}` has a field `{}`", clipped(&field));
                reading.warn(Code::Unread, span, message, "the server drops it, and so does the snapshot");
            }
        }
    }
    if value.is_none() {
        let span = if item.span.range().is_empty() { at } else { item.span };
        reading.fault(Code::MissingField, span, format!("an entry of `{shown}` has no `value`"), "write `- value: …`");
    }
    let value = reading.redactor.field(key, value?);
    Some(DynamicConfigEntry { key: reading.redactor.text(key), value, constraints })
}

/// Lays the keys of a later file over those of earlier ones.
pub(super) fn lay_over(below: &mut Vec<DynamicConfigEntry>, above: Vec<DynamicConfigEntry>) {
    let keys: HashSet<&str> = above.iter().map(|entry| entry.key.as_str()).collect();
    below.retain(|entry| !keys.contains(entry.key.as_str()));
    drop(keys);
    below.extend(above);
}

/// An entry that holds everywhere.
pub(super) fn everywhere(key: &str, value: Value) -> DynamicConfigEntry {
    DynamicConfigEntry { key: key.to_owned(), value, constraints: BTreeMap::new() }
}
