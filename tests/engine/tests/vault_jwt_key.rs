//! Keys of a JWT method by the real engine, on a real OpenBao.

use anyhow::{Context, Result, ensure};
use engine::{Prove, VaultScene, named, run_trials};
use serde_json::{Value, json};
use vault_servers::{Admin, JwtRole, KeySet, Program, key_pair, public_pem, thumbprint};

const TOKEN: &str = "keyrotation:vault:RotatingJwtKey";
const CONFIG: &str = "auth/jwt/config";
const ROLE: JwtRole<'static> = JwtRole { mount: "jwt", role: "ci" };

fn main() {
    let trials: &[(&str, Prove)] = named![
        a_jwt_key_lives_rotates_and_goes,
        several_keys_of_one_mount_are_made_in_one_run,
        a_key_that_was_taken_out_and_a_strangers_are_drift,
        a_published_key_is_taken_over,
        a_mount_fetches_what_the_outputs_say,
        wrong_inputs_mounts_and_imports_are_refused,
    ];
    run_trials("jwt_key::", &[Program::OpenBao], trials);
}

/// A server with a JWT method and a role, and a project with the resource.
fn scene(inputs: Value) -> Result<VaultScene> {
    let scene = VaultScene::start(json!({}))?;
    scene.admin().post("sys/auth/jwt", &json!({"type": "jwt"}))?;
    ROLE.make(&scene.admin(), &json!({}))?;
    declare(&scene, inputs)?;
    Ok(scene)
}

fn declare(scene: &VaultScene, inputs: Value) -> Result<()> {
    scene.work.write_program(&program(inputs))
}

fn program(inputs: Value) -> Value {
    json!({
        "name": "engine-test",
        "runtime": "yaml",
        "resources": { "signer": { "type": TOKEN, "properties": whole(inputs) } },
        "outputs": { "kid": "${signer.kid}", "privateKeyPem": "${signer.privateKeyPem}" },
    })
}

fn whole(mut inputs: Value) -> Value {
    for (name, value) in [("mount", "jwt"), ("name", "payments")] {
        if inputs.get(name).is_none() {
            inputs[name] = value.into();
        }
    }
    inputs
}

fn inputs(release: &str) -> Value {
    json!({"keepers": {"release": release}, "rotationPeriod": "30d", "overlap": "1d"})
}

/// The current private half as the state knows it; what it signs must be let in.
fn current(scene: &VaultScene) -> Result<String> {
    scene.learn_secrets()?;
    let private = scene.work.state()?.output(TOKEN, "/privateKeyPem")?;
    let private = private.as_str().context("no private half")?.to_owned();
    ROLE.log_in(&scene.admin(), &private).context("the current key does not log in")?;
    Ok(private)
}

fn lets_in(admin: &Admin, private: &str) -> bool {
    ROLE.log_in(admin, private).is_ok()
}

