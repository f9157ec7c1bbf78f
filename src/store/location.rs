//! Where a store is: what `--store`, `--documents` and `--bucket` name, and how it is shown without its secrets.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where the index and the documents of a store are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The index.
    pub index: IndexAt,
    /// The documents.
    pub documents: DocumentsAt,
}

/// Where an index is.
#[derive(Clone, PartialEq, Eq)]
pub enum IndexAt {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by its URL.
    Postgres(String),
    /// An Aurora DSQL cluster.
    Dsql(DsqlAt),
}

/// An Aurora DSQL cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsqlAt {
    /// Its endpoint's host name.
    pub host: String,
    /// The database user.
    pub user: String,
    /// Its region.
    pub region: String,
}

/// Where documents are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentsAt {
    /// A directory.
    Directory(PathBuf),
    /// A bucket.
    S3(S3At),
}

/// A bucket of S3 or of what speaks its protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3At {
    /// The bucket.
    pub bucket: String,
    /// What every object's key begins with; empty, or ending in `/`.
    pub prefix: String,
    /// The endpoint of a service other than Amazon's; it is addressed with the bucket in the path.
    pub endpoint: Option<String>,
    /// The region, where the environment does not say it.
    pub region: Option<String>,
}

/// A place that cannot be a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocation {
    /// The URL's scheme is none of an index.
    #[error("`{0}` is no store: a directory, postgres://… or dsql://…")]
    Scheme(String),
    /// An endpoint of Aurora DSQL that does not say its region.
    #[error("`{0}` is no endpoint of Aurora DSQL: its name ends in .dsql.REGION.on.aws")]
    Endpoint(String),
    /// A database without a place for documents.
    #[error("a database holds only the index: name a place for the documents too")]
    NoDocuments,
    /// Two places for documents.
    #[error("documents go to one place: a bucket or a directory")]
    TwoPlaces,
}

impl Location {
    /// Index and documents in one directory.
    #[must_use]
    pub fn directory(dir: &Path) -> Self {
        Location { index: IndexAt::Sqlite(dir.join("index.sqlite")), documents: DocumentsAt::Directory(dir.to_owned()) }
    }

    /// The index at a directory or a URL; the documents in a bucket or a directory, or beside an index in a directory.
    ///
    /// # Errors
    ///
    /// If the URL is of no store, or the place of the documents is not said, or said twice.
    pub fn new(store: &str, documents: Option<&Path>, bucket: Option<S3At>) -> Result<Self, InvalidLocation> {
        let (index, beside) = match store.split_once("://") {
            None => (IndexAt::Sqlite(Path::new(store).join("index.sqlite")), Some(PathBuf::from(store))),
            Some(("postgres" | "postgresql", rest)) => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                let host = host.split(['/', ':', '?']).next().unwrap_or_default();
                match DsqlAt::of(host, rest) {
                    Some(at) => (IndexAt::Dsql(at), None),
                    None => (IndexAt::Postgres(store.to_owned()), None),
                }
            }
            Some(("dsql", rest)) => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                let host = host.split(['/', ':', '?']).next().unwrap_or_default();
                let at = DsqlAt::of(host, rest).ok_or_else(|| InvalidLocation::Endpoint(host.to_owned()))?;
                (IndexAt::Dsql(at), None)
            }
            Some(_) => return Err(InvalidLocation::Scheme(masked(store))),
        };
        let documents = match (bucket, documents, beside) {
            (Some(_), Some(_), _) => return Err(InvalidLocation::TwoPlaces),
            (Some(at), None, _) => DocumentsAt::S3(at),
            (None, Some(dir), _) => DocumentsAt::Directory(dir.to_owned()),
            (None, None, Some(dir)) => DocumentsAt::Directory(dir),
            (None, None, None) => return Err(InvalidLocation::NoDocuments),
        };
        Ok(Location { index, documents })
    }
}

impl DsqlAt {
    /// The cluster of an endpoint `ID.dsql.REGION.on.aws`.
    fn of(host: &str, rest: &str) -> Option<Self> {
        let region = host.strip_suffix(".on.aws")?.split_once(".dsql.")?.1;
        let user = rest.split_once('@').map_or("admin", |(user, _)| user.split(':').next().unwrap_or_default());
        Some(DsqlAt { host: host.to_owned(), user: user.to_owned(), region: region.to_owned() })
    }
}

impl fmt::Display for IndexAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IndexAt::Sqlite(file) => write!(f, "{}", file.display()),
            IndexAt::Postgres(url) => f.write_str(&masked(url)),
            IndexAt::Dsql(at) => write!(f, "dsql://{}@{}", at.user, at.host),
        }
    }
}

// By hand: a URL has a password.
impl fmt::Debug for IndexAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for DocumentsAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DocumentsAt::Directory(dir) => write!(f, "{}", dir.display()),
            DocumentsAt::S3(at) => {
                write!(f, "s3://{}/{}", at.bucket, at.prefix)?;
                at.endpoint.as_deref().map_or(Ok(()), |endpoint| write!(f, " at {}", masked(endpoint)))
            }
        }
    }
}

/// The text without the credentials of the URLs in it: what stands before the `@` of an authority, and the values of
/// `password`, `token`, `secret` and signatures in a query.
#[must_use]
pub fn masked(text: &str) -> String {
    const MASK: &str = "***";
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        // A password may hold any character that its writer forgot to escape: the last `@` before white space ends it.
        let end = after.find(|c: char| c.is_whitespace() || c == '"' || c == '`').unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => {
                shown.push_str(MASK);
                &after[at..]
            }
            None => after,
        };
    }
    shown.push_str(rest);
    for name in ["password=", "token=", "secret=", "Signature=", "Credential="] {
        let mut from = 0;
        while let Some(at) = shown[from..].find(name) {
            let start = from + at + name.len();
            let end = shown[start..]
                .find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '`' | ','))
                .map_or(shown.len(), |end| start + end);
            shown.replace_range(start..end, MASK);
            from = start + MASK.len();
        }
    }
    shown
}
