//! The HTTP service, as a process of its own, asked over the network.

mod document;
mod edges;
mod problems;
mod profiles;
mod settings;
mod support;
