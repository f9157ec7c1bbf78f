//! Which files there are: the embedded catalog, with folders of the same layout laid over it.

use crate::diag::{Code, Diagnostic, Diagnostics, FileId, SourceMap, Span};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// A data file within the binary.
struct Embedded {
    path: &'static str,
    /// Its text, within [`TEXTS`].
    text: Range<usize>,
    digest: &'static str,
    /// What its TOML says, within [`TREES`]: nothing where it has none, or faults.
    tree: Range<usize>,
}

impl Embedded {
    fn text(&self) -> &'static str {
        TEXTS.get(self.text.clone()).unwrap_or_default()
    }

    fn tree(&self) -> &'static [u8] {
        TREES.get(self.tree.clone()).unwrap_or_default()
    }
}

// All three are made by the build script, in order of path.
static CATALOG: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
static TEXTS: &str = include_str!(concat!(env!("OUT_DIR"), "/catalog.texts"));
static TREES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.trees"));

/// The folders of a catalog.
const FOLDERS: [&str; 4] = ["registry", "presets", "modifiers", "templates"];

/// The largest data file that is read, in bytes. The shipped catalog's largest is a fiftieth of it.
pub const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// The deepest folder that is looked into; also ends a loop of symbolic links.
const DEEPEST_FOLDER: usize = 6;

/// One data file.
#[derive(Debug, Clone)]
struct DataFile {
    /// How diagnostics name it.
    shown: Cow<'static, str>,
    text: Cow<'static, str>,
    /// What the build script found out, if it stands in the binary.
    built: Option<Built>,
}

/// What is known of a data file since the build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Built {
    /// The digest of its text.
    pub(super) digest: &'static str,
    pub(super) text: &'static str,
    /// What its TOML says; empty if it must be parsed.
    pub(super) tree: &'static [u8],
}

/// One file of a catalog that is being loaded.
pub(super) struct Listed {
    /// Its path within the catalog.
    pub(super) path: Cow<'static, str>,
    pub(super) file: FileId,
    pub(super) built: Option<Built>,
}

/// The files of a catalog by their path within it.
#[derive(Debug, Clone, Default)]
pub struct DataSet {
    files: BTreeMap<Cow<'static, str>, DataFile>,
    /// What was laid over, as diagnostics name it.
    laid_over: Vec<String>,
    refused: Vec<(Code, String, String)>,
}

/// A folder that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}")]
pub struct ReadError {
    /// The file or folder.
    pub path: String,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

impl DataSet {
    /// No files at all.
    #[must_use]
    pub fn empty() -> Self {
        DataSet::default()
    }

    /// The catalog that is built into the binary.
    #[must_use]
    pub fn embedded() -> Self {
        let files = CATALOG.iter().map(|file| {
            let built = Some(Built { digest: file.digest, text: file.text(), tree: file.tree() });
            (Cow::Borrowed(file.path), DataFile { shown: file.path.into(), text: file.text().into(), built })
        });
        DataSet { files: files.collect(), ..DataSet::default() }
    }

    /// The TOML files within the binary: their text, and what the build script stored of it.
    #[cfg(test)]
    pub(super) fn trees() -> impl Iterator<Item = (&'static str, &'static [u8])> {
        let files = CATALOG.iter().filter(|file| file.path.ends_with(".toml"));
        files.map(|file| (file.text(), file.tree()))
    }

    /// Whether a folder has any of a catalog's folders.
    #[must_use]
    pub fn has_folders(dir: &Path) -> bool {
        FOLDERS.iter().any(|folder| dir.join(folder).is_dir())
    }

    /// Adds one file, as if it stood in a folder that is laid over.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<Cow<'static, str>>) {
        let path = path.into();
        self.laid_over.push(path.clone());
        let file = DataFile { shown: path.clone().into(), text: text.into(), built: None };
        self.files.insert(path.into(), file);
    }

