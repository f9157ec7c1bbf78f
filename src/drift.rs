//! What a cluster does now against its baseline.
//!
//! Shown at work by the property P19.

use crate::catalog::Catalog;
use crate::compare::{Thresholds, subject_warnings, telemetry_diffs, telemetry_warnings};
use crate::model::behaviour::{
    BehaviourProfile, DriftLabel, DriftReport, Gap, MetricAggregate, MetricGap, NoVerdict, ProfileId, TelemetrySummary,
    Timestamp,
};

/// What is held against a baseline: a profile, or telemetry that nobody keeps.
#[derive(Debug, Clone, Copy)]
pub struct Current<'a> {
    /// The profile; none where the telemetry is of none.
    pub profile_id: Option<ProfileId>,
    /// The cluster that it is of.
    pub cluster_id: &'a str,
    /// The namespace; none for the whole cluster.
    pub namespace: Option<&'a str>,
    /// Where its window starts.
    pub time_window_start: Timestamp,
    /// Where its window ends.
    pub time_window_end: Timestamp,
    /// What the cluster did.
    pub telemetry: &'a TelemetrySummary,
}

impl<'a> From<&'a BehaviourProfile> for Current<'a> {
    fn from(profile: &'a BehaviourProfile) -> Self {
        Current {
            profile_id: Some(profile.id),
            cluster_id: &profile.cluster_id,
            namespace: profile.namespace.as_deref(),
            time_window_start: profile.time_window_start,
            time_window_end: profile.time_window_end,
            telemetry: &profile.telemetry,
        }
    }
}

/// Whether a metric deviates from the baseline, and which.
#[must_use]
pub fn drift(
    catalog: &Catalog,
    baseline: &BehaviourProfile,
    current: Current<'_>,
    thresholds: &Thresholds,
) -> DriftReport {
    let diffs = telemetry_diffs(catalog, &baseline.telemetry, current.telemetry, thresholds);
    let gap = |aggregate: &MetricAggregate| -> Option<Gap> {
        match aggregate {
            MetricAggregate::Gap(gap) => Some(gap.clone()),
            MetricAggregate::Measured(_) => None,
        }
    };
    let gaps: Vec<MetricGap> = diffs
        .iter()
        .filter(|diff| diff.no_verdict == Some(NoVerdict::Gap))
        .map(|diff| MetricGap {
            metric: diff.metric.clone(),
            baseline: gap(&diff.old_value),
            current: gap(&diff.new_value),
        })
        .collect();
    // A mirror was looked at together with the metric that it mirrors.
    let judged = diffs.iter().filter(|diff| matches!(diff.no_verdict, None | Some(NoVerdict::Mirror))).count();
    let deviations: Vec<_> = diffs.into_iter().filter(|diff| diff.deviates).collect();
    let label = match (deviations.len(), judged) {
        (0, 0) => DriftLabel::Inconclusive,
        (0, _) => DriftLabel::Steady,
        _ => DriftLabel::Drifted,
    };
    let mut warnings = subject_warnings([
        ("clusters", Some(baseline.cluster_id.as_str()), Some(current.cluster_id)),
        ("namespaces", baseline.namespace.as_deref(), current.namespace),
    ]);
    warnings.extend(telemetry_warnings(&baseline.telemetry, current.telemetry));
    DriftReport {
        label,
        cluster_id: baseline.cluster_id.clone(),
        namespace: baseline.namespace.clone(),
        baseline_id: baseline.id,
        profile_id: current.profile_id,
        time_window_start: current.time_window_start,
        time_window_end: current.time_window_end,
        deviations,
        judged,
        gaps,
        warnings,
    }
}
