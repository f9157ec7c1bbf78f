//! Holds `src/` to the table of `docs/architecture.md`: which module may use which, and who alone uses a foreign crate.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{files_below, read, root};

/// What every module may use.
const EVERYWHERE: [&str; 2] = ["diag", "model"];

/// Stands for every module above, in the row of the last.
const EVERY: &str = "*";

/// What one row of the table permits.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    /// The place in the table.
    position: usize,
    /// Modules that it may use besides those that every module may.
    may_use: BTreeSet<String>,
    /// Foreign crates that it, and the rows that name them too, are the only users of.
    fenced: BTreeSet<String>,
}

type Table = BTreeMap<String, Row>;

/// The words in backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The table under the heading `## Modules`.
fn table(page: &str) -> Table {
    let mut table = Table::new();
    let rows = page.lines().skip_while(|line| *line != "## Modules").filter(|line| line.starts_with("| `"));
    for (position, row) in rows.enumerate() {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 4, "a row has four cells: {row}");
        let name = quoted(cells[0]).pop_first().expect("the first cell names the module");
        let row = Row {
            position,
            // `std`-like crate names never collide with modules: modules are named as paths below `crate::`.
            may_use: if cells[2] == "every module" { BTreeSet::from([EVERY.to_owned()]) } else { quoted(cells[2]) },
            fenced: quoted(cells[3]).into_iter().map(|name| name.replace('-', "_")).collect(),
        };
        assert!(table.insert(name.clone(), row).is_none(), "`{name}` has two rows");
    }
    table
}

/// Pairs `a → b` that the page lists under `## Upward edges`: debts, not permissions.
fn upward(page: &str) -> BTreeSet<(String, String)> {
    page.lines()
        .skip_while(|line| *line != "## Upward edges")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("- "))
        .map(|line| {
            let names: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
            assert!(names.len() >= 2, "an edge names two modules: {line}");
            (names[0].to_owned(), names[1].to_owned())
        })
        .collect()
}

