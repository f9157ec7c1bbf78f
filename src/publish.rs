//! Writes a set of files to an output directory, all or nothing.
//!
//! Everything is written to a staging directory first, on the same file system, and then put in place by renaming. Where there is no
//! output directory yet, the staging directory becomes it. In one that is there, folders stay, and with them what is not ours, who stands
//! in them and what is mounted from them, and a file that is the same already is left as it is. If anything fails, what was moved is moved
//! back.
//!
//! Nothing is forced to disk: renaming protects against this process failing or being refused half-way, which is the promise made here,
//! while an `fsync` per file would cost a hundred times the rest. Output can be generated again; whoever needs it to survive a power failure
//! syncs the file system once, afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::threads::shared;

/// One file of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Where it goes: relative to the output directory, with forward slashes.
    pub path: String,
    /// What it holds.
    pub content: Vec<u8>,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A path of the set may not be written.
    #[error("cannot write `{path}`: {reason}")]
    Path {
        /// The path as given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something that this tool does not own stands where output must go.
    #[error("cannot write to {}: {reason}", path.display())]
    Occupied {
        /// What is in the way.
        path: PathBuf,
        /// What it is.
        reason: &'static str,
    },
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as an infinitive.
        action: &'static str,
        /// The path that it was tried on.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file system refused, and then refused to restore the former state as well.
    #[error("cannot restore {}; the former files are kept in {}", path.display(), kept.display())]
    Rollback {
        /// What could not be restored.
        path: PathBuf,
        /// Where the former files are.
        kept: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Adds what was tried on which path to an error of the system.
trait Context<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, PublishError>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, PublishError> {
        self.map_err(|source| PublishError::Io { action, path: path.to_owned(), source })
    }
}

/// Writes `files` into `dir`, all or nothing.
///
/// `owned` names the files below `dir` that belong to this tool: they are replaced, and those that are not among `files` any more
/// are removed, with folders that this leaves empty. Everything else in `dir` is left alone. A file that is not owned is written only where nothing
/// stands yet. `dir` and its parents are created as needed, and removed again on failure.
///
/// # Errors
///
/// A path that leads outside `dir` or stands twice, something foreign where output must go, or a refusal of the file system. In each
/// case `dir` is as it was before, except after [`PublishError::Rollback`].
pub fn publish(dir: &Path, owned: &[String], files: &[OutputFile]) -> Result<(), PublishError> {
    /// Fewer files than this are not worth a second thread.
    const WORTH_A_THREAD: usize = 12;
    check(owned, files)?;
    let publication = Publication::begin(dir, owned)?;
    // A half each, not a file: two that make files in one folder wait for each other.
    let (one, other) = files.split_at(files.len() / 2);
    let put = |files: &[OutputFile]| files.iter().try_for_each(|file| publication.put(&file.path, &file.content));
    let halves = shared(files.len() >= WORTH_A_THREAD, 2, || (), |(), half| put([one, other][half]));
    // The fault of the earlier file, as if they had been written in order.
    halves.into_iter().collect::<Result<(), _>>()?;
    publication.commit()
}

/// Checks all paths, while nothing is touched yet.
fn check(owned: &[String], files: &[OutputFile]) -> Result<(), PublishError> {
    let refuse = |path: &str, reason| Err(PublishError::Path { path: path.to_owned(), reason });
    let paths = || owned.iter().chain(files.iter().map(|file| &file.path));
    paths().try_for_each(|path| inside(path))?;
    let mut known = BTreeSet::new();
    for file in files {
        if !known.insert(file.path.as_str()) {
            return refuse(&file.path, "it stands twice in the output");
        }
    }
    for path in paths() {
        if parents(path).any(|parent| known.contains(parent)) {
            return refuse(path, "a folder of its path is also a file of the output");
        }
    }
    Ok(())
}

/// Files on their way into a directory: written as they come, by any thread, and put in place at the end, all or nothing. One that
/// is dropped before leaves everything as it was.
#[derive(Debug)]
pub(crate) struct Publication<'p> {
    /// Where they go; without links, where that is there.
    dir: PathBuf,
    /// As [`publish`] has it.
    owned: &'p [String],
    place: Place,
    /// The paths so far, and whether there is something to put in place.
    files: Mutex<BTreeMap<String, bool>>,
}

