//! The linked catalog: every name resolved, every expression compiled and type-checked, once.
//!
//! Raw records come from [`crate::loader`]; what is here is only read afterwards. Shown at work by
//! `tests/it/catalog.rs` and `tests/it/diagnostics.rs`.

mod frozen;
mod link;
mod outside;
mod platform;
mod redaction;
pub mod rules;
mod scope;
mod settings;
pub mod telemetry;
mod templates;
pub mod thresholds;

use crate::diag::{At, Code, Diagnostic, Diagnostics, FileId, SourceMap, Span, nearest};
use crate::expr::Expr;
use crate::loader::{DataSet, Depth};
use crate::model::{
    Channel, Class, Effect, PresetSummary, Scalar, Severity, Text, ThroughputRange, Unit, ValueType, clipped,
};
use semver::{Version, VersionReq};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use outside::Carried;

pub use platform::{EffectWords, Grant, Placeholder, Platform, Prerequisite, Service};
pub use redaction::{Redaction, RedactionCase, Tried};
pub use settings::{Constraint, Prefix, ServerSettings, Setting, Takes};

pub(crate) use templates::{PARTS, ParsedTemplates, SUMMARY, WHY, folder};

pub use rules::{Correlation, Recommendation};
pub(crate) use scope::{Slots, UNBOUNDED};
pub use telemetry::{Metric, Telemetry};
pub use thresholds::{Category, ChangeCase, Thresholds};

/// A parameter's number in a catalog; also its slot in expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamId(pub(crate) u32);

impl ParamId {
    /// The position among [`Catalog::parameters`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a layer says of a parameter.
#[derive(Debug, Clone)]
pub enum Rule {
    /// This value; a duration is milliseconds.
    Set(Scalar),
    /// What this expression gives.
    Derive(Expr),
}

/// A rule with its place and its reason.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The value or the expression.
    pub rule: Rule,
    /// Where it stands.
    pub span: Span,
    /// Why, where the layer says so.
    pub because: Option<Text>,
}

/// A parameter of the registry.
#[derive(Debug)]
pub struct Parameter {
    /// Its key.
    pub key: Text,
    /// Who decides it.
    pub class: Class,
    /// The type of its value.
    pub value_type: ValueType,
    /// What a number counts.
    pub unit: Option<Unit>,
    /// The registry's value or expression.
    pub registry: Candidate,
    /// The least value.
    pub min: Option<At<Scalar>>,
    /// The greatest value.
    pub max: Option<At<Scalar>>,
    /// The only values.
    pub allowed: Option<At<Vec<Scalar>>>,
    /// Emitted only while this holds.
    pub when: Option<Expr>,
    /// Null in the plugin configuration while `when` does not hold.
    pub nullable: bool,
    /// Not to be overridden.
    pub locked: bool,
    /// Fixed for the life of the cluster.
    pub immutable: bool,
    /// Server versions that take it.
    pub temporal: Option<VersionReq>,
    /// Plugin versions that take it.
    pub plugin: Option<VersionReq>,
    /// External name per channel.
    pub outputs: Vec<(Channel, Text)>,
    /// What the reader of its variable takes, without a message, in place of one that it cannot read.
    pub fallback: Option<Text>,
    /// The images whose start script reads its variable; where there are none the plugin reads it, in every image.
    pub images: Vec<At<Text>>,
    /// How a change takes effect; none where nothing that runs reads it.
    pub effect: Option<Effect>,
    /// What it is.
    pub summary: Text,
    /// Why this value.
    pub rationale: Text,
    /// Where its figures come from.
    pub source: Text,
    /// The group it belongs to: an index into [`Catalog::groups`].
    pub group: usize,
    /// Where it is defined.
    pub span: Span,
}

impl Parameter {
    /// The name under which a channel carries it.
    #[must_use]
    pub fn output(&self, channel: Channel) -> Option<&str> {
        self.outputs.iter().find(|(on, _)| *on == channel).map(|(_, name)| name.as_ref())
    }

