//! Raw records: what each kind of file says, located, with no name resolved yet.

use super::decode::Decoder;
use super::decode::Row;
use crate::diag::{At, Code, Diagnostic, Span};
use crate::expr::Formula;
use crate::model::{Channel, Class, Effect, Scalar, Severity, Text, Unit, ValueType};
use semver::{Version, VersionReq};

/// A version line: its name and the versions in it.
pub(crate) struct RawLine {
    pub(crate) name: Text,
    pub(crate) range: At<Text>,
}

/// `[temporal]`, `[plugin]`.
pub(crate) struct RawTarget {
    pub(crate) default: At<Version>,
    pub(crate) supported: At<VersionReq>,
    pub(crate) lines: Vec<RawLine>,
}

/// `registry/registry.toml`.
pub(crate) struct RawRegistry {
    pub(crate) format: At<i64>,
    pub(crate) default_preset: At<Text>,
    pub(crate) surfaced_limit: At<i64>,
    pub(crate) temporal: RawTarget,
    pub(crate) plugin: RawTarget,
    pub(crate) highlights: Vec<At<Text>>,
    pub(crate) variable_prefixes: Vec<At<Text>>,
}

/// One group of parameters.
pub(crate) struct RawGroup {
    pub(crate) title: Text,
    pub(crate) order: i64,
    pub(crate) parameters: Vec<RawParameter>,
}

/// A value or an expression.
pub(crate) enum RawRule {
    /// A value.
    Set(At<Scalar>),
    /// An expression; the place is that of its characters.
    Derive(At<Formula>),
}

/// `[[parameter]]`.
pub(crate) struct RawParameter {
    pub(crate) span: Span,
    pub(crate) key: At<Text>,
    pub(crate) class: Class,
    pub(crate) value_type: ValueType,
    pub(crate) unit: Option<Unit>,
    pub(crate) rule: RawRule,
    pub(crate) min: Option<At<Scalar>>,
    pub(crate) max: Option<At<Scalar>>,
    pub(crate) allowed: Option<At<Vec<At<Scalar>>>>,
    pub(crate) when: Option<At<Formula>>,
    pub(crate) nullable: bool,
    pub(crate) locked: bool,
    pub(crate) immutable: bool,
    pub(crate) temporal: Option<At<VersionReq>>,
    pub(crate) plugin: Option<At<VersionReq>>,
    pub(crate) outputs: Vec<(Channel, At<Text>)>,
    pub(crate) fallback: Option<Text>,
    pub(crate) images: Vec<At<Text>>,
    pub(crate) effect: Option<Effect>,
    pub(crate) summary: Text,
    pub(crate) rationale: Text,
    pub(crate) source: Text,
}

/// `[set]`, `[derive]` and `[because]` of a preset or a modifier.
pub(crate) struct RawLayer {
    pub(crate) description: Text,
    pub(crate) rationale: Text,
    pub(crate) set: Vec<(At<Text>, At<Scalar>)>,
    pub(crate) derive: Vec<(At<Text>, At<Formula>)>,
    pub(crate) because: Vec<(At<Text>, At<Text>)>,
}

/// `[[expect]]`.
pub(crate) struct RawExpect {
    pub(crate) span: Span,
    pub(crate) metric: At<Text>,
    pub(crate) aggregate: Text,
    pub(crate) at_least: Option<At<Formula>>,
    pub(crate) at_most: Option<At<Formula>>,
}

/// `presets/<name>.toml`.
pub(crate) struct RawPreset {
    pub(crate) layer: RawLayer,
    pub(crate) extends: Option<At<Text>>,
    pub(crate) min_throughput: f64,
    pub(crate) max_throughput: Option<f64>,
    pub(crate) throughput: Text,
    pub(crate) expect: Vec<RawExpect>,
}

