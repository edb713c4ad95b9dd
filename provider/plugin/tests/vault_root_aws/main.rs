//! The same trials of the AWS engine's root, and those of its leases, on the HashiCorp Vault that `VAULT_BIN` names, with the stand-in of
//! AWS behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a trial stops where it must")]
#![allow(clippy::disallowed_methods, reason = "the servers live in real time")]
#![allow(dead_code, reason = "the parts are shared with the trials on OpenBao")]

#[path = "../vault_root/aws.rs"]
mod aws;
#[path = "../vault_root/database.rs"]
mod database;
#[path = "../vault_root/engine.rs"]
mod engine;
#[path = "../vault_root/faults.rs"]
mod faults;
mod lease;
#[path = "../vault_root/stack.rs"]
mod stack;
#[path = "../support/mod.rs"]
mod support;
#[path = "../vault_root/trial.rs"]
mod trial;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::Arguments;
use trial::trial;
use vault_servers::{Ground, Program};

fn main() -> ExitCode {
    let ground = Arc::new(Ground::new(Program::Vault));
    let tests = [aws::real(&ground), faults::real(&ground), lease::trials(&ground)];
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests.into_iter().flatten().collect());
    drop(ground);
    conclusion.exit_code()
}
