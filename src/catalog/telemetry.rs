//! How telemetry is asked for: PromQL with placeholders, the spellings of exporters, the rules for windows.
//!
//! A placeholder stands between two `%`: a selector of `registry/telemetry.toml` (`%CLUSTER%`, `%CONTAINER:history%`), a
//! name as the exporter writes it (`%counter:x%`, `%timer:x%`, `%histogram:x%`), the factor that makes milliseconds of a
//! timer (`%ms%`), the rate window (`%RATE%`), or
//! the length of the whole window (`%WINDOW%`). A `%` that opens none is PromQL's own.

use crate::diag::At;
use crate::model::Text;
use crate::model::behaviour::Section;
use std::fmt::Write as _;
use std::ops::Range;

/// `registry/telemetry.toml`, linked.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    /// Steps, rate windows and limits.
    pub window: WindowRules,
    /// The placeholders that choose series.
    pub selectors: Vec<Selector>,
    /// The spellings of metric names, the likeliest first.
    pub exporters: Vec<Exporter>,
    /// What must be found before the metrics are read.
    pub probes: Vec<Probe>,
}

/// How a time window is read; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WindowRules {
    /// How often the source scrapes, where nobody says otherwise.
    pub scrape_interval: u32,
    /// The least scrapes in a rate window.
    pub rate_scrapes: u32,
    /// The shortest rate window.
    pub rate_at_least: u32,
    /// The most steps that a source takes for one query.
    pub most_steps: u32,
    /// About so many steps are read of rates and quantiles.
    pub steps: u32,
    /// A smaller share of steps with values is partial.
    pub coverage_floor: f64,
    /// How long samples may take to arrive.
    pub settle: u32,
}

/// What a selector looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The cluster.
    Cluster,
    /// The namespace.
    Namespace,
    /// The task queue.
    TaskQueue,
    /// What stands behind the colon of the placeholder.
    Argument,
}

impl Subject {
    /// The subject that a data file names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "cluster" => Self::Cluster,
            "namespace" => Self::Namespace,
            "task_queue" => Self::TaskQueue,
            "argument" => Self::Argument,
            _ => return None,
        })
    }

    /// It in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Namespace => "namespace",
            Self::TaskQueue => "task queue",
            Self::Argument => "argument",
        }
    }
}

/// A placeholder that expands to a matcher with a comma behind it, or to nothing.
#[derive(Debug, Clone)]
pub struct Selector {
    /// Its name between `%` and `%`.
    pub name: Text,
    /// The label that it matches.
    pub label: Text,
    /// What it looks for.
    pub of: Subject,
    /// Whether the server's exporter writes the values, and may have changed them.
    pub by_server: bool,
    /// What stands before the value.
    pub prefix: Text,
    /// What it expands to when nothing is looked for.
    pub otherwise: Text,
}

/// One way in which the names of the server's metrics are written.
#[derive(Debug, Clone)]
pub struct Exporter {
    /// Its name.
    pub name: Text,
    /// When a server speaks it.
    pub summary: Text,
    /// The suffix of counters.
    pub counter: Text,
    /// The suffix of timers.
    pub timer: Text,
    /// The suffix of histograms without a unit.
    pub histogram: Text,
    /// Whether timers are in seconds; in milliseconds otherwise.
    pub timer_in_seconds: bool,
    /// Whether it writes `_` for what is no letter, digit or underscore in label values.
    pub sanitised: bool,
    /// PromQL that has a value where the source speaks it.
    pub detect: Text,
}

/// A query that must find something, or the name that was asked for is wrong.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The name that it proves.
    pub of: Subject,
    /// PromQL with placeholders.
    pub query: Text,
    /// PromQL that lists the names that there are, one series each.
    pub values: Text,
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The cluster, as the scrape labels it; none where the source holds one cluster only.
    pub cluster: Option<String>,
    /// The namespace; all but the system's own where there is none.
    pub namespace: Option<String>,
    /// The task queue; all where there is none.
    pub task_queue: Option<String>,
}

/// What placeholders expand to.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'t> {
    /// The spelling.
    pub exporter: &'t Exporter,
    /// What is looked for.
    pub selection: &'t Selection,
    /// What rates are taken over, in seconds.
    pub rate_window: u32,
    /// The length of the window, in seconds.
    pub window: u32,
}

impl Selection {
    /// What is looked for as this subject.
    #[must_use]
    pub fn of(&self, subject: Subject) -> Option<&str> {
        match subject {
            Subject::Cluster => self.cluster.as_deref(),
            Subject::Namespace => self.namespace.as_deref(),
            Subject::TaskQueue => self.task_queue.as_deref(),
            Subject::Argument => None,
        }
    }
}

/// The kinds of names that exporters write differently.
const NAMES: [&str; 3] = ["counter", "timer", "histogram"];
/// Expands to the factor from the exporter's unit of time to milliseconds.
const MILLISECONDS: &str = "ms";
/// Expands to the rate window.
const RATE: &str = "RATE";
/// Expands to the length of the window.
const WINDOW: &str = "WINDOW";

/// A placeholder of a query.
struct Placeholder<'q> {
    /// Its place, with both `%`.
    range: Range<usize>,
    name: &'q str,
    argument: Option<&'q str>,
}

