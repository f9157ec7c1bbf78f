//! The preset, the modifier and the fewest overrides that reproduce given values: found by trying, proven by compiling.

use crate::catalog::{Catalog, Layer, ParamId, Preset};
use crate::compile::{Given, Request, compile};
use crate::eval::{Inputs, Override, Resolution, Trials, resolve};
use crate::model::{Channel, Scalar, ValueType};
use semver::Version;
use std::collections::HashMap;

/// Values by parameter.
type Values = Vec<(ParamId, Scalar)>;

/// How many configurations are resolved at most to find inputs that stand for several overrides.
const MOST_TRIES: usize = 4_000;

/// For how many more combinations of preset and modifier than are asked for such inputs are looked for: those that need the
/// fewest overrides without them.
const RUNNERS_UP: usize = 1;

/// The steps of a decade at which a number is tried.
const STEPS: [f64; 14] = [1.0, 1.2, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0, 9.0];

/// Small whole numbers are all tried up to this one: replica counts are such numbers.
const EACH_UP_TO: i64 = 48;

/// What reproduces the values.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The preset.
    pub preset: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// Parameter and value, as `--set` takes them.
    pub overrides: Vec<(String, Scalar)>,
    /// Switches that the values leave alone and that it sets to something else than their readers' own default: what would
    /// be turned on or off besides.
    pub switches: Vec<(String, bool)>,
    /// How many guard rails of severity error fire.
    pub errors: usize,
    /// How many of severity warning.
    pub warnings: usize,
}

/// What was found, the best first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suggestions {
    /// Proven: compiling one gives each of the values.
    pub found: Vec<Suggestion>,
    /// How many values each of them reproduces.
    pub values: usize,
    /// How many configurations were resolved.
    pub tried: usize,
}

/// One combination on the way.
struct Attempt<'c> {
    preset: &'c Preset,
    modifier: Option<&'c Layer>,
    /// Inputs that stand for several of the values.
    inputs: Values,
    /// The values that nothing else gives.
    needed: Values,
}

impl Attempt<'_> {
    fn cost(&self) -> usize {
        self.inputs.len() + self.needed.len()
    }
}

/// Looks for what reproduces these values. First every combination of preset and modifier with as few of the values as
/// overrides as will do; then, for the closest, inputs of which one makes several values right. Gives so many at most.
#[must_use]
pub fn suggest(
    catalog: &Catalog,
    wanted: &[(ParamId, Scalar)],
    (temporal, plugin): (&Version, &Version),
    most: usize,
) -> Suggestions {
    let mut search = Search { catalog, wanted, temporal, plugin, candidates: HashMap::new(), tried: 0 };
    let mut attempts = Vec::new();
    for preset in catalog.presets.values() {
        for modifier in std::iter::once(None).chain(catalog.modifiers.values().map(Some)) {
            if let Some(needed) = search.needed(preset, modifier, &[]) {
                attempts.push(Attempt { preset, modifier, inputs: Vec::new(), needed });
            }
        }
    }
    // Without a modifier before with one; else in the order of the names.
    attempts.sort_by_key(|attempt| (attempt.cost(), attempt.modifier.is_some()));
    for attempt in attempts.iter_mut().take(most + RUNNERS_UP) {
        search.improve(attempt);
    }
    attempts.sort_by_key(|attempt| (attempt.cost(), attempt.modifier.is_some()));
    let mut found: Vec<Suggestion> = Vec::new();
    for attempt in &attempts {
        // Those that need as many overrides as the last one that is shown compete with it.
        if found.len() >= most && found.last().is_some_and(|last| last.overrides.len() < attempt.cost()) {
            break;
        }
        found.extend(search.prove(attempt));
    }
    found.sort_by_key(|suggestion| {
        let Suggestion { overrides, switches, errors, warnings, modifier, .. } = suggestion;
        (overrides.len(), *errors, switches.len(), modifier.is_some(), *warnings)
    });
    found.truncate(most);
    Suggestions { found, values: wanted.len(), tried: search.tried }
}

