//! The derivation graph as a picture: nothing overlaps, nothing is missing, everything is the same every time.

use std::collections::BTreeMap;

use tdsql::compile::Compilation;
use tdsql::diagram::layout::{Placed, Size, Spot, place};
use tdsql::diagram::{Diagram, Kind, Node, Scope, boxes, derivation, dot, mermaid, svg};
use tdsql::model::{Class, Scalar, Severity, Unit};

use crate::support::{combinations, good, id, shipped, snapshots};

fn fired(compilation: &Compilation<'_>) -> BTreeMap<String, Severity> {
    compilation.findings.iter().map(|finding| (finding.rail.name.to_string(), finding.severity)).collect()
}

fn drawn(preset: &str, modifier: Option<&str>, set: &[(&str, &str)], key: Option<&str>, rails: bool) -> Diagram {
    let compilation = good(preset, modifier, set);
    let scope = Scope { around: key.map(id), depth: None, rails: rails.then(|| fired(&compilation)) };
    derivation(&compilation.resolution, &scope)
}

/// No two boxes meet, and each label lies within its box.
fn keep_apart(what: &str, boxes: &[(Spot, [Spot; 2])]) {
    // Compared in order of height, so that many boxes are no trouble.
    let mut sorted: Vec<usize> = (0..boxes.len()).collect();
    sorted.sort_by(|a, b| boxes[*a].0.y.total_cmp(&boxes[*b].0.y));
    for (at, first) in sorted.iter().enumerate() {
        let (spot, labels) = &boxes[*first];
        for second in &sorted[at + 1..] {
            if boxes[*second].0.y >= spot.y + spot.height {
                break;
            }
            assert!(!spot.meets(&boxes[*second].0), "{what}: boxes {first} and {second} overlap");
        }
        assert!(!labels[0].meets(&labels[1]), "{what}: the lines of label {first} overlap");
        for label in labels {
            let inside = label.x >= spot.x
                && label.y >= spot.y
                && label.x + label.width <= spot.x + spot.width
                && label.y + label.height <= spot.y + spot.height;
            assert!(inside, "{what}: {label:?} is not within {spot:?}");
        }
    }
}

/// No line runs through a box: within the columns lines are level, and between them there is no box.
fn lines_pass(what: &str, placed: &Placed) {
    for route in &placed.routes {
        assert!(
            route.start.0 <= route.gap.0 && route.gap.0 < route.gap.1 && route.gap.1 <= route.end.0,
            "{what}: {route:?}"
        );
        for (index, spot) in placed.spots.iter().enumerate() {
            let level = |y: f64, from: f64, to: f64| {
                spot.y < y && y < spot.y + spot.height && from.max(spot.x) < to.min(spot.x + spot.width)
            };
            let through = level(route.start.1, route.start.0, route.gap.0)
                || level(route.end.1, route.gap.1, route.end.0)
                || (spot.x < route.gap.1
                    && route.gap.0 < spot.x + spot.width
                    && between(spot, route.start.1, route.end.1));
            assert!(!through, "{what}: {route:?} runs through box {index}, {spot:?}");
        }
    }
}

fn between(spot: &Spot, from: f64, to: f64) -> bool {
    spot.y < from.max(to) && from.min(to) < spot.y + spot.height
}

#[test]
fn no_two_labels_overlap_in_any_combination() {
    for (preset, modifier, name) in combinations(shipped()) {
        for rails in [false, true] {
            let diagram = drawn(&preset, modifier.as_deref(), &[], None, rails);
            assert!(diagram.nodes.len() >= shipped().parameters.len());
            keep_apart(&name, &boxes(&diagram));
        }
    }
}

#[test]
fn no_two_labels_overlap_around_any_parameter() {
    let compilation = good("mid-scale", None, &[]);
    for parameter in shipped().ids() {
        let scope = Scope { around: Some(parameter), depth: None, rails: Some(fired(&compilation)) };
        let diagram = derivation(&compilation.resolution, &scope);
        assert_eq!(diagram.nodes.iter().filter(|node| node.focus).count(), 1);
        keep_apart(&diagram.title, &boxes(&diagram));
    }
}

/// Numbers that look random and are the same every time.
fn numbers(mut state: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    }
}

#[test]
fn synthetic_graphs_keep_apart_too() {
    type Case = (String, usize, Vec<(usize, usize)>);
    let mut cases: Vec<Case> = vec![
        ("nothing".to_owned(), 0, Vec::new()),
        ("alone".to_owned(), 1, Vec::new()),
        ("loose".to_owned(), 50, Vec::new()),
        ("chain".to_owned(), 60, (1..60).map(|to| (to - 1, to)).collect()),
        ("star".to_owned(), 80, (1..80).map(|to| (0, to)).collect()),
        ("sink".to_owned(), 80, (1..80).map(|from| (from, 0)).collect()),
        ("bipartite".to_owned(), 24, (0..12).flat_map(|from| (12..24).map(move |to| (from, to))).collect()),
        ("circle".to_owned(), 9, (0..9).map(|from| (from, (from + 1) % 9)).collect()),
        ("comb".to_owned(), 30, (1..30).flat_map(|to| [(to - 1, to), (0, to)]).collect()),
    ];
    for seed in 0..40 {
        let mut next = numbers(seed);
        let nodes = 2 + next(120);
        let edges = (0..next(3 * nodes)).map(|_| (next(nodes), next(nodes))).collect();
        cases.push((format!("seed {seed}"), nodes, edges));
    }
    for (name, nodes, edges) in cases {
        let mut next = numbers(nodes as u64);
        let sizes: Vec<Size> =
            (0..nodes).map(|_| Size { width: 20.0 + next(300) as f64, height: 10.0 + next(60) as f64 }).collect();
        let placed = place(&sizes, &edges, 40.0);
        assert_eq!(placed, place(&sizes, &edges, 40.0), "{name} is the same every time");
        let spots: Vec<(Spot, [Spot; 2])> = placed
            .spots
            .iter()
            .zip(&sizes)
            .map(|(spot, size)| {
                assert!(spot.width >= size.width && spot.height >= size.height, "{name}: {spot:?} is too small");
                assert!(spot.x >= 0.0 && spot.y > -1e-6, "{name}: {spot:?} is outside");
                assert!(spot.x + spot.width <= placed.width + 1e-6, "{name}: {spot:?} is outside");
                assert!(spot.y + spot.height <= placed.height + 1e-6, "{name}: {spot:?} is outside");
                let half = spot.height / 2.0;
                (*spot, [Spot { height: half, ..*spot }, Spot { y: spot.y + half, height: half, ..*spot }])
            })
            .collect();
        keep_apart(&name, &spots);
        lines_pass(&name, &placed);
    }
}

