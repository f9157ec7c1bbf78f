//! What every command needs: the catalog that is in force, and how failures are told.

use super::Exit;
use super::args::{CheckFormat, Command, CompileFormat, Global, ListFormat, SweepFormat, Tdsql};
use super::graph::GraphFormat;
use super::teller::{self, Teller};
use super::terminal::Terminal;
use crate::catalog::{Broken, Catalog};
use crate::diag::{self, Code, Collected, Diagnostic, Diagnostics, Format, SourceMap};
use crate::loader::{DataSet, Depth};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// One run of the command line.
pub(super) struct Session {
    data: Vec<PathBuf>,
    no_local: bool,
    pub(super) quiet: bool,
    verbose: bool,
    pub(super) terminal: Terminal,
    /// Whether a refusal is one document on standard output, and of which kind.
    json: bool,
    yaml: bool,
    sarif: bool,
    /// What a refusal comes to.
    nothing: &'static str,
    teller: Teller,
}

/// Why a command did not do what it was asked for.
pub(super) enum Failure {
    /// The catalog's data files are broken.
    Catalog(&'static SourceMap, Diagnostics),
    /// The request was refused.
    Refused(&'static SourceMap, Diagnostics),
    /// A file failed.
    Outside(String),
    /// Standard output failed.
    Output(std::io::Error),
}

impl From<Box<Broken>> for Failure {
    fn from(broken: Box<Broken>) -> Self {
        let Broken { sources, diagnostics, .. } = *broken;
        Failure::Catalog(Box::leak(Box::new(sources)), diagnostics)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Output(error)
    }
}

impl Failure {
    /// Both, where both are refusals and the other has no place in a file: what is wrong is told at once. Else the first.
    #[cfg(feature = "server")]
    pub(super) fn and(self, other: Failure) -> Self {
        match (self, other) {
            (Failure::Refused(sources, mut all), Failure::Refused(_, more)) => {
                all.extend(more);
                all.sort();
                Failure::Refused(sources, all)
            }
            (first, _) => first,
        }
    }

    /// A file that failed, with the whole chain of causes.
    pub(super) fn file(what: &str, error: &dyn std::error::Error) -> Self {
        let mut text = if what.is_empty() { error.to_string() } else { format!("{what}: {error}") };
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Failure::Outside(text)
    }
}

impl Session {
    pub(super) fn new(arguments: &Tdsql) -> Self {
        let Global { data, no_local, quiet, verbose, color, errors } = &arguments.global;
        let json = match &arguments.command {
            Command::Compile(options) => options.format == CompileFormat::Json,
            Command::ListPresets(options)
            | Command::ListModifiers(options)
            | Command::ListAdapters(options)
            | Command::ListParameters(options) => options.format == ListFormat::Json,
            Command::Sweep(options) => options.format == SweepFormat::Json,
            Command::Diff(options) => options.format == ListFormat::Json,
            Command::DescribePreset(options) => options.format == ListFormat::Json,
            Command::Migrate(options) => options.format == ListFormat::Json,
            Command::Graph(options) => options.format() == GraphFormat::Json,
            Command::Lint(options) => options.format == CheckFormat::Json,
            Command::Explain(what) => what.format() == ListFormat::Json,
            #[cfg(feature = "server")]
            Command::Profile(what) => what.format() == ListFormat::Json,
            #[cfg(feature = "server")]
            Command::Recommend(options) => options.format == ListFormat::Json,
            #[cfg(feature = "server")]
            Command::Assess(options) => options.format == ListFormat::Json,
            #[cfg(feature = "server")]
            Command::Drift(options) => options.format == ListFormat::Json,
            #[cfg(feature = "server")]
            Command::Conformance(options) => options.format == ListFormat::Json,
            Command::Check(options) => options.format == CheckFormat::Json,
            _ => false,
        };
        let yaml = matches!(&arguments.command, Command::Compile(options) if options.format == CompileFormat::Yaml);
        let (sarif, otherwise) = match &arguments.command {
            Command::Lint(options) => (options.format == CheckFormat::Sarif, teller::of_check(options.format)),
            Command::Check(options) => (options.format == CheckFormat::Sarif, teller::of_check(options.format)),
            _ => (false, Format::Text),
        };
        let nothing = match &arguments.command {
            Command::Graph(_) => "nothing was drawn",
            Command::Doc(_) => "nothing was written",
            #[cfg(feature = "server")]
            Command::Profile(_) => "nothing was done",
            #[cfg(feature = "server")]
            Command::Recommend(_) | Command::Assess(_) | Command::Drift(_) | Command::Conformance(_) => {
                "nothing was judged"
            }
            #[cfg(feature = "server")]
            Command::Serve(_) => "nothing was served",
            _ => "nothing was compiled",
        };
        let mut terminal = Terminal::new(*color);
        Session {
            yaml,
            sarif,
            nothing,
            teller: Teller::new(*errors, otherwise, &mut terminal),
            data: if data.is_empty() { variable_dirs() } else { data.clone() },
            no_local: *no_local,
            quiet: *quiet,
            verbose: *verbose,
            terminal,
            json,
        }
    }

    /// The files of the catalog that is in force, and a last folder over them.
    pub(super) fn files(&self, last: Option<&Path>) -> Result<DataSet, Failure> {
        let mut files = DataSet::embedded();
        if let Some(dir) = user_dir().filter(|dir| dir.is_dir()) {
            self.lay_over(&mut files, &dir)?;
        }
        let here = Path::new(".");
        if !self.no_local && DataSet::is_catalog(here) {
            files.lay_over(here, "").map_err(|error| Failure::file("", &error))?;
        }
        for dir in self.data.iter().map(PathBuf::as_path).chain(last) {
            if !dir.is_dir() {
                return Err(Failure::Outside(format!(
                    "there is no folder `{}` to lay over the catalog",
                    dir.display()
                )));
            }
            if !DataSet::has_folders(dir) {
                return Err(Failure::Outside(format!(
                    "`{}` has none of the catalog's folders: registry, presets, modifiers, templates",
                    dir.display()
                )));
            }
            self.lay_over(&mut files, dir)?;
        }
        self.name_laid_over(&files);
        Ok(files)
    }

    fn lay_over(&self, files: &mut DataSet, dir: &Path) -> Result<(), Failure> {
        let shown = format!("{}/", dir.display().to_string().trim_end_matches('/'));
        files.lay_over(dir, &shown).map_err(|error| Failure::file("", &error))
    }

    fn name_laid_over(&self, files: &DataSet) {
        const SHOWN: usize = 5;
        let names = files.laid_over();
        if names.is_empty() || self.quiet {
            return;
        }
        let shown = if self.verbose { names.len() } else { names.len().min(SHOWN) };
        let mut text = format!("note: laid over the embedded catalog: {}", names[..shown].join(", "));
        if names.len() > shown {
            text.push_str(&format!(" and {} more (-v names them)", names.len() - shown));
        }
        self.terminal.err(&text);
    }

    /// The linked catalog that is in force. The process ends with its command: taking the catalog apart would only cost
    /// time, so it is never taken apart.
    pub(super) fn catalog(&self) -> Result<&'static mut Catalog, Failure> {
        self.catalog_at(Depth::Compile)
    }

    /// Likewise, with the parts that a command needs.
    pub(super) fn catalog_at(&self, depth: Depth) -> Result<&'static mut Catalog, Failure> {
        let catalog = Box::leak(Box::new(Catalog::link(self.files(None)?, depth)?));
        self.report(&catalog.sources, catalog.warnings.as_slice());
        Ok(catalog)
    }

