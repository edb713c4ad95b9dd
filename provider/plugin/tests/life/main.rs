//! The rotating resource over gRPC, as the engine calls it, against the stand-in of AWS, in a time that the test moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]
#![allow(clippy::disallowed_methods, reason = "two tests live in real time")]

mod audit;
mod bench;
mod changes;
mod config;
mod drift;
mod failures;
mod many;
mod marks;
mod names;
mod outputs;
mod places;
mod rotation;
mod servers;
#[path = "../support/mod.rs"]
mod support;
mod told;
