//! Which files there are: the embedded catalog, with folders of the same layout laid over it.

use crate::diag::{Code, Diagnostic, Diagnostics, FileId, SourceMap, Span};
use crate::model::Frozen;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// A catalog that the build script put into a binary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Embedding {
    /// In order of path.
    pub(crate) files: &'static [Embedded],
    /// The texts of the files, one behind the other.
    pub(crate) texts: &'static str,
    /// What their TOML says, likewise.
    pub(crate) trees: &'static [u8],
    /// The catalog that they link to at the depth of a compile; nothing where it has a fault or a warning to be told.
    pub(crate) frozen: Frozen,
}

/// A data file within the binary.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) path: &'static str,
    /// Its text, within [`Embedding::texts`].
    pub(crate) text: Range<usize>,
    pub(crate) digest: &'static str,
    /// What its TOML says, within [`Embedding::trees`]: nothing where it has none, or faults.
    pub(crate) tree: Range<usize>,
}

impl Embedding {
    const NONE: Embedding = Embedding { files: &[], texts: "", trees: &[], frozen: Frozen { bytes: &[], texts: "" } };

    fn built(self, file: &Embedded) -> Built {
        Built {
            digest: file.digest,
            text: self.texts.get(file.text.clone()).unwrap_or_default(),
            tree: self.trees.get(file.tree.clone()).unwrap_or_default(),
        }
    }

    /// The files by their path, with what is known of them.
    fn files(self) -> impl Iterator<Item = (&'static str, Built)> {
        self.files.iter().map(move |file| (file.path, self.built(file)))
    }

    fn find(self, path: &str) -> Option<Built> {
        let index = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        Some(self.built(&self.files[index]))
    }
}

/// The folders of a catalog.
const FOLDERS: [&str; 4] = ["registry", "presets", "modifiers", "templates"];

/// The largest data file that is read, in bytes. The shipped catalog's largest is a fiftieth of it.
pub const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// The deepest folder that is looked into; also ends a loop of symbolic links.
const DEEPEST_FOLDER: usize = 6;

/// A data file that is laid over.
#[derive(Debug, Clone)]
struct DataFile {
    /// How diagnostics name it.
    shown: String,
    text: Cow<'static, str>,
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
#[derive(Debug, Clone)]
pub struct DataSet {
    embedding: Embedding,
    /// The files that replace embedded ones or stand beside them.
    over: BTreeMap<String, DataFile>,
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
        DataSet::of(Embedding::NONE)
    }

    /// The files within a binary.
    pub(crate) fn of(embedding: Embedding) -> Self {
        DataSet { embedding, over: BTreeMap::new(), laid_over: Vec::new(), refused: Vec::new() }
    }

    /// The TOML files within the binary: their text, and what the build script stored of it.
    #[cfg(test)]
    pub(super) fn trees() -> impl Iterator<Item = (&'static str, &'static [u8])> {
        let files = DataSet::embedded().embedding.files().filter(|(path, _)| path.ends_with(".toml"));
        files.map(|(_, built)| (built.text, built.tree))
    }

    /// What the build script linked, if that is all there is.
    pub(crate) fn frozen(&self) -> Option<Frozen> {
        (self.over.is_empty() && self.refused.is_empty()).then_some(self.embedding.frozen)
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
        self.over.insert(path.clone(), DataFile { shown: path, text: text.into() });
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
            Ok(text) if self.text(&logical).is_some_and(|known| known == text) => {}
            Ok(text) => {
                self.laid_over.push(shown.clone());
                self.over.insert(logical, DataFile { shown, text: text.into() });
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

    fn text(&self, path: &str) -> Option<&str> {
        let over = self.over.get(path).map(|file| file.text.as_ref());
        over.or_else(|| self.embedding.find(path).map(|built| built.text))
    }

    /// The embedded files that nothing replaces, with what is known of them.
    fn built(&self) -> impl Iterator<Item = (&'static str, Built)> {
        self.embedding.files().filter(|(path, _)| !self.over.contains_key(*path))
    }

    /// Likewise, with their texts alone.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.built().map(|(path, built)| (path, built.text))
    }

    /// Every file: path within the catalog, text; in order of path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let over = self.over.iter().map(|(path, file)| (path.as_str(), file.text.as_ref()));
        let mut files: Vec<(&str, &str)> = self.built().map(|(path, built)| (path, built.text)).chain(over).collect();
        files.sort_unstable_by_key(|(path, _)| *path);
        files.into_iter()
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let replaced = self.over.keys().filter(|path| self.embedding.find(path).is_some()).count();
        self.embedding.files.len() - replaced + self.over.len() + self.refused.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands the files to a source map, in order of path.
    pub(super) fn into_sources(self, sources: &mut SourceMap, diags: &mut Diagnostics) -> Vec<Listed> {
        /// A file with its path, and how diagnostics name it.
        type Found = (Cow<'static, str>, Cow<'static, str>, Cow<'static, str>, Option<Built>);
        let kept =
            self.built().map(|(path, built)| -> Found { (path.into(), path.into(), built.text.into(), Some(built)) });
        let mut files: Vec<Found> = kept.collect();
        if !self.over.is_empty() {
            files.extend(self.over.into_iter().map(|(path, file)| (path.into(), file.shown.into(), file.text, None)));
            files.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
        }
        // First those that are read, so that their numbers are their positions.
        let read = files
            .into_iter()
            .map(|(path, shown, text, built)| {
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
