//! Writes SVG: escaped, indented, deterministic, readable on light and dark backgrounds.
//!
//! Text is measured by columns of a monospaced face, so that what is laid out here fits wherever it is shown.

use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// The width of one column of text, in parts of the font's size; monospaced faces have 0.55 to 0.61.
const COLUMN: f64 = 0.61;

/// The style that every picture has: faces, and colours for a light and a dark background. A picture adds its own classes.
const BASE: &str = "\
text { font-family: ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace; font-size: 12px; fill: #1f2328; }
.ground { fill: #ffffff; }
.heading { font-size: 16px; font-weight: bold; }
.quiet { fill: #57606a; font-size: 11px; }
";

/// What differs on a dark background.
const DARK: &str = "\
text { fill: #e6edf3; }
.ground { fill: #0d1117; }
.quiet { fill: #9da7b3; }
";

/// A picture being written.
#[derive(Debug)]
pub struct Svg {
    text: String,
    open: Vec<String>,
}

impl Svg {
    /// A picture of this size in pixels, with a title and a description for those who cannot see it. `light` and `dark` are
    /// the rules of its own classes.
    #[must_use]
    pub fn new(width: f64, height: f64, title: &str, description: &str, light: &str, dark: &str) -> Self {
        let (width, height) = (number(width), number(height));
        let mut svg = Svg { text: String::new(), open: Vec::new() };
        svg.open(
            "svg",
            &[
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("width", &width),
                ("height", &height),
                ("viewBox", &format!("0 0 {width} {height}")),
                ("role", "img"),
                ("aria-labelledby", "title description"),
            ],
        );
        svg.element("title", &[("id", "title")], title);
        svg.element("desc", &[("id", "description")], description);
        let rules = format!("{BASE}{light}@media (prefers-color-scheme: dark) {{\n{DARK}{dark}}}\n");
        svg.line(&format!("<style>\n{rules}</style>"));
        svg.element("rect", &[("class", "ground"), ("width", &width), ("height", &height)], "");
        svg
    }

    /// Opens an element.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let tag = tag(name, attributes);
        self.line(&format!("<{tag}>"));
        self.open.push(name.to_owned());
    }

    /// Closes the element that was opened last.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.line(&format!("</{name}>"));
        }
    }

    /// An element that has nothing but text in it, or nothing.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        let tag = tag(name, attributes);
        if text.is_empty() {
            self.line(&format!("<{tag}/>"));
        } else {
            self.line(&format!("<{tag}>{}</{name}>", escape(text)));
        }
    }

    /// Text whose baseline begins at a point.
    pub fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        self.element("text", &[("class", class), ("x", &number(x)), ("y", &number(y))], text);
    }

    /// The finished picture.
    #[must_use]
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.open.len() {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
        self.text.push('\n');
    }
}

fn tag(name: &str, attributes: &[(&str, &str)]) -> String {
    let mut tag = name.to_owned();
    for (key, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(tag, " {key}=\"{}\"", escape(value));
    }
    tag
}

/// Text as XML holds it. What XML forbids is replaced.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(c),
        }
    }
    out
}

/// A length or a coordinate, to a tenth of a pixel. One that is no number is 0.
#[must_use]
pub fn number(value: f64) -> String {
    let tenths = (value * 10.0).round();
    if !tenths.is_finite() || tenths == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{:.1}", tenths / 10.0);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// How wide text of a font's size is, in pixels.
#[must_use]
pub fn text_width(text: &str, size: f64) -> f64 {
    text.width() as f64 * size * COLUMN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_escaped_and_closed() {
        let mut svg = Svg::new(10.0, 20.25, "a < b", "\"c\" & d", ".x { fill: red; }\n", "");
        svg.open("g", &[("class", "x"), ("id", "")]);
        svg.text("x", 1.0, 2.5, "<\u{1}>");
        let text = svg.finish();
        assert!(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"20.3\""), "{text}");
        assert!(text.contains("<title id=\"title\">a &lt; b</title>"), "{text}");
        assert!(
            text.ends_with("    <text class=\"x\" x=\"1\" y=\"2.5\">&lt;\u{fffd}&gt;</text>\n  </g>\n</svg>\n"),
            "{text}"
        );
        assert!(text.contains("  <g class=\"x\">\n"), "{text}");
    }

    #[test]
    fn numbers_are_short() {
        let numbers = [1.0, -0.04, 2.349, f64::NAN, f64::INFINITY, 1e6].map(number);
        assert_eq!(numbers, ["1", "0", "2.3", "0", "0", "1000000"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert!((text_width("漢字", 10.0) - text_width("abcd", 10.0)).abs() < 1e-9);
    }
}
