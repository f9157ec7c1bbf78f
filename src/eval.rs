//! Applies layers in the order of the dependency graph: every parameter's final value, and who decided it.
//!
//! Nothing is recorded beyond what decides a value; [`Resolution::chain`] makes the trace from it when it is asked for.

mod trials;
mod varied;

pub use trials::{Reach, Trials};
pub use varied::Varied;

use crate::catalog::{Candidate, Catalog, Layer, ParamId, Parameter, Preset, Rule, Slots, UNBOUNDED};
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Span};
use crate::expr::{Expr, ExprError, ExprErrorKind, Frame};
use crate::graph::Dependencies;
use crate::model::{CompilationTrace, LONGEST_DURATION, Origin, Scalar, Source, ValueType};
use semver::Version;
use std::borrow::Cow;

/// The most cycles that one run reports.
const MOST_CYCLES: usize = 20;

/// Inputs whose text is kept for carets, and that are no files.
const NO_FILES: [&str; 2] = ["--set", "environment"];

/// A value that the user sets.
#[derive(Debug, Clone)]
pub struct Override {
    /// The parameter.
    pub id: ParamId,
    /// The value, and where it was given.
    pub candidate: Candidate,
    /// Which input gave it: `--set`, a file's name, `environment`.
    pub origin: String,
}

impl Override {
    /// A value that nobody wrote: it has no place.
    #[must_use]
    pub fn placeless(id: ParamId, value: Scalar, origin: &str) -> Self {
        Override::placed(id, value, Span { file: FileId(u32::MAX), start: 0, end: 0 }, origin)
    }

    /// A value, and where it was given.
    #[must_use]
    pub fn placed(id: ParamId, value: Scalar, span: Span, origin: &str) -> Self {
        Override { id, candidate: Candidate { rule: Rule::Set(value), span, because: None }, origin: origin.to_owned() }
    }
}

/// What is resolved.
#[derive(Debug, Clone)]
pub struct Inputs<'c> {
    /// The preset; without one the registry alone speaks.
    pub preset: Option<&'c Preset>,
    /// The modifier.
    pub modifier: Option<&'c Layer>,
    /// What the user sets: a later entry for the same parameter wins.
    pub overrides: Vec<Override>,
    /// The server version that the artifacts are for.
    pub temporal: Version,
    /// The plugin version that they are for.
    pub plugin: Version,
    /// Whether final values are held against the constraints; a rail's own cases are not.
    pub constrained: bool,
}

/// One layer's word on one parameter.
#[derive(Debug, Clone, Copy)]
pub struct Spoken<'r> {
    /// The kind of layer.
    pub source: Source,
    /// The layer's name: a preset's, a modifier's, an input's; empty for the registry.
    pub layer: &'r str,
    /// What it says.
    pub candidate: &'r Candidate,
}

/// Why no artifact carries a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// It has no output.
    NoOutput,
    /// Its `when` does not hold.
    When,
    /// The target server does not take it.
    Temporal,
    /// The target plugin does not take it.
    Plugin,
}

/// Every parameter's value.
#[derive(Debug)]
pub struct Resolution<'c> {
    /// The catalog.
    pub catalog: &'c Catalog,
    /// What was resolved.
    pub inputs: Inputs<'c>,
    slots: Slots,
    frame: Frame,
    values: Vec<Scalar>,
    withheld: Vec<Option<Withheld>>,
    /// For each parameter the layers above the registry that spoke, lowest first; nearly all are empty.
    above: Vec<Vec<Voice<'c>>>,
}

/// A layer above the registry: a candidate of the catalog, or an override by its number.
#[derive(Debug, Clone, Copy)]
enum Voice<'c> {
    Layer(Source, &'c str, &'c Candidate),
    Override(usize),
}

/// Resolves every parameter.
///
/// # Errors
///
/// Every dependency cycle; else every expression that failed, and every value outside its constraints.
pub fn resolve<'c>(catalog: &'c Catalog, inputs: Inputs<'c>) -> Result<Resolution<'c>, Diagnostics> {
    let count = catalog.parameters.len();
    let slots = Slots::new(count);
    let steps = catalog.rails.iter().map(|rail| rail.steps.len()).max().unwrap_or(0);
    let mut resolution = Resolution {
        catalog,
        slots,
        frame: Frame::new(slots.len(steps)),
        values: vec![Scalar::Bool(false); count],
        withheld: vec![None; count],
        above: vec![Vec::new(); count],
        inputs,
    };
    resolution.stack_layers();
    resolution.set_reserved();
    let order = resolution.order()?;
    resolution.evaluate_all(&order)?;
    resolution.withhold()?;
    Ok(resolution)
}

