//! Line charts as SVG: a panel for each unit over one horizontal axis, and below them where something fires.
//!
//! Geometry only; what is drawn and what it is called comes from the caller.

mod axis;

pub use axis::Axis;

use crate::model::Severity;
use crate::svg::{Svg, number, text_width};

/// Colours of lines on a light and on a dark background; neither is one of those that severities have.
const COLOURS: [(&str, &str); 6] = [
    ("#0969da", "#58a6ff"),
    ("#1a7f37", "#3fb950"),
    ("#8250df", "#bc8cff"),
    ("#bf3989", "#f778ba"),
    ("#0e7490", "#39c5cf"),
    ("#57606a", "#c9d1d9"),
];

/// Dashes that tell lines apart once more: after the colours are used up, and for those who do not see them.
const DASHES: [&str; 3] = ["", "7 3", "2 3"];

/// The size of text.
const SIZE: f64 = 12.0;

/// The height of a row of text.
const ROW: f64 = 18.0;

/// The space around everything.
const MARGIN: f64 = 20.0;

/// The width of the plots.
const PLOT: f64 = 560.0;

/// The least height of a plot.
const LOWEST: f64 = 130.0;

/// The most points that are marked one by one.
const MOST_DOTS: usize = 60;

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The same in a sentence or two, for those who cannot see it.
    pub description: String,
    /// What the horizontal axis has.
    pub across: Axis,
    /// The place of each point on it.
    pub at: Vec<f64>,
    /// The panels, from the top.
    pub panels: Vec<Panel>,
    /// What fires, and where.
    pub bands: Vec<Band>,
}

/// Lines of one unit.
#[derive(Debug, Clone)]
pub struct Panel {
    /// What the vertical axis has.
    pub axis: Axis,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A value at each point; none where there is no value.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Whether nothing lies between two values, so that it goes in steps.
    pub steps: bool,
    /// The values, in the order of the points.
    pub values: Vec<Option<f64>>,
}

/// Something that fires between points.
#[derive(Debug, Clone)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// How serious it is; a note stands for points without values.
    pub severity: Severity,
    /// The numbers of the first and the last point of each stretch.
    pub stretches: Vec<(usize, usize)>,
}

/// Draws a chart.
#[must_use]
pub fn draw(chart: &Chart) -> String {
    let frame = Frame::of(chart);
    let (light, dark) = rules();
    let mut svg = Svg::new(frame.width, frame.height, &chart.title, &chart.description, &light, &dark);
    svg.text("heading", MARGIN, MARGIN + SIZE, &chart.title);
    let mut top = MARGIN + 2.0 * ROW;
    for panel in &chart.panels {
        let height = height(panel);
        frame.panel(&mut svg, chart, panel, top, height);
        top += height + 2.5 * ROW;
    }
    top -= 0.5 * ROW;
    svg.text("", frame.left, top, &chart.across.label);
    frame.bands(&mut svg, chart, top + ROW);
    svg.finish()
}

/// Rules of the classes: a line's colour by its number, bands by their severity.
fn rules() -> (String, String) {
    let mut light = String::from(
        ".axis { stroke: #57606a; fill: none; }\n.grid { stroke: #d0d7de; stroke-width: 0.6; fill: none; }\n\
         .error { fill: #cf222e; }\n.warning { fill: #d4a72c; }\n.note { fill: #8c959f; }\n\
         .shade { fill-opacity: 0.12; }\n.line { fill: none; stroke-width: 2; stroke-linejoin: round; }\n",
    );
    let mut dark = String::from(".axis { stroke: #9da7b3; }\n.grid { stroke: #30363d; }\n.error { fill: #f85149; }\n");
    for (index, (on_light, on_dark)) in COLOURS.iter().enumerate() {
        light.push_str(&format!(".c{index} {{ stroke: {on_light}; }}\n.d{index} {{ fill: {on_light}; }}\n"));
        dark.push_str(&format!(".c{index} {{ stroke: {on_dark}; }}\n.d{index} {{ fill: {on_dark}; }}\n"));
    }
    (light, dark)
}

fn height(panel: &Panel) -> f64 {
    (panel.lines.len() as f64 * ROW + ROW).max(LOWEST)
}

/// Where everything stands.
struct Frame {
    left: f64,
    right: f64,
    width: f64,
    height: f64,
}

