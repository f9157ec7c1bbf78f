//! `tdsql migrate`.

use super::args::{ListFormat, Migrate};
use super::session::{Failure, Session};
use super::subject::{environment, quoted, read_text};
use super::{Exit, Outcome};
use crate::catalog::{Catalog, ParamId};
use crate::diag::{Diagnostic, Diagnostics};
use crate::inputs::{self, Entry};
use crate::lint::Linter;
use crate::loader::Depth;
use crate::migrate::{Against, Compared, Migration, Suggestion, Suggestions, migrate_with, suggest};
use crate::model::{Scalar, Severity};
use crate::render::wrap;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

/// How many suggestions are shown at most.
const MOST_SUGGESTIONS: usize = 3;

pub(super) fn run(session: &mut Session, options: &Migrate) -> Outcome {
    let depth = if options.dynamic_config.is_some() { Depth::Settings } else { Depth::Compile };
    let catalog = session.catalog_at(depth)?;
    let mut diags = Diagnostics::default();
    let entries = entries(options, catalog, &mut diags);
    let running = options.dynamic_config.as_ref().and_then(|path| {
        let text = read_text(path, catalog, &mut diags)?;
        Some(inputs::parse_document(&path.display().to_string(), &text, &mut catalog.sources, &mut diags))
    });
    let catalog: &'static Catalog = catalog;
    let against = Against {
        preset: options.preset.clone().unwrap_or_else(|| catalog.default_preset.to_string()),
        modifier: options.modifier.clone(),
        temporal_version: options.temporal_version.clone(),
        plugin_version: options.plugin_version.clone(),
    };
    let settings = running.map_or_else(|| Ok(Vec::new()), |running| settings(session, options, catalog, &running));
    let judged = settings.and_then(|settings| migrate_with(catalog, &against, &entries, &settings));
    let (faults, warnings): (Vec<_>, Vec<_>) = diags.into_iter().partition(Diagnostic::is_error);
    let migration = match judged {
        Ok(migration) if faults.is_empty() => migration,
        outcome => {
            let mut all: Diagnostics = faults.into_iter().chain(outcome.err().into_iter().flatten()).collect();
            all.sort();
            return Err(Failure::Refused(&catalog.sources, all));
        }
    };
    session.report(&catalog.sources, &warnings);
    if !session.quiet && options.preset.is_none() {
        session.terminal.err(&format!("note: no preset named; the variables are held against `{}`", against.preset));
    }
    if !session.quiet && entries.is_empty() && options.dynamic_config.is_none() {
        let place = if options.env_file.is_empty() { "the environment has no variable" } else { "no variable" };
        session.terminal.err(&format!("note: {place} of a DSQL deployment; `--env-file FILE` reads others"));
    }
    let suggestions = options.suggest.then(|| {
        let version = |text: &Option<String>, default: &semver::Version| {
            // A version that could not be read was refused above.
            text.as_deref().and_then(crate::compile::read_version).unwrap_or_else(|| default.clone())
        };
        let temporal = version(&options.temporal_version, &catalog.temporal.default);
        let plugin = version(&options.plugin_version, &catalog.plugin.default);
        suggest(catalog, &migration.wanted, (&temporal, &plugin), MOST_SUGGESTIONS)
    });
    match options.format {
        ListFormat::Json => {
            session.terminal.out_json(&document(options, &migration, suggestions.as_ref()))?;
        }
        ListFormat::Text => {
            let text = Page { width: session.terminal.width }.text(options, &migration, suggestions.as_ref());
            session.terminal.out(&text)?;
        }
    }
    Ok(if migration.invalid.is_empty() { Exit::Done } else { Exit::Refused })
}

/// The variables: those of the files in their order, else those of the process that concern a deployment.
fn entries(options: &Migrate, catalog: &mut Catalog, diags: &mut Diagnostics) -> Vec<Entry> {
    if options.env_file.is_empty() {
        let prefixes = catalog.variable_prefixes.clone();
        let known: Vec<String> = catalog
            .variables_of_parameters()
            .chain(catalog.variables.keys().map(AsRef::as_ref))
            .map(str::to_owned)
            .collect();
        let ours = |name: &str| {
            prefixes.iter().any(|prefix| name.starts_with(prefix.as_ref())) || known.iter().any(|known| known == name)
        };
        return inputs::environment_entries(environment(), &ours, &mut catalog.sources);
    }
    let public: Vec<String> = catalog.variables_of_parameters().map(str::to_owned).collect();
    let public = |name: &str| public.iter().any(|known| known == name);
    let mut entries = Vec::new();
    for path in &options.env_file {
        if let Some(text) = read_text(path, catalog, diags) {
            let name = path.display().to_string();
            entries.extend(inputs::parse_env_file(&name, &text, &public, &mut catalog.sources, diags));
        }
    }
    entries
}

