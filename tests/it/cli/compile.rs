//! The way it is meant to go: `compile` and what it writes.

use super::*;

pub(super) const LAYOUT: [&str; 8] = [
    "dsql-plugin.json",
    "dynamicconfig.yaml",
    "guard-rails.json",
    "platform/dotenv/temporal.env",
    "profile.json",
    "sdk/go/worker_options.go",
    "sdk/python/worker_options.py",
    "why.md",
];

const ASKED: [&str; 8] = [
    "compile",
    "mid-scale",
    "-m",
    "batch-processor",
    "-s",
    "target_state_transitions_per_sec=300",
    "-s",
    "history.replicas=8",
];

#[test]
fn it_compiles_from_any_folder_with_nothing_beside_the_binary() {
    let place = Place::new();
    // Not even beside the binary itself.
    let alone = place.path().join("tdsql");
    fs::copy(env!("CARGO_BIN_EXE_tdsql"), &alone).expect("the binary can be copied");
    let work = Place::new();
    let ran = work.finish(work.clean(&mut Command::new(&alone)).args(ASKED).args(["-o", "out"])).ends(0);
    assert_eq!(ran.stderr, "");
    shows("compile-into-folder", &ran);
    let tree = tree(&work.path().join("out"));
    let shipped: Vec<String> = shipped()
        .adapters
        .iter()
        .flat_map(|adapter| {
            let kind = if adapter.sdk { "sdk" } else { "platform" };
            let path = move |file: &str| format!("{kind}/{}/{file}", adapter.name);
            adapter.outputs.iter().flat_map(move |output| -> Vec<String> {
                let services = if output.per_service { shipped().platform.services.as_slice() } else { &[] };
                let each = services.iter().map(|service| output.file.replace("{{ service }}", &service.name));
                if output.per_service { each.map(|file| path(&file)).collect() } else { vec![path(&output.file)] }
            })
        })
        .collect();
    let mut expected: Vec<&str> = shipped.iter().map(String::as_str).collect();
    expected.extend(LAYOUT.iter().filter(|path| !path.contains('/')));
    expected.sort_unstable();
    assert_eq!(files(&tree), expected);
    for path in LAYOUT {
        assert!(tree.contains_key(path), "{path}");
    }
    let profile = parsed(&tree["profile.json"]);
    assert_eq!(value(&profile, "target_state_transitions_per_sec"), 300);
    assert_eq!(value(&profile, "history.replicas"), 8);
    assert_eq!(
        profile["overrides"],
        json!({"values": {"history.replicas": 8, "target_state_transitions_per_sec": 300}})
    );
    // The same without writing: nothing is written.
    let ran = work.run(&ASKED).ends(0);
    shows("compile", &ran);
    assert_eq!(names_in(work.path()), ["out"]);
}

#[test]
fn a_preset_dropped_into_the_working_directory_compiles() {
    let place = Place::new();
    place.put("presets/my-team.toml", preset("mid-scale", "history.replicas = 7"));
    let ran = place.run(&["compile", "my-team", "-o", "out"]).ends(0).says(&["presets/my-team.toml"]);
    assert!(ran.stdout.starts_with("my-team"), "{ran}");
    assert_eq!(
        value(&parsed(&fs::read(place.path().join("out/profile.json")).expect("written")), "history.replicas"),
        7
    );
    // An edit shows at once.
    place.put("presets/my-team.toml", preset("mid-scale", "history.replicas = 9"));
    let result = place.run(&["compile", "my-team", "--format", "json"]).ends(0).json();
    assert_eq!(value(&result["profile"], "history.replicas"), 9);
    assert_eq!(result["profile"]["preset_name"], "my-team");
    let listed = place.run(&["list-presets", "--format", "json"]).ends(0).json();
    assert!(listed.as_array().expect("a list").iter().any(|preset| preset["name"] == "my-team"));
    place.run(&["--no-local", "compile", "my-team"]).ends(1).says(&["there is no preset `my-team`"]);
    place.run(&["check"]).ends(0);
}

#[test]
fn two_compiles_give_the_same_bytes_and_only_the_clock_moves() {
    let place = Place::new();
    let first = place.compiled(&["high-throughput"]);
    assert_eq!(first, place.compiled(&["high-throughput"]), "onto itself");
    assert_eq!(first, Place::new().compiled(&["high-throughput"]), "elsewhere");
    let later = Place::new();
    let ran = later.run_with(
        &[("SOURCE_DATE_EPOCH", "1800000000"), ("COLUMNS", "40"), ("LANG", "de_DE.UTF-8"), ("TZ", "Asia/Tokyo")],
        &["compile", "high-throughput", "-q", "-o", "out"],
    );
    assert_eq!(ran.code, 0, "{ran}");
    let second = tree(&later.path().join("out"));
    let differing: Vec<&String> = first.keys().filter(|path| first[*path] != second[*path]).collect();
    assert_eq!(differing, ["profile.json"]);
    let (mut before, mut after) = (parsed(&first["profile.json"]), parsed(&second["profile.json"]));
    assert_eq!(before["compiled_at"], "2023-11-14T22:13:20Z");
    assert_eq!(after["compiled_at"], "2027-01-15T08:00:00Z");
    before["compiled_at"].take();
    after["compiled_at"].take();
    assert_eq!(before, after);
    for (path, content) in &first {
        let dated = String::from_utf8_lossy(content).contains("2023-11-14");
        assert_eq!(dated, path == "profile.json", "{path}");
    }
    // The clock itself, where nothing fixes it.
    let mut command = place.command(&["compile", "starter", "--format", "json"]);
    let now = place.finish(command.env_remove("SOURCE_DATE_EPOCH")).ends(0).json();
    let at = now["profile"]["compiled_at"].as_str().expect("text");
    assert!(at.len() == 20 && at.ends_with('Z') && at[..4].parse::<u16>().is_ok_and(|year| year >= 2024), "{at}");
    let ran = place.run_with(&[("SOURCE_DATE_EPOCH", "soon")], &["compile", "starter"]).ends(1);
    assert!(ran.stderr.contains("SOURCE_DATE_EPOCH is `soon`"), "{ran}");
}

#[test]
fn foreign_files_survive_and_stale_adapters_go() {
    let place = Place::new();
    place.put("out/notes.txt", "mine").put("out/sdk/zig/mine.zig", "mine").put("out/platform/notes.txt", "mine");
    place.put("out/sdk/go/notes.txt", "mine").put("out/platform/compose/more/notes.txt", "mine");
    place.compiled(&["starter"]);
    let all = tree(&place.path().join("out"));
    assert!(all.contains_key("sdk/go/worker_options.go") && all.contains_key("platform/dotenv/temporal.env"));
    let some = place.compiled(&["starter", "--sdk", "python"]);
    assert_eq!(
        files(&some),
        [
            "dsql-plugin.json",
            "dynamicconfig.yaml",
            "guard-rails.json",
            "notes.txt",
            "platform/compose/more/notes.txt",
            "platform/notes.txt",
            "profile.json",
            "sdk/go/notes.txt",
            "sdk/python/worker_options.py",
            "sdk/zig/mine.zig",
            "why.md"
        ]
    );
    assert!(some.iter().filter(|(path, _)| path.contains("notes") || path.contains("mine")).all(|(_, c)| c == b"mine"));
}