/// The published keys; none if there is no configuration.
fn published(admin: &Admin) -> Result<Vec<String>> {
    let keys = admin.call("GET", CONFIG, None)?.body["data"]["jwt_validation_pubkeys"].clone();
    Ok(keys.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn a_jwt_key_lives_rotates_and_goes() -> Result<()> {
    let scene = scene(inputs("1"))?;
    let admin = scene.admin();
    scene.work.preview()?.expect_success()?;
    ensure!(published(&admin)?.is_empty(), "a preview made something");
    scene.up()?;
    let first = current(&scene)?;
    ensure!(published(&admin)?.len() == 1, "there is more than a key");
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;
    declare(&scene, inputs("2"))?;
    scene.up()?;
    let second = current(&scene)?;
    ensure!(first != second && lets_in(&admin, &first), "the first key does not log in during the overlap");
    scene.work.expect_quiet()?;
    scene.wait_hours(26)?;
    scene.up()?;
    ensure!(!lets_in(&admin, &first) && current(&scene)? == second, "the first key still logs in");
    scene.work.expect_quiet()?;
    scene.wait_hours(24 * 30)?;
    scene.up()?;
    let third = current(&scene)?;
    ensure!(third != second && lets_in(&admin, &second), "a period does not rotate");
    scene.work.destroy()?.expect_success()?;
    ensure!(!lets_in(&admin, &second) && !lets_in(&admin, &third), "a key of a destroyed stack logs in");
    let left = published(&admin)?;
    ensure!(left.len() == 1 && left[0].starts_with("keyrotation 1 placeholder\n"), "something is left: {left:?}");
    scene.expect_clean()
}

/// The engine makes them in parallel, and each write replaces the whole list.
fn several_keys_of_one_mount_are_made_in_one_run() -> Result<()> {
    let scene = scene(inputs("1"))?;
    let admin = scene.admin();
    let program = |release: &str| {
        let names = (0..6).map(|number| format!("key-{number}"));
        let resource = |name: &String| {
            let mut inputs = whole(inputs(release));
            (inputs["name"], inputs["algorithm"]) = (name.as_str().into(), "EdDSA".into());
            (name.clone(), json!({"type": TOKEN, "properties": inputs}))
        };
        let resources: serde_json::Map<_, _> = names.map(|name| resource(&name)).collect();
        scene.work.write_program(&json!({"name": "engine-test", "runtime": "yaml", "resources": resources}))
    };
    for (release, standing) in [("1", 6), ("2", 12)] {
        program(release)?;
        scene.up()?;
        ensure!(published(&admin)?.len() == standing, "{release}: {} keys stand there", published(&admin)?.len());
        scene.learn_secrets()?;
        scene.work.expect_quiet()?;
    }
    scene.wait_hours(26)?;
    scene.up()?;
    ensure!(published(&admin)?.len() == 6, "{} keys stand there", published(&admin)?.len());
    scene.work.expect_no_drift()?;
    scene.work.destroy()?.expect_success()?;
    ensure!(published(&admin)?.len() == 1, "something is left");
    scene.expect_clean()
}

fn a_key_that_was_taken_out_and_a_strangers_are_drift() -> Result<()> {
    let scene = scene(inputs("1"))?;
    let admin = scene.admin();
    scene.up()?;
    let first = current(&scene)?;
    let theirs = public_pem()?;
    admin.post(CONFIG, &json!({"jwt_validation_pubkeys": [theirs], "bound_issuer": "https://issuer.example"}))?;
    scene.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_success()?;
    let foreign = scene.work.state()?.output(TOKEN, "/foreignKeys")?;
    ensure!(foreign.as_array().is_some_and(|keys| keys.len() == 1), "the stranger's key is not reported: {foreign}");
    admin.post(CONFIG, &json!({"jwt_validation_pubkeys": [theirs]}))?;
    scene.up()?;
    ensure!(current(&scene)? != first, "a key that was taken out is not replaced");
    scene.work.destroy()?.expect_success()?;
    ensure!(published(&admin)? == [theirs], "the stranger's key is gone or not as it was");
    scene.expect_clean()
}

/// With its private half it is the current one; it has no probe, and goes all the same.
fn a_published_key_is_taken_over() -> Result<()> {
    let (private, public) = key_pair()?;
    let kid = thumbprint(&public).context("no thumbprint")?;
    let mut inputs = inputs("1");
    inputs["adopt"] = json!({"id": kid, "secret": "${adopted}"});
    let scene = scene(inputs.clone())?;
    let declare = |inputs: Value| {
        let mut program = program(inputs);
        program["config"]["adopted"] = json!({"type": "string"});
        scene.work.write_program(&program)
    };
    declare(inputs.clone())?;
    // A line before it, or the command takes it for an option.
    let value = format!("\n{private}");
    scene.work.run(&["config", "set", "--secret", "engine-test:adopted", &value])?.expect_success()?;
    let admin = scene.admin();
    let neighbour = public_pem()?;
    let before = json!({"jwt_validation_pubkeys": [public, neighbour], "bound_issuer": "", "default_role": "ci"});
    admin.post(CONFIG, &before)?;
    scene.up()?;
    ensure!(current(&scene)?.trim() == private, "another key is the current one");
    ensure!(scene.work.state()?.output(TOKEN, "/kid")? == kid.as_str(), "another kid");
    ensure!(published(&admin)?.len() == 2 && published(&admin)?[1] == neighbour, "another key was made or changed");
    scene.work.expect_quiet()?;
    inputs["keepers"]["release"] = "2".into();
    declare(inputs)?;
    scene.up()?;
    ensure!(current(&scene)?.trim() != private && lets_in(&admin, &private), "the adopted key does not log in");
    scene.wait_hours(26)?;
    scene.up()?;
    ensure!(!lets_in(&admin, &private), "the adopted key still logs in");
    scene.work.destroy()?.expect_success()?;
    ensure!(published(&admin)? == [neighbour], "something is left");
    scene.expect_clean()
}

/// The mount's configuration comes after the first key, and each publication after a run, as what depends on the outputs does.
fn a_mount_fetches_what_the_outputs_say() -> Result<()> {
    let set = KeySet::start()?;
    let wanted = |release: &str| {
        let mut wanted = inputs(release);
        wanted["jwksUrl"] = set.url().into();
        wanted
    };
    let scene = scene(wanted("1"))?;
    let admin = scene.admin();
    let up = || {
        scene.up()?;
        scene.learn_secrets()?;
        let jwks = scene.work.state()?.output(TOKEN, "/jwks")?;
        let jwks = jwks.as_str().context("no set of keys")?;
        set.publish(jwks);
        let keys: Value = serde_json::from_str(jwks)?;
        Ok::<_, anyhow::Error>(keys["keys"].as_array().map_or(0, Vec::len))
    };
    ensure!(up()? == 1, "there is more than a key");
    admin.post(CONFIG, &json!({"jwks_url": set.url(), "default_role": "ci"}))?;
    let first = current(&scene)?;
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;

    declare(&scene, wanted("2"))?;
    scene.work.preview()?.expect_success()?;
    ensure!(up()? == 2 && current(&scene)? == first, "the new key is not published first");
    ensure!(up()? == 2 && current(&scene)? != first, "the new key is not used when it is accepted");
    let second = current(&scene)?;
    ensure!(lets_in(&admin, &first), "the first key does not log in during the overlap");
    scene.work.expect_quiet()?;

    scene.wait_hours(26)?;
    ensure!(up()? == 1, "the first key is still to be published");
    ensure!(up()? == 1 && !lets_in(&admin, &first) && current(&scene)? == second, "the first key still logs in");
    scene.work.expect_quiet()?;
    let config = admin.get(CONFIG)?["data"].clone();
    ensure!(config["default_role"] == "ci" && config["jwks_url"] == set.url().as_str(), "{config}");
    set.publish(r#"{"keys":[]}"#);
    scene.work.destroy()?.expect_success()?;
    ensure!(!lets_in(&admin, &second), "a key of a destroyed stack logs in");
    scene.expect_clean()
}

fn wrong_inputs_mounts_and_imports_are_refused() -> Result<()> {
    let scene = scene(json!({"mount": "auth/jwt", "name": "a/b", "algorithm": "HS256"}))?;
    let admin = scene.admin();
    let ended = scene.work.up()?.expect_failure()?;
    for words in ["mount", "name", "algorithm"] {
        ensure!(ended.text.contains(words), "{words} is not named: {}", ended.text);
    }
    declare(&scene, json!({"jwksUrl": "jwks.json"}))?;
    let ended = scene.work.up()?.expect_failure()?;
    ensure!(ended.text.contains("jwksUrl"), "{}", ended.text);
    declare(&scene, json!({"mount": "nowhere"}))?;
    let ended = scene.work.up()?.expect_failure()?;
    ensure!(ended.text.contains("`mount`") && ended.text.contains("does not exist"), "{}", ended.text);
    declare(&scene, json!({}))?;
    admin.post(CONFIG, &json!({"jwks_url": "http://127.0.0.1:9/keys", "skip_jwks_validation": true}))?;
    let ended = scene.work.up()?.expect_failure()?;
    ensure!(ended.text.contains("jwks_url") && ended.text.contains("nothing was changed"), "{}", ended.text);
    let ended = scene.work.run(&["import", TOKEN, "other", "jwt/payments", "--yes"])?.expect_failure()?;
    ensure!(ended.text.contains("cannot be imported"), "{}", ended.text);
    ensure!(published(&admin)?.is_empty(), "something was made");
    scene.expect_clean()
}
