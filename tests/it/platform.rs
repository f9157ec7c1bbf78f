//! Platform adapters: what they emit is what the images read, what they leave to the platform is named, and how a change
//! reaches what runs.

use std::collections::BTreeSet;

use serde_json::Value;
use tdsql::compile::{Compilation, Request};
use tdsql::model::{Channel, Effect, RenderedSnippet, Scalar};

use crate::support::{combinations, compiled, good, request, shipped, snapshots, values};

fn platform_files(compilation: &Compilation<'_>) -> Vec<RenderedSnippet> {
    compilation.snippets().expect("every adapter renders").1
}

fn json(file: &RenderedSnippet) -> Value {
    serde_json::from_str(&file.content).unwrap_or_else(|fault| panic!("{}: {fault}", file.filename))
}

fn yaml(file: &RenderedSnippet) -> Value {
    serde_yaml::from_str(&file.content).unwrap_or_else(|fault| panic!("{}: {fault}", file.filename))
}

/// The variables that a file gives to a container, as pairs of name and value.
fn variables(file: &RenderedSnippet) -> Option<Vec<(String, String)>> {
    let pairs = |list: &Value, value: &str| -> Vec<(String, String)> {
        let entries = list.as_array().expect("a list of variables");
        let text = |entry: &Value, name: &str| entry[name].as_str().expect("text").to_owned();
        entries.iter().map(|entry| (text(entry, "name"), text(entry, value))).collect()
    };
    let of_map = |map: &Value| -> Vec<(String, String)> {
        let entries = map.as_object().expect("a map of variables");
        entries.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
    };
    let of_services = |document: &Value| -> Vec<(String, String)> {
        let services = document["services"].as_object().expect("services");
        services.values().flat_map(|service| of_map(&service["environment"])).collect()
    };
    match (file.adapter.as_str(), file.filename.as_str()) {
        ("ecs", name) if name.starts_with("task-definitions/") => {
            let container = json(file)["containerDefinitions"][1].take();
            let mut all = pairs(&container["environment"], "value");
            all.extend(pairs(&container["secrets"], "valueFrom"));
            Some(all)
        }
        ("ecs", name) if name.starts_with("environment/") => Some(pairs(&json(file), "value")),
        ("ecs", "secrets.json") => Some(pairs(&json(file), "valueFrom")),
        ("compose", "compose.yaml" | "override.yaml") => Some(of_services(&yaml(file))),
        ("kubernetes", "values.yaml") => Some(pairs(&yaml(file)["server"]["additionalEnv"], "value")),
        ("dotenv", "temporal.env") => Some(
            file.content
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(|line| line.split_once('=').expect("NAME=value"))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ),
        _ => None,
    }
}

#[test]
fn each_emitted_variable_is_one_that_the_image_reads_at_the_chosen_plugin_version() {
    let catalog = shipped();
    for plugin in ["0.1.0", "0.2.0"] {
        for (preset, modifier, name) in combinations(catalog) {
            let asked =
                Request { plugin_version: Some(plugin.to_owned()), ..request(&preset, modifier.as_deref(), &[]) };
            let compilation = compiled(&asked).expect("the combination compiles");
            let mut read = 0;
            for file in platform_files(&compilation) {
                let adapter = catalog.adapter(&file.adapter, false).expect("the adapter exists");
                let image = adapter.image.as_deref();
                for (variable, value) in variables(&file).into_iter().flatten() {
                    read += 1;
                    let known = match catalog.find_variable(&variable) {
                        Some(id) => {
                            let parameter = catalog.parameter(id);
                            let exists = parameter
                                .plugin
                                .as_ref()
                                .is_none_or(|range| range.matches(&compilation.resolution.inputs.plugin));
                            exists && parameter.is_read_by(image)
                        }
                        None => catalog
                            .variables
                            .get(variable.as_str())
                            .is_some_and(|variable| variable.is_read_by(image) && variable.kind != "ignored"),
                    };
                    assert!(known, "{name}, plugin {plugin}: {}/{}: {variable}={value}", file.adapter, file.filename);
                }
            }
            assert!(read > 100, "{name}: {read} variables were looked at");
        }
    }
}

