//! `registry/thresholds.toml`: its grammar and its records.

use super::decode::{Decoder, Row};
use super::shape::{Kind, Shape, may, must};
use crate::diag::{At, Span};
use crate::model::Text;
use crate::model::behaviour::Statistics;

/// `registry/thresholds.toml`.
pub(crate) static THRESHOLDS: Shape = Shape {
    name: "the threshold file",
    doc: "When a change of a metric counts, and how much it matters.",
    fields: &[
        must("tail", Kind::Word(&Statistics::NAMES), "The statistic of the bad minutes, judged beside the mean."),
        must("critical_floors", Kind::Number, "A critical change is also larger than so many noise floors."),
        must("source", Kind::Text, "Where the figures come from."),
        must("category", Kind::Tables(&CATEGORY), "The categories that metrics name."),
        may("case", Kind::Tables(&CHANGE_CASE), "The figures' own tests."),
    ],
};

/// `[[category]]`.
pub(crate) static CATEGORY: Shape = Shape {
    name: "a category",
    doc: "Metrics that one threshold judges.",
    fields: &[
        must("name", Kind::Text, "Its name."),
        must("threshold_pct", Kind::Number, "A change of no more than this, in percent of what was, does not count."),
        must("critical_times", Kind::Number, "A change of more than so many thresholds is critical."),
        must("summary", Kind::Text, "What its metrics have in common."),
        must("source", Kind::Text, "Where the figures come from."),
    ],
};

/// `[[case]]` of `registry/thresholds.toml`.
pub(crate) static CHANGE_CASE: Shape = Shape {
    name: "a case",
    doc: "A change with the verdict that it must have.",
    fields: &[
        must("note", Kind::Text, "What it shows."),
        must("metric", Kind::Text, "The metric."),
        must("old", Kind::Number, "What it was."),
        must("new", Kind::Number, "What it is."),
        must("is", Kind::Word(&["improved", "regressed", "unchanged"]), "The direction."),
        must("severity", Kind::Word(&["info", "warning", "critical"]), "How much it matters."),
    ],
};

/// `registry/thresholds.toml`.
pub(crate) struct RawThresholds {
    pub(crate) tail: At<Text>,
    pub(crate) critical_floors: At<f64>,
    pub(crate) categories: Vec<RawCategory>,
    pub(crate) cases: Vec<RawChangeCase>,
}

/// `[[category]]`.
pub(crate) struct RawCategory {
    pub(crate) name: At<Text>,
    pub(crate) threshold_pct: At<f64>,
    pub(crate) critical_times: At<f64>,
    pub(crate) summary: Text,
}

/// `[[case]]`.
pub(crate) struct RawChangeCase {
    pub(crate) span: Span,
    pub(crate) note: Text,
    pub(crate) metric: At<Text>,
    pub(crate) old: f64,
    pub(crate) new: f64,
    pub(crate) is: At<Text>,
    pub(crate) severity: At<Text>,
}

pub(super) fn thresholds(d: &mut Decoder<'_>, row: &Row<'_>, cases: bool) -> Option<RawThresholds> {
    let (tail, critical_floors) = (d.word(row, "tail"), d.number(row, "critical_floors"));
    d.text(row, "source");
    let categories = d.tables(row, "category", category);
    let cases = if cases { d.tables(row, "case", case) } else { Vec::new() };
    Some(RawThresholds { tail: tail?, critical_floors: critical_floors?, categories, cases })
}

fn category(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawCategory> {
    let name = d.text(row, "name");
    let (threshold_pct, critical_times) = (d.number(row, "threshold_pct"), d.number(row, "critical_times"));
    let summary = d.text(row, "summary").map(|at| at.value).unwrap_or_default();
    d.text(row, "source");
    Some(RawCategory { name: name?, threshold_pct: threshold_pct?, critical_times: critical_times?, summary })
}

fn case(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawChangeCase> {
    let (note, metric) = (d.text(row, "note"), d.text(row, "metric"));
    let (old, new) = (d.number(row, "old"), d.number(row, "new"));
    let (is, severity) = (d.word(row, "is"), d.word(row, "severity"));
    Some(RawChangeCase {
        span: row.span,
        note: note?.value,
        metric: metric?,
        old: old?.value,
        new: new?.value,
        is: is?,
        severity: severity?,
    })
}
