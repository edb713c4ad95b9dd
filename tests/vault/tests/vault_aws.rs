//! The same on the HashiCorp Vault that `VAULT_BIN` names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "trials fail by panicking")]

mod trials;

use std::process::ExitCode;

use vault_servers::Program;

fn main() -> ExitCode {
    trials::run(Program::Vault)
}