/// The source with comments, string literals and character literals blanked, so that what is left is code. Line ends
/// stay where they are.
fn code_only(source: &str) -> String {
    let characters: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    let blank = |code: &mut String, from: usize, to: usize| {
        code.extend(characters[from..to].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
    };
    while at < characters.len() {
        let rest = &characters[at..];
        let end = match rest {
            ['/', '/', ..] => at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => {
                let (mut depth, mut to) = (1, at + 2);
                while depth > 0 && to < characters.len() {
                    match characters[to..] {
                        ['*', '/', ..] => (depth, to) = (depth - 1, to + 2),
                        ['/', '*', ..] => (depth, to) = (depth + 1, to + 2),
                        _ => to += 1,
                    }
                }
                to
            }
            ['r', '"' | '#', ..]
                if !at
                    .checked_sub(1)
                    .is_some_and(|before| characters[before].is_alphanumeric() || characters[before] == '_') =>
            {
                let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
                if rest.get(1 + hashes) == Some(&'"') {
                    let mut to = at + 2 + hashes;
                    while to < characters.len()
                        && !(characters[to] == '"'
                            && characters[to + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes)
                    {
                        to += 1;
                    }
                    (to + 1 + hashes).min(characters.len())
                } else {
                    at
                }
            }
            ['"', ..] => {
                let mut to = at + 1;
                while to < characters.len() && characters[to] != '"' {
                    to += if characters[to] == '\\' { 2 } else { 1 };
                }
                (to + 1).min(characters.len())
            }
            // A character literal, not a lifetime.
            ['\'', '\\', ..] => at + 2 + rest[2..].iter().skip(1).position(|c| *c == '\'').map_or(0, |to| to + 2),
            ['\'', _, '\'', ..] => at + 3,
            _ => at,
        };
        if end > at {
            blank(&mut code, at, end);
            at = end;
        } else {
            code.push(characters[at]);
            at += 1;
        }
    }
    code
}

/// Every path that the code mentions: its segments, and the line. A `use` with braces gives one path for each leaf, as
/// far as its first two segments need it.
fn paths(code: &str) -> Vec<(Vec<String>, usize)> {
    let mut paths = Vec::new();
    let bytes = code.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut at = 0;
    let mut line = 1;
    while at < bytes.len() {
        if bytes[at] == b'\n' {
            line += 1;
            at += 1;
            continue;
        }
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_word(bytes[at]) {
            at += 1;
        }
        let first = &code[start..at];
        // `b` of `a::b` was taken with `a`; `::b` begins a path.
        let before = code[..start]
            .strip_suffix("::")
            .map(|before| before.ends_with(|c: char| c.is_alphanumeric() || "_>}".contains(c)));
        if before == Some(true) {
            continue;
        }
        let (mut segments, mut next) = (vec![first.to_owned()], at);
        while code[next..].starts_with("::") {
            next += 2;
            if code[next..].starts_with('{') && segments.len() == 1 {
                for (leaf, lines) in leaves(&code[next..]) {
                    paths.push((vec![first.to_owned(), leaf], line + lines));
                }
                break;
            }
            let word = next;
            while next < bytes.len() && is_word(bytes[next]) {
                next += 1;
            }
            if word == next {
                break;
            }
            segments.push(code[word..next].to_owned());
        }
        paths.push((segments, line));
    }
    paths
}

/// The first segments inside braces, at their own level, and how many lines down each stands.
fn leaves(code: &str) -> Vec<(String, usize)> {
    let (mut depth, mut lines, mut fresh) = (0, 0, true);
    let mut leaves: Vec<(String, usize)> = Vec::new();
    let mut word = String::new();
    for c in code.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => {
                if depth == 1 && fresh {
                    word.push(c);
                }
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            '\n' => lines += 1,
            _ => {}
        }
        if !word.is_empty() {
            leaves.push((std::mem::take(&mut word), lines));
            fresh = false;
        }
        if depth == 1 && (c == ',' || c == '{') {
            fresh = true;
        }
        if depth == 0 {
            break;
        }
    }
    leaves
}

/// The module of a file below `src/`: its first segment.
fn module_of(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or(path)
}

/// Everything that a file mentions and its row does not permit.
fn violations(table: &Table, path: &str, source: &str) -> Vec<String> {
    let module = module_of(path);
    // `lib.rs` lists the modules, `main.rs` starts the last of them.
    if module == "lib" || module == "main" {
        return Vec::new();
    }
    let Some(row) = table.get(module) else {
        return vec![format!("{path}:1: `{module}` has no row in docs/architecture.md")];
    };
    let fenced: BTreeSet<&str> = table.values().flat_map(|row| row.fenced.iter().map(String::as_str)).collect();
    // `super` from a module's root file is the crate.
    let depth = path.trim_end_matches("/mod.rs").trim_end_matches(".rs").split('/').count();
    let mut found = BTreeSet::new();
    for (segments, line) in paths(&code_only(source)) {
        let supers = segments.iter().take_while(|segment| *segment == "super").count();
        let used = match segments.first().map(String::as_str) {
            Some("crate" | "tdsql") => segments.get(1),
            Some("super") if supers >= depth => segments.get(supers),
            _ => None,
        };
        if let Some(used) = used
            && used != module
            && table.contains_key(used)
            && !EVERYWHERE.contains(&used.as_str())
            && !row.may_use.contains(used)
            && !row.may_use.contains(EVERY)
        {
            found.insert((line, format!("`{module}` may not use `{used}`")));
        }
        let first = segments.first().map(String::as_str).unwrap_or_default();
        if segments.len() > 1 && fenced.contains(first) && !row.fenced.contains(first) {
            found.insert((line, format!("`{module}` may not use the crate `{first}`")));
        }
    }
    found.into_iter().map(|(line, what)| format!("src/{path}:{line}: {what}")).collect()
}

fn page() -> String {
    read(&root().join("docs/architecture.md"))
}

/// Every source file: its path below `src/`, its text.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    files_below(&src, ".rs")
        .into_iter()
        .map(|path| (path.strip_prefix(&src).expect("it is below src").display().to_string(), read(&path)))
        .collect()
}

