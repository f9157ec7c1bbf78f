//! Values files: TOML, YAML and JSON.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Entry, MAX_BYTES, MAX_DEPTH, MAX_FAULTS, Origin, Reader, join};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap};
use crate::model::Scalar;

/// Reads a values file; the extension of `name` says which format it has (`.toml`, `.yaml`, `.yml` or `.json`).
///
/// The file holds one mapping from keys to values. Nested tables are flattened with dots, so that
/// `history: {replicas: 8}`, `history.replicas: 8` and `"history.replicas": 8` are the same, and giving two of
/// them is a fault. Lists, dates and values that are absent are faults.
///
/// In YAML only `true` and `false` (also capitalised) are booleans: `off` and `no` stay text. Numbers with `_` or a leading zero stay text too.
pub fn parse_values(name: &str, text: &str, sources: &mut SourceMap, diags: &mut Diagnostics) -> Vec<Entry> {
    let origin = Origin::ValuesFile(name.to_owned());
    let Some((mut reader, body)) = Reader::open(MAX_BYTES, name, text, text.to_owned(), origin, sources, diags) else {
        return Vec::new();
    };
    let extension = name.rsplit(['/', '\\']).next().and_then(|file| file.rsplit_once('.'));
    match extension.map(|(_, e)| e.to_ascii_lowercase()).as_deref() {
        Some("toml") => toml(&mut reader, body),
        Some("yaml" | "yml") => yaml(&mut reader, body),
        Some("json") => json(&mut reader, body),
        _ => {
            let span = reader.span(0..0);
            reader.fault(
                Diagnostic::error(Code::InvalidValue, format!("`{name}` has no extension that names its format"))
                    .at(span, "")
                    .help("name it .toml, .yaml, .yml or .json"),
            );
        }
    }
    reader.entries
}

// TOML

fn toml(reader: &mut Reader<'_>, body: &str) {
    let (table, errors) = DeTable::parse_recoverable(body);
    // What the parser made up to go on after an error is neither reported again nor returned: everything on a line
    // with an error is left out.
    let mut broken: Vec<Range<usize>> = Vec::new();
    let mut duplicates: Vec<Range<usize>> = Vec::new();
    // Finding lines and first places costs a look through the file each, so a file of nothing but faults is not worth it.
    let hopeless = errors.len() > MAX_FAULTS;
    for error in errors.iter().take(MAX_FAULTS + 1) {
        let at = clamp(body, error.span().unwrap_or(body.len()..body.len()));
        if error.message() == "duplicate key" && !hopeless {
            duplicates.push(at);
            continue;
        }
        broken.push(lines_of(body, &at));
        reader.syntax(error.message(), at, "");
    }
    if hopeless {
        return;
    }
    let mut tree = Toml { body, broken, keys: Vec::new() };
    tree.table(reader, table.get_ref(), "", 0..body.len(), 0);
    for again in duplicates {
        let (key, first) = tree.first_of(&again);
        let (again, first) = (reader.span(again), first.map(|at| reader.span(at)));
        reader.duplicate(&key, again, first);
    }
}

/// `range` inside the text and on character boundaries.
fn clamp(body: &str, range: Range<usize>) -> Range<usize> {
    let start = body.floor_char_boundary(range.start);
    start..body.ceil_char_boundary(range.end).max(start)
}

/// The whole lines that `range` touches.
fn lines_of(body: &str, range: &Range<usize>) -> Range<usize> {
    let start = body[..range.start].rfind('\n').map_or(0, |n| n + 1);
    let end = body[range.end..].find('\n').map_or(body.len(), |n| range.end + n + 1);
    start..end
}

struct Toml<'t> {
    body: &'t str,
    /// Lines with syntax errors.
    broken: Vec<Range<usize>>,
    /// Every key, also of tables: its dotted path, its own place, the place of the table that it stands in.
    keys: Vec<(String, Range<usize>, Range<usize>)>,
}

