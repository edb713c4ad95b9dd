use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::admin::Admin;
use crate::line::Line;
use crate::machine::on_free_port;
use crate::process::Process;

/// A running server that speaks Vault's API, OpenBao or HashiCorp's Vault, on loopback. It goes when it is dropped.
pub struct Vault {
    program: PathBuf,
    kind: Kind,
    address: SocketAddr,
    endpoint: String,
    pub(crate) token: String,
    pub(crate) unseal_key: String,
    /// Absent after [`Vault::crash`].
    process: Option<Process>,
    /// Where other servers reach a standby.
    line: Option<Line>,
    folder: TempDir,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dev,
    DevTls,
    Durable,
    Standby,
}

/// What `sys/health` says with.
const IS_ACTIVE: u16 = 200;
const STANDS_BY: u16 = 429;

impl Vault {
    /// A server in development mode, which keeps everything in memory and is unsealed.
    ///
    /// # Errors
    /// It does not start; its output is in the message.
    pub fn dev(program: &Path) -> Result<Self> {
        Self::start(program, Kind::Dev)
    }

    /// The same behind TLS, with a certificate for 127.0.0.1 and localhost by the authority in [`Vault::ca_file`].
    ///
    /// # Errors
    /// As [`Vault::dev`].
    pub fn dev_tls(program: &Path) -> Result<Self> {
        Self::start(program, Kind::DevTls)
    }

    /// A server that keeps its data on disk (by raft, the one kind of storage that both have), initialised and unsealed.
    ///
    /// # Errors
    /// As [`Vault::dev`].
    pub fn durable(program: &Path) -> Result<Self> {
        let mut vault = Self::start(program, Kind::Durable)?;
        let keys = vault.admin().put("sys/init", &json!({"secret_shares": 1, "secret_threshold": 1}))?;
        let text = |value: &Value| value.as_str().map(str::to_owned).context("sys/init gave no key");
        vault.unseal_key = text(&keys["keys_base64"][0])?;
        vault.token = text(&keys["root_token"])?;
        vault.unseal()?;
        Ok(vault)
    }

    /// A standby of a durable server: it has a copy of its data, answers questions from that, passes everything else on, and never takes
    /// its place.
    ///
    /// # Errors
    /// As [`Vault::dev`]; it does not join.
    pub fn standby_of(active: &Self) -> Result<Self> {
        let mut vault = Self::start(&active.program, Kind::Standby)?;
        let join = json!({"leader_api_addr": active.endpoint, "non_voter": true});
        vault.admin().put("sys/storage/raft/join", &join)?;
        (vault.unseal_key, vault.token) = (active.unseal_key.clone(), active.token.clone());
        vault.open(STANDS_BY)?;
        Ok(vault)
    }

    /// Keeps what the active server writes from a standby, or lets it catch up.
    ///
    /// # Errors
    /// It is no standby.
    pub fn hold_back(&self, is_held: bool) -> Result<()> {
        self.line.as_ref().context("only a standby can lag")?.hold(is_held);
        Ok(())
    }