fn placeholders(query: &str) -> impl Iterator<Item = Placeholder<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + query[at..].find('%')?;
            let inside = &query[start + 1..];
            let length = inside.find('%')?;
            let inside = &inside[..length];
            let (name, argument) = match inside.split_once(':') {
                Some((name, argument)) => (name, Some(argument)),
                None => (inside, None),
            };
            let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if word(name) && argument.is_none_or(word) {
                at = start + length + 2;
                return Some(Placeholder { range: start..at, name, argument });
            }
            at = start + 1;
        }
    })
}

/// A placeholder that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFault {
    /// What is wrong.
    pub message: String,
    /// Bytes within the query.
    pub range: Range<usize>,
    /// The name that is not known, without its argument.
    pub name: String,
}

impl Telemetry {
    /// The names that stand between two `%`.
    pub fn placeholder_names(&self) -> impl Iterator<Item = &str> {
        self.selectors.iter().map(|selector| selector.name.as_ref()).chain(NAMES).chain([MILLISECONDS, RATE, WINDOW])
    }

    /// Every placeholder of a query that means nothing.
    #[must_use]
    pub fn query_faults(&self, query: &str) -> Vec<QueryFault> {
        placeholders(query)
            .filter_map(|found| {
                let selector = self.selectors.iter().find(|selector| selector.name == found.name);
                let takes =
                    selector.is_some_and(|selector| selector.of == Subject::Argument) || NAMES.contains(&found.name);
                let message = if !self.placeholder_names().any(|name| name == found.name) {
                    format!("there is no placeholder `%{}%`", found.name)
                } else if takes && found.argument.is_none() {
                    format!("`%{}%` needs a name: `%{}:…%`", found.name, found.name)
                } else if !takes && found.argument.is_some() {
                    format!("`%{}%` takes nothing behind a colon", found.name)
                } else {
                    return None;
                };
                Some(QueryFault { message, range: found.range, name: found.name.to_owned() })
            })
            .collect()
    }

    /// A query as the source takes it. A placeholder that means nothing stays; a checked catalog has none.
    #[must_use]
    pub fn expand(&self, query: &str, terms: Terms<'_>) -> String {
        let Terms { exporter, selection, rate_window, window } = terms;
        let mut text = String::with_capacity(query.len() + 64);
        let mut from = 0;
        for found in placeholders(query) {
            text.push_str(&query[from..found.range.start]);
            from = found.range.end;
            let argument = found.argument.unwrap_or_default();
            match found.name {
                "counter" if argument.ends_with(&*exporter.counter) => text.push_str(argument),
                "counter" => text.extend([argument, &exporter.counter]),
                "timer" => text.extend([argument, &exporter.timer]),
                "histogram" => text.extend([argument, &exporter.histogram]),
                MILLISECONDS if exporter.timer_in_seconds => text.push_str("1000 * "),
                MILLISECONDS => {}
                RATE => {
                    let _ = write!(text, "{rate_window}s");
                }
                WINDOW => {
                    let _ = write!(text, "{window}s");
                }
                name => match self.selectors.iter().find(|selector| selector.name == name) {
                    Some(selector) => selector.write(found.argument, exporter, selection, &mut text),
                    None => text.push_str(&query[found.range]),
                },
            }
        }
        text.push_str(&query[from..]);
        text
    }

    /// The exporter of this name.
    #[must_use]
    pub fn exporter(&self, name: &str) -> Option<&Exporter> {
        self.exporters.iter().find(|exporter| exporter.name == name)
    }
}

impl Selector {
    fn write(&self, argument: Option<&str>, exporter: &Exporter, selection: &Selection, text: &mut String) {
        let Some(value) = argument.or_else(|| selection.of(self.of)) else {
            text.push_str(&self.otherwise);
            return;
        };
        let value = if self.by_server && exporter.sanitised {
            value.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
        } else {
            value.to_owned()
        };
        let _ = write!(text, "{}=\"", self.label);
        for c in self.prefix.chars().chain(value.chars()) {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push_str("\",");
    }
}

/// What a query evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Values at instants.
    Gauge,
    /// Rates of counters.
    Rate,
    /// Quantiles of histograms.
    Quantile,
}

/// A metric of behaviour profiles.
#[derive(Debug)]
pub struct Metric {
    /// Its name; `name.service` where each service has its own value.
    pub name: Text,
    /// The category of a behaviour profile's telemetry that has it.
    pub section: Section,
    /// Its category, which decides the threshold of a change.
    pub category: Text,
    /// What it counts.
    pub unit: Text,
    /// Which direction is an improvement.
    pub better: Text,
    /// What it shows.
    pub summary: Text,
    /// A change of no more than this, in its unit, is noise.
    pub noise_floor: f64,
    /// What the query evaluates.
    pub reads: Reads,
    /// PromQL with placeholders.
    pub query: At<Text>,
    /// What it means when the query finds nothing.
    pub absent: Text,
    /// The key of the switch without which it does not apply.
    pub needs: Option<Text>,
    /// The metric that this one is the complement of.
    pub mirror_of: Option<Text>,
}
