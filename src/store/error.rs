//! What can go wrong with a store. No message ever has a secret: texts from outside go through [`masked`].

use super::location::masked;
use crate::model::behaviour::{ProfileFault, ProfileId};

/// Why a store did not do what it was asked for.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no profile of this id.
    #[error("there is no behaviour profile `{id}`")]
    NotFound {
        /// What was asked for.
        id: String,
    },
    /// The profile's identity cannot stand.
    #[error("the profile cannot be kept: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<ProfileFault>),
    /// The id is taken.
    #[error("there is a behaviour profile `{id}` already")]
    Taken {
        /// The id.
        id: ProfileId,
    },
    /// The creation took so long that its reservation was collected.
    #[error("creating the profile `{id}` took so long that its reservation was collected; nothing was kept")]
    Expired {
        /// The id.
        id: ProfileId,
    },
    /// The index and the documents carry different identities.
    #[error(
        "the index and the documents do not belong together: another pair of stores was named than the one that was filled, or one of the two was lost"
    )]
    Foreign,
    /// A listed profile cannot be read.
    #[error("the behaviour profile `{id}` cannot be read: {why}")]
    Unreadable {
        /// The id.
        id: ProfileId,
        /// Why.
        why: String,
    },
    /// The document store failed.
    #[error("the document store failed to {doing}: {cause}")]
    Documents {
        /// What it was doing.
        doing: &'static str,
        /// The causes, outermost first.
        cause: String,
    },
    /// The index failed, or cannot be reached.
    #[error("the index failed to {doing}: {cause}")]
    Index {
        /// What it was doing.
        doing: &'static str,
        /// The causes, outermost first.
        cause: String,
    },
    /// The transaction met others so often that it was given up.
    #[error("the index is too busy to {doing}: {attempts} attempts met other transactions")]
    Busy {
        /// What it was doing.
        doing: &'static str,
        /// How often it was tried.
        attempts: u32,
    },
}

impl StoreError {
    /// There is no profile of this id.
    #[must_use]
    pub fn not_found(id: impl ToString) -> Self {
        StoreError::NotFound { id: id.to_string() }
    }

    /// What to do about it, where something can be done.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            StoreError::NotFound { .. } => Some("`tdsql profile list` shows the profiles of this store"),
            StoreError::Foreign => Some(
                "name the index and the documents that were used together, or an empty index with an empty place for documents",
            ),
            StoreError::Expired { .. } | StoreError::Busy { .. } => Some("try again"),
            _ => None,
        }
    }

    pub(super) fn unreadable(id: ProfileId, why: &str) -> Self {
        StoreError::Unreadable { id, why: why.to_owned() }
    }

    pub(super) fn documents(doing: &'static str, error: &dyn std::error::Error) -> Self {
        StoreError::Documents { doing, cause: causes(error) }
    }

    pub(super) fn index(doing: &'static str, error: &dyn std::error::Error) -> Self {
        StoreError::Index { doing, cause: causes(error) }
    }
}

/// The error and its causes in one line, secrets masked.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        // Many errors repeat their cause.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = cause.source();
    }
    masked(&text)
}
