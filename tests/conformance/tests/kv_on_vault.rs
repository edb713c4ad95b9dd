//! What a KV path does as a store, on the HashiCorp Vault that `VAULT_BIN` names; on OpenBao, `vault` shows it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use conformance::{KvGround, check, kv_store_trials, rule_trials, run};
use libtest_mimic::{Arguments, Completion, Trial as Test};
use vault_servers::{Ground, Program};

fn main() -> ExitCode {
    let ground = Arc::new(Ground::new(Program::Vault));
    let own =
        kv_store_trials().map(|trial| test(&ground, trial.name.to_owned(), |ground| run((trial.run)(&paths(ground)?))));
    let common = rule_trials().map(|trial| {
        test(&ground, format!("vault_kv::{}", trial.name), |ground| run((trial.run)(&paths(ground)?.entries())))
    });
    let tests: Vec<_> = own.chain(common).collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    drop(ground);
    conclusion.exit_code()
}

fn paths(ground: &Ground) -> Result<KvGround> {
    KvGround::on(ground.vault().context("the server does not start")?, false)
}

fn test(ground: &Arc<Ground>, name: String, work: impl FnOnce(&Ground) -> Result<()> + Send + 'static) -> Test {
    let ground = Arc::clone(ground);
    Test::ignorable_test(format!("hashicorp::{name}"), move || {
        if let Some(absent) = ground.lacks(&[]) {
            return Ok(Completion::ignored_with(absent.to_string()));
        }
        check(None, || work(&ground))?;
        Ok(Completion::Completed)
    })
}
