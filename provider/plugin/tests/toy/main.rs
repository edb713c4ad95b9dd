//! What a fifth cloud costs: a toy of two resources, in this folder alone, and one line that registers it. It obeys the conformance suite and
//! lives in the plugin's provider beside the others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]

mod issuer;
mod life;
mod rig;
mod toy;

use std::process::ExitCode;

use anyhow::ensure;
use conformance::{ContractTrial, check, contract_trials, run};
use issuer::Kind;
use libtest_mimic::{Arguments, Trial};
use rig::ToyRig;

fn main() -> ExitCode {
    let mut tests = Vec::new();
    for kind in [&toy::TOKEN, &toy::PIN] {
        tests.extend(contract_trials(&ToyRig::features(kind)).map(|trial| obeys(kind, trial)));
    }
    tests.extend(life::trials());
    tests.push(Trial::test("toy::it_is_small", || {
        check(None, || {
            let files = [include_str!("toy.rs"), include_str!("issuer.rs")];
            let lines: usize = files.map(|file| file.lines().count()).iter().sum();
            ensure!(lines < 250, "{lines} lines");
            Ok(())
        })
    }));
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

fn obeys(kind: &'static Kind, trial: &'static ContractTrial) -> Trial {
    let name = format!("toy-{}::{}", kind.secret, trial.name);
    Trial::test(name, move || check(None, || run((trial.run)(&ToyRig::new(kind)))))
}
