//! Tokens of IAM for Aurora DSQL: made here, without a request, and made anew before they expire.

use crate::store::StoreError;
use crate::store::location::DsqlAt;
use aws_config::{Region, SdkConfig};
use aws_sdk_dsql::auth_token::{AuthTokenGenerator, Config};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long a token is good for; an open connection outlives it.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// The age at which it is replaced: what is made from it after this would still be accepted for a while.
const RENEWAL: Duration = Duration::from_secs(10 * 60);

/// Where tokens come from.
pub(super) struct Tokens {
    at: DsqlAt,
    settings: SdkConfig,
    made: Mutex<Instant>,
}

impl Tokens {
    pub(super) async fn new(at: &DsqlAt) -> Self {
        let settings = crate::aws::settings(Some(&at.region), None).await;
        Tokens { at: at.clone(), settings, made: Mutex::new(Instant::now()) }
    }

    pub(super) fn host(&self) -> &str {
        &self.at.host
    }

    pub(super) fn user(&self) -> &str {
        &self.at.user
    }

    /// A new token.
    async fn make(&self) -> Result<String, StoreError> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::index("make an IAM token", &*error);
        let config = Config::builder()
            .hostname(&self.at.host)
            .region(Region::new(self.at.region.clone()))
            .expires_in(LIFE.as_secs())
            .build()
            .map_err(failed)?;
        let generator = AuthTokenGenerator::new(config);
        let token = if self.at.user == "admin" {
            generator.db_connect_admin_auth_token(&self.settings).await
        } else {
            generator.db_connect_auth_token(&self.settings).await
        };
        token.map(|token| token.as_str().to_owned()).map_err(failed)
    }

    /// The first token.
    pub(super) async fn first(&self) -> Result<String, StoreError> {
        let mut made = self.made.lock().await;
        let token = self.make().await?;
        *made = Instant::now();
        Ok(token)
    }

    /// A new token, where the last one has become old.
    pub(super) async fn refreshed(&self) -> Result<Option<String>, StoreError> {
        let mut made = self.made.lock().await;
        if made.elapsed() < RENEWAL {
            return Ok(None);
        }
        let token = self.make().await?;
        *made = Instant::now();
        Ok(Some(token))
    }
}
