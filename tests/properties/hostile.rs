//! Any text as a data file: the catalog links, or it has diagnostics with places that exist. Never a panic, never a hang.

use crate::strategies::{CLOCK, text};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;
use std::ops::Range;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use tdsql::catalog::Catalog;
use tdsql::compile::{Request, compile};
use tdsql::diag::{Diagnostics, Format, SourceMap, Style, render};
use tdsql::loader::{DataSet, Depth};

const CASES: u32 = 256;

/// Far beyond what the largest catalog takes, even unoptimised and on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Links and compiles on a thread of its own, so that a panic or a hang fails the case.
fn survives(files: DataSet) -> TestCaseResult {
    let (verdict, told) = channel();
    std::thread::spawn(move || verdict.send(judge(files)));
    match told.recv_timeout(PATIENCE) {
        Ok(verdict) => verdict.map_err(TestCaseError::fail),
        Err(RecvTimeoutError::Disconnected) => Err(TestCaseError::fail("it panics")),
        Err(RecvTimeoutError::Timeout) => Err(TestCaseError::fail("it does not end")),
    }
}

fn judge(files: DataSet) -> Result<(), String> {
    let catalog = match Catalog::link(files, Depth::Check) {
        Ok(catalog) => catalog,
        Err(broken) => {
            if !broken.diagnostics.has_errors() {
                return Err("refused without an error".to_owned());
            }
            return places_exist(&broken.sources, &broken.diagnostics);
        }
    };
    if catalog.warnings.has_errors() {
        return Err("linked in spite of an error".to_owned());
    }
    places_exist(&catalog.sources, &catalog.warnings)?;
    let request = Request { preset: catalog.default_preset.to_string(), ..Request::default() };
    let result = compile(&catalog, &request, CLOCK).and_then(|mut compilation| {
        places_exist(&catalog.sources, &compilation.diagnostics()).map_err(|_| compilation.diagnostics())?;
        compilation.result()
    });
    match result {
        Ok(_) => Ok(()),
        Err(faults) => places_exist(&catalog.sources, &faults),
    }
}

/// Every place lies in a file that there is, within its text, and cuts no character; every format can show it.
fn places_exist(sources: &SourceMap, diagnostics: &Diagnostics) -> Result<(), String> {
    for diagnostic in diagnostics {
        if diagnostic.message.trim().is_empty() {
            return Err(format!("{} says nothing", diagnostic.code));
        }
        for label in diagnostic.primary.iter().chain(&diagnostic.related) {
            let exists = (label.span.file.0 as usize) < sources.len();
            let text = sources.text(label.span.file);
            if !exists || text.get(label.span.range()).is_none() {
                return Err(format!("{}: {}: no such place: {:?}", diagnostic.code, diagnostic.message, label.span));
            }
        }
    }
    for format in [Format::Text, Format::Short, Format::Json, Format::Github, Format::Sarif] {
        let shown = render(format, sources, diagnostics.as_slice(), Style::default());
        if shown.trim().is_empty() && !diagnostics.is_empty() {
            return Err(format!("{format:?} shows nothing"));
        }
    }
    Ok(())
}

/// What data files are made of, in parts that need not fit.
fn soup() -> impl Strategy<Value = String> {
    let parts = [
        "format = 1\n",
        "title = \"T\"\n",
        "[[parameter]]\n",
        "[[parameter",
        "key = \"a.b\"\n",
        "key = \"base\"\n",
        "class = \"tuning\"\n",
        "class = 1\n",
        "type = \"int\"\n",
        "type = \"duration\"\n",
        "default = 1\n",
        "default = \"5 parsecs\"\n",
        "default = nan\n",
        "default = 99999999999999999999\n",
        "derive = 'a.b + 1'\n",
        "derive = '((((((((((('\n",
        "derive = 'max()'\n",
        "derive = '\"é\" + 1'\n",
        "derive = \"\\u00e9 + nope\"\n",
        "derive = '''\nif(a,\n b, é)\n'''\n",
        "when = 'nope.é > 0'\n",
        "min = 5\nmax = 1\n",
        "allowed = []\n",
        "outputs = { dynamic_config = true, env_vars = 3 }\n",
        "summary = \"\"\n",
        "rationale = \"\"\n",
        "[set]\n",
        "a.b = 1\na.b.c = 2\n",
        "[derive]\n",
        "a.b = 'base * base'\n",
        "[because]\n",
        "nothing = \"x\"\n",
        "extends = \"peak\"\n",
        "throughput = { min = 5, max = 1 }\n",
        "[[expect]]\n",
        "metric = \"m\"\nat_most = '1'\n",
        "severity = \"error\"\n",
        "[let]\nx = 'x'\n",
        "[rule]\n",
        "require = '1'\n",
        "message = \"{{ x.y | z }}\"\n",
        "help = \"{% for %}\"\n",
        "parameters = [\"a\", 1]\n",
        "[[case]]\n",
        "outcome = \"fires\"\n",
        "set = { \"a\" = [] }\n",
        "kind = \"sdk\"\n",
        "[[output]]\n",
        "file = \"../../x\"\n",
        "template = \"nope\"\n",
        "[[variable]]\n",
        "[[metric]]\n",
        "[settings]\n",
        "[prefixes]\n",
        "\u{feff}",
        "\r\n",
        "\r",
        "\t",
        "\"",
        "'''",
        "\"\"\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        "=",
        ".",
        ",",
        "#",
        "\0",
        "é",
        "🦀",
        "1979-05-27T07:32:00Z",
        "0xffff_ffff_ffff_ffff",
        "{{",
        "{%",
        "%}",
    ];
    vec(select(parts.to_vec()), 0..40).prop_map(|parts| parts.concat())
}