#[derive(Debug)]
enum Place {
    /// Not there: the staging directory becomes it. It goes before the parents that it stands in.
    New { staging: Staging, made: Made },
    /// There: the staging directory is made inside when something differs.
    There(Mutex<Option<Staging>>),
}

impl<'p> Publication<'p> {
    /// Begins to publish to `dir`, where the files of `owned` belong to this tool.
    pub(crate) fn begin(dir: &Path, owned: &'p [String]) -> Result<Self, PublishError> {
        owned.iter().try_for_each(|path| inside(path))?;
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let (dir, place) = match fs::metadata(dir) {
            Ok(found) if found.is_dir() => {
                // An absolute path without links: staging and target stay on one file system.
                let dir = fs::canonicalize(dir).context("open", dir)?;
                (dir, Place::There(Mutex::default()))
            }
            Ok(_) => return Err(PublishError::Occupied { path: dir.to_owned(), reason: "it is not a directory" }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (dir.to_owned(), Place::new(dir)?),
            Err(error) => return Err(error).context("open", dir),
        };
        Ok(Publication { dir, owned, place, files: Mutex::default() })
    }

    /// Takes a file on its way. No path comes twice, none leads through a file.
    pub(crate) fn put(&self, path: &str, content: &[u8]) -> Result<(), PublishError> {
        inside(path)?;
        let root = match &self.place {
            Place::New { staging, .. } => Some(staging.path.clone()),
            Place::There(staging) => {
                let owned = self.owned.iter().any(|own| own == path);
                match to_do(&self.dir, path, owned, Some(content))? {
                    true => {
                        let mut staging = locked(staging);
                        let made = staging.take().map_or_else(|| inner(&self.dir), Ok)?;
                        Some(staging.insert(made).new_files())
                    }
                    false => None,
                }
            }
        };
        if let Some(root) = &root {
            write(&root.join(path), content).context("write", &self.dir.join(path))?;
        }
        locked(&self.files).insert(path.to_owned(), root.is_some());
        Ok(())
    }

    /// Puts the files in place, and removes those of `owned` that are not among them.
    pub(crate) fn commit(self) -> Result<(), PublishError> {
        match self.place {
            // What is named last goes first, as in the place itself.
            Place::New { made, mut staging } => {
                fs::rename(&staging.path, &self.dir).context("create", &self.dir)?;
                staging.keep();
                made.keep();
                Ok(())
            }
            Place::There(staging) => {
                let staging = staging.into_inner().unwrap_or_else(PoisonError::into_inner);
                let files = self.files.into_inner().unwrap_or_else(PoisonError::into_inner);
                replace(&self.dir, self.owned, &files, staging)
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a file, and its folders where there are none.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = match fs::File::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::File::create_new(path)?
        }
        opened => opened?,
    };
    file.write_all(content)
}

/// Refuses a path that cannot be part of the output.
fn inside(path: &str) -> Result<(), PublishError> {
    match fault(path) {
        Some(reason) => Err(PublishError::Path { path: path.to_owned(), reason }),
        None => Ok(()),
    }
}

/// Why a path cannot be part of the output.
fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        Some("it is empty")
    } else if path.starts_with('/') {
        Some("it is absolute")
    } else if path.contains('\\') {
        Some("it contains a backslash")
    } else if path.contains('\0') {
        Some("it contains a NUL character")
    } else if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        Some("it has an empty, `.` or `..` segment")
    } else {
        None
    }
}

/// The folders above a path, outermost first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

impl Place {
    /// For a directory that does not exist.
    fn new(dir: &Path) -> Result<Self, PublishError> {
        // A link to nowhere counts as absent for everything but renaming onto it.
        if fs::symlink_metadata(dir).is_ok() {
            return Err(PublishError::Occupied {
                path: dir.to_owned(),
                reason: "it is a symbolic link that leads nowhere",
            });
        }
        let parent = match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut made = Made::default();
        made.all(parent)?;
        Ok(Place::New { staging: Staging::new(parent)?, made })
    }
}