    /// Whether the user wants to know more than what matters most.
    pub(super) fn verbose(&self) -> bool {
        self.verbose
    }

    /// Whether the user chose a form for what standard error has to say. It then says everything, whatever standard
    /// output has.
    pub(super) fn chose_errors(&self) -> bool {
        self.teller.chosen
    }

    /// Tells diagnostics on standard error, in the form of `--errors`; with `-q`, errors only.
    pub(super) fn report(&self, sources: &SourceMap, diagnostics: &[Diagnostic]) {
        let told = |diagnostic: &&Diagnostic| !self.quiet || diagnostic.is_error();
        let told: Vec<Diagnostic> = diagnostics.iter().filter(told).cloned().collect();
        self.report_all(sources, &told);
    }

    /// Likewise, with `-q` too.
    pub(super) fn report_all(&self, sources: &SourceMap, diagnostics: &[Diagnostic]) {
        self.teller.tell(&self.terminal, sources, diagnostics);
    }

    /// Tells what is left to tell, once the command is done.
    pub(super) fn finish(&self) {
        self.teller.finish(&self.terminal);
    }

    /// Tells a failure, and gives the exit code that it means.
    pub(super) fn fail(&self, failure: &Failure) -> Exit {
        let outside;
        let (exit, outer, sources, diagnostics, what) = match failure {
            Failure::Catalog(sources, diagnostics) => {
                (Exit::Catalog, Some(Code::Catalog), *sources, diagnostics, "the catalog is broken")
            }
            Failure::Refused(sources, diagnostics) => {
                // A circle is the catalog's fault whatever was asked for; a file that cannot be read is nobody's.
                let of = |code: Code| diagnostics.iter().any(|diagnostic| diagnostic.code == code);
                if of(Code::DependencyCycle) {
                    (Exit::Catalog, Some(Code::Catalog), *sources, diagnostics, "the catalog is broken")
                } else if of(Code::Io) {
                    (Exit::Outside, None, *sources, diagnostics, self.nothing)
                } else {
                    (Exit::Refused, None, *sources, diagnostics, self.nothing)
                }
            }
            Failure::Outside(message) => {
                outside = (SourceMap::new(), Diagnostics::from(Diagnostic::error(Code::Io, message.as_str())));
                (Exit::Outside, None, &outside.0, &outside.1, "")
            }
            Failure::Output(error) => {
                let message = format!("cannot write to standard output: {error}");
                self.report(&SourceMap::new(), &[Diagnostic::error(Code::Io, message)]);
                return Exit::Outside;
            }
        };
        if self.teller.chosen || !(self.json || self.yaml || self.sarif) {
            self.report(sources, diagnostics.as_slice());
            if !what.is_empty() {
                self.teller.close(&self.terminal, &counted(diagnostics, what));
            }
        }
        match self.refuse(sources, diagnostics, outer) {
            Ok(()) => exit,
            Err(error) => self.fail(&Failure::Output(error)),
        }
    }

