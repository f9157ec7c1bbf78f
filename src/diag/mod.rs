//! Diagnostics: what the compiler has to say about its input, and how it says it.
//!
//! A [`Diagnostic`] has a [`Severity`], a stable [`Code`], a message, usually a primary place in a
//! source file, further places that explain it, advice, and named facts for programs. Sources live
//! in a [`SourceMap`]; places are [`Span`]s of byte offsets into them. [`render()`] turns diagnostics
//! into text for people or into a machine-readable [`Format`].

mod machine;
mod render;
mod source;
mod suggest;

use std::fmt;

use serde_json::Value;

pub use machine::{Collected, to_json};
pub use render::{Format, Style, render};
pub use source::{At, FileId, Position, SourceMap, Span};
pub use suggest::nearest;

/// How serious a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "server", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing may be generated from this input.
    Error,
    /// Worth attention; generation goes on.
    Warning,
    /// For information only.
    Note,
}

impl Severity {
    /// The severity of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Error, Self::Warning, Self::Note].into_iter().find(|severity| severity.as_str() == word)
    }

    /// The word used in every output format: `error`, `warning` or `note`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Defines [`Code`] from one table, so that a code cannot lack its name or its description.
macro_rules! codes {
    ($($variant:ident $name:literal $description:literal;)+) => {
        /// What kind of finding a diagnostic is. The names are stable: programs match on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $description] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name of the code, in snake case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// One sentence that says what the code means.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)+
                }
            }
        }
    };
}

