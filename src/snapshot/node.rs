//! A document's tree, as JSON: what JSON does not have is a fault.

use super::Reading;
use crate::diag::{At, Code, Diagnostic, Span};
use crate::inputs::Node;
use crate::model::clipped;
use serde_json::{Map, Number, Value};
use std::collections::HashSet;

/// A pair of a mapping: the name, where it stands, and the value.
pub(super) type Pair<'n> = (String, Span, &'n At<Node>);

impl Reading<'_> {
    /// The root of a document that has to be a mapping; nothing where it is none, and why is told.
    pub(super) fn mapping<'n>(&mut self, root: Option<&'n At<Node>>, help: &str) -> Vec<Pair<'n>> {
        match root {
            Some(At { value: Node::Map(_), .. }) => root.map(|root| self.pairs(root)).unwrap_or_default(),
            None | Some(At { value: Node::Null, .. }) => Vec::new(),
            Some(other) => {
                self.fault(Code::WrongType, other.span, format!("the document is {}", other.value.kind()), help);
                Vec::new()
            }
        }
    }

    /// The pairs of a mapping, each name once.
    pub(super) fn pairs<'n>(&mut self, node: &'n At<Node>) -> Vec<Pair<'n>> {
        let Node::Map(pairs) = &node.value else { return Vec::new() };
        let (mut seen, mut named) = (HashSet::with_capacity(pairs.len()), Vec::with_capacity(pairs.len()));
        for (key, value) in pairs {
            let name = match &key.value {
                Node::Text(text) | Node::Time(text) => text.clone(),
                Node::Bool(value) => value.to_string(),
                Node::Int(value) => value.to_string(),
                Node::Float(value) => value.to_string(),
                other => {
                    let message = format!("a name is {}", other.kind());
                    self.fault(Code::InvalidKey, key.span, message, "a name is text");
                    continue;
                }
            };
            if seen.insert(name.clone()) {
                named.push((name, key.span, value));
            } else {
                let message = format!("`{}` is given more than once", clipped(&name));
                self.fault(Code::DuplicateKey, key.span, message, "keep one of them");
            }
        }
        named
    }

    /// A node as JSON.
    pub(super) fn json(&mut self, node: &At<Node>) -> Value {
        match &node.value {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::from(*value),
            Node::Int(value) => Value::from(*value),
            Node::Float(value) => Number::from_f64(*value).map_or_else(|| self.no_number(node.span), Value::Number),
            Node::Large => self.no_number(node.span),
            Node::Text(text) | Node::Time(text) => Value::from(text.as_str()),
            Node::List(items) => items.iter().map(|item| self.json(item)).collect(),
            Node::Map(_) => {
                let pairs = self.pairs(node);
                Value::Object(pairs.into_iter().map(|(name, _, value)| (name, self.json(value))).collect::<Map<_, _>>())
            }
        }
    }

    fn no_number(&mut self, span: Span) -> Value {
        let help = "write a finite number of 64 bits";
        self.fault(Code::InvalidValue, span, "a number that a profile cannot keep".to_owned(), help);
        Value::Null
    }

    pub(super) fn fault(&mut self, code: Code, span: Span, message: String, help: &str) {
        self.diags.push(Diagnostic::error(code, message).at(span, "here").help(help));
    }

    pub(super) fn warn(&mut self, code: Code, span: Span, message: String, help: &str) {
        self.diags.push(Diagnostic::warning(code, message).at(span, "here").help(help));
    }
}
