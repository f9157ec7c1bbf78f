//! The configuration half of a behaviour profile.

use crate::model::ConfigProfile;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// The configuration that a cluster ran with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ConfigSnapshot {
    /// Dynamic configuration of the Temporal server, in the order of its file.
    pub dynamic_config: Vec<DynamicConfigEntry>,
    /// Environment of the Temporal server; secrets are redacted.
    pub server_env_vars: Vec<EnvVarEntry>,
    /// Options of the SDK workers.
    pub worker_options: WorkerOptionsSnapshot,
    /// Configuration of the DSQL plugin.
    pub dsql_plugin_config: DSQLPluginSnapshot,
    /// The compiled configuration that was deployed, where it is known.
    pub config_profile: Option<ConfigProfile>,
}

/// What a request says of a cluster's configuration; secrets are taken out before anything of it is kept.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ConfigDocuments {
    /// The name of a collector of the service's settings; what stands beside it is laid over what it collects.
    pub source: Option<String>,
    /// The text of the server's dynamic configuration.
    pub dynamic_config_yaml: Option<String>,
    /// The environment of the server.
    pub env: Option<BTreeMap<String, String>>,
    /// Options of the SDK workers.
    pub worker_options: Option<BTreeMap<String, Value>>,
    /// The compiled profile that was deployed.
    pub config_profile: Option<ConfigProfile>,
}

impl std::fmt::Debug for ConfigDocuments {
    /// The collector: all else may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigDocuments").field("source", &self.source).finish_non_exhaustive()
    }
}

/// One setting of the dynamic configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct DynamicConfigEntry {
    /// The setting's key.
    pub key: String,
    /// Its value, as the file has it.
    pub value: Value,
    /// To what it is constrained (namespace, task queue, …); absent for a value that holds everywhere.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constraints: BTreeMap<String, Value>,
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(from = "RawEnvVar")]
pub struct EnvVarEntry {
    name: String,
    value: String,
    redacted: bool,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "server", schemars(rename = "EnvVarEntryInput"))]
struct RawEnvVar {
    name: String,
    value: String,
    #[serde(default)]
    redacted: bool,
}

impl From<RawEnvVar> for EnvVarEntry {
    fn from(raw: RawEnvVar) -> Self {
        if raw.redacted { Self::redacted(raw.name) } else { Self::plain(raw.name, raw.value) }
    }
}

impl EnvVarEntry {
    /// A variable whose value is no secret.
    #[must_use]
    pub fn plain(name: impl Into<String>, value: impl Into<String>) -> Self {
        EnvVarEntry { name: name.into(), value: value.into(), redacted: false }
    }

    /// A variable whose value is a secret: it is dropped here, so that no store, log or answer can hold it.
    #[must_use]
    pub fn redacted(name: impl Into<String>) -> Self {
        EnvVarEntry { name: name.into(), value: REDACTED.to_owned(), redacted: true }
    }

    /// The variable.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value, or [`REDACTED`].
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the value was a secret.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.redacted
    }
}

/// Options of the SDK workers; null is what could not be found out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct WorkerOptionsSnapshot {
    /// Activities at once.
    pub max_concurrent_activities: Option<i64>,
    /// Workflow tasks at once.
    pub max_concurrent_workflow_tasks: Option<i64>,
    /// Local activities at once.
    pub max_concurrent_local_activities: Option<i64>,
    /// Pollers of workflow tasks.
    pub workflow_task_pollers: Option<i64>,
    /// Pollers of activity tasks.
    pub activity_task_pollers: Option<i64>,
    /// How long a workflow task waits for its sticky worker, in seconds.
    pub sticky_schedule_to_start_timeout_sec: Option<f64>,
    /// Whether eager activities are off.
    pub disable_eager_activities: Option<bool>,
    /// Further options, beside the ones above, by the registry's names.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}

/// Configuration of the DSQL plugin; null is what could not be found out, or does not apply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct DSQLPluginSnapshot {
    /// Whether the reservoir is on.
    pub reservoir_enabled: Option<bool>,
    /// Ready connections that it keeps.
    pub reservoir_target_ready: Option<i64>,
    /// Base lifetime of its connections, in minutes.
    pub reservoir_base_lifetime_min: Option<f64>,
    /// What is added to it at random, in minutes.
    pub reservoir_lifetime_jitter_min: Option<f64>,
    /// Remaining lifetime below which a connection is not handed out, in seconds.
    pub reservoir_guard_window_sec: Option<f64>,
    /// Open connections at most, per pool.
    pub max_conns: Option<i64>,
    /// Idle connections at most, per pool.
    pub max_idle_conns: Option<i64>,
    /// Lifetime of a pool's connections, in minutes.
    pub max_conn_lifetime_min: Option<f64>,
    /// Whether processes share one limiter of new connections.
    pub distributed_rate_limiter_enabled: Option<bool>,
    /// Whether that limiter is a token bucket.
    pub token_bucket_enabled: Option<bool>,
    /// Its tokens per second.
    pub token_bucket_rate: Option<i64>,
    /// Its tokens at most.
    pub token_bucket_capacity: Option<i64>,
    /// Whether connections are leased in blocks.
    pub slot_block_enabled: Option<bool>,
    /// Connections per block.
    pub slot_block_size: Option<i64>,
    /// Blocks in all.
    pub slot_block_count: Option<i64>,
    /// Further fields, beside the ones above, by the registry's names.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}
