//! The integration tests: one binary, one module per subject. Fixtures are in `tests/it/fixtures/`, snapshots in
//! `snapshots/`, one folder per subject.

mod adapters;
mod architecture;
mod catalog;
mod cli;
mod cli_adapters;
#[cfg(feature = "server")]
mod cli_assess;
mod cli_diff;
mod cli_errors;
mod cli_explain;
mod cli_graph;
#[cfg(feature = "server")]
mod cli_judge;
mod cli_lint;
mod cli_migrate;
#[cfg(feature = "server")]
mod cli_profile;
#[cfg(feature = "server")]
mod cli_recommend;
mod cli_sweep;
mod compile;
mod diagnostics;
mod diagram;
mod docs;
mod inventory;
mod platform;
mod quoting;
mod reference;
mod remedy;
mod requests;
mod schema;
mod secrets;
mod snapshot;
mod support;
mod telemetry;
