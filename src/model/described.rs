//! The JSON form of a preset described.

use super::{Class, Scalar, Source, TelemetryBound, ThroughputRange, Unit, ValueType};
use serde::Serialize;

/// A parameter of a preset.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct DescribedParameter {
    /// The parameter's key.
    pub key: String,
    /// Its value; a duration is Go text.
    pub value: Scalar,
    /// How to read the value.
    pub value_type: ValueType,
    /// What a number counts.
    pub unit: Option<Unit>,
    /// Who decides it.
    pub classification: Class,
    /// The kind of layer that decided it.
    pub source: Source,
    /// What it is for.
    pub description: String,
    /// Why it has its value.
    pub rationale: String,
    /// The value as text, with its unit.
    #[serde(skip)]
    pub shown: String,
    /// The layer that decided it.
    #[serde(skip)]
    pub layer: String,
    /// The first sentence of the rationale.
    #[serde(skip)]
    pub why: String,
}

/// What `describe-preset` says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct PresetDescription {
    /// The preset.
    pub name: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// One line about the preset.
    pub description: String,
    /// The load that it is made for.
    pub throughput_range: ThroughputRange,
    /// The promises.
    pub slo_params: Vec<DescribedParameter>,
    /// What runs.
    pub topology_params: Vec<DescribedParameter>,
    /// What keeps the cluster up.
    pub safety_params: Vec<DescribedParameter>,
    /// What keeps it fast and cheap.
    pub tuning_params: Vec<DescribedParameter>,
    /// What a healthy cluster shows.
    pub expected_bounds: Vec<TelemetryBound>,
}
