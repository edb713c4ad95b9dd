//! The same as `recorded.rs` for the resources of Vault, on a real OpenBao and a real PostgreSQL: the server is restored from its own
//! snapshot, which `vault.world.json` holds with what opens it.
//!
//! The server's clock cannot be moved, so the overlap is ten years, and what Vault would end by itself lives for twenty.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{Prove, Recording, VaultScene, expect_settled, named, run_trials};
use serde_json::{Map, Value, json};
use vault_servers::{Admin, Database, JwtRole, Login, Postgres, Program, Snapshot, Vault};

const WORLD: &str = "vault";
/// Longer than anybody runs these tests.
const FOREVER: &str = "175200h";
const ROLE: JwtRole<'static> = JwtRole { mount: "jwt", role: "ci" };

#[expect(clippy::print_stderr, reason = "whoever records is told what went wrong")]
fn main() {
    let needs: &[Program] = &[Program::OpenBao, Program::Postgres];
    if let Ok(version) = std::env::var("KEYROTATION_RECORD") {
        let done = record(&all().join(version));
        if let Err(error) = &done {
            eprintln!("{error:#}");
        }
        std::process::exit(i32::from(done.is_err()));
    }
    let trials: &[(&str, Prove)] = named![
        api_key_is_quiet_refreshes_and_rotates,
        secret_id_is_quiet_refreshes_and_rotates,
        jwt_key_is_quiet_refreshes_and_rotates,
        lease_is_quiet_refreshes_and_rotates,
        root_is_quiet_refreshes_and_rotates,
    ];
    run_trials("lesson_recorded_state_of_a_vault_", needs, trials);
}

fn root_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(&ROOT)
}

fn lease_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(&LEASE)
}

fn jwt_key_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(&JWT_KEY)
}

fn secret_id_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(&SECRET_ID)
}

fn api_key_is_quiet_refreshes_and_rotates() -> Result<()> {
    every_version(&API_KEY)
}

/// One resource of Vault.
struct Resource {
    file: &'static str,
    name: &'static str,
    token: &'static str,
    /// The output that is the key's id; none where there is no key.
    id: Option<&'static str>,
    inputs: fn() -> Value,
}

const API_KEY: Resource = Resource {
    file: "vault-api-key",
    name: "value",
    token: "keyrotation:vault:RotatingApiKey",
    id: Some("version"),
    inputs: || json!({"mount": "secret", "path": "apps/payment"}),
};
const SECRET_ID: Resource = Resource {
    file: "vault-secret-id",
    name: "secret",
    token: "keyrotation:vault:RotatingSecretId",
    id: Some("accessor"),
    inputs: || json!({"mount": "approle", "role": "payment"}),
};
const JWT_KEY: Resource = Resource {
    file: "vault-jwt-key",
    name: "signer",
    token: "keyrotation:vault:RotatingJwtKey",
    id: Some("kid"),
    inputs: || json!({"mount": "jwt", "name": "payments"}),
};
const LEASE: Resource = Resource {
    file: "vault-lease",
    name: "login",
    token: "keyrotation:vault:RotatingLease",
    id: Some("leaseId"),
    inputs: || json!({"path": "database/creds/payment", "name": "api", "holderRole": "keyrotation", "ttl": FOREVER}),
};
const ROOT: Resource = Resource {
    file: "vault-root",
    name: "root",
    token: "keyrotation:vault:RotatingRoot",
    id: None,
    inputs: || json!({"path": "database/static-roles/reports"}),
};
const ALL: [&Resource; 5] = [&API_KEY, &SECRET_ID, &JWT_KEY, &LEASE, &ROOT];

impl Resource {
    fn declared(&self, release: &str) -> Value {
        let mut inputs = (self.inputs)();
        inputs["keepers"] = json!({ "release": release });
        if self.id.is_some() {
            inputs["overlap"] = "3650d".into();
        }
        json!({ "type": self.token, "properties": inputs })
    }

    /// What is the current key, or the current secret of the root.
    fn current(&self, scene: &VaultScene) -> Result<Value> {
        scene.work.state()?.output(self.token, &format!("/{}", self.id.unwrap_or("rotatedAt")))
    }
}

fn all() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

fn every_version(resource: &'static Resource) -> Result<()> {
    let mut read = 0;
    for entry in fs::read_dir(all())? {
        let folder = entry?.path();
        replay(resource, &folder).with_context(|| format!("the state in {}", folder.display()))?;
        read += 1;
    }
    ensure!(read > 0, "no recorded state");
    Ok(())
}

fn declare(scene: &VaultScene, resources: &[&Resource], release: &str) -> Result<()> {
    let declared = resources.iter().map(|resource| (resource.name.to_owned(), resource.declared(release)));
    let resources: Map<String, Value> = declared.collect();
    scene.work.write_program(&json!({ "name": "engine-test", "runtime": "yaml", "resources": resources }))
}

