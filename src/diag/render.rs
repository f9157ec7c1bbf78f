//! Output for people, and the choice of a format.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use unicode_width::UnicodeWidthChar;

use super::{Diagnostic, FileId, Label, Severity, SourceMap, machine};

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people: the source lines with the places marked.
    #[default]
    Text,
    /// For people and editors: one line for each diagnostic, `file:line:column: error[code]: …`.
    Short,
    /// A JSON document, `{"diagnostics": […]}`.
    Json,
    /// Workflow commands that GitHub Actions shows as annotations.
    Github,
    /// A SARIF 2.1.0 document.
    Sarif,
}

/// How [`Format::Text`] and [`Format::Short`] look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Style {
    /// Whether to use ANSI colours.
    pub color: bool,
    /// Columns that source lines may take; longer ones are cut around the place.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 120 }
    }
}

/// Writes diagnostics in a format. The text ends with a line end unless it is empty.
#[must_use]
pub fn render(format: Format, sources: &SourceMap, diagnostics: &[Diagnostic], style: Style) -> String {
    match format {
        Format::Text => text(sources, diagnostics, style),
        Format::Short => short(sources, diagnostics, style),
        Format::Github => machine::github(sources, diagnostics),
        Format::Json | Format::Sarif => machine::Collected::new(format)
            .map_or_else(String::new, |collected| machine::document(collected, sources, diagnostics)),
    }
}

/// Longer messages, labels and names are cut: they repeat input that may be of any size.
const LONGEST_TEXT: usize = 2_000;
/// More places than this are counted, not shown.
const MOST_PLACES: usize = 20;
/// A span of more lines is marked at its first line only.
const MOST_LINES: usize = 40;
/// Places in one file that are further apart than this many lines get excerpts of their own.
const FURTHEST: usize = 400;
/// Unmarked lines at most this far from a marked one may be shown and therefore keep their text.
const CONTEXT: usize = 3;
/// The narrowest and the widest excerpt of a source line.
const WIDTHS: (usize, usize) = (40, 1_000);
/// What stands before a source line: its number, a bar and spaces.
const GUTTER: usize = 10;
/// Takes the place of a file name until the renderer is done; see [`Excerpts::name_places`].
const PLACEHOLDER: char = '\u{e000}';

/// The character itself, or one that can be printed without effect on the terminal in its stead:
/// control characters, and those that reorder or break lines.
pub(super) fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}'
        | PLACEHOLDER => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

/// Text that is safe to print, cut to a reasonable length. Line ends stay if `lines` says so and
/// become spaces otherwise.
fn printable(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST_TEXT));
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if at >= LONGEST_TEXT {
            out.push('…');
            break;
        }
        match c {
            '\r' if characters.peek().is_some_and(|&(_, next)| next == '\n') => {}
            '\n' => out.push(if lines { '\n' } else { ' ' }),
            '\t' => out.push(' '),
            _ => out.push(visible(c)),
        }
    }
    out
}

/// A message of the text format: trailing line ends would leave empty lines.
fn message(text: &str) -> String {
    printable(text.trim_end(), true)
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

fn short(sources: &SourceMap, diagnostics: &[Diagnostic], style: Style) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        if let Some(label) = &diagnostic.primary {
            let position = sources.position(label.span);
            write!(out, "{}:{}:{}: ", printable(sources.name(label.span.file), false), position.line, position.column)
                .expect("writing to a string cannot fail");
        }
        let (on, off) = match diagnostic.severity {
            _ if !style.color => ("", ""),
            Severity::Error => ("\u{1b}[1m\u{1b}[91m", "\u{1b}[0m"),
            Severity::Warning => ("\u{1b}[1m\u{1b}[33m", "\u{1b}[0m"),
            Severity::Note => ("\u{1b}[1m\u{1b}[92m", "\u{1b}[0m"),
        };
        write!(out, "{on}{}[{}]{off}: {}", diagnostic.severity, diagnostic.code, printable(&diagnostic.message, false))
            .expect("writing to a string cannot fail");
        if let Some(help) = &diagnostic.help {
            out.push_str("; help: ");
            out.push_str(&printable(help, false));
        }
        out.push('\n');
    }
    out
}

