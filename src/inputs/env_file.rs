//! Env files and the process environment.

use std::collections::HashMap;
use std::ops::Range;

use super::{Entry, MAX_DEPLOYED_BYTES, Origin, Reader};
use crate::diag::{At, Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::model::Scalar;

/// Reads an env file in the syntax that dotenv and Docker share.
///
/// One `NAME=value` a line, with or without `export` before it. `#` starts a comment at the start of a line, and in an
/// unquoted value behind white space. Single quotes keep their text as it stands; double quotes know `\n`, `\r`, `\t`, `\"` and `\\`, any other
/// backslash stays. Quoted text may run over several lines. CRLF and a byte order mark are accepted. `$NAME` is not
/// expanded: values are kept literally. Of a name given twice the last value counts, and a warning names both places.
///
/// An env file may hold secrets, and a diagnostic shows lines: the excerpts show the values only of those variables for which
/// `public` holds, and of all else nothing but names.
pub fn parse_env_file(
    name: &str,
    text: &str,
    public: &dyn Fn(&str) -> bool,
    sources: &mut SourceMap,
    diags: &mut Diagnostics,
) -> Vec<Entry> {
    let origin = Origin::EnvFile(name.to_owned());
    let Some((mut reader, body)) =
        Reader::open(MAX_DEPLOYED_BYTES, name, text, masked(text, public), origin, sources, diags)
    else {
        return Vec::new();
    };
    let mut pairs: Vec<Entry> = Vec::new();
    let mut latest: HashMap<String, usize> = HashMap::new();
    // No closing quote lies behind this offset, per kind of quote: without it, a file of nothing but opening quotes
    // would be searched to its end once per line.
    let mut exhausted = [usize::MAX; 2];
    let mut at = 0;
    while at < body.len() {
        let line = line_at(body, at);
        let next = after_line(body, line.end);
        match pair(body, line, &mut exhausted) {
            Line::Blank => at = next,
            Line::Fault { message, place, label, help } => {
                let span = reader.span(place);
                reader.fault(Diagnostic::error(Code::Syntax, message).at(span, label).help(help));
                at = next;
            }
            Line::Pair { key, value, value_at, end } => {
                at = after_line(body, end);
                let key_text = body[key.clone()].to_owned();
                let entry = Entry {
                    key: At::new(key_text.clone(), reader.span(key)),
                    value: At::new(Scalar::Str(value), reader.span(value_at)),
                    origin: reader.origin.clone(),
                };
                if let Some(first) = latest.insert(key_text, pairs.len()) {
                    let first = &pairs[first].key;
                    reader.fault(
                        Diagnostic::warning(Code::DuplicateKey, format!("`{}` is set more than once", first.value))
                            .at(entry.key.span, "this value counts")
                            .and(first.span, "this one does not")
                            .help("remove the line that is not wanted")
                            .fact("key", first.value.as_str()),
                    );
                }
                pairs.push(entry);
            }
        }
    }
    let mut index = 0;
    pairs.retain(|entry| {
        index += 1;
        latest.get(&entry.key.value) == Some(&(index - 1))
    });
    pairs
}

/// The text with `*` in place of every byte that could belong to a secret; lines and offsets stay.
fn masked(text: &str, public: &dyn Fn(&str) -> bool) -> String {
    let hide = |part: &str, into: &mut String| {
        into.extend(part.bytes().map(|byte| if matches!(byte, b'\r' | b'\n') { char::from(byte) } else { '*' }));
    };
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start_matches('\u{feff}').trim_start();
        let (left, _) = line.split_once('=').unwrap_or(("", line));
        let name = left.trim_start_matches('\u{feff}').trim();
        let name = name.strip_prefix("export ").map_or(name, str::trim);
        // What stands before `=` in the middle of a quoted secret is no name that anybody chose for a variable.
        let named = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        if trimmed.is_empty() || (named && public(name)) {
            shown.push_str(line);
        } else if named {
            shown.push_str(left);
            shown.push('=');
            hide(&line[left.len() + 1..], &mut shown);
        } else {
            hide(line, &mut shown);
        }
    }
    shown
}

/// What one line turned out to be. Places are offsets into the body.
enum Line {
    Blank,
    Pair {
        key: Range<usize>,
        value: String,
        value_at: Range<usize>,
        /// Where the pair ends: the end of its last line.
        end: usize,
    },
    Fault {
        message: String,
        place: Range<usize>,
        label: &'static str,
        help: &'static str,
    },
}

