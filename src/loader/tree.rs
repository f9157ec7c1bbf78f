//! What the TOML of a file says, read where it lies: in the parser's tree, or in what the build script stored.

use super::stored::{Content, Stored, Values};
use crate::model::Text;
use std::ops::{Deref, Range};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A located value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node<'v> {
    Parsed(&'v Spanned<DeValue<'v>>),
    Stored(Stored),
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'v> {
    String(Characters<'v>),
    /// None where 64 bits do not hold it.
    Integer(Option<i64>),
    Float(f64),
    Boolean(bool),
    Datetime,
    Array(Array<'v>),
    Table(Table<'v>),
}

/// The characters of a string or a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Characters<'v> {
    Parsed(&'v str),
    Stored(&'static str),
}

/// A table's key, with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'v> {
    pub(super) name: Characters<'v>,
    start: usize,
    end: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Table<'v> {
    Parsed(&'v DeTable<'v>),
    Stored(Values),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Array<'v> {
    Parsed(&'v DeArray<'v>),
    Stored(Values),
}

impl<'v> Node<'v> {
    /// Where it stands in its file.
    pub(super) fn range(self) -> Range<usize> {
        match self {
            Node::Parsed(node) => node.span(),
            Node::Stored(node) => node.range(),
        }
    }

    /// Where the characters of a string stand, where that was found out before.
    pub(super) fn characters(self) -> Option<Range<usize>> {
        match self {
            Node::Parsed(_) => None,
            Node::Stored(node) => node.characters(),
        }
    }

    pub(super) fn value(self) -> Value<'v> {
        match self {
            Node::Parsed(node) => match node.get_ref() {
                DeValue::String(text) => Value::String(Characters::Parsed(text)),
                DeValue::Integer(digits) => Value::Integer(i64::from_str_radix(digits.as_str(), digits.radix()).ok()),
                DeValue::Float(digits) => Value::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
                DeValue::Boolean(value) => Value::Boolean(*value),
                DeValue::Datetime(_) => Value::Datetime,
                DeValue::Array(items) => Value::Array(Array::Parsed(items)),
                DeValue::Table(table) => Value::Table(Table::Parsed(table)),
            },
            Node::Stored(node) => match node.content() {
                Content::String(text) => Value::String(Characters::Stored(text)),
                Content::Integer(value) => Value::Integer(value),
                Content::Float(value) => Value::Float(value),
                Content::Boolean(value) => Value::Boolean(value),
                Content::Datetime => Value::Datetime,
                Content::Array(values) => Value::Array(Array::Stored(values)),
                Content::Table(values) => Value::Table(Table::Stored(values)),
            },
        }
    }
}

impl Deref for Characters<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Characters::Parsed(text) | Characters::Stored(text) => text,
        }
    }
}

impl From<Characters<'_>> for Text {
    fn from(characters: Characters<'_>) -> Text {
        match characters {
            Characters::Parsed(text) => Text::Owned(text.to_owned()),
            Characters::Stored(text) => Text::Borrowed(text),
        }
    }
}

impl Key<'_> {
    /// Where it stands in its file.
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl<'v> Table<'v> {
    /// How many entries it has.
    pub(super) fn len(self) -> usize {
        match self {
            Table::Parsed(table) => table.len(),
            Table::Stored(values) => values.len() / 2,
        }
    }

    /// Its entries, in no order that a file gives.
    pub(super) fn entries(self) -> impl Iterator<Item = (Key<'v>, Node<'v>)> {
        let (mut parsed, mut stored) = match self {
            Table::Parsed(table) => (Some(table.iter()), None),
            Table::Stored(values) => (None, Some(values)),
        };
        std::iter::from_fn(move || {
            if let Some(table) = &mut parsed {
                let (key, node) = table.next()?;
                let Range { start, end } = key.span();
                return Some((Key { name: Characters::Parsed(key.get_ref()), start, end }, Node::Parsed(node)));
            }
            let values = stored.as_mut()?;
            let (key, node) = (values.next()?, values.next()?);
            let Range { start, end } = key.range();
            Some((Key { name: Characters::Stored(key.string()), start, end }, Node::Stored(node)))
        })
    }
}

impl<'v> Array<'v> {
    /// How many values it has.
    pub(super) fn len(self) -> usize {
        match self {
            Array::Parsed(items) => items.len(),
            Array::Stored(values) => values.len(),
        }
    }

    /// Its values, in order.
    pub(super) fn items(self) -> impl Iterator<Item = Node<'v>> {
        let (mut parsed, mut stored) = match self {
            Array::Parsed(items) => (Some(items.iter()), None),
            Array::Stored(values) => (None, Some(values)),
        };
        std::iter::from_fn(move || match &mut parsed {
            Some(items) => items.next().map(Node::Parsed),
            None => stored.as_mut()?.next().map(Node::Stored),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::DataSet;
    use super::super::stored::Stored;
    use super::*;

    /// Everything that a value holds, with its places.
    fn told(node: Node<'_>, out: &mut Vec<String>) {
        out.push(format!("{:?}", node.range()));
        match node.value() {
            Value::Array(items) => {
                out.push(format!("{} values", items.len()));
                items.items().for_each(|item| told(item, out));
            }
            Value::Table(table) => {
                out.push(format!("{} entries", table.len()));
                for (key, node) in table.entries() {
                    out.push(format!("{} {:?}", &*key.name, key.range()));
                    told(node, out);
                }
            }
            Value::String(characters) => out.push(Text::from(characters).into_owned()),
            value => out.push(format!("{value:?}")),
        }
    }

    #[test]
    fn what_is_stored_says_what_the_text_says() {
        let mut files = 0;
        for (text, tree) in DataSet::trees() {
            let (document, faults) = DeTable::parse_recoverable(text);
            assert!(faults.is_empty() && !tree.is_empty(), "an embedded file is TOML, and stored");
            let (mut parsed, mut stored) = (Vec::new(), Vec::new());
            let Value::Table(table) = Node::Stored(Stored::read(tree, text)).value() else { panic!("a table") };
            for (table, out) in [(Table::Parsed(document.get_ref()), &mut parsed), (table, &mut stored)] {
                for (key, node) in table.entries() {
                    out.push(format!("{} {:?}", &*key.name, key.range()));
                    told(node, out);
                }
            }
            assert_eq!(parsed, stored);
            files += 1;
        }
        assert!(files > 100, "{files} files");
    }

    #[test]
    fn bytes_that_end_early_read_as_less() {
        let (text, tree) = DataSet::trees().max_by_key(|(_, tree)| tree.len()).expect("an embedded file");
        for end in (0..tree.len()).step_by(7) {
            told(Node::Stored(Stored::read(&tree[..end], text)), &mut Vec::new());
        }
    }
}
