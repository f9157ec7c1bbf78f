//! The rules that judge behaviour profiles, linked: which change explains which movement, and what to do about a symptom.
//!
//! Their expressions read parameters as everywhere, and besides what was observed: see [`Read`].

use super::{Metric, ParamId};
use crate::diag::{At, Code, Span, nearest};
use crate::expr::Expr;
use crate::model::behaviour::Statistics;
use crate::model::{Confidence, Scalar, Text, Turn};
use std::ops::Range;

/// What a rule reads besides parameters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Read {
    /// `metric.NAME.STATISTIC`: of the profile that is judged.
    Metric(String, &'static str),
    /// `baseline.NAME.STATISTIC`: of the one that it is held against.
    Baseline(String, &'static str),
    /// `gap.NAME`: whether the metric has no values.
    Gap(String),
    /// `before.KEY`: the parameter's value in the one that it is held against.
    Before(ParamId),
}

/// A name that has the form of a [`Read`] and is none.
#[derive(Debug)]
pub(crate) struct NoRead {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: String,
    /// The part of the name that is to blame.
    pub(crate) part: Range<usize>,
}

impl Read {
    /// What a name reads, if it has the form of one.
    pub(crate) fn named<'c>(
        name: &str,
        metrics: impl Iterator<Item = &'c str> + Clone,
        keys: impl Iterator<Item = &'c str> + Clone,
        find: impl Fn(&str) -> Option<ParamId>,
    ) -> Option<Result<Read, NoRead>> {
        let (space, rest) = name.split_once('.')?;
        let from = space.len() + 1;
        let metric = |metric: &str| {
            if metrics.clone().any(|known| known == metric) {
                return Ok(metric.to_owned());
            }
            Err(NoRead {
                code: Code::UnknownMetric,
                message: format!("there is no metric `{metric}`"),
                help: near(metric, metrics.clone(), "metrics are defined in registry/metrics/"),
                part: from..from + metric.len(),
            })
        };
        let statistic = |rest: &str| {
            let (of, statistic) = rest.rsplit_once('.').unwrap_or((rest, ""));
            match Statistics::NAMES.into_iter().find(|known| *known == statistic) {
                Some(statistic) => Ok((metric(of)?, statistic)),
                None => Err(NoRead {
                    code: Code::UnknownName,
                    message: format!("`{name}` names no statistic"),
                    help: format!("write `{space}.NAME.STATISTIC`, with one of {}", Statistics::NAMES.join(", ")),
                    part: 0..name.len(),
                }),
            }
        };
        Some(match space {
            "metric" => statistic(rest).map(|(metric, statistic)| Read::Metric(metric, statistic)),
            "baseline" => statistic(rest).map(|(metric, statistic)| Read::Baseline(metric, statistic)),
            "gap" => metric(rest).map(Read::Gap),
            "before" => find(rest).map(Read::Before).ok_or_else(|| NoRead {
                code: Code::UnknownParameter,
                message: format!("there is no parameter `{rest}`"),
                help: near(rest, keys.clone(), "`tdsql list-parameters` shows every parameter"),
                part: from..name.len(),
            }),
            _ => return None,
        })
    }
}

fn near<'c>(name: &str, known: impl Iterator<Item = &'c str> + Clone, otherwise: &str) -> String {
    nearest(name, known).map_or_else(|| otherwise.to_owned(), |near| format!("did you mean `{near}`?"))
}

/// An expression of a rule.
#[derive(Debug)]
pub struct Observing {
    /// The expression.
    pub expr: Expr,
    /// What it reads besides parameters: the steps of its frame, in order.
    pub(crate) reads: Vec<Read>,
    /// Where it stands.
    pub span: Span,
}

/// What a correlation rule watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// A parameter.
    Parameter(ParamId),
    /// A dynamic-config setting that is no parameter.
    Setting(Text),
}

/// A change of the configuration, and the movements that it explains.
#[derive(Debug)]
pub struct Correlation {
    /// Its name.
    pub name: Text,
    /// What changes; any one of them.
    pub keys: Vec<Watched>,
    /// Which way.
    pub moved: Turn,
    /// What holds of the newer configuration.
    pub when: Option<Observing>,
    /// Metrics that go up with it.
    pub rise: Vec<Text>,
    /// Metrics that go down with it.
    pub fall: Vec<Text>,
    /// How the one leads to the other.
    pub mechanism: Text,
    /// How sure that is.
    pub confidence: Confidence,
    /// Where it is known from.
    pub source: Text,
    /// Its own tests; linked only by a check.
    pub cases: Vec<CorrelationCase>,
    /// Where its name stands.
    pub span: Span,
}

