//! TOML tables → rows of a [`Shape`], reporting every fault with its place.

use super::shape::{Field, Kind, MOST_FIELDS, Shape};
use super::tree::{Node, Table, Value};
use crate::diag::{At, Code, Diagnostic, Diagnostics, FileId, Span, nearest};
use crate::expr::Formula;
use crate::model::{Channel, Scalar, Text, is_key};
use semver::{Version, VersionReq};
use std::cell::Cell;
use std::collections::HashMap;

/// Checks one file's tables.
pub(crate) struct Decoder<'d> {
    file: FileId,
    text: &'d str,
    diags: &'d mut Diagnostics,
}

/// A table that was matched against its shape.
pub(crate) struct Row<'v> {
    shape: &'static Shape,
    /// Where the table stands: its header, or the braces of an inline table.
    pub(crate) span: Span,
    slots: [Option<Node<'v>>; MOST_FIELDS],
    /// The field behind the one that was found last: most are taken in the order of the shape.
    next: Cell<usize>,
}

impl<'v> Row<'v> {
    /// A field that is written, rightly or not.
    pub(super) fn find(&self, name: &str) -> Option<(&'static Field, Node<'v>)> {
        let (before, after) = self.shape.fields.split_at(self.next.get());
        let named = |field: &Field| field.name == name;
        let index = after.iter().position(named).map(|index| before.len() + index);
        let index = index.or_else(|| before.iter().position(named));
        debug_assert!(index.is_some(), "`{name}` is a field of {}", self.shape.name);
        self.next.set(index? + 1);
        index.and_then(|index| self.slots[index].map(|node| (&self.shape.fields[index], node)))
    }

    /// Whether the field stands.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}

impl<'d> Decoder<'d> {
    pub(super) fn new(file: FileId, text: &'d str, diags: &'d mut Diagnostics) -> Self {
        Decoder { file, text, diags }
    }

    pub(super) fn span(&self, node: Node<'_>) -> Span {
        Span::new(self.file, node.range())
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diags.push(diagnostic);
    }

    /// Matches a table against a shape: unknown and missing fields are reported here, wrong types where a field is
    /// taken.
    pub(super) fn row<'v>(&mut self, shape: &'static Shape, table: Table<'v>, span: Span) -> Row<'v> {
        debug_assert!(shape.fields.len() <= MOST_FIELDS, "{} fits a row", shape.name);
        let mut row = Row { shape, span, slots: [None; MOST_FIELDS], next: Cell::new(0) };
        for (key, value) in table.entries() {
            let name = &*key.name;
            match shape.fields.iter().position(|field| field.name == name) {
                Some(index) => row.slots[index] = Some(value),
                None => {
                    let names = shape.fields.iter().map(|field| field.name);
                    let suggestion = nearest(name, names.clone());
                    let help = match suggestion {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("known fields: {}", names.collect::<Vec<_>>().join(", ")),
                    };
                    self.diags.push(
                        Diagnostic::error(Code::UnknownField, format!("{} has no field `{name}`", shape.name))
                            .at(Span::new(self.file, key.range()), "unknown field")
                            .help(help),
                    );
                }
            }
        }
        for (field, slot) in shape.fields.iter().zip(&row.slots) {
            if field.required && slot.is_none() {
                let code = if field.name == "rationale" { Code::MissingRationale } else { Code::MissingField };
                self.diags.push(
                    Diagnostic::error(code, format!("{} needs the field `{}`", shape.name, field.name))
                        .at(span, format!("`{}` is missing here", field.name))
                        .help(format!("`{}`: {}", field.name, field.doc)),
                );
            }
        }
        row
    }

    fn wrong_type(&mut self, name: &str, expected: &str, node: Node<'_>) {
        self.diags.push(
            Diagnostic::error(
                Code::WrongType,
                format!("`{name}` must be {expected}, found {}", described(node.value())),
            )
            .at(self.span(node), format!("expected {expected}")),
        );
    }

