//! AWS Signature Version 4 over requests.

use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::SystemTime;
use tokio::sync::OnceCell;

/// How parameters are sent.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Signs with the credentials that the environment, a profile, a task or an instance gives; they are looked up at the first
/// request and kept fresh.
#[derive(Debug)]
pub(super) struct Signer {
    region: String,
    service: String,
    credentials: OnceCell<SharedCredentialsProvider>,
}

impl Signer {
    pub(super) fn new(region: String, service: String) -> Self {
        Signer { region, service, credentials: OnceCell::new() }
    }

    /// The headers that make a request a signed one.
    pub(super) async fn sign(&self, url: &Url, body: &str, now: SystemTime) -> Result<HeaderMap, String> {
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
        let headers = std::iter::once(("content-type", FORM));
        let request = SignableRequest::new("POST", url.as_str(), headers, SignableBody::Bytes(body.as_bytes()))
            .map_err(|fault| fault.to_string())?;
        let (instructions, _) = sign(request, &params).map_err(|fault| fault.to_string())?.into_parts();
        let mut signed = HeaderMap::new();
        for (name, value) in instructions.headers() {
            let name = HeaderName::try_from(name).map_err(|fault| fault.to_string())?;
            let mut value = HeaderValue::try_from(value).map_err(|fault| fault.to_string())?;
            value.set_sensitive(true);
            signed.insert(name, value);
        }
        Ok(signed)
    }

    async fn provider(&self) -> Result<SharedCredentialsProvider, String> {
        let config = crate::aws::settings(Some(&self.region), None).await;
        config.credentials_provider().ok_or_else(|| "there are no AWS credentials".to_owned())
    }
}
