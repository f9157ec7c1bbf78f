//! Links metrics and how they are asked for: names that exist, placeholders that mean something, limits that make sense.

use super::Linker;
use crate::catalog::telemetry::{Exporter, Metric, Probe, Reads, Selector, Subject, Telemetry, WindowRules};
use crate::diag::{At, Code, Diagnostic, nearest};
use crate::loader::records::{RawMetric, RawTelemetry, RawWindow};
use crate::model::behaviour::Section;
use crate::model::{Text, ValueType};
use std::collections::HashMap;

impl Linker<'_> {
    pub(super) fn metrics(&mut self, raw: Vec<RawMetric>) -> Vec<Metric> {
        let raw = self.named_once(raw);
        let names = raw.iter().map(|metric| (metric.name.value.clone(), metric.name.span)).collect();
        raw.into_iter().map(|metric| self.metric(metric, &names)).collect()
    }

    fn metric(&mut self, raw: RawMetric, names: &HashMap<Text, crate::diag::Span>) -> Metric {
        if raw.noise_floor.value < 0.0 {
            self.invalid(raw.noise_floor.span, "a noise floor is not negative", "write 0 where every change counts");
        }
        if let Some(other) = &raw.mirror_of
            && (!names.contains_key(&other.value) || other.value == raw.name.value)
        {
            let help =
                match nearest(&other.value, names.keys().map(AsRef::as_ref).filter(|name| *name != raw.name.value)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name another metric of registry/metrics/".to_owned(),
                };
            self.diags.push(
                Diagnostic::error(Code::UnknownMetric, format!("there is no other metric `{}`", other.value))
                    .at(other.span, "unknown metric")
                    .help(help),
            );
        }
        let needs = raw.needs.and_then(|key| {
            let id = self.resolve(&key)?;
            if self.keys.type_of(id) != ValueType::Bool {
                self.invalid(key.span, "only a switch can be needed", "name a parameter of type bool");
            }
            Some(key.value)
        });
        Metric {
            name: raw.name.value,
            // An unknown one was told where it was read.
            section: Section::named(&raw.section).unwrap_or(Section::Throughput),
            category: raw.category.value,
            unit: raw.unit,
            better: raw.better,
            summary: raw.summary,
            noise_floor: raw.noise_floor.value,
            reads: match raw.reads.as_ref() {
                "gauge" => Reads::Gauge,
                "rate" => Reads::Rate,
                _ => Reads::Quantile,
            },
            query: raw.query,
            absent: raw.absent,
            needs,
            mirror_of: raw.mirror_of.map(|at| at.value),
        }
    }

    /// What is wanted of telemetry, with every query of the metrics checked against it.
    pub(super) fn telemetry(&mut self, raw: Option<RawTelemetry>, metrics: &[Metric]) -> Telemetry {
        let Some(raw) = raw else { return Telemetry::default() };
        let selectors = raw
            .selectors
            .into_iter()
            .map(|raw| Selector {
                name: raw.name.value,
                label: raw.label,
                of: Subject::from_word(&raw.of).unwrap_or(Subject::Argument),
                by_server: raw.written_by == "server",
                prefix: raw.prefix,
                otherwise: raw.otherwise,
            })
            .collect();
        let mut queries: Vec<At<Text>> = metrics.iter().map(|metric| metric.query.clone()).collect();
        let mut names = HashMap::new();
        let mut exporters = Vec::new();
        for raw in raw.exporters {
            if let Some(first) = names.insert(raw.name.value.clone(), raw.name.span) {
                self.diags.push(
                    Diagnostic::error(
                        Code::DuplicateKey,
                        format!("the exporter `{}` is defined twice", raw.name.value),
                    )
                    .at(raw.name.span, "defined again here")
                    .and(first, "first defined here")
                    .help("keep one of them"),
                );
            }
            exporters.push(Exporter {
                name: raw.name.value,
                summary: raw.summary,
                counter: raw.counter,
                timer: raw.timer,
                histogram: raw.histogram,
                timer_in_seconds: raw.timer_unit == "s",
                sanitised: raw.sanitised,
                detect: raw.detect.value,
            });
        }
        let mut probes = Vec::new();
        for raw in raw.probes {
            queries.extend([raw.query.clone(), raw.values.clone()]);
            probes.push(Probe {
                of: Subject::from_word(&raw.of).unwrap_or(Subject::Cluster),
                query: raw.query.value,
                values: raw.values.value,
            });
        }
        let window = raw.window.map(|raw| self.window(&raw)).unwrap_or_default();
        let telemetry = Telemetry { window, selectors, exporters, probes };
        for query in &queries {
            for fault in telemetry.query_faults(&query.value) {
                let help = match nearest(&fault.name, telemetry.placeholder_names()) {
                    Some(near) if near != fault.name => format!("did you mean `%{near}%`?"),
                    _ => "placeholders are defined in registry/telemetry.toml".to_owned(),
                };
                self.diags.push(
                    Diagnostic::error(Code::InvalidValue, fault.message)
                        .at(query.span.of(&query.value, Some(fault.range)), "in this query")
                        .help(help),
                );
            }
        }
        telemetry
    }

    fn window(&mut self, raw: &RawWindow) -> WindowRules {
        let mut seconds = |at: &At<i64>, least: i64| match u32::try_from(at.value) {
            Ok(value) if at.value >= least => value,
            _ => {
                self.invalid(at.span, &format!("this is at least {least}"), "write a whole number of a sensible size");
                1
            }
        };
        let rules = WindowRules {
            scrape_interval: seconds(&raw.scrape_interval_sec, 1),
            rate_scrapes: seconds(&raw.rate_scrapes, 2),
            rate_at_least: seconds(&raw.rate_at_least_sec, 1),
            most_steps: seconds(&raw.most_steps, 1),
            steps: seconds(&raw.steps, 1),
            coverage_floor: raw.coverage_floor.value,
            settle: seconds(&raw.settle_sec, 0),
        };
        if !(0.0..=1.0).contains(&rules.coverage_floor) {
            self.invalid(raw.coverage_floor.span, "a share is between 0 and 1", "write 0.8 for 80 percent");
        }
        rules
    }

    fn invalid(&mut self, span: crate::diag::Span, message: &str, help: &str) {
        self.diags.push(Diagnostic::error(Code::InvalidValue, message).at(span, "this value").help(help));
    }
}
