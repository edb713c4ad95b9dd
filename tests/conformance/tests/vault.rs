//! Registers every trial for Vault's resources, on OpenBao. See the crate's README.

use std::process::ExitCode;

use anyhow::Result;
use conformance::{
    AppRoleRole, DynamicRole, JwtName, KvPath, MARIA_TRIALS, OnVault, ReachableRig, Trial, VaultPlace, check,
    contract_trials, cost, jwt_key_trials, jwt_set_trials, lease_programs, lease_trials, run, secret_id_trials,
    vault_ended, vault_program, vault_trials,
};
use libtest_mimic::{Arguments, Completion, Trial as Test};
use vault_servers::{Absent, Program};

fn main() -> ExitCode {
    let mut tests: Vec<_> = on::<KvPath>("kv", []);
    tests.extend(vault_trials().map(|trial| own("", trial)));
    tests.extend(on::<AppRoleRole>("secret-id", secret_id_trials()));
    tests.extend(on::<JwtName>("jwt-key", jwt_key_trials()));
    tests.extend(jwt_set_trials().map(|trial| own("jwt-set::", trial)));
    tests.extend(on::<DynamicRole>("lease", lease_trials()));
    tests.extend(MARIA_TRIALS.iter().map(|trial| own("lease::", trial)));
    let calls = || run(cost::compare(cost::vault()?, true));
    tests.push(where_it_is("openbao::docs_cost_md_says_how_many_calls_there_are".to_owned(), calls));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    vault_ended();
    conclusion.exit_code()
}

/// Every trial of a resource: those of all systems, and its own.
fn on<P: VaultPlace>(resource: &str, trials: impl IntoIterator<Item = &'static Trial<OnVault<P>>>) -> Vec<Test> {
    let common = contract_trials(P::FEATURES).map(|trial| {
        let work = || run((trial.run)(&OnVault::<P>::new()? as &dyn ReachableRig));
        where_it_is(format!("openbao::{resource}::{}", trial.name), work)
    });
    common.chain(trials.into_iter().map(|trial| own(&format!("{resource}::"), trial))).collect()
}

fn own<P: VaultPlace>(prefix: &str, trial: &'static Trial<OnVault<P>>) -> Test {
    where_it_is(format!("openbao::{prefix}{}", trial.name), || run((trial.run)(&OnVault::<P>::new()?)))
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
