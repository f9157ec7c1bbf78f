//! Request → compilation: resolve, judge, trace, emit.
//!
//! Pure: the clock is handed in, files are written by the caller. Shown at work by `tests/it/compile.rs` and the
//! properties P2 to P10.

mod adapters;
mod artifacts;
mod described;
mod explained;
mod nearest;
mod platform;
mod request;
mod rollout;
mod why;

pub use crate::explain::Page;
pub(crate) use crate::explain::first_sentence;
pub(crate) use adapters::Rendered;
pub use adapters::Snippets;
pub(crate) use request::read_version;
pub use request::{Given, Request, again};
pub(crate) use rollout::check_words;
pub use why::Story;

use crate::catalog::{Adapter, Catalog, ParamId, Rule};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::eval::{self, Inputs, Override, Resolution, Withheld};
use crate::model::{
    Change, Class, CompilationResult, CompilationTrace, ConfigProfile, Digest, GuardRailResult, NearestChange, Notice,
    Overrides, ResolvedParameter, Rollout, Scalar, Severity, Source, TelemetryBound,
};
use crate::rails::{self, Finding};
use request::Resolved;
use semver::Version;
use std::borrow::Cow;
use std::sync::OnceLock;

/// The version of this compiler.
///
/// # Panics
///
/// Never: Cargo refuses a package version that is no semantic version.
#[must_use]
pub fn compiler_version() -> Version {
    Version::parse(env!("CARGO_PKG_VERSION")).expect("Cargo checks the package's version")
}

/// A compiled request.
#[derive(Debug)]
pub struct Compilation<'c> {
    /// The catalog that it was compiled from.
    pub catalog: &'c Catalog,
    /// Every value and where it came from.
    pub resolution: Resolution<'c>,
    /// Every rail that fired, errors first.
    pub findings: Vec<Finding<'c>>,
    /// What is worth knowing besides.
    pub notices: Vec<Notice>,
    /// SHA-256 over catalog and inputs.
    pub digest: String,
    /// What differs from the running configuration: key, running value, new value.
    pub changes: Vec<Change>,
    /// The rolling update from the running configuration; of this one, where none is known.
    pub rollout: Option<Rollout>,
    /// What must exist before the artifacts work, with the grants that it needs.
    needs: Vec<platform::Need<'c>>,
    /// Overrides that a later one for the same parameter replaced.
    hidden: Vec<Override>,
    compiled_at: String,
    deny_warnings: bool,
    /// Whether it was compiled against a running configuration.
    running: bool,
    /// Made when first asked for.
    nearest: OnceLock<Option<NearestChange>>,
    /// Likewise: a file of its own, and a part of others.
    dynamic_config: OnceLock<String>,
    sdk: Vec<String>,
    platform: Vec<String>,
}

/// Compiles a request. Rails that fire are part of the result, errors too: see [`Compilation::is_refused`].
///
/// # Errors
///
/// Every unknown name, ill-typed value and violated constraint of the request; else every expression that failed.
///
/// # Examples
///
/// ```
/// use tdsql::catalog::Catalog;
/// use tdsql::compile::{Given, Request, compile};
/// use tdsql::model::Scalar;
///
/// let catalog = Catalog::embedded().expect("the shipped catalog has no faults");
/// let request = Request {
///     preset: "mid-scale".into(),
///     given: vec![Given::new("target_state_transitions_per_sec", Scalar::Int(300))],
///     ..Request::default()
/// };
/// let compilation = compile(&catalog, &request, "1970-01-01T00:00:00Z").expect("the request is good");
/// assert!(!compilation.is_refused());
/// assert!(compilation.dynamic_config_yaml().contains("history.persistenceMaxQPS"));
/// ```
pub fn compile<'c>(catalog: &'c Catalog, request: &Request, compiled_at: &str) -> Result<Compilation<'c>, Diagnostics> {
    compile_resolved(catalog, request, request::resolve(catalog, request)?, compiled_at)
}

