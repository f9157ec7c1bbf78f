//! What to do about the symptoms of a profile: rules that are data, each suggestion compiled before it is given.
//!
//! A suggestion goes on top of what the profile's own configuration compiles from, and stands only if no guard rail refuses
//! the whole. Shown at work by `tests/it/recommend.rs` and by the rules' own cases.

mod words;

pub use words::check_words;

use crate::catalog::rules::{Outcome, PresetChoice, Suggest};
use crate::catalog::{Catalog, ParamId, Recommendation};
use crate::compile::{Compilation, Given, Request, compile};
use crate::diag::{Code, Diagnostics};
use crate::model::behaviour::{
    Action, Basis, BehaviourProfile, Evidence, GapState, GivenWay, MetricAggregate, ProfileId, Recommendations,
    Recommended, Unjudged, Withheld,
};
use crate::model::{ConfigProfile, Overrides, Scalar, Severity};
use crate::situation::{Known, Situation};
use std::collections::BTreeMap;

/// What a profile suggests to do, held against a baseline where there is one.
///
/// # Errors
///
/// As [`Situation::new`], if the profile's configuration is not known or does not compile.
pub fn recommend(
    catalog: &Catalog,
    baseline: Option<&BehaviourProfile>,
    profile: &BehaviourProfile,
    preset: Option<&str>,
) -> Result<Recommendations, Diagnostics> {
    recommend_in(&mut Situation::new(catalog, baseline, profile, preset)?, profile.id)
}

/// What a situation suggests to do, which is that of this profile.
///
/// # Errors
///
/// If the words of a rule cannot be rendered.
pub fn recommend_in(situation: &mut Situation<'_, '_>, profile_id: ProfileId) -> Result<Recommendations, Diagnostics> {
    let catalog = situation.compilation.catalog;
    let running = situation.compilation.profile();
    let mut told = Recommendations {
        profile_id: Some(profile_id),
        basis: Basis {
            preset: running.preset_name.clone(),
            modifier: running.modifier.clone(),
            overrides: running.overrides.clone(),
            known_from: situation.known_from,
        },
        recommendations: Vec::new(),
        given_way: Vec::new(),
        unjudged: Vec::new(),
        together: None,
        notes: situation.notes.clone(),
    };
    if situation.compilation.is_refused() {
        let rails: Vec<&str> = errors(&situation.compilation).collect();
        told.notes.push(format!("guard rails refuse what runs now already: {}", rails.join(", ")));
    }
    let mut rules: Vec<&Recommendation> = catalog.recommendations.iter().collect();
    rules.sort_by(|a, b| (b.priority, &a.name).cmp(&(a.priority, &b.name)));
    let mut leading: BTreeMap<&str, &str> = BTreeMap::new();
    for rule in rules {
        match judge(rule, situation) {
            Ok(false) => {}
            Err(reasons) => told.unjudged.push(Unjudged { rule: rule.name.to_string(), reasons }),
            Ok(true) => {
                if let Some(group) = &rule.group {
                    if let Some(leader) = leading.get(group.as_ref()) {
                        told.given_way.push(given_way(rule, leader, format!("both are about `{group}`")));
                        continue;
                    }
                    leading.insert(group, &rule.name);
                }
                follow(rule, situation, &running, &mut told)?;
            }
        }
    }
    told.together = together(situation, &running, &told.recommendations);
    let actions = told.recommendations.iter().filter(|recommended| recommended.action.is_some()).count();
    if actions > 1 && told.together.is_none() {
        told.notes.push("the suggestions do not compile together: take one, and look again".to_owned());
    }
    Ok(told)
}

fn given_way(rule: &Recommendation, to: &str, reason: String) -> GivenWay {
    GivenWay { rule: rule.name.to_string(), summary: rule.summary.trim().to_owned(), to: to.to_owned(), reason }
}

/// Whether the symptom of a rule shows.
///
/// # Errors
///
/// What it reads and nobody knows.
pub fn judge(rule: &Recommendation, situation: &mut Situation<'_, '_>) -> Known<bool> {
    if let Some(applies) = &rule.applies
        && !situation.holds(applies)?
    {
        return Ok(false);
    }
    situation.holds(&rule.when)
}

/// The outcome that the cases of a rule state.
#[must_use]
pub fn outcome(rule: &Recommendation, situation: &mut Situation<'_, '_>) -> Outcome {
    match judge(rule, situation) {
        Ok(true) => Outcome::Fires,
        Ok(false) => Outcome::Silent,
        Err(_) => Outcome::Unknown,
    }
}

