//! A real OpenBao or Vault with a real PostgreSQL, set up by the commands of a program's README and by nothing else; the plugin logs in with
//! signed tokens.

mod life;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vault_servers::{Database as _, Login, Postgres, Program, fresh_jwt, key_pair, unique};

use crate::running::{Ended, Running};
use crate::vault::VaultScene;
use crate::workspace::Workspace;

pub use life::Moment;

/// The program's resource that reads database users.
const DATABASE_USER: &str = "database-user";
const CREDENTIALS: &str = "database/creds/payment";
/// Under this heading the README says what variables to set, and then what to do with them.
const ADMINISTRATOR: &str = "Once, by an administrator of Vault";
const LIMIT: Duration = Duration::from_secs(300);

/// What a test of such a program needs.
pub struct PlatformScene {
    /// The project, the plugin's clock and the server.
    pub vault: VaultScene,
    /// The database.
    pub postgres: Postgres,
    /// What the connection was set up with.
    pub first_root: Login,
    /// The private key that signs what the plugin logs in with.
    signer: String,
    server: Program,
    readme: String,
}

impl PlatformScene {
    /// Starts this server and a PostgreSQL, does what the README in the folder says, and takes the program that stands there. The plugin
    /// has no token.
    ///
    /// # Errors
    /// When something cannot be started or copied, or a command of the README fails.
    pub fn of_program(folder: &Path, server: Program) -> Result<Self> {
        let vault = VaultScene::of_program(folder, server)?;
        let postgres = Postgres::start(&Program::Postgres.find()?)?;
        let first_root = Login { user: "vault".to_owned(), password: unique("password") };
        postgres.run(&format!("CREATE ROLE vault LOGIN CREATEROLE PASSWORD '{}'", first_root.password))?;
        let (signer, public) = key_pair()?;
        // A server for development has it, one that a reader of the README sets up has not.
        vault.admin().delete("sys/mounts/secret")?;
        let readme = fs::read_to_string(folder.join("README.md")).context("the program has no README")?;
        let scene = Self { vault, postgres, first_root, signer, server, readme };
        ensure!(scene.postgres.lets_in(&scene.first_root)?, "the first root does not log in");
        let variables = [
            ("DATABASE", format!("127.0.0.1:{}/postgres?sslmode=disable", scene.postgres.port())),
            ("DATABASE_USER", scene.first_root.user.clone()),
            ("DATABASE_PASSWORD", scene.first_root.password.clone()),
        ];
        scene.follow(scene.commands(ADMINISTRATOR, 2)?, &variables, &[("ci.pem", &public)])?;
        let work = &scene.vault.work;
        work.set("VAULT_TOKEN", "");
        work.run(&["config", "set", "--path", "keyrotation:vault.authLoginJwt.role", "ci"])?.expect_success()?;
        Ok(scene)
    }

    /// What the README has under this heading in its block of shell with this number, from 1 on.
    ///
    /// # Errors
    /// When there is none.
    pub fn commands(&self, heading: &str, block: usize) -> Result<&str> {
        commands(&self.readme, heading, block)
    }