fn deep() -> impl Strategy<Value = String> {
    let nests =
        [("x = ", "[", "1"), ("x = ", "{ a = ", "1"), ("", "a.", "b = 1"), ("derive = '", "(", "1"), ("", "{{ (", "")];
    (select(nests.to_vec()), 1_usize..5000)
        .prop_map(|((head, nest, core), times)| format!("{head}{}{core}", nest.repeat(times)))
}

/// A small catalog whose parts refer to each other, so that a replaced part is missed elsewhere.
fn small() -> DataSet {
    let mut files = DataSet::empty();
    for (path, text) in [
        (
            "registry/registry.toml",
            "format = 1\ndefault_preset = \"one\"\nsurfaced_limit = 15\nvariable_prefixes = [\"X_\"]\n[temporal]\ndefault = \"1.0.0\"\n\
             supported = \">=1.0.0\"\n[plugin]\ndefault = \"1.0.0\"\nsupported = \">=1.0.0\"\n",
        ),
        (
            "registry/parameters/a.toml",
            "title = \"A\"\norder = 1\n[[parameter]]\nkey = \"a.b\"\nclass = \"slo\"\ntype = \"int\"\ndefault = 1\n\
             outputs = { dynamic_config = true }\nsummary = \"S.\"\nrationale = \"R.\"\nsource = \"x\"\n",
        ),
        (
            "registry/rails/r.toml",
            "severity = \"warning\"\nsummary = \"S.\"\nrationale = \"R.\"\nsource = \"x\"\n[let]\nx = 'a.b + 1'\n[rule]\n\
             require = 'x < 2'\nmessage = \"{{ x }}\"\nhelp = \"{{ a.b }}\"\nparameters = [\"a.b\"]\n",
        ),
        (
            "presets/one.toml",
            "description = \"D.\"\nrationale = \"R.\"\nthroughput = { min = 0, description = \"any\" }\n[set]\na.b = 2\n",
        ),
        (
            "modifiers/m.toml",
            "description = \"D.\"\nrationale = \"R.\"\n[derive]\na.b = 'base + 1'\n[because]\na.b = \"B.\"\n",
        ),
        ("templates/explain/why.md.j2", "{{ preset.name }}\n"),
    ] {
        files.insert(path, text);
    }
    files
}

/// Any text as any data file gives a catalog or diagnostics (requirement R1.9).
#[test]
fn hostile_text_is_diagnosed() {
    let paths = [
        "registry/registry.toml",
        "registry/parameters/a.toml",
        "registry/parameters/b.toml",
        "registry/rails/r.toml",
        "registry/rails/q.toml",
        "registry/metrics/m.toml",
        "registry/variables.toml",
        "registry/settings/temporal-server.toml",
        "registry/nonsense/x.toml",
        "presets/one.toml",
        "presets/two.toml",
        "presets/Ä b.toml",
        "modifiers/m.toml",
        "modifiers/n.toml",
        "templates/explain/why.md.j2",
        "templates/adapters/x/adapter.toml",
        "templates/adapters/x/x.j2",
    ];
    let content = prop_oneof![
        4 => soup(),
        2 => text(),
        1 => deep(),
        1 => any::<String>(),
        2 => (soup(), text(), soup()).prop_map(|(before, noise, after)| before + &noise + &after),
    ];
    let inserted = vec((select(paths.to_vec()), content), 1..4);
    crate::holds(file!(), 2 * CASES, &inserted, |inserted| {
        let mut files = small();
        for (path, text) in inserted {
            files.insert(path, text);
        }
        survives(files)
    });
}

/// One change of a text.
#[derive(Debug, Clone)]
struct Mutation {
    at: Index,
    length: usize,
    to: Index,
    how: How,
}

#[derive(Debug, Clone)]
enum How {
    Delete,
    Duplicate,
    Replace(String),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let how = prop_oneof![
        2 => Just(How::Delete),
        1 => Just(How::Duplicate),
        1 => soup().prop_map(How::Replace),
        1 => text().prop_map(How::Replace),
        3 => select(vec!["\"", "'", "(", ")", "é", "0", "-", ".", "\n", "[[", "}", "1e999", "true", "''", " = ", "base"])
            .prop_map(|text| How::Replace(text.to_owned())),
    ];
    let length = prop_oneof![4 => 0_usize..4, 3 => 4_usize..40, 1 => 40_usize..4000];
    (any::<Index>(), length, any::<Index>(), how).prop_map(|(at, length, to, how)| Mutation { at, length, to, how })
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn mutated(text: &mut String, mutation: &Mutation) {
    let start = floor(text, mutation.at.index(text.len() + 1));
    let range: Range<usize> = start..floor(text, start + mutation.length).max(start);
    match &mutation.how {
        How::Delete => text.replace_range(range, ""),
        How::Duplicate => {
            let copy = text[range].to_owned();
            let to = floor(text, mutation.to.index(text.len() + 1));
            text.insert_str(to, &copy);
        }
        How::Replace(by) => text.replace_range(range, by),
    }
}

/// The shipped catalog with one of its files damaged gives a catalog or diagnostics (requirement R1.9).
#[test]
fn hostile_mutation_is_diagnosed() {
    let shipped = DataSet::embedded();
    let paths: Vec<String> = shipped.iter().map(|(path, _)| path.to_owned()).collect();
    let strategy = (select(paths), vec(mutation(), 1..4));
    crate::holds(file!(), CASES, &strategy, |(path, mutations)| {
        let mut files = shipped.clone();
        let text = files.iter().find(|(known, _)| *known == path).map(|(_, text)| text.to_owned());
        let mut text = text.expect("the path was taken from there");
        for mutation in &mutations {
            mutated(&mut text, mutation);
        }
        files.insert(path, text);
        survives(files)
    });
}
