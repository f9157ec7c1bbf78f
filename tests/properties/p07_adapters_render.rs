use crate::strategies::{CATALOG, CLOCK, choice, compiled, link, refused, text};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;
use tdsql::catalog::Catalog;
use tdsql::compile::{Compilation, Given, Request, compile};
use tdsql::loader::DataSet;
use tdsql::model::{RenderedSnippet, Scalar};

/// Parameters of hostile text in each case.
const TEXTS: usize = 4;

/// The style of quoting that an adapter of Terraform's files has as a further form.
const HCL: &str = "hcl";

fn rendered(compilation: &Compilation<'_>) -> Result<Vec<RenderedSnippet>, TestCaseError> {
    let (sdk, platform) = compilation.snippets().map_err(|faults| refused(&faults))?;
    Ok(sdk.into_iter().chain(platform).collect())
}

/// A name that stays within its folder on every system.
fn valid(path: &str) -> bool {
    path.split('/').all(|part| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    })
}

/// What a data file says; none for other files.
fn parsed(file: &RenderedSnippet) -> Option<Result<Value, String>> {
    match file.filename.rsplit('.').next()? {
        "json" => Some(serde_json::from_str(&file.content).map_err(|fault| fault.to_string())),
        "yaml" | "yml" => Some(serde_yaml::from_str(&file.content).map_err(|fault| fault.to_string())),
        _ => None,
    }
}

/// P7: "For any preset and modifier, each adapter SHALL render files with a valid name and non-empty content"
/// (requirements R4a.5, R4b.5). Its JSON and YAML can be read.
#[test]
fn p07_adapters_render() {
    crate::holds(file!(), crate::CASES, &choice(), |choice| {
        let compilation = compiled(&CATALOG, &choice)?;
        let files = rendered(&compilation)?;
        let adapters: BTreeSet<&str> = files.iter().map(|file| file.adapter.as_str()).collect();
        prop_assert_eq!(adapters.len(), CATALOG.adapters.len());
        let mut paths = BTreeSet::new();
        for file in &files {
            let shown = format!("{}/{}", file.adapter, file.filename);
            prop_assert!(valid(&file.filename), "{}", shown);
            prop_assert!(!file.content.trim().is_empty() && file.content.ends_with('\n'), "{}", shown);
            if let Some(Err(fault)) = parsed(file) {
                prop_assert!(false, "{}: {}", shown, fault);
            }
            prop_assert!(paths.insert(shown.clone()), "{} twice", shown);
        }
        Ok(())
    });
}

/// Text that some language or other would take apart.
fn hostile() -> impl Strategy<Value = String> {
    let marks = [
        "\\",
        "\"",
        "'",
        "`",
        "$",
        "$$",
        "{",
        "}",
        "#",
        "%",
        "%%",
        "u",
        "U",
        "x",
        "N",
        "0",
        "a",
        " ",
        "\n",
        "\r",
        "\t",
        "\0",
        "\u{7}",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{10ffff}",
        "é",
        "😀",
        "//",
        "*/",
        "@",
    ];
    prop_oneof![
        3 => vec(select(marks.to_vec()), 0..24).prop_map(|parts| parts.concat()),
        2 => text(),
        1 => any::<String>(),
    ]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(hostile(), TEXTS)
}

fn key(index: usize) -> String {
    format!("hostile.v{index}")
}

fn variable(index: usize) -> String {
    format!("HOSTILE_V{index}")
}

/// The shipped files, with parameters that take any text and go to every adapter.
fn with_parameters() -> DataSet {
    let mut parameters = String::from("title = \"Hostile\"\norder = 1000000\n");
    for index in 0..TEXTS {
        let _ = write!(
            parameters,
            "\n[[parameter]]\nkey = \"{}\"\nclass = \"tuning\"\ntype = \"str\"\ndefault = \"plain\"\n\
             summary = \"Text.\"\nrationale = \"Read by a test alone.\"\nsource = \"test\"\n\
             outputs = {{ worker_options = true, env_vars = \"{}\" }}\n",
            key(index),
            variable(index)
        );
    }
    let mut files = DataSet::embedded();
    files.insert("registry/parameters/hostile-of-a-test.toml", parameters);
    files
}

