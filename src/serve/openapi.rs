//! The OpenAPI document, made of the routes themselves.

use super::problem::{Kind, MEDIA_TYPE};
use super::route::Route;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The document of these routes; `token` says whether the service asks for one.
pub(super) fn document(routes: &[Route], token: bool) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut given = settings.clone().for_serialize().into_generator();
    let mut taken = settings.for_deserialize().into_generator();
    let mut paths = Map::new();
    for route in routes {
        let operation = operation(route, token, &mut given, &mut taken);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    let problem = given.subschema_for::<ProblemDocument>().to_value();
    let mut schemas = given.take_definitions(true);
    merge(&mut schemas, &mut paths, taken);
    let responses: Map<String, Value> = Kind::ALL
        .into_iter()
        .map(|kind| {
            let content = json!({ MEDIA_TYPE: { "schema": problem } });
            (kind.name().to_owned(), json!({ "description": kind.about(), "content": content }))
        })
        .collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "tdsql",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Behaviour profiles of Temporal clusters on Aurora DSQL, and the compiler of their configuration.",
            "description": "Errors are problem documents (RFC 9457). Times are RFC 3339. Lists are arrays, newest first, a page at a time.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": { "schemas": schemas, "responses": responses },
    });
    if token {
        document["components"]["securitySchemes"] = json!({ "token": { "type": "http", "scheme": "bearer" } });
    }
    document
}

/// Adds the schemas of bodies to those of answers. A type whose forms differ has both, and that of bodies ends in `Input`.
fn merge(schemas: &mut Map<String, Value>, paths: &mut Map<String, Value>, mut taken: SchemaGenerator) {
    let taken = taken.take_definitions(true);
    let mut differ: Vec<&String> = Vec::new();
    // What refers to one that differs, differs too.
    loop {
        let more: Vec<&String> = taken
            .iter()
            .filter(|(name, schema)| {
                !differ.contains(name)
                    && schemas.get(*name).is_some_and(|given| {
                        given != *schema || differ.iter().any(|other| refers(schema, &reference(other)))
                    })
            })
            .map(|(name, _)| name)
            .collect();
        if more.is_empty() {
            break;
        }
        differ.extend(more);
    }
    let renamed = |value: &mut Value| {
        for name in &differ {
            rename(value, &reference(name), &reference(&format!("{name}Input")));
        }
    };
    for (name, schema) in &taken {
        let mut schema = schema.clone();
        renamed(&mut schema);
        let name = if differ.contains(&name) { format!("{name}Input") } else { name.clone() };
        schemas.insert(name, schema);
    }
    for path in paths.values_mut().filter_map(Value::as_object_mut) {
        for operation in path.values_mut() {
            if let Some(body) = operation.get_mut("requestBody") {
                renamed(body);
            }
        }
    }
}

fn reference(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

fn refers(value: &Value, to: &str) -> bool {
    match value {
        Value::String(text) => text == to,
        Value::Array(items) => items.iter().any(|item| refers(item, to)),
        Value::Object(members) => members.values().any(|member| refers(member, to)),
        _ => false,
    }
}

fn rename(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, from, to)),
        Value::Object(members) => members.values_mut().for_each(|member| rename(member, from, to)),
        _ => {}
    }
}

fn operation(route: &Route, token: bool, given: &mut SchemaGenerator, taken: &mut SchemaGenerator) -> Value {
    let mut parameters = Vec::new();
    if let Some((_, rest)) = route.path.split_once('{') {
        let name = rest.split('}').next().unwrap_or_default();
        let schema = json!({ "type": "string", "minLength": 1 });
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    for parameter in route.parameters {
        let schema = (parameter.schema)();
        let about = parameter.about;
        parameters.push(json!({ "name": parameter.name, "in": "query", "description": about, "schema": schema }));
    }
    let mut success = json!({ "description": "Done." });
    if let Some(media_type) = route.success.media_type {
        let media_type = media_type.split(';').next().unwrap_or_default();
        success["content"] = json!({ media_type: { "schema": (route.success.schema)(given) } });
    }
    for (name, about) in route.success.headers {
        success["headers"][*name] = json!({ "description": about, "schema": { "type": "string" } });
    }
    let mut responses = Map::from_iter([(route.success.status.as_str().to_owned(), success)]);
    for kind in problems(route, token) {
        let name = kind.name();
        responses
            .insert(kind.status().as_str().to_owned(), json!({ "$ref": format!("#/components/responses/{name}") }));
    }
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(schema) = route.body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema(taken) } } });
    }
    if token && !route.open {
        operation["security"] = json!([{ "token": [] }]);
    }
    operation
}

/// Every problem that a route may have.
pub(super) fn problems(route: &Route, token: bool) -> Vec<Kind> {
    let mut kinds = vec![Kind::BadRequest, Kind::Internal, Kind::Unavailable];
    if !route.open {
        kinds.push(Kind::Misdirected);
        if token {
            kinds.push(Kind::Unauthorized);
        }
    }
    if !route.method.is_safe() {
        kinds.push(Kind::CrossSite);
    }
    if route.body.is_some() {
        kinds.extend([Kind::SlowRequest, Kind::TooLarge, Kind::MediaType, Kind::Unprocessable]);
    }
    kinds.extend(route.problems);
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// A problem document (RFC 9457).
#[derive(JsonSchema)]
#[schemars(rename = "Problem")]
#[allow(dead_code, reason = "read by nothing but its schema")]
struct ProblemDocument {
    /// Which kind of problem: where this document describes it.
    r#type: String,
    /// The kind in words.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong in this case.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// What to do about it.
    remedy: String,
    /// The request, as the service's log names it.
    request_id: String,
}
