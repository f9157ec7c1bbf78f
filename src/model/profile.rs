//! The JSON forms of a compile: the field names are the contract of `docs/json.md`.

use super::{Class, Effect, Operand, Scalar, Severity, Source, ValueType};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the user set on top of preset and modifier: durations as Go text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Overrides {
    /// Parameter key → value.
    #[serde(default)]
    pub values: BTreeMap<String, Scalar>,
}

/// One parameter of a compiled profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ResolvedParameter {
    /// The parameter's key.
    pub key: String,
    /// Its final value; a duration is Go text.
    pub value: Scalar,
    /// How to read `value`.
    pub value_type: ValueType,
    /// Who decides it.
    pub classification: Class,
    /// Which layer decided it.
    pub source: Source,
    /// Whether an artifact carries it for the target versions.
    pub emitted: bool,
    /// Why not, where it is not emitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A compiled configuration: every parameter of the registry with its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ConfigProfile {
    /// The preset it was compiled from.
    pub preset_name: String,
    /// The modifier, if one was chosen.
    pub modifier: Option<String>,
    /// What the user set.
    pub overrides: Overrides,
    /// Promises to the cluster's users.
    pub slo_params: Vec<ResolvedParameter>,
    /// How much of what runs.
    pub topology_params: Vec<ResolvedParameter>,
    /// Values that keep the cluster up.
    pub safety_params: Vec<ResolvedParameter>,
    /// Values that keep it fast and cheap.
    pub tuning_params: Vec<ResolvedParameter>,
    /// The Temporal server version that the artifacts are for.
    pub temporal_server_version: Version,
    /// The DSQL plugin's version label that they are for.
    pub dsql_plugin_version: Version,
    /// RFC 3339 time of the compile; `SOURCE_DATE_EPOCH` fixes it.
    pub compiled_at: String,
    /// The version of `tdsql`.
    pub compiler_version: Version,
    /// SHA-256 over catalog, preset, modifier, overrides and target versions: equal digests, equal artifacts.
    pub digest: String,
}

impl ConfigProfile {
    /// Every parameter: slo, topology, safety, tuning.
    pub fn params(&self) -> impl Iterator<Item = &ResolvedParameter> {
        [&self.slo_params, &self.topology_params, &self.safety_params, &self.tuning_params].into_iter().flatten()
    }

    /// The parameter of this key.
    #[must_use]
    pub fn get_param(&self, key: &str) -> Option<&ResolvedParameter> {
        self.params().find(|parameter| parameter.key == key)
    }
}

/// Where one value came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct CompilationTrace {
    /// The parameter's key.
    pub parameter_key: String,
    /// Which layer decided it.
    pub source: Source,
    /// What the layers below the deciding one would give; the final value where no other layer spoke.
    pub base_value: Scalar,
    /// The value in force.
    pub final_value: Scalar,
    /// Each layer that spoke, lowest first: its place, its value or its expression with the operands.
    pub derivation_chain: Vec<String>,
}

/// A guard rail that fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct GuardRailResult {
    /// The rail: the stem of its file.
    pub rule_name: String,
    /// Whether artifacts are withheld.
    pub severity: Severity,
    /// What does not hold, with the numbers.
    pub message: String,
    /// The parameters that decide it.
    pub parameter_keys: Vec<String>,
    /// What to do.
    pub remedy: String,
    /// Why it matters.
    pub rationale: String,
    /// What must hold.
    #[serde(default)]
    pub condition: String,
    /// When it must hold; always, where it is none.
    #[serde(default)]
    pub applies_when: Option<String>,
    /// What the condition reads.
    #[serde(default)]
    pub operands: Vec<Operand>,
}

/// The nearest change of what is set that satisfies every guard rail, found by trying.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct NearestChange {
    /// Whether there is one within the bounds of the search.
    pub found: bool,
    /// How many configurations were tried.
    pub tried: u64,
    /// The preset to take instead, where the load is outside the range of the one that was named.
    #[serde(default)]
    pub preset: Option<String>,
    /// What is set otherwise.
    pub changes: Vec<ProposedChange>,
    /// What is then set altogether, as `tdsql compile` takes it: `-s`, `KEY=VALUE`, …
    pub arguments: Vec<String>,
    /// Values which the rails read that change with it.
    pub values: Vec<MovedValue>,
    /// Rails of severity warning that fire with it as they did before.
    pub warnings: Vec<String>,
}

impl NearestChange {
    /// The action of a change that sets a parameter.
    pub const SET: &str = "set";
    /// The action of a change that leaves out what the user set.
    pub const DROP: &str = "drop";
}

