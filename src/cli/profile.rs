//! `tdsql profile`: behaviour profiles in a store.

use super::args::ListFormat;
use super::session::{Failure, Session, user_dir};
use super::{Exit, Outcome};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap};
use crate::model::behaviour::{
    BehaviourProfile, GapState, MetricAggregate, ProfileId, ProfileMetadata, Section, Timestamp,
};
use crate::render::wrap;
use crate::store::{Cursor, Filter, Location, PageSize, S3At, Store, StoreError};
use clap::{Args, CommandFactory as _, Subcommand};
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use unicode_width::UnicodeWidthStr as _;

/// Where `--help` lists the options of a store.
const PLACE: &str = "Store";

/// What is done with behaviour profiles.
#[derive(Debug, Subcommand)]
// Only the arguments of the command that is run are made.
#[command(defer = true)]
pub(super) enum Profile {
    /// Make a profile of a window of a running cluster, and keep it.
    Create(Box<super::creation::Create>),
    /// List the profiles that match, newest first.
    List(List),
    /// Show a profile.
    Show(One),
    /// Show how two profiles differ: configuration, telemetry, versions.
    Compare(Box<super::judge::Compare>),
    /// Make a profile the baseline of its cluster and namespace, in the place of the one before.
    Baseline(One),
    /// Delete a profile.
    Delete(One),
    /// Remove what interrupted creations and deletions have left.
    Gc(Gc),
}

// Where the store is.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The store: a directory, or the index alone as postgres://… or dsql://[USER@]ENDPOINT. Without it, `store` in the
    /// user's data directory.
    #[arg(long, value_name = "DIR|URL", env = "TDSQL_STORE", hide_env_values = true, help_heading = PLACE)]
    store: Option<String>,
    /// Keep the documents in this bucket.
    #[arg(long, value_name = "NAME", env = "TDSQL_BUCKET", help_heading = PLACE)]
    bucket: Option<String>,
    /// What the keys in the bucket begin with.
    #[arg(long, value_name = "PREFIX", default_value = "", help_heading = PLACE, hide_default_value = true)]
    prefix: String,
    /// The endpoint of an S3 service other than Amazon's.
    #[arg(long, value_name = "URL", env = "TDSQL_S3_ENDPOINT", hide_env_values = true, help_heading = PLACE)]
    s3_endpoint: Option<String>,
    /// The bucket's region, where the environment does not say it.
    #[arg(long, value_name = "REGION", help_heading = PLACE)]
    s3_region: Option<String>,
    /// Keep the documents in this directory.
    #[arg(long, value_name = "DIR", help_heading = PLACE, conflicts_with = "bucket")]
    documents: Option<PathBuf>,
}

// Options of `profile list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Of this cluster.
    #[arg(long)]
    cluster: Option<String>,
    /// Of this namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// With this label.
    #[arg(long)]
    label: Option<String>,
    /// Whose window ends at this time or later, as in 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Whose window starts at this time or earlier.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// How many at most, 1 to 1000.
    #[arg(long, value_name = "N", default_value = "50", value_parser = size)]
    limit: PageSize,
    /// Go on where an earlier list ended.
    #[arg(long)]
    cursor: Option<Cursor>,
    #[command(flatten)]
    place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
}

// Options of the commands for one profile.
#[derive(Debug, Args)]
pub(super) struct One {
    /// The profile's id.
    id: String,
    #[command(flatten)]
    place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
}

// Options of `profile gc`.
#[derive(Debug, Args)]
pub(super) struct Gc {
    /// Give up on creations that were begun longer ago than this; one that is still at it fails, and can be repeated.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    older_than: Duration,
    #[command(flatten)]
    place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
}

