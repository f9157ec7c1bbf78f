//! What a user gives beside a preset: `--set` assignments, values files, env files and the process environment.
//!
//! Every source ends in the same flat form, a list of [`Entry`]: a dotted key (or, from an environment, a variable name), a
//! value that is not typed yet, and the place of both for a caret. Which keys exist, what a variable name stands for
//! and whether a value fits is decided later, against the catalog; nothing here knows a key.

mod assignments;
mod document;
mod env_file;
mod typed;
mod values;

use std::collections::HashMap;
use std::ops::Range;

use crate::diag::{At, Code, Diagnostic, Diagnostics, FileId, SourceMap, Span};
use crate::model::Scalar;

pub use assignments::parse_assignments;
pub(crate) use document::hidden;
pub use document::{Document, Node, parse_document, parse_hidden_document};
pub use env_file::{environment_entries, parse_env_file};
pub(crate) use typed::parse_typed;
pub use values::parse_values;

/// One `key = value` that the user gave, before it is typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The dotted key, or the variable's name.
    pub key: At<String>,
    /// The value as written.
    pub value: At<Scalar>,
    /// Where the pair comes from.
    pub origin: Origin,
}

/// The kind of source that an [`Entry`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `--set KEY=VALUE`.
    Flag,
    /// A values file, by the name it was given under.
    ValuesFile(String),
    /// An env file, by the name it was given under.
    EnvFile(String),
    /// The environment of the process.
    Environment,
}

/// Values files beyond this size are refused unread. A file that sets every parameter there is stays far below it.
const MAX_BYTES: usize = 1024 * 1024;

/// The same for files of a deployment, which have whatever has been put there over the years.
const MAX_DEPLOYED_BYTES: usize = 16 * 1024 * 1024;

/// After so many faults in one file the rest is not reported: nobody reads it, and a hostile file could hold 100,000.
const MAX_FAULTS: usize = 50;

/// Tables nested deeper than this are refused. Keys of the catalog have two or three segments.
const MAX_DEPTH: usize = 32;

/// One file while it is read: knows its place in the source map and collects its entries and faults.
struct Reader<'d> {
    file: FileId,
    /// What is added to an offset: the length of a byte order mark, which the parsers do not get to see.
    base: usize,
    origin: Origin,
    entries: Vec<Entry>,
    /// The index into `entries` of every key so far.
    known: HashMap<String, usize>,
    diags: &'d mut Diagnostics,
    faults: usize,
}

