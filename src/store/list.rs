//! What a list is asked for with, and what it gives.

use crate::model::behaviour::{ProfileId, ProfileMetadata, Timestamp};
use std::fmt;
use std::str::FromStr;

/// Which profiles to list: those that match everything that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this cluster.
    pub cluster: Option<String>,
    /// Of this namespace.
    pub namespace: Option<String>,
    /// With this label.
    pub label: Option<String>,
    /// Whose window ends at this time or later.
    pub from: Option<Timestamp>,
    /// Whose window starts at this time or earlier.
    pub to: Option<Timestamp>,
}

impl Filter {
    /// The names that a filter has.
    pub const NAMES: [&'static str; 5] = ["cluster", "namespace", "label", "from", "to"];

    /// Whether a profile matches; windows that only touch a bound do.
    #[must_use]
    pub fn matches(&self, profile: &ProfileMetadata) -> bool {
        let same = |asked: &Option<String>, found: Option<&str>| asked.as_deref().is_none_or(|a| Some(a) == found);
        same(&self.cluster, Some(&profile.cluster_id))
            && same(&self.namespace, profile.namespace.as_deref())
            && same(&self.label, profile.label.as_deref())
            && self.from.is_none_or(|from| profile.time_window_end >= from)
            && self.to.is_none_or(|to| profile.time_window_start <= to)
    }
}

/// Profiles per page: 1 to 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// One profile.
    pub const ONE: PageSize = PageSize(1);
    /// The most.
    pub const MOST: PageSize = PageSize(1000);

    /// A page of so many profiles; none outside 1 to 1000.
    #[must_use]
    pub fn new(profiles: u16) -> Option<Self> {
        (1..=Self::MOST.0).contains(&profiles).then_some(PageSize(profiles))
    }

    /// How many profiles.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        PageSize(50)
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The profiles, newest first.
    pub profiles: Vec<ProfileMetadata>,
    /// Where the next page starts; none on the last.
    pub next: Option<Cursor>,
}

/// Where a page starts: behind this profile. Opaque outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) created_at: Timestamp,
    pub(super) id: ProfileId,
}

/// A text that is no cursor of this service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one that a list has given")]
pub struct InvalidCursor;

impl Cursor {
    /// Behind this profile.
    #[must_use]
    pub fn behind(profile: &ProfileMetadata) -> Self {
        Cursor { created_at: profile.created_at, id: profile.id }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.created_at.as_micros(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let read = || {
            let (micros, id) = text.split_once('-')?;
            let micros = u64::from_str_radix(micros, 16).ok()?.cast_signed();
            let cursor = Cursor { created_at: Timestamp::from_micros(micros)?, id: id.parse().ok()? };
            (cursor.to_string() == text).then_some(cursor)
        };
        read().ok_or(InvalidCursor)
    }
}
