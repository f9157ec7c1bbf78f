//! Data files → located records: syntax and shape, every fault reported. Meaning is the catalog's business.
//!
//! Shown at work by `tests/it/diagnostics.rs`.

mod decode;
mod files;
pub(crate) mod platform;
pub(crate) mod records;
pub(crate) mod redaction;
pub(crate) mod rules;
pub mod schema;
pub mod shape;
pub(crate) mod stored;
pub(crate) mod thresholds;
mod tree;

pub(crate) use decode::Decoder;
#[cfg(feature = "server")]
pub(crate) use decode::Row;
use files::Listed;
pub use files::{DataSet, LARGEST_FILE, ReadError};
pub(crate) use files::{Embedded, Embedding};

use crate::diag::{Code, Diagnostic, Diagnostics, FileId, SourceMap, Span, nearest};
use crate::model::{Digest, Text, is_name};
use crate::threads::shared;
use platform::{RawPlatform, RawPrerequisite};
use records::{
    RawAdapter, RawGroup, RawLayer, RawMetric, RawPreset, RawRail, RawRegistry, RawSettings, RawTelemetry, RawVariable,
};
use redaction::RawRedaction;
use rules::{RawCorrelation, RawRecommendation};
use shape::Shape;
use std::borrow::Cow;
use std::collections::BTreeMap;
use stored::{Content, Stored};
use thresholds::RawThresholds;
use toml::de::DeTable;
use tree::Table;

/// A record with the name that its path gives it.
pub(crate) struct Named<T> {
    pub(crate) name: Text,
    pub(crate) file: FileId,
    pub(crate) record: T,
}

/// Everything that the files of a catalog say.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) registry: Option<Named<RawRegistry>>,
    pub(crate) groups: Vec<Named<RawGroup>>,
    pub(crate) rails: Vec<Named<RawRail>>,
    pub(crate) presets: Vec<Named<RawPreset>>,
    pub(crate) modifiers: Vec<Named<RawLayer>>,
    pub(crate) metrics: Vec<RawMetric>,
    pub(crate) telemetry: Option<RawTelemetry>,
    pub(crate) thresholds: Option<RawThresholds>,
    pub(crate) redaction: Option<RawRedaction>,
    pub(crate) variables: Vec<RawVariable>,
    pub(crate) platform: RawPlatform,
    pub(crate) prerequisites: Vec<Named<RawPrerequisite>>,
    pub(crate) settings: RawSettings,
    pub(crate) correlations: Vec<RawCorrelation>,
    pub(crate) recommendations: Vec<Named<RawRecommendation>>,
    pub(crate) adapters: Vec<Named<RawAdapter>>,
    /// Templates by their path below `templates/`.
    pub(crate) templates: BTreeMap<Text, FileId>,
    /// SHA-256 over the path of every file and the digest of its text.
    pub(crate) digest: String,
    /// Path within the catalog of every file.
    pub(crate) paths: Vec<Text>,
}

/// Which optional parts of a catalog a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What a compile needs.
    Compile,
    /// Likewise, and the templates of adapters are parsed ahead, for they will be rendered.
    Artifacts,
    /// Also the settings that servers register, how telemetry is asked for and what is a secret: for files that were not
    /// compiled here, and for behaviour profiles.
    Settings,
    /// Also the rules that judge behaviour profiles.
    Judgement,
    /// Also what only checks need: the settings that servers register, and the rules with their cases.
    Check,
}

/// Which parts of the files are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    /// The rails' own cases.
    pub(crate) cases: bool,
    /// The settings that servers register, how telemetry is asked for, and what is a secret.
    pub(crate) settings: bool,
    /// The rules that judge behaviour profiles.
    pub(crate) rules: bool,
}

