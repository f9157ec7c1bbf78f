//! What the service measures of itself, for Prometheus.

use axum::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// Seconds: from what a list takes to what a source of telemetry takes.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0, 120.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Took {
    route: String,
}

/// The measures.
pub(super) struct Measures {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Took, Histogram>,
    under_way: Gauge,
}

/// A request that is under way, until it is dropped.
pub(super) struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Measures {
    pub(super) fn new() -> Self {
        let requests = Family::<Answered, Counter>::default();
        let seconds = Family::<Took, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let under_way = Gauge::default();
        let mut registry = Registry::with_prefix("tdsql");
        registry.register("build", "This program", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        registry.register("http_requests", "Requests that were answered", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "From the head of a request to its answer",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register("http_requests_under_way", "Requests that are under way", under_way.clone());
        Measures { registry, requests, seconds, under_way }
    }

    /// Counts a request as under way.
    pub(super) fn begin(&self) -> UnderWay {
        self.under_way.inc();
        UnderWay(self.under_way.clone())
    }

    /// Counts an answer. What no route has is one route, and methods that HTTP does not define are one method: callers
    /// must not be able to make up labels.
    pub(super) fn finish(&self, method: &Method, route: Option<&str>, status: u16, took: Duration) {
        let known =
            [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
        let method = if known.contains(method) { method.as_str() } else { "other" };
        let route = route.unwrap_or("none").to_owned();
        let answered = Answered { method: method.to_owned(), route: route.clone(), status };
        self.requests.get_or_create(&answered).inc();
        self.seconds.get_or_create(&Took { route }).observe(took.as_secs_f64());
    }

    /// The measures as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
