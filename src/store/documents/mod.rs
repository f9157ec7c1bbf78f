//! Where the documents of behaviour profiles are: whole, by id.

mod directory;
mod s3;

pub use directory::Directory;
pub(super) use directory::make_folder;
pub use s3::S3;

use super::StoreError;
use crate::model::behaviour::ProfileId;
use async_trait::async_trait;

/// Documents by id.
#[async_trait]
pub trait Documents: Send + Sync {
    /// The identity of the store that these documents belong to, where one was given.
    async fn identity(&self) -> Result<Option<String>, StoreError>;

    /// Gives these documents an identity, unless they have one; the one that they have then.
    async fn identify(&self, proposed: &str) -> Result<String, StoreError>;

    /// Writes a document: when this returns, it survives the loss of power. A reader sees all of it or nothing.
    async fn put(&self, id: ProfileId, document: Vec<u8>) -> Result<(), StoreError>;

    /// The document of this id.
    async fn get(&self, id: ProfileId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Removes a document and what an unfinished [`Documents::put`] has left of it. One that is not there is removed
    /// already.
    async fn delete(&self, id: ProfileId) -> Result<(), StoreError>;

    /// Some of the ids of which there is a document or the rest of one, and the mark to ask for more with.
    async fn list(&self, after: Option<String>) -> Result<(Vec<ProfileId>, Option<String>), StoreError>;
}
