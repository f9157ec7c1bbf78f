//! Files and streams that fail.

use super::*;

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_told_and_leaves_no_trace() {
    let place = Place::new();
    place.put("file", "mine");
    for target in ["/dev/full", "/dev/full/out", "/proc/tdsql", "file", "file/out", &"x".repeat(300)] {
        let before = tree(place.path());
        let ran = place.run(&["compile", "starter", "-o", target]).ends(4).says(&["error[io]: cannot"]);
        assert_eq!(ran.stdout, "", "nothing is claimed: {ran}");
        let ran = place.run(&["compile", "starter", "-o", target, "--format", "json"]).ends(4);
        assert_eq!((ran.codes(), ran.stderr.as_str()), (vec!["io".to_owned()], ""), "{target}");
        assert_eq!(tree(place.path()), before, "{target}");
    }
    // A folder of the user's where a file must go.
    place.compiled(&["starter"]);
    fs::remove_file(place.path().join("out/why.md")).expect("it is there");
    place.put("out/why.md/mine", "mine");
    let before = tree(place.path());
    place.run(&["compile", "high-throughput", "-o", "out"]).ends(4).says(&["why.md", "it is a folder"]);
    assert_eq!(tree(place.path()), before);
}

#[cfg(unix)]
#[test]
fn an_unwritable_directory_stays_as_it_was() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.compiled(&["starter"]);
    let out = place.path().join("out");
    let before = tree(place.path());
    fs::set_permissions(&out, fs::Permissions::from_mode(0o555)).expect("it is ours");
    // Permissions do not bind root.
    let bound = fs::write(out.join("probe"), "").is_err();
    if bound {
        let ran = place.run(&["compile", "high-throughput", "-o", "out"]).ends(4);
        assert!(ran.stderr.contains("Permission denied"), "{ran}");
        place.run(&["compile", "high-throughput", "-o", "out/deeper/out"]).ends(4);
        assert_eq!(tree(place.path()), before);
    }
    fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// A limit on the size of files stands for a disk that fills up in the middle.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_leaves_the_former_output() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    for (target, after) in [("out", Some(before)), ("new/deep/out", None)] {
        let mut shell = Command::new("/bin/sh");
        // Files come in any order; the second block is where the larger ones break off.
        place.clean(&mut shell).args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\""]);
        shell.arg(env!("CARGO_BIN_EXE_tdsql")).args(["compile", "high-throughput", "-o", target]);
        let ran = place.finish(&mut shell).ends(4).says(&["File too large"]);
        assert_eq!(ran.stdout, "");
        assert_eq!(after.is_some(), place.path().join(target).exists());
        if let Some(after) = after {
            assert_eq!(tree(&place.path().join(target)), after);
        }
        assert_eq!(names_in(place.path()), ["out"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_a_failure() {
    let place = Place::new();
    let before = place.compiled(&["starter"]);
    for arguments in [
        &["compile", "mid-scale"][..],
        &["compile", "mid-scale", "--format", "json"],
        &["compile", "mid-scale", "--format", "yaml"],
        &["compile", "mid-scal", "--format", "json"],
        &["list-presets"],
        &["list-parameters", "--format", "json"],
        &["describe-preset", "starter"],
        &["schema", "preset"],
        &["completions", "bash"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
        let mut command = place.command(arguments);
        let output = command.stdout(full).stderr(Stdio::piped()).spawn().expect("it runs").wait_with_output();
        let ran = Ran::new(&output.expect("it ends"), &place).ends(4);
        ran.says(&["cannot write to standard output: No space left on device"]);
    }
    assert_eq!(tree(&place.path().join("out")), before);
    // What cannot be said on standard error is lost, and changes nothing.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let status = place.command(&["compile", "mid-scal"]).stdout(Stdio::null()).stderr(full).status().expect("it runs");
    assert_eq!(status.code(), Some(1));
}

/// The exit code with a reader of standard output that has gone away.
fn unread(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let mut child =
        place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn a_reader_that_stops_is_no_failure() {
    let place = Place::new();
    for arguments in [
        &["compile", "mid-scale"][..],
        &["compile", "mid-scale", "--format", "json"],
        &["compile", "mid-scale", "--format", "yaml"],
        &["list-presets"],
        &["list-parameters"],
        &["list-parameters", "--format", "json"],
        &["describe-preset", "high-throughput"],
        &["schema", "parameters"],
        &["completions", "zsh"],
        &["check", "--format", "json"],
        &["--help"],
    ] {
        assert_eq!(unread(&place, arguments), (Some(0), String::new()), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_stops_does_not_turn_a_refusal_into_success() {
    let place = Place::new();
    place.put("broken/presets/x.toml", "extends = 1");
    for (arguments, code) in [
        (&["compile", "mid-scal", "--format", "json"][..], 1),
        (&["compile", "starter", "-s", "dsql.max_conn_lifetime=90m", "--format", "json"], 1),
        (&["compile", "starter", "-s", "dsql.max_conn_lifetime=90m"], 1),
        (&["check", "broken", "--format", "json"], 3),
        (&["--data", "broken", "list-presets", "--format", "json"], 3),
    ] {
        assert_eq!(unread(&place, arguments).0, Some(code), "{arguments:?}");
    }
}
