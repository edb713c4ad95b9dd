#![doc = include_str!("../README.md")]
#![expect(clippy::disallowed_methods, reason = "servers start and end in real time")]

mod admin;
mod clock;
mod clouds;
mod database;
mod ground;
mod jwt;
mod key_set;
mod line;
mod machine;
mod mariadb;
mod postgres;
mod process;
mod program;
mod proxy;
mod snapshot;
mod vault;

pub use admin::{Admin, Answer, AppRole, Token};
pub use clock::{RealTime, SharedClock};
pub use clouds::{AwsRole, Hook, Machine, Sign, aws_method};
pub use database::{Database, Login};
pub use ground::Ground;
pub use jwt::{JwtRole, fresh_jwt, key_pair, public_pem, thumbprint};
pub use key_set::KeySet;
pub use mariadb::MariaDb;
pub use postgres::Postgres;
pub use program::{Absent, Program};
pub use proxy::{Proxy, REFUSED, THROTTLED, UNANSWERED, fault_of_vault, plain_fault};
pub use snapshot::Snapshot;
pub use vault::{Vault, unique};
