//! The nearest change of what is set that satisfies every guard rail, found by trying.
//!
//! Where the load is outside the preset's range, the preset is asked first that is made for it. Else and besides, a search moves one thing
//! at a time: it drops what the user set, or walks an input, then bisects to the first value with
//! which the rails hold. What it proposes was resolved and judged as a compile does it, constraints and every rail.
//! Bounded in trials, the same for the same inputs. Shown at work by `tests/it/remedy.rs` and property P27.

mod candidates;
mod steps;

use crate::catalog::{Catalog, ParamId, Rail, Rule};
use crate::eval::{self, Inputs, Override, Resolution, Varied};
use crate::model::{Scalar, Severity};
use crate::rails;
use candidates::{Candidate, Kind, candidates};
use std::collections::{BTreeMap, BTreeSet};
use steps::{Direction, Grid};

/// The origin of what a search sets.
pub const PROPOSED: &str = "nearest change";

/// The most moves that a change is made of before the needless ones are taken back.
const MOST_MOVES: usize = 8;

/// What a search may do.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Whether a cluster is running: what is fixed for its life is not to be moved.
    pub running: bool,
    /// What is not to be moved besides.
    pub pinned: Vec<ParamId>,
    /// How many configurations may be tried.
    pub trials: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { running: false, pinned: Vec::new(), trials: 2000 }
    }
}

impl Limits {
    /// Whether a parameter may be moved.
    fn allow(&self, catalog: &Catalog, id: ParamId) -> bool {
        let parameter = catalog.parameter(id);
        let fixed = parameter.immutable && self.running;
        !(parameter.locked || fixed || self.pinned.contains(&id))
    }
}

/// How far a move leads: how many rails still fire, who is asked to give way, how far it goes.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Rank {
    open: usize,
    tier: u8,
    distance: f64,
}

/// One thing that is set otherwise.
#[derive(Debug, Clone)]
pub struct Move {
    /// The parameter.
    pub id: ParamId,
    /// Its value now.
    pub before: Scalar,
    /// Its value with the change.
    pub after: Scalar,
    /// Whether what the user set is left out; else the parameter is set to `after`.
    pub dropped: bool,
    /// The override that is left out or replaced, if there is one.
    pub given: Option<Override>,
}

/// A change with which no rail of severity error fires, and none that did not fire before.
#[derive(Debug)]
pub struct Remedy<'c> {
    /// What is set otherwise, in the order of the parameters.
    pub moves: Vec<Move>,
    /// The configuration with the change; another preset's where only that one is made for the load.
    pub resolution: Resolution<'c>,
    /// Rails of severity warning that fire with it as they did before; mostly none.
    pub left: Vec<&'c Rail>,
}

/// What a search came to.
#[derive(Debug)]
pub struct Search<'c> {
    /// The nearest change, if one was found.
    pub remedy: Option<Remedy<'c>>,
    /// How many configurations were tried.
    pub tried: usize,
}

/// Looks for the nearest change of what is set with which every rail holds; failing that, one with which no rail of
/// severity error fires and no further warning. Gives nothing where no rail fires.
#[must_use]
pub fn search<'c>(resolution: &Resolution<'c>, limits: &Limits) -> Option<Search<'c>> {
    let mut finder = Finder { catalog: resolution.catalog, limits: limits.clone(), tried: 0, last: limits.trials };
    let start = finder.attempt(resolution.inputs.clone())?;
    if start.firing.is_empty() {
        return None;
    }
    let remedy = |state: State<'c>| Remedy {
        moves: moves(&start.resolution, &state.resolution),
        left: state.firing.keys().map(|index| &resolution.catalog.rails[*index]).collect(),
        resolution: state.resolution,
    };
    if let Some(state) = finder.other_preset(&start) {
        return Some(Search { remedy: Some(remedy(state)), tried: finder.tried });
    }
    let warnings: Firing =
        start.firing.iter().filter(|(_, severity)| **severity != Severity::Error).map(|(at, of)| (*at, *of)).collect();
    let errors = start.firing.len() - warnings.len();
    // Warnings that nothing takes away must not keep the errors: some trials are left for these alone.
    let both = errors > 0 && !warnings.is_empty();
    finder.last = if both { limits.trials * 2 / 3 } else { limits.trials };
    let mut found = finder.nearest(&start, &Firing::new());
    if found.is_none() && both {
        finder.last = limits.trials;
        found = finder.nearest(&start, &warnings);
    }
    Some(Search { remedy: found.map(remedy), tried: finder.tried })
}

/// The rails that fire, by their numbers.
type Firing = BTreeMap<usize, Severity>;

