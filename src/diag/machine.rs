//! Output for programs: JSON, workflow annotations of GitHub Actions, and SARIF.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::render::visible;
use super::{Code, Diagnostic, Format, Severity, SourceMap, Span};

/// A diagnostic as a JSON object: `severity`, `code`, `message`, `help`, `file`, `line`, `column`,
/// `end_line`, `end_column`, `related`, then the facts by their names.
///
/// `help` is null when there is none, and so are the fields of the place. Lines and columns count
/// from 1, columns in characters; the end is the place behind the last character. A fact cannot
/// replace one of the fields above.
#[must_use]
pub fn to_json(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.entry(name).or_insert(value);
    };
    put("severity", diagnostic.severity.as_str().into());
    put("code", diagnostic.code.as_str().into());
    put("message", diagnostic.message.as_str().into());
    put("help", diagnostic.help.as_deref().into());
    if let Some(label) = &diagnostic.primary {
        let (start, end) = sources.positions(label.span);
        put("file", sources.name(label.span.file).into());
        put("line", start.line.into());
        put("column", start.column.into());
        put("end_line", end.line.into());
        put("end_column", end.column.into());
    } else {
        for name in ["file", "line", "column", "end_line", "end_column"] {
            put(name, Value::Null);
        }
    }
    let related: Vec<Value> = diagnostic
        .related
        .iter()
        .map(|label| {
            let position = sources.position(label.span);
            json!({
                "file": sources.name(label.span.file),
                "line": position.line,
                "column": position.column,
                "message": label.text,
            })
        })
        .collect();
    put("related", related.into());
    for (name, value) in &diagnostic.facts {
        put(name, value.clone());
    }
    Value::Object(object)
}

/// A JSON document, indented, with a line end.
fn pretty(value: &Value) -> String {
    // The alternate form of a `Value` is its indented serialisation, and it cannot fail.
    format!("{value:#}\n")
}

/// A document that diagnostics are collected for, a few at a time and from any sources, until all are known.
#[derive(Debug, Clone)]
pub struct Collected {
    sarif: bool,
    found: Vec<(Code, Value)>,
}

impl Collected {
    /// An empty collection, where the format is one document; none where diagnostics can be written one by one.
    #[must_use]
    pub fn new(format: Format) -> Option<Self> {
        matches!(format, Format::Json | Format::Sarif)
            .then(|| Self { sarif: format == Format::Sarif, found: Vec::new() })
    }

    /// Adds diagnostics.
    pub fn add(&mut self, sources: &SourceMap, diagnostics: &[Diagnostic]) {
        let form = if self.sarif { sarif_result } else { to_json };
        self.found.extend(diagnostics.iter().map(|diagnostic| (diagnostic.code, form(sources, diagnostic))));
    }

    /// The document: `{"diagnostics": […]}`, or SARIF 2.1.0.
    #[must_use]
    pub fn document(self) -> Value {
        if self.sarif {
            return sarif(self.found);
        }
        json!({ "diagnostics": self.found.into_iter().map(|(_, found)| found).collect::<Vec<_>>() })
    }
}

/// One document of all diagnostics.
pub(super) fn document(mut collected: Collected, sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    collected.add(sources, diagnostics);
    pretty(&collected.document())
}

/// One workflow command for each diagnostic.
pub(super) fn github(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(match diagnostic.severity {
            Severity::Error => "::error ",
            Severity::Warning => "::warning ",
            Severity::Note => "::notice ",
        });
        // A place that is in no file cannot be annotated: it is named in the text.
        let place = diagnostic.primary.as_ref().map(|label| (label, sources.position(label.span)));
        if let Some((label, position)) = place
            && sources.is_file(label.span.file)
        {
            out.push_str("file=");
            escape(&mut out, sources.name(label.span.file), true);
            write!(out, ",line={},col={},", position.line, position.column).expect("writing to a string cannot fail");
        }
        out.push_str("title=");
        escape(&mut out, diagnostic.code.as_str(), true);
        out.push_str("::");
        escape(&mut out, &diagnostic.message, false);
        if let Some((label, position)) = place {
            let mut at = Vec::new();
            if !sources.is_file(label.span.file) {
                at.push(format!("{}:{}:{}", sources.name(label.span.file), position.line, position.column));
            }
            if !label.text.is_empty() {
                at.push(label.text.clone());
            }
            if !at.is_empty() {
                out.push_str("%0A");
                escape(&mut out, &at.join(": "), false);
            }
        }
        if let Some(help) = &diagnostic.help {
            out.push_str("%0Ahelp: ");
            escape(&mut out, help, false);
        }
        out.push('\n');
    }
    out
}