fn text(sources: &SourceMap, diagnostics: &[Diagnostic], style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    // Lines are cut before they are handed over, for the renderer reads whole lines to do it;
    // with this width it leaves them as they are.
    let renderer = renderer.term_width(100 * WIDTHS.1);
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        let excerpts = Excerpts::new(sources, diagnostic, style.width);
        let output = renderer.render(&[excerpts.group(diagnostic)]);
        excerpts.name_places(&output, &mut out);
        out.push('\n');
    }
    out
}

/// The parts of sources that a diagnostic shows.
struct Excerpts {
    /// In the order in which they are shown: the primary place's first.
    excerpts: Vec<Excerpt>,
    /// What cannot be marked in an excerpt.
    notes: Vec<String>,
}

/// Consecutive lines of one file, fit to be shown.
struct Excerpt {
    /// `name:line:column` of the place that the excerpt is about.
    place: String,
    /// Number of the first line, counted from 1.
    first: usize,
    text: String,
    marks: Vec<Mark>,
}

/// A marked range of an excerpt's text.
struct Mark {
    range: Range<usize>,
    text: String,
    primary: bool,
}

/// A label with its place in the file.
struct Place<'a> {
    label: &'a Label,
    primary: bool,
    range: Range<usize>,
    /// First and last line, counted from 0.
    lines: (usize, usize),
}

impl<'a> Place<'a> {
    fn new(sources: &SourceMap, label: &'a Label, primary: bool) -> Self {
        let file = label.span.file;
        let mut range = sources.clamp(label.span);
        let first = sources.line_of(file, range.start);
        let mut last = sources.line_of(file, range.end);
        if last > first && sources.line(file, last).start >= range.end {
            // The end of a line belongs to that line, not to the next.
            last -= 1;
            range.end = sources.line(file, last).end.max(range.start);
        }
        if last - first >= MOST_LINES {
            last = first;
            range.end = sources.line(file, first).end.max(range.start);
        }
        Self { label, primary, range, lines: (first, last) }
    }

    fn file(&self) -> FileId {
        self.label.span.file
    }
}

impl Excerpts {
    fn new(sources: &SourceMap, diagnostic: &Diagnostic, width: usize) -> Self {
        let mut notes = Vec::new();
        let primary = diagnostic.primary.iter().map(|label| (label, true));
        let related = diagnostic.related.iter().map(|label| (label, false));
        let places: Vec<_> = primary
            .chain(related)
            .take(MOST_PLACES)
            .map(|(label, primary)| Place::new(sources, label, primary))
            .collect();
        let all = diagnostic.related.len() + usize::from(diagnostic.primary.is_some());
        if all > places.len() {
            notes.push(format!("and {} more places", all - places.len()));
        }

        // One excerpt for each file, several if the places lie far apart. The primary place comes
        // first among the places, and so does its excerpt.
        let mut groups: Vec<Vec<Place<'_>>> = Vec::new();
        for place in places {
            let near = groups.iter_mut().find(|group| {
                group[0].file() == place.file()
                    && group.iter().any(|other| other.lines.0.abs_diff(place.lines.0) <= FURTHEST)
            });
            match near {
                Some(group) => group.push(place),
                None => groups.push(vec![place]),
            }
        }
        let excerpts = groups.iter().map(|group| Excerpt::new(sources, group, width, &mut notes)).collect();
        Self { excerpts, notes }
    }

    /// The diagnostic in the renderer's terms, with placeholders for the file names.
    fn group<'s>(&'s self, diagnostic: &'s Diagnostic) -> Group<'s> {
        let title = level(diagnostic.severity).primary_title(message(&diagnostic.message)).id(diagnostic.code.as_str());
        let mut group = Group::with_title(title);
        for (number, excerpt) in self.excerpts.iter().enumerate() {
            let path = format!("{PLACEHOLDER}{number}{PLACEHOLDER}");
            if excerpt.marks.is_empty() {
                group = group.element(Origin::path(path));
                continue;
            }
            let snippet = Snippet::source(excerpt.text.as_str()).line_start(excerpt.first).path(path).annotations(
                excerpt.marks.iter().map(|mark| {
                    let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
                    let label = (!mark.text.is_empty()).then_some(mark.text.as_str());
                    kind.span(mark.range.clone()).label(label)
                }),
            );
            group = group.element(snippet);
        }
        for note in &self.notes {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(message(help)));
        }
        group
    }

    /// Puts the places where the placeholders stand. The renderer would state the column in the
    /// line as it was cut, so what it states is left out.
    fn name_places(&self, rendered: &str, out: &mut String) {
        let mut parts = rendered.trim_end_matches('\n').split(PLACEHOLDER);
        out.push_str(parts.next().unwrap_or_default());
        while let (Some(number), Some(rest)) = (parts.next(), parts.next()) {
            let excerpt = number.parse().ok().and_then(|n: usize| self.excerpts.get(n));
            if let Some(excerpt) = excerpt {
                out.push_str(&excerpt.place);
            }
            out.push_str(rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()));
        }
    }
}

