//! Writes a set of files to an output directory, all or nothing.
//!
//! Everything is written to a staging directory first, on the same file system, and then put in place by renaming, file by file: folders
//! stay, and with them what is not ours, who stands in them and what is mounted from them. A file that is the same already is left as it is. If
//! anything fails, what was moved is moved back. Nothing is forced to disk: renaming protects against this process failing or being
//! refused half-way, which is the promise made here, while an `fsync` per file would cost a hundred times the rest. Output can be generated
//! again; whoever needs it to survive a power failure syncs the file system once, afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

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
    let units = plan(owned, files)?;
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    match fs::metadata(dir) {
        Ok(found) if found.is_dir() => {
            // An absolute path without links: staging and target stay on one file system.
            let dir = fs::canonicalize(dir).context("open", dir)?;
            replace(&dir, units)
        }
        Ok(_) => Err(PublishError::Occupied { path: dir.to_owned(), reason: "it is not a directory" }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(dir, &units),
        Err(error) => Err(error).context("open", dir),
    }
}

/// A file that is moved into place or out of it, and whether it is owned.
#[derive(Debug, PartialEq, Eq)]
struct Unit<'a> {
    path: &'a str,
    owned: bool,
    /// What is to stand there; nothing where it is to go.
    content: Option<&'a [u8]>,
}