/// Directories made on the way, removed again (innermost first) unless kept.
#[derive(Debug, Default)]
struct Made(Vec<PathBuf>);

impl Made {
    fn all(&mut self, dir: &Path) -> Result<(), PublishError> {
        let mut missing = Vec::new();
        for ancestor in dir.ancestors().filter(|a| !a.as_os_str().is_empty()) {
            match fs::metadata(ancestor) {
                Ok(found) if found.is_dir() => break,
                Ok(_) => {
                    return Err(PublishError::Occupied { path: ancestor.to_owned(), reason: "it is not a directory" });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(ancestor),
                Err(error) => return Err(error).context("open", ancestor),
            }
        }
        for dir in missing.into_iter().rev() {
            match fs::create_dir(dir) {
                Ok(()) => self.0.push(dir.to_owned()),
                // Somebody else made it in between, or the path goes through `..`.
                Err(_) if dir.is_dir() => {}
                Err(error) => return Err(error).context("create", dir),
            }
        }
        Ok(())
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for dir in self.0.iter().rev() {
            // Fails on a directory that somebody else has filled meanwhile, as it should.
            let _ = fs::remove_dir(dir);
        }
    }
}

/// A file that is moved into place or out of it.
#[derive(Debug, PartialEq, Eq)]
struct Unit<'a> {
    path: &'a str,
    /// Whether it may stand there already.
    owned: bool,
    /// Whether a new one is staged; else it goes.
    staged: bool,
}

/// Publishes to a directory that exists; `dir` is canonical.
fn replace(
    dir: &Path,
    owned: &[String],
    files: &BTreeMap<String, bool>,
    staging: Option<Staging>,
) -> Result<(), PublishError> {
    let mut units: BTreeMap<&str, Unit<'_>> = BTreeMap::new();
    for (path, _) in files.iter().filter(|(_, staged)| **staged) {
        units.insert(path, Unit { path, owned: owned.contains(path), staged: true });
    }
    for path in owned.iter().filter(|path| !files.contains_key(*path)) {
        if to_do(dir, path, true, None)? {
            units.insert(path, Unit { path, owned: true, staged: false });
        }
    }
    if units.is_empty() {
        return Ok(());
    }
    let mut staging = staging.map_or_else(|| inner(dir), Ok)?;
    let mut moves = Moves::default();
    if let Err(error) = exchange(dir, units.values(), &staging, &mut moves) {
        return Err(match moves.undo() {
            Ok(()) => error,
            Err((path, source)) => PublishError::Rollback { path, kept: staging.keep(), source },
        });
    }
    drop(staging);
    // Folders that only held files which are gone now.
    for unit in units.values().filter(|unit| !unit.staged) {
        let mut folders: Vec<_> = parents(unit.path).collect();
        while let Some(folder) = folders.pop() {
            if fs::remove_dir(dir.join(folder)).is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
                break;
            }
        }
    }
    Ok(())
}

/// The staging directory for a directory that exists. Inside, not beside: a directory that is a mount point has another file system
/// beside it, and whoever may write to it need not have the right to write beside it.
fn inner(dir: &Path) -> Result<Staging, PublishError> {
    Staging::new(dir)
}

/// Whether there is something to do for a file, which is to have this content or to go, and whether it can be done.
fn to_do(dir: &Path, file: &str, owned: bool, content: Option<&[u8]>) -> Result<bool, PublishError> {
    let occupied = |path: PathBuf, reason| Err(PublishError::Occupied { path, reason });
    for folder in parents(file) {
        let path = dir.join(folder);
        match kind(&path)? {
            None => return Ok(content.is_some()),
            Some(found) if found.is_dir() => {}
            // Nothing to write and nothing of ours to remove.
            Some(_) if content.is_none() => return Ok(false),
            Some(found) if found.is_symlink() => {
                return occupied(path, "it is a symbolic link where a folder is needed");
            }
            Some(_) => return occupied(path, "it is a file where a folder is needed"),
        }
    }
    let path = dir.join(file);
    match (kind(&path)?, content) {
        (None, content) => Ok(content.is_some()),
        (Some(_), Some(_)) if !owned => occupied(path, "it exists already and is not of this tool's making"),
        (Some(found), Some(_)) if found.is_dir() => occupied(path, "it is a folder where a file must go"),
        // It is nobody's earlier output: to replace it would break what else uses it.
        (Some(_), Some(_)) if is_special(&path) => occupied(path, "it is a device, a pipe or a socket"),
        (Some(found), Some(content)) => Ok(!(found.is_file() && holds(&path, content))),
        (Some(found), None) => Ok(!found.is_dir() && !is_special(&path)),
    }
}

