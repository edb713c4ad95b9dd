//! Keys that were made elsewhere, and marks that others take away, by the real engine.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use engine::{KV_TOKEN, Prove, Scene, TOKEN, USER, VaultScene, Workspace, named, trial};
use libtest_mimic::Arguments;
use serde_json::{Value, json};
use vault_servers::{Admin, Program};

const ONE: &str = "KEYROTATION_IMPORT_SECRET";
const MANY: &str = "KEYROTATION_IMPORT_SECRETS";
const SECRET_ID: &str = "keyrotation:vault:RotatingSecretId";
const JWT_KEY: &str = "keyrotation:vault:RotatingJwtKey";
const TOLD: &str = "someone removed or changed";
const WRONG: &str = "hunter2-hunter2-hunter2-hunter2-hunter22";

fn main() {
    let own: &[(&str, Prove)] = named![
        official_a1_many_keys_are_imported_with_a_file_of_secrets,
        official_a1_a_wrong_secret_imports_nothing_and_none_gives_null,
        official_a1_after_a_lost_state_the_key_is_imported_and_kept,
        official_a2_tags_that_are_taken_away_are_told_once_and_written_again,
    ];
    let on_vault: &[(&str, Prove)] = named![
        official_a1_a_secret_id_is_tried_before_it_is_imported,
        official_a1_a_kv_value_is_compared_before_it_is_imported,
        official_a2_custom_metadata_of_a_kv_path_that_is_taken_away_is_written_again,
        official_a2_the_mark_of_a_published_jwt_key_is_written_again,
    ];
    let own = own.iter().map(|&(name, prove)| trial(name, &[], prove));
    let on_vault = on_vault.iter().map(|&(name, prove)| trial(name, &[Program::OpenBao], prove));
    libtest_mimic::run(&Arguments::from_args(), own.chain(on_vault).collect()).exit();
}

fn inputs(release: &str) -> Value {
    json!({ "keepers": { "release": release }, "overlap": "1d" })
}

fn import<'a>(token: &'a str, name: &'a str, id: &'a str) -> [&'a str; 7] {
    ["import", token, name, id, "--yes", "--generate-code=false", "--protect=false"]
}

/// An import that is refused with these words and leaves nothing.
fn expect_refused(work: &Workspace, (token, id): (&str, &str), words: &[&str]) -> Result<()> {
    let text = work.run(&import(token, "key", id))?.expect_failure()?.text;
    for word in words {
        ensure!(text.contains(word), "{word:?} is not in {text}");
    }
    ensure!(!text.contains(WRONG), "a secret is shown: {text}");
    ensure!(work.state()?.of_type(token).is_empty(), "something was imported");
    Ok(())
}

fn official_a1_many_keys_are_imported_with_a_file_of_secrets() -> Result<()> {
    let scene = Scene::start()?;
    let users = ["alpha", "beta"];
    let mut keys = Vec::new();
    for user in users {
        scene.cloud.add_user(user)?;
        keys.push(scene.cloud.add_key(user)?);
    }
    let secrets: BTreeMap<_, _> = keys.iter().map(|key| (&key.access_key_id, &key.secret_access_key)).collect();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secrets.json");
    std::fs::write(&file, serde_json::to_vec(&secrets)?)?;
    scene.work.set(MANY, file.to_str().context("a path that is no text")?);
    let resources = users
        .iter()
        .zip(&keys)
        .map(|(user, key)| json!({ "type": TOKEN, "name": user, "id": format!("{user}/{}", key.access_key_id) }));
    let list = folder.path().join("import.json");
    std::fs::write(&list, json!({ "resources": resources.collect::<Vec<_>>() }).to_string())?;
    let list = list.to_str().context("a path that is no text")?;
    let import = ["import", "--file", list, "--yes", "--generate-code=false", "--protect=false"];
    scene.work.run(&import)?.expect_success()?;
    let state = scene.work.state()?;
    for (user, key) in users.iter().zip(&keys) {
        ensure!(state.text_of(user, "/accessKeyId")? == key.access_key_id, "{user} has another key");
        ensure!(state.text_of(user, "/secretAccessKey")? == key.secret_access_key, "{user} has another secret");
    }
    ensure!(scene.cloud.count("CreateAccessKey") == 0, "an import made a key");
    scene.expect_clean()
}

