//! The servers, the administrator's client and the proxy, on OpenBao.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "trials fail by panicking")]

mod trials;

use std::process::ExitCode;

use vault_servers::Program;

fn main() -> ExitCode {
    trials::run(Program::OpenBao)
}
