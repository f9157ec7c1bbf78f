//! The guard rails over what a file says: a rail is judged where everything that it reads is known, and only there.

use super::Linter;
use crate::catalog::{Candidate, Catalog, ParamId, Rail, Rule, Slots};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::eval::{Inputs, Override, resolve};
use crate::model::{Channel, Scalar};
use crate::rails::judge_one;
use std::collections::{BTreeMap, HashMap};

/// What is known of a running configuration.
pub(super) struct Facts {
    /// What the file is for.
    pub(super) channel: Channel,
    /// What the file sets, and where.
    pub(super) set: BTreeMap<ParamId, (Scalar, Span)>,
    /// What the file sets for some namespaces or task queues only: one value at a time takes the place of the general one.
    pub(super) scoped: Vec<(ParamId, Scalar, Span)>,
    /// What its reader takes where the file says nothing.
    pub(super) assumed: BTreeMap<ParamId, Scalar>,
    /// Where the file begins, for what it does not say.
    pub(super) start: Span,
}

/// The most entries with constraints of one file that are judged: each is a configuration of its own.
const MOST_SCOPED: usize = 100;

/// Judges the rails and tells those that fire.
pub(super) fn judge(linter: &Linter<'_>, mut facts: Facts, diags: &mut Diagnostics) {
    let fired = judge_one_scope(linter, &facts, None, &[], diags);
    for (id, value, span) in std::mem::take(&mut facts.scoped).into_iter().take(MOST_SCOPED) {
        let general = facts.set.insert(id, (value, span));
        judge_one_scope(linter, &facts, Some(id), &fired, diags);
        match general {
            Some(general) => facts.set.insert(id, general),
            None => facts.set.remove(&id),
        };
    }
}

/// Judges the rails over one set of values; of a narrower scope only those that read `only` and that did not fire before. Gives
/// the names of those that fired.
fn judge_one_scope<'c>(
    linter: &Linter<'c>,
    facts: &Facts,
    only: Option<ParamId>,
    before: &[&'c str],
    diags: &mut Diagnostics,
) -> Vec<&'c str> {
    let mut fired = Vec::new();
    let catalog = linter.catalog;
    let overrides: Vec<Override> = facts
        .assumed
        .iter()
        .filter(|(id, _)| !facts.set.contains_key(id))
        .map(|(id, value)| (id, value, facts.start))
        .chain(facts.set.iter().map(|(id, (value, span))| (id, value, *span)))
        .map(|(id, value, span)| Override {
            id: *id,
            candidate: Candidate { rule: Rule::Set(value.clone()), span, because: None },
            origin: "file".to_owned(),
        })
        .collect();
    let inputs = Inputs {
        preset: None,
        modifier: None,
        overrides,
        temporal: linter.temporal.clone(),
        plugin: linter.plugin.clone(),
        // Bounds are told where the value stands.
        constrained: false,
    };
    // A derivation that fails over such values decides nothing that is known.
    let Ok(mut resolution) = resolve(catalog, inputs) else { return fired };
    let slots = resolution.slots();
    let mut known = Known { catalog, slots, facts, memo: HashMap::new() };
    for rail in &catalog.rails {
        let concerned =
            only.is_none_or(|id| known.read_by(rail).contains(&id)) && !before.contains(&rail.name.as_ref());
        if !concerned || !known.all_read(rail) {
            continue;
        }
        let Ok(Some(finding)) = judge_one(rail, &mut resolution) else { continue };
        fired.push(rail.name.as_ref());
        let mut places: Vec<(ParamId, Span)> =
            known.read_by(rail).into_iter().filter_map(|id| Some((id, facts.set.get(&id)?.1))).collect();
        // The narrower entry is what this is about.
        places.sort_by_key(|(id, _)| Some(*id) != only);
        let shown = |id: ParamId| resolution.text(id);
        let mut found = match places.split_first() {
            Some(((id, span), rest)) => {
                let mut found = Diagnostic::error(Code::GuardRail, finding.message.clone())
                    .at(*span, format!("`{}` is {}", catalog.parameter(*id).key, shown(*id)));
                found.severity = finding.severity;
                for (id, span) in rest {
                    found = found.and(*span, format!("`{}` is {}", catalog.parameter(*id).key, shown(*id)));
                }
                found
            }
            // What is only left out breaks nothing that the file says.
            None if facts.channel == Channel::DynamicConfig => {
                let assumed: Vec<ParamId> =
                    known.read_by(rail).into_iter().filter(|id| facts.assumed.contains_key(id)).collect();
                let Some(first) = assumed.first() else { continue };
                let key = &catalog.parameter(*first).key;
                let message =
                    format!("`{key}` is not set, and the server's own {}: {}", shown(*first), finding.message);
                let found = match finding.severity {
                    Severity::Error => Diagnostic::warning(Code::GuardRail, message),
                    _ => Diagnostic::note(Code::GuardRail, message),
                };
                found.at(facts.start, "not in this file")
            }
            None => continue,
        };
        let presets = known
            .read_by(rail)
            .into_iter()
            .find(|id| facts.set.contains_key(id) || facts.assumed.contains_key(id))
            .and_then(|id| Some(format!("; `{}`: {}", catalog.parameter(id).key, linter.presets_say(id)?)));
        found = found
            .help(format!("{}{}", finding.remedy, presets.unwrap_or_default()))
            .fact("rule_name", rail.name.clone());
        diags.push(found);
    }
    fired
}

