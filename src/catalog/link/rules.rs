//! Links the rules that judge behaviour profiles and, for a check, their cases.

use super::Linker;
use super::expressions::{Scope, Wanted};
use super::parameters::outside;
use crate::catalog::rules::{
    Correlation, CorrelationCase, NoRead, Observing, Outcome, PresetChoice, Read, Recommendation, Stated, Suggest,
    SymptomCase, Watched, names,
};
use crate::catalog::scope::expression_type;
use crate::catalog::{Layer, Metric, ParamId, Preset, ServerSettings};
use crate::diag::{At, Code, Diagnostic, Span, nearest};
use crate::expr::{Formula, Type};
use crate::loader::rules::{RawCorrelation, RawCorrelationCase, RawRecommendation, RawSuggest, RawSymptomCase};
use crate::loader::{Depth, Named};
use crate::model::behaviour::Statistics;
use crate::model::{Scalar, Text, Turn, ValueType, is_name};
use std::collections::{BTreeMap, HashMap};

/// What rules may name.
pub(super) struct Known<'k> {
    pub(super) metrics: &'k [Metric],
    pub(super) presets: &'k BTreeMap<Text, Preset>,
    pub(super) modifiers: &'k BTreeMap<Text, Layer>,
    /// The settings that servers register; none where they were not read.
    pub(super) settings: &'k ServerSettings,
    /// The preset of cases that name none.
    pub(super) default_preset: &'k Text,
}

