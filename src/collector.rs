//! Where the configuration of a running cluster stands: files that an operator names, and services that tell it; read and
//! asked when a profile is made.
//!
//! A caller from elsewhere chooses among collectors by name, never a path or an address.

use crate::cluster::{AskError, Ecs, Frontend};
use crate::snapshot::{Document, Says};
use semver::Version;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// A kind of file: what settings call it, and what its text says.
pub type Kind = (&'static str, fn(String) -> Says);

/// The kinds of file.
pub const FILES: [Kind; 5] = [
    ("config_profile", Says::ConfigProfile),
    ("task_definition", Says::TaskDefinition),
    ("env_file", Says::EnvFile),
    ("worker_options", Says::WorkerOptions),
    ("dynamic_config", Says::DynamicConfig),
];

/// What the configuration of one cluster is collected from; later files are laid over earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Collector {
    /// The kind of each file, by its name in [`FILES`], and its path.
    pub files: Vec<(&'static str, PathBuf)>,
    /// The ECS service whose task definition says the environment; files are laid over it.
    pub ecs: Option<Arc<Ecs>>,
    /// The Temporal frontend that says which server runs.
    pub frontend: Option<Frontend>,
}

/// What services have told.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Their documents.
    pub documents: Vec<Document>,
    /// The version of the Temporal server.
    pub temporal_server_version: Option<Version>,
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read `{name}`: {why}")]
pub struct Unread {
    /// What diagnostics call the file.
    pub name: String,
    /// Why not.
    pub why: String,
}

impl Collector {
    /// Asks the services. `name` is what diagnostics call the collector.
    ///
    /// # Errors
    ///
    /// The first that does not tell what it is asked for.
    pub async fn told(&self, name: &str) -> Result<Told, AskError> {
        let mut told = Told::default();
        if let Some(frontend) = &self.frontend {
            told.temporal_server_version = Some(frontend.server_version().await?);
        }
        if let Some(ecs) = &self.ecs {
            let says = Says::TaskDefinition(ecs.task_definition().await?);
            told.documents.push(Document::new(format!("{name}.ecs"), says));
        }
        Ok(told)
    }

    /// Reads the files. `name` says what diagnostics call the file of a kind and a path.
    ///
    /// # Errors
    ///
    /// Every file that cannot be read.
    pub fn documents(&self, name: impl Fn(&str, &Path) -> String) -> Result<Vec<Document>, Vec<Unread>> {
        let (mut documents, mut unread) = (Vec::with_capacity(self.files.len()), Vec::new());
        for (kind, path) in &self.files {
            let name = name(kind, path);
            let says = FILES.iter().find(|(known, _)| known == kind).map(|(_, says)| says);
            match (says, read(path)) {
                (Some(says), Ok(text)) => documents.push(Document::new(name, says(text))),
                (_, Err(why)) => unread.push(Unread { name, why }),
                (None, _) => unread.push(Unread { name, why: format!("there is no kind of file `{kind}`") }),
            }
        }
        if unread.is_empty() { Ok(documents) } else { Err(unread) }
    }
}

fn read(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|fault| fault.to_string())?;
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|fault| fault.to_string())?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("it has more than {LARGEST_FILE} bytes"));
    }
    String::from_utf8(bytes)
        .map_err(|fault| format!("it is not UTF-8 text (byte {})", fault.utf8_error().valid_up_to()))
}
