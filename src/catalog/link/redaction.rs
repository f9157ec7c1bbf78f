//! Links what is a secret: patterns that compile, cases that say what they expect.

use super::Linker;
use crate::catalog::redaction::{Redaction, RedactionCase, Rules, TextRule, Tried};
use crate::diag::{At, Code, Diagnostic};
use crate::loader::redaction::{RawRedaction, RawRedactionCase};
use crate::model::Text;
use regex_lite::{Regex, RegexBuilder};

/// What a compiled pattern may take; one that counts to a million would be refused.
const LARGEST_PATTERN: usize = 1 << 20;

impl Linker<'_> {
    pub(super) fn redaction(&mut self, raw: Option<RawRedaction>) -> Redaction {
        let Some(raw) = raw else { return Redaction::default() };
        let names =
            raw.names.iter().filter_map(|rule| Some((self.pattern(&rule.pattern)?, rule.secret))).collect::<Vec<_>>();
        let mut texts = Vec::with_capacity(raw.texts.len());
        for rule in raw.texts {
            let pattern = self.pattern(&rule.pattern);
            let unless = rule.unless.as_ref().map(|unless| self.pattern(unless));
            let (Some(pattern), Some(unless)) = (pattern, unless.map_or(Some(None), |unless| unless.map(Some))) else {
                continue;
            };
            texts.push(TextRule { name: rule.name.value, pattern, unless, span: rule.name.span });
        }
        let cases = raw.cases.into_iter().filter_map(|case| self.redaction_case(case)).collect();
        Redaction { rules: Some(Rules { names, texts, cases }) }
    }

    fn pattern(&mut self, at: &At<Text>) -> Option<Regex> {
        match RegexBuilder::new(&at.value).size_limit(LARGEST_PATTERN).build() {
            Ok(pattern) => Some(pattern),
            Err(fault) => {
                self.diags.push(
                    Diagnostic::error(Code::InvalidValue, format!("this is no regular expression: {fault}"))
                        .at(at.span, "in this pattern")
                        .help("docs/data-files.md says what patterns may have; look-around and back references are not among it"),
                );
                None
            }
        }
    }

    fn redaction_case(&mut self, raw: RawRedactionCase) -> Option<RedactionCase> {
        let tried = match (raw.name, raw.secret, raw.text, raw.shown) {
            (Some(name), Some(secret), None, None) => Tried::Name(name, secret),
            (None, None, Some(text), Some(shown)) => Tried::Text(text, shown),
            _ => {
                self.diags.push(
                    Diagnostic::error(
                        Code::MissingField,
                        "a case of redaction has a name or a text, and what becomes of it",
                    )
                    .at(raw.span, "this case")
                    .help("give `name` and `secret`, or `text` and `shown`"),
                );
                return None;
            }
        };
        Some(RedactionCase { note: raw.note, tried, span: raw.span })
    }
}
