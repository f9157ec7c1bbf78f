//! Snapshots of a configuration: complete, from whatever says it, and without secrets.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tdsql::model::behaviour::{ConfigSnapshot, REDACTED};
use tdsql::snapshot::{Captured, Document, Refused, Says, snapshot};

use crate::secrets::{SECRETS, clean};
use crate::support::{good, shipped, snapshots, text};

fn captured(documents: &[Document]) -> Captured {
    snapshot(shipped(), documents).unwrap_or_else(|refused| panic!("{}", told(&refused)))
}

#[track_caller]
fn refused(documents: &[Document]) -> Box<Refused> {
    snapshot(shipped(), documents).expect_err("it is refused")
}

/// Code, place and message of each fault.
fn told(refused: &Refused) -> String {
    let line = |fault: &tdsql::diag::Diagnostic| {
        let at = fault.primary.as_ref().map(|label| {
            let at = refused.sources.position(label.span);
            format!("{}:{}:{}", refused.sources.name(label.span.file), at.line, at.column)
        });
        format!("{} {}: {}\n", at.unwrap_or_default(), fault.code.as_str(), fault.message)
    };
    refused.diagnostics.iter().map(line).collect()
}

fn says(name: &str, says: Says) -> Document {
    Document::new(name, says)
}

#[test]
fn the_compiled_profile_alone_says_what_its_artifacts_say() {
    let compilation = good("high-throughput", Some("batch-processor"), &[]);
    let profile = serde_json::to_string_pretty(&compilation.profile()).expect("it is JSON");
    let alone = captured(&[says("profile.json", Says::ConfigProfile(profile.clone()))]);
    let with_file = captured(&[
        says("dynamicconfig.yaml", Says::DynamicConfig(compilation.dynamic_config_yaml().to_owned())),
        says("profile.json", Says::ConfigProfile(profile)),
    ]);
    assert!(alone.config.dynamic_config.len() > 50 && alone.warnings.is_empty());
    assert_eq!(alone.config, with_file.config);
    assert_eq!(alone.config.config_profile.as_ref(), Some(&compilation.profile()));
    assert_eq!(alone.temporal_server_version, Some(compilation.profile().temporal_server_version));
    assert_eq!(alone.dsql_plugin_version, Some(compilation.profile().dsql_plugin_version));

    let Value::Object(plugin) = json!(alone.config.dsql_plugin_config) else { unreachable!("it is an object") };
    for (field, value) in compilation.plugin_config() {
        assert_eq!(plugin.get(&field), Some(&value), "{field}");
    }
    let workers = json!(alone.config.worker_options);
    for field in ["max_concurrent_activities", "workflow_task_pollers", "sticky_schedule_to_start_timeout_sec"] {
        assert!(workers[field].is_number(), "{field}: {workers}");
    }
}

#[test]
fn the_environment_says_what_the_plugin_runs_with() {
    let env = "DSQL_RESERVOIR_ENABLED=true\nDSQL_RESERVOIR_BASE_LIFETIME=11m\nTEMPORAL_SQL_MAX_CONNS=50\n\
               DSQL_TOKEN_BUCKET_RATE=plenty\nTEMPORAL_SQL_MAX_IDLE_CONNS=\nOTHER=1\nDSQL_RESERVOIR_ENABLED=false\n";
    let found = captured(&[
        says("one.env", Says::EnvFile(env.to_owned())),
        says("config.env", Says::Environment(vec![("TEMPORAL_SQL_MAX_CONNS".to_owned(), "60".to_owned())])),
    ]);
    let plugin = &found.config.dsql_plugin_config;
    assert_eq!((plugin.reservoir_enabled, plugin.reservoir_base_lifetime_min), (Some(false), Some(11.0)));
    // A later document is laid over an earlier one; what is empty is not set.
    assert_eq!((plugin.max_conns, plugin.max_idle_conns), (Some(60), None));
    // The process takes its own default for what it cannot read.
    assert!(plugin.token_bucket_rate.is_some());
    let warnings: Vec<&str> = found.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(warnings, ["invalid_value", "duplicate_key"], "{:?}", found.warnings);
    let variables: Vec<_> = found.config.server_env_vars.iter().map(|one| (one.name(), one.value())).collect();
    assert!(variables.contains(&("TEMPORAL_SQL_MAX_CONNS", "60")) && variables.contains(&("OTHER", "1")));
    assert_eq!(variables.len(), 6);
}