    /// Whether adopters are meant to set it.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(self.class, Class::Slo | Class::Topology)
    }

    /// Why a value is outside the constraints, if it is.
    #[must_use]
    pub fn violation(&self, value: &Scalar) -> Option<Violation> {
        const OUTSIDE: &str = "outside its bounds";
        let below = |a: &Scalar, b: &Scalar| matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a < b);
        let text = |value: &Scalar| self.value_type.text(value);
        let bounds = || match (&self.min, &self.max) {
            (Some(min), Some(max)) => format!("must be between {} and {}", text(&min.value), text(&max.value)),
            (Some(min), None) => format!("must be at least {}", text(&min.value)),
            (None, Some(max)) => format!("must be at most {}", text(&max.value)),
            (None, None) => String::new(),
        };
        if let Some(min) = self.min.as_ref().filter(|min| below(value, &min.value)) {
            return Some(Violation { fault: OUTSIDE, bounds: bounds(), declared: min.span });
        }
        if let Some(max) = self.max.as_ref().filter(|max| below(&max.value, value)) {
            return Some(Violation { fault: OUTSIDE, bounds: bounds(), declared: max.span });
        }
        if let Some(allowed) = self.allowed.as_ref().filter(|allowed| !allowed.value.contains(value)) {
            let words: Vec<String> = allowed.value.iter().map(text).collect();
            return Some(Violation {
                fault: "not one of its values",
                bounds: format!("must be one of {}", words.join(", ")),
                declared: allowed.span,
            });
        }
        None
    }
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What is wrong: `outside its bounds`, `not one of its values`.
    pub fault: &'static str,
    /// What it must be.
    pub bounds: String,
    /// Where that is said.
    pub declared: Span,
}

/// A heading of parameters.
#[derive(Debug)]
pub struct Group {
    /// The heading.
    pub title: Text,
}

/// What a preset or a modifier says.
#[derive(Debug)]
pub struct Layer {
    /// The stem of its file.
    pub name: Text,
    /// One line.
    pub description: Text,
    /// Why these values.
    pub rationale: Text,
    /// Its rules, in the order of the parameters.
    pub entries: Vec<(ParamId, Candidate)>,
}

/// A bound that a healthy cluster keeps.
#[derive(Debug)]
pub struct Expect {
    /// The metric's name.
    pub metric: Text,
    /// The statistic.
    pub aggregate: Text,
    /// The least.
    pub at_least: Option<At<Expr>>,
    /// The most.
    pub at_most: Option<At<Expr>>,
}

/// A preset.
#[derive(Debug)]
pub struct Preset {
    /// What it says itself.
    pub layer: Layer,
    /// The preset that it extends.
    pub extends: Option<Text>,
    /// The load that it is made for.
    pub throughput: ThroughputRange,
    /// What a healthy cluster shows.
    pub expect: Vec<Expect>,
}

impl Preset {
    /// One line about it.
    #[must_use]
    pub fn summary(&self) -> PresetSummary {
        PresetSummary {
            name: self.layer.name.to_string(),
            description: self.layer.description.to_string(),
            throughput_range: self.throughput.clone(),
        }
    }
}

/// A guard rail.
#[derive(Debug)]
pub struct Rail {
    /// The stem of its file.
    pub name: Text,
    /// Whether artifacts are withheld.
    pub severity: Severity,
    /// What holds.
    pub summary: Text,
    /// What happens when it does not.
    pub rationale: Text,
    /// Where its figures come from.
    pub source: Text,
    /// Named steps.
    pub steps: Vec<(Text, At<Expr>)>,
    /// When it applies.
    pub when: Option<At<Expr>>,
    /// How many of the steps `when` needs; the others are taken only where the rule applies.
    pub(crate) steps_of_when: usize,
    /// What must hold.
    pub require: At<Expr>,
    /// What does not hold: a template.
    pub message: At<Text>,
    /// What to do: a template.
    pub help: At<Text>,
    /// The parameters that decide it.
    pub parameters: Vec<ParamId>,
    /// Its own tests; linked only by a check.
    pub cases: Vec<Case>,
}

