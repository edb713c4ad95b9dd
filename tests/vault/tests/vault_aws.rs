//! The same on the HashiCorp Vault that `VAULT_BIN` names.

mod trials;

use std::process::ExitCode;

use vault_servers::Program;

fn main() -> ExitCode {
    trials::run(Program::Vault)
}
