//! A behaviour profile, its metadata, and the request that asks for one.

use super::{ConfigDocuments, ConfigSnapshot, ProfileId, TelemetrySummary, Timestamp, Window, WindowFault};
use semver::Version;
use serde::{Deserialize, Serialize};

/// Bytes that a name, a label, a cluster, a namespace or a task queue may have: three of them and a time are a key of
/// Aurora DSQL, which holds 1 KiB.
pub const LONGEST_NAME: usize = 255;

/// A window of time of a running cluster: what it ran with, and what it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct BehaviourProfile {
    /// Which profile.
    pub id: ProfileId,
    /// What people call it.
    pub name: String,
    /// A word to find it by.
    #[serde(default)]
    pub label: Option<String>,
    /// The cluster.
    pub cluster_id: String,
    /// The Temporal namespace; null for the whole cluster.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The task queue; null for all.
    #[serde(default)]
    pub task_queue: Option<String>,
    /// Where the window starts.
    pub time_window_start: Timestamp,
    /// Where it ends.
    pub time_window_end: Timestamp,
    /// The Temporal server's version, where it is known.
    #[serde(default)]
    pub temporal_server_version: Option<Version>,
    /// The DSQL plugin's version label, where it is known.
    #[serde(default)]
    pub dsql_plugin_version: Option<Version>,
    /// The commit of the workers' code, where it is known.
    #[serde(default)]
    pub worker_code_sha: Option<String>,
    /// What the cluster ran with.
    pub config_snapshot: ConfigSnapshot,
    /// What it did.
    pub telemetry: TelemetrySummary,
    /// When the profile was made.
    pub created_at: Timestamp,
    /// Whether it is what its cluster and namespace are held against.
    #[serde(default)]
    pub is_baseline: bool,
}

/// What a list shows of a behaviour profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ProfileMetadata {
    /// Which profile.
    pub id: ProfileId,
    /// What people call it.
    pub name: String,
    /// A word to find it by.
    pub label: Option<String>,
    /// The cluster.
    pub cluster_id: String,
    /// The Temporal namespace; null for the whole cluster.
    pub namespace: Option<String>,
    /// Where the window starts.
    pub time_window_start: Timestamp,
    /// Where it ends.
    pub time_window_end: Timestamp,
    /// Whether it is what its cluster and namespace are held against.
    pub is_baseline: bool,
    /// When the profile was made.
    pub created_at: Timestamp,
}

/// What a new behaviour profile is asked for with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateProfileRequest {
    /// What people are to call it.
    pub name: String,
    /// The cluster.
    pub cluster_id: String,
    /// Where the window starts.
    pub time_window_start: Timestamp,
    /// Where it ends.
    pub time_window_end: Timestamp,
    /// The Temporal namespace; null for the whole cluster.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The task queue; null for all.
    #[serde(default)]
    pub task_queue: Option<String>,
    /// A word to find it by.
    #[serde(default)]
    pub label: Option<String>,
    /// What the cluster runs with; without it the profile has no configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigDocuments>,
}

/// Why a behaviour profile, or the request for one, cannot stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileFault {
    /// Its window is none.
    #[error(transparent)]
    Window(#[from] WindowFault),
    /// A text is empty.
    #[error("`{field}` is empty")]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// A text is longer than [`LONGEST_NAME`] bytes.
    #[error("`{field}` is {length} bytes long; {LONGEST_NAME} is the most")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its bytes.
        length: usize,
    },
    /// A text has a control character.
    #[error("`{field}` has a control character")]
    Control {
        /// The field.
        field: &'static str,
    },
}

/// Every fault of an identity.
fn faults(texts: [(&'static str, Option<&str>); 5], start: Timestamp, end: Timestamp) -> Vec<ProfileFault> {
    let mut faults = Vec::new();
    for (field, text) in texts {
        match text {
            Some("") => faults.push(ProfileFault::Empty { field }),
            Some(text) if text.len() > LONGEST_NAME => {
                faults.push(ProfileFault::TooLong { field, length: text.len() });
            }
            Some(text) if text.chars().any(char::is_control) => faults.push(ProfileFault::Control { field }),
            _ => {}
        }
    }
    faults.extend(Window::new(start, end).err().map(ProfileFault::Window));
    faults
}

impl CreateProfileRequest {
    /// Everything that is wrong with it.
    #[must_use]
    pub fn faults(&self) -> Vec<ProfileFault> {
        let texts = [
            ("name", Some(self.name.as_str())),
            ("cluster_id", Some(self.cluster_id.as_str())),
            ("namespace", self.namespace.as_deref()),
            ("task_queue", self.task_queue.as_deref()),
            ("label", self.label.as_deref()),
        ];
        faults(texts, self.time_window_start, self.time_window_end)
    }
}

impl BehaviourProfile {
    /// Everything that is wrong with its identity.
    #[must_use]
    pub fn faults(&self) -> Vec<ProfileFault> {
        let texts = [
            ("name", Some(self.name.as_str())),
            ("cluster_id", Some(self.cluster_id.as_str())),
            ("namespace", self.namespace.as_deref()),
            ("task_queue", self.task_queue.as_deref()),
            ("label", self.label.as_deref()),
        ];
        faults(texts, self.time_window_start, self.time_window_end)
    }

    /// What a list shows of it.
    #[must_use]
    pub fn metadata(&self) -> ProfileMetadata {
        ProfileMetadata {
            id: self.id,
            name: self.name.clone(),
            label: self.label.clone(),
            cluster_id: self.cluster_id.clone(),
            namespace: self.namespace.clone(),
            time_window_start: self.time_window_start,
            time_window_end: self.time_window_end,
            is_baseline: self.is_baseline,
            created_at: self.created_at,
        }
    }
}
