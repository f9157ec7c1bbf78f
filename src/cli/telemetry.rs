//! The options of every command that asks a source of telemetry: where it is, and which window of which cluster is meant.

use super::profile::Place;
use super::session::{Failure, Session};
use super::settings;
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap};
use crate::model::behaviour::{Timestamp, USUAL_WINDOW};
use crate::serve::{Settings, Telemetry};
use crate::store::Location;
use clap::Args;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Where `--help` lists the options of a source.
const PLACE: &str = "Telemetry";

// Where telemetry comes from.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// The source of telemetry: Prometheus, or what speaks its API. In the place of what the settings say; user and password
    /// may stand in it.
    #[arg(long, value_name = "URL", env = "TDSQL_PROMETHEUS", hide_env_values = true, help_heading = PLACE)]
    prometheus: Option<String>,
    /// The settings file of the service, for its source of telemetry and its store.
    #[arg(long, value_name = "FILE", help_heading = PLACE)]
    settings: Option<PathBuf>,
}

// Whose telemetry is meant, and of which time.
#[derive(Debug, Args)]
pub(super) struct Window {
    /// The cluster.
    #[arg(long, value_name = "NAME", help_heading = PLACE)]
    pub(super) cluster: String,
    /// The Temporal namespace; without it, the cluster as a whole.
    #[arg(long, value_name = "NAME", help_heading = PLACE)]
    pub(super) namespace: Option<String>,
    /// The task queue; without it, all.
    #[arg(long, value_name = "NAME", help_heading = PLACE)]
    pub(super) task_queue: Option<String>,
    /// Where the window starts, as in 2026-01-31T12:00:00Z; an hour before its end where it is not said.
    #[arg(long, value_name = "TIME", help_heading = PLACE)]
    from: Option<Timestamp>,
    /// Where it ends, at most 24 h later; where it is not said, just long enough ago for its last samples to be there.
    #[arg(long, value_name = "TIME", help_heading = PLACE)]
    to: Option<Timestamp>,
}

impl Source {
    /// Whether one is named.
    pub(super) fn is_said(&self) -> bool {
        self.prometheus.is_some() || self.settings.is_some()
    }

    /// What the settings file says; nothing where none is named.
    pub(super) fn settings(&self, session: &Session) -> Result<Settings, Failure> {
        self.settings.as_deref().map_or_else(|| Ok(Settings::default()), |path| settings::settings(session, path))
    }

    /// The source, with what was read from the settings.
    pub(super) fn open(&self, settings: &mut Settings) -> Result<Telemetry, Failure> {
        settings::telemetry(self.prometheus.as_deref(), settings.source.take())?.ok_or_else(|| {
            let diagnostic = Diagnostic::error(Code::InvalidValue, "there is no source of telemetry")
                .help("name one: --prometheus URL, TDSQL_PROMETHEUS, or `url` in `[prometheus]` of --settings FILE");
            Failure::Refused(Box::leak(Box::new(SourceMap::new())), Diagnostics::from(diagnostic))
        })
    }
}

impl Window {
    /// Whether its start or its end is said.
    pub(super) fn is_bounded(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }

    /// Where the window starts and ends; `now` is what the clock says, `settle` how many seconds samples take to arrive.
    pub(super) fn ends(&self, now: Timestamp, settle: u32) -> (Timestamp, Timestamp) {
        let end = self.to.unwrap_or_else(|| now.before(Duration::from_secs(u64::from(settle))));
        (self.from.unwrap_or_else(|| end.before(USUAL_WINDOW)), end)
    }
}

/// The store of a command that may have read settings: its own options win.
pub(super) fn store(place: &Place, settings: &mut Settings) -> Result<Location, Failure> {
    match settings.store.take() {
        Some(location) if place.is_unsaid() => Ok(location),
        _ => place.location(),
    }
}

/// What the clock says.
pub(super) fn now() -> Timestamp {
    Timestamp::of(SystemTime::now())
}