#[test]
fn a_key_has_what_it_follows_from_and_what_follows_it() {
    let compilation = good("mid-scale", None, &[]);
    let all = derivation(&compilation.resolution, &Scope::default());
    let near = |depth| {
        let scope = Scope { around: Some(id("persistence.maxConns")), depth, rails: None };
        let diagram = derivation(&compilation.resolution, &scope);
        diagram.nodes.into_iter().map(|node| node.id).collect::<Vec<_>>()
    };
    let neighbours: Vec<String> = all
        .edges
        .iter()
        .filter_map(|(from, to)| {
            let (from, to) = (&all.nodes[*from].id, &all.nodes[*to].id);
            match ("persistence.maxConns" == from, "persistence.maxConns" == to) {
                (true, _) => Some(to.clone()),
                (_, true) => Some(from.clone()),
                _ => None,
            }
        })
        .collect();
    let one = near(Some(1));
    assert_eq!(one.len(), neighbours.len() + 1);
    assert!(neighbours.iter().all(|neighbour| one.contains(neighbour)), "{neighbours:?} {one:?}");
    assert_eq!(near(Some(0)), ["persistence.maxConns"]);
    assert!(near(None).len() > one.len());
    assert!(near(None).contains(&"target_state_transitions_per_sec".to_owned()));
}

#[test]
fn what_is_set_follows_from_nothing_and_says_who_set_it() {
    let diagram = drawn("mid-scale", None, &[("persistence.maxConns", "3")], Some("persistence.maxConns"), true);
    let center = diagram.nodes.iter().position(|node| node.focus).expect("the key is there");
    assert!(diagram.nodes[center].set && diagram.nodes[center].formula.is_none());
    assert!(diagram.edges.iter().all(|(_, to)| *to != center));
    let fired: Vec<&str> =
        diagram.nodes.iter().filter(|node| node.line() == "fires: warning").map(|node| node.id.as_str()).collect();
    assert!(fired.contains(&"pool-covers-busy-connections"), "{fired:?}");
}

/// A graph with a node of each kind: what it looks like does not follow the shipped catalog.
fn small() -> Diagram {
    let nodes = Kind::ALL
        .into_iter()
        .map(|kind| {
            let parameter = matches!(kind, Kind::Parameter(_));
            Node {
                id: format!("a.{}", kind.style()),
                kind,
                value: parameter.then_some(Scalar::Float(35.700_000_000_000_01)),
                unit: Some(Unit::Connections),
                decided_by: parameter.then(|| "derived".to_owned()),
                formula: Some("max(1, x) < 2".to_owned()),
                summary: "What it is.".to_owned(),
                focus: kind == Kind::Parameter(Class::Safety),
                set: kind == Kind::Parameter(Class::Topology),
            }
        })
        .collect();
    Diagram {
        title: "A small graph".to_owned(),
        subtitle: vec!["What it is about.".to_owned(), "= a < b".to_owned()],
        nodes,
        // 4, a rail, is read by nothing and reads nothing.
        edges: vec![(0, 2), (1, 2), (0, 3), (2, 5), (2, 6), (0, 6), (3, 6)],
    }
}

#[test]
fn every_form_of_a_small_graph() {
    let diagram = small();
    keep_apart("small", &boxes(&diagram));
    snapshots("diagram").bind(|| {
        insta::assert_snapshot!("small.svg", svg(&diagram));
        insta::assert_snapshot!("small.dot", dot(&diagram));
        insta::assert_snapshot!("small.mmd", mermaid(&diagram));
        insta::assert_json_snapshot!("small.json", diagram.json());
    });
}

#[test]
fn hostile_text_stays_text() {
    let hostile = "a\"]}<b>&;#`\\\u{1b}\n漢字 end --> {{ %%";
    let mut diagram = small();
    diagram.nodes.truncate(2);
    diagram.edges = vec![(0, 1)];
    diagram.title = hostile.to_owned();
    for node in &mut diagram.nodes {
        node.id = hostile.to_owned();
        node.summary = hostile.to_owned();
        node.value = Some(Scalar::Str(hostile.to_owned()));
    }
    keep_apart("hostile", &boxes(&diagram));
    snapshots("diagram").bind(|| {
        insta::assert_snapshot!("hostile.svg", svg(&diagram));
        insta::assert_snapshot!("hostile.dot", dot(&diagram));
        insta::assert_snapshot!("hostile.mmd", mermaid(&diagram));
    });
}
