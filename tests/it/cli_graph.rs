//! `tdsql graph`.

use std::fs;

use crate::cli::Place;

#[test]
fn each_format_is_printed_and_written() {
    let place = Place::new();
    for (format, start) in
        [("dot", "digraph "), ("mermaid", "---\ntitle: "), ("svg", "<svg xmlns="), ("json", "{\n  \"title\": ")]
    {
        let arguments = ["graph", "mid-scale", "-m", "batch-processor", "--key", "persistence.maxConns"];
        let printed = place.run(&[&arguments[..], &["--format", format]].concat()).ends(0);
        assert!(printed.stdout.starts_with(start), "{printed}");
        assert!(printed.stdout.contains("mid-scale + batch-processor"), "{printed}");
        assert_eq!(printed.stderr, "");
        // The name of the file says the format; an earlier file is replaced.
        let file = format!("pictures/graph.{}", if format == "mermaid" { "mmd" } else { format });
        for _ in 0..2 {
            let written =
                place.run(&[&arguments[..], &["-o", &file]].concat()).ends(0).says(&["wrote pictures/graph."]);
            assert_eq!(written.stdout, "");
            assert_eq!(fs::read_to_string(place.path().join(&file)).expect("it is there"), printed.stdout);
        }
    }
}

#[test]
fn without_a_preset_the_registry_speaks() {
    let place = Place::new();
    let graph = place.run(&["graph", "--format", "json", "--rails"]).ends(0).json();
    assert_eq!(graph["title"], "Derivations of the registry's defaults");
    let nodes = graph["nodes"].as_array().expect("a list");
    assert!(nodes.iter().all(|node| node["decided_by"].is_null()
        || node["decided_by"] == "default"
        || node["decided_by"] == "derived"));
    assert!(nodes.iter().any(|node| node["kind"] == "rail"));
}

#[test]
fn what_is_wrong_is_said_together() {
    let place = Place::new();
    let ran = place.run(&["graph", "nope", "--key", "persistence.maxCons", "-s", "x=1", "--format", "json"]).ends(1);
    assert_eq!(ran.codes(), ["unknown_parameter", "unknown_preset", "unknown_parameter"], "{ran}");
    place.run(&["graph", "-s", "x=1"]).ends(2);
    place.run(&["graph", "starter", "--depth", "1"]).ends(2);
    place.run(&["graph", "starter", "-o", ".."]).ends(4).says(&["names no file"]);
    place.run(&["graph", "starter", "-o", "x.pdf"]).ends(1).says(&["no format has the ending `.pdf`"]);
    assert!(!place.path().join("x.pdf").exists());
    place.run(&["graph", "starter", "-o", "x.txt", "--format", "dot"]).ends(0);
    place.put("folder/x", "");
    place.run(&["graph", "starter", "-o", "folder/x/y.svg"]).ends(4).says(&["error[io]"]);
}
