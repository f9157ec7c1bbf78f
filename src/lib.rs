//! Compiles a scale preset and a workload modifier into validated configuration for Temporal on Amazon Aurora DSQL.
//!
//! What is known of Temporal and DSQL is data: parameters, derivations, guard rails, presets, modifiers and templates in
//! `registry/`, `presets/`, `modifiers/` and `templates/`, built into the crate. [`catalog::Catalog::embedded`] links it
//! once; [`compile::compile`] then only evaluates, with no I/O and no clock of its own.
//!
//! The modules in reading order: [`model`] and [`diag`] are the vocabulary; [`loader`] turns files into records;
//! [`catalog`] links them; [`eval`] gives every parameter its value; [`rails`] judges the values; [`compile`] makes the
//! artifacts; [`check`] proves a catalog. `docs/architecture.md` says which module may use which.
//!
//! # Examples
//!
//! Compile, look at a value, and describe a preset with its expected bounds:
//!
//! ```
//! use tdsql::catalog::Catalog;
//! use tdsql::compile::{Given, Request, compile};
//! use tdsql::model::Scalar;
//!
//! let catalog = Catalog::embedded().expect("the shipped catalog has no faults");
//! let preset = catalog.presets.keys().next().expect("the shipped catalog has presets");
//! let input = catalog.parameters.iter().find(|parameter| parameter.is_input()).expect("and inputs");
//!
//! let request = Request {
//!     preset: preset.to_string(),
//!     given: vec![Given::new(input.key.clone(), Scalar::Int(30))],
//!     ..Request::default()
//! };
//! let mut compilation = compile(&catalog, &request, "2026-01-01T00:00:00Z").expect("a good request");
//! assert_eq!(compilation.profile().get_param(&input.key).map(|found| &found.value), Some(&Scalar::Int(30)));
//! assert!(!compilation.expected_bounds().expect("bounds evaluate").is_empty());
//! ```
//!
//! A request that is not good says so, all at once:
//!
//! ```
//! use tdsql::catalog::Catalog;
//! use tdsql::compile::{Request, compile};
//!
//! let catalog = Catalog::embedded().expect("the shipped catalog has no faults");
//! let request = Request { preset: "no-such".into(), modifier: Some("nor-this".into()), ..Request::default() };
//! let faults = compile(&catalog, &request, "").expect_err("two names that do not exist");
//! assert_eq!(faults.len(), 2);
//! ```

pub mod assess;
#[cfg(feature = "server")]
mod aws;
pub mod catalog;
pub mod chart;
pub mod check;
pub mod cli;
#[cfg(feature = "server")]
pub mod cluster;
#[cfg(feature = "server")]
pub mod collect;
#[cfg(feature = "server")]
pub mod collector;
pub mod compare;
pub mod compile;
pub mod conformance;
pub mod correlate;
#[cfg(feature = "server")]
pub mod create;
pub mod diag;
pub mod diagram;
pub mod diff;
pub mod drift;
mod embedded;
pub mod eval;
pub mod explain;
pub mod expr;
pub mod graph;
pub mod inputs;
pub mod lint;
pub mod loader;
pub mod migrate;
pub mod model;
#[cfg(feature = "server")]
pub mod prometheus;
pub mod publish;
pub mod rails;
pub mod recommend;
pub mod reference;
pub mod remedy;
pub mod render;
#[cfg(feature = "server")]
pub mod serve;
pub mod situation;
pub mod snapshot;
#[cfg(feature = "server")]
pub mod store;
pub mod svg;
pub mod sweep;
pub mod telemetry;
mod threads;
#[cfg(feature = "server")]
mod upstream;
