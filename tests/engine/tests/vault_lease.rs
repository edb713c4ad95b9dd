//! Leases by the real engine, on a real OpenBao with a real PostgreSQL. Each run has a token of its own that is revoked right after
//! it, with all that it made and read itself.

use anyhow::{Context, Result, ensure};
use engine::{Prove, VaultScene, named, run_trials};
use serde_json::{Value, json};
use vault_servers::{Database, Login, Postgres, Program, Token};

const TOKEN: &str = "keyrotation:vault:RotatingLease";
const PATH: &str = "database/creds/payment";
/// The policy of the documentation.
const POLICY: &str = r#"
    path "auth/token/create/keyrotation"       { capabilities = ["create", "update"] }
    path "auth/token/lookup-accessor"          { capabilities = ["create", "update"] }
    path "auth/token/renew-accessor"           { capabilities = ["create", "update"] }
    path "auth/token/revoke-accessor"          { capabilities = ["create", "update"] }
    path "sys/leases/lookup"                   { capabilities = ["create", "update"] }
    path "sys/leases/renew"                    { capabilities = ["create", "update"] }
    path "sys/leases/revoke"                   { capabilities = ["create", "update"] }
    path "identity/group/name"                 { capabilities = ["list"] }
    path "identity/group/name/keyrotation-*"   { capabilities = ["create", "read", "update", "delete"] }
"#;

fn main() {
    let trials: &[(&str, Prove)] = named![
        a_lease_lives_rotates_and_goes,
        a_lease_is_renewed_when_nothing_but_time_has_passed,
        a_revoked_lease_is_drift,
        wrong_inputs_and_roles_that_do_not_fit_are_refused,
    ];
    run_trials("lease::", &[Program::OpenBao, Program::Postgres], trials);
}

/// A server with a database engine and a token role, and a project with the resource.
struct Scene {
    vault: VaultScene,
    postgres: Postgres,
    policy: String,
}

impl Scene {
    fn start(inputs: Value) -> Result<Self> {
        let vault = VaultScene::start(json!({}))?;
        let postgres = Postgres::start(&Program::Postgres.find()?)?;
        let admin = vault.admin();
        admin.post("sys/mounts/database", &json!({"type": "database", "config": {"max_lease_ttl": "8760h"}}))?;
        admin.connect("database", "payment", &postgres, &postgres.superuser()?)?;
        let settings = json!({"db_name": "payment", "default_ttl": "1h", "max_ttl": "8760h"});
        admin.make_database_role("database", "payment", &postgres, &settings)?;
        // The plugin's clock runs ahead of the server's, and nothing may end by it that the server still keeps.
        admin.post("sys/auth/token/tune", &json!({"max_lease_ttl": "8760h"}))?;
        let reads = admin.policy(&format!("path \"{PATH}\" {{ capabilities = [\"read\"] }}"))?;
        let role = json!({"orphan": true, "renewable": true, "token_period": "8760h", "allowed_policies": [reads]});
        admin.post("auth/token/roles/keyrotation", &role)?;
        let policy = admin.policy(POLICY)?;
        let scene = Self { vault, postgres, policy };
        scene.declare(inputs)?;
        Ok(scene)
    }

    fn declare(&self, mut inputs: Value) -> Result<()> {
        for (name, value) in [("path", PATH), ("name", "api"), ("holderRole", "keyrotation")] {
            if inputs.get(name).is_none() {
                inputs[name] = value.into();
            }
        }
        self.vault.work.write_program(&json!({
            "name": "engine-test",
            "runtime": "yaml",
            "resources": { "login": { "type": TOKEN, "properties": inputs } },
            "outputs": { "leaseId": "${login.leaseId}", "password": "${login.data[\"password\"]}" },
        }))
    }

    /// Something that the plugin does with a token of its own.
    fn with_token<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let admin = self.vault.admin();
        let Token { token, accessor } = admin.make_token(&json!({"policies": [self.policy], "ttl": "10m"}))?;
        self.vault.work.set("VAULT_TOKEN", &token);
        let done = work()?;
        admin.post("auth/token/revoke-accessor", &json!({"accessor": accessor}))?;
        Ok(done)
    }

    fn up(&self) -> Result<String> {
        self.with_token(|| self.vault.up())
    }

    fn output(&self, path: &str) -> Result<String> {
        let output = self.vault.work.state()?.output(TOKEN, path)?;
        output.as_str().map(str::to_owned).with_context(|| format!("no {path}"))
    }

    /// The current credential as the state knows it; the database must let it in, although the token of the run is dead.
    fn current(&self) -> Result<Login> {
        self.vault.learn_secrets()?;
        let login = Login { user: self.output("/data/username")?, password: self.output("/data/password")? };
        ensure!(self.postgres.lets_in(&login)?, "the current credential does not log in");
        Ok(login)
    }

    fn lease(&self) -> Result<Value> {
        let body = json!({"lease_id": self.output("/leaseId")?});
        Ok(self.vault.admin().post("sys/leases/lookup", &body)?["data"].clone())
    }

    fn leases(&self) -> Result<usize> {
        Ok(self.vault.admin().list(&format!("sys/leases/lookup/{PATH}"))?.len())
    }

    fn expect_destroyed(&self) -> Result<()> {
        self.with_token(|| self.vault.work.destroy()?.expect_success())?;
        ensure!(self.leases()? == 0, "a lease is left");
        let groups = self.vault.admin().list("identity/group/name")?;
        ensure!(groups.is_empty(), "a mark is left: {groups:?}");
        self.vault.expect_clean()
    }
}

