//! How two behaviour profiles differ: configuration, telemetry, versions.

use super::{Correlations, MetricAggregate, ProfileId, Section};
use crate::model::Class;
use crate::model::vocabulary::words;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Which two profiles to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CompareRequest {
    /// The older one.
    pub profile_a_id: String,
    /// The newer one.
    pub profile_b_id: String,
    /// Category of metrics → percent beyond which a change counts, in the place of the catalog's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub thresholds: BTreeMap<String, f64>,
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
    /// Every metric of either: by severity, then by size, the largest regression first.
    pub telemetry_diffs: Vec<TelemetryDiff>,
    /// Versions that differ.
    pub version_diffs: Vec<VersionDiff>,
    /// Which change explains which movement, and which regressions nothing explains.
    #[serde(default)]
    pub correlations: Correlations,
    /// Configuration of which nobody can say whether it differs: secrets are not kept.
    #[serde(default)]
    pub config_unknown: Vec<UnknownConfig>,
    /// What makes the two less alike than they look.
    #[serde(default)]
    pub warnings: Vec<String>,
}

words! {
    /// The part of a configuration snapshot that a key stands in.
    ConfigOrigin {
        /// Dynamic configuration of the server.
        DynamicConfig = "dynamic_config",
        /// Environment of the server.
        ServerEnvVars = "server_env_vars",
        /// Options of the SDK workers.
        WorkerOptions = "worker_options",
        /// Configuration of the DSQL plugin.
        DsqlPluginConfig = "dsql_plugin_config",
        /// The compiled configuration that was deployed.
        ConfigProfile = "config_profile",
    }
}

impl ConfigOrigin {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            ConfigOrigin::DynamicConfig => "dynamic config",
            ConfigOrigin::ServerEnvVars => "environment",
            ConfigOrigin::WorkerOptions => "worker options",
            ConfigOrigin::DsqlPluginConfig => "DSQL plugin",
            ConfigOrigin::ConfigProfile => "compiled profile",
        }
    }
}

words! {
    /// What became of a key.
    ConfigChange {
        /// Both have it, with different values.
        Changed = "changed",
        /// Only the second has it.
        Added = "added",
        /// Only the first has it.
        Removed = "removed",
    }
}

words! {
    /// Which way a value went.
    Moved {
        /// It is greater; of a switch, it is on.
        Raised = "raised",
        /// It is less; of a switch, it is off.
        Lowered = "lowered",
    }
}

/// A value of the configuration that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ConfigDiff {
    /// The key, as its part of the configuration spells it.
    pub key: String,
    /// The first profile's value; null where it has none.
    pub old_value: Value,
    /// The second profile's value; null where it has none.
    pub new_value: Value,
    /// The parameter's class, where the key is a parameter's.
    pub classification: Option<Class>,
    /// The part that it stands in.
    pub origin: ConfigOrigin,
    /// What became of it.
    pub change: ConfigChange,
    /// The parameter that it sets, where it is one's.
    #[serde(default)]
    pub parameter: Option<String>,
    /// To what an entry of dynamic configuration is constrained.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constraints: BTreeMap<String, Value>,
    /// Which way the value went, where values have an order. Of a key that only one side has it is told from the server's
    /// default, where that is known.
    #[serde(default)]
    pub moved: Option<Moved>,
    /// What the side without the key has: the server's default as text, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implied: Option<String>,
    /// Whether the parameter is fixed for the life of a cluster: one that runs keeps its value, whatever is configured.
    #[serde(default)]
    pub immutable: bool,
}

/// A key of which nobody can say whether it differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct UnknownConfig {
    /// The key.
    pub key: String,
    /// The part that it stands in.
    pub origin: ConfigOrigin,
    /// Why.
    pub reason: String,
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
    /// The change of the mean in percent of the first; null from a zero base, or where one of them is a gap.
    pub change_pct: Option<f64>,
    /// Which way it went.
    pub direction: Direction,
    /// How much it matters.
    pub severity: DiffSeverity,
    /// The category of the telemetry that has it.
    pub section: Section,
    /// The change of the tail in percent of the first; null as `change_pct` is.
    #[serde(default)]
    pub tail_change_pct: Option<f64>,
    /// Whether it deviates: it is judged, and its mean or its tail changed by more than the threshold and by more than the
    /// noise floor.
    #[serde(default)]
    pub deviates: bool,
    /// Which way it went, where the change is larger than the threshold and the noise floor; of neutral metrics too.
    #[serde(default)]
    pub moved: Option<Moved>,
    /// The statistic whose change decided: the mean, or the tail.
    #[serde(default)]
    pub decided_by: Option<String>,
    /// The percentage beyond which a change counts.
    #[serde(default)]
    pub threshold_pct: Option<f64>,
    /// Why there is no verdict, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_verdict: Option<NoVerdict>,
    /// What the values count.
    #[serde(default)]
    pub unit: String,
}

impl TelemetryDiff {
    /// The size of the change that decided, in percent; endless from a zero base. None of a metric without values on both
    /// sides.
    #[must_use]
    pub fn size(&self) -> Option<f64> {
        let (old, new) = (self.old_value.statistics()?, self.new_value.statistics()?);
        let statistic = self.decided_by.as_deref().unwrap_or("mean");
        let (old, new) = (old.get(statistic)?, new.get(statistic)?);
        Some(change_size(old, new))
    }
}

/// The size of a change in percent of what was; endless from a zero base.
#[must_use]
pub fn change_size(old: f64, new: f64) -> f64 {
    if old == new {
        0.0
    } else if old == 0.0 {
        f64::INFINITY
    } else {
        // Halved first: the difference of two large values of opposite sign is beyond all floats.
        ((new / 2.0 - old / 2.0) / old).abs() * 200.0
    }
}

words! {
    /// Why a metric has no verdict.
    NoVerdict {
        /// It was not measured on one side, or on both.
        Gap = "gap",
        /// Neither direction is an improvement.
        Neutral = "neutral",
        /// It is the complement of another metric, which deviates: one change counts once.
        Mirror = "mirror",
        /// The catalog does not know it.
        Unknown = "unknown",
    }
}

words! {
    /// Which way a metric went.
    Direction {
        /// For the better.
        Improved = "improved",
        /// For the worse.
        Regressed = "regressed",
        /// Neither.
        Unchanged = "unchanged",
    }
}

words! {
    /// How much a difference matters, least first.
    DiffSeverity {
        /// Worth knowing.
        Info = "info",
        /// Worth a look.
        Warning = "warning",
        /// Worth getting up for.
        Critical = "critical",
    }
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
