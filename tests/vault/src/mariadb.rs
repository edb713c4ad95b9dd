use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::{Database, Login, answer};
use crate::machine::{is_root, libraries, on_free_port};
use crate::process::Process;
use crate::vault::unique;

/// A running MariaDB, empty, on loopback, in a folder of its own. It goes when it is dropped.
pub struct MariaDb {
    programs: PathBuf,
    port: u16,
    admin: Login,
    process: Process,
    _folder: TempDir,
}

impl MariaDb {
    /// Starts one from the folder whose `bin` and `sbin` hold its programs.
    ///
    /// # Errors
    /// It does not start; its output is in the message.
    pub fn start(programs: &Path) -> Result<Self> {
        let folder = TempDir::new().context("cannot make a folder")?;
        let admin = Login { user: "vaultadmin".to_owned(), password: unique("mariadb") };
        initialise(programs, folder.path())?;
        let first = first_statements(folder.path(), &admin)?;
        let place = |name: &str| folder.path().join(name).display().to_string();
        let (port, process) = on_free_port(|port| {
            let mut command = program(programs, "mariadbd");
            command.args(base(programs, folder.path())).arg(format!("--port={port}"));
            command.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--performance-schema=off"]);
            command.arg(format!("--socket={}", place("socket"))).arg(format!("--pid-file={}", place("pid")));
            command.arg(format!("--init-file={}", first.display()));
            let mut process = Process::start(&mut command, &folder.path().join("log"), Signal::TERM)?;
            process.until(|| ask(programs, port, &admin, "select 1").is_ok_and(|answer| answer.is_ok()))?;
            Ok((port, process))
        })?;
        Ok(Self { programs: programs.to_owned(), port, admin, process, _folder: folder })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it, as a database that is down for good.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}

impl Database for MariaDb {
    fn plugin(&self) -> &'static str {
        "mysql-database-plugin"
    }

    fn url(&self) -> String {
        format!("{{{{username}}}}:{{{{password}}}}@tcp(127.0.0.1:{})/", self.port)
    }

    fn creation(&self) -> Value {
        json!(["CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'"])
    }

    fn rotation(&self) -> &'static str {
        "ALTER USER '{{username}}'@'%' IDENTIFIED BY '{{password}}'"
    }

    fn create_user(&self, login: &Login) -> String {
        format!("CREATE USER '{}'@'%' IDENTIFIED BY '{}'", login.user, login.password)
    }

    fn create_superuser(&self, login: &Login) -> String {
        create_superuser(login)
    }

    fn who_am_i(&self) -> &'static str {
        "select substring_index(user(), '@', 1)"
    }

    fn is_refusal(&self, words: &str) -> bool {
        words.starts_with("ERROR 1045 ")
    }

    fn admin(&self) -> &Login {
        &self.admin
    }

    fn ask(&self, login: &Login, statement: &str) -> Result<Result<String, String>> {
        ask(&self.programs, self.port, login, statement)
    }
}

fn create_superuser(login: &Login) -> String {
    let Login { user, password } = login;
    format!("GRANT ALL PRIVILEGES ON *.* TO '{user}'@'%' IDENTIFIED BY '{password}' WITH GRANT OPTION")
}

/// The statements of the first start: the superuser, and nobody else who could log in.
fn first_statements(folder: &Path, admin: &Login) -> Result<PathBuf> {
    let path = folder.join("first.sql");
    std::fs::write(&path, format!("{};\nDROP USER IF EXISTS 'root'@'localhost';\n", create_superuser(admin)))
        .context("cannot write the first statements")?;
    Ok(path)
}

fn initialise(programs: &Path, folder: &Path) -> Result<()> {
    let mut command = program(programs, "mariadb-install-db");
    command.args(base(programs, folder)).args(["--auth-root-authentication-method=normal", "--skip-test-db"]);
    command.args(["--skip-name-resolve"]).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(output.status.success(), "mariadb-install-db failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// What the server is told every time; nothing is flushed to disk, as nothing is to last.
fn base(programs: &Path, folder: &Path) -> Vec<String> {
    // Unlike PostgreSQL it runs as root if it is told to, and root alone may be able to read the cache that it lies in.
    let user = is_root().then(|| "--user=root".to_owned());
    let mut options = vec![
        "--no-defaults".to_owned(),
        format!("--basedir={}", programs.display()),
        format!("--datadir={}", folder.join("data").display()),
        "--debug-no-sync".to_owned(),
        "--innodb-flush-method=nosync".to_owned(),
        "--innodb-buffer-pool-size=16M".to_owned(),
    ];
    options.extend(user);
    options
}

/// What a statement answers, or the words with which the server refuses.
fn ask(programs: &Path, port: u16, login: &Login, statement: &str) -> Result<Result<String, String>> {
    let mut command = program(programs, "mariadb");
    command.args(["--no-defaults", "--batch", "--skip-column-names", "--protocol=tcp", "--host=127.0.0.1"]);
    command.args(["--connect-timeout=10", &format!("--port={port}"), &format!("--user={}", login.user)]);
    command.args(["--execute", statement]).env("MYSQL_PWD", &login.password).stdin(Stdio::null());
    answer(&mut command)
}

fn program(programs: &Path, name: &str) -> Command {
    let place = ["sbin", "bin"].iter().map(|folder| programs.join(folder).join(name)).find(|place| place.is_file());
    let mut command = Command::new(place.unwrap_or_else(|| name.into()));
    // mariadb-install-db is a shell script, so it needs the machine's own programs.
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("LD_LIBRARY_PATH", libraries(&programs.join("bin"))).current_dir("/");
    command
}