    fn string(&mut self, name: &str, node: Node<'_>) -> Option<At<Text>> {
        match node.value() {
            Value::String(characters) => Some(At { value: characters.into(), span: self.content_span(node) }),
            _ => {
                self.wrong_type(name, "a string", node);
                None
            }
        }
    }

    /// Where the characters of a string value stand, so that a place inside it can be pointed at. Strings with
    /// escapes do not map one to one: for them it is the whole value.
    fn content_span(&self, node: Node<'_>) -> Span {
        if let Some(characters) = node.characters() {
            return Span::new(self.file, characters);
        }
        let range = node.range();
        let raw = self.text.get(range.clone()).unwrap_or_default();
        let quotes = if raw.starts_with("'''") || raw.starts_with("\"\"\"") {
            // A newline right after the opening quotes is not part of the string.
            let after = &raw[3..];
            let newline = if after.starts_with("\r\n") { 2 } else { usize::from(after.starts_with('\n')) };
            Some((3 + newline, 3))
        } else if raw.starts_with(['\'', '"']) {
            Some((1, 1))
        } else {
            None
        };
        let Some((open, close)) = quotes else { return Span::new(self.file, range) };
        // A string that is not closed ends without its quotes.
        let closed = raw.len() >= open + close && raw.ends_with(&raw[..close]);
        if closed && (raw.starts_with('\'') || !raw.contains('\\')) {
            Span::new(self.file, range.start + open..range.end - close)
        } else {
            Span::new(self.file, range)
        }
    }

