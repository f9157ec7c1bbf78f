//! Options of the SDK workers, by the registry's names; others are kept as they are.

use super::Reading;
use super::section::Section;
use crate::catalog::{Catalog, ParamId};
use crate::diag::Code;
use crate::inputs::{Node, parse_hidden_document};
use crate::model::behaviour::{REDACTED, WorkerOptionsSnapshot};
use crate::model::{Channel, FIELD_UNITS, Scalar, ValueType, clipped};
use serde_json::Value;
use std::collections::HashMap;

/// The fields and their values.
pub(super) fn read(reading: &mut Reading<'_>, name: &str, text: &str) -> Vec<(String, Value)> {
    let document = parse_hidden_document(name, text, &mut reading.sources, &mut reading.diags);
    let contract = Section::of(&WorkerOptionsSnapshot::default());
    let names = names(reading.catalog);
    let mut fields = Vec::new();
    for (name, _, node) in reading.mapping(document.root.as_ref(), "write `option: value`, one a line") {
        let whole = folded(&name);
        let unit = FIELD_UNITS.iter().find(|(suffix, _)| name.ends_with(suffix));
        let bare = unit.and_then(|(suffix, _)| whole.strip_suffix(&suffix[1..])).unwrap_or(&whole);
        let known = names.get(&whole).map(|known| (known, None)).or_else(|| Some((names.get(bare)?, unit)));
        let Some(((id, output), unit)) = known else {
            let value = reading.json(node);
            let value = reading.redactor.field(&name, value);
            fields.push((reading.redactor.text(&name), value));
            continue;
        };
        let parameter = reading.catalog.parameter(*id);
        let field = contract.field(output);
        if node.value == Node::Null || node.value == Node::Text(REDACTED.to_owned()) {
            continue;
        }
        let given = scalar(&node.value, unit.map(|(_, size)| *size), parameter.value_type);
        match given.map(|given| parameter.value_type.read(&given)) {
            Some(Ok(value)) => {
                let value = parameter.value_type.field(&field, &value);
                fields.push((field, reading.redactor.value(value)));
            }
            Some(Err(fault)) => {
                // What it is instead is not said: it may be what belongs elsewhere.
                let message = format!("`{}` is not {}", clipped(&name), parameter.value_type.described());
                reading.fault(Code::InvalidValue, node.span, message, fault.help);
            }
            None => {
                let message = format!("`{}` is {}", clipped(&name), node.value.kind());
                let help = format!("write {}", parameter.value_type.described());
                reading.fault(Code::WrongType, node.span, message, &help);
            }
        }
    }
    fields
}

/// What a parameter may be given: a number of the unit that the name says is a duration.
fn scalar(node: &Node, unit: Option<f64>, value_type: ValueType) -> Option<Scalar> {
    let millis = |number: f64| Scalar::Str(format!("{}ms", (number * unit.unwrap_or(1.0)).round() as i64));
    Some(match node {
        Node::Int(number) if unit.is_some() && value_type == ValueType::Duration => millis(*number as f64),
        Node::Float(number) if unit.is_some() && value_type == ValueType::Duration => millis(*number),
        Node::Bool(value) => Scalar::Bool(*value),
        Node::Int(value) => Scalar::Int(*value),
        Node::Float(value) => Scalar::Float(*value),
        Node::Text(text) | Node::Time(text) => Scalar::Str(text.clone()),
        Node::Null | Node::Large | Node::List(_) | Node::Map(_) => return None,
    })
}

/// Names of options, and of their parameters → the parameter and its name on the channel.
fn names(catalog: &Catalog) -> HashMap<String, (ParamId, &str)> {
    let mut names = HashMap::new();
    for id in catalog.ids() {
        let parameter = catalog.parameter(id);
        if let Some(output) = parameter.output(Channel::WorkerOptions) {
            names.insert(folded(output), (id, output));
            names.insert(folded(&parameter.key), (id, output));
        }
    }
    names
}

/// A name without what spellings differ in: `max_concurrent_activities` is `maxConcurrentActivities`.
fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}
