//! Compiles a scale preset and a workload modifier into validated configuration for Temporal on Amazon Aurora DSQL.

pub mod catalog;
pub mod check;
pub mod cli;
pub mod compile;
pub mod diag;
pub mod eval;
pub mod expr;
pub mod graph;
pub mod inputs;
pub mod loader;
pub mod model;
pub mod publish;
pub mod rails;
pub mod render;
