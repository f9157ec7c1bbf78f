//! The rules that judge behaviour profiles, as files say them: the grammar and the raw records of `registry/correlations/`
//! and `registry/recommendations/`.

use super::decode::{Decoder, Row};
use super::records::text;
use super::shape::{Kind, Shape, may, must};
use crate::diag::{At, Code, Diagnostic, Span};
use crate::model::{Confidence, Scalar, Text, Turn};

/// `registry/correlations/*.toml`.
pub(super) static CORRELATIONS: Shape = Shape {
    name: "a correlation file",
    doc: "Which change of the configuration explains which movement of a metric.",
    fields: &[may("correlation", Kind::Tables(&CORRELATION), "The rules.")],
};

/// `[[correlation]]`.
static CORRELATION: Shape = Shape {
    name: "a correlation rule",
    doc: "A change of one value, and what it does to metrics; with no metric, a change that does nothing to any.",
    fields: &[
        must("name", Kind::Text, "Its name: lower-case letters, digits and hyphens."),
        must(
            "keys",
            Kind::Texts,
            "What changes, any one of them: parameters, or dynamic-config settings that are none.",
        ),
        must("moved", Kind::Word(Turn::WORDS), "Which way the value went."),
        may("when", Kind::Expr, "Holds of the newer configuration; `before.KEY` is the older one's value."),
        may("rise", Kind::Texts, "Metrics that go up with it."),
        may("fall", Kind::Texts, "Metrics that go down with it."),
        must("mechanism", Kind::Text, "How the one leads to the other."),
        must("confidence", Kind::Word(Confidence::WORDS), "How sure that is."),
        must("source", Kind::Text, "Where it is known from."),
        may("case", Kind::Tables(&CORRELATION_CASE), "Its own tests: at least one that fires and one that does not."),
    ],
};

/// `[[correlation.case]]`.
static CORRELATION_CASE: Shape = Shape {
    name: "a case of a correlation rule",
    doc: "A change and a movement, and whether the rule ties them together.",
    fields: &[
        must("note", Kind::Text, "What the case shows."),
        may("key", Kind::Text, "What changed; the first of the rule's keys when absent."),
        must("before", Kind::Scalar, "The older value."),
        must("after", Kind::Scalar, "The newer value."),
        may("preset", Kind::Text, "The preset of both configurations; the catalog's default when absent."),
        may("set", Kind::Values, "Values on top of all layers."),
        may("metric", Kind::Text, "The metric that was measured."),
        may("from", Kind::Number, "What it was, throughout the older window."),
        may("to", Kind::Number, "What it is, throughout the newer one."),
        must("outcome", Kind::Word(&["fires", "silent"]), "What the rule must do."),
    ],
};

/// `registry/recommendations/*.toml`.
pub(super) static RECOMMENDATION: Shape = Shape {
    name: "a recommendation rule",
    doc: "A symptom, and what to change where it shows; the file's stem is its name.",
    fields: &[
        must("summary", Kind::Text, "One sentence: what is wrong where it fires."),
        must("rationale", Kind::Text, "Why what it suggests helps."),
        must("source", Kind::Text, "Where that is known from."),
        must("confidence", Kind::Word(Confidence::WORDS), "How sure that is."),
        must("priority", Kind::Int, "The greater goes first, and wins where two would conflict."),
        may("group", Kind::Text, "Of the rules of one group only the one of the greatest priority is followed."),
        must("symptom", Kind::Table(&SYMPTOM), "When it fires."),
        may("suggest", Kind::Tables(&SUGGEST), "What to change: the first that compiles and changes something."),
        may("advice", Kind::Text, "What to do besides, or where nothing can be changed; a template."),
        may("case", Kind::Tables(&SYMPTOM_CASE), "Its own tests: at least one that fires and one that is silent."),
    ],
};

/// `[symptom]`.
static SYMPTOM: Shape = Shape {
    name: "a symptom",
    doc: "A condition over configuration and telemetry.",
    fields: &[
        may("applies", Kind::Expr, "The rule applies only while this holds of the configuration."),
        must(
            "when",
            Kind::Expr,
            "The symptom, over parameters, `metric.NAME.STATISTIC`, `gap.NAME`, `baseline.NAME.STATISTIC` and `before.KEY`.",
        ),
        must("evidence", Kind::Texts, "The metrics that show it, the most telling first."),
        must("message", Kind::Text, "What is seen, with the numbers; a template over what `when` may read."),
    ],
};

/// `[[suggest]]`.
static SUGGEST: Shape = Shape {
    name: "a suggestion",
    doc: "A change of the request that the configuration is compiled from.",
    fields: &[
        must("title", Kind::Text, "What to do, in words; a template."),
        may("when", Kind::Expr, "Suggested only while this holds."),
        may("preset", Kind::Text, "Another preset."),
        may("preset_for", Kind::Expr, "The preset whose throughput range has this many state transitions per second."),
        may("modifier", Kind::Text, "Another modifier."),
        may("set", Kind::Values, "Overrides by value."),
        may("derive", Kind::Exprs, "Overrides by expression, over what `when` may read."),
    ],
};

