//! One server for a whole test program; each rig has a path of its own.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow};
use localcloud::locked;
use serde_json::json;
use vault_servers::{Absent, Admin, Postgres, Program, Vault};

/// What all rigs share.
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

/// What the places of leases share beside the server.
#[derive(Clone)]
pub(super) struct LeaseGround {
    /// A database engine, on which a lease may last a year.
    pub(super) mount: String,
    pub(super) postgres: Arc<Postgres>,
}

static LEASES: Mutex<Option<Result<LeaseGround, Arc<anyhow::Error>>>> = Mutex::new(None);

static SERVER: Mutex<Option<Result<Server, Arc<anyhow::Error>>>> = Mutex::new(None);

/// Whether the server's program is at hand, and else why not.
///
/// # Errors
/// The reason for which tests are skipped.
pub fn vault_program() -> Result<(), Absent> {
    Program::OpenBao.find().map(drop)
}

/// The same with what places of leases need beside it.
///
/// # Errors
/// The reason for which tests are skipped.
pub fn lease_programs() -> Result<(), Absent> {
    vault_program()?;
    Program::Postgres.find().map(drop)
}

/// Ends the servers, if any were started. A static value is never dropped.
pub fn vault_ended() {
    drop(locked(&LEASES).take());
    drop(locked(&SERVER).take());
}

/// The server, started by whoever asks first.
pub(super) fn ground() -> Result<Ground> {
    let mut server = locked(&SERVER);
    match server.get_or_insert_with(|| start().map_err(Arc::new)) {
        Ok(server) => Ok(server.ground.clone()),
        Err(error) => Err(anyhow!("{error:#}")),
    }
}

/// Its administrator, a KV engine of version 2 and its address.
pub(crate) fn kv_ground() -> Result<(Admin, String, String)> {
    let Ground { address, admin, mount, .. } = ground()?;
    Ok((admin, mount, format!("http://{address}")))
}

/// The database engine and its PostgreSQL, started by whoever asks first.
pub(super) fn lease_ground() -> Result<LeaseGround> {
    let ground = ground()?;
    let mut leases = locked(&LEASES);
    match leases.get_or_insert_with(|| connect(&ground.admin).map_err(Arc::new)) {
        Ok(leases) => Ok(leases.clone()),
        Err(error) => Err(anyhow!("{error:#}")),
    }
}

fn connect(admin: &Admin) -> Result<LeaseGround> {
    let postgres = Postgres::start(&Program::Postgres.find()?).context("the database does not start")?;
    let mount = admin.mount("database", &json!({}))?;
    admin.post(&format!("sys/mounts/{mount}/tune"), &json!({"max_lease_ttl": "8760h"}))?;
    admin.post("sys/auth/token/tune", &json!({"max_lease_ttl": "8760h"}))?;
    admin.connect(&mount, "postgres", &postgres, &vault_servers::Database::superuser(&postgres)?)?;
    Ok(LeaseGround { mount, postgres: Arc::new(postgres) })
}

fn start() -> Result<Server> {
    let vault = Vault::dev(&Program::OpenBao.find()?).context("the server does not start")?;
    let admin = vault.admin();
    let ground =
        Ground { address: vault.address(), mount: admin.mount_kv(2)?, approle: admin.mount_auth("approle")?, admin };
    Ok(Server { _vault: vault, ground })
}
