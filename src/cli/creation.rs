//! `tdsql profile create`: a behaviour profile made here, with no service.

use super::args::ListFormat;
use super::collected::Files;
use super::profile::{Place, counted, failed, listed, open, runtime};
use super::session::{Failure, Session};
use super::telemetry::{Source, Window, now, store};
use super::{Exit, Outcome};
use crate::cluster::Frontend;
use crate::create::{Blame, CreateError, Creation, create, request_faults};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap};
use crate::loader::Depth;
use crate::model::behaviour::{BehaviourProfile, CreateProfileRequest, GapState, MetricAggregate, Timestamp};
use crate::prometheus::SourceError;
use clap::Args;
use semver::Version;
use std::fmt::Write as _;

// Options of `profile create`.
#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    window: Window,
    #[command(flatten)]
    files: Files,
    /// What people are to call it; cluster, namespace and start of the window where it is not said.
    #[arg(long)]
    name: Option<String>,
    /// A word to find it by.
    #[arg(long)]
    label: Option<String>,
    /// The Temporal server version that ran, in the place of the compiled profile's.
    #[arg(long, value_name = "V")]
    temporal_version: Option<Version>,
    /// Ask the HTTP API of this Temporal frontend for its version, as in http://temporal:7243.
    #[arg(long, value_name = "URL", conflicts_with = "temporal_version")]
    temporal_address: Option<String>,
    /// The version label of the DSQL plugin that ran, likewise.
    #[arg(long, value_name = "V")]
    plugin_version: Option<Version>,
    /// The commit of the workers' code that ran.
    #[arg(long, value_name = "SHA", value_parser = sha)]
    worker_code: Option<String>,
    #[command(flatten)]
    pub(super) place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

fn sha(text: &str) -> Result<String, String> {
    let is_sha = (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_sha { Ok(text.to_owned()) } else { Err("7 to 64 hexadecimal digits are wanted".to_owned()) }
}

impl Create {
    fn request(&self, now: Timestamp, settle: u32) -> CreateProfileRequest {
        let Window { cluster, namespace, task_queue, .. } = &self.window;
        let (start, end) = self.window.ends(now, settle);
        let usual = || {
            let of = namespace.as_ref().map(|namespace| format!("/{namespace}")).unwrap_or_default();
            format!("{cluster}{of} {start}")
        };
        CreateProfileRequest {
            name: self.name.clone().unwrap_or_else(usual),
            cluster_id: cluster.clone(),
            time_window_start: start,
            time_window_end: end,
            namespace: namespace.clone(),
            task_queue: task_queue.clone(),
            label: self.label.clone(),
            config: None,
        }
    }
}

fn frontend(address: &str) -> Result<Frontend, Failure> {
    Frontend::at(address).map_err(|fault| Failure::Outside(format!("--temporal-address: {fault}")))
}

pub(super) fn run(session: &mut Session, options: &Create) -> Outcome {
    let mut settings = options.source.settings(session)?;
    let telemetry = options.source.open(&mut settings)?;
    let location = store(&options.place, &mut settings)?;
    let catalog = session.catalog_at(Depth::Settings)?;
    let frontend = options.temporal_address.as_deref().map(frontend).transpose()?;
    let at = now();
    let request = options.request(at, catalog.telemetry.window.settle);
    // A request that cannot stand opens no store: the first that is opened is made.
    let faults = request_faults(&request, at);
    let wrong = (!faults.is_empty()).then(|| refused(CreateError::Request(faults)));
    let captured = match (options.files.captured(session, catalog, &settings), wrong) {
        (Ok(captured), None) => captured,
        (Err(failure), Some(wrong)) => return Err(failure.and(wrong)),
        (Err(failure), None) | (Ok(_), Some(failure)) => return Err(failure),
    };
    let mut creation = Creation {
        request,
        snapshot: captured.config,
        temporal_server_version: options.temporal_version.clone().or(captured.temporal_server_version),
        dsql_plugin_version: options.plugin_version.clone().or(captured.dsql_plugin_version),
        worker_code_sha: options.worker_code.clone(),
        exporter: telemetry.exporter,
        scrape_interval: telemetry.scrape_interval,
        at,
    };
    let profile = runtime()?.block_on(async {
        if let Some(frontend) = frontend {
            let version = frontend.server_version().await.map_err(|fault| Failure::Outside(fault.to_string()))?;
            creation.temporal_server_version = Some(version);
        }
        let store = open(&location).await?;
        create(catalog, &telemetry.source, &store, creation).await.map_err(refused)
    })?;
    warn(session, &profile);
    match options.format {
        ListFormat::Json => session.terminal.out_json(&profile.metadata())?,
        ListFormat::Text => session.terminal.out(&told(&profile, session.terminal.width))?,
    }
    Ok(Exit::Done)
}

/// A new profile for a person: what it is, how much of it was measured, and what to do with it.
fn told(profile: &BehaviourProfile, width: usize) -> String {
    let mut text = listed(&profile.metadata(), width);
    let gaps = |state: GapState| {
        let of = |aggregate: &MetricAggregate| matches!(aggregate, MetricAggregate::Gap(gap) if gap.state == state);
        profile.telemetry.iter().filter(|(_, _, aggregate)| of(aggregate)).count()
    };
    let all = profile.telemetry.iter().count();
    let [absent, unneeded, failed] = [GapState::Absent, GapState::NotApplicable, GapState::Failed].map(gaps);
    let _ = write!(text, "  {} of {} measured", all - absent - unneeded - failed, counted(all as u64, "metric"));
    for (number, what) in [(absent, "absent"), (unneeded, "not applicable"), (failed, "failed")] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    let _ = write!(text, "\n\n  tdsql profile show {}", profile.id);
    text
}

/// Tells what the source remarked.
pub(super) fn warn(session: &Session, profile: &BehaviourProfile) {
    if let Some(collection) = profile.telemetry.collection.as_ref().filter(|_| !session.quiet) {
        for warning in &collection.warnings {
            session.terminal.err(&format!("warning: {warning}"));
        }
    }
}

/// What the making of a profile failed of, as a command ends in it.
pub(super) fn refused(error: CreateError) -> Failure {
    let diagnostics = match (error.blame(), error) {
        (_, CreateError::Store(error)) => return failed(error),
        (_, CreateError::Request(faults)) => {
            let mut all = Diagnostics::default();
            for fault in faults {
                all.push(Diagnostic::error(Code::InvalidValue, fault.to_string()));
            }
            all
        }
        (Blame::Request, error) => Diagnostics::from(Diagnostic::error(Code::InvalidValue, error.to_string())),
        (_, error) => {
            let help = error.of_source().map_or("", SourceError::help);
            Diagnostics::from(Diagnostic::error(Code::Io, error.to_string()).help(help))
        }
    };
    Failure::Refused(Box::leak(Box::new(SourceMap::new())), diagnostics)
}
