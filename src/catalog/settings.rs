//! What servers know of dynamic configuration, and proof that nothing is emitted that one ignores or cannot read.

use super::{Parameter, Target};
use crate::diag::At;
use crate::diag::{Code, Diagnostic, Diagnostics, FileId, Span, nearest};
use crate::loader::records::RawSettings;
use crate::model::{Channel, Text, ValueType};
use semver::{Version, VersionReq};
use std::collections::{BTreeMap, HashMap};

/// A dynamic-config setting that a server registers.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The server's own spelling of its key.
    pub key: Text,
    /// The server's type: `int`, `duration`, `typed:…`.
    pub value_type: Text,
    /// Which constraints it takes.
    pub precedence: Option<At<Text>>,
    /// The server's default as text.
    default: Option<Text>,
    /// Version line → default, where it differs.
    defaults: Vec<(Text, Text)>,
    /// The version lines that register it; all where none is named.
    pub lines: Option<Vec<Text>>,
    /// Why it is not for production.
    pub caution: Option<Text>,
    /// The fields of its value, where all of them are known.
    pub fields: Option<Vec<Text>>,
}

impl Setting {
    /// Whether servers of these lines register it.
    #[must_use]
    pub fn registered(&self, lines: &[&str]) -> bool {
        covers(self.lines.as_ref(), lines)
    }

    /// The default that servers of all these lines have, as text.
    #[must_use]
    pub fn default_for(&self, lines: &[&str]) -> Option<&str> {
        let of = |line: &str| {
            let own = self.defaults.iter().find(|(name, _)| name == line).map(|(_, text)| text.as_ref());
            own.or(self.default.as_deref())
        };
        let (first, rest) = lines.split_first()?;
        let default = of(first)?;
        rest.iter().all(|line| of(line) == Some(default)).then_some(default)
    }
}

/// Keys of which only the prefix is known.
#[derive(Debug, Clone)]
pub struct Prefix {
    /// What they begin with.
    pub prefix: Text,
    /// The version lines that register them; all where none is named.
    pub lines: Option<Vec<Text>>,
    /// What is known of them.
    pub note: Option<Text>,
}

impl Prefix {
    /// Whether servers of these lines register them.
    #[must_use]
    pub fn registered(&self, lines: &[&str]) -> bool {
        covers(self.lines.as_ref(), lines)
    }
}

fn covers(known: Option<&Vec<Text>>, lines: &[&str]) -> bool {
    known.is_none_or(|known| lines.iter().all(|line| known.iter().any(|known| known == line)))
}

/// What a constraint takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// One of its words, or a whole number.
    WordOrInteger,
}

/// A constraint of entries.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// The server's own spelling; it compares without case.
    pub name: Text,
    /// What it takes.
    pub takes: Takes,
    /// The words that it takes, where all of them are known.
    pub words: Option<Vec<Text>>,
}

/// What is known of the server's dynamic configuration.
#[derive(Debug, Clone, Default)]
pub struct ServerSettings {
    /// Every registered setting.
    pub all: Vec<Setting>,
    /// Families of keys of which only the prefix is known.
    pub prefixes: Vec<Prefix>,
    /// The constraints.
    pub constraints: Vec<Constraint>,
    /// Precedence → the sets of constraints that the server looks up, each sorted.
    pub precedences: BTreeMap<Text, Vec<Vec<String>>>,
    /// Keys of the static configuration, and where they belong.
    pub statics: Vec<(Text, Text)>,
    /// Where the sets stand, for a check.
    sets: Vec<At<Text>>,
    /// Key in lower case → position among [`Self::all`].
    by_key: HashMap<String, usize>,
}

impl ServerSettings {
    pub(super) fn new(raw: RawSettings) -> Self {
        let all: Vec<Setting> = raw
            .settings
            .into_iter()
            .map(|raw| Setting {
                key: raw.key.value,
                value_type: raw.value_type,
                precedence: raw.precedence,
                default: raw.default,
                defaults: raw.defaults,
                lines: raw.lines,
                caution: raw.caution,
                fields: raw.fields,
            })
            .collect();
        let prefixes =
            raw.prefixes.into_iter().map(|raw| Prefix { prefix: raw.prefix, lines: raw.lines, note: raw.note });
        let constraints = raw.constraints.into_iter().map(|raw| Constraint {
            name: raw.name,
            takes: match raw.takes.as_ref() {
                "text" => Takes::Text,
                "integer" => Takes::Integer,
                _ => Takes::WordOrInteger,
            },
            words: raw.words,
        });
        let names = |set: &str| {
            let mut names: Vec<String> = set.split_whitespace().map(str::to_owned).collect();
            names.sort();
            names
        };
        ServerSettings {
            by_key: all
                .iter()
                .enumerate()
                .map(|(index, setting)| (Channel::DynamicConfig.folded(&setting.key).into_owned(), index))
                .collect(),
            prefixes: prefixes.collect(),
            constraints: constraints.collect(),
            sets: raw.precedences.iter().flat_map(|(_, sets)| sets.iter().cloned()).collect(),
            precedences: raw
                .precedences
                .into_iter()
                .map(|(name, sets)| (name, sets.iter().map(|set| names(&set.value)).collect()))
                .collect(),
            statics: raw.statics,
            all,
        }
    }

    /// The setting of this key, which is compared without case as servers do.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&Setting> {
        self.by_key.get(Channel::DynamicConfig.folded(key).as_ref()).map(|index| &self.all[*index])
    }

    /// The constraint of this name, which is compared without case as servers do.
    #[must_use]
    pub fn constraint(&self, name: &str) -> Option<&Constraint> {
        self.constraints.iter().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The version lines that a server of this version is of: its own, or those around it.
    #[must_use]
    pub fn lines<'t>(temporal: &'t Target, version: &Version) -> Vec<&'t str> {
        let release = Version::new(version.major, version.minor, version.patch);
        let own: Vec<&str> = named(temporal.lines.iter().filter(|(_, range)| range.matches(&release)));
        if own.is_empty() { named(temporal.lines.iter()) } else { own }
    }
}