/// Reads the files of a catalog.
pub(crate) fn load(files: DataSet, parts: Parts, sources: &mut SourceMap, diags: &mut Diagnostics) -> Records {
    let mut records = Records::default();
    let files = files.into_sources(sources, diags);
    let mut digest = Digest::default();
    for (listed, (decoded, faults, text)) in files.iter().zip(decode_all(&files, parts, sources)) {
        digest.feed(&listed.path);
        digest.feed(&text);
        diags.extend(faults);
        if let Some(decoded) = decoded {
            records.add(&listed.path, listed.file, decoded, diags);
        }
    }
    records.digest = digest.finish();
    records.paths = files.into_iter().map(|listed| listed.path).collect();
    if records.registry.is_none() {
        diags.push(
            Diagnostic::error(Code::MissingField, "the catalog has no `registry/registry.toml`")
                .help("`tdsql init DIR` writes a complete catalog out"),
        );
    }
    records
}

/// What one file turned out to say, with its faults and the digest of its text.
type Read = (Option<Decoded>, Diagnostics, Cow<'static, str>);

/// Decodes every file, in order. Files do not depend on each other, and reading them is most of a cold start.
fn decode_all(files: &[Listed], parts: Parts, sources: &SourceMap) -> Vec<Read> {
    /// Below so many bytes a thread costs more than it saves.
    const WORTH_A_THREAD: usize = 64 * 1024;
    let total: usize = files.iter().map(|listed| sources.text(listed.file).len()).sum();
    let read = |(): &mut (), index: usize| {
        let listed = &files[index];
        let (decoded, faults) = decode_file(listed, parts, sources);
        let digest = match listed.built {
            Some(built) => Cow::Borrowed(built.digest),
            None => Cow::Owned(Digest::of(sources.text(listed.file))),
        };
        (decoded, faults, digest)
    };
    shared(total >= WORTH_A_THREAD, files.len(), || (), read)
}

/// What one file says.
enum Decoded {
    Registry(Box<RawRegistry>),
    Group(RawGroup),
    Rail(Box<RawRail>),
    Preset(Box<RawPreset>),
    Modifier(Box<RawLayer>),
    Metrics(Vec<RawMetric>),
    Telemetry(Box<RawTelemetry>),
    Thresholds(Option<RawThresholds>),
    Redaction(Box<RawRedaction>),
    Variables(Vec<RawVariable>),
    Platform(Box<RawPlatform>),
    Prerequisite(Box<RawPrerequisite>),
    Settings(Box<RawSettings>),
    Correlations(Vec<RawCorrelation>),
    Recommendation(Box<RawRecommendation>),
    Adapter(Box<RawAdapter>),
    Template,
}

impl Records {
    fn add(&mut self, path: &Text, file: FileId, decoded: Decoded, diags: &mut Diagnostics) {
        let stem = part(path, |path| path.rsplit('/').next().and_then(|name| name.strip_suffix(".toml")));
        let below_templates = || part(path, |path| path.strip_prefix("templates/"));
        match decoded {
            Decoded::Registry(record) => {
                self.registry = Some(Named { name: stem, file, record: *record });
            }
            Decoded::Group(record) => self.groups.push(Named { name: stem, file, record }),
            Decoded::Rail(record) => named(stem, file, *record, &mut self.rails, diags),
            Decoded::Preset(record) => named(stem, file, *record, &mut self.presets, diags),
            Decoded::Modifier(record) => named(stem, file, *record, &mut self.modifiers, diags),
            Decoded::Metrics(records) => self.metrics.extend(records),
            Decoded::Telemetry(record) => self.telemetry = Some(*record),
            Decoded::Thresholds(record) => self.thresholds = record,
            Decoded::Redaction(record) => self.redaction = Some(*record),
            Decoded::Variables(records) => self.variables.extend(records),
            Decoded::Platform(record) => self.platform = *record,
            Decoded::Prerequisite(record) => named(stem, file, *record, &mut self.prerequisites, diags),
            Decoded::Settings(more) => self.settings.extend(*more),
            Decoded::Correlations(records) => self.correlations.extend(records),
            Decoded::Recommendation(record) => named(stem, file, *record, &mut self.recommendations, diags),
            Decoded::Adapter(record) => {
                let folder = part(path, |path| path.split('/').nth(2));
                named(folder, file, *record, &mut self.adapters, diags);
            }
            Decoded::Template => {
                self.templates.insert(below_templates(), file);
            }
        }
    }
}

/// A part of a path: nothing where it has none such.
fn part(path: &Text, of: impl Fn(&str) -> Option<&str>) -> Text {
    match path {
        Text::Borrowed(path) => Text::Borrowed(of(path).unwrap_or_default()),
        Text::Owned(path) => Text::Owned(of(path).unwrap_or_default().to_owned()),
    }
}

fn decode_file(listed: &Listed, wanted: Parts, sources: &SourceMap) -> (Option<Decoded>, Diagnostics) {
    let mut diags = Diagnostics::default();
    let (path, file) = (listed.path.as_ref(), listed.file);
    let stored = listed.built.filter(|built| !built.tree.is_empty());
    let stored = stored.map(|built| Stored::read(built.tree, built.text));
    let unread = Unread { file, text: sources.text(file), stored };
    let parts: Vec<&str> = path.split('/').collect();
    let d = &mut diags;
    let decoded = match parts.as_slice() {
        ["templates", "adapters", _, "adapter.toml"] => {
            decode(unread, d, &shape::ADAPTER, records::adapter).map(|record| Decoded::Adapter(Box::new(record)))
        }
        ["templates", ..] => Some(Decoded::Template),
        ["registry", "registry.toml"] => {
            decode(unread, d, &shape::REGISTRY, records::registry).map(|record| Decoded::Registry(Box::new(record)))
        }
        ["registry", "variables.toml"] => {
            Some(Decoded::Variables(decode(unread, d, &shape::VARIABLES, records::variables)))
        }
        ["registry", "platform.toml"] => {
            Some(Decoded::Platform(Box::new(decode(unread, d, &platform::PLATFORM, platform::platform))))
        }
        ["registry", "prerequisites", _] => decode(unread, d, &platform::PREREQUISITE, platform::prerequisite)
            .map(|record| Decoded::Prerequisite(Box::new(record))),
        ["registry", "parameters", _] => Some(Decoded::Group(decode(unread, d, &shape::PARAMETERS, records::group))),
        ["registry", "rails", _] => {
            let unread = if wanted.cases { unread } else { unread.without_cases() };
            decode(unread, d, &shape::RAIL, |d, row| records::rail(d, row, wanted.cases))
                .map(|record| Decoded::Rail(Box::new(record)))
        }
        ["registry", "metrics", _] => Some(Decoded::Metrics(decode(unread, d, &shape::METRICS, records::metrics))),
        ["registry", "telemetry.toml"] => wanted
            .settings
            .then(|| Decoded::Telemetry(Box::new(decode(unread, d, &shape::TELEMETRY, records::telemetry)))),
        ["registry", "thresholds.toml"] => {
            let unread = if wanted.cases { unread } else { unread.without_cases() };
            Some(Decoded::Thresholds(decode(unread, d, &thresholds::THRESHOLDS, |d, row| {
                thresholds::thresholds(d, row, wanted.cases)
            })))
        }
        ["registry", "redaction.toml"] => wanted
            .settings
            .then(|| Decoded::Redaction(Box::new(decode(unread, d, &redaction::REDACTION, redaction::redaction)))),
        ["registry", "settings", _] => {
            wanted.settings.then(|| Decoded::Settings(Box::new(decode(unread, d, &shape::SETTINGS, records::settings))))
        }
        ["registry", "correlations", _] => wanted.rules.then(|| {
            let build = |d: &mut Decoder<'_>, row: &decode::Row<'_>| rules::correlations(d, row, wanted.cases);
            Decoded::Correlations(decode(unread, d, &rules::CORRELATIONS, build))
        }),
        ["registry", "recommendations", _] => {
            let unread = if wanted.cases { unread } else { unread.without_cases() };
            let build = |d: &mut Decoder<'_>, row: &decode::Row<'_>| rules::recommendation(d, row, wanted.cases);
            let decoded = wanted.rules.then(|| decode(unread, d, &rules::RECOMMENDATION, build));
            decoded.flatten().map(|record| Decoded::Recommendation(Box::new(record)))
        }
        ["presets", _] => Some(Decoded::Preset(Box::new(decode(unread, d, &shape::PRESET, records::preset)))),
        ["modifiers", _] => Some(Decoded::Modifier(Box::new(decode(unread, d, &shape::MODIFIER, records::modifier)))),
        _ => {
            let folders =
                ["parameters", "rails", "metrics", "prerequisites", "settings", "correlations", "recommendations"];
            let mut diagnostic = Diagnostic::warning(Code::UnknownField, format!("`{path}` is read by nothing"))
                .at(Span::new(file, 0..0), "this file");
            if let Some(near) = parts.get(1).and_then(|folder| nearest(folder, folders)) {
                diagnostic = diagnostic.help(format!("did you mean `registry/{near}/`?"));
            }
            diags.push(diagnostic);
            None
        }
    };
    diags.sort();
    diags.dedup();
    let beyond = diags.truncate(MOST_FAULTS);
    if beyond > 0 {
        diags.push(
            Diagnostic::error(Code::TooLarge, format!("`{path}` has {beyond} faults more"))
                .at(Span::new(file, 0..0), "this file")
                .help("mend those above first"),
        );
    }
    (decoded, diags)
}

/// The most faults of one file that are told: nobody mends more at once.
const MOST_FAULTS: usize = 100;

/// A file that is to be decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unread<'t> {
    file: FileId,
    text: &'t str,
    /// What its TOML says, where the build script stored it.
    stored: Option<Stored>,
}

