//! The health of a cluster in one document.

use super::{ConformanceReport, Correlations, DriftReport, ProfileId, Recommendations, Timestamp};
use crate::model::vocabulary::words;
use serde::{Deserialize, Serialize};

/// The health of a cluster in a window of time: the state, the evidence, and what to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Assessment {
    /// The state in one word.
    pub health: Health,
    /// The cluster.
    pub cluster_id: String,
    /// The namespace; null for the whole cluster.
    pub namespace: Option<String>,
    /// The profile that was assessed; null for telemetry that is not kept.
    pub profile_id: Option<ProfileId>,
    /// What it was held against; null where there is no baseline.
    pub baseline_id: Option<ProfileId>,
    /// Where the window starts.
    pub time_window_start: Timestamp,
    /// Where it ends.
    pub time_window_end: Timestamp,
    /// What deviates from the baseline; null without one.
    pub drift: Option<DriftReport>,
    /// Which change of the configuration explains it; null without a baseline.
    pub correlations: Option<Correlations>,
    /// Whether the preset's bounds hold; null where no preset is known.
    pub conformance: Option<ConformanceReport>,
    /// What to do; null where the configuration is not known.
    pub recommendations: Option<Recommendations>,
    /// What cannot be told, and why.
    pub notes: Vec<String>,
}

impl Assessment {
    /// The same of telemetry that is not kept: there is no profile to look up.
    #[must_use]
    pub fn of_unkept(mut self) -> Self {
        self.profile_id = None;
        self.drift.iter_mut().for_each(|report| report.profile_id = None);
        self.conformance.iter_mut().for_each(|report| report.profile_id = None);
        self.recommendations.iter_mut().for_each(|report| report.profile_id = None);
        self
    }
}

words! {
    /// The state of a cluster.
    Health {
        /// It does what its baseline did, and what its preset promises.
        Healthy = "healthy",
        /// It deviates from its baseline.
        Drifted = "drifted",
        /// A bound of its preset is broken.
        NotConforming = "not_conforming",
        /// Both.
        DriftedAndNotConforming = "drifted_and_not_conforming",
        /// Nothing is known to be wrong, and not all is known.
        Inconclusive = "inconclusive",
    }
}