fn size(text: &str) -> Result<PageSize, String> {
    text.parse().ok().and_then(PageSize::new).ok_or_else(|| "a number from 1 to 1000 is wanted".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let millis = crate::model::parse_duration(text).ok().and_then(|millis| u64::try_from(millis).ok());
    millis.map(Duration::from_millis).ok_or_else(|| "a duration such as 30m or 1h30m is wanted".to_owned())
}

impl Profile {
    /// What is printed.
    pub(super) fn format(&self) -> ListFormat {
        match self {
            Profile::Create(options) => options.format,
            Profile::List(options) => options.format,
            Profile::Compare(options) => options.format,
            Profile::Show(options) | Profile::Baseline(options) | Profile::Delete(options) => options.format,
            Profile::Gc(options) => options.format,
        }
    }
}

impl Place {
    /// Whether it says nothing.
    pub(super) fn is_unsaid(&self) -> bool {
        self.store.as_deref().is_none_or(str::is_empty) && self.bucket.is_none() && self.documents.is_none()
    }

    /// The location that is meant; what means none is wrong usage.
    pub(super) fn location(&self) -> Result<Location, Failure> {
        let bucket = self.bucket.clone().map(|bucket| S3At {
            bucket,
            prefix: if self.prefix.is_empty() {
                String::new()
            } else {
                format!("{}/", self.prefix.trim_end_matches('/'))
            },
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
        });
        let usual = || user_dir().map(|dir| dir.join("store").display().to_string());
        let store = self.store.clone().filter(|store| !store.is_empty()).or_else(usual).ok_or_else(|| {
            Failure::Outside("there is no home directory to keep a store in; name one with --store".to_owned())
        })?;
        Location::new(&store, self.documents.as_deref(), bucket).map_err(|fault| {
            let help = "--bucket NAME, or --documents DIR";
            let text = if fault == crate::store::InvalidLocation::NoDocuments {
                format!("{fault}: {help}")
            } else {
                fault.to_string()
            };
            super::args::Tdsql::command().error(clap::error::ErrorKind::ValueValidation, text).exit()
        })
    }
}

pub(super) fn run(session: &mut Session, what: &Profile) -> Outcome {
    match what {
        Profile::Create(options) => super::creation::run(session, options),
        Profile::Compare(options) => super::judge::compare(session, options),
        Profile::List(options) => in_store(&options.place, async |store| list(session, store, options).await),
        Profile::Show(options) => in_store(&options.place, async |store| show(session, store, options).await),
        Profile::Baseline(options) => in_store(&options.place, async |store| baseline(session, store, options).await),
        Profile::Delete(options) => in_store(&options.place, async |store| delete(session, store, options).await),
        Profile::Gc(options) => in_store(&options.place, async |store| collect(session, store, options).await),
    }
}

/// Does something with the store.
pub(super) fn in_store<T>(place: &Place, work: impl AsyncFnOnce(&Store) -> Result<T, Failure>) -> Result<T, Failure> {
    let location = place.location()?;
    runtime()?.block_on(async { work(&open(&location).await?).await })
}

/// What waits for a store or a source.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::file("cannot start a runtime", &error))
}

/// Opens a store.
pub(super) async fn open(location: &Location) -> Result<Store, Failure> {
    Store::open(location).await.map_err(failed)
}

async fn show(session: &Session, store: &Store, options: &One) -> Outcome {
    let profile = store.get(id(options)?).await.map_err(failed)?;
    match options.format {
        ListFormat::Json => session.terminal.out_json(&profile)?,
        ListFormat::Text => session.terminal.out(&shown(session, &profile))?,
    }
    Ok(Exit::Done)
}

async fn baseline(session: &Session, store: &Store, options: &One) -> Outcome {
    let metadata = store.set_baseline(id(options)?).await.map_err(failed)?;
    match options.format {
        ListFormat::Json => session.terminal.out_json(&metadata)?,
        ListFormat::Text => {
            let of = scope(&metadata.cluster_id, metadata.namespace.as_deref());
            session.terminal.out(&format!("`{}` is the baseline of {of}", metadata.id))?;
        }
    }
    Ok(Exit::Done)
}

async fn delete(session: &Session, store: &Store, options: &One) -> Outcome {
    let id = id(options)?;
    let deletion = store.delete(id).await.map_err(failed)?;
    match options.format {
        ListFormat::Json => session.terminal.out_json(&json!({ "deleted": id, "left": deletion.left }))?,
        ListFormat::Text => session.terminal.out(&format!("`{id}` is deleted"))?,
    }
    if let Some(left) = deletion.left.filter(|_| !session.quiet) {
        session.terminal.err(&format!("note: its document is still there, until `tdsql profile gc`: {left}"));
    }
    Ok(Exit::Done)
}

async fn collect(session: &Session, store: &Store, options: &Gc) -> Outcome {
    let before = Timestamp::of(SystemTime::now()).before(options.older_than);
    let collected = store.collect(before).await.map_err(failed)?;
    match options.format {
        ListFormat::Json => session.terminal.out_json(&collected)?,
        ListFormat::Text => session.terminal.out(&format!(
            "removed {} and {}",
            counted(collected.documents.len() as u64, "document"),
            counted(collected.reservations, "reservation")
        ))?,
    }
    Ok(Exit::Done)
}

/// The id that was given; what cannot be one is no profile's.
fn id(options: &One) -> Result<ProfileId, Failure> {
    options.id.parse().map_err(|_| failed(StoreError::not_found(crate::model::clipped(&options.id))))
}

/// A store's failure, as this command ends in it.
pub(super) fn failed(error: StoreError) -> Failure {
    let code = match error {
        StoreError::NotFound { .. } => Code::UnknownProfile,
        StoreError::Invalid(_) | StoreError::Taken { .. } => Code::InvalidValue,
        _ => Code::Io,
    };
    let mut diagnostic = Diagnostic::error(code, error.to_string());
    if let Some(help) = error.help() {
        diagnostic = diagnostic.help(help);
    }
    refused(diagnostic)
}

/// A refusal that has no place in any file.
pub(super) fn refused(diagnostic: Diagnostic) -> Failure {
    Failure::Refused(Box::leak(Box::new(SourceMap::new())), Diagnostics::from(diagnostic))
}

pub(super) fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

pub(super) fn scope(cluster: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("cluster `{cluster}`, namespace `{namespace}`"),
        None => format!("cluster `{cluster}` as a whole"),
    }
}

