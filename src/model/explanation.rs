//! The JSON forms of explanations, and the facts that they, the why section and the summary are made of.

use super::{
    Channel, Class, CompilationTrace, GuardRailResult, Notice, ResolvedParameter, Scalar, Severity, Source,
    ThroughputRange, Unit, ValueType,
};
use semver::Version;
use serde::{Deserialize, Serialize};

/// Who decided a value, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Origin {
    /// The kind of layer.
    pub source: Source,
    /// The layer: `preset mid-scale`; for an override the input that gave it; `derived` or `default` for the registry.
    pub layer: String,
    /// File and line, where there is a file.
    pub place: Option<String>,
}

/// What an expression reads, with its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Operand {
    /// The name: a parameter's key, a step of a guard rail, `base`, or a reserved name.
    pub name: String,
    /// Its value; a duration is Go text.
    pub value: Scalar,
    /// Its value as text.
    pub text: String,
    /// Its formula, where it is a step of a guard rail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// Who decided it, where it is a parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// What there is to say about one parameter of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Fact {
    /// The parameter's key.
    pub key: String,
    /// Who decides it.
    pub classification: Class,
    /// Its value; a duration is Go text.
    pub value: Scalar,
    /// Its value as text.
    pub text: String,
    /// The text with its unit.
    pub shown: String,
    /// How to read the value.
    pub value_type: ValueType,
    /// What a number counts.
    pub unit: Option<Unit>,
    /// What it is for.
    pub description: String,
    /// Why it has its value: the reason of the layer that decided it, else the registry's.
    pub rationale: String,
    /// The first sentence of the rationale.
    pub why: String,
    /// The kind of layer that decided it.
    pub source: Source,
    /// That layer.
    pub layer: String,
    /// Where that layer says it.
    pub place: Option<String>,
    /// The expression that gave it.
    pub formula: Option<String>,
    /// What the expression read.
    pub operands: Vec<Operand>,
    /// What the layers below the deciding one would give.
    pub base: Scalar,
    /// The same as text.
    pub base_text: String,
    /// Where its figures come from.
    pub evidence: String,
    /// Whether an artifact carries it for the target versions.
    pub emitted: bool,
    /// Why not, where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a configuration was made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Basis {
    /// The preset; without one the registry alone speaks.
    pub preset: Option<String>,
    /// The modifier.
    pub modifier: Option<String>,
    /// How many values were set on top.
    pub overrides: usize,
    /// The Temporal server version.
    pub temporal: Version,
    /// The DSQL plugin's version label.
    pub plugin: Version,
}

/// A value that a layer gave and a later one replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Replaced {
    /// Who gave it.
    #[serde(flatten)]
    pub origin: Origin,
    /// The value; none where it could not be computed.
    pub value: Option<Scalar>,
    /// The value as text.
    pub text: String,
    /// The expression that gave it.
    pub formula: Option<String>,
}

/// One value of a derivation, and what it was derived from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Derivation {
    /// The name: a parameter's key, `base`, or a reserved name.
    pub name: String,
    /// Its value; a duration is Go text.
    pub value: Scalar,
    /// Its value as text.
    pub text: String,
    /// Its value before the overrides, as text, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Who decided it; none for a reserved name.
    pub origin: Option<Origin>,
    /// The expression that gave it.
    pub formula: Option<String>,
    /// What that expression read; empty where that is shown elsewhere.
    pub inputs: Vec<Derivation>,
    /// Whether its inputs stand at an earlier place of the tree.
    pub above: bool,
    /// How many values below it are not shown.
    pub folded: usize,
}

/// A parameter that follows another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Follower {
    /// Its key.
    pub key: String,
    /// Its value; a duration is Go text.
    pub value: Scalar,
    /// Its value as text.
    pub text: String,
    /// Its value before the overrides, as text, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The expression that reads the other.
    pub formula: String,
}