impl Toml<'_> {
    fn is_broken(&self, at: usize) -> bool {
        self.broken.iter().any(|lines| lines.contains(&at))
    }

    fn table(
        &mut self,
        reader: &mut Reader<'_>,
        table: &DeTable<'_>,
        prefix: &str,
        table_at: Range<usize>,
        depth: usize,
    ) {
        // The parser keeps no order; the order of the file makes findings reproducible.
        let mut pairs: Vec<_> = table.iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in pairs {
            let (last_at, value_at) = (clamp(self.body, key.span()), clamp(self.body, value.span()));
            let path = join(prefix, key.get_ref());
            if self.is_broken(last_at.start) || self.is_broken(value_at.start) {
                continue;
            }
            if key.get_ref().is_empty() {
                reader.empty_key(last_at);
                continue;
            }
            self.keys.push((path.clone(), last_at.clone(), table_at.clone()));
            let key_at = self.expression(last_at.clone());
            match value.get_ref() {
                DeValue::Table(inner) if depth < MAX_DEPTH => {
                    self.table(reader, inner, &path, value_at, depth + 1);
                }
                DeValue::Table(_) => reader.too_deep(&path, last_at),
                DeValue::String(text) => {
                    reader.take(path, key_at, Scalar::Str(text.clone().into_owned()), value_at);
                }
                DeValue::Boolean(flag) => reader.take(path, key_at, Scalar::Bool(*flag), value_at),
                DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => reader.take(path, key_at, Scalar::Int(number), value_at),
                    Err(_) => reader.bad_number(&path, &self.body[value_at.clone()], value_at),
                },
                DeValue::Float(number) => match number.as_str().parse::<f64>() {
                    Ok(number) if number.is_finite() => {
                        reader.take(path, key_at, Scalar::Float(number), value_at);
                    }
                    _ => reader.bad_number(&path, &self.body[value_at.clone()], value_at),
                },
                DeValue::Datetime(_) => reader.wrong_type(&path, key_at, "a date or time", value_at),
                DeValue::Array(_) => reader.wrong_type(&path, key_at, "a list", value_at),
            }
        }
    }

    /// The place of the whole dotted key whose last segment stands at `last`: the parser gives segments only.
    fn expression(&self, last: Range<usize>) -> Range<usize> {
        let before = &self.body[..last.start];
        let own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | ' ' | '\t');
        let prefix = before.len() - before.trim_end_matches(own).len();
        let text = &before[before.len() - prefix..];
        if text.trim_end().ends_with('.') { last.start - text.trim_start().len()..last.end } else { last }
    }

    /// The dotted path of the key at `again`, and where the same key stands before: the parser tells the second place only.
    fn first_of(&self, again: &Range<usize>) -> (String, Option<Range<usize>>) {
        let written = plain(&self.body[self.expression(again.clone())]);
        let line = lines_of(self.body, again);
        let line = self.body[line.clone()].trim_start();
        if line.starts_with('[') {
            // The second of two equal headers has replaced the first in the parser's table.
            let squeezed = |text: &str| plain(text.trim_start_matches('[').split(']').next().unwrap_or(""));
            let header = squeezed(line);
            let mut at = 0;
            for candidate in self.body[..again.start].split_inclusive('\n') {
                let start = at;
                at += candidate.len();
                let text = candidate.trim_start();
                if at <= again.start && text.starts_with('[') && squeezed(text) == header {
                    let indent = candidate.len() - text.len();
                    let end = start + candidate.trim_end().len();
                    return (header, Some(start + indent..end));
                }
            }
        }
        // The innermost table that the key stands in: an inline table reaches around it, a section starts last before it.
        let scope = self
            .keys
            .iter()
            .filter(|(_, at, table_at)| at.start < again.start && table_at.contains(&again.start))
            .max_by_key(|(_, _, table_at)| table_at.start)
            .map(|(_, _, table_at)| table_at.clone())
            .filter(|table_at| table_at.start > 0);
        let section = self.section(again.start);
        let full = join(&section, &written);
        let found = self.keys.iter().find(|(path, at, table_at)| {
            at.start < again.start
                && match &scope {
                    Some(scope) => table_at == scope && (path.ends_with(&format!(".{written}")) || *path == written),
                    None => *path == full,
                }
        });
        match found {
            Some((path, at, _)) => (path.clone(), Some(at.clone())),
            None => (full, None),
        }
    }

    /// The header that is in force at an offset.
    fn section(&self, at: usize) -> String {
        self.body[..at]
            .rsplit('\n')
            .map(str::trim_start)
            .find(|line| line.starts_with('['))
            .map(|line| plain(line.trim_start_matches('[').split(']').next().unwrap_or("")))
            .unwrap_or_default()
    }
}

