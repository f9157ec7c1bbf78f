//! What the pages tell: the catalog as one tree of facts.

use super::anchor;
use crate::catalog::rules::{Correlation, PresetChoice, Recommendation, Watched};
use crate::catalog::{Adapter, Candidate, Case, Catalog, Layer, ParamId, Parameter, Preset, Rail, Rule, Target};
use crate::diag::Code;
use crate::expr::functions;
use crate::model::Channel;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn of(catalog: &Catalog) -> Value {
    let slugs = slugs(catalog);
    let links: Vec<String> = catalog
        .parameters
        .iter()
        .map(|parameter| format!("parameters/{}.md#{}", slugs[parameter.group], anchor(&parameter.key)))
        .collect();
    let of = Facts { catalog, links };
    let groups: Vec<Value> = catalog
        .groups
        .iter()
        .enumerate()
        .map(|(index, group)| {
            let members = catalog.ids().filter(|id| catalog.parameter(*id).group == index);
            json!({
                "title": group.title,
                "slug": slugs[index],
                "parameters": members.map(|id| of.parameter(id)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut presets: Vec<&Preset> = catalog.presets.values().collect();
    presets.sort_by(|a, b| a.throughput.min_st_per_sec.total_cmp(&b.throughput.min_st_per_sec));
    json!({
        "groups": groups,
        "presets": presets.into_iter().map(|preset| of.preset(preset)).collect::<Vec<_>>(),
        "default_preset": catalog.default_preset,
        "modifiers": catalog.modifiers.values().map(|modifier| of.layer(modifier)).collect::<Vec<_>>(),
        "rails": catalog.rails.iter().map(|rail| of.rail(rail)).collect::<Vec<_>>(),
        "functions": functions().iter().map(|function| json!({
            "signature": function.signature,
            "summary": function.summary,
            "example": function.example,
            "result": function.result,
        })).collect::<Vec<_>>(),
        "codes": Code::ALL.iter().map(|code| json!({ "code": code.as_str(), "meaning": code.description() })).collect::<Vec<_>>(),
        "adapters": catalog.adapters.iter().map(|adapter| of.adapter(adapter)).collect::<Vec<_>>(),
        "metrics": metrics(catalog),
        "correlations": catalog.correlations.iter().map(|rule| of.correlation(rule)).collect::<Vec<_>>(),
        "recommendations": catalog.recommendations.iter().map(|rule| of.recommendation(rule)).collect::<Vec<_>>(),
        "variables": catalog.variables.iter().map(|(name, variable)| json!({
            "name": name,
            "kind": variable.kind,
            "summary": variable.summary.trim(),
            "required": variable.required,
            "default": variable.default,
        })).collect::<Vec<_>>(),
        "settings": of.settings(),
        "targets": [target("Temporal server", &catalog.temporal), target("DSQL plugin", &catalog.plugin)],
    })
}

/// A file name for each group; equal titles are told apart by a number.
fn slugs(catalog: &Catalog) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut slug = |title: &str| {
        let words: Vec<String> = title
            .to_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let base = if words.is_empty() { "group".to_owned() } else { words.join("-") };
        let mut slug = base.clone();
        let mut number = 2;
        while !taken.insert(slug.clone()) {
            slug = format!("{base}-{number}");
            number += 1;
        }
        slug
    };
    catalog.groups.iter().map(|group| slug(&group.title)).collect()
}

fn metrics(catalog: &Catalog) -> Vec<Value> {
    let mut categories: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for metric in &catalog.metrics {
        categories.entry(&metric.category).or_default().push(json!({
            "name": metric.name,
            "unit": metric.unit,
            "better": metric.better,
            "summary": metric.summary.trim(),
        }));
    }
    categories.into_iter().map(|(title, metrics)| json!({ "title": title, "metrics": metrics })).collect()
}

fn target(title: &str, target: &Target) -> Value {
    let lines: Vec<Value> =
        target.lines.iter().map(|(name, range)| json!({ "name": name, "range": range.to_string() })).collect();
    json!({
        "title": title,
        "default": target.default.to_string(),
        "supported": target.supported.to_string(),
        "lines": lines,
    })
}

struct Facts<'c> {
    catalog: &'c Catalog,
    /// Where each parameter is explained, from the reference's folder.
    links: Vec<String>,
}

impl Facts<'_> {
    /// What servers register, by the first segment of the key.
    fn settings(&self) -> Vec<Value> {
        let lines: Vec<&str> = self.catalog.temporal.lines.iter().map(|(name, _)| name.as_ref()).collect();
        let mut families: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for setting in &self.catalog.settings.all {
            let registered: Vec<&str> = lines.iter().copied().filter(|line| setting.registered(&[line])).collect();
            let default = |line: &str| setting.default_for(&[line]);
            // One that all lines share is said once.
            let defaults: Vec<Value> = match setting.default_for(&registered) {
                Some(shared) => vec![json!({ "line": null, "value": shared })],
                None => registered.iter().map(|line| json!({ "line": line, "value": default(line) })).collect(),
            };
            let carried = self
                .catalog
                .ids()
                .find(|id| self.catalog.parameter(*id).output(Channel::DynamicConfig) == Some(setting.key.as_ref()));
            let family = setting.key.split('.').next().unwrap_or_default();
            families.entry(family).or_default().push(json!({
                "key": setting.key,
                "type": setting.value_type,
                "precedence": setting.precedence.as_ref().map(|at| at.value.as_ref()),
                "lines": if registered.len() == lines.len() { Vec::new() } else { registered },
                "defaults": defaults,
                "caution": setting.caution,
                "parameter": carried.map(|id| self.named(id)),
            }));
        }
        families.into_iter().map(|(title, settings)| json!({ "title": title, "settings": settings })).collect()
    }

    fn named(&self, id: ParamId) -> Value {
        json!({ "key": self.catalog.parameter(id).key, "link": self.links[id.index()] })
    }

    /// A rule: a value or an expression, and why.
    fn rule(&self, id: ParamId, candidate: &Candidate) -> Value {
        let (value, expression) = match &candidate.rule {
            Rule::Set(value) => (Some(self.catalog.parameter(id).value_type.text(value)), None),
            Rule::Derive(expr) => (None, Some(expr.source())),
        };
        let because = candidate.because.as_deref().map(str::trim);
        json!({ "value": value, "expression": expression, "because": because })
    }

    fn parameter(&self, id: ParamId) -> Value {
        let parameter: &Parameter = self.catalog.parameter(id);
        let text = |value: &crate::model::Scalar| parameter.value_type.text(value);
        let mut layers = Vec::new();
        for preset in self.catalog.presets.values() {
            layers.extend(self.spoken(id, "preset", &preset.layer));
        }
        for modifier in self.catalog.modifiers.values() {
            layers.extend(self.spoken(id, "modifier", modifier));
        }
        let rails = self.catalog.rails.iter().filter(|rail| rail.parameters.contains(&id));
        json!({
            "key": parameter.key,
            "anchor": anchor(&parameter.key),
            "link": self.links[id.index()],
            "class": parameter.class.as_str(),
            "type": parameter.value_type.as_str(),
            "unit": parameter.unit.map(crate::model::Unit::as_str),
            "rule": self.rule(id, &parameter.registry),
            "min": parameter.min.as_ref().map(|min| text(&min.value)),
            "max": parameter.max.as_ref().map(|max| text(&max.value)),
            "allowed": parameter.allowed.as_ref().map(|of| of.value.iter().map(text).collect::<Vec<_>>()),
            "when": parameter.when.as_ref().map(crate::expr::Expr::source),
            "nullable": parameter.nullable,
            "locked": parameter.locked,
            "immutable": parameter.immutable,
            "temporal": parameter.temporal.as_ref().map(ToString::to_string),
            "plugin": parameter.plugin.as_ref().map(ToString::to_string),
            "outputs": parameter.outputs.iter().map(|(channel, name)| json!({ "channel": channel.as_str(), "name": name })).collect::<Vec<_>>(),
            "summary": parameter.summary.trim(),
            "rationale": parameter.rationale.trim(),
            "source": parameter.source.trim(),
            "layers": layers,
            "rails": rails.map(|rail| json!({ "name": rail.name, "severity": rail.severity.as_str() })).collect::<Vec<_>>(),
        })
    }

    fn spoken(&self, id: ParamId, kind: &str, layer: &Layer) -> Option<Value> {
        let (_, candidate) = layer.entries.iter().find(|(of, _)| *of == id)?;
        Some(json!({ "kind": kind, "name": layer.name, "rule": self.rule(id, candidate) }))
    }

    fn layer(&self, layer: &Layer) -> Value {
        let entries: Vec<Value> = layer
            .entries
            .iter()
            .map(|(id, candidate)| json!({ "parameter": self.named(*id), "rule": self.rule(*id, candidate) }))
            .collect();
        json!({
            "name": layer.name,
            "description": layer.description.trim(),
            "rationale": layer.rationale.trim(),
            "entries": entries,
        })
    }

    fn preset(&self, preset: &Preset) -> Value {
        let mut facts = self.layer(&preset.layer);
        let expect: Vec<Value> = preset
            .expect
            .iter()
            .map(|expect| {
                json!({
                    "metric": expect.metric,
                    "aggregate": expect.aggregate,
                    "at_least": expect.at_least.as_ref().map(|at| at.value.source()),
                    "at_most": expect.at_most.as_ref().map(|at| at.value.source()),
                })
            })
            .collect();
        facts["extends"] = json!(preset.extends);
        facts["throughput"] = json!(preset.throughput.description);
        facts["expect"] = json!(expect);
        facts
    }

    fn rail(&self, rail: &Rail) -> Value {
        let steps: Vec<Value> =
            rail.steps.iter().map(|(name, step)| json!({ "name": name, "expression": step.value.source() })).collect();
        json!({
            "name": rail.name,
            "severity": rail.severity.as_str(),
            "summary": rail.summary.trim(),
            "rationale": rail.rationale.trim(),
            "source": rail.source.trim(),
            "steps": steps,
            "when": rail.when.as_ref().map(|when| when.value.source()),
            "require": rail.require.value.source(),
            "message": rail.message.value,
            "remedy": rail.help.value,
            "parameters": rail.parameters.iter().map(|id| self.named(*id)).collect::<Vec<_>>(),
            "cases": rail.cases.iter().map(|case| self.case(case)).collect::<Vec<_>>(),
        })
    }

    fn case(&self, case: &Case) -> Value {
        let set: Vec<String> = case
            .set
            .iter()
            .map(|(id, value)| {
                let parameter = self.catalog.parameter(*id);
                format!("{}={}", parameter.key, parameter.value_type.text(value))
            })
            .collect();
        json!({
            "note": case.note.trim(),
            "preset": case.preset,
            "modifier": case.modifier,
            "set": set,
            "temporal": case.temporal.as_ref().map(ToString::to_string),
            "plugin": case.plugin.as_ref().map(ToString::to_string),
            "fires": case.fires.value,
        })
    }

    fn correlation(&self, rule: &Correlation) -> Value {
        let keys = rule.keys.iter().map(|key| match key {
            Watched::Parameter(id) => self.named(*id),
            Watched::Setting(key) => json!({ "key": key, "link": "settings.md" }),
        });
        json!({
            "name": rule.name,
            "keys": keys.collect::<Vec<_>>(),
            "moved": rule.moved.as_str(),
            "when": rule.when.as_ref().map(|when| when.expr.source()),
            "rise": rule.rise,
            "fall": rule.fall,
            "mechanism": rule.mechanism.trim(),
            "confidence": rule.confidence.as_str(),
            "source": rule.source.trim(),
        })
    }

    fn recommendation(&self, rule: &Recommendation) -> Value {
        let suggestions = rule.suggestions.iter().map(|suggestion| {
            let mut changes: Vec<Value> = suggestion
                .set
                .iter()
                .map(|(id, value)| {
                    json!({ "parameter": self.named(*id), "to": self.catalog.parameter(*id).value_type.text(value) })
                })
                .collect();
            changes.extend(
                suggestion
                    .derive
                    .iter()
                    .map(|(id, derive)| json!({ "parameter": self.named(*id), "to": derive.expr.source() })),
            );
            json!({
                "title": suggestion.title.value.trim(),
                "when": suggestion.when.as_ref().map(|when| when.expr.source()),
                "preset": match &suggestion.preset {
                    Some(PresetChoice::Named(name)) => Some(name.as_ref()),
                    Some(PresetChoice::For(throughput)) => Some(throughput.expr.source()),
                    None => None,
                },
                "modifier": suggestion.modifier,
                "changes": changes,
            })
        });
        json!({
            "name": rule.name,
            "summary": rule.summary.trim(),
            "rationale": rule.rationale.trim(),
            "source": rule.source.trim(),
            "confidence": rule.confidence.as_str(),
            "priority": rule.priority,
            "group": rule.group,
            "applies": rule.applies.as_ref().map(|applies| applies.expr.source()),
            "when": rule.when.expr.source(),
            "evidence": rule.evidence,
            "message": rule.message.value.trim(),
            "suggestions": suggestions.collect::<Vec<_>>(),
            "advice": rule.advice.as_ref().map(|advice| advice.value.trim()),
            "cases": rule.cases.iter().map(|case| json!({
                "note": case.note.trim(),
                "outcome": case.outcome.value.as_str(),
            })).collect::<Vec<_>>(),
        })
    }

    fn adapter(&self, adapter: &Adapter) -> Value {
        let outputs: Vec<Value> = adapter
            .outputs
            .iter()
            .map(|output| {
                let fields: Vec<Value> = output
                    .fields
                    .iter()
                    .map(|field| json!({ "parameter": self.named(field.id), "name": field.name }))
                    .collect();
                json!({
                    "file": output.file,
                    "per_service": output.per_service,
                    "select": output.select.map(Channel::as_str),
                    "fields": fields,
                })
            })
            .collect();
        let lacks: Vec<Value> =
            adapter.lacks.iter().map(|(id, why)| json!({ "parameter": self.named(*id), "why": why })).collect();
        json!({
            "name": adapter.name,
            "kind": if adapter.sdk { "sdk" } else { "platform" },
            "title": adapter.title.trim(),
            "language": adapter.language,
            "outputs": outputs,
            "lacks": lacks,
        })
    }
}