/// A rail's own test.
#[derive(Debug)]
pub struct Case {
    /// What it shows.
    pub note: Text,
    /// The preset.
    pub preset: Text,
    /// The modifier.
    pub modifier: Option<Text>,
    /// Values on top.
    pub set: Vec<(ParamId, Scalar)>,
    /// Target server version.
    pub temporal: Option<Version>,
    /// Target plugin version.
    pub plugin: Option<Version>,
    /// Whether the rail must fire.
    pub fires: At<bool>,
    /// Where the case stands.
    pub span: Span,
}

/// Versions of something that artifacts are for.
#[derive(Debug)]
pub struct Target {
    /// The version that is meant when none is named.
    pub default: Version,
    /// The versions that the catalog knows.
    pub supported: VersionReq,
    /// Version lines by name.
    pub lines: Vec<(Text, VersionReq)>,
}

/// An environment variable that is no parameter.
#[derive(Debug)]
pub struct Variable {
    /// `identity`, `secret`, `deployment` or `ignored`.
    pub kind: Text,
    /// What it is.
    pub summary: Text,
    /// Whether a container refuses to start without it.
    pub required: bool,
    /// Its usual value.
    pub default: Option<Text>,
    /// The placeholder that platform adapters put there.
    pub placeholder: Option<Text>,
    /// The images that read it; all, where none is named.
    pub images: Vec<Text>,
}

impl Variable {
    /// Whether its value must never be shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.kind == "secret"
    }

    /// Whether nothing reads it.
    #[must_use]
    pub fn is_ignored(&self) -> bool {
        self.kind == "ignored"
    }
}

/// One file that an adapter renders, or one per service.
#[derive(Debug)]
pub struct Output {
    /// Its path below the adapter's folder.
    pub file: Text,
    /// The template's path below `templates/`.
    pub template: Text,
    /// Whether there is one for each service.
    pub per_service: bool,
    /// Every emitted parameter of this channel.
    pub select: Option<Channel>,
    /// These parameters.
    pub fields: Vec<OutputField>,
    /// Where it is declared.
    pub span: Span,
}

/// A parameter in an adapter's file.
#[derive(Debug, Clone)]
pub struct OutputField {
    /// The parameter.
    pub id: ParamId,
    /// Its name on the consumer's side.
    pub name: Text,
    /// The form that writes it: an index into [`Adapter::forms`]. The literal form of its type where absent.
    pub form: Option<usize>,
    /// Further parameters that the form reads, by their names there.
    pub with: Vec<(Text, ParamId)>,
    /// The part of the file that it belongs to, or nothing.
    pub group: Text,
}

/// How values are written in the language of an adapter.
#[derive(Debug)]
pub struct Form {
    /// The kind of value, of a literal form; else the name that fields use.
    pub name: Text,
    /// The template.
    pub text: Text,
    /// The name under which the template is known: unique among the adapters.
    pub template: Text,
    /// Where it stands.
    pub span: Span,
}

impl Form {
    /// Whether it has no template syntax.
    pub(crate) fn is_word(&self) -> bool {
        !self.text.contains('{')
    }
}

/// An adapter.
#[derive(Debug)]
pub struct Adapter {
    /// The name of its folder.
    pub name: Text,
    /// Whether it renders worker options.
    pub sdk: bool,
    /// What it renders.
    pub title: Text,
    /// The language of its files.
    pub language: Text,
    /// The image that its files start; all of them, where none is named.
    pub image: Option<Text>,
    /// Parameters that its templates read by these names.
    pub values: Vec<(Text, ParamId)>,
    /// How values are written, by kind.
    pub literals: Vec<Form>,
    /// Forms that fields choose by name.
    pub forms: Vec<Form>,
    /// Parameters that the consumer has no option for, and why.
    pub lacks: Vec<(ParamId, Text)>,
    /// Its files.
    pub outputs: Vec<Output>,
}

