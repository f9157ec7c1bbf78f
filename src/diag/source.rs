//! Source files and places in them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

/// Offsets beyond the 4 GiB that a span can address are clamped to it.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl Span {
    /// The span of `range` in `file`. A range that ends before it starts becomes empty.
    #[must_use]
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let start = offset(range.start);
        Self { file, start, end: offset(range.end).max(start) }
    }

    /// The empty span at an offset.
    #[must_use]
    pub fn point(file: FileId, at: usize) -> Self {
        Self::new(file, at..at)
    }

    /// The byte range, never one that ends before it starts.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..(self.end as usize).max(start)
    }

    /// The place of a range of `text`, which was read from this span. Where escapes made the text differ from what stands
    /// in the file, it is the whole span.
    #[must_use]
    pub fn of(self, text: &str, range: Option<Range<usize>>) -> Self {
        match range {
            Some(range) if self.range().len() == text.len() => {
                let start = text.floor_char_boundary(range.start);
                self.sub(start..text.ceil_char_boundary(range.end).max(start))
            }
            _ => self,
        }
    }

    /// A part of this span: `range` counts from this span's start and is clamped to its end.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "a part of a span has nothing to do with subtraction")]
    pub fn sub(self, range: Range<usize>) -> Self {
        let own = self.range();
        let within = |at: usize| own.start.saturating_add(at).min(own.end);
        Self::new(self.file, within(range.start)..within(range.end))
    }

    /// The span from the start of this one to the end of `other`, which lies in the same file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        debug_assert_eq!(self.file, other.file, "both spans lie in the same file");
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A value and the place that it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> At<T> {
    /// A value at a place.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// Another value at the same place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At { value: f(self.value), span: self.span }
    }

    /// A reference to the value, at the same place.
    pub const fn as_ref(&self) -> At<&T> {
        At { value: &self.value, span: self.span }
    }
}

/// A line and a column, both counted from 1. Columns count characters; a byte order mark at the
/// start of the file counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// The sources that diagnostics point into.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    name: Cow<'static, str>,
    text: Cow<'static, str>,
    /// Whether it is one of the user's files.
    filed: bool,
    /// The offset at which each line starts; the first is 0. Made when first asked for.
    lines: OnceLock<Vec<usize>>,
    /// How many characters start before each multiple of [`STEP`], so that a column deep inside a
    /// line of many megabytes costs no more than one in a short line. Made when first asked for.
    characters: OnceLock<Vec<usize>>,
}

/// Distance in bytes between two counts of characters.
const STEP: usize = 1024;

/// How many characters start in these bytes of UTF-8.
fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| (b & 0xc0) != 0x80).count()
}

impl File {
    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1)).collect()
        })
    }

    fn characters(&self) -> &[usize] {
        self.characters.get_or_init(|| {
            let mut total = 0;
            let counts = self.text.as_bytes().chunks(STEP).map(|chunk| {
                total += count_characters(chunk);
                total
            });
            std::iter::once(0).chain(counts).collect()
        })
    }

    /// How many characters start before an offset, which lies on a character boundary.
    fn characters_before(&self, at: usize) -> usize {
        let step = at / STEP;
        self.characters()[step] + count_characters(&self.text.as_bytes()[step * STEP..at])
    }

    /// The length of the byte order mark, if the text starts with one.
    fn mark(&self) -> usize {
        if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
    }

    /// An offset inside the text, on a character boundary.
    fn clamp(&self, range: Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(range.start);
        let end = self.text.ceil_char_boundary(range.end);
        start..end.max(start)
    }

    fn line_of(&self, at: usize) -> usize {
        self.lines().partition_point(|&start| start <= at) - 1
    }

    fn position(&self, at: usize) -> Position {
        let line = self.line_of(at);
        let start = self.line_start(line);
        let column = if at > start { self.characters_before(at) - self.characters_before(start) } else { 0 };
        Position { line: line + 1, column: column + 1 }
    }

    fn line_start(&self, line: usize) -> usize {
        match line {
            0 => self.mark(),
            _ => self.lines()[line],
        }
    }
}

