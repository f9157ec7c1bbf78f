//! `tdsql assess`: the health of a cluster on one page.

use super::args::ListFormat;
use super::held::{Meant, pair};
use super::judge::{Figures, tell};
use super::profile::{Place, scope};
use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::loader::Depth;
use crate::model::behaviour::Health;
use clap::Args;

/// Options of `assess`.
#[derive(Debug, Args)]
pub(super) struct Assess {
    /// The cluster; its newest profile is assessed where none is named.
    #[arg(long, required_unless_present = "profile")]
    cluster: Option<String>,
    /// The namespace; the cluster as a whole without one.
    #[arg(long, requires = "cluster")]
    namespace: Option<String>,
    /// The profile: its id in the store, or a file as `profile show --format json` prints it.
    #[arg(long, value_name = "ID|FILE")]
    profile: Option<String>,
    /// What it is held against, likewise; the baseline of its cluster and namespace where it is of the store.
    #[arg(long, value_name = "ID|FILE")]
    baseline: Option<String>,
    /// The preset that it runs, in the place of the profile's own.
    #[arg(long, value_name = "PRESET")]
    preset: Option<String>,
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
    let (cluster, namespace) = (options.cluster.as_deref(), options.namespace.as_deref());
    let meant = match (options.profile.as_deref(), cluster) {
        (Some(profile), _) => Meant::Named(profile),
        (None, cluster) => Meant::Newest(cluster.expect("clap wants one of the two"), namespace),
    };
    let (profile, baseline, catalog) = pair(catalog, meant, options.baseline.as_deref(), &options.place)?;
    let refused = |faults| Failure::Refused(&catalog.sources, faults);
    let of = (profile.cluster_id.as_str(), profile.namespace.as_deref());
    if let Some(cluster) = cluster
        && (cluster, namespace) != of
    {
        let message = format!("`{}` is a profile of {}", profile.id, scope(of.0, of.1));
        let help = format!("name that, or a profile of {}", scope(cluster, namespace));
        return Err(refused(Diagnostics::from(Diagnostic::error(Code::InvalidValue, message).help(help))));
    }
    let thresholds = options.figures.thresholds(catalog)?;
    let told = crate::assess::assess(catalog, baseline.as_ref(), &profile, options.preset.as_deref(), &thresholds)
        .map_err(refused)?;
    tell(session, catalog, "judge/assessment.txt.j2", &told, options.format)?;
    // Nobody knows is not yes.
    Ok(if told.health == Health::Healthy { Exit::Done } else { Exit::Refused })
}