fn named<'t>(lines: impl Iterator<Item = &'t (Text, VersionReq)>) -> Vec<&'t str> {
    lines.map(|(line, _)| line.as_ref()).collect()
}

/// Checks every dynamic-config output against the settings that each version line registers. The server compares keys
/// without case; we ask for the server's own spelling, because people search for it.
pub(super) fn check(
    diags: &mut Diagnostics,
    parameters: &[Parameter],
    temporal: &Target,
    registered: &ServerSettings,
    manifest: FileId,
) {
    let settings: HashMap<&str, &Setting> =
        registered.all.iter().map(|setting| (setting.key.as_ref(), setting)).collect();
    names(diags, registered);
    if temporal.lines.is_empty() {
        diags.push(
            Diagnostic::error(Code::MissingField, "the registry names no version lines")
                .at(Span::new(manifest, 0..0), "in `[temporal]`")
                .help("add `lines = { \"1.29\" = \">=1.29.0, <1.30.0\" }`, one for each line that settings name"),
        );
    }
    for parameter in parameters {
        let Some(name) = parameter.output(Channel::DynamicConfig) else { continue };
        let Some(setting) = settings.get(name) else {
            // Of some families only the prefix is known.
            if registered
                .prefixes
                .iter()
                .any(|known| name.starts_with(known.prefix.as_ref()) && known.covers(parameter, temporal))
            {
                continue;
            }
            let help = match nearest(name, settings.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "see registry/settings/ for what servers register".to_owned(),
            };
            diags.push(
                Diagnostic::error(Code::UnregisteredSetting, format!("no supported server registers `{name}`"))
                    .at(parameter.span, "servers would ignore it in silence")
                    .help(help),
            );
            continue;
        };
        if !fits(parameter.value_type, &setting.value_type) {
            diags.push(
                Diagnostic::error(
                    Code::SettingType,
                    format!(
                        "the server reads `{name}` as {}, not as {}",
                        setting.value_type,
                        parameter.value_type.as_str()
                    ),
                )
                .at(parameter.span, "the server would warn and take its default")
                .help(format!("give the parameter the type of the setting, {}", setting.value_type)),
            );
        }
        for (line, range) in &temporal.lines {
            let registered = setting.lines.as_ref().is_none_or(|lines| lines.contains(line));
            if !registered && takes_any(parameter.temporal.as_ref(), range) {
                diags.push(
                    Diagnostic::error(
                        Code::UnregisteredSetting,
                        format!("servers of the {line} line do not register `{name}`"),
                    )
                    .at(parameter.span, format!("emitted for {line} as well"))
                    .help("narrow `temporal` to the versions that register it"),
                );
            }
        }
    }
}

/// Checks that settings name precedences, and precedences constraints, that are there.
fn names(diags: &mut Diagnostics, registered: &ServerSettings) {
    let known = || registered.precedences.keys().map(AsRef::as_ref);
    if !registered.precedences.is_empty() {
        let named = registered.all.iter().filter_map(|setting| setting.precedence.as_ref());
        // Of a setting of which only the name is known, the precedence is not.
        for precedence in named.filter(|at| at.value != "unknown" && !registered.precedences.contains_key(&at.value)) {
            diags.push(
                Diagnostic::error(Code::InvalidValue, format!("there is no precedence `{}`", precedence.value))
                    .at(precedence.span, "not among `[precedences]`")
                    .help(match nearest(&precedence.value, known()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("precedences: {}", known().collect::<Vec<_>>().join(", ")),
                    }),
            );
        }
    }
    for set in &registered.sets {
        for name in set.value.split_whitespace().filter(|name| registered.constraint(name).is_none()) {
            diags.push(
                Diagnostic::error(Code::InvalidValue, format!("there is no constraint `{name}`"))
                    .at(set.span, "not among `[constraints]`")
                    .help("name it there, with what it takes"),
            );
        }
    }
}

impl Prefix {
    /// Whether every line that the parameter is emitted for has this prefix.
    fn covers(&self, parameter: &Parameter, temporal: &Target) -> bool {
        let Some(lines) = &self.lines else { return true };
        temporal
            .lines
            .iter()
            .all(|(line, range)| lines.contains(line) || !takes_any(parameter.temporal.as_ref(), range))
    }
}

/// Whether a value of this type is what the server's type takes without a warning.
fn fits(value_type: ValueType, setting: &str) -> bool {
    match setting {
        "bool" | "typed:bool-or-gradual-change" => value_type == ValueType::Bool,
        "int" | "typed:int-or-gradual-change" => value_type == ValueType::Int,
        "float" => matches!(value_type, ValueType::Float | ValueType::Int),
        "string" | "typed:template-string" => value_type == ValueType::Str,
        "duration" => value_type == ValueType::Duration,
        // Known by name only: nothing to compare with.
        "unknown" => true,
        _ => false,
    }
}

/// Whether a parameter's range takes any version of a line. A line is one minor version, so two of its versions tell.
fn takes_any(range: Option<&VersionReq>, line: &VersionReq) -> bool {
    let Some(range) = range else { return true };
    line.comparators
        .iter()
        .filter(|bound| matches!(bound.op, semver::Op::GreaterEq))
        .map(|bound| semver::Version::new(bound.major, bound.minor.unwrap_or(0), bound.patch.unwrap_or(0)))
        .flat_map(|first| [first.clone(), semver::Version::new(first.major, first.minor, 99)])
        .any(|version| range.matches(&version))
}