/// As [`compile`], but a request whose preset has no name is evaluated over the registry alone: to look at values, never
/// to deploy them.
///
/// # Errors
///
/// As [`compile`].
pub fn explore<'c>(catalog: &'c Catalog, request: &Request) -> Result<Compilation<'c>, Diagnostics> {
    compile_resolved(catalog, request, request::resolve_any(catalog, request)?, "")
}

fn compile_resolved<'c>(
    catalog: &'c Catalog,
    request: &Request,
    resolved: Resolved<'c>,
    compiled_at: &str,
) -> Result<Compilation<'c>, Diagnostics> {
    let inputs = Inputs {
        preset: resolved.preset,
        modifier: resolved.modifier,
        overrides: resolved.overrides,
        temporal: resolved.temporal,
        plugin: resolved.plugin,
        constrained: true,
    };
    let mut resolution = eval::resolve(catalog, inputs)?;
    let findings = rails::judge(&mut resolution);
    let mut notices = notices(&mut resolution);
    notices.extend(
        resolved.remarks.into_iter().map(|(code, message, parameter_keys)| notice(code, message, parameter_keys)),
    );
    let changes = request.running.as_ref().map(|running| changes(&resolution, running)).unwrap_or_default();
    let rollout = rollout::plan(&resolution, request.running.as_ref())?;
    let needs = platform::needs(&mut resolution)?;
    let digest = digest(&resolution);
    Ok(Compilation {
        catalog,
        resolution,
        findings,
        notices,
        digest,
        changes,
        rollout,
        needs,
        hidden: resolved.hidden,
        compiled_at: compiled_at.to_owned(),
        deny_warnings: request.deny_warnings,
        running: request.running.is_some(),
        nearest: OnceLock::new(),
        dynamic_config: OnceLock::new(),
        sdk: request.sdk.clone(),
        platform: request.platform.clone(),
    })
}

