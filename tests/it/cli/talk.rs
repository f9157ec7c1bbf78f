//! Talkativeness, colour, width.

use super::result::is_result;
use super::*;

#[test]
fn colour_comes_only_when_it_is_wanted() {
    let place = Place::new();
    let escape = '\u{1b}';
    let plain = place.run(&["compile", "mid-scale", "-s", "typical_workflow_runtime=1s"]).ends(0);
    assert!(!plain.stdout.contains(escape) && !plain.stderr.contains(escape), "no terminal, no colour");
    for (variables, when, colored) in [
        (&[][..], "always", true),
        (&[], "never", false),
        (&[], "auto", false),
        // `--color always` is the later word.
        (&[("NO_COLOR", "1")], "always", true),
        (&[("NO_COLOR", "1")], "auto", false),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], "auto", false),
    ] {
        let arguments = ["--color", when, "compile", "mid-scale", "-s", "typical_workflow_runtime=1s"];
        let ran = place.run_with(variables, &arguments).ends(0);
        assert_eq!(ran.stdout.contains(escape), colored, "{when} {variables:?}");
        assert_eq!(ran.stderr.contains(escape), colored, "{when} {variables:?}");
        let bare = |text: &str| {
            let mut bare = String::new();
            let mut rest = text;
            while let Some(at) = rest.find(escape) {
                bare.push_str(&rest[..at]);
                rest = &rest[at + rest[at..].find('m').expect("a colour ends in m") + 1..];
            }
            bare + rest
        };
        assert_eq!(bare(&ran.stdout), plain.stdout, "{when}");
        assert_eq!(bare(&ran.stderr), plain.stderr, "{when}");
        let refused = place.run_with(variables, &["--color", when, "compile", "mid-scal"]).ends(1);
        assert_eq!(refused.stderr.contains(escape), colored, "{when} {variables:?}");
        // Never in what programs read.
        let ran = place.run_with(variables, &["--color", when, "compile", "mid-scale", "--format", "json"]).ends(0);
        assert!(!ran.stdout.contains(escape));
    }
}

#[test]
fn quiet_says_only_errors_and_verbose_names_every_file() {
    let place = Place::new();
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        place.put(&format!("over/presets/{name}.toml"), preset("mid-scale", ""));
    }
    let warned = ["--data", "over", "compile", "a", "-s", "typical_workflow_runtime=1s"];
    let ran =
        place.run(&warned).ends(0).says(&["warning[guard_rail]", "over/presets/a.toml", "and 2 more (-v names them)"]);
    assert!(!ran.stderr.contains("over/presets/g.toml"), "{ran}");
    let ran = place.run(&[&["-v"], &warned[..]].concat()).ends(0).says(&["over/presets/g.toml"]);
    assert!(!ran.stderr.contains("more (-v"), "{ran}");
    let ran = place.run(&[&["-q"], &warned[..]].concat()).ends(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    // What was asked for is printed all the same, and errors are told.
    is_result(&place.run(&["-q", "compile", "starter", "--format", "json"]).ends(0).json());
    assert!(!place.run(&["-q", "list-presets"]).ends(0).stdout.is_empty());
    place.run(&["-q", "compile", "starer"]).ends(1).says(&["there is no preset `starer`"]);
    place
        .run(&["-q", "compile", "starter", "-s", "dsql.max_conn_lifetime=90m"])
        .ends(1)
        .says(&["pool-lifetime-below-service-limit"]);
}

#[test]
fn text_keeps_to_the_width_of_the_terminal() {
    let place = Place::new();
    for columns in ["40", "80", "100", "200", "3", "wide"] {
        let width = columns.parse::<usize>().unwrap_or(80).clamp(40, 120);
        for arguments in [
            &["compile", "mid-scale", "-m", "batch-processor"][..],
            &["list-presets"],
            &["list-modifiers"],
            &["list-adapters"],
            &["list-parameters"],
            &["describe-preset", "mid-scale"],
        ] {
            let ran = place.run_with(&[("COLUMNS", columns)], arguments).ends(0);
            for line in ran.stdout.lines() {
                // A name and its value stand on one line; only sentences are wrapped.
                let words = line.split_whitespace().count();
                let sentence = line.starts_with("      ") && words > 3;
                assert!(!sentence || line.chars().count() <= width, "{columns}: {line}");
                assert_eq!(line.trim_end(), line, "no white space at the end");
            }
        }
    }
}