impl SourceMap {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and returns its identifier.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Cow<'static, str>>) -> FileId {
        self.insert(name.into().into(), text.into(), true)
    }

    /// Adds a source that is no file of the user's: an argument, the environment, a file within the program.
    pub fn add_unfiled(&mut self, name: impl Into<String>, text: impl Into<Cow<'static, str>>) -> FileId {
        self.insert(name.into().into(), text.into(), false)
    }

    /// Makes room for so many files more.
    pub(crate) fn reserve(&mut self, files: usize) {
        self.files.reserve(files);
    }

    /// Adds a file within the program.
    pub(crate) fn add_built(&mut self, name: Cow<'static, str>, text: Cow<'static, str>) -> FileId {
        self.insert(name, text, false)
    }

    fn insert(&mut self, name: Cow<'static, str>, text: Cow<'static, str>, filed: bool) -> FileId {
        let id = FileId(offset(self.files.len()));
        self.files.push(File { name, text, filed, lines: OnceLock::new(), characters: OnceLock::new() });
        id
    }

    /// Whether it is a file that the user has: one that can be opened by its name.
    #[must_use]
    pub fn is_file(&self, file: FileId) -> bool {
        self.file(file).is_some_and(|file| file.filed)
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn file(&self, file: FileId) -> Option<&File> {
        self.files.get(file.0 as usize)
    }

    /// The name of a file; `<unknown>` for an identifier of another map.
    #[must_use]
    pub fn name(&self, file: FileId) -> &str {
        self.file(file).map_or("<unknown>", |f| &f.name)
    }

    /// The text of a file; empty for an identifier of another map.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |f| &f.text)
    }

    /// Likewise, for as long as anyone wants: what is embedded is not copied.
    pub(crate) fn lasting_text(&self, file: FileId) -> Cow<'static, str> {
        self.file(file).map_or(Cow::Borrowed(""), |file| file.text.clone())
    }

    /// The text of a span. One that leaves the text or splits a character is clamped.
    #[must_use]
    pub fn snippet(&self, span: Span) -> &str {
        self.file(span.file).map_or("", |f| &f.text[f.clamp(span.range())])
    }

    /// Where a span starts.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        self.positions(span).0
    }

    /// A place in a file, widened to whole characters and kept inside the text.
    #[must_use]
    pub fn span(&self, file: FileId, range: Range<usize>) -> Span {
        Span::new(file, self.file(file).map_or(0..0, |f| f.clamp(range)))
    }

    /// The line in which a span starts, counted from 1; cheaper than a whole position.
    #[must_use]
    pub fn line_number(&self, span: Span) -> usize {
        self.file(span.file).map_or(1, |f| f.line_of(f.clamp(span.range()).start) + 1)
    }

    /// Where a span starts and where it ends (the place behind its last character).
    #[must_use]
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let first = Position { line: 1, column: 1 };
        self.file(span.file).map_or((first, first), |f| {
            let range = f.clamp(span.range());
            (f.position(range.start), f.position(range.end))
        })
    }

    /// A span's byte range, inside the text, on character boundaries and behind a byte order mark.
    pub(super) fn clamp(&self, span: Span) -> Range<usize> {
        self.file(span.file).map_or(0..0, |f| {
            let range = f.clamp(span.range());
            range.start.max(f.mark())..range.end.max(f.mark())
        })
    }

    /// The line, counted from 0, in which a (clamped) offset lies.
    pub(super) fn line_of(&self, file: FileId, at: usize) -> usize {
        self.file(file).map_or(0, |f| f.line_of(at))
    }

    /// The byte range of a line counted from 0, without its line end and byte order mark.
    pub(super) fn line(&self, file: FileId, line: usize) -> Range<usize> {
        let Some(f) = self.file(file) else {
            return 0..0;
        };
        let lines = f.lines();
        if line >= lines.len() {
            return f.text.len()..f.text.len();
        }
        let start = f.line_start(line);
        let Some(&next) = lines.get(line + 1) else {
            return start..f.text.len();
        };
        let bytes = f.text.as_bytes();
        let mut end = next - 1;
        if end > start && bytes[end - 1] == b'\r' {
            end -= 1;
        }
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sources: &SourceMap, file: FileId, offset: usize) -> (usize, usize) {
        let p = sources.position(Span::point(file, offset));
        (p.line, p.column)
    }

    #[test]
    fn positions_count_characters_from_one() {
        let mut sources = SourceMap::new();
        let f = sources.add("a", "\u{feff}ab\r\n\tü漢x\n\nend");
        assert_eq!(at(&sources, f, 0), (1, 1));
        assert_eq!(at(&sources, f, 3), (1, 1));
        assert_eq!(at(&sources, f, 4), (1, 2));
        assert_eq!(at(&sources, f, 7), (2, 1));
        assert_eq!(at(&sources, f, 8), (2, 2));
        assert_eq!(at(&sources, f, 9), (2, 2), "inside the second character");
        assert_eq!(at(&sources, f, 13), (2, 4));
        assert_eq!(at(&sources, f, 15), (3, 1));
        assert_eq!(at(&sources, f, 16), (4, 1));
        assert_eq!(at(&sources, f, 19), (4, 4));
        assert_eq!(at(&sources, f, 9999), (4, 4));
    }

    #[test]
    fn columns_in_a_very_long_line() {
        let mut sources = SourceMap::new();
        let f = sources.add("a", format!("x\n{}", "ä".repeat(3 * STEP)));
        for n in [0, 1, STEP / 2, STEP / 2 + 1, 2 * STEP, 3 * STEP] {
            assert_eq!(at(&sources, f, 2 + 2 * n), (2, n + 1));
        }
    }

    #[test]
    fn strange_spans_are_clamped() {
        let mut sources = SourceMap::new();
        let f = sources.add("a", "aü");
        assert_eq!(sources.snippet(Span::new(f, 2..2)), "ü");
        assert_eq!(sources.snippet(Span::new(f, 0..900)), "aü");
        assert_eq!(sources.snippet(Span::new(f, 7..9)), "");
        let backwards = Span { file: f, start: 3, end: 1 };
        assert_eq!(sources.snippet(backwards), "");
        assert_eq!(sources.snippet(Span::new(FileId(7), 0..2)), "");
        assert_eq!(sources.name(FileId(7)), "<unknown>");
        assert_eq!(at(&sources, FileId(7), 4), (1, 1));
        assert_eq!(sources.len(), 1);
    }

    #[test]
    fn parts_of_a_span_stay_inside() {
        let span = Span::new(FileId(0), 10..20);
        assert_eq!(span.sub(2..5).range(), 12..15);
        assert_eq!(span.sub(8..50).range(), 18..20);
        assert_eq!(span.sub(usize::MAX..usize::MAX).range(), 20..20);
        assert_eq!(span.to(Span::point(FileId(0), 30)).range(), 10..30);
    }

    #[test]
    fn lines_without_their_ends() {
        let mut sources = SourceMap::new();
        let f = sources.add("a", "\u{feff}a\r\n\r\nb\n");
        let lines: Vec<_> = (0..5).map(|n| sources.line(f, n)).collect();
        assert_eq!(lines, [3..4, 6..6, 8..9, 10..10, 10..10]);
    }

    #[test]
    fn located_values() {
        let span = Span::new(FileId(1), 3..4);
        let value = At::new("12", span);
        assert_eq!(value.as_ref().map(|s| s.len()), At::new(2, span));
    }
}