    fn start(program: &Path, kind: Kind) -> Result<Self> {
        on_free_port(|port| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let scheme = if kind == Kind::DevTls { "https" } else { "http" };
            let mut vault = Self {
                program: program.to_owned(),
                kind,
                address,
                endpoint: format!("{scheme}://{address}"),
                token: unique("root"),
                unseal_key: String::new(),
                process: None,
                line: match kind {
                    Kind::Standby => Some(Line::to(beside(address)).context("cannot listen for a standby")?),
                    _ => None,
                },
                folder: TempDir::new().context("cannot make a folder")?,
            };
            vault.restart()?;
            Ok(vault)
        })
    }

    /// The URL, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client with the root token.
    pub fn admin(&self) -> Admin {
        Admin::new(&self.endpoint, &self.token, self.ca_file().as_deref())
    }

    /// The certificate of the authority that signed the server's, in PEM; absent without TLS.
    pub fn ca_file(&self) -> Option<PathBuf> {
        (self.kind == Kind::DevTls).then(|| self.folder.path().join("vault-ca.pem"))
    }

    /// The process id, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Kills the server as a crash would. A durable one can be started again, another has lost everything.
    pub fn crash(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts the server again on the same port. A durable one is sealed then.
    ///
    /// # Errors
    /// It does not start; its output is in the message.
    pub fn restart(&mut self) -> Result<()> {
        self.crash();
        let mut command = Command::new(&self.program);
        // Nothing of the caller's environment, so that neither VAULT_* nor a proxy misleads it.
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path()).arg("server");
        match self.kind {
            Kind::Durable | Kind::Standby => self.configure(&mut command)?,
            Kind::Dev | Kind::DevTls => self.develop(&mut command),
        }
        let mut process = Process::start(&mut command, &self.folder.path().join("log"), Signal::TERM)?;
        process.until(|| self.answers())?;
        self.process = Some(process);
        Ok(())
    }

    /// Unseals a durable server and waits until it is active.
    ///
    /// # Errors
    /// It refuses, or is not active within ten seconds.
    pub fn unseal(&self) -> Result<()> {
        self.open(IS_ACTIVE)
    }

    fn open(&self, health: u16) -> Result<()> {
        let admin = self.admin();
        admin.put("sys/unseal", &json!({"key": self.unseal_key}))?;
        for _ in 0..200 {
            if admin.call("GET", "sys/health", None)?.status == health {
                return Ok(());
            }
            sleep(Duration::from_millis(50));
        }
        anyhow::bail!("the server is unsealed, and its health is not {health}")
    }

    /// A server in development mode is ready once it knows its root token, which also shows that it is ours and nobody
    /// else's on the same port. A durable one is ready once it speaks.
    fn answers(&self) -> bool {
        match self.kind {
            Kind::Dev | Kind::DevTls => self.admin().get("auth/token/lookup-self").is_ok(),
            Kind::Durable | Kind::Standby => self.admin().call("GET", "sys/health", None).is_ok(),
        }
    }

    fn develop(&self, command: &mut Command) {
        match self.kind {
            Kind::DevTls => command.arg("-dev-tls").arg(format!("-dev-tls-cert-dir={}", self.folder.path().display())),
            _ => command.arg("-dev"),
        };
        command.arg(format!("-dev-root-token-id={}", self.token)).arg("-dev-no-store-token");
        command.arg(format!("-dev-listen-address={}", self.address));
    }

    fn configure(&self, command: &mut Command) -> Result<()> {
        let data = self.folder.path().join("data");
        fs::create_dir_all(&data).context("cannot make a folder")?;
        let cluster = beside(self.address);
        let reached_at = self.line.as_ref().map_or(cluster, Line::address);
        let mut settings = json!({
            // The multiplier shortens the wait for an election that only one server takes part in.
            "storage": {"raft": {"path": data, "node_id": self.address, "performance_multiplier": "1"}},
            "listener": [{"tcp": {"address": self.address, "cluster_address": cluster, "tls_disable": true}}],
            "api_addr": self.endpoint,
            "cluster_addr": format!("https://{reached_at}"),
        });
        if self.is_hashicorp()? {
            settings["disable_mlock"] = json!(true);
        }
        let path = self.folder.path().join("settings.json");
        fs::write(&path, settings.to_string()).context("cannot write a server's settings")?;
        command.arg(format!("-config={}", path.display()));
        Ok(())
    }

    /// OpenBao has no memory lock and knows no setting for it; Vault with raft asks for the setting.
    fn is_hashicorp(&self) -> Result<bool> {
        let output = Command::new(&self.program).arg("version").output().context("cannot ask for the version")?;
        ensure!(output.status.success(), "the server does not tell its version");
        Ok(!String::from_utf8_lossy(&output.stdout).contains("OpenBao"))
    }
}

/// Where a server speaks to others of its cluster.
fn beside(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port() + 1)
}

/// A text that no other call of this process and no other running process gives.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("{prefix}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
