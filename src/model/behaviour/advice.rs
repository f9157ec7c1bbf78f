//! What is made of behaviour profiles: which change explains which regression, and what to do.

use super::{MetricAggregate, ProfileId};
use crate::model::{Change, Confidence, Overrides, Turn};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Changes of the configuration tied to the movements of metrics.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Correlations {
    /// What explains what: changes that somebody made before those that follow them, the surest first.
    pub explanations: Vec<Explanation>,
    /// Regressions that no change explains.
    pub unexplained: Vec<String>,
    /// Changes that no regression follows.
    pub without_effect: Vec<QuietChange>,
    /// Rules whose condition could not be judged.
    pub unjudged: Vec<Unjudged>,
}

/// A change of the configuration that explains movements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Explanation {
    /// The rule that ties them.
    pub rule: String,
    /// What changed: a parameter, or a setting that is none.
    pub key: String,
    /// The older value; null where there was none.
    pub old_value: Value,
    /// The newer value; null where there is none.
    pub new_value: Value,
    /// Which change the rule is about.
    pub moved: Turn,
    /// Whether somebody set the value; others follow from those.
    pub set: bool,
    /// The metrics that moved with it, regressions first.
    pub effects: Vec<Moving>,
    /// How the one leads to the other.
    pub mechanism: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// Where that is known from.
    pub source: String,
}

impl Explanation {
    /// Whether it explains a regression.
    #[must_use]
    pub fn is_of_regression(&self) -> bool {
        self.effects.iter().any(|effect| effect.regressed)
    }
}

/// A metric that moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Moving {
    /// The metric.
    pub metric: String,
    /// Whether it went up.
    pub rose: bool,
    /// Whether that is a regression.
    pub regressed: bool,
    /// The older value of the statistic that decided.
    pub old: f64,
    /// The newer one.
    pub new: f64,
    /// The change in percent; null from a zero base.
    pub change_pct: Option<f64>,
    /// What it counts.
    pub unit: String,
}

/// A change that no regression follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct QuietChange {
    /// What changed.
    pub key: String,
    /// The older value.
    pub old_value: Value,
    /// The newer value.
    pub new_value: Value,
    /// Why that is to be expected, where a rule says it.
    pub reason: Option<String>,
}

/// A rule that could not be judged, and what it lacks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Unjudged {
    /// The rule.
    pub rule: String,
    /// What it lacks.
    pub reasons: Vec<String>,
}

/// What to do about the symptoms of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Recommendations {
    /// The profile; null for telemetry that is not kept.
    pub profile_id: Option<ProfileId>,
    /// What its configuration compiles from.
    pub basis: Basis,
    /// What to do, the most urgent first.
    pub recommendations: Vec<Recommended>,
    /// Symptoms that give way to another rule.
    pub given_way: Vec<GivenWay>,
    /// Symptoms that could not be judged, because of gaps.
    pub unjudged: Vec<Unjudged>,
    /// One command that does all of it, where that compiles.
    pub together: Option<String>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
}

/// What a profile's configuration compiles from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "server", schemars(rename = "RecommendationBasis"))]
pub struct Basis {
    /// The preset.
    pub preset: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// What is set on top.
    pub overrides: Overrides,
    /// How that is known.
    pub known_from: KnownFrom,
}

/// How the preset of a profile is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KnownFrom {
    /// The profile has the compiled configuration.
    Profile,
    /// It was named.
    Named,
    /// It reproduces what the profile ran with.
    Found,
}

impl KnownFrom {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            KnownFrom::Profile => "the profile's own",
            KnownFrom::Named => "as named",
            KnownFrom::Found => "found: it reproduces what ran",
        }
    }
}

/// A symptom and what to do about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Recommended {
    /// The rule.
    pub rule: String,
    /// What is wrong.
    pub summary: String,
    /// What is seen, with the numbers.
    pub message: String,
    /// The metrics that show it.
    pub evidence: Vec<Evidence>,
    /// What to change; none where nothing can be changed.
    pub action: Option<Action>,
    /// What to do besides.
    pub advice: Option<String>,
    /// What was looked at and is not proposed, with the reason.
    pub withheld: Vec<Withheld>,
    /// Why it helps.
    pub rationale: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// The greater is the more urgent.
    pub priority: i64,
    /// Where that is known from.
    pub source: String,
}

/// A metric as evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// The metric.
    pub metric: String,
    /// What it counts.
    pub unit: String,
    /// What it was.
    pub value: MetricAggregate,
    /// What it was in the baseline, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<MetricAggregate>,
}

/// A change of the configuration that was compiled, and that no guard rail refuses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Action {
    /// What to do, in words.
    pub title: String,
    /// The preset.
    pub preset: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// What is set anew.
    pub overrides: Overrides,
    /// The command that compiles it.
    pub command: String,
    /// Everything that changes with it.
    pub changes: Vec<Change>,
    /// What stays although it was asked for: fixed for the life of the cluster.
    pub kept: Vec<String>,
    /// Guard rails of severity warning that fire then and did not before.
    pub warnings: Vec<String>,
}

/// A suggestion that is not proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct Withheld {
    /// What was looked at.
    pub title: String,
    /// Why it is not proposed.
    pub reason: String,
    /// The guard rails that refuse it.
    pub rules: Vec<String>,
}

/// A symptom that gives way to another rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
pub struct GivenWay {
    /// The rule.
    pub rule: String,
    /// What is wrong.
    pub summary: String,
    /// The rule that is followed in its stead.
    pub to: String,
    /// Why they conflict.
    pub reason: String,
}
