//! The stand-in under the clients that it stands in for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests and their helpers fail by panicking, and a client's waits are real ones"
)]

mod boto3;
mod common;
mod confluent;
mod faults;
mod keys;
mod oci;
mod oci_sdk;
mod program;
mod record;
mod secrets;
mod signing;
mod users;
