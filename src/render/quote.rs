//! Text as a string literal of other languages, and as their line comments: whatever the text holds, it stays inside.

use minijinja::Value;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// Writes a text as a literal of one language, or says why it cannot.
type Quote = fn(&str) -> Result<String, &'static str>;

/// The families of literals: the word for the filter `quote`, and how it writes.
const STYLES: &[(&str, Quote)] = &[
    ("json", |text| Ok(escaped(text, &PLAIN, json))),
    ("c", |text| Ok(escaped(text, &PLAIN, c))),
    ("rust", |text| Ok(escaped(text, &PLAIN, braced))),
    ("ruby", |text| Ok(escaped(text, &PLAIN_IN_RUBY, ruby))),
    ("hcl", |text| Ok(escaped(text, &PLAIN_IN_HCL, hcl))),
    ("shell", shell),
    ("dotenv", dotenv),
];

/// Text as a literal of a family of languages.
///
/// # Errors
///
/// There is no such family, or none of its forms can hold the text.
pub(super) fn quote(text: &str, style: &str) -> Result<String, String> {
    match STYLES.iter().find(|(name, _)| *name == style) {
        Some((_, write)) => write(text).map_err(str::to_owned),
        None => {
            let known: Vec<&str> = STYLES.iter().map(|(name, _)| *name).collect();
            Err(format!("there is no style `{style}`; there are {}", known.join(", ")))
        }
    }
}

/// The long text that was quoted last, with its literals: a dynamic configuration stands in the files of every service.
#[derive(Debug, Default)]
pub(super) struct Long(Mutex<(String, Vec<(String, Value)>)>);

impl Long {
    /// As [`quote`].
    pub(super) fn quote(&self, text: &str, style: &str) -> Result<Value, String> {
        // What a panic left behind is whole: nothing is put in before it is made.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, literals) = &mut *last;
        if known != text {
            *known = text.to_owned();
            literals.clear();
        }
        if let Some((_, literal)) = literals.iter().find(|(of, _)| of == style) {
            return Ok(literal.clone());
        }
        let literal = Value::from(quote(text, style)?);
        literals.push((style.to_owned(), literal.clone()));
        Ok(literal)
    }
}

/// A character that escapes, with what follows it.
type Escape = fn(&mut String, char, Option<char>);

/// In double quotes, in printable ASCII: what has a name is named, what is beyond ASCII is numbered, so that neither an
/// editor's encoding nor invisible characters can change what a reader sees.
fn escaped(text: &str, plain: &Plain, escape: Escape) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16 + 2);
    out.push('"');
    let mut rest = text;
    loop {
        let special = rest.bytes().position(|byte| !plain[usize::from(byte)]);
        let (copied, special) = rest.split_at(special.unwrap_or(rest.len()));
        out.push_str(copied);
        let mut characters = special.chars();
        let Some(c) = characters.next() else { break };
        rest = characters.as_str();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => escape(&mut out, c, rest.chars().next()),
        }
    }
    out.push('"');
    out
}

/// Which bytes mean themselves in a language's double quotes: a table, for whole files are quoted.
type Plain = [bool; 256];

static PLAIN: Plain = all_but(b"");
static PLAIN_IN_RUBY: Plain = all_but(b"#");
static PLAIN_IN_HCL: Plain = all_but(b"$%");

/// Printable ASCII but the quote, the backslash and these marks.
const fn all_but(marks: &[u8]) -> Plain {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        plain[byte as usize] = byte != b'"' && byte != b'\\';
        byte += 1;
    }
    let mut at = 0;
    while at < marks.len() {
        plain[marks[at] as usize] = false;
        at += 1;
    }
    plain
}

fn plain(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic()
}

