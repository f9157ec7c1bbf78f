//! The index of behaviour profiles: their metadata, reservations and baselines, in a SQL database.

mod database;
mod engine;
mod iam;
mod migrations;
pub mod sql;

pub use database::Database;

use super::{Cursor, Filter, Page, PageSize, StoreError};
use crate::model::behaviour::{ProfileId, ProfileMetadata, Timestamp};
use async_trait::async_trait;
use std::collections::BTreeSet;

/// What the index holds of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What a list shows.
    pub metadata: ProfileMetadata,
    /// SHA-256 of the document, as hexadecimal digits.
    pub digest: String,
}

/// Metadata, reservations and baselines. Each call is one transaction, tried again where it met another.
#[async_trait]
pub trait Index: Send + Sync {
    /// The identity of the store that this index belongs to, where one was given.
    async fn identity(&self) -> Result<Option<String>, StoreError>;

    /// Gives this index an identity, unless it has one; the one that it has then.
    async fn identify(&self, proposed: &str) -> Result<String, StoreError>;

    /// Reserves an id, before its document is written.
    async fn reserve(&self, id: ProfileId, now: Timestamp) -> Result<(), StoreError>;

    /// Gives a reservation up.
    async fn release(&self, id: ProfileId) -> Result<(), StoreError>;

    /// Turns a reservation into a listed profile; false where there is no reservation any more. To do it twice is to do it
    /// once.
    async fn publish(&self, row: &Row) -> Result<bool, StoreError>;

    /// Takes away every reservation made before this time, and counts them.
    async fn expire(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Those of these ids that are listed or reserved.
    async fn known(&self, ids: &[ProfileId]) -> Result<BTreeSet<ProfileId>, StoreError>;

    /// The row of this id.
    async fn get(&self, id: ProfileId) -> Result<Option<Row>, StoreError>;

    /// A page of the profiles that match, newest first.
    async fn list(&self, filter: &Filter, size: PageSize, after: Option<&Cursor>) -> Result<Page, StoreError>;

    /// Makes a profile the baseline of its cluster and namespace; none where there is no such profile.
    async fn set_baseline(&self, id: ProfileId) -> Result<Option<ProfileMetadata>, StoreError>;

    /// The baseline of a cluster and namespace.
    async fn baseline(&self, cluster: &str, namespace: Option<&str>) -> Result<Option<ProfileMetadata>, StoreError>;

    /// Removes a profile, as a baseline too; false where there is none.
    async fn remove(&self, id: ProfileId) -> Result<bool, StoreError>;
}
