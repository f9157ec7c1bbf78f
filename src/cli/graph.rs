//! `tdsql graph`.

use super::session::{Failure, Session};
use super::subject;
use super::{Exit, Outcome};
use crate::catalog::Catalog;
use crate::compile::{Request, compile};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::diagram::{self, Diagram, Scope, derivation};
use crate::eval::{self, Inputs};
use crate::explain;
use crate::publish::{OutputFile, publish};
use crate::rails::judge;
use clap::{Args, ValueEnum};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

// Options of `graph`.
#[derive(Debug, Args)]
pub(super) struct Graph {
    /// The preset; without one, the registry's own values and expressions.
    preset: Option<String>,
    /// The workload modifier.
    #[arg(short, long, requires = "preset")]
    modifier: Option<String>,
    /// Set a parameter; repeatable.
    #[arg(short, long = "set", value_name = "KEY=VALUE", requires = "preset")]
    set: Vec<String>,
    /// Show only what this parameter follows from and what follows it.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Show only what is so many steps from `--key`.
    #[arg(long, value_name = "STEPS", requires = "key")]
    depth: Option<usize>,
    /// Show the guard rails as well; with `--key`, those that read it.
    #[arg(long)]
    rails: bool,
    /// What to print; without it, what the name of the file says, else `mermaid`.
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<GraphFormat>,
    /// Write into this file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What `graph` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// The language of Graphviz.
    Dot,
    /// A flowchart for Markdown pages.
    Mermaid,
    /// A picture.
    Svg,
    /// One JSON document.
    Json,
}

impl Graph {
    pub(super) fn format(&self) -> GraphFormat {
        self.format.or_else(|| self.named().ok()).unwrap_or(GraphFormat::Mermaid)
    }

    /// The format that the file's name says; the ending that says none.
    fn named(&self) -> Result<GraphFormat, &OsStr> {
        let Some(ending) = self.out.as_deref().and_then(Path::extension) else { return Ok(GraphFormat::Mermaid) };
        match ending.to_str() {
            Some("dot" | "gv") => Ok(GraphFormat::Dot),
            Some("svg") => Ok(GraphFormat::Svg),
            Some("json") => Ok(GraphFormat::Json),
            Some("mmd" | "mermaid" | "md") => Ok(GraphFormat::Mermaid),
            _ => Err(ending),
        }
    }
}

pub(super) fn run(session: &mut Session, options: &Graph) -> Outcome {
    let catalog = session.catalog()?;
    let mut diags = Diagnostics::default();
    let given = subject::assignments(&options.set, catalog, &mut diags);
    let catalog: &'static Catalog = catalog;
    if let (None, Err(ending)) = (options.format, options.named()) {
        let message = format!("no format has the ending `.{}`", ending.display());
        let help = "name the file `.svg`, `.dot`, `.mmd` or `.json`, or say `--format`";
        diags.push(Diagnostic::error(Code::InvalidValue, message).help(help));
    }
    let around = match &options.key {
        None => None,
        Some(key) => explain::find(catalog, key).map(|found| found.id).map_err(|fault| diags.push(*fault)).ok(),
    };
    let scope = Scope { around, depth: options.depth, rails: options.rails.then(Default::default) };
    let drawn = match &options.preset {
        Some(preset) => {
            let request =
                Request { preset: preset.clone(), modifier: options.modifier.clone(), given, ..Request::default() };
            of_request(catalog, &request, scope)
        }
        None => of_registry(catalog, scope),
    };
    let diagram = match drawn {
        Ok(diagram) if diags.is_empty() => diagram,
        drawn => {
            diags.extend(drawn.err().into_iter().flatten());
            return Err(Failure::Refused(&catalog.sources, diags));
        }
    };
    let text = match options.format() {
        GraphFormat::Dot => diagram::dot(&diagram),
        GraphFormat::Mermaid => diagram::mermaid(&diagram),
        GraphFormat::Svg => diagram::svg(&diagram),
        GraphFormat::Json => format!("{:#}\n", diagram.json()),
    };
    match &options.out {
        None => session.terminal.out(&text)?,
        Some(path) => write(session, path, text)?,
    }
    Ok(Exit::Done)
}

/// A guard rail that fires is part of the picture; it stands in nobody's way.
fn of_request(catalog: &Catalog, request: &Request, mut scope: Scope) -> Result<Diagram, Diagnostics> {
    let compilation = compile(catalog, request, "")?;
    if let Some(rails) = &mut scope.rails {
        rails.extend(compilation.findings.iter().map(|finding| (finding.rail.name.to_string(), finding.severity)));
    }
    Ok(derivation(&compilation.resolution, &scope))
}

/// Nobody runs the registry alone: its values need not keep any bounds.
fn of_registry(catalog: &Catalog, mut scope: Scope) -> Result<Diagram, Diagnostics> {
    let inputs = Inputs {
        preset: None,
        modifier: None,
        overrides: Vec::new(),
        temporal: catalog.temporal.default.clone(),
        plugin: catalog.plugin.default.clone(),
        constrained: false,
    };
    let mut resolution = eval::resolve(catalog, inputs)?;
    if let Some(fired) = &mut scope.rails {
        fired.extend(
            judge(&mut resolution).into_iter().map(|finding| (finding.rail.name.to_string(), finding.severity)),
        );
    }
    Ok(derivation(&resolution, &scope))
}

fn write(session: &Session, path: &Path, text: String) -> Result<(), Failure> {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return Err(Failure::Outside(format!("`{}` names no file", path.display())));
    };
    let dir = path.parent().unwrap_or(Path::new(""));
    let file = OutputFile { path: name.clone(), content: text.into_bytes() };
    publish(dir, &[name], &[file]).map_err(|error| Failure::file("", &error))?;
    if !session.quiet {
        session.terminal.err(&format!("wrote {}", path.display()));
    }
    Ok(())
}