#[test]
fn dynamic_configuration_keeps_every_entry_with_its_constraints() {
    let yaml = "system.advancedVisibilityWritingMode:\n  - value: \"off\"\n    constraints: {}\n\
                frontend.rps:\n  - value: 2400\n  - value: 100\n    constraints:\n      namespace: batch\n      taskType: Workflow\n\
                some.map:\n- value: {b: [1, 2.5, null, 010], a: true}\nsilent:\n";
    let found = captured(&[says("dc.yaml", Says::DynamicConfig(yaml.to_owned()))]).config.dynamic_config;
    assert_eq!(
        json!(found),
        json!([
            { "key": "system.advancedVisibilityWritingMode", "value": "off" },
            { "key": "frontend.rps", "value": 2400 },
            { "key": "frontend.rps", "value": 100, "constraints": { "namespace": "batch", "taskType": "Workflow" } },
            { "key": "some.map", "value": { "b": [1, 2.5, null, 8], "a": true } },
        ])
    );
}

#[test]
fn options_of_workers_are_known_by_every_spelling() {
    let spellings = [
        "max_concurrent_activities: 200\nsticky_schedule_to_start_timeout_sec: 5\ndisable_eager_activities: true\nown: [1]\n",
        "{\"maxConcurrentActivities\": 200, \"stickyScheduleToStartTimeout\": \"5s\", \"disable-eager-activities\": \"true\", \"own\": [1]}",
    ];
    let found =
        spellings.map(|text| captured(&[says("workers", Says::WorkerOptions(text.to_owned()))]).config.worker_options);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0].max_concurrent_activities, Some(200));
    assert_eq!(found[0].sticky_schedule_to_start_timeout_sec, Some(5.0));
    assert_eq!(found[0].disable_eager_activities, Some(true));
    assert_eq!(found[0].more, BTreeMap::from([("own".to_owned(), json!([1]))]));
}

