//! One input over a range: the values that follow it, and the guard rails that fire on the way.
//!
//! The catalog is linked once and the configuration resolved once; for each point only what depends on the input is
//! evaluated again. A point that cannot be evaluated is told as such and hides no other.

mod range;

pub use range::{Range, Scale};

use crate::catalog::{Catalog, ParamId};
use crate::eval::{Inputs, Override, Varied};
use crate::model::{Scalar, Severity};
use crate::rails;
use std::collections::BTreeSet;

/// The most values that are shown where none is named and no value that matters follows the input.
const MOST_UNNAMED: usize = 8;

/// What a sweep found.
#[derive(Debug)]
pub struct Sweep<'c> {
    /// The catalog.
    pub catalog: &'c Catalog,
    /// The input that varies.
    pub id: ParamId,
    /// How its points lie.
    pub scale: Scale,
    /// The values that are shown.
    pub shown: Vec<ParamId>,
    /// The points in their order.
    pub points: Vec<Point>,
}

/// One value of the input.
#[derive(Debug)]
pub struct Point {
    /// The value; a duration is milliseconds.
    pub at: Scalar,
    /// What it leads to, or why it cannot be evaluated.
    pub outcome: Result<Outcome, String>,
}

/// What a value of the input leads to.
#[derive(Debug)]
pub struct Outcome {
    /// The shown values, in the order of [`Sweep::shown`].
    pub values: Vec<Scalar>,
    /// The rails that fire, by their numbers, each with its severity.
    pub firing: Vec<(usize, Severity)>,
}

/// A rail that fires somewhere on the way.
#[derive(Debug)]
pub struct Band<'c> {
    /// The rail's name.
    pub name: &'c str,
    /// Its severity; an error where it could not be judged at one of the points.
    pub severity: Severity,
    /// The first and the last point of each stretch in which it fires.
    pub stretches: Vec<(usize, usize)>,
}

/// Evaluates every point. Without named values, those of the catalog's highlights are shown that move.
#[must_use]
pub fn sweep<'c>(catalog: &'c Catalog, inputs: &Inputs<'c>, range: &Range, show: &[ParamId]) -> Sweep<'c> {
    let mut varied: Option<Varied<'c>> = None;
    let mut recorded: Vec<ParamId> = if show.is_empty() { catalog.highlights.clone() } else { show.to_vec() };
    let named = recorded.len();
    let mut points: Vec<Point> = Vec::with_capacity(range.points.len());
    for at in &range.points {
        let outcome = match &mut varied {
            Some(varied) => varied.set(at.clone()).map(|_| ()),
            // The first point that can be resolved is what the others are made from.
            None => Varied::new(catalog, inputs.clone(), given(range.id, at.clone())).map(|made| {
                if show.is_empty() {
                    let further = made.affected().filter(|id| *id != range.id && !catalog.highlights.contains(id));
                    recorded.extend(further.take(MOST_UNNAMED));
                }
                varied = Some(made);
            }),
        };
        let outcome = match (outcome, &mut varied) {
            (Ok(()), Some(varied)) => {
                let resolution = varied.resolution();
                let firing = rails::firing(resolution).into_iter().collect();
                Ok(Outcome { values: recorded.iter().map(|id| resolution.value(*id).clone()).collect(), firing })
            }
            (Err(faults), _) => Err(faults.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>().join("; ")),
            (Ok(()), None) => Err(String::new()),
        };
        points.push(Point { at: at.clone(), outcome });
    }
    let mut sweep = Sweep { catalog, id: range.id, scale: range.scale, shown: recorded, points };
    if show.is_empty() {
        sweep.keep_what_moves(named);
    }
    sweep
}

fn given(id: ParamId, value: Scalar) -> Override {
    Override::placeless(id, value, "--vary")
}

impl<'c> Sweep<'c> {
    /// Keeps those of the first `named` values that move; of the others only where none of these does.
    fn keep_what_moves(&mut self, named: usize) {
        let moves = |index: usize| {
            let mut values = self.points.iter().filter_map(|point| point.outcome.as_ref().ok()?.values.get(index));
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let mut kept: Vec<usize> = (0..named).filter(|index| self.shown[*index] != self.id && moves(*index)).collect();
        if kept.is_empty() {
            kept = (named..self.shown.len()).filter(|index| moves(*index)).collect();
        }
        self.shown = kept.iter().map(|index| self.shown[*index]).collect();
        for outcome in self.points.iter_mut().filter_map(|point| point.outcome.as_mut().ok()) {
            outcome.values = kept.iter().filter_map(|index| outcome.values.get(*index).cloned()).collect();
        }
    }

    /// The rails that fire somewhere, errors first, each kind in the order of the names.
    #[must_use]
    pub fn bands(&self) -> Vec<Band<'c>> {
        let all: BTreeSet<usize> = self
            .points
            .iter()
            .filter_map(|point| point.outcome.as_ref().ok())
            .flat_map(|outcome| outcome.firing.iter().map(|(rail, _)| *rail))
            .collect();
        let mut bands: Vec<Band<'c>> = all
            .into_iter()
            .map(|rail| {
                let mut band =
                    Band { name: &self.catalog.rails[rail].name, severity: Severity::Note, stretches: Vec::new() };
                for (index, point) in self.points.iter().enumerate() {
                    let fires = point.outcome.as_ref().ok().and_then(|outcome| {
                        outcome.firing.iter().find(|(other, _)| *other == rail).map(|(_, severity)| *severity)
                    });
                    let Some(severity) = fires else { continue };
                    band.severity = band.severity.min(severity);
                    match band.stretches.last_mut() {
                        Some((_, last)) if *last + 1 == index => *last = index,
                        _ => band.stretches.push((index, index)),
                    }
                }
                band
            })
            .collect();
        bands.sort_by_key(|band| band.severity);
        bands
    }

    /// The names of the rails of a severity that fire at a point.
    pub fn fired<'s>(&self, outcome: &'s Outcome, of: Severity) -> impl Iterator<Item = &'c str> + use<'s, 'c> {
        let catalog = self.catalog;
        let fired = outcome.firing.iter().filter(move |(_, severity)| *severity == of);
        fired.map(move |(rail, _)| catalog.rails[*rail].name.as_ref())
    }

    /// A value of a parameter as text.
    #[must_use]
    pub fn text(&self, id: ParamId, value: &Scalar) -> String {
        self.catalog.parameter(id).value_type.text(value)
    }
}