impl<'c> Resolution<'c> {
    fn stack_layers(&mut self) {
        let catalog = self.catalog;
        let mut speak = |id: ParamId, voice: Voice<'c>| self.above[id.index()].push(voice);
        if let Some(preset) = self.inputs.preset {
            for preset in catalog.chain(preset) {
                for (id, candidate) in &preset.layer.entries {
                    speak(*id, Voice::Layer(Source::Preset, &preset.layer.name, candidate));
                }
            }
        }
        if let Some(modifier) = self.inputs.modifier {
            for (id, candidate) in &modifier.entries {
                speak(*id, Voice::Layer(Source::Modifier, &modifier.name, candidate));
            }
        }
        for (index, given) in self.inputs.overrides.iter().enumerate() {
            speak(given.id, Voice::Override(index));
        }
    }

    fn set_reserved(&mut self) {
        let (min, max) = self.inputs.preset.map_or((0.0, UNBOUNDED), |preset| {
            (preset.throughput.min_st_per_sec, preset.throughput.max_st_per_sec.unwrap_or(UNBOUNDED))
        });
        self.frame.set_float(self.slots.min_throughput(), min);
        self.frame.set_float(self.slots.max_throughput(), max);
        self.frame.set_str(self.slots.temporal(), &self.inputs.temporal.to_string());
        self.frame.set_str(self.slots.plugin(), &self.inputs.plugin.to_string());
    }