#[test]
fn each_variable_of_the_image_is_given_to_every_container() {
    let catalog = shipped();
    for preset in catalog.presets.keys() {
        let compilation = good(preset, None, &[]);
        for file in platform_files(&compilation) {
            let complete = file.filename.starts_with("task-definitions/") || file.filename == "compose.yaml";
            let Some(given) = variables(&file).filter(|_| complete) else { continue };
            let given: BTreeSet<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
            let adapter = catalog.adapter(&file.adapter, false).expect("the adapter exists");
            for id in catalog.ids() {
                let parameter = catalog.parameter(id);
                let Some(name) = parameter.output(Channel::EnvVars) else { continue };
                if compilation.resolution.withheld(id).is_none() && parameter.is_read_by(adapter.image.as_deref()) {
                    assert!(given.contains(name), "{preset}: {}: {name}", file.filename);
                }
            }
            for (name, variable) in &catalog.variables {
                if variable.placeholder.is_some() && variable.is_read_by(adapter.image.as_deref()) {
                    assert!(given.contains(name.as_ref()), "{preset}: {}: {name}", file.filename);
                }
            }
        }
    }
}

/// Names of installations are never made up: where one is needed stands the platform's own form of a placeholder, and a
/// text beside it says what to put there.
#[test]
fn identity_is_left_to_the_platform_and_explained() {
    let catalog = shipped();
    let compilation = good("high-throughput", None, &[]);
    let files = platform_files(&compilation);
    for file in &files {
        for (name, value) in variables(file).into_iter().flatten() {
            let Some(placeholder) = catalog.variables.get(name.as_str()).and_then(|known| known.placeholder.as_ref())
            else {
                continue;
            };
            let form = match file.adapter.as_str() {
                "compose" => format!("${{{}:?", placeholder.to_uppercase()),
                _ => format!("/temporal-dsql/{placeholder}"),
            };
            assert!(value.starts_with(&form), "{}/{}: {name}={value}", file.adapter, file.filename);
        }
    }
    for placeholder in &catalog.platform.placeholders {
        for (adapter, explained) in [
            ("compose", "compose.yaml"),
            ("kubernetes", "values.yaml"),
            ("dotenv", "temporal.env"),
            ("ecs", "README.md"),
        ] {
            let file = files.iter().find(|file| file.adapter == adapter && file.filename == explained);
            let text = &file.expect("the file is rendered").content;
            assert!(text.contains(placeholder.summary.trim()), "{adapter}/{explained}: {}", placeholder.name);
        }
    }
    let leases = good("high-throughput", None, &[]);
    assert_eq!(values(&leases)["dsql.slot_block_enabled"], "true");
    let task = files.iter().find(|file| file.filename == "task-definitions/temporal-history.json");
    let given = task.and_then(variables).expect("the task definition has variables");
    assert!(given.iter().any(|(name, _)| name == "CLUSTER_ENDPOINT"), "leasing needs the endpoint");
}

#[test]
fn replicas_and_ports_are_the_services_own() {
    let compilation = good("mid-scale", None, &[("history.replicas", "7")]);
    let files = platform_files(&compilation);
    let find = |adapter: &str, name: &str| {
        files.iter().find(|file| file.adapter == adapter && file.filename == name).expect("the file is rendered")
    };
    let (compose, helm) = (yaml(find("compose", "compose.yaml")), yaml(find("kubernetes", "values.yaml")));
    assert_eq!(compose["services"]["temporal-history"]["deploy"]["replicas"], 7);
    assert_eq!(helm["server"]["history"]["replicaCount"], 7);
    for service in &shipped().platform.services {
        let replicas = compilation.resolution.value(service.replicas).as_i64();
        assert_eq!(helm["server"][&*service.name]["replicaCount"].as_i64(), replicas);
        let task = json(find("ecs", &format!("task-definitions/temporal-{}.json", service.name)));
        let ports: Vec<i64> = task["containerDefinitions"][1]["portMappings"]
            .as_array()
            .expect("ports")
            .iter()
            .filter_map(|port| port["containerPort"].as_i64())
            .collect();
        assert_eq!(ports, service.ports.iter().map(|(_, number)| *number).collect::<Vec<_>>());
    }
    let sql = &helm["server"]["config"]["persistence"]["datastores"]["default"]["sql"];
    assert_eq!(sql["createDatabase"], false);
    assert_eq!(sql["manageSchema"], false);
}

