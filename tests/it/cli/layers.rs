//! Folders of data, laid over one another.

use super::*;

/// Which of the layers gave `team` its value.
fn layer(ran: &Ran) -> Value {
    value(&ran.json()["profile"], "history.replicas").clone()
}

#[test]
fn later_layers_lie_over_earlier_ones() {
    let place = Place::new();
    let team = |replicas: u32| preset("mid-scale", &format!("history.replicas = {replicas}"));
    place
        .put("share/tdsql/presets/team.toml", team(11))
        .put("home/.local/share/tdsql/presets/team.toml", team(12))
        .put("work/presets/team.toml", team(13))
        .put("environment/presets/team.toml", team(14))
        .put("first/presets/team.toml", team(15))
        .put("second/presets/team.toml", team(16))
        .put("second/modifiers/calm.toml", "description = \"C.\"\nrationale = \"R.\"\n[set]\nhistory.replicas = 17\n");
    let at = |path: &str| place.path().join(path).display().to_string();
    let (share, home, environment) = (at("share"), at("home"), at("environment"));
    let xdg = [("XDG_DATA_HOME", share.as_str())];
    let compile = ["compile", "team", "--format", "json"];
    let run = |variables: &[(&str, &str)], before: &[&str], work: bool| {
        let mut command = place.command(&[before, &compile[..]].concat());
        if work {
            command.current_dir(place.path().join("work"));
        }
        place.finish(command.envs(variables.iter().copied()))
    };
    assert_eq!(run(&[], &[], false).ends(1).codes(), ["unknown_preset"]);
    assert_eq!(layer(&run(&xdg, &[], false).ends(0)), 11);
    assert_eq!(layer(&run(&[("HOME", &home)], &[], false).ends(0)), 12);
    assert_eq!(layer(&run(&[("HOME", &home), ("XDG_DATA_HOME", "")], &[], false).ends(0)), 12);
    assert_eq!(layer(&run(&[("HOME", &home), xdg[0]], &[], false).ends(0)), 11);
    assert_eq!(layer(&run(&xdg, &[], true).ends(0).says(&["presets/team.toml"])), 13);
    assert_eq!(layer(&run(&xdg, &["--no-local"], true).ends(0)), 11);
    let given = [("TDSQL_DATA", environment.as_str())];
    assert_eq!(layer(&run(&given, &[], true).ends(0).says(&["environment/presets/team.toml"])), 14);
    assert_eq!(layer(&run(&given, &["--data", &at("first")], true).ends(0).says(&["first/presets/team.toml"])), 15);
    let both = ["--data", &at("first"), "--data", &at("second")];
    let ran = run(&given, &both, true).ends(0).says(&["second/presets/team.toml", "second/modifiers/calm.toml"]);
    assert_eq!(layer(&ran), 16);
    let turned = ["--data", &at("second"), "--data", &at("first")];
    assert_eq!(layer(&run(&[], &turned, false).ends(0)), 15);
    let listed = format!("{}:{}", at("second"), at("first"));
    assert_eq!(layer(&run(&[("TDSQL_DATA", &listed)], &[], false).ends(0)), 15);
    assert_eq!(run(&[("TDSQL_DATA", "nothere")], &[], false).ends(4).codes(), ["io"]);
}

#[test]
fn a_folder_of_templates_alone_means_nothing() {
    let place = Place::new();
    place.put("templates/explain/summary.txt.j2", "not ours").put("registry/notes.txt", "not ours");
    let ran = place.run(&["compile", "starter"]).ends(0);
    assert!(!ran.stdout.contains("not ours") && ran.stderr.is_empty(), "{ran}");
    // Beside a preset, or where it is named, it counts.
    place.run(&["--data", ".", "compile", "starter"]).ends(0).says(&["templates/explain/summary.txt.j2"]);
    place.put("presets/team.toml", preset("mid-scale", ""));
    let ran = place.run(&["compile", "starter"]).ends(0).says(&["templates/explain/summary.txt.j2"]);
    assert!(ran.stdout.contains("not ours"), "{ran}");
}

#[test]
fn an_empty_variable_names_no_folder() {
    Place::new().run_with(&[("TDSQL_DATA", "")], &["compile", "starter"]).ends(0);
}

#[test]
fn a_folder_may_have_a_colon_in_its_name() {
    let place = Place::new();
    place.put("a:b/presets/team.toml", preset("mid-scale", ""));
    place.run(&["--data", "a:b", "compile", "team"]).ends(0);
}
