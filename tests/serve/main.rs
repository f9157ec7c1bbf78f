//! The HTTP service, as a process of its own, asked over the network.

mod config;
mod document;
mod edges;
mod hostile;
mod judge;
#[expect(dead_code, reason = "the tests of the stores use the others")]
#[path = "../store/parts.rs"]
mod parts;
mod problems;
mod profiles;
#[path = "../it/secrets.rs"]
mod secrets;
mod settings;
mod shared;
mod support;
mod told;