#[test]
fn modules_use_what_the_table_permits() {
    let table = table(&page());
    let violations: Vec<String> =
        sources().iter().flat_map(|(path, source)| violations(&table, path, source)).collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_module_has_a_row_and_every_row_a_module() {
    let rows: BTreeSet<String> = table(&page()).into_keys().collect();
    let modules: BTreeSet<String> = sources()
        .iter()
        .map(|(path, _)| module_of(path).to_owned())
        .filter(|module| module != "lib" && module != "main")
        .collect();
    assert_eq!(rows, modules);
}

#[test]
fn nothing_points_upward() {
    let (table, upward) = (table(&page()), upward(&page()));
    let mut used = BTreeSet::new();
    for (name, row) in &table {
        if row.may_use.contains(EVERY) {
            assert_eq!(row.position, table.len() - 1, "`{name}` may use every module, so it stands last");
            continue;
        }
        for other in &row.may_use {
            let below = table.get(other).unwrap_or_else(|| panic!("`{name}` may use `{other}`, which has no row"));
            if below.position >= row.position {
                used.insert((name.clone(), other.clone()));
            }
        }
    }
    assert_eq!(used, upward, "the upward edges of the table are those that the page lists as debts");
    for name in EVERYWHERE {
        assert!(table[name].position < EVERYWHERE.len(), "`{name}` comes first");
    }
}

/// A permission that nobody uses hides the next violation.
#[test]
fn no_row_permits_more_than_is_used() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, source) in sources() {
        for (segments, _) in paths(&code_only(&source)) {
            let name = if segments[0] == "crate" { segments.get(1) } else { segments.first() };
            used.entry(module_of(&path).to_owned()).or_default().extend(name.cloned());
        }
    }
    let mut idle = Vec::new();
    for (name, row) in table(&page()) {
        for permitted in row.may_use.iter().chain(&row.fenced).filter(|permitted| *permitted != EVERY) {
            if !used.get(&name).is_some_and(|used| used.contains(permitted)) {
                idle.push(format!("`{name}` does not use `{permitted}`"));
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

#[test]
fn the_fenced_crates_are_those_that_matter() {
    let mut fenced: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, row) in table(&page()) {
        for name in row.fenced {
            fenced.entry(name).or_default().push(module.clone());
        }
    }
    let expected = [
        ("annotate_snippets", &["diag"][..]),
        ("aws_config", &["aws", "store"]),
        ("aws_sdk_dsql", &["store"]),
        ("aws_sdk_s3", &["store"]),
        ("aws_sigv4", &["aws"]),
        ("aws_smithy_http_client", &["aws"]),
        ("clap", &["cli"]),
        ("evalexpr", &["expr"]),
        ("minijinja", &["render"]),
        ("petgraph", &["graph"]),
        ("reqwest", &["cluster", "prometheus", "upstream"]),
        ("serde_yaml", &["cli", "inputs"]),
        ("sha2", &["model"]),
        ("sqlx", &["store"]),
        ("tokio", &["aws", "cli", "serve", "store", "upstream"]),
        ("toml", &["inputs", "loader"]),
    ];
    for (name, modules) in expected {
        assert_eq!(
            fenced.get(name).map(Vec::as_slice),
            Some(modules.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>().as_slice()),
            "{name}"
        );
    }
}

// --- the test itself --------------------------------------------------------------------------------------------

#[test]
fn an_invented_violation_is_found() {
    let table = table(
        "## Modules\n\n\
         | Module | Purpose | May also use | The only user of |\n| --- | --- | --- | --- |\n\
         | `diag` | d | — | `annotate-snippets` |\n\
         | `model` | m | — | — |\n\
         | `expr` | e | — | `evalexpr` |\n\
         | `eval` | v | `expr` | — |\n\
         | `cli` | c | `eval`, `expr` | `clap` |\n",
    );
    let found = |path: &str, source: &str| violations(&table, path, source);
    assert_eq!(found("eval.rs", "use crate::cli::run;\n"), ["src/eval.rs:1: `eval` may not use `cli`"]);
    assert_eq!(
        found("eval.rs", "\n\nuse evalexpr::Node;\n"),
        ["src/eval.rs:3: `eval` may not use the crate `evalexpr`"]
    );
    assert_eq!(
        found("expr/scan.rs", "fn f() {\n    crate::eval::resolve();\n}\n"),
        ["src/expr/scan.rs:2: `expr` may not use `eval`"]
    );
    assert_eq!(
        found("expr.rs", "use crate::{\n    model::Scalar,\n    eval::{resolve, cli},\n};\n"),
        ["src/expr.rs:3: `expr` may not use `eval`"]
    );
    assert_eq!(found("expr.rs", "use super::eval;\n"), ["src/expr.rs:1: `expr` may not use `eval`"]);
    assert_eq!(
        found("expr/scan.rs", "use super::super::eval::x;\n"),
        ["src/expr/scan.rs:1: `expr` may not use `eval`"]
    );
    assert_eq!(found("expr/scan.rs", "use super::eval;\n"), Vec::<String>::new(), "a module of its own");
    assert_eq!(
        found("diag/render.rs", "let x: ::clap::Parser;\n"),
        ["src/diag/render.rs:1: `diag` may not use the crate `clap`"]
    );
    assert_eq!(found("new.rs", ""), ["new.rs:1: `new` has no row in docs/architecture.md"]);
    // What is permitted, and what is no code.
    assert_eq!(
        found("cli/run.rs", "use clap::Parser; use crate::eval::resolve; use crate::diag::Code;"),
        Vec::<String>::new()
    );
    for harmless in [
        "// crate::cli::run\n",
        "/* use crate::cli; /* nested */ evalexpr::x */",
        "//! See [`crate::cli`].",
        "let s = \"crate::cli::run\";",
        "let s = \"a \\\" crate::cli::run\";",
        "let s = r#\"evalexpr::Node \" crate::cli\"#;",
        "let c = '\"'; let d = \"crate::cli\";",
        "fn f<'a>(x: &'a str) -> &'a str { x }",
        "let c = '\\''; // crate::cli",
        "let evalexpr = 1; evalexpr + 1",
    ] {
        assert_eq!(
            found("expr.rs", harmless).into_iter().filter(|found| found.contains("cli")).collect::<Vec<_>>(),
            Vec::<String>::new(),
            "{harmless}"
        );
        assert_eq!(found("eval.rs", harmless), Vec::<String>::new(), "{harmless}");
    }
    // Code behind a literal is seen again.
    assert_eq!(found("eval.rs", "let c = '\"'; crate::cli::run('\\'', b'x', \"\\\\\"); evalexpr::x();").len(), 2);
}