/// A configuration, and the rails that fire in it.
struct State<'c> {
    resolution: Resolution<'c>,
    firing: Firing,
}

impl State<'_> {
    /// The rails that fire and may not, errors first.
    fn open(&self, tolerated: &Firing) -> Vec<usize> {
        let mut open: Vec<(Severity, usize)> = self
            .firing
            .iter()
            .filter(|(index, _)| !tolerated.contains_key(index))
            .map(|(index, severity)| (*severity, *index))
            .collect();
        open.sort_unstable();
        open.into_iter().map(|(_, index)| index).collect()
    }
}

struct Finder<'c> {
    catalog: &'c Catalog,
    limits: Limits,
    tried: usize,
    /// No trial is made beyond so many.
    last: usize,
}

impl<'c> Finder<'c> {
    /// Resolves; nothing where the configuration is refused or no trial is left.
    fn resolve(&mut self, inputs: Inputs<'c>) -> Option<Resolution<'c>> {
        if self.tried >= self.last {
            return None;
        }
        self.tried += 1;
        eval::resolve(self.catalog, inputs).ok()
    }

    fn attempt(&mut self, inputs: Inputs<'c>) -> Option<State<'c>> {
        let mut resolution = self.resolve(inputs)?;
        let firing = rails::firing(&mut resolution);
        Some(State { resolution, firing })
    }

    /// Where the load is outside the range that the preset is made for: the preset whose range holds it, with whatever else
    /// must be moved there but the load itself; of several, the one with the fewest moves.
    fn other_preset(&mut self, start: &State<'c>) -> Option<State<'c>> {
        let (catalog, inputs) = (self.catalog, &start.resolution.inputs);
        let current = inputs.preset?;
        let outside = |state: &State<'c>| -> Vec<&'c Rail> {
            let fired = state.firing.keys().map(|index| &catalog.rails[*index]);
            fired.filter(|rail| rails::reads_range(rail, &state.resolution)).collect()
        };
        let ranges = outside(start);
        if ranges.is_empty() {
            return None;
        }
        let load = ranges.into_iter().flat_map(|rail| rails::watched(rail, &start.resolution));
        let pinned = self.limits.pinned.clone();
        self.limits.pinned.extend(load);
        self.last = self.limits.trials / 2;
        let mut best: Option<(usize, State<'c>)> = None;
        for preset in catalog.presets.values().filter(|preset| preset.layer.name != current.layer.name) {
            let moved = Inputs { preset: Some(preset), ..inputs.clone() };
            let Some(there) = self.attempt(moved).filter(|there| outside(there).is_empty()) else { continue };
            let Some(found) = self.reach(&there, &Firing::new()) else { continue };
            let count = moves(&there.resolution, &found.resolution).len();
            if best.as_ref().is_none_or(|(fewest, _)| count < *fewest) {
                best = Some((count, found));
            }
        }
        self.limits.pinned = pinned;
        best.map(|(_, state)| state)
    }

    /// The nearest change; one of what the user set alone, where there is one.
    fn nearest(&mut self, start: &State<'c>, tolerated: &Firing) -> Option<State<'c>> {
        let retracted = self.retracted(start, tolerated);
        let found = self.reach(start, tolerated);
        let own =
            |state: &State<'c>| moves(&start.resolution, &state.resolution).iter().all(|made| made.given.is_some());
        if found.as_ref().is_some_and(own) { found } else { retracted.or(found) }
    }

    /// Where several things that the user set have a part in what fires: leaves all of them out, then takes back each that
    /// does no harm, then each of the others as far as it may go.
    fn retracted(&mut self, start: &State<'c>, tolerated: &Firing) -> Option<State<'c>> {
        let catalog = self.catalog;
        let mut reached = BTreeSet::new();
        for rail in start.open(tolerated) {
            reached.extend(candidates::follows(&start.resolution, rail));
        }
        let all = &start.resolution.inputs.overrides;
        let (given, kept): (Vec<Override>, Vec<Override>) =
            all.iter().cloned().partition(|given| reached.contains(&given.id) && self.limits.allow(catalog, given.id));
        if given.len() < 2 {
            return None;
        }
        let inputs = Inputs { overrides: kept, ..start.resolution.inputs.clone() };
        let mut state = self.attempt(inputs).filter(|state| state.open(tolerated).is_empty())?;
        let mut harmful = Vec::new();
        for given in given {
            let mut inputs = state.resolution.inputs.clone();
            inputs.overrides.push(given.clone());
            match self.attempt(inputs).filter(|with| with.open(tolerated).is_empty()) {
                Some(with) => state = with,
                None => harmful.push(given),
            }
        }
        for given in harmful {
            let Rule::Set(wanted) = &given.candidate.rule else { continue };
            let parameter = catalog.parameter(given.id);
            if parameter.allowed.is_some() {
                continue;
            }
            let base = state.resolution.inputs.clone();
            let grid = Grid::of(parameter, state.resolution.value(given.id), &[]);
            let mut last = None;
            let mut holds = |value: i64| {
                let tried = self.attempt(self.with(&base, given.id, Some(grid.scalar(value))));
                let held = tried.filter(|with| with.open(tolerated).is_empty());
                let holds = held.is_some();
                last = held.map(|with| (value, with)).or(last.take());
                holds
            };
            if let Some(furthest) = grid.furthest(wanted, &mut holds)
                && let Some((value, with)) = last
                && value == furthest
            {
                state = with;
            }
        }
        Some(state)
    }

    /// Moves one thing after the other until only tolerated rails fire, then takes back what was not needed.
    fn reach(&mut self, start: &State<'c>, tolerated: &Firing) -> Option<State<'c>> {
        let mut state = self.attempt(start.resolution.inputs.clone())?;
        let mut moved = BTreeSet::new();
        while !state.open(tolerated).is_empty() {
            if moved.len() >= MOST_MOVES {
                return None;
            }
            let (id, next) = self.step(start, &mut state, tolerated, &moved)?;
            moved.insert(id);
            state = next;
        }
        Some(self.pruned(start, state, tolerated))
    }

    /// The best single move: one that silences all, else one that silences some rail and fires no other, else one that
    /// silences a rail at the price of the fewest others.
    fn step(
        &mut self,
        start: &State<'c>,
        state: &mut State<'c>,
        tolerated: &Firing,
        moved: &BTreeSet<ParamId>,
    ) -> Option<(ParamId, State<'c>)> {
        let open = state.open(tolerated);
        let mut goals = vec![open.clone()];
        if open.len() > 1 {
            goals.extend(open.iter().map(|rail| vec![*rail]));
        }
        let mut best: Option<(Rank, ParamId, State<'c>)> = None;
        for goal in goals {
            let all = candidates(&mut state.resolution, &goal, &self.limits);
            for tier in all.chunk_by(|a, b| a.tier == b.tier) {
                for candidate in tier {
                    for next in self.outcomes(state, candidate, &goal, tolerated) {
                        let left = next.open(tolerated);
                        // What was moved once is moved again only towards fewer rails: this ends.
                        if moved.contains(&candidate.id) && left.len() >= open.len() {
                            continue;
                        }
                        let distance =
                            distance(start.resolution.value(candidate.id), next.resolution.value(candidate.id));
                        let rank = Rank { open: left.len(), tier: candidate.tier, distance };
                        if best.as_ref().is_none_or(|(best, ..)| rank < *best) {
                            best = Some((rank, candidate.id, next));
                        }
                    }
                }
                // Those to be asked last are not asked where others make it better.
                if best.as_ref().is_some_and(|(best, ..)| best.open < open.len()) {
                    break;
                }
            }
            if best.as_ref().is_some_and(|(best, ..)| best.open < open.len()) {
                break;
            }
        }
        best.map(|(_, id, next)| (id, next))
    }

    /// What a candidate leads to: with a walk, the nearest values in each direction with which the goal's rails are silent.
    fn outcomes(
        &mut self,
        state: &State<'c>,
        candidate: &Candidate,
        goal: &[usize],
        tolerated: &Firing,
    ) -> Vec<State<'c>> {
        let base = &state.resolution.inputs;
        match &candidate.kind {
            Kind::Drop => self.silent(self.with(base, candidate.id, None), goal).into_iter().collect(),
            Kind::Values(values) => values
                .iter()
                .filter_map(|value| self.silent(self.with(base, candidate.id, Some(value.clone())), goal))
                .collect(),
            Kind::Walk(grid) => {
                let mut reached = Vec::new();
                for direction in [Direction::Up, Direction::Down] {
                    self.walk(state, candidate.id, grid, direction, goal, tolerated, &mut reached);
                }
                if reached.is_empty() {
                    let probe = grid
                        .probes()
                        .find_map(|value| self.silent(self.with(base, candidate.id, Some(grid.scalar(value))), goal));
                    reached.extend(probe);
                }
                reached
            }
        }
    }

    /// Walks in one direction. Where other rails fire at the first value that silences the goal, it goes on to where they
    /// are silent too, one after the other, as far as there is such a value.
    #[allow(clippy::too_many_arguments, reason = "they are one search's state")]
    fn walk(
        &mut self,
        state: &State<'c>,
        id: ParamId,
        grid: &Grid,
        direction: Direction,
        goal: &[usize],
        tolerated: &Firing,
        reached: &mut Vec<State<'c>>,
    ) {
        const MOST_WALKS: usize = 8;
        let base = &state.resolution.inputs;
        let now = self.proposed(id, state.resolution.value(id).clone());
        let Ok(mut varied) = Varied::new(self.catalog, base.clone(), now) else { return };
        let mut goal = goal.to_vec();
        let mut beyond: Vec<usize> = Vec::new();
        let mut refused: BTreeSet<usize> = BTreeSet::new();
        for walk in 0..MOST_WALKS {
            let added = beyond.iter().copied().find(|rail| !refused.contains(rail));
            match added {
                Some(rail) => goal.push(rail),
                None if walk == 0 => {}
                None => return,
            }
            let mut holds = |value: i64| {
                self.tried += 1;
                self.tried <= self.last
                    && varied.set(grid.scalar(value)).is_ok_and(|resolution| silences(resolution, &goal))
            };
            let values = grid.nearest(direction, &mut holds);
            let mut arrived = false;
            for value in values {
                let Some(next) = self.silent(self.with(base, id, Some(grid.scalar(value))), &goal) else { continue };
                beyond = next.open(tolerated);
                reached.push(next);
                arrived = true;
                if beyond.is_empty() {
                    return;
                }
            }
            match (arrived, added) {
                (true, _) => {}
                (false, Some(rail)) => {
                    goal.pop();
                    refused.insert(rail);
                }
                (false, None) => return,
            }
        }
    }

    fn silent(&mut self, inputs: Inputs<'c>, goal: &[usize]) -> Option<State<'c>> {
        self.attempt(inputs).filter(|state| goal.iter().all(|rail| !state.firing.contains_key(rail)))
    }

    /// Sets a parameter, or drops what the user set.
    fn with(&self, inputs: &Inputs<'c>, id: ParamId, value: Option<Scalar>) -> Inputs<'c> {
        let mut inputs = inputs.clone();
        let at = inputs.overrides.iter().position(|given| given.id == id);
        match (value, at) {
            (None, Some(at)) => {
                inputs.overrides.remove(at);
            }
            (None, None) => {}
            (Some(value), at) => {
                let given = self.proposed(id, value);
                match at {
                    Some(at) => inputs.overrides[at] = given,
                    None => inputs.overrides.push(given),
                }
            }
        }
        inputs
    }

    fn proposed(&self, id: ParamId, value: Scalar) -> Override {
        Override::placed(id, value, self.catalog.parameter(id).span, PROPOSED)
    }

    /// Takes back every move without which it does as well.
    fn pruned(&mut self, start: &State<'c>, mut state: State<'c>, tolerated: &Firing) -> State<'c> {
        let all = moves(&start.resolution, &state.resolution);
        if all.len() < 2 {
            return state;
        }
        for made in all {
            let mut inputs = state.resolution.inputs.clone();
            inputs.overrides.retain(|given| given.id != made.id);
            inputs.overrides.extend(made.given);
            if let Some(without) = self.attempt(inputs)
                && without.open(tolerated).is_empty()
            {
                state = without;
            }
        }
        state
    }
}

/// Whether none of these rails fires.
fn silences(resolution: &mut Resolution<'_>, goal: &[usize]) -> bool {
    let catalog = resolution.catalog;
    goal.iter().all(|rail| rails::fires(&catalog.rails[*rail], resolution).is_ok_and(|fires| !fires))
}

/// What is set otherwise in one configuration than in another, in the order of the parameters.
fn moves(from: &Resolution<'_>, to: &Resolution<'_>) -> Vec<Move> {
    let given = |of: &Resolution<'_>, id: ParamId| of.inputs.overrides.iter().find(|given| given.id == id).cloned();
    from.catalog
        .ids()
        .filter_map(|id| {
            let (was, is) = (given(from, id), given(to, id));
            let same = match (&was, &is) {
                (None, None) => true,
                (Some(was), Some(is)) => was.origin == is.origin,
                _ => false,
            };
            (!same).then(|| Move {
                id,
                before: from.value(id).clone(),
                after: to.value(id).clone(),
                dropped: is.is_none(),
                given: was,
            })
        })
        .collect()
}

/// How far one value is from another: 0 for the same, below 1 for numbers of one sign, 1 for anything else.
fn distance(from: &Scalar, to: &Scalar) -> f64 {
    match (from.as_f64(), to.as_f64()) {
        (Some(from), Some(to)) if from != to => (from - to).abs() / from.abs().max(to.abs()),
        _ if from == to => 0.0,
        _ => 1.0,
    }
}
