//! The telemetry of a window, asked of a source: every metric of the registry, measured or a gap with its reason.
//!
//! What a metric is asked with is data; here is only the order of things: which spelling the source speaks, whether the
//! names that were asked for exist there, then all metrics at once, with a bound. A query that fails hides no other.

use crate::catalog::telemetry::{Exporter, Probe, Reads, Selection, Subject, Telemetry, Terms};
use crate::catalog::{Catalog, Metric, Redaction};
use crate::model::behaviour::{Collection, GapState, MetricAggregate, Statistics, TelemetrySummary, Timestamp, Window};
use crate::prometheus::{Answer, Labelled, Prometheus, SourceError};
use crate::telemetry::{self, Plan, aggregate, plan};
use futures_util::{StreamExt as _, stream};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// The most names that a message lists.
const LISTED: usize = 20;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The window.
    pub window: Window,
    /// Whose telemetry.
    pub selection: Selection,
    /// How the source's exporter writes names; found out where there is none.
    pub exporter: Option<String>,
    /// Seconds between two scrapes; the registry's where there is none.
    pub scrape_interval: Option<u32>,
    /// When it is asked for: what the caller's clock says.
    pub at: Timestamp,
}

/// Why there is no telemetry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// The source is down, or lets nobody in.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is no exporter of this name.
    #[error("there is no exporter `{name}`; there are {}", .known.join(", "))]
    UnknownExporter {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The source knows others, but not this one: its zeros would be made up.
    #[error("the source has no {} `{name}` in this window; it has {}", .subject.words(), listed(.known))]
    NotThere {
        /// What it would be.
        subject: Subject,
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    let mut text: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    if names.len() > LISTED {
        text.push(format!("{} more", names.len() - LISTED));
    }
    text.join(", ")
}

/// Reads every metric. `switch` says whether a parameter of type bool is on, where that is known.
///
/// # Errors
///
/// See [`CollectError`]; the failure of single queries is no error but a gap.
pub async fn collect(
    catalog: &Catalog,
    source: &Prometheus,
    wanted: &Wanted,
    switch: impl Fn(&str) -> Option<bool>,
) -> Result<TelemetrySummary, CollectError> {
    let telemetry = &catalog.telemetry;
    let window = telemetry::Window { start: seconds(wanted.window.start()), end: seconds(wanted.window.end()) };
    let ask = Asking { telemetry, source, window, redaction: &catalog.redaction };
    let mut warnings = Vec::new();
    warnings.extend(unsettled(telemetry, wanted));
    let exporter = ask.exporter(wanted.exporter.as_deref(), &mut warnings).await?;
    let selection = ask.prove(exporter, wanted.selection.clone(), &mut warnings).await?;

    let scrape = wanted.scrape_interval.unwrap_or(telemetry.window.scrape_interval).max(1);
    let plan_of = |reads| plan(&telemetry.window, window, scrape, reads);
    let mut found: HashMap<&str, MetricAggregate> = HashMap::with_capacity(catalog.metrics.len());
    let mut queries = Vec::with_capacity(catalog.metrics.len());
    for metric in &catalog.metrics {
        match metric.needs.as_deref().filter(|key| switch(key) == Some(false)) {
            Some(key) => {
                let reason = format!("`{key}` is off");
                found.insert(&metric.name, MetricAggregate::gap(GapState::NotApplicable, reason));
            }
            None => {
                let plan = plan_of(metric.reads);
                let terms =
                    Terms { exporter, selection: &selection, rate_window: plan.rate_window, window: window.length() };
                let query = telemetry.expand(&metric.query.value, terms);
                queries.push((metric, plan, query));
            }
        }
    }
    let answers = ask.all(queries.iter().map(|(_, plan, query)| (query.clone(), *plan)).collect()).await;
    if let Some(fault) = down(&answers) {
        return Err(fault.clone().into());
    }
    let mut coverage = BTreeMap::new();
    for ((metric, plan, _), answer) in queries.iter().zip(answers) {
        let aggregate = match answer {
            Err(fault) => MetricAggregate::gap(GapState::Failed, fault.to_string()),
            Ok(answer) => measured(metric, *plan, answer, telemetry, &mut coverage, &mut warnings),
        };
        found.insert(&metric.name, aggregate);
    }
    let names = catalog.metrics.iter().map(|metric| (metric.section, metric.name.as_ref()));
    let mut summary = TelemetrySummary::complete(names, |_, name| {
        found.remove(name).unwrap_or_else(|| MetricAggregate::gap(GapState::Failed, "it was not asked for"))
    });
    // Names that were asked for stand in them.
    warnings.iter_mut().for_each(|warning| *warning = ask.masked(warning));
    let (gauges, rates) = (plan_of(Reads::Gauge), plan_of(Reads::Rate));
    summary.collection = Some(Collection {
        exporter: exporter.name.to_string(),
        scrape_interval_sec: scrape,
        gauge_step_sec: gauges.step,
        rate_step_sec: rates.step,
        rate_window_sec: rates.rate_window,
        partial: coverage,
        warnings,
    });
    Ok(summary)
}

fn seconds(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(1_000_000)
}

/// A remark where the window ends so late that its last samples may still be on their way.
fn unsettled(telemetry: &Telemetry, wanted: &Wanted) -> Option<String> {
    let (end, at, settle) = (wanted.window.end(), wanted.at, telemetry.window.settle);
    let settled = at.before(Duration::from_secs(u64::from(settle)));
    end.since(settled).map(|_| {
        format!("the window ends at {end} and was read at {at}: samples may take {settle} s to arrive, so its end may be incomplete")
    })
}

/// The fault of the source, where no query was answered and one failed for it.
fn down(answers: &[Result<Answer, SourceError>]) -> Option<&SourceError> {
    let mut faults = answers.iter().map(|answer| answer.as_ref().err());
    if answers.is_empty() || answers.iter().any(Result::is_ok) {
        return None;
    }
    faults.find_map(|fault| fault.filter(|fault| fault.is_of_source()))
}

/// What the samples of a metric come to.
fn measured(
    metric: &Metric,
    plan: Plan,
    answer: Answer,
    telemetry: &Telemetry,
    coverage: &mut BTreeMap<String, f64>,
    warnings: &mut Vec<String>,
) -> MetricAggregate {
    for warning in answer.warnings {
        let warning = format!("{}: {warning}", metric.name);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    let statistics = aggregate(&answer.samples).and_then(|found| {
        let share = found.values as f64 / plan.steps().max(1) as f64;
        if share < telemetry.window.coverage_floor {
            coverage.insert(metric.name.to_string(), share);
        }
        Statistics::new([found.min, found.max, found.mean, found.p50, found.p95, found.p99]).ok()
    });
    match statistics {
        Some(statistics) => MetricAggregate::Measured(statistics),
        None => MetricAggregate::gap(GapState::Absent, metric.absent.clone()),
    }
}

/// Whether a probe has found something.
fn is_there(answer: &[Labelled]) -> bool {
    answer.iter().any(|series| series.value > 0.0)
}

struct Asking<'a> {
    telemetry: &'a Telemetry,
    source: &'a Prometheus,
    window: telemetry::Window,
    /// Whatever the source says may hold a secret: its words end in profiles, answers and logs.
    redaction: &'a Redaction,
}

impl<'a> Asking<'a> {
    /// Asks for ranges, so many at once as the source allows; answers in the order of the queries.
    async fn all(&self, queries: Vec<(String, Plan)>) -> Vec<Result<Answer, SourceError>> {
        let asked = stream::iter(queries).map(|(query, plan)| async move {
            let mut answer = self.source.range(&query, plan).await.map_err(|fault| self.shown(fault))?;
            answer.warnings.iter_mut().for_each(|warning| *warning = self.masked(warning));
            Ok(answer)
        });
        asked.buffered(self.source.concurrency()).collect().await
    }

    /// Asks for the values at the end of the window.
    async fn instants(&self, queries: Vec<String>) -> Vec<Result<Vec<Labelled>, SourceError>> {
        let asked = stream::iter(queries).map(|query| async move { self.instant(&query).await });
        asked.buffered(self.source.concurrency()).collect().await
    }

    async fn instant(&self, query: &str) -> Result<Vec<Labelled>, SourceError> {
        self.source.instant(query, self.window.end).await.map_err(|fault| self.shown(fault))
    }

    fn shown(&self, fault: SourceError) -> SourceError {
        fault.shown(|text| self.masked(&text))
    }

    fn masked(&self, text: &str) -> String {
        self.redaction.masked(text).into_owned()
    }

    /// The exporter whose spelling the source speaks: the one that was named, else the first that is found.
    async fn exporter(&self, named: Option<&str>, warnings: &mut Vec<String>) -> Result<&'a Exporter, CollectError> {
        let exporters = &self.telemetry.exporters;
        let unknown = |name: &str| CollectError::UnknownExporter {
            name: name.to_owned(),
            known: exporters.iter().map(|exporter| exporter.name.to_string()).collect(),
        };
        if let Some(name) = named {
            return self.telemetry.exporter(name).ok_or_else(|| unknown(name));
        }
        let first = exporters.first().ok_or_else(|| unknown("any"))?;
        let plain = |query: &str| self.expand(query, first, &Selection::default());
        let answers = self.instants(exporters.iter().map(|exporter| plain(&exporter.detect)).collect()).await;
        if answers.iter().all(Result::is_err)
            && let Some(fault) = answers.iter().find_map(|answer| answer.as_ref().err())
        {
            return Err(fault.clone().into());
        }
        let speaks = |answer: &Result<Vec<_>, _>| answer.as_ref().is_ok_and(|series| !series.is_empty());
        Ok(match exporters.iter().zip(&answers).find(|(_, answer)| speaks(answer)) {
            Some((exporter, _)) => exporter,
            None => {
                warnings.push(format!(
                    "the source has none of the server's own metrics in this window; their names are taken to be those of `{}`",
                    first.name
                ));
                first
            }
        })
    }

    /// Proves that the names that are asked for exist at the source; what is looked for by then.
    async fn prove(
        &self,
        exporter: &Exporter,
        mut selection: Selection,
        warnings: &mut Vec<String>,
    ) -> Result<Selection, CollectError> {
        'selection: loop {
            for probe in self.unfound(exporter, &selection).await? {
                let name = selection.of(probe.of).unwrap_or_default().to_owned();
                let values = self.expand(&probe.values, exporter, &selection);
                let there = self.instant(&values).await?;
                let names = there.into_iter().flat_map(|series| series.labels.into_values());
                let mut known: Vec<String> = names.map(|name| self.masked(&name)).collect();
                known.sort();
                known.dedup();
                if !known.is_empty() {
                    return Err(CollectError::NotThere { subject: probe.of, name: self.masked(&name), known });
                }
                // A source of one cluster need not say which: its series may have no such label at all.
                let without = Selection { cluster: None, ..selection.clone() };
                let plain = self.expand(&probe.query, exporter, &without);
                if probe.of == Subject::Cluster && is_there(&self.instant(&plain).await?) {
                    warnings.push(format!("no series of the source names a cluster: all are taken to be of `{name}`"));
                    selection = without;
                    continue 'selection;
                }
                warnings.push(format!(
                    "nothing at the source proves that the {} `{name}` exists: it has no series that would name it",
                    probe.of.words()
                ));
            }
            return Ok(selection);
        }
    }

    /// The probes that find nothing of what is looked for.
    async fn unfound(&self, exporter: &Exporter, selection: &Selection) -> Result<Vec<&'a Probe>, SourceError> {
        let asked: Vec<_> = self.telemetry.probes.iter().filter(|probe| selection.of(probe.of).is_some()).collect();
        let queries = asked.iter().map(|probe| self.expand(&probe.query, exporter, selection)).collect();
        let answers = self.instants(queries).await;
        let mut unfound = Vec::new();
        for (probe, answer) in asked.into_iter().zip(answers) {
            if !is_there(&answer?) {
                unfound.push(probe);
            }
        }
        Ok(unfound)
    }

    /// A query over the window as a whole.
    fn expand(&self, query: &str, exporter: &Exporter, selection: &Selection) -> String {
        let window = self.window.length();
        self.telemetry.expand(query, Terms { exporter, selection, rate_window: window, window })
    }
}
