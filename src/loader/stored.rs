//! Parsed TOML as bytes: the build script parses the embedded data files and writes them, the loader reads them in place.
//! A process that starts need not parse what every process before it parsed.
//!
//! A value is a tag, where it stands in its file (two numbers), and what the tag says. Numbers are 32 bits, the least
//! significant byte first. A string that its file holds as it reads is the place of its characters, any other the
//! characters themselves. Lists and tables begin with the length of their contents in bytes and their count, so that what
//! nobody asks for is stepped over; a table is a string and a value for each entry.

use std::ops::Range;

/// A string's characters stand in the file: their place.
pub(crate) const STRING_OF_FILE: u8 = 0;
/// A string's characters follow: their length in bytes, then they.
pub(crate) const STRING: u8 = 1;
/// A whole number of 64 bits.
pub(crate) const INTEGER: u8 = 2;
/// A whole number that 64 bits do not hold.
pub(crate) const LARGE_INTEGER: u8 = 3;
/// The bits of a float.
pub(crate) const FLOAT: u8 = 4;
/// False.
pub(crate) const FALSE: u8 = 5;
/// True.
pub(crate) const TRUE: u8 = 6;
/// A date, a time or both: no data file has one, so which it is does not matter.
pub(crate) const DATETIME: u8 = 7;
/// A list.
pub(crate) const ARRAY: u8 = 8;
/// A table.
pub(crate) const TABLE: u8 = 9;

/// A value within such bytes, with the text of its file: both stand in the binary. Bytes that end early read as nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    tag: u8,
    start: u32,
    end: u32,
    /// What the tag says, and what follows this value.
    rest: Bytes,
    text: &'static str,
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    String(&'static str),
    /// None where 64 bits do not hold it.
    Integer(Option<i64>),
    Float(f64),
    Boolean(bool),
    Datetime,
    /// The values, one after the other.
    Array(Values),
    /// A string and a value for each entry.
    Table(Values),
}

impl Stored {
    /// The first value of the bytes.
    pub(crate) fn read(bytes: &'static [u8], text: &'static str) -> Self {
        Bytes(bytes).value(text)
    }

    /// Where it stands in its file.
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn content(self) -> Content {
        let mut rest = self.rest;
        match self.tag {
            INTEGER => Content::Integer(Some(i64::from_le_bytes(rest.take()))),
            LARGE_INTEGER => Content::Integer(None),
            FLOAT => Content::Float(f64::from_le_bytes(rest.take())),
            FALSE => Content::Boolean(false),
            TRUE => Content::Boolean(true),
            DATETIME => Content::Datetime,
            ARRAY => Content::Array(Values::read(rest, self.text)),
            TABLE => Content::Table(Values::read(rest, self.text)),
            _ => Content::String(self.string()),
        }
    }

    /// Where its characters stand in its file, if it is a string that reads as it is written.
    pub(crate) fn characters(self) -> Option<Range<usize>> {
        let mut rest = self.rest;
        (self.tag == STRING_OF_FILE).then(|| rest.number() as usize..rest.number() as usize)
    }

    /// Its characters, if it is a string.
    pub(crate) fn string(self) -> &'static str {
        let mut rest = self.rest;
        match self.tag {
            STRING_OF_FILE => {
                let (start, end) = (rest.number() as usize, rest.number() as usize);
                self.text.get(start..end).unwrap_or_default()
            }
            STRING => {
                let length = rest.number();
                std::str::from_utf8(rest.split(length).0).unwrap_or_default()
            }
            _ => "",
        }
    }
}

/// Values that follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values {
    left: u32,
    bytes: Bytes,
    text: &'static str,
}

impl Values {
    fn read(mut bytes: Bytes, text: &'static str) -> Self {
        let (length, left) = (bytes.number(), bytes.number());
        Values { left, bytes: Bytes(bytes.split(length).0), text }
    }

    /// How many are left.
    pub(crate) fn len(self) -> usize {
        self.left as usize
    }
}

impl Iterator for Values {
    type Item = Stored;

    fn next(&mut self) -> Option<Stored> {
        self.left = self.left.checked_sub(1)?;
        let value = self.bytes.value(self.text);
        let mut rest = value.rest;
        let length = match value.tag {
            STRING_OF_FILE | INTEGER | FLOAT => 8,
            STRING => rest.number(),
            ARRAY | TABLE => {
                let length = rest.number();
                rest.number();
                length
            }
            _ => 0,
        };
        self.bytes = rest.split(length).1;
        Some(value)
    }
}

#[derive(Debug, Clone, Copy)]
struct Bytes(&'static [u8]);

impl Bytes {
    fn value(mut self, text: &'static str) -> Stored {
        // In one piece: there are tens of thousands.
        let [tag, a, b, c, d, e, f, g, h] = self.take();
        Stored { tag, start: u32::from_le_bytes([a, b, c, d]), end: u32::from_le_bytes([e, f, g, h]), rest: self, text }
    }

    fn number(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_first_chunk::<N>().map_or(([0; N], &[][..]), |(taken, rest)| (*taken, rest));
        self.0 = rest;
        taken
    }

    fn split(self, length: u32) -> (&'static [u8], Bytes) {
        let (head, tail) = self.0.split_at_checked(length as usize).unwrap_or((self.0, &[]));
        (head, Bytes(tail))
    }
}
