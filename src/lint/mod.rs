//! Judges the files of a deployment that was not compiled here: a dynamic configuration, a file of environment variables.
//!
//! What the server or the plugin makes of a file is what counts: what it refuses, what it passes over in silence, what it reads
//! otherwise than it looks. Which keys there are, what they take and what DSQL can carry comes from the catalog; the guard
//! rails themselves are judged over what the file says. Shown at work by `tests/it/cli_lint.rs`.

mod convert;
mod dynamic_config;
mod entry;
mod env_file;
mod facts;

use crate::catalog::{Catalog, ParamId, ServerSettings};
use crate::compile::{Compilation, Request, compile, first_sentence};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::inputs::{Document, Entry};
use crate::model::{Scalar, clipped};
use semver::Version;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A dynamic configuration of the Temporal server: YAML.
    DynamicConfig,
    /// Environment variables: dotenv or Docker syntax.
    Env,
}

impl Kind {
    /// The kind that a file has by its name, else by its first line that says something.
    #[must_use]
    pub fn detect(name: &str, text: &str) -> Kind {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
        match file.rsplit_once('.') {
            Some((_, "yaml" | "yml" | "json")) => return Kind::DynamicConfig,
            Some((_, "env")) => return Kind::Env,
            _ if file.starts_with(".env") => return Kind::Env,
            _ => {}
        }
        let first = text
            .lines()
            .map(|line| line.trim_start_matches('\u{feff}').trim())
            .find(|line| !line.is_empty() && !line.starts_with('#'));
        let first = first.map_or("", |line| line.strip_prefix("export ").unwrap_or(line));
        let name = first.split_once('=').map_or("", |(name, _)| name.trim());
        let variable = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if variable { Kind::Env } else { Kind::DynamicConfig }
    }
}

/// What files are judged with: the catalog, the versions that run, and what the presets would set.
#[derive(Debug)]
pub struct Linter<'c> {
    catalog: &'c Catalog,
    temporal: Version,
    plugin: Version,
    /// The version lines of the server.
    lines: Vec<&'c str>,
    /// Every preset compiled for these versions, from the smallest load to the largest.
    presets: Vec<Compilation<'c>>,
}

impl<'c> Linter<'c> {
    /// Prepares to judge files for these versions; the catalog's defaults where none is named. The catalog must have been linked
    /// with the settings that servers register.
    ///
    /// # Errors
    ///
    /// A version that the catalog does not know.
    pub fn new(
        catalog: &'c Catalog,
        temporal_version: Option<&str>,
        plugin_version: Option<&str>,
    ) -> Result<Self, Diagnostics> {
        let mut presets = Vec::with_capacity(catalog.presets.len());
        for preset in catalog.presets.keys() {
            let request = Request {
                preset: preset.to_string(),
                temporal_version: temporal_version.map(str::to_owned),
                plugin_version: plugin_version.map(str::to_owned),
                ..Request::default()
            };
            presets.push(compile(catalog, &request, "")?);
        }
        presets.sort_by(|a, b| {
            let least = |one: &Compilation<'_>| {
                one.resolution.inputs.preset.map_or(0.0, |preset| preset.throughput.min_st_per_sec)
            };
            least(a).total_cmp(&least(b))
        });
        let inputs = presets.first().map(|first| &first.resolution.inputs);
        let temporal = inputs.map_or_else(|| catalog.temporal.default.clone(), |inputs| inputs.temporal.clone());
        let plugin = inputs.map_or_else(|| catalog.plugin.default.clone(), |inputs| inputs.plugin.clone());
        let lines = ServerSettings::lines(&catalog.temporal, &temporal);
        Ok(Linter { catalog, temporal, plugin, lines, presets })
    }

    /// Judges a dynamic configuration.
    pub fn dynamic_config(&self, document: &Document, diags: &mut Diagnostics) {
        dynamic_config::judge(self, document, true, diags);
    }

    /// The values that a dynamic configuration sets for all namespaces and task queues, by parameter; and what is wrong with the
    /// file, but for the guard rails.
    pub fn values(&self, document: &Document, diags: &mut Diagnostics) -> Vec<(ParamId, Scalar)> {
        dynamic_config::judge(self, document, false, diags)
    }

    /// Judges environment variables.
    pub fn env_file(&self, entries: &[Entry], diags: &mut Diagnostics) {
        env_file::judge(self, entries, diags);
    }

    /// What the presets set: `starter sets 3, mid-scale sets 30`; nothing where none emits it.
    fn presets_say(&self, id: ParamId) -> Option<String> {
        let values: Vec<(&str, String)> = self
            .presets
            .iter()
            .filter(|preset| preset.resolution.withheld(id).is_none())
            .filter_map(|one| Some((one.resolution.inputs.preset?.layer.name.as_ref(), one.resolution.text(id))))
            .collect();
        let (_, first) = values.first()?;
        if values.len() > 1 && values.iter().all(|(_, value)| value == first) {
            return Some(format!("every preset sets {}", quiet(first)));
        }
        let each: Vec<String> = values.iter().map(|(name, value)| format!("`{name}` sets {}", quiet(value))).collect();
        Some(each.join(", "))
    }

    /// A note where a value is what no preset sets.
    fn compare_with_presets(
        &self,
        id: ParamId,
        value: &Scalar,
        told: impl Fn(Diagnostic) -> Diagnostic,
    ) -> Option<Diagnostic> {
        let emitted = || self.presets.iter().filter(|preset| preset.resolution.withheld(id).is_none());
        if emitted().next().is_none() || emitted().any(|preset| preset.resolution.value(id) == value) {
            return None;
        }
        let parameter = self.catalog.parameter(id);
        let reason = first_sentence(parameter.rationale.trim());
        let shown = quiet(&parameter.value_type.text(value));
        let note = Diagnostic::note(Code::PresetValue, format!("no preset sets `{}` to {shown}", parameter.key));
        let help = format!("{}: {}", self.presets_say(id)?, reason.trim_end_matches('.'));
        Some(told(note).help(help).fact("key", parameter.key.clone()))
    }
}

/// A value in a sentence: text that is empty shows.
fn quiet(text: &str) -> String {
    if text.is_empty() { "no text".to_owned() } else { clipped(text) }
}
