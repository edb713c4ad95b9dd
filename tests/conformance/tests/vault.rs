//! Registers every trial for Vault's resources, on OpenBao. See the crate's README.

use std::process::ExitCode;

use anyhow::Result;
use conformance::{
    AppRoleRole, ContractTrial, DynamicRole, Feature, JwtName, KvGround, KvPath, LocalAws, LocalConfluent, LocalOci,
    MARIA_TRIALS, OciResource, OnVault, ReachableRig, Trial, VaultPlace, check, contract_trials, cost, jwt_key_trials,
    jwt_set_trials, kv_store_trials, kv_trials, lease_programs, lease_trials, rule_trials, run, secret_id_trials,
    vault_ended, vault_program, vault_trials,
};
use libtest_mimic::{Arguments, Completion, Trial as Test};
use localcloud::confluent::Kind;
use vault_servers::{Absent, Program};

fn main() -> ExitCode {
    let mut tests: Vec<_> = on::<KvPath>("kv", []);
    tests.extend(vault_trials().map(|trial| own("", trial)));
    tests.extend(on::<AppRoleRole>("secret-id", secret_id_trials()));
    tests.extend(on::<JwtName>("jwt-key", jwt_key_trials()));
    tests.extend(jwt_set_trials().map(|trial| own("jwt-set::", trial)));
    tests.extend(on::<DynamicRole>("lease", lease_trials()));
    tests.extend(MARIA_TRIALS.iter().map(|trial| own("lease::", trial)));
    tests.extend(kv_as_a_store());
    tests.extend(kv_for_other_systems());
    let calls = || run(cost::compare(cost::vault()?, true));
    tests.push(where_it_is("openbao::docs_cost_md_says_how_many_calls_there_are".to_owned(), calls));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    vault_ended();
    conclusion.exit_code()
}

/// Every trial of a resource: those of all systems, and its own.
fn on<P: VaultPlace>(resource: &str, trials: impl IntoIterator<Item = &'static Trial<OnVault<P>>>) -> Vec<Test> {
    let common = contract_trials(P::FEATURES).chain(kv_trials(P::FEATURES)).map(|trial| {
        let work = || run((trial.run)(&OnVault::<P>::new()? as &dyn ReachableRig));
        where_it_is(format!("openbao::{resource}::{}", trial.name), work)
    });
    common.chain(trials.into_iter().map(|trial| own(&format!("{resource}::"), trial))).collect()
}

fn own<P: VaultPlace>(prefix: &str, trial: &'static Trial<OnVault<P>>) -> Test {
    where_it_is(format!("openbao::{prefix}{}", trial.name), || run((trial.run)(&OnVault::<P>::new()?)))
}

/// What a path of a KV engine does as a store.
fn kv_as_a_store() -> Vec<Test> {
    let own_rules = kv_store_trials()
        .map(|trial| where_it_is(format!("openbao::{}", trial.name), || run((trial.run)(&KvGround::new()?))));
    let common = rule_trials().map(|trial| {
        where_it_is(format!("openbao::vault_kv::{}", trial.name), || {
            let ground = KvGround::new()?;
            run((trial.run)(&ground.entries()))
        })
    });
    own_rules.chain(common).collect()
}

/// Lives of the keys of every other system with a KV path.
fn kv_for_other_systems() -> Vec<Test> {
    let mut tests = delivered("aws", LocalAws::FEATURES, LocalAws::new);
    for kind in Kind::ALL {
        tests.extend(delivered(&format!("confluent-{kind:?}"), LocalConfluent::features(kind), move || {
            LocalConfluent::new(kind)
        }));
    }
    for resource in OciResource::ALL {
        tests.extend(delivered(resource.name(), resource.features(), move || LocalOci::new(resource)));
    }
    tests
}

fn delivered<R: ReachableRig + 'static>(
    system: &str,
    features: &[Feature],
    make: impl Fn() -> Result<R> + Copy + Send + 'static,
) -> Vec<Test> {
    let on_rig = |trial: &'static ContractTrial| {
        let work = move || run((trial.run)(&make()? as &dyn ReachableRig));
        where_it_is(format!("openbao::{system}::{}", trial.name), work)
    };
    kv_trials(features).map(on_rig).collect()
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