impl Compilation<'_> {
    /// Whether a rail of severity error fired, or one of severity warning where warnings are denied: artifacts are
    /// withheld.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.errors() > 0 || (self.deny_warnings && self.warnings() > 0)
    }

    /// How many rails of severity error fired.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// How many rails of severity warning fired.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Warning).count()
    }

    /// The compiled configuration.
    #[must_use]
    pub fn profile(&self) -> ConfigProfile {
        let inputs = &self.resolution.inputs;
        let overrides = inputs
            .overrides
            .iter()
            .map(|given| (self.catalog.parameter(given.id).key.to_string(), self.resolution.shown(given.id)))
            .collect();
        ConfigProfile {
            preset_name: inputs.preset.map(|preset| preset.layer.name.to_string()).unwrap_or_default(),
            modifier: inputs.modifier.map(|modifier| modifier.name.to_string()),
            overrides: Overrides { values: overrides },
            slo_params: self.params(Class::Slo),
            topology_params: self.params(Class::Topology),
            safety_params: self.params(Class::Safety),
            tuning_params: self.params(Class::Tuning),
            temporal_server_version: inputs.temporal.clone(),
            dsql_plugin_version: inputs.plugin.clone(),
            compiled_at: self.compiled_at.clone(),
            compiler_version: compiler_version(),
            digest: self.digest.clone(),
        }
    }

    fn params(&self, class: Class) -> Vec<ResolvedParameter> {
        let resolution = &self.resolution;
        self.catalog
            .ids()
            .filter(|id| self.catalog.parameter(*id).class == class)
            .map(|id| {
                let parameter = self.catalog.parameter(id);
                ResolvedParameter {
                    key: parameter.key.to_string(),
                    value: resolution.shown(id),
                    value_type: parameter.value_type,
                    classification: class,
                    source: resolution.winner(id).source,
                    emitted: resolution.withheld(id).is_none(),
                    reason: resolution.reason(id),
                }
            })
            .collect()
    }

    /// Where each value came from.
    #[must_use]
    pub fn trace(&mut self) -> Vec<CompilationTrace> {
        self.catalog.ids().map(|id| self.resolution.trace_of(id)).collect()
    }

    /// The preset's bounds, evaluated over this configuration.
    ///
    /// # Errors
    ///
    /// A bound that could not be evaluated.
    pub fn expected_bounds(&mut self) -> Result<Vec<TelemetryBound>, Diagnostics> {
        let Some(preset) = self.resolution.inputs.preset else { return Ok(Vec::new()) };
        let mut bounds = Vec::with_capacity(preset.expect.len());
        let mut diags = Diagnostics::default();
        // What a child preset expects of a metric's statistic replaces what its parents do.
        for preset in self.catalog.chain(preset) {
            for expect in &preset.expect {
                let mut bound = |at: &Option<crate::diag::At<crate::expr::Expr>>| {
                    let at = at.as_ref()?;
                    match at.value.eval(self.resolution.frame()) {
                        Ok(value) => value.as_f64(),
                        Err(fault) => {
                            diags.push(
                                Diagnostic::error(
                                    Code::ExpressionFailed,
                                    format!("the bound on `{}`: {}", expect.metric, fault.message),
                                )
                                .at(at.span, "evaluated here"),
                            );
                            None
                        }
                    }
                };
                let (lower, upper) = (bound(&expect.at_least), bound(&expect.at_most));
                bounds.retain(|earlier: &TelemetryBound| {
                    earlier.metric != expect.metric || earlier.aggregate != expect.aggregate
                });
                bounds.push(TelemetryBound {
                    metric: expect.metric.to_string(),
                    aggregate: expect.aggregate.to_string(),
                    lower,
                    upper,
                });
            }
        }
        if diags.is_empty() { Ok(bounds) } else { Err(diags) }
    }

    /// The files of the chosen adapters; of all, where none was chosen.
    ///
    /// # Errors
    ///
    /// Every template that failed: adapter, file, line and cause.
    pub fn snippets(&self) -> Result<Snippets, Diagnostics> {
        adapters::snippets(self)
    }

    /// As [`Compilation::snippets`], each adapter's handed over as it is made, with other work done meanwhile: two threads share it all.
    /// What all came to: the other work in its order, then the adapters.
    pub(crate) fn snippets_beside<T: Send>(
        &self,
        others: &[&(dyn Fn() -> T + Sync)],
        each: &(dyn Fn(&Adapter, Rendered) -> T + Sync),
    ) -> Vec<T> {
        adapters::render(self, others, each)
    }

    /// Everything as it stands in JSON. Where [`Compilation::is_refused`], artifacts and snippets are empty.
    ///
    /// # Errors
    ///
    /// An adapter that failed, or the template of the why section.
    pub fn result(&mut self) -> Result<CompilationResult, Diagnostics> {
        let why_section = self.why_section()?;
        let refused = self.is_refused();
        let (sdk_snippets, platform_snippets) = if refused { (Vec::new(), Vec::new()) } else { self.snippets()? };
        let errors = if refused { vec![self.refusal()] } else { Vec::new() };
        Ok(CompilationResult {
            profile: self.profile(),
            dynamic_config_yaml: if refused { String::new() } else { self.dynamic_config_yaml().to_owned() },
            dsql_plugin_config: if refused { serde_json::Map::new() } else { self.plugin_config() },
            sdk_snippets,
            platform_snippets,
            guard_rail_results: self.guard_rail_results(),
            nearest_change: self.nearest_change().cloned(),
            notices: self.notices.clone(),
            trace: self.trace(),
            why_section,
            changes: self.changes.clone(),
            rollout: self.rollout.clone().filter(|_| !self.changes.is_empty()),
            errors,
        })
    }

    /// Every rail that fired, as it stands in results.
    #[must_use]
    pub fn guard_rail_results(&self) -> Vec<GuardRailResult> {
        self.findings.iter().map(|finding| finding.result(self.catalog)).collect()
    }

    /// The one entry of `errors` of a refused compile.
    #[must_use]
    pub fn refusal(&self) -> serde_json::Value {
        let (count, severity, because, help) = match self.errors() {
            0 => (
                self.warnings(),
                Severity::Warning,
                ", and warnings are denied",
                "mend what each rail names, or let warnings pass",
            ),
            errors => (errors, Severity::Error, "", "mend what each rail names, or choose another preset"),
        };
        let rails = if count == 1 { "guard rail" } else { "guard rails" };
        serde_json::json!({
            "code": Code::GuardRail.as_str(),
            "message": format!("{count} {rails} of severity {} fired{because}", severity.as_str()),
            "help": help,
            "count": count,
        })
    }

    /// The rails that fired as diagnostics, pointing at what was set.
    #[must_use]
    pub fn diagnostics(&self) -> Diagnostics {
        self.findings
            .iter()
            .map(|finding| {
                let message = format!("{}: {}", finding.rail.name, finding.message);
                let mut diagnostic = match finding.severity {
                    Severity::Error => Diagnostic::error(Code::GuardRail, message),
                    _ => Diagnostic::warning(Code::GuardRail, message),
                };
                let mut pointed = false;
                // What the user set is to blame before what a preset says; what the registry derives never is.
                let winners = || finding.rail.parameters.iter().map(|id| (id, self.resolution.winner(*id)));
                let set = winners().any(|(_, winner)| winner.source == Source::Override);
                for (id, winner) in winners() {
                    let to_blame = if set { winner.source == Source::Override } else { !winner.layer.is_empty() };
                    if !to_blame || winner.candidate.span.file == request::NOWHERE.file {
                        continue;
                    }
                    let text = format!("{} = {}", self.catalog.parameter(*id).key, self.resolution.text(*id));
                    let span = winner.candidate.span;
                    diagnostic = if pointed { diagnostic.and(span, text) } else { diagnostic.at(span, text) };
                    pointed = true;
                }
                let require = finding.rail.require.span;
                diagnostic = if pointed {
                    diagnostic.and(require, "this must hold")
                } else {
                    diagnostic.at(require, "this must hold")
                };
                diagnostic.help(finding.remedy.clone()).fact("rule_name", finding.rail.name.clone()).fact(
                    "parameter_keys",
                    finding
                        .rail
                        .parameters
                        .iter()
                        .map(|id| self.catalog.parameter(*id).key.clone())
                        .collect::<Vec<_>>(),
                )
            })
            .collect()
    }

    /// One line that names what a file was made from; never a clock.
    #[must_use]
    pub fn header(&self) -> Vec<String> {
        let inputs = &self.resolution.inputs;
        let mut what = format!("preset {}", inputs.preset.map_or("", |preset| &preset.layer.name));
        if let Some(modifier) = inputs.modifier {
            what.push_str(", modifier ");
            what.push_str(&modifier.name);
        }
        let overrides: Vec<String> = inputs
            .overrides
            .iter()
            .map(|given| format!("{}={}", self.catalog.parameter(given.id).key, self.resolution.shown(given.id)))
            .collect();
        let mut lines = vec![
            format!("Generated by tdsql {}: {what}.", compiler_version()),
            format!("For Temporal {}, DSQL plugin {}. Digest sha256:{}", inputs.temporal, inputs.plugin, self.digest),
        ];
        if !overrides.is_empty() {
            lines.insert(1, one_line(&format!("Overrides: {}.", overrides.join(", "))).into_owned());
        }
        lines.push("Change the inputs and compile again; an edit here is lost.".to_owned());
        lines
    }
}

