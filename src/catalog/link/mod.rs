//! Records → catalog: resolves names, compiles and type-checks expressions, checks constraints. Reports every fault.

mod adapters;
mod expressions;
mod layers;
mod metrics;
mod parameters;
mod platform;
mod rails;
mod redaction;
mod rules;
mod telemetry;
mod thresholds;

use super::outside::Carried;
use super::scope::Slots;
use super::templates::{self, ParsedTemplates};
use super::{Adapter, Broken, Catalog, Keyed, ParamId, Parameter, Platform, ServerSettings, Target, Variable};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap};
use crate::loader::records::{RawGroup, RawRegistry, RawTarget};
use crate::loader::{self, DataSet, Depth, Named, Parts, Records};
use crate::model::{Channel, Text, ValueType};
use crate::threads::beside;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

pub(super) fn link(files: DataSet, depth: Depth) -> Result<Catalog, Box<Broken>> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let check = depth == Depth::Check;
    // What ships was checked against the registered settings when it was built; what is laid over it was not.
    let laid_over = files.laid_over().iter().cloned().collect();
    let overlaid = !files.laid_over().is_empty();
    let parts = Parts {
        cases: check,
        settings: !matches!(depth, Depth::Compile | Depth::Artifacts) || overlaid,
        rules: matches!(depth, Depth::Judgement | Depth::Check),
    };
    let mut records = loader::load(files, parts, &mut sources, &mut diags);
    let linked = catalog(&mut records, depth, &sources, &mut diags);
    diags.sort();
    diags.dedup();
    match linked {
        Some(mut catalog) if !diags.has_errors() => {
            catalog.warnings = diags;
            catalog.laid_over = laid_over;
            catalog.sources = sources;
            Ok(catalog)
        }
        linked => Err(Box::new(Broken { sources, diagnostics: diags, catalog: linked })),
    }
}

/// What is known of every parameter before any is linked, so that an expression can read what stands further down.
struct Keys {
    by_key: Keyed<Text, ParamId>,
    slots: Slots,
    /// By number.
    types: Vec<ValueType>,
}

/// Links what it is given and tells the faults.
struct Linker<'l> {
    diags: &'l mut Diagnostics,
    keys: &'l Keys,
    /// By number; none while they are linked themselves.
    parameters: &'l [Parameter],
    depth: Depth,
}

/// Links everything.
fn catalog(records: &mut Records, depth: Depth, sources: &SourceMap, diags: &mut Diagnostics) -> Option<Catalog> {
    let mut raw_groups = sorted_groups(std::mem::take(&mut records.groups));
    let keys = Keys::number(&mut raw_groups, diags);
    let raw_rails = std::mem::take(&mut records.rails);
    let presets: Vec<Text> = records.presets.iter().map(|preset| preset.name.clone()).collect();
    let modifiers: Vec<Text> = records.modifiers.iter().map(|modifier| modifier.name.clone()).collect();
    let mut of_rails = Diagnostics::default();
    // Neither reads the other. Adapters come first, for their templates are what takes longest.
    let (around, rails) = beside(
        || Linker { diags: &mut *diags, keys: &keys, parameters: &[], depth }.surroundings(records, sources),
        || Linker { diags: &mut of_rails, keys: &keys, parameters: &[], depth }.rails(raw_rails, &presets, &modifiers),
    );
    diags.extend(of_rails);
    let (groups, parameters) =
        Linker { diags: &mut *diags, keys: &keys, parameters: &[], depth }.parameters(raw_groups);
    let linked = Linker { diags, keys: &keys, parameters: &parameters, depth }.catalog(records, around)?;
    Some(Catalog { groups, parameters, by_key: keys.by_key, rails, ..linked })
}

/// What stands around a cluster's values.
struct Surroundings {
    platform: Platform,
    adapters: Vec<Adapter>,
    /// The templates of the adapters, if they are parsed ahead.
    ahead: Option<Arc<ParsedTemplates>>,
}