/// `[[case]]`.
pub(crate) struct RawCase {
    pub(crate) span: Span,
    pub(crate) note: Text,
    pub(crate) preset: At<Text>,
    pub(crate) modifier: Option<At<Text>>,
    pub(crate) set: Vec<(At<Text>, At<Scalar>)>,
    pub(crate) temporal: Option<Version>,
    pub(crate) plugin: Option<Version>,
    pub(crate) fires: At<bool>,
}

/// `registry/rails/<name>.toml`.
pub(crate) struct RawRail {
    pub(crate) severity: Severity,
    pub(crate) summary: Text,
    pub(crate) rationale: Text,
    pub(crate) source: Text,
    pub(crate) steps: Vec<(At<Text>, At<Formula>)>,
    pub(crate) when: Option<At<Formula>>,
    pub(crate) require: At<Formula>,
    pub(crate) message: At<Text>,
    pub(crate) help: At<Text>,
    pub(crate) parameters: Vec<At<Text>>,
    pub(crate) cases: Vec<RawCase>,
    /// The file's head, for what concerns the rail as a whole.
    pub(crate) span: Span,
}

/// `[[metric]]`.
pub(crate) struct RawMetric {
    pub(crate) name: At<Text>,
    pub(crate) section: Text,
    pub(crate) category: At<Text>,
    pub(crate) unit: Text,
    pub(crate) better: Text,
    pub(crate) summary: Text,
    pub(crate) noise_floor: At<f64>,
    pub(crate) reads: Text,
    pub(crate) query: At<Text>,
    pub(crate) absent: Text,
    pub(crate) needs: Option<At<Text>>,
    pub(crate) mirror_of: Option<At<Text>>,
}

/// `registry/telemetry.toml`.
pub(crate) struct RawTelemetry {
    pub(crate) window: Option<RawWindow>,
    pub(crate) selectors: Vec<RawSelector>,
    pub(crate) exporters: Vec<RawExporter>,
    pub(crate) probes: Vec<RawProbe>,
}

/// `[window]`.
pub(crate) struct RawWindow {
    pub(crate) scrape_interval_sec: At<i64>,
    pub(crate) rate_scrapes: At<i64>,
    pub(crate) rate_at_least_sec: At<i64>,
    pub(crate) most_steps: At<i64>,
    pub(crate) steps: At<i64>,
    pub(crate) coverage_floor: At<f64>,
    pub(crate) settle_sec: At<i64>,
}

/// `[[selector]]`.
pub(crate) struct RawSelector {
    pub(crate) name: At<Text>,
    pub(crate) label: Text,
    pub(crate) of: Text,
    pub(crate) written_by: Text,
    pub(crate) prefix: Text,
    pub(crate) otherwise: Text,
}

/// `[[exporter]]`.
pub(crate) struct RawExporter {
    pub(crate) name: At<Text>,
    pub(crate) summary: Text,
    pub(crate) counter: Text,
    pub(crate) timer: Text,
    pub(crate) histogram: Text,
    pub(crate) timer_unit: Text,
    pub(crate) sanitised: bool,
    pub(crate) detect: At<Text>,
}

/// `[[probe]]`.
pub(crate) struct RawProbe {
    pub(crate) of: Text,
    pub(crate) query: At<Text>,
    pub(crate) values: At<Text>,
}

/// `[[variable]]`.
pub(crate) struct RawVariable {
    pub(crate) name: At<Text>,
    pub(crate) kind: Text,
    pub(crate) summary: Text,
    pub(crate) required: bool,
    pub(crate) default: Option<Text>,
    pub(crate) placeholder: Option<At<Text>>,
    pub(crate) images: Vec<At<Text>>,
}

/// A setting that servers register.
#[derive(Debug, Clone)]
pub(crate) struct RawSetting {
    pub(crate) key: At<Text>,
    pub(crate) value_type: Text,
    pub(crate) precedence: Option<At<Text>>,
    pub(crate) default: Option<Text>,
    pub(crate) defaults: Vec<(Text, Text)>,
    pub(crate) lines: Option<Vec<Text>>,
    pub(crate) caution: Option<Text>,
    pub(crate) fields: Option<Vec<Text>>,
}