/// The adapters as they are shipped.
static SHIPPED: LazyLock<Catalog> = LazyLock::new(|| link(with_parameters()));

/// The adapters with their own literal forms, and a file for each text that holds nothing but its literal.
static LITERALS: LazyLock<Catalog> = LazyLock::new(|| {
    let mut files = with_parameters();
    let manifests: Vec<(String, String)> = files
        .iter()
        .filter(|(path, _)| path.starts_with("templates/adapters/") && path.ends_with("/adapter.toml"))
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    for (path, text) in manifests {
        let mut manifest: toml::Table = text.parse().expect("a shipped manifest");
        let has_hcl = manifest.get("forms").is_some_and(|forms| forms.get(HCL).is_some());
        manifest.retain(|name, _| matches!(name, "kind" | "title" | "language" | "literals" | "forms"));
        // Only the form that is used: one that nobody chooses may read what the test's fields lack.
        if let Some(forms) = manifest.get_mut("forms").and_then(toml::Value::as_table_mut) {
            forms.retain(|name, _| name == HCL);
        }
        let mut outputs = String::new();
        for index in 0..TEXTS {
            for (file, form) in [("plain", ""), (HCL, "form = \"hcl\"\n")] {
                if file == HCL && !has_hcl {
                    continue;
                }
                let _ = write!(
                    outputs,
                    "\n[[output]]\nfile = \"{file}{index}\"\ntemplate = \"literal.j2\"\n\
                     [[output.field]]\nparameter = \"{}\"\nname = \"v\"\n{form}",
                    key(index)
                );
            }
        }
        let folder = path.trim_end_matches("adapter.toml");
        // A mark before it, because no file may be empty.
        files.insert(format!("{folder}literal.j2"), "={{ fields[0].literal }}");
        files.insert(path.clone(), format!("{manifest}\n{outputs}"));
    }
    link(files)
});

fn hostile_request(texts: &[String]) -> Request {
    let given = texts.iter().enumerate().map(|(index, text)| Given::new(key(index), Scalar::Str(text.clone())));
    Request { preset: CATALOG.default_preset.to_string(), given: given.collect(), ..Request::default() }
}

/// The inside of a literal in double quotes, in printable ASCII, with its escapes resolved: `named` ones, and what
/// `numbered` makes of what stands behind `\` (the character, and the bytes that it takes).
fn unescaped(literal: &str, named: &str, numbered: fn(&str) -> Option<(char, usize)>) -> Option<String> {
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    while let Some(c) = rest.chars().next() {
        if c == '"' || !(c == ' ' || c.is_ascii_graphic()) {
            return None;
        }
        rest = &rest[1..];
        if c != '\\' {
            text.push(c);
            continue;
        }
        let escape = rest.chars().next()?;
        if named.contains(escape) {
            text.push(match escape {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            });
            rest = &rest[escape.len_utf8()..];
        } else {
            let (numbered, taken) = numbered(rest)?;
            text.push(numbered);
            rest = &rest[taken..];
        }
    }
    Some(text)
}

fn hexadecimal(digits: Option<&str>) -> Option<char> {
    char::from_u32(u32::from_str_radix(digits?, 16).ok()?)
}

/// What Go, Python, C# and YAML have in common, and nothing that only some of them have; then YAML's own reader.
fn common(literal: &str) -> Option<String> {
    let text = unescaped(literal, "\"\\nrt", |rest| match rest.as_bytes().first()? {
        b'u' => Some((hexadecimal(rest.get(1..5))?, 5)),
        b'U' => Some((hexadecimal(rest.get(1..9))?, 9)),
        _ => None,
    })?;
    (serde_yaml::from_str::<String>(literal).ok()? == text).then_some(text)
}