/// What a dynamic configuration sets. What is wrong with it is for `lint` to tell; here only that something is.
fn settings(
    session: &Session,
    options: &Migrate,
    catalog: &Catalog,
    document: &inputs::Document,
) -> Result<Vec<(ParamId, Scalar)>, Diagnostics> {
    let linter = Linter::new(catalog, options.temporal_version.as_deref(), options.plugin_version.as_deref())?;
    let mut found = Diagnostics::default();
    let values = linter.values(document, &mut found);
    let errors = found.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if errors > 0 && !session.quiet {
        let name = options.dynamic_config.as_ref().map(|path| quoted(&path.display().to_string())).unwrap_or_default();
        session
            .terminal
            .err(&format!("note: the dynamic configuration has faults; `tdsql lint {name}` tells them ({errors})"));
    }
    Ok(values)
}

/// The command that compiles a suggestion.
fn command(options: &Migrate, suggestion: &Suggestion) -> String {
    let mut text = format!("tdsql compile {}", suggestion.preset);
    if let Some(modifier) = &suggestion.modifier {
        text.push_str(&format!(" -m {modifier}"));
    }
    for (key, value) in &suggestion.overrides {
        text.push_str(&format!(" -s {}", quoted(&format!("{key}={value}"))));
    }
    for (flag, version) in
        [("--temporal-version", &options.temporal_version), ("--plugin-version", &options.plugin_version)]
    {
        if let Some(version) = version {
            text.push_str(&format!(" {flag} {}", quoted(version)));
        }
    }
    text
}

fn document(options: &Migrate, migration: &Migration, suggestions: Option<&Suggestions>) -> Value {
    let compared = |list: &[Compared]| -> Vec<Value> {
        list.iter()
            .map(|found| {
                json!({
                    "env_var": found.env_var,
                    "parameter_key": found.parameter_key,
                    "value": found.value,
                    "preset_default": found.preset_default,
                    "remarks": found.remarks,
                })
            })
            .collect()
    };
    let passed = |list: &[crate::migrate::Passed]| -> Vec<Value> {
        list.iter()
            .map(|found| json!({ "env_var": found.env_var, "kind": found.kind, "summary": found.summary }))
            .collect()
    };
    let near: serde_json::Map<String, Value> = migration
        .unknown
        .iter()
        .filter_map(|found| Some((found.env_var.clone(), json!(found.suggestion.as_ref()?))))
        .collect();
    let mut document = json!({
        "preset": migration.preset,
        "modifier": migration.modifier,
        "redundant": compared(&migration.redundant),
        "overriding": compared(&migration.overriding),
        "unknown": migration.unknown.iter().map(|found| &found.env_var).collect::<Vec<_>>(),
        "near": near,
        "invalid": migration.invalid.iter().map(|found| json!({
            "env_var": found.env_var,
            "parameter_key": found.parameter_key,
            "message": found.message,
            "effect": found.effect,
        })).collect::<Vec<_>>(),
        "secret": passed(&migration.secret),
        "pass_through": passed(&migration.pass_through),
        "ignored": passed(&migration.ignored),
        "empty": migration.empty,
        "guard_rail_results": migration.guard_rails,
        "refused": migration.refused,
    });
    if let (Some(suggestions), Some(fields)) = (suggestions, document.as_object_mut()) {
        let found: Vec<Value> = suggestions
            .found
            .iter()
            .map(|suggestion| {
                let overrides: serde_json::Map<String, Value> =
                    suggestion.overrides.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
                json!({
                    "preset": suggestion.preset,
                    "modifier": suggestion.modifier,
                    "overrides": { "values": overrides },
                    "command": command(options, suggestion),
                    "values_reproduced": suggestions.values,
                    "switches": suggestion.switches.iter().map(|(name, on)| json!({ "env_var": name, "value": on })).collect::<Vec<_>>(),
                    "errors": suggestion.errors,
                    "warnings": suggestion.warnings,
                })
            })
            .collect();
        fields.insert("suggestions".to_owned(), json!(found));
    }
    document
}

/// The report for a person.
struct Page {
    width: usize,
}