fn changes(resolution: &Resolution<'_>, running: &ConfigProfile) -> Vec<Change> {
    resolution
        .catalog
        .ids()
        .filter_map(|id| {
            let parameter = resolution.catalog.parameter(id);
            let key = &parameter.key;
            let compiled = resolution.shown(id);
            let running = running.get_param(key).map(|parameter| parameter.value.clone());
            let emitted = resolution.withheld(id).is_none();
            (running.as_ref() != Some(&compiled)).then(|| Change {
                key: key.to_string(),
                running,
                compiled,
                emitted,
                effect: parameter.effect,
                services: rollout::services(&resolution.catalog.platform, parameter),
            })
        })
        .collect()
}

fn notice(code: Code, message: String, parameter_keys: Vec<String>) -> Notice {
    Notice { severity: Severity::Note, code: code.as_str().to_owned(), message, parameter_keys }
}

/// Notes on the overrides: those of values that the compiler derives, those without effect, those that no artifact of
/// the target versions carries.
fn notices(resolution: &mut Resolution<'_>) -> Vec<Notice> {
    let catalog = resolution.catalog;
    // What is kept from a running configuration was not the user's to set.
    let given: Vec<ParamId> = resolution
        .inputs
        .overrides
        .iter()
        .filter(|given| given.origin != request::RUNNING)
        .map(|given| given.id)
        .collect();
    let mut notices = Vec::new();
    for id in given {
        let parameter = catalog.parameter(id);
        let base = resolution.base_value(id);
        let (text, base_text) = (resolution.text(id), parameter.value_type.text(&base));
        let keys = vec![parameter.key.to_string()];
        if &base == resolution.value(id) {
            notices.push(notice(
                Code::UnusedOverride,
                format!("`{}` is {text} without the override too", parameter.key),
                keys.clone(),
            ));
        } else if moves_nothing(resolution, id) {
            let message = format!(
                "`{}` = {text} instead of {base_text} changes nothing that is emitted, and no guard rail's verdict",
                parameter.key
            );
            notices.push(notice(Code::UnusedOverride, message, keys.clone()));
        } else if !parameter.is_input() {
            let advice = match parameter.registry.rule {
                Rule::Derive(_) => "; leave it out to let it follow the inputs",
                Rule::Set(_) => "",
            };
            let message = format!(
                "`{}` is a {} value: {text} replaces {base_text}{advice}",
                parameter.key,
                parameter.class.as_str()
            );
            notices.push(notice(Code::OverriddenValue, message, keys.clone()));
        }
        if let (Some(Withheld::When | Withheld::Temporal | Withheld::Plugin), Some(reason)) =
            (resolution.withheld(id), resolution.reason(id))
        {
            notices.push(notice(Code::NotEmitted, format!("`{}` is set, but {reason}", parameter.key), keys));
        }
    }
    notices
}