#[test]
fn a_task_definition_gives_the_environment_of_the_server_and_the_names_of_its_secrets() {
    let server = json!({
        "name": "server",
        "environment": [{ "name": "TEMPORAL_SQL_MAX_CONNS", "value": "70" }, { "name": "PLAIN", "value": "x" }],
        "secrets": [{ "name": "DATABASE", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/x" }],
    });
    let beside = json!({ "name": "collector", "environment": [{ "name": "AOT_CONFIG", "value": "y" }] });
    for whole in [
        json!({ "taskDefinition": { "containerDefinitions": [beside, server] } }),
        json!({ "containerDefinitions": [server, beside] }),
        json!([server]),
        json!({ "ContainerDefinitions": [{ "Environment": [{ "Name": "TEMPORAL_SQL_MAX_CONNS", "Value": "70" },
                { "Name": "PLAIN", "Value": "x" }], "Secrets": [{ "Name": "DATABASE", "ValueFrom": "arn" }] }] }),
    ] {
        let config = captured(&[says("task.json", Says::TaskDefinition(whole.to_string()))]).config;
        assert_eq!(config.dsql_plugin_config.max_conns, Some(70));
        let mut found: Vec<_> = config.server_env_vars.iter().map(|one| (one.name(), one.value())).collect();
        found.sort_unstable();
        assert_eq!(found, [("DATABASE", REDACTED), ("PLAIN", "x"), ("TEMPORAL_SQL_MAX_CONNS", "70")], "{whole}");
    }
}

#[test]
fn every_fault_of_every_document_is_told_with_its_place() {
    let found = refused(&[
        says(
            "dc.yaml",
            Says::DynamicConfig("a.b: 3\nc.d:\n  - 1\n  - constraints: {}\na.b: []\ne: [{value: .nan}]\n".to_owned()),
        ),
        says("broken.yaml", Says::DynamicConfig("a: [1\n".to_owned())),
        says("x.env", Says::EnvFile("A=1\nno equals\n".to_owned())),
        says(
            "workers.json",
            Says::WorkerOptions("{\"max_concurrent_activities\": \"many\",\n \"own\": 1, \"own\": 2}".to_owned()),
        ),
        says("profile.json", Says::ConfigProfile("{\n  \"preset_name\": 3\n}".to_owned())),
        says("task.json", Says::TaskDefinition("{}".to_owned())),
    ]);
    snapshots("snapshot").bind(|| insta::assert_snapshot!("faults", told(&found)));
}

/// Secrets, and where each is planted: nothing of any may come out.
#[test]
fn planted_secrets_are_found_in_no_part_of_a_snapshot_nor_in_a_diagnostic() {
    let mut documents = Vec::new();
    let (mut env, mut pairs) = (String::new(), Vec::new());
    let (mut yaml, mut options) = (String::new(), serde_json::Map::new());
    for (number, (name, secret)) in SECRETS.iter().enumerate() {
        env.push_str(&format!("{name}='{secret}'\n"));
        pairs.push((format!("{name}_{number}"), (*secret).to_owned()));
        let quoted = Value::from(*secret);
        yaml.push_str(&format!("custom.{number}.{name}:\n- value: {quoted}\n  constraints: {{{name}: {quoted}}}\n"));
        yaml.push_str(&format!("custom.{number}:\n- value: {{deep: [{{{name}: {quoted}}}]}}\n"));
        options.insert((*name).to_owned(), quoted.clone());
        options.insert(format!("nested{number}"), json!([{ *name: quoted }]));
    }
    let task = json!({ "containerDefinitions": [{
        "environment": SECRETS.iter().map(|(name, secret)| json!({ "name": name, "value": secret })).collect::<Vec<_>>(),
    }]});
    let mut profile = good("mid-scale", None, &[]).profile();
    profile.modifier = Some(SECRETS[1].1.to_owned());
    for (name, secret) in SECRETS {
        let value = serde_json::from_value(json!(secret)).expect("text is a value");
        profile.overrides.values.insert((*name).to_owned(), value);
    }
    let profile = serde_json::to_string(&profile).expect("it is JSON");
    documents.push(says("x.env", Says::EnvFile(env)));
    documents.push(says("pairs", Says::Environment(pairs)));
    documents.push(says("dc.yaml", Says::DynamicConfig(yaml.clone())));
    documents.push(says("workers.json", Says::WorkerOptions(Value::Object(options).to_string())));
    documents.push(says("task.json", Says::TaskDefinition(task.to_string())));
    documents.push(says("profile.json", Says::ConfigProfile(profile)));
    let found = captured(&documents);
    let kept = serde_json::to_string(&found.config).expect("it is JSON");
    clean(&kept);
    clean(&format!("{documents:?}{:?}{}", found, text(&found.sources, found.warnings.as_slice())));
    // What is kept is what a reader of the store gets back: it stays as it is.
    let again: ConfigSnapshot = serde_json::from_str(&kept).expect("it is a snapshot");
    assert_eq!(again, found.config);

    // The same texts where they do not fit: what is told of them has none either.
    let mut wrong = Vec::new();
    for (name, secret) in SECRETS {
        let quoted = Value::from(*secret);
        // Whatever looks like a secret is none as a name either.
        let key = if shipped().redaction.masked(secret) == *secret { "key".into() } else { quoted.clone() };
        wrong.push(says("dc.yaml", Says::DynamicConfig(format!("{key}: {quoted}\n{name}: {quoted}\n"))));
        wrong.push(says("x.env", Says::EnvFile(format!("{name}=\"{}\n", secret.replace('"', "")))));
        wrong.push(says("w.json", Says::WorkerOptions(format!("{{\"max_concurrent_activities\": {quoted}}}"))));
        wrong
            .push(says("p.json", Says::ConfigProfile(format!("{{\"preset_name\": \"x\", \"modifier\": [{quoted}]}}"))));
        wrong.push(says("t.json", Says::TaskDefinition(format!("[{{\"environment\": [{{\"{name}\": {quoted}}}]}}]"))));
    }
    wrong.push(says("broken.yaml", Says::DynamicConfig(format!("{yaml}  broken: [\n"))));
    let refused = refused(&wrong);
    assert!(refused.diagnostics.len() > 4 * SECRETS.len());
    clean(&text(&refused.sources, refused.diagnostics.as_slice()));
    clean(&format!("{refused:?}"));
}
