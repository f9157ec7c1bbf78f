//! Stores of behaviour profiles: documents in a directory or in S3, an index of their metadata in SQLite, PostgreSQL or
//! Aurora DSQL, and the [`Store`] that joins one of each.
//!
//! What holds whatever dies and whenever, and the order of steps that makes it hold:
//!
//! - *Nothing acknowledged is lost, nothing listed is unreadable.* A creation reserves its id in the index, writes the
//!   document, then publishes the row. A deletion removes the row, then the document.
//! - *Nothing that is being written is collected.* A row is published only while its reservation stands, and a document
//!   is collected only when it has neither row nor reservation: by then it can never get one. No clock decides this; the
//!   age of a reservation only says when [`Store::collect`] takes it away.
//! - *An index and the documents that it lists stay together.* Both carry the store's identity; a pair that does not
//!   match is refused, so that nothing is collected because it was looked up in the wrong place.
//! - *At most one baseline per cluster and namespace.* It is a key.
//!
//! Shown at work by `tests/store/`: one contract over every pair of stores, and a process that is killed at every step.

pub mod documents;
mod error;
pub mod index;
mod list;
mod location;
pub mod steps;

pub use error::StoreError;
pub use list::{Cursor, Filter, InvalidCursor, Page, PageSize};
pub use location::{DocumentsAt, IndexAt, InvalidLocation, Location, S3At, masked};

use crate::model::Digest;
use crate::model::behaviour::{BehaviourProfile, ProfileId, ProfileMetadata, Timestamp};
use documents::Documents;
use index::{Index, Row};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;
use steps::reached;

/// Behaviour profiles, kept safe: documents and their index.
#[derive(Clone)]
pub struct Store {
    documents: Arc<dyn Documents>,
    index: Arc<dyn Index>,
}

/// What a deletion did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Why the document is still there, where it is: the profile is gone all the same, and [`Store::collect`] removes what
    /// is left.
    pub left: Option<String>,
}

/// What [`Store::collect`] removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Collected {
    /// Documents that no row listed and no creation was about to list.
    pub documents: Vec<ProfileId>,
    /// Reservations of creations that never came to an end.
    pub reservations: u64,
}

