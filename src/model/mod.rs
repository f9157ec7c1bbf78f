//! The vocabulary: scalars, value types, classes, units, keys, the JSON forms of what a compile yields, and behaviour profiles.
//!
//! Plain values with no I/O and no evaluation; every other module may use it. Shown at work by
//! `tests/it/values.rs` and the round-trip property P10.

pub mod behaviour;
mod described;
mod digest;
mod duration;
mod explanation;
mod freeze;
mod profile;
mod scalar;
#[cfg(feature = "server")]
mod schema;
mod text;
mod vocabulary;

pub use crate::diag::Severity;
pub use described::{DescribedParameter, PresetDescription};
pub use digest::Digest;
pub use duration::{LONGEST_DURATION, format_duration, parse_duration, server_milliseconds};
pub use explanation::{
    Basis, Before, Bounds, ConditionPart, Counts, Derivation, Difference, ExternalName, Fact, Follower, KeyExplanation,
    LockedParam, Operand, Origin, OverrideDetail, PresetExplanation, ProfileExplanation, Replaced, Standing, Versions,
};
pub(crate) use freeze::{Freeze, Freezer, Frozen, freeze};
pub use profile::{
    Change, CompilationResult, CompilationTrace, ConfigProfile, GuardRailResult, MovedValue, NearestChange, Notice,
    Overrides, PresetSummary, ProposedChange, RenderedSnippet, ResolvedParameter, Rollout, RolloutStep, TelemetryBound,
    ThroughputRange,
};
pub use scalar::Scalar;
pub use text::Text;
pub use vocabulary::{
    Channel, Class, Confidence, Effect, Source, Turn, Unit, ValueFault, ValueType, clipped, is_key, is_name,
};
pub(crate) use vocabulary::{FIELD_UNITS, unquoted};