impl Linker<'_> {
    /// What reads nothing of the parameters but their keys.
    fn surroundings(&mut self, records: &mut Records, sources: &SourceMap) -> Surroundings {
        let platform = self.platform(records);
        let adapters = self.adapters(std::mem::take(&mut records.adapters), &records.templates, &platform);
        let ahead = match self.depth {
            Depth::Artifacts => {
                Some(ParsedTemplates::new(templates::texts(&adapters, &records.templates, sources)).ahead())
            }
            _ => None,
        };
        Surroundings { platform, adapters, ahead }
    }

    /// Everything else, when the parameters are linked.
    fn catalog(&mut self, records: &mut Records, around: Surroundings) -> Option<Catalog> {
        let Surroundings { platform, adapters, ahead } = around;
        self.images(&platform);
        let presets = self.presets(std::mem::take(&mut records.presets));
        let modifiers = self.modifiers(std::mem::take(&mut records.modifiers));
        let thresholds = self.thresholds(records.thresholds.take(), &records.metrics);
        let metrics = self.metrics(std::mem::take(&mut records.metrics));
        let telemetry = self.telemetry(records.telemetry.take(), &metrics);
        let redaction = self.redaction(records.redaction.take());
        let presets = self.expects(presets, &metrics);
        self.outputs();
        let variables = self.variables(records, &platform);
        let registry = records.registry.take()?;
        let (registry, manifest) = (registry.record, registry.file);
        self.surfaced(&registry);
        if !registry.format.value.eq(&1) {
            self.diags.push(
                Diagnostic::error(Code::InvalidValue, format!("format {} is not known", registry.format.value))
                    .at(registry.format.span, "expected 1")
                    .help("this `tdsql` reads format 1"),
            );
        }
        if !presets.contains_key(&registry.default_preset.value) {
            self.diags.push(
                Diagnostic::error(
                    Code::UnknownPreset,
                    format!("there is no preset `{}`", registry.default_preset.value),
                )
                .at(registry.default_preset.span, "unknown preset")
                .help(format!("presets: {}", presets.keys().cloned().collect::<Vec<_>>().join(", "))),
            );
        }
        let temporal = self.target(registry.temporal);
        let plugin = self.target(registry.plugin);
        let settings = ServerSettings::new(std::mem::take(&mut records.settings));
        if !settings.all.is_empty() {
            super::settings::check(self.diags, self.parameters, &temporal, &settings, manifest);
        }
        let known = rules::Known {
            metrics: &metrics,
            presets: &presets,
            modifiers: &modifiers,
            settings: &settings,
            default_preset: &registry.default_preset.value,
        };
        let correlations = self.correlations(std::mem::take(&mut records.correlations), &known);
        let recommendations = self.recommendations(std::mem::take(&mut records.recommendations), &known);
        let highlights = registry.highlights.iter().filter_map(|key| self.resolve(key)).collect();
        Some(Catalog {
            sources: SourceMap::default(),
            warnings: Diagnostics::default(),
            laid_over: BTreeSet::new(),
            paths: std::mem::take(&mut records.paths),
            groups: Vec::new(),
            parameters: Vec::new(),
            by_key: Keyed::default(),
            carried: Carried::default(),
            usual_order: OnceLock::new(),
            presets,
            modifiers,
            rails: Vec::new(),
            metrics,
            telemetry,
            thresholds,
            redaction,
            variables,
            settings,
            correlations,
            recommendations,
            adapters,
            templates: std::mem::take(&mut records.templates),
            ahead,
            parsed: OnceLock::new(),
            default_preset: registry.default_preset.value,
            platform,
            temporal,
            plugin,
            variable_prefixes: registry.variable_prefixes.into_iter().map(|prefix| prefix.value).collect(),
            highlights,
            digest: std::mem::take(&mut records.digest),
        })
    }

    /// Two parameters may share an external name only if no version takes both.
    fn outputs(&mut self) {
        let mut taken: Keyed<(Channel, &str), usize> = Keyed::default();
        taken.reserve(self.parameters.len());
        let mut faults = Vec::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            for (channel, name) in &parameter.outputs {
                if let Some(first) = taken.insert((*channel, name), index) {
                    let first = &self.parameters[first];
                    let gated = (first.temporal.is_some() && parameter.temporal.is_some())
                        || (first.plugin.is_some() && parameter.plugin.is_some());
                    if !gated {
                        faults.push(
                            Diagnostic::error(
                                Code::DuplicateOutput,
                                format!("`{}` and `{}` are both emitted as `{name}`", first.key, parameter.key),
                            )
                            .at(parameter.span, format!("also {} `{name}`", channel.as_str()))
                            .and(first.span, "first emitted by this one")
                            .help("rename one of the outputs"),
                        );
                    }
                }
            }
        }
        self.diags.extend(faults);
    }

    fn surfaced(&mut self, registry: &RawRegistry) {
        let inputs: Vec<&Parameter> = self.parameters.iter().filter(|parameter| parameter.is_input()).collect();
        let limit = registry.surfaced_limit.value;
        if inputs.len() as i64 > limit {
            let last = inputs.last().expect("more inputs than a limit that is not negative");
            self.diags.push(
                Diagnostic::error(
                    Code::TooManyInputs,
                    format!("{} slo and topology parameters; at most {limit} may be surfaced", inputs.len()),
                )
                .at(last.span, "the last of them")
                .and(registry.surfaced_limit.span, "the limit")
                .help("derive some of them and class those safety or tuning"),
            );
        }
    }

    fn target(&mut self, raw: RawTarget) -> Target {
        if !raw.supported.value.matches(&raw.default.value) {
            self.diags.push(
                Diagnostic::error(
                    Code::UnsupportedVersion,
                    format!("the default version {} is not supported", raw.default.value),
                )
                .at(raw.default.span, "outside the range")
                .and(raw.supported.span, "the range"),
            );
        }
        let mut lines = Vec::new();
        for line in raw.lines {
            match semver::VersionReq::parse(&line.range.value) {
                Ok(range) => lines.push((line.name, range)),
                Err(fault) => self.diags.push(
                    Diagnostic::error(
                        Code::InvalidValue,
                        format!("`{}` is no version range: {fault}", line.range.value),
                    )
                    .at(line.range.span, "expected a range such as >=1.29.0, <1.30.0"),
                ),
            }
        }
        Target { default: raw.default.value, supported: raw.supported.value, lines }
    }

    fn variables(&mut self, records: &mut Records, platform: &Platform) -> BTreeMap<Text, Variable> {
        let mut variables = BTreeMap::new();
        let mut of_parameters: Keyed<Text, usize> = Keyed::default();
        for (index, parameter) in self.parameters.iter().enumerate() {
            for (_, name) in parameter.outputs.iter().filter(|(channel, _)| *channel == Channel::EnvVars) {
                of_parameters.entry(name.clone()).or_insert(index);
            }
        }
        for raw in std::mem::take(&mut records.variables) {
            for image in &raw.images {
                self.known_image(image, platform);
            }
            if let Some(placeholder) = &raw.placeholder {
                self.known_placeholder(placeholder, platform);
            }
            if let Some(index) = of_parameters.get(&raw.name.value) {
                let parameter = &self.parameters[*index];
                self.diags.push(
                    Diagnostic::error(
                        Code::DuplicateOutput,
                        format!("`{}` is the variable of `{}`", raw.name.value, parameter.key),
                    )
                    .at(raw.name.span, "listed as no parameter's")
                    .and(parameter.span, "the parameter")
                    .help("remove one of the two"),
                );
            }
            variables.insert(
                raw.name.value,
                Variable {
                    kind: raw.kind,
                    summary: raw.summary,
                    required: raw.required,
                    default: raw.default,
                    placeholder: raw.placeholder.map(|placeholder| placeholder.value),
                    images: raw.images.into_iter().map(|image| image.value).collect(),
                },
            );
        }
        variables
    }
}

fn sorted_groups(mut groups: Vec<Named<RawGroup>>) -> Vec<RawGroup> {
    groups.sort_by(|a, b| (a.record.order, &a.name).cmp(&(b.record.order, &b.name)));
    groups.into_iter().map(|group| group.record).collect()
}
