//! A YAML file as the Temporal server's decoder reads it: the first document, as a tree with the place of every node.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

use super::values::{bytes, yaml_fault};
use super::{MAX_DEPLOYED_BYTES, MAX_DEPTH, Origin, Reader};
use crate::diag::{At, Diagnostics, FileId, SourceMap, Span};

/// A node of a YAML document.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`; `yes`, `on` and the like are text.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A whole number beyond that.
    Large,
    /// A number with a fraction or an exponent, or one that is not finite.
    Float(f64),
    /// Text.
    Text(String),
    /// A date or a time that stands there without quotes.
    Time(String),
    /// A list.
    List(Vec<At<Node>>),
    /// A mapping: every pair in the order of the file, keys given twice too.
    Map(Vec<(At<Node>, At<Node>)>),
}

impl Node {
    /// What a person would call it, with an article.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Node::Null => "nothing",
            Node::Bool(_) => "a boolean",
            Node::Int(_) | Node::Large => "an integer",
            Node::Float(_) => "a number with a fraction or an exponent",
            Node::Text(_) => "text",
            Node::Time(_) => "a date",
            Node::List(_) => "a list",
            Node::Map(_) => "a mapping",
        }
    }
}

/// What a file holds.
#[derive(Debug)]
pub struct Document {
    /// The file.
    pub file: FileId,
    /// The first document; nothing where the file could not be read, and why is among the diagnostics then.
    pub root: Option<At<Node>>,
    /// Where a second document starts, which the server does not read.
    pub beyond: Option<Span>,
}

/// Reads the first document of a YAML file. Anchors, aliases and merge keys are resolved; of an alias, the place is where it is
/// used. Scalars are typed as the server's decoder does: `010` is eight, `1_000` a number, `yes` text, `2024-01-01` a date.
///
/// A file that is too large, too deep, or that expands to too much through its aliases is a diagnostic.
pub fn parse_document(name: &str, text: &str, sources: &mut SourceMap, diags: &mut Diagnostics) -> Document {
    document(name, text, text.to_owned(), sources, diags)
}

/// Likewise, of a file that may hold secrets: excerpts show its lines and its white space, and `*` for all else.
pub fn parse_hidden_document(name: &str, text: &str, sources: &mut SourceMap, diags: &mut Diagnostics) -> Document {
    document(name, text, hidden(text), sources, diags)
}

/// A text of the same length and lines that shows nothing but white space.
pub(crate) fn hidden(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_whitespace() { char::from(byte) } else { '*' }).collect()
}

fn document(name: &str, text: &str, shown: String, sources: &mut SourceMap, diags: &mut Diagnostics) -> Document {
    let origin = Origin::ValuesFile(name.to_owned());
    let Some((mut reader, body)) = Reader::open(MAX_DEPLOYED_BYTES, name, text, shown, origin, sources, diags) else {
        return Document { file: FileId(u32::MAX), root: None, beyond: None };
    };
    let (first, beyond) = first_document(body);
    let file = reader.file;
    let beyond = beyond.map(|at| {
        let end = body[at..].find('\n').map_or(body.len(), |end| at + end);
        reader.span(at..end)
    });
    let root = match serde_yaml::from_str_with_options::<Spanned<Raw>>(first, limits()) {
        Ok(raw) => Some(place(&reader, first, raw, &(0..0))),
        Err(error) => {
            yaml_fault(&mut reader, first, &error, "a configuration");
            None
        }
    };
    Document { file, root, beyond }
}

/// The text of the first document, and where the marker of a second one stands. A line that begins with `---` is a marker
/// wherever it stands: no scalar may hold one.
fn first_document(body: &str) -> (&str, Option<usize>) {
    let marks = |line: &str, word: &str| {
        line.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
    };
    let mut started = false;
    let mut end = None;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let said = line.trim();
        let directive = !started && line.starts_with('%');
        if marks(line, "...") {
            end = end.or(Some(at));
        } else if marks(line, "---") || !(said.is_empty() || said.starts_with('#') || directive) {
            // A document that holds nothing is the first one all the same.
            if end.is_some() || (started && marks(line, "---")) {
                return (&body[..end.unwrap_or(at)], Some(at));
            }
            started = true;
        }
        at += line.len();
    }
    (&body[..end.unwrap_or(body.len())], None)
}

