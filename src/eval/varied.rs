//! One override over many values: only what depends on it is evaluated again.

use super::{Inputs, Override, Resolution, Rule};
use crate::catalog::{Candidate, Catalog, ParamId, Slots};
use crate::diag::Diagnostics;
use crate::model::Scalar;

/// A configuration in which one parameter takes one value after the other.
#[derive(Debug)]
pub struct Varied<'c> {
    resolution: Resolution<'c>,
    /// The position of the override that varies.
    at: usize,
    /// The slots that depend on it, itself first, in the order of evaluation.
    affected: Vec<u32>,
}

impl<'c> Varied<'c> {
    /// Resolves a configuration with an override on top, the one that is going to vary; it replaces another of the same
    /// parameter.
    ///
    /// # Errors
    ///
    /// As [`super::resolve`].
    pub fn new(catalog: &'c Catalog, mut inputs: Inputs<'c>, given: Override) -> Result<Self, Diagnostics> {
        let id = given.id;
        inputs.overrides.retain(|other| other.id != id);
        let at = inputs.overrides.len();
        inputs.overrides.push(given);
        let resolution = super::resolve(catalog, inputs)?;
        let mut moved = vec![false; catalog.parameters.len()];
        moved[id.index()] = true;
        let affected: Vec<u32> = resolution
            .order()?
            .iter()
            .copied()
            .filter(|slot| {
                let Some(of) = resolution.slots.as_parameter(*slot) else { return false };
                let reads = |slot: u32| resolution.slots.as_parameter(slot).is_some_and(|read| moved[read.index()]);
                let is_moved =
                    of == id || resolution.active(of).any(|(expr, _)| expr.slots().any(|(_, slot)| reads(slot)));
                moved[of.index()] = is_moved;
                is_moved
            })
            .collect();
        debug_assert_eq!(affected.first(), Some(&Slots::parameter(id)));
        Ok(Varied { resolution, at, affected })
    }

    /// The configuration with another value. Whether artifacts carry a value is not looked at again.
    ///
    /// # Errors
    ///
    /// As [`super::resolve`]; the next value is not affected by it.
    pub fn set(&mut self, value: Scalar) -> Result<&mut Resolution<'c>, Diagnostics> {
        let given = &mut self.resolution.inputs.overrides[self.at];
        given.candidate = Candidate { rule: Rule::Set(value), span: given.candidate.span, because: None };
        self.resolution.evaluate_all(&self.affected)?;
        Ok(&mut self.resolution)
    }

    /// The configuration as it was set last; not to be relied on after an error.
    pub fn resolution(&mut self) -> &mut Resolution<'c> {
        &mut self.resolution
    }

    /// The parameters whose values depend on the one that varies, itself among them.
    pub fn affected(&self) -> impl Iterator<Item = ParamId> {
        self.affected.iter().filter_map(|slot| self.resolution.slots.as_parameter(*slot))
    }
}