impl Store {
    /// Opens the stores at this location: makes what is missing, brings the index up to date, and makes sure that the two
    /// belong together. Safe to be done by many processes at once.
    ///
    /// # Errors
    ///
    /// If one of them cannot be reached, or they do not belong together.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let documents: Arc<dyn Documents> = match &location.documents {
            DocumentsAt::Directory(dir) => Arc::new(documents::Directory::open(dir).await?),
            DocumentsAt::S3(at) => Arc::new(documents::S3::open(at).await?),
        };
        let index: Arc<dyn Index> = match &location.index {
            IndexAt::Sqlite(file) => Arc::new(index::Database::sqlite(file).await?),
            IndexAt::Postgres(url) => Arc::new(index::Database::postgres(url).await?),
            IndexAt::Dsql(at) => Arc::new(index::Database::dsql(at).await?),
        };
        Self::join(documents, index).await
    }

    /// Joins documents and an index, after making sure that they belong together.
    ///
    /// # Errors
    ///
    /// If one of them fails, or they do not belong together.
    pub async fn join(documents: Arc<dyn Documents>, index: Arc<dyn Index>) -> Result<Self, StoreError> {
        // The index first: it takes its identity last, so documents without one are then truly without.
        let here = index.identity().await?;
        let there = documents.identity().await?;
        match (there, here) {
            (Some(there), Some(here)) if there == here => {}
            (Some(_), Some(_)) => return Err(StoreError::Foreign),
            (None, None) => {
                let proposed = uuid::Uuid::now_v7().to_string();
                let identity = documents.identify(&proposed).await?;
                reached("open: documents identified");
                if index.identify(&identity).await? != identity {
                    return Err(StoreError::Foreign);
                }
            }
            (Some(there), None) => {
                // Either a first start that is not through, here or elsewhere, or an index that was lost.
                let (found, _) = documents.list(None).await?;
                if !found.is_empty() && index.identity().await?.is_none() {
                    return Err(StoreError::Foreign);
                }
                if index.identify(&there).await? != there {
                    return Err(StoreError::Foreign);
                }
            }
            (None, Some(here)) => {
                if !index.list(&Filter::default(), PageSize::ONE, None).await?.profiles.is_empty()
                    || documents.identify(&here).await? != here
                {
                    return Err(StoreError::Foreign);
                }
            }
        }
        Ok(Store { documents, index })
    }

    /// Keeps a new profile. When this returns, the profile is listed, readable, and survives the loss of power.
    ///
    /// # Errors
    ///
    /// If the profile's identity has faults, a store fails, or the creation took so long that its reservation was
    /// collected. Nothing is listed then, unless it was the answer alone that got lost.
    pub async fn create(&self, profile: &BehaviourProfile) -> Result<ProfileMetadata, StoreError> {
        let faults = profile.faults();
        if !faults.is_empty() {
            return Err(StoreError::Invalid(faults));
        }
        let mut profile = profile.clone();
        profile.is_baseline = false;
        let document =
            serde_json::to_vec(&profile).map_err(|fault| StoreError::unreadable(profile.id, &fault.to_string()))?;
        let row = Row { metadata: profile.metadata(), digest: digest(&document) };
        let id = profile.id;
        self.index.reserve(id, Timestamp::of(SystemTime::now())).await?;
        reached("create: reserved");
        if let Err(error) = self.documents.put(id, document).await {
            // Without its reservation the document, should it be there after all, is an orphan.
            let _ = self.index.release(id).await;
            return Err(error);
        }
        reached("create: document written");
        if !self.index.publish(&row).await? {
            let _ = self.documents.delete(id).await;
            return Err(StoreError::Expired { id });
        }
        reached("create: published");
        Ok(row.metadata)
    }

    /// The profile of this id, as it was created; whether it is a baseline is as of now.
    ///
    /// # Errors
    ///
    /// If there is none, a store fails, or the document is not what was written.
    pub async fn get(&self, id: ProfileId) -> Result<BehaviourProfile, StoreError> {
        let row = self.index.get(id).await?.ok_or_else(|| StoreError::not_found(id))?;
        let Some(document) = self.documents.get(id).await? else {
            // Deleted between the two, or lost.
            return match self.index.get(id).await? {
                None => Err(StoreError::not_found(id)),
                Some(_) => Err(StoreError::unreadable(id, "its document is missing")),
            };
        };
        if digest(&document) != row.digest {
            return Err(StoreError::unreadable(id, "its document is not what was written"));
        }
        let mut profile: BehaviourProfile =
            serde_json::from_slice(&document).map_err(|fault| StoreError::unreadable(id, &fault.to_string()))?;
        profile.is_baseline = row.metadata.is_baseline;
        Ok(profile)
    }

    /// The profiles that match, newest first: one page of metadata, and where the next one starts.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn list(&self, filter: &Filter, size: PageSize, after: Option<&Cursor>) -> Result<Page, StoreError> {
        self.index.list(filter, size, after).await
    }

    /// The newest profile of a cluster and namespace; `None` is the cluster as a whole.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn newest(&self, cluster: &str, namespace: Option<&str>) -> Result<Option<ProfileMetadata>, StoreError> {
        let filter =
            Filter { cluster: Some(cluster.to_owned()), namespace: namespace.map(str::to_owned), ..Filter::default() };
        let mut next = None;
        loop {
            let page = self.list(&filter, PageSize::default(), next.as_ref()).await?;
            // A filter without a namespace takes every one.
            let found = page.profiles.into_iter().find(|profile| profile.namespace.as_deref() == namespace);
            next = page.next;
            if found.is_some() || next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Makes a profile the baseline of its cluster and namespace, in the place of the one before.
    ///
    /// # Errors
    ///
    /// If there is no such profile, or the index fails.
    pub async fn set_baseline(&self, id: ProfileId) -> Result<ProfileMetadata, StoreError> {
        let set = self.index.set_baseline(id).await?;
        reached("baseline: set");
        set.ok_or_else(|| StoreError::not_found(id))
    }

    /// The baseline of a cluster and namespace; `None` is the cluster as a whole.
    ///
    /// # Errors
    ///
    /// If the index fails.
    pub async fn baseline(
        &self,
        cluster: &str,
        namespace: Option<&str>,
    ) -> Result<Option<ProfileMetadata>, StoreError> {
        self.index.baseline(cluster, namespace).await
    }

    /// Deletes a profile; where it is a baseline, its cluster and namespace have none afterwards.
    ///
    /// # Errors
    ///
    /// If there is no such profile, or the index fails.
    pub async fn delete(&self, id: ProfileId) -> Result<Deletion, StoreError> {
        if !self.index.remove(id).await? {
            return Err(StoreError::not_found(id));
        }
        reached("delete: removed from index");
        let left = self.documents.delete(id).await.err().map(|error| error.to_string());
        reached("delete: document removed");
        Ok(Deletion { left })
    }

    /// Removes what crashes have left: reservations made before this time, and documents that nothing lists or is about to.
    ///
    /// # Errors
    ///
    /// If a store fails; what was removed until then stays removed.
    pub async fn collect(&self, before: Timestamp) -> Result<Collected, StoreError> {
        let mut collected = Collected { reservations: self.index.expire(before).await?, ..Collected::default() };
        reached("collect: reservations expired");
        let mut next = None;
        loop {
            // First the documents, then their rows: a reservation is older than its document, so a document that has
            // neither by now can never be listed.
            let (found, following) = self.documents.list(next).await?;
            let known: BTreeSet<ProfileId> = self.index.known(&found).await?;
            for id in found.into_iter().filter(|id| !known.contains(id)) {
                self.documents.delete(id).await?;
                reached("collect: document removed");
                collected.documents.push(id);
            }
            match following {
                Some(following) => next = Some(following),
                None => return Ok(collected),
            }
        }
    }

    /// The documents, as they are.
    #[must_use]
    pub fn documents(&self) -> &Arc<dyn Documents> {
        &self.documents
    }

    /// The index, as it is.
    #[must_use]
    pub fn index(&self) -> &Arc<dyn Index> {
        &self.index
    }

    /// Whether both stores answer, and still belong together: what is gone answers too.
    ///
    /// # Errors
    ///
    /// The first failure.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let (here, there) = (self.index.identity().await?, self.documents.identity().await?);
        if here.is_some() && here == there { Ok(()) } else { Err(StoreError::Foreign) }
    }
}

/// What a row remembers of its document.
fn digest(document: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.feed_bytes(document);
    digest.finish()
}
