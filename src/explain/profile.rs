//! A compiled profile: what it was made from, what each override did, and how every value that is no default came about.

use super::preset::{highlights, paragraphs};
use super::{Page, Scene, basis, text};
use crate::catalog::ParamId;
use crate::diag::Diagnostics;
use crate::eval::{self, Resolution};
use crate::model::{CompilationTrace, ConfigProfile, Counts, Difference, OverrideDetail, ProfileExplanation, Source};

/// The template of the narrative.
const NARRATIVE: &str = "explain/profile-narrative.txt.j2";

/// Explains a profile. The scene is what the catalog of today makes of the profile's inputs, `digest` that compile's
/// digest.
///
/// # Errors
///
/// The template of the narrative is missing or fails.
pub fn profile(
    scene: &mut Scene<'_, '_>,
    profile: &ConfigProfile,
    digest: &str,
) -> Result<ProfileExplanation, Diagnostics> {
    let resolution = &mut *scene.resolution;
    let catalog = resolution.catalog;
    let mut counts = Counts::default();
    for id in catalog.ids() {
        match resolution.winner(id).source {
            Source::Default => counts.default += 1,
            Source::Derived => counts.derived += 1,
            Source::Preset => counts.preset += 1,
            Source::Modifier => counts.modifier += 1,
            Source::Override => counts.overridden += 1,
        }
    }
    let mut explanation = ProfileExplanation {
        base_preset: profile.preset_name.clone(),
        modifier: profile.modifier.clone(),
        overrides_applied: overrides(resolution),
        guard_rails_fired: scene.findings.iter().map(|finding| finding.result(catalog)).collect(),
        derivation_chains: chains(resolution),
        composition_narrative: String::new(),
        basis: basis(resolution),
        compiled_at: profile.compiled_at.clone(),
        compiler_version: profile.compiler_version.clone(),
        digest: profile.digest.clone(),
        same_digest: profile.digest == digest,
        differences: differences(resolution, profile),
        highlights: highlights(resolution),
        counts,
        notices: scene.notices.to_vec(),
    };
    let page = Page { width: usize::MAX, ..Page::default() };
    explanation.composition_narrative = paragraphs(&text(catalog, NARRATIVE, &explanation, &page)?);
    Ok(explanation)
}

/// Each override before and after, and what it moves.
fn overrides(resolution: &mut Resolution<'_>) -> Vec<OverrideDetail> {
    let catalog = resolution.catalog;
    let plain = without(resolution, |_| false);
    let mut given: Vec<ParamId> = resolution.inputs.overrides.iter().map(|given| given.id).collect();
    given.sort_unstable();
    given.dedup();
    let mut details = Vec::with_capacity(given.len());
    for id in given {
        let parameter = catalog.parameter(id);
        let alone = without(resolution, |other| other != id);
        // A configuration that cannot be had without this override gives no comparison.
        let moves = alone.as_ref().map_or_else(Vec::new, |alone| {
            let moved = catalog.ids().filter(|other| *other != id && alone.value(*other) != resolution.value(*other));
            moved.map(|other| catalog.parameter(other).key.to_string()).collect()
        });
        let (preset_value, preset_origin) = match &plain {
            Some(plain) => (plain.value(id).clone(), plain.origin(id)),
            None => (resolution.base_value(id), resolution.origin(id)),
        };
        let changes = match &alone {
            Some(alone) => alone.value(id) != resolution.value(id),
            None => preset_value != *resolution.value(id),
        };
        details.push(OverrideDetail {
            key: parameter.key.to_string(),
            preset_text: parameter.value_type.text(&preset_value),
            preset_value: parameter.value_type.show(&preset_value),
            override_value: resolution.shown(id),
            override_text: resolution.text(id),
            classification: parameter.class,
            preset_origin,
            changes,
            moves,
        });
    }
    details
}

/// The same inputs with only the overrides that `keep` names; none where that has no values.
fn without<'c>(resolution: &Resolution<'c>, keep: impl Fn(ParamId) -> bool) -> Option<Resolution<'c>> {
    let mut inputs = resolution.inputs.clone();
    inputs.overrides.retain(|given| keep(given.id));
    inputs.constrained = false;
    eval::resolve(resolution.catalog, inputs).ok()
}

/// How each value that is no default came about.
fn chains(resolution: &mut Resolution<'_>) -> Vec<CompilationTrace> {
    let catalog = resolution.catalog;
    let ids = catalog.ids().filter(|id| resolution.winner(*id).source != Source::Default).collect::<Vec<_>>();
    ids.into_iter().map(|id| resolution.trace_of(id)).collect()
}

/// Where a profile and what the catalog of today makes of its inputs differ.
#[must_use]
pub fn differences(resolution: &Resolution<'_>, profile: &ConfigProfile) -> Vec<Difference> {
    let catalog = resolution.catalog;
    let known = catalog.ids().filter_map(|id| {
        let parameter = catalog.parameter(id);
        let recorded = profile.get_param(&parameter.key).map(|recorded| recorded.value.clone());
        let now = resolution.shown(id);
        (recorded.as_ref() != Some(&now)).then(|| Difference {
            key: parameter.key.to_string(),
            recorded,
            now: Some(now),
            classification: Some(parameter.class),
        })
    });
    let gone =
        profile.params().filter(|parameter| catalog.find(&parameter.key).is_none()).map(|parameter| Difference {
            key: parameter.key.clone(),
            recorded: Some(parameter.value.clone()),
            now: None,
            classification: None,
        });
    known.chain(gone).collect()
}
