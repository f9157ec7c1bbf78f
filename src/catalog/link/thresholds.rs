//! Links the thresholds: categories that are there, figures that make sense, cases of metrics that exist.

use super::Linker;
use crate::catalog::thresholds::{Category, ChangeCase, Thresholds};
use crate::diag::{At, Code, Diagnostic, Span, nearest};
use crate::loader::records::RawMetric;
use crate::loader::thresholds::{RawCategory, RawChangeCase, RawThresholds};
use crate::model::Text;
use crate::model::behaviour::{DiffSeverity, Direction};
use std::collections::BTreeMap;

impl Linker<'_> {
    /// The figures, with the categories of the metrics held against them.
    pub(super) fn thresholds(&mut self, raw: Option<RawThresholds>, metrics: &[RawMetric]) -> Thresholds {
        let Some(raw) = raw else {
            if !metrics.is_empty() {
                self.diags.push(
                    Diagnostic::error(Code::MissingField, "the catalog has metrics and no `registry/thresholds.toml`")
                        .help("`tdsql init DIR` writes a complete catalog out"),
                );
            }
            return Thresholds::default();
        };
        let categories = self.categories(raw.categories);
        if raw.critical_floors.value < 1.0 {
            self.figure(raw.critical_floors.span, "a critical change is larger than one noise floor at least");
        }
        for metric in metrics.iter().filter(|metric| !categories.contains_key(&metric.category.value)) {
            let category = &metric.category;
            let help = match nearest(&category.value, categories.keys().map(AsRef::as_ref)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("categories: {}", categories.keys().cloned().collect::<Vec<_>>().join(", ")),
            };
            self.diags.push(
                Diagnostic::error(Code::InvalidValue, format!("there is no category `{}`", category.value))
                    .at(category.span, "not in registry/thresholds.toml")
                    .help(help),
            );
        }
        let known = |name: &str| metrics.iter().any(|metric| metric.name.value == name);
        let cases = raw.cases.into_iter().filter_map(|case| self.change_case(case, known, metrics)).collect();
        Thresholds { tail: raw.tail.value, critical_floors: raw.critical_floors.value, categories, cases }
    }

    fn categories(&mut self, raw: Vec<RawCategory>) -> BTreeMap<Text, Category> {
        let mut categories: BTreeMap<Text, Category> = BTreeMap::new();
        for raw in raw {
            if raw.threshold_pct.value < 0.0 {
                self.figure(raw.threshold_pct.span, "a threshold is not negative");
            }
            if raw.critical_times.value < 1.0 {
                self.figure(raw.critical_times.span, "a critical change is larger than one threshold at least");
            }
            let span = raw.name.span;
            if let Some(first) = categories.get(&raw.name.value) {
                self.diags.push(
                    Diagnostic::error(
                        Code::DuplicateKey,
                        format!("the category `{}` is defined twice", raw.name.value),
                    )
                    .at(span, "defined again here")
                    .and(first.span, "first defined here")
                    .help("keep one of them"),
                );
                continue;
            }
            let category = Category {
                threshold_pct: raw.threshold_pct.value,
                critical_times: raw.critical_times.value,
                summary: raw.summary,
                span,
            };
            categories.insert(raw.name.value, category);
        }
        categories
    }

    fn change_case(
        &mut self,
        raw: RawChangeCase,
        known: impl Fn(&str) -> bool,
        metrics: &[RawMetric],
    ) -> Option<ChangeCase> {
        if !known(&raw.metric.value) {
            let help = match nearest(&raw.metric.value, metrics.iter().map(|metric| metric.name.value.as_ref())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "metrics are defined in registry/metrics/".to_owned(),
            };
            self.diags.push(
                Diagnostic::error(Code::UnknownMetric, format!("there is no metric `{}`", raw.metric.value))
                    .at(raw.metric.span, "unknown metric")
                    .help(help),
            );
            return None;
        }
        Some(ChangeCase {
            note: raw.note,
            metric: raw.metric,
            old: raw.old,
            new: raw.new,
            is: At { value: Direction::from_word(&raw.is.value)?, span: raw.is.span },
            severity: At { value: DiffSeverity::from_word(&raw.severity.value)?, span: raw.severity.span },
            span: raw.span,
        })
    }

    fn figure(&mut self, span: Span, message: &str) {
        self.diags
            .push(Diagnostic::error(Code::InvalidValue, message).at(span, "this value").help("write a larger number"));
    }
}