    /// Whether a folder has the layout of a catalog: `templates/` alone says nothing.
    #[must_use]
    pub fn is_catalog(dir: &Path) -> bool {
        dir.join("registry/registry.toml").is_file()
            || ["presets", "modifiers"].iter().any(|folder| {
                std::fs::read_dir(dir.join(folder)).is_ok_and(|entries| {
                    entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "toml"))
                })
            })
    }

    /// Lays a folder over: a file of the same path replaces, a new one adds. `shown` is put before the paths in
    /// diagnostics.
    ///
    /// # Errors
    ///
    /// A folder or a file that cannot be read. Files that are too large or not UTF-8 become diagnostics of the load.
    pub fn lay_over(&mut self, dir: &Path, shown: &str) -> Result<(), ReadError> {
        for folder in FOLDERS {
            let path = dir.join(folder);
            if path.is_dir() {
                self.walk(&path, folder, shown, 0)?;
            }
        }
        Ok(())
    }

    fn walk(&mut self, dir: &Path, logical: &str, shown: &str, depth: usize) -> Result<(), ReadError> {
        let fault = |path: &Path, source| ReadError { path: path.display().to_string(), source };
        if depth > DEEPEST_FOLDER {
            return Ok(());
        }
        let mut entries = std::fs::read_dir(dir)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|source| fault(dir, source))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let logical = format!("{logical}/{name}");
            if path.is_dir() {
                // A link to a folder above would be read again and again.
                let above = path.is_symlink()
                    && path
                        .canonicalize()
                        .is_ok_and(|target| dir.canonicalize().is_ok_and(|dir| dir.starts_with(target)));
                if !above {
                    self.walk(&path, &logical, shown, depth + 1)?;
                }
            } else if is_data(&logical) {
                self.read(&path, logical, shown).map_err(|source| fault(&path, source))?;
            }
        }
        Ok(())
    }

    fn read(&mut self, path: &Path, logical: String, shown: &str) -> std::io::Result<()> {
        let metadata = std::fs::metadata(path)?;
        let shown = format!("{shown}{logical}");
        // A pipe or a device could be without end.
        if !metadata.is_file() {
            let message = format!("`{shown}` is no regular file");
            self.refused.push((Code::Io, shown, message));
            return Ok(());
        }
        if metadata.len() > LARGEST_FILE {
            let message = format!("`{shown}` has {} bytes; a data file may have {LARGEST_FILE}", metadata.len());
            self.refused.push((Code::TooLarge, shown, message));
            return Ok(());
        }
        match String::from_utf8(std::fs::read(path)?) {
            // The same text changes nothing, as in a clone of the project itself.
            Ok(text) if self.files.get(logical.as_str()).is_some_and(|file| file.text == text) => {}
            Ok(text) => {
                self.laid_over.push(shown.clone());
                let file = DataFile { shown: shown.into(), text: text.into(), built: None };
                self.files.insert(logical.into(), file);
            }
            Err(fault) => {
                let message = format!("`{shown}` is not UTF-8 text (byte {})", fault.utf8_error().valid_up_to());
                self.refused.push((Code::Syntax, shown, message));
            }
        }
        Ok(())
    }

    /// What was laid over, as diagnostics name it.
    #[must_use]
    pub fn laid_over(&self) -> &[String] {
        &self.laid_over
    }

    /// Every file: path within the catalog, text; in order of path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, file)| (path.as_ref(), file.text.as_ref()))
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len() + self.refused.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands the files to a source map, in order of path.
    pub(super) fn into_sources(self, sources: &mut SourceMap, diags: &mut Diagnostics) -> Vec<Listed> {
        // First those that are read, so that their numbers are their positions.
        let read = self
            .files
            .into_iter()
            .map(|(path, DataFile { shown, text, built })| {
                let file = match built {
                    Some(_) => sources.add_built(shown, text),
                    None => sources.add(shown, text),
                };
                Listed { path, file, built }
            })
            .collect();
        for (code, shown, message) in self.refused {
            let file = sources.add(shown, "");
            diags.push(Diagnostic::error(code, message).at(Span::new(file, 0..0), "this file").help(match code {
                Code::TooLarge => "split the file",
                Code::Io => "remove it, or put a file there",
                _ => "save it as UTF-8 text",
            }));
        }
        read
    }
}

/// Whether a path is that of a data file: TOML everywhere, and any file of `templates/`.
fn is_data(path: &str) -> bool {
    path.starts_with("templates/") || path.ends_with(".toml")
}
