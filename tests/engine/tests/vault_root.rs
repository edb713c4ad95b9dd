//! Secrets that a database engine keeps to itself, by the real engine, on a real OpenBao with a real PostgreSQL.

use anyhow::{Context, Result, ensure};
use engine::{Prove, VaultScene, named, run_trials};
use serde_json::{Value, json};
use vault_servers::{Database, Login, Postgres, Program};

const TOKEN: &str = "keyrotation:vault:RotatingRoot";
const CONNECTION: &str = "database/payment";
const ROLE: &str = "database/static-roles/reports";

fn main() {
    let trials: &[(&str, Prove)] = named![
        a_root_password_turns_once_per_trigger_and_stays_at_the_end,
        a_static_role_that_vault_turns_by_itself_is_no_drift,
        an_import_rotates_nothing,
        what_cannot_be_rotated_is_refused,
    ];
    run_trials("root::", &[Program::OpenBao, Program::Postgres], trials);
}

/// A server with a connection and a static role, and a project with the resource.
struct Scene {
    vault: VaultScene,
    postgres: Postgres,
    /// What the connection was set up with.
    first: Login,
}

impl Scene {
    fn start(inputs: Value) -> Result<Self> {
        let vault = VaultScene::start(json!({}))?;
        let postgres = Postgres::start(&Program::Postgres.find()?)?;
        let first = postgres.superuser()?;
        let admin = vault.admin();
        admin.post("sys/mounts/database", &json!({"type": "database"}))?;
        admin.connect("database", "payment", &postgres, &first)?;
        admin.make_database_role("database", "app", &postgres, &json!({"db_name": "payment"}))?;
        postgres.run("CREATE ROLE reports LOGIN PASSWORD 'first'")?;
        admin.post(ROLE, &json!({"db_name": "payment", "username": "reports", "rotation_period": "24h"}))?;
        let scene = Self { vault, postgres, first };
        scene.declare(inputs)?;
        Ok(scene)
    }

    fn declare(&self, inputs: Value) -> Result<()> {
        self.vault.work.write_program(&json!({
            "name": "engine-test",
            "runtime": "yaml",
            "resources": { "root": { "type": TOKEN, "properties": inputs } },
            "outputs": { "generation": "${root.generation}", "rotatedAt": "${root.rotatedAt}" },
        }))
    }

    /// What the database keeps in place of a user's password.
    fn password(&self, user: &str) -> Result<String> {
        self.postgres.run(&format!("SELECT rolpassword FROM pg_authid WHERE rolname = '{user}'"))
    }

    fn output(&self, path: &str) -> Result<Value> {
        self.vault.work.state()?.output(TOKEN, path)
    }

    /// The first password is refused, and the engine still makes users.
    fn expect_only_vault_knows(&self) -> Result<()> {
        ensure!(!self.postgres.lets_in(&self.first)?, "the first password is still accepted");
        let (user, _) = self.vault.admin().database_login("database", "app")?;
        ensure!(self.postgres.lets_in(&user)?, "the engine makes no users any more");
        Ok(())
    }
}

fn inputs(path: &str, release: &str) -> Value {
    json!({"path": path, "keepers": {"release": release}, "rotationPeriod": "30d"})
}

fn a_root_password_turns_once_per_trigger_and_stays_at_the_end() -> Result<()> {
    let scene = Scene::start(inputs(CONNECTION, "1"))?;
    let work = &scene.vault.work;
    let user = scene.first.user.clone();
    let mut passwords = vec![scene.password(&user)?];
    work.preview()?.expect_success()?;
    ensure!(scene.password(&user)? == passwords[0], "a preview rotated something");
    scene.vault.up()?;
    passwords.push(scene.password(&user)?);
    scene.expect_only_vault_knows()?;
    work.expect_quiet()?;
    work.expect_no_drift()?;
    scene.declare(inputs(CONNECTION, "2"))?;
    scene.vault.up()?;
    passwords.push(scene.password(&user)?);
    work.expect_quiet()?;
    scene.vault.wait_hours(24 * 95)?;
    scene.vault.up()?;
    passwords.push(scene.password(&user)?);
    work.expect_quiet()?;
    work.expect_no_drift()?;
    ensure!(scene.output("/generation")? == json!(3), "{}", scene.output("/generation")?);
    let mut different = passwords.clone();
    different.sort();
    different.dedup();
    ensure!(different.len() == 4, "a run rotated nothing");
    let destroyed = work.destroy()?.expect_success()?;
    ensure!(destroyed.text.contains("nothing was changed in Vault"), "{}", destroyed.text);
    ensure!(scene.password(&user)? == passwords[3], "a deletion rotated something");
    scene.expect_only_vault_knows()?;
    scene.vault.expect_clean()
}

fn a_static_role_that_vault_turns_by_itself_is_no_drift() -> Result<()> {
    let scene = Scene::start(inputs(ROLE, "1"))?;
    scene.vault.up()?;
    let told = scene.output("/lastVaultRotation")?;
    scene.vault.admin().post("database/rotate-role/reports", &json!({}))?;
    let turned = scene.password("reports")?;
    scene.vault.work.expect_no_drift()?;
    ensure!(scene.output("/lastVaultRotation")? != told, "a refresh did not take it in");
    scene.vault.work.expect_quiet()?;
    ensure!(scene.password("reports")? == turned, "something rotated");
    scene.declare(inputs(ROLE, "2"))?;
    scene.vault.up()?;
    ensure!(scene.password("reports")? != turned, "keepers rotate nothing");
    scene.vault.work.destroy()?.expect_success()?;
    scene.vault.expect_clean()
}

fn an_import_rotates_nothing() -> Result<()> {
    let scene = Scene::start(inputs(CONNECTION, "1"))?;
    let work = &scene.vault.work;
    work.run(&["import", TOKEN, "root", CONNECTION, "--yes", "--protect=false", "--generate-code=false"])?
        .expect_success()?;
    scene.vault.up()?;
    work.expect_quiet()?;
    ensure!(scene.postgres.lets_in(&scene.first)?, "an import rotated something");
    let kept = scene.output("/path")?;
    ensure!(kept.as_str().context("no path")? == CONNECTION, "{kept}");
    scene.declare(inputs(CONNECTION, "2"))?;
    scene.vault.up()?;
    scene.expect_only_vault_knows()?;
    scene.vault.work.destroy()?.expect_success()?;
    scene.vault.expect_clean()
}

fn what_cannot_be_rotated_is_refused() -> Result<()> {
    let scene = Scene::start(json!({"path": "/database", "rotationPeriod": "soon", "overlap": "1d"}))?;
    let ended = scene.vault.work.up()?.expect_failure()?;
    for words in ["path", "rotationPeriod", "overlap"] {
        ensure!(ended.text.contains(words), "{words} is not named: {}", ended.text);
    }
    for (path, words) in
        [("secret", "type kv"), ("database/nobody", "does not exist"), ("nowhere", "nothing is mounted")]
    {
        scene.declare(json!({"path": path}))?;
        let ended = scene.vault.work.up()?.expect_failure()?;
        ensure!(ended.text.contains("`path`") && ended.text.contains(words), "{path}: {}", ended.text);
    }
    ensure!(scene.postgres.lets_in(&scene.first)?, "something rotated");
    scene.vault.expect_clean()
}
