//! `tdsql doc`.

use super::session::{Failure, Session};
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::loader::Depth;
use crate::publish::{OutputFile, publish};
use crate::reference;
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

// Options of `doc`.
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
    let owned = earlier(dir, &files);
    publish(dir, &owned, &files).map_err(|error| Failure::file("", &error))?;
    if !session.quiet {
        session.terminal.err(&format!("wrote {} pages to {}", files.len(), dir.display()));
    }
    Ok(Exit::Done)
}

/// The files of `dir`, and of the folders that pages stand in, that an earlier run wrote.
fn earlier(dir: &Path, files: &[OutputFile]) -> Vec<String> {
    let folders: BTreeSet<&str> =
        files.iter().map(|file| file.path.rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(dir.join(folder)).into_iter().flatten().flatten() {
            let page = entry.path().extension().is_some_and(|extension| extension == "md")
                && std::fs::read_to_string(entry.path()).is_ok_and(|text| reference::is_page(&text));
            if let (true, Ok(name)) = (page, entry.file_name().into_string()) {
                found.push(if folder.is_empty() { name } else { format!("{folder}/{name}") });
            }
        }
    }
    found
}
