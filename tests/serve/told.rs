//! Collectors that ask: an ECS service for its task definition, a Temporal frontend for its version.

use crate::support::{PASSWORD, Service, nothing, said, source, wanted};
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET_KEY: &str = "a-secret-key-of-the-tests";
const PLANTED: &str = "hunter2-in-the-task-definition";

/// A service whose collector asks these two, and a source that has nothing.
fn service(ecs: &str, frontend: &str) -> Service {
    let bare = |url: &str| url.replace(&format!("tests:{PASSWORD}@"), "");
    let settings = format!(
        "[collectors.prod]\ntemporal_address = \"{}\"\n\
         ecs = {{ cluster = \"prod\", service = \"temporal\", region = \"eu-west-1\", endpoint = \"{}\" }}\n",
        bare(frontend),
        bare(ecs)
    );
    let folder = TempDir::new().expect("a folder can be made");
    let store = folder.path().join("store").display().to_string();
    let credentials = [
        ("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST"),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    Service::start(folder, &settings, &["--store", &store, "--prometheus", &source(nothing)], &credentials)
}

fn asked() -> String {
    let mut request: Value = serde_json::from_str(&wanted("told")).expect("it is JSON");
    request["config"] = json!({ "source": "prod" });
    request.to_string()
}

fn ecs(head: &str) -> String {
    if head.contains("DescribeServices") {
        return said("200 OK", r#"{"services":[{"status":"ACTIVE","taskDefinition":"temporal:7"}]}"#);
    }
    let environment =
        json!([{ "name": "TEMPORAL_SQL_MAX_CONNS", "value": "70" }, { "name": "DB_PASSWORD", "value": PLANTED }]);
    let definition = json!({ "containerDefinitions": [{ "name": "temporal", "environment": environment }] });
    said("200 OK", &json!({ "taskDefinition": definition }).to_string())
}

fn frontend(_: &str) -> String {
    said("200 OK", r#"{"serverVersion":"1.30.1"}"#)
}

#[test]
fn a_collector_asks_the_platform_and_the_server() {
    let service = service(&source(ecs), &source(frontend));
    let made = service.post("/profiles", &asked());
    assert_eq!(made.status, 201, "{}", made.text);
    let profile = service.get(made.header("location").expect("it says where"));
    let document = profile.json();
    assert_eq!(document["temporal_server_version"], "1.30.1");
    let variables = document["config_snapshot"]["server_env_vars"].as_array().expect("an array").clone();
    let names: Vec<&str> = variables.iter().filter_map(|variable| variable["name"].as_str()).collect();
    assert!(names.contains(&"DB_PASSWORD") && names.contains(&"TEMPORAL_SQL_MAX_CONNS"), "{}", profile.text);
    for text in [made.text, profile.text, service.log()] {
        assert!(!text.contains(PLANTED) && !text.contains(SECRET_KEY), "{text}");
    }
}

#[test]
fn a_collector_that_is_not_told_is_an_upstreams_fault() {
    let denied = |_: &str| said("400 Bad Request", r#"{"__type":"AccessDeniedException","Message":"not authorized"}"#);
    let gone = |_: &str| said("404 Not Found", "no such page");
    for (service, detail) in [
        (service(&source(denied), &source(frontend)), "ECS answered 400: not authorized"),
        (service(&source(ecs), &source(gone)), "the Temporal frontend answered 404: no such page"),
    ] {
        let refused = service.post("/profiles", &asked());
        assert_eq!((refused.status, refused.problem()["detail"].clone()), (502, detail.into()), "{}", refused.text);
        assert_eq!(service.get("/profiles").text, "[]", "nothing is kept");
        assert!(!refused.text.contains(SECRET_KEY) && !service.log().contains(SECRET_KEY));
    }
}