struct Search<'c, 'w> {
    catalog: &'c Catalog,
    wanted: &'w [(ParamId, Scalar)],
    temporal: &'w Version,
    plugin: &'w Version,
    /// The values at which inputs are tried.
    candidates: HashMap<ParamId, Vec<Scalar>>,
    tried: usize,
}

impl<'c> Search<'c, '_> {
    /// Resolves with every wanted value in place.
    fn pinned(
        &mut self,
        preset: &'c Preset,
        modifier: Option<&'c Layer>,
        inputs: &[(ParamId, Scalar)],
    ) -> Option<Resolution<'c>> {
        self.tried += 1;
        let overrides = self.wanted.iter().chain(inputs).map(|(id, value)| Override::placeless(*id, value.clone(), ""));
        let inputs = Inputs {
            preset: Some(preset),
            modifier,
            overrides: overrides.collect(),
            temporal: self.temporal.clone(),
            plugin: self.plugin.clone(),
            constrained: false,
        };
        resolve(self.catalog, inputs).ok()
    }

    /// The wanted values that the layers below do not give by themselves. Since everything that a derivation reads has its
    /// wanted value already, each can be judged alone: leaving out one that is needless changes no other.
    fn needed(
        &mut self,
        preset: &'c Preset,
        modifier: Option<&'c Layer>,
        inputs: &[(ParamId, Scalar)],
    ) -> Option<Values> {
        let mut resolution = self.pinned(preset, modifier, inputs)?;
        Some(self.wanted.iter().filter(|(id, value)| resolution.base_value(*id) != *value).cloned().collect())
    }

    /// Takes inputs of which one makes more values right than the one override that it costs.
    fn improve(&mut self, attempt: &mut Attempt<'c>) {
        while attempt.needed.len() > 1 {
            let Some((id, value)) = self.best(attempt) else { return };
            attempt.inputs.push((id, value));
            let Some(needed) = self.needed(attempt.preset, attempt.modifier, &attempt.inputs) else { return };
            attempt.needed = needed;
        }
    }

    /// The input and its value that makes the most values right, more than one at least.
    fn best(&mut self, attempt: &Attempt<'c>) -> Option<(ParamId, Scalar)> {
        let resolution = self.pinned(attempt.preset, attempt.modifier, &attempt.inputs)?;
        let mut trials = Trials::new(resolution, self.wanted.iter().map(|(id, _)| *id)).ok()?;
        let mut wanted: Vec<Option<&Scalar>> = vec![None; self.catalog.parameters.len()];
        let mut is_wrong = vec![false; self.catalog.parameters.len()];
        for (id, value) in self.wanted {
            wanted[id.index()] = Some(value);
        }
        for (id, _) in &attempt.needed {
            is_wrong[id.index()] = true;
        }
        let (mut best, mut most) = (None, 1);
        for id in self.catalog.ids() {
            let parameter = self.catalog.parameter(id);
            let taken = wanted[id.index()].is_some() || attempt.inputs.iter().any(|(taken, _)| *taken == id);
            if !parameter.is_input() || parameter.locked || taken {
                continue;
            }
            let mut reach = trials.reach(id);
            let wrong = reach.would().filter(|id| is_wrong[id.index()]).count();
            if wrong <= most {
                continue;
            }
            reach.put_first(|id| is_wrong[id.index()]);
            for value in self.candidates.entry(id).or_insert_with(|| candidates(parameter)) {
                // No value makes more of them right than the input reaches.
                if wrong == most || self.tried >= MOST_TRIES {
                    break;
                }
                self.tried += 1;
                // What it gains at most: each of the wrong ones right, and none of the others wrong.
                let mut gain = wrong;
                let gains = trials.with(&reach, value, |id, value| {
                    gain -= usize::from(wanted[id.index()] != Some(value));
                    gain > most
                });
                if gains {
                    (best, most) = (Some((id, value.clone())), gain);
                }
            }
        }
        best
    }

    /// Compiles an attempt as its command would, and holds every value against what was wanted.
    fn prove(&mut self, attempt: &Attempt<'_>) -> Option<Suggestion> {
        self.tried += 1;
        let overrides: Vec<(String, Scalar)> = attempt
            .inputs
            .iter()
            .chain(&attempt.needed)
            .map(|(id, value)| {
                let parameter = self.catalog.parameter(*id);
                (parameter.key.to_string(), parameter.value_type.show(value))
            })
            .collect();
        let request = Request {
            preset: attempt.preset.layer.name.to_string(),
            modifier: attempt.modifier.map(|modifier| modifier.name.to_string()),
            given: overrides
                .iter()
                .map(|(key, value)| Given::new(key.clone(), Scalar::Str(value.to_string())))
                .collect(),
            temporal_version: Some(self.temporal.to_string()),
            plugin_version: Some(self.plugin.to_string()),
            ..Request::default()
        };
        let compilation = compile(self.catalog, &request, "").ok()?;
        let same = self.wanted.iter().all(|(id, value)| compilation.resolution.value(*id) == value);
        let switches = self.switches(&compilation);
        same.then(|| Suggestion {
            switches,
            preset: request.preset.clone(),
            modifier: request.modifier.clone(),
            overrides,
            errors: compilation.errors(),
            warnings: compilation.warnings(),
        })
    }
}

