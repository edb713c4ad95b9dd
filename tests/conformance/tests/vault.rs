//! Registers every trial for Vault's resources, on OpenBao. See the crate's README.

use std::process::ExitCode;

use anyhow::Result;
use conformance::{Bench, VaultKv, check, run, trials, vault_ended, vault_program, vault_trials};
use libtest_mimic::{Arguments, Completion, Trial as Test};

fn main() -> ExitCode {
    let common = trials(VaultKv::POWERS)
        .map(|trial| test(format!("openbao::kv::{}", trial.name), move |kv| run((trial.run)(kv as &dyn Bench))));
    let own = vault_trials().map(|trial| test(format!("openbao::{}", trial.name), move |kv| run((trial.run)(kv))));
    let tests = common.chain(own).collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    vault_ended();
    conclusion.exit_code()
}

fn test(name: String, work: impl FnOnce(&VaultKv) -> Result<()> + Send + 'static) -> Test {
    Test::ignorable_test(name, move || {
        if let Err(absent) = vault_program() {
            return Ok(Completion::ignored_with(absent.to_string()));
        }
        check(None, || work(&VaultKv::new()?))?;
        Ok(Completion::Completed)
    })
}
