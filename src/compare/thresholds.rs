//! When a change counts: the catalog's figures, and what a request sets in their place.

use crate::catalog::{self, Catalog, Metric};
use crate::diag::nearest;
use crate::model::Text;
use crate::model::behaviour::{DiffSeverity, Direction, Moved, Statistics, change_size};
use std::collections::BTreeMap;

/// The figures that one comparison judges by.
#[derive(Debug, Clone)]
pub struct Thresholds {
    tail: Text,
    critical_floors: f64,
    categories: BTreeMap<Text, catalog::Category>,
}

/// A threshold that cannot be set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ThresholdFault {
    /// There is no such category.
    #[error("there is no category `{name}` of metrics; there are {}", .known.join(", "))]
    UnknownCategory {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
        /// The nearest of them.
        suggestion: Option<String>,
    },
    /// It is no percentage.
    #[error("the threshold of `{name}` is {value}: a finite number of percent, 0 or more, is wanted")]
    NoPercentage {
        /// The category.
        name: String,
        /// What was given.
        value: f64,
    },
}

/// How a change of one metric is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Which way it went, for the better or the worse.
    pub direction: Direction,
    /// How much it matters.
    pub severity: DiffSeverity,
    /// Up or down, where the change is larger than threshold and noise floor; of neutral metrics too.
    pub moved: Option<Moved>,
}

impl Thresholds {
    /// The catalog's figures.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let catalog::Thresholds { tail, critical_floors, categories, .. } = &catalog.thresholds;
        Thresholds { tail: tail.clone(), critical_floors: *critical_floors, categories: categories.clone() }
    }

    /// The catalog's figures, with these percentages in the place of its own.
    ///
    /// # Errors
    ///
    /// Every category that does not exist and every value that is no percentage.
    pub fn with<'a>(
        catalog: &Catalog,
        set: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<Self, Vec<ThresholdFault>> {
        let mut thresholds = Self::of(catalog);
        let faults: Vec<_> = set.into_iter().filter_map(|(name, pct)| thresholds.set(name, pct).err()).collect();
        if faults.is_empty() { Ok(thresholds) } else { Err(faults) }
    }

    fn set(&mut self, name: &str, percent: f64) -> Result<(), ThresholdFault> {
        if !percent.is_finite() || percent < 0.0 {
            return Err(ThresholdFault::NoPercentage { name: name.to_owned(), value: percent });
        }
        match self.categories.get_mut(name) {
            Some(category) => {
                category.threshold_pct = percent;
                Ok(())
            }
            None => Err(ThresholdFault::UnknownCategory {
                name: name.to_owned(),
                known: self.categories.keys().map(ToString::to_string).collect(),
                suggestion: nearest(name, self.categories.keys().map(AsRef::as_ref)).map(str::to_owned),
            }),
        }
    }

    /// The categories with their percentages.
    pub fn percentages(&self) -> impl Iterator<Item = (&str, f64)> {
        self.categories.iter().map(|(name, category)| (name.as_ref(), category.threshold_pct))
    }

    /// The percentage beyond which a change of this metric counts.
    #[must_use]
    pub fn percentage(&self, metric: &Metric) -> Option<f64> {
        self.categories.get(&metric.category).map(|category| category.threshold_pct)
    }

    /// The statistic of the bad minutes.
    #[must_use]
    pub fn tail(&self) -> &str {
        &self.tail
    }

    /// Judges the change of one statistic of a metric.
    #[must_use]
    pub fn judge(&self, metric: &Metric, old: f64, new: f64) -> Verdict {
        let nothing = Verdict { direction: Direction::Unchanged, severity: DiffSeverity::Info, moved: None };
        let Some(category) = self.categories.get(&metric.category) else { return nothing };
        let (size, by) = (change_size(old, new), (new - old).abs());
        if !(exceeds(size, category.threshold_pct) && exceeds(by, metric.noise_floor)) {
            return nothing;
        }
        let moved = if new > old { Moved::Raised } else { Moved::Lowered };
        let direction = match (metric.better.as_ref(), moved) {
            ("higher", Moved::Raised) | ("lower", Moved::Lowered) => Direction::Improved,
            ("higher", Moved::Lowered) | ("lower", Moved::Raised) => Direction::Regressed,
            _ => return Verdict { moved: Some(moved), ..nothing },
        };
        let critical = exceeds(size, category.threshold_pct * category.critical_times)
            && exceeds(by, metric.noise_floor * self.critical_floors);
        let severity = match direction {
            Direction::Regressed if critical => DiffSeverity::Critical,
            Direction::Regressed => DiffSeverity::Warning,
            _ => DiffSeverity::Info,
        };
        Verdict { direction, severity, moved: Some(moved) }
    }

    /// Judges the change of a metric by its mean and, where lower is better, by its tail; with the statistic that decided.
    /// What is worse decides before what is better.
    #[must_use]
    pub fn judge_statistics(&self, metric: &Metric, old: &Statistics, new: &Statistics) -> (Verdict, String) {
        const MEAN: &str = "mean";
        let of = |statistic: &str| match (old.get(statistic), new.get(statistic)) {
            (Some(old), Some(new)) => Some((self.judge(metric, old, new), change_size(old, new))),
            _ => None,
        };
        let mean = of(MEAN).unwrap_or_else(|| (self.judge(metric, 0.0, 0.0), 0.0));
        // The tail is the high side: where higher is better it is the good side.
        let tail = if metric.better == "lower" { of(&self.tail) } else { None };
        let weight = |(verdict, size): &(Verdict, f64)| {
            let worse = match verdict.direction {
                Direction::Regressed => 2,
                Direction::Improved => 1,
                Direction::Unchanged => 0,
            };
            (verdict.severity, worse, *size)
        };
        match tail {
            Some(tail) if weight(&tail) > weight(&mean) && tail.0.moved.is_some() => (tail.0, self.tail.to_string()),
            _ => (mean.0, MEAN.to_owned()),
        }
    }
}

/// Whether a value is beyond a limit by more than what rounding makes of it.
fn exceeds(value: f64, limit: f64) -> bool {
    const ROUNDING: f64 = 1e-9;
    value > limit + limit.abs() * ROUNDING
}
