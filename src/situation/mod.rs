//! Where a cluster stands, as rules see it: the configuration that a profile ran with, compiled anew, its telemetry, and what
//! both were before.

mod running;

pub use running::running;

use crate::catalog::rules::{Observing, Read, names};
use crate::catalog::{Catalog, ParamId};
use crate::compile::{Compilation, Given, Request, again, compile};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::migrate::suggest;
use crate::model::behaviour::{BehaviourProfile, ConfigSnapshot, KnownFrom, MetricAggregate, TelemetrySummary};
use crate::model::{Scalar, clipped};
use crate::render::{self, Shown, TemplateFault};
use std::collections::{BTreeMap, BTreeSet};

/// A profile with its configuration compiled, and the one that it is held against.
#[derive(Debug)]
pub struct Situation<'c, 't> {
    /// The configuration that it ran with.
    pub compilation: Compilation<'c>,
    /// What that compiles from.
    pub request: Request,
    /// How the preset is known.
    pub known_from: KnownFrom,
    /// What of the running configuration could not be taken over.
    pub notes: Vec<String>,
    telemetry: &'t TelemetrySummary,
    baseline: Option<&'t TelemetrySummary>,
    before: BTreeMap<ParamId, Scalar>,
    /// The keys that were set in the one before.
    set_before: BTreeSet<String>,
}

/// What an expression came to.
pub type Known<T> = Result<T, Vec<String>>;

/// What is known of a profile's configuration, of which nothing has to be compiled: what was compiled then, and over that what
/// ran.
#[must_use]
pub fn known_values(catalog: &Catalog, snapshot: &ConfigSnapshot) -> BTreeMap<ParamId, Scalar> {
    let mut values = BTreeMap::new();
    for parameter in snapshot.config_profile.iter().flat_map(crate::model::ConfigProfile::params) {
        if let Some(id) = catalog.find(&parameter.key)
            && let Ok(value) = catalog.parameter(id).value_type.read(&parameter.value)
        {
            values.insert(id, value);
        }
    }
    values.extend(running(catalog, snapshot));
    values
}

impl<'c, 't> Situation<'c, 't> {
    /// The situation of a profile against the one before; the preset is the named one, else the profile's own, else the one
    /// that reproduces what ran.
    ///
    /// # Errors
    ///
    /// If nothing is known of the configuration and no preset is named; else whatever of it does not compile.
    pub fn new(
        catalog: &'c Catalog,
        baseline: Option<&'t BehaviourProfile>,
        current: &'t BehaviourProfile,
        preset: Option<&str>,
    ) -> Result<Self, Diagnostics> {
        let mut notes = Vec::new();
        let (request, compilation, known_from) = compiled(catalog, current, preset, &mut notes)?;
        let before = baseline.map(|baseline| known_values(catalog, &baseline.config_snapshot)).unwrap_or_default();
        Ok(Situation {
            compilation,
            request,
            known_from,
            notes,
            telemetry: &current.telemetry,
            baseline: baseline.map(|baseline| &baseline.telemetry),
            before,
            set_before: baseline.map(set_in).unwrap_or_default(),
        })
    }

    /// The situation of a compiled configuration, as the cases of rules state them.
    #[must_use]
    pub fn stated(
        (compilation, request): (Compilation<'c>, Request),
        telemetry: &'t TelemetrySummary,
        baseline: Option<&'t TelemetrySummary>,
        before: BTreeMap<ParamId, Scalar>,
    ) -> Self {
        let (known_from, notes) = (KnownFrom::Named, Vec::new());
        Situation { compilation, request, known_from, notes, telemetry, baseline, before, set_before: BTreeSet::new() }
    }

    /// The parameter's value in the one that it is held against, where that is known.
    #[must_use]
    pub fn before(&self, id: ParamId) -> Option<&Scalar> {
        self.before.get(&id)
    }

    /// Whether somebody set a parameter, in either of the two.
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.set_before.contains(key) || self.request.given.iter().any(|given| given.key.value == key)
    }

    fn catalog(&self) -> &'c Catalog {
        self.compilation.catalog
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    ///
    /// What it reads and nobody knows.
    pub fn holds(&mut self, condition: &Observing) -> Known<bool> {
        Ok(self.value(condition)? != Scalar::Bool(false))
    }

    /// The value of an expression.
    ///
    /// # Errors
    ///
    /// What it reads and nobody knows, or why it cannot be evaluated.
    pub fn value(&mut self, expression: &Observing) -> Known<Scalar> {
        let mut lacking = Vec::new();
        for (step, read) in expression.reads.iter().enumerate() {
            let slot = self.compilation.resolution.slots().step(step);
            match self.read(read) {
                Ok(value) => self.compilation.resolution.frame().set(slot, &value),
                Err(why) => lacking.push(why),
            }
        }
        if !lacking.is_empty() {
            lacking.sort();
            lacking.dedup();
            return Err(lacking);
        }
        expression.expr.eval(self.compilation.resolution.frame()).map_err(|fault| vec![fault.message])
    }

