//! Every trial, on one server for all of them; each has mounts, names and users of its own.

mod databases;
mod faults;
mod servers;

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow};
use libtest_mimic::{Arguments, Completion, Trial as Test};
use vault_servers::{MariaDb, Postgres, Program, Vault};

/// One claim about the servers.
#[derive(Clone, Copy)]
pub(crate) struct Trial {
    name: &'static str,
    /// What it needs beside the server itself.
    needs: &'static [Program],
    run: fn(&Ground) -> Result<()>,
}

/// The servers, each started when it is first needed.
pub(crate) struct Ground {
    program: Program,
    vault: OnceLock<Result<Vault, String>>,
    postgres: OnceLock<Result<Postgres, String>>,
    mariadb: OnceLock<Result<MariaDb, String>>,
}

/// Runs every trial on this server.
pub(crate) fn run(program: Program) -> ExitCode {
    if servers::child() {
        return ExitCode::SUCCESS;
    }
    let ground =
        Arc::new(Ground { program, vault: OnceLock::new(), postgres: OnceLock::new(), mariadb: OnceLock::new() });
    let trials = [servers::TRIALS, databases::TRIALS, faults::TRIALS].concat();
    let tests = trials.into_iter().map(|trial| ground.test(trial)).collect();
    let conclusion = libtest_mimic::run(&Arguments::from_args(), tests);
    drop(ground);
    conclusion.exit_code()
}

impl Ground {
    fn test(self: &Arc<Self>, trial: Trial) -> Test {
        let ground = Arc::clone(self);
        Test::ignorable_test(trial.name, move || {
            for program in [&[ground.program], trial.needs].concat() {
                if let Err(absent) = program.find() {
                    return Ok(Completion::ignored_with(absent.to_string()));
                }
            }
            if trial.needs.contains(&Program::OpenBao) && ground.program != Program::OpenBao {
                return Ok(Completion::ignored_with("only OpenBao can do this"));
            }
            (trial.run)(&ground).map_err(|error| format!("{error:#}"))?;
            Ok(Completion::Completed)
        })
    }

    /// Which of the two servers it is.
    pub(crate) fn program(&self) -> Program {
        self.program
    }

    /// The server in development mode that all trials share.
    pub(crate) fn vault(&self) -> Result<&Vault> {
        shared(&self.vault, || Vault::dev(&self.program.find()?))
    }

    /// The one PostgreSQL.
    pub(crate) fn postgres(&self) -> Result<&Postgres> {
        shared(&self.postgres, || Postgres::start(&Program::Postgres.find()?))
    }

    /// The one MariaDB.
    pub(crate) fn mariadb(&self) -> Result<&MariaDb> {
        shared(&self.mariadb, || MariaDb::start(&Program::MariaDb.find()?))
    }
}

fn shared<T>(place: &OnceLock<Result<T, String>>, start: impl FnOnce() -> Result<T>) -> Result<&T> {
    let started = place.get_or_init(|| start().map_err(|error| format!("{error:#}")));
    started.as_ref().map_err(|error| anyhow!("{error}"))
}
