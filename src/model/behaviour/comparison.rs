//! How two behaviour profiles differ.

use super::{MetricAggregate, ProfileId};
use crate::model::Class;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which two profiles to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CompareRequest {
    /// The older one.
    pub profile_a_id: String,
    /// The newer one.
    pub profile_b_id: String,
}

/// How the second profile differs from the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ProfileComparison {
    /// The older one.
    pub profile_a_id: ProfileId,
    /// The newer one.
    pub profile_b_id: ProfileId,
    /// Configuration that differs, also where only one of them has the key.
    pub config_diffs: Vec<ConfigDiff>,
    /// Metrics, the largest regression first.
    pub telemetry_diffs: Vec<TelemetryDiff>,
    /// Versions that differ.
    pub version_diffs: Vec<VersionDiff>,
}

/// A value of the configuration that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ConfigDiff {
    /// The key.
    pub key: String,
    /// The first profile's value; null where it has none.
    pub old_value: Value,
    /// The second profile's value; null where it has none.
    pub new_value: Value,
    /// The parameter's class, where the key is a parameter's.
    pub classification: Option<Class>,
}

/// A metric of both profiles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct TelemetryDiff {
    /// The metric.
    pub metric: String,
    /// The first profile's.
    pub old_value: MetricAggregate,
    /// The second profile's.
    pub new_value: MetricAggregate,
    /// The change in percent of the first; null from a zero base, or where one of them is a gap.
    pub change_pct: Option<f64>,
    /// Which way it went.
    pub direction: Direction,
    /// How much it matters.
    pub severity: DiffSeverity,
}

/// Which way a metric went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// For the better.
    Improved,
    /// For the worse.
    Regressed,
    /// Neither.
    Unchanged,
}

/// How much a difference matters, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DiffSeverity {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warning,
    /// Worth getting up for.
    Critical,
}

/// A version that differs; a commit counts as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct VersionDiff {
    /// Of what.
    pub component: String,
    /// The first profile's, where it is known.
    pub old_version: Option<String>,
    /// The second profile's, where it is known.
    pub new_version: Option<String>,
}
