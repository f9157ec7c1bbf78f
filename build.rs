//! Embeds the default catalog: every data file with its text, its digest, what its TOML says, and the catalog to which all of
//! them link. What is parsed and linked once here, no start has to parse and link.

// The modules of the program that read a catalog, as they are; some of what they have only the program uses.
#![allow(dead_code, unreachable_pub, unused_imports)]

#[path = "src/catalog/mod.rs"]
mod catalog;
#[path = "src/diag/mod.rs"]
mod diag;
#[path = "src/expr/mod.rs"]
mod expr;
#[path = "src/loader/mod.rs"]
mod loader;
#[path = "src/model/mod.rs"]
mod model;
#[path = "src/render/mod.rs"]
mod render;
#[path = "src/threads.rs"]
mod threads;

use catalog::Catalog;
use loader::{DataSet, Embedded, Embedding, stored};
use model::{Digest, Freezer, Frozen};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The folders of a catalog.
const FOLDERS: [&str; 4] = ["registry", "presets", "modifiers", "templates"];

/// What is about to be embedded.
static EMBEDDING: OnceLock<Embedding> = OnceLock::new();

impl DataSet {
    /// The counterpart of what the program reads from the binary.
    pub fn embedded() -> Self {
        EMBEDDING.get().map_or_else(DataSet::empty, |embedding| DataSet::of(*embedding))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut paths = Vec::new();
    for folder in FOLDERS {
        println!("cargo:rerun-if-changed={folder}");
        walk(&root, folder, &mut paths)?;
    }
    paths.sort_unstable();

    // Texts are copied, not named by their place: what was parsed and what is embedded cannot part, wherever the folder goes.
    let (mut files, mut texts, mut trees) = (Vec::new(), String::new(), Vec::new());
    for path in paths {
        let text = std::fs::read_to_string(root.join(&path)).map_err(|error| format!("{path}: {error}"))?;
        let (first, start) = (texts.len(), trees.len());
        texts.push_str(&text);
        if path.ends_with(".toml") {
            store(&text, &mut trees);
        }
        files.push(Embedded {
            path: path.leak(),
            text: first..texts.len(),
            digest: Digest::of(&text).leak(),
            tree: start..trees.len(),
        });
    }
    let mut table = String::from("&[\n");
    for Embedded { path, text, digest, tree } in &files {
        writeln!(table, "    Embedded {{ path: {path:?}, text: {text:?}, digest: {digest:?}, tree: {tree:?} }},")?;
    }
    table.push_str("]\n");
    let embedding =
        Embedding { files: files.leak(), texts: texts.leak(), trees: trees.leak(), frozen: Frozen::default() };
    EMBEDDING.set(embedding).map_err(|_| "the files are read once")?;
    // A catalog with faults is linked by the program, which tells them.
    let frozen = Catalog::embedded().map_or_else(|_| Freezer::default(), |catalog| catalog.frozen());
    std::fs::write(out.join("catalog.rs"), table)?;
    std::fs::write(out.join("catalog.texts"), embedding.texts)?;
    std::fs::write(out.join("catalog.trees"), embedding.trees)?;
    std::fs::write(out.join("catalog.frozen"), frozen.bytes)?;
    std::fs::write(out.join("catalog.frozen.texts"), frozen.texts)?;
    Ok(())
}

/// Every data file below a folder: no hidden one, outside `templates/` TOML alone.
fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let path = format!("{folder}/{name}");
        if entry.path().is_dir() {
            walk(root, &path, paths)?;
        } else if path.starts_with("templates/") || path.ends_with(".toml") {
            paths.push(path);
        }
    }
    Ok(())
}

/// Appends what a text says; nothing where it is no TOML, so that the loader parses it and tells the faults.
fn store(text: &str, out: &mut Vec<u8>) {
    let (document, faults) = DeTable::parse_recoverable(text);
    if faults.is_empty() {
        head(stored::TABLE, document.span(), out);
        table(document.get_ref(), text, out);
    }
}

fn head(tag: u8, place: std::ops::Range<usize>, out: &mut Vec<u8>) {
    out.push(tag);
    number(place.start, out);
    number(place.end, out);
}

fn number(number: usize, out: &mut Vec<u8>) {
    let number = u32::try_from(number).expect("data files are far smaller");
    out.extend(number.to_le_bytes());
}

fn string(value: &str, place: std::ops::Range<usize>, text: &str, out: &mut Vec<u8>) {
    // Between the quotes, if it is quoted: the first place where the characters stand is theirs, unless some are escaped.
    let written = text.get(place.clone()).unwrap_or_default();
    let as_read = !value.is_empty() && (written.starts_with('\'') || !written.contains('\\'));
    match written.find(value).filter(|_| as_read) {
        Some(at) => {
            head(stored::STRING_OF_FILE, place.clone(), out);
            number(place.start + at, out);
            number(place.start + at + value.len(), out);
        }
        None => {
            head(stored::STRING, place, out);
            number(value.len(), out);
            out.extend(value.as_bytes());
        }
    }
}

fn value(node: &Spanned<DeValue<'_>>, text: &str, out: &mut Vec<u8>) {
    let place = node.span();
    match node.get_ref() {
        DeValue::String(characters) => string(characters, place, text, out),
        DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(integer) => {
                head(stored::INTEGER, place, out);
                out.extend(integer.to_le_bytes());
            }
            Err(_) => head(stored::LARGE_INTEGER, place, out),
        },
        DeValue::Float(digits) => {
            head(stored::FLOAT, place, out);
            out.extend(digits.as_str().parse::<f64>().unwrap_or(f64::NAN).to_le_bytes());
        }
        DeValue::Boolean(false) => head(stored::FALSE, place, out),
        DeValue::Boolean(true) => head(stored::TRUE, place, out),
        DeValue::Datetime(_) => head(stored::DATETIME, place, out),
        DeValue::Array(items) => {
            head(stored::ARRAY, place, out);
            contents(items.len(), out, |out| items.iter().for_each(|item| value(item, text, out)));
        }
        DeValue::Table(entries) => {
            head(stored::TABLE, place, out);
            table(entries, text, out);
        }
    }
}

fn table(entries: &DeTable<'_>, text: &str, out: &mut Vec<u8>) {
    contents(2 * entries.len(), out, |out| {
        for (key, node) in entries {
            string(key.get_ref(), key.span(), text, out);
            value(node, text, out);
        }
    });
}

/// The length of what `write` appends, the count, and that.
fn contents(count: usize, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0; 4]);
    number(count, out);
    let first = out.len();
    write(out);
    let length = u32::try_from(out.len() - first).expect("data files are far smaller");
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}