    /// What a rule reads besides parameters, or why it is not known.
    fn read(&self, read: &Read) -> Result<Scalar, String> {
        let statistic = |of: &TelemetrySummary, whose: &str, metric: &str, statistic: &str| match of.get(metric) {
            Some(MetricAggregate::Measured(values)) => {
                values.get(statistic).map(Scalar::Float).ok_or_else(|| format!("`{metric}` has no `{statistic}`"))
            }
            Some(MetricAggregate::Gap(gap)) => Err(format!("`{metric}` is a gap{whose}: {}", gap.reason)),
            None => Err(format!("`{metric}` is not there{whose}")),
        };
        match read {
            Read::Metric(metric, name) => statistic(self.telemetry, "", metric, name),
            Read::Baseline(metric, name) => match self.baseline {
                Some(baseline) => statistic(baseline, " in the baseline", metric, name),
                None => Err("there is no baseline".to_owned()),
            },
            Read::Gap(metric) => {
                Ok(Scalar::Bool(self.telemetry.get(metric).and_then(MetricAggregate::statistics).is_none()))
            }
            Read::Before(id) => match (self.before.get(id), self.baseline) {
                (Some(value), _) => Ok(value.clone()),
                (None, Some(_)) => Err(format!("the baseline does not tell `{}`", self.catalog().parameter(*id).key)),
                (None, None) => Err("there is no baseline".to_owned()),
            },
        }
    }

    /// A metric's values, and the baseline's.
    #[must_use]
    pub fn metric(&self, name: &str) -> (Option<&'t MetricAggregate>, Option<&'t MetricAggregate>) {
        (self.telemetry.get(name), self.baseline.and_then(|baseline| baseline.get(name)))
    }

    /// Words with their numbers.
    ///
    /// # Errors
    ///
    /// What cannot be rendered.
    pub fn say(&mut self, words: &str) -> Result<String, TemplateFault> {
        let catalog = self.catalog();
        let keys = || catalog.parameters.iter().map(|parameter| parameter.key.as_ref());
        render::phrase(words, |name| {
            if let Some(id) = catalog.find(name) {
                return Some(Shown::Text(self.compilation.resolution.text(id)));
            }
            let read = Read::named(name, names(&catalog.metrics), keys(), |key| catalog.find(key))?.ok()?;
            let shown = match (self.read(&read), &read) {
                (Ok(Scalar::Float(number)), _) => short(number),
                (Ok(value), Read::Before(id)) => catalog.parameter(*id).value_type.text(&value),
                (Ok(value), _) => value.to_string(),
                (Err(_), _) => "?".to_owned(),
            };
            Some(Shown::Text(shown))
        })
    }
}

/// A number of telemetry for a person: four digits that matter.
#[must_use]
pub fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if (0.001..1e7).contains(&size) {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.2e}")
    }
}

/// The keys that are set on top of the preset of a profile.
fn set_in(profile: &BehaviourProfile) -> BTreeSet<String> {
    let compiled = profile.config_snapshot.config_profile.iter();
    compiled.flat_map(|compiled| compiled.overrides.values.keys().cloned()).collect()
}

/// The configuration of a profile compiled, and what it compiles from.
fn compiled<'c>(
    catalog: &'c Catalog,
    profile: &BehaviourProfile,
    preset: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<(Request, Compilation<'c>, KnownFrom), Diagnostics> {
    let running = running(catalog, &profile.config_snapshot);
    let own = profile.config_snapshot.config_profile.as_ref();
    let (mut request, known_from) = match (preset, own) {
        (None, Some(own)) => {
            let (request, left) = again(catalog, own);
            notes.extend(left.into_iter().map(|notice| notice.message));
            (request, KnownFrom::Profile)
        }
        (Some(preset), _) => (Request { preset: preset.to_owned(), ..Request::default() }, KnownFrom::Named),
        (None, None) if running.is_empty() => {
            let names: Vec<&str> = catalog.presets.keys().map(AsRef::as_ref).collect();
            let fault = Diagnostic::error(
                Code::UnknownPreset,
                format!("nothing is known of the configuration of `{}`", clipped(&profile.id.to_string())),
            );
            let help = format!("name the preset that it runs, with `--preset`; there are {}", names.join(", "));
            return Err(Diagnostics::from(fault.help(help)));
        }
        (None, None) => {
            let wanted: Vec<(ParamId, Scalar)> = running.iter().map(|(id, value)| (*id, value.clone())).collect();
            let versions = (&catalog.temporal.default, &catalog.plugin.default);
            let found = suggest(catalog, &wanted, versions, 1).found;
            let best = found.into_iter().next();
            let Some(best) = best else {
                let fault = Diagnostic::error(Code::UnknownPreset, "no preset reproduces what the profile ran with");
                return Err(Diagnostics::from(fault.help("name the preset that it runs, with `--preset`")));
            };
            let given = best.overrides.into_iter().map(|(key, value)| Given::new(key, value)).collect();
            (Request { preset: best.preset, modifier: best.modifier, given, ..Request::default() }, KnownFrom::Found)
        }
    };
    if known_from != KnownFrom::Profile {
        let version = |known: &Option<semver::Version>, target: &crate::catalog::Target| {
            known.as_ref().filter(|version| target.supported.matches(version)).map(ToString::to_string)
        };
        request.temporal_version = version(&profile.temporal_server_version, &catalog.temporal);
        request.plugin_version = version(&profile.dsql_plugin_version, &catalog.plugin);
    }
    // What runs and was not compiled so is set on top.
    let mut compiled = compile(catalog, &request, "")?;
    let mut as_compiled = true;
    for (id, value) in running {
        let parameter = catalog.parameter(id);
        let same = *compiled.resolution.value(id) == value || compiled.resolution.withheld(id).is_some();
        if same || parameter.locked {
            continue;
        }
        if let Some(violation) = parameter.violation(&value) {
            let shown = parameter.value_type.text(&value);
            notes.push(format!("`{}` runs with {shown}, {}: it is left out", parameter.key, violation.fault));
            continue;
        }
        request.given.retain(|given| given.key.value != parameter.key);
        request.given.push(Given::new(parameter.key.clone(), parameter.value_type.show(&value)));
        as_compiled = false;
    }
    if !as_compiled {
        compiled = compile(catalog, &request, "")?;
    }
    Ok((request, compiled, known_from))
}
