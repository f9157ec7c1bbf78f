//! One parameter of a configuration: the facts that every text is made of.

use super::{first_sentence, one_line};
use crate::catalog::{Candidate, ParamId, Rule};
use crate::eval::Resolution;
use crate::model::{Fact, Operand, Scalar, Source, Unit, ValueType};

/// What there is to say about a parameter.
pub fn fact(resolution: &mut Resolution<'_>, id: ParamId) -> Fact {
    let parameter = resolution.catalog.parameter(id);
    let base = resolution.base_value(id);
    let rationale = reason(resolution, id);
    let formula = formula(resolution.winner(id).candidate);
    let operands = operands(resolution, id);
    let origin = resolution.origin(id);
    Fact {
        key: parameter.key.to_string(),
        classification: parameter.class,
        value: resolution.shown(id),
        text: resolution.text(id),
        shown: resolution.text(id) + parameter.unit.map_or("", Unit::suffix),
        value_type: parameter.value_type,
        unit: parameter.unit,
        description: parameter.summary.trim().to_owned(),
        why: first_sentence(&rationale).to_owned(),
        rationale,
        source: origin.source,
        layer: origin.layer,
        place: origin.place,
        formula,
        operands,
        base_text: parameter.value_type.text(&base),
        base: parameter.value_type.show(&base),
        evidence: parameter.source.trim().to_owned(),
        emitted: resolution.withheld(id).is_none(),
        reason: resolution.reason(id),
    }
}

/// Why a parameter has its value: what the deciding layer says, or the registry.
pub fn reason(resolution: &mut Resolution<'_>, id: ParamId) -> String {
    let parameter = resolution.catalog.parameter(id);
    let before = resolution.base_value(id);
    let winner = resolution.winner(id);
    match (winner.source, &winner.candidate.because) {
        (_, Some(because)) => because.trim().to_owned(),
        (Source::Override, None) => {
            format!("Set by {}; otherwise it would be {}.", winner.layer, parameter.value_type.text(&before))
        }
        (Source::Preset | Source::Modifier, None) => {
            format!("Set by the {} {}.", winner.source.as_str(), winner.layer)
        }
        (Source::Derived | Source::Default, None) => parameter.rationale.trim().to_owned(),
    }
}

/// The expression of a rule.
pub(super) fn formula(candidate: &Candidate) -> Option<String> {
    match &candidate.rule {
        Rule::Derive(expr) => Some(one_line(expr.source())),
        Rule::Set(_) => None,
    }
}

/// What the deciding expression of a parameter reads, each with its value and who decided that.
fn operands(resolution: &mut Resolution<'_>, id: ParamId) -> Vec<Operand> {
    let base = resolution.base_value(id);
    let slots = resolution.slots();
    let Rule::Derive(expr) = &resolution.winner(id).candidate.rule else { return Vec::new() };
    let value_type = resolution.catalog.parameter(id).value_type;
    let read = expr.slots().filter_map(|(name, slot)| {
        let (value, origin) = match slots.as_parameter(slot) {
            Some(read) => (resolution.shown(read), Some(resolution.origin(read))),
            None if slot == slots.base() => (value_type.show(&base), None),
            None => (resolution.reserved_value(slot)?, None),
        };
        Some(Operand { name: name.to_owned(), text: plain(&value), value, formula: None, origin })
    });
    read.collect()
}

/// A value as people read it; a duration is text already.
pub(super) fn plain(value: &Scalar) -> String {
    ValueType::Float.text(value)
}
