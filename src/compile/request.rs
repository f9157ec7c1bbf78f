//! A request → names resolved, values typed: every fault of every input together.

use crate::catalog::{Candidate, Catalog, Layer, Preset, Rule, Target};
use crate::diag::{At, Code, Diagnostic, Diagnostics, FileId, Span};
use crate::eval::{Override, constraint_facts};
use crate::model::{ConfigProfile, Notice, Scalar, Severity, Source, ValueType, clipped};
use semver::Version;
use std::collections::HashMap;

/// A place in no file: what a caller of the library gives has none.
pub(super) const NOWHERE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

/// The origin of what is kept from a running configuration.
pub(super) const RUNNING: &str = "running";

/// What to compile.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The preset.
    pub preset: String,
    /// The modifier.
    pub modifier: Option<String>,
    /// What the user sets, later entries over earlier ones.
    pub given: Vec<Given>,
    /// The server version that the artifacts are for; the catalog's default when none is named.
    pub temporal_version: Option<String>,
    /// The plugin version that they are for; likewise.
    pub plugin_version: Option<String>,
    /// SDK adapters to render.
    pub sdk: Vec<String>,
    /// Platform adapters to render.
    pub platform: Vec<String>,
    /// Whether a rail of severity warning withholds artifacts too.
    pub deny_warnings: bool,
    /// The running configuration: what is fixed for the life of a cluster is kept from it.
    pub running: Option<ConfigProfile>,
}

/// A value that the user sets, before it is typed.
#[derive(Debug, Clone)]
pub struct Given {
    /// The parameter's key, or the name of a variable.
    pub key: At<String>,
    /// The value as it was written.
    pub value: At<Scalar>,
    /// Which input gave it.
    pub origin: String,
    /// Whether `key` names an environment variable.
    pub variable: bool,
}

impl Given {
    /// A value that a caller of the library sets.
    #[must_use]
    pub fn new(key: impl Into<String>, value: Scalar) -> Self {
        Given {
            key: At { value: key.into(), span: NOWHERE },
            value: At { value, span: NOWHERE },
            origin: "override".to_owned(),
            variable: false,
        }
    }
}

/// A request whose names and values are known to be good.
#[derive(Debug)]
pub(super) struct Resolved<'c> {
    pub(super) preset: Option<&'c Preset>,
    pub(super) modifier: Option<&'c Layer>,
    pub(super) overrides: Vec<Override>,
    /// Overrides that a later one for the same parameter replaced.
    pub(super) hidden: Vec<Override>,
    pub(super) temporal: Version,
    pub(super) plugin: Version,
    /// Things worth knowing about the inputs: code, words, parameters.
    pub(super) remarks: Vec<(Code, String, Vec<String>)>,
}

pub(super) fn resolve<'c>(catalog: &'c Catalog, request: &Request) -> Result<Resolved<'c>, Diagnostics> {
    let mut diags = Diagnostics::default();
    let preset = catalog.preset(&request.preset).map_err(|fault| diags.push(*fault)).ok();
    resolve_rest(catalog, request, preset, diags)
}

/// As [`resolve`]; a preset without a name is none.
pub(super) fn resolve_any<'c>(catalog: &'c Catalog, request: &Request) -> Result<Resolved<'c>, Diagnostics> {
    if request.preset.is_empty() {
        return resolve_rest(catalog, request, None, Diagnostics::default());
    }
    resolve(catalog, request)
}

fn resolve_rest<'c>(
    catalog: &'c Catalog,
    request: &Request,
    preset: Option<&'c Preset>,
    mut diags: Diagnostics,
) -> Result<Resolved<'c>, Diagnostics> {
    let mut remarks = Vec::new();
    let modifier = match &request.modifier {
        None => None,
        Some(name) => catalog.modifier(name).map_err(|fault| diags.push(*fault)).ok(),
    };
    let temporal = version(&catalog.temporal, request.temporal_version.as_deref(), "Temporal", &mut diags);
    let plugin = version(&catalog.plugin, request.plugin_version.as_deref(), "the DSQL plugin", &mut diags);
    for (names, sdk) in [(&request.sdk, true), (&request.platform, false)] {
        for name in names {
            if let Err(fault) = catalog.adapter(name, sdk) {
                diags.push(*fault);
            }
        }
    }
    let (mut overrides, hidden) = overrides(catalog, &request.given, &mut diags, &mut remarks);
    if let Some(running) = &request.running {
        keep_running(catalog, running, &mut overrides, &mut remarks);
    }
    match (temporal, plugin) {
        (Some(temporal), Some(plugin)) if diags.is_empty() => {
            Ok(Resolved { preset, modifier, overrides, hidden, temporal, plugin, remarks })
        }
        _ => Err(diags),
    }
}

