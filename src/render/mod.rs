//! Templates → text: strict about undefined names, bounded in work, deterministic. The only user of minijinja.

mod model;
mod quote;

pub use model::Model;

use crate::model::{Text, format_duration};
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// The work that one template may do, in instructions: some hundred times what the largest shipped one does.
const FUEL: u64 = 5_000_000;

/// The length of texts that are quoted once and remembered, in bytes.
const LONG: usize = 4096;

/// A template that cannot be parsed or rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// What is wrong.
    pub message: String,
    /// Bytes within the template's text, where they are known.
    pub range: Option<Range<usize>>,
    /// The template that the fault stands in.
    pub template: Option<String>,
}

impl TemplateFault {
    fn new(error: &Error) -> Self {
        let mut message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        if error.kind() == ErrorKind::UndefinedError && error.detail().is_none() {
            "reads something that is not defined".clone_into(&mut message);
        }
        if error.kind() == ErrorKind::OutOfFuel {
            "does more work than any template needs".clone_into(&mut message);
        }
        TemplateFault { message, range: error.range(), template: error.name().map(str::to_owned) }
    }
}

/// Compiled templates.
#[derive(Debug)]
pub struct Templates<'t> {
    environment: Environment<'t>,
}

impl<'t> Default for Templates<'t> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'t> Templates<'t> {
    /// An engine with no templates.
    ///
    /// # Panics
    ///
    /// Never: the syntax settings are constant and valid.
    #[must_use]
    pub fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(64);
        environment.set_syntax(
            minijinja::syntax::SyntaxConfig::builder()
                .keep_trailing_newline(true)
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()
                .expect("the syntax settings are constant"),
        );
        // Values that differ between languages are written through an adapter's literal forms, never by file name.
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_formatter(|out, state, value| match value.kind() {
            // As it is: what formats numbers takes longer.
            ValueKind::String => write_text(out, value.as_str().unwrap_or_default()),
            ValueKind::Bool => write_text(out, if value.is_true() { "true" } else { "false" }),
            ValueKind::None => {
                Err(Error::new(ErrorKind::InvalidOperation, "a value that may be absent is printed as it is"))
            }
            _ => minijinja::escape_formatter(out, state, value),
        });
        environment.add_filter("duration", |milliseconds: i64| format_duration(milliseconds));
        environment.add_filter("wrap", |text: &str, width: usize, indent: usize| wrap(text, width, indent));
        environment.add_filter("cell", |text: &str| cell(text));
        environment.add_filter("code", |text: &str| code(text));
        environment.add_filter("pad", |text: &str, width: usize| {
            let used = unicode_width::UnicodeWidthStr::width(text);
            format!("{text}{}", " ".repeat(width.saturating_sub(used)))
        });
        environment.add_filter("style", |state: &minijinja::State<'_, '_>, text: &str, role: &str| {
            let colored = state.lookup("colored").is_some_and(|colored| colored.is_true());
            let code = match role {
                "bold" => "1",
                "dim" => "2",
                "heading" => "1;4",
                "error" => "1;31",
                "warning" => "1;33",
                "good" => "32",
                _ => return Err(Error::new(ErrorKind::InvalidOperation, format!("there is no style `{role}`"))),
            };
            Ok(if colored { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() })
        });
        environment
            .add_filter("comment", |text: &str, mark: &str, width: Option<usize>| quote::comment(text, mark, width));
        let long = quote::Long::default();
        environment.add_filter("quote", move |text: &str, style: &str| {
            let quoted =
                if text.len() < LONG { quote::quote(text, style).map(Value::from) } else { long.quote(text, style) };
            quoted.map_err(|message| Error::new(ErrorKind::InvalidOperation, message))
        });
        environment.add_test("quotable", |text: &str, style: &str| quote::quote(text, style).is_ok());
        Templates { environment }
    }

    /// Adds a template.
    ///
    /// # Errors
    ///
    /// What does not parse, and where.
    pub fn add(&mut self, name: &'t str, text: &'t str) -> Result<(), TemplateFault> {
        self.environment.add_template(name, text).map_err(|error| TemplateFault::new(&error))
    }

    /// Adds templates that are parsed when they are first asked for.
    pub fn add_when_needed(&mut self, texts: BTreeMap<Text, Text>) {
        self.environment.set_loader(move |name| Ok(texts.get(name).cloned()));
    }

    /// Why a template is not to be rendered: it does not parse, or is not there.
    #[must_use]
    pub fn fault(&self, name: &str) -> Option<TemplateFault> {
        self.environment.get_template(name).err().map(|error| TemplateFault::new(&error))
    }

    /// The names that a template reads from outside, with the attributes it reads of them: `a.b`.
    ///
    /// # Errors
    ///
    /// The template does not exist.
    pub fn reads(&self, name: &str) -> Result<Vec<String>, TemplateFault> {
        let template = self.environment.get_template(name).map_err(|error| TemplateFault::new(&error))?;
        Ok(reads(&template))
    }

    /// Renders a template over a model that was made before.
    ///
    /// # Errors
    ///
    /// What could not be rendered, in which template, and where.
    pub fn render_model(&self, name: &str, model: &Model) -> Result<String, TemplateFault> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(model.0.clone()))
            .map_err(|error| TemplateFault::new(&error))
    }

    /// Renders a template over a model.
    ///
    /// # Errors
    ///
    /// What could not be rendered, in which template, and where.
    pub fn render(&self, name: &str, model: &impl serde::Serialize) -> Result<String, TemplateFault> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(minijinja::value::Serde(model)))
            .map_err(|error| TemplateFault::new(&error))
    }
}