/// Escapes the data of a workflow command, or one of its properties. Control characters that the
/// command syntax does not escape are made visible, for the log shows the command as it is.
fn escape(out: &mut String, text: &str, property: bool) {
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            ':' if property => out.push_str("%3A"),
            ',' if property => out.push_str("%2C"),
            _ => out.push(visible(c)),
        }
    }
}

/// A SARIF 2.1.0 document of results, each with the code that is its rule.
fn sarif(found: Vec<(Code, Value)>) -> Value {
    let mut codes: Vec<Code> = found.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable_by_key(|code| code.as_str());
    codes.dedup();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| {
            json!({
                "id": code.as_str(),
                "shortDescription": { "text": code.description() },
            })
        })
        .collect();
    let indices: BTreeMap<Code, usize> = codes.iter().enumerate().map(|(i, &c)| (c, i)).collect();
    let results: Vec<Value> = found
        .into_iter()
        .map(|(code, mut result)| {
            result["ruleIndex"] = indices[&code].into();
            result
        })
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "tdsql",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A result; the number of its rule is known once all are.
fn sarif_result(sources: &SourceMap, diagnostic: &Diagnostic) -> Value {
    let mut result = Map::new();
    result.insert("ruleId".into(), diagnostic.code.as_str().into());
    result.insert("ruleIndex".into(), Value::Null);
    // SARIF's levels have the names of ours.
    result.insert("level".into(), diagnostic.severity.as_str().into());
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    result.insert("message".into(), json!({ "text": text }));
    let locations: Vec<Value> =
        diagnostic.primary.iter().map(|label| location(sources, label.span, &label.text)).collect();
    result.insert("locations".into(), locations.into());
    if !diagnostic.related.is_empty() {
        let related: Vec<Value> =
            diagnostic.related.iter().map(|label| location(sources, label.span, &label.text)).collect();
        result.insert("relatedLocations".into(), related.into());
    }
    if !diagnostic.facts.is_empty() {
        let facts: Map<String, Value> =
            diagnostic.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        result.insert("properties".into(), facts.into());
    }
    Value::Object(result)
}

fn location(sources: &SourceMap, span: Span, text: &str) -> Value {
    let (start, end) = sources.positions(span);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(sources.name(span.file)) },
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        },
    });
    if !text.is_empty() {
        location["message"] = json!({ "text": text });
    }
    location
}