/// A prefix of settings.
#[derive(Debug, Clone)]
pub(crate) struct RawPrefix {
    pub(crate) prefix: Text,
    pub(crate) lines: Option<Vec<Text>>,
    pub(crate) note: Option<Text>,
}

/// A constraint of entries.
#[derive(Debug, Clone)]
pub(crate) struct RawConstraint {
    pub(crate) name: Text,
    pub(crate) takes: Text,
    pub(crate) words: Option<Vec<Text>>,
}

/// `registry/settings/*.toml`.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawSettings {
    pub(crate) settings: Vec<RawSetting>,
    pub(crate) prefixes: Vec<RawPrefix>,
    pub(crate) constraints: Vec<RawConstraint>,
    /// Precedence → sets of constraints.
    pub(crate) precedences: Vec<(Text, Vec<At<Text>>)>,
    /// Key of the static configuration → where it belongs.
    pub(crate) statics: Vec<(Text, Text)>,
}

impl RawSettings {
    /// Takes what another file of settings says.
    pub(crate) fn extend(&mut self, more: RawSettings) {
        self.settings.extend(more.settings);
        self.prefixes.extend(more.prefixes);
        self.constraints.extend(more.constraints);
        self.precedences.extend(more.precedences);
        self.statics.extend(more.statics);
    }
}

/// `[[output]]`.
pub(crate) struct RawOutput {
    pub(crate) span: Span,
    pub(crate) file: At<Text>,
    pub(crate) template: At<Text>,
    pub(crate) per_service: bool,
    /// Whether it has a `select`, be it a known channel or not.
    pub(crate) selects: bool,
    pub(crate) select: Option<Channel>,
    pub(crate) fields: Vec<RawField>,
}

/// `[[output.field]]`.
pub(crate) struct RawField {
    pub(crate) parameter: At<Text>,
    pub(crate) name: Text,
    pub(crate) form: Option<At<Text>>,
    pub(crate) with: Vec<(At<Text>, At<Text>)>,
    pub(crate) group: Text,
}