fn inputs(release: &str) -> Value {
    json!({"keepers": {"release": release}, "rotationPeriod": "30d", "overlap": "1d", "ttl": "4380h"})
}

fn a_lease_lives_rotates_and_goes() -> Result<()> {
    let scene = Scene::start(inputs("1"))?;
    let work = &scene.vault.work;
    scene.with_token(|| work.preview()?.expect_success())?;
    ensure!(scene.leases()? == 0, "a preview read something");
    scene.up()?;
    let first = scene.current()?;
    ensure!(scene.leases()? == 1 && scene.output("/expiresAt")? == scene.lease()?["expire_time"]);
    scene.with_token(|| work.expect_quiet())?;
    scene.with_token(|| work.expect_no_drift())?;
    scene.declare(inputs("2"))?;
    scene.up()?;
    let second = scene.current()?;
    ensure!(scene.postgres.lets_in(&first)?, "the first credential does not log in during the overlap");
    scene.vault.wait_hours(5)?;
    scene.with_token(|| work.expect_quiet())?;
    scene.vault.wait_hours(21)?;
    scene.up()?;
    ensure!(!scene.postgres.lets_in(&first)? && scene.current()?.user == second.user, "the first one still logs in");
    scene.vault.wait_hours(24 * 30)?;
    scene.up()?;
    ensure!(scene.current()?.user != second.user && scene.postgres.lets_in(&second)?, "a period does not rotate");
    scene.expect_destroyed()?;
    ensure!(!scene.postgres.lets_in(&second)?, "something is left");
    Ok(())
}

fn a_lease_is_renewed_when_nothing_but_time_has_passed() -> Result<()> {
    let scene = Scene::start(json!({"rotationPeriod": "30d", "overlap": "1d", "ttl": "96h"}))?;
    let work = &scene.vault.work;
    scene.up()?;
    let (first, before) = (scene.current()?, scene.lease()?);
    scene.vault.wait_hours(40)?;
    scene.with_token(|| work.expect_quiet())?;
    scene.vault.wait_hours(10)?;
    std::thread::sleep(std::time::Duration::from_secs(1));
    let preview = scene.with_token(|| work.preview()?.expect_success())?;
    ensure!(
        preview.text.contains("reading") && scene.lease()?["expire_time"] == before["expire_time"],
        "{}",
        preview.text
    );
    scene.up()?;
    let after = scene.lease()?;
    ensure!(before["expire_time"].as_str() < after["expire_time"].as_str(), "{before} {after}");
    ensure!(scene.output("/expiresAt")? == after["expire_time"] && scene.current()?.user == first.user);
    scene.expect_destroyed()
}

fn a_revoked_lease_is_drift() -> Result<()> {
    let scene = Scene::start(inputs("1"))?;
    scene.up()?;
    let first = scene.current()?;
    let body = json!({"lease_id": scene.output("/leaseId")?, "sync": true});
    scene.vault.admin().post("sys/leases/revoke", &body)?;
    scene.with_token(|| scene.vault.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_success())?;
    scene.up()?;
    ensure!(scene.current()?.user != first.user && scene.leases()? == 1, "a revoked lease is not replaced");
    // Its holder goes in a run of its own, as every superseded key does.
    scene.up()?;
    scene.with_token(|| scene.vault.work.expect_quiet())?;
    scene.expect_destroyed()
}

fn wrong_inputs_and_roles_that_do_not_fit_are_refused() -> Result<()> {
    let wrong = json!({"path": "/database", "name": "a#b", "holderRole": "a/b", "ttl": "soon", "adopt": {"id": "x"}});
    let scene = Scene::start(wrong)?;
    let ended = scene.vault.work.up()?.expect_failure()?;
    for words in ["path", "name", "holderRole", "ttl"] {
        ensure!(ended.text.contains(words), "{words} is not named: {}", ended.text);
    }
    scene.declare(json!({"adopt": {"id": "x"}}))?;
    let ended = scene.vault.work.up()?.expect_failure()?;
    ensure!(ended.text.contains("adopt"), "{}", ended.text);
    scene.declare(json!({"holderRole": "nobody"}))?;
    let ended = scene.vault.work.up()?.expect_failure()?;
    ensure!(ended.text.contains("vault write auth/token/roles/nobody"), "{}", ended.text);
    scene.declare(json!({"path": "database/creds/nobody"}))?;
    let ended = scene.with_token(|| scene.vault.work.up()?.expect_failure())?;
    ensure!(ended.text.contains("database/creds/nobody"), "{}", ended.text);
    scene.declare(json!({"rotationPeriod": "360d", "overlap": "10d"}))?;
    let ended = scene.with_token(|| scene.vault.work.up()?.expect_failure())?;
    ensure!(ended.text.contains("max_lease_ttl"), "{}", ended.text);
    let import = ["import", TOKEN, "login", "x", "--yes", "--protect=false", "--generate-code=false"];
    let ended = scene.vault.work.run(&import)?.expect_failure()?;
    ensure!(ended.text.contains("cannot be imported"), "{}", ended.text);
    ensure!(scene.leases()? == 0, "something is left");
    scene.vault.expect_clean()
}
