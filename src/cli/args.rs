//! The arguments, as `docs/cli.md` and `tdsql --help` describe them.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Compiles a scale preset and a workload modifier into validated configuration for Temporal on Amazon Aurora DSQL.
#[derive(Debug, Parser)]
#[command(name = "tdsql", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done · 1 the request was refused, or the check found something · 2 wrong usage · 3 the catalog's data files are broken · 4 a file, a store or a remote service failed"
)]
pub(super) struct Tdsql {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Where `--help` lists the options of every command.
const GLOBAL: &str = "Global options";

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// Lay this folder over the embedded catalog; repeatable, later over earlier. Without it, the folders of `TDSQL_DATA`
    /// (separated as in `PATH`).
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL)]
    pub(super) data: Vec<PathBuf>,
    /// Ignore catalog folders of the working directory.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(super) no_local: bool,
    /// Say nothing but errors on standard error.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = GLOBAL)]
    pub(super) quiet: bool,
    /// Name every file that is laid over the embedded catalog.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(super) verbose: bool,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = GLOBAL)]
    pub(super) color: Color,
    /// The form in which errors, warnings and fired guard rails are told on standard error.
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        default_value = "auto",
        env = "TDSQL_ERRORS",
        hide_env_values = true,
        help_heading = GLOBAL
    )]
    pub(super) errors: ErrorFormat,
}

/// The form in which diagnostics are told on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ErrorFormat {
    /// Text, unless standard output is one document, which has them then.
    // An empty variable chooses nothing.
    #[value(alias = "")]
    Auto,
    /// Excerpts with carets.
    Text,
    /// A line each.
    Short,
    /// One JSON document.
    Json,
    /// Workflow annotations.
    Github,
    /// A SARIF 2.1.0 document.
    Sarif,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
// Only the arguments of the command that is run are made. What is made late has the last word, so that a documentation comment on
// a type of arguments would stand in the help in place of the command's: those types have plain comments.
#[command(defer = true)]
pub(super) enum Command {
    /// Compile a preset into configuration.
    Compile(Box<Compile>),
    /// Compare two configurations: what differs, and why.
    Diff(Diff),
    /// Show how values follow an input over a range, and where guard rails fire.
    Sweep(Box<Sweep>),
    /// List the presets.
    ListPresets(List),
    /// List the modifiers.
    ListModifiers(List),
    /// List the adapters.
    ListAdapters(List),
    /// List every parameter.
    ListParameters(List),
    /// Show every parameter of a preset, by class.
    DescribePreset(Describe),
    /// Hold the environment variables of a deployment against a preset.
    Migrate(Migrate),
    /// Draw which value follows from which.
    Graph(super::graph::Graph),
    /// Judge a deployment's files: dynamic configuration, environment variables.
    Lint(Lint),
    /// Write the catalog's reference as Markdown.
    Doc(super::doc::Doc),
    /// Say why: a parameter, a preset or a compiled profile.
    #[command(subcommand)]
    Explain(super::explain::Explain),
    /// Behaviour profiles: what a running cluster was and did, kept in a store.
    #[cfg(feature = "server")]
    #[command(subcommand)]
    Profile(super::profile::Profile),
    /// Say what to do about the symptoms of a behaviour profile.
    #[cfg(feature = "server")]
    Recommend(Box<super::recommend::Recommend>),
    /// Assess the health of a cluster: the state, why, and what to do.
    #[cfg(feature = "server")]
    Assess(Box<super::assess::Assess>),
    /// Hold a behaviour profile against a baseline.
    #[cfg(feature = "server")]
    Drift(Box<super::judge::Drift>),
    /// Hold a behaviour profile against the bounds of a preset.
    #[cfg(feature = "server")]
    Conformance(Box<super::judge::Conformance>),
    /// Serve behaviour profiles and the compiler over HTTP.
    #[cfg(feature = "server")]
    Serve(Box<super::serve::Serve>),
    /// Check the catalog: every fault, and the guard rails' own cases.
    Check(Check),
    /// Print the JSON Schema of a kind of data file.
    Schema {
        /// The kind of data file.
        #[arg(value_parser = kinds())]
        kind: String,
    },
    /// Write the embedded catalog out, to be edited.
    Init {
        /// The folder to write.
        dir: PathBuf,
    },
    /// Print a completion script.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

impl Command {
    /// Whether it runs until it is told to stop.
    pub(super) fn lasts(&self) -> bool {
        match self {
            #[cfg(feature = "server")]
            Command::Serve(_) => true,
            _ => false,
        }
    }
}

fn kinds() -> clap::builder::PossibleValuesParser {
    let names = crate::loader::schema::kinds()
        .map(|kind| clap::builder::PossibleValue::new(kind.name).aliases(kind.aliases.iter().copied()).help(kind.path));
    names.collect::<Vec<_>>().into()
}

// Options of `compile`.
#[derive(Debug, Args)]
pub(super) struct Compile {
    /// The preset. Without one, DSQL variables of the environment are laid over the default preset.
    pub(super) preset: Option<String>,
    /// The workload modifier.
    #[arg(short, long)]
    pub(super) modifier: Option<String>,
    /// Set a parameter; repeatable.
    #[arg(short, long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Set the parameters of a TOML, YAML or JSON file; repeatable, later over earlier.
    #[arg(long, value_name = "FILE")]
    pub(super) values: Vec<PathBuf>,
    /// Set the parameters of a file of environment variables.
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// Keep from this compiled profile what is fixed for the life of a cluster, and show what differs.
    #[arg(long, value_name = "PROFILE")]
    pub(super) from: Option<PathBuf>,
    /// Render this SDK adapter; repeatable. All adapters are rendered when none is named.
    #[arg(long, value_name = "NAME")]
    pub(super) sdk: Vec<String>,
    /// Render this platform adapter; repeatable.
    #[arg(long, value_name = "NAME")]
    pub(super) platform: Vec<String>,
    /// Write the artifacts into this folder, all or nothing.
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// The Temporal server version that the artifacts are for.
    #[arg(long, value_name = "V")]
    pub(super) temporal_version: Option<String>,
    /// The version label of the DSQL plugin that they are for.
    #[arg(long, value_name = "V")]
    pub(super) plugin_version: Option<String>,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: CompileFormat,
    /// Treat warnings of guard rails as errors.
    #[arg(long)]
    pub(super) deny_warnings: bool,
}

/// What `compile` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CompileFormat {
    /// A summary for a person.
    Text,
    /// The whole result as JSON.
    Json,
    /// The whole result as YAML.
    Yaml,
}

