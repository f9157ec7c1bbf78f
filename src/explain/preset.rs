//! A preset: what it promises, how its topology came about, what it holds and why.

use super::{Page, Scene, basis, fact::fact, text};
use crate::catalog::{ParamId, Rule};
use crate::diag::Diagnostics;
use crate::eval::{Resolution, Withheld};
use crate::model::{Class, Fact, LockedParam, PresetExplanation, ResolvedParameter, ThroughputRange};

/// The template of the narrative.
const NARRATIVE: &str = "explain/preset-narrative.txt.j2";

/// Explains the preset of a configuration.
///
/// # Errors
///
/// The template of the narrative is missing or fails.
pub fn preset(scene: &mut Scene<'_, '_>) -> Result<PresetExplanation, Diagnostics> {
    let resolution = &mut *scene.resolution;
    let catalog = resolution.catalog;
    let inputs = &resolution.inputs;
    let (preset, modifier) = (inputs.preset, inputs.modifier);
    let changed: Vec<ParamId> =
        modifier.map(|modifier| modifier.entries.iter().map(|(id, _)| *id).collect()).unwrap_or_default();
    let topology = of_class(resolution, Class::Topology);
    let mut explanation = PresetExplanation {
        preset_name: preset.map(|preset| preset.layer.name.to_string()).unwrap_or_default(),
        modifier: modifier.map(|modifier| modifier.name.to_string()),
        description: preset.map(|preset| preset.layer.description.trim().to_owned()).unwrap_or_default(),
        rationale: preset.map(|preset| preset.layer.rationale.trim().to_owned()).unwrap_or_default(),
        modifier_description: modifier.map(|modifier| modifier.description.trim().to_owned()),
        modifier_rationale: modifier.map(|modifier| modifier.rationale.trim().to_owned()),
        chain: preset
            .map(|preset| catalog.chain(preset).iter().map(|preset| preset.layer.name.to_string()).collect())
            .unwrap_or_default(),
        throughput_range: preset.map_or_else(
            || ThroughputRange { min_st_per_sec: 0.0, max_st_per_sec: None, description: String::new() },
            |preset| preset.throughput.clone(),
        ),
        basis: basis(resolution),
        slo_targets: catalog
            .ids()
            .filter(|id| catalog.parameter(*id).class == Class::Slo)
            .map(|id| resolved(resolution, id))
            .collect(),
        topology_derivation: topology.iter().map(line).collect(),
        locked_safety_params: locked(resolution),
        reasoning_narrative: String::new(),
        slo: of_class(resolution, Class::Slo),
        topology,
        modified: changed.into_iter().map(|id| fact(resolution, id)).collect(),
        highlights: highlights(resolution),
        guard_rails_fired: scene.findings.iter().map(|finding| finding.result(catalog)).collect(),
    };
    let page = Page { width: usize::MAX, ..Page::default() };
    explanation.reasoning_narrative = paragraphs(&text(catalog, NARRATIVE, &explanation, &page)?);
    Ok(explanation)
}

/// A parameter as it stands in a profile.
fn resolved(resolution: &Resolution<'_>, id: ParamId) -> ResolvedParameter {
    let parameter = resolution.catalog.parameter(id);
    ResolvedParameter {
        key: parameter.key.to_string(),
        value: resolution.shown(id),
        value_type: parameter.value_type,
        classification: parameter.class,
        source: resolution.winner(id).source,
        emitted: resolution.withheld(id).is_none(),
        reason: resolution.reason(id),
    }
}

fn of_class(resolution: &mut Resolution<'_>, class: Class) -> Vec<Fact> {
    let catalog = resolution.catalog;
    let ids = catalog.ids().filter(|id| catalog.parameter(*id).class == class);
    ids.map(|id| fact(resolution, id)).collect()
}

/// The values that the catalog calls those that matter, as far as they apply.
pub(crate) fn highlights(resolution: &mut Resolution<'_>) -> Vec<Fact> {
    let shown = resolution.catalog.highlights.iter().copied();
    let shown: Vec<ParamId> =
        shown.filter(|id| matches!(resolution.withheld(*id), None | Some(Withheld::NoOutput))).collect();
    shown.into_iter().map(|id| fact(resolution, id)).collect()
}

/// How a value came about, in a line.
fn line(fact: &Fact) -> String {
    use std::fmt::Write as _;
    let mut line = format!("{} = {}, {}", fact.key, fact.text, fact.layer);
    if let Some(formula) = &fact.formula {
        let operands: Vec<String> =
            fact.operands.iter().map(|operand| format!("{} = {}", operand.name, operand.text)).collect();
        let _ = write!(line, ": {formula}");
        if !operands.is_empty() {
            let _ = write!(line, " with {}", operands.join(", "));
        }
    }
    if let Some(place) = &fact.place {
        let _ = write!(line, " ({place})");
    }
    let _ = write!(line, ": {}", fact.rationale);
    line
}

/// The safety values that the compiler holds: those that may not be overridden, and those that a formula or a layer above
/// the registry decides. What the registry merely sets is a default.
fn locked(resolution: &mut Resolution<'_>) -> Vec<LockedParam> {
    let catalog = resolution.catalog;
    let held: Vec<ParamId> = catalog
        .ids()
        .filter(|id| {
            let parameter = catalog.parameter(*id);
            let winner = resolution.winner(*id);
            let decided = !winner.layer.is_empty() || matches!(winner.candidate.rule, Rule::Derive(_));
            parameter.class == Class::Safety && (parameter.locked || decided)
        })
        .collect();
    let mut locked: Vec<LockedParam> = held
        .into_iter()
        .map(|id| {
            let fact = fact(resolution, id);
            LockedParam {
                locked: catalog.parameter(id).locked,
                origin: resolution.origin(id),
                key: fact.key,
                value: fact.value,
                text: fact.text,
                reason: fact.rationale,
                formula: fact.formula,
            }
        })
        .collect();
    locked.sort_by_key(|held| !held.locked);
    locked
}

/// Paragraphs of a rendered text: each on one line, an empty line between them.
pub(super) fn paragraphs(text: &str) -> String {
    let paragraphs = text.trim().split("\n\n").map(super::one_line).filter(|paragraph| !paragraph.is_empty());
    paragraphs.collect::<Vec<_>>().join("\n\n")
}
