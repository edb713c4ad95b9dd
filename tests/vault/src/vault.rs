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
use crate::machine::on_free_port;
use crate::process::Process;

/// A running server that speaks Vault's API, OpenBao or HashiCorp's Vault, on loopback. It goes when it is dropped.
pub struct Vault {
    program: PathBuf,
    kind: Kind,
    address: SocketAddr,
    endpoint: String,
    token: String,
    unseal_key: String,
    /// Absent after [`Vault::crash`].
    process: Option<Process>,
    folder: TempDir,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dev,
    DevTls,
    Durable,
}

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
            Kind::Durable => self.configure(&mut command)?,
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
        let admin = self.admin();
        admin.put("sys/unseal", &json!({"key": self.unseal_key}))?;
        for _ in 0..200 {
            if admin.call("GET", "sys/health", None)?.status == 200 {
                return Ok(());
            }
            sleep(Duration::from_millis(50));
        }
        anyhow::bail!("the server is unsealed and yet not active")
    }

    /// A server in development mode is ready once it knows its root token, which also shows that it is ours and nobody
    /// else's on the same port. A durable one is ready once it speaks.
    fn answers(&self) -> bool {
        match self.kind {
            Kind::Dev | Kind::DevTls => self.admin().get("auth/token/lookup-self").is_ok(),
            Kind::Durable => self.admin().call("GET", "sys/health", None).is_ok(),
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
        let cluster = SocketAddr::new(self.address.ip(), self.address.port() + 1);
        let mut settings = json!({
            // The multiplier shortens the wait for an election that only one server takes part in.
            "storage": {"raft": {"path": data, "node_id": "one", "performance_multiplier": "1"}},
            "listener": [{"tcp": {"address": self.address, "cluster_address": cluster, "tls_disable": true}}],
            "api_addr": self.endpoint,
            "cluster_addr": format!("https://{cluster}"),
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

/// A text that no other call of this process and no other running process gives.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("{prefix}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