/// Beyond the first plane as two UTF-16 halves: JSON, JavaScript, Java.
fn json(out: &mut String, c: char, _: Option<char>) {
    if plain(c) {
        out.push(c);
    } else {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
}

/// Beyond the first plane with eight digits: Go, Python, C#, YAML.
fn c(out: &mut String, c: char, _: Option<char>) {
    let number = u32::from(c);
    let _ = match number {
        _ if plain(c) => write!(out, "{c}"),
        0..=0xffff => write!(out, "\\u{number:04x}"),
        _ => write!(out, "\\U{number:08x}"),
    };
}

/// In braces: Rust.
fn braced(out: &mut String, c: char, _: Option<char>) {
    let _ = if plain(c) { write!(out, "{c}") } else { write!(out, "\\u{{{:x}}}", u32::from(c)) };
}

/// As Rust; `#{`, `#$` and `#@` would interpolate.
fn ruby(out: &mut String, c: char, next: Option<char>) {
    if c == '#' && matches!(next, Some('{' | '$' | '@')) {
        out.push('\\');
    }
    braced(out, c, next);
}

/// As C; `${` and `%{` would interpolate and are doubled. A mark before another is numbered, because `$$${` has two
/// readings.
fn hcl(out: &mut String, mark: char, next: Option<char>) {
    match (mark, next) {
        ('$', Some('{')) => out.push_str("$$"),
        ('%', Some('{')) => out.push_str("%%"),
        ('$', Some('$')) | ('%', Some('%')) => {
            let _ = write!(out, "\\u{:04x}", u32::from(mark));
        }
        _ => c(out, mark, next),
    }
}

const NUL: &str = "a text with a NUL character is no argument and no variable of a process";

/// One word of a POSIX shell.
fn shell(text: &str) -> Result<String, &'static str> {
    if text.contains('\0') {
        return Err(NUL);
    }
    if bare(text) && !text.is_empty() {
        return Ok(text.to_owned());
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// The value of an environment file: a form that a shell which sources the file and the dotenv readers take alike. They
/// disagree on much, so that some texts have none.
fn dotenv(text: &str) -> Result<String, &'static str> {
    if text.contains('\0') {
        return Err(NUL);
    }
    if bare(text) {
        return Ok(text.to_owned());
    }
    if text.contains('\r') {
        return Err("no form of an environment file keeps a carriage return for every reader");
    }
    // Readers that expand `${` do so in single quotes too; there a backslash escapes itself for some.
    if !text.contains('\'') && !text.contains("${") && !text.contains(r"\\") && !text.ends_with('\\') {
        return Ok(format!("'{text}'"));
    }
    if !text.contains(['$', '`']) && !text.contains("\\\"") && !text.ends_with('\\') {
        return Ok(format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"")));
    }
    Err("no form of an environment file means this text to every reader, for it mixes quotes, `$` and `\\`")
}

/// Text that no shell and no reader takes apart.
fn bare(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./:@%+,=-".contains(&b))
}

/// Text as line comments, wrapped where a width is given: each line begins with the mark, and none can be left.
pub(super) fn comment(text: &str, mark: &str, width: Option<usize>) -> String {
    let safe = harmless(text.trim());
    let mut out = String::with_capacity(safe.len() + safe.len() / 8 + mark.len() + 16);
    let mut push = |line: &str| {
        if !out.is_empty() {
            out.push('\n');
        }
        match line.trim_end() {
            "" => out.push_str(mark.trim_end_matches([' ', '\t'])),
            line => {
                out.push_str(mark);
                out.push_str(line);
            }
        }
    };
    for line in safe.lines() {
        match width {
            Some(width) => super::wrap(line, width.saturating_sub(mark.chars().count()), 0).lines().for_each(&mut push),
            None => push(line),
        }
    }
    out
}

/// Text whose lines are the lines that every compiler sees.
fn harmless(text: &str) -> Cow<'_, str> {
    // Without a way out, so that many bytes are looked at at once: nearly every text has none other.
    if text.bytes().fold(true, |all, byte| all & ((b' '..=b'~').contains(&byte) | (byte == b'\n')) & (byte != b'\\')) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c {
            // What ends a line anywhere ends it here, where the mark follows.
            '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => safe.push('\n'),
            '\t' => safe.push(' '),
            _ if c.is_control() || invisible(c) => continue,
            // Java reads `\u000a` as a line end even here.
            'u' if before == '\\' => safe.push_str(" u"),
            _ => safe.push(c),
        }
        before = c;
    }
    Cow::Owned(safe)
}

/// Characters that show nothing or turn the text around: compilers refuse some of them even in comments.
pub(crate) fn invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{Long, STYLES, quote};

    #[test]
    fn a_long_text_is_quoted_as_a_short_one() {
        let long = Long::default();
        for text in ["one\n".repeat(2000), "#{two} $".repeat(2000), "'three'\r".repeat(2000)] {
            // The second time it is remembered, or refused again.
            for (style, _) in STYLES.iter().chain(STYLES) {
                let literal = long.quote(&text, style).map(|literal| literal.to_string());
                assert_eq!(literal, quote(&text, style), "{style}");
            }
            assert!(long.quote(&text, "no-style").is_err());
        }
    }
}