impl<'d> Reader<'d> {
    /// Registers a file and gives the text to parse, without its byte order mark; `None` if it is too large. Excerpts are
    /// taken from `shown`, which has the text's length and lines.
    fn open<'t>(
        limit: usize,
        name: &str,
        text: &'t str,
        shown: impl Into<std::borrow::Cow<'static, str>>,
        origin: Origin,
        sources: &mut SourceMap,
        diags: &'d mut Diagnostics,
    ) -> Option<(Self, &'t str)> {
        if text.len() > limit {
            // The text itself is not kept; the empty source still gives the finding its file name.
            let file = sources.add(name, "");
            diags.push(
                Diagnostic::error(Code::TooLarge, format!("`{name}` has {} bytes, the limit is {limit}", text.len()))
                    .at(Span::point(file, 0), "")
                    .help("keep only the keys that differ from the preset")
                    .fact("limit", limit),
            );
            return None;
        }
        let file = sources.add(name, shown);
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let reader = Self {
            file,
            base: text.len() - body.len(),
            origin,
            entries: Vec::new(),
            known: HashMap::new(),
            diags,
            faults: 0,
        };
        Some((reader, body))
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range.start + self.base..range.end + self.base)
    }

    /// Reports a fault, up to [`MAX_FAULTS`].
    fn fault(&mut self, diagnostic: Diagnostic) {
        // A parser that is lost says the same of the same place again and again.
        let place = |diagnostic: &Diagnostic| diagnostic.primary.as_ref().map(|label| label.span);
        let told = self.diags.iter().rev().take(MAX_FAULTS);
        let again = |told: &Diagnostic| told.message == diagnostic.message && place(told) == place(&diagnostic);
        if told.into_iter().any(again) {
            return;
        }
        self.faults += 1;
        if self.faults <= MAX_FAULTS {
            self.diags.push(diagnostic);
        } else if self.faults == MAX_FAULTS + 1 {
            self.diags.push(
                Diagnostic::error(
                    Code::TooLarge,
                    format!("more than {MAX_FAULTS} faults in this file; the others are not reported"),
                )
                .at(Span::point(self.file, self.base), ""),
            );
        }
    }

    fn syntax(&mut self, message: impl Into<String>, range: Range<usize>, label: &str) {
        let span = self.span(range);
        self.fault(Diagnostic::error(Code::Syntax, message).at(span, label));
    }

    /// A value that no parameter can take.
    fn wrong_type(&mut self, key: &str, key_at: Range<usize>, found: &str, value_at: Range<usize>) {
        let (key_at, value_at) = (self.span(key_at), self.span(value_at));
        let advice = if found == "no value" {
            "give it a value, or remove the key"
        } else {
            "a parameter takes one number, text, true or false"
        };
        self.fault(
            Diagnostic::error(Code::WrongType, format!("`{key}` has {found}"))
                .at(value_at, found)
                .and(key_at, "")
                .help(advice)
                .fact("key", key),
        );
    }

    /// A number that has no place in the range of its kind.
    fn bad_number(&mut self, key: &str, written: &str, value_at: Range<usize>) {
        let span = self.span(value_at);
        let written = match written.char_indices().nth(40) {
            Some((cut, _)) => format!("{}…", &written[..cut]),
            None => written.to_owned(),
        };
        self.fault(
            Diagnostic::error(Code::InvalidValue, format!("`{key}`: {written} is not a number that can be used"))
                .at(span, "not a finite number of 64 bits")
                .fact("key", key),
        );
    }

    fn empty_key(&mut self, key_at: Range<usize>) {
        let span = self.span(key_at);
        self.fault(Diagnostic::error(Code::InvalidKey, "a key is empty").at(span, "no name here"));
    }

    fn too_deep(&mut self, key: &str, at: Range<usize>) {
        let span = self.span(at);
        self.fault(Diagnostic::error(Code::TooDeep, nested_too_deep()).at(span, "").fact("key", key));
    }

    /// Takes a pair. A key that is there already is a fault, and the first value stays.
    fn take(&mut self, key: String, key_at: Range<usize>, value: Scalar, value_at: Range<usize>) {
        let (key_at, value_at) = (self.span(key_at), self.span(value_at));
        if let Some(&first) = self.known.get(&key) {
            let first = self.entries[first].key.span;
            self.duplicate(&key, key_at, Some(first));
            return;
        }
        self.known.insert(key.clone(), self.entries.len());
        self.entries.push(Entry {
            key: At::new(key, key_at),
            value: At::new(value, value_at),
            origin: self.origin.clone(),
        });
    }

    fn duplicate(&mut self, key: &str, again: Span, first: Option<Span>) {
        let mut diagnostic = Diagnostic::error(Code::DuplicateKey, format!("`{key}` is given more than once"))
            .at(again, "given again here")
            .help("keep one of them")
            .fact("key", key);
        if let Some(first) = first {
            diagnostic = diagnostic.and(first, "first given here");
        }
        self.fault(diagnostic);
    }
}

fn nested_too_deep() -> String {
    format!("tables or lists are nested more than {MAX_DEPTH} deep")
}

/// `segment` below `prefix`; a quoted segment may hold dots of its own, which makes no difference.
fn join(prefix: &str, segment: &str) -> String {
    if prefix.is_empty() { segment.to_owned() } else { format!("{prefix}.{segment}") }
}
