//! The preset, the modifier and the fewest overrides that reproduce given values: found by trying, proven by compiling.

use crate::catalog::{Candidate, Catalog, Layer, ParamId, Preset, Rule};
use crate::compile::{Given, Request, compile};
use crate::diag::{FileId, Span};
use crate::eval::{Inputs, Override, Resolution, resolve};
use crate::model::{Channel, Scalar, ValueType};
use semver::Version;

/// Values by parameter.
type Values = Vec<(ParamId, Scalar)>;

/// How many configurations are resolved at most to find inputs that stand for several overrides.
const MOST_TRIES: usize = 4_000;

/// How many combinations of preset and modifier are looked at for such inputs: those that need the fewest overrides
/// without them.
const CLOSEST: usize = 4;

/// How many suggestions there are at most.
const MOST_SUGGESTIONS: usize = 3;

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
/// overrides as will do; then, for the closest, inputs of which one makes several values right.
#[must_use]
pub fn suggest(catalog: &Catalog, wanted: &[(ParamId, Scalar)], temporal: &Version, plugin: &Version) -> Suggestions {
    let mut search = Search { catalog, wanted, temporal, plugin, tried: 0 };
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
    for attempt in attempts.iter_mut().take(CLOSEST) {
        search.improve(attempt);
    }
    attempts.sort_by_key(|attempt| (attempt.cost(), attempt.modifier.is_some()));
    let mut found: Vec<Suggestion> = Vec::new();
    for attempt in &attempts {
        // Those that need as many overrides as the last one that is shown compete with it.
        if found.len() >= MOST_SUGGESTIONS && found.last().is_some_and(|last| last.overrides.len() < attempt.cost()) {
            break;
        }
        found.extend(search.prove(attempt));
    }
    found.sort_by_key(|suggestion| {
        let Suggestion { overrides, switches, errors, warnings, modifier, .. } = suggestion;
        (overrides.len(), *errors, switches.len(), modifier.is_some(), *warnings)
    });
    found.truncate(MOST_SUGGESTIONS);
    Suggestions { found, values: wanted.len(), tried: search.tried }
}

struct Search<'c, 'w> {
    catalog: &'c Catalog,
    wanted: &'w [(ParamId, Scalar)],
    temporal: &'w Version,
    plugin: &'w Version,
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
        let nowhere = Span { file: FileId(u32::MAX), start: 0, end: 0 };
        let overrides = self.wanted.iter().chain(inputs).map(|(id, value)| Override {
            id: *id,
            candidate: Candidate { rule: Rule::Set(value.clone()), span: nowhere, because: None },
            origin: String::new(),
        });
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
            let mut best: Option<(usize, ParamId, Scalar, Values)> = None;
            for id in self.catalog.ids() {
                let parameter = self.catalog.parameter(id);
                let taken = |list: &[(ParamId, Scalar)]| list.iter().any(|(taken, _)| *taken == id);
                if !parameter.is_input() || parameter.locked || taken(self.wanted) || taken(&attempt.inputs) {
                    continue;
                }
                let mut moved = false;
                for (count, value) in candidates(parameter).into_iter().enumerate() {
                    // An input that moves none of the values at a handful of its own will not at others.
                    const A_FEW: usize = 6;
                    if self.tried >= MOST_TRIES || (count == A_FEW && !moved) {
                        break;
                    }
                    let mut inputs = attempt.inputs.clone();
                    inputs.push((id, value.clone()));
                    let Some(mut resolution) = self.pinned(attempt.preset, attempt.modifier, &inputs) else { continue };
                    let mut needed = Vec::new();
                    for (id, value) in self.wanted {
                        if resolution.base_value(*id) != *value {
                            needed.push((*id, value.clone()));
                        }
                    }
                    moved |= needed != attempt.needed;
                    let least = best.as_ref().map_or(attempt.needed.len() - 1, |(least, ..)| *least);
                    if needed.len() < least {
                        best = Some((needed.len(), id, value, needed));
                    }
                }
            }
            let Some((_, id, value, needed)) = best else { return };
            attempt.inputs.push((id, value));
            attempt.needed = needed;
        }
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
                (parameter.key.clone(), parameter.value_type.show(value))
            })
            .collect();
        let request = Request {
            preset: attempt.preset.layer.name.clone(),
            modifier: attempt.modifier.map(|modifier| modifier.name.clone()),
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
                let fallback = parameter.value_type.read(&Scalar::Str(parameter.fallback.clone()?)).ok()?;
                match (fallback, resolution.value(id)) {
                    (Scalar::Bool(usual), Scalar::Bool(value)) if usual != *value => Some((name.to_owned(), *value)),
                    _ => None,
                }
            })
            .collect()
    }
}

/// Values at which an input is tried, within its constraints; far ones first, so that an input that moves nothing shows early.
fn candidates(parameter: &crate::catalog::Parameter) -> Vec<Scalar> {
    let decades = |from: i32, to: i32| {
        (from..=to).flat_map(|power| STEPS.iter().map(move |step| step * 10_f64.powi(power))).collect::<Vec<f64>>()
    };
    let values: Vec<Scalar> = match (&parameter.allowed, parameter.value_type) {
        (Some(allowed), _) => allowed.value.clone(),
        (None, ValueType::Bool) => vec![Scalar::Bool(true), Scalar::Bool(false)],
        (None, ValueType::Str) => Vec::new(),
        (None, ValueType::Int) => {
            let mut values = vec![1, 1_000, 16, 100, 4, 32];
            values.extend(1..=EACH_UP_TO);
            values.extend(decades(1, 4).into_iter().filter(|value| value.fract() == 0.0).map(|value| value as i64));
            values.extend((6..15).map(|power| 1_i64 << power));
            values.into_iter().map(Scalar::Int).collect()
        }
        (None, ValueType::Float) => {
            let mut values = vec![1.0, 1_000.0, 100.0, 10.0, 300.0, 3_000.0];
            values.extend(decades(0, 4));
            values.into_iter().map(Scalar::Float).collect()
        }
        (None, ValueType::Duration) => {
            let mut values = vec![1_000, 3_600_000, 60_000, 100, 600_000, 86_400_000];
            values.extend(decades(2, 6).into_iter().map(|value| value as i64));
            values.extend([1, 2, 5, 10, 15, 30].map(|minutes| minutes * 60_000));
            values.into_iter().map(Scalar::Int).collect()
        }
    };
    values.into_iter().filter(|value| parameter.violation(value).is_none()).collect()
}
