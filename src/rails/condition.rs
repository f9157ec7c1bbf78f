//! A rail's condition as a person reads it: its parts with both sides filled in, how far each is from the other outcome,
//! and everything that it reads, with where each value came from.

use super::{judge_one, take_steps};
use crate::catalog::{ParamId, Rail, Slots};
use crate::diag::Diagnostic;
use crate::eval::Resolution;
use crate::expr::{Expr, Measure, Part, Parts};
use crate::model::{ConditionPart, Operand, Scalar, Standing, Unit, ValueType, format_duration};

/// How a rail stands with a configuration. One that cannot be judged says why.
#[must_use]
pub fn standing<'c>(rail: &'c Rail, resolution: &mut Resolution<'c>) -> Standing {
    let mut standing = Standing {
        rule_name: rail.name.to_string(),
        severity: rail.severity,
        summary: rail.summary.trim().to_owned(),
        fires: false,
        fired_before: None,
        applies: true,
        when: rail.when.as_ref().map(|when| one_line(when.value.source())),
        condition: one_line(rail.require.value.source()),
        parts: Vec::new(),
        all: true,
        operands: Vec::new(),
        nearness: None,
        fault: None,
        message: None,
        remedy: None,
        place: resolution.catalog.shown_place(rail.require.span),
    };
    if let Err(fault) = take_apart(rail, resolution, &mut standing) {
        standing.fault = Some(fault.message);
    }
    standing.operands = operands(rail, resolution);
    if standing.fires
        && let Ok(Some(finding)) = judge_one(rail, resolution)
    {
        standing.message = Some(finding.message);
        standing.remedy = Some(finding.remedy);
    }
    standing
}

fn take_apart(rail: &Rail, resolution: &mut Resolution<'_>, standing: &mut Standing) -> Result<(), Box<Diagnostic>> {
    let failed =
        |fault: crate::expr::ExprError| Box::new(Diagnostic::error(crate::diag::Code::ExpressionFailed, fault.message));
    if let Some(when) = &rail.when {
        take_steps(rail, 0..rail.steps_of_when, resolution)?;
        let parts = parts(rail, &when.value, resolution).map_err(failed)?;
        if !super::holds(&when.value, when.span, resolution)? {
            standing.applies = false;
            standing.all = parts.all;
            standing.parts = parts.parts.iter().map(told).collect();
            return Ok(());
        }
    }
    take_steps(rail, rail.steps_of_when..rail.steps.len(), resolution)?;
    let parts = parts(rail, &rail.require.value, resolution).map_err(failed)?;
    standing.fires = !super::holds(&rail.require.value, rail.require.span, resolution)?;
    standing.all = parts.all;
    standing.nearness = nearness(&parts);
    standing.parts = parts.parts.iter().map(told).collect();
    Ok(())
}

fn parts(rail: &Rail, expr: &Expr, resolution: &mut Resolution<'_>) -> Result<Parts, crate::expr::ExprError> {
    let steps = measures(rail, resolution);
    let (catalog, slots) = (resolution.catalog, resolution.slots());
    let measure = |slot: u32| measure_of(catalog, slots, &steps, slot);
    expr.parts(resolution.frame(), &measure)
}

/// What each step counts.
fn measures(rail: &Rail, resolution: &Resolution<'_>) -> Vec<Measure> {
    let (catalog, slots) = (resolution.catalog, resolution.slots());
    let mut steps = Vec::with_capacity(rail.steps.len());
    for (name, step) in &rail.steps {
        let measure = step.value.measure(&|slot| measure_of(catalog, slots, &steps, slot));
        // What no unit names may still be known by how the rail itself speaks of it.
        let told = measure != Measure::Duration && spoken_of_as_duration(rail, name);
        steps.push(if told { Measure::Duration } else { measure });
    }
    steps
}

/// Whether a rail's words write a step as a duration: `{{ fill | duration }}`.
fn spoken_of_as_duration(rail: &Rail, step: &str) -> bool {
    [&rail.message.value, &rail.help.value].iter().any(|words| {
        words.split("{{").skip(1).filter_map(|inside| inside.split("}}").next()).any(|inside| {
            let mut filters = inside.split('|').map(str::trim);
            filters.next() == Some(step) && filters.next() == Some("duration")
        })
    })
}

fn measure_of(catalog: &crate::catalog::Catalog, slots: Slots, steps: &[Measure], slot: u32) -> Measure {
    match slots.as_parameter(slot).map(|id| catalog.parameter(id)) {
        Some(parameter) => match (parameter.value_type, parameter.unit) {
            (ValueType::Duration, _) => Measure::Duration,
            (_, Some(Unit::Count) | None) => Measure::Plain,
            (_, Some(unit)) => Measure::Of(unit),
        },
        None => slots.as_step(slot).and_then(|index| steps.get(index)).copied().unwrap_or(Measure::Plain),
    }
}

/// The distance of the part that decides, relative to its greater side: the least of those that must all hold, the
/// greatest of those of which some must.
fn nearness(parts: &Parts) -> Option<f64> {
    let relative = |part: &Part| {
        let (left, _, right) = part.sides.as_ref()?;
        let greater = left.value.as_f64()?.abs().max(right.value.as_f64()?.abs());
        let distance = part.distance?;
        Some(if greater > 0.0 { distance / greater } else { distance })
    };
    let near = parts.parts.iter().filter_map(relative);
    if parts.all { near.reduce(f64::min) } else { near.reduce(f64::max) }
}