/// A version as people write it: `v1.29` is 1.29.0.
pub(crate) fn read_version(text: &str) -> Option<Version> {
    let mut plain = text.strip_prefix('v').unwrap_or(text).to_owned();
    // Release lines are spoken of as `1.29`.
    while plain.split(['-', '+']).next().unwrap_or_default().matches('.').count() < 2
        && plain.chars().all(|c| c.is_ascii_digit() || c == '.')
        && !plain.is_empty()
    {
        plain.push_str(".0");
    }
    Version::parse(&plain).ok()
}

fn version(target: &Target, text: Option<&str>, what: &str, diags: &mut Diagnostics) -> Option<Version> {
    let Some(text) = text else { return Some(target.default.clone()) };
    match read_version(text) {
        None => {
            diags.push(
                Diagnostic::error(Code::InvalidValue, format!("`{}` is no version of {what}", clipped(text)))
                    .help(format!("write a version such as {}", target.default))
                    .fact("value", clipped(text)),
            );
            None
        }
        Some(version) => {
            // A pre-release has what its release has.
            let release = Version::new(version.major, version.minor, version.patch);
            if target.supported.matches(&release) {
                return Some(version);
            }
            diags.push(
                Diagnostic::error(Code::UnsupportedVersion, format!("the catalog does not know {what} {version}"))
                    .help(format!("supported: {}", target.supported))
                    .fact("value", version.to_string()),
            );
            None
        }
    }
}

fn overrides(
    catalog: &Catalog,
    given: &[Given],
    diags: &mut Diagnostics,
    remarks: &mut Vec<(Code, String, Vec<String>)>,
) -> (Vec<Override>, Vec<Override>) {
    let mut overrides: Vec<Override> = Vec::with_capacity(given.len());
    let mut hidden = Vec::new();
    let mut positions: HashMap<_, usize> = HashMap::new();
    for given in given {
        let id = if given.variable {
            // To the plugin an empty variable is one that is not set.
            if given.value.value == Scalar::Str(String::new()) {
                continue;
            }
            match catalog.find_variable(&given.key.value) {
                Some(id) => id,
                None => {
                    if !catalog.variables.contains_key(given.key.value.as_str()) {
                        remarks.push((
                            Code::UnknownVariable,
                            match catalog.near_variable(&given.key.value) {
                                Some(near) => format!(
                                    "nothing reads the variable `{}`; it is passed over; did you mean `{near}`?",
                                    clipped(&given.key.value)
                                ),
                                None => {
                                    format!(
                                        "nothing reads the variable `{}`; it is passed over",
                                        clipped(&given.key.value)
                                    )
                                }
                            },
                            Vec::new(),
                        ));
                    }
                    continue;
                }
            }
        } else {
            match catalog.find(&given.key.value) {
                Some(id) => id,
                None => {
                    diags.push(placed(
                        *catalog.unknown_parameter(&given.key.value),
                        given.key.span,
                        "unknown parameter",
                    ));
                    continue;
                }
            }
        };
        let parameter = catalog.parameter(id);
        if parameter.locked {
            diags.push(placed(
                Diagnostic::error(Code::LockedParameter, format!("`{}` cannot be overridden", parameter.key))
                    .and(parameter.span, "locked by the registry")
                    .help(parameter.rationale.trim().to_owned())
                    .fact("key", parameter.key.clone()),
                given.key.span,
                "locked",
            ));
            continue;
        }
        let value = match parameter.value_type.read(&given.value.value) {
            Ok(value) => value,
            Err(fault) => {
                diags.push(placed(
                    Diagnostic::error(Code::InvalidValue, format!("`{}`: {}", parameter.key, fault.message))
                        .help(fault.help)
                        .fact("key", parameter.key.clone())
                        .fact("value", serde_json::to_value(&given.value.value).unwrap_or_default()),
                    if given.value.span.start == given.value.span.end { given.key.span } else { given.value.span },
                    format!("expected {}", parameter.value_type.described()),
                ));
                continue;
            }
        };
        if let Some(violation) = parameter.violation(&value) {
            let shown = parameter.value_type.text(&value);
            let diagnostic = Diagnostic::error(
                Code::ConstraintViolation,
                format!("`{}` is {shown}, {}", parameter.key, violation.fault),
            )
            .and(violation.declared, "declared here")
            .help(format!("`{}` {}: {}", parameter.key, violation.bounds, parameter.summary.trim()));
            diags.push(placed(constraint_facts(diagnostic, parameter, &value), given.value.span, violation.bounds));
            continue;
        }
        let candidate = Candidate { rule: Rule::Set(value), span: given.value.span, because: None };
        let replacement = Override { id, candidate, origin: given.origin.clone() };
        match positions.get(&id) {
            Some(position) => {
                let earlier = std::mem::replace(&mut overrides[*position], replacement);
                remarks.push((
                    Code::UnusedOverride,
                    format!(
                        "`{}` = {} from {} is replaced by {} from {}",
                        parameter.key,
                        spoken(parameter.value_type, &earlier.candidate.rule),
                        earlier.origin,
                        spoken(parameter.value_type, &overrides[*position].candidate.rule),
                        given.origin
                    ),
                    vec![parameter.key.to_string()],
                ));
                hidden.push(earlier);
            }
            None => {
                positions.insert(id, overrides.len());
                overrides.push(replacement);
            }
        }
    }
    (overrides, hidden)
}

