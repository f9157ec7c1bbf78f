//! The files that say what a cluster runs with, as options name them, and what comes of them.

use super::session::{Failure, Session};
use crate::catalog::Catalog;
use crate::collector::{Collector, Unread};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, nearest};
use crate::serve::Settings;
use crate::snapshot::{Captured, snapshot};
use clap::Args;
use std::path::PathBuf;

/// Where `--help` lists the options.
const PLACE: &str = "Configuration";

// Where the configuration of a cluster stands.
#[derive(Debug, Args)]
pub(super) struct Files {
    /// The dynamic configuration of the Temporal server, as YAML.
    #[arg(long, value_name = "FILE", help_heading = PLACE)]
    dynamic_config: Option<PathBuf>,
    /// The environment of the server; repeatable, later over earlier.
    #[arg(long, value_name = "FILE", help_heading = PLACE)]
    env_file: Vec<PathBuf>,
    /// Options of the SDK workers, as JSON or YAML.
    #[arg(long, value_name = "FILE", help_heading = PLACE)]
    worker_options: Option<PathBuf>,
    /// The compiled profile that was deployed.
    #[arg(long, value_name = "FILE", help_heading = PLACE)]
    config_profile: Option<PathBuf>,
    /// The ECS task definition of the server, as JSON: its environment, and the names of its secrets.
    #[arg(long, value_name = "FILE", help_heading = PLACE)]
    task_definition: Option<PathBuf>,
    /// A collector of the settings file, for what these options do not say.
    #[arg(long, value_name = "NAME", requires = "settings", help_heading = PLACE)]
    collector: Option<String>,
}

impl Files {
    /// The files of these options.
    fn named(&self) -> Collector {
        let one = |kind, path: &Option<PathBuf>| path.iter().map(move |path| (kind, path.clone())).collect::<Vec<_>>();
        let mut files = one("config_profile", &self.config_profile);
        files.extend(one("task_definition", &self.task_definition));
        files.extend(self.env_file.iter().map(|path| ("env_file", path.clone())));
        files.extend(one("worker_options", &self.worker_options));
        files.extend(one("dynamic_config", &self.dynamic_config));
        Collector { files, ..Collector::default() }
    }

    /// What they say; warnings are told.
    pub(super) fn captured(
        &self,
        session: &Session,
        catalog: &Catalog,
        settings: &Settings,
    ) -> Result<Captured, Failure> {
        let mut collector = match &self.collector {
            Some(name) => settings.collectors.get(name).cloned().ok_or_else(|| unknown(name, settings))?,
            None => Collector::default(),
        };
        collector.files.extend(self.named().files);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::file("cannot start a runtime", &error))?;
        let told = runtime.block_on(collector.told(self.collector.as_deref().unwrap_or_default()));
        let told = told.map_err(|fault| Failure::Outside(fault.to_string()))?;
        let mut documents = told.documents;
        documents.extend(collector.documents(|_, path| path.display().to_string()).map_err(unread)?);
        let mut captured = snapshot(catalog, &documents)
            .map_err(|refused| Failure::Refused(Box::leak(Box::new(refused.sources)), refused.diagnostics))?;
        // What runs, not what was deployed for.
        captured.temporal_server_version = told.temporal_server_version.or(captured.temporal_server_version);
        session.report(&captured.sources, captured.warnings.as_slice());
        Ok(captured)
    }
}

fn unknown(name: &str, settings: &Settings) -> Failure {
    let known = settings.collectors.keys().map(String::as_str);
    let help = match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the settings have: {}", known.collect::<Vec<_>>().join(", ")),
    };
    let name = crate::model::clipped(name);
    let fault = Diagnostic::error(Code::UnknownName, format!("there is no collector `{name}`")).help(help);
    Failure::Refused(Box::leak(Box::new(SourceMap::new())), Diagnostics::from(fault))
}

fn unread(files: Vec<Unread>) -> Failure {
    let mut diags = Diagnostics::default();
    for file in files {
        diags.push(Diagnostic::error(Code::Io, file.to_string()).help("name a file that can be read"));
    }
    Failure::Refused(Box::leak(Box::new(SourceMap::new())), diags)
}