    /// The layers that spoke on a parameter, the registry first.
    pub fn spoken(&self, id: ParamId) -> impl DoubleEndedIterator<Item = Spoken<'_>> {
        let registry = &self.catalog.parameter(id).registry;
        let source = match registry.rule {
            Rule::Set(_) => Source::Default,
            Rule::Derive(_) => Source::Derived,
        };
        let above = self.above[id.index()].as_slice();
        std::iter::once(Spoken { source, layer: "", candidate: registry }).chain(above.iter().map(
            |voice| match *voice {
                Voice::Layer(source, layer, candidate) => Spoken { source, layer, candidate },
                Voice::Override(index) => {
                    let given = &self.inputs.overrides[index];
                    Spoken { source: Source::Override, layer: &given.origin, candidate: &given.candidate }
                }
            },
        ))
    }

    /// The layer that decided a parameter.
    ///
    /// # Panics
    ///
    /// Never: the registry always speaks.
    #[must_use]
    pub fn winner(&self, id: ParamId) -> Spoken<'_> {
        self.spoken(id).next_back().expect("the registry speaks on every parameter")
    }

    /// Who decided a parameter, and where.
    #[must_use]
    pub fn origin(&self, id: ParamId) -> Origin {
        self.origin_of(&self.winner(id))
    }

    /// The layer that spoke, and its place. What a flag, the environment or a caller gives has no file.
    #[must_use]
    pub fn origin_of(&self, spoken: &Spoken<'_>) -> Origin {
        let span = spoken.candidate.span;
        let placed = spoken.source != Source::Override
            || (self.catalog.sources.name(span.file) == spoken.layer && !NO_FILES.contains(&spoken.layer));
        let layer = match (spoken.source, spoken.layer) {
            (source, "") => source.as_str().to_owned(),
            (Source::Override, layer) => layer.to_owned(),
            (source, layer) => format!("{} {layer}", source.as_str()),
        };
        Origin { source: spoken.source, layer, place: placed.then(|| self.catalog.shown_place(span)) }
    }

    fn reads_base(&self, expr: &Expr) -> bool {
        expr.slots().any(|(_, slot)| slot == self.slots.base())
    }

    /// The expressions that decide a value: the winner's, and further down as long as `base` is read.
    fn active(&self, id: ParamId) -> impl Iterator<Item = (&Expr, Span)> {
        self.active_without(0, id)
    }

    /// The expressions that would decide a value without so many of the layers that spoke, the last ones.
    fn active_without(&self, layers: usize, id: ParamId) -> impl Iterator<Item = (&Expr, Span)> {
        let mut open = true;
        self.spoken(id).rev().skip(layers).map_while(move |spoken| {
            if !open {
                return None;
            }
            open = false;
            match &spoken.candidate.rule {
                Rule::Derive(expr) => {
                    open = self.reads_base(expr);
                    Some((expr, spoken.candidate.span))
                }
                Rule::Set(_) => None,
            }
        })
    }

    /// The expressions that decide a value, the winner's first; none where it was set.
    pub fn formulas(&self, id: ParamId) -> impl Iterator<Item = &Expr> {
        self.active(id).map(|(expr, _)| expr)
    }

    /// What is read is there before its reader, in the order of the parameters.
    fn order(&self) -> Result<Cow<'c, [u32]>, Diagnostics> {
        let usual = &self.catalog.usual_order;
        if let Some(order) = usual.get()
            && self.serves(order)
        {
            return Ok(Cow::Borrowed(order));
        }
        let count = self.catalog.parameters.len();
        let mut graph = Dependencies::new(count, count * 2);
        for (reader, read) in self.reads_between() {
            graph.add(reader, read);
        }
        let order = graph.order().map_err(|cycles| self.cycles(&cycles))?;
        Ok(match usual.set(order) {
            Ok(()) => Cow::Borrowed(usual.get().map_or(&[], Vec::as_slice)),
            Err(order) => Cow::Owned(order),
        })
    }

    /// Whether an order of all slots has whatever is read before its reader.
    fn serves(&self, order: &[u32]) -> bool {
        let mut places = vec![0_u32; order.len()];
        for (place, slot) in (0..).zip(order) {
            places[*slot as usize] = place;
        }
        self.reads_between().all(|(reader, read)| places[read as usize] < places[reader as usize])
    }

    /// The slots of every parameter that is derived, each with one that its derivation reads.
    fn reads_between(&self) -> impl Iterator<Item = (u32, u32)> {
        self.catalog.ids().flat_map(move |id| {
            let read = self.active(id).flat_map(|(expr, _)| expr.slots().map(|(_, slot)| slot));
            let of_parameters = read.filter(|slot| self.slots.as_parameter(*slot).is_some());
            of_parameters.map(move |slot| (Slots::parameter(id), slot))
        })
    }

    fn cycles(&self, cycles: &[Vec<u32>]) -> Diagnostics {
        const SHOWN: usize = 8;
        let ids = |chain: &[u32]| -> Vec<ParamId> {
            chain.iter().filter_map(|slot| self.slots.as_parameter(*slot)).collect()
        };
        cycles
            .iter()
            .take(MOST_CYCLES)
            .map(|cycle| {
                let chain = ids(cycle);
                let mut names: Vec<String> =
                    chain.iter().take(SHOWN).map(|id| format!("`{}`", self.catalog.parameter(*id).key)).collect();
                if chain.len() > SHOWN {
                    names.push(format!("… {} more …", chain.len() - SHOWN));
                }
                names.push(names[0].clone());
                let (message, help) = if chain.len() == 1 {
                    let message = format!("the derivation of {} reads its own value", names[0]);
                    (message, "read `base` for the value of the layers below, or derive it from something else")
                } else {
                    let message = format!("derivations depend on each other: {}", names.join(" → "));
                    (message, "set one of them to a value, or derive it from something else")
                };
                let mut diagnostic = Diagnostic::error(Code::DependencyCycle, message).help(help);
                for (position, id) in chain.iter().take(SHOWN).enumerate() {
                    let next = chain[(position + 1) % chain.len()];
                    let next = &self.catalog.parameter(next).key;
                    let place = self
                        .active(*id)
                        .find_map(|(expr, span)| Some(span.of(expr.source(), Some(expr.locate(next)?))));
                    if let Some(span) = place {
                        let text = format!("reads `{next}`");
                        diagnostic = if position == 0 { diagnostic.at(span, text) } else { diagnostic.and(span, text) };
                    }
                }
                diagnostic
            })
            .collect()
    }

    fn evaluate_all(&mut self, order: &[u32]) -> Result<(), Diagnostics> {
        let mut diags = Diagnostics::default();
        let mut failed = vec![false; self.values.len()];
        let mut any_failed = false;
        for slot in order {
            let Some(id) = self.slots.as_parameter(*slot) else { continue };
            // What reads a value that could not be had is not to blame.
            if any_failed
                && self
                    .active(id)
                    .any(|(expr, _)| expr.slots().any(|(_, slot)| failed.get(slot as usize) == Some(&true)))
            {
                failed[id.index()] = true;
                continue;
            }
            match self.evaluate(id, usize::MAX) {
                Ok(value) => {
                    let parameter = self.catalog.parameter(id);
                    if self.inputs.constrained
                        && let Some(diagnostic) = self.violation(id, parameter, &value)
                    {
                        diags.push(diagnostic);
                        (failed[id.index()], any_failed) = (true, true);
                        continue;
                    }
                    self.frame.set(*slot, &value);
                    self.values[id.index()] = value;
                }
                Err(fault) => {
                    diags.push(self.failure(id, fault.0, &fault.1));
                    (failed[id.index()], any_failed) = (true, true);
                }
            }
        }
        // The order of evaluation is nobody's business.
        diags.sort();
        if diags.is_empty() { Ok(()) } else { Err(diags) }
    }

    /// The value that the lowest `layers` layers give a parameter, with all else as it stands in the frame.
    fn evaluate(&mut self, id: ParamId, layers: usize) -> Result<Scalar, (Span, ExprError)> {
        let value_type = self.catalog.parameter(id).value_type;
        let above = &self.above[id.index()];
        if above.is_empty() {
            return eval_rule(&self.catalog.parameter(id).registry, value_type, &self.frame);
        }
        let top = above.len().min(layers.saturating_sub(1));
        let base = self.slots.base();
        let candidate_at = |level: usize| -> &Candidate {
            match level.checked_sub(1).map(|index| above[index]) {
                None => &self.catalog.parameter(id).registry,
                Some(Voice::Layer(_, _, candidate)) => candidate,
                Some(Voice::Override(index)) => &self.inputs.overrides[index].candidate,
            }
        };
        let mut level = top;
        while level > 0
            && let Rule::Derive(expr) = &candidate_at(level).rule
            && expr.slots().any(|(_, slot)| slot == base)
        {
            level -= 1;
        }
        let mut value = eval_rule(candidate_at(level), value_type, &self.frame)?;
        while level < top {
            level += 1;
            self.frame.set(base, &value);
            value = eval_rule(candidate_at(level), value_type, &self.frame)?;
        }
        Ok(value)
    }

    fn violation(&self, id: ParamId, parameter: &Parameter, value: &Scalar) -> Option<Diagnostic> {
        let violation = parameter.violation(value)?;
        let winner = self.winner(id);
        let shown = parameter.value_type.text(value);
        let how = match winner.candidate.rule {
            Rule::Set(_) => "is",
            Rule::Derive(_) => "comes out as",
        };
        let mut diagnostic = Diagnostic::error(
            Code::ConstraintViolation,
            format!("`{}` {how} {shown}, {}", parameter.key, violation.fault),
        )
        .at(winner.candidate.span, violation.bounds)
        .and(violation.declared, "declared here");
        if let Some(operands) = self.operands_text(id) {
            diagnostic = diagnostic.help(format!("with {operands}"));
        }
        Some(constraint_facts(diagnostic, parameter, value))
    }

    fn failure(&self, id: ParamId, place: Span, fault: &ExprError) -> Diagnostic {
        let key = &self.catalog.parameter(id).key;
        let mut diagnostic =
            Diagnostic::error(Code::ExpressionFailed, format!("`{key}` cannot be derived: {}", fault.message))
                .at(place, "evaluated here")
                .fact("key", key.clone());
        // The fault of an operator names its operands itself.
        let told = fault.message.contains(" with ");
        let with = self.operands_text(id).filter(|_| !told).map(|operands| format!("with {operands}"));
        let help = [fault.help.clone(), with].into_iter().flatten().collect::<Vec<_>>().join("; ");
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        diagnostic
    }

    fn withhold(&mut self) -> Result<(), Diagnostics> {
        let mut diags = Diagnostics::default();
        for id in self.catalog.ids() {
            let parameter = self.catalog.parameter(id);
            // A pre-release takes what its release takes; a range of Cargo's dialect would refuse it.
            let taken = |range: &Option<semver::VersionReq>, version: &Version| {
                let release = Version::new(version.major, version.minor, version.patch);
                range.as_ref().is_none_or(|range| range.matches(&release))
            };
            self.withheld[id.index()] = if parameter.outputs.is_empty() {
                Some(Withheld::NoOutput)
            } else if !taken(&parameter.temporal, &self.inputs.temporal) {
                Some(Withheld::Temporal)
            } else if !taken(&parameter.plugin, &self.inputs.plugin) {
                Some(Withheld::Plugin)
            } else {
                match parameter.when.as_ref().map(|when| when.eval(&self.frame)) {
                    None | Some(Ok(Scalar::Bool(true))) => None,
                    Some(Ok(_)) => Some(Withheld::When),
                    Some(Err(fault)) => {
                        diags.push(self.failure(id, parameter.span, &fault));
                        Some(Withheld::When)
                    }
                }
            };
        }
        if diags.is_empty() { Ok(()) } else { Err(diags) }
    }

    // --- what others ask ----------------------------------------------------------------------------------------

    /// The final value; a duration is milliseconds.
    #[must_use]
    pub fn value(&self, id: ParamId) -> &Scalar {
        &self.values[id.index()]
    }

    /// The final value as it is written outside: durations as Go text.
    #[must_use]
    pub fn shown(&self, id: ParamId) -> Scalar {
        self.catalog.parameter(id).value_type.show(self.value(id))
    }

    /// The final value as text.
    #[must_use]
    pub fn text(&self, id: ParamId) -> String {
        self.catalog.parameter(id).value_type.text(self.value(id))
    }

    /// Why no artifact carries it, if none does.
    #[must_use]
    pub fn withheld(&self, id: ParamId) -> Option<Withheld> {
        self.withheld[id.index()]
    }

    /// The reason of [`Self::withheld`] in words.
    #[must_use]
    pub fn reason(&self, id: ParamId) -> Option<String> {
        let parameter = self.catalog.parameter(id);
        self.withheld(id).map(|withheld| match withheld {
            Withheld::NoOutput => "other values follow it; no artifact carries it".to_owned(),
            Withheld::When => {
                format!("emitted only while `{}`", parameter.when.as_ref().map_or("", Expr::source))
            }
            Withheld::Temporal => {
                let range = parameter.temporal.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("Temporal {} does not take it; it needs {range}", self.inputs.temporal)
            }
            Withheld::Plugin => {
                let range = parameter.plugin.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("DSQL plugin {} does not take it; it needs {range}", self.inputs.plugin)
            }
        })
    }

    /// What the layers below the deciding one would give, with all else as it is; the final value where no other layer
    /// spoke or where it cannot be had.
    pub fn base_value(&mut self, id: ParamId) -> Scalar {
        let layers = self.above[id.index()].len() + 1;
        if layers == 1 {
            return self.value(id).clone();
        }
        self.evaluate(id, layers - 1).unwrap_or_else(|_| self.value(id).clone())
    }

    /// What the lowest `layers` layers give a parameter, with all else as it is; the final value where that cannot be had.
    pub fn value_of_layers(&mut self, id: ParamId, layers: usize) -> Scalar {
        self.evaluate(id, layers).unwrap_or_else(|_| self.value(id).clone())
    }

    /// The value of a reserved name's slot.
    pub(crate) fn reserved_value(&self, slot: u32) -> Option<Scalar> {
        self.frame.get(slot)
    }

    /// Where a value came from, as it stands in results.
    pub fn trace_of(&mut self, id: ParamId) -> CompilationTrace {
        let parameter = self.catalog.parameter(id);
        let base_value = self.base_value(id);
        CompilationTrace {
            parameter_key: parameter.key.to_string(),
            source: self.winner(id).source,
            base_value: parameter.value_type.show(&base_value),
            final_value: self.shown(id),
            derivation_chain: self.chain(id),
        }
    }

    /// The operands of the expression that decided a value, each with its final value: `a = 1, b = 2s`.
    #[must_use]
    pub fn operands_text(&self, id: ParamId) -> Option<String> {
        let (expr, _) = self.active(id).next()?;
        let mut text = String::new();
        self.write_operands(expr, &mut text);
        (!text.is_empty()).then_some(text)
    }

    fn write_operands(&self, expr: &Expr, text: &mut String) {
        use std::fmt::Write as _;
        let before = text.len();
        for (name, slot) in expr.slots() {
            if slot == self.slots.base() {
                continue;
            }
            if text.len() > before {
                text.push_str(", ");
            }
            let _ = match self.slots.as_parameter(slot) {
                Some(id) => {
                    text.push_str(name);
                    text.push_str(" = ");
                    self.catalog.parameter(id).value_type.write(self.value(id), text);
                    Ok(())
                }
                None => match self.frame.get(slot) {
                    Some(value) => write!(text, "{name} = {value}"),
                    None => write!(text, "{name}"),
                },
            };
        }
    }

    /// Each layer that spoke, lowest first: place, value or expression, operands.
    #[must_use]
    pub fn chain(&self, id: ParamId) -> Vec<String> {
        let value_type = self.catalog.parameter(id).value_type;
        self.spoken(id)
            .map(|spoken| {
                let mut line = String::with_capacity(96);
                line.push_str(spoken.source.as_str());
                if !spoken.layer.is_empty() {
                    line.push(' ');
                    line.push_str(spoken.layer);
                }
                line.push_str(": ");
                match &spoken.candidate.rule {
                    Rule::Set(value) => value_type.write(value, &mut line),
                    Rule::Derive(expr) => {
                        line.push_str(expr.source());
                        line.push_str(" with ");
                        let before = line.len();
                        self.write_operands(expr, &mut line);
                        if line.len() == before {
                            line.truncate(before - " with ".len());
                        }
                    }
                }
                if spoken.source != Source::Override {
                    line.push_str(" (");
                    self.catalog.write_place(spoken.candidate.span, &mut line);
                    line.push(')');
                }
                line
            })
            .collect()
    }

    /// The parameters that the expressions read which decide a value, each once, in order.
    #[must_use]
    pub fn reads(&self, id: ParamId) -> Vec<ParamId> {
        let read = self.active(id).flat_map(|(expr, _)| expr.slots().collect::<Vec<_>>());
        let mut read: Vec<ParamId> = read.filter_map(|(_, slot)| self.slots.as_parameter(slot)).collect();
        read.sort_unstable();
        read.dedup();
        read
    }

    /// The frame, for expressions over the final values.
    pub(crate) fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    /// The slots of the frame.
    pub(crate) fn slots(&self) -> Slots {
        self.slots
    }
}

