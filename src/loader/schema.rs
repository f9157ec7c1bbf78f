//! JSON Schema (draft 7) of each kind of data file, made from its [`Shape`].

use super::shape::{FILE_KINDS, FileKind, Kind, Shape};
use crate::model::Channel;
use serde_json::{Map, Value, json};

/// The kinds that [`schema`] knows.
pub fn kinds() -> impl Iterator<Item = &'static FileKind> {
    FILE_KINDS.iter()
}

/// The schema of one kind of data file.
#[must_use]
pub fn schema(kind: &FileKind) -> Value {
    let mut document = table(kind.shape);
    if let Value::Object(fields) = &mut document {
        let mut head = Map::new();
        head.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        head.insert("title".to_owned(), json!(kind.path));
        head.append(fields);
        *fields = head;
    }
    document
}

fn table(shape: &Shape) -> Value {
    let properties: Map<String, Value> = shape
        .fields
        .iter()
        .map(|field| {
            let mut property = of(field.kind);
            if let Value::Object(map) = &mut property {
                map.insert("description".to_owned(), json!(field.doc));
            }
            (field.name.to_owned(), property)
        })
        .collect();
    let required: Vec<&str> = shape.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut object = json!({
        "type": "object",
        "description": shape.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// Pattern of a parameter key.
const KEY: &str = r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$";

fn of(kind: Kind) -> Value {
    let scalar = json!({ "type": ["integer", "number", "boolean", "string"] });
    // Bare dotted keys are nested tables to a TOML reader, so open tables nest.
    let open =
        |leaf: Value| json!({ "type": "object", "additionalProperties": { "anyOf": [leaf, { "type": "object" }] } });
    match kind {
        Kind::Text | Kind::Expr => json!({ "type": "string", "minLength": 1 }),
        Kind::AnyText => json!({ "type": "string" }),
        Kind::Key => json!({ "type": "string", "pattern": KEY }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Int => json!({ "type": "integer" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Scalar => scalar,
        Kind::Version => json!({ "type": "string", "pattern": r"^\d+\.\d+\.\d+" }),
        Kind::VersionRange => json!({ "type": "string", "minLength": 1 }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Keys => json!({ "type": "array", "items": { "type": "string", "pattern": KEY } }),
        Kind::Scalars => json!({ "type": "array", "items": scalar }),
        Kind::Table(shape) => table(shape),
        Kind::Tables(shape) => json!({ "type": "array", "items": table(shape) }),
        Kind::Values => open(scalar),
        Kind::Exprs | Kind::Reasons => open(json!({ "type": "string", "minLength": 1 })),
        Kind::Steps | Kind::TextMap => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Kind::Outputs => {
            let name = json!({ "anyOf": [{ "type": "string", "minLength": 1 }, { "const": true }] });
            let properties: Map<String, Value> =
                Channel::WORDS.iter().map(|channel| ((*channel).to_owned(), name.clone())).collect();
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
        Kind::TableMap(shape) => json!({ "type": "object", "additionalProperties": table(shape) }),
    }
}
