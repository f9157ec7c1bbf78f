//! Which change of the configuration explains which movement of a metric, by rules that are data.
//!
//! A rule speaks only where the value and the metric both went the way that it says, and where its condition holds of the newer
//! configuration. Shown at work by the property P20 and by the rules' own cases.

mod movement;

pub use movement::movements;

use crate::catalog::rules::{Correlation, Watched};
use crate::catalog::{Catalog, ParamId};
use crate::model::behaviour::{
    ConfigDiff, Correlations, Explanation, Moved, Moving, QuietChange, TelemetryDiff, Unjudged,
};
use crate::model::{Scalar, Turn, parse_duration};
use crate::situation::Situation;
use serde_json::Value;
use std::collections::BTreeSet;

/// A value that changed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// What changed.
    pub what: Watched,
    /// Its key.
    pub key: String,
    /// The older value; null where there was none.
    pub old: Value,
    /// The newer value; null where there is none.
    pub new: Value,
    /// Which way it went: raised or lowered; none where values have no order.
    pub turn: Option<Turn>,
    /// Whether somebody set it; others follow.
    pub set: bool,
}

/// What explains what of two profiles, by what a comparison says of both halves. Without a situation, whose configuration is
/// not known, rules with a condition cannot be judged.
#[must_use]
pub fn correlate(
    catalog: &Catalog,
    config: &[ConfigDiff],
    telemetry: &[TelemetryDiff],
    situation: Option<&mut Situation<'_, '_>>,
) -> Correlations {
    let changes = changes(catalog, config, situation.as_deref());
    tie(catalog, &changes, &movements(telemetry), situation)
}

/// Ties changes to movements.
#[must_use]
pub fn tie(
    catalog: &Catalog,
    changes: &[Changed],
    movements: &[Moving],
    mut situation: Option<&mut Situation<'_, '_>>,
) -> Correlations {
    let mut told = Correlations::default();
    let mut reasons: Vec<(String, String)> = Vec::new();
    for rule in &catalog.correlations {
        for change in changes.iter().filter(|change| is_of(rule, change)) {
            let effects: Vec<Moving> = movements.iter().filter(|moving| expected(rule, moving)).cloned().collect();
            if effects.is_empty() && !rule.is_harmless() {
                continue;
            }
            match condition(rule, situation.as_deref_mut()) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(reasons) => {
                    told.unjudged.push(Unjudged { rule: rule.name.to_string(), reasons });
                    continue;
                }
            }
            if rule.is_harmless() {
                reasons.push((change.key.clone(), rule.mechanism.trim().to_owned()));
            } else {
                told.explanations.push(explanation(rule, change, effects));
            }
        }
    }
    let explained: BTreeSet<&str> =
        told.explanations.iter().flat_map(|found| &found.effects).map(|effect| effect.metric.as_str()).collect();
    let regressions = movements.iter().filter(|moving| moving.regressed);
    told.unexplained = regressions
        .filter(|moving| !explained.contains(moving.metric.as_str()))
        .map(|moving| moving.metric.clone())
        .collect();
    let followed = followed(catalog, &told.explanations, situation.as_deref());
    let quiet = changes.iter().filter(|change| change.set && !followed.contains(change.key.as_str()));
    told.without_effect = quiet
        .map(|change| QuietChange {
            key: change.key.clone(),
            old_value: change.old.clone(),
            new_value: change.new.clone(),
            reason: reasons.iter().find(|(key, _)| *key == change.key).map(|(_, reason)| reason.clone()),
        })
        .collect();
    told.explanations.sort_by(|a, b| {
        let weight = |of: &Explanation| (!of.is_of_regression(), !of.set, of.confidence);
        let worst = |of: &Explanation| of.effects.iter().map(size).fold(0.0, f64::max);
        (weight(a).cmp(&weight(b))).then(worst(b).total_cmp(&worst(a))).then(a.rule.cmp(&b.rule))
    });
    told
}

/// The size of a movement in percent, endless from a zero base.
fn size(moving: &Moving) -> f64 {
    moving.change_pct.map_or(f64::INFINITY, f64::abs)
}

/// Whether a change is the one that a rule is about.
fn is_of(rule: &Correlation, change: &Changed) -> bool {
    let watched = rule.keys.iter().any(|key| match (key, &change.what) {
        (Watched::Setting(key), Watched::Setting(changed)) => key.eq_ignore_ascii_case(changed),
        (key, changed) => key == changed,
    });
    watched && (rule.moved == Turn::Changed || change.turn == Some(rule.moved))
}

/// Whether a metric went the way that a rule says.
fn expected(rule: &Correlation, moving: &Moving) -> bool {
    let metrics = if moving.rose { &rule.rise } else { &rule.fall };
    metrics.iter().any(|metric| *metric == moving.metric)
}

