//! The lives of the programs for Vault.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use vault_servers::JwtRole;

use crate::vault::VaultScene;

const APP_ROLE: &str = "auth/approle/role/payment";
const JWT_ROLE: JwtRole<'static> = JwtRole { mount: "jwt", role: "ci" };

/// The life that the READMEs of the programs with a key in a KV engine tell.
pub(super) fn kv(scene: &VaultScene) -> Result<()> {
    scene.up()?;
    scene.expect_versions(&["1"], "1")?;
    scene.work.expect_quiet()?;
    ensure!(scene.work.output("version")?.as_deref() == Some("1"), "the first version is not shown");
    ensure!(scene.work.output("value")?.as_deref() == Some("[secret]"), "the value is shown, or there is none");
    scene.work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
    scene.up()?;
    scene.expect_versions(&["1", "2"], "2")?;
    scene.wait_hours(26)?;
    scene.up()?;
    scene.expect_versions(&["2"], "2")?;
    scene.expect_destroyed()
}

/// The life that the README of the program with a secret-id tells.
pub(super) fn secret_id(scene: &VaultScene) -> Result<()> {
    let admin = scene.admin();
    admin.post("sys/auth/approle", &json!({"type": "approle"}))?;
    admin.post(APP_ROLE, &json!({"token_policies": ["default"]}))?;
    let role_id = admin.get(&format!("{APP_ROLE}/role-id"))?["data"]["role_id"].clone();
    let current = || {
        scene.learn_secrets()?;
        scene.work.state()?.text_of("secret", "/secretId")
    };
    let lets_in =
        |secret_id: &str| admin.log_in("approle", &json!({"role_id": role_id, "secret_id": secret_id})).is_ok();
    rotates(scene, &["secretId"], current, lets_in)?;
    ensure!(admin.list(&format!("{APP_ROLE}/secret-id"))?.is_empty(), "a secret-id is left");
    scene.expect_clean()
}

/// The life that the README of the program with a JWT key tells.
pub(super) fn jwt_key(scene: &VaultScene) -> Result<()> {
    let admin = scene.admin();
    admin.post("sys/auth/jwt", &json!({"type": "jwt"}))?;
    JWT_ROLE.make(&admin, &json!({}))?;
    let current = || {
        scene.learn_secrets()?;
        scene.work.state()?.text_of("signer", "/privateKeyPem")
    };
    rotates(scene, &["privateKeyPem"], current, |key| JWT_ROLE.log_in(&admin, key).is_ok())?;
    scene.expect_clean()
}

/// Up, another reason, a day later, destroy: `lets_in` tells whether the server accepts what `current` gave.
fn rotates(
    scene: &VaultScene,
    secrets: &[&str],
    current: impl Fn() -> Result<String>,
    lets_in: impl Fn(&str) -> bool,
) -> Result<()> {
    scene.up()?;
    let first = current().context("the first credential")?;
    ensure!(lets_in(&first), "the first credential does not log in");
    scene.work.expect_quiet()?;
    for name in secrets {
        ensure!(scene.work.output(name)?.as_deref() == Some("[secret]"), "{name} is shown, or there is none");
    }
    scene.work.run(&["config", "set", "rotationReason", "2"])?.expect_success()?;
    scene.up()?;
    let second = current().context("the second credential")?;
    ensure!(first != second && lets_in(&second), "another reason made no other credential that logs in");
    ensure!(lets_in(&first), "the first credential does not log in during the overlap");
    scene.work.expect_quiet()?;
    scene.wait_hours(26)?;
    scene.up()?;
    ensure!(!lets_in(&first) && lets_in(&second), "the first credential still logs in, or the second does not");
    scene.work.expect_quiet()?;
    scene.work.destroy()?.expect_success()?;
    ensure!(!lets_in(&second), "a credential of a destroyed stack logs in");
    Ok(())
}
