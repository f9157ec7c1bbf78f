//! A diagram as SVG.

use super::layout::{Placed, Route, Size, Spot, place};
use super::{Diagram, Kind, Node};
use crate::model::Class;
use crate::render::wrap;
use crate::svg::{Svg, number, text_width};
use std::fmt::Write as _;

const NAME_SIZE: f64 = 12.0;
const LINE_SIZE: f64 = 11.0;
const HEIGHT: f64 = 42.0;
/// Between the outline of a box and its text.
const PADDING: f64 = 12.0;
/// Around the whole picture.
const MARGIN: f64 = 24.0;
const LINE_HEIGHT: f64 = 16.0;
/// Above the boxes without any line, for their heading.
const LOOSE_TOP: f64 = 64.0;
/// The least width that the heading is laid out for, in pixels.
const LEAST_WIDTH: f64 = 720.0;

const LIGHT: &str = "\
.edge { fill: none; stroke: #8c959f; stroke-width: 1.1; }
.arrow { fill: #8c959f; }
.name { font-weight: bold; }
.line { font-size: 11px; }
.node path { stroke-width: 1.3; }
.node:hover path, .focus path { stroke-width: 3; }
.set .line { font-weight: bold; }
.slo path { fill: #ddf4ff; stroke: #0969da; }
.topology path { fill: #dafbe1; stroke: #1a7f37; }
.safety path { fill: #fff1e5; stroke: #bc4c00; }
.tuning path { fill: #f3f4f6; stroke: #6e7781; }
.rail path { fill: #fbefff; stroke: #8250df; stroke-dasharray: 5 3; }
.rail-warning path { fill: #fff8c5; stroke: #9a6700; }
.rail-error path { fill: #ffd7d5; stroke: #cf222e; }
";

const DARK: &str = "\
.edge { stroke: #6e7681; }
.arrow { fill: #6e7681; }
.slo path { fill: #0c2d6b; stroke: #58a6ff; }
.topology path { fill: #033a16; stroke: #3fb950; }
.safety path { fill: #5a1e02; stroke: #f0883e; }
.tuning path { fill: #21262d; stroke: #8b949e; }
.rail path { fill: #3c1e70; stroke: #d2a8ff; }
.rail-warning path { fill: #4b2900; stroke: #e3b341; }
.rail-error path { fill: #67060c; stroke: #ff7b72; }
";

fn size(node: &Node) -> Size {
    let text = text_width(&node.id, NAME_SIZE).max(text_width(&node.line(), LINE_SIZE));
    Size { width: (text + 2.0 * PADDING).ceil(), height: HEIGHT }
}

fn placed(diagram: &Diagram) -> Placed {
    let sizes: Vec<Size> = diagram.nodes.iter().map(size).collect();
    place(&sizes, &diagram.edges, LOOSE_TOP)
}

/// Where [`svg`] draws each node, and within it each line of its label; in pixels, without the margins.
#[must_use]
pub fn boxes(diagram: &Diagram) -> Vec<(Spot, [Spot; 2])> {
    placed(diagram)
        .spots
        .into_iter()
        .zip(&diagram.nodes)
        .map(|(spot, node)| {
            let label = |text: &str, size: f64, baseline: f64| Spot {
                x: spot.x + PADDING,
                y: spot.y + baseline - size,
                width: text_width(text, size),
                height: size * 1.25,
            };
            (spot, [label(&node.id, NAME_SIZE, NAME_BASE), label(&node.line(), LINE_SIZE, LINE_BASE)])
        })
        .collect()
}

/// The baselines of a label's two lines below the upper side of its box.
const NAME_BASE: f64 = 17.0;
const LINE_BASE: f64 = 33.0;

/// Draws a diagram.
#[must_use]
pub fn svg(diagram: &Diagram) -> String {
    let placed = placed(diagram);
    let width = placed.width.max(LEAST_WIDTH).max(text_width(&diagram.title, 16.0));
    let columns = (width / text_width("x", LINE_SIZE)) as usize;
    let heading: Vec<String> = diagram
        .subtitle
        .iter()
        .flat_map(|line| wrap(line, columns, 2).lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let legend_top = 30.0 + heading.len() as f64 * LINE_HEIGHT;
    let (legend, legend_height) = legend(diagram, width);
    let top = MARGIN + legend_top + legend_height + 20.0;
    let count = |parameters: bool| {
        diagram.nodes.iter().filter(|node| matches!(node.kind, Kind::Parameter(_)) == parameters).count()
    };
    let description = format!(
        "{} parameters and {} guard rails; {} lines lead from what is read to what reads it.",
        count(true),
        count(false),
        diagram.edges.len()
    );
    let mut svg =
        Svg::new(width + 2.0 * MARGIN, top + placed.height + MARGIN, &diagram.title, &description, LIGHT, DARK);
    svg.text("heading", MARGIN, MARGIN + 12.0, &diagram.title);
    for (index, line) in heading.iter().enumerate() {
        svg.text("quiet", MARGIN, MARGIN + 34.0 + index as f64 * LINE_HEIGHT, line);
    }
    svg.open("g", &[("transform", &shift(MARGIN, MARGIN + legend_top))]);
    for (kind, spot) in legend {
        svg.open("g", &[("class", kind.style())]);
        svg.element("path", &[("d", &outline(kind, &spot))], "");
        svg.text("line", spot.x + PADDING, spot.y + 15.0, kind.title());
        svg.close();
    }
    svg.close();
    svg.open("g", &[("transform", &shift(MARGIN, top))]);
    lines(&mut svg, &placed.routes);
    if let Some(loose) = placed.loose {
        svg.text("quiet", 0.0, loose - 14.0, "Neither read by another value nor derived from one");
    }
    for (node, spot) in diagram.nodes.iter().zip(&placed.spots) {
        draw(&mut svg, node, spot);
    }
    svg.finish()
}

fn shift(x: f64, y: f64) -> String {
    format!("translate({} {})", number(x), number(y))
}

/// A sample of each kind that the diagram has, in rows; and how high they are.
fn legend(diagram: &Diagram, width: f64) -> (Vec<(Kind, Spot)>, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    let samples = diagram
        .kinds()
        .into_iter()
        .map(|kind| {
            let wide = text_width(kind.title(), LINE_SIZE) + 2.0 * PADDING;
            if x > 0.0 && x + wide > width {
                (x, y) = (0.0, y + 30.0);
            }
            let spot = Spot { x, y, width: wide, height: 22.0 };
            x += wide + 10.0;
            (kind, spot)
        })
        .collect();
    (samples, y + 22.0)
}

fn draw(svg: &mut Svg, node: &Node, spot: &Spot) {
    let mut class = format!("node {}", node.kind.style());
    if node.focus {
        class.push_str(" focus");
    }
    if node.set {
        class.push_str(" set");
    }
    svg.open("g", &[("class", &class)]);
    svg.element("title", &[], &node.tooltip().join("\n"));
    svg.element("path", &[("d", &outline(node.kind, spot))], "");
    svg.text("name", spot.x + PADDING, spot.y + NAME_BASE, &node.id);
    svg.text("line", spot.x + PADDING, spot.y + LINE_BASE, &node.line());
    svg.close();
}

/// The outline of a box. Each class has a form of its own, for those who do not see its colour.
fn outline(kind: Kind, spot: &Spot) -> String {
    let Spot { x, y, width, height } = *spot;
    let cut = |by: f64, round: bool| {
        let mut path = format!("M{} {}", number(x + by), number(y));
        let corners = [
            (x + width - by, y, x + width, y + by, x + width, y),
            (x + width, y + height - by, x + width - by, y + height, x + width, y + height),
            (x + by, y + height, x, y + height - by, x, y + height),
            (x, y + by, x + by, y, x, y),
        ];
        for (x1, y1, x2, y2, corner_x, corner_y) in corners {
            let _ = write!(path, "L{} {}", number(x1), number(y1));
            let _ = if round {
                write!(path, "Q{} {} {} {}", number(corner_x), number(corner_y), number(x2), number(y2))
            } else {
                write!(path, "L{} {}", number(x2), number(y2))
            };
        }
        path.push('Z');
        path
    };
    match kind {
        Kind::Parameter(Class::Slo) => cut(height / 2.0, true),
        Kind::Parameter(Class::Topology) => cut(8.0, true),
        Kind::Parameter(Class::Safety) => cut(7.0, false),
        Kind::Parameter(Class::Tuning) => cut(0.0, false),
        Kind::Rail(_) => {
            let (right, bottom, slant) = (x + width, y + height, 8.0_f64.min(height / 3.0));
            format!(
                "M{} {}H{}L{} {}H{}Z",
                number(x + slant),
                number(y),
                number(right),
                number(right - slant),
                number(bottom),
                number(x)
            )
        }
    }
}

/// The lines, with an arrowhead where one arrives.
fn lines(svg: &mut Svg, routes: &[Route]) {
    for route in routes {
        let middle = f64::midpoint(route.gap.0, route.gap.1);
        let arrives = route.to.is_some();
        let end = if arrives { route.end.0 - 6.0 } else { route.end.0 };
        let path = format!(
            "M{} {}H{}C{} {} {} {} {} {}H{}",
            number(route.start.0),
            number(route.start.1),
            number(route.gap.0),
            number(middle),
            number(route.start.1),
            number(middle),
            number(route.end.1),
            number(route.gap.1 - 6.0),
            number(route.end.1),
            number(end),
        );
        svg.element("path", &[("class", "edge"), ("d", &path)], "");
        if arrives {
            let (x, y) = route.end;
            let head = format!(
                "M{} {}L{} {}L{} {}Z",
                number(x),
                number(y),
                number(x - 7.0),
                number(y - 3.5),
                number(x - 7.0),
                number(y + 3.5)
            );
            svg.element("path", &[("class", "arrow"), ("d", &head)], "");
        }
    }
}