/// A written dotted key without quotes and spaces, as keys of the catalog look.
fn plain(written: &str) -> String {
    written.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect()
}

// YAML

/// What a document may cost: generous for a file of a few hundred keys, and over within milliseconds.
fn limits() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_events: 200_000,
            max_nodes: 100_000,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_documents: 1,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_recorded_anchor_events: 100_000,
            max_recorded_anchor_bytes: 4 * MAX_BYTES,
            max_merge_keys: 100,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: 20_000,
            max_replay_stack_depth: 8,
        },
        // Both places of a duplicate are wanted, and the other faults too: duplicates are found while flattening.
        duplicate_keys: serde_yaml::options::DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: serde_yaml::options::NonFiniteFloatPolicy::PassThrough,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        emit_comments: false,
        strict_booleans: true,
        with_snippet: false,
    }
}

fn yaml(reader: &mut Reader<'_>, body: &str) {
    match serde_yaml::from_str_with_options::<Spanned<Node>>(body, limits()) {
        Ok(root) => match root.value {
            Node::Map(pairs) => yaml_map(reader, body, &pairs, "", &(0..0)),
            // A file without content sets nothing.
            Node::Null => {}
            _ => {
                let span = reader.span(place(body, &root).unwrap_or(0..0));
                reader.fault(not_a_mapping().at(span, "not a mapping"));
            }
        },
        Err(error) => yaml_fault(reader, body, &error, "a values file"),
    }
}

fn not_a_mapping() -> Diagnostic {
    Diagnostic::error(Code::WrongType, "a values file holds one mapping from keys to values")
        .help("write `key: value` lines, or `{\"key\": value}` in JSON")
}

fn yaml_map(
    reader: &mut Reader<'_>,
    body: &str,
    pairs: &[(Spanned<Key>, Spanned<Node>)],
    prefix: &str,
    outer: &Range<usize>,
) {
    for (key, value) in pairs {
        let key_at = place(body, key).unwrap_or_else(|| outer.clone());
        let name = match &key.value {
            Key::Text(text) => text.as_str(),
            // A number or a boolean as a key is taken as written.
            Key::Scalar => body[key_at.clone()].trim(),
            Key::Other => {
                let span = reader.span(key_at);
                reader.fault(Diagnostic::error(Code::InvalidKey, "a key is not text").at(span, ""));
                continue;
            }
        };
        if name.is_empty() {
            reader.empty_key(key_at);
            continue;
        }
        let path = join(prefix, name);
        let value_at = place(body, value).unwrap_or_else(|| key_at.clone());
        match &value.value {
            Node::Map(inner) => yaml_map(reader, body, inner, &path, &key_at),
            Node::Seq => reader.wrong_type(&path, key_at, "a list", value_at),
            Node::Null => reader.wrong_type(&path, key_at, "no value", value_at),
            Node::Text(text) => reader.take(path, key_at, Scalar::Str(text.clone()), value_at),
            Node::Bool(flag) => reader.take(path, key_at, Scalar::Bool(*flag), value_at),
            Node::Int(number) => reader.take(path, key_at, Scalar::Int(*number), value_at),
            // A whole number beyond 64 bits arrives as a float, which would change it silently.
            Node::Float(number)
                if number.is_finite()
                    && body[value_at.clone()].contains(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '-')) =>
            {
                reader.take(path, key_at, Scalar::Float(*number), value_at);
            }
            Node::Float(_) | Node::TooBig => {
                reader.bad_number(&path, &body[value_at.clone()], value_at);
            }
        }
    }
}

