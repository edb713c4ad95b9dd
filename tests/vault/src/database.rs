use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::vault::unique;

/// A user of a database and the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

/// A database server that Vault's database engine manages users of. A kind of server says how it is spoken to; the rest follows.
pub trait Database {
    /// The plugin of the database engine.
    fn plugin(&self) -> &'static str;

    /// The URL by which the engine connects, with its placeholders for the user and the password.
    fn url(&self) -> String;

    /// The `creation_statements` of a role whose users may log in.
    fn creation(&self) -> Value;

    /// The statement by which a user's password becomes another one, with the engine's placeholders.
    fn rotation(&self) -> &'static str;

    /// The statement that makes this user, who may log in.
    fn create_user(&self, login: &Login) -> String;

    /// The statement that makes this user, who may do everything.
    fn create_superuser(&self, login: &Login) -> String;

    /// The statement that gives the name of whoever asks.
    fn who_am_i(&self) -> &'static str;

    /// Whether the server says by this that it does not let somebody in.
    fn is_refusal(&self, words: &str) -> bool;

    /// Whoever may do everything from the start.
    fn admin(&self) -> &Login;

    /// What a statement answers by this user, or the words with which the server refuses.
    ///
    /// # Errors
    /// Its client does not start.
    fn ask(&self, login: &Login, statement: &str) -> Result<Result<String, String>>;

    /// What the engine is told to connect as this user, a superuser usually: the body of `database/config/NAME`,
    /// with every role allowed.
    fn connection(&self, login: &Login) -> Value {
        json!({
            "plugin_name": self.plugin(),
            "allowed_roles": "*",
            "connection_url": self.url(),
            "username": login.user,
            "password": login.password,
        })
    }

    /// A user who may do everything. Each call makes another one, so that the root of one test is not that of the next.
    ///
    /// # Errors
    /// The database does not answer.
    fn superuser(&self) -> Result<Login> {
        let login = Login { user: unique("root"), password: unique("password") };
        self.run(&self.create_superuser(&login))?;
        Ok(login)
    }

    /// Whether the database lets this user in now.
    ///
    /// # Errors
    /// It answered neither yes nor no.
    fn lets_in(&self, login: &Login) -> Result<bool> {
        match self.ask(login, self.who_am_i())? {
            Ok(user) => {
                ensure!(user == login.user, "{}: it let in {user} in place of {}", self.plugin(), login.user);
                Ok(true)
            }
            Err(words) if self.is_refusal(&words) => Ok(false),
            Err(words) => bail!("{}: {words}", self.plugin()),
        }
    }

    /// Does what one statement says, and gives what it answers.
    ///
    /// # Errors
    /// The database refuses.
    fn run(&self, statement: &str) -> Result<String> {
        self.ask(self.admin(), statement)?.map_err(|refusal| anyhow::anyhow!("{}: {refusal}", self.plugin()))
    }
}

/// What a client of a database answers, or its words on standard error where it fails.
pub(crate) fn answer(client: &mut Command) -> Result<Result<String, String>> {
    let output = client.output().with_context(|| format!("cannot start {client:?}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}
