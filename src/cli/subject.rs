//! What a command is about, as the commands share it: a preset with a modifier, a compiled profile in a file, and the
//! values that are laid over it.

use crate::catalog::Catalog;
use crate::compile::{Given, Request};
use crate::diag::{At, Code, Diagnostic, Diagnostics, FileId, Span};
use crate::inputs::{self, Entry, Origin};
use crate::model::ConfigProfile;
use std::path::Path;

/// The origin of what the process environment gives.
pub(super) const ENVIRONMENT: &str = "environment";

/// The origin of what a compiled profile says was set.
pub(super) const RUNNING: &str = "running";

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// A configuration that the user names: `preset`, `preset+modifier`, or the file of a compiled profile.
#[derive(Debug, Clone)]
pub(super) enum Subject {
    /// To be compiled.
    Named {
        /// The preset; nobody looked yet whether there is one of that name.
        preset: String,
        /// The modifier; likewise.
        modifier: Option<String>,
    },
    /// Compiled before.
    Profile(Box<ConfigProfile>),
}

impl Subject {
    /// Reads what the user wrote. A name that ends as the files of profiles do, or that leads to a file, is a file. Gives
    /// nothing where the file is no profile, which is then among the faults.
    pub(super) fn parse(text: &str, catalog: &mut Catalog, diags: &mut Diagnostics) -> Option<Subject> {
        let path = Path::new(text);
        let is_file =
            path.extension().is_some_and(|extension| ["json", "yaml", "yml"].iter().any(|of| extension == *of))
                || text.contains(std::path::MAIN_SEPARATOR)
                || (!catalog.presets.contains_key(text) && path.is_file());
        if is_file {
            return profile(path, catalog, diags).map(|profile| Subject::Profile(Box::new(profile)));
        }
        let (preset, modifier) = match text.split_once('+') {
            Some((preset, modifier)) => (preset, Some(modifier.to_owned())),
            None => (text, None),
        };
        Some(Subject::Named { preset: preset.to_owned(), modifier })
    }

    /// What compiles to it; a profile with the catalog of today.
    pub(super) fn request(&self) -> Request {
        match self {
            Subject::Named { preset, modifier } => {
                Request { preset: preset.clone(), modifier: modifier.clone(), ..Request::default() }
            }
            Subject::Profile(profile) => Request {
                preset: profile.preset_name.clone(),
                modifier: profile.modifier.clone(),
                given: overrides_of(profile),
                temporal_version: Some(profile.temporal_server_version.to_string()),
                plugin_version: Some(profile.dsql_plugin_version.to_string()),
                ..Request::default()
            },
        }
    }
}

/// What a compiled profile says was set.
pub(super) fn overrides_of(profile: &ConfigProfile) -> Vec<Given> {
    let given = profile.overrides.values.iter();
    given.map(|(key, value)| Given { origin: RUNNING.to_owned(), ..Given::new(key.clone(), value.clone()) }).collect()
}

/// The `KEY=VALUE` arguments of `-s`.
pub(super) fn assignments(set: &[String], catalog: &mut Catalog, diags: &mut Diagnostics) -> Vec<Given> {
    inputs::parse_assignments(set, &mut catalog.sources, diags).into_iter().map(convert).collect()
}

/// What a values file sets.
pub(super) fn values_file(path: &Path, catalog: &mut Catalog, diags: &mut Diagnostics) -> Vec<Given> {
    let Some(text) = read_text(path, catalog, diags) else { return Vec::new() };
    let name = path.display().to_string();
    inputs::parse_values(&name, &text, &mut catalog.sources, diags).into_iter().map(convert).collect()
}

/// What a file of environment variables sets.
pub(super) fn env_file(path: &Path, catalog: &mut Catalog, diags: &mut Diagnostics) -> Vec<Given> {
    let Some(text) = read_text(path, catalog, diags) else { return Vec::new() };
    let public: Vec<String> = catalog.variables_of_parameters().map(str::to_owned).collect();
    let public = |name: &str| public.iter().any(|known| known == name);
    let name = path.display().to_string();
    let entries = inputs::parse_env_file(&name, &text, &public, &mut catalog.sources, diags);
    entries.into_iter().map(convert).collect()
}

/// The process's variables; those that are not UTF-8 are none of ours.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// A pair of an input as a compile takes it.
pub(super) fn convert(entry: Entry) -> Given {
    let (origin, variable) = match entry.origin {
        Origin::Flag => ("--set".to_owned(), false),
        Origin::ValuesFile(name) => (name, false),
        Origin::EnvFile(name) => (name, true),
        Origin::Environment => (ENVIRONMENT.to_owned(), true),
    };
    Given { key: entry.key, value: At { value: entry.value.value, span: entry.value.span }, origin, variable }
}

/// Reads one of the user's files. One that is too large or not UTF-8 is the user's fault, one that cannot be read is not.
pub(super) fn read_text(path: &Path, catalog: &mut Catalog, diags: &mut Diagnostics) -> Option<String> {
    let shown = path.display().to_string();
    let bytes = match read_bytes(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            diags.push(
                Diagnostic::error(Code::Io, format!("cannot read `{shown}`: {error}"))
                    .help("name a file that can be read"),
            );
            return None;
        }
    };
    if bytes.len() as u64 > LARGEST_FILE {
        let file = catalog.sources.add(shown.clone(), "");
        let message = format!("`{shown}` has more than {LARGEST_FILE} bytes");
        diags.push(refused(file, Code::TooLarge, message));
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let file = catalog.sources.add(shown.clone(), "");
            let at = error.utf8_error().valid_up_to();
            diags.push(refused(file, Code::Syntax, format!("`{shown}` is not UTF-8 text (byte {at})")));
            None
        }
    }
}

/// A file's bytes; one more than are read at most tells that there are more. A pipe or a device has no length to ask for.
fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, LARGEST_FILE + 1), &mut bytes)?;
    Ok(bytes)
}

fn refused(file: FileId, code: Code, message: String) -> Diagnostic {
    Diagnostic::error(code, message)
        .at(Span::new(file, 0..0), "this file")
        .help("give a text file of key and value pairs")
}

/// Reads the file of a compiled profile, JSON or YAML.
pub(super) fn profile(path: &Path, catalog: &mut Catalog, diags: &mut Diagnostics) -> Option<ConfigProfile> {
    let text = read_text(path, catalog, diags)?;
    let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let parsed: Result<ConfigProfile, String> = if yaml {
        serde_yaml::from_str(&text).map_err(|error| error.to_string())
    } else {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    };
    match parsed {
        Ok(profile) => Some(profile),
        Err(error) => {
            let file = catalog.sources.add(path.display().to_string(), text);
            let first = error.lines().next().unwrap_or_default().to_owned();
            diags.push(
                Diagnostic::error(Code::InvalidValue, format!("not a compiled profile: {first}"))
                    .at(Span::new(file, 0..0), "this file")
                    .help("give the `profile.json` that `tdsql compile -o DIR` wrote"),
            );
            None
        }
    }
}

/// An argument as a shell takes it unchanged.
pub(super) fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"=._-/:@%+,".contains(&b));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
