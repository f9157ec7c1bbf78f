//! Where a source is, and how to be let in.

use crate::upstream;
use reqwest::{Certificate, Url};
use std::fmt;
use std::time::Duration;

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text, for the one place that sends it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// How requests are let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// They are not asked.
    None,
    /// User and password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token.
    Bearer(Secret),
    /// AWS Signature Version 4, with the credentials of the environment.
    SigV4 {
        /// The region of the workspace.
        region: String,
        /// The service that is signed for.
        service: String,
    },
}

/// Where a source is, and how to ask it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The base address, with path; without the API's own.
    base: Url,
    /// How requests are let in.
    pub auth: Auth,
    /// Headers of every request, such as a tenant's; their values count as secrets.
    pub headers: Vec<(String, Secret)>,
    /// Further parameters of every query.
    pub parameters: Vec<(String, String)>,
    /// A bundle of certificates to trust besides the system's, as PEM.
    pub ca: Option<Vec<u8>>,
    /// How long one request may take.
    pub timeout: Duration,
    /// How many requests may be under way at once.
    pub concurrency: usize,
}

/// Settings that no client can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsFault {
    /// The address is none.
    #[error("the address of the source is no http or https URL")]
    Address,
    /// A header that HTTP does not have.
    #[error("`{0}` cannot be a header, or its value cannot be sent")]
    Header(String),
    /// The certificates cannot be read.
    #[error("the certificates cannot be read: {0}")]
    Certificates(String),
    /// The client could not be made.
    #[error("no HTTP client can be made: {0}")]
    Client(String),
}

impl Settings {
    /// A source at this address, which is asked with care: 30 s a request, eight at once. User and password of the address
    /// are taken out of it.
    ///
    /// # Errors
    ///
    /// If it is no http or https URL.
    pub fn at(address: &str) -> Result<Self, SettingsFault> {
        let mut base = Url::parse(address).map_err(|_| SettingsFault::Address)?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(SettingsFault::Address);
        }
        let auth = match (base.username(), base.password()) {
            ("", None) => Auth::None,
            (user, password) => {
                Auth::Basic { user: decoded(user), password: Secret::new(decoded(password.unwrap_or_default())) }
            }
        };
        base.set_username("").and_then(|()| base.set_password(None)).map_err(|()| SettingsFault::Address)?;
        base.set_query(None);
        base.set_fragment(None);
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Settings {
            base,
            auth,
            headers: Vec::new(),
            parameters: Vec::new(),
            ca: None,
            timeout: Duration::from_secs(30),
            concurrency: 8,
        })
    }

    /// The address without what lets in.
    #[must_use]
    pub fn address(&self) -> &str {
        self.base.as_str()
    }

    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        url
    }

    /// What must not be shown even if the source says it.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let of_auth = match &self.auth {
            Auth::Basic { password: secret, .. } | Auth::Bearer(secret) => Some(secret.reveal()),
            Auth::None | Auth::SigV4 { .. } => None,
        };
        of_auth.into_iter().chain(self.headers.iter().map(|(_, value)| value.reveal())).filter(|text| !text.is_empty())
    }

    pub(super) fn client(&self) -> Result<reqwest::Client, SettingsFault> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.reveal()));
        let headers = upstream::secret_headers(headers).map_err(SettingsFault::Header)?;
        let mut builder = upstream::client(self.timeout).default_headers(headers);
        if let Some(pem) = &self.ca {
            let bundle =
                Certificate::from_pem_bundle(pem).map_err(|fault| SettingsFault::Certificates(fault.to_string()))?;
            if bundle.is_empty() {
                return Err(SettingsFault::Certificates("there is none in the bundle".to_owned()));
            }
            builder = bundle.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        builder.build().map_err(|fault| SettingsFault::Client(fault.without_url().to_string()))
    }
}

/// Text of an address without its escapes.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, escape.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
