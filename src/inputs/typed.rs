//! A document of a known form, JSON or YAML.

use crate::model::unquoted;
use serde::de::DeserializeOwned;

/// Why a document is not of its form.
#[derive(Debug)]
pub(crate) struct Unfit {
    /// What is wrong, without what the parser quotes of the text.
    pub(crate) message: String,
    /// Where, as an offset into the text.
    pub(crate) at: usize,
}

/// Reads a document: JSON where it begins with a brace, else YAML.
pub(crate) fn parse_typed<T: DeserializeOwned>(text: &str) -> Result<T, Unfit> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let base = text.len() - body.len();
    let unfit = |message: String, line: usize, column: usize| Unfit {
        message: said(&message),
        at: base + offset(body, line, column),
    };
    if body.trim_start().starts_with('{') {
        return serde_json::from_str(body).map_err(|error| unfit(error.to_string(), error.line(), error.column()));
    }
    serde_yaml::from_str(body).map_err(|error| {
        let at = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let (line, column) = error.location().map_or((1, 1), |place| (at(place.line()), at(place.column())));
        unfit(error.without_snippet().to_string(), line, column)
    })
}

/// Where a line and a column are, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = start.saturating_add(column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first line of a parser's message, without what it quotes of the text and without the place, which is told apart.
fn said(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    unquoted(line.split(" at line ").next().unwrap_or(line))
}