impl Page {
    fn text(&self, options: &Migrate, migration: &Migration, suggestions: Option<&Suggestions>) -> String {
        let mut text = migration.preset.clone();
        if let Some(modifier) = &migration.modifier {
            text.push_str(&format!(" + {modifier}"));
        }
        text.push('\n');
        self.compared(&mut text, "Redundant", "the preset says the same", &migration.redundant, false);
        self.compared(&mut text, "Overriding", "the preset says otherwise", &migration.overriding, true);
        self.list(
            &mut text,
            "Invalid",
            "no value of theirs is taken",
            migration
                .invalid
                .iter()
                .map(|found| (found.env_var.as_str(), vec![found.message.clone(), found.effect.clone()])),
        );
        self.list(
            &mut text,
            "Unknown",
            "nothing reads them",
            migration.unknown.iter().map(|found| {
                let near = found.suggestion.as_ref().map(|near| format!("did you mean `{near}`?"));
                (found.env_var.as_str(), near.into_iter().collect())
            }),
        );
        self.list(
            &mut text,
            "Secret",
            "values are never shown nor stored",
            migration.secret.iter().map(|found| (found.env_var.as_str(), Vec::new())),
        );
        self.list(
            &mut text,
            "Passed through",
            "no parameters; leave them as they are",
            migration.pass_through.iter().map(|found| (found.env_var.as_str(), vec![found.summary.clone()])),
        );
        self.list(
            &mut text,
            "Ignored",
            "nothing reads them; take them out",
            migration.ignored.iter().map(|found| (found.env_var.as_str(), vec![found.summary.clone()])),
        );
        self.list(
            &mut text,
            "Empty",
            "the same as not set",
            migration.empty.iter().map(|name| (name.as_str(), Vec::new())),
        );
        self.rails(&mut text, migration);
        if let Some(suggestions) = suggestions {
            self.suggestions(&mut text, options, suggestions);
        }
        text
    }

    fn head(text: &mut String, title: &str, count: usize, about: &str) {
        text.push_str(&format!("\n{title} ({count}): {about}\n"));
    }

    fn compared(&self, text: &mut String, title: &str, about: &str, list: &[Compared], both: bool) {
        if list.is_empty() {
            return;
        }
        Self::head(text, title, list.len(), about);
        let name = list.iter().map(|found| found.env_var.width()).max().unwrap_or(0);
        let value = list.iter().map(|found| found.value.to_string().width()).max().unwrap_or(0).min(24);
        for found in list {
            let shown = found.value.to_string();
            let pad = " ".repeat(value.saturating_sub(shown.width()));
            let preset = if !both {
                String::new()
            } else if found.preset_default.to_string().is_empty() {
                format!("{pad}  preset: nothing")
            } else {
                format!("{pad}  preset: {}", found.preset_default)
            };
            let gap = " ".repeat(name - found.env_var.width() + 2);
            text.push_str(&format!("  {}{gap}{shown}{preset}\n", found.env_var));
            for remark in &found.remarks {
                text.push_str(&format!("      {}\n", wrap(remark, self.width, 6)));
            }
        }
    }

    fn list<'n>(
        &self,
        text: &mut String,
        title: &str,
        about: &str,
        rows: impl Iterator<Item = (&'n str, Vec<String>)>,
    ) {
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return;
        }
        Self::head(text, title, rows.len(), about);
        for (name, remarks) in rows {
            text.push_str(&format!("  {name}\n"));
            for remark in remarks {
                text.push_str(&format!("      {}\n", wrap(&remark, self.width, 6)));
            }
        }
    }

    fn rails(&self, text: &mut String, migration: &Migration) {
        if !migration.refused.is_empty() {
            Self::head(text, "Refused", migration.refused.len(), "the variables cannot be laid over the preset");
            for message in &migration.refused {
                text.push_str(&format!("  {}\n", wrap(message, self.width, 2)));
            }
        }
        if migration.guard_rails.is_empty() {
            return;
        }
        Self::head(text, "Guard rails", migration.guard_rails.len(), "what fires with the variables over the preset");
        for found in &migration.guard_rails {
            let severity = if found.severity == Severity::Error { "error" } else { "warning" };
            text.push_str(&format!("  {severity}: {}\n", wrap(&found.message, self.width, 6)));
            text.push_str(&format!("      {}\n", wrap(&found.remedy, self.width, 6)));
        }
    }

    fn suggestions(&self, text: &mut String, options: &Migrate, suggestions: &Suggestions) {
        Self::head(
            text,
            "Suggested",
            suggestions.found.len(),
            &format!("compiled, and found to give all {} values that count", suggestions.values),
        );
        if suggestions.found.is_empty() {
            text.push_str("  no preset reproduces these values\n");
        }
        for suggestion in &suggestions.found {
            let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
            let mut about = counted(suggestion.overrides.len(), "override");
            if suggestion.errors > 0 {
                about.push_str(&format!(", but {} of guard rails", counted(suggestion.errors, "error")));
            } else if suggestion.warnings > 0 {
                about.push_str(&format!(", {} of guard rails", counted(suggestion.warnings, "warning")));
            }
            text.push_str(&format!("  {}\n      {about}\n", command(options, suggestion)));
            if !suggestion.switches.is_empty() {
                let switched: Vec<String> =
                    suggestion.switches.iter().map(|(name, on)| format!("{name}={on}")).collect();
                let told = format!("also switches what the variables leave alone: {}", switched.join(", "));
                text.push_str(&format!("      {}\n", wrap(&told, self.width, 6)));
            }
        }
    }
}
