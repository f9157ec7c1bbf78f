//! Which names an expression may read, and their slots and types.

use super::ParamId;
use crate::expr::Type;
use crate::model::ValueType;

/// The reserved names of expressions, in the order of their slots after the parameters.
const RESERVED: [(&str, Type); 4] = [
    ("preset.min_throughput", Type::Float),
    ("preset.max_throughput", Type::Float),
    ("target.temporal", Type::Str),
    ("target.plugin", Type::Str),
];

/// The value of `preset.max_throughput` where a preset has no bound.
pub(crate) const UNBOUNDED: f64 = 1e18;

/// Where the values of names stand in a frame: parameters, then `base`, then the reserved names, then a rail's steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots {
    parameters: u32,
}

impl Slots {
    pub(crate) fn new(parameters: usize) -> Self {
        Slots { parameters: parameters as u32 }
    }

    pub(crate) fn parameter(id: ParamId) -> u32 {
        id.0
    }

    /// The parameter of a slot, if it is one's.
    pub(crate) fn as_parameter(self, slot: u32) -> Option<ParamId> {
        (slot < self.parameters).then_some(ParamId(slot))
    }

    pub(crate) fn base(self) -> u32 {
        self.parameters
    }

    pub(crate) fn min_throughput(self) -> u32 {
        self.parameters + 1
    }

    pub(crate) fn max_throughput(self) -> u32 {
        self.parameters + 2
    }

    /// Whether a slot has an end of the range that the preset is made for.
    pub(crate) fn is_range(self, slot: u32) -> bool {
        slot == self.min_throughput() || slot == self.max_throughput()
    }

    pub(crate) fn temporal(self) -> u32 {
        self.parameters + 3
    }

    pub(crate) fn plugin(self) -> u32 {
        self.parameters + 4
    }

    pub(crate) fn step(self, index: usize) -> u32 {
        self.parameters + 1 + RESERVED.len() as u32 + index as u32
    }

    /// The number of a rail's step, if the slot is one's.
    pub(crate) fn as_step(self, slot: u32) -> Option<usize> {
        slot.checked_sub(self.step(0)).map(|index| index as usize)
    }

    /// The slots of a frame for so many steps.
    pub(crate) fn len(self, steps: usize) -> usize {
        self.step(steps) as usize
    }

    /// The slot of a reserved name.
    pub(crate) fn reserved(self, name: &str) -> Option<u32> {
        RESERVED.iter().position(|(known, _)| *known == name).map(|index| self.parameters + 1 + index as u32)
    }

    /// The type of a reserved name's slot.
    pub(crate) fn reserved_type(self, slot: u32) -> Option<Type> {
        slot.checked_sub(self.parameters + 1).and_then(|index| RESERVED.get(index as usize)).map(|(_, of)| *of)
    }

    pub(crate) fn reserved_names() -> impl Iterator<Item = &'static str> + Clone {
        RESERVED.iter().map(|(name, _)| *name)
    }
}

/// How a parameter's type looks to expressions.
pub(crate) fn expression_type(value_type: ValueType) -> Type {
    match value_type {
        ValueType::Int | ValueType::Duration => Type::Int,
        ValueType::Float => Type::Float,
        ValueType::Bool => Type::Bool,
        ValueType::Str => Type::Str,
    }
}
