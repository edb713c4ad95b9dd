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
pub(crate) struct Trial<F: 'static = fn(&Ground) -> Result<()>> {
    name: &'static str,
    /// What it needs beside the server itself.
    needs: &'static [Program],
    run: F,
}

/// Registers functions as trials that bear their names, after a prefix.
macro_rules! trials {
    ($prefix:literal, $needs:expr => $($name:ident),+ $(,)?) => {
        &[$($crate::trials::Trial { name: concat!($prefix, stringify!($name)), needs: $needs, run: $name }),+]
    };
}
pub(crate) use trials;

/// Runs every trial on this server.
pub(crate) fn run(program: Program) -> ExitCode {
    if servers::child() {
        return ExitCode::SUCCESS;
    }
    let ground = Arc::new(Ground::new(program));
    let mut tests: Vec<_> = [servers::TRIALS, servers::ADMIN, servers::NAMESPACES, databases::LEASES, faults::TRIALS]
        .into_iter()
        .flatten()
        .map(|trial| test(&ground, trial.name.to_owned(), trial.needs, trial.run))
        .collect();
    for trial in databases::TRIALS {
        tests.push(test(&ground, format!("postgres::{}", trial.name), &[Program::Postgres], |ground| {
            (trial.run)(ground, ground.postgres()?)
        }));
        tests.push(test(&ground, format!("mariadb::{}", trial.name), &[Program::MariaDb], |ground| {
            (trial.run)(ground, ground.mariadb()?)
        }));
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    drop(ground);
    conclusion.exit_code()
}

fn test(
    ground: &Arc<Ground>,
    name: String,
    needs: &'static [Program],
    run: impl FnOnce(&Ground) -> Result<()> + Send + 'static,
) -> Test {
    let ground = Arc::clone(ground);
    Test::ignorable_test(name, move || {
        if let Some(absent) = ground.lacks(needs) {
            return Ok(Completion::ignored_with(absent.to_string()));
        }
        if needs.contains(&Program::OpenBao) && ground.program() != Program::OpenBao {
            return Ok(Completion::ignored_with("only OpenBao can do this"));
        }
        run(&ground).map_err(|error| format!("{error:#}"))?;
        Ok(Completion::Completed)
    })
}
