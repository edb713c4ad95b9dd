//! The servers, the administrator's client and the proxy, on OpenBao.

mod trials;

use std::process::ExitCode;

use vault_servers::Program;

fn main() -> ExitCode {
    trials::run(Program::OpenBao)
}
