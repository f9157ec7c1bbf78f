//! The stores of behaviour profiles: one contract over every pair of documents and index, a process that is killed at
//! every step, and what the statements of the index may say.
//!
//! SQLite, directories and an S3 server that checks signatures are always here. PostgreSQL is where
//! `TDSQL_TEST_POSTGRES` says; `scripts/services` starts one, and without it the tests say loudly what they skip.

mod baselines;
mod contract;
mod crash;
mod location;
mod parts;
mod sql;
