//! Registers every trial for every system. See the crate's README.

use std::process::ExitCode;

use conformance::{
    Bench, Deviation, LocalAws, LocalConfluent, LocalOci, MOTO_DEVIATIONS, Memory, Moto, OciResource, Trial,
    aws_trials, check, child, confluent_trials, cost, oci_child, oci_trials, run, trials,
};
use libtest_mimic::{Arguments, Completion, Failed, Trial as Test};
use localcloud::confluent::Kind;

fn main() -> ExitCode {
    if child() || oci_child() {
        return ExitCode::SUCCESS;
    }
    let moto = Moto::new(std::env::var("KEYROTATION_PYTHON").ok());
    let mut tests = Vec::new();
    tests.extend(trials(Memory::POWERS).map(in_memory));
    tests.extend(trials(LocalAws::POWERS).map(in_localcloud));
    tests.extend(aws_trials().map(|trial| {
        Test::test(format!("localcloud::{}", trial.name), move || {
            check(None, || {
                let aws = LocalAws::new()?;
                run((trial.run)(&aws))
            })
        })
    }));
    for kind in Kind::ALL {
        tests.extend(trials(LocalConfluent::powers(kind)).map(|trial| in_confluent(kind, trial)));
    }
    tests.extend(confluent_trials().map(|trial| {
        Test::test(format!("localcloud::{}", trial.name), move || {
            check(None, || {
                let confluent = LocalConfluent::new(trial.kind)?;
                run((trial.run)(&confluent))
            })
        })
    }));
    for resource in OciResource::ALL {
        tests.extend(trials(resource.powers()).map(|trial| in_oci(resource, trial)));
    }
    tests.extend(oci_trials().map(|trial| {
        Test::test(trial.name, move || {
            check(None, || {
                let oci = LocalOci::new(trial.resource)?;
                run((trial.run)(&oci))
            })
        })
    }));
    tests.extend(trials(Moto::POWERS).map(|trial| in_moto(trial, moto.clone())));
    tests.extend(deviations_have_trials());
    tests.push(Test::test("suite::docs_cost_md_says_how_many_calls_there_are", calls_are_as_stated));
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    moto.end();
    conclusion.exit_code()
}

fn in_memory(trial: Trial) -> Test {
    Test::test(format!("memory::{}", trial.name), move || check(None, || run((trial.run)(&Memory::new()))))
}

fn in_localcloud(trial: Trial) -> Test {
    Test::test(format!("localcloud::{}", trial.name), move || {
        check(None, || {
            let aws = LocalAws::new()?;
            run((trial.run)(&aws as &dyn Bench))
        })
    })
}

fn in_confluent(kind: Kind, trial: Trial) -> Test {
    Test::test(format!("confluent-{kind:?}::{}", trial.name), move || {
        check(None, || {
            let confluent = LocalConfluent::new(kind)?;
            run((trial.run)(&confluent as &dyn Bench))
        })
    })
}

fn in_oci(resource: OciResource, trial: Trial) -> Test {
    Test::test(format!("{}::{}", resource.name(), trial.name), move || {
        check(None, || {
            let oci = LocalOci::new(resource)?;
            run((trial.run)(&oci as &dyn Bench))
        })
    })
}

fn in_moto(trial: Trial, moto: Moto) -> Test {
    Test::ignorable_test(format!("moto::{}", trial.name), move || {
        let bench = match moto.bench().map_err(|error| format!("{error:#}"))? {
            Ok(bench) => bench,
            Err(reason) => return Ok(Completion::ignored_with(reason)),
        };
        check(deviation(trial.name), || run((trial.run)(&bench)))?;
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
        let lost = MOTO_DEVIATIONS.iter().find(|row| trials(Moto::POWERS).all(|trial| trial.name != row.trial));
        lost.map_or(Ok(()), |row| Err(format!("{} is no trial for moto", row.trial).into()))
    }))
}
