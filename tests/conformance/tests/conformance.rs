//! Registers every trial for every system. See the crate's README.

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use conformance::{
    ContractTrial, Deviation, Ground, LocalAws, LocalConfluent, LocalOci, MEMORY_FEATURES, MOTO_DEVIATIONS, Moto,
    MotoGround, OciGround, OciResource, ReachableRig, Trial, aws_trials, check, child, confluent_trials,
    contract_trials, cost, memory, oci_store_trials, oci_trials, rule_trials, run, store_trials,
};
use libtest_mimic::{Arguments, Completion, Failed, Trial as Test};
use localcloud::confluent::Kind;

fn main() -> ExitCode {
    if child() {
        return ExitCode::SUCCESS;
    }
    let moto = Moto::new(std::env::var("KEYROTATION_PYTHON").ok());
    let mut tests = Vec::new();
    tests.extend(contract_trials(MEMORY_FEATURES).map(|trial| common("memory", trial, || Ok(memory()))));
    tests.extend(contract_trials(LocalAws::FEATURES).map(|trial| common("localcloud", trial, LocalAws::new)));
    tests.extend(aws_trials().map(|trial| own("localcloud::", trial, LocalAws::new)));
    for kind in Kind::ALL {
        let name = format!("confluent-{kind:?}");
        let trials = contract_trials(LocalConfluent::features(kind));
        tests.extend(trials.map(|trial| common(&name, trial, move || LocalConfluent::new(kind))));
    }
    tests.extend(confluent_trials().map(|trial| own("localcloud::", trial, || LocalConfluent::new(trial.on))));
    for resource in OciResource::ALL {
        let trials = contract_trials(resource.features());
        tests.extend(trials.map(|trial| common(resource.name(), trial, move || LocalOci::new(resource))));
    }
    tests.extend(oci_trials().map(|trial| own("", trial, || LocalOci::new(trial.on))));
    tests.extend(contract_trials(Moto::FEATURES).map(|trial| in_moto(trial, moto.clone())));
    tests.extend(secrets_manager());
    tests.extend(oci_vault());
    tests.extend(deviations_have_trials());
    tests.push(Test::test("suite::docs_cost_md_says_how_many_calls_there_are", calls_are_as_stated));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    moto.end();
    conclusion.exit_code()
}

/// A rule for every system, on the rig that `make` makes.
fn common<R: ReachableRig + 'static>(
    system: &str,
    trial: &'static ContractTrial,
    make: impl FnOnce() -> Result<R> + Send + 'static,
) -> Test {
    let work = || run((trial.run)(&make()? as &dyn ReachableRig));
    Test::test(format!("{system}::{}", trial.name), move || check(None, work))
}

/// A rule for one system alone.
fn own<R, O: Sync>(
    prefix: &str,
    trial: &'static Trial<R, O>,
    make: impl FnOnce() -> Result<R> + Send + 'static,
) -> Test {
    let work = || run((trial.run)(&make()?));
    Test::test(format!("{prefix}{}", trial.name), move || check(None, work))
}

/// What a secret does as a store, on the stand-in and, where both do the same, on a moto of its own.
fn secrets_manager() -> Vec<Test> {
    let moto = Arc::new(OnceLock::new());
    let local = store_trials().map(|trial| own("localcloud::", trial, Ground::local));
    let on_moto = store_trials().filter(|trial| trial.on).map(|trial| {
        let moto = Arc::clone(&moto);
        Test::ignorable_test(format!("moto::{}", trial.name), move || {
            let python = std::env::var("KEYROTATION_PYTHON").ok();
            let started: &Result<Option<MotoGround>> = moto.get_or_init(|| MotoGround::start(python.as_deref()));
            let Some(moto) = started.as_ref().map_err(|error| format!("{error:#}"))? else {
                return Ok(Completion::ignored_with("there is no moto in KEYROTATION_PYTHON"));
            };
            check(None, || run((trial.run)(&moto.ground())))?;
            Ok(Completion::Completed)
        })
    });
    local.chain(on_moto).collect()
}

/// What a secret of an OCI Vault does as a store.
fn oci_vault() -> Vec<Test> {
    let own_rules = oci_store_trials().map(|trial| own("localcloud::", trial, OciGround::new));
    let common = rule_trials().map(|trial| {
        let work = || {
            let ground = OciGround::new()?;
            run((trial.run)(&ground.entries()))
        };
        Test::test(format!("localcloud::oci_vault::{}", trial.name), move || check(None, work))
    });
    own_rules.chain(common).collect()
}

fn in_moto(trial: &'static ContractTrial, moto: Moto) -> Test {
    Test::ignorable_test(format!("moto::{}", trial.name), move || {
        let rig = match moto.rig().map_err(|error| format!("{error:#}"))? {
            Ok(rig) => rig,
            Err(reason) => return Ok(Completion::ignored_with(reason)),
        };
        check(deviation(trial.name), || run((trial.run)(&rig)))?;
        Ok(Completion::Completed)
    })
}

fn deviation(trial: &str) -> Option<&'static Deviation> {
    MOTO_DEVIATIONS.iter().find(|deviation| deviation.trial == trial)
}

/// The table of docs/cost.md has a row for every system, and each is true; those of Vault are looked at where OpenBao is.
fn calls_are_as_stated() -> Result<(), Failed> {
    check(None, || run(cost::compare(cost::systems()?, false)))
}

/// A row whose trial was renamed would say nothing any more.
fn deviations_have_trials() -> Option<Test> {
    Some(Test::test("suite::every_deviation_names_a_trial", || {
        let lost =
            MOTO_DEVIATIONS.iter().find(|row| contract_trials(Moto::FEATURES).all(|trial| trial.name != row.trial));
        lost.map_or(Ok(()), |row| Err(format!("{} is no trial for moto", row.trial).into()))
    }))
}
