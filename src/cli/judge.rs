//! `tdsql profile compare`, `tdsql drift`, `tdsql conformance`: what behaviour profiles say beside each other and beside a
//! preset.

use super::args::ListFormat;
use super::held::{Current, Judged, pair};
use super::profile::{Place, refused, scope};
use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::compare::{CompareError, ThresholdFault, Thresholds};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::drift;
use crate::explain::{Page, text};
use crate::loader::Depth;
use crate::model::behaviour::ConformanceLabel;
use clap::Args;
use serde::Serialize;

// Options of `profile compare`.
#[derive(Debug, Args)]
pub(super) struct Compare {
    /// The older profile: its id in the store, or a file as `profile show --format json` prints it.
    #[arg(value_name = "ID|FILE")]
    older: String,
    /// The newer profile, likewise.
    #[arg(value_name = "ID|FILE")]
    newer: String,
    #[command(flatten)]
    figures: Figures,
    #[command(flatten)]
    pub(super) place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

// Options of `drift`.
#[derive(Debug, Args)]
pub(super) struct Drift {
    /// The profile that is judged: its id in the store, or a file as `profile show --format json` prints it. Without it, the
    /// telemetry of a window, or the newest profile of the cluster and namespace.
    #[arg(value_name = "ID|FILE")]
    profile: Option<String>,
    /// What it is held against, likewise; the baseline of its cluster and namespace where it is no file.
    #[arg(long, value_name = "ID|FILE")]
    baseline: Option<String>,
    #[command(flatten)]
    current: Current,
    #[command(flatten)]
    figures: Figures,
    #[command(flatten)]
    place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

// Options of `conformance`.
#[derive(Debug, Args)]
pub(super) struct Conformance {
    /// The profile: its id in the store, or a file as `profile show --format json` prints it.
    #[arg(value_name = "ID|FILE")]
    profile: String,
    /// The preset; the one that the profile was compiled from where none is named.
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    #[command(flatten)]
    place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

// What is set in the place of the catalog's thresholds.
#[derive(Debug, Args)]
pub(super) struct Figures {
    /// Count a change of this category of metrics from so many percent on; repeatable.
    #[arg(long = "threshold", value_name = "CATEGORY=PERCENT", value_parser = percentage)]
    thresholds: Vec<(String, f64)>,
}

fn percentage(text: &str) -> Result<(String, f64), String> {
    let wanted = || "a category and a number are wanted, as in latency=30".to_owned();
    let (name, percent) = text.split_once('=').ok_or_else(wanted)?;
    Ok((name.trim().to_owned(), percent.trim().parse().map_err(|_| wanted())?))
}

impl Figures {
    pub(super) fn thresholds(&self, catalog: &'static Catalog) -> Result<Thresholds, Failure> {
        let set = self.thresholds.iter().map(|(name, percent)| (name.as_str(), *percent));
        Thresholds::with(catalog, set).map_err(|faults| {
            let mut diags = Diagnostics::default();
            for fault in faults {
                let mut diagnostic = Diagnostic::error(Code::InvalidValue, fault.to_string());
                if let ThresholdFault::UnknownCategory { suggestion: Some(near), .. } = &fault {
                    diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                }
                diags.push(diagnostic);
            }
            Failure::Refused(&catalog.sources, diags)
        })
    }
}

pub(super) fn compare(session: &mut Session, options: &Compare) -> Outcome {
    let catalog = session.catalog_at(Depth::Judgement)?;
    let (newer, older, catalog) = pair(catalog, &options.newer, Some(&options.older), &options.place)?;
    let older = older.expect("a profile that is named is read, or the failure told");
    let thresholds = options.figures.thresholds(catalog)?;
    let comparison = crate::compare::compare(catalog, &older, &newer, &thresholds).map_err(|error| {
        let CompareError::SameProfile(_) = error;
        refused(Diagnostic::error(Code::SameProfile, error.to_string()).help("name two"))
    })?;
    tell(session, catalog, "judge/comparison.txt.j2", &comparison, options.format)?;
    Ok(Exit::Done)
}

pub(super) fn drift(session: &mut Session, options: &Drift) -> Outcome {
    let catalog = session.catalog_at(Depth::Judgement)?;
    let named = (options.profile.as_deref(), options.baseline.as_deref());
    let Judged { profile, kept, baseline, catalog } =
        options.current.judged(session, catalog, named, &options.place)?;
    let Some(baseline) = baseline else {
        let of = scope(&profile.cluster_id, profile.namespace.as_deref());
        let message = match profile.is_baseline {
            true => format!("`{}` is the baseline of {of} itself", profile.id),
            false => format!("there is no baseline of {of}"),
        };
        let help = "`tdsql profile baseline ID` sets one, `--baseline ID|FILE` names another";
        return Err(refused(Diagnostic::error(Code::NoBaseline, message).help(help)));
    };
    let thresholds = options.figures.thresholds(catalog)?;
    let current = drift::Current { profile_id: kept.then_some(profile.id), ..(&profile).into() };
    let report = drift::drift(catalog, &baseline, current, &thresholds);
    tell(session, catalog, "judge/drift.txt.j2", &report, options.format)?;
    Ok(if report.drifted() { Exit::Refused } else { Exit::Done })
}

pub(super) fn conformance(session: &mut Session, options: &Conformance) -> Outcome {
    let catalog = session.catalog_at(Depth::Judgement)?;
    let (profile, _, catalog) = pair(catalog, &options.profile, None, &options.place)?;
    let report = crate::conformance::conformance(catalog, &profile, options.preset.as_deref())
        .map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
    tell(session, catalog, "judge/conformance.txt.j2", &report, options.format)?;
    // Nobody knows is not yes.
    Ok(if report.label == ConformanceLabel::Conforming { Exit::Done } else { Exit::Refused })
}

/// Prints what was concluded: as JSON, or through a template below `templates/`.
pub(super) fn tell(
    session: &mut Session,
    catalog: &'static Catalog,
    template: &str,
    told: &impl Serialize,
    format: ListFormat,
) -> Result<(), Failure> {
    match format {
        ListFormat::Json => session.terminal.out_json(told)?,
        ListFormat::Text => {
            let page = Page { width: session.terminal.width, colored: session.terminal.out_colored, next: Vec::new() };
            let text =
                text(catalog, template, told, &page).map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
            session.terminal.out(text.trim_end())?;
        }
    }
    Ok(())
}
