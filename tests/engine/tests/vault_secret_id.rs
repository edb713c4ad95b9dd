//! Secret-ids of an AppRole by the real engine, on a real OpenBao.

use anyhow::{Context, Result, ensure};
use engine::{Prove, VaultScene, named, run_trials};
use serde_json::{Value, json};
use vault_servers::{Admin, Program};

const TOKEN: &str = "keyrotation:vault:RotatingSecretId";
const ROLE: &str = "auth/approle/role/payment";

fn main() {
    let trials: &[(&str, Prove)] = named![
        a_secret_id_lives_rotates_and_goes,
        a_destroyed_secret_id_and_a_strangers_are_drift,
        wrong_inputs_and_a_role_that_is_not_there_are_refused,
    ];
    run_trials("secret_id::", &[Program::OpenBao], trials);
}

/// A server with a role, and a project with the resource.
fn scene(inputs: Value) -> Result<VaultScene> {
    let scene = VaultScene::start(json!({}))?;
    scene.admin().post("sys/auth/approle", &json!({"type": "approle"}))?;
    scene.admin().post(ROLE, &json!({"token_policies": ["default"]}))?;
    declare(&scene, inputs)?;
    Ok(scene)
}

fn declare(scene: &VaultScene, mut inputs: Value) -> Result<()> {
    for (name, value) in [("mount", "approle"), ("role", "payment")] {
        if inputs.get(name).is_none() {
            inputs[name] = value.into();
        }
    }
    scene.work.write_program(&json!({
        "name": "engine-test",
        "runtime": "yaml",
        "resources": { "secret": { "type": TOKEN, "properties": inputs } },
        "outputs": { "accessor": "${secret.accessor}", "secretId": "${secret.secretId}" },
    }))
}

fn inputs(release: &str) -> Value {
    json!({"keepers": {"release": release}, "rotationPeriod": "30d", "overlap": "1d"})
}

/// The current secret-id as the state knows it; the server must let it in.
fn current(scene: &VaultScene) -> Result<String> {
    scene.learn_secrets()?;
    let secret_id = scene.work.state()?.output(TOKEN, "/secretId")?;
    let secret_id = secret_id.as_str().context("no secret-id")?.to_owned();
    ensure!(lets_in(&scene.admin(), &secret_id)?, "the current secret-id does not log in");
    Ok(secret_id)
}

fn lets_in(admin: &Admin, secret_id: &str) -> Result<bool> {
    let role_id = admin.get(&format!("{ROLE}/role-id"))?["data"]["role_id"].clone();
    Ok(admin.log_in("approle", &json!({"role_id": role_id, "secret_id": secret_id})).is_ok())
}

fn accessors(admin: &Admin) -> Result<usize> {
    Ok(admin.list(&format!("{ROLE}/secret-id"))?.len())
}

fn a_secret_id_lives_rotates_and_goes() -> Result<()> {
    let scene = scene(inputs("1"))?;
    let admin = scene.admin();
    scene.work.preview()?.expect_success()?;
    ensure!(accessors(&admin)? == 0, "a preview made something");
    scene.up()?;
    let first = current(&scene)?;
    ensure!(accessors(&admin)? == 2, "there is more than a secret-id and a mark");
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;
    declare(&scene, inputs("2"))?;
    scene.up()?;
    let second = current(&scene)?;
    ensure!(lets_in(&admin, &first)?, "the first secret-id does not log in during the overlap");
    scene.work.expect_quiet()?;
    scene.wait_hours(26)?;
    scene.up()?;
    ensure!(!lets_in(&admin, &first)? && current(&scene)? == second, "the first secret-id still logs in");
    scene.wait_hours(24 * 30)?;
    scene.up()?;
    ensure!(current(&scene)? != second && lets_in(&admin, &second)?, "a period does not rotate");
    scene.work.destroy()?.expect_success()?;
    ensure!(accessors(&admin)? == 0 && !lets_in(&admin, &second)?, "something is left");
    scene.expect_clean()
}

fn a_destroyed_secret_id_and_a_strangers_are_drift() -> Result<()> {
    let scene = scene(inputs("1"))?;
    let admin = scene.admin();
    scene.up()?;
    let first = current(&scene)?;
    let theirs = admin.post(&format!("{ROLE}/secret-id"), &json!({}))?["data"].clone();
    let state = scene.work.state()?;
    let accessor = state.output(TOKEN, "/accessor")?;
    admin.post(&format!("{ROLE}/secret-id-accessor/destroy"), &json!({"secret_id_accessor": accessor}))?;
    scene.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_success()?;
    let foreign = scene.work.state()?.output(TOKEN, "/foreignKeys")?;
    ensure!(foreign[0]["id"] == theirs["secret_id_accessor"], "the stranger's secret-id is not reported: {foreign}");
    scene.up()?;
    ensure!(current(&scene)? != first, "a destroyed secret-id is not replaced");
    scene.work.destroy()?.expect_success()?;
    let stranger = theirs["secret_id"].as_str().context("no secret-id")?;
    ensure!(lets_in(&admin, stranger)?, "the stranger's secret-id is gone");
    scene.expect_clean()
}

fn wrong_inputs_and_a_role_that_is_not_there_are_refused() -> Result<()> {
    let scene = scene(json!({"mount": "auth/approle", "cidrList": ["here"], "ttl": "soon"}))?;
    let ended = scene.work.up()?.expect_failure()?;
    for words in ["mount", "cidrList", "ttl"] {
        ensure!(ended.text.contains(words), "{words} is not named: {}", ended.text);
    }
    declare(&scene, json!({"role": "nobody"}))?;
    let ended = scene.work.up()?.expect_failure()?;
    ensure!(ended.text.contains("`role`") && ended.text.contains("does not exist"), "{}", ended.text);
    ensure!(accessors(&scene.admin())? == 0, "something was made");
    scene.expect_clean()
}
