use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::{Database, Login, answer};
use crate::machine::{PlainUser, libraries, on_free_port};
use crate::process::Process;
use crate::vault::unique;

/// A running PostgreSQL, empty, on loopback, in a folder of its own. It goes when it is dropped.
pub struct Postgres {
    programs: PathBuf,
    port: u16,
    admin: Login,
    process: Process,
    _folder: TempDir,
}

impl Postgres {
    /// Starts one from the folder with its programs; as a plain user if the caller is root.
    ///
    /// # Errors
    /// It does not start; its output is in the message.
    pub fn start(programs: &Path) -> Result<Self> {
        let user = PlainUser::find()?;
        let folder = user.folder()?;
        let admin = Login { user: "vaultadmin".to_owned(), password: unique("postgres") };
        initialise(programs, user, folder.path(), &admin)?;
        let (port, process) = on_free_port(|port| {
            let mut command = program(programs, "postgres");
            command.arg("-D").arg(folder.path().join("data")).args(["-p", &port.to_string()]);
            for setting in
                ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "shared_buffers=16MB"]
            {
                command.args(["-c", setting]);
            }
            // SIGQUIT ends it at once and yet leaves no shared memory behind, which SIGKILL would.
            let mut process = Process::start(user.run(&mut command), &folder.path().join("log"), Signal::QUIT)?;
            process.until(|| ask(programs, port, &admin, "select 1").is_ok_and(|answer| answer.is_ok()))?;
            Ok((port, process))
        })?;
        Ok(Self { programs: programs.to_owned(), port, admin, process, _folder: folder })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it at once, as a database that is down for good: with all that serves its connections, each a process of its own, and as ever
    /// without SIGKILL, which would leave shared memory behind.
    pub fn kill(&mut self) {
        self.process.end();
    }
}

impl Database for Postgres {
    fn plugin(&self) -> &'static str {
        "postgresql-database-plugin"
    }

    fn url(&self) -> String {
        format!("postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/postgres?sslmode=disable", self.port)
    }

    fn creation(&self) -> Value {
        json!([r#"CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"#])
    }

    fn rotation(&self) -> &'static str {
        r#"ALTER ROLE "{{username}}" WITH PASSWORD '{{password}}'"#
    }

    fn create_user(&self, login: &Login) -> String {
        format!("CREATE ROLE \"{}\" LOGIN PASSWORD '{}'", login.user, login.password)
    }

    fn create_superuser(&self, login: &Login) -> String {
        format!("CREATE ROLE \"{}\" SUPERUSER LOGIN PASSWORD '{}'", login.user, login.password)
    }

    fn who_am_i(&self) -> &'static str {
        "select current_user"
    }

    /// The second is told to a user who is dropped in the middle of a login.
    fn is_refusal(&self, words: &str) -> bool {
        words.contains("password authentication failed") || words.contains("does not exist")
    }

    fn admin(&self) -> &Login {
        &self.admin
    }

    fn ask(&self, login: &Login, statement: &str) -> Result<Result<String, String>> {
        ask(&self.programs, self.port, login, statement)
    }
}

fn initialise(programs: &Path, user: PlainUser, folder: &Path, admin: &Login) -> Result<()> {
    let password = folder.join("password");
    std::fs::write(&password, &admin.password).context("cannot write a password file")?;
    user.own(&password)?;
    let mut command = program(programs, "initdb");
    command.arg("-D").arg(folder.join("data")).args(["-U", &admin.user, "-A", "scram-sha-256"]);
    command.args(["--locale=C", "--no-sync"]).arg("--pwfile").arg(&password).stdin(Stdio::null());
    let output = user.run(&mut command).output().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// What a statement answers, or the words with which the server refuses.
fn ask(programs: &Path, port: u16, login: &Login, statement: &str) -> Result<Result<String, String>> {
    let mut command = program(programs, "psql");
    command.args(["-X", "-w", "-A", "-t", "-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
    command.args(["-U", &login.user, "-d", "postgres", "-c", statement]);
    command.env("PGPASSWORD", &login.password).env("PGCONNECT_TIMEOUT", "10").stdin(Stdio::null());
    answer(&mut command)
}

fn program(programs: &Path, name: &str) -> Command {
    let mut command = Command::new(programs.join(name));
    // LC_ALL, because refusals are told apart by their words.
    command.env_clear().env("LD_LIBRARY_PATH", libraries(programs)).env("LC_ALL", "C").current_dir("/");
    command
}
