//! The nearest change that satisfies every guard rail, as a result tells it.

use super::Compilation;
use crate::catalog::{ParamId, Rule};
use crate::eval::Inputs;
use crate::model::{MovedValue, NearestChange, ProposedChange};
use crate::rails;
use crate::remedy::{self, Limits, Remedy};
use std::collections::BTreeSet;

impl Compilation<'_> {
    /// The nearest change of what is set that satisfies every rail; nothing where none fired. It is looked for when it is
    /// first asked for: up to some thousand configurations are tried.
    #[must_use]
    pub fn nearest_change(&self) -> Option<&NearestChange> {
        self.nearest.get_or_init(|| self.look_for_change()).as_ref()
    }

    fn look_for_change(&self) -> Option<NearestChange> {
        if self.findings.is_empty() {
            return None;
        }
        let limits = Limits { running: self.running, ..Limits::default() };
        let search = remedy::search(&self.resolution, &limits)?;
        let tried = search.tried as u64;
        Some(match search.remedy {
            None => NearestChange {
                found: false,
                tried,
                preset: None,
                changes: Vec::new(),
                arguments: Vec::new(),
                values: Vec::new(),
                warnings: Vec::new(),
            },
            Some(remedy) => self.told(&remedy, tried),
        })
    }

    fn told(&self, remedy: &Remedy<'_>, tried: u64) -> NearestChange {
        let show = |id: ParamId, value| self.catalog.parameter(id).value_type.show(value);
        let key = |id: ParamId| self.catalog.parameter(id).key.clone();
        let moved: BTreeSet<ParamId> = remedy.moves.iter().map(|made| made.id).collect();
        let read: BTreeSet<ParamId> =
            self.findings.iter().flat_map(|finding| rails::watched(finding.rail, &self.resolution)).collect();
        NearestChange {
            found: true,
            tried,
            preset: remedy
                .resolution
                .inputs
                .preset
                .map(|preset| &preset.layer.name)
                .filter(|name| self.resolution.inputs.preset.is_none_or(|preset| preset.layer.name != **name))
                .map(ToString::to_string),
            changes: remedy
                .moves
                .iter()
                .map(|made| ProposedChange {
                    key: key(made.id).into_owned(),
                    action: if made.dropped { NearestChange::DROP } else { NearestChange::SET }.to_owned(),
                    before: show(made.id, &made.before),
                    after: show(made.id, &made.after),
                    given_by: made.given.as_ref().map(|given| given.origin.clone()),
                })
                .collect(),
            arguments: self.arguments(&remedy.resolution.inputs),
            values: read
                .into_iter()
                .filter(|id| !moved.contains(id) && self.resolution.value(*id) != remedy.resolution.value(*id))
                .map(|id| MovedValue {
                    key: key(id).into_owned(),
                    before: self.resolution.shown(id),
                    after: remedy.resolution.shown(id),
                })
                .collect(),
            warnings: remedy.left.iter().map(|rail| rail.name.to_string()).collect(),
        }
    }

    /// The `-s` arguments that set what is set, but for what a running configuration keeps by itself.
    fn arguments(&self, inputs: &Inputs<'_>) -> Vec<String> {
        let set = inputs.overrides.iter().filter(|given| {
            !(self.running && self.catalog.parameter(given.id).immutable && given.origin == super::request::RUNNING)
        });
        set.filter_map(|given| match &given.candidate.rule {
            Rule::Set(value) => {
                let parameter = self.catalog.parameter(given.id);
                Some(format!("{}={}", parameter.key, parameter.value_type.show(value)))
            }
            Rule::Derive(_) => None,
        })
        .flat_map(|argument| ["-s".to_owned(), argument])
        .collect()
    }
}
