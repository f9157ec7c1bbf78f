//! When a change of a metric counts, and how much it matters: `registry/thresholds.toml`, linked.

use crate::diag::{At, Span};
use crate::model::Text;
use crate::model::behaviour::{DiffSeverity, Direction};
use std::collections::BTreeMap;

/// The figures that judge changes of metrics.
#[derive(Debug, Default)]
pub struct Thresholds {
    /// The statistic of the bad minutes.
    pub tail: Text,
    /// A critical change is also larger than so many noise floors.
    pub critical_floors: f64,
    /// The categories that metrics name.
    pub categories: BTreeMap<Text, Category>,
    /// The figures' own tests; linked only by a check.
    pub cases: Vec<ChangeCase>,
}

/// Metrics that one threshold judges.
#[derive(Debug, Clone)]
pub struct Category {
    /// A change of no more than this, in percent of what was, does not count.
    pub threshold_pct: f64,
    /// A change of more than so many thresholds is critical.
    pub critical_times: f64,
    /// What its metrics have in common.
    pub summary: Text,
    /// Where it is defined.
    pub span: Span,
}

/// A change with the verdict that it must have.
#[derive(Debug)]
pub struct ChangeCase {
    /// What it shows.
    pub note: Text,
    /// The metric.
    pub metric: At<Text>,
    /// What it was.
    pub old: f64,
    /// What it is.
    pub new: f64,
    /// The direction.
    pub is: At<Direction>,
    /// How much it matters.
    pub severity: At<DiffSeverity>,
    /// Where the case stands.
    pub span: Span,
}