/// A part of a guard rail's condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ConditionPart {
    /// Its text.
    pub text: String,
    /// Whether it holds.
    pub holds: bool,
    /// The text with values in the place of names, where it compares: `50 >= 35`.
    pub filled: Option<String>,
    /// How far the numbers are from the other outcome; 0 where it just holds or just fails, below 0 where it fails by so
    /// much. Milliseconds where `unit` is `duration`.
    pub distance: Option<f64>,
    /// The distance as text, with its unit and without a sign.
    pub distance_text: Option<String>,
    /// What the distance counts: a unit, or `duration`.
    pub unit: Option<String>,
}

/// How a guard rail stands with a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Standing {
    /// The rail.
    pub rule_name: String,
    /// What it does when it fires.
    pub severity: Severity,
    /// What holds while it is silent.
    pub summary: String,
    /// Whether it fires.
    pub fires: bool,
    /// Whether it fired before the overrides, where there was a before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_before: Option<bool>,
    /// Whether its `when` holds.
    pub applies: bool,
    /// When it applies.
    pub when: Option<String>,
    /// What must hold.
    pub condition: String,
    /// The parts of what must hold; of `when` where that does not hold.
    pub parts: Vec<ConditionPart>,
    /// Whether all of the parts have to hold, or some of them.
    pub all: bool,
    /// What the condition reads, its steps' operands too.
    pub operands: Vec<Operand>,
    /// How near it is to firing: the distance over the greater side, of the part that decides; below 0 where it fires.
    pub nearness: Option<f64>,
    /// Why it could not be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What does not hold, with the numbers; where it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do; where it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Where it is defined.
    pub place: String,
}

/// A name under which the world outside knows a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ExternalName {
    /// The channel, or the adapter that has a name of its own for it.
    pub channel: String,
    /// The name.
    pub name: String,
}

/// The bounds of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Bounds {
    /// The least value.
    pub min_value: Option<Scalar>,
    /// The greatest value.
    pub max_value: Option<Scalar>,
    /// The only values.
    pub allowed_values: Option<Vec<Scalar>>,
}

/// Version ranges in which a parameter exists; none where there is no bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Versions {
    /// Of the Temporal server.
    pub temporal: Option<String>,
    /// Of the DSQL plugin.
    pub plugin: Option<String>,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Before {
    /// The value before; a duration is Go text.
    pub value: Scalar,
    /// The same as text.
    pub text: String,
    /// Who decided it.
    pub origin: Origin,
    /// The expression that gave it.
    pub formula: Option<String>,
    /// Whether the value is another one now.
    pub changed: bool,
}

/// What `explain key` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct KeyExplanation {
    /// What there is to say about the value: key, classification, value, description, rationale, source and more.
    #[serde(flatten)]
    pub fact: Fact,
    /// The name that was asked for, where it is not the key.
    pub asked: Option<String>,
    /// What the configuration was made of.
    pub basis: Basis,
    /// The registry's reason, where another layer gave its own.
    pub registry_rationale: Option<String>,
    /// Every value that was replaced, lowest layer first.
    pub replaced: Vec<Replaced>,
    /// The value without the overrides, where there are any.
    pub before: Option<Before>,
    /// The value and what it was derived from.
    pub derivation: Derivation,
    /// What reads it directly.
    pub dependents: Vec<Follower>,
    /// How many parameters follow those.
    pub further_dependents: usize,
    /// Parameters that are emitted only while a condition on it holds.
    pub gates: Vec<String>,
    /// The guard rails that read it or name it, the nearest to firing first.
    pub rails: Vec<Standing>,
    /// How many more watch what follows it.
    pub further_rails: usize,
    /// The channels on which it is emitted.
    pub outputs: Vec<Channel>,
    /// Its names outside.
    pub names: Vec<ExternalName>,
    /// Where it exists.
    pub versions: Versions,
    /// Its bounds.
    pub constraints: Bounds,
    /// Whether an override is refused.
    pub locked: bool,
    /// Whether it is fixed for the life of the cluster.
    pub immutable: bool,
    /// What is worth knowing about it.
    pub notices: Vec<Notice>,
}