impl Linker<'_> {
    pub(super) fn correlations(&mut self, raw: Vec<RawCorrelation>, known: &Known<'_>) -> Vec<Correlation> {
        let mut places: HashMap<Text, Span> = HashMap::with_capacity(raw.len());
        let mut linked = Vec::with_capacity(raw.len());
        for rule in raw {
            let (name, span) = (rule.name.value.clone(), rule.name.span);
            if !is_name(&name) {
                self.diags.push(
                    Diagnostic::error(Code::InvalidKey, format!("`{name}` cannot be a name"))
                        .at(span, "not a name")
                        .help("use lower-case letters, digits and hyphens"),
                );
            }
            if let Some(first) = places.insert(name.clone(), span) {
                self.diags.push(
                    Diagnostic::error(Code::DuplicateKey, format!("the correlation rule `{name}` is defined twice"))
                        .at(span, "defined again here")
                        .and(first, "first defined here")
                        .help("rename one of them"),
                );
            }
            linked.extend(self.correlation(rule, known));
        }
        linked
    }

    fn correlation(&mut self, raw: RawCorrelation, known: &Known<'_>) -> Option<Correlation> {
        let span = raw.name.span;
        if raw.keys.is_empty() {
            self.fault(Code::MissingField, span, "the rule watches no key", "list in `keys` what changes");
        }
        let keys: Vec<Watched> = raw.keys.iter().filter_map(|key| self.watched(key, &raw.moved, known)).collect();
        for metric in raw.rise.iter().chain(&raw.fall) {
            self.metric_named(metric, known);
        }
        if let Some(both) = raw.fall.iter().find(|fall| raw.rise.iter().any(|rise| rise.value == fall.value)) {
            self.fault(
                Code::ConflictingFields,
                both.span,
                format!("`{}` both rises and falls", both.value),
                "keep it in one of the two lists",
            );
        }
        let when = raw.when.map(|when| self.observing(&when, Wanted::Condition, known));
        let cases = self.cases_of(
            &raw.name.value,
            span,
            raw.cases,
            |case| case.fires.value,
            |linker, case| linker.correlation_case(case, &keys, known),
        );
        Some(Correlation {
            name: raw.name.value,
            keys,
            moved: raw.moved.value,
            when: match when {
                Some(None) => return None,
                Some(when) => when,
                None => None,
            },
            rise: raw.rise.into_iter().map(|at| at.value).collect(),
            fall: raw.fall.into_iter().map(|at| at.value).collect(),
            mechanism: raw.mechanism,
            confidence: raw.confidence,
            source: raw.source,
            cases,
            span,
        })
    }

    /// What a rule watches: a parameter, or a setting that servers register and that is none.
    fn watched(&mut self, key: &At<Text>, moved: &At<Turn>, known: &Known<'_>) -> Option<Watched> {
        if let Some(id) = self.keys.find(&key.value) {
            let value_type = self.keys.type_of(id);
            if value_type == ValueType::Str && moved.value != Turn::Changed {
                let word = moved.value.as_str();
                self.diags.push(
                    Diagnostic::error(Code::WrongType, format!("`{}` is text and cannot be {word}", key.value))
                        .at(moved.span, "not a way for it to move")
                        .and(key.span, "this parameter")
                        .help("a text is `changed`"),
                );
            }
            return Some(Watched::Parameter(id));
        }
        if known.settings.all.is_empty() || known.settings.find(&key.value).is_some() {
            return Some(Watched::Setting(key.value.clone()));
        }
        let all = self.keys.by_key.keys().map(AsRef::as_ref);
        let all = all.chain(known.settings.all.iter().map(|setting| setting.key.as_ref()));
        let help = match nearest(&key.value, all) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a parameter, or a dynamic-config setting that servers register".to_owned(),
        };
        self.fault(
            Code::UnknownParameter,
            key.span,
            format!("`{}` is neither a parameter nor a registered setting", key.value),
            help,
        );
        None
    }

    fn correlation_case(
        &mut self,
        raw: RawCorrelationCase,
        keys: &[Watched],
        known: &Known<'_>,
    ) -> Option<CorrelationCase> {
        let key = match &raw.key {
            None => keys.first()?.clone(),
            Some(key) => match self.keys.find(&key.value) {
                Some(id) => Watched::Parameter(id),
                None => Watched::Setting(key.value.clone()),
            },
        };
        let mut good = true;
        if let Some(named) = raw.key.as_ref().filter(|_| !keys.contains(&key)) {
            let help = "a case changes one of the rule's own keys";
            self.fault(Code::UnknownParameter, named.span, format!("the rule does not watch `{}`", named.value), help);
            good = false;
        }
        let mut value = |at: At<Scalar>| match &key {
            Watched::Setting(_) => Some(at.value),
            Watched::Parameter(id) => {
                let what = format!("the value of `{}`", self.parameters[id.index()].key);
                self.typed(self.keys.type_of(*id), at, &what).map(|at| at.value)
            }
        };
        let (before, after) = (value(raw.before), value(raw.after));
        if let Some(preset) = &raw.preset {
            good &= self.preset_named(preset, known);
        }
        let set = self.values(raw.set, false);
        let metric = match (raw.metric, raw.from, raw.to) {
            (Some(metric), Some(from), Some(to)) => {
                good &= self.metric_named(&metric, known);
                Some((metric.value, from, to))
            }
            _ => None,
        };
        let (before, after) = (before?, after?);
        good.then_some(CorrelationCase {
            note: raw.note,
            key,
            before,
            after,
            preset: raw.preset.map_or_else(|| known.default_preset.clone(), |at| at.value),
            set,
            metric,
            fires: raw.fires,
            span: raw.span,
        })
    }

    pub(super) fn recommendations(
        &mut self,
        raw: Vec<Named<RawRecommendation>>,
        known: &Known<'_>,
    ) -> Vec<Recommendation> {
        raw.into_iter().filter_map(|rule| self.recommendation(rule, known)).collect()
    }

    fn recommendation(&mut self, raw: Named<RawRecommendation>, known: &Known<'_>) -> Option<Recommendation> {
        let (name, raw) = (raw.name, raw.record);
        let applies = raw.applies.map(|at| self.observing(&at, Wanted::Condition, known));
        let when = self.observing(&raw.when, Wanted::Condition, known);
        if let Some(Some(applies)) = &applies
            && applies.reads.iter().any(|read| !matches!(read, Read::Before(_)))
        {
            let help = "move what reads telemetry to `when`";
            self.fault(Code::InvalidExpression, applies.span, "`applies` is over the configuration alone", help);
        }
        for metric in &raw.evidence {
            self.metric_named(metric, known);
        }
        if raw.evidence.is_empty() {
            let help = "list in `evidence` the metrics that show it, the most telling first";
            self.fault(Code::MissingField, raw.message.span, format!("the rule `{name}` names no evidence"), help);
        }
        let suggestions: Vec<Suggest> =
            raw.suggestions.into_iter().filter_map(|suggest| self.suggest(suggest, known)).collect();
        let cases = self.cases_of(
            &name,
            raw.span,
            raw.cases,
            |case| case.outcome.value == "fires",
            |linker, case| linker.symptom_case(case, known),
        );
        Some(Recommendation {
            name,
            summary: raw.summary,
            rationale: raw.rationale,
            source: raw.source,
            confidence: raw.confidence,
            priority: raw.priority,
            group: raw.group,
            applies: match applies {
                Some(None) => return None,
                Some(applies) => applies,
                None => None,
            },
            when: when?,
            evidence: raw.evidence.into_iter().map(|at| at.value).collect(),
            message: raw.message,
            suggestions,
            advice: raw.advice,
            cases,
            span: raw.span,
        })
    }

    fn suggest(&mut self, raw: RawSuggest, known: &Known<'_>) -> Option<Suggest> {
        let nothing = raw.set.is_empty()
            && raw.derive.is_empty()
            && raw.preset.is_none()
            && raw.preset_for.is_none()
            && raw.modifier.is_none();
        let when = raw.when.map(|at| self.observing(&at, Wanted::Condition, known));
        let preset_for = raw.preset_for.map(|at| self.observing(&at, Wanted::Number, known));
        let mut good = raw.preset.as_ref().is_none_or(|preset| self.preset_named(preset, known));
        if let Some(modifier) = &raw.modifier {
            good &= self.among(modifier, Code::UnknownModifier, "modifier", known.modifiers.keys());
        }
        let set = self.values(raw.set, true);
        let mut derive = Vec::with_capacity(raw.derive.len());
        for (key, expression) in raw.derive {
            let Some(id) = self.resolve(&key) else { continue };
            self.refuse_locked(id, key.span);
            if set.iter().any(|(other, _)| *other == id) {
                let message = format!("`{}` is both set and derived", key.value);
                self.fault(Code::ConflictingFields, key.span, message, "keep one of the two");
            }
            let wanted = Wanted::Value(self.keys.type_of(id), &key.value);
            derive.extend(self.observing(&expression, wanted, known).map(|linked| (id, linked)));
        }
        if nothing {
            let help = "give `set`, `derive`, `preset` or `modifier`; what nobody can set is `advice` of the rule";
            self.fault(Code::MissingField, raw.span, "a suggestion changes nothing", help);
        }
        let preset = match (raw.preset, preset_for) {
            (Some(preset), _) => Some(PresetChoice::Named(preset.value)),
            (None, Some(by)) => Some(PresetChoice::For(by?)),
            (None, None) => None,
        };
        good.then_some(Suggest {
            title: raw.title,
            when: match when {
                Some(None) => return None,
                Some(when) => when,
                None => None,
            },
            preset,
            modifier: raw.modifier.map(|at| at.value),
            set,
            derive,
        })
    }

    fn symptom_case(&mut self, raw: RawSymptomCase, known: &Known<'_>) -> Option<SymptomCase> {
        let mut good = self.preset_named(&raw.preset, known);
        if let Some(modifier) = &raw.modifier {
            good &= self.among(modifier, Code::UnknownModifier, "modifier", known.modifiers.keys());
        }
        let set = self.values(raw.set, false);
        let before = self.values(raw.before, false);
        let observed = self.stated(raw.observed, known);
        let baseline = raw.baseline.map(|stated| self.stated(stated, known));
        good.then_some(SymptomCase {
            note: raw.note,
            preset: raw.preset.value,
            modifier: raw.modifier.map(|at| at.value),
            set,
            observed,
            baseline,
            before,
            outcome: At { value: Outcome::from_word(&raw.outcome.value), span: raw.outcome.span },
            span: raw.span,
        })
    }

    /// The cases of a rule, of which at least one fires and one does not; none but for a check.
    fn cases_of<R, C>(
        &mut self,
        name: &str,
        span: Span,
        raw: Vec<R>,
        fires: impl Fn(&R) -> bool,
        mut link: impl FnMut(&mut Self, R) -> Option<C>,
    ) -> Vec<C> {
        if self.depth != Depth::Check {
            return Vec::new();
        }
        let missing = [(raw.iter().any(&fires), "fires"), (raw.iter().any(|case| !fires(case)), "silent")];
        for (_, outcome) in missing.into_iter().filter(|(found, _)| !found) {
            let message = format!("the rule `{name}` has no case whose outcome is `{outcome}`");
            self.fault(
                Code::MissingCase,
                span,
                message,
                "a rule needs at least one case that fires and one that does not",
            );
        }
        raw.into_iter().filter_map(|case| link(self, case)).collect()
    }

    /// Parameter → typed value; inside the constraints and not locked, where a user would give it.
    fn values(&mut self, raw: Vec<(At<Text>, At<Scalar>)>, given: bool) -> Vec<(ParamId, Scalar)> {
        let mut set = Vec::with_capacity(raw.len());
        for (key, value) in raw {
            let Some(id) = self.resolve(&key) else { continue };
            let span = value.span;
            let what = format!("the value of `{}`", key.value);
            let Some(value) = self.typed(self.keys.type_of(id), value, &what) else { continue };
            if given {
                self.refuse_locked(id, key.span);
                let fault = outside(&self.parameters[id.index()], &value.value, span);
                self.diags.extend(fault);
            }
            set.push((id, value.value));
        }
        set
    }

    /// What a case states of metrics.
    fn stated(&mut self, raw: Vec<(At<Text>, At<Scalar>)>, known: &Known<'_>) -> Stated {
        let mut stated = Stated::new();
        for (name, value) in raw {
            let whole = names(known.metrics).any(|metric| metric == name.value);
            let (metric, statistic) = match name.value.rsplit_once('.') {
                Some((metric, last)) if !whole => {
                    (metric, Statistics::NAMES.into_iter().find(|statistic| *statistic == last))
                }
                _ => (name.value.as_ref(), None),
            };
            let metric = if statistic.is_some() { metric.to_owned().into() } else { name.value.clone() };
            let at = At { value: metric, span: name.span };
            if !self.metric_named(&at, known) {
                continue;
            }
            match value.value.as_f64() {
                Some(number) => stated.push((at.value, statistic, number)),
                None => {
                    self.fault(Code::WrongType, value.span, format!("`{}` is no number", name.value), "give a number")
                }
            }
        }
        stated
    }

    /// Links an expression that may read what was observed.
    fn observing(&mut self, at: &At<Text>, wanted: Wanted<'_>, known: &Known<'_>) -> Option<Observing> {
        let mut steps: Vec<(Text, Type)> = Vec::new();
        let mut reads = Vec::new();
        let mut faults: Vec<(Text, NoRead)> = Vec::new();
        // What cannot be parsed is told below.
        let formula = Formula::read(at.value.clone());
        if let Some(parsed) = formula.expr() {
            for name in parsed.reads() {
                let keys = self.keys.by_key.keys().map(AsRef::as_ref);
                let find = |key: &str| self.keys.find(key);
                match Read::named(name, names(known.metrics), keys, find) {
                    None => {}
                    Some(Ok(read)) => {
                        let of = match &read {
                            Read::Metric(..) | Read::Baseline(..) => Type::Float,
                            Read::Gap(_) => Type::Bool,
                            Read::Before(id) => expression_type(self.keys.type_of(*id)),
                        };
                        steps.push((name.to_owned().into(), of));
                        reads.push(read);
                    }
                    Some(Err(fault)) => {
                        // Stands for anything, so that it is told once.
                        steps.push((name.to_owned().into(), Type::Float));
                        faults.push((name.to_owned().into(), fault));
                    }
                }
            }
            for (name, fault) in &faults {
                let start = parsed.locate(name).map_or(0, |range| range.start);
                let range = start + fault.part.start..start + fault.part.end;
                self.fault(fault.code, at.span.of(&at.value, Some(range)), fault.message.clone(), fault.help.clone());
            }
        }
        if !faults.is_empty() {
            return None;
        }
        let formula = At { value: formula, span: at.span };
        let At { value: expr, span } = self.expression(formula, wanted, Scope { base: None, steps: &steps })?;
        Some(Observing { expr, reads, span })
    }

    fn metric_named(&mut self, name: &At<Text>, known: &Known<'_>) -> bool {
        let found = names(known.metrics).any(|metric| metric == name.value);
        if !found {
            let help = match nearest(&name.value, names(known.metrics)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "metrics are defined in registry/metrics/".to_owned(),
            };
            self.fault(Code::UnknownMetric, name.span, format!("there is no metric `{}`", name.value), help);
        }
        found
    }

    fn preset_named(&mut self, name: &At<Text>, known: &Known<'_>) -> bool {
        self.among(name, Code::UnknownPreset, "preset", known.presets.keys())
    }

    fn among<'n>(
        &mut self,
        name: &At<Text>,
        code: Code,
        what: &str,
        all: impl Iterator<Item = &'n Text> + Clone,
    ) -> bool {
        let found = all.clone().any(|known| *known == name.value);
        if !found {
            let help = match nearest(&name.value, all.clone().map(AsRef::as_ref)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("available: {}", all.map(AsRef::as_ref).collect::<Vec<_>>().join(", ")),
            };
            self.fault(code, name.span, format!("there is no {what} `{}`", name.value), help);
        }
        found
    }

    fn fault(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.diags.push(Diagnostic::error(code, message).at(span, "here").help(help));
    }
}
