//! `tdsql lint`.

use super::args::{CheckFormat, Lint, LintKind};
use super::session::{Failure, Session};
use super::subject::read_text;
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::diag::{self, Code, Diagnostic, Diagnostics, Format, Severity, Style};
use crate::inputs::{self, Document, Entry};
use crate::lint::{Kind, Linter};
use crate::loader::Depth;
use serde_json::{Value, json};

/// What a file turned out to be.
enum File {
    DynamicConfig(Document),
    Env(Vec<Entry>),
}

/// The most findings of one run that are told.
const MOST_FINDINGS: usize = 1_000;

pub(super) fn run(session: &mut Session, options: &Lint) -> Outcome {
    let catalog = session.catalog_at(Depth::Settings)?;
    let mut diags = Diagnostics::default();
    let files = read(options, catalog, &mut diags);
    let catalog: &'static Catalog = catalog;
    let linter = Linter::new(catalog, options.temporal_version.as_deref(), options.plugin_version.as_deref())
        .map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
    for file in &files {
        match file {
            File::DynamicConfig(document) => linter.dynamic_config(document, &mut diags),
            File::Env(entries) => linter.env_file(entries, &mut diags),
        }
    }
    diags.sort();
    diags.dedup();
    let unread = diags.iter().any(|diagnostic| diagnostic.code == Code::Io);
    let failed = diags.has_errors();
    tell(session, options, catalog, diags)?;
    Ok(match (unread, failed) {
        (true, _) => Exit::Outside,
        (false, true) => Exit::Refused,
        (false, false) => Exit::Done,
    })
}

fn read(options: &Lint, catalog: &mut Catalog, diags: &mut Diagnostics) -> Vec<File> {
    let public: Vec<String> = catalog.variables_of_parameters().map(str::to_owned).collect();
    let public = |name: &str| public.iter().any(|known| known == name);
    let mut files = Vec::new();
    for path in &options.files {
        let Some(text) = read_text(path, catalog, diags) else { continue };
        let name = path.display().to_string();
        let kind = match options.kind {
            Some(LintKind::DynamicConfig) => Kind::DynamicConfig,
            Some(LintKind::Env) => Kind::Env,
            None => Kind::detect(&name, &text),
        };
        files.push(match kind {
            Kind::DynamicConfig => {
                File::DynamicConfig(inputs::parse_document(&name, &text, &mut catalog.sources, diags))
            }
            Kind::Env => File::Env(inputs::parse_env_file(&name, &text, &public, &mut catalog.sources, diags)),
        });
    }
    files
}

fn tell(session: &Session, options: &Lint, catalog: &Catalog, mut diags: Diagnostics) -> Result<(), Failure> {
    let sources = &catalog.sources;
    let count = |severity: Severity| diags.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    // Nobody reads more, and what comes first in a file comes first here.
    let beyond = diags.truncate(MOST_FINDINGS);
    if session.chose_errors() {
        session.report(sources, diags.as_slice());
    }
    let format = match options.format {
        CheckFormat::Json => {
            let found: Vec<Value> = diags.iter().map(|diagnostic| diag::to_json(sources, diagnostic)).collect();
            session
                .terminal
                .out_json(&json!({ "diagnostics": found, "files": options.files.len(), "beyond": beyond }))?;
            return Ok(());
        }
        CheckFormat::Text => Format::Text,
        CheckFormat::Short => Format::Short,
        CheckFormat::Github => Format::Github,
        CheckFormat::Sarif => Format::Sarif,
    };
    // Notes would bury what matters; a program reads all of them.
    let all = session.verbose() || format == Format::Sarif;
    let told: Vec<Diagnostic> = diags
        .into_iter()
        .filter(|diagnostic| all || diagnostic.severity != Severity::Note)
        .filter(|diagnostic| !session.quiet || diagnostic.is_error() || format == Format::Sarif)
        .collect();
    let style = Style { color: session.terminal.out_colored, width: session.terminal.width };
    let text = diag::render(format, sources, &told, style);
    if !text.is_empty() {
        session.terminal.out(&text)?;
    }
    if !session.quiet {
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let hidden = if notes > 0 && !all { " (-v shows them)" } else { "" };
        let more = if beyond > 0 { format!("; {beyond} of them are not shown") } else { String::new() };
        session.terminal.err(&format!(
            "read {}: {}, {}, {}{hidden}{more}",
            counted(options.files.len(), "file"),
            counted(errors, "error"),
            counted(warnings, "warning"),
            counted(notes, "note"),
        ));
    }
    Ok(())
}
