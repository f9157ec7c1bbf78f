//! `check`, `schema`, `init`, `completions`.

use super::args::{Check, CheckFormat, Tdsql};
use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::diag::{self, Diagnostics, Format, SourceMap, Style};
use crate::loader::{self, DataSet, Depth};
use crate::publish::{OutputFile, publish};
use clap::CommandFactory as _;
use clap_complete::Shell;
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn check(session: &mut Session, options: &Check) -> Outcome {
    let files = session.files(options.dir.as_deref())?;
    let count = files.len();
    let (sources, diagnostics) = match Catalog::link(files, Depth::Check) {
        Err(broken) => {
            let mut found = broken.diagnostics;
            found.extend(broken.catalog.iter().flat_map(crate::check::circles));
            found.sort();
            (broken.sources, found)
        }
        Ok(mut catalog) => {
            let mut found = crate::check::check(&catalog);
            found.extend(std::mem::take(&mut catalog.warnings));
            found.sort();
            (catalog.sources, found)
        }
    };
    report(session, options.format, &sources, &diagnostics, count)?;
    Ok(if diagnostics.has_errors() { Exit::Catalog } else { Exit::Done })
}

fn report(
    session: &Session,
    format: CheckFormat,
    sources: &SourceMap,
    diagnostics: &Diagnostics,
    files: usize,
) -> Result<(), Failure> {
    // Standard output has them; where a form was chosen for standard error, that has them too.
    if session.chose_errors() {
        session.report(sources, diagnostics.as_slice());
    }
    let format = match format {
        CheckFormat::Json => {
            let found: Vec<Value> = diagnostics.iter().map(|diagnostic| diag::to_json(sources, diagnostic)).collect();
            session.terminal.out_json(&json!({ "diagnostics": found, "files": files }))?;
            return Ok(());
        }
        CheckFormat::Text => Format::Text,
        CheckFormat::Short => Format::Short,
        CheckFormat::Github => Format::Github,
        CheckFormat::Sarif => Format::Sarif,
    };
    let style = Style { color: session.terminal.out_colored, width: session.terminal.width };
    let text = diag::render(format, sources, diagnostics.as_slice(), style);
    if !text.is_empty() {
        session.terminal.out(&text)?;
    }
    if !session.quiet {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let warnings = diagnostics.len() - errors;
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        session.terminal.err(&format!(
            "checked {}: {}, {}",
            counted(files, "file"),
            counted(errors, "error"),
            counted(warnings, "warning")
        ));
    }
    Ok(())
}

pub(super) fn schema(session: &mut Session, kind: &str) -> Outcome {
    let found = loader::schema::kinds().find(|known| known.name == kind || known.aliases.contains(&kind));
    if let Some(kind) = found {
        session.terminal.out_json(&loader::schema::schema(kind))?;
    }
    Ok(Exit::Done)
}

pub(super) fn init(session: &mut Session, dir: &Path) -> Outcome {
    let embedded = DataSet::embedded();
    let files: Vec<OutputFile> = embedded
        .iter()
        .map(|(path, text)| OutputFile { path: path.to_owned(), content: text.as_bytes().to_vec() })
        .collect();
    publish(dir, &[], &files).map_err(|error| Failure::file("", &error))?;
    if !session.quiet {
        session.terminal.err(&format!(
            "wrote {} files to {}; `tdsql --data {} …` uses them",
            files.len(),
            dir.display(),
            dir.display()
        ));
    }
    Ok(Exit::Done)
}

pub(super) fn completions(session: &mut Session, shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Tdsql::command(), "tdsql", &mut script);
    session.terminal.out(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