/// Java resolves `\uXXXX` before it looks for literals, unless an odd number of backslashes stands before the `u`'s own:
/// a numbered quote or line end would end the literal.
fn java(literal: &str) -> Option<String> {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = literal;
    while let Some(c) = rest.chars().next() {
        let taken = match rest.get(..2) {
            Some("\\u") => {
                let unit = u16::from_str_radix(rest.get(2..6)?, 16).ok()?;
                if matches!(unit, 0x0a | 0x0d | 0x22 | 0x5c) {
                    return None;
                }
                units.push(unit);
                6
            }
            Some(pair) if c == '\\' => {
                units.extend(pair.encode_utf16());
                2
            }
            _ => {
                units.extend(c.encode_utf16(&mut [0; 2]).iter());
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    let mut resolved = String::from_utf16(&units).ok()?;
    resolved = resolved.strip_prefix('"')?.strip_suffix('"')?.to_owned();
    let mut text = String::new();
    let mut characters = resolved.chars();
    while let Some(c) = characters.next() {
        text.push(match c {
            '"' | '\n' | '\r' => return None,
            '\\' => match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                same @ ('"' | '\\') => same,
                _ => return None,
            },
            _ => c,
        });
    }
    Some(text)
}

fn ruby(literal: &str) -> Option<String> {
    // Nothing interpolates: a `#` before these is escaped, by an odd number of backslashes.
    for opening in ["#{", "#$", "#@"] {
        for (place, _) in literal.match_indices(opening) {
            let before = literal[..place].bytes().rev().take_while(|byte| *byte == b'\\').count();
            if before % 2 == 0 {
                return None;
            }
        }
    }
    unescaped(literal, "\"\\nrt#", |rest| {
        let digits = rest.strip_prefix("u{")?.split_once('}')?.0;
        Some((hexadecimal(Some(digits))?, digits.len() + 3))
    })
}

/// `$${` and `%%{` stand for `${` and `%{`, which would interpolate.
fn hcl(literal: &str) -> Option<String> {
    let resolved = literal.replace("$${", "\\u0024{").replace("%%{", "\\u0025{");
    if resolved.contains("${") || resolved.contains("%{") { None } else { common(&resolved) }
}

/// Compose expands `$` after YAML; two stand for one.
fn compose(literal: &str) -> Option<String> {
    let expanded = common(literal)?;
    let pairs = expanded.replace("$$", "");
    if pairs.contains('$') { None } else { Some(expanded.replace("$$", "$")) }
}

/// A value of an environment file, for a shell and for readers that expand `${` even in single quotes.
fn dotenv(literal: &str) -> Option<String> {
    if let Some(inner) = literal.strip_prefix('\'') {
        let inner = inner.strip_suffix('\'')?;
        return (!inner.contains('\'') && !inner.contains("${")).then(|| inner.to_owned());
    }
    if let Some(inner) = literal.strip_prefix('"') {
        let mut characters = inner.strip_suffix('"')?.chars();
        let mut text = String::new();
        while let Some(c) = characters.next() {
            text.push(match c {
                '"' | '$' | '`' => return None,
                '\\' => characters.next().filter(|escaped| "\"\\".contains(*escaped))?,
                _ => c,
            });
        }
        return Some(text);
    }
    literal.chars().all(|c| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c)).then(|| literal.to_owned())
}

/// Reads a literal as the adapter's consumer does. None is what it would refuse, or run.
fn read(adapter: &str, language: &str, file: &str, literal: &str) -> Option<String> {
    if file.starts_with(HCL) {
        return hcl(literal);
    }
    match (adapter, language) {
        ("compose", _) => compose(literal),
        (_, "json" | "typescript") => serde_json::from_str(literal).ok().filter(|_| literal.is_ascii()),
        (_, "yaml" | "go" | "python" | "csharp") => common(literal),
        (_, "java") => java(literal),
        (_, "rust") => syn::parse_str::<syn::LitStr>(literal).ok().map(|literal| literal.value()),
        (_, "ruby") => ruby(literal),
        (_, "dotenv") => dotenv(literal),
        _ => panic!("`{adapter}` writes {language}, which this test cannot read: add a reader"),
    }
}

/// P7, for values (issue 4: "values with quotes, spaces, `$`, `#`, newlines, non-ASCII, very long: right in every output
/// language"): the literal of each adapter reads back as the text that was given, by the grammar of its language.
/// `conformance/sdk` does the same with the languages' own compilers.
#[test]
fn p07_adapters_keep_any_text() {
    crate::holds(file!(), crate::CASES, &texts(), |texts| {
        let compilation = compile(&LITERALS, &hostile_request(&texts), CLOCK).map_err(|faults| refused(&faults))?;
        let files = rendered(&compilation)?;
        let mut seen = BTreeSet::new();
        for file in &files {
            let index: usize =
                file.filename.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number");
            let literal = file.content.strip_prefix('=').expect("the mark");
            let text = &texts[index];
            seen.insert((file.adapter.as_str(), index));
            if file.language == "dotenv" && literal.is_empty() {
                // What no form holds for every reader is left out, and the shipped template says so.
                prop_assert!(text.is_empty() || text.contains(['\0', '\r', '$', '\\', '`', '\'']), "{:?}", text);
                continue;
            }
            let read = read(&file.adapter, &file.language, &file.filename, literal);
            prop_assert_eq!(read.as_ref(), Some(text), "{}: {}", &file.adapter, literal);
        }
        prop_assert_eq!(seen.len(), LITERALS.adapters.len() * TEXTS);
        Ok(())
    });
}

/// Every text that stands under a name anywhere: as `name: text`, and as `{name: ..., value: text}`.
fn named<'v>(value: &'v Value, found: &mut BTreeMap<&'v str, Vec<&'v str>>) {
    match value {
        Value::Object(entries) => {
            if let (Some(Value::String(name)), Some(Value::String(value))) = (entries.get("name"), entries.get("value"))
            {
                found.entry(name).or_default().push(value);
            }
            for (name, value) in entries {
                if let Value::String(text) = value {
                    found.entry(name).or_default().push(text);
                }
                named(value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| named(value, found)),
        _ => {}
    }
}

/// The names in each data file of the shipped platforms, with plain texts.
static USUAL: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
    let plain = vec!["plain".to_owned(); TEXTS];
    let compilation = compile(&SHIPPED, &hostile_request(&plain), CLOCK).expect("plain texts compile");
    let mut names = BTreeMap::new();
    for file in rendered(&compilation).expect("the templates render") {
        if let Some(value) = parsed(&file) {
            let (value, mut found) = (value.expect("a data file"), BTreeMap::new());
            named(&value, &mut found);
            let found = found.keys().map(|name| (*name).to_owned()).collect();
            names.insert(format!("{}/{}", file.adapter, file.filename), found);
        }
    }
    names
});