/// Where a node stands; of an alias, where it is used.
fn place<T>(body: &str, node: &Spanned<T>) -> Option<Range<usize>> {
    bytes(body, &node.referenced).or_else(|| bytes(body, &node.defined))
}

pub(super) fn bytes(body: &str, location: &serde_yaml::Location) -> Option<Range<usize>> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let len = usize::try_from(location.span().byte_len()?).ok()?;
    Some(clamp(body, start..start.saturating_add(len)))
}

/// Reports why YAML could not be read; `what` is what the file should be, with an article.
pub(super) fn yaml_fault(reader: &mut Reader<'_>, body: &str, error: &serde_yaml::Error, what: &str) {
    use serde_yaml::budget::BudgetBreach;
    use serde_yaml::{Error, MessageFormatter as _};

    let at = error.location().map_or(body.len()..body.len(), |location| {
        bytes(body, &location).filter(|range| range.start < body.len()).unwrap_or_else(|| {
            let line = usize::try_from(location.line()).unwrap_or(usize::MAX);
            let at = offset(body, line, usize::try_from(location.column()).unwrap_or(usize::MAX));
            at..at
        })
    });
    let mut inner = error.without_snippet();
    while let Error::AliasError { error, .. } = inner {
        inner = error;
    }
    let written = serde_yaml::DefaultMessageFormatter.format_message(inner);
    let (code, message) = match inner {
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            (Code::Syntax, format!("{what} holds one document, here a second one starts"))
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => (Code::Syntax, "an anchor refers to itself".to_owned()),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => (Code::TooDeep, super::nested_too_deep()),
        // The scanner has a limit of its own for brackets, and no error of its own.
        _ if written == "recursion limit exceeded" => (Code::TooDeep, super::nested_too_deep()),
        Error::Budget { .. } => {
            (Code::TooLarge, format!("the document has more keys, values or anchors than {what} may have"))
        }
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. } => {
            (Code::TooLarge, format!("the aliases of the document stand for more than {what} may hold"))
        }
        _ => (
            Code::Syntax,
            // Text of the file may be part of the message.
            written.chars().filter(|c| !c.is_control()).collect(),
        ),
    };
    let tab = code == Code::Syntax && written.contains("tab");
    let span = reader.span(at);
    let fault = Diagnostic::error(code, message).at(span, "");
    reader.fault(if tab { fault.help("indent with spaces") } else { fault });
}

/// A YAML node without its tag and style.
enum Node {
    Null,
    Bool(bool),
    Int(i64),
    /// A whole number beyond the range of `i64`.
    TooBig,
    Float(f64),
    Text(String),
    Seq,
    Map(Vec<(Spanned<Key>, Spanned<Self>)>),
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(i64::try_from(number).map_or(Node::TooBig, Node::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Node::Map(pairs))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

/// The key of a YAML mapping.
enum Key {
    Text(String),
    /// A number or a boolean: its text is taken from the file.
    Scalar,
    /// A list, a mapping or nothing.
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Node::deserialize(deserializer)? {
            Node::Text(text) => Self::Text(text),
            Node::Bool(_) | Node::Int(_) | Node::TooBig | Node::Float(_) => Self::Scalar,
            Node::Null | Node::Seq | Node::Map(_) => Self::Other,
        })
    }
}

// JSON

fn json(reader: &mut Reader<'_>, body: &str) {
    // One strict pass without places, then a walk for the places that may rely on the syntax.
    if let Err(error) = serde_json::from_str::<IgnoredAny>(body) {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message);
        let at = offset(body, error.line(), error.column());
        let end = body[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        reader.syntax(message, at..end, "");
        return;
    }
    let mut walk = Json { body, at: 0 };
    if walk.peek() == Some(b'{') {
        walk.object(reader, "", 0);
    } else {
        let at = walk.value();
        let span = reader.span(at);
        reader.fault(not_a_mapping().at(span, "not a mapping"));
    }
}

