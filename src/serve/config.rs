//! The configuration of a cluster, as a request says it: inline, or by the name of a collector. A path that a caller chose is
//! never opened.

use super::Service;
use super::problem::{Kind, Problem};
use crate::collector::{Collector, Told, Unread};
use crate::diag::nearest;
use crate::model::behaviour::ConfigDocuments;
use crate::model::clipped;
use crate::snapshot::{Captured, Document, Says, snapshot};
use serde_json::{Value, json};
use std::sync::Arc;

/// What the cluster runs with.
pub(super) async fn captured(service: &Arc<Service>, config: Option<ConfigDocuments>) -> Result<Captured, Problem> {
    let Some(config) = config else { return Ok(Captured::default()) };
    let named = config.source.as_deref();
    let named = named.map(|name| collector(service, name).map(|found| (name.to_owned(), found))).transpose()?;
    let told = match &named {
        Some((name, collector)) => collector.told(&format!("collectors.{name}")).await.map_err(|fault| {
            let problem = Problem::new(Kind::Upstream, fault.to_string());
            problem.remedy("see to it that what the service's settings name answers it, then try again")
        })?,
        None => Told::default(),
    };
    let (mut documents, version) = (told.documents, told.temporal_server_version);
    let service = Arc::clone(service);
    // Files are read, and large texts searched: nothing that other requests should wait for.
    let read = tokio::task::spawn_blocking(move || {
        if let Some((name, collector)) = named {
            documents.extend(files(&name, &collector)?);
        }
        documents.extend(inline(config)?);
        snapshot(service.catalog, &documents)
            .map_err(|refused| Problem::told(Kind::Unprocessable, &refused.sources, &refused.diagnostics))
    });
    let mut captured =
        read.await.map_err(|_| Problem::new(Kind::Internal, "the configuration could not be read"))??;
    // What runs, not what was deployed for.
    captured.temporal_server_version = version.or(captured.temporal_server_version);
    Ok(captured)
}

/// The collector of this name.
fn collector(service: &Service, name: &str) -> Result<Collector, Problem> {
    service.collectors.get(name).cloned().ok_or_else(|| {
        let known: Vec<&str> = service.collectors.keys().map(String::as_str).collect();
        let remedy = match (nearest(name, known.iter().copied()), known.as_slice()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => {
                "have a collector declared in the service's settings, or send the documents inline".to_owned()
            }
            (None, known) => format!("use one of: {}", known.join(", ")),
        };
        let problem = Problem::new(Kind::Unprocessable, format!("there is no collector `{}`", clipped(name)));
        problem.remedy(remedy).with("available", json!(known))
    })
}

/// The files of a collector.
fn files(name: &str, collector: &Collector) -> Result<Vec<Document>, Problem> {
    // Where the files are is the operator's own affair.
    let read = collector.documents(|kind, _| format!("collectors.{name}.{kind}"));
    read.map_err(|unread| {
        let detail: Vec<String> = unread.iter().map(Unread::to_string).collect();
        let problem = Problem::new(Kind::Upstream, detail.join("; "));
        problem.remedy("see to it that the service can read the files that its settings name")
    })
}

/// The documents that stand in the request.
fn inline(config: ConfigDocuments) -> Result<Vec<Document>, Problem> {
    let ConfigDocuments { source: _, dynamic_config_yaml, env, worker_options, config_profile } = config;
    let text = |value: serde_json::Result<Value>| {
        value.map(|value| value.to_string()).map_err(|fault| Problem::new(Kind::Internal, fault.to_string()))
    };
    let profile = config_profile.map(|profile| text(serde_json::to_value(profile))).transpose()?;
    let options = worker_options.map(|options| text(serde_json::to_value(options))).transpose()?;
    let documents = [
        ("config_profile", profile.map(Says::ConfigProfile)),
        ("env", env.map(|env| Says::Environment(env.into_iter().collect()))),
        ("worker_options", options.map(Says::WorkerOptions)),
        ("dynamic_config_yaml", dynamic_config_yaml.map(Says::DynamicConfig)),
    ];
    let said = |(name, says): (&str, Option<Says>)| Some(Document::new(format!("config.{name}"), says?));
    Ok(documents.into_iter().filter_map(said).collect())
}
