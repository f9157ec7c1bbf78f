//! How diagnostics are told: on standard error, in the form of `--errors`.

use super::args::{CheckFormat, ErrorFormat};
use super::terminal::Terminal;
use crate::diag::{self, Collected, Diagnostic, Format, SourceMap, Style};
use std::cell::RefCell;

/// Tells diagnostics as they come, or collects them for one document at the end.
pub(super) struct Teller {
    format: Format,
    /// Whether the user chose the form: diagnostics are told then even where standard output has them too.
    pub(super) chosen: bool,
    collected: RefCell<Option<Collected>>,
}

impl Teller {
    /// Where standard error is to be one document, the terminal takes no prose any more.
    pub(super) fn new(format: ErrorFormat, otherwise: Format, terminal: &mut Terminal) -> Self {
        let chosen = match format {
            ErrorFormat::Auto => None,
            ErrorFormat::Text => Some(Format::Text),
            ErrorFormat::Short => Some(Format::Short),
            ErrorFormat::Json => Some(Format::Json),
            ErrorFormat::Github => Some(Format::Github),
            ErrorFormat::Sarif => Some(Format::Sarif),
        };
        let format = chosen.unwrap_or(otherwise);
        let collected = Collected::new(format);
        terminal.prose = collected.is_none();
        Teller { format, chosen: chosen.is_some(), collected: RefCell::new(collected) }
    }

    /// Says in a line what the diagnostics came to, where a person reads them.
    pub(super) fn close(&self, terminal: &Terminal, line: &str) {
        match self.format {
            Format::Text => terminal.err(&format!("\n{line}")),
            Format::Short => terminal.err(line),
            Format::Json | Format::Github | Format::Sarif => {}
        }
    }

    /// Tells diagnostics, or keeps them until the end.
    pub(super) fn tell(&self, terminal: &Terminal, sources: &SourceMap, diagnostics: &[Diagnostic]) {
        if diagnostics.is_empty() {
            return;
        }
        match self.collected.borrow_mut().as_mut() {
            Some(collected) => collected.add(sources, diagnostics),
            None => {
                let style = Style { color: terminal.err_colored, width: terminal.width };
                terminal.err(&diag::render(self.format, sources, diagnostics, style));
            }
        }
    }

    /// Writes the document, if there is to be one; it may well be empty, and is still one.
    pub(super) fn finish(&self, terminal: &Terminal) {
        if let Some(collected) = self.collected.borrow_mut().take() {
            terminal.err_document(&format!("{:#}", collected.document()));
        }
    }
}

/// The form in which a check's own failures are told where nobody chose one.
pub(super) fn of_check(format: CheckFormat) -> Format {
    match format {
        CheckFormat::Short => Format::Short,
        CheckFormat::Github => Format::Github,
        // These are documents on standard output, which has the failure too.
        CheckFormat::Text | CheckFormat::Json | CheckFormat::Sarif => Format::Text,
    }
}
