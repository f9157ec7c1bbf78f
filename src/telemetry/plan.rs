//! Step, rate window and alignment of a range query.

use crate::catalog::telemetry::{Reads, WindowRules};

/// A time window, in whole seconds of the Unix epoch; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its start.
    pub start: i64,
    /// Its end, not before the start.
    pub end: i64,
}

impl Window {
    /// Its length in seconds, at least 1.
    #[must_use]
    pub fn length(&self) -> u32 {
        u32::try_from((self.end - self.start).max(1)).unwrap_or(u32::MAX)
    }
}

/// How one kind of query is asked over a window; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The first step: a multiple of [`Plan::step`], so that a server-side subquery sees the same points.
    pub start: i64,
    /// The last step.
    pub end: i64,
    /// Between two steps.
    pub step: u32,
    /// What rates are taken over; never less than the step, or increments between steps would be lost.
    pub rate_window: u32,
}

impl Plan {
    /// How many values a series without holes has.
    #[must_use]
    pub fn steps(&self) -> usize {
        usize::try_from((self.end - self.start) / i64::from(self.step)).unwrap_or(0) + 1
    }

    /// The plan of the first and of the second half, of which no step is lost or asked twice; none where there is only
    /// one step.
    #[must_use]
    pub fn halves(&self) -> Option<(Plan, Plan)> {
        let steps = self.steps();
        if steps < 2 {
            return None;
        }
        let last = self.start + i64::from(self.step) * (steps as i64 / 2 - 1);
        Some((Plan { end: last, ..*self }, Plan { start: last + i64::from(self.step), ..*self }))
    }
}

/// Plans the queries of a kind over a window. Gauges are read at every scrape, since coarser steps alias; rates and
/// quantiles in about [`WindowRules::steps`] steps; neither in more than the source takes.
#[must_use]
pub fn plan(rules: &WindowRules, window: Window, scrape_interval: u32, reads: Reads) -> Plan {
    let scrape = i64::from(scrape_interval.max(1));
    let length = (window.end - window.start).max(0);
    let rounded_up = |seconds: i64, by: i64| seconds / by + i64::from(seconds % by != 0);
    let whole_scrapes = |seconds: i64| rounded_up(seconds, scrape).max(1) * scrape;
    let wanted = match reads {
        Reads::Gauge => scrape,
        Reads::Rate | Reads::Quantile => whole_scrapes(length / i64::from(rules.steps.max(1))),
    };
    let step = wanted.max(whole_scrapes(rounded_up(length, i64::from(rules.most_steps.max(1)))));
    // Only what lies inside the window belongs to it, unless no step does.
    let end = window.end.div_euclid(step) * step;
    let start = (window.start.div_euclid(step) + i64::from(window.start.rem_euclid(step) != 0)) * step;
    let rate_window = (scrape * i64::from(rules.rate_scrapes)).max(i64::from(rules.rate_at_least)).max(step);
    let narrow = |seconds: i64| u32::try_from(seconds).unwrap_or(u32::MAX);
    Plan { start: start.min(end), end, step: narrow(step), rate_window: narrow(rate_window) }
}