impl<'t> Unread<'t> {
    #[cfg(feature = "server")]
    pub(crate) fn new(file: FileId, text: &'t str) -> Self {
        Unread { file, text, stored: None }
    }

    /// Without a rule's cases, which only a check runs: they are a third of all rails' text. What is stored is not
    /// parsed, so it has nothing to leave out.
    fn without_cases(self) -> Self {
        if self.stored.is_some() {
            return self;
        }
        match self.text.find("\n[[case]]") {
            Some(cases) => Unread { text: &self.text[..=cases], ..self },
            None => self,
        }
    }
}

fn named<T>(name: Text, file: FileId, record: T, into: &mut Vec<Named<T>>, diags: &mut Diagnostics) {
    if !is_name(&name) {
        diags.push(
            Diagnostic::error(Code::InvalidKey, format!("`{name}` cannot be a name"))
                .at(Span::new(file, 0..0), "the file's stem, or the folder, is the name")
                .help("use lower-case letters, digits and hyphens"),
        );
    }
    into.push(Named { name, file, record });
}

/// Decodes one file's top-level table, parsing the file if nobody did. A file with syntax faults is decoded as far as it
/// can be, so that what others refer to is known, but its faults of shape are not reported on top.
pub(crate) fn decode<T>(
    unread: Unread<'_>,
    diags: &mut Diagnostics,
    shape: &'static Shape,
    build: impl FnOnce(&mut Decoder<'_>, &decode::Row<'_>) -> T,
) -> T {
    let Unread { file, text, stored } = unread;
    let whole = Span::new(file, 0..0);
    if let Some(Content::Table(stored)) = stored.map(Stored::content) {
        let mut decoder = Decoder::new(file, text, diags);
        let row = decoder.row(shape, Table::Stored(stored), whole);
        return build(&mut decoder, &row);
    }
    let (document, faults) = DeTable::parse_recoverable(text);
    let mut muted = Diagnostics::default();
    let broken = !faults.is_empty();
    for fault in faults {
        diags.push(syntax(file, text, &fault));
    }
    let mut decoder = Decoder::new(file, text, if broken { &mut muted } else { diags });
    let row = decoder.row(shape, Table::Parsed(document.get_ref()), whole);
    build(&mut decoder, &row)
}

fn syntax(file: FileId, text: &str, fault: &toml::de::Error) -> Diagnostic {
    let range = fault.span().unwrap_or(0..0);
    let message = fault.message().lines().next().unwrap_or("not valid TOML");
    let code = if message.contains("duplicate key") {
        Code::DuplicateKey
    } else if message.contains("recurs") {
        Code::TooDeep
    } else {
        Code::Syntax
    };
    let help = match code {
        Code::DuplicateKey => "keep one of the two",
        Code::TooDeep => "a data file never needs such nesting",
        _ if text.get(range.clone()).is_some_and(|found| found.contains('\t')) => "use spaces",
        _ => "see the TOML specification, toml.io, for how values are written",
    };
    Diagnostic::error(code, message.to_owned()).at(Span::new(file, range), "here").help(help)
}
