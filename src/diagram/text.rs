//! A diagram in the languages of Graphviz and Mermaid.

use super::{Diagram, Kind};
use crate::model::{Class, Severity};
use std::fmt::Write as _;

/// Form in Graphviz, opening and closing in Mermaid, fill, line: the forms are those of the picture where they exist.
fn look(kind: Kind) -> (&'static str, [&'static str; 2], &'static str, &'static str) {
    match kind {
        Kind::Parameter(Class::Slo) => ("oval", ["([", "])"], "#ddf4ff", "#0969da"),
        Kind::Parameter(Class::Topology) => ("box", ["(", ")"], "#dafbe1", "#1a7f37"),
        Kind::Parameter(Class::Safety) => ("octagon", ["{{", "}}"], "#fff1e5", "#bc4c00"),
        Kind::Parameter(Class::Tuning) => ("box", ["[", "]"], "#f3f4f6", "#6e7781"),
        Kind::Rail(None) => ("parallelogram", ["[/", "/]"], "#fbefff", "#8250df"),
        Kind::Rail(Some(Severity::Error)) => ("parallelogram", ["[/", "/]"], "#ffd7d5", "#cf222e"),
        Kind::Rail(Some(_)) => ("parallelogram", ["[/", "/]"], "#fff8c5", "#9a6700"),
    }
}

/// In the language of Graphviz.
#[must_use]
pub fn dot(diagram: &Diagram) -> String {
    let mut text = String::from("digraph derivations {\n");
    let _ = writeln!(text, "  graph [rankdir=LR, ranksep=1, label=\"{}\", labelloc=t];", quote(&diagram.title));
    text.push_str("  node [style=filled, fontname=\"monospace\", fontsize=10, fontcolor=\"#1f2328\"];\n");
    text.push_str("  edge [color=\"#8c959f\", arrowsize=0.6];\n");
    for (number, node) in diagram.nodes.iter().enumerate() {
        let (shape, _, fill, line) = look(node.kind);
        let style = match node.kind {
            Kind::Parameter(Class::Topology) => ", style=\"filled,rounded\"",
            _ => "",
        };
        let pen = if node.focus { ", penwidth=3" } else { "" };
        let _ = writeln!(
            text,
            "  n{number} [label=\"{}\\n{}\", tooltip=\"{}\", shape={shape}{style}, fillcolor=\"{fill}\", color=\"{line}\"{pen}];",
            quote(&node.id),
            quote(&node.line()),
            quote(&node.tooltip().join("\n")),
        );
    }
    for (from, to) in &diagram.edges {
        let _ = writeln!(text, "  n{from} -> n{to};");
    }
    text.push_str("}\n");
    text
}

/// Text inside quotation marks of Graphviz.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            // Graphviz reads entities of HTML everywhere.
            '&' => quoted.push_str("&amp;"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted
}

/// As a flowchart of Mermaid.
#[must_use]
pub fn mermaid(diagram: &Diagram) -> String {
    let mut text = format!("---\ntitle: {}\n---\nflowchart LR\n", serde_json::Value::from(diagram.title.as_str()));
    for kind in diagram.kinds() {
        let (_, _, fill, line) = look(kind);
        let _ = writeln!(text, "  classDef {} fill:{fill},stroke:{line},color:#1f2328", kind.style());
    }
    for (number, node) in diagram.nodes.iter().enumerate() {
        let (_, [open, close], _, _) = look(node.kind);
        let label = format!("{}<br/>{}", entities(&node.id), entities(&node.line()));
        let _ = writeln!(text, "  n{number}{open}\"{label}\"{close}:::{}", node.kind.style());
    }
    for (number, _) in diagram.nodes.iter().enumerate().filter(|(_, node)| node.focus) {
        let _ = writeln!(text, "  style n{number} stroke-width:4px");
    }
    for (from, to) in &diagram.edges {
        let _ = writeln!(text, "  n{from} --> n{to}");
    }
    text
}

/// Text inside quotation marks of Mermaid: what means something there is a numbered entity.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | ';' | '`' | '\\' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
