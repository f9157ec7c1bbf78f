//! Standard output and standard error. The only place that writes to them.

use super::args::Color;
use std::io::{self, IsTerminal as _, Write as _};

/// Where this process writes to.
pub(super) struct Terminal {
    /// Columns to fill.
    pub(super) width: usize,
    /// Whether standard output shows colours.
    pub(super) out_colored: bool,
    /// Whether standard error does.
    pub(super) err_colored: bool,
    /// Whether standard error takes prose; it may be reserved for one document.
    pub(super) prose: bool,
}

impl Terminal {
    pub(super) fn new(color: Color) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colored = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !no_color,
        };
        Terminal {
            width: width(),
            out_colored: colored(io::stdout().is_terminal()),
            err_colored: colored(io::stderr().is_terminal()),
            prose: true,
        }
    }

    /// Writes to standard output. A reader that has seen enough is no failure, and changes no exit code.
    pub(super) fn out(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let newline = if text.ends_with('\n') { "" } else { "\n" };
        let written =
            out.write_all(text.as_bytes()).and_then(|()| out.write_all(newline.as_bytes())).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Writes one JSON document to standard output.
    pub(super) fn out_json(&self, document: &impl serde::Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(document).map_err(io::Error::other)?;
        self.out(&text)
    }

    /// Writes prose to standard error, unless that is reserved for a document.
    pub(super) fn err(&self, text: &str) {
        if self.prose {
            self.err_document(text);
        }
    }

    /// Writes to standard error. What cannot be said there cannot be said at all.
    pub(super) fn err_document(&self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = err.write_all(b"\n");
        }
    }
}

/// The terminal's columns within reason; 80 where there is no terminal to ask.
fn width() -> usize {
    const LEAST: usize = 40;
    const MOST: usize = 120;
    const USUAL: usize = 80;
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    asked
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .unwrap_or(USUAL)
        .clamp(LEAST, MOST)
}

/// Writes a line of a log to standard error.
#[cfg(feature = "server")]
pub(super) fn log(line: &str) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(line.as_bytes()).and_then(|()| err.write_all(b"\n"));
}