/// Adds the facts of a constraint that a program needs.
pub(crate) fn constraint_facts(diagnostic: Diagnostic, parameter: &Parameter, value: &Scalar) -> Diagnostic {
    let json = |value: &Scalar| serde_json::to_value(parameter.value_type.show(value)).unwrap_or_default();
    diagnostic
        .fact("key", parameter.key.clone())
        .fact("value", json(value))
        .fact("min", parameter.min.as_ref().map(|min| json(&min.value)))
        .fact("max", parameter.max.as_ref().map(|max| json(&max.value)))
        .fact("allowed", parameter.allowed.as_ref().map(|allowed| allowed.value.iter().map(json).collect::<Vec<_>>()))
}

fn eval_rule(candidate: &Candidate, value_type: ValueType, frame: &Frame) -> Result<Scalar, (Span, ExprError)> {
    match &candidate.rule {
        Rule::Set(value) => Ok(value.clone()),
        Rule::Derive(expr) => match (expr.eval(frame), value_type) {
            // The static type may be int where the parameter is a float.
            (Ok(Scalar::Int(value)), ValueType::Float) => Ok(Scalar::Float(value as f64)),
            (Ok(Scalar::Int(value)), ValueType::Duration)
                if !(-LONGEST_DURATION..=LONGEST_DURATION).contains(&value) =>
            {
                let fault = ExprError {
                    kind: ExprErrorKind::Failed,
                    range: None,
                    message: format!(
                        "{value} milliseconds are more than the longest duration that Go can read, 292 years"
                    ),
                    help: None,
                    name: None,
                };
                Err((candidate.span, fault))
            }
            (Ok(value), _) => Ok(value),
            (Err(fault), _) => Err((candidate.span.of(expr.source(), fault.range.clone()), fault)),
        },
    }
}