/// A file name as a URI reference: relative names stay relative, absolute ones get a scheme.
fn uri(name: &str) -> String {
    let mut out = String::new();
    let drive = matches!(name.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic());
    if drive {
        out.push_str("file:///");
    } else if name.starts_with('/') {
        out.push_str("file://");
    }
    for (at, &byte) in name.as_bytes().iter().enumerate() {
        match byte {
            _ if byte.is_ascii_alphanumeric() || b"-._~/+=@".contains(&byte) => {
                out.push(char::from(byte));
            }
            b':' if drive && at == 1 => out.push(':'),
            b'\\' if drive => out.push('/'),
            _ => write!(out, "%{byte:02X}").expect("writing to a string cannot fail"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Style, render};
    use super::*;

    fn example() -> (SourceMap, Vec<Diagnostic>) {
        let mut sources = SourceMap::new();
        let a = sources.add("dir, 100%/a:b.toml", "\u{feff}x = 1\r\n  ü = 2\r\n");
        let b = sources.add("b.toml", "y = 1\n");
        let first = Diagnostic::error(Code::UnknownParameter, "no 100%\nmatch\u{1b}[0m: a, b")
            .at(Span::new(a, 12..18), "here")
            .and(Span::new(b, 4..5), "defined here")
            .help("try `y`")
            .fact("parameter", "ü")
            .fact("line", "must not replace the line")
            .fact("limit", 3);
        let second = Diagnostic::note(Code::Io, "nothing to do");
        (sources, vec![first, second])
    }

    fn rendered(format: Format) -> String {
        let (sources, all) = example();
        render(format, &sources, &all, Style::default())
    }

    #[test]
    fn json_has_every_field_in_order() {
        let document: Value = serde_json::from_str(&rendered(Format::Json)).expect("well-formed JSON");
        let expected = json!({
            "severity": "error",
            "code": "unknown_parameter",
            "message": "no 100%\nmatch\u{1b}[0m: a, b",
            "help": "try `y`",
            "file": "dir, 100%/a:b.toml",
            "line": 2,
            "column": 3,
            "end_line": 2,
            "end_column": 8,
            "related": [{ "file": "b.toml", "line": 1, "column": 5, "message": "defined here" }],
            "parameter": "ü",
            "limit": 3,
        });
        let actual = &document["diagnostics"][0];
        assert_eq!(actual, &expected);
        let names = |v: &Value| -> Vec<String> { v.as_object().expect("well-formed JSON").keys().cloned().collect() };
        assert_eq!(names(actual), names(&expected));
        let second = &document["diagnostics"][1];
        assert_eq!(second["file"], Value::Null);
        assert_eq!(second["end_column"], Value::Null);
        assert_eq!(second["help"], Value::Null);
        assert_eq!(second["related"], json!([]));
    }

    #[test]
    fn github_commands_are_escaped() {
        assert_eq!(
            rendered(Format::Github),
            "::error file=dir%2C 100%25/a%3Ab.toml,line=2,col=3,title=unknown_parameter::\
             no 100%25%0Amatch\u{241b}[0m: a, b%0Ahere%0Ahelp: try `y`\n\
             ::notice title=io::nothing to do\n"
        );
    }

    #[test]
    fn a_place_in_no_file_is_not_annotated() {
        let mut sources = SourceMap::new();
        let flag = sources.add_unfiled("--set", "a=b");
        let found = [Diagnostic::error(Code::Io, "no").at(Span::new(flag, 2..3), "here")];
        assert_eq!(
            render(Format::Github, &sources, &found, Style::default()),
            "::error title=io::no%0A--set:1:3: here\n"
        );
    }

    #[test]
    fn what_is_collected_from_several_sources_is_one_document() {
        let (sources, all) = example();
        let mut other = SourceMap::new();
        let file = other.add("c.toml", "z");
        let found = Diagnostic::warning(Code::Syntax, "a third").at(Span::new(file, 0..1), "");
        let mut collected = Collected::new(Format::Sarif).expect("SARIF is one document");
        collected.add(&sources, &all);
        collected.add(&other, &[found]);
        let run = &collected.document()["runs"][0];
        let names: Vec<&Value> = run["results"].as_array().expect("a list").iter().map(|r| &r["ruleIndex"]).collect();
        assert_eq!(names, [2, 0, 1]);
        assert_eq!(run["results"][2]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "c.toml");
        assert!(Collected::new(Format::Github).is_none());
    }

    #[test]
    fn sarif_names_rules_and_regions() {
        let document: Value = serde_json::from_str(&rendered(Format::Sarif)).expect("well-formed JSON");
        assert_eq!(document["version"], "2.1.0");
        let run = &document["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "tdsql");
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "io");
        let result = &run["results"][0];
        assert_eq!(result["ruleId"], "unknown_parameter");
        assert_eq!(result["ruleIndex"], 1);
        assert_eq!(result["level"], "error");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "dir%2C%20100%25/a%3Ab.toml");
        assert_eq!(place["region"], json!({ "startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 8 }));
        assert_eq!(result["relatedLocations"][0]["message"]["text"], "defined here");
        assert_eq!(result["properties"]["limit"], 3);
        assert_eq!(run["results"][1]["locations"], json!([]));
    }

    #[test]
    fn names_become_uri_references() {
        assert_eq!(uri("a/b c.toml"), "a/b%20c.toml");
        assert_eq!(uri("/a/ü"), "file:///a/%C3%BC");
        assert_eq!(uri("C:\\a\\b"), "file:///C:/a/b");
        assert_eq!(uri("a\\b"), "a%5Cb");
    }
}
