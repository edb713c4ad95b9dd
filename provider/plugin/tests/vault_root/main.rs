//! The resource `vault:RotatingRoot` over gRPC: on a real OpenBao with real databases, and on a stand-in of Vault's AWS engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a trial stops where it must")]
#![allow(clippy::disallowed_methods, reason = "the servers live in real time")]
#![allow(dead_code, reason = "the parts are shared with the trials on Vault")]

mod access;
mod aws;
mod database;
mod engine;
mod faults;
mod lives;
mod stack;
#[path = "../support/mod.rs"]
mod support;
mod trial;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::Arguments;
use trial::trial;
use vault_servers::{Ground, Program};

fn main() -> ExitCode {
    let ground = Arc::new(Ground::new(Program::OpenBao));
    let tests = [lives::trials(&ground), access::trials(&ground), faults::trials(&ground), aws::trials()];
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests.into_iter().flatten().collect());
    drop(ground);
    conclusion.exit_code()
}
