//! Points in time, windows and identifiers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

/// The longest window that a behaviour profile may cover.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a window is of which only one end is said.
pub const USUAL_WINDOW: Duration = Duration::from_secs(60 * 60);

/// A point in time, in UTC, to the microsecond; RFC 3339 outside.
///
/// Digits beyond the microsecond are cut off, an offset is converted to UTC. The year lies between 0000 and 9999, as RFC
/// 3339 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(jiff::Timestamp);

/// A text that is no RFC 3339 time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no RFC 3339 time such as 2026-01-31T12:00:00Z", super::super::clipped(.0))]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// 1 January of the year 0000, in microseconds before 1970.
    const FIRST: i64 = -62_167_219_200_000_000;

    /// The point this many microseconds after the start of 1970; none outside the years 0000 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        (micros >= Self::FIRST).then(|| jiff::Timestamp::from_microsecond(micros).ok()).flatten().map(Self)
    }

    /// Microseconds after the start of 1970.
    #[must_use]
    pub fn as_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    /// The time of a clock that the caller has read; the start of 1970 for a clock beyond the year 9999.
    #[must_use]
    pub fn of(clock: SystemTime) -> Self {
        let micros = jiff::Timestamp::try_from(clock).map_or(0, jiff::Timestamp::as_microsecond);
        Self::from_micros(micros).unwrap_or(Self(jiff::Timestamp::UNIX_EPOCH))
    }

    /// The point this much earlier, or the earliest there is.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let micros = self.as_micros().saturating_sub(span).max(Self::FIRST);
        Self::from_micros(micros).unwrap_or(self)
    }

    /// How long after `earlier`; none where it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<Duration> {
        let micros = self.as_micros().checked_sub(earlier.as_micros())?;
        u64::try_from(micros).ok().filter(|micros| *micros > 0).map(Duration::from_micros)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let invalid = || InvalidTimestamp(text.to_owned());
        // What the parser takes beyond RFC 3339: a zone's name in brackets.
        if text.contains('[') {
            return Err(invalid());
        }
        let read = text.parse::<jiff::Timestamp>().map_err(|_| invalid())?;
        // Towards the past, so that a window never begins later than it was said to.
        let micros = read.as_nanosecond().div_euclid(1000);
        i64::try_from(micros).ok().and_then(Self::from_micros).ok_or_else(invalid)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> String {
        time.to_string()
    }
}

/// The window of a behaviour profile: it ends after it starts, and is at most [`LONGEST_WINDOW`] long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

/// Why two points in time are no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowFault {
    /// The end is not after the start.
    #[error("the window ends at {end}, which is not after its start at {start}")]
    Backwards {
        /// Where it starts.
        start: Timestamp,
        /// Where it ends.
        end: Timestamp,
    },
    /// It lies ahead.
    #[error("the window begins at {start}, which is not before now, {now}: nothing is known of it yet")]
    NotBegun {
        /// Where it starts.
        start: Timestamp,
        /// What the clock said.
        now: Timestamp,
    },
    /// It is longer than [`LONGEST_WINDOW`].
    #[error("the window from {start} to {end} is longer than 24 h")]
    TooLong {
        /// Where it starts.
        start: Timestamp,
        /// Where it ends.
        end: Timestamp,
    },
}

impl Window {
    /// The window between two points in time.
    ///
    /// # Errors
    ///
    /// If the end is not after the start, or more than 24 h after it.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, WindowFault> {
        match end.since(start) {
            None => Err(WindowFault::Backwards { start, end }),
            Some(length) if length > LONGEST_WINDOW => Err(WindowFault::TooLong { start, end }),
            Some(_) => Ok(Window { start, end }),
        }
    }

    /// Where it starts.
    #[must_use]
    pub fn start(self) -> Timestamp {
        self.start
    }

    /// Where it ends.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.end
    }

    /// How long it is.
    #[must_use]
    pub fn length(self) -> Duration {
        self.end.since(self.start).unwrap_or_default()
    }
}

/// The identifier of a behaviour profile: a UUID whose first half is the time it was made, so that they sort by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileId(uuid::Uuid);

/// A text that cannot be the identifier of a behaviour profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no profile id: 32 hexadecimal digits in groups of 8-4-4-4-12", super::super::clipped(.0))]
pub struct InvalidProfileId(String);

impl ProfileId {
    /// A new identifier for what is made at this time.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        let micros = at.as_micros().max(0).unsigned_abs();
        let (seconds, nanos) = (micros / 1_000_000, (micros % 1_000_000) as u32 * 1000);
        ProfileId(uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)))
    }

    /// The identifier of these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        ProfileId(uuid::Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for ProfileId {
    type Err = InvalidProfileId;

    fn from_str(text: &str) -> Result<Self, InvalidProfileId> {
        // Only the one spelling that is written: a name of a file or an object has no others.
        let read = uuid::Uuid::try_parse(text).ok().map(Self).filter(|id| id.to_string() == text);
        read.ok_or_else(|| InvalidProfileId(text.to_owned()))
    }
}

impl TryFrom<String> for ProfileId {
    type Error = InvalidProfileId;

    fn try_from(text: String) -> Result<Self, InvalidProfileId> {
        text.parse()
    }
}

impl From<ProfileId> for String {
    fn from(id: ProfileId) -> String {
        id.to_string()
    }
}
