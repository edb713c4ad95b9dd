//! Every trial, on one server for all of them; each has mounts, names and users of its own.

mod databases;
mod faults;
mod servers;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use libtest_mimic::{Arguments, Completion, Trial as Test};
use vault_servers::{Ground, Program};

/// One claim about the servers.
#[derive(Clone, Copy)]
pub(crate) struct Trial {
    name: &'static str,
    /// What it needs beside the server itself.
    needs: &'static [Program],
    run: fn(&Ground) -> Result<()>,
}

/// Runs every trial on this server.
pub(crate) fn run(program: Program) -> ExitCode {
    if servers::child() {
        return ExitCode::SUCCESS;
    }
    let ground = Arc::new(Ground::new(program));
    let trials = [servers::TRIALS, databases::TRIALS, faults::TRIALS].concat();
    let tests = trials.into_iter().map(|trial| test(&ground, trial)).collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    drop(ground);
    conclusion.exit_code()
}

fn test(ground: &Arc<Ground>, trial: Trial) -> Test {
    let ground = Arc::clone(ground);
    Test::ignorable_test(trial.name, move || {
        if let Some(absent) = ground.lacks(trial.needs) {
            return Ok(Completion::ignored_with(absent.to_string()));
        }
        if trial.needs.contains(&Program::OpenBao) && ground.program() != Program::OpenBao {
            return Ok(Completion::ignored_with("only OpenBao can do this"));
        }
        (trial.run)(&ground).map_err(|error| format!("{error:#}"))?;
        Ok(Completion::Completed)
    })
}
