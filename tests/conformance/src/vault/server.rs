//! One server for a whole test program; each bench has a path of its own.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use vault_servers::{Absent, Admin, Program, Vault};

/// What all benches share.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) address: std::net::SocketAddr,
    pub(super) admin: Admin,
    /// A KV engine of version 2.
    pub(super) mount: String,
    /// An AppRole method.
    pub(super) approle: String,
}

struct Server {
    _vault: Vault,
    ground: Ground,
}

static SERVER: Mutex<Option<Result<Server, Arc<anyhow::Error>>>> = Mutex::new(None);

/// Whether the server's program is at hand, and else why not.
///
/// # Errors
/// The reason for which tests are skipped.
pub fn vault_program() -> Result<(), Absent> {
    Program::OpenBao.find().map(drop)
}

/// Ends the server, if one was started. A static value is never dropped.
pub fn vault_ended() {
    drop(SERVER.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// The server, started by whoever asks first.
pub(super) fn ground() -> Result<Ground> {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    match server.get_or_insert_with(|| start().map_err(Arc::new)) {
        Ok(server) => Ok(server.ground.clone()),
        Err(error) => Err(anyhow!("{error:#}")),
    }
}

fn start() -> Result<Server> {
    let vault = Vault::dev(&Program::OpenBao.find()?).context("the server does not start")?;
    let admin = vault.admin();
    let ground =
        Ground { address: vault.address(), mount: admin.mount_kv(2)?, approle: admin.mount_auth("approle")?, admin };
    Ok(Server { _vault: vault, ground })
}
