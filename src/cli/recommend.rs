//! `tdsql recommend`: what to do about the symptoms of a behaviour profile.

use super::args::ListFormat;
use super::held::pair;
use super::judge::tell;
use super::profile::Place;
use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::loader::Depth;
use clap::Args;

// Options of `recommend`.
#[derive(Debug, Args)]
pub(super) struct Recommend {
    /// The profile: its id in the store, or a file as `profile show --format json` prints it.
    #[arg(value_name = "ID|FILE")]
    profile: String,
    /// The profile that it is held against, likewise; the baseline of its cluster and namespace where it is of the store.
    #[arg(long, value_name = "ID|FILE")]
    baseline: Option<String>,
    /// The preset that it runs, in the place of the profile's own.
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
    #[command(flatten)]
    place: Place,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

pub(super) fn run(session: &mut Session, options: &Recommend) -> Outcome {
    let catalog = session.catalog_at(Depth::Judgement)?;
    let (profile, baseline, catalog) = pair(catalog, &options.profile, options.baseline.as_deref(), &options.place)?;
    let told = crate::recommend::recommend(catalog, baseline.as_ref(), &profile, options.preset.as_deref())
        .map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
    tell(session, catalog, "judge/recommendations.txt.j2", &told, options.format)?;
    Ok(Exit::Done)
}