impl Frame {
    fn of(chart: &Chart) -> Frame {
        let widest =
            |texts: &mut dyn Iterator<Item = String>| texts.map(|text| text_width(&text, SIZE)).fold(0.0_f64, f64::max);
        let ticks = widest(&mut chart.panels.iter().flat_map(|panel| {
            let (low, high) = span(panel);
            panel.axis.ticks(low, high).into_iter().map(|(_, text)| text)
        }));
        let names = chart.panels.iter().flat_map(|panel| panel.lines.iter().map(|line| line.name.clone()));
        let bands = chart.bands.iter().map(told);
        let names = widest(&mut names.chain(bands));
        let left = MARGIN + ticks.max(40.0) + 10.0;
        let right = left + PLOT;
        let width = (right + 40.0 + names + MARGIN).max(2.0 * MARGIN + text_width(&chart.title, 16.0));
        let panels: f64 = chart.panels.iter().map(|panel| height(panel) + 2.5 * ROW).sum();
        let rows = chart.bands.len() as f64 * ROW;
        Frame { left, right, width, height: MARGIN + 2.0 * ROW + panels + rows + ROW + MARGIN }
    }

    fn x(&self, chart: &Chart, at: f64) -> f64 {
        let (low, high) = ends(chart.at.iter().copied());
        self.left + chart.across.place(at, low, high) * (self.right - self.left)
    }

    fn panel(&self, svg: &mut Svg, chart: &Chart, panel: &Panel, top: f64, height: f64) {
        let (low, high) = span(panel);
        let bottom = top + height;
        let y = |value: f64| bottom - panel.axis.place(value, low, high) * height;
        svg.text("quiet", self.left, top - 6.0, &panel.axis.label);
        for (severity, stretch) in worst(chart) {
            self.block(svg, chart, &format!("{} shade", severity.as_str()), stretch, top, height);
        }
        for (value, text) in panel.axis.ticks(low, high) {
            let place = y(value);
            rule(svg, "grid", self.left, place, self.right, place);
            svg.element(
                "text",
                &[
                    ("class", "quiet"),
                    ("x", &number(self.left - 6.0)),
                    ("y", &number(place + 4.0)),
                    ("text-anchor", "end"),
                ],
                &text,
            );
        }
        self.across(svg, chart, top, bottom);
        rule(svg, "axis", self.left, top, self.left, bottom);
        rule(svg, "axis", self.left, bottom, self.right, bottom);
        for (index, line) in panel.lines.iter().enumerate() {
            // The dash shows a line through one that lies over it.
            let pen = Pen {
                colour: index % COLOURS.len(),
                dash: DASHES[index % DASHES.len()],
                steps: line.steps,
                dots: chart.at.len() <= MOST_DOTS,
            };
            let mut points: Vec<(String, String)> = Vec::new();
            for (at, value) in chart.at.iter().zip(line.values.iter().chain(std::iter::repeat(&None))) {
                match value {
                    Some(value) => {
                        let point = (number(self.x(chart, *at)), number(y(*value)));
                        if points.last() != Some(&point) {
                            points.push(point);
                        }
                    }
                    None => pen.trace(svg, &mut points),
                }
            }
            pen.trace(svg, &mut points);
            let row = top + ROW * index as f64 + SIZE;
            let sample =
                [(number(self.right + 10.0), number(row - 4.0)), (number(self.right + 34.0), number(row - 4.0))];
            Pen { dots: false, ..pen }.trace(svg, &mut sample.to_vec());
            svg.text("", self.right + 40.0, row, &line.name);
        }
    }

    /// The ticks of the horizontal axis; one whose text would touch the one before has none.
    fn across(&self, svg: &mut Svg, chart: &Chart, top: f64, bottom: f64) {
        let (low, high) = ends(chart.at.iter().copied());
        let mut free = f64::MIN;
        for (value, text) in chart.across.ticks(low, high) {
            let place = self.x(chart, value);
            let half = text_width(&text, 11.0) / 2.0;
            rule(svg, "grid", place, top, place, bottom);
            if place - half < free {
                continue;
            }
            free = place + half + 8.0;
            svg.element(
                "text",
                &[("class", "quiet"), ("x", &number(place)), ("y", &number(bottom + 15.0)), ("text-anchor", "middle")],
                &text,
            );
        }
    }

