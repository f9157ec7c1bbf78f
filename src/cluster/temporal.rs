//! The version of a Temporal server, asked of its frontend's HTTP API.

use super::{AskError, InvalidAddress, PATIENCE, base, refused, sent};
use crate::upstream;
use reqwest::{Client, Url};
use semver::Version;
use serde::Deserialize;

const WHOM: &str = "the Temporal frontend";

/// The calls whose answer has the version, GetClusterInfo and GetSystemInfo: where one is not allowed, the other may be.
const PATHS: [&str; 2] = ["api/v1/cluster-info", "api/v1/system-info"];

/// The HTTP API of a Temporal frontend; a server has it on port 7243 unless its configuration says otherwise.
#[derive(Debug, Clone)]
pub struct Frontend {
    client: Client,
    base: Url,
}

#[derive(Deserialize)]
struct Info {
    #[serde(rename = "serverVersion")]
    server_version: String,
}

impl Frontend {
    /// The frontend at this address, such as `http://temporal:7243`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// If it is no http or https URL, or has credentials.
    pub fn at(address: &str) -> Result<Self, InvalidAddress> {
        let client = upstream::client(PATIENCE).build().map_err(|_| InvalidAddress::Url)?;
        Ok(Frontend { client, base: base(address)? })
    }

    /// The version of the server that answers.
    ///
    /// # Errors
    ///
    /// See [`AskError`].
    pub async fn server_version(&self) -> Result<Version, AskError> {
        match self.version_at(PATHS[0]).await {
            Err(AskError::Refused { status, .. }) if status < 500 => self.version_at(PATHS[1]).await,
            answer => answer,
        }
    }

    async fn version_at(&self, path: &str) -> Result<Version, AskError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        let (status, body) = upstream::tried(|| sent(WHOM, self.client.get(url.clone()))).await?;
        if !status.is_success() {
            return Err(refused(WHOM, status, &body));
        }
        let malformed = |why: String| AskError::Malformed { whom: WHOM, why };
        let info: Info = serde_json::from_slice(&body).map_err(|fault| malformed(fault.to_string()))?;
        let text = info.server_version.trim();
        Version::parse(text.strip_prefix('v').unwrap_or(text))
            .map_err(|fault| malformed(format!("`{}` is no version: {fault}", crate::model::clipped(text))))
    }
}
