//! Registers every trial for Vault's resources, on OpenBao. See the crate's README.

use std::process::ExitCode;

use anyhow::Result;
use conformance::{
    AppRoleRole, Bench, JwtName, OnVault, OwnTrial, Place, VaultKv, check, cost, jwt_key_trials, run, secret_id_trials,
    trials, vault_ended, vault_program, vault_trials,
};
use libtest_mimic::{Arguments, Completion, Trial as Test};

fn main() -> ExitCode {
    let common = trials(VaultKv::POWERS)
        .map(|trial| test(format!("openbao::kv::{}", trial.name), move |kv| run((trial.run)(kv as &dyn Bench))));
    let own = vault_trials().map(|trial| test(format!("openbao::{}", trial.name), move |kv| run((trial.run)(kv))));
    let mut tests: Vec<_> = common.chain(own).collect();
    tests.extend(on::<AppRoleRole>("secret-id", secret_id_trials()));
    tests.extend(on::<JwtName>("jwt-key", jwt_key_trials()));
    let calls = || run(cost::compare(cost::vault()?, true));
    tests.push(where_it_is("openbao::docs_cost_md_says_how_many_calls_there_are".to_owned(), calls));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    vault_ended();
    conclusion.exit_code()
}

fn test(name: String, work: impl FnOnce(&VaultKv) -> Result<()> + Send + 'static) -> Test {
    where_it_is(name, move || work(&VaultKv::new()?))
}

/// Every trial of a resource: those of all systems, and its own.
fn on<P: Place>(resource: &str, own: impl Iterator<Item = &'static OwnTrial<OnVault<P>>>) -> Vec<Test> {
    let common = trials(P::POWERS).map(|trial| {
        let work = move || run((trial.run)(&OnVault::<P>::new()? as &dyn Bench));
        where_it_is(format!("openbao::{resource}::{}", trial.name), work)
    });
    let own = own.map(|trial| {
        where_it_is(format!("openbao::{resource}::{}", trial.name), || run((trial.run)(&OnVault::<P>::new()?)))
    });
    common.chain(own).collect()
}

fn where_it_is(name: String, work: impl FnOnce() -> Result<()> + Send + 'static) -> Test {
    Test::ignorable_test(name, move || {
        if let Err(absent) = vault_program() {
            return Ok(Completion::ignored_with(absent.to_string()));
        }
        check(None, work)?;
        Ok(Completion::Completed)
    })
}