/// `[[case]]` of a recommendation rule.
static SYMPTOM_CASE: Shape = Shape {
    name: "a case of a recommendation rule",
    doc: "A configuration with its telemetry, and what the rule makes of it.",
    fields: &[
        must("note", Kind::Text, "What the case shows."),
        must("preset", Kind::Text, "The preset."),
        may("modifier", Kind::Text, "The modifier."),
        may("set", Kind::Values, "Values on top of all layers."),
        may(
            "observed",
            Kind::Values,
            "Metric, or metric.statistic → value; a metric of which nothing is said is a gap.",
        ),
        may("baseline", Kind::Values, "The same of the baseline; there is none when absent."),
        may("before", Kind::Values, "Parameter → value of the baseline, where it differs."),
        must(
            "outcome",
            Kind::Word(&["fires", "silent", "unknown"]),
            "What the rule must do; `unknown` is a gap where a value is needed.",
        ),
    ],
};

/// `[[correlation]]`.
pub(crate) struct RawCorrelation {
    pub(crate) name: At<Text>,
    pub(crate) keys: Vec<At<Text>>,
    pub(crate) moved: At<Turn>,
    pub(crate) when: Option<At<Text>>,
    pub(crate) rise: Vec<At<Text>>,
    pub(crate) fall: Vec<At<Text>>,
    pub(crate) mechanism: Text,
    pub(crate) confidence: Confidence,
    pub(crate) source: Text,
    pub(crate) cases: Vec<RawCorrelationCase>,
}

/// `[[correlation.case]]`.
pub(crate) struct RawCorrelationCase {
    pub(crate) span: Span,
    pub(crate) note: Text,
    pub(crate) key: Option<At<Text>>,
    pub(crate) before: At<Scalar>,
    pub(crate) after: At<Scalar>,
    pub(crate) preset: Option<At<Text>>,
    pub(crate) set: Vec<(At<Text>, At<Scalar>)>,
    pub(crate) metric: Option<At<Text>>,
    pub(crate) from: Option<f64>,
    pub(crate) to: Option<f64>,
    pub(crate) fires: At<bool>,
}

/// `registry/recommendations/<name>.toml`.
pub(crate) struct RawRecommendation {
    pub(crate) span: Span,
    pub(crate) summary: Text,
    pub(crate) rationale: Text,
    pub(crate) source: Text,
    pub(crate) confidence: Confidence,
    pub(crate) priority: i64,
    pub(crate) group: Option<Text>,
    pub(crate) applies: Option<At<Text>>,
    pub(crate) when: At<Text>,
    pub(crate) evidence: Vec<At<Text>>,
    pub(crate) message: At<Text>,
    pub(crate) suggestions: Vec<RawSuggest>,
    pub(crate) advice: Option<At<Text>>,
    pub(crate) cases: Vec<RawSymptomCase>,
}

/// `[[suggest]]`.
pub(crate) struct RawSuggest {
    pub(crate) span: Span,
    pub(crate) title: At<Text>,
    pub(crate) when: Option<At<Text>>,
    pub(crate) preset: Option<At<Text>>,
    pub(crate) preset_for: Option<At<Text>>,
    pub(crate) modifier: Option<At<Text>>,
    pub(crate) set: Vec<(At<Text>, At<Scalar>)>,
    pub(crate) derive: Vec<(At<Text>, At<Text>)>,
}

/// `[[case]]` of a recommendation rule.
pub(crate) struct RawSymptomCase {
    pub(crate) span: Span,
    pub(crate) note: Text,
    pub(crate) preset: At<Text>,
    pub(crate) modifier: Option<At<Text>>,
    pub(crate) set: Vec<(At<Text>, At<Scalar>)>,
    pub(crate) observed: Vec<(At<Text>, At<Scalar>)>,
    pub(crate) baseline: Option<Vec<(At<Text>, At<Scalar>)>>,
    pub(crate) before: Vec<(At<Text>, At<Scalar>)>,
    pub(crate) outcome: At<Text>,
}

pub(super) fn correlations(d: &mut Decoder<'_>, row: &Row<'_>, cases_wanted: bool) -> Vec<RawCorrelation> {
    d.tables(row, "correlation", |d, row| correlation(d, row, cases_wanted))
}

