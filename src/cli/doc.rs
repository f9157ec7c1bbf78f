//! `tdsql doc`.

use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::loader::Depth;
use crate::publish::{OutputFile, publish};
use crate::reference;
use clap::Args;
use std::path::PathBuf;

/// Options of `doc`.
#[derive(Debug, Args)]
pub(super) struct Doc {
    /// Write the pages into this folder, all or nothing; without it, they are printed as one document.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(session: &mut Session, options: &Doc) -> Outcome {
    // The rails' own cases are part of the reference.
    let catalog: &'static Catalog = Box::leak(Box::new(Catalog::link(session.files(None)?, Depth::Check)?));
    session.report(&catalog.sources, catalog.warnings.as_slice());
    let pages = reference::pages(catalog).map_err(|faults| Failure::Refused(&catalog.sources, faults))?;
    let Some(dir) = &options.out else {
        session.terminal.out(&reference::document(&pages))?;
        return Ok(Exit::Done);
    };
    let files: Vec<OutputFile> =
        pages.into_iter().map(|page| OutputFile { path: page.path, content: page.text.into_bytes() }).collect();
    let owned: Vec<String> =
        files.iter().map(|file| file.path.split('/').next().unwrap_or_default().to_owned()).collect();
    publish(dir, &owned, &files).map_err(|error| Failure::file("", &error))?;
    if !session.quiet {
        session.terminal.err(&format!("wrote {} pages to {}", files.len(), dir.display()));
    }
    Ok(Exit::Done)
}