    /// Runs commands of the README as its reader would, with these variables and files.
    ///
    /// # Errors
    /// When one of them fails, with what they said.
    pub fn follow(&self, commands: &str, variables: &[(&str, String)], files: &[(&str, &str)]) -> Result<()> {
        let place = tempfile::tempdir().context("cannot make a folder for an administrator")?;
        symlink(self.server.find()?, place.path().join("vault")).context("cannot name the server's program vault")?;
        for (name, text) in files {
            fs::write(place.path().join(name), text).with_context(|| format!("cannot write {name}"))?;
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.args(["-euc", commands]).current_dir(place.path());
        command.env_clear().env("PATH", format!("{}:{path}", place.path().display())).env("HOME", place.path());
        command.env("VAULT_ADDR", self.vault.endpoint()).env("VAULT_TOKEN", self.vault.admin().token());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let what = "what the README says".to_owned();
        Running::start(what, &mut command, place.path().join("output"))?.wait(LIMIT)?.expect_success()?;
        Ok(())
    }

    /// Runs a command of the CLI for which the plugin logs in with a fresh token, and insists that no token of a login outlives it.
    ///
    /// # Errors
    /// When one does, or the command does not end.
    pub fn logged_in(&self, run: impl FnOnce(&Workspace) -> Result<Ended>) -> Result<Ended> {
        let work = &self.vault.work;
        let jwt = fresh_jwt(&self.signer, &json!({}))?;
        self.vault.keep_secret(&jwt);
        let property = "keyrotation:vault.authLoginJwt.jwt";
        work.run(&["config", "set", "--path", "--secret", property, &jwt])?.expect_success()?;
        let ended = run(work)?;
        work.expect_no_plugin()?;
        let tokens = self.tokens()?;
        ensure!(
            tokens.iter().all(|token| token["path"] != "auth/jwt/login"),
            "a token that was logged in for outlives the run"
        );
        Ok(ended)
    }

    /// Every token but the administrator's own.
    ///
    /// # Errors
    /// When the server does not tell.
    pub fn tokens(&self) -> Result<Vec<Value>> {
        let admin = self.vault.admin();
        let own = admin.get("auth/token/lookup-self")?["data"]["accessor"].clone();
        let accessors = admin.list("auth/token/accessors")?.into_iter().filter(|accessor| own != accessor.as_str());
        let lookup = |accessor| admin.post("auth/token/lookup-accessor", &json!({"accessor": accessor}));
        accessors.map(|accessor: String| Ok(lookup(accessor)?["data"].clone())).collect()
    }

    /// `pulumi up`, which must succeed.
    ///
    /// # Errors
    /// When it does not.
    pub fn up(&self) -> Result<()> {
        self.logged_in(Workspace::up)?.expect_success()?;
        self.vault.learn_secrets()
    }

    /// `pulumi up` that has nothing to do.
    ///
    /// # Errors
    /// When it has, with its words.
    pub fn expect_quiet(&self) -> Result<()> {
        self.logged_in(|work| work.run(&["up", "--yes", "--expect-no-changes"]))?.expect_success()?;
        Ok(())
    }

    /// The current database user as the state knows it; the database must let it in, although the login of the run is dead.
    ///
    /// # Errors
    /// When it does not.
    pub fn database_user(&self) -> Result<Login> {
        let state = self.vault.work.state()?;
        let text = |path| state.text_of(DATABASE_USER, path);
        let login = Login { user: text("/data/username")?, password: text("/data/password")? };
        ensure!(self.postgres.lets_in(&login)?, "the current database user does not log in");
        Ok(login)
    }

    /// How many database users live.
    ///
    /// # Errors
    /// When the server does not tell.
    pub fn leases(&self) -> Result<usize> {
        Ok(self.vault.admin().list(&format!("sys/leases/lookup/{CREDENTIALS}"))?.len())
    }

    /// Destroys the stack as the README says, and insists that nothing of ours is left on the server, and nothing secret anywhere.
    ///
    /// # Errors
    /// When something is.
    pub fn expect_destroyed(&self) -> Result<()> {
        let destroy = ["destroy", "--yes", "--skip-preview", "--run-program"];
        self.logged_in(|work| work.run(&destroy))?.expect_success()?;
        ensure!(self.leases()? == 0, "a lease is left");
        ensure!(self.tokens()?.is_empty(), "a token is left: {:?}", self.tokens()?);
        let groups = self.vault.admin().list("identity/group/name")?;
        ensure!(groups.is_empty(), "a mark is left: {groups:?}");
        self.vault.expect_nothing_left()
    }
}

/// A block of shell under a heading, by its number from 1 on.
fn commands<'a>(readme: &'a str, heading: &str, block: usize) -> Result<&'a str> {
    let lacks = || format!("the README has no block {block} of commands under {heading}");
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).with_context(lacks)?;
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split("\n```sh\n").nth(block).and_then(|rest| rest.split("\n```").next()).with_context(lacks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_by_their_heading_and_number() {
        let readme = "# A\n```sh\nzero\n```\n\n## B\n\nwords\n\n```sh\none\n```\n\n```sh\ntwo\nmore\n```\n\n## C\n\n```sh\nthree\n```\n";
        let found = |heading, block| commands(readme, heading, block).ok();
        assert_eq!((found("B", 1), found("B", 2), found("B", 3)), (Some("one"), Some("two\nmore"), None));
        assert_eq!((found("C", 1), found("A", 1), found("D", 1)), (Some("three"), None, None));
    }
}