/// The line that starts at an offset, without its end-of-line characters.
fn line_at(body: &str, at: usize) -> Range<usize> {
    let end = body[at..].find('\n').map_or(body.len(), |n| at + n);
    let line = &body[at..end];
    at..at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// The offset behind the end of line that follows `end`.
fn after_line(body: &str, end: usize) -> usize {
    body[end..].find('\n').map_or(body.len(), |n| end + n + 1)
}

/// `range` without white space at both ends.
fn trim(body: &str, range: Range<usize>) -> Range<usize> {
    let text = &body[range.clone()];
    let start = range.start + (text.len() - text.trim_start().len());
    start..start + text.trim().len()
}

fn pair(body: &str, line: Range<usize>, exhausted: &mut [usize; 2]) -> Line {
    let mut rest = trim(body, line.clone());
    let text = &body[rest.clone()];
    if text.is_empty() || text.starts_with('#') {
        return Line::Blank;
    }
    if let Some(name) = text.strip_prefix("export").filter(|t| t.starts_with([' ', '\t'])) {
        rest.start = rest.end - name.trim_start().len();
    }
    let text = &body[rest.clone()];
    let Some(equals) = text.find('=') else {
        return Line::Fault {
            message: "a line without `=`".to_owned(),
            place: rest,
            label: "no value is given",
            help: "write NAME=value; values are never taken over from the surrounding environment",
        };
    };
    let key = trim(body, rest.start..rest.start + equals);
    if !is_name(&body[key.clone()]) {
        let empty = key.is_empty();
        return Line::Fault {
            // What stands there is not repeated: it may be a line of a secret.
            message: if empty {
                "a line without a name before `=`".to_owned()
            } else {
                "what stands before `=` is no name of a variable".to_owned()
            },
            place: if empty { rest.start..rest.start + equals + 1 } else { key },
            label: if empty { "no name" } else { "not a valid name" },
            help: "a name has letters, digits and `_`, and does not start with a digit",
        };
    }
    let start = rest.start + equals + 1;
    let after = &body[start..line.end];
    let value_start = start + (after.len() - after.trim_start().len());
    match body[value_start..line.end].chars().next() {
        Some(quote @ ('\'' | '"')) => quoted(body, key, value_start, quote, line.end, exhausted),
        _ => {
            let value_at = unquoted(body, start, line.end);
            Line::Pair { key, value: body[value_at.clone()].to_owned(), value_at, end: line.end }
        }
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The place of an unquoted value: up to a `#` behind white space, trimmed.
fn unquoted(body: &str, start: usize, end: usize) -> Range<usize> {
    let text = &body[start..end];
    let mut spaced = false;
    let mut stop = text.len();
    for (at, c) in text.char_indices() {
        if c == '#' && spaced {
            stop = at;
            break;
        }
        spaced = c.is_whitespace();
    }
    let place = trim(body, start..start + stop);
    // An empty value stands right behind `=`.
    if place.is_empty() { start..start } else { place }
}

fn quoted(
    body: &str,
    key: Range<usize>,
    open: usize,
    quote: char,
    line_end: usize,
    exhausted: &mut [usize; 2],
) -> Line {
    let kind = usize::from(quote == '"');
    let unclosed = || Line::Fault {
        message: format!("`{}`: the quoted value is not closed", &body[key.clone()]),
        place: open..line_end,
        label: "opened here",
        help: "close the quotes, or leave them out",
    };
    if open >= exhausted[kind] {
        return unclosed();
    }
    let mut value = String::new();
    let mut chars = body[open + 1..].char_indices();
    let close = loop {
        let Some((at, c)) = chars.next() else {
            exhausted[kind] = open;
            return unclosed();
        };
        match c {
            c if c == quote => break open + 1 + at,
            '\\' if quote == '"' => match chars.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some(c @ ('"' | '\\')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => value.push('\\'),
            },
            '\r' if body[open + 1 + at..].starts_with("\r\n") => {}
            c => value.push(c),
        }
    };
    let end = line_at(body, close).end.max(close + 1);
    let tail = trim(body, close + 1..end);
    let text = &body[tail.clone()];
    let comment = text.starts_with('#') && tail.start > close + 1;
    if !text.is_empty() && !comment {
        return Line::Fault {
            message: format!("`{}`: text follows the quoted value", &body[key]),
            place: tail,
            label: "not expected here",
            help: "put the whole value into the quotes; a comment needs a space before its `#`",
        };
    }
    Line::Pair { key, value, value_at: open..close + 1, end }
}

/// Turns variables of the process environment into entries: those that `keep` wants, in the order of their names.
///
/// They share one source named `environment` whose text is `NAME=value` lines. Variables that `keep` turns down appear nowhere, which is
/// how a caller keeps secrets out. Control characters of a value are escaped in the source's text, never in the entry.
pub fn environment_entries(
    vars: impl Iterator<Item = (String, String)>,
    keep: &dyn Fn(&str) -> bool,
    sources: &mut SourceMap,
) -> Vec<Entry> {
    let mut vars: Vec<_> = vars.filter(|(name, _)| keep(name)).collect();
    vars.sort();
    let mut text = String::new();
    let mut places = Vec::with_capacity(vars.len());
    for (name, value) in &vars {
        let start = text.len();
        text.push_str(name);
        text.push('=');
        let middle = text.len();
        for c in value.chars() {
            if c.is_control() {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        places.push((start..middle - 1, middle..text.len()));
        text.push('\n');
    }
    let file = sources.add_unfiled("environment", text);
    vars.into_iter()
        .zip(places)
        .map(|((name, value), (name_at, value_at))| Entry {
            key: At::new(name, Span::new(file, name_at)),
            value: At::new(Scalar::Str(value), Span::new(file, value_at)),
            origin: Origin::Environment,
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::diag::Severity;

    fn run(text: &str) -> (Vec<Entry>, Diagnostics, SourceMap) {
        let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
        let entries = parse_env_file("x.env", text, &|_| true, &mut sources, &mut diags);
        (entries, diags, sources)
    }

    fn pairs(entries: &[Entry]) -> Vec<(&str, &str)> {
        entries
            .iter()
            .map(|e| match &e.value.value {
                Scalar::Str(value) => (e.key.value.as_str(), value.as_str()),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn reads_the_common_syntax() {
        let text = "\u{feff}# head\r\nA=1\r\nexport B = two words  # why\n\tC='a # $B \\n'\nD=\"x\\ny\\\"\\\\\\q\" # c\nE=\nF=a#b\nG= # nothing\nH==\n\n  # end\nexport=3\nI='a\nb' \nJ=\"\"";
        let (entries, diags, sources) = run(text);
        assert!(diags.is_empty(), "{diags:?}");
        assert_eq!(
            pairs(&entries),
            [
                ("A", "1"),
                ("B", "two words"),
                ("C", "a # $B \\n"),
                ("D", "x\ny\"\\\\q"),
                ("E", ""),
                ("F", "a#b"),
                ("G", ""),
                ("H", "="),
                ("export", "3"),
                ("I", "a\nb"),
                ("J", ""),
            ]
        );
        assert_eq!(sources.snippet(entries[1].key.span), "B");
        assert_eq!(sources.snippet(entries[1].value.span), "two words");
        assert_eq!(sources.snippet(entries[2].value.span), "'a # $B \\n'");
        assert_eq!(sources.position(entries[0].key.span).line, 2);
        assert_eq!(entries[0].origin, Origin::EnvFile("x.env".into()));
    }

    #[test]
    fn reports_every_fault_with_its_place() {
        let text = "A\n=5\n1X=2\nB-C=3\nD=\"open\nE='x' y\nF=1\nG=\"open too\nH='a'#b\n";
        let (entries, diags, sources) = run(text);
        let found: Vec<_> = diags.iter().map(|d| sources.snippet(d.primary.as_ref().unwrap().span)).collect();
        // The quote that D opens is closed by the one that G opens, so both lines are at fault.
        assert_eq!(found, ["*", "*", "**", "***", "open too", "y", "\"open too", "#b"]);
        assert!(diags.iter().all(|d| d.code == Code::Syntax && d.help.is_some()));
        assert_eq!(pairs(&entries), [("F", "1")]);
        let (_, diags, sources) = run("A=\"x\nB=1\n");
        assert_eq!(diags.len(), 1);
        let place = diags.as_slice()[0].primary.as_ref().unwrap().span;
        assert_eq!(sources.snippet(place), "\"x");
    }

    #[test]
    fn the_last_of_a_name_counts_with_a_warning() {
        let (entries, diags, _) = run("A=1\nB=2\nA=3\n");
        assert_eq!(pairs(&entries), [("B", "2"), ("A", "3")]);
        assert_eq!(diags.len(), 1);
        let d = &diags.as_slice()[0];
        assert_eq!((d.severity, d.code), (Severity::Warning, Code::DuplicateKey));
        assert_eq!((d.primary.as_ref().unwrap().span.start, d.related[0].span.start), (8, 0));
    }

    #[test]
    fn hostile_files_end() {
        let big = "A=\"\n".repeat(300_000);
        for text in [big, "A='".repeat(300_000), "B=\"x\nC='y\n".repeat(100_000), "=".repeat(1_000_000)] {
            let (_, diags, _) = run(&text);
            assert!(diags.len() <= super::super::MAX_FAULTS + 1);
        }
        let (_, diags, _) = run(&"A=1\n".repeat(MAX_DEPLOYED_BYTES / 4 + 1));
        assert_eq!(diags.as_slice()[0].code, Code::TooLarge);
    }

    #[test]
    fn environment_takes_only_what_is_kept() {
        let mut sources = SourceMap::default();
        let vars = [("Z", "1\n2"), ("SECRET", "s3cr3t"), ("A", "é")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let entries = environment_entries(vars.into_iter(), &|name| name != "SECRET", &mut sources);
        assert_eq!(pairs(&entries), [("A", "é"), ("Z", "1\n2")]);
        let file = entries[0].key.span.file;
        assert_eq!(sources.name(file), "environment");
        assert_eq!(sources.text(file), "A=é\nZ=1\\n2\n");
        assert_eq!(sources.snippet(entries[1].value.span), "1\\n2");
        assert_eq!(sources.snippet(entries[1].key.span), "Z");
    }
}