/// P7, for whole files: in the JSON and YAML of the shipped platforms every variable has the text that was given, and no
/// comment or neighbour is touched by it.
#[test]
fn p07_adapters_keep_any_text_in_whole_files() {
    crate::holds(file!(), crate::CASES, &texts(), |texts| {
        let compilation = compile(&SHIPPED, &hostile_request(&texts), CLOCK).map_err(|faults| refused(&faults))?;
        let mut carriers = BTreeSet::new();
        for file in rendered(&compilation)? {
            let Some(value) = parsed(&file) else { continue };
            let value = value.map_err(|fault| TestCaseError::fail(format!("{}: {fault}", file.filename)))?;
            let shown = format!("{}/{}", file.adapter, file.filename);
            let mut found = BTreeMap::new();
            named(&value, &mut found);
            prop_assert!(found.keys().copied().eq(USUAL[&shown].iter().map(String::as_str)), "{}", shown);
            for (index, text) in texts.iter().enumerate() {
                // Compose's own reader makes one `$` of two.
                let wanted = if file.adapter == "compose" { text.replace('$', "$$") } else { text.clone() };
                for value in found.get(variable(index).as_str()).into_iter().flatten() {
                    carriers.insert(file.adapter.clone());
                    prop_assert_eq!(*value, &wanted, "{}", shown);
                }
            }
        }
        prop_assert!(carriers.len() >= 3, "only {:?} carry the variables", carriers);
        Ok(())
    });
}
