//! The cases of the rules that judge behaviour profiles.

use crate::catalog::rules::{CorrelationCase, Outcome, Stated, SymptomCase, Watched};
use crate::catalog::{Catalog, Correlation, ParamId, Recommendation};
use crate::compile::{Compilation, Given, Request, compile};
use crate::correlate::{self, Changed};
use crate::diag::{At, Code, Diagnostic, Diagnostics, Span};
use crate::model::Scalar;
use crate::model::behaviour::{GapState, MetricAggregate, Moving, Statistics, TelemetrySummary};
use crate::recommend;
use crate::situation::Situation;
use std::collections::BTreeMap;

/// Runs one case of a recommendation rule.
pub(super) fn symptom(catalog: &Catalog, rule: &Recommendation, case: &SymptomCase) -> Result<(), Diagnostics> {
    let failed = |message: String| failed(&case.outcome, rule.when.span, &case.note, message);
    let compiled = compiled(catalog, &case.preset, case.modifier.as_deref(), &case.set)
        .map_err(|why| failed(format!("a case of the rule `{}` cannot be evaluated: {why}", rule.name)))?;
    let mut before: BTreeMap<ParamId, Scalar> = BTreeMap::new();
    if case.baseline.is_some() {
        before = catalog.ids().map(|id| (id, compiled.0.resolution.value(id).clone())).collect();
        before.extend(case.before.iter().cloned());
    }
    let (observed, baseline) = (telemetry(catalog, &case.observed), case.baseline.as_ref());
    let baseline = baseline.map(|stated| telemetry(catalog, stated));
    let mut situation = Situation::stated(compiled, &observed, baseline.as_ref(), before);
    let found = recommend::outcome(rule, &mut situation);
    if found == case.outcome.value {
        if found == Outcome::Fires {
            // A case that fires also shows that the rule can say what is seen.
            situation.say(&rule.message.value).map_err(|fault| failed(fault.message))?;
        }
        return Ok(());
    }
    Err(failed(format!(
        "the rule `{}` has the outcome `{}`, and the case says `{}`",
        rule.name,
        found.as_str(),
        case.outcome.value.as_str()
    )))
}

/// Runs one case of a correlation rule.
pub(super) fn correlation(catalog: &Catalog, rule: &Correlation, case: &CorrelationCase) -> Result<(), Diagnostics> {
    let condition = rule.when.as_ref().map_or(rule.span, |when| when.span);
    let failed = |message: String| failed(&case.fires, condition, &case.note, message);
    let mut set = case.set.clone();
    let mut before: BTreeMap<ParamId, Scalar> = BTreeMap::new();
    let key = match &case.key {
        Watched::Parameter(id) => {
            set.retain(|(other, _)| other != id);
            set.push((*id, case.after.clone()));
            catalog.parameter(*id).key.clone()
        }
        Watched::Setting(key) => key.clone(),
    };
    let compiled = compiled(catalog, &case.preset, None, &set)
        .map_err(|why| failed(format!("a case of the rule `{}` cannot be evaluated: {why}", rule.name)))?;
    for id in catalog.ids() {
        before.insert(id, compiled.0.resolution.value(id).clone());
    }
    if let Watched::Parameter(id) = &case.key {
        before.insert(*id, case.before.clone());
    }
    let json = |value: &Scalar| serde_json::to_value(value).unwrap_or_default();
    let change = Changed {
        what: case.key.clone(),
        key: key.into_owned(),
        old: json(&case.before),
        new: json(&case.after),
        turn: correlate::turn_of_values(&case.before, &case.after),
        set: true,
    };
    let changes = if case.before == case.after { Vec::new() } else { vec![change] };
    let moving = case.metric.as_ref().map(|(metric, from, to)| Moving {
        metric: metric.to_string(),
        rose: to > from,
        regressed: true,
        old: *from,
        new: *to,
        change_pct: None,
        unit: String::new(),
    });
    let moving: Vec<Moving> = moving.into_iter().filter(|moving| moving.old != moving.new).collect();
    let telemetry = TelemetrySummary::default();
    let mut situation = Situation::stated(compiled, &telemetry, Some(&telemetry), before);
    let told = correlate::tie(catalog, &changes, &moving, Some(&mut situation));
    let fires = if rule.is_harmless() {
        told.without_effect.iter().any(|quiet| quiet.reason.as_deref() == Some(rule.mechanism.trim()))
    } else {
        told.explanations.iter().any(|found| found.rule == rule.name)
    };
    if fires == case.fires.value {
        return Ok(());
    }
    let does = if fires { "fires" } else { "is silent" };
    Err(failed(format!("the rule `{}` {does}, and its case says otherwise", rule.name)))
}

fn failed<T>(outcome: &At<T>, condition: Span, note: &str, message: String) -> Diagnostics {
    Diagnostics::from(
        Diagnostic::error(Code::RuleCaseFailed, message)
            .at(outcome.span, "the outcome that the case states")
            .and(condition, "the condition")
            .help(format!("case: {note}")),
    )
}

/// A configuration as a case states it.
pub(super) fn compiled<'c>(
    catalog: &'c Catalog,
    preset: &str,
    modifier: Option<&str>,
    set: &[(ParamId, Scalar)],
) -> Result<(Compilation<'c>, Request), String> {
    let given = set.iter().map(|(id, value)| {
        let parameter = catalog.parameter(*id);
        Given::new(parameter.key.clone(), parameter.value_type.show(value))
    });
    let request = Request {
        preset: preset.to_owned(),
        modifier: modifier.map(str::to_owned),
        given: given.collect(),
        ..Request::default()
    };
    let compiled = compile(catalog, &request, "");
    let first = |faults: Diagnostics| faults.into_iter().next().map(|fault| fault.message).unwrap_or_default();
    Ok((compiled.map_err(first)?, request))
}

/// Telemetry as a case states it; of what it does not speak is a gap.
pub(super) fn telemetry(catalog: &Catalog, stated: &Stated) -> TelemetrySummary {
    TelemetrySummary::complete(catalog.measured(), |_, name| {
        let mut values: Option<[f64; 6]> = None;
        for (_, statistic, value) in stated.iter().filter(|(metric, _, _)| metric == name) {
            let place = statistic.and_then(|wanted| Statistics::NAMES.iter().position(|known| *known == wanted));
            match (place, &mut values) {
                (Some(at), Some(values)) => values[at] = *value,
                (_, values) => *values = Some([*value; 6]),
            }
        }
        let measured = values.and_then(|values| Statistics::new(values).ok());
        measured.map_or_else(
            || MetricAggregate::gap(GapState::Absent, "the case does not state it"),
            MetricAggregate::Measured,
        )
    })
}
