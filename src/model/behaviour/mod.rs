//! Behaviour profiles: what a running cluster was and did in a window of time, and how two of them differ.
//!
//! The field names are the contract of `docs/json.md`. Shown at work by the properties P13, P14 and P18.

mod advice;
mod assessment;
mod comparison;
mod config;
mod identity;
mod judgement;
mod profile;
mod telemetry;

pub use advice::{
    Action, Basis, Correlations, Evidence, Explanation, GivenWay, KnownFrom, Moving, QuietChange, Recommendations,
    Recommended, Unjudged, Withheld,
};
pub use assessment::{Assessment, Health};
pub use comparison::{
    CompareRequest, ConfigChange, ConfigDiff, ConfigOrigin, DiffSeverity, Direction, Moved, NoVerdict,
    ProfileComparison, TelemetryDiff, UnknownConfig, VersionDiff, change_size,
};
pub use config::{
    ConfigDocuments, ConfigSnapshot, DSQLPluginSnapshot, DynamicConfigEntry, EnvVarEntry, REDACTED,
    WorkerOptionsSnapshot,
};
pub use identity::{
    InvalidProfileId, InvalidTimestamp, LONGEST_WINDOW, ProfileId, Timestamp, USUAL_WINDOW, Window, WindowFault,
};
pub use judgement::{
    BoundsBasis, Conformance, ConformanceLabel, ConformanceReport, DriftLabel, DriftReport, JudgementRequest,
    MetricConformance, MetricGap,
};
pub use profile::{BehaviourProfile, CreateProfileRequest, LONGEST_NAME, ProfileFault, ProfileMetadata};
pub use telemetry::{
    Collection, Gap, GapState, Incomplete, MetricAggregate, MetricGroup, NotFinite, Section, ServiceMetrics,
    Statistics, TelemetrySummary,
};
