//! `tdsql explain`.

use super::args::ListFormat;
use super::session::{Failure, Session};
use super::subject::{self, RUNNING, Subject, quoted};
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::compile::{Compilation, Given, Page, Request, explore};
use crate::diag::{Diagnostic, Diagnostics};
use crate::explain::{self, Question};
use crate::model::{ConfigProfile, Notice};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// What is explained.
#[derive(Debug, Subcommand)]
// Only the arguments of the command that is run are made.
#[command(defer = true)]
pub(super) enum Explain {
    /// Explain one parameter: its value, where it comes from, what follows it, and the guard rails that watch it.
    Key(Key),
    /// Explain a preset: what it promises, how the topology follows, and which safety values it holds.
    Preset(Preset),
    /// Explain a compiled profile: what each override did, and how each value came about.
    Profile(Profile),
}

// Options of `explain key`.
#[derive(Debug, Args)]
pub(super) struct Key {
    /// The parameter: its key, or a name that the server, the plugin or an SDK has for it.
    key: String,
    /// The preset; without one the registry alone is evaluated.
    #[arg(short, long)]
    preset: Option<String>,
    /// The workload modifier.
    #[arg(short, long)]
    modifier: Option<String>,
    /// Set a parameter, and show before and after; repeatable.
    #[arg(short, long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Explain the value of this compiled profile.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "modifier"])]
    profile: Option<PathBuf>,
    /// How many steps down the derivation is shown.
    #[arg(long, value_name = "STEPS", default_value_t = Question::DEPTH)]
    depth: usize,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
}

// Options of `explain preset`.
#[derive(Debug, Args)]
pub(super) struct Preset {
    /// The preset.
    preset: String,
    /// The workload modifier.
    #[arg(short, long)]
    modifier: Option<String>,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
}

// Options of `explain profile`.
#[derive(Debug, Args)]
pub(super) struct Profile {
    /// The `profile.json` or `.yaml` that a compile wrote.
    file: PathBuf,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ListFormat,
}

impl Explain {
    /// What is printed.
    pub(super) fn format(&self) -> ListFormat {
        match self {
            Explain::Key(options) => options.format,
            Explain::Preset(options) => options.format,
            Explain::Profile(options) => options.format,
        }
    }
}

pub(super) fn run(session: &mut Session, what: &Explain) -> Outcome {
    match what {
        Explain::Key(options) => key(session, options),
        Explain::Preset(options) => preset(session, options),
        Explain::Profile(options) => profile(session, options),
    }
}

fn key(session: &mut Session, options: &Key) -> Outcome {
    let catalog = session.catalog()?;
    let mut diags = Diagnostics::default();
    let profile = options.profile.as_deref().and_then(|path| subject::profile(path, catalog, &mut diags));
    let given = subject::assignments(&options.set, catalog, &mut diags);
    let catalog: &'static Catalog = catalog;
    let found = explain::find(catalog, &options.key).map_err(|fault| diags.push(*fault)).ok();
    let mut notices = Vec::new();
    let base = match (&profile, &options.profile) {
        (Some(profile), Some(path)) => of_profile(catalog, profile, path, &mut notices),
        _ => Request {
            preset: options.preset.clone().unwrap_or_default(),
            modifier: options.modifier.clone(),
            ..Request::default()
        },
    };
    // The overrides of a profile are what was asked about, unless more is set on top.
    let before = match (given.is_empty(), base.given.is_empty()) {
        (true, true) => None,
        (true, false) => Some(Request { given: Vec::new(), ..base.clone() }),
        (false, _) => Some(base.clone()),
    };
    let mut request = base;
    request.given.extend(given);
    let compiled = explore(catalog, &request);
    let (mut compilation, found) = match (compiled, found) {
        (Ok(compilation), Some(found)) if !diags.iter().any(Diagnostic::is_error) => (compilation, found),
        (compiled, _) => return Err(refused(catalog, diags, compiled.err())),
    };
    let mut before = before.and_then(|before| explore(catalog, &before).ok());
    let asked = (!found.by_key).then(|| options.key.clone());
    let question = Question { asked, depth: options.depth, ..Question::new(found.id) };
    let mut explanation = compilation.explain_key(&question, before.as_mut());
    if let (Some(profile), Some(path), true) = (&profile, &options.profile, options.set.is_empty()) {
        explain::against_profile(&mut explanation, profile, &path.display().to_string());
    }
    let key = &explanation.fact.key;
    explanation.notices.extend(notices.into_iter().filter(|notice| notice.parameter_keys.contains(key)));
    let next = next_of_key(options, key);
    tell(session, catalog, options.format, &explanation, next, |page| compilation.key_text(&explanation, page))
}