fn correlation(d: &mut Decoder<'_>, row: &Row<'_>, cases_wanted: bool) -> Option<RawCorrelation> {
    let (name, keys) = (d.text(row, "name"), d.texts(row, "keys"));
    let moved =
        d.word(row, "moved").and_then(|word| Some(At { value: Turn::from_word(&word.value)?, span: word.span }));
    let (when, rise, fall) = (d.text(row, "when"), d.texts(row, "rise"), d.texts(row, "fall"));
    let mechanism = text(d.text(row, "mechanism"));
    let confidence = d.word(row, "confidence").and_then(|word| Confidence::from_word(&word.value));
    let source = text(d.text(row, "source"));
    let cases = if cases_wanted { d.tables(row, "case", correlation_case) } else { Vec::new() };
    Some(RawCorrelation {
        name: name?,
        keys,
        moved: moved?,
        when,
        rise,
        fall,
        mechanism,
        confidence: confidence?,
        source,
        cases,
    })
}

fn correlation_case(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawCorrelationCase> {
    let (note, key) = (text(d.text(row, "note")), d.text(row, "key"));
    let (before, after) = (d.scalar(row, "before"), d.scalar(row, "after"));
    let (preset, set) = (d.text(row, "preset"), d.values(row, "set"));
    let metric = d.text(row, "metric");
    let (from, to) = (d.number(row, "from"), d.number(row, "to"));
    let outcome = d.word(row, "outcome");
    let together = [row.has("metric"), row.has("from"), row.has("to")];
    if together.contains(&true) && together.contains(&false) {
        d.report(
            Diagnostic::error(Code::MissingField, "`metric`, `from` and `to` belong together")
                .at(row.span, "not all three")
                .help("give all three, or none where the metrics do not matter"),
        );
    }
    Some(RawCorrelationCase {
        span: row.span,
        note,
        key,
        before: before?,
        after: after?,
        preset,
        set,
        metric,
        from: from.map(|at| at.value),
        to: to.map(|at| at.value),
        fires: outcome.map(|at| At { value: at.value == "fires", span: at.span })?,
    })
}

pub(super) fn recommendation(d: &mut Decoder<'_>, row: &Row<'_>, cases_wanted: bool) -> Option<RawRecommendation> {
    let (summary, rationale) = (text(d.text(row, "summary")), text(d.text(row, "rationale")));
    let source = text(d.text(row, "source"));
    let confidence = d.word(row, "confidence").and_then(|word| Confidence::from_word(&word.value));
    let (priority, group) = (d.int(row, "priority"), d.text(row, "group"));
    let symptom = d.table(row, "symptom");
    let (mut applies, mut when, mut evidence, mut message) = (None, None, Vec::new(), None);
    if let Some(symptom) = &symptom {
        applies = d.text(symptom, "applies");
        when = d.text(symptom, "when");
        evidence = d.texts(symptom, "evidence");
        message = d.text(symptom, "message");
    }
    let suggestions: Vec<RawSuggest> = d.tables(row, "suggest", suggest);
    let advice = d.text(row, "advice");
    if !row.has("suggest") && !row.has("advice") {
        d.report(
            Diagnostic::error(Code::MissingField, "a recommendation rule needs `[[suggest]]` or `advice`")
                .at(row.span, "says what is wrong, and not what to do")
                .help("suggest a change, or say in `advice` what to look at"),
        );
    }
    let cases = if cases_wanted { d.tables(row, "case", symptom_case) } else { Vec::new() };
    Some(RawRecommendation {
        span: row.span,
        summary,
        rationale,
        source,
        confidence: confidence?,
        priority: priority?.value,
        group: group.map(|at| at.value),
        applies,
        when: when?,
        evidence,
        message: message?,
        suggestions,
        advice,
        cases,
    })
}

fn suggest(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawSuggest> {
    let (title, when) = (d.text(row, "title"), d.text(row, "when"));
    let (preset, preset_for, modifier) = (d.text(row, "preset"), d.text(row, "preset_for"), d.text(row, "modifier"));
    let (set, derive) = (d.values(row, "set"), d.strings(row, "derive"));
    if let (Some(preset), Some(by)) = (&preset, &preset_for) {
        d.report(
            Diagnostic::error(Code::ConflictingFields, "a suggestion names a preset or computes one, not both")
                .at(by.span, "computed here")
                .and(preset.span, "named here")
                .help("keep one of the two"),
        );
    }
    Some(RawSuggest { span: row.span, title: title?, when, preset, preset_for, modifier, set, derive })
}

fn symptom_case(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawSymptomCase> {
    let note = text(d.text(row, "note"));
    let (preset, modifier) = (d.text(row, "preset"), d.text(row, "modifier"));
    let set = d.values(row, "set");
    let observed = d.values(row, "observed");
    let baseline = row.has("baseline").then(|| d.values(row, "baseline"));
    let before = d.values(row, "before");
    let outcome = d.word(row, "outcome");
    Some(RawSymptomCase {
        span: row.span,
        note,
        preset: preset?,
        modifier,
        set,
        observed,
        baseline,
        before,
        outcome: outcome?,
    })
}