/// What a rule whose symptom shows recommends.
fn follow(
    rule: &Recommendation,
    situation: &mut Situation<'_, '_>,
    running: &ConfigProfile,
    told: &mut Recommendations,
) -> Result<(), Diagnostics> {
    let mut withheld = Vec::new();
    let mut action = None;
    for suggestion in &rule.suggestions {
        match attempt(suggestion, situation, running) {
            Attempt::NotMeant | Attempt::ChangesNothing => {}
            Attempt::Refused(refused) => withheld.push(refused),
            Attempt::Good(good) => {
                action = Some(*good);
                break;
            }
        }
    }
    let advice = match &rule.advice {
        Some(advice) => Some(words::say(rule, advice, situation)?),
        None => None,
    };
    if action.is_none() && advice.is_none() && withheld.is_empty() {
        return Ok(());
    }
    if let Some(wanted) = &action
        && let Some(earlier) = conflicting(wanted, &told.recommendations)
    {
        let to = earlier.rule.clone();
        told.given_way.push(given_way(rule, &to, "both set the same value, to different ones".to_owned()));
        return Ok(());
    }
    let catalog = situation.compilation.catalog;
    let evidence = rule.evidence.iter().map(|metric| {
        let (value, baseline) = situation.metric(metric);
        let absent = || MetricAggregate::gap(GapState::Absent, "the profile does not have the metric");
        let known = catalog.metrics.iter().find(|known| known.name == *metric);
        Evidence {
            metric: metric.to_string(),
            unit: known.map(|known| known.unit.to_string()).unwrap_or_default(),
            value: value.cloned().unwrap_or_else(absent),
            baseline: baseline.cloned(),
        }
    });
    let evidence = evidence.collect();
    told.recommendations.push(Recommended {
        rule: rule.name.to_string(),
        summary: rule.summary.trim().to_owned(),
        message: words::say(rule, &rule.message, situation)?,
        evidence,
        action,
        advice,
        withheld,
        rationale: rule.rationale.trim().to_owned(),
        confidence: rule.confidence,
        priority: rule.priority,
        source: rule.source.trim().to_owned(),
    });
    Ok(())
}

/// The recommendation that sets one of the same values to another one, or wants another preset.
fn conflicting<'r>(action: &Action, earlier: &'r [Recommended]) -> Option<&'r Recommended> {
    earlier.iter().find(|other| {
        other.action.as_ref().is_some_and(|other| {
            let value = |key: &String| other.overrides.values.get(key);
            action.overrides.values.iter().any(|(key, wanted)| value(key).is_some_and(|other| other != wanted))
        })
    })
}

enum Attempt {
    /// Its condition does not hold, or cannot be judged.
    NotMeant,
    /// What it sets is so already.
    ChangesNothing,
    Refused(Withheld),
    Good(Box<Action>),
}