fn next_of_key(options: &Key, key: &str) -> Vec<(String, String)> {
    if !options.set.is_empty() {
        return Vec::new();
    }
    let with = match (&options.profile, &options.preset) {
        (Some(path), _) => format!(" --profile {}", quoted(&path.display().to_string())),
        (None, Some(preset)) => {
            let modifier = options.modifier.as_ref().map(|modifier| format!(" -m {modifier}")).unwrap_or_default();
            format!(" --preset {preset}{modifier}")
        }
        (None, None) => {
            return vec![(
                format!("tdsql explain key {key} --preset PRESET"),
                "see it in a preset, which decides what the registry only proposes".to_owned(),
            )];
        }
    };
    vec![(format!("tdsql explain key {key}{with} -s KEY=VALUE"), "see it before and after a change".to_owned())]
}

fn preset(session: &mut Session, options: &Preset) -> Outcome {
    let catalog: &'static Catalog = session.catalog()?;
    let named = Subject::Named { preset: options.preset.clone(), modifier: options.modifier.clone() };
    let mut compilation = crate::compile::compile(catalog, &named.request(), "")
        .map_err(|faults| refused(catalog, Diagnostics::default(), Some(faults)))?;
    let explanation =
        compilation.explain_preset().map_err(|faults| refused(catalog, Diagnostics::default(), Some(faults)))?;
    let modifier = options.modifier.as_ref().map(|modifier| format!(" -m {modifier}")).unwrap_or_default();
    let next = vec![
        (
            format!("tdsql explain key KEY --preset {}{modifier}", options.preset),
            "see one value down to the inputs".to_owned(),
        ),
        (format!("tdsql compile {}{modifier} -o out", options.preset), "write the artifacts".to_owned()),
    ];
    tell(session, catalog, options.format, &explanation, next, |page| compilation.preset_text(&explanation, page))
}

fn profile(session: &mut Session, options: &Profile) -> Outcome {
    let catalog = session.catalog()?;
    let mut diags = Diagnostics::default();
    let Some(profile) = subject::profile(&options.file, catalog, &mut diags) else {
        return Err(refused(catalog, diags, None));
    };
    let catalog: &'static Catalog = catalog;
    let mut notices = Vec::new();
    let request = of_profile(catalog, &profile, &options.file, &mut notices);
    let mut compilation: Compilation<'_> =
        crate::compile::compile(catalog, &request, "").map_err(|faults| refused(catalog, diags, Some(faults)))?;
    let mut explanation = compilation
        .explain_profile(&profile)
        .map_err(|faults| refused(catalog, Diagnostics::default(), Some(faults)))?;
    explanation.notices.extend(notices);
    let next = vec![(
        format!("tdsql explain key KEY --profile {}", quoted(&options.file.display().to_string())),
        "see one value down to the inputs".to_owned(),
    )];
    tell(session, catalog, options.format, &explanation, next, |page| compilation.profile_text(&explanation, page))
}

/// What compiles to a profile with the catalog of today. An override or a version that it does not take any more is left
/// out, and a notice says so.
fn of_profile(catalog: &Catalog, profile: &ConfigProfile, path: &Path, notices: &mut Vec<Notice>) -> Request {
    let name = path.display().to_string();
    let (request, left) = crate::compile::again(catalog, profile);
    notices.extend(left);
    let given = request.given.into_iter().map(|given| match given.origin.as_str() {
        RUNNING => Given { origin: name.clone(), ..given },
        _ => given,
    });
    Request { given: given.collect(), ..request }
}

fn refused(catalog: &'static Catalog, diags: Diagnostics, more: Option<Diagnostics>) -> Failure {
    let mut all: Diagnostics = diags.into_iter().chain(more.into_iter().flatten()).collect();
    all.sort();
    all.dedup();
    Failure::Refused(&catalog.sources, all)
}

/// Prints an explanation: its JSON, or its text.
fn tell(
    session: &Session,
    catalog: &'static Catalog,
    format: ListFormat,
    explanation: &impl serde::Serialize,
    next: Vec<(String, String)>,
    text: impl FnOnce(&Page) -> Result<String, Diagnostics>,
) -> Outcome {
    match format {
        ListFormat::Json => session.terminal.out_json(explanation)?,
        ListFormat::Text => {
            let page = Page { width: session.terminal.width, colored: session.terminal.out_colored, next };
            let text = text(&page).map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
            session.terminal.out(&text)?;
        }
    }
    Ok(Exit::Done)
}
