//! Links presets and modifiers: what they set and derive, whom they extend, what they expect.

use super::Linker;
use super::expressions::{PLAIN, Wanted};
use super::parameters::outside;
use crate::catalog::scope::{UNBOUNDED, expression_type};
use crate::catalog::{Candidate, Expect, Layer, Metric, ParamId, Preset, Rule};
use crate::diag::{At, Code, Diagnostic, Span, nearest};
use crate::expr::Formula;
use crate::loader::Named;
use crate::loader::records::{RawExpect, RawLayer, RawPreset, RawRule};
use crate::model::{Text, ThroughputRange};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Expected bounds that wait for the metrics.
type RawExpects = Vec<RawExpect>;

impl Linker<'_> {
    pub(super) fn layer(&mut self, name: Text, raw: RawLayer) -> Layer {
        let mut entries: BTreeMap<ParamId, Candidate> = BTreeMap::new();
        let mut because: HashMap<Text, At<Text>> =
            raw.because.into_iter().map(|(key, text)| (key.value, At { value: text.value, span: key.span })).collect();
        for (key, value) in raw.set {
            let Some(id) = self.resolve(&key) else { continue };
            let reason = because.remove(&key.value);
            let linked = self.candidate(RawRule::Set(value), self.keys.type_of(id), &key.value, None);
            let Some(mut candidate) = linked else { continue };
            candidate.because = reason.map(|reason| reason.value);
            if let Rule::Set(value) = &candidate.rule {
                let fault = outside(&self.parameters[id.index()], value, candidate.span);
                self.diags.extend(fault);
            }
            self.refuse_locked(id, key.span);
            entries.insert(id, candidate);
        }
        for (key, expression) in raw.derive {
            let Some(id) = self.resolve(&key) else { continue };
            let value_type = self.keys.type_of(id);
            let base = Some(expression_type(value_type));
            let reason = because.remove(&key.value);
            // The reason of a key that is set as well was taken there; that conflict is reported below.
            if !entries.contains_key(&id) && reason.as_ref().is_none_or(|reason| reason.value.trim().is_empty()) {
                self.diags.push(
                    Diagnostic::error(
                        Code::MissingRationale,
                        format!("the derivation of `{}` has no reason", key.value),
                    )
                    .at(key.span, "derived here")
                    .help(format!("add `{} = \"…\"` to `[because]`", key.value)),
                );
            }
            let linked = self.candidate(RawRule::Derive(expression), value_type, &key.value, base);
            let Some(mut candidate) = linked else { continue };
            candidate.because = reason.map(|reason| reason.value);
            self.refuse_locked(id, key.span);
            if let Some(earlier) = entries.get(&id) {
                self.diags.push(
                    Diagnostic::error(Code::ConflictingFields, format!("`{}` is both set and derived", key.value))
                        .at(key.span, "derived here")
                        .and(earlier.span, "set here")
                        .help("keep one of the two"),
                );
                continue;
            }
            entries.insert(id, candidate);
        }
        for (key, reason) in because {
            self.diags.push(
                Diagnostic::error(
                    Code::UnknownField,
                    format!("there is a reason for `{key}`, which this file neither sets nor derives"),
                )
                .at(reason.span, "a reason for nothing")
                .help("remove it, or add the key to `[set]` or `[derive]`"),
            );
        }
        Layer { name, description: raw.description, rationale: raw.rationale, entries: entries.into_iter().collect() }
    }

    pub(super) fn refuse_locked(&mut self, id: ParamId, span: Span) {
        let parameter = &self.parameters[id.index()];
        if parameter.locked {
            self.diags.push(
                Diagnostic::error(Code::LockedParameter, format!("`{}` is locked by the registry", parameter.key))
                    .at(span, "not to be changed")
                    .and(parameter.span, "locked here")
                    .help("remove this entry, or unlock the parameter in the registry"),
            );
        }
    }

    pub(super) fn resolve(&mut self, key: &At<Text>) -> Option<ParamId> {
        let found = self.keys.find(&key.value);
        if found.is_none() {
            let help = match nearest(&key.value, self.keys.by_key.keys().map(AsRef::as_ref)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`tdsql list-parameters` shows every parameter".to_owned(),
            };
            self.diags.push(
                Diagnostic::error(Code::UnknownParameter, format!("there is no parameter `{}`", key.value))
                    .at(key.span, "unknown parameter")
                    .help(help),
            );
        }
        found
    }

    pub(super) fn presets(&mut self, raw: Vec<Named<RawPreset>>) -> Vec<(Preset, RawExpects)> {
        let extends: HashMap<Text, At<Text>> =
            raw.iter().filter_map(|preset| Some((preset.name.clone(), preset.record.extends.clone()?))).collect();
        let names: BTreeSet<Text> = raw.iter().map(|preset| preset.name.clone()).collect();
        let mut in_cycle: BTreeSet<Text> = BTreeSet::new();
        for name in &names {
            self.extends(name, &extends, &names, &mut in_cycle);
        }
        raw.into_iter()
            .map(|preset| {
                let (name, raw) = (preset.name, preset.record);
                let preset = Preset {
                    extends: raw.extends.map(|at| at.value),
                    throughput: ThroughputRange {
                        min_st_per_sec: raw.min_throughput,
                        max_st_per_sec: raw.max_throughput,
                        description: raw.throughput.into_owned(),
                    },
                    expect: Vec::new(),
                    layer: self.layer(name, raw.layer),
                };
                if preset.throughput.max_st_per_sec.is_some_and(|max| max >= UNBOUNDED) {
                    self.diags.push(Diagnostic::error(
                        Code::InvalidConstraint,
                        format!("the throughput range of `{}` ends beyond any load", preset.layer.name),
                    ));
                }
                (preset, raw.expect)
            })
            .collect()
    }

    pub(super) fn extends(
        &mut self,
        name: &str,
        extends: &HashMap<Text, At<Text>>,
        names: &BTreeSet<Text>,
        in_cycle: &mut BTreeSet<Text>,
    ) {
        let Some(parent) = extends.get(name) else { return };
        if !names.contains(&parent.value) {
            let near = nearest(&parent.value, names.iter().map(AsRef::as_ref));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("presets: {}", names.iter().cloned().collect::<Vec<_>>().join(", ")),
            };
            self.diags.push(
                Diagnostic::error(Code::UnknownPreset, format!("there is no preset `{}`", parent.value))
                    .at(parent.span, "unknown preset")
                    .help(help),
            );
            return;
        }
        if in_cycle.contains(name) {
            return;
        }
        let mut chain = vec![name];
        let mut at = parent.value.as_ref();
        while at != name {
            if chain.contains(&at) {
                return; // Leads into a cycle that is reported where it closes.
            }
            chain.push(at);
            match extends.get(at) {
                Some(next) => at = next.value.as_ref(),
                None => return,
            }
        }
        let shown = chain.iter().chain([&name]).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ");
        in_cycle.extend(chain.iter().map(|name| Text::Owned((*name).to_owned())));
        let message = if chain.len() == 1 {
            format!("the preset `{name}` extends itself")
        } else {
            format!("presets extend each other in a circle: {shown}")
        };
        self.diags.push(
            Diagnostic::error(Code::ExtendsCycle, message)
                .at(parent.span, "closes the circle")
                .help(if chain.len() == 1 { "remove `extends`" } else { "remove `extends` from one of them" }),
        );
    }

    /// Links expected bounds, which need the metrics, and finishes the presets.
    pub(super) fn expects(&mut self, presets: Vec<(Preset, RawExpects)>, metrics: &[Metric]) -> BTreeMap<Text, Preset> {
        let mut linked = BTreeMap::new();
        for (mut preset, raw) in presets {
            for expect in raw {
                if !metrics.iter().any(|metric| metric.name == expect.metric.value) {
                    let help = match nearest(&expect.metric.value, metrics.iter().map(|metric| metric.name.as_ref())) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "metrics are defined in registry/metrics/".to_owned(),
                    };
                    self.diags.push(
                        Diagnostic::error(Code::UnknownMetric, format!("there is no metric `{}`", expect.metric.value))
                            .at(expect.metric.span, "unknown metric")
                            .help(help),
                    );
                }
                let mut bound = |at: Option<At<Formula>>| self.expression(at?, Wanted::Number, PLAIN);
                let (at_least, at_most) = (bound(expect.at_least), bound(expect.at_most));
                preset.expect.push(Expect {
                    metric: expect.metric.value,
                    aggregate: expect.aggregate,
                    at_least,
                    at_most,
                });
                let _ = expect.span;
            }
            linked.insert(preset.layer.name.clone(), preset);
        }
        linked
    }

    pub(super) fn modifiers(&mut self, raw: Vec<Named<RawLayer>>) -> BTreeMap<Text, Layer> {
        raw.into_iter().map(|modifier| (modifier.name.clone(), self.layer(modifier.name, modifier.record))).collect()
    }
}
