use std::sync::OnceLock;

use anyhow::{Result, anyhow};

use crate::{Absent, MariaDb, Postgres, Program, Vault};

/// The servers of a whole test program, each started when it is first needed.
pub struct Ground {
    program: Program,
    vault: OnceLock<Result<Vault, String>>,
    postgres: OnceLock<Result<Postgres, String>>,
    mariadb: OnceLock<Result<MariaDb, String>>,
}

impl Ground {
    /// With OpenBao or HashiCorp's Vault. Nothing is started yet.
    pub fn new(program: Program) -> Self {
        Self { program, vault: OnceLock::new(), postgres: OnceLock::new(), mariadb: OnceLock::new() }
    }

    /// Which of the two servers it is.
    pub fn program(&self) -> Program {
        self.program
    }

    /// Why a test that needs these programs beside the server itself is to be skipped; none if all are at hand.
    pub fn lacks(&self, needs: &[Program]) -> Option<Absent> {
        [&[self.program], needs].concat().into_iter().find_map(|program| program.find().err())
    }

    /// The server in development mode that all tests share.
    ///
    /// # Errors
    /// It does not start.
    pub fn vault(&self) -> Result<&Vault> {
        shared(&self.vault, || Vault::dev(&self.program.find()?))
    }

    /// The one PostgreSQL.
    ///
    /// # Errors
    /// It does not start.
    pub fn postgres(&self) -> Result<&Postgres> {
        shared(&self.postgres, || Postgres::start(&Program::Postgres.find()?))
    }

    /// The one MariaDB.
    ///
    /// # Errors
    /// It does not start.
    pub fn mariadb(&self) -> Result<&MariaDb> {
        shared(&self.mariadb, || MariaDb::start(&Program::MariaDb.find()?))
    }
}

fn shared<T>(place: &OnceLock<Result<T, String>>, start: impl FnOnce() -> Result<T>) -> Result<&T> {
    let started = place.get_or_init(|| start().map_err(|error| format!("{error:#}")));
    started.as_ref().map_err(|error| anyhow!("{error}"))
}
