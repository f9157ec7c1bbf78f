//! The configuration that a running cluster has, from the documents that say so.
//!
//! Documents come in as text from whoever collects them (files, a request, a platform); what comes out holds no secret.

mod compiled;
mod dynamic_config;
mod environment;
mod node;
mod redact;
mod section;
mod task_definition;
mod worker_options;

use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Diagnostics, SourceMap};
use crate::inputs::parse_env_file;
use crate::model::behaviour::{ConfigSnapshot, DSQLPluginSnapshot, WorkerOptionsSnapshot};
use crate::model::{Channel, Scalar};
use environment::Environment;
use redact::Redactor;
use section::Section;
use semver::Version;
use serde_json::Value;
use std::fmt;

/// What a document says, as its text.
#[derive(Clone, PartialEq, Eq)]
pub enum Says {
    /// The dynamic configuration of the Temporal server: YAML, key → list of `value` and `constraints`.
    DynamicConfig(String),
    /// Environment variables, in the syntax that dotenv and Docker share.
    EnvFile(String),
    /// Environment variables that somebody has read: name → value.
    Environment(Vec<(String, String)>),
    /// Options of the SDK workers: JSON or YAML, option → value.
    WorkerOptions(String),
    /// The compiled profile that was deployed: JSON or YAML.
    ConfigProfile(String),
    /// An ECS task definition: JSON, as `describe-task-definition` gives it or as it is registered.
    TaskDefinition(String),
}

/// A document that says what a cluster runs with.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// What diagnostics call it: a path, or the field of a request.
    pub name: String,
    /// What it says.
    pub says: Says,
}

impl Document {
    /// A document of this name.
    pub fn new(name: impl Into<String>, says: Says) -> Self {
        Document { name: name.into(), says }
    }
}

impl fmt::Debug for Document {
    /// Its name: the text may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What the documents said. No text of it, nor of its diagnostics, holds a secret.
#[derive(Debug, Default)]
pub struct Captured {
    /// The configuration.
    pub config: ConfigSnapshot,
    /// The Temporal server's version, where the compiled profile says it.
    pub temporal_server_version: Option<Version>,
    /// The DSQL plugin's version label, likewise.
    pub dsql_plugin_version: Option<Version>,
    /// The documents, for the places of warnings; of what may be secret they show `*`.
    pub sources: SourceMap,
    /// What did not stand in the way.
    pub warnings: Diagnostics,
}

/// Documents that cannot be read: every fault of each, with file, line and column.
#[derive(Debug)]
pub struct Refused {
    /// The documents, for the places; of what may be secret they show `*`.
    pub sources: SourceMap,
    /// Every fault.
    pub diagnostics: Diagnostics,
}

/// What every reader of a document has at hand.
struct Reading<'c> {
    catalog: &'c Catalog,
    redactor: Redactor<'c>,
    sources: SourceMap,
    diags: Diagnostics,
}

/// The snapshot that these documents make. Of documents of one kind, a later one is laid over the earlier ones, save that a
/// compiled profile lies below all else: it says what was deployed, the others what runs. The catalog must have been linked
/// with [`Depth::Settings`](crate::loader::Depth::Settings) or more; with less, everything is taken for a secret.
///
/// # Errors
///
/// Every fault of every document. A value that the process itself would pass over is a warning.
pub fn snapshot(catalog: &Catalog, documents: &[Document]) -> Result<Captured, Box<Refused>> {
    let redactor = Redactor::new(catalog);
    let mut reading = Reading { catalog, redactor, sources: SourceMap::new(), diags: Diagnostics::default() };
    let mut captured = Captured::default();
    let (mut plugin, mut workers) =
        (Section::of(&DSQLPluginSnapshot::default()), Section::of(&WorkerOptionsSnapshot::default()));
    let (mut environment, mut given) = (Environment::default(), Vec::new());
    let mut dynamic = None;
    let mut options = Vec::new();
    for Document { name, says } in documents {
        match says {
            Says::ConfigProfile(text) => {
                if let Some(profile) = compiled::read(&mut reading, name, text) {
                    captured.config.config_profile = Some(profile);
                }
            }
            Says::DynamicConfig(text) => {
                let entries = dynamic_config::read(&mut reading, name, text);
                dynamic_config::lay_over(dynamic.get_or_insert_default(), entries);
            }
            Says::WorkerOptions(text) => options.extend(worker_options::read(&mut reading, name, text)),
            Says::EnvFile(text) => {
                let hidden = |_: &str| false;
                given.extend(parse_env_file(name, text, &hidden, &mut reading.sources, &mut reading.diags));
            }
            Says::Environment(pairs) => given.extend(environment::entries(name, pairs, &mut reading.sources)),
            Says::TaskDefinition(text) => {
                let (entries, secrets) = task_definition::read(&mut reading, name, text);
                given.extend(entries);
                secrets.into_iter().for_each(|name| environment.secret(&mut reading, name));
            }
        }
    }
    if let Some(profile) = &captured.config.config_profile {
        compiled::fill(catalog, profile, Channel::DsqlPlugin, &mut plugin);
        // What says it of the running cluster says all of it.
        if options.is_empty() {
            compiled::fill(catalog, profile, Channel::WorkerOptions, &mut workers);
        }
        if dynamic.is_none() {
            dynamic = Some(compiled::dynamic_config(catalog, profile));
        }
        captured.temporal_server_version = Some(profile.temporal_server_version.clone());
        captured.dsql_plugin_version = Some(profile.dsql_plugin_version.clone());
    }
    options.into_iter().for_each(|(field, value)| workers.insert(&field, value));
    given.into_iter().for_each(|entry| environment.take(&mut reading, entry, &mut plugin));
    captured.config.dynamic_config = dynamic.unwrap_or_default();
    captured.config.server_env_vars = environment.variables;
    captured.config.dsql_plugin_config = plugin.into_snapshot(&mut reading.diags);
    captured.config.worker_options = workers.into_snapshot(&mut reading.diags);

    let Reading { redactor, sources, mut diags, .. } = reading;
    diags.sort();
    let diagnostics = redactor.diagnostics(diags);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Box::new(Refused { sources, diagnostics }));
    }
    Ok(Captured { sources, warnings: diagnostics, ..captured })
}

/// Whether a switch, a parameter of type bool, was on in a snapshot; none where the snapshot does not tell.
#[must_use]
pub fn switch(catalog: &Catalog, snapshot: &ConfigSnapshot, key: &str) -> Option<bool> {
    let running = catalog.find(key).and_then(|id| {
        let parameter = catalog.parameter(id);
        let of =
            |channel, document: serde_json::Result<Value>| document.ok()?.get(parameter.output(channel)?)?.as_bool();
        of(Channel::DsqlPlugin, serde_json::to_value(&snapshot.dsql_plugin_config))
            .or_else(|| of(Channel::WorkerOptions, serde_json::to_value(&snapshot.worker_options)))
    });
    let compiled = || match snapshot.config_profile.as_ref()?.get_param(key)?.value {
        Scalar::Bool(value) => Some(value),
        _ => None,
    };
    running.or_else(compiled)
}
