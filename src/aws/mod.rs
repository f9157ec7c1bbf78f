//! What every client of AWS is made with, and the signature of requests that no client of its own sends.

mod sign;

pub(crate) use sign::Signer;

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::{Builder, tls};
use std::time::Duration;

/// What every client of AWS shares: region and credentials from where AWS tools look, TLS by ring, and limits of time.
pub(crate) async fn settings(region: Option<&str>, fallback: Option<&'static str>) -> SdkConfig {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let limits = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(Builder::new().tls_provider(tls).build_https())
        .timeout_config(limits);
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    } else if let Some(fallback) = fallback {
        let usual = aws_config::meta::region::RegionProviderChain::default_provider().or_else(Region::new(fallback));
        loader = loader.region(usual);
    }
    loader.load().await
}
