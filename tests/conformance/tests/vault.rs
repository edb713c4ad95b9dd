//! Registers every trial for Vault's resources, on OpenBao. See the crate's README.

use std::process::ExitCode;

use anyhow::Result;
use conformance::{
    AppRoleRole, Bench, DynamicRole, JwtName, MARIA_TRIAL, OnVault, OwnTrial, Place, VaultKv, check, cost,
    jwt_key_trials, lease_programs, lease_trials, run, secret_id_trials, trials, vault_ended, vault_program,
    vault_trials,
};
use libtest_mimic::{Arguments, Completion, Trial as Test};
use vault_servers::{Absent, Program};

fn main() -> ExitCode {
    let common = trials(VaultKv::POWERS)
        .map(|trial| test(format!("openbao::kv::{}", trial.name), move |kv| run((trial.run)(kv as &dyn Bench))));
    let own = vault_trials().map(|trial| test(format!("openbao::{}", trial.name), move |kv| run((trial.run)(kv))));
    let mut tests: Vec<_> = common.chain(own).collect();
    tests.extend(on::<AppRoleRole>("secret-id", secret_id_trials()));
    tests.extend(on::<JwtName>("jwt-key", jwt_key_trials()));
    tests.extend(on::<DynamicRole>("lease", lease_trials()));
    tests.push(trial_of("lease", MARIA_TRIAL));
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
    common.chain(own.map(|trial| trial_of(resource, trial))).collect()
}

fn trial_of<P: Place>(resource: &str, trial: &'static OwnTrial<OnVault<P>>) -> Test {
    where_it_is(format!("openbao::{resource}::{}", trial.name), || run((trial.run)(&OnVault::<P>::new()?)))
}

fn where_it_is(name: String, work: impl FnOnce() -> Result<()> + Send + 'static) -> Test {
    let named = name.clone();
    Test::ignorable_test(name, move || {
        if let Some(absent) = lacks(&named) {
            return Ok(Completion::ignored_with(absent.to_string()));
        }
        check(None, work)?;
        Ok(Completion::Completed)
    })
}

/// What the trial with this name needs and the machine has not.
fn lacks(name: &str) -> Option<Absent> {
    let of_leases = name.contains("::lease::") || name.ends_with("how_many_calls_there_are");
    let absent = if of_leases { lease_programs() } else { vault_program() };
    let maria = if name.contains("mariadb") { Program::MariaDb.find().map(drop) } else { Ok(()) };
    absent.and(maria).err()
}
