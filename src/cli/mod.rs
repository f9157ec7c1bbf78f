//! The command line: arguments, commands, streams, exit codes. The edges (clock, files, environment) come in here.
//!
//! Shown at work by `tests/it/cli.rs`.

mod args;
#[cfg(feature = "server")]
mod assess;
mod catalog_commands;
#[cfg(feature = "server")]
mod collected;
mod compile;
#[cfg(feature = "server")]
mod creation;
mod diff;
mod doc;
mod explain;
mod graph;
#[cfg(feature = "server")]
mod held;
#[cfg(feature = "server")]
mod judge;
mod lint;
mod listing;
mod migrate;
#[cfg(feature = "server")]
mod profile;
#[cfg(feature = "server")]
mod recommend;
#[cfg(feature = "server")]
mod serve;
mod session;
#[cfg(feature = "server")]
mod settings;
mod subject;
mod sweep;
#[cfg(feature = "server")]
mod telemetry;
mod teller;
mod terminal;

use crate::threads;
use args::{Command, Tdsql};
use clap::Parser as _;
use session::{Failure, Session};
use std::process::ExitCode;

/// What an exit code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The request was refused, or a check found something.
    Refused = 1,
    /// Wrong usage.
    Usage = 2,
    /// The catalog's data files are broken.
    Catalog = 3,
    /// A file, a store or a remote service failed.
    Outside = 4,
}

impl Exit {
    /// Every exit code with its meaning.
    pub const ALL: [(Exit, &'static str); 5] = [
        (Exit::Done, "done"),
        (Exit::Refused, "the request was refused, or the check found something"),
        (Exit::Usage, "wrong usage"),
        (Exit::Catalog, "the catalog's data files are broken"),
        (Exit::Outside, "a file, a store or a remote service failed"),
    ];
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Tdsql::parse();
    if !arguments.command.lasts() {
        threads::begin_apart();
    }
    let mut session = Session::new(&arguments);
    let outcome = match &arguments.command {
        Command::Compile(options) => compile::run(&mut session, options),
        Command::Diff(options) => diff::run(&mut session, options),
        Command::Sweep(options) => sweep::run(&mut session, options),
        Command::ListPresets(options) => listing::presets(&mut session, options.format),
        Command::ListModifiers(options) => listing::modifiers(&mut session, options.format),
        Command::ListAdapters(options) => listing::adapters(&mut session, options.format),
        Command::ListParameters(options) => listing::parameters(&mut session, options.format),
        Command::DescribePreset(options) => listing::describe(&mut session, options),
        Command::Migrate(options) => migrate::run(&mut session, options),
        Command::Doc(options) => doc::run(&mut session, options),
        Command::Graph(options) => graph::run(&mut session, options),
        Command::Lint(options) => lint::run(&mut session, options),
        Command::Explain(what) => explain::run(&mut session, what),
        #[cfg(feature = "server")]
        Command::Profile(what) => profile::run(&mut session, what),
        #[cfg(feature = "server")]
        Command::Recommend(options) => recommend::run(&mut session, options),
        #[cfg(feature = "server")]
        Command::Assess(options) => assess::run(&mut session, options),
        #[cfg(feature = "server")]
        Command::Drift(options) => judge::drift(&mut session, options),
        #[cfg(feature = "server")]
        Command::Conformance(options) => judge::conformance(&mut session, options),
        #[cfg(feature = "server")]
        Command::Serve(options) => serve::run(&mut session, options),
        Command::Check(options) => catalog_commands::check(&mut session, options),
        Command::Schema { kind } => catalog_commands::schema(&mut session, kind),
        Command::Init { dir } => catalog_commands::init(&mut session, dir),
        Command::Completions { shell } => catalog_commands::completions(&mut session, *shell),
    };
    let exit = outcome.unwrap_or_else(|failure| session.fail(&failure));
    session.finish();
    ExitCode::from(exit as u8)
}

/// What a command ends in: an exit code, or a failure that is still to be told.
type Outcome = Result<Exit, Failure>;
