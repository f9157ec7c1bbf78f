//! What every client of AWS is made with.

use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};

/// HTTP over rustls with ring: the one TLS provider of the process. Without one of its own an AWS client fails at its first
/// request.
pub(crate) fn http_client() -> SharedHttpClient {
    Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https()
}