/// Whether a file has exactly this content. One that cannot be read is one to replace.
fn holds(path: &Path, content: &[u8]) -> bool {
    let size = fs::metadata(path).is_ok_and(|found| found.len() == content.len() as u64);
    size && fs::read(path).is_ok_and(|found| found == content)
}

/// Whether a device, a pipe or a socket stands at a path, or behind a link at it.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// What stands at a path, links not followed.
fn kind(path: &Path) -> Result<Option<fs::FileType>, PublishError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found.file_type())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error).context("open", path),
    }
}

/// Moves every former file out of the directory and every new one into it; where there is no folder yet, the whole folder.
fn exchange<'u>(
    dir: &Path,
    units: impl Iterator<Item = &'u Unit<'u>>,
    staging: &Staging,
    moves: &mut Moves,
) -> Result<(), PublishError> {
    let (new, old) = (staging.new_files(), staging.old_files());
    let mut moved = BTreeSet::new();
    for unit in units {
        if parents(unit.path).any(|folder| moved.contains(folder)) {
            continue;
        }
        let is_folder = |folder: &&str| fs::symlink_metadata(dir.join(folder)).is_ok_and(|found| found.is_dir());
        if let Some(missing) = parents(unit.path).find(|folder| !is_folder(folder)) {
            if unit.staged {
                let target = dir.join(missing);
                moves.rename(&new.join(missing), &target, &target)?;
                moved.insert(missing);
            }
            continue;
        }
        let target = dir.join(unit.path);
        if kind(&target)?.is_some() {
            if !unit.owned {
                // It was not there when everything was checked.
                return Err(PublishError::Occupied {
                    path: target,
                    reason: "it exists already and is not of this tool's making",
                });
            }
            let backup = old.join(unit.path);
            if let Some(parent) = backup.parent() {
                fs::create_dir_all(parent).context("create", parent)?;
            }
            moves.rename(&target, &backup, &target)?;
        }
        if unit.staged {
            moves.rename(&new.join(unit.path), &target, &target)?;
        }
    }
    Ok(())
}

/// What has been done to the directory, to be undone in reverse: from where to where something was renamed.
#[derive(Default)]
struct Moves(Vec<(PathBuf, PathBuf)>);

impl Moves {
    fn rename(&mut self, from: &Path, to: &Path, blamed: &Path) -> Result<(), PublishError> {
        fs::rename(from, to).context("replace", blamed)?;
        self.0.push((from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// Undoes as much as the system permits; the first refusal is returned.
    fn undo(&mut self) -> Result<(), (PathBuf, io::Error)> {
        let mut refused = Ok(());
        while let Some((from, to)) = self.0.pop() {
            if let (Err(error), Ok(())) = (fs::rename(&to, &from), &refused) {
                refused = Err((from, error));
            }
        }
        refused
    }
}

/// A directory beside or in the target, removed when dropped. It becomes a target that is new; else it holds the files on their way
/// in (`new`) and out (`old`), each folder made when it is needed: a file system may look for a while at what was removed
/// whenever it makes something new.
#[derive(Debug)]
struct Staging {
    path: PathBuf,
    kept: bool,
}

impl Staging {
    /// Creates it in `parent`. The name must be free: what stands there, a link for example, is never used.
    fn new(parent: &Path) -> Result<Self, PublishError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let mut attempts = 0;
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!(".tdsql-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path, kept: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < 100 => {
                    attempts += 1;
                }
                Err(error) => return Err(error).context("write to", parent),
            }
        }
    }

    fn new_files(&self) -> PathBuf {
        self.path.join("new")
    }

