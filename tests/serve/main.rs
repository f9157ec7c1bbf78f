//! The HTTP service, as a process of its own, asked over the network.

mod document;
mod edges;
mod judge;
mod hostile;
#[expect(dead_code, reason = "the tests of the stores use the others")]
#[path = "../store/parts.rs"]
mod parts;
mod problems;
mod profiles;
mod settings;
mod shared;
mod support;