impl Excerpt {
    fn new(sources: &SourceMap, places: &[Place<'_>], width: usize, notes: &mut Vec<String>) -> Self {
        let file = places[0].file();
        let first = places.iter().map(|p| p.lines.0).min().unwrap_or_default();
        let last = places.iter().map(|p| p.lines.1).max().unwrap_or_default();
        let head = places.iter().find(|p| p.primary).unwrap_or(&places[0]);
        let position = sources.position(head.label.span);
        let mut excerpt = Self {
            place: format!("{}:{}:{}", printable(sources.name(file), false), position.line, position.column),
            first: first + 1,
            text: String::new(),
            marks: places
                .iter()
                .map(|place| Mark {
                    range: 0..0,
                    text: printable(place.label.text.trim_end(), false),
                    primary: place.primary,
                })
                .collect(),
        };
        let width = width.saturating_sub(GUTTER).clamp(WIDTHS.0, WIDTHS.1);
        for line in first..=last {
            if line > first {
                excerpt.text.push('\n');
            }
            excerpt.push_line(sources, line, places, width);
        }
        if excerpt.text.trim().is_empty() {
            // Nothing can be pointed at, but the labels still say something.
            let texts = excerpt.marks.drain(..).map(|mark| mark.text);
            notes.extend(texts.filter(|text| !text.is_empty()));
        }
        excerpt
    }

    /// Adds a line, cut to the width around what is marked in it, and sets the marks' ends in it.
    fn push_line(&mut self, sources: &SourceMap, line: usize, places: &[Place<'_>], width: usize) {
        let near = places.iter().any(|place| {
            let (first, last) = place.lines;
            line + CONTEXT >= first && line <= last + CONTEXT
        });
        if !near {
            return;
        }
        let file = places[0].file();
        let range = sources.line(file, line);
        let source = &sources.text(file)[range.clone()];
        // What the line is cut around: the start of the first place in it, best the primary one.
        let anchor = places
            .iter()
            .filter(|place| place.lines.0 == line)
            .min_by_key(|place| !place.primary)
            .map(|place| place.range.start)
            .or_else(|| places.iter().find(|p| p.lines.1 == line).map(|p| p.range.end))
            .map_or(0, |at| at.clamp(range.start, range.end) - range.start);
        let window = window(source, anchor, width);

        // For each character the offset in the line and that in the excerpt.
        let mut offsets = Vec::new();
        if window.start > 0 {
            offsets.push((0, self.text.len()));
            self.text.push('…');
        }
        for (at, c) in source[window.clone()].char_indices() {
            offsets.push((window.start + at, self.text.len()));
            self.text.push(if c == '\t' { c } else { visible(c) });
        }
        offsets.push((window.end, self.text.len()));
        if window.end < source.len() {
            self.text.push('…');
        }
        // Marks that lie outside the window end up at its edges.
        let place_of = |at: usize| {
            let at = at.saturating_sub(range.start);
            let next = offsets.partition_point(|&(known, _)| known <= at);
            offsets[next.saturating_sub(1)].1
        };
        for (place, mark) in places.iter().zip(&mut self.marks) {
            if place.lines.0 == line {
                mark.range.start = place_of(place.range.start);
            }
            if place.lines.1 == line {
                mark.range.end = place_of(place.range.end);
            }
        }
    }
}

/// How many columns a character takes.
fn columns(c: char) -> usize {
    match c {
        '\t' => 4,
        _ => visible(c).width().unwrap_or(1),
    }
}

/// The part of a line, at most `width` columns, that lies around an offset: a third of it before
/// the offset, unless the line is too short for that. Reads no more of the line than it takes.
fn window(line: &str, anchor: usize, width: usize) -> Range<usize> {
    let anchor = line.floor_char_boundary(anchor);
    // Characters of no width could otherwise make the part arbitrarily long.
    let fit = |characters: &mut dyn Iterator<Item = char>, budget: usize| -> (usize, usize) {
        let (mut bytes, mut used) = (0, 0);
        for c in characters.take(budget) {
            if used + columns(c) > budget {
                break;
            }
            used += columns(c);
            bytes += c.len_utf8();
        }
        (bytes, used)
    };
    let (before, after) = line.split_at(anchor);
    let (_, left) = fit(&mut before.chars().rev(), width / 3);
    let (end, right) = fit(&mut after.chars(), width - left);
    let (start, _) = fit(&mut before.chars().rev(), width - right);
    anchor - start..anchor + end
}

#[cfg(test)]
mod tests {
    use super::super::{Code, Span};
    use super::*;

    const PLAIN: Style = Style { color: false, width: 80 };

    fn plain(sources: &SourceMap, diagnostic: Diagnostic) -> String {
        render(Format::Text, sources, &[diagnostic], PLAIN)
    }

    fn error(message: &str) -> Diagnostic {
        Diagnostic::error(Code::WrongType, message)
    }

    #[test]
    fn text_marks_the_places() {
        let mut sources = SourceMap::new();
        let a = sources.add("a.toml", "one = 1\n\ntwo = 'x'\nthree = 3\n");
        let b = sources.add("b.toml", "\n[table]\n");
        let d = error("`two` must be an int")
            .at(Span::new(a, 15..18), "a string")
            .and(Span::new(a, 0..3), "first here")
            .and(Span::new(b, 1..9), "in this table")
            .help("write a number\nor leave it out\n");
        let expected = "\
error[wrong_type]: `two` must be an int
 --> a.toml:3:7
  |
1 | one = 1
  | --- first here
2 |
3 | two = 'x'
  |       ^^^ a string
  |
 ::: b.toml:2:1
  |
2 | [table]
  | ------- in this table
  |
  = help: write a number
          or leave it out
";
        assert_eq!(plain(&sources, d.clone()), expected);
        let both = render(Format::Text, &sources, &[d.clone(), d], PLAIN);
        assert_eq!(both, format!("{expected}\n{expected}"));
        assert_eq!(render(Format::Text, &sources, &[], PLAIN), "");
    }

    #[test]
    fn short_is_one_line() {
        let mut sources = SourceMap::new();
        let a = sources.add("a\u{1b}.toml", "\u{feff}x = 1\r\ny = 2");
        let all =
            [error("wrong\nthing").at(Span::new(a, 14..15), "z").help("a\nb"), Diagnostic::note(Code::Io, "no place")];
        assert_eq!(
            render(Format::Short, &sources, &all, PLAIN),
            "a\u{241b}.toml:2:5: error[wrong_type]: wrong thing; help: a b\nnote[io]: no place\n"
        );
    }

    #[test]
    fn distant_places_get_excerpts_of_their_own() {
        let mut sources = SourceMap::new();
        let a = sources.add("a", format!("x = 1{}y = 2\n", "\n".repeat(50_000)));
        let d = error("m").at(Span::new(a, 50_005..50_006), "y").and(Span::new(a, 0..1), "x");
        let expected = "\
error[wrong_type]: m
     --> a:50001:1
      |
50001 | y = 2
      | ^ y
      |
     ::: a:1:1
      |
    1 | x = 1
      | - x
";
        assert_eq!(plain(&sources, d), expected);
    }

    #[test]
    fn a_file_without_text_is_named() {
        let mut sources = SourceMap::new();
        let a = sources.add("empty.toml", "");
        let d = error("`format` is missing").at(Span::new(a, 0..0), "expected here").help("add it");
        let expected = "\
error[wrong_type]: `format` is missing
--> empty.toml:1:1
 = note: expected here
 = help: add it
";
        assert_eq!(plain(&sources, d), expected);
    }

    #[test]
    fn line_ends_tabs_marks_and_wide_characters() {
        let mut sources = SourceMap::new();
        let a = sources.add("a", "\u{feff}\t漢 = 'ü'\r\nb\r\n");
        let d = error("m").at(Span::new(a, 10..14), "v").and(Span::new(a, 0..3), "mark");
        let out = plain(&sources, d);
        assert!(out.contains(" --> a:1:6\n"), "{out}");
        assert!(out.contains("1 |     漢 = 'ü'\n"), "{out}");
        assert!(out.contains("  | - mark   ^^^ v"), "{out}");
        let end = error("m").at(Span::new(a, 14..16), "end");
        let out = plain(&sources, end);
        assert!(out.contains(" --> a:1:9\n"), "{out}");
        assert!(!out.contains("2 |"), "{out}");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let mut sources = SourceMap::new();
        let half = 5_000_000;
        let a = sources.add("a", format!("{}HERE{}", "ä".repeat(half / 2), "b".repeat(half)));
        let d = error("m")
            .at(Span::new(a, half..half + 4), "this")
            .and(Span::new(a, 0..1), "far left")
            .and(Span::new(a, 2 * half..2 * half), "far right");
        let out = render(Format::Text, &sources, &vec![d; 500], PLAIN);
        assert!(out.contains(" --> a:1:2500001\n"));
        assert!(out.contains("äHEREb"));
        let fits = |line: &str| line.chars().count() <= PLAIN.width;
        assert!(out.lines().filter(|line| line.contains("HERE")).all(fits));
        let long = error(&"x\u{7}".repeat(1_000_000)).at(Span::new(a, 0..0), "y".repeat(9_000));
        assert!(plain(&sources, long).len() < 4 * LONGEST_TEXT);
    }

    #[test]
    fn colour_only_when_asked() {
        let mut sources = SourceMap::new();
        let a = sources.add("a.toml", "x = \u{1b}[31m1");
        let d = [error("m\u{1b}[0m").at(Span::new(a, 4..5), "\u{9b}1m").help("\u{202e}")];
        let colored = Style { color: true, ..PLAIN };
        for format in [Format::Text, Format::Short] {
            assert!(!render(format, &sources, &d, PLAIN).contains('\u{1b}'));
            let out = render(format, &sources, &d, colored);
            assert!(out.contains("\u{1b}[1m\u{1b}[91merror"), "{out:?}");
            assert!(out.contains("a.toml:1:5"), "{out:?}");
            assert!(!out.contains("\u{1b}[31m"), "{out:?}");
            assert!(!out.contains(['\u{9b}', '\u{202e}', PLACEHOLDER]), "{out:?}");
        }
    }

    /// Whatever the text and the spans, rendering neither panics nor prints control characters.
    #[test]
    fn hostile_input() {
        let mut state = 1_u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).expect("31 bits") % below
        };
        let pieces = [
            "\n",
            "\r\n",
            "\r",
            "\t",
            " ",
            "a",
            "key = 1",
            "ü",
            "漢",
            "👩\u{200d}🚀",
            "e\u{301}",
            "\u{feff}",
            "\0",
            "\u{1b}[2J",
            "\u{9b}",
            "\u{202e}",
            "\u{e000}",
            "\u{e000}1\u{e000}:",
            "\u{2028}",
            "\u{7f}",
            "// x",
            "}",
            "%",
            "\u{300}\u{300}",
        ];
        for round in 0..3_000 {
            let mut text = || -> String {
                let pieces = (0..random(60)).map(|_| pieces[random(pieces.len())]);
                pieces.collect()
            };
            let (one, two, name, words) = (text(), text(), text(), text());
            let mut sources = SourceMap::new();
            let length = one.len();
            sources.add(name, one);
            sources.add("b", two);
            let mut span = |all: bool| {
                let at = random(length + 10);
                let files = if all { 3 } else { 1 };
                Span {
                    file: FileId(u32::try_from(random(files)).expect("small")),
                    start: u32::try_from(at).expect("small"),
                    end: u32::try_from((at + random(60)).saturating_sub(5)).expect("small"),
                }
            };
            let mut d = Diagnostic::warning(Code::Io, words.as_str()).help(words.as_str());
            if round % 8 > 0 {
                d = d.at(span(true), words.as_str());
            }
            for n in 0..round % 5 {
                d = d.and(span(n % 2 == 0), if n > 1 { words.as_str() } else { "" });
            }
            let width = round % 130;
            for format in [Format::Text, Format::Short, Format::Json, Format::Github, Format::Sarif] {
                let style = Style { color: false, width };
                let out = render(format, &sources, std::slice::from_ref(&d), style);
                if !matches!(format, Format::Json | Format::Sarif) {
                    let bad = |c: char| c != '\n' && visible(c) != c;
                    assert!(!out.contains(bad), "{out:?}");
                }
                if format == Format::Short || format == Format::Github {
                    assert_eq!(out.lines().count(), 1, "{out:?}");
                }
                assert!(out.ends_with('\n'));
            }
        }
    }
}
