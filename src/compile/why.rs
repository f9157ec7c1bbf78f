//! The why section: from the preset to the values that matter, through `templates/explain/why.md.j2`.

use super::Compilation;
use crate::catalog::{ParamId, Rule};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::eval::Withheld;
use crate::model::{Effect, NearestChange, Scalar, Source, ValueType};
use crate::render::{TemplateFault, Templates};
use serde_json::{Value, json};

/// The template of the why section, below `templates/`.
const WHY: &str = "explain/why.md.j2";

/// The template of the summary that a compile prints.
const SUMMARY: &str = "explain/summary.txt.j2";

/// Where a summary is shown.
#[derive(Debug, Clone)]
pub struct Page {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether it shows colours.
    pub colored: bool,
    /// What to run next: a command, and what it does.
    pub next: Vec<(String, String)>,
}

impl Default for Page {
    fn default() -> Self {
        Page { width: 80, colored: false, next: Vec::new() }
    }
}

impl Compilation<'_> {
    /// The why section, as Markdown.
    ///
    /// # Errors
    ///
    /// The template is missing or fails.
    pub fn why_section(&mut self) -> Result<String, Diagnostics> {
        let model = self.story();
        self.render_story(WHY, &model)
    }

    /// What a compile prints for a person.
    ///
    /// # Errors
    ///
    /// The template is missing or fails.
    pub fn summary(&mut self, page: &Page) -> Result<String, Diagnostics> {
        let mut model = self.story();
        model["rails_fired"] = json!(self.guard_rail_results());
        model["nearest"] = self.nearest_story();
        model["width"] = json!(page.width);
        model["colored"] = json!(page.colored);
        let keys =
            ["inputs", "overrides", "highlights", "changes"].into_iter().filter_map(|list| model[list].as_array());
        let longest = keys.flatten().filter_map(|fact| fact["key"].as_str()).map(str::len).max().unwrap_or(0);
        // In a narrow terminal a long key pushes its own value only.
        model["column"] = json!(longest.min(page.width.saturating_sub(30)).max(16));
        model["next"] = page.next.iter().map(|(command, why)| json!({ "command": command, "why": why })).collect();
        self.render_story(SUMMARY, &model)
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
            "changes": changes.collect::<Vec<_>>(),
            "values": values.collect::<Vec<_>>(),
            "warnings": nearest.warnings,
        })
    }

    fn render_story(&self, template: &str, model: &Value) -> Result<String, Diagnostics> {
        let missing = || {
            Diagnostics::from(
                Diagnostic::error(Code::InvalidTemplate, format!("there is no template `templates/{template}`"))
                    .help("`tdsql init DIR` writes the shipped ones out"),
            )
        };
        let text = self.catalog.template(template).ok_or_else(missing)?;
        let fault = |fault: TemplateFault| Diagnostics::from(template_diagnostic(self.catalog, template, &fault));
        let mut templates = Templates::new();
        templates.add(template, text).map_err(fault)?;
        templates.render(template, model).map_err(fault)
    }

    /// The facts that both templates tell.
    fn story(&mut self) -> Value {
        let catalog = self.catalog;
        let preset = self.resolution.inputs.preset;
        let chain: Vec<&str> = preset
            .map(|preset| catalog.chain(preset).iter().map(|preset| preset.layer.name.as_str()).collect())
            .unwrap_or_default();
        let inputs: Vec<Value> =
            catalog.ids().filter(|id| catalog.parameter(*id).is_input()).map(|id| self.fact(id)).collect();
        let shown: Vec<ParamId> = catalog
            .highlights
            .iter()
            .copied()
            .filter(|id| matches!(self.resolution.withheld(*id), None | Some(Withheld::NoOutput)))
            .collect();
        let highlights: Vec<Value> = shown.into_iter().map(|id| self.fact(id)).collect();
        // Inputs that were set are marked where they stand; what a running configuration keeps was not set by anybody.
        let given: Vec<ParamId> = self
            .resolution
            .inputs
            .overrides
            .iter()
            .filter(|given| given.origin != super::request::RUNNING && !catalog.parameter(given.id).is_input())
            .map(|given| given.id)
            .collect();
        let overrides: Vec<Value> = given
            .into_iter()
            .map(|id| {
                let base = self.resolution.base_value(id);
                let mut fact = self.fact(id);
                fact["before"] = json!(catalog.parameter(id).value_type.text(&base));
                fact
            })
            .collect();
        let modified: Vec<Value> = self
            .resolution
            .inputs
            .modifier
            .map(|modifier| modifier.entries.iter().map(|(id, _)| *id).collect::<Vec<_>>())
            .unwrap_or_default()
            .into_iter()
            .map(|id| self.fact(id))
            .collect();
        let counts = catalog.ids().fold([0_usize; 2], |mut counts, id| {
            let derived = matches!(self.resolution.winner(id).candidate.rule, Rule::Derive(_));
            counts[usize::from(derived)] += 1;
            counts
        });
        json!({
            "header": self.header(),
            "preset": preset.map(|preset| json!({
                "name": preset.layer.name,
                "description": preset.layer.description.trim(),
                "rationale": preset.layer.rationale.trim(),
                "throughput": preset.throughput.description,
                "chain": chain,
            })),
            "modifier": self.resolution.inputs.modifier.map(|modifier| json!({
                "name": modifier.name,
                "description": modifier.description.trim(),
                "rationale": modifier.rationale.trim(),
            })),
            "temporal": self.resolution.inputs.temporal.to_string(),
            "plugin": self.resolution.inputs.plugin.to_string(),
            "inputs": inputs,
            "modified": modified,
            "overrides": overrides,
            "highlights": highlights,
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
        })
    }

    /// A way in which a change takes effect, in the words of the registry.
    fn effect_title(&self, effect: Effect) -> String {
        let words = self.catalog.platform.effects.iter().find(|words| words.effect == effect);
        words.map_or(effect.as_str(), |words| words.title.trim()).to_owned()
    }

    fn fact(&mut self, id: ParamId) -> Value {
        let parameter = self.catalog.parameter(id);
        let reason = self.reason(id);
        let before = self.resolution.base_value(id);
        let winner = self.resolution.winner(id);
        let formula = match &winner.candidate.rule {
            Rule::Derive(expr) => Some(super::one_line(expr.source())),
            Rule::Set(_) => None,
        };
        let mut layer = super::request::layer_word(winner.source, winner.layer);
        if winner.source == Source::Override {
            layer = format!("{}, was {}", winner.layer, parameter.value_type.text(&before));
        }
        json!({
            "key": parameter.key,
            "value": self.resolution.text(id),
            "unit": parameter.unit.map(|unit| unit.as_str()),
            "source": winner.source.as_str(),
            "layer": layer,
            "formula": formula,
            "operands": self.resolution.operands_text(id),
            "summary": parameter.summary.trim(),
            "why": first_sentence(&reason),
            "rationale": reason,
            "evidence": parameter.source,
        })
    }

    /// Why a parameter has its value: what the deciding layer says, or the registry.
    #[must_use]
    pub fn reason(&mut self, id: ParamId) -> String {
        let parameter = self.catalog.parameter(id);
        let before = self.resolution.base_value(id);
        let winner = self.resolution.winner(id);
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
}

/// The first sentence of a reason: enough for one line.
pub(crate) fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    // A full stop ends a sentence only before a capital: `e.g. this` goes on.
    let end = text.match_indices(". ").find(|(at, _)| text[at + 2..].starts_with(char::is_uppercase));
    end.map_or(text, |(at, _)| &text[..=at])
}

/// A template's fault at its place in the catalog.
pub(crate) fn template_diagnostic(
    catalog: &crate::catalog::Catalog,
    template: &str,
    fault: &TemplateFault,
) -> Diagnostic {
    let name = fault.template.as_deref().unwrap_or(template);
    let file = catalog.templates().find(|(path, _)| *path == name).map(|(_, file)| file);
    let mut diagnostic = Diagnostic::error(Code::InvalidTemplate, format!("`templates/{name}`: {}", fault.message))
        .help("see docs/templates.md for what templates may read");
    if let Some(file) = file {
        let range = fault.range.clone().unwrap_or(0..0);
        diagnostic = diagnostic.at(catalog.sources.span(file, range), "here");
    }
    diagnostic
}