fn limits() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_events: 8_000_000,
            max_nodes: 4_000_000,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_documents: 1,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_recorded_anchor_events: 100_000,
            max_recorded_anchor_bytes: MAX_DEPLOYED_BYTES,
            max_merge_keys: 1_000,
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: 20_000,
            max_replay_stack_depth: 8,
        },
        // Both places of a duplicate are wanted.
        duplicate_keys: serde_yaml::options::DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: serde_yaml::options::NonFiniteFloatPolicy::PassThrough,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        emit_comments: false,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// Gives every node its place and its type.
fn place(reader: &Reader<'_>, body: &str, raw: Spanned<Raw>, outer: &Range<usize>) -> At<Node> {
    let used = bytes(body, &raw.referenced);
    let defined = bytes(body, &raw.defined);
    let nonempty = |range: &Option<Range<usize>>| range.clone().filter(|range| !range.is_empty());
    let at = nonempty(&used).or_else(|| nonempty(&defined)).unwrap_or_else(|| outer.clone());
    let written = defined.map(|range| &body[range]).unwrap_or_default();
    let node = match raw.value {
        Raw::Null => Node::Null,
        Raw::Bool(value) => Node::Bool(value),
        Raw::Int(value) => Node::Int(value),
        Raw::Large => Node::Large,
        Raw::Float(_) if !written.is_empty() && whole(written) => Node::Large,
        Raw::Float(value) => Node::Float(value),
        // What stands in quotes or in a block differs from its text by them.
        Raw::Text(text) if written == text => plain(text),
        Raw::Text(text) => Node::Text(text),
        Raw::List(items) => Node::List(items.into_iter().map(|item| place(reader, body, item, &at)).collect()),
        Raw::Map(pairs) => Node::Map(
            pairs
                .into_iter()
                .map(|(key, value)| {
                    let key_at =
                        bytes(body, &key.referenced).filter(|range| !range.is_empty()).unwrap_or_else(|| at.clone());
                    (place(reader, body, key, &at), place(reader, body, value, &key_at))
                })
                .collect(),
        ),
    };
    // A mapping or a list shows only where it begins; so does text of several lines.
    let line = body[at.clone()].find('\n').map_or(at.end, |end| at.start + end);
    At::new(node, reader.span(at.start..line))
}

/// Whether a number is written as a whole one.
fn whole(written: &str) -> bool {
    let digits = written.strip_prefix(['+', '-']).unwrap_or(written);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

/// Text without quotes, as the server's decoder types it where the reader here leaves it text.
fn plain(text: String) -> Node {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let (sign, number) = match digits.strip_prefix(['+', '-']) {
        Some(number) => (if digits.starts_with('-') { -1 } else { 1 }, number),
        None => (1, digits.as_str()),
    };
    let starts_as_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if !starts_as_number || number.is_empty() {
        return Node::Text(text);
    }
    let parsed = if let Some(octal) = number.strip_prefix("0o") {
        Some(i64::from_str_radix(octal, 8))
    } else if let Some(hex) = number.strip_prefix("0x") {
        Some(i64::from_str_radix(hex, 16))
    } else if let Some(binary) = number.strip_prefix("0b") {
        Some(i64::from_str_radix(binary, 2))
    } else if number.bytes().all(|byte| byte.is_ascii_digit()) {
        let octal = number.len() > 1 && number.starts_with('0') && number.bytes().all(|byte| byte < b'8');
        Some(if octal { i64::from_str_radix(number, 8) } else { number.parse() })
    } else {
        None
    };
    match parsed {
        Some(Ok(value)) => return Node::Int(sign * value),
        Some(Err(_)) if number.bytes().all(|byte| byte.is_ascii_digit()) => return Node::Large,
        _ => {}
    }
    if is_date(&text) {
        return Node::Time(text);
    }
    // With its underscores gone it may be a float: `1_000.5`.
    match digits.parse::<f64>() {
        Ok(value) if text.contains('_') && number.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b)) => {
            Node::Float(value)
        }
        _ => Node::Text(text),
    }
}

/// `2024-01-01`, alone or with a time behind it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let time = &rest[end..];
    digits(year, 4..=4)
        && digits(month, 1..=2)
        && digits(&rest[..end], 1..=2)
        && (time.is_empty()
            || (time.starts_with(['T', 't', ' ']) && time[1..].trim_start().starts_with(|c: char| c.is_ascii_digit())))
}

/// A node as the reader gives it.
enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Large,
    Float(f64),
    Text(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<Self>, Spanned<Self>)>),
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(i64::try_from(value).map_or(Raw::Large, Raw::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Raw::Map(pairs))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}