fn told(part: &Part) -> ConditionPart {
    let filled = part.sides.as_ref().filter(|(left, _, right)| left.reads || right.reads).map(|(left, op, right)| {
        let text =
            |side: &crate::expr::Side| if side.reads { number(&side.value, part.measure) } else { side.text.clone() };
        format!("{} {op} {}", text(left), text(right))
    });
    let unit = match part.measure {
        Measure::Duration => Some("duration".to_owned()),
        Measure::Of(unit) => Some(unit.as_str().to_owned()),
        Measure::Plain | Measure::Mixed => None,
    };
    ConditionPart {
        text: one_line(&part.text),
        holds: part.holds,
        filled,
        distance: part.distance,
        distance_text: part.distance.map(|distance| {
            let value = Scalar::Float(distance.abs());
            match part.measure {
                Measure::Of(unit) => format!("{}{}", number(&value, part.measure), unit.suffix()),
                measure => number(&value, measure),
            }
        }),
        unit: unit.filter(|_| part.distance.is_some()),
    }
}

/// A number without a fraction that says nothing; milliseconds as Go text.
fn number(value: &Scalar, measure: Measure) -> String {
    match (measure, value.as_f64()) {
        // Every duration that Go can express is exact enough here.
        (Measure::Duration, Some(milliseconds)) if milliseconds.abs() < 9.0e15 => {
            format_duration(milliseconds.round() as i64)
        }
        (_, Some(float)) if float.fract() == 0.0 && float.abs() < 9.0e15 => format!("{}", float as i64),
        _ => ValueType::Float.text(value),
    }
}

/// Everything that a rail reads: what its condition reads first, then what `when` and the steps read. A step that was not
/// taken, because the rail does not apply, is left out.
#[must_use]
pub fn operands(rail: &Rail, resolution: &mut Resolution<'_>) -> Vec<Operand> {
    let slots = resolution.slots();
    let applies = match &rail.when {
        Some(when) => {
            take_steps(rail, 0..rail.steps_of_when, resolution).is_ok()
                && super::holds(&when.value, when.span, resolution).unwrap_or(false)
        }
        None => true,
    };
    let taken = if applies && take_steps(rail, rail.steps_of_when..rail.steps.len(), resolution).is_ok() {
        rail.steps.len()
    } else {
        rail.steps_of_when
    };
    let steps = measures(rail, resolution);
    let mut found: Vec<Operand> = Vec::new();
    let mut waiting: Vec<&Expr> = rail.when.iter().map(|when| &when.value).collect();
    if applies {
        waiting.push(&rail.require.value);
    }
    // The last is looked at first.
    while let Some(expr) = waiting.pop() {
        let mut read: Vec<&Expr> = Vec::new();
        for (name, slot) in expr.slots() {
            if found.iter().any(|operand| operand.name == name) {
                continue;
            }
            let (value, origin, formula) = match (slots.as_parameter(slot), slots.as_step(slot)) {
                (Some(id), _) => (resolution.shown(id), Some(resolution.origin(id)), None),
                (None, Some(index)) if index < taken => {
                    let step = &rail.steps[index].1.value;
                    read.push(step);
                    let Some(value) = resolution.frame().get(slot) else { continue };
                    let value = match (steps[index], &value) {
                        (Measure::Duration, Scalar::Int(_)) => ValueType::Duration.show(&value),
                        _ => value,
                    };
                    (value, None, Some(one_line(step.source())))
                }
                (None, Some(_)) => continue,
                (None, None) => {
                    let Some(value) = resolution.frame().get(slot) else { continue };
                    (value, None, None)
                }
            };
            let text = ValueType::Float.text(&value);
            found.push(Operand { name: name.to_owned(), value, text, formula, origin });
        }
        waiting.extend(read.into_iter().rev());
    }
    found
}

/// The parameters that a rail reads, directly or through its steps, and those that it names.
#[must_use]
pub fn watched(rail: &Rail, resolution: &Resolution<'_>) -> Vec<ParamId> {
    let slots = resolution.slots();
    let mut watched: Vec<ParamId> = slots_of(rail).filter_map(|slot| slots.as_parameter(slot)).collect();
    watched.extend(&rail.parameters);
    watched.sort_unstable();
    watched.dedup();
    watched
}

/// Whether a rail holds something against the range that the preset is made for.
#[must_use]
pub fn reads_range(rail: &Rail, resolution: &Resolution<'_>) -> bool {
    let slots = resolution.slots();
    slots_of(rail).any(|slot| slots.is_range(slot))
}

/// Every slot that the expressions of a rail read.
fn slots_of(rail: &Rail) -> impl Iterator<Item = u32> {
    let expressions = rail.steps.iter().map(|(_, step)| &step.value);
    let expressions = expressions.chain(rail.when.iter().map(|when| &when.value)).chain([&rail.require.value]);
    expressions.flat_map(|expr| expr.slots().map(|(_, slot)| slot))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