/// What can be known of a value without being told: what the file sets, what its reader takes otherwise, what the service
/// fixes, and what follows from those.
struct Known<'k, 'c> {
    catalog: &'c Catalog,
    slots: Slots,
    facts: &'k Facts,
    memo: HashMap<ParamId, bool>,
}

impl Known<'_, '_> {
    /// The parameters that a rail reads, the likeliest to be at fault first.
    fn read_by(&self, rail: &Rail) -> Vec<ParamId> {
        let exprs = rail.steps.iter().map(|(_, step)| &step.value).chain(rail.when.as_ref().map(|at| &at.value));
        let mut ids = rail.parameters.clone();
        for expr in exprs.chain(std::iter::once(&rail.require.value)) {
            ids.extend(expr.slots().filter_map(|(_, slot)| self.slots.as_parameter(slot)));
        }
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(*id));
        ids
    }

    fn all_read(&mut self, rail: &Rail) -> bool {
        let exprs = rail.steps.iter().map(|(_, step)| &step.value).chain(rail.when.as_ref().map(|at| &at.value));
        // A rail over a preset's range says nothing without one.
        let reserved = exprs
            .chain(std::iter::once(&rail.require.value))
            .flat_map(|expr| expr.slots())
            .any(|(_, slot)| slot == self.slots.min_throughput() || slot == self.slots.max_throughput());
        let ids = self.read_by(rail);
        !reserved && ids.into_iter().all(|id| self.known(id))
    }

    fn known(&mut self, id: ParamId) -> bool {
        if let Some(known) = self.memo.get(&id) {
            return *known;
        }
        // Derivations that circle decide nothing.
        self.memo.insert(id, false);
        let parameter = self.catalog.parameter(id);
        let given = self.facts.set.contains_key(&id) || self.facts.assumed.contains_key(&id);
        let known = given
            || (parameter.outputs.is_empty()
                && !parameter.is_input()
                && match &parameter.registry.rule {
                    Rule::Set(_) => true,
                    Rule::Derive(expr) => {
                        let reads: Vec<u32> = expr.slots().map(|(_, slot)| slot).collect();
                        reads.into_iter().all(|slot| self.slots.as_parameter(slot).is_none_or(|id| self.known(id)))
                    }
                });
        self.memo.insert(id, known);
        known
    }
}