#[test]
fn prerequisites_are_those_that_the_configuration_needs() {
    let text = |preset: &str, plugin: &str| {
        let asked = Request { plugin_version: Some(plugin.to_owned()), ..request(preset, None, &[]) };
        let compilation = compiled(&asked).expect("the preset compiles");
        let files = platform_files(&compilation);
        let find = |name: &str| {
            let file = files.iter().find(|file| file.adapter == "ecs" && file.filename == name);
            file.expect("the file is rendered").content.clone()
        };
        (find("prerequisites.md"), find("prerequisites.yaml"))
    };
    let (starter, starter_stack) = text("starter", "0.2.0");
    assert!(!starter.contains("DynamoDB") && !starter_stack.contains("AWS::DynamoDB::Table"), "{starter}");
    assert!(starter_stack.contains("dsql:DbConnectAdmin"), "{starter_stack}");
    let (large, stack) = text("high-throughput", "0.2.0");
    for needle in ["temporal-dsql-rate-limiter", "temporal-dsql-conn-lease", "ttl_epoch", "`pk`", "temporal-dsql-tool"]
    {
        assert!(large.contains(needle), "{needle}:\n{large}");
    }
    assert_eq!(stack.matches("AWS::DynamoDB::Table").count(), 2, "{stack}");
    assert!(stack.contains("dynamodb:GetItem") && !stack.contains("dynamodb:DeleteItem"), "{stack}");
    let (_, baseline) = text("high-throughput", "0.1.0");
    assert!(!baseline.contains("dynamodb:GetItem") && baseline.contains("dynamodb:DeleteItem"), "{baseline}");
}

/// From a running mid-scale cluster.
fn from_running(set: &[(&str, &str)]) -> Compilation<'static> {
    let running = good("mid-scale", None, &[]).profile();
    compiled(&Request { running: Some(running), ..request("mid-scale", None, set) }).expect("the change compiles")
}

#[test]
fn each_change_says_how_it_takes_effect() {
    let compilation = from_running(&[("target_state_transitions_per_sec", "450"), ("history.replicas", "40")]);
    let effect = |key: &str| {
        let change = compilation.changes.iter().find(|change| change.key == key);
        let change = change.unwrap_or_else(|| panic!("`{key}` changes"));
        (change.effect, change.services.join(" "))
    };
    let every = "history matching frontend worker".to_owned();
    assert_eq!(effect("frontend.rps"), (Some(Effect::Reload), "frontend".to_owned()));
    assert_eq!(effect("dsql.connection_rate_limit"), (Some(Effect::Restart), every));
    assert_eq!(effect("history.replicas"), (Some(Effect::Scale), "history".to_owned()));
    assert_eq!(effect("sdk.workflow_task_pollers"), (Some(Effect::Redeploy), String::new()));
    assert_eq!(effect("target_state_transitions_per_sec").0, None);
    // Dynamic configuration that servers read once at start.
    assert_eq!(effect("history.startupMembershipJoinDelay"), (Some(Effect::Restart), "history".to_owned()));
    let shards = shipped().parameter(crate::support::id("history.shards")).effect;
    assert_eq!(shards, Some(Effect::Never));
}

#[test]
fn each_emitted_parameter_has_an_effect_and_each_effect_its_words() {
    let catalog = shipped();
    for parameter in &catalog.parameters {
        assert!(parameter.outputs.is_empty() || parameter.effect.is_some(), "{}", parameter.key);
    }
    for effect in Effect::ALL {
        assert!(catalog.platform.effects.iter().any(|words| words.effect == *effect), "{}", effect.as_str());
    }
}