async fn list(session: &Session, store: &Store, options: &List) -> Outcome {
    let filter = Filter {
        cluster: options.cluster.clone(),
        namespace: options.namespace.clone(),
        label: options.label.clone(),
        from: options.from,
        to: options.to,
    };
    let page = store.list(&filter, options.limit, options.cursor.as_ref()).await.map_err(failed)?;
    if options.format == ListFormat::Json {
        session.terminal.out_json(&page.profiles)?;
    } else if page.profiles.is_empty() {
        let all = filter == Filter::default() && options.cursor.is_none();
        session.terminal.out(if all { "there are no profiles" } else { "no profile matches" })?;
    } else {
        let texts: Vec<String> = page.profiles.iter().map(|profile| listed(profile, session.terminal.width)).collect();
        session.terminal.out(&texts.join("\n"))?;
    }
    if let Some(next) = page.next.filter(|_| !session.quiet) {
        session.terminal.err(&format!("note: there are more: --cursor {next}"));
    }
    Ok(Exit::Done)
}

pub(super) fn listed(profile: &ProfileMetadata, width: usize) -> String {
    let baseline = if profile.is_baseline { ", the baseline" } else { "" };
    let label = profile.label.as_deref().map(|label| format!(", label `{label}`")).unwrap_or_default();
    let what = format!("{}{label}{baseline}", scope(&profile.cluster_id, profile.namespace.as_deref()));
    let [start, end, created] =
        [profile.time_window_start, profile.time_window_end, profile.created_at].map(to_the_second);
    let when = format!("{start} to {end}, created {created}");
    format!(
        "{}  {}\n  {}\n  {}\n",
        profile.id,
        wrap(&profile.name, width, 38),
        wrap(&what, width, 2),
        wrap(&when, width, 2)
    )
}

/// A time as people read it.
fn to_the_second(time: Timestamp) -> String {
    let text = time.to_string();
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// A profile for a person: who and when, versions, how much configuration, and every metric.
fn shown(session: &Session, profile: &BehaviourProfile) -> String {
    let mut text = listed(&profile.metadata(), session.terminal.width);
    let known = |version: Option<String>| version.unwrap_or_else(|| "unknown".to_owned());
    let config = &profile.config_snapshot;
    for (name, value) in [
        ("task queue", profile.task_queue.clone().unwrap_or_else(|| "all".to_owned())),
        ("Temporal server", known(profile.temporal_server_version.as_ref().map(ToString::to_string))),
        ("DSQL plugin", known(profile.dsql_plugin_version.as_ref().map(ToString::to_string))),
        ("worker code", known(profile.worker_code_sha.clone())),
        ("dynamic config", counted(config.dynamic_config.len() as u64, "entry").replace("entrys", "entries")),
        ("environment", {
            let secrets = config.server_env_vars.iter().filter(|variable| variable.is_redacted()).count();
            format!("{}, {secrets} of them redacted", counted(config.server_env_vars.len() as u64, "variable"))
        }),
        (
            "compiled from",
            match &config.config_profile {
                Some(compiled) => {
                    let modifier = compiled.modifier.as_deref().map(|name| format!(" + {name}")).unwrap_or_default();
                    format!("{}{modifier}", compiled.preset_name)
                }
                None => "unknown".to_owned(),
            },
        ),
    ] {
        let _ = writeln!(text, "  {name:<16} {value}");
    }
    // Units are the registry's; a catalog that is broken does not keep a profile from being shown.
    let units = session.catalog().ok();
    let unit = |name: &str| {
        let metrics = units.as_ref().map(|catalog| catalog.metrics.as_slice()).unwrap_or_default();
        metrics.iter().find(|metric| metric.name == name).map_or("", |metric| metric.unit.as_ref())
    };
    let widest = profile.telemetry.iter().map(|(_, name, _)| name.width()).max().unwrap_or(0);
    let mut section = None;
    for (of, name, aggregate) in profile.telemetry.iter() {
        if section != Some(of) {
            section = Some(of);
            let _ = writeln!(
                text,
                "\n{:<1$} {2:>9} {3:>9} {4:>9} {5:>9}",
                title(of),
                widest + 2,
                "mean",
                "p95",
                "p99",
                "max"
            );
        }
        let _ = match aggregate {
            MetricAggregate::Measured(statistics) => {
                let [_, max, mean, _, p95, p99] = statistics.values().map(number);
                writeln!(text, "  {name:<widest$} {mean:>9} {p95:>9} {p99:>9} {max:>9} {}", unit(name))
            }
            MetricAggregate::Gap(gap) => {
                let state = match gap.state {
                    GapState::Absent => "absent",
                    GapState::NotApplicable => "does not apply",
                    GapState::Failed => "failed",
                };
                let why = format!("{state}: {}", gap.reason);
                writeln!(text, "  {name:<widest$} {}", wrap(&why, session.terminal.width, widest + 3))
            }
        };
    }
    text
}

fn title(section: Section) -> String {
    section.as_str().replace('_', " ")
}

/// Four digits that matter.
fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (0.001..1e7).contains(&size) {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.2e}")
    }
}
