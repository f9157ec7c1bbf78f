//! What a running cluster says of itself: the version of its server, the task definition that its tasks run. Only what the
//! operator's own settings name is ever asked.

mod ecs;
mod temporal;

pub use ecs::{Ecs, EcsAt};
pub use temporal::Frontend;

use crate::upstream::{self, Attempt, Broken};
use reqwest::{RequestBuilder, StatusCode};
use std::time::Duration;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes; what is asked for has a hundredth of it.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Why something was not told. No text has a credential, or the address that may hold one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// There is no connection, or it broke.
    #[error("{whom} cannot be reached: {why}")]
    Unreachable {
        /// Who was asked.
        whom: &'static str,
        /// The innermost cause.
        why: String,
    },
    /// It took too long.
    #[error("{whom} did not answer within {within:?}")]
    TimedOut {
        /// Who was asked.
        whom: &'static str,
        /// The time there was.
        within: Duration,
    },
    /// It refused.
    #[error("{whom} answered {status}: {detail}")]
    Refused {
        /// Who was asked.
        whom: &'static str,
        /// The HTTP status.
        status: u16,
        /// What it said, cut short.
        detail: String,
    },
    /// What it said is no answer.
    #[error("the answer of {whom} cannot be read: {why}")]
    Malformed {
        /// Who was asked.
        whom: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// It does not have what was asked for.
    #[error("{whom} has no {what}")]
    Missing {
        /// Who was asked.
        whom: &'static str,
        /// What it would be.
        what: String,
    },
    /// There are no credentials to sign with.
    #[error("the request to {whom} cannot be signed: {why}")]
    Credentials {
        /// Who would be asked.
        whom: &'static str,
        /// Why not.
        why: String,
    },
}

/// Settings that nobody can be asked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// The address is none.
    #[error("it is no http or https URL of a host")]
    Url,
    /// It has credentials.
    #[error("user and password have no place in it")]
    Credentials,
    /// The region is none.
    #[error("`{0}` is no region of AWS")]
    Region(String),
}

/// The URL of this text, if it leads to a host and has nothing secret; its path ends in `/`.
fn base(text: &str) -> Result<reqwest::Url, InvalidAddress> {
    let mut url = reqwest::Url::parse(text).map_err(|_| InvalidAddress::Url)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(InvalidAddress::Url);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidAddress::Credentials);
    }
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&format!("{}/", url.path().trim_end_matches('/')));
    Ok(url)
}

/// Sends a request once, and reads its answer: status and body.
async fn sent(whom: &'static str, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Attempt<AskError>> {
    let broken = |fault| match fault {
        Broken::Unreachable(why) => Attempt::Again(AskError::Unreachable { whom, why }, None),
        Broken::TimedOut => Attempt::Final(AskError::TimedOut { whom, within: PATIENCE }),
        Broken::TooLarge => {
            let why = format!("it has more than {LARGEST_ANSWER} bytes");
            Attempt::Final(AskError::Malformed { whom, why })
        }
    };
    let response = request.send().await.map_err(|fault| broken(upstream::broken(fault)))?;
    let (status, pause) = (response.status(), upstream::retry_after(&response));
    let body = upstream::read(response, LARGEST_ANSWER).await.map_err(broken)?;
    if upstream::may_pass(status) {
        Err(Attempt::Again(refused(whom, status, &body), pause))
    } else {
        Ok((status, body))
    }
}

/// What was refused, with what was said: AWS and gRPC both say it in a member `message`.
fn refused(whom: &'static str, status: StatusCode, body: &[u8]) -> AskError {
    #[derive(serde::Deserialize)]
    struct Said {
        #[serde(alias = "Message")]
        message: String,
    }
    let said = serde_json::from_slice::<Said>(body).map(|said| said.message);
    let detail = upstream::line(said.as_deref().map_or(body, str::as_bytes));
    AskError::Refused { whom, status: status.as_u16(), detail }
}