// Options of the lists.
#[derive(Debug, Args)]
pub(super) struct List {
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

// Options of `diff`.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// A preset, `preset+modifier`, or the file of a compiled profile.
    pub(super) a: String,
    /// Another.
    pub(super) b: String,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

// Options of `sweep`.
#[derive(Debug, Args)]
pub(super) struct Sweep {
    /// The preset, as `preset` or `preset+modifier`, or the file of a compiled profile.
    pub(super) preset: String,
    /// The input and its range: from FROM to TO in STEPS points, both ends among them; 21 when no number is given.
    #[arg(long, value_name = "KEY=FROM..TO[:STEPS]")]
    pub(super) vary: String,
    /// Let the points lie as powers do: each as many times the one before.
    #[arg(long)]
    pub(super) log: bool,
    /// The workload modifier.
    #[arg(short, long)]
    pub(super) modifier: Option<String>,
    /// Set a parameter at every point; repeatable.
    #[arg(short, long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Show this value; repeatable. Those of the values that matter which move are shown when none is named.
    #[arg(long, value_name = "KEY")]
    pub(super) show: Vec<String>,
    /// The Temporal server version.
    #[arg(long, value_name = "V")]
    pub(super) temporal_version: Option<String>,
    /// The version label of the DSQL plugin.
    #[arg(long, value_name = "V")]
    pub(super) plugin_version: Option<String>,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: SweepFormat,
}

/// What `sweep` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SweepFormat {
    /// A table for a person.
    Text,
    /// One JSON document.
    Json,
    /// A table for programs.
    Csv,
    /// A chart.
    Svg,
}

/// What lists print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For a person.
    Text,
    /// One JSON document.
    Json,
}

// Options of `describe-preset`.
#[derive(Debug, Args)]
pub(super) struct Describe {
    /// The preset.
    pub(super) preset: String,
    /// The workload modifier.
    #[arg(short, long)]
    pub(super) modifier: Option<String>,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

// Options of `migrate`.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// The preset; the default one when none is named.
    pub(super) preset: Option<String>,
    /// The workload modifier.
    #[arg(short, long)]
    pub(super) modifier: Option<String>,
    /// Read the variables of this file, not those of the process; repeatable, later over earlier.
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Vec<PathBuf>,
    /// Also hold the values of this dynamic configuration against the preset.
    #[arg(long, value_name = "FILE")]
    pub(super) dynamic_config: Option<PathBuf>,
    /// Look for the preset, the modifier and the fewest overrides that reproduce the variables.
    #[arg(long)]
    pub(super) suggest: bool,
    /// The Temporal server version that runs.
    #[arg(long, value_name = "V")]
    pub(super) temporal_version: Option<String>,
    /// The version label of the DSQL plugin that runs.
    #[arg(long, value_name = "V")]
    pub(super) plugin_version: Option<String>,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: ListFormat,
}

// Options of `lint`.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// The files: YAML for the server, or environment variables.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// What the files are; by default, each is what its name or its first line says.
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Option<LintKind>,
    /// The Temporal server version that reads them.
    #[arg(long, value_name = "V")]
    pub(super) temporal_version: Option<String>,
    /// The version label of the DSQL plugin that reads them.
    #[arg(long, value_name = "V")]
    pub(super) plugin_version: Option<String>,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: CheckFormat,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LintKind {
    /// A dynamic configuration of the Temporal server.
    DynamicConfig,
    /// Environment variables.
    Env,
}

// Options of `check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A catalog folder to lay over and check.
    pub(super) dir: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: CheckFormat,
}

/// What `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// Excerpts with carets.
    Text,
    /// A line per fault.
    Short,
    /// One JSON document.
    Json,
    /// Workflow annotations.
    Github,
    /// A SARIF 2.1.0 document.
    Sarif,
}
