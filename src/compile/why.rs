//! The why section and the summary: the facts of [`crate::explain`], from the preset to the values that matter, through
//! `templates/explain/`.

use super::Compilation;
use crate::catalog::{ParamId, Rule, SUMMARY, WHY};
use crate::diag::Diagnostics;
use crate::explain::{self, Page, fact};
use crate::model::{Class, Effect, Fact, NearestChange, Scalar, ValueType};
use crate::render::Model;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The facts that the why section and the summary tell, gathered once for both.
#[derive(Debug)]
pub struct Story {
    inputs: Vec<Fact>,
    modified: Vec<Fact>,
    overrides: Vec<Fact>,
    highlights: Vec<Fact>,
    /// All of it as templates read it; made when it is first asked for.
    model: OnceLock<Model>,
}

impl Compilation<'_> {
    /// The why section, as Markdown.
    ///
    /// # Errors
    ///
    /// The template is missing or fails.
    pub fn why_section(&mut self) -> Result<String, Diagnostics> {
        let story = self.story();
        self.why_of(&story)
    }

    /// As [`Compilation::why_section`], of what was gathered before.
    ///
    /// # Errors
    ///
    /// As [`Compilation::why_section`].
    pub fn why_of(&self, story: &Story) -> Result<String, Diagnostics> {
        let model = story.model.get_or_init(|| self.model_of(story));
        explain::text_of(self.catalog, WHY, model, &Page::default())
    }

    /// What a compile prints for a person.
    ///
    /// # Errors
    ///
    /// The template is missing or fails.
    pub fn summary(&mut self, page: &Page) -> Result<String, Diagnostics> {
        let story = self.story();
        self.summary_of(&story, page)
    }

    /// As [`Compilation::summary`], of what was gathered before.
    ///
    /// # Errors
    ///
    /// As [`Compilation::summary`].
    pub fn summary_of(&self, story: &Story, page: &Page) -> Result<String, Diagnostics> {
        let shown = story.inputs.iter().chain(&story.overrides).chain(&story.highlights).map(|fact| fact.key.as_str());
        let shown = shown.chain(self.changes.iter().filter(|change| change.emitted).map(|change| change.key.as_str()));
        let longest = shown.map(str::len).max().unwrap_or(0);
        let more = vec![
            ("rails_fired", Model::of(&self.guard_rail_results())),
            ("nearest", Model::of(&self.nearest_story())),
            // In a narrow terminal a long key pushes its own value only.
            ("column", Model::of(&longest.min(page.width.saturating_sub(30)).max(16))),
        ];
        explain::text_of(
            self.catalog,
            SUMMARY,
            &Model::record(more, Some(story.model.get_or_init(|| self.model_of(story)))),
            page,
        )
    }

    /// The nearest change with its values as text.
    fn nearest_story(&self) -> Value {
        let text = |value: &Scalar| ValueType::Float.text(value);
        let Some(nearest) = self.nearest_change() else { return Value::Null };
        let changes = nearest.changes.iter().map(|change| {
            json!({
                "key": change.key,
                "drop": change.action == NearestChange::DROP,
                "given_by": change.given_by,
                "before": text(&change.before),
                "after": text(&change.after),
            })
        });
        let values = nearest
            .values
            .iter()
            .map(|moved| json!({ "key": moved.key, "before": text(&moved.before), "after": text(&moved.after) }));
        json!({
            "found": nearest.found,
            "tried": nearest.tried,
            "preset": nearest.preset,
            "named": self.resolution.inputs.preset.map(|preset| &preset.layer.name),
            "changes": changes.collect::<Vec<_>>(),
            "values": values.collect::<Vec<_>>(),
            "warnings": nearest.warnings,
        })
    }

    /// The facts about the parameters of a class.
    pub fn facts(&mut self, class: Class) -> Vec<Fact> {
        let catalog = self.catalog;
        let ids = catalog.ids().filter(|id| catalog.parameter(*id).class == class);
        ids.map(|id| fact(&mut self.resolution, id)).collect()
    }

    /// Gathers what the why section and the summary tell.
    pub fn story(&mut self) -> Story {
        let catalog = self.catalog;
        let inputs = catalog.ids().filter(|id| catalog.parameter(*id).is_input()).collect();
        // Inputs that were set are marked where they stand; what a running configuration keeps was not set by anybody.
        let given: Vec<ParamId> = self
            .resolution
            .inputs
            .overrides
            .iter()
            .filter(|given| given.origin != super::request::RUNNING && !catalog.parameter(given.id).is_input())
            .map(|given| given.id)
            .collect();
        let modified = self.resolution.inputs.modifier.map(|modifier| modifier.entries.iter().map(|(id, _)| *id));
        let modified: Vec<ParamId> = modified.into_iter().flatten().collect();
        let mut facts =
            |ids: Vec<ParamId>| -> Vec<Fact> { ids.into_iter().map(|id| fact(&mut self.resolution, id)).collect() };
        let (inputs, overrides, modified) = (facts(inputs), facts(given), facts(modified));
        let highlights = explain::highlights(&mut self.resolution);
        Story { inputs, modified, overrides, highlights, model: OnceLock::new() }
    }

    /// Everything that the templates of a story read.
    fn model_of(&self, story: &Story) -> Model {
        let (catalog, inputs) = (self.catalog, &self.resolution.inputs);
        let counts = catalog.ids().fold([0_usize; 2], |mut counts, id| {
            let derived = matches!(self.resolution.winner(id).candidate.rule, Rule::Derive(_));
            counts[usize::from(derived)] += 1;
            counts
        });
        let rest = json!({
            "header": self.header(),
            "preset": inputs.preset.map(|preset| json!({
                "name": preset.layer.name,
                "description": preset.layer.description.trim(),
                "rationale": preset.layer.rationale.trim(),
                "throughput": preset.throughput.description,
                "chain": catalog.chain(preset).iter().map(|preset| preset.layer.name.as_ref()).collect::<Vec<_>>(),
            })),
            "modifier": inputs.modifier.map(|modifier| json!({
                "name": modifier.name,
                "description": modifier.description.trim(),
                "rationale": modifier.rationale.trim(),
            })),
            "temporal": inputs.temporal.to_string(),
            "plugin": inputs.plugin.to_string(),
            "findings": self.findings.iter().map(|finding| json!({
                "name": finding.rail.name,
                "severity": finding.severity.as_str(),
                "message": finding.message,
                "remedy": finding.remedy,
                "rationale": finding.rail.rationale.trim(),
            })).collect::<Vec<_>>(),
            "notices": self.notices.iter().map(|notice| notice.message.clone()).collect::<Vec<_>>(),
            "changes": self.changes.iter().filter(|change| change.emitted).map(|change| {
                let text = |value: &Scalar| ValueType::Float.text(value);
                json!({
                    "key": change.key,
                    "running": change.running.as_ref().map_or_else(|| "(not there)".to_owned(), text),
                    "compiled": text(&change.compiled),
                    "effect": change.effect.map(|effect| self.effect_title(effect)),
                })
            }).collect::<Vec<_>>(),
            "more_changes": self.changes.iter().filter(|change| !change.emitted).count(),
            "rollout": self.rollout.as_ref().filter(|_| !self.changes.is_empty()),
            "constants": counts[0],
            "derived": counts[1],
            "rails": catalog.rails.len(),
            "refused": self.is_refused(),
            "errors": self.errors(),
            "warnings": self.warnings(),
        });
        let facts = vec![
            ("inputs", Model::of(&story.inputs)),
            ("modified", Model::of(&story.modified)),
            ("overrides", Model::of(&story.overrides)),
            ("highlights", Model::of(&story.highlights)),
        ];
        Model::record(facts, Some(&Model::of(&rest)))
    }

    /// A way in which a change takes effect, in the words of the registry.
    fn effect_title(&self, effect: Effect) -> String {
        let words = self.catalog.platform.effects.iter().find(|words| words.effect == effect);
        words.map_or(effect.as_str(), |words| words.title.trim()).to_owned()
    }
}
