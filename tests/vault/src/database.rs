use anyhow::Result;
use serde_json::Value;

/// A user of a database and the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// A database server that Vault's database engine manages users of.
pub trait Database {
    /// The plugin of the database engine.
    fn plugin(&self) -> &'static str;

    /// What the engine is told to connect as this user, a superuser usually: the body of `database/config/NAME`,
    /// with every role allowed.
    fn connection(&self, login: &Login) -> Value;

    /// The `creation_statements` of a role whose users may log in.
    fn creation(&self) -> Value;

    /// The statement by which a user's password becomes another one, with the engine's placeholders.
    fn rotation(&self) -> &'static str;

    /// A user who may do everything. Each call makes another one, so that the root of one test is not that of the next.
    ///
    /// # Errors
    /// The database does not answer.
    fn superuser(&self) -> Result<Login>;

    /// Whether the database lets this user in now.
    ///
    /// # Errors
    /// It answered neither yes nor no.
    fn lets_in(&self, login: &Login) -> Result<bool>;

    /// Does what one statement says, and gives what it answers.
    ///
    /// # Errors
    /// The database refuses.
    fn run(&self, statement: &str) -> Result<String>;
}
