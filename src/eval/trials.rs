//! Values tried for a moment: what set values would be if they were not set and something else were.

use super::Resolution;
use crate::catalog::{ParamId, Slots};
use crate::diag::Diagnostics;
use crate::model::Scalar;

/// A configuration of which any parameter may take another value for a moment, while some stay as they are set.
#[derive(Debug)]
pub struct Trials<'c> {
    resolution: Resolution<'c>,
    /// The place of each parameter in the order of evaluation.
    rank: Vec<usize>,
    /// The parameters that read each one; for those that stay, what would read it if they were not set.
    readers: Vec<Vec<ParamId>>,
    /// The same the other way round.
    reads: Vec<Vec<ParamId>>,
    stays: Vec<bool>,
    /// What is to be put back.
    moved: Vec<ParamId>,
}

/// What a parameter moves among those that stay.
#[derive(Debug)]
pub struct Reach {
    id: ParamId,
    /// Those that stay and would move if they were not set, each with all in between, in the order of evaluation.
    would: Vec<(ParamId, Vec<ParamId>)>,
}

impl Reach {
    /// Those that stay and would move if they were not set; what is cheap to know comes first.
    pub fn would(&self) -> impl Iterator<Item = ParamId> {
        self.would.iter().map(|(id, _)| *id)
    }

    /// Puts some of them before the others.
    pub fn put_first(&mut self, first: impl Fn(ParamId) -> bool) {
        self.would.sort_by_key(|(id, _)| !first(*id));
    }
}

impl<'c> Trials<'c> {
    /// Trials of a configuration in which these parameters are set and stay so.
    ///
    /// # Errors
    ///
    /// As [`super::resolve`].
    pub fn new(resolution: Resolution<'c>, set: impl IntoIterator<Item = ParamId>) -> Result<Self, Diagnostics> {
        let count = resolution.catalog.parameters.len();
        let (mut rank, mut stays) = (vec![0; count], vec![false; count]);
        let (mut readers, mut reads) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (place, slot) in resolution.order()?.iter().copied().enumerate() {
            if let Some(id) = resolution.slots.as_parameter(slot) {
                rank[id.index()] = place;
            }
        }
        for id in set {
            stays[id.index()] = true;
        }
        for reader in resolution.catalog.ids() {
            for (expr, _) in resolution.active_without(usize::from(stays[reader.index()]), reader) {
                for read in expr.slots().filter_map(|(_, slot)| resolution.slots.as_parameter(slot)) {
                    readers[read.index()].push(reader);
                    reads[reader.index()].push(read);
                }
            }
        }
        Ok(Trials { resolution, rank, readers, reads, stays, moved: Vec::new() })
    }

    /// What a parameter moves among those that stay.
    #[must_use]
    pub fn reach(&self, id: ParamId) -> Reach {
        let mut moved = vec![false; self.stays.len()];
        let (mut would, mut next) = (Vec::new(), vec![id]);
        while let Some(read) = next.pop() {
            for reader in &self.readers[read.index()] {
                if !std::mem::replace(&mut moved[reader.index()], true) {
                    if self.stays[reader.index()] { would.push(*reader) } else { next.push(*reader) }
                }
            }
        }
        let between = |target: ParamId| {
            let (mut between, mut seen, mut next) = (Vec::new(), vec![false; self.stays.len()], vec![target]);
            while let Some(reader) = next.pop() {
                for read in &self.reads[reader.index()] {
                    let follows = moved[read.index()] && !self.stays[read.index()] && *read != id;
                    if follows && !std::mem::replace(&mut seen[read.index()], true) {
                        between.push(*read);
                        next.push(*read);
                    }
                }
            }
            between.sort_unstable_by_key(|id| self.rank[id.index()]);
            between
        };
        let mut would: Vec<(ParamId, Vec<ParamId>)> = would.into_iter().map(|id| (id, between(id))).collect();
        would.sort_unstable_by_key(|(id, between)| (between.len(), *id));
        Reach { id, would }
    }

    /// Tells what those that stay would be if they were not set and this value were, each of [`Reach::would`] in turn, until
    /// that is enough or one cannot be evaluated: then the answer is no.
    pub fn with(&mut self, reach: &Reach, value: &Scalar, mut tell: impl FnMut(ParamId, &Scalar) -> bool) -> bool {
        let resolution = &mut self.resolution;
        let moved = &mut self.moved;
        moved.clear();
        moved.push(reach.id);
        resolution.frame.set(Slots::parameter(reach.id), value);
        let mut evaluate = |target: ParamId, between: &[ParamId]| {
            for id in between {
                if !moved.contains(id) {
                    let value = resolution.evaluate(*id, usize::MAX).ok()?;
                    resolution.frame.set(Slots::parameter(*id), &value);
                    moved.push(*id);
                }
            }
            resolution.evaluate(target, resolution.above[target.index()].len()).ok()
        };
        let all = reach.would.iter().all(|(id, between)| evaluate(*id, between).is_some_and(|value| tell(*id, &value)));
        for id in moved {
            resolution.frame.set(Slots::parameter(*id), &resolution.values[id.index()]);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::eval::{Inputs, Override, resolve};

    /// Every input of the shipped catalog at two values, on top of every third parameter set to what it is.
    #[test]
    fn a_trial_tells_what_resolving_afresh_does() {
        let catalog = Catalog::embedded().expect("the catalog has no faults");
        let preset = catalog.presets.values().next_back();
        let resolved = |set: &[(ParamId, Scalar)]| {
            let inputs = Inputs {
                preset,
                modifier: None,
                overrides: set.iter().map(|(id, value)| Override::placeless(*id, value.clone(), "")).collect(),
                temporal: catalog.temporal.default.clone(),
                plugin: catalog.plugin.default.clone(),
                constrained: false,
            };
            resolve(&catalog, inputs)
        };
        let plain = resolved(&[]).expect("a preset resolves");
        let set: Vec<(ParamId, Scalar)> = catalog.ids().step_by(3).map(|id| (id, plain.value(id).clone())).collect();
        let stays = || set.iter().map(|(id, _)| *id);
        let mut trials = Trials::new(resolved(&set).expect("it is the same"), stays()).expect("it is the same");
        let mut told = 0;
        for id in catalog.ids().filter(|id| catalog.parameter(*id).is_input() && stays().all(|stays| stays != *id)) {
            let reach = trials.reach(id);
            let tried = match plain.value(id) {
                Scalar::Int(value) => vec![Scalar::Int(value * 3 + 1), Scalar::Int(1)],
                Scalar::Float(value) => vec![Scalar::Float(value * 3.0 + 1.0), Scalar::Float(1.0)],
                Scalar::Bool(value) => vec![Scalar::Bool(!value)],
                Scalar::Str(_) => Vec::new(),
            };
            for value in tried {
                let mut found = Vec::new();
                let all = trials.with(&reach, &value, |id, value| {
                    found.push((id, value.clone()));
                    true
                });
                let mut over = set.clone();
                over.push((id, value));
                let Ok(mut afresh) = resolved(&over) else { continue };
                assert!(all, "{} at {:?}", catalog.parameter(id).key, over.last());
                for (id, value) in &found {
                    assert_eq!(afresh.base_value(*id), *value, "{}", catalog.parameter(*id).key);
                }
                // And nothing else moves.
                for id in stays().filter(|id| found.iter().all(|(told, _)| told != id)) {
                    assert_eq!(afresh.base_value(id), *plain.value(id), "{}", catalog.parameter(id).key);
                }
                told += found.len();
            }
        }
        assert!(told > 50, "{told} values were told");
    }
}
