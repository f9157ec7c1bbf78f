//! Telemetry of a time window: which steps are asked for, and what the samples come to. Pure; who asks is another module.

mod aggregate;
mod plan;

pub use aggregate::{Aggregate, Sample, aggregate};
pub use plan::{Plan, Window, plan};
