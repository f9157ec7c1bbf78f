//! The OpenAPI document is true: its routes are the service's, and the answers have the schemas that it says.

use crate::support::{Answer, Service, filled, nothing, source, wanted};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Holds an answer to what the document says of it.
fn hold(document: &Value, path: &str, method: &str, answer: &Answer) {
    let operation = &document["paths"][path][method];
    assert!(operation.is_object(), "{method} {path} is documented");
    let mut response = operation["responses"][answer.status.to_string()].clone();
    assert!(response.is_object(), "{method} {path}: {} is documented: {}", answer.status, answer.text);
    if let Some(reference) = response["$ref"].as_str() {
        response = document.pointer(&reference[1..]).expect("a reference leads somewhere").clone();
    }
    let Some(media_type) = answer.header("content-type").and_then(|value| value.split(';').next()) else {
        assert!(response.get("content").is_none() && answer.text.is_empty(), "{method} {path}");
        return;
    };
    let mut schema = response["content"][media_type]["schema"].clone();
    assert!(schema.is_object(), "{method} {path}: {} {media_type} is documented", answer.status);
    if !media_type.ends_with("json") {
        return;
    }
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).expect("a schema is one");
    let instance = answer.json();
    let faults: Vec<String> =
        validator.iter_errors(&instance).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{method} {path} {}: {faults:#?}", answer.status);
    for (name, _) in response["headers"].as_object().into_iter().flatten() {
        let optional = name == "Link";
        assert!(optional || answer.header(&name.to_ascii_lowercase()).is_some(), "{method} {path}: {name}");
    }
}

#[test]
fn answers_are_what_the_document_says() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let kept = filled(folder.path(), 3);
    let service = Service::over(folder, "", &["--prometheus", &source(nothing)]);
    let document = service.get("/openapi.json").json();
    let id = kept[0].id.to_string();
    let presets = service.get("/presets").json();
    let preset = presets[1]["name"].as_str().expect("a preset has a name");
    let described = service.get(&format!("/presets/{preset}")).json();
    let key = described["topology_params"][0]["key"].as_str().expect("a parameter has a key");
    let made = wanted("x");
    let compile = json!({ "preset": preset }).to_string();
    let pair = |a: &str, b: &str| json!({ "profile_a_id": a, "profile_b_id": b }).to_string();
    let (two, twice, missing) = (pair(&id, &kept[1].id.to_string()), pair(&id, &id), pair(&id, "x"));
    let of = |cluster: &str| json!({ "cluster_id": cluster, "namespace": "payments" });
    let (newest, nobodys) = (of("cluster-1").to_string(), of("cluster-9").to_string());
    let mut window = of("cluster-0");
    window["time_window_start"] = json!("2026-01-01T00:00:00Z");
    window["time_window_end"] = json!("2026-01-01T01:00:00Z");
    let window = window.to_string();
    let cases: Vec<(&str, &str, String, Option<&str>, u16)> = vec![
        ("get", "/profiles", "/profiles?limit=2".into(), None, 200),
        ("get", "/profiles", "/profiles?limit=x".into(), None, 400),
        ("post", "/profiles", "/profiles".into(), Some(&made), 201),
        ("post", "/profiles", "/profiles".into(), Some("{}"), 422),
        ("post", "/profiles", "/profiles".into(), Some("{"), 400),
        ("get", "/profiles/{id}", format!("/profiles/{id}"), None, 200),
        ("get", "/profiles/{id}", "/profiles/x".into(), None, 404),
        ("get", "/profiles/{id}/recommendations", format!("/profiles/{id}/recommendations?preset={preset}"), None, 200),
        ("get", "/profiles/{id}/recommendations", format!("/profiles/{id}/recommendations"), None, 422),
        ("get", "/profiles/{id}/recommendations", "/profiles/x/recommendations".into(), None, 404),
        ("post", "/profiles/{id}/baseline", format!("/profiles/{id}/baseline"), None, 200),
        ("post", "/profiles/{id}/baseline", "/profiles/x/baseline".into(), None, 404),
        ("get", "/profiles/{id}/conformance", format!("/profiles/{id}/conformance?preset={preset}"), None, 200),
        ("get", "/profiles/{id}/conformance", format!("/profiles/{id}/conformance"), None, 422),
        ("get", "/profiles/{id}/conformance", "/profiles/x/conformance".into(), None, 404),
        ("post", "/profiles/compare", "/profiles/compare".into(), Some(&two), 200),
        ("post", "/profiles/compare", "/profiles/compare".into(), Some(&twice), 400),
        ("post", "/profiles/compare", "/profiles/compare".into(), Some(&missing), 404),
        ("post", "/drift", "/drift".into(), Some(&window), 200),
        ("post", "/drift", "/drift".into(), Some(&newest), 404),
        ("post", "/assessments", format!("/assessments?preset={preset}"), Some(&window), 200),
        ("post", "/assessments", "/assessments".into(), Some(&newest), 200),
        ("post", "/assessments", "/assessments?preset=x".into(), Some(&newest), 422),
        ("post", "/assessments", "/assessments".into(), Some(&nobodys), 404),
        ("delete", "/profiles/{id}", format!("/profiles/{id}"), None, 204),
        ("delete", "/profiles/{id}", format!("/profiles/{id}"), None, 404),
        ("get", "/presets", "/presets".into(), None, 200),
        ("get", "/presets/{name}", format!("/presets/{preset}"), None, 200),
        ("get", "/presets/{name}", "/presets/x".into(), None, 404),
        ("get", "/presets/{name}", format!("/presets/{preset}?modifier=x"), None, 400),
        ("post", "/compile", "/compile".into(), Some(&compile), 200),
        ("post", "/compile", "/compile".into(), Some(r#"{"preset":"x"}"#), 422),
        ("get", "/explain/{key}", format!("/explain/{key}?preset={preset}"), None, 200),
        ("get", "/explain/{key}", "/explain/x".into(), None, 404),
        ("get", "/healthz", "/healthz".into(), None, 200),
        ("get", "/readyz", "/readyz".into(), None, 200),
        ("get", "/metrics", "/metrics".into(), None, 200),
        ("get", "/openapi.json", "/openapi.json".into(), None, 200),
    ];
    let mut proved = BTreeSet::new();
    for (method, path, asked, body, status) in cases {
        let answer = match body {
            Some(body) => service.ask("POST", &asked, &["Content-Type: application/json"], body),
            None => service.ask(&method.to_uppercase(), &asked, &[], ""),
        };
        assert_eq!(answer.status, status, "{method} {asked}: {}", answer.text);
        hold(&document, path, method, &answer);
        if status < 400 {
            proved.insert(format!("{method} {path}"));
        }
    }
    let routes = document["paths"].as_object().expect("paths are an object").iter();
    let documented: BTreeSet<String> = routes
        .flat_map(|(path, item)| {
            item.as_object().into_iter().flatten().map(move |(method, _)| format!("{method} {path}"))
        })
        .collect();
    assert_eq!(proved, documented, "every route is proved");
}

#[test]
fn the_document_is_whole() {
    for token in [false, true] {
        let document = tdsql::serve::openapi(token);
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(document.pointer(reference).is_some(), "{reference} leads somewhere");
        }
        assert_eq!(text.contains("securitySchemes"), token);
        let names: Vec<&str> =
            text.split("\"operationId\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "each name is one route's");
    }
}
