//! Documents in a directory: `profiles/<last two digits>/<id>.json`.
//!
//! A document is written beside its place, flushed, renamed into it, and the folder flushed: after a loss of power there
//! is all of it or nothing.

use super::Documents;
use crate::model::behaviour::ProfileId;
use crate::store::StoreError;
use crate::store::steps::reached;
use async_trait::async_trait;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Folders below `profiles`: by the last digits of an id, which are random where the first ones are the time.
const FOLDERS: u16 = 256;

/// Documents in a directory.
#[derive(Debug, Clone)]
pub struct Directory {
    dir: PathBuf,
}

impl Directory {
    /// The documents in this directory, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        let directory = Directory { dir: dir.to_owned() };
        directory
            .blocking("open the directory", |directory| {
                make_folder(&directory.dir)?;
                make_folder(&directory.dir.join("profiles"))
            })
            .await?;
        Ok(directory)
    }

    /// Does what blocks where blocking is allowed; an error names the directory.
    async fn blocking<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Directory) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let directory = self.clone();
        let shown = self.dir.display().to_string();
        match tokio::task::spawn_blocking(move || work(&directory)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(StoreError::Documents { doing, cause: format!("{shown}: {error}") }),
            Err(error) => Err(StoreError::documents(doing, &error)),
        }
    }

    fn folder(&self, id: ProfileId) -> PathBuf {
        let id = id.to_string();
        self.dir.join("profiles").join(&id[id.len() - 2..])
    }

    fn place(&self, id: ProfileId) -> PathBuf {
        self.folder(id).join(format!("{id}.json"))
    }
}

#[async_trait]
impl Documents for Directory {
    async fn identity(&self) -> Result<Option<String>, StoreError> {
        self.blocking("read its identity", |directory| {
            none_if_missing(fs::read_to_string(directory.dir.join("store-id")))
                .map(|read| read.map(|text| text.trim().to_owned()))
        })
        .await
    }

    async fn identify(&self, proposed: &str) -> Result<String, StoreError> {
        let proposed = proposed.to_owned();
        self.blocking("take an identity", move |directory| {
            let place = directory.dir.join("store-id");
            // Those who join the same index propose the same: each writes beside the others.
            let beside = directory.dir.join(format!(".store-id.{:016x}.tmp", fastrand::u64(..)));
            write(&beside, format!("{proposed}\n").as_bytes())?;
            // A link, unlike a renaming, never replaces what another process has put there.
            let linked = fs::hard_link(&beside, &place);
            fs::remove_file(&beside)?;
            match linked {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => flush_folder(&directory.dir)?,
            }
            fs::read_to_string(&place).map(|text| text.trim().to_owned())
        })
        .await
    }

    async fn put(&self, id: ProfileId, document: Vec<u8>) -> Result<(), StoreError> {
        self.blocking("write a document", move |directory| {
            let folder = directory.folder(id);
            make_folder(&folder)?;
            let beside = folder.join(format!(".{id}.tmp"));
            write(&beside, &document)?;
            reached("document: written beside its place");
            fs::rename(&beside, directory.place(id))?;
            reached("document: renamed into its place");
            flush_folder(&folder)
        })
        .await
    }

    async fn get(&self, id: ProfileId) -> Result<Option<Vec<u8>>, StoreError> {
        self.blocking("read a document", move |directory| none_if_missing(fs::read(directory.place(id)))).await
    }

    async fn delete(&self, id: ProfileId) -> Result<(), StoreError> {
        self.blocking("remove a document", move |directory| {
            let folder = directory.folder(id);
            let mut removed = false;
            for place in [folder.join(format!(".{id}.tmp")), directory.place(id)] {
                removed |= none_if_missing(fs::remove_file(place))?.is_some();
                reached("document: a file removed");
            }
            if removed { flush_folder(&folder) } else { Ok(()) }
        })
        .await
    }

    async fn list(&self, after: Option<String>) -> Result<(Vec<ProfileId>, Option<String>), StoreError> {
        let mut number: u16 = after.and_then(|mark| mark.parse().ok()).unwrap_or(0);
        self.blocking("list the documents", move |directory| {
            let mut ids = Vec::new();
            // A folder at a time, but never an empty page before the last.
            while number < FOLDERS && ids.is_empty() {
                let folder = directory.dir.join("profiles").join(format!("{number:02x}"));
                if let Some(entries) = none_if_missing(fs::read_dir(folder))? {
                    for entry in entries {
                        let name = entry?.file_name();
                        ids.extend(name.to_str().and_then(id_in));
                    }
                }
                number += 1;
            }
            ids.sort_unstable();
            ids.dedup();
            Ok((ids, (number < FOLDERS).then(|| number.to_string())))
        })
        .await
    }
}

/// The id in a file's name: of a document, or of one that was not finished.
fn id_in(name: &str) -> Option<ProfileId> {
    let id = name.strip_suffix(".json").or_else(|| name.strip_prefix('.')?.strip_suffix(".tmp"))?;
    id.parse().ok()
}

fn none_if_missing<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Writes a file and flushes it.
fn write(place: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(place)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes a folder, if it is not there, so that it outlasts a loss of power. Only its owner may look into it.
pub(in crate::store) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folder(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => match folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => flush_folder(parent),
            None => flush_folder(Path::new(".")),
        },
    }
}

/// Flushes a folder's own entries, where the system can.
fn flush_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
