//! What is concluded from behaviour profiles: drift from a baseline, conformance to a preset.

use super::{ConfigDocuments, Gap, ProfileId, TelemetryDiff, Timestamp};
use crate::model::vocabulary::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is to be judged: a profile, the telemetry of a window, or the newest profile of a cluster and namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct JudgementRequest {
    /// The cluster.
    pub cluster_id: String,
    /// Its namespace; null for the whole cluster.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The profile; without it and without a window, the newest of them.
    #[serde(default)]
    pub profile_id: Option<String>,
    /// Where the window starts; an hour before its end where only that is said.
    #[serde(default)]
    pub time_window_start: Option<Timestamp>,
    /// Where the window ends, at most 24 h later; now where only its start is said.
    #[serde(default)]
    pub time_window_end: Option<Timestamp>,
    /// What the cluster runs with in the window; without it nothing is known of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigDocuments>,
    /// Category of metrics → percent beyond which a change counts, in the place of the catalog's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub thresholds: BTreeMap<String, f64>,
}

/// Whether what a cluster does now deviates from its baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct DriftReport {
    /// The verdict.
    pub label: DriftLabel,
    /// The cluster.
    pub cluster_id: String,
    /// Its namespace; null for the whole cluster.
    pub namespace: Option<String>,
    /// What is held against.
    pub baseline_id: ProfileId,
    /// The profile that is judged; null for telemetry that is not kept.
    pub profile_id: Option<ProfileId>,
    /// Where its window starts.
    pub time_window_start: Timestamp,
    /// Where its window ends.
    pub time_window_end: Timestamp,
    /// Metrics that deviate, for the worse or the better: by severity, then by size.
    pub deviations: Vec<TelemetryDiff>,
    /// How many metrics were judged, those that deviate among them.
    pub judged: usize,
    /// Metrics that were not measured on one side or on both: neither drift nor health.
    pub gaps: Vec<MetricGap>,
    /// What makes the two less alike than they look.
    pub warnings: Vec<String>,
}

impl DriftReport {
    /// Whether a metric deviates.
    #[must_use]
    pub fn drifted(&self) -> bool {
        self.label == DriftLabel::Drifted
    }
}

words! {
    /// The verdict on drift.
    DriftLabel {
        /// A metric deviates.
        Drifted = "drifted",
        /// Metrics were judged, and none deviates.
        Steady = "steady",
        /// Nothing could be judged: every metric is a gap on one side.
        Inconclusive = "inconclusive",
    }
}

/// A metric that was not measured on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct MetricGap {
    /// The metric.
    pub metric: String,
    /// Why the baseline has no value; null where it has one.
    pub baseline: Option<Gap>,
    /// Why there is none now; null where there is one.
    pub current: Option<Gap>,
}

/// Whether a behaviour profile is what a preset promises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ConformanceReport {
    /// The profile; null for telemetry that is not kept.
    pub profile_id: Option<ProfileId>,
    /// The preset.
    pub preset: String,
    /// The modifier that the bounds were computed with.
    pub modifier: Option<String>,
    /// The verdict.
    pub label: ConformanceLabel,
    /// Which inputs the bounds follow.
    pub basis: BoundsBasis,
    /// Every bounded metric: what fails first, then gaps, then what passes; each in the preset's order.
    pub metrics: Vec<MetricConformance>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
}

words! {
    /// The verdict on conformance.
    ConformanceLabel {
        /// Every bounded metric is within its bounds.
        Conforming = "conforming",
        /// A bound is broken.
        Drifted = "drifted",
        /// No bound is broken, but a bounded metric was not measured.
        Inconclusive = "inconclusive",
    }
}

words! {
    /// Which inputs the bounds follow.
    BoundsBasis {
        /// Those of the compiled configuration that the profile was taken with.
        Profile = "profile",
        /// The preset's own.
        PresetDefaults = "preset_defaults",
    }
}

/// One bounded metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct MetricConformance {
    /// The metric.
    pub metric: String,
    /// The statistic that is bounded.
    pub aggregate: String,
    /// Its value; null where it was not measured.
    pub value: Option<f64>,
    /// The least that the preset expects; null where there is none.
    pub lower: Option<f64>,
    /// The most that the preset expects; null where there is none.
    pub upper: Option<f64>,
    /// What the values count.
    pub unit: String,
    /// Whether it holds.
    pub outcome: Conformance,
    /// Why there is no value, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

words! {
    /// Whether a bound holds.
    Conformance {
        /// It is broken.
        Fail = "fail",
        /// Nobody knows: the metric was not measured.
        Gap = "gap",
        /// It holds.
        Pass = "pass",
    }
}
