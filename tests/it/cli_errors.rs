//! `--errors`: what every command says on standard error, as programs read it.

use serde_json::Value;

use crate::cli::{Place, Ran, is_sarif, shows};

/// A values file of which two lines are wrong.
fn wrong() -> Place {
    let place = Place::new();
    place.put("values.yaml", "nope.x: 1\nhistory:\n  replicas: many\n");
    place
}

/// A values file that breaks a guard rail of severity error.
fn refused() -> Place {
    let place = Place::new();
    place.put("values.yaml", "# too small\ndsql:\n  reservoir_target_ready: 0\n");
    place
}

/// Standard error as one JSON document.
fn told(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stderr).unwrap_or_else(|fault| panic!("one document: {fault}\n{ran}"))
}

#[test]
fn wrong_values_in_every_form() {
    for form in ["short", "json", "github", "sarif"] {
        let ran = wrong().run(&["compile", "mid-scale", "--values", "values.yaml", "--errors", form]).ends(1);
        assert_eq!(ran.stdout, "", "{ran}");
        shows(&format!("errors-{form}"), &ran);
    }
}

#[test]
fn a_guard_rail_is_annotated_at_the_line_that_is_to_blame() {
    for form in ["short", "github", "sarif"] {
        let ran = refused().run(&["compile", "mid-scale", "--values", "values.yaml", "-q", "--errors", form]).ends(1);
        assert_eq!(ran.stdout, "", "{ran}");
        shows(&format!("errors-guard-rail-{form}"), &ran);
    }
    let place = refused();
    place.put("vars.env", "# fewer\nDSQL_RESERVOIR_TARGET_READY=0\n");
    let ran = place.run(&["compile", "mid-scale", "--env-file", "vars.env", "-q", "--errors", "github"]);
    assert!(ran.stderr.lines().any(|line| line.contains("file=vars.env,line=2,")), "{ran}");
    // An argument is no file that could be annotated.
    let flag = ["compile", "mid-scale", "-s", "dsql.reservoir_target_ready=0", "-q", "--errors", "github"];
    let ran = place.run(&flag).ends(1).says(&["::error title=guard_rail::", "%0A--set:1:"]);
    assert!(!ran.stderr.contains("file="), "{ran}");
}

#[test]
fn standard_output_is_what_it_is_without() {
    let place = wrong();
    for format in ["text", "json", "yaml"] {
        let arguments = ["compile", "mid-scale", "--values", "values.yaml", "--format", format];
        let plain = place.run(&arguments);
        for form in ["text", "short", "json", "github", "sarif"] {
            let ran = place.run(&[&arguments[..], &["--errors", form]].concat());
            assert_eq!((ran.code, &ran.stdout), (plain.code, &plain.stdout), "{form}");
            assert!(ran.stderr.contains("nope.x"), "{ran}");
        }
    }
    // A refusal by guard rails is the whole result on one stream and the findings on the other.
    let arguments = ["compile", "mid-scale", "--values", "values.yaml", "--format", "json"];
    let ran = refused().run(&[&arguments[..], &["--errors", "json"]].concat()).ends(1);
    let fired = ran.json()["guard_rail_results"].as_array().expect("a list").len();
    assert_eq!(told(&ran)["diagnostics"].as_array().expect("a list").len(), fired);
}

#[test]
fn a_document_is_all_that_standard_error_has() {
    let place = Place::new();
    // Notes about overlays, warnings of the catalog, the summary of a check: nothing of it is prose.
    place.put("data/presets/mine.toml", "extends = \"mid-scale\"\ndescription = \"Mine.\"\n");
    let commands: [&[&str]; 6] = [
        &["list-presets"],
        &["describe-preset", "mid-scale"],
        &["check"],
        &["schema", "preset"],
        &["init", "out"],
        &["compile", "mid-scale"],
    ];
    for command in commands {
        is_sarif(&told(&place.run(&[command, &["--errors", "sarif"]].concat()).ends(0)), 0);
        let ran = place.run(&[&["--data", "data", "--errors", "json"], command].concat());
        assert!(told(&ran)["diagnostics"].is_array(), "{ran}");
    }
}

#[test]
fn failures_of_every_kind_are_told_in_the_form() {
    let place = Place::new();
    place.put("broken/presets/x.toml", "description = ");
    let cases: [(&[&str], i32, &str); 5] = [
        (&["compile", "nope"], 1, "unknown_preset"),
        (&["describe-preset", "nope"], 1, "unknown_preset"),
        (&["--data", "broken", "list-presets"], 3, "syntax"),
        (&["--data", "nowhere", "check"], 4, "io"),
        (&["compile", "mid-scale", "--values", "nowhere.yaml"], 4, "io"),
    ];
    for (arguments, code, diagnostic) in cases {
        let ran = place.run(&[arguments, &["--errors", "json"]].concat()).ends(code);
        let codes: Vec<Value> =
            told(&ran)["diagnostics"].as_array().expect("a list").iter().map(|found| found["code"].clone()).collect();
        assert!(codes.contains(&diagnostic.into()), "{codes:?}\n{ran}");
        is_sarif(&told(&place.run(&[arguments, &["--errors", "sarif"]].concat()).ends(code)), codes.len());
        place.run(&[arguments, &["--errors", "github"]].concat()).ends(code).says(&["::error ", diagnostic]);
    }
}

#[test]
fn denied_warnings_are_an_error_among_the_diagnostics() {
    let place = Place::new();
    place.put("values.yaml", "persistence.maxConns: 3\nhistory.replicas: 8\n");
    let arguments = ["compile", "mid-scale", "--values", "values.yaml", "--deny-warnings", "-q", "--errors", "json"];
    let ran = place.run(&arguments).ends(1);
    let document = told(&ran);
    let severities: Vec<&str> = document["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|found| found["severity"].as_str())
        .collect();
    assert!(severities.contains(&"warning"), "{ran}");
    assert_eq!(severities.last(), Some(&"error"), "{ran}");
}

#[test]
fn the_variable_chooses_too_and_the_option_before_it() {
    let place = wrong();
    let arguments = ["compile", "mid-scale", "--values", "values.yaml"];
    place.run_with(&[("TDSQL_ERRORS", "github")], &arguments).ends(1).says(&["::error file=values.yaml,line=1,"]);
    place.run_with(&[("TDSQL_ERRORS", "")], &arguments).ends(1).says(&[" --> values.yaml:1:1"]);
    place.run_with(&[("TDSQL_ERRORS", "xml")], &arguments).ends(2).says(&["possible values"]);
    let both = [&arguments[..], &["--errors", "short"]].concat();
    place.run_with(&[("TDSQL_ERRORS", "github")], &both).ends(1).says(&["values.yaml:1:1: error[unknown_parameter]"]);
}

#[test]
fn a_check_that_cannot_start_says_so_in_its_format() {
    let place = Place::new();
    let check = |format| place.run(&["--data", "nowhere", "check", "--format", format]).ends(4);
    is_sarif(&check("sarif").json(), 1);
    assert_eq!(check("json").codes(), ["io"]);
    check("github").says(&["::error title=io::"]);
    check("short").says(&["error[io]"]);
}
