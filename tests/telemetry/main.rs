//! Telemetry from sources: a scripted one for what goes wrong, a real Prometheus for what is right.

mod assess;
mod cli;
mod cluster;
mod collect;
mod create;
mod judge;
mod prometheus;
mod real;
mod scripted;
#[path = "../it/secrets.rs"]
mod secrets;
#[expect(dead_code, reason = "the tests of the service use the others")]
#[path = "../serve/support.rs"]
mod service;
mod sigv4;

use std::future::Future;
use std::sync::LazyLock;

use tdsql::catalog::Catalog;
use tdsql::loader::{DataSet, Depth};

/// The shipped catalog, with what only telemetry needs.
static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::link(DataSet::embedded(), Depth::Check).expect("the shipped catalog has no faults"));

/// Runs a test that waits.
fn wait<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(test)
}