/// What is looked up so often that a hash made against floods would be felt: its keys are of data files, not of strangers.
pub(crate) type Keyed<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A linked catalog.
#[derive(Debug)]
pub struct Catalog {
    /// The files that it was made of, for diagnostics.
    pub sources: SourceMap,
    /// What was found that does not stand in the way.
    pub warnings: Diagnostics,
    /// Path within the catalog of each file, by its number.
    paths: Vec<std::borrow::Cow<'static, str>>,
    /// The files that were laid over the embedded ones, as diagnostics name them.
    laid_over: BTreeSet<String>,
    /// Groups in the order of artifacts.
    pub groups: Vec<Group>,
    /// Parameters in the order of artifacts.
    pub parameters: Vec<Parameter>,
    by_key: Keyed<Text, ParamId>,
    carried: Carried,
    /// The order in which the first configuration was evaluated: mostly it serves the others too.
    pub(crate) usual_order: OnceLock<Vec<u32>>,
    /// Presets by name.
    pub presets: BTreeMap<Text, Preset>,
    /// Modifiers by name.
    pub modifiers: BTreeMap<Text, Layer>,
    /// Guard rails by name.
    pub rails: Vec<Rail>,
    /// Metrics.
    pub metrics: Vec<Metric>,
    /// How telemetry is asked for; empty at the depth of a compile.
    pub telemetry: Telemetry,
    /// When a change of a metric counts, and how much it matters.
    pub thresholds: Thresholds,
    /// What is a secret; everything at the depth of a compile.
    pub redaction: Redaction,
    /// Environment variables that are no parameters.
    pub variables: BTreeMap<Text, Variable>,
    /// What is known of the server's dynamic configuration; empty unless linked with [`Depth::Settings`] or
    /// [`Depth::Check`].
    pub settings: ServerSettings,
    /// Which change explains which movement; empty unless linked with [`Depth::Judgement`] or [`Depth::Check`].
    pub correlations: Vec<Correlation>,
    /// Symptoms and what to do about them, likewise.
    pub recommendations: Vec<Recommendation>,
    /// Adapters by name.
    pub adapters: Vec<Adapter>,
    /// Templates: path below `templates/` → text.
    templates: BTreeMap<Text, FileId>,
    /// The templates of a compile: begun ahead, or put together when they are needed.
    ahead: Option<Arc<ParsedTemplates>>,
    parsed: OnceLock<ParsedTemplates>,
    /// The preset that environment variables alone are laid over.
    pub default_preset: Text,
    /// Where a cluster runs.
    pub platform: Platform,
    /// Temporal server versions.
    pub temporal: Target,
    /// DSQL plugin versions.
    pub plugin: Target,
    /// Prefixes of the variables that count as the DSQL deployment's.
    pub variable_prefixes: Vec<Text>,
    /// Derived values that a summary shows.
    pub highlights: Vec<ParamId>,
    /// SHA-256 over every file.
    pub digest: String,
}

/// Why a catalog could not be linked.
#[derive(Debug)]
pub struct Broken {
    /// The files.
    pub sources: SourceMap,
    /// Every fault.
    pub diagnostics: Diagnostics,
    /// What could be linked all the same: good for looking for further faults, never for a compile.
    pub catalog: Option<Catalog>,
}

impl Catalog {
    /// Reads and links the files of a catalog.
    ///
    /// # Errors
    ///
    /// Every fault of every file, with the files that they stand in.
    pub fn link(files: DataSet, depth: Depth) -> Result<Catalog, Box<Broken>> {
        match frozen::thawed(&files, depth) {
            Some(catalog) => Ok(catalog),
            None => link::link(files, depth),
        }
    }