/// One thing that is set otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ProposedChange {
    /// The parameter.
    pub key: String,
    /// `set`, or `drop` where what the user set is left out.
    pub action: String,
    /// Its value now.
    pub before: Scalar,
    /// Its value with the change.
    pub after: Scalar,
    /// Which input set it, if one did: `--set`, a file's name, `environment`.
    pub given_by: Option<String>,
}

/// A value before and after a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct MovedValue {
    /// The parameter.
    pub key: String,
    /// Its value now.
    pub before: Scalar,
    /// Its value with the change.
    pub after: Scalar,
}

/// Something worth knowing that never counts against a compile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Notice {
    /// Always [`Severity::Note`].
    pub severity: Severity,
    /// Which kind of notice.
    pub code: String,
    /// What is worth knowing.
    pub message: String,
    /// The parameters that it is about.
    pub parameter_keys: Vec<String>,
}

/// One file rendered by an adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct RenderedSnippet {
    /// The adapter's name.
    pub adapter: String,
    /// The language of the content.
    pub language: String,
    /// The file's name, relative to the adapter's folder.
    pub filename: String,
    /// The file's content.
    pub content: String,
}

/// Everything a compile yields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct CompilationResult {
    /// The compiled configuration.
    pub profile: ConfigProfile,
    /// The Temporal server's dynamic configuration; empty where a rail of severity error fired.
    pub dynamic_config_yaml: String,
    /// `DSQLPluginConfig`: field → value, in the registry's order; empty where a rail of severity error fired.
    pub dsql_plugin_config: serde_json::Map<String, serde_json::Value>,
    /// Files of the SDK adapters.
    pub sdk_snippets: Vec<RenderedSnippet>,
    /// Files of the platform adapters.
    pub platform_snippets: Vec<RenderedSnippet>,
    /// Every rail that fired.
    pub guard_rail_results: Vec<GuardRailResult>,
    /// The nearest change that satisfies every rail, where one fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest_change: Option<NearestChange>,
    /// What is worth knowing besides.
    pub notices: Vec<Notice>,
    /// Where each value came from.
    pub trace: Vec<CompilationTrace>,
    /// The way from the preset to the values that matter, as Markdown.
    pub why_section: String,
    /// What differs from the running configuration that was compiled against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// How those changes reach what runs; none where nothing runs yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// One entry that counts the errors, where a rail of severity error fired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<serde_json::Value>,
}

/// A value that differs from a running configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Change {
    /// The parameter.
    pub key: String,
    /// What runs; none where the running configuration does not have it.
    pub running: Option<Scalar>,
    /// What was compiled.
    pub compiled: Scalar,
    /// Whether an artifact carries it.
    pub emitted: bool,
    /// How it takes effect; none where nothing that runs reads it.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// The services that it reaches.
    #[serde(default)]
    pub services: Vec<String>,
}

/// One step of a rolling update: the replicas of one service are replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct RolloutStep {
    /// The service.
    pub service: String,
    /// Its replicas before.
    pub running: i64,
    /// Its replicas afterwards.
    pub compiled: i64,
    /// Database connections of the whole cluster while its old and new replicas run together.
    pub connections: i64,
}

/// A rolling update and what it costs in database connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Rollout {
    /// Why the services are taken in this order.
    pub order: String,
    /// One service after the other.
    pub steps: Vec<RolloutStep>,
    /// Connections of the running configuration.
    pub running_connections: i64,
    /// Connections of the compiled configuration.
    pub compiled_connections: i64,
    /// The most connections of any step.
    pub peak_connections: i64,
    /// Connections if all services were replaced at once.
    pub at_once_connections: i64,
    /// Connections that the cluster accepts.
    pub connection_limit: i64,
    /// What does not fit, with the numbers.
    pub warning: Option<String>,
}

/// The state transitions per second that a preset is made for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ThroughputRange {
    /// The least.
    pub min_st_per_sec: f64,
    /// The most; none where there is no bound.
    pub max_st_per_sec: Option<f64>,
    /// The same in words.
    pub description: String,
}

/// One line of `list-presets`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct PresetSummary {
    /// The preset's name: the stem of its file.
    pub name: String,
    /// One line.
    pub description: String,
    /// What load it is made for.
    pub throughput_range: ThroughputRange,
}

/// What a healthy cluster shows: a bound on one metric's statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct TelemetryBound {
    /// The metric's name.
    pub metric: String,
    /// Which statistic over the window: min, max, mean, p50, p95 or p99.
    pub aggregate: String,
    /// The least that is healthy.
    pub lower: Option<f64>,
    /// The most that is healthy.
    pub upper: Option<f64>,
}