codes! {
    Syntax "syntax" "The file, or a line of it, does not follow its syntax.";
    UnknownField "unknown_field" "A table has a field that the format does not define.";
    WrongType "wrong_type" "A field holds a value of another type than the format asks for.";
    MissingField "missing_field" "A table lacks a field that the format requires.";
    DuplicateKey "duplicate_key" "The same key or name is defined more than once.";
    InvalidKey "invalid_key" "A key or name does not follow the naming rules.";
    InvalidValue "invalid_value" "A value has the right type but not a permitted form.";
    ConflictingFields "conflicting_fields" "Two fields are given of which only one may be.";
    UnknownParameter "unknown_parameter" "A key names no parameter of the registry.";
    UnknownName "unknown_name" "A template reads a name that is not defined there.";
    UnknownFunction "unknown_function" "An expression calls a function that does not exist.";
    InvalidExpression "invalid_expression" "An expression cannot be parsed or exceeds the limits on expressions.";
    ExpressionType "expression_type" "An expression has another type than its place requires.";
    ExpressionFailed "expression_failed" "An expression could not be evaluated with the values given.";
    DependencyCycle "dependency_cycle" "Derivations depend on each other in a circle.";
    ConstraintViolation "constraint_violation" "A value lies outside what its parameter permits.";
    InvalidConstraint "invalid_constraint" "The constraints of a parameter contradict its type or each other.";
    MissingRationale "missing_rationale" "A definition lacks the reason that it must give.";
    UnknownPreset "unknown_preset" "A preset is named that does not exist.";
    UnknownModifier "unknown_modifier" "A modifier is named that does not exist.";
    UnknownMetric "unknown_metric" "A metric is named that the metric registry does not define.";
    UnknownProfile "unknown_profile" "There is no behaviour profile of this id.";
    NoBaseline "no_baseline" "There is no baseline to hold a behaviour profile against.";
    SameProfile "same_profile" "A comparison needs two different behaviour profiles.";
    UnknownAdapter "unknown_adapter" "An adapter is named that does not exist.";
    ExtendsCycle "extends_cycle" "Presets extend each other in a circle.";
    TooManyInputs "too_many_inputs" "More parameters are surfaced as inputs than the registry allows.";
    InvalidTemplate "invalid_template" "A template cannot be parsed or rendered.";
    UnsafePath "unsafe_path" "An output path leads outside the output directory or is not portable.";
    DuplicatePath "duplicate_path" "Two outputs would be written to the same path.";
    MissingOutput "missing_output" "An output that is required is not produced.";
    UnregisteredSetting "unregistered_setting" "The server does not register a setting.";
    SettingType "setting_type" "A value, or a parameter, has another type than the server's setting.";
    DuplicateOutput "duplicate_output" "Two parameters are emitted under the same name.";
    RailCaseFailed "rail_case_failed" "A case of a guard rail has another outcome than it states.";
    RuleCaseFailed "rule_case_failed" "A case of a correlation or recommendation rule has another outcome than it states.";
    ThresholdCaseFailed "threshold_case_failed" "A case of the thresholds has another verdict than it states.";
    RedactionCaseFailed "redaction_case_failed" "A case of the redaction rules has another outcome than it states.";
    MissingCase "missing_case" "A rule lacks a case that it must have.";
    LockedParameter "locked_parameter" "An override names a parameter that may not be overridden.";
    GuardRail "guard_rail" "The configuration breaks a guard rail.";
    UnusedOverride "unused_override" "An override has no effect.";
    OverriddenValue "overridden_value" "An override replaces a value that is otherwise derived or preset.";
    NotEmitted "not_emitted" "A value is set that is not written to any output.";
    AdapterFailed "adapter_failed" "An adapter could not produce its output.";
    TooLarge "too_large" "An input exceeds the limit on its size or count.";
    TooDeep "too_deep" "An input is nested more deeply than permitted.";
    UnsupportedVersion "unsupported_version" "A version lies outside the supported range or is no version.";
    UnknownVariable "unknown_variable" "An environment variable is named that no definition knows.";
    UnknownConstraint "unknown_constraint" "An entry of a dynamic configuration has a constraint that no server knows.";
    DeadEntry "dead_entry" "An entry of a dynamic configuration never applies, or not as it looks.";
    StaticSetting "static_setting" "A key of a dynamic configuration belongs to the server's static configuration.";
    NotForProduction "not_for_production" "A setting is made for tests or experiments.";
    RestatedDefault "restated_default" "A value is the one that its reader takes without it.";
    PresetValue "preset_value" "A value differs from what every preset sets.";
    LetterCase "letter_case" "A key is written in another letter case than the server's own.";
    Unread "unread" "Nothing reads what stands there.";
    Catalog "catalog" "The catalog of definitions is inconsistent as a whole.";
    Io "io" "A file could not be read or written.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in a source and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The text printed at it; may be empty.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Diagnostic {
    /// How serious it is.
    pub severity: Severity,
    /// What kind of finding it is.
    pub code: Code,
    /// What is wrong, as one plain sentence without a full stop.
    pub message: String,
    /// The place that is to blame.
    pub primary: Option<Label>,
    /// Further places that explain the finding.
    pub related: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// Named values for programs; printed by the machine-readable formats only.
    pub facts: Vec<(&'static str, Value)>,
}

impl Diagnostic {
    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            primary: None,
            related: Vec::new(),
            help: None,
            facts: Vec::new(),
        }
    }

    /// An error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// A note.
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    /// Sets the place that is to blame, with the text printed at it (may be empty).
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    /// Adds a further place that explains the finding.
    pub fn and(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// Sets the advice.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds a named value for programs; a value of the same name is replaced.
    pub fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        match self.facts.iter_mut().find(|(known, _)| *known == name) {
            Some(fact) => fact.1 = value,
            None => self.facts.push((name, value)),
        }
        self
    }

    /// Whether this is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Findings collected so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an error is among the findings.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// How many findings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The findings in their present order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// The findings as a slice, as [`render()`] takes them.
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Sorts by file, offset, code and message; findings without a place come first.
    pub fn sort(&mut self) {
        fn place(diagnostic: &Diagnostic) -> Option<(FileId, u32)> {
            let span = diagnostic.primary.as_ref()?.span;
            Some((span.file, span.start))
        }
        self.0.sort_by(|a, b| {
            place(a)
                .cmp(&place(b))
                .then_with(|| a.code.as_str().cmp(b.code.as_str()))
                .then_with(|| a.message.cmp(&b.message))
        });
    }

    /// Keeps the first of those that say the same of the same place.
    pub fn dedup(&mut self) {
        let mut seen = std::collections::HashSet::new();
        self.0.retain(|diagnostic| {
            let place = diagnostic.primary.as_ref().map(|label| label.span);
            place.is_none() || seen.insert((diagnostic.code, place, diagnostic.message.clone()))
        });
    }

    /// Keeps the first `most`, and gives how many there were beyond them.
    pub fn truncate(&mut self, most: usize) -> usize {
        let beyond = self.0.len().saturating_sub(most);
        self.0.truncate(most);
        beyond
    }

    /// The findings as a vector.
    #[must_use]
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.0
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl From<Vec<Diagnostic>> for Diagnostics {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self(diagnostics)
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, iter: I) {
        self.0.extend(iter);
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_named_after_their_variants_and_described() {
        let mut names = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let mut expected = String::new();
            for c in format!("{code:?}").chars() {
                if c.is_uppercase() && !expected.is_empty() {
                    expected.push('_');
                }
                expected.push(c.to_ascii_lowercase());
            }
            assert_eq!(code.as_str(), expected);
            assert!(names.insert(code.as_str()), "{code} stands twice");
            assert!(code.description().ends_with('.'), "{code}");
        }
    }

    #[test]
    fn sorts_by_place_then_code_then_message() {
        let a = FileId(0);
        let b = FileId(1);
        let mut all: Diagnostics = [
            Diagnostic::error(Code::Io, "6").at(Span::new(b, 0..1), ""),
            Diagnostic::error(Code::Syntax, "5").at(Span::new(a, 9..9), ""),
            Diagnostic::error(Code::Io, "4").at(Span::new(a, 9..20), ""),
            Diagnostic::warning(Code::Io, "3").at(Span::new(a, 2..3), ""),
            Diagnostic::note(Code::Io, "2"),
            Diagnostic::note(Code::Io, "1"),
        ]
        .into_iter()
        .collect();
        all.sort();
        let order: Vec<_> = all.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(order, ["1", "2", "3", "4", "5", "6"]);
        assert!(all.has_errors());
        assert_eq!((all.len(), all.is_empty()), (6, false));
    }

    #[test]
    fn a_fact_given_again_replaces_the_former() {
        let d = Diagnostic::note(Code::Io, "x").fact("n", 1).fact("m", "y").fact("n", 2);
        assert_eq!(d.facts, [("n", Value::from(2)), ("m", Value::from("y"))]);
    }
}