/// What the resources need, as an administrator sets it up.
fn prepare(admin: &Admin, postgres: &Postgres) -> Result<()> {
    admin.post("sys/mounts/secret", &json!({"type": "kv", "options": {"version": "2"}}))?;
    admin.post("sys/auth/approle", &json!({"type": "approle"}))?;
    admin.post("auth/approle/role/payment", &json!({"token_policies": ["default"]}))?;
    admin.post("sys/auth/jwt", &json!({"type": "jwt"}))?;
    ROLE.make(admin, &json!({}))?;
    let lasting = json!({"default_lease_ttl": FOREVER, "max_lease_ttl": FOREVER});
    admin.post("sys/mounts/database", &json!({"type": "database", "config": lasting}))?;
    admin.connect("database", "payment", postgres, &postgres.superuser()?)?;
    let settings = json!({"db_name": "payment", "default_ttl": FOREVER, "max_ttl": FOREVER});
    admin.make_database_role("database", "payment", postgres, &settings)?;
    admin.post("sys/auth/token/tune", &lasting)?;
    let reads = admin.policy("path \"database/creds/payment\" { capabilities = [\"read\"] }")?;
    let role = json!({"orphan": true, "renewable": true, "token_period": FOREVER, "allowed_policies": [reads]});
    admin.post("auth/token/roles/keyrotation", &role)?;
    postgres.run("CREATE ROLE reports LOGIN PASSWORD 'first'")?;
    let role = json!({"db_name": "payment", "username": "reports", "rotation_period": FOREVER});
    admin.post("database/static-roles/reports", &role)?;
    Ok(())
}

/// All five in one stack, from which each gets an export of its own.
fn record(folder: &Path) -> Result<()> {
    let scene = VaultScene::on(Vault::durable(&Program::OpenBao.find()?)?)?;
    let postgres = Postgres::start(&Program::Postgres.find()?)?;
    prepare(&scene.admin(), &postgres)?;
    declare(&scene, &ALL, "1")?;
    scene.work.init()?;
    scene.up()?;
    declare(&scene, &ALL, "2")?;
    scene.up()?;
    scene.work.expect_quiet()?;
    let snapshot = scene.vault().snapshot()?;
    let world = json!({
        "data": STANDARD.encode(&snapshot.data),
        "unsealKey": snapshot.unseal_key,
        "token": snapshot.token,
    });
    Recording::write(&scene.work, &world, folder, WORLD)?;
    let whole = folder.join(format!("{WORLD}.json"));
    let export: Value = serde_json::from_slice(&fs::read(&whole)?)?;
    for resource in ALL {
        let file = folder.join(format!("{}.json", resource.file));
        fs::write(file, format!("{:#}\n", only(&export, resource.token)))?;
    }
    Ok(fs::remove_file(whole)?)
}

/// The stack without the other resources of the plugin.
fn only(export: &Value, token: &str) -> Value {
    let mut export = export.clone();
    if let Some(resources) = export.pointer_mut("/deployment/resources").and_then(Value::as_array_mut) {
        resources.retain(|known| {
            let kind = known["type"].as_str().unwrap_or_default();
            kind == token || !kind.starts_with("keyrotation:")
        });
    }
    export
}

fn replay(resource: &'static Resource, folder: &Path) -> Result<()> {
    let recording = Recording::read_in(folder, resource.file, WORLD)?;
    let snapshot = Snapshot {
        data: STANDARD.decode(recording.told("/data")?)?,
        unseal_key: recording.told("/unsealKey")?.to_owned(),
        token: recording.told("/token")?.to_owned(),
    };
    let scene = VaultScene::on(Vault::restored(&Program::OpenBao.find()?, &snapshot)?)?;
    let postgres = Postgres::start(&Program::Postgres.find()?)?;
    let recorded = restore_database(&recording, resource, &scene.admin(), &postgres)?;
    declare(&scene, &[resource], "2")?;
    scene.work.init()?;
    recording.import(&scene.work, "", "")?;
    let first = resource.current(&scene)?;
    expect_settled(&scene.work)?;
    ensure!(resource.current(&scene)? == first, "reading a recorded state changed the key");

    declare(&scene, &[resource], "3")?;
    scene.up()?;
    ensure!(resource.current(&scene)? != first, "keepers did not rotate");
    let output = |path: &str| scene.work.state()?.output(resource.token, path);
    ensure!(output("/generation")? == 3, "generation {}", output("/generation")?);
    if let Some(id) = resource.id {
        ensure!(output(&format!("/previous/{id}"))? == first, "the recorded key is not the previous one");
    }
    let lacks = scene.work.state()?.lacks(resource.name)?;
    ensure!(lacks.is_empty(), "{lacks:?}");
    for login in &recorded {
        ensure!(postgres.lets_in(login)?, "a recorded credential was removed in its overlap");
    }
    scene.work.expect_quiet()?;
    scene.learn_secrets()?;
    scene.work.destroy()?.expect_success()?;
    for login in &recorded {
        ensure!(!postgres.lets_in(login)?, "a recorded credential outlives the stack");
    }
    scene.expect_clean()
}

/// The restored server is led to another database, which gets the users that the recorded one had.
fn restore_database(
    recording: &Recording,
    resource: &Resource,
    admin: &Admin,
    postgres: &Postgres,
) -> Result<Vec<Login>> {
    postgres.run("CREATE ROLE reports LOGIN PASSWORD 'first'")?;
    admin.connect("database", "payment", postgres, &postgres.superuser()?)?;
    if resource.name != LEASE.name {
        return Ok(Vec::new());
    }
    let login = |place: &str| -> Result<Login> {
        let text = |field: &str| recording.text(resource.token, &format!("/{place}/data/{field}"));
        let login = Login { user: text("username")?, password: text("password")? };
        postgres.run(&format!("CREATE ROLE \"{}\" LOGIN PASSWORD '{}'", login.user, login.password))?;
        Ok(login)
    };
    ["current", "previous"].into_iter().map(login).collect()
}
