//! Holds the pages of `docs/` and the README to the code: what they list exists, and what exists is listed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use tdsql::cli::Exit;
use tdsql::diag::Code;

use crate::support::{files_below, names_in, read, root, shipped};

fn page(path: &str) -> String {
    read(&root().join(path))
}

/// What the binary prints, at the width at which the README shows it.
fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tdsql"))
        .args(arguments)
        .current_dir(root())
        .env_clear()
        .env("COLUMNS", "100")
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

#[test]
fn each_diagnostic_code_has_its_heading_and_meaning() {
    let page = page("docs/diagnostics.md");
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(headings, codes, "docs/diagnostics.md has one heading for each code, in the order of the code");
    for code in Code::ALL {
        let start = format!("## {}\n\n{}\n", code.as_str(), code.description());
        assert!(page.contains(&start), "`{code}` begins with its meaning: {}", code.description());
    }
}

#[test]
fn the_table_of_properties_is_that_of_the_tests() {
    let page = page("docs/properties.md");
    let listed: BTreeSet<(String, String)> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| P")?.split(" | ").collect();
            let file = cells.last()?.strip_prefix("`tests/properties/")?.strip_suffix("` |")?;
            Some((format!("{:0>2}", cells.first()?), file.to_owned()))
        })
        .collect();
    let there: BTreeSet<(String, String)> = names_in(&root().join("tests/properties"))
        .into_iter()
        .filter(|name| name.starts_with('p') && name.as_bytes()[1].is_ascii_digit())
        .map(|name| (name[1..3].to_owned(), name))
        .collect();
    assert_eq!(listed, there, "docs/properties.md names the file of each property, under its number");
}

#[test]
fn the_command_page_has_every_command_option_and_exit_code() {
    let page = page("docs/cli.md");
    let help = run(&["--help"]);
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        let titled =
            page.lines().any(|line| line.starts_with("## ") && line[3..].split(", ").any(|name| name == command));
        assert!(titled, "docs/cli.md has a heading for `{command}`");
        for option in run(&[command, "--help"]).lines().filter_map(|line| {
            let line = line.trim_start();
            line.starts_with('-').then(|| line.split_whitespace().find(|word| word.starts_with("--"))).flatten()
        }) {
            let option = option.trim_end_matches(',');
            assert!(page.contains(option), "docs/cli.md says what `{option}` of `{command}` does");
        }
    }
    for (exit, meaning) in Exit::ALL {
        assert!(
            page.contains(&format!("\n| {} | ", exit as u8)),
            "docs/cli.md lists exit code {}: {meaning}",
            exit as u8
        );
    }
}

/// The commands below one, with what their list says of each.
fn commands(above: &[&str]) -> Vec<(String, String)> {
    let help = run(&[above, &["--help"]].concat());
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let split = listed.filter_map(|line| line.trim().split_once("  "));
    split.filter(|(name, _)| *name != "help").map(|(name, says)| (name.to_owned(), says.trim().to_owned())).collect()
}

#[test]
fn the_help_of_a_command_begins_with_what_the_list_says_of_it() {
    let mut seen = 0;
    for (name, says) in commands(&[]) {
        assert!(run(&[&name, "--help"]).replace('\n', " ").starts_with(&says), "`{name} --help`: {says}");
        for (below, says) in commands(&[&name]) {
            let help = run(&[&name, &below, "--help"]).replace('\n', " ");
            assert!(help.starts_with(&says), "`{name} {below} --help`: {says}");
            seen += 1;
        }
    }
    assert!(seen >= 3, "`explain` has three commands");
}

#[test]
fn the_readme_shows_what_the_main_command_prints() {
    let page = page("README.md");
    let shown = page
        .split("```text\n")
        .find(|block| block.starts_with("mid-scale + batch-processor"))
        .and_then(|block| block.split("```").next())
        .expect("the README shows the output");
    let arguments = ["--no-local", "compile", "mid-scale", "-m", "batch-processor", "-s"];
    let printed = run(&[&arguments[..], &["target_state_transitions_per_sec=300"]].concat());
    let mut rest = printed.as_str();
    for line in shown.lines().filter(|line| line.trim() != "…" && !line.is_empty()) {
        match rest.split_once(line) {
            Some((_, after)) => rest = after,
            None => panic!("`{line}` is not printed, or not in this place:\n{printed}"),
        }
    }
}

#[test]
fn the_readme_names_every_preset_and_modifier() {
    let page = page("README.md");
    let catalog = shipped();
    for name in catalog.presets.keys().chain(catalog.modifiers.keys()) {
        assert!(page.contains(&format!("`{name}`")), "the README names `{name}`");
    }
    assert!(page.lines().count() <= 120, "the README is at most 120 lines");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages = files_below(&root().join("docs"), ".md");
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root().join(name)));
    let mut broken = Vec::new();
    for path in pages {
        let text = read(&path);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") {
                continue;
            }
            let folder = path.parent().expect("a file has a folder");
            let target = if file.is_empty() { path.clone() } else { folder.join(file) };
            let found = target.exists() && (anchor.is_empty() || anchors(&target).contains(anchor));
            if !found {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

/// The anchors of a page's headings, as forges make them.
fn anchors(path: &Path) -> BTreeSet<String> {
    read(path)
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}