    fn old_files(&self) -> PathBuf {
        self.path.join("old")
    }

    /// Leaves it where it is and says where that is.
    fn keep(&mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.kept {
            // The outcome is settled; what cannot be removed is no reason to call it a failure.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn file(path: &str, content: &str) -> OutputFile {
        OutputFile { path: path.to_owned(), content: content.as_bytes().to_vec() }
    }

    fn owned() -> Vec<String> {
        [
            "profile.json",
            "why.md",
            "sdk/go/worker.go",
            "sdk/go/inner/more.go",
            "sdk/go/stale.go",
            "sdk/java/Stale.java",
            "platform/ecs/task.json",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn output() -> Vec<OutputFile> {
        vec![
            file("profile.json", "{}"),
            file("why.md", "because"),
            file("sdk/go/worker.go", "package x"),
            file("sdk/go/inner/more.go", "package y"),
            file("platform/ecs/task.json", "[]"),
        ]
    }

    /// Every entry below a directory; folders have a slash, links an arrow.
    fn tree(dir: &Path) -> BTreeMap<String, String> {
        fn walk(root: &Path, dir: &Path, found: &mut BTreeMap<String, String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                let kind = fs::symlink_metadata(&path).unwrap().file_type();
                if kind.is_symlink() {
                    let to = fs::read_link(&path).unwrap();
                    found.insert(name, format!("-> {}", to.display()));
                } else if kind.is_dir() {
                    found.insert(format!("{name}/"), String::new());
                    walk(root, &path, found);
                } else {
                    found.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(dir, dir, &mut found);
        found
    }

    fn put(dir: &Path, path: &str, content: &str) {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn wanted() -> BTreeMap<String, String> {
        let mut wanted: BTreeMap<String, String> =
            output().into_iter().map(|f| (f.path, String::from_utf8(f.content).unwrap())).collect();
        for folder in ["sdk/", "sdk/go/", "sdk/go/inner/", "platform/", "platform/ecs/"] {
            wanted.insert(folder.to_owned(), String::new());
        }
        wanted
    }

    #[test]
    fn publishes_to_a_directory_that_does_not_exist() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("a/b/out");
        publish(&dir, &owned(), &output()).unwrap();
        assert_eq!(tree(&dir), wanted());
        let all = tree(temp.path());
        assert_eq!(all.len(), wanted().len() + 3, "{all:?}");
    }

    #[test]
    fn publishes_to_an_empty_directory() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("out");
        fs::create_dir(&dir).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o750)).unwrap();
        }
        publish(&dir, &owned(), &output()).unwrap();
        assert_eq!(tree(&dir), wanted());
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o750);
        }
    }

    #[test]
    fn replaces_what_is_owned_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        put(dir, "profile.json", "old");
        put(dir, "sdk/go/stale.go", "old");
        put(dir, "sdk/java/Stale.java", "old");
        let foreign = ["notes.txt", "platform/mine.txt", "sdk/go/inner/mine.go", "sdk/go/mine.go", "sdk/rust/mine.rs"];
        for path in foreign {
            put(dir, path, "mine");
        }
        publish(dir, &owned(), &output()).unwrap();
        let mut wanted = wanted();
        wanted.insert("sdk/rust/".to_owned(), String::new());
        wanted.extend(foreign.map(|path| (path.to_owned(), "mine".to_owned())));
        assert_eq!(tree(dir), wanted);
        // Again, with less: what is gone leaves no empty folder behind.
        let files = || tree(dir).into_keys().filter(|path| !path.ends_with('/')).collect::<Vec<_>>();
        publish(dir, &owned(), &output()[..1]).unwrap();
        let kept: BTreeSet<&str> = foreign.into_iter().chain(["profile.json"]).collect();
        assert_eq!(files(), kept.into_iter().collect::<Vec<_>>());
        assert!(!dir.join("platform/ecs").exists());
        publish(dir, &owned(), &output()).unwrap();
        publish(dir, &owned(), &[]).unwrap();
        assert_eq!(files(), foreign);
        fs::remove_dir_all(dir.join("sdk")).unwrap();
        publish(dir, &owned(), &output()).unwrap();
        publish(dir, &owned(), &output()[..1]).unwrap();
        assert!(!dir.join("sdk").exists());
    }

    #[cfg(unix)]
    #[test]
    fn folders_and_files_that_are_the_same_stay_themselves() {
        use std::os::unix::fs::MetadataExt as _;
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        publish(dir, &owned(), &output()).unwrap();
        let inode = |path: &str| fs::metadata(dir.join(path)).unwrap().ino();
        let names = ["sdk/go", "sdk/go/worker.go", "profile.json", "why.md"];
        let before = names.map(inode);
        let mut files = output();
        files[1].content = b"because of it".to_vec();
        publish(dir, &owned(), &files).unwrap();
        let after = names.map(inode);
        assert_eq!(before[..3], after[..3]);
        assert_ne!(before[3], after[3]);
        assert_eq!(fs::read_to_string(dir.join("why.md")).unwrap(), "because of it");
    }

    #[test]
    fn a_foreign_thing_in_the_way_changes_nothing() {
        for (path, is_dir) in
            [("why.md/mine", true), ("sdk", false), ("sdk/go", false), ("platform", false), ("extra.txt", false)]
        {
            let temp = tempfile::tempdir().unwrap();
            let dir = temp.path();
            put(dir, "profile.json", "old");
            put(dir, path, "mine");
            let before = tree(dir);
            let mut files = output();
            files.push(file("extra.txt", "new"));
            let error = publish(dir, &owned(), &files).unwrap_err();
            assert!(matches!(error, PublishError::Occupied { .. }), "{path} {error}");
            assert_eq!(tree(dir), before, "{path} {is_dir}");
        }
    }

    #[test]
    fn a_failure_half_way_is_rolled_back() {
        let temp = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(temp.path()).unwrap();
        put(&dir, "profile.json", "old");
        put(&dir, "sdk/go/old.go", "old");
        put(&dir, "why.md", "old");
        let before = tree(&dir);
        let (owned, files) = (owned(), output());
        {
            let publication = Publication::begin(&dir, &owned).unwrap();
            files.iter().try_for_each(|file| publication.put(&file.path, &file.content)).unwrap();
            publication.put("taken", b"new").unwrap();
            // Appears after the checks: a folder that cannot be replaced by the file of the last path.
            put(&dir, "taken/mine", "mine");
            let error = publication.commit().unwrap_err();
            assert!(matches!(error, PublishError::Occupied { .. }), "{error}");
            fs::remove_dir_all(dir.join("taken")).unwrap();
        }
        assert_eq!(tree(&dir), before);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_never_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("out");
        fs::create_dir(&dir).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.join("why.md")).unwrap();
        for case in 0..2 {
            let error = publish(&dir, &owned(), &output()[..2]).unwrap_err();
            assert!(matches!(error, PublishError::Occupied { .. }), "{error}");
            assert!(is_special(&dir.join("why.md")), "case {case}");
            assert!(!dir.join("profile.json").exists());
            // The same behind a link, as `/dev/stdout` is one.
            if case == 0 {
                fs::rename(dir.join("why.md"), temp.path().join("socket")).unwrap();
                std::os::unix::fs::symlink(temp.path().join("socket"), dir.join("why.md")).unwrap();
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_never_followed_inside_the_directory() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, outside) = (temp.path().join("out"), temp.path().join("outside"));
        fs::create_dir_all(outside.join("go")).unwrap();
        put(&outside, "secret", "mine");
        fs::create_dir(&dir).unwrap();
        std::os::unix::fs::symlink(&outside, dir.join("sdk")).unwrap();
        let before = tree(temp.path());
        assert!(publish(&dir, &owned(), &output()).is_err());
        assert_eq!(tree(temp.path()), before);
        // Entries outside the link's name are written; what is stale behind the link is not reached.
        publish(&dir, &owned(), &output()[..1]).unwrap();
        assert!(outside.join("go").exists());
        // A link that stands for an owned file is replaced, not written through.
        std::os::unix::fs::symlink(outside.join("secret"), dir.join("why.md")).unwrap();
        publish(&dir, &owned(), &output()[..2]).unwrap();
        assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(dir.join("why.md")).unwrap(), "because");
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_behind_a_link_is_written_and_a_broken_link_is_not() {
        let temp = tempfile::tempdir().unwrap();
        let real = temp.path().join("real");
        fs::create_dir(&real).unwrap();
        for (link, to) in [("link", "real"), ("nowhere", "gone"), ("loop", "loop")] {
            std::os::unix::fs::symlink(to, temp.path().join(link)).unwrap();
        }
        publish(&temp.path().join("link"), &owned(), &output()).unwrap();
        assert_eq!(tree(&real), wanted());
        let before = tree(temp.path());
        for name in ["nowhere", "loop", "loop/x", "real/why.md", "real/why.md/x/y"] {
            let error = publish(&temp.path().join(name), &owned(), &output()).unwrap_err();
            assert!(error.to_string().contains(name.split("/x").next().unwrap()), "{error}");
            assert_eq!(tree(temp.path()), before, "{name}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_written_is_an_error() {
        for (dir, blamed) in [
            ("/dev/full", "/dev/full"),
            ("/dev/full/x", "/dev/full"),
            ("/proc/tdsql/out", "/proc/tdsql"),
            ("/proc/tdsql", "/proc"),
        ] {
            let error = publish(Path::new(dir), &owned(), &output()).unwrap_err();
            assert!(error.to_string().contains(blamed), "{error}");
            if let PublishError::Io { .. } = &error {
                assert!(error.source().is_some());
            }
        }
    }

    #[test]
    fn parents_are_removed_again_on_failure() {
        let temp = tempfile::tempdir().unwrap();
        let long = "x".repeat(300);
        let dir = temp.path().join("a/b/c");
        let files = [file(&long, "too long a name")];
        let error = publish(&dir, &[], &files).unwrap_err();
        assert!(matches!(error, PublishError::Io { action: "write", .. }), "{error}");
        assert!(tree(temp.path()).is_empty());
        put(temp.path(), "profile.json", "old");
        let before = tree(temp.path());
        assert!(publish(temp.path(), &owned(), &files).is_err());
        assert_eq!(tree(temp.path()), before);
    }

    #[test]
    fn paths_must_stay_inside() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("out");
        for path in ["", "/x", "../x", "a/../x", ".", "a/.", "a//b", "a/", "a\\b", "a\0b", ".."] {
            let files = [file("ok", "ok"), file(path, "")];
            let error = publish(&dir, &[], &files).unwrap_err();
            assert!(matches!(error, PublishError::Path { .. }), "{path:?}");
            let error = publish(&dir, &[path.to_owned()], &files[..1]).unwrap_err();
            assert!(matches!(error, PublishError::Path { .. }), "{path:?}");
        }
        for pair in [["a", "a"], ["a", "a/b"], ["a/b/c", "a"]] {
            let files = pair.map(|path| file(path, ""));
            let error = publish(&dir, &[], &files).unwrap_err();
            assert!(matches!(error, PublishError::Path { .. }), "{pair:?}");
        }
        assert!(tree(temp.path()).is_empty());
    }

    /// The variable that says that a process was started by [`relative_directories`].
    const CHILD: &str = "TDSQL_TEST_RELATIVE_DIRECTORIES";

    #[test]
    fn relative_directories() {
        if std::env::var_os(CHILD).is_some() {
            for dir in [".", "out", "./x/../x", "deep/er/out/", "out", "", "."] {
                publish(Path::new(dir), &owned(), &output()).unwrap();
            }
            return;
        }
        // The working directory belongs to the whole process, so it takes another one.
        let temp = tempfile::tempdir().unwrap();
        let (_, module) = module_path!().split_once("::").unwrap();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::relative_directories")])
            .env(CHILD, "1")
            .current_dir(temp.path())
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
        for dir in ["out", "x", "deep/er/out"] {
            assert_eq!(tree(&temp.path().join(dir)), wanted(), "{dir}");
        }
        let all = tree(temp.path());
        assert!(wanted().iter().all(|(path, content)| all.get(path) == Some(content)));
        assert!(!all.keys().any(|path| path.contains(".tdsql")), "{all:?}");
    }
}
