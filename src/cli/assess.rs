//! `tdsql assess`: the health of a cluster on one page.

use super::args::ListFormat;
use super::held::{Current, Judged};
use super::judge::{Figures, tell};
use super::profile::Place;
use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::loader::Depth;
use crate::model::behaviour::Health;
use clap::Args;

// Options of `assess`.
#[derive(Debug, Args)]
pub(super) struct Assess {
    /// The profile: its id in the store, or a file as `profile show --format json` prints it. Without it, the telemetry of a
    /// window, or the newest profile of the cluster and namespace.
    #[arg(long, value_name = "ID|FILE")]
    profile: Option<String>,
    /// What it is held against, likewise; the baseline of its cluster and namespace where it is no file.
    #[arg(long, value_name = "ID|FILE")]
    baseline: Option<String>,
    /// The preset that it runs, in the place of the profile's own.
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
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

pub(super) fn run(session: &mut Session, options: &Assess) -> Outcome {
    let catalog = session.catalog_at(Depth::Judgement)?;
    let named = (options.profile.as_deref(), options.baseline.as_deref());
    let Judged { profile, kept, baseline, catalog } =
        options.current.judged(session, catalog, named, &options.place)?;
    let thresholds = options.figures.thresholds(catalog)?;
    let told = crate::assess::assess(catalog, baseline.as_ref(), &profile, options.preset.as_deref(), &thresholds)
        .map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
    let told = if kept { told } else { told.of_unkept() };
    tell(session, catalog, "judge/assessment.txt.j2", &told, options.format)?;
    // Nobody knows is not yes.
    Ok(if told.health == Health::Healthy { Exit::Done } else { Exit::Refused })
}