    /// The catalog that is built into the binary.
    ///
    /// # Errors
    ///
    /// As [`Catalog::link`]; a released binary's own catalog has no faults.
    ///
    /// # Examples
    ///
    /// ```
    /// let catalog = tdsql::catalog::Catalog::embedded().expect("the shipped catalog has no faults");
    /// assert!(!catalog.presets.is_empty());
    /// ```
    pub fn embedded() -> Result<Catalog, Box<Broken>> {
        Catalog::link(DataSet::embedded(), Depth::Compile)
    }

    /// Every metric with its place in a behaviour profile's telemetry.
    pub fn measured(&self) -> impl Iterator<Item = (crate::model::behaviour::Section, &str)> {
        self.metrics.iter().map(|metric| (metric.section, metric.name.as_ref()))
    }

    /// The parameter of this key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<ParamId> {
        self.by_key.get(key).copied()
    }

    /// The parameter that this environment variable sets.
    #[must_use]
    pub fn find_variable(&self, name: &str) -> Option<ParamId> {
        self.find_carried(Channel::EnvVars, name)
    }

    /// The environment variables that set a parameter.
    pub fn variables_of_parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().filter_map(|parameter| parameter.output(Channel::EnvVars))
    }

    /// The known variable that a name was meant to be: near one, and of a deployment by its prefix or hardly misspelt.
    #[must_use]
    pub fn near_variable(&self, name: &str) -> Option<&str> {
        let upper = name.to_ascii_uppercase();
        let ours = self.variable_prefixes.iter().any(|prefix| upper.starts_with(prefix.as_ref()));
        let known = self.variables_of_parameters().chain(self.variables.keys().map(AsRef::as_ref));
        let found = nearest(&upper, known)?;
        // Another program's variable may be like one of ours by chance.
        (ours || (upper.len() > 8 && strsim::damerau_levenshtein(&upper, found) <= 2)).then_some(found)
    }

    /// The parameter of this number.
    #[must_use]
    pub fn parameter(&self, id: ParamId) -> &Parameter {
        &self.parameters[id.index()]
    }

    /// Every parameter's number, in order.
    pub fn ids(&self) -> impl Iterator<Item = ParamId> + use<> {
        (0..self.parameters.len() as u32).map(ParamId)
    }

    /// A preset and those that it extends, the furthest first.
    #[must_use]
    pub fn chain<'c>(&'c self, preset: &'c Preset) -> Vec<&'c Preset> {
        let mut chain = vec![preset];
        // Cycles were refused by the link, so this ends.
        while let Some(next) =
            chain.last().and_then(|last| last.extends.as_ref()).and_then(|name| self.presets.get(name))
        {
            chain.push(next);
        }
        chain.reverse();
        chain
    }

    /// Every preset in short, from the smallest load to the largest.
    #[must_use]
    pub fn preset_summaries(&self) -> Vec<PresetSummary> {
        let mut presets: Vec<PresetSummary> = self.presets.values().map(Preset::summary).collect();
        presets.sort_by(|a, b| {
            let (least_a, least_b) = (a.throughput_range.min_st_per_sec, b.throughput_range.min_st_per_sec);
            least_a.total_cmp(&least_b).then_with(|| a.name.cmp(&b.name))
        });
        presets
    }

    /// The preset of this name.
    ///
    /// # Errors
    ///
    /// What exists, and the nearest name.
    pub fn preset(&self, name: &str) -> Result<&Preset, Box<Diagnostic>> {
        self.presets
            .get(name)
            .ok_or_else(|| unknown(Code::UnknownPreset, "preset", name, self.presets.keys().map(AsRef::as_ref)))
    }

    /// The modifier of this name.
    ///
    /// # Errors
    ///
    /// What exists, and the nearest name.
    pub fn modifier(&self, name: &str) -> Result<&Layer, Box<Diagnostic>> {
        self.modifiers
            .get(name)
            .ok_or_else(|| unknown(Code::UnknownModifier, "modifier", name, self.modifiers.keys().map(AsRef::as_ref)))
    }

    /// The adapter of this name.
    ///
    /// # Errors
    ///
    /// What exists, and the nearest name.
    pub fn adapter(&self, name: &str, sdk: bool) -> Result<&Adapter, Box<Diagnostic>> {
        let kind = || self.adapters.iter().filter(move |adapter| adapter.sdk == sdk);
        kind().find(|adapter| adapter.name == name).ok_or_else(|| {
            let what = if sdk { "SDK adapter" } else { "platform adapter" };
            unknown(Code::UnknownAdapter, what, name, kind().map(|adapter| adapter.name.as_ref()))
        })
    }

    /// The path within the catalog and the line of a place: `presets/mid-scale.toml:12`.
    #[must_use]
    pub fn place(&self, span: Span) -> String {
        let mut place = String::new();
        self.write_place(span, &mut place);
        place
    }

    /// The file and the line of a place as the user can open it: a file that was laid over is named by its own path.
    #[must_use]
    pub fn shown_place(&self, span: Span) -> String {
        if self.is_laid_over(span) {
            format!("{}:{}", self.sources.name(span.file), self.sources.line_number(span))
        } else {
            self.place(span)
        }
    }

    /// Appends [`Self::place`].
    pub(crate) fn write_place(&self, span: Span, text: &mut String) {
        use std::fmt::Write as _;
        let path = self.paths.get(span.file.0 as usize).map_or_else(|| self.sources.name(span.file), AsRef::as_ref);
        text.push_str(path);
        let _ = write!(text, ":{}", self.sources.line_number(span));
    }

    /// Whether a place is in a file that was laid over the embedded catalog.
    #[must_use]
    pub fn is_laid_over(&self, span: Span) -> bool {
        self.laid_over.contains(self.sources.name(span.file))
    }

    /// Whether any file was laid over the embedded catalog.
    #[must_use]
    pub fn has_overlay(&self) -> bool {
        !self.laid_over.is_empty()
    }

    /// The text of a template, by its path below `templates/`.
    #[must_use]
    pub fn template(&self, path: &str) -> Option<&str> {
        self.templates.get(path).map(|file| self.sources.text(*file))
    }

    /// Every template: its path below `templates/`, its file.
    pub fn templates(&self) -> impl Iterator<Item = (&str, FileId)> {
        self.templates.iter().map(|(path, file)| (path.as_ref(), *file))
    }

    /// Templates and those below a folder that they name, and those that these name, with their texts.
    #[must_use]
    pub fn with_named<'n>(
        &'n self,
        templates: impl IntoIterator<Item = &'n str>,
        folder: &str,
    ) -> Vec<(&'n str, &'n str)> {
        let named = templates::with_named(templates, folder, &self.templates, &self.sources);
        named.into_iter().map(|(path, file)| (path, self.sources.text(file))).collect()
    }

    /// The templates of a compile, if they were parsed ahead.
    pub(crate) fn parsed_ahead(&self) -> Option<&ParsedTemplates> {
        self.ahead.as_deref()
    }

    /// The templates of a compile, parsed when the first of an adapter is rendered, unless they were parsed ahead.
    pub(crate) fn parsed_templates(&self) -> &ParsedTemplates {
        self.parsed_ahead().unwrap_or_else(|| {
            let texts = || templates::texts(&self.adapters, &self.templates, &self.sources);
            self.parsed.get_or_init(|| ParsedTemplates::new(texts()))
        })
    }
}

/// An unknown name, what exists, and the nearest match.
fn unknown<'n>(code: Code, what: &str, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> Box<Diagnostic> {
    let available: Vec<&str> = known.clone().collect();
    let near = nearest(name, known);
    let listed = if available.is_empty() { "none".to_owned() } else { available.join(", ") };
    let help = match near {
        Some(near) => format!("did you mean `{near}`? available: {listed}"),
        None => format!("available: {listed}"),
    };
    Box::new(
        Diagnostic::error(code, format!("there is no {what} `{}`", clipped(name)))
            .help(help)
            .fact("name", clipped(name))
            .fact("suggestion", near.map(str::to_owned))
            .fact("available", available),
    )
}