    /// Text that is not empty.
    pub(crate) fn text(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<Text>> {
        let (field, node) = row.find(name)?;
        let text = self.string(name, node)?;
        if text.value.trim().is_empty() && !matches!(field.kind, Kind::AnyText) {
            let code = if name == "rationale" { Code::MissingRationale } else { Code::InvalidValue };
            let span = self.span(node);
            self.diags.push(
                Diagnostic::error(code, format!("`{name}` is empty")).at(span, "say something here").help(field.doc),
            );
        }
        Some(text)
    }

    /// An expression.
    pub(super) fn formula(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<Formula>> {
        self.text(row, name).map(formula)
    }

    /// A table of name → expression.
    pub(super) fn formula_map(&mut self, row: &Row<'_>, name: &'static str) -> Vec<(At<Text>, At<Formula>)> {
        self.text_map(row, name).into_iter().map(|(name, text)| (name, formula(text))).collect()
    }

    /// Parameter key → expression.
    pub(super) fn formulas(&mut self, row: &Row<'_>, name: &'static str) -> Vec<(At<Text>, At<Formula>)> {
        self.strings(row, name).into_iter().map(|(key, text)| (key, formula(text))).collect()
    }

    /// A parameter key.
    pub(super) fn key(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<Text>> {
        let (_, node) = row.find(name)?;
        let key = self.string(name, node)?;
        self.check_key(&key);
        Some(key)
    }

    fn check_key(&mut self, key: &At<Text>) {
        if !is_key(&key.value) {
            self.diags.push(
                Diagnostic::error(Code::InvalidKey, format!("`{}` cannot be a parameter key", key.value))
                    .at(key.span, "not a key")
                    .help(
                        "a key is made of letters, digits and `_` in segments joined by dots, and begins with a letter",
                    ),
            );
        }
    }

    /// One of the field's words.
    pub(super) fn word(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<Text>> {
        let (field, node) = row.find(name)?;
        let text = self.string(name, node)?;
        let Kind::Word(words) = field.kind else { return Some(text) };
        if words.contains(&&*text.value) {
            return Some(text);
        }
        let suggestion = nearest(&text.value, words.iter().copied())
            .map(|near| format!("did you mean `{near}`? "))
            .unwrap_or_default();
        self.diags.push(
            Diagnostic::error(Code::InvalidValue, format!("`{}` is no {name}", text.value))
                .at(text.span, format!("expected {}", words.join(", ")))
                .help(format!("{suggestion}one of: {}", words.join(", "))),
        );
        None
    }

    /// True or false.
    pub(super) fn bool(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<bool>> {
        let (_, node) = row.find(name)?;
        match node.value() {
            Value::Boolean(value) => Some(At { value, span: self.span(node) }),
            _ => {
                self.wrong_type(name, "true or false", node);
                None
            }
        }
    }

    /// A whole number.
    pub(crate) fn int(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<i64>> {
        let (_, node) = row.find(name)?;
        match self.scalar_of(name, node)? {
            At { value: Scalar::Int(value), span } => Some(At { value, span }),
            _ => {
                self.wrong_type(name, "an integer", node);
                None
            }
        }
    }

    /// A finite number.
    pub(super) fn number(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<f64>> {
        let (_, node) = row.find(name)?;
        let scalar = self.scalar_of(name, node)?;
        match scalar.value.as_f64() {
            Some(value) => Some(At { value, span: scalar.span }),
            None => {
                self.wrong_type(name, "a number", node);
                None
            }
        }
    }

    /// A value of a parameter.
    pub(super) fn scalar(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<Scalar>> {
        let (_, node) = row.find(name)?;
        self.scalar_of(name, node)
    }

    fn scalar_of(&mut self, name: &str, node: Node<'_>) -> Option<At<Scalar>> {
        let span = self.span(node);
        let value = match node.value() {
            Value::String(text) => Scalar::Str((*text).to_owned()),
            Value::Boolean(value) => Scalar::Bool(value),
            Value::Integer(number) => match number {
                Some(value) => Scalar::Int(value),
                None => {
                    self.diags.push(
                        Diagnostic::error(Code::InvalidValue, format!("`{name}` is larger than any 64-bit integer"))
                            .at(span, "too large"),
                    );
                    return None;
                }
            },
            Value::Float(value) if value.is_finite() => Scalar::Float(value),
            Value::Float(_) => {
                self.diags.push(
                    Diagnostic::error(Code::InvalidValue, format!("`{name}` must be finite"))
                        .at(span, "not a finite number"),
                );
                return None;
            }
            _ => {
                self.wrong_type(name, "an integer, a float, a boolean or a string", node);
                return None;
            }
        };
        Some(At { value, span })
    }

    /// A list of values.
    pub(super) fn scalars(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<Vec<At<Scalar>>>> {
        let (_, node) = row.find(name)?;
        let Value::Array(items) = node.value() else {
            self.wrong_type(name, "a list", node);
            return None;
        };
        let span = self.span(node);
        Some(At { value: items.items().filter_map(|item| self.scalar_of(name, item)).collect(), span })
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, row: &Row<'_>, name: &'static str) -> Vec<At<Text>> {
        let Some((_, node)) = row.find(name) else { return Vec::new() };
        let Value::Array(items) = node.value() else {
            self.wrong_type(name, "a list of strings", node);
            return Vec::new();
        };
        items.items().filter_map(|item| self.string(name, item)).collect()
    }

    /// A semantic version.
    pub(super) fn version(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<Version>> {
        let text = self.text(row, name)?;
        match Version::parse(&text.value) {
            Ok(value) => Some(At { value, span: text.span }),
            Err(fault) => {
                self.diags.push(
                    Diagnostic::error(Code::InvalidValue, format!("`{}` is no semantic version: {fault}", text.value))
                        .at(text.span, "expected a version such as 1.29.0"),
                );
                None
            }
        }
    }

    /// A range of semantic versions.
    pub(super) fn range(&mut self, row: &Row<'_>, name: &'static str) -> Option<At<VersionReq>> {
        let text = self.text(row, name)?;
        self.range_of(&text).map(|value| At { value, span: text.span })
    }

    fn range_of(&mut self, text: &At<Text>) -> Option<VersionReq> {
        match VersionReq::parse(&text.value) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.diags.push(
                    Diagnostic::error(Code::InvalidValue, format!("`{}` is no version range: {fault}", text.value))
                        .at(text.span, "expected a range such as >=1.29.0, <1.33.0"),
                );
                None
            }
        }
    }

    /// A nested table of its own shape.
    pub(crate) fn table<'v>(&mut self, row: &Row<'v>, name: &'static str) -> Option<Row<'v>> {
        let (field, node) = row.find(name)?;
        let Kind::Table(shape) = field.kind else { return None };
        match node.value() {
            Value::Table(table) => {
                let span = self.span(node);
                Some(self.row(shape, table, span))
            }
            _ => {
                self.wrong_type(name, "a table", node);
                None
            }
        }
    }

    /// An array of tables, each read as soon as it is matched against its shape: a row is large, and there are hundreds.
    pub(super) fn tables<'v, T>(
        &mut self,
        row: &Row<'v>,
        name: &'static str,
        mut read: impl FnMut(&mut Self, &Row<'v>) -> Option<T>,
    ) -> Vec<T> {
        let Some((field, node)) = row.find(name) else { return Vec::new() };
        let Kind::Tables(shape) = field.kind else { return Vec::new() };
        let Value::Array(items) = node.value() else {
            self.wrong_type(name, "an array of tables", node);
            return Vec::new();
        };
        let mut all = Vec::with_capacity(items.len());
        for item in items.items() {
            match item.value() {
                Value::Table(table) => {
                    let span = self.span(item);
                    let row = self.row(shape, table, span);
                    all.extend(read(self, &row));
                }
                _ => self.wrong_type(name, "a table", item),
            }
        }
        all
    }

    /// A table whose keys are open, in the order of the file.
    pub(super) fn entries<'v>(&mut self, row: &Row<'v>, name: &'static str) -> Vec<(At<Text>, Node<'v>)> {
        let Some((_, node)) = row.find(name) else { return Vec::new() };
        let Value::Table(table) = node.value() else {
            self.wrong_type(name, "a table", node);
            return Vec::new();
        };
        let mut entries: Vec<_> = table
            .entries()
            .map(|(key, value)| (At { value: key.name.into(), span: Span::new(self.file, key.range()) }, value))
            .collect();
        entries.sort_by_key(|(key, _)| key.span.start);
        entries
    }

    /// A table of tables of one shape.
    pub(crate) fn table_map<'v>(&mut self, row: &Row<'v>, name: &'static str) -> Vec<(At<Text>, Row<'v>)> {
        let Some((Field { kind: Kind::TableMap(shape), .. }, _)) = row.find(name) else { return Vec::new() };
        let mut rows = Vec::new();
        for (key, node) in self.entries(row, name) {
            match node.value() {
                Value::Table(table) => rows.push((key, self.row(shape, table, self.span(node)))),
                _ => self.wrong_type(name, "a table", node),
            }
        }
        rows
    }

    /// A table of name → text.
    pub(crate) fn text_map(&mut self, row: &Row<'_>, name: &'static str) -> Vec<(At<Text>, At<Text>)> {
        let entries = self.entries(row, name);
        entries.into_iter().filter_map(|(key, node)| Some((key, self.string(name, node)?))).collect()
    }

    /// Channel → external name; `true` stands for the parameter's own key.
    pub(super) fn outputs(&mut self, row: &Row<'_>, name: &'static str, key: &Text) -> Vec<(Channel, At<Text>)> {
        let mut outputs = Vec::new();
        for (channel, node) in self.entries(row, name) {
            let Some(known) = Channel::from_word(&channel.value) else {
                let help = match nearest(&channel.value, Channel::WORDS.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("channels: {}", Channel::WORDS.join(", ")),
                };
                self.diags.push(
                    Diagnostic::error(Code::UnknownField, format!("there is no output channel `{}`", channel.value))
                        .at(channel.span, "unknown channel")
                        .help(help),
                );
                continue;
            };
            match node.value() {
                Value::Boolean(true) => outputs.push((known, At { value: key.clone(), span: self.span(node) })),
                Value::String(text) if !text.trim().is_empty() => {
                    outputs.push((known, At { value: text.into(), span: self.content_span(node) }));
                }
                _ => self.wrong_type(&channel.value, "a name, or `true` for the key itself", node),
            }
        }
        outputs
    }

    /// A table of parameter key → value, nested tables joined with dots, in the order of the file.
    pub(super) fn values(&mut self, row: &Row<'_>, name: &'static str) -> Vec<(At<Text>, At<Scalar>)> {
        let leaves = self.leaves(row, name);
        leaves
            .into_iter()
            .filter_map(|(key, node)| {
                let scalar = self.scalar_of(&key.value, node)?;
                Some((key, scalar))
            })
            .collect()
    }

    /// A table of parameter key → string (an expression, a reason), likewise.
    pub(super) fn strings(&mut self, row: &Row<'_>, name: &'static str) -> Vec<(At<Text>, At<Text>)> {
        let leaves = self.leaves(row, name);
        leaves
            .into_iter()
            .filter_map(|(key, node)| {
                let text = self.string(&key.value, node)?;
                Some((key, text))
            })
            .collect()
    }

    fn leaves<'v>(&mut self, row: &Row<'v>, name: &'static str) -> Vec<(At<Text>, Node<'v>)> {
        let Some((_, node)) = row.find(name) else { return Vec::new() };
        let Value::Table(table) = node.value() else {
            self.wrong_type(name, "a table of keys", node);
            return Vec::new();
        };
        let mut leaves = Vec::with_capacity(table.len());
        self.collect_leaves(table, "", &mut leaves);
        leaves.sort_by_key(|(key, _)| key.span.start);
        let mut seen: HashMap<Text, Span> = HashMap::with_capacity(leaves.len());
        leaves.retain(|(key, _)| match seen.get(&key.value) {
            Some(first) => {
                self.diags.push(
                    Diagnostic::error(Code::DuplicateKey, format!("`{}` is given twice", key.value))
                        .at(key.span, "given again here")
                        .and(*first, "first given here"),
                );
                false
            }
            None => {
                seen.insert(key.value.clone(), key.span);
                true
            }
        });
        leaves
    }

    fn collect_leaves<'v>(&mut self, table: Table<'v>, prefix: &str, leaves: &mut Vec<(At<Text>, Node<'v>)>) {
        for (key, node) in table.entries() {
            let path =
                if prefix.is_empty() { key.name.into() } else { Text::Owned(format!("{prefix}.{}", &*key.name)) };
            if let Value::Table(inner) = node.value() {
                self.collect_leaves(inner, &path, leaves);
            } else {
                leaves.push((At { value: path, span: self.dotted_span(key.range()) }, node));
            }
        }
    }

    /// The whole of a dotted key on its line, given the place of its last segment.
    fn dotted_span(&self, last: std::ops::Range<usize>) -> Span {
        let before = self.text.get(..last.start).unwrap_or_default();
        let part_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
        let start = before.trim_end_matches(part_of_key).len();
        Span::new(self.file, start..last.end)
    }
}

fn formula(text: At<Text>) -> At<Formula> {
    At { value: Formula::read(text.value), span: text.span }
}

fn described(value: Value<'_>) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::super::DataSet;
    use super::super::stored::Stored;
    use super::*;
    use toml::de::DeTable;

    /// The places of the characters of every string.
    fn places(decoder: &Decoder<'_>, node: Node<'_>, out: &mut Vec<Span>) {
        match node.value() {
            Value::String(_) => out.push(decoder.content_span(node)),
            Value::Array(items) => items.items().for_each(|item| places(decoder, item, out)),
            Value::Table(table) => table.entries().for_each(|(_, node)| places(decoder, node, out)),
            _ => {}
        }
    }

    #[test]
    fn characters_stand_where_they_do_in_the_text() {
        let mut strings = 0;
        for (text, tree) in DataSet::trees() {
            let mut diags = Diagnostics::default();
            let decoder = Decoder::new(FileId(0), text, &mut diags);
            let (document, _) = DeTable::parse_recoverable(text);
            let (mut parsed, mut stored) = (Vec::new(), Vec::new());
            for (_, node) in Table::Parsed(document.get_ref()).entries() {
                places(&decoder, node, &mut parsed);
            }
            places(&decoder, Node::Stored(Stored::read(tree, text)), &mut stored);
            assert_eq!(parsed, stored);
            strings += parsed.len();
        }
        assert!(strings > 1000, "{strings} strings");
    }
}
