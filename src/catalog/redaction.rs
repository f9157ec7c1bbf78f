//! What is a secret, linked: by the name of a value, and by how it looks.
//!
//! Without rules everything is a secret: a catalog that was linked without them lets nothing through.

use crate::diag::Span;
use crate::model::Text;
use crate::model::behaviour::REDACTED;
use regex_lite::Regex;
use std::borrow::Cow;
use std::ops::Range;

/// The rules of `registry/redaction.toml`.
#[derive(Debug, Clone, Default)]
pub struct Redaction {
    pub(super) rules: Option<Rules>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// Patterns of names; whether they are of secrets.
    pub(super) names: Vec<(Regex, bool)>,
    pub(super) texts: Vec<TextRule>,
    pub(super) cases: Vec<RedactionCase>,
}

/// One way in which secrets look.
#[derive(Debug, Clone)]
pub(super) struct TextRule {
    pub(super) name: Text,
    pub(super) pattern: Regex,
    pub(super) unless: Option<Regex>,
    pub(super) span: Span,
}

/// A name or a text, and what becomes of it.
#[derive(Debug, Clone)]
pub struct RedactionCase {
    /// What it shows.
    pub note: Text,
    /// What is tried.
    pub tried: Tried,
    /// Where it says what becomes of it.
    pub span: Span,
}

/// What a case tries.
#[derive(Debug, Clone)]
pub enum Tried {
    /// A name, and whether it is a secret's.
    Name(Text, bool),
    /// A text, and what is shown of it.
    Text(Text, Text),
}

/// How often a text is looked through again after something was taken out of it.
const MOST_LOOKS: usize = 16;

impl Redaction {
    /// Whether a name that the catalog does not know says that its value is a secret.
    #[must_use]
    pub fn names_secret(&self, name: &str) -> bool {
        let Some(rules) = &self.rules else { return true };
        let found = |secret: bool| rules.names.iter().any(|(pattern, of)| *of == secret && pattern.is_match(name));
        found(true) && !found(false)
    }

    /// The text with [`REDACTED`] in the place of every secret that its looks give away. What comes out holds none: it
    /// stays as it is when it goes in again.
    ///
    /// # Examples
    ///
    /// ```
    /// use tdsql::catalog::Catalog;
    /// use tdsql::loader::{DataSet, Depth};
    ///
    /// let catalog = Catalog::link(DataSet::embedded(), Depth::Settings).expect("the shipped catalog has no faults");
    /// let text = "postgres://admin:hunter2@db.example/app";
    /// assert_eq!(catalog.redaction.masked(text), "postgres://[redacted]@db.example/app");
    /// ```
    #[must_use]
    pub fn masked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(mut shown) = self.masked_once(text) else { return Cow::Borrowed(text) };
        // A secret may show only when what stood against it is gone. Each look takes out one at least, or is the last; a rule
        // that finds what was put in, as none that ships does, would go on for ever.
        for _ in 0..MOST_LOOKS {
            match self.masked_once(&shown) {
                Some(again) if again != shown => shown = again,
                _ => break,
            }
        }
        Cow::Owned(shown)
    }

    /// The text without the secrets that show in it, if any does.
    fn masked_once(&self, text: &str) -> Option<String> {
        let secrets = self.secrets(text);
        if secrets.is_empty() {
            return None;
        }
        let mut shown = String::with_capacity(text.len());
        let mut from = 0;
        for secret in secrets {
            shown.push_str(&text[from..secret.start]);
            shown.push_str(REDACTED);
            from = secret.end;
        }
        shown.push_str(&text[from..]);
        Some(shown)
    }

    /// Where secrets show in a text: in order, apart from each other.
    fn secrets(&self, text: &str) -> Vec<Range<usize>> {
        if text.is_empty() || text == REDACTED {
            return Vec::new();
        }
        let Some(rules) = &self.rules else { return std::iter::once(0..text.len()).collect() };
        let mut found: Vec<Range<usize>> = rules.texts.iter().flat_map(|rule| rule.secrets(text)).collect();
        found.sort_by_key(|range| (range.start, range.end));
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match apart.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        apart
    }

    /// The cases that a check runs.
    #[must_use]
    pub fn cases(&self) -> &[RedactionCase] {
        self.rules.as_ref().map_or(&[], |rules| &rules.cases)
    }

    /// The rules for texts that find something in none of the cases: their names and places.
    pub fn untried(&self) -> impl Iterator<Item = (&str, Span)> {
        let rules = self.rules.iter().flat_map(|rules| rules.texts.iter().map(move |rule| (rule, &rules.cases)));
        rules.filter_map(|(rule, cases)| {
            let tried = cases.iter().any(|case| matches!(&case.tried, Tried::Text(text, _) if rule.finds(text)));
            (!tried).then_some((rule.name.as_ref(), rule.span))
        })
    }
}

impl TextRule {
    fn finds(&self, text: &str) -> bool {
        !self.secrets(text).is_empty()
    }

    fn secrets(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(captures) = self.pattern.captures_at(text, from) {
            let whole = captures.get(0).map_or(from..from, |whole| whole.range());
            let secret = captures.name("secret").map_or_else(|| whole.clone(), |secret| secret.range());
            // What ends one secret may begin the next.
            from = if secret.end > from { secret.end } else { whole.end.max(from) };
            let none =
                secret.is_empty() || self.unless.as_ref().is_some_and(|none| none.is_match(&text[secret.clone()]));
            if !none {
                found.push(secret.clone());
            }
            if secret.is_empty() && whole.end <= from {
                // A pattern that finds nothing at all would find it here for ever.
                match text[from..].chars().next() {
                    Some(next) => from += next.len_utf8(),
                    None => break,
                }
            }
        }
        found
    }
}