/// Checks all paths and lists what is to be done. Nothing is touched yet.
fn plan<'a>(owned: &'a [String], files: &'a [OutputFile]) -> Result<Vec<Unit<'a>>, PublishError> {
    let refuse = |path: &str, reason| Err(PublishError::Path { path: path.to_owned(), reason });
    for path in owned.iter().chain(files.iter().map(|file| &file.path)) {
        if let Some(reason) = fault(path) {
            return refuse(path, reason);
        }
    }
    let mut units: BTreeMap<&str, Unit<'_>> =
        owned.iter().map(|path| (path.as_str(), Unit { path, owned: true, content: None })).collect();
    for file in files {
        let unit = units.entry(&file.path).or_insert(Unit { path: &file.path, owned: false, content: None });
        if unit.content.replace(&file.content).is_some() {
            return refuse(&file.path, "it stands twice in the output");
        }
    }
    for path in units.keys() {
        if parents(path).any(|parent| units.get(parent).is_some_and(|unit| unit.content.is_some())) {
            return refuse(path, "a folder of its path is also a file of the output");
        }
    }
    Ok(units.into_values().collect())
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

/// Publishes to a directory that does not exist.
fn create(dir: &Path, units: &[Unit<'_>]) -> Result<(), PublishError> {
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
    let mut staging = Staging::new(parent)?;
    fill(&staging.path, dir, units)?;
    fs::rename(&staging.path, dir).context("create", dir)?;
    staging.keep();
    made.keep();
    Ok(())
}

/// Directories made on the way, removed again (innermost first) unless kept.
#[derive(Default)]
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

/// Publishes to a directory that exists; `dir` is canonical.
fn replace(dir: &Path, mut units: Vec<Unit<'_>>) -> Result<(), PublishError> {
    let mut content = fs::read_dir(dir).context("read", dir)?;
    if content.next().is_none() && replace_empty(dir, &units) {
        return Ok(());
    }
    let mut looks = shared(units.len() >= WORTH_A_THREAD, units.len(), || (), |(), index| to_do(dir, &units[index]))
        .into_iter()
        .collect::<Result<Vec<bool>, _>>()?
        .into_iter();
    units.retain(|_| looks.next() == Some(true));
    if units.is_empty() {
        return Ok(());
    }
    // Inside the directory, not beside it: a directory that is a mount point has another file system beside it, and whoever may
    // write to it need not have the right to write beside it.
    let mut staging = Staging::new(dir)?;
    staging.fill(dir, &units)?;
    let mut moves = Moves::default();
    if let Err(error) = exchange(dir, &units, &staging, &mut moves) {
        return Err(match moves.undo() {
            Ok(()) => error,
            Err((path, source)) => PublishError::Rollback { path, kept: staging.keep(), source },
        });
    }
    drop(staging);
    // Folders that only held files which are gone now.
    for unit in units.iter().filter(|unit| unit.content.is_none()) {
        let mut folders: Vec<_> = parents(unit.path).collect();
        while let Some(folder) = folders.pop() {
            if fs::remove_dir(dir.join(folder)).is_err_and(|error| error.kind() != io::ErrorKind::NotFound) {
                break;
            }
        }
    }
    Ok(())
}

/// Publishes to an empty directory with one rename, if that is possible. If not, the caller goes the other way, which also finds out
/// what to report. A mount point cannot be replaced; and the working directory must not be, as every process in it would be left in
/// a deleted one.
fn replace_empty(dir: &Path, units: &[Unit<'_>]) -> bool {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    let (Some(parent), Ok(found)) = (dir.parent(), fs::metadata(dir)) else {
        return false;
    };
    if found.permissions().readonly() || here.is_ok_and(|here| here.starts_with(dir)) {
        return false;
    }
    let Ok(mut staging) = Staging::new(parent) else {
        return false;
    };
    if fill(&staging.path, dir, units).is_err() || fs::rename(&staging.path, dir).is_err() {
        return false;
    }
    staging.keep();
    // The new directory is this process's own, so that it may give it the former one's permissions.
    let _ = fs::set_permissions(dir, found.permissions());
    true
}

/// Whether there is something to do for a unit, and whether it can be done.
fn to_do(dir: &Path, unit: &Unit<'_>) -> Result<bool, PublishError> {
    let occupied = |path: PathBuf, reason| Err(PublishError::Occupied { path, reason });
    for folder in parents(unit.path) {
        let path = dir.join(folder);
        match kind(&path)? {
            None => return Ok(unit.content.is_some()),
            Some(found) if found.is_dir() => {}
            // Nothing to write and nothing of ours to remove.
            Some(_) if unit.content.is_none() => return Ok(false),
            Some(found) if found.is_symlink() => {
                return occupied(path, "it is a symbolic link where a folder is needed");
            }
            Some(_) => return occupied(path, "it is a file where a folder is needed"),
        }
    }
    let path = dir.join(unit.path);
    match (kind(&path)?, unit.content) {
        (None, content) => Ok(content.is_some()),
        (Some(_), Some(_)) if !unit.owned => occupied(path, "it exists already and is not of this tool's making"),
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

/// Moves every former file out of the directory and every new one into it.
fn exchange(dir: &Path, units: &[Unit<'_>], staging: &Staging, moves: &mut Moves) -> Result<(), PublishError> {
    let (new, old) = (staging.new_files(), staging.old_files());
    for unit in units {
        let target = dir.join(unit.path);
        let reachable =
            parents(unit.path).all(|folder| fs::symlink_metadata(dir.join(folder)).is_ok_and(|found| found.is_dir()));
        if reachable && kind(&target)?.is_some() {
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
        if unit.content.is_some() {
            for folder in parents(unit.path) {
                moves.create_dir(&dir.join(folder))?;
            }
            moves.rename(&new.join(unit.path), &target, &target)?;
        }
    }
    Ok(())
}

/// What has been done to the directory, to be undone in reverse.
#[derive(Default)]
struct Moves {
    done: Vec<Step>,
}

enum Step {
    Renamed { from: PathBuf, to: PathBuf },
    Created(PathBuf),
}

impl Moves {
    fn rename(&mut self, from: &Path, to: &Path, blamed: &Path) -> Result<(), PublishError> {
        fs::rename(from, to).context("replace", blamed)?;
        self.done.push(Step::Renamed { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn create_dir(&mut self, path: &Path) -> Result<(), PublishError> {
        match fs::create_dir(path) {
            Ok(()) => {
                self.done.push(Step::Created(path.to_owned()));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::symlink_metadata(path) {
                Ok(found) if found.is_dir() => Ok(()),
                _ => Err(error).context("create", path),
            },
            Err(error) => Err(error).context("create", path),
        }
    }

    /// Undoes as much as the system permits; the first refusal is returned.
    fn undo(&mut self) -> Result<(), (PathBuf, io::Error)> {
        let mut refused = Ok(());
        while let Some(step) = self.done.pop() {
            let (path, result) = match step {
                Step::Renamed { from, to } => {
                    let result = fs::rename(&to, &from);
                    (from, result)
                }
                Step::Created(path) => {
                    let result = fs::remove_dir(&path);
                    (path, result)
                }
            };
            if let (Err(error), Ok(())) = (result, &refused) {
                refused = Err((path, error));
            }
        }
        refused
    }
}

/// Fewer files than this are not worth a second thread.
const WORTH_A_THREAD: usize = 12;

/// Writes all new files below `root`; an error names the place in `target` that a file is meant for. Making files is what
/// publishing costs, and most systems make them at once in different folders: two threads share them.
fn fill(root: &Path, target: &Path, units: &[Unit<'_>]) -> Result<(), PublishError> {
    let files: Vec<(&str, &[u8])> = units.iter().filter_map(|unit| Some((unit.path, unit.content?))).collect();
    let write = |files: &[(&str, &[u8])]| {
        let mut folders = BTreeSet::new();
        files.iter().try_for_each(|(path, content)| {
            for folder in parents(path).filter(|folder| folders.insert(*folder)) {
                match fs::create_dir(root.join(folder)) {
                    // The other thread needs it too.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    made => made.context("create", &target.join(folder))?,
                }
            }
            let written = fs::File::create_new(root.join(path)).and_then(|mut open| open.write_all(content));
            written.context("write", &target.join(path))
        })
    };
    // A half each, not a file: two that make files in one folder wait for each other.
    let (one, other) = files.split_at(files.len() / 2);
    let halves = shared(files.len() >= WORTH_A_THREAD, 2, || (), |(), half| write([one, other][half]));
    // The fault of the earlier file, as if they had been written in order.
    halves.into_iter().collect()
}

/// A directory beside or in the target, removed when dropped. It becomes a target that is new; else it holds the files on their way
/// in (`new`) and out (`old`), each folder made when it is needed: a file system may look for a while at what was removed
/// whenever it makes something new.
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

    /// Writes all new files on their way in.
    fn fill(&self, target: &Path, units: &[Unit<'_>]) -> Result<(), PublishError> {
        let new = self.new_files();
        fs::create_dir(&new).context("create", &new)?;
        fill(&new, target, units)
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
        let units = plan(&owned, &files).unwrap();
        {
            let staging = Staging::new(&dir).unwrap();
            // Appears after the checks: a folder that cannot be replaced by the file of the last unit.
            let mut units = units;
            units.push(Unit { path: "taken", owned: false, content: Some(b"new") });
            staging.fill(&dir, &units).unwrap();
            put(&dir, "taken/mine", "mine");
            let mut moves = Moves::default();
            let error = exchange(&dir, &units, &staging, &mut moves).unwrap_err();
            assert!(matches!(error, PublishError::Occupied { .. }), "{error}");
            assert!(dir.join("platform/ecs/task.json").exists());
            moves.undo().unwrap();
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
