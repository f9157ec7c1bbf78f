//! Makes a behaviour profile: the telemetry of its window is collected, then profile and telemetry are kept together.
//!
//! The command line and the HTTP service both call [`create`], or [`collected`] for what is judged and not kept; whatever it refuses says whose fault that is.

use crate::catalog::Catalog;
use crate::catalog::telemetry::Selection;
use crate::collect::{CollectError, Wanted, collect};
use crate::model::behaviour::{
    BehaviourProfile, ConfigSnapshot, CreateProfileRequest, ProfileFault, ProfileId, Timestamp, Window, WindowFault,
};
use crate::prometheus::{Prometheus, SourceError};
use crate::snapshot;
use crate::store::{Store, StoreError};
use semver::Version;

/// Everything that a new behaviour profile is made of, but for its telemetry.
#[derive(Debug, Clone)]
pub struct Creation {
    /// What was asked for.
    pub request: CreateProfileRequest,
    /// What the cluster runs with.
    pub snapshot: ConfigSnapshot,
    /// The Temporal server's version, where it is known.
    pub temporal_server_version: Option<Version>,
    /// The DSQL plugin's version label, where it is known.
    pub dsql_plugin_version: Option<Version>,
    /// The commit of the workers' code, where it is known.
    pub worker_code_sha: Option<String>,
    /// How the source's exporter writes names; found out where there is none.
    pub exporter: Option<String>,
    /// Seconds between two scrapes; the registry's where there is none.
    pub scrape_interval: Option<u32>,
    /// When the profile is made: what the caller's clock says.
    pub at: Timestamp,
}

/// Whose fault it is that no profile was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The request's: it has to be changed (400).
    Request,
    /// The source's: it is down, or lets nobody in (502).
    Source,
    /// The store's; [`CreateError::Store`] says more.
    Store,
}

/// Why no profile was made. Nothing was kept. No message has a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CreateError {
    /// The request cannot stand: every fault of it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Request(Vec<ProfileFault>),
    /// There is no telemetry.
    #[error(transparent)]
    Telemetry(#[from] CollectError),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CreateError {
    /// Whose fault it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Request(_)
            | Self::Telemetry(CollectError::UnknownExporter { .. } | CollectError::NotThere { .. }) => Blame::Request,
            Self::Telemetry(CollectError::Source(_)) => Blame::Source,
            Self::Store(_) => Blame::Store,
        }
    }

    /// The fault of the source, where it is that.
    #[must_use]
    pub fn of_source(&self) -> Option<&SourceError> {
        match self {
            Self::Telemetry(CollectError::Source(fault)) => Some(fault),
            _ => None,
        }
    }
}

/// Everything that is wrong with a request that is made now.
#[must_use]
pub fn request_faults(request: &CreateProfileRequest, now: Timestamp) -> Vec<ProfileFault> {
    let mut faults = request.faults();
    let start = request.time_window_start;
    if start >= now {
        faults.push(ProfileFault::Window(WindowFault::NotBegun { start, now }));
    }
    faults
}

/// Collects the telemetry of the window and keeps the profile.
///
/// # Errors
///
/// As [`collected`], or if the store fails: nothing was kept then.
pub async fn create(
    catalog: &Catalog,
    source: &Prometheus,
    store: &Store,
    creation: Creation,
) -> Result<BehaviourProfile, CreateError> {
    let profile = collected(catalog, source, creation).await?;
    store.create(&profile).await?;
    Ok(profile)
}

/// The profile with the telemetry of its window, which nobody keeps yet. The catalog must have been linked with
/// [`Depth::Settings`](crate::loader::Depth::Settings) or more: that is where the queries are.
///
/// # Errors
///
/// See [`CreateError`]. A metric that could not be read is no error but a gap with its reason.
pub async fn collected(
    catalog: &Catalog,
    source: &Prometheus,
    creation: Creation,
) -> Result<BehaviourProfile, CreateError> {
    let faults = request_faults(&creation.request, creation.at);
    let (request, snapshot) = (creation.request, creation.snapshot);
    let window = match Window::new(request.time_window_start, request.time_window_end) {
        Ok(window) if faults.is_empty() => window,
        _ => return Err(CreateError::Request(faults)),
    };
    let wanted = Wanted {
        window,
        selection: Selection {
            cluster: Some(request.cluster_id.clone()),
            namespace: request.namespace.clone(),
            task_queue: request.task_queue.clone(),
        },
        exporter: creation.exporter,
        scrape_interval: creation.scrape_interval,
        at: creation.at,
    };
    let telemetry = collect(catalog, source, &wanted, |key| snapshot::switch(catalog, &snapshot, key)).await?;
    // People put secrets into names too.
    let shown = |text: String| catalog.redaction.masked(&text).into_owned();
    Ok(BehaviourProfile {
        id: ProfileId::new(creation.at),
        name: shown(request.name),
        label: request.label.map(shown),
        cluster_id: shown(request.cluster_id),
        namespace: request.namespace.map(shown),
        task_queue: request.task_queue.map(shown),
        time_window_start: window.start(),
        time_window_end: window.end(),
        temporal_server_version: creation.temporal_server_version,
        dsql_plugin_version: creation.dsql_plugin_version,
        worker_code_sha: creation.worker_code_sha,
        config_snapshot: snapshot,
        telemetry,
        created_at: creation.at,
        is_baseline: false,
    })
}