    /// A row for each band: bars where it fires, and its name beside them.
    fn bands(&self, svg: &mut Svg, chart: &Chart, top: f64) {
        for (index, band) in chart.bands.iter().enumerate() {
            let row = top + ROW * index as f64;
            rule(svg, "grid", self.left, row + 5.0, self.right, row + 5.0);
            for stretch in &band.stretches {
                self.block(svg, chart, band.severity.as_str(), *stretch, row, 10.0);
            }
            svg.text("", self.right + 10.0, row + 9.0, &told(band));
        }
    }

    fn block(&self, svg: &mut Svg, chart: &Chart, class: &str, (from, to): (usize, usize), top: f64, height: f64) {
        let (Some(from), Some(to)) = (chart.at.get(from), chart.at.get(to)) else { return };
        let (a, b) = (self.x(chart, *from), self.x(chart, *to));
        let left = (a.min(b) - 2.0).max(self.left);
        let right = (a.max(b) + 2.0).min(self.right);
        svg.element(
            "rect",
            &[
                ("class", class),
                ("x", &number(left)),
                ("y", &number(top)),
                ("width", &number(right - left)),
                ("height", &number(height)),
            ],
            "",
        );
    }
}

/// How a line is drawn.
#[derive(Clone, Copy)]
struct Pen {
    colour: usize,
    dash: &'static str,
    steps: bool,
    /// Whether the points are marked.
    dots: bool,
}

impl Pen {
    /// Draws a line through points, and the points themselves; takes the points.
    fn trace(self, svg: &mut Svg, points: &mut Vec<(String, String)>) {
        let points = std::mem::take(points);
        if points.len() > 1 {
            let mut path: Vec<String> = Vec::with_capacity(points.len());
            let mut height: Option<&str> = None;
            for (x, y) in &points {
                if let (true, Some(before)) = (self.steps, height)
                    && before != y
                {
                    path.push(format!("{x},{before}"));
                }
                path.push(format!("{x},{y}"));
                height = Some(y);
            }
            let class = format!("line c{}", self.colour);
            let points = path.join(" ");
            svg.element("polyline", &[("class", &class), ("points", &points), ("stroke-dasharray", self.dash)], "");
        }
        if self.dots || points.len() == 1 {
            for (x, y) in &points {
                let class = format!("d{}", self.colour);
                svg.element("circle", &[("class", &class), ("cx", x), ("cy", y), ("r", "2.5")], "");
            }
        }
    }
}

fn rule(svg: &mut Svg, class: &str, x1: f64, y1: f64, x2: f64, y2: f64) {
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
    svg.element("line", &[("class", class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2)], "");
}

/// The stretches in which anything fires, each with the worst that does.
fn worst(chart: &Chart) -> Vec<(Severity, (usize, usize))> {
    let mut at: Vec<Option<Severity>> = vec![None; chart.at.len()];
    for band in &chart.bands {
        for (from, to) in &band.stretches {
            for slot in at.iter_mut().take(to + 1).skip(*from) {
                *slot = Some(slot.map_or(band.severity, |other| other.min(band.severity)));
            }
        }
    }
    let mut stretches: Vec<(Severity, (usize, usize))> = Vec::new();
    for (index, severity) in at.into_iter().enumerate() {
        let Some(severity) = severity else { continue };
        match stretches.last_mut() {
            Some((of, (_, last))) if *of == severity && *last + 1 == index => *last = index,
            _ => stretches.push((severity, (index, index))),
        }
    }
    stretches
}

/// A band's name, with its severity: colour alone tells nobody.
fn told(band: &Band) -> String {
    match band.severity {
        Severity::Note => band.name.clone(),
        severity => format!("{}: {}", severity.as_str(), band.name),
    }
}

/// The least and the greatest value of a panel; from 0 where that is not far.
fn span(panel: &Panel) -> (f64, f64) {
    let (low, high) = ends(panel.lines.iter().flat_map(|line| line.values.iter().flatten().copied()));
    let low = if low > 0.0 && low <= high / 2.0 { 0.0 } else { low };
    // A level line stands in the middle.
    if low == high { (low - 1.0, high + 1.0) } else { (low, high) }
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high { (0.0, 1.0) } else { (low, high) }
}