fn official_a1_a_wrong_secret_imports_nothing_and_none_gives_null() -> Result<()> {
    let scene = Scene::start()?;
    let key = scene.cloud.add_key(USER)?;
    scene.wait_hours(1)?;
    let id = format!("{USER}/{}", key.access_key_id);
    scene.work.set(ONE, WRONG);
    expect_refused(&scene.work, (TOKEN, &id), &[ONE, &key.access_key_id, "Nothing was imported"])?;
    scene.work.set(MANY, "secrets.json");
    expect_refused(&scene.work, (TOKEN, &id), &[ONE, MANY, "both set"])?;
    scene.work.set(ONE, "");
    expect_refused(&scene.work, (TOKEN, &id), &[MANY, "secrets.json", "cannot be read"])?;
    scene.work.set(MANY, "");
    let text = scene.work.run(&import(TOKEN, "key", &id))?.expect_success()?.text;
    ensure!(text.contains("is not known") && text.contains("secretAccessKey"), "nobody was told: {text}");
    ensure!(scene.work.state()?.output(TOKEN, "/secretAccessKey")?.is_null(), "the secret is not null");
    scene.declare(inputs("1"))?;
    scene.up()?;
    ensure!(scene.work.state()?.output(TOKEN, "/secretAccessKey")?.is_null(), "the first keepers asked for a key");
    scene.work.expect_no_drift()?;
    scene.declare(inputs("2"))?;
    scene.up()?;
    let state = scene.work.state()?;
    ensure!(state.output(TOKEN, "/generation")? == json!(2), "no rotation");
    ensure!(state.output(TOKEN, "/secretAccessKey")?.is_string(), "the new secret is not there");
    ensure!(state.output(TOKEN, "/previousKeyId")? == key.access_key_id.as_str(), "the imported key is not kept");
    let told = state.output(TOKEN, "/warnings")?;
    ensure!(told == json!([]), "{told}");
    scene.work.destroy()?.expect_success()?;
    scene.expect_nothing_left()
}

fn official_a1_after_a_lost_state_the_key_is_imported_and_kept() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(inputs("1"))?;
    scene.up()?;
    scene.wait_hours(2)?;
    scene.declare(inputs("2"))?;
    scene.up()?;
    let known = scene.expect_known()?;
    let urn = engine::URN;
    scene.work.run(&["state", "delete", urn, "--yes"])?.expect_success()?;
    scene.work.set(ONE, &known.secret);
    let imported = scene.work.run(&import(TOKEN, "key", &format!("{USER}/{}", known.current)))?.expect_success()?;
    scene.work.set(ONE, "");
    let mut texts = vec![imported.text];
    for _ in 0..2 {
        texts.push(scene.work.run(&["up", "--refresh", "--yes"])?.expect_success()?.text);
    }
    for text in &texts {
        let lines = text.lines().filter(|line| line.contains(&known.current));
        let advice: Vec<_> = lines.filter(|line| line.to_lowercase().contains("delet")).collect();
        ensure!(advice.is_empty(), "the imported key is to be deleted: {advice:?}");
    }
    let state = scene.work.state()?;
    let previous = known.previous.context("no previous key")?.0;
    ensure!(state.output(TOKEN, "/accessKeyId")? == known.current.as_str(), "another key is current");
    ensure!(state.output(TOKEN, "/secretAccessKey")? == known.secret.as_str(), "another secret is current");
    ensure!(state.output(TOKEN, "/previousKeyId")? == previous.as_str(), "the key before it was not found by its mark");
    scene.wait_hours(50)?;
    scene.up()?;
    ensure!(scene.cloud.key_ids(USER) == [known.current], "the key before it was not retired");
    scene.expect_destroyed()
}

/// As by a program that manages the user's tags, with each `up --refresh`.
fn official_a2_tags_that_are_taken_away_are_told_once_and_written_again() -> Result<()> {
    let scene = Scene::start()?;
    scene.declare(inputs("1"))?;
    scene.up()?;
    let known = scene.expect_known()?;
    let tags: Vec<_> = scene.cloud.tags(USER).into_keys().map(Value::from).collect();
    let told = scene.work.state()?.output(TOKEN, "/ownershipTags")?;
    ensure!(told == Value::from(tags.clone()), "{told} are not {tags:?}");
    scene.wait_hours(2)?;
    scene.cloud.aws().set_tags(USER, &BTreeMap::new()).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    scene.wait_hours(2)?;
    let text = scene.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_success()?.text;
    ensure!(text.contains(TOLD) && text.contains("keyPrefixes"), "nobody was told: {text}");
    ensure!(scene.cloud.tags(USER).is_empty(), "a refresh wrote something");
    let text = scene.up()?;
    ensure!(!text.contains(TOLD), "it was told twice: {text}");
    ensure!(scene.cloud.tags(USER).into_keys().map(Value::from).eq(tags), "the tags are not back");
    ensure!(scene.expect_known()? == known, "the key has changed");
    scene.wait_hours(2)?;
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;
    scene.expect_destroyed()
}

fn official_a1_a_secret_id_is_tried_before_it_is_imported() -> Result<()> {
    let scene = VaultScene::start(json!({}))?;
    let admin = scene.admin();
    admin.post("sys/auth/approle", &json!({ "type": "approle" }))?;
    admin.post("auth/approle/role/payment", &json!({ "token_policies": ["default"] }))?;
    let made = |_| -> Result<(String, String)> {
        let made = admin.post("auth/approle/role/payment/secret-id", &json!({}))?;
        let text = |name: &str| made["data"][name].as_str().map(str::to_owned).context("no text");
        Ok((text("secret_id_accessor")?, text("secret_id")?))
    };
    let [one, two] = [made(1)?, made(2)?];
    let id = format!("approle/payment/{}", one.0);
    scene.work.set(ONE, WRONG);
    expect_refused(&scene.work, (SECRET_ID, &id), &[ONE, &one.0, "Nothing was imported"])?;
    // It logs in, but it is not this accessor's.
    scene.work.set(ONE, &two.1);
    expect_refused(&scene.work, (SECRET_ID, &id), &[ONE, &one.0, &two.0, "Nothing was imported"])?;
    scene.work.set(ONE, &one.1);
    scene.work.run(&import(SECRET_ID, "key", &id))?.expect_success()?;
    let secret_id = scene.work.state()?.output(SECRET_ID, "/secretId")?;
    ensure!(secret_id == one.1.as_str(), "another secret-id");
    Ok(())
}

