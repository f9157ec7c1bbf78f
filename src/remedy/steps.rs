//! Numbers to try: doubling outwards, then bisection, then a figure that a person would write.

use crate::catalog::Parameter;
use crate::model::{Scalar, ValueType};

/// How often a step is doubled at most: from 1 to 16384, or from a 64th of a value to 256 times the value.
const MOST_DOUBLINGS: u32 = 14;

/// The greatest value of a number without a bound.
const UNBOUNDED: i64 = 1 << 53;

/// Lengths of time that a person would write multiples of, in milliseconds.
const DURATIONS: [i64; 15] =
    [3_600_000, 1_800_000, 600_000, 300_000, 60_000, 30_000, 10_000, 5_000, 1_000, 500, 100, 50, 10, 5, 1];

/// Where a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To greater values.
    Up,
    /// To lesser ones.
    Down,
}

/// The values of a parameter as whole numbers: a float in thousandths, finer where it is small.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    value_type: ValueType,
    /// How many steps of the grid make 1.
    per_unit: f64,
    from: i64,
    least: i64,
    most: i64,
    probes: Vec<i64>,
}

impl Grid {
    pub(super) fn of(parameter: &Parameter, value: &Scalar, numbers: &[Scalar]) -> Grid {
        let value_type = parameter.value_type;
        let per_unit = match (value_type, value.as_f64()) {
            (ValueType::Float, Some(value)) if value != 0.0 && value.abs() < 0.1 => 1e6,
            (ValueType::Float, _) => 1e3,
            _ => 1.0,
        };
        let whole = |value: &Scalar| match value {
            Scalar::Int(value) if per_unit == 1.0 => Some(*value),
            other => other.as_f64().map(|value| (value * per_unit).round() as i64),
        };
        let from = whole(value).unwrap_or(0);
        let bound = |at: &Option<crate::diag::At<Scalar>>| at.as_ref().and_then(|at| whole(&at.value));
        // Nobody writes a negative number where there was none.
        let least = bound(&parameter.min).unwrap_or(if from >= 0 { 0 } else { -UNBOUNDED });
        let most = bound(&parameter.max).unwrap_or(UNBOUNDED);
        let mut probes: Vec<i64> =
            numbers.iter().filter_map(whole).filter(|probe| *probe != from && (least..=most).contains(probe)).collect();
        probes.sort_unstable_by_key(|probe| (probe.abs_diff(from), *probe));
        probes.dedup();
        Grid { value_type, per_unit, from, least, most, probes }
    }

    /// The same walks, no further than to a value.
    pub(super) fn towards(&self, end: &Scalar) -> Grid {
        let end = end.as_f64().map_or(self.from, |end| (end * self.per_unit).round() as i64);
        let (least, most) = (self.from.min(end).max(self.least), self.from.max(end).min(self.most));
        let probes = self.probes.iter().copied().filter(|probe| (least..=most).contains(probe)).collect();
        Grid { least, most, probes, ..self.clone() }
    }

    /// A value of the grid as the parameter's type has it.
    pub(super) fn scalar(&self, value: i64) -> Scalar {
        match self.value_type {
            ValueType::Float => Scalar::Float(value as f64 / self.per_unit),
            _ => Scalar::Int(value),
        }
    }

    /// Values to try where no walk leads anywhere: those that the rails compare with.
    pub(super) fn probes(&self) -> impl Iterator<Item = i64> {
        self.probes.iter().copied()
    }

    /// The nearest value in a direction with which something holds that does not hold here: first as a person would write
    /// it, then exactly.
    pub(super) fn nearest(&self, direction: Direction, holds: &mut dyn FnMut(i64) -> bool) -> Vec<i64> {
        let upwards = direction == Direction::Up;
        let Some((reached, failed)) = self.walk(upwards, holds) else { return Vec::new() };
        let edge = bisect(reached, failed, holds);
        let written = self.written(edge, upwards, holds);
        if edge == written { vec![edge] } else { vec![written, edge] }
    }

    /// The value furthest from here towards one with which something does not hold, as a person would write it; nothing where
    /// there is none on the way.
    pub(super) fn furthest(&self, towards: &Scalar, holds: &mut dyn FnMut(i64) -> bool) -> Option<i64> {
        let end = (towards.as_f64()? * self.per_unit).round() as i64;
        let edge = bisect(self.from, end, holds);
        // A figure between here and the edge; the edge itself is asked last, so that the last that held is the answer.
        let back = end < self.from;
        let written = self.written(edge, back, holds);
        let between = if back { written < self.from } else { written > self.from };
        (edge != self.from && between && holds(written)).then_some(written)
    }

    /// The first value on the way that holds, and the last before it that does not.
    fn walk(&self, upwards: bool, holds: &mut dyn FnMut(i64) -> bool) -> Option<(i64, i64)> {
        let end = if upwards { self.most } else { self.least };
        let first = (self.from.unsigned_abs() / 64).clamp(1, 1 << 40) as i64;
        let mut failed = self.from;
        for doubled in 0..=MOST_DOUBLINGS {
            let step = first << doubled;
            let value =
                if upwards { self.from.saturating_add(step).min(end) } else { self.from.saturating_sub(step).max(end) };
            if value == failed || (upwards && value < self.from) || (!upwards && value > self.from) {
                return None;
            }
            if holds(value) {
                return Some((value, failed));
            }
            failed = value;
        }
        None
    }

    /// The roundest figure near an edge, on its far side, with which it still holds.
    fn written(&self, edge: i64, upwards: bool, holds: &mut dyn FnMut(i64) -> bool) -> i64 {
        const MOST_EXTRA: u64 = 20;
        let round = |unit: i64| {
            let down = edge.div_euclid(unit).saturating_mul(unit);
            if upwards && down != edge { down.saturating_add(unit) } else { down }
        };
        let units: Vec<i64> = match self.value_type {
            ValueType::Duration => DURATIONS.to_vec(),
            _ => (0..16_u32).rev().flat_map(|digits| [5 * 10_i64.pow(digits), 10_i64.pow(digits)]).collect(),
        };
        units
            .into_iter()
            .map(round)
            .filter(|value| {
                *value != 0
                    && (self.least..=self.most).contains(value)
                    && value.abs_diff(edge) <= edge.unsigned_abs() / MOST_EXTRA
            })
            .find(|value| *value == edge || holds(*value))
            .unwrap_or(edge)
    }
}

/// The value nearest to `failed` that holds, if all beyond it do.
fn bisect(mut reached: i64, mut failed: i64, holds: &mut dyn FnMut(i64) -> bool) -> i64 {
    while reached.abs_diff(failed) > 1 {
        let middle = failed + (reached - failed) / 2;
        if holds(middle) {
            reached = middle;
        } else {
            failed = middle;
        }
    }
    reached
}