    /// The refusal as the one document of standard output, where that is one.
    fn refuse(&self, sources: &SourceMap, diagnostics: &Diagnostics, outer: Option<Code>) -> std::io::Result<()> {
        if self.json {
            self.terminal.out_json(&errors(sources, diagnostics, outer))
        } else if self.yaml {
            let text = serde_yaml::to_string(&errors(sources, diagnostics, outer)).map_err(std::io::Error::other)?;
            self.terminal.out(&text)
        } else if let Some(mut collected) = self.sarif.then(|| Collected::new(Format::Sarif)).flatten() {
            collected.add(sources, diagnostics.as_slice());
            self.terminal.out_json(&collected.document())
        } else {
            Ok(())
        }
    }
}

/// `{"errors": […]}`; faults of the catalog have the code `catalog` and their own code beside it.
fn errors(sources: &SourceMap, diagnostics: &Diagnostics, outer: Option<Code>) -> Value {
    let entries: Vec<Value> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(|diagnostic| {
            let mut entry = diag::to_json(sources, diagnostic);
            if let (Some(code), Some(fields)) = (outer, entry.as_object_mut()) {
                fields.insert("diagnostic".to_owned(), json!(diagnostic.code.as_str()));
                fields.insert("code".to_owned(), json!(code.as_str()));
            }
            entry
        })
        .collect();
    json!({ "errors": entries })
}

fn counted(diagnostics: &Diagnostics, what: &str) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    format!("{errors} error{}; {what}", if errors == 1 { "" } else { "s" })
}

/// The folders that `TDSQL_DATA` names, as `PATH` names its own.
fn variable_dirs() -> Vec<PathBuf> {
    let named = std::env::var_os("TDSQL_DATA").unwrap_or_default();
    std::env::split_paths(&named).filter(|dir| !dir.as_os_str().is_empty()).collect()
}

/// The user's own catalog folder.
pub(super) fn user_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share"))).map(|data| data.join("tdsql"))
}
