//! AWS Signature Version 4 over requests.

use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use std::time::SystemTime;
use tokio::sync::OnceCell;

/// Signs with the credentials that the environment, a profile, a task or an instance gives; they are looked up at the first
/// request and kept fresh.
#[derive(Debug)]
pub(crate) struct Signer {
    region: String,
    service: String,
    credentials: OnceCell<SharedCredentialsProvider>,
}

impl Signer {
    /// For requests to this service in this region.
    pub(crate) fn new(region: &str, service: &str) -> Self {
        Signer { region: region.to_owned(), service: service.to_owned(), credentials: OnceCell::new() }
    }

    /// The headers that make a POST with these headers and this body a signed one.
    pub(crate) async fn sign(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
        now: SystemTime,
    ) -> Result<Vec<(String, String)>, String> {
        let provider = self.credentials.get_or_try_init(|| self.provider()).await?;
        let credentials = provider.provide_credentials().await.map_err(|fault| fault.to_string())?;
        let identity = credentials.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|fault| fault.to_string())?
            .into();
        let request = SignableRequest::new("POST", url, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()))
            .map_err(|fault| fault.to_string())?;
        let (instructions, _) = sign(request, &params).map_err(|fault| fault.to_string())?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    async fn provider(&self) -> Result<SharedCredentialsProvider, String> {
        let config = super::settings(Some(&self.region), None).await;
        config.credentials_provider().ok_or_else(|| "there are no AWS credentials".to_owned())
    }
}