fn condition(rule: &Correlation, situation: Option<&mut Situation<'_, '_>>) -> Result<bool, Vec<String>> {
    match (&rule.when, situation) {
        (None, _) => Ok(true),
        (Some(when), Some(situation)) => situation.holds(when),
        (Some(_), None) => Err(vec!["the configuration as a whole is not known".to_owned()]),
    }
}

fn explanation(rule: &Correlation, change: &Changed, mut effects: Vec<Moving>) -> Explanation {
    effects.sort_by(|a, b| b.regressed.cmp(&a.regressed).then(size(b).total_cmp(&size(a))));
    Explanation {
        rule: rule.name.to_string(),
        key: change.key.clone(),
        old_value: change.old.clone(),
        new_value: change.new.clone(),
        moved: rule.moved,
        set: change.set,
        effects,
        mechanism: rule.mechanism.trim().to_owned(),
        confidence: rule.confidence,
        source: rule.source.trim().to_owned(),
    }
}

/// The keys that explain a regression, with everything that those follow from.
fn followed(
    catalog: &Catalog,
    explanations: &[Explanation],
    situation: Option<&Situation<'_, '_>>,
) -> BTreeSet<String> {
    let regressions = explanations.iter().filter(|found| found.is_of_regression());
    let mut keys: BTreeSet<String> = regressions.map(|found| found.key.clone()).collect();
    let Some(situation) = situation else { return keys };
    let mut open: Vec<ParamId> = keys.iter().filter_map(|key| catalog.find(key)).collect();
    while let Some(id) = open.pop() {
        for read in situation.compilation.resolution.reads(id) {
            if keys.insert(catalog.parameter(read).key.to_string()) {
                open.push(read);
            }
        }
    }
    keys
}

/// What changed, each value once, whatever parts of the configuration have it.
fn changes(catalog: &Catalog, diffs: &[ConfigDiff], situation: Option<&Situation<'_, '_>>) -> Vec<Changed> {
    let mut known = BTreeSet::new();
    diffs
        .iter()
        .filter(|diff| known.insert((diff.parameter.as_deref().unwrap_or(&diff.key), constrained(diff))))
        .filter_map(|diff| changed(catalog, diff, situation))
        .collect()
}

/// To what a value is constrained, as one text: another namespace is another value.
fn constrained(diff: &ConfigDiff) -> String {
    diff.constraints.iter().map(|(name, value)| format!("{name}={value},")).collect()
}

fn changed(catalog: &Catalog, diff: &ConfigDiff, situation: Option<&Situation<'_, '_>>) -> Option<Changed> {
    let id = diff.parameter.as_deref().and_then(|key| catalog.find(key));
    let mut change = Changed {
        what: id.map_or_else(|| Watched::Setting(diff.key.clone().into()), Watched::Parameter),
        key: diff.parameter.as_ref().unwrap_or(&diff.key).clone(),
        old: diff.old_value.clone(),
        new: diff.new_value.clone(),
        turn: diff.moved.map(|moved| match moved {
            Moved::Raised => Turn::Raised,
            Moved::Lowered => Turn::Lowered,
        }),
        set: true,
    };
    let (Some(id), Some(situation)) = (id, situation) else { return Some(change) };
    change.set = catalog.parameter(id).is_input() || situation.is_set(&change.key);
    // What both ran with is typed and has no unit in its name.
    if diff.constraints.is_empty()
        && let Some(before) = situation.before(id)
    {
        let after = situation.compilation.resolution.value(id);
        if before == after {
            return None;
        }
        let value_type = catalog.parameter(id).value_type;
        let shown = |value: &Scalar| serde_json::to_value(value_type.show(value)).unwrap_or_default();
        (change.old, change.new, change.turn) = (shown(before), shown(after), turn_of_values(before, after));
    }
    Some(change)
}

/// Which way a value went.
#[must_use]
pub fn turn_of_values(old: &Scalar, new: &Scalar) -> Option<Turn> {
    let number = |value: &Scalar| match value {
        Scalar::Bool(on) => Some(f64::from(u8::from(*on))),
        // A duration, of a setting that is no parameter.
        Scalar::Str(text) => parse_duration(text).ok().map(|milliseconds| milliseconds as f64),
        value => value.as_f64(),
    };
    turned(number(old)?, number(new)?)
}

fn turned(old: f64, new: f64) -> Option<Turn> {
    match old.partial_cmp(&new)? {
        std::cmp::Ordering::Less => Some(Turn::Raised),
        std::cmp::Ordering::Greater => Some(Turn::Lowered),
        std::cmp::Ordering::Equal => None,
    }
}
