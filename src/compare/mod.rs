//! Two behaviour profiles against each other: what differs of configuration, telemetry and versions, and how much it matters.
//!
//! Shown at work by the property P17. Values are compared as what reads them takes them, where the catalog knows that: link
//! it at [`crate::loader::Depth::Settings`], or keys that are no parameters are compared as they are written.

mod config;
mod telemetry;
mod thresholds;
mod value;

pub use config::config_diffs;
pub use telemetry::telemetry_diffs;
pub use thresholds::{ThresholdFault, Thresholds, Verdict};

use crate::catalog::Catalog;
use crate::correlate::correlate;
use crate::model::behaviour::{
    BehaviourProfile, Collection, ProfileComparison, ProfileId, TelemetrySummary, VersionDiff,
};
use crate::situation::Situation;

/// Why there is no comparison.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// Both are the same.
    #[error("`{0}` is both profiles: a comparison needs two different ones")]
    SameProfile(ProfileId),
}

/// How profile `b`, the newer one, differs from `a`.
///
/// # Errors
///
/// If they are the same profile.
pub fn compare(
    catalog: &Catalog,
    a: &BehaviourProfile,
    b: &BehaviourProfile,
    thresholds: &Thresholds,
) -> Result<ProfileComparison, CompareError> {
    if a.id == b.id {
        return Err(CompareError::SameProfile(a.id));
    }
    let (config_diffs, config_unknown) = config_diffs(catalog, a, b);
    let telemetry_diffs = telemetry_diffs(catalog, &a.telemetry, &b.telemetry, thresholds);
    // No preset is searched for: without what was compiled, rules with a condition are told as not judged.
    let known = b.config_snapshot.config_profile.is_some() && !config_diffs.is_empty();
    let mut situation = if known { Situation::new(catalog, Some(a), b, None).ok() } else { None };
    let correlations = correlate(catalog, &config_diffs, &telemetry_diffs, situation.as_mut());
    Ok(ProfileComparison {
        profile_a_id: a.id,
        profile_b_id: b.id,
        config_diffs,
        telemetry_diffs,
        version_diffs: version_diffs(a, b),
        correlations,
        config_unknown,
        warnings: warnings(a, b),
    })
}

fn version_diffs(a: &BehaviourProfile, b: &BehaviourProfile) -> Vec<VersionDiff> {
    let text = |version: &Option<semver::Version>| version.as_ref().map(ToString::to_string);
    let versions = |profile: &BehaviourProfile| {
        [
            ("temporal_server", text(&profile.temporal_server_version)),
            ("dsql_plugin", text(&profile.dsql_plugin_version)),
            ("worker_code", profile.worker_code_sha.clone()),
        ]
    };
    let pairs = versions(a).into_iter().zip(versions(b));
    pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((component, old_version), (_, new_version))| VersionDiff {
            component: component.to_owned(),
            old_version,
            new_version,
        })
        .collect()
}

/// What makes two profiles less alike than they look.
fn warnings(a: &BehaviourProfile, b: &BehaviourProfile) -> Vec<String> {
    let mut warnings = subject_warnings([
        ("clusters", Some(a.cluster_id.as_str()), Some(b.cluster_id.as_str())),
        ("namespaces", a.namespace.as_deref(), b.namespace.as_deref()),
        ("task queues", a.task_queue.as_deref(), b.task_queue.as_deref()),
    ]);
    warnings.extend(telemetry_warnings(&a.telemetry, &b.telemetry));
    for (what, old, new) in [
        ("dynamic configuration", a.config_snapshot.dynamic_config.len(), b.config_snapshot.dynamic_config.len()),
        ("environment", a.config_snapshot.server_env_vars.len(), b.config_snapshot.server_env_vars.len()),
    ] {
        if (old == 0) != (new == 0) {
            let which = if old == 0 { "older" } else { "newer" };
            warnings.push(format!("the {which} profile has no {what}: perhaps it was not captured"));
        }
    }
    warnings
}

/// What two profiles are of that is not the same: what it is called, the older one's and the newer one's; none is all of them.
#[must_use]
pub fn subject_warnings<'n>(
    subjects: impl IntoIterator<Item = (&'static str, Option<&'n str>, Option<&'n str>)>,
) -> Vec<String> {
    let differing = subjects.into_iter().filter(|(_, old, new)| old != new);
    let shown = |name: Option<&str>| name.unwrap_or("all").to_owned();
    differing
        .map(|(what, old, new)| format!("the profiles are of different {what}: `{}` and `{}`", shown(old), shown(new)))
        .collect()
}

/// What makes two summaries of telemetry less alike than they look: how they were asked for, and what they lack.
#[must_use]
pub fn telemetry_warnings(old: &TelemetrySummary, new: &TelemetrySummary) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (Some(a), Some(b)) = (&old.collection, &new.collection) {
        let how = |of: &Collection| {
            [
                ("exporters", of.exporter.clone()),
                ("scrape intervals", format!("{} s", of.scrape_interval_sec)),
                ("steps of gauges", format!("{} s", of.gauge_step_sec)),
                ("steps of rates", format!("{} s", of.rate_step_sec)),
                ("rate windows", format!("{} s", of.rate_window_sec)),
            ]
        };
        for ((what, old), (_, new)) in how(a).into_iter().zip(how(b)).filter(|((_, old), (_, new))| old != new) {
            warnings
                .push(format!("the telemetry was read with different {what}, {old} and {new}: changes may be of that"));
        }
    }
    for (which, summary) in [("older", old), ("newer", new)] {
        let Some(collection) = &summary.collection else { continue };
        for (metric, share) in &collection.partial {
            let percent = (share * 100.0).round();
            warnings.push(format!("`{metric}` of the {which} telemetry covers {percent} % of its window"));
        }
    }
    warnings
}