/// Whether everything that artifacts carry is the same without an override, and every guard rail's verdict. What an artifact
/// carries itself was found to be another value before this is asked.
fn moves_nothing(resolution: &mut Resolution<'_>, id: ParamId) -> bool {
    let catalog = resolution.catalog;
    if resolution.withheld(id).is_none() || adapters::carries(catalog, id) {
        return false;
    }
    let mut inputs = resolution.inputs.clone();
    inputs.overrides.retain(|given| given.id != id);
    inputs.constrained = false;
    // Where there are no values without it, it is what makes them possible.
    let Ok(mut without) = eval::resolve(catalog, inputs) else { return false };
    let same = catalog.ids().all(|other| {
        let carried = |of: &Resolution<'_>| of.withheld(other).is_none() || adapters::carries(catalog, other);
        match (carried(resolution), carried(&without)) {
            (false, false) => true,
            (true, true) => resolution.value(other) == without.value(other),
            _ => false,
        }
    });
    same && rails::firing(resolution) == rails::firing(&mut without)
}

fn digest(resolution: &Resolution<'_>) -> String {
    let inputs = &resolution.inputs;
    let mut digest = Digest::default();
    let mut feed = |text: &str| digest.feed(text);
    feed(env!("CARGO_PKG_VERSION"));
    feed(&resolution.catalog.digest);
    feed(inputs.preset.map_or("", |preset| &preset.layer.name));
    feed(inputs.modifier.map_or("", |modifier| &modifier.name));
    feed(&inputs.temporal.to_string());
    feed(&inputs.plugin.to_string());
    let mut overrides: Vec<(&str, &Scalar)> = inputs
        .overrides
        .iter()
        .filter_map(|given| match &given.candidate.rule {
            Rule::Set(value) => Some((resolution.catalog.parameter(given.id).key.as_ref(), value)),
            Rule::Derive(_) => None,
        })
        .collect();
    overrides.sort_unstable_by_key(|(key, _)| *key);
    for (key, value) in overrides {
        feed(key);
        feed(&value.to_string());
    }
    digest.finish()
}

/// Text without line breaks or control characters, for comments.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    let mut before = b' ';
    let is_line = text.bytes().all(|byte| {
        let follows = matches!(byte, b'!'..=b'~') || (byte == b' ' && before != b' ');
        before = byte;
        follows
    }) && before != b' ';
    // Most texts are one already.
    if is_line {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !c.is_control()));
    }
    Cow::Owned(line)
}
