//! Judges resolved values; never changes one.

mod condition;

pub use condition::{operands, reads_range, standing, watched};

use crate::catalog::{Catalog, Rail};
use crate::diag::{At, Code, Diagnostic, Diagnostics, Span};
use crate::eval::Resolution;
use crate::expr::Expr;
use crate::model::{GuardRailResult, Operand, Scalar, Severity, Text};
use crate::render::{self, Shown, TemplateFault};
use std::collections::BTreeMap;

/// A rail that fired.
#[derive(Debug, Clone)]
pub struct Finding<'c> {
    /// The rail.
    pub rail: &'c Rail,
    /// The rail's severity; an error where it could not be judged.
    pub severity: Severity,
    /// What does not hold, with the numbers.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// What the condition reads, each with its value and where that came from.
    pub operands: Vec<Operand>,
}

impl Finding<'_> {
    /// The finding as it stands in results.
    #[must_use]
    pub fn result(&self, catalog: &Catalog) -> GuardRailResult {
        GuardRailResult {
            rule_name: self.rail.name.to_string(),
            severity: self.severity,
            message: self.message.clone(),
            parameter_keys: self.rail.parameters.iter().map(|id| catalog.parameter(*id).key.to_string()).collect(),
            remedy: self.remedy.clone(),
            rationale: self.rail.rationale.to_string(),
            condition: self.rail.require.value.source().to_owned(),
            applies_when: self.rail.when.as_ref().map(|when| when.value.source().to_owned()),
            operands: self.operands.clone(),
        }
    }
}

/// Judges every rail. One that cannot be judged, because a number in it overflows for instance, is a finding of severity
/// error: it hides no other, and nothing is emitted that it would have had to vouch for.
#[must_use]
pub fn judge<'c>(resolution: &mut Resolution<'c>) -> Vec<Finding<'c>> {
    let mut findings = Vec::new();
    for rail in &resolution.catalog.rails {
        match judge_one(rail, resolution) {
            Ok(finding) => findings.extend(finding),
            Err(faults) => {
                let told: Vec<String> = faults
                    .into_iter()
                    .map(|fault| {
                        fault
                            .help
                            .iter()
                            .filter(|help| !help.is_empty())
                            .fold(fault.message, |text, help| format!("{text}, {help}"))
                    })
                    .collect();
                findings.push(Finding {
                    rail,
                    severity: Severity::Error,
                    message: told.join("; "),
                    remedy: "give values of a usual size".to_owned(),
                    operands: operands(rail, resolution),
                });
            }
        }
    }
    // Errors first, each kind in the order of the rails' names.
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// Judges one rail.
///
/// # Errors
///
/// Its expressions or its words could not be evaluated.
pub fn judge_one<'c>(rail: &'c Rail, resolution: &mut Resolution<'c>) -> Result<Option<Finding<'c>>, Diagnostics> {
    if !fires(rail, resolution).map_err(|fault| Diagnostics::from(*fault))? {
        return Ok(None);
    }
    match (say(rail, &rail.message.value, resolution), say(rail, &rail.help.value, resolution)) {
        (Ok(message), Ok(remedy)) => {
            let operands = operands(rail, resolution);
            Ok(Some(Finding { rail, severity: rail.severity, message, remedy, operands }))
        }
        (message, remedy) => Err([(message.err(), &rail.message), (remedy.err(), &rail.help)]
            .into_iter()
            .filter_map(|(fault, at)| Some(template_fault(&fault?, at, &rail.name)))
            .collect()),
    }
}

/// The rails that fire, by their numbers; one that cannot be judged fires as an error.
#[must_use]
pub fn firing(resolution: &mut Resolution<'_>) -> BTreeMap<usize, Severity> {
    let catalog = resolution.catalog;
    let judged = catalog.rails.iter().enumerate().filter_map(|(index, rail)| match fires(rail, resolution) {
        Ok(false) => None,
        Ok(true) => Some((index, rail.severity)),
        Err(_) => Some((index, Severity::Error)),
    });
    judged.collect()
}

/// Whether one rail fires: the outcome that its cases state.
///
/// # Errors
///
/// An expression of the rail could not be evaluated.
pub fn fires(rail: &Rail, resolution: &mut Resolution<'_>) -> Result<bool, Box<Diagnostic>> {
    if let Some(when) = &rail.when {
        take_steps(rail, 0..rail.steps_of_when, resolution)?;
        if !holds(&when.value, when.span, resolution)? {
            return Ok(false);
        }
    }
    take_steps(rail, rail.steps_of_when..rail.steps.len(), resolution)?;
    Ok(!holds(&rail.require.value, rail.require.span, resolution)?)
}

