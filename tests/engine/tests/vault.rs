//! Keys in a KV engine by the real engine, on a real OpenBao.

use anyhow::{Context, Result, ensure};
use engine::{Prove, VaultScene, named, run_trials};
use serde_json::{Value, json};
use vault_servers::Program;

fn main() {
    let trials: &[(&str, Prove)] = named![
        a_key_lives_rotates_and_goes,
        a_strangers_value_and_a_deleted_version_are_drift,
        a_login_of_the_plugin_is_revoked_at_its_end,
        wrong_inputs_and_configuration_are_refused_before_anything_is_written,
    ];
    run_trials("", &[Program::OpenBao], trials);
}

fn inputs(release: &str) -> Value {
    json!({
        "keepers": {"release": release}, "rotationPeriod": "30d", "overlap": "1d", "prefix": "pay_",
        "maxVersions": 5, "casRequired": true,
    })
}

fn a_key_lives_rotates_and_goes() -> Result<()> {
    let scene = VaultScene::start(inputs("1"))?;
    scene.work.preview()?.expect_success()?;
    ensure!(scene.admin().call("GET", &VaultScene::at("metadata"), None)?.status == 404, "a preview wrote something");
    scene.up()?;
    scene.expect_versions(&["1"], "1")?;
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;
    scene.declare(inputs("2"))?;
    scene.up()?;
    scene.expect_versions(&["1", "2"], "2")?;
    scene.work.expect_quiet()?;
    scene.wait_hours(26)?;
    scene.up()?;
    scene.expect_versions(&["2"], "2")?;
    scene.wait_hours(24 * 30)?;
    scene.up()?;
    scene.expect_versions(&["2", "3"], "3")?;
    scene.expect_destroyed()
}

fn a_strangers_value_and_a_deleted_version_are_drift() -> Result<()> {
    let scene = VaultScene::start(json!({}))?;
    scene.up()?;
    let theirs = json!({"data": {"theirs": "a value"}});
    scene.admin().post(&VaultScene::at("data"), &theirs)?;
    scene.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_success()?;
    let foreign = scene.work.state()?.output(engine::KV_TOKEN, "/foreignKeys")?;
    ensure!(foreign[0]["id"] == "2", "the stranger's version is not reported: {foreign}");
    scene.admin().post(&VaultScene::at("delete"), &json!({"versions": [1]}))?;
    scene.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_success()?;
    scene.up()?;
    let state = scene.work.state()?;
    let version = state.output(engine::KV_TOKEN, "/version")?;
    ensure!(version == "3", "a deleted version is replaced: {version}");
    ensure!(scene.read(2)? == theirs["data"], "the stranger's value is harmed");
    Ok(())
}

fn a_login_of_the_plugin_is_revoked_at_its_end() -> Result<()> {
    let scene = VaultScene::start(inputs("1"))?;
    let admin = scene.admin();
    let mount = admin.mount_auth("approle")?;
    let policy = admin.policy("path \"secret/*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\"] }")?;
    let role = admin.make_app_role(&mount, "ci", &json!({"token_policies": [policy]}))?;
    scene.work.set("VAULT_TOKEN", "not-this-one");
    let set =
        |arguments: &[&str]| scene.work.run(&[&["config", "set", "--path"], arguments].concat())?.expect_success();
    set(&["keyrotation:vault.authLoginAppRole.roleId", &role.role_id])?;
    set(&["keyrotation:vault.authLoginAppRole.mount", &mount])?;
    set(&["--secret", "keyrotation:vault.authLoginAppRole.secretId", &role.secret_id])?;
    let before = admin.list("auth/token/accessors")?.len();
    scene.up()?;
    scene.expect_versions(&["1"], "1")?;
    scene.work.expect_no_plugin()?;
    let after = admin.list("auth/token/accessors")?.len();
    ensure!(after == before, "{} tokens are left of the plugin's", after - before);
    scene.expect_destroyed()
}

fn wrong_inputs_and_configuration_are_refused_before_anything_is_written() -> Result<()> {
    let scene = VaultScene::start(json!({"maxVersions": 2, "length": 8}))?;
    let ended = scene.work.up()?.expect_failure()?;
    for words in ["maxVersions", "length"] {
        ensure!(ended.text.contains(words), "{words} is not named: {}", ended.text);
    }
    scene.declare(json!({}))?;
    scene.work.set("VAULT_TOKEN", "nobody-made-this");
    let ended = scene.work.up()?.expect_failure()?;
    ensure!(ended.text.contains("keyrotation:vault.token"), "{}", ended.text);
    let metadata = scene.admin().call("GET", &VaultScene::at("metadata"), None).context("the server")?;
    ensure!(metadata.status == 404, "something was written");
    scene.expect_clean()
}