/// The names that a phrase reads.
///
/// # Errors
///
/// What does not parse, and where.
pub fn phrase_reads(phrase: &str) -> Result<Vec<String>, TemplateFault> {
    Ok(reads(&parsed(phrase)?))
}

/// A phrase as a template. What sets an engine up is done once: it costs more than most phrases.
fn parsed(phrase: &str) -> Result<minijinja::Template<'_, '_>, TemplateFault> {
    static ENGINE: LazyLock<Templates<'static>> = LazyLock::new(Templates::new);
    let template = ENGINE.environment.template_from_named_str("phrase", phrase);
    template.map_err(|error| TemplateFault::new(&error))
}

/// The names that a template reads from outside, with the attributes it reads of them: `a.b`.
fn reads(template: &minijinja::Template<'_, '_>) -> Vec<String> {
    let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    names.sort_unstable();
    names
}

/// Renders one sentence over dotted names, asking `lookup` for just those that it reads.
///
/// # Errors
///
/// What could not be rendered.
pub fn phrase(phrase: &str, mut lookup: impl FnMut(&str) -> Option<Shown>) -> Result<String, TemplateFault> {
    let template = parsed(phrase)?;
    let mut root = Tree::default();
    for name in reads(&template) {
        // `a.b | duration` reads `a.b`; `text.upper` would read an attribute, which nothing here has.
        if let Some(value) = lookup(&name) {
            root.insert(&name, value);
        }
    }
    template.render(root.into_value()).map_err(|error| TemplateFault::new(&error))
}

/// A value as a phrase shows it.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text.
    Text(String),
}

/// Dotted names as nested maps.
#[derive(Default)]
struct Tree {
    value: Option<Value>,
    inner: BTreeMap<String, Tree>,
}

impl Tree {
    fn insert(&mut self, name: &str, value: Shown) {
        let leaf = name.split('.').fold(self, |tree, part| tree.inner.entry(part.to_owned()).or_default());
        leaf.value = Some(match value {
            Shown::Int(value) => Value::from(value),
            Shown::Float(value) => Value::from(value),
            Shown::Bool(value) => Value::from(value),
            Shown::Text(value) => Value::from(value),
        });
    }

    fn into_value(self) -> Value {
        match self.value {
            Some(value) => value,
            None => Value::from(
                self.inner.into_iter().map(|(name, tree)| (name, tree.into_value())).collect::<BTreeMap<_, _>>(),
            ),
        }
    }
}

/// Text as a cell of a Markdown table: on one line, its bars no borders.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Text as code of Markdown, on one line, whatever backticks it has.
fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn write_text(out: &mut minijinja::Output<'_>, text: &str) -> Result<(), Error> {
    out.write_str(text).map_err(|_| Error::new(ErrorKind::WriteFailure, "the output cannot be written"))
}

/// Breaks text at spaces so that no line is wider than `width` columns; lines after the first are indented. A word that
/// is wider stands on a line of its own.
#[must_use]
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    // Nearly every text, looked at many bytes at once: its words are found quicker, and each byte takes a column.
    if text.bytes().fold(true, |plain, byte| plain & (b' '..=b'~').contains(&byte)) {
        let words = text.split(' ').filter(|word| !word.is_empty());
        wrap_words(words.map(|word| (word, word.len())), text.len(), width, indent)
    } else {
        wrap_words(text.split_whitespace().map(|word| (word, visible(word))), text.len(), width, indent)
    }
}

/// [`wrap`] of words with their columns, given the length of the text.
fn wrap_words<'t>(words: impl Iterator<Item = (&'t str, usize)>, length: usize, width: usize, indent: usize) -> String {
    let mut wrapped = String::with_capacity(length + length / 16 + 16);
    let mut column = indent;
    for (word, wide) in words {
        if column > indent && column + 1 + wide > width {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += wide;
    }
    wrapped
}

/// The columns that a word takes: what sets colours takes none.
fn visible(word: &str) -> usize {
    use unicode_width::UnicodeWidthStr as _;
    let mut parts = word.split('\u{1b}');
    let first = parts.next().map_or(0, str::width);
    first + parts.map(|part| part.split_once('m').map_or(0, |(_, shown)| shown.width())).sum::<usize>()
}