fn official_a1_a_kv_value_is_compared_before_it_is_imported() -> Result<()> {
    let scene = VaultScene::start(json!({}))?;
    let admin = scene.admin();
    let write = |path: &str, value: &str| {
        admin.post(&format!("secret/data/{path}"), &json!({ "data": { "password": value, "user": "u" } }))
    };
    for (path, value) in [("alpha", "value-of-alpha"), ("beta", "value-of-beta")] {
        write(path, value)?;
    }
    scene.work.set(ONE, WRONG);
    expect_refused(
        &scene.work,
        (KV_TOKEN, "secret/alpha#1"),
        &[ONE, "not the value of any field", "Nothing was imported"],
    )?;
    scene.work.set(ONE, "");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secrets.json");
    let secrets = json!({ "secret/alpha#1": "value-of-alpha", "secret/beta#1": "value-of-beta" });
    std::fs::write(&file, secrets.to_string())?;
    scene.work.set(MANY, file.to_str().context("a path that is no text")?);
    for name in ["alpha", "beta"] {
        scene.work.run(&import(KV_TOKEN, name, &format!("secret/{name}#1")))?.expect_success()?;
        let state = scene.work.state()?;
        ensure!(state.text_of(name, "/value")? == format!("value-of-{name}"), "{name} has another value");
        ensure!(state.text_of(name, "/field")? == "password", "{name} has another field");
    }
    Ok(())
}

/// A refresh says that the mark is gone, the run after it writes it again, and then nothing is due.
fn expect_restored(
    scene: &VaultScene,
    marks: impl Fn(&Admin) -> Result<Value>,
    strip: impl Fn(&Admin) -> Result<()>,
) -> Result<()> {
    let admin = scene.admin();
    let before = marks(&admin)?;
    scene.work.expect_no_drift()?;
    strip(&admin)?;
    ensure!(marks(&admin)? != before, "nothing was taken away");
    let text = scene.work.run(&["refresh", "--yes", "--skip-preview"])?.expect_success()?.text;
    ensure!(text.contains(TOLD), "nobody was told: {text}");
    let text = scene.up()?;
    ensure!(!text.contains(TOLD), "it was told twice: {text}");
    ensure!(marks(&admin)? == before, "the mark is not back: {} is not {before}", marks(&admin)?);
    scene.work.expect_quiet()?;
    scene.work.expect_no_drift()?;
    scene.work.destroy()?.expect_success()?;
    Ok(())
}

fn official_a2_custom_metadata_of_a_kv_path_that_is_taken_away_is_written_again() -> Result<()> {
    let scene = VaultScene::start(inputs("1"))?;
    scene.up()?;
    let path = VaultScene::at("metadata");
    let marks = |admin: &Admin| Ok(admin.get(&path)?["data"]["custom_metadata"].clone());
    expect_restored(&scene, marks, |admin| {
        admin.post(&path, &json!({ "custom_metadata": { "team": "payment" } }))?;
        admin.post(&path, &json!({ "custom_metadata": {} })).map(drop)
    })
}

fn official_a2_the_mark_of_a_published_jwt_key_is_written_again() -> Result<()> {
    const CONFIG: &str = "auth/jwt/config";
    let scene = VaultScene::start(json!({}))?;
    scene.admin().post("sys/auth/jwt", &json!({ "type": "jwt" }))?;
    let mut properties = inputs("1");
    (properties["mount"], properties["name"]) = ("jwt".into(), "payments".into());
    // Nobody may log in by the mount, so nothing could try a key.
    properties["verification"] = json!({ "enabled": false });
    let resources = json!({ "signer": { "type": JWT_KEY, "properties": properties } });
    scene.work.write_program(&json!({ "name": "engine-test", "runtime": "yaml", "resources": resources }))?;
    scene.up()?;
    let texts = |admin: &Admin| -> Result<Vec<String>> {
        let keys = admin.get(CONFIG)?["data"]["jwt_validation_pubkeys"].clone();
        Ok(keys.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let owner = |text: &String| text.lines().next().unwrap_or_default().to_owned();
    let marks = |admin: &Admin| Ok(json!(texts(admin)?.iter().map(owner).collect::<Vec<_>>()));
    expect_restored(&scene, marks, |admin| {
        let bare = |text: &String| text.find("-----BEGIN").map_or(text.clone(), |at| text[at..].to_owned());
        let keys: Vec<_> = texts(admin)?.iter().map(bare).collect();
        admin.post(CONFIG, &json!({ "jwt_validation_pubkeys": keys })).map(drop)
    })
}
