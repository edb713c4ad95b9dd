use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use ureq::http::Request;

use crate::admin::Admin;
use crate::vault::Vault;

/// All that a durable server holds, in its own format, and what opens it.
#[derive(Clone)]
pub struct Snapshot {
    /// What the server gave.
    pub data: Vec<u8>,
    /// Its unseal key.
    pub unseal_key: String,
    /// Its root token.
    pub token: String,
}

const PLACE: &str = "sys/storage/raft/snapshot";
const TRIES: usize = 200;
const PAUSE: Duration = Duration::from_millis(100);
/// Larger than any that tests make.
const LIMIT: u64 = 64 << 20;

impl Vault {
    /// All that a durable server holds now.
    ///
    /// # Errors
    /// The server refuses.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let data = self.admin().download(PLACE)?;
        Ok(Snapshot { data, unseal_key: self.unseal_key.clone(), token: self.admin().token().to_owned() })
    }

    /// A durable server that holds what another one did.
    ///
    /// # Errors
    /// As [`Vault::durable`]; the server refuses the snapshot.
    pub fn restored(program: &Path, snapshot: &Snapshot) -> Result<Self> {
        let mut vault = Self::durable(program)?;
        vault.admin().upload(&format!("{PLACE}-force"), &snapshot.data)?;
        vault.unseal_key.clone_from(&snapshot.unseal_key);
        vault.token.clone_from(&snapshot.token);
        // The server takes the data in by itself, with other keys, and may seal itself meanwhile.
        for _ in 0..TRIES {
            let _ = vault.admin().put("sys/unseal", &json!({"key": vault.unseal_key}));
            if vault.admin().get("auth/token/lookup-self").is_ok() {
                return Ok(vault);
            }
            sleep(PAUSE);
        }
        bail!("the server did not take the snapshot in")
    }
}

impl Admin {
    fn download(&self, path: &str) -> Result<Vec<u8>> {
        let request = Request::builder().uri(self.url(path)).header("X-Vault-Token", self.token()).body(())?;
        let mut response = self.agent.run(request).with_context(|| format!("GET {path}"))?;
        ensure!(response.status().is_success(), "GET {path}: {}", response.status());
        response.body_mut().with_config().limit(LIMIT).read_to_vec().with_context(|| format!("GET {path}"))
    }

    fn upload(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let request = Request::builder().method("POST").uri(self.url(path)).header("X-Vault-Token", self.token());
        let response = self.agent.run(request.body(bytes)?).with_context(|| format!("POST {path}"))?;
        ensure!(response.status().is_success(), "POST {path}: {}", response.status());
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.endpoint)
    }
}