/// `adapter.toml`.
pub(crate) struct RawAdapter {
    pub(crate) span: Span,
    pub(crate) sdk: bool,
    pub(crate) title: Text,
    pub(crate) language: Text,
    pub(crate) image: Option<At<Text>>,
    pub(crate) values: Vec<(At<Text>, At<Text>)>,
    pub(crate) literals: Vec<(&'static str, At<Text>)>,
    pub(crate) forms: Vec<(At<Text>, At<Text>)>,
    pub(crate) lacks: Vec<(At<Text>, At<Text>)>,
    pub(crate) outputs: Vec<RawOutput>,
}

fn target(d: &mut Decoder<'_>, row: &Row<'_>, name: &'static str) -> Option<RawTarget> {
    let row = d.table(row, name)?;
    let lines =
        d.text_map(&row, "lines").into_iter().map(|(name, range)| RawLine { name: name.value, range }).collect();
    Some(RawTarget { default: d.version(&row, "default")?, supported: d.range(&row, "supported")?, lines })
}

pub(super) fn registry(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawRegistry> {
    let (temporal, plugin) = (target(d, row, "temporal"), target(d, row, "plugin"));
    let (format, default_preset, surfaced_limit) =
        (d.int(row, "format"), d.text(row, "default_preset"), d.int(row, "surfaced_limit"));
    let highlights = d.texts(row, "highlights");
    let variable_prefixes = d.texts(row, "variable_prefixes");
    Some(RawRegistry {
        format: format?,
        default_preset: default_preset?,
        surfaced_limit: surfaced_limit?,
        temporal: temporal?,
        plugin: plugin?,
        highlights,
        variable_prefixes,
    })
}

pub(super) fn group(d: &mut Decoder<'_>, row: &Row<'_>) -> RawGroup {
    let title = d.text(row, "title").map(|text| text.value).unwrap_or_default();
    let order = d.int(row, "order").map_or(i64::MAX, |order| order.value);
    let parameters = d.tables(row, "parameter", parameter);
    RawGroup { title, order, parameters }
}

fn parameter(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawParameter> {
    let key = d.key(row, "key");
    let class = d.word(row, "class").and_then(|word| Class::from_word(&word.value));
    let value_type = d.word(row, "type").and_then(|word| ValueType::from_word(&word.value));
    let unit = d.word(row, "unit").and_then(|word| Unit::from_word(&word.value));
    let default = d.scalar(row, "default");
    let derive = d.formula(row, "derive");
    let rule = match (default, derive) {
        (Some(value), None) => Some(RawRule::Set(value)),
        (None, Some(expression)) => Some(RawRule::Derive(expression)),
        (Some(value), Some(expression)) => {
            d.report(
                Diagnostic::error(Code::ConflictingFields, "a parameter has either `default` or `derive`, not both")
                    .at(expression.span, "an expression here")
                    .and(value.span, "and a value here")
                    .help("keep the expression if the value should follow others, else the value"),
            );
            None
        }
        (None, None) => {
            if !row.has("default") && !row.has("derive") {
                d.report(
                    Diagnostic::error(Code::MissingField, "a parameter needs `default` or `derive`")
                        .at(row.span, "neither a value nor an expression")
                        .help("give `default = …`, or `derive = '…'` where the value follows others"),
                );
            }
            None
        }
    };
    let (min, max, allowed) = (d.scalar(row, "min"), d.scalar(row, "max"), d.scalars(row, "allowed"));
    let when = d.formula(row, "when");
    let flag = |at: Option<At<bool>>| at.is_some_and(|at| at.value);
    let (nullable, locked, immutable) =
        (flag(d.bool(row, "nullable")), flag(d.bool(row, "locked")), flag(d.bool(row, "immutable")));
    let (temporal, plugin) = (d.range(row, "temporal"), d.range(row, "plugin"));
    let outputs = d.outputs(row, "outputs", key.as_ref().map_or(&Text::Borrowed(""), |key| &key.value));
    let fallback = d.text(row, "fallback").map(|text| text.value);
    let images = d.texts(row, "images");
    let effect = d.word(row, "effect").and_then(|word| Effect::from_word(&word.value));
    let (summary, rationale, source) = (d.text(row, "summary"), d.text(row, "rationale"), d.text(row, "source"));
    Some(RawParameter {
        span: row.span,
        key: key?,
        class: class?,
        value_type: value_type?,
        unit,
        rule: rule?,
        min,
        max,
        allowed,
        when,
        nullable,
        locked,
        immutable,
        temporal,
        plugin,
        outputs,
        fallback,
        images,
        effect,
        // A missing text was reported and does not stand in the way of checking the rest.
        summary: summary.map(|text| text.value).unwrap_or_default(),
        rationale: rationale.map(|text| text.value).unwrap_or_default(),
        source: source.map(|text| text.value).unwrap_or_default(),
    })
}

fn layer(d: &mut Decoder<'_>, row: &Row<'_>) -> RawLayer {
    RawLayer {
        description: text(d.text(row, "description")),
        rationale: text(d.text(row, "rationale")),
        set: d.values(row, "set"),
        derive: d.formulas(row, "derive"),
        because: d.strings(row, "because"),
    }
}

pub(super) fn preset(d: &mut Decoder<'_>, row: &Row<'_>) -> RawPreset {
    let layer = layer(d, row);
    let extends = d.text(row, "extends");
    let (mut min_throughput, mut max_throughput, mut throughput) = (0.0, None, Text::default());
    if let Some(range) = d.table(row, "throughput") {
        let (min, max) = (d.number(&range, "min"), d.number(&range, "max"));
        if let (Some(min), Some(max)) = (&min, &max)
            && min.value > max.value
        {
            d.report(
                Diagnostic::error(Code::InvalidConstraint, "the throughput range is empty")
                    .at(max.span, "less than the least")
                    .and(min.span, "the least"),
            );
        }
        min_throughput = min.map_or(0.0, |min| min.value);
        max_throughput = max.map(|max| max.value);
        throughput = d.text(&range, "description").map(|text| text.value).unwrap_or_default();
    }
    let expect = d.tables(row, "expect", expect);
    RawPreset { layer, extends, min_throughput, max_throughput, throughput, expect }
}

fn expect(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawExpect> {
    let metric = d.text(row, "metric");
    let aggregate = d.word(row, "aggregate").map_or_else(|| "mean".into(), |word| word.value);
    let (at_least, at_most) = (d.formula(row, "at_least"), d.formula(row, "at_most"));
    if !row.has("at_least") && !row.has("at_most") {
        d.report(
            Diagnostic::error(Code::MissingField, "an expected bound needs `at_least` or `at_most`")
                .at(row.span, "no bound here")
                .help("give at least one of the two"),
        );
    }
    Some(RawExpect { span: row.span, metric: metric?, aggregate, at_least, at_most })
}

pub(super) fn modifier(d: &mut Decoder<'_>, row: &Row<'_>) -> RawLayer {
    layer(d, row)
}

pub(super) fn rail(d: &mut Decoder<'_>, row: &Row<'_>, cases_wanted: bool) -> Option<RawRail> {
    let severity = d.word(row, "severity").and_then(|word| Severity::from_word(&word.value));
    let (summary, rationale, source) = (d.text(row, "summary"), d.text(row, "rationale"), d.text(row, "source"));
    d.text(row, "requirement");
    let steps = d.formula_map(row, "let");
    let rule = d.table(row, "rule");
    let (mut when, mut require, mut message, mut help, mut parameters) = (None, None, None, None, Vec::new());
    if let Some(rule) = &rule {
        when = d.formula(rule, "when");
        require = d.formula(rule, "require");
        message = d.text(rule, "message");
        help = d.text(rule, "help");
        parameters = d.texts(rule, "parameters");
    }
    let cases: Vec<RawCase> = if cases_wanted { d.tables(row, "case", case) } else { Vec::new() };
    if cases_wanted && !row.has("case") {
        d.report(
            Diagnostic::error(Code::MissingCase, "a guard rail needs cases")
                .at(row.span, "no `[[case]]` here")
                .help("add at least one case that fires and one that does not"),
        );
    }
    Some(RawRail {
        severity: severity?,
        summary: text(summary),
        rationale: text(rationale),
        source: text(source),
        steps,
        when,
        require: require?,
        message: message?,
        help: help?,
        parameters,
        cases,
        span: row.span,
    })
}

fn case(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawCase> {
    let note = d.text(row, "note").map(|text| text.value).unwrap_or_default();
    let (preset, modifier) = (d.text(row, "preset"), d.text(row, "modifier"));
    let set = d.values(row, "set");
    let (temporal, plugin) = (d.version(row, "temporal"), d.version(row, "plugin"));
    let outcome = d.word(row, "outcome");
    Some(RawCase {
        span: row.span,
        note,
        preset: preset?,
        modifier,
        set,
        temporal: temporal.map(|at| at.value),
        plugin: plugin.map(|at| at.value),
        fires: outcome.map(|at| At { value: at.value == "fires", span: at.span })?,
    })
}

pub(super) fn metrics(d: &mut Decoder<'_>, row: &Row<'_>) -> Vec<RawMetric> {
    d.tables(row, "metric", |d, row| {
        let name = d.text(row, "name");
        let section = text(d.word(row, "section"));
        let (category, unit) = (d.text(row, "category"), text(d.text(row, "unit")));
        let (better, summary) = (text(d.word(row, "better")), text(d.text(row, "summary")));
        let (noise_floor, reads) = (d.number(row, "noise_floor"), text(d.word(row, "reads")));
        let (query, absent) = (d.text(row, "query"), text(d.text(row, "absent")));
        let (needs, mirror_of) = (d.key(row, "needs"), d.text(row, "mirror_of"));
        d.text(row, "source");
        Some(RawMetric {
            name: name?,
            section,
            category: category?,
            unit,
            better,
            summary,
            noise_floor: noise_floor?,
            reads,
            query: query?,
            absent,
            needs,
            mirror_of,
        })
    })
}

pub(super) fn telemetry(d: &mut Decoder<'_>, row: &Row<'_>) -> RawTelemetry {
    RawTelemetry {
        window: d.table(row, "window").and_then(|row| window(d, &row)),
        selectors: d.tables(row, "selector", selector),
        exporters: d.tables(row, "exporter", exporter),
        probes: d.tables(row, "probe", probe),
    }
}

fn window(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawWindow> {
    let (scrape_interval_sec, rate_scrapes) = (d.int(row, "scrape_interval_sec"), d.int(row, "rate_scrapes"));
    let (rate_at_least_sec, most_steps) = (d.int(row, "rate_at_least_sec"), d.int(row, "most_steps"));
    let (steps, settle_sec) = (d.int(row, "steps"), d.int(row, "settle_sec"));
    let coverage_floor = d.number(row, "coverage_floor");
    d.text(row, "source");
    Some(RawWindow {
        scrape_interval_sec: scrape_interval_sec?,
        rate_scrapes: rate_scrapes?,
        rate_at_least_sec: rate_at_least_sec?,
        most_steps: most_steps?,
        steps: steps?,
        coverage_floor: coverage_floor?,
        settle_sec: settle_sec?,
    })
}

fn selector(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawSelector> {
    let name = d.text(row, "name");
    let (label, of) = (text(d.text(row, "label")), text(d.word(row, "of")));
    let (written_by, prefix) = (text(d.word(row, "written_by")), text(d.text(row, "prefix")));
    let otherwise = text(d.text(row, "otherwise"));
    Some(RawSelector { name: name?, label, of, written_by, prefix, otherwise })
}

fn exporter(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawExporter> {
    let (name, summary) = (d.text(row, "name"), text(d.text(row, "summary")));
    let (counter, timer) = (text(d.text(row, "counter")), text(d.text(row, "timer")));
    let (histogram, timer_unit) = (text(d.text(row, "histogram")), text(d.word(row, "timer_unit")));
    let sanitised = d.bool(row, "sanitised").is_some_and(|at| at.value);
    let detect = d.text(row, "detect");
    Some(RawExporter { name: name?, summary, counter, timer, histogram, timer_unit, sanitised, detect: detect? })
}

fn probe(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawProbe> {
    let of = text(d.word(row, "of"));
    let (query, values) = (d.text(row, "query"), d.text(row, "values"));
    Some(RawProbe { of, query: query?, values: values? })
}

/// The text of a field; nothing where it is missing, which was told.
pub(super) fn text(at: Option<At<Text>>) -> Text {
    at.map(|at| at.value).unwrap_or_default()
}

pub(super) fn variables(d: &mut Decoder<'_>, row: &Row<'_>) -> Vec<RawVariable> {
    d.tables(row, "variable", |d, row| {
        let name = d.text(row, "name");
        let (kind, summary) = (text(d.word(row, "kind")), text(d.text(row, "summary")));
        let required = d.bool(row, "required").is_some_and(|at| at.value);
        let default = d.text(row, "default").map(|text| text.value);
        let (placeholder, images) = (d.text(row, "placeholder"), d.texts(row, "images"));
        d.text(row, "source");
        Some(RawVariable { name: name?, kind, summary, required, default, placeholder, images })
    })
}

pub(super) fn settings(d: &mut Decoder<'_>, row: &Row<'_>) -> RawSettings {
    let list = |d: &mut Decoder<'_>, row: &Row<'_>, name: &'static str| -> Option<Vec<Text>> {
        row.has(name).then(|| d.texts(row, name).into_iter().map(|text| text.value).collect())
    };
    let text = |at: Option<At<Text>>| at.map(|at| at.value);
    let settings = d
        .table_map(row, "settings")
        .into_iter()
        .map(|(key, row)| RawSetting {
            key,
            value_type: text(d.text(&row, "type")).unwrap_or_default(),
            precedence: d.text(&row, "precedence"),
            default: text(d.text(&row, "default")),
            defaults: d.text_map(&row, "defaults").into_iter().map(|(line, at)| (line.value, at.value)).collect(),
            lines: list(d, &row, "lines"),
            caution: text(d.text(&row, "caution")),
            fields: list(d, &row, "fields"),
        })
        .collect();
    let prefixes = d
        .table_map(row, "prefixes")
        .into_iter()
        .map(|(key, row)| RawPrefix {
            prefix: key.value,
            lines: list(d, &row, "lines"),
            note: text(d.text(&row, "note")),
        })
        .collect();
    let constraints = d
        .table_map(row, "constraints")
        .into_iter()
        .map(|(name, row)| RawConstraint {
            name: name.value,
            takes: text(d.word(&row, "takes")).unwrap_or_default(),
            words: list(d, &row, "words"),
        })
        .collect();
    let precedences =
        d.table_map(row, "precedences").into_iter().map(|(name, row)| (name.value, d.texts(&row, "sets")));
    let precedences = precedences.collect();
    let statics = d
        .table_map(row, "static")
        .into_iter()
        .map(|(key, row)| (key.value, text(d.text(&row, "note")).unwrap_or_default()))
        .collect();
    RawSettings { settings, prefixes, constraints, precedences, statics }
}

pub(super) fn adapter(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawAdapter> {
    let kind = d.word(row, "kind");
    let (title, language) = (d.text(row, "title"), d.text(row, "language"));
    let (image, values) = (d.text(row, "image"), d.text_map(row, "values"));
    let mut literals = Vec::new();
    if let Some(row) = d.table(row, "literals") {
        for name in ["true", "false", "int", "float", "string", "duration"] {
            if let Some(text) = d.text(&row, name) {
                literals.push((name, text));
            }
        }
    }
    let (forms, lacks) = (d.text_map(row, "forms"), d.strings(row, "lacks"));
    let outputs = d.tables(row, "output", output);
    Some(RawAdapter {
        span: row.span,
        sdk: kind?.value == "sdk",
        title: title?.value,
        language: language?.value,
        image,
        values,
        literals,
        forms,
        lacks,
        outputs,
    })
}

fn output(d: &mut Decoder<'_>, row: &Row<'_>) -> Option<RawOutput> {
    let (file, template) = (d.text(row, "file"), d.text(row, "template"));
    d.word(row, "each");
    // What is written wrongly counts as written: its fault is told already.
    let (per_service, selects) = (row.find("each").is_some(), row.find("select").is_some());
    let select = d.word(row, "select").and_then(|word| Channel::from_word(&word.value));
    let fields = d.tables(row, "field", |d, row| {
        let (parameter, name) = (d.key(row, "parameter"), d.text(row, "name"));
        let (form, with) = (d.text(row, "form"), d.text_map(row, "with"));
        let group = d.text(row, "group").map(|group| group.value).unwrap_or_default();
        Some(RawField { parameter: parameter?, name: name?.value, form, with, group })
    });
    Some(RawOutput { span: row.span, file: file?, template: template?, per_service, selects, select, fields })
}
