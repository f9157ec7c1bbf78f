//! Everything about one parameter.

use super::fact::{fact, formula, plain};
use super::{Scene, basis, derivation};
use crate::catalog::{ParamId, Rule};
use crate::diag::Code;
use crate::eval::Resolution;
use crate::model::{
    Before, Bounds, Channel, ConfigProfile, KeyExplanation, Notice, Replaced, Scalar, Severity, Source, Standing, Unit,
    Versions,
};
use crate::rails::{standing, watched};
use std::collections::HashSet;

/// What is asked about a parameter.
#[derive(Debug, Clone)]
pub struct Question {
    /// The parameter.
    pub id: ParamId,
    /// The name that was asked for, where it is not the key.
    pub asked: Option<String>,
    /// How many steps down the derivation is shown.
    pub depth: usize,
}

impl Question {
    /// Steps down that are enough for nearly every value, and fit a screen.
    pub const DEPTH: usize = 3;

    /// A question about a parameter.
    #[must_use]
    pub fn new(id: ParamId) -> Self {
        Question { id, asked: None, depth: Self::DEPTH }
    }
}

/// Explains a parameter. `before` is the configuration without the overrides that are asked about.
pub fn key<'c>(
    scene: &mut Scene<'_, 'c>,
    question: &Question,
    mut before: Option<&mut Resolution<'c>>,
) -> KeyExplanation {
    let id = question.id;
    let resolution = &mut *scene.resolution;
    let catalog = resolution.catalog;
    let parameter = catalog.parameter(id);
    let fact = fact(resolution, id);
    let (dependents, further) = derivation::followers(resolution, id, before.as_deref());
    let (rails, further_rails) = rails(resolution, id, &dependents_of(resolution, id, &further), before.as_deref_mut());
    let shown = |value: &Scalar| parameter.value_type.show(value);
    let own_reason = fact.rationale == parameter.rationale.trim();
    let earlier = before.as_deref_mut().map(|before| {
        let value = before.shown(id);
        Before {
            text: before.text(id),
            origin: before.origin(id),
            formula: formula(before.winner(id).candidate),
            changed: value != fact.value,
            value,
        }
    });
    KeyExplanation {
        asked: question.asked.clone(),
        basis: basis(resolution),
        registry_rationale: (!own_reason).then(|| parameter.rationale.trim().to_owned()),
        replaced: replaced(scene, id),
        before: earlier,
        derivation: derivation::tree(scene.resolution, id, question.depth, before),
        dependents,
        further_dependents: further.len(),
        gates: derivation::gates(scene.resolution, id),
        rails,
        further_rails,
        outputs: Channel::ALL.iter().copied().filter(|channel| parameter.output(*channel).is_some()).collect(),
        names: catalog.outside_names(id),
        versions: Versions {
            temporal: parameter.temporal.as_ref().map(ToString::to_string),
            plugin: parameter.plugin.as_ref().map(ToString::to_string),
        },
        constraints: Bounds {
            min_value: parameter.min.as_ref().map(|min| shown(&min.value)),
            max_value: parameter.max.as_ref().map(|max| shown(&max.value)),
            allowed_values: parameter.allowed.as_ref().map(|allowed| allowed.value.iter().map(shown).collect()),
        },
        locked: parameter.locked,
        immutable: parameter.immutable,
        notices: scene
            .notices
            .iter()
            .filter(|notice| notice.parameter_keys.iter().any(|key| *key == parameter.key))
            .cloned()
            .collect(),
        fact,
    }
}

/// Every value that the deciding layer replaced, lowest layer first; then overrides that a later one replaced.
fn replaced(scene: &mut Scene<'_, '_>, id: ParamId) -> Vec<Replaced> {
    let resolution = &mut *scene.resolution;
    let value_type = resolution.catalog.parameter(id).value_type;
    let count = resolution.spoken(id).count();
    let overridden = resolution.winner(id).source == Source::Override;
    let below = count - 1;
    let mut replaced: Vec<Replaced> = (1..=below)
        .map(|layers| {
            let value = value_type.show(&resolution.value_of_layers(id, layers));
            let spoken = resolution.spoken(id).nth(layers - 1).expect("the layer was counted");
            Replaced {
                origin: resolution.origin_of(&spoken),
                text: plain(&value),
                value: Some(value),
                formula: formula(spoken.candidate),
            }
        })
        .collect();
    if overridden {
        for hidden in scene.hidden.iter().filter(|hidden| hidden.id == id) {
            let spoken =
                crate::eval::Spoken { source: Source::Override, layer: &hidden.origin, candidate: &hidden.candidate };
            let Rule::Set(value) = &hidden.candidate.rule else { continue };
            let value = value_type.show(value);
            replaced.push(Replaced {
                origin: resolution.origin_of(&spoken),
                text: plain(&value),
                value: Some(value),
                formula: None,
            });
        }
    }
    replaced
}

/// Everything that follows a parameter.
fn dependents_of(resolution: &Resolution<'_>, id: ParamId, further: &HashSet<ParamId>) -> HashSet<ParamId> {
    let direct = resolution.catalog.ids().filter(|reader| resolution.reads(*reader).contains(&id));
    direct.chain(further.iter().copied()).collect()
}

/// The rails that watch a parameter, the nearest to firing first, and how many more watch what follows it.
fn rails<'c>(
    resolution: &mut Resolution<'c>,
    id: ParamId,
    followers: &HashSet<ParamId>,
    mut before: Option<&mut Resolution<'c>>,
) -> (Vec<Standing>, usize) {
    let mut near = Vec::new();
    let mut further = 0;
    for rail in &resolution.catalog.rails {
        let watched = watched(rail, resolution);
        if watched.contains(&id) {
            let mut stands = standing(rail, resolution);
            stands.fired_before = before.as_deref_mut().map(|before| standing(rail, before).fires);
            near.push(stands);
        } else if watched.iter().any(|watched| followers.contains(watched)) {
            further += 1;
        }
    }
    let rank = |stands: &Standing| match (stands.fires, stands.applies) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    near.sort_by(|a, b| {
        let distance = |stands: &Standing| stands.nearness.unwrap_or(f64::MAX);
        rank(a)
            .cmp(&rank(b))
            .then_with(|| distance(a).total_cmp(&distance(b)))
            .then_with(|| a.rule_name.cmp(&b.rule_name))
    });
    (near, further)
}

/// Holds an explanation against the profile that it was asked about: the profile's value is the one in force, and a notice
/// says where the catalog of today gives another.
pub fn against_profile(explanation: &mut KeyExplanation, profile: &ConfigProfile, name: &str) {
    let notice = |message: String| Notice {
        severity: Severity::Note,
        code: Code::Catalog.as_str().to_owned(),
        message,
        parameter_keys: vec![explanation.fact.key.clone()],
    };
    let Some(recorded) = profile.get_param(&explanation.fact.key) else {
        let message = format!(
            "`{}` is not in {name}, which tdsql {} compiled; this is what the catalog of today gives it",
            explanation.fact.key, profile.compiler_version
        );
        explanation.notices.push(notice(message));
        return;
    };
    if recorded.value == explanation.fact.value {
        return;
    }
    let message = format!(
        "{name} says {}, the catalog of today gives {} with the same inputs; the derivation, what follows and the guard \
         rails are those of today",
        plain(&recorded.value),
        explanation.fact.text
    );
    explanation.notices.push(notice(message));
    explanation.fact.text = plain(&recorded.value);
    explanation.fact.shown = plain(&recorded.value) + explanation.fact.unit.map_or("", Unit::suffix);
    explanation.fact.value = recorded.value.clone();
    explanation.fact.source = recorded.source;
}