/// A safety value that the compiler holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct LockedParam {
    /// The parameter's key.
    pub key: String,
    /// Its value; a duration is Go text.
    pub value: Scalar,
    /// The same as text.
    pub text: String,
    /// Why it has that value.
    pub reason: String,
    /// Whether an override is refused; else it is possible, and told.
    pub locked: bool,
    /// Who decided it.
    pub origin: Origin,
    /// The formula that holds it.
    pub formula: Option<String>,
}

/// What `explain preset` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct PresetExplanation {
    /// The preset.
    pub preset_name: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// One line about the preset.
    pub description: String,
    /// Why its values.
    pub rationale: String,
    /// The modifier's line and reason.
    pub modifier_description: Option<String>,
    /// Why the modifier's values.
    pub modifier_rationale: Option<String>,
    /// The presets that it extends, the furthest first, and itself.
    pub chain: Vec<String>,
    /// The load that it is made for.
    pub throughput_range: ThroughputRange,
    /// What it was evaluated for.
    pub basis: Basis,
    /// The promises.
    pub slo_targets: Vec<ResolvedParameter>,
    /// How each part of the topology came about, in a line.
    pub topology_derivation: Vec<String>,
    /// The safety values that the compiler holds.
    pub locked_safety_params: Vec<LockedParam>,
    /// The whole in prose.
    pub reasoning_narrative: String,
    /// The slo parameters.
    pub slo: Vec<Fact>,
    /// The topology parameters.
    pub topology: Vec<Fact>,
    /// What the modifier changes.
    pub modified: Vec<Fact>,
    /// The values that matter.
    pub highlights: Vec<Fact>,
    /// Every rail that fires.
    pub guard_rails_fired: Vec<GuardRailResult>,
}

/// An override of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct OverrideDetail {
    /// The parameter's key.
    pub key: String,
    /// The value without any override; a duration is Go text.
    pub preset_value: Scalar,
    /// The value that was set.
    pub override_value: Scalar,
    /// Who decides the parameter.
    pub classification: Class,
    /// `preset_value` as text.
    pub preset_text: String,
    /// `override_value` as text.
    pub override_text: String,
    /// Who decided the value without the override.
    pub preset_origin: Origin,
    /// Whether the value is another one without this override.
    pub changes: bool,
    /// The parameters whose values are others without this override, besides its own.
    pub moves: Vec<String>,
}

/// A value of a profile that the catalog of today gives otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Difference {
    /// The parameter's key.
    pub key: String,
    /// What the profile says; none where it does not have the parameter.
    pub recorded: Option<Scalar>,
    /// What the catalog gives now; none where it does not have the parameter.
    pub now: Option<Scalar>,
    /// The classification, where the catalog has the parameter.
    pub classification: Option<Class>,
}

/// What `explain profile` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct ProfileExplanation {
    /// The preset it was compiled from.
    pub base_preset: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// What the user set, before and after.
    pub overrides_applied: Vec<OverrideDetail>,
    /// Every rail that fires.
    pub guard_rails_fired: Vec<GuardRailResult>,
    /// How each value that is no default came about.
    pub derivation_chains: Vec<CompilationTrace>,
    /// The whole in prose.
    pub composition_narrative: String,
    /// What it was compiled for.
    pub basis: Basis,
    /// When it was compiled.
    pub compiled_at: String,
    /// By which version.
    pub compiler_version: Version,
    /// The digest that it records.
    pub digest: String,
    /// Whether catalog and inputs of today have that digest.
    pub same_digest: bool,
    /// Values that the catalog of today gives otherwise.
    pub differences: Vec<Difference>,
    /// The values that matter.
    pub highlights: Vec<Fact>,
    /// How many values each kind of layer decided.
    pub counts: Counts,
    /// What is worth knowing besides.
    pub notices: Vec<Notice>,
}

/// How many values each kind of layer decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Counts {
    /// The registry's values.
    pub default: usize,
    /// The registry's expressions.
    pub derived: usize,
    /// Presets.
    pub preset: usize,
    /// Modifiers.
    pub modifier: usize,
    /// Overrides.
    pub overridden: usize,
}