fn attempt(suggestion: &Suggest, situation: &mut Situation<'_, '_>, running: &ConfigProfile) -> Attempt {
    match suggestion.when.as_ref().map(|when| situation.holds(when)) {
        None | Some(Ok(true)) => {}
        Some(_) => return Attempt::NotMeant,
    }
    let title = situation.say(&suggestion.title.value).unwrap_or_else(|_| suggestion.title.value.to_string());
    let refused =
        |reason: String, rules: Vec<String>| Attempt::Refused(Withheld { title: title.clone(), reason, rules });
    let catalog = situation.compilation.catalog;
    let mut preset = None;
    match &suggestion.preset {
        None => {}
        Some(PresetChoice::Named(name)) => preset = Some(name.clone()),
        Some(PresetChoice::For(throughput)) => {
            let Some(throughput) = situation.value(throughput).ok().and_then(|value| value.as_f64()) else {
                return Attempt::NotMeant;
            };
            let fitting = catalog.presets.values().filter(|preset| {
                let range = &preset.throughput;
                range.min_st_per_sec <= throughput && range.max_st_per_sec.is_none_or(|max| throughput <= max)
            });
            let narrowest = fitting.min_by(|a, b| {
                let top = |preset: &crate::catalog::Preset| preset.throughput.max_st_per_sec.unwrap_or(f64::MAX);
                top(a).total_cmp(&top(b))
            });
            match narrowest {
                Some(fitting) => preset = Some(fitting.layer.name.clone()),
                None => return refused("no preset is made for such a load".to_owned(), Vec::new()),
            }
        }
    }
    let mut set: Vec<(ParamId, Scalar)> = suggestion.set.clone();
    for (id, derive) in &suggestion.derive {
        match situation.value(derive) {
            Ok(value) => set.push((*id, value)),
            // What it would follow is not known.
            Err(_) => return Attempt::NotMeant,
        }
    }
    let overrides: BTreeMap<String, Scalar> = set
        .into_iter()
        .map(|(id, value)| {
            let parameter = catalog.parameter(id);
            let value = match (value, parameter.value_type) {
                (Scalar::Int(value), crate::model::ValueType::Float) => Scalar::Float(value as f64),
                (value, _) => value,
            };
            (parameter.key.to_string(), parameter.value_type.show(&value))
        })
        .collect();
    let mut request = with(&situation.request, &overrides);
    if let Some(preset) = preset {
        request.preset = preset.into_owned();
    }
    if let Some(modifier) = &suggestion.modifier {
        request.modifier = Some(modifier.to_string());
    }
    request.running = Some(running.clone());
    let compilation = match compile(catalog, &request, "") {
        Ok(compilation) => compilation,
        Err(faults) => {
            let reasons: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
            return refused(reasons.join("; "), Vec::new());
        }
    };
    if compilation.changes.is_empty() {
        return Attempt::ChangesNothing;
    }
    if compilation.is_refused() {
        let findings = compilation.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let reasons: Vec<String> = findings.map(|finding| finding.message.clone()).collect();
        return refused(reasons.join("; "), errors(&compilation).map(str::to_owned).collect());
    }
    let before: Vec<&str> = situation.compilation.findings.iter().map(|finding| finding.rail.name.as_ref()).collect();
    let warnings = compilation.findings.iter().filter(|finding| !before.contains(&finding.rail.name.as_ref()));
    let fixed = |key: &String| catalog.find(key).is_some_and(|id| catalog.parameter(id).immutable);
    let kept = compilation
        .notices
        .iter()
        .filter(|notice| notice.code == Code::UnusedOverride.as_str() && notice.parameter_keys.iter().any(fixed));
    Attempt::Good(Box::new(Action {
        title,
        preset: request.preset.clone(),
        modifier: request.modifier.clone(),
        command: command(catalog, &request),
        changes: compilation.changes.clone(),
        kept: kept.map(|notice| notice.message.clone()).collect(),
        warnings: warnings.map(|finding| finding.message.clone()).collect(),
        overrides: Overrides { values: overrides.into_iter().collect() },
    }))
}

fn errors<'a>(compilation: &'a Compilation<'_>) -> impl Iterator<Item = &'a str> {
    let errors = compilation.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.rail.name.as_ref())
}

/// A request with these overrides in the place of its own for the same parameters.
fn with(request: &Request, overrides: &BTreeMap<String, Scalar>) -> Request {
    let mut request = request.clone();
    request.given.retain(|given| !overrides.contains_key(&given.key.value));
    request.given.extend(overrides.iter().map(|(key, value)| Given::new(key.clone(), value.clone())));
    request
}

/// The command that does everything that is recommended, where it compiles.
fn together(situation: &Situation<'_, '_>, running: &ConfigProfile, recommended: &[Recommended]) -> Option<String> {
    let actions: Vec<&Action> = recommended.iter().filter_map(|recommended| recommended.action.as_ref()).collect();
    let (first, rest) = actions.split_first()?;
    let overrides: BTreeMap<String, Scalar> =
        actions.iter().rev().flat_map(|action| action.overrides.values.clone()).collect();
    let mut request = with(&situation.request, &overrides);
    // Whoever leaves the preset of the basis decides; two that do so in different ways do not go together.
    for action in std::iter::once(first).chain(rest) {
        if action.preset != situation.request.preset {
            if request.preset != situation.request.preset && request.preset != action.preset {
                return None;
            }
            request.preset.clone_from(&action.preset);
        }
        if action.modifier != situation.request.modifier {
            request.modifier.clone_from(&action.modifier);
        }
    }
    request.running = Some(running.clone());
    let compilation = compile(situation.compilation.catalog, &request, "").ok()?;
    (!compilation.is_refused()).then(|| command(situation.compilation.catalog, &request))
}

/// The command line that compiles a request.
fn command(catalog: &Catalog, request: &Request) -> String {
    let mut words = vec!["tdsql".to_owned(), "compile".to_owned(), request.preset.clone()];
    if let Some(modifier) = &request.modifier {
        words.extend(["-m".to_owned(), modifier.clone()]);
    }
    for given in &request.given {
        words.extend(["-s".to_owned(), format!("{}={}", given.key.value, given.value.value)]);
    }
    for (flag, version, target) in [
        ("--temporal-version", &request.temporal_version, &catalog.temporal),
        ("--plugin-version", &request.plugin_version, &catalog.plugin),
    ] {
        if let Some(version) = version.as_ref().filter(|version| **version != target.default.to_string()) {
            words.extend([flag.to_owned(), version.clone()]);
        }
    }
    words.extend(["-o".to_owned(), "out".to_owned()]);
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"=._-/:@%+,".contains(&b));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
