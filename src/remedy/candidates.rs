//! What a search may move, the ones to be asked first before the others.

use super::Limits;
use super::steps::Grid;
use crate::catalog::ParamId;
use crate::eval::Resolution;
use crate::model::{Class, Scalar, ValueType};
use crate::rails;
use std::collections::BTreeSet;

/// One thing to move.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The parameter.
    pub(super) id: ParamId,
    /// Lower tiers are asked first.
    pub(super) tier: u8,
    /// How it is moved.
    pub(super) kind: Kind,
}

/// How a parameter is moved.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// What the user set is left out.
    Drop,
    /// It takes one of these values.
    Values(Vec<Scalar>),
    /// It walks away from its value.
    Walk(Grid),
}

/// Everything that each of the rails follows, as far as it may be moved; lower tiers first, then in the order of the
/// parameters.
pub(super) fn candidates(resolution: &mut Resolution<'_>, goal: &[usize], limits: &Limits) -> Vec<Candidate> {
    let catalog = resolution.catalog;
    let operands: BTreeSet<ParamId> =
        goal.iter().flat_map(|rail| rails::watched(&catalog.rails[*rail], resolution)).collect();
    // What one rail does not follow cannot silence it.
    let reached = goal.iter().map(|rail| follows(resolution, *rail)).reduce(|a, b| &a & &b).unwrap_or_default();
    let numbers: Vec<Scalar> = operands.iter().map(|id| resolution.value(*id).clone()).collect();
    let mut all = Vec::new();
    for id in reached {
        let parameter = catalog.parameter(id);
        if !limits.allow(catalog, id) {
            continue;
        }
        let given = resolution.inputs.overrides.iter().any(|given| given.id == id);
        let input = parameter.is_input();
        if given {
            let tier = if input { Tier::Given } else { Tier::Drop };
            all.push(Candidate { id, tier: tier as u8, kind: Kind::Drop });
        }
        // A figure that nothing carries out of the compiler is a fact about the world: it is not changed by being set.
        if !input && parameter.outputs.is_empty() {
            continue;
        }
        let value = resolution.value(id);
        let tier = match (input, given) {
            _ if parameter.immutable => Tier::Rest,
            (true, true) => Tier::Given,
            (true, false) if parameter.class == Class::Topology => Tier::Given,
            (false, true) => Tier::GivenValue,
            (true, false) => Tier::Promise,
            (false, false) if operands.contains(&id) => Tier::Operand,
            (false, false) => Tier::Rest,
        };
        let kind = match (&parameter.allowed, parameter.value_type) {
            (Some(allowed), _) => Kind::Values(allowed.value.iter().filter(|other| *other != value).cloned().collect()),
            (None, ValueType::Bool) => Kind::Values(vec![Scalar::Bool(*value == Scalar::Bool(false))]),
            (None, ValueType::Str) => continue,
            (None, _) => {
                let grid = Grid::of(parameter, value, &numbers);
                if given && !input {
                    // A number that the user chose goes as far as it must, and not all the way to what is derived.
                    let grid = grid.towards(&resolution.base_value(id));
                    all.push(Candidate { id, tier: Tier::Drop as u8, kind: Kind::Walk(grid) });
                }
                Kind::Walk(grid)
            }
        };
        all.push(Candidate { id, tier: tier as u8, kind });
    }
    all.sort_by_key(|candidate| candidate.tier);
    all
}

/// Everything that a rail reads, directly or through derivations.
pub(super) fn follows(resolution: &Resolution<'_>, rail: usize) -> BTreeSet<ParamId> {
    let mut reached: BTreeSet<ParamId> =
        rails::watched(&resolution.catalog.rails[rail], resolution).into_iter().collect();
    let mut open: Vec<ParamId> = reached.iter().copied().collect();
    while let Some(id) = open.pop() {
        open.extend(resolution.reads(id).into_iter().filter(|read| reached.insert(*read)));
    }
    reached
}

/// Who is asked to give way, in this order.
#[derive(Debug, Clone, Copy)]
enum Tier {
    /// What the user set of the values that the compiler derives is left out, or moved to the next number that will do.
    Drop,
    /// An input that the user set, or how much of what runs.
    Given,
    /// What the user set of the derived values is moved.
    GivenValue,
    /// A promise to the cluster's users.
    Promise,
    /// A value that the rail reads.
    Operand,
    /// What lies further back, and what is fixed for the life of a cluster.
    Rest,
}
