//! The configuration of a profile over HTTP: inline, by the name of a collector, and never with a secret.

use crate::secrets::{SECRETS, clean, files_below};
use crate::support::{Service, nothing, said, source, wanted};
use serde_json::{Map, Value, json};

/// A request with this configuration.
fn with(config: &Value) -> String {
    let mut request: Value = serde_json::from_str(&wanted("with configuration")).expect("it is JSON");
    request["config"] = config.clone();
    request.to_string()
}

#[test]
fn documents_inline_and_of_a_collector_make_one_snapshot() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("x.env"), "TEMPORAL_SQL_MAX_CONNS=70\nA=1\n").expect("it can be written");
    let settings =
        "[collectors.prod]\nenv_file = \"x.env\"\n[collectors.gone]\ndynamic_config = \"secret-place.yaml\"\n";
    let service = Service::over(folder, settings, &["--prometheus", &source(nothing)]);
    let compiled = service.post("/compile", &json!({ "preset": "starter" }).to_string()).json();
    let made = service.post(
        "/profiles",
        &with(&json!({
            "source": "prod",
            "env": { "A": "2" },
            "dynamic_config_yaml": "frontend.rps:\n- value: 5\n",
            "worker_options": { "max_concurrent_activities": 9 },
            "config_profile": compiled["profile"],
        })),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let profile = service.get(made.header("location").expect("it says where")).json();
    assert_eq!(profile["temporal_server_version"], compiled["profile"]["temporal_server_version"]);
    let config = &profile["config_snapshot"];
    assert_eq!(config["dynamic_config"], json!([{ "key": "frontend.rps", "value": 5 }]));
    assert_eq!(config["dsql_plugin_config"]["max_conns"], 70);
    assert_eq!(config["worker_options"]["max_concurrent_activities"], 9);
    assert_eq!(config["config_profile"], compiled["profile"]);
    assert_eq!(
        config["server_env_vars"],
        json!([
            { "name": "TEMPORAL_SQL_MAX_CONNS", "value": "70", "redacted": false },
            { "name": "A", "value": "2", "redacted": false },
        ])
    );

    // A name is a collector's, never a path; where its files are is nobody's business.
    for name in ["prd", "../settings.toml", "/etc/passwd", ""] {
        let unknown = service.post("/profiles", &with(&json!({ "source": name })));
        assert_eq!((unknown.status, &unknown.problem()["available"]), (422, &json!(["gone", "prod"])), "{name}");
    }
    let gone = service.post("/profiles", &with(&json!({ "source": "gone" })));
    assert_eq!(gone.status, 502, "{}", gone.text);
    assert!(gone.problem()["detail"].as_str().is_some_and(|detail| detail.contains("collectors.gone.dynamic_config")));
    assert!(!gone.text.contains("secret-place"), "{}", gone.text);
}

#[test]
fn every_fault_of_the_documents_is_told_with_its_place() {
    let service = Service::with("", &["--prometheus", &source(nothing)]);
    let refused = service.post(
        "/profiles",
        &with(&json!({ "dynamic_config_yaml": "a: 1\nb:\n- 2\n", "worker_options": { "max_concurrent_activities": "x" } })),
    );
    let problem = refused.problem();
    assert_eq!(refused.status, 422, "{problem}");
    let places: Vec<_> = problem["errors"]
        .as_array()
        .expect("they are listed")
        .iter()
        .map(|error| (error["file"].clone(), error["line"].clone(), error["column"].clone()))
        .collect();
    let at = |file: &str, line: u32, column: u32| (json!(file), json!(line), json!(column));
    assert_eq!(
        places,
        [
            at("config.worker_options", 1, 30),
            at("config.dynamic_config_yaml", 1, 4),
            at("config.dynamic_config_yaml", 3, 3)
        ]
    );
    for body in [json!({ "env": { "A": 1 } }), json!({ "files": [] }), json!({ "config_profile": {} })] {
        assert_eq!(service.post("/profiles", &with(&body)).status, 422, "{body}");
    }
    // What stands in the wrong place is not repeated: it may be what belongs elsewhere.
    let misplaced = service.post("/profiles", &with(&json!({ "env": "hunter2" })));
    assert!(misplaced.status == 422 && !misplaced.text.contains("hunter2"), "{}", misplaced.text);
    assert_eq!(service.get("/profiles").text, "[]");
}

/// Secrets in every part of a request and in what the source says: none is in the store, the log or an answer.
#[test]
fn planted_secrets_end_nowhere() {
    let url = source(|head| {
        if !head.contains("query_range") {
            return nothing(head);
        }
        // By its looks nobody knows a word for a password: it stands behind its name.
        let secrets: Vec<String> = SECRETS[1..].iter().map(|(name, secret)| format!("{name}={secret}")).collect();
        said("400 Bad Request", &json!({ "status": "error", "error": secrets.join(" ") }).to_string())
    });
    let service = Service::with("", &["--prometheus", &url]);
    let fields: Map<String, Value> =
        SECRETS.iter().map(|(name, secret)| ((*name).to_owned(), Value::from(*secret))).collect();
    let mut profile = service.post("/compile", &json!({ "preset": "starter" }).to_string()).json()["profile"].clone();
    profile["overrides"]["values"] = json!(fields);
    let yaml: String =
        fields.iter().map(|(name, value)| format!("x.{name}:\n- value: {{a: [{{{name}: {value}}}]}}\n")).collect();
    let config =
        json!({ "env": fields, "worker_options": fields, "dynamic_config_yaml": yaml, "config_profile": profile });
    let mut request: Value = serde_json::from_str(&with(&config)).expect("it is JSON");
    for (field, secret) in [("name", 1), ("label", 2), ("task_queue", 3)] {
        request[field] = SECRETS[secret].1.into();
    }
    let made = service.post("/profiles", &request.to_string());
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.header("location").expect("it says where").to_owned();
    let mut answers = vec![made];
    for path in [path.as_str(), "/profiles", &format!("{path}/recommendations"), "/metrics"] {
        answers.push(service.get(path));
    }
    answers.push(service.post(&format!("{path}/baseline"), ""));
    // Refused, for what stands beside the secrets.
    request["config"]["dynamic_config_yaml"] = format!("{yaml}broken: 1\n").into();
    answers.push(service.post("/profiles", &request.to_string()));
    assert_eq!(answers.last().map(|answer| answer.status), Some(422));
    answers.iter().for_each(|answer| clean(&answer.text));
    clean(&service.logged("422"));
    let files = files_below(&service.folder.path().join("store"));
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        clean(&String::from_utf8_lossy(&std::fs::read(&file).expect("it can be read")));
    }
}