impl Search<'_, '_> {
    /// The switches that a compilation turns although nothing was said of them.
    fn switches(&self, compilation: &crate::compile::Compilation<'_>) -> Vec<(String, bool)> {
        let resolution = &compilation.resolution;
        self.catalog
            .ids()
            .filter(|id| self.wanted.iter().all(|(wanted, _)| wanted != id) && resolution.withheld(*id).is_none())
            .filter_map(|id| {
                let parameter = self.catalog.parameter(id);
                let name = parameter.output(Channel::EnvVars)?;
                let fallback =
                    parameter.value_type.read(&Scalar::Str(parameter.fallback.clone()?.into_owned())).ok()?;
                match (fallback, resolution.value(id)) {
                    (Scalar::Bool(usual), Scalar::Bool(value)) if usual != *value => Some((name.to_owned(), *value)),
                    _ => None,
                }
            })
            .collect()
    }
}

/// Values at which an input is tried, within its constraints.
fn candidates(parameter: &crate::catalog::Parameter) -> Vec<Scalar> {
    let decades = |from: i32, to: i32| {
        (from..=to).flat_map(|power| STEPS.iter().map(move |step| step * 10_f64.powi(power))).collect::<Vec<f64>>()
    };
    let values: Vec<Scalar> = match (&parameter.allowed, parameter.value_type) {
        (Some(allowed), _) => allowed.value.clone(),
        (None, ValueType::Bool) => vec![Scalar::Bool(true), Scalar::Bool(false)],
        (None, ValueType::Str) => Vec::new(),
        (None, ValueType::Int) => {
            let mut values: Vec<i64> = (1..=EACH_UP_TO).collect();
            values.extend(decades(1, 4).into_iter().filter(|value| value.fract() == 0.0).map(|value| value as i64));
            values.extend((6..15).map(|power| 1_i64 << power));
            integers(values)
        }
        (None, ValueType::Float) => decades(0, 4).into_iter().map(Scalar::Float).collect(),
        (None, ValueType::Duration) => {
            let mut values: Vec<i64> = decades(2, 6).into_iter().map(|value| value as i64).collect();
            values.extend([1, 2, 5, 10, 15, 30].map(|minutes| minutes * 60_000));
            values.extend([1, 24].map(|hours| hours * 3_600_000));
            integers(values)
        }
    };
    values.into_iter().filter(|value| parameter.violation(value).is_none()).collect()
}

/// Each of these numbers once, the smallest first.
fn integers(mut values: Vec<i64>) -> Vec<Scalar> {
    values.sort_unstable();
    values.dedup();
    values.into_iter().map(Scalar::Int).collect()
}
