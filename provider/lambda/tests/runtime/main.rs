//! The built program behind a real Lambda Runtime API (cargo-lambda), led through rotations by the stand-in's RotateSecret, while a reader uses
//! `AWSCURRENT` all the time. Without cargo-lambda each trial says so and is skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it must")]
#![allow(clippy::disallowed_methods, reason = "these trials live in real time")]

mod bench;
mod trials;

use anyhow::Result;
use bench::{Bench, System};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

type Check = fn(&Bench) -> Result<()>;

/// Names the folder with cargo-lambda.
const VARIABLE: &str = "KEYROTATION_CARGO_LAMBDA";

fn main() {
    let folder = std::env::var_os(VARIABLE).map(std::path::PathBuf::from);
    let all: [(&str, Check); 3] = [
        ("two_rotations_in_a_row_under_a_reader", trials::two_rotations_in_a_row_under_a_reader),
        ("a_rotation_that_is_not_complete_is_refused_and_reattempted", trials::not_complete),
        ("the_test_of_a_configuration", trials::test_of_a_configuration),
    ];
    let trials = System::ALL.into_iter().flat_map(|system| {
        let folder = folder.clone();
        all.into_iter().map(move |(name, trial)| {
            let folder = folder.clone();
            Trial::ignorable_test(format!("{}::{name}", system.name()), move || {
                let Some(folder) = folder else {
                    return Ok(Completion::ignored_with(format!("no cargo-lambda: {VARIABLE} is not set")));
                };
                let bench = Bench::start(system, &folder).map_err(failed)?;
                trial(&bench).map_err(|error| failed(error.context(bench.told())))?;
                bench.must_be_silent_about_secrets().map_err(failed)?;
                Ok(Completion::Completed)
            })
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}
