//! Hostile overlays.

use super::catalog_commands::owned;
use super::*;

#[test]
fn a_fault_is_told_once() {
    let place = Place::new();
    place.put("over/presets/deep.toml", format!("a = {}", "[".repeat(1000)));
    place.put("v.toml", format!("a = {}", "[".repeat(1000)));
    for arguments in [&["--data", "over", "compile", "starter"][..], &["compile", "starter", "--values", "v.toml"]] {
        let ran = place.run(arguments);
        assert!(ran.stderr.matches("error[").count() <= 2, "{ran}");
    }
}

/// A run on hostile input: it ends, and floods nobody's screen.
fn ends_tersely(place: &Place, arguments: &[&str]) -> Ran {
    let ran = place.run(arguments);
    assert!(ran.stderr.len() < 100_000, "{} bytes on standard error", ran.stderr.len());
    ran
}

#[test]
fn hostile_overlays_end_with_an_error() {
    for (name, content, code) in [
        ("presets/large.toml", "#".repeat(10_000_000).into_bytes(), "too_large"),
        ("presets/deep.toml", format!("a = {}", "[".repeat(100_000)).into_bytes(), "too_deep"),
        ("presets/tables.toml", format!("{}x = 1", "a.".repeat(50_000)).into_bytes(), "too_deep"),
        ("presets/binary.toml", (0..4096_u32).map(|n| (n * 197 % 251) as u8 | 0x80).collect(), "syntax"),
        ("presets/nul.toml", b"description = \"\0\"".to_vec(), "syntax"),
        (
            "registry/parameters/wide.toml",
            parameters(std::iter::once(("wide.a".to_owned(), vec!["history.replicas"; 1000].join(" + ")))).into_bytes(),
            "too_large",
        ),
        ("templates/adapters/go/worker_options.go.j2", vec![0xff; 100], "syntax"),
    ] {
        let place = Place::new();
        place.put(&format!("over/{name}"), content);
        for arguments in [&["--data", "over", "compile", "starter"][..], &["check", "over"]] {
            let ran = ends_tersely(&place, arguments).ends(3);
            assert!(format!("{}{}", ran.stdout, ran.stderr).contains(&format!("error[{code}]")), "{name}: {ran}");
        }
    }
}

#[test]
fn a_file_of_nothing_but_faults_does_not_flood() {
    let place = Place::new();
    place.put("over/modifiers/keys.toml", "a=1\n".repeat(100_000));
    ends_tersely(&place, &["--data", "over", "compile", "starter"]).ends(3).says(&["error[duplicate_key]"]);
}

#[test]
fn a_circle_of_a_thousand_is_told_in_one_line() {
    let place = Place::new();
    let circle = (0..1000).map(|n| (format!("circle.n{n}"), format!("circle.n{} + 1", (n + 1) % 1000)));
    place.put("over/registry/parameters/circle.toml", parameters(circle));
    let ran = ends_tersely(&place, &["check", "over"]).ends(3);
    assert!(ran.stdout.contains("error[dependency_cycle]") && ran.stdout.len() < 2000, "{ran}");
    let ran = ends_tersely(&place, &["--data", "over", "compile", "starter"]).says(&["error[dependency_cycle]"]);
    assert_ne!(ran.code, 0);
}

#[test]
fn a_circle_of_derivations_is_a_broken_catalog() {
    let place = Place::new();
    let circle = [("circle.a", "circle.b + 1"), ("circle.b", "circle.a + 1")].map(owned).into_iter();
    place.put("over/registry/parameters/circle.toml", parameters(circle));
    let ran = place.run(&["--data", "over", "compile", "starter", "--format", "json"]).ends(3);
    assert_eq!(ran.codes(), ["catalog"]);
}

#[test]
fn a_long_chain_is_no_fault() {
    let place = Place::new();
    let chain = (0..1000).map(|n| {
        let before = if n == 0 { "1".to_owned() } else { format!("chain.n{} + 1", n - 1) };
        (format!("chain.n{n}"), before)
    });
    place.put("over/registry/parameters/chain.toml", parameters(chain));
    let result = ends_tersely(&place, &["--data", "over", "compile", "starter", "--format", "json"]).ends(0).json();
    assert_eq!(value(&result["profile"], "chain.n999"), 1000);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_and_pipes_hold_nobody_up() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    fs::create_dir_all(place.path().join("file/presets")).expect("a folder can be made");
    symlink("a.toml", place.path().join("file/presets/a.toml")).expect("a link can be made");
    ends_tersely(&place, &["--data", "file", "list-presets"]).ends(4).says(&["presets/a.toml"]);
    place.put("folder/presets/team.toml", preset("mid-scale", ""));
    symlink(".", place.path().join("folder/presets/self")).expect("a link can be made");
    let ran = ends_tersely(&place, &["--data", "folder", "list-presets"]).ends(0);
    assert!(!ran.stderr.contains("self/"), "the link leads to where it stands: {ran}");
    fs::create_dir_all(place.path().join("pipe/presets")).expect("a folder can be made");
    let made = Command::new("mkfifo").arg(place.path().join("pipe/presets/a.toml")).status().expect("mkfifo runs");
    assert!(made.success());
    ends_tersely(&place, &["--data", "pipe", "list-presets"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_data_file() {
    let place = Place::new();
    fs::create_dir_all(place.path().join("pipe/presets")).expect("a folder can be made");
    let made = Command::new("mkfifo").arg(place.path().join("pipe/presets/a.toml")).status().expect("mkfifo runs");
    assert!(made.success());
    assert_ne!(ends_tersely(&place, &["--data", "pipe", "list-presets"]).code, 0);
}

#[cfg(unix)]
#[test]
fn arguments_that_are_not_text_are_wrong_usage() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::new();
    let strange = std::ffi::OsStr::from_bytes(b"\xff");
    let output = place.command(&["compile"]).arg(strange).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    // A path need not be text.
    let output = place.command(&["compile", "starter", "-q", "-o"]).arg(strange).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(0));
    assert!(place.path().join(PathBuf::from(strange)).join("profile.json").is_file());
}
