#![doc = include_str!("../README.md")]
#![expect(clippy::disallowed_methods, reason = "servers start and end in real time")]

mod admin;
mod database;
mod jwt;
mod machine;
mod mariadb;
mod postgres;
mod process;
mod program;
mod proxy;
mod vault;

pub use admin::{Admin, Answer, AppRole, Token};
pub use database::{Database, Login};
pub use jwt::{JwtRole, der, fresh_jwt, public_pem};
pub use mariadb::MariaDb;
pub use postgres::Postgres;
pub use program::{Absent, Program};
pub use proxy::{Proxy, REFUSED, THROTTLED, UNANSWERED};
pub use vault::{Vault, unique};