/// Keeps the running value of what is fixed for the life of a cluster: the server would ignore a change and only log it.
fn keep_running(
    catalog: &Catalog,
    running: &ConfigProfile,
    overrides: &mut Vec<Override>,
    remarks: &mut Vec<(Code, String, Vec<String>)>,
) {
    for id in catalog.ids() {
        let parameter = catalog.parameter(id);
        let Some(value) = parameter
            .immutable
            .then(|| running.get_param(&parameter.key))
            .flatten()
            .and_then(|running| parameter.value_type.read(&running.value).ok())
        else {
            continue;
        };
        let wanted = overrides.iter().position(|given| given.id == id);
        if let Some(position) = wanted {
            let given = overrides.remove(position);
            if let Rule::Set(asked) = &given.candidate.rule
                && *asked != value
            {
                remarks.push((
                    Code::UnusedOverride,
                    format!(
                        "`{}` stays {}: it is fixed for the life of the cluster, and the server would ignore {}",
                        parameter.key,
                        parameter.value_type.text(&value),
                        parameter.value_type.text(asked),
                    ),
                    vec![parameter.key.to_string()],
                ));
            }
        }
        let candidate = Candidate { rule: Rule::Set(value), span: NOWHERE, because: None };
        overrides.push(Override { id, candidate, origin: RUNNING.to_owned() });
    }
}

/// A given value as text.
fn spoken(value_type: ValueType, rule: &Rule) -> String {
    match rule {
        Rule::Set(value) => value_type.text(value),
        Rule::Derive(expr) => expr.source().to_owned(),
    }
}

/// Points at the input, where the input has a place.
fn placed(diagnostic: Diagnostic, span: Span, label: impl Into<String>) -> Diagnostic {
    if span.file == NOWHERE.file { diagnostic } else { diagnostic.at(span, label) }
}

/// What compiles to a profile with the catalog of today, and what of it that catalog does not take any more: overrides of
/// parameters that are gone, locked or bounded otherwise, and target versions. Those are left out, each with a notice.
#[must_use]
pub fn again(catalog: &Catalog, profile: &ConfigProfile) -> (Request, Vec<Notice>) {
    let mut notices = Vec::new();
    let mut left = |message: String, key: Option<&str>| {
        notices.push(Notice {
            severity: Severity::Note,
            code: Code::UnusedOverride.as_str().to_owned(),
            message,
            parameter_keys: key.map(str::to_owned).into_iter().collect(),
        });
    };
    let mut given = Vec::with_capacity(profile.overrides.values.len());
    for (key, value) in &profile.overrides.values {
        let mut diags = Diagnostics::default();
        let one = Given { origin: RUNNING.to_owned(), ..Given::new(key.clone(), value.clone()) };
        overrides(catalog, std::slice::from_ref(&one), &mut diags, &mut Vec::new());
        match diags.into_iter().next() {
            None => given.push(one),
            Some(fault) => left(format!("the profile's override is left out: {}", fault.message), Some(key.as_str())),
        }
    }
    let mut target = |target: &Target, wanted: &Version, what: &str| {
        let mut diags = Diagnostics::default();
        let text = wanted.to_string();
        if version(target, Some(text.as_str()), what, &mut diags).is_some() {
            return Some(text);
        }
        left(
            format!(
                "the profile is for {what} {wanted}, which the catalog of today does not know; {} is taken",
                target.default
            ),
            None,
        );
        None
    };
    let temporal_version = target(&catalog.temporal, &profile.temporal_server_version, "Temporal");
    let plugin_version = target(&catalog.plugin, &profile.dsql_plugin_version, "the DSQL plugin");
    let request = Request {
        preset: profile.preset_name.clone(),
        modifier: profile.modifier.clone(),
        given,
        temporal_version,
        plugin_version,
        ..Request::default()
    };
    (request, notices)
}

/// The word for where an override came from, as it stands in artifacts.
pub(super) fn layer_word(source: Source, layer: &str) -> String {
    if layer.is_empty() { source.as_str().to_owned() } else { format!("{} {layer}", source.as_str()) }
}
