//! What is judged, and what it is held against: files where such are named, else of a store, or the telemetry of a window.

use super::args::Tdsql;
use super::collected::Files;
use super::creation;
use super::profile::{Place, failed, in_store, open, refused, runtime, scope};
use super::session::{Failure, Session};
use super::subject;
use super::telemetry::{Source, Window, now, store};
use crate::catalog::Catalog;
use crate::create::{Creation, collected};
use crate::diag::{Code, Diagnostic, Diagnostics, Span};
use crate::model::behaviour::{BehaviourProfile, CreateProfileRequest};
use crate::store::{Store, StoreError};
use clap::{Args, CommandFactory as _};
use std::path::Path;

/// A profile and what it is held against, with the catalog that knows the files that were read.
pub(super) type Pair = (BehaviourProfile, Option<BehaviourProfile>, &'static Catalog);

// What is judged where no profile is named: the newest of a cluster and namespace, or the telemetry of a window.
#[derive(Debug, Args)]
#[command(mut_arg("cluster", |cluster| cluster.required(false)))]
pub(super) struct Current {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    window: Option<Window>,
    #[command(flatten)]
    files: Files,
    /// Keep what was collected, as a profile of this name.
    #[arg(long, value_name = "NAME")]
    keep: Option<String>,
}

/// What is judged.
pub(super) struct Judged {
    pub(super) profile: BehaviourProfile,
    /// Whether it is a profile that somebody has; else it is telemetry that nobody keeps.
    pub(super) kept: bool,
    pub(super) baseline: Option<BehaviourProfile>,
    pub(super) catalog: &'static Catalog,
}

impl Current {
    /// The profile that is named; else the telemetry of the window, where a source or a window is said; else the newest of the
    /// cluster and namespace.
    pub(super) fn judged(
        &self,
        session: &Session,
        catalog: &'static mut Catalog,
        (profile, baseline): (Option<&str>, Option<&str>),
        place: &Place,
    ) -> Result<Judged, Failure> {
        let window = self.window.as_ref();
        if let Some(named) = profile {
            if window.is_some_and(Window::is_bounded) || self.keep.is_some() {
                let diagnostic =
                    Diagnostic::error(Code::InvalidValue, "a profile has its own window, and is kept already");
                return Err(refused(diagnostic.help("name a profile, or a window and a source of telemetry")));
            }
            let (profile, baseline, catalog) = pair(catalog, named, baseline, place)?;
            let of = (profile.cluster_id.as_str(), profile.namespace.as_deref());
            if let Some(window) = window
                && (window.cluster.as_str(), window.namespace.as_deref()) != of
            {
                let message = format!("`{}` is a profile of {}", profile.id, scope(of.0, of.1));
                let wanted = scope(&window.cluster, window.namespace.as_deref());
                let help = format!("name that, or a profile of {wanted}");
                return Err(refused(Diagnostic::error(Code::InvalidValue, message).help(help)));
            }
            return Ok(Judged { profile, kept: true, baseline, catalog });
        }
        let Some(window) = window else {
            let message = "a profile, or a cluster with --cluster, is wanted";
            Tdsql::command().error(clap::error::ErrorKind::MissingRequiredArgument, message).exit()
        };
        let mut settings = self.source.settings(session)?;
        let fresh = window.is_bounded() || self.source.is_said() || self.keep.is_some();
        let telemetry = if fresh { Some(self.source.open(&mut settings)?) } else { None };
        let captured = self.files.captured(session, catalog, &settings)?;
        let location = store(place, &mut settings)?;
        let ([held, _], catalog) = read(catalog, [baseline.filter(|name| is_file(name)), None])?;
        let kept = !fresh || self.keep.is_some();
        runtime()?.block_on(async {
            let profile = match telemetry {
                Some(telemetry) => {
                    let at = now();
                    let (start, end) = window.ends(at, catalog.telemetry.window.settle);
                    let creation = Creation {
                        request: CreateProfileRequest {
                            name: self.keep.clone().unwrap_or_else(|| "not kept".to_owned()),
                            cluster_id: window.cluster.clone(),
                            time_window_start: start,
                            time_window_end: end,
                            namespace: window.namespace.clone(),
                            task_queue: window.task_queue.clone(),
                            label: None,
                            config: None,
                        },
                        snapshot: captured.config,
                        temporal_server_version: captured.temporal_server_version,
                        dsql_plugin_version: captured.dsql_plugin_version,
                        worker_code_sha: None,
                        exporter: telemetry.exporter,
                        scrape_interval: telemetry.scrape_interval,
                        at,
                    };
                    let profile = collected(catalog, &telemetry.source, creation).await.map_err(creation::refused)?;
                    creation::warn(session, &profile);
                    profile
                }
                None => newest(&open(&location).await?, window).await?,
            };
            if self.keep.is_some() {
                open(&location).await?.create(&profile).await.map_err(failed)?;
            }
            let baseline = match (held, baseline) {
                (Some(held), _) => Some(held),
                (None, Some(name)) => Some(stored(&open(&location).await?, name).await?),
                (None, None) => baseline_of(&open(&location).await?, &profile).await?,
            };
            Ok(Judged { profile, kept, baseline, catalog })
        })
    }
}

/// Reads a profile and its baseline, which is the one of its cluster and namespace where none is named and the profile is of
/// the store. That is opened only where it is asked.
pub(super) fn pair(
    catalog: &'static mut Catalog,
    profile: &str,
    baseline: Option<&str>,
    place: &Place,
) -> Result<Pair, Failure> {
    let of_file = [Some(profile), baseline].map(|name| name.filter(|name| is_file(name)));
    let ([current, held], catalog) = read(catalog, of_file)?;
    let (profile, held) = match (current, held, baseline) {
        (Some(current), held, None) => (current, held),
        (Some(current), Some(held), _) => (current, Some(held)),
        (current, held, baseline) => in_store(place, async |store| {
            let of_store = current.is_none();
            let current = match current {
                Some(current) => Ok(current),
                None => stored(store, profile).await,
            };
            let held = match (held, baseline) {
                (Some(held), _) => Ok(Some(held)),
                // One that is not there is not there twice.
                (None, Some(name)) if name == profile && current.is_err() => Ok(None),
                (None, Some(name)) => stored(store, name).await.map(Some),
                (None, None) => match &current {
                    Ok(current) if of_store => baseline_of(store, current).await,
                    _ => Ok(None),
                },
            };
            match (current, held) {
                (Ok(current), Ok(held)) => Ok((current, held)),
                (Err(one), Err(other)) => Err(one.and(other)),
                (Err(failure), _) | (_, Err(failure)) => Err(failure),
            }
        })?,
    };
    Ok((profile, held, catalog))
}

/// The profile of this id.
async fn stored(store: &Store, name: &str) -> Result<BehaviourProfile, Failure> {
    let id = name.parse().map_err(|_| failed(StoreError::not_found(crate::model::clipped(name))))?;
    store.get(id).await.map_err(failed)
}

async fn newest(store: &Store, window: &Window) -> Result<BehaviourProfile, Failure> {
    let (cluster, namespace) = (window.cluster.as_str(), window.namespace.as_deref());
    match store.newest(cluster, namespace).await.map_err(failed)? {
        Some(found) => store.get(found.id).await.map_err(failed),
        None => {
            let message = format!("there is no behaviour profile of {}", scope(cluster, namespace));
            let help = "`tdsql profile create` makes one; with --prometheus the telemetry of a window is judged";
            Err(refused(Diagnostic::error(Code::UnknownProfile, message).help(help)))
        }
    }
}

/// The baseline of a profile's cluster and namespace; none where that is the profile itself.
async fn baseline_of(store: &Store, profile: &BehaviourProfile) -> Result<Option<BehaviourProfile>, Failure> {
    let found = store.baseline(&profile.cluster_id, profile.namespace.as_deref()).await.map_err(failed)?;
    match found.filter(|found| found.id != profile.id) {
        Some(found) => Ok(Some(store.get(found.id).await.map_err(failed)?)),
        None => Ok(None),
    }
}

/// Reads the files that are named; every fault of them at once.
fn read(
    catalog: &'static mut Catalog,
    names: [Option<&str>; 2],
) -> Result<([Option<BehaviourProfile>; 2], &'static Catalog), Failure> {
    let mut diags = Diagnostics::default();
    let read = names.map(|name| name.and_then(|name| file(Path::new(name), catalog, &mut diags)));
    if diags.is_empty() { Ok((read, catalog)) } else { Err(Failure::Refused(&catalog.sources, diags)) }
}

/// Whether a name is that of a file: an id has neither a dot nor a slash.
fn is_file(name: &str) -> bool {
    name.contains(['.', '/', '\\']) || Path::new(name).is_file()
}

/// Reads the file of a behaviour profile.
fn file(path: &Path, catalog: &mut Catalog, diags: &mut Diagnostics) -> Option<BehaviourProfile> {
    let text = subject::read_text(path, catalog, diags)?;
    let parsed = serde_json::from_str(&text).map_err(|error| error.to_string());
    let faults = match &parsed {
        Ok(profile) => BehaviourProfile::faults(profile).iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.lines().next().unwrap_or_default().to_owned()],
    };
    if faults.is_empty() {
        return parsed.ok();
    }
    let source = catalog.sources.add(path.display().to_string(), text);
    for fault in faults {
        diags.push(
            Diagnostic::error(Code::InvalidValue, format!("not a behaviour profile: {fault}"))
                .at(Span::new(source, 0..0), "this file")
                .help("give what `tdsql profile show ID --format json` prints"),
        );
    }
    None
}