/// The offset of a line and a column, the latter in bytes; both count from 1, and column 0 is the line's end before.
fn offset(body: &str, line: usize, column: usize) -> usize {
    let start: usize = body.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    body.floor_char_boundary(start.saturating_add(column.saturating_sub(1)))
}

/// Walks over a document that is known to be valid JSON.
struct Json<'t> {
    body: &'t str,
    at: usize,
}

impl Json<'_> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.body.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Steps over the next byte that is not white space.
    fn step(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.at += usize::from(byte.is_some());
        byte
    }

    /// Steps over a string, of which the opening quote comes next.
    fn string(&mut self) -> Range<usize> {
        let bytes = self.body.as_bytes();
        let start = self.at;
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                Some(b'\\') => self.at += 2,
                Some(b'"') | None => break,
                Some(_) => self.at += 1,
            }
        }
        self.at = (self.at + 1).min(bytes.len());
        start..self.at
    }

    /// Steps over any value, however deep, and gives its place.
    fn value(&mut self) -> Range<usize> {
        let bytes = self.body.as_bytes();
        self.peek();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match bytes.get(self.at) {
                None => break,
                Some(b'"') => {
                    self.string();
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                Some(_) if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                Some(_) => {
                    while let Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E') = bytes.get(self.at) {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                break;
            }
        }
        start..self.at
    }

    fn object(&mut self, reader: &mut Reader<'_>, prefix: &str, depth: usize) {
        self.step();
        while self.peek() == Some(b'"') {
            let key_at = self.string();
            let key = self.text(reader, &key_at);
            self.step();
            let next = self.peek();
            let usable = key.filter(|key| {
                let empty = key.is_empty();
                if empty {
                    reader.empty_key(key_at.clone());
                }
                !empty
            });
            match usable.map(|key| join(prefix, &key)) {
                Some(path) if next == Some(b'{') => {
                    if depth < MAX_DEPTH {
                        self.object(reader, &path, depth + 1);
                    } else {
                        reader.too_deep(&path, key_at);
                        self.value();
                    }
                }
                Some(path) => self.scalar(reader, path, key_at, next),
                None => {
                    self.value();
                }
            }
            if self.peek() == Some(b',') {
                self.step();
            }
        }
        self.step();
    }

    fn scalar(&mut self, reader: &mut Reader<'_>, path: String, key_at: Range<usize>, first: Option<u8>) {
        let value_at = self.value();
        let written = &self.body[value_at.clone()];
        match first {
            Some(b'"') => {
                if let Some(text) = self.text(reader, &value_at) {
                    reader.take(path, key_at, Scalar::Str(text), value_at);
                }
            }
            Some(b'[') => reader.wrong_type(&path, key_at, "a list", value_at),
            Some(b'n') => reader.wrong_type(&path, key_at, "no value", value_at),
            Some(b't' | b'f') => reader.take(path, key_at, Scalar::Bool(written == "true"), value_at),
            _ if written.contains(['.', 'e', 'E']) => match written.parse::<f64>() {
                Ok(number) if number.is_finite() => {
                    reader.take(path, key_at, Scalar::Float(number), value_at);
                }
                _ => reader.bad_number(&path, written, value_at),
            },
            _ => match written.parse() {
                Ok(number) => reader.take(path, key_at, Scalar::Int(number), value_at),
                Err(_) => reader.bad_number(&path, written, value_at),
            },
        }
    }

    /// The text of a string; half a surrogate pair is what can still be wrong with it.
    fn text(&self, reader: &mut Reader<'_>, at: &Range<usize>) -> Option<String> {
        let text = serde_json::from_str(&self.body[at.clone()]).ok();
        if text.is_none() {
            reader.syntax("a string with an escape that stands for no character", at.clone(), "");
        }
        text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