impl Correlation {
    /// Whether it says that the change moves no metric.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        self.rise.is_empty() && self.fall.is_empty()
    }
}

/// A correlation rule's own test.
#[derive(Debug)]
pub struct CorrelationCase {
    /// What it shows.
    pub note: Text,
    /// What changed.
    pub key: Watched,
    /// The older value; a duration is milliseconds.
    pub before: Scalar,
    /// The newer value.
    pub after: Scalar,
    /// The preset of both configurations.
    pub preset: Text,
    /// Values on top.
    pub set: Vec<(ParamId, Scalar)>,
    /// The metric with its older and its newer value, where metrics matter.
    pub metric: Option<(Text, f64, f64)>,
    /// Whether the rule must fire.
    pub fires: At<bool>,
    /// Where the case stands.
    pub span: Span,
}

/// A symptom, and what to do about it.
#[derive(Debug)]
pub struct Recommendation {
    /// The stem of its file.
    pub name: Text,
    /// What is wrong where it fires.
    pub summary: Text,
    /// Why what it suggests helps.
    pub rationale: Text,
    /// Where that is known from.
    pub source: Text,
    /// How sure that is.
    pub confidence: Confidence,
    /// The greater goes first.
    pub priority: i64,
    /// Of the rules of one group only one is followed.
    pub group: Option<Text>,
    /// What must hold of the configuration for the rule to apply.
    pub applies: Option<Observing>,
    /// The symptom.
    pub when: Observing,
    /// The metrics that show it.
    pub evidence: Vec<Text>,
    /// What is seen: a template.
    pub message: At<Text>,
    /// What to change, the first choice first.
    pub suggestions: Vec<Suggest>,
    /// What to do besides: a template.
    pub advice: Option<At<Text>>,
    /// Its own tests; linked only by a check.
    pub cases: Vec<SymptomCase>,
    /// The file's head.
    pub span: Span,
}

impl Recommendation {
    /// Every text that is a template.
    pub fn words(&self) -> impl Iterator<Item = &At<Text>> {
        let titles = self.suggestions.iter().map(|suggestion| &suggestion.title);
        std::iter::once(&self.message).chain(&self.advice).chain(titles)
    }
}

/// A change of the request that a configuration is compiled from.
#[derive(Debug)]
pub struct Suggest {
    /// What to do, in words: a template.
    pub title: At<Text>,
    /// What must hold for it.
    pub when: Option<Observing>,
    /// The preset.
    pub preset: Option<PresetChoice>,
    /// The modifier.
    pub modifier: Option<Text>,
    /// Overrides by value; a duration is milliseconds.
    pub set: Vec<(ParamId, Scalar)>,
    /// Overrides by expression.
    pub derive: Vec<(ParamId, Observing)>,
}

/// Which preset a suggestion means.
#[derive(Debug)]
pub enum PresetChoice {
    /// This one.
    Named(Text),
    /// The one whose range has this throughput.
    For(Observing),
}

/// What a case says that a rule makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The symptom shows.
    Fires,
    /// It does not.
    Silent,
    /// A gap stands where a value is needed.
    Unknown,
}

impl Outcome {
    /// The word of data files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Fires => "fires",
            Outcome::Silent => "silent",
            Outcome::Unknown => "unknown",
        }
    }

    pub(super) fn from_word(word: &str) -> Outcome {
        match word {
            "fires" => Outcome::Fires,
            "silent" => Outcome::Silent,
            _ => Outcome::Unknown,
        }
    }
}

/// Statistics of metrics that a case states: metric, statistic (all six, where none is named), value.
pub type Stated = Vec<(Text, Option<&'static str>, f64)>;

/// A recommendation rule's own test.
#[derive(Debug)]
pub struct SymptomCase {
    /// What it shows.
    pub note: Text,
    /// The preset.
    pub preset: Text,
    /// The modifier.
    pub modifier: Option<Text>,
    /// Values on top.
    pub set: Vec<(ParamId, Scalar)>,
    /// The telemetry.
    pub observed: Stated,
    /// The baseline's, if there is one.
    pub baseline: Option<Stated>,
    /// The baseline's configuration, where it differs.
    pub before: Vec<(ParamId, Scalar)>,
    /// What the rule must do.
    pub outcome: At<Outcome>,
    /// Where the case stands.
    pub span: Span,
}

/// The names of metrics.
pub(crate) fn names(metrics: &[Metric]) -> impl Iterator<Item = &str> + Clone {
    metrics.iter().map(|metric| metric.name.as_ref())
}