#[test]
fn a_rolling_update_is_held_against_the_cluster_limit() {
    let small = from_running(&[("history.replicas", "9")]);
    let plan = small.rollout.as_ref().expect("there is a plan");
    // 15 processes of 100 connections become 18: history first, with 6 old and 9 new.
    assert_eq!((plan.running_connections, plan.compiled_connections), (1500, 1800));
    let steps: Vec<(&str, i64)> = plan.steps.iter().map(|step| (step.service.as_str(), step.connections)).collect();
    assert_eq!(steps, [("history", 2400), ("matching", 2200), ("frontend", 2100), ("worker", 2000)]);
    assert_eq!((plan.peak_connections, plan.at_once_connections, plan.connection_limit), (2400, 3300, 10_000));
    assert_eq!(plan.warning, None);

    let together = from_running(&[("history.replicas", "80")]);
    let warning = together.rollout.as_ref().and_then(|plan| plan.warning.clone()).expect("10400 do not fit");
    assert!(warning.contains("10400") && warning.contains("9500"), "{warning}");

    let one = from_running(&[("history.replicas", "86"), ("matching.replicas", "10")]);
    let plan = one.rollout.as_ref().expect("there is a plan");
    assert!(plan.peak_connections > plan.connection_limit, "{plan:?}");
    assert!(plan.warning.as_ref().is_some_and(|warning| warning.contains("stop before")), "{plan:?}");

    // Nothing runs yet: a rolling update of this configuration itself, and no plan in the result.
    let mut fresh = good("mid-scale", None, &[]);
    assert_eq!(fresh.rollout.as_ref().map(|plan| plan.at_once_connections), Some(3000));
    assert_eq!(fresh.result().expect("it renders").rollout, None);
}

#[test]
fn values_are_text_in_every_platforms_language_whatever_they_hold() {
    let hostile = "it's a \"b\" {{ c }} ${D} # e \u{fc}";
    let compilation = good("starter", None, &[("visibility.elasticsearch_index", hostile)]);
    let asked = Request { platform: vec!["ecs".into(), "compose".into(), "kubernetes".into()], ..Request::default() };
    assert_eq!(asked.platform.len(), 3);
    let mut seen = 0;
    for adapter in &asked.platform {
        let one = Request {
            platform: vec![adapter.clone()],
            ..request("starter", None, &[("visibility.elasticsearch_index", hostile)])
        };
        let files = platform_files(&compiled(&one).expect("it compiles"));
        for file in &files {
            for (name, value) in variables(file).into_iter().flatten() {
                if name == "TEMPORAL_ELASTICSEARCH_INDEX" {
                    seen += 1;
                    assert_eq!(value.replace("$$", "$"), hostile, "{}/{}", file.adapter, file.filename);
                }
            }
        }
    }
    assert!(seen >= 10, "{seen}");
    assert_eq!(
        compilation.resolution.shown(crate::support::id("visibility.elasticsearch_index")),
        Scalar::Str(hostile.to_owned())
    );
}

#[test]
fn the_files_of_each_platform() {
    for (preset, adapters) in
        [("high-throughput", &["ecs", "compose", "kubernetes", "dotenv"][..]), ("starter", &["compose", "dotenv"][..])]
    {
        let compilation = good(preset, None, &[]);
        let dynamic_config = compilation.dynamic_config_yaml();
        // What other snapshots show already, and what every change of data changes.
        let quoted = serde_json::to_string(&dynamic_config).expect("text is JSON");
        let indented: String = dynamic_config
            .lines()
            .map(|line| if line.is_empty() { "\n".into() } else { format!("    {line}\n") })
            .collect();
        for file in platform_files(&compilation) {
            if !adapters.contains(&file.adapter.as_str()) || file.filename.ends_with("development-dsql.yaml") {
                continue;
            }
            let text = file
                .content
                .replace(quoted.trim_matches('"'), "(dynamic configuration)")
                .replace(indented.trim_end(), "    (dynamic configuration)")
                .replace(&compilation.digest, "(digest)");
            assert!(text.len() < 40_000, "{}/{} holds the dynamic configuration", file.adapter, file.filename);
            let name = format!("{preset}-{}-{}", file.adapter, file.filename.replace('/', "-"));
            snapshots("platform").bind(|| insta::assert_snapshot!(name, text));
        }
    }
}