/// Whether a condition holds.
fn holds(expr: &Expr, span: Span, resolution: &mut Resolution<'_>) -> Result<bool, Box<Diagnostic>> {
    Ok(eval(expr, span, resolution)? != Scalar::Bool(false))
}

/// Evaluates some of a rail's steps into the frame.
fn take_steps(
    rail: &Rail,
    steps: std::ops::Range<usize>,
    resolution: &mut Resolution<'_>,
) -> Result<(), Box<Diagnostic>> {
    let slots = resolution.slots();
    for index in steps {
        let (_, step) = &rail.steps[index];
        let value = eval(&step.value, step.span, resolution)?;
        resolution.frame().set(slots.step(index), &value);
    }
    Ok(())
}

fn eval(expr: &Expr, span: Span, resolution: &mut Resolution<'_>) -> Result<Scalar, Box<Diagnostic>> {
    expr.eval(resolution.frame()).map_err(|fault| {
        let place = span.of(expr.source(), fault.range.clone());
        let operands: Vec<String> = expr
            .slots()
            .map(|(name, slot)| match (resolution.slots().as_parameter(slot), resolution.frame().get(slot)) {
                (Some(id), _) => format!("{name} = {}", resolution.text(id)),
                (None, Some(value)) => format!("{name} = {value}"),
                (None, None) => name.to_owned(),
            })
            .collect();
        // The fault of an operator names its operands itself.
        let told = operands.is_empty() || fault.message.contains(" with ");
        let with = if told { String::new() } else { format!("with {}", operands.join(", ")) };
        Box::new(
            Diagnostic::error(Code::ExpressionFailed, format!("the rail cannot be judged: {}", fault.message))
                .at(place, "evaluated here")
                .help(with),
        )
    })
}

fn say(rail: &Rail, words: &str, resolution: &mut Resolution<'_>) -> Result<String, TemplateFault> {
    let catalog = resolution.catalog;
    let slots = resolution.slots();
    render::phrase(words, |name| {
        if let Some(index) = rail.steps.iter().position(|(step, _)| step == name) {
            return resolution.frame().get(slots.step(index)).map(shown);
        }
        match catalog.find(name) {
            Some(id) => Some(shown(resolution.shown(id))),
            None => slots.reserved(name).and_then(|slot| resolution.frame().get(slot)).map(shown),
        }
    })
}

fn shown(value: Scalar) -> Shown {
    match value {
        Scalar::Int(value) => Shown::Int(value),
        Scalar::Float(value) => Shown::Float(value),
        Scalar::Bool(value) => Shown::Bool(value),
        Scalar::Str(value) => Shown::Text(value),
    }
}

fn template_fault(fault: &TemplateFault, words: &At<Text>, rail: &str) -> Diagnostic {
    let place = words.span.of(&words.value, fault.range.clone());
    Diagnostic::error(Code::InvalidTemplate, format!("the rail `{rail}` cannot say what is wrong: {}", fault.message))
        .at(place, "in this text")
        .help("it may read parameters and the rail's own steps")
}

/// Checks the words of every rail without a configuration: that they parse, and read only what is there.
pub fn check_words(catalog: &Catalog, diags: &mut Diagnostics) {
    for rail in &catalog.rails {
        for words in [&rail.message, &rail.help] {
            match render::phrase_reads(&words.value) {
                Err(fault) => diags.push(template_fault(&fault, words, &rail.name)),
                Ok(names) => {
                    for name in names {
                        let known = rail.steps.iter().any(|(step, _)| *step == name)
                            || catalog.find(&name).is_some()
                            || crate::catalog::Slots::new(catalog.parameters.len()).reserved(&name).is_some();
                        if !known {
                            let range = words.value.find(&name).map(|at| at..at + name.len());
                            let fault =
                                TemplateFault { message: format!("there is no `{name}`"), range, template: None };
                            let near = crate::diag::nearest(
                                &name,
                                catalog
                                    .parameters
                                    .iter()
                                    .map(|parameter| parameter.key.as_ref())
                                    .chain(rail.steps.iter().map(|(step, _)| step.as_ref())),
                            );
                            let mut diagnostic = template_fault(&fault, words, &rail.name);
                            diagnostic.code = Code::UnknownName;
                            if let Some(near) = near {
                                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                            }
                            diags.push(diagnostic);
                        }
                    }
                }
            }
        }
    }
}
