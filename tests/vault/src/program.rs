use std::fmt;
use std::path::{Path, PathBuf};

/// A server that tests run against, if the machine has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// OpenBao: the program `bao`.
    OpenBao,
    /// HashiCorp Vault: the program `vault`.
    Vault,
    /// PostgreSQL: the folder with `initdb`, `postgres` and `psql`.
    Postgres,
    /// MariaDB: the folder whose `bin` and `sbin` hold `mariadb-install-db`, `mariadbd` and `mariadb`.
    MariaDb,
}

impl Program {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::OpenBao, Self::Vault, Self::Postgres, Self::MariaDb];

    /// The environment variable that names it.
    pub fn variable(self) -> &'static str {
        match self {
            Self::OpenBao => "KEYROTATION_OPENBAO",
            Self::Vault => "VAULT_BIN",
            Self::Postgres => "KEYROTATION_POSTGRES",
            Self::MariaDb => "KEYROTATION_MARIADB",
        }
    }

    /// Where it is.
    ///
    /// # Errors
    /// Its variable is not set, or names nothing that exists: the tests that need it are to be skipped with these words.
    pub fn find(self) -> Result<PathBuf, Absent> {
        match std::env::var_os(self.variable()).filter(|place| !place.is_empty()).map(PathBuf::from) {
            Some(place) if place.exists() => Ok(place),
            place => Err(Absent { program: self, place }),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::OpenBao => "OpenBao",
            Self::Vault => "HashiCorp Vault",
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
        }
    }
}

/// A server that is not at hand; it prints as the reason for which a test is skipped.
#[derive(Debug)]
pub struct Absent {
    program: Program,
    place: Option<PathBuf>,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (variable, name) = (self.program.variable(), self.program.name());
        match self.place.as_deref().map(Path::display) {
            Some(place) => write!(f, "{variable} is {place}, which does not exist: no {name}"),
            None => write!(f, "{variable} is not set: no {name}"),
        }
    }
}

impl std::error::Error for Absent {}
