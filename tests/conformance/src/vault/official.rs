//! What a server and other people do to the versions of a path: limits, ends, other fields, and servers of another age.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use localcloud::{ErrorAnswer, Fault, Rule};
use rotation::testing::{Life, Outcome, Rig, Watch};
use rotation::{Effect, Error, ErrorKind, KeyId, Known, MintOrder, RotationArgs};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use system_vault::{RootArgs, VaultRoot};

use super::kv::{KvPath, VaultKv};
use super::on_vault::VaultPlace;
use super::trials::{VaultTrial, order};
use crate::lives::done;
use crate::suite::trials;

pub(super) const TRIALS: &[VaultTrial] = trials!("", () =>
    official_c1_a_path_that_deletes_versions_too_early_is_refused,
    official_c1_a_version_that_the_server_deletes_is_replaced_before,
    official_c2_a_server_without_patch_is_served,
    official_c2_a_missing_right_to_patch_is_told_before_a_value_is_written,
    official_c3_a_connection_without_a_root_is_ordered_once,
    official_d1_other_fields_of_a_secret_stay,
    official_d1_a_renamed_field_leaves_no_old_value,
    official_d1_an_import_names_the_field,
    official_d3_a_foreign_newest_version_is_a_warning,
    official_d5_the_larger_number_of_versions_counts,
);

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn lasting(nonce: &str, life: SignedDuration) -> MintOrder {
    MintOrder { life: Some(life), ..order(nonce) }
}

async fn official_c1_a_path_that_deletes_versions_too_early_is_refused(kv: &VaultKv) -> Result<()> {
    let mount = kv.admin().mount_kv(2)?;
    let inputs = json!({"mount": mount, "path": "app"});
    let rules = [
        (format!("{mount}/config"), format!("vault write {mount}/config")),
        (format!("{mount}/metadata/app"), "vault kv metadata put".to_owned()),
    ];
    for (number, (place, command)) in rules.iter().enumerate() {
        kv.admin().post(place, &json!({"delete_version_after": "240h"}))?;
        let issuer = kv.issuer_with(kv.config(), inputs.clone())?;
        let error = issuer.prepare(&lasting("n1", DAY * 11)).await.err().context("it was planned")?;
        ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
        ensure!(error.message.contains("delete_version_after") && error.message.contains(command), "{error}");
        ensure!(error.message.contains("10d") && error.message.contains("11d"), "{error}");
        issuer.prepare(&lasting("n2", DAY * 9)).await.with_context(|| format!("{number}: long enough"))?;
        kv.admin().post(place, &json!({"delete_version_after": "0s"}))?;
    }
    ensure!(kv.admin().call("GET", &format!("{mount}/data/app"), None)?.status == 404, "a value was written");
    // Who may not read what the mount says learns it from the answer to the write, and takes that back.
    kv.admin().post(&rules[0].0, &json!({"delete_version_after": "240h"}))?;
    let policy = ["data", "metadata", "delete", "destroy"].map(|part| {
        format!("path \"{mount}/{part}/app\" {{ capabilities = [\"create\", \"update\", \"read\", \"patch\"] }}\n")
    });
    let token = kv.admin().make_token(&json!({"policies": [kv.admin().policy(&policy.concat())?]}))?;
    let config = json!({"address": kv.proxy().endpoint(), "token": token.token});
    let error = kv.issuer_with(config, inputs)?.mint(&lasting("n3", DAY * 11)).await.err().context("it was made")?;
    ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
    let left = kv.admin().get(&format!("{mount}/metadata/app"))?["data"]["versions"]["1"]["destroyed"].clone();
    ensure!(left == true, "the version is left: {left}");
    Ok(())
}

async fn official_c1_a_version_that_the_server_deletes_is_replaced_before(kv: &VaultKv) -> Result<()> {
    kv.admin().post(&kv.place().at("metadata"), &json!({"delete_version_after": "480h"}))?;
    let inputs = Life::inputs("1", false);
    let mut watch = Watch::new(kv, Life::OVERLAP);
    done(watch.up(&inputs).await)?;
    let first = current(&watch)?;
    let ends_at = first.expires_at.context("nobody knows when it ends")?;
    ensure!(ends_at.duration_since(first.created_at) == DAY * 20, "{first:?}");
    let warnings = |watch: &Watch<'_>| watch.stack.state().map(|state| state.warnings.clone()).unwrap_or_default();
    ensure!(warnings(&watch).iter().any(|warning| warning.contains("ends by itself at")), "{:?}", warnings(&watch));
    kv.clock().advance(DAY * 10);
    watch.stack.refresh(kv).await;
    ensure!(watch.up(&inputs).await.is_quiet(), "it is replaced too early");
    ensure!(warnings(&watch).len() == 1, "{:?}", warnings(&watch));
    kv.clock().advance(DAY * 8);
    done(watch.up(&inputs).await)?;
    ensure!(current(&watch)?.id != first.id && kv.works(&first.id), "it was not replaced");
    Ok(())
}

fn current(watch: &Watch<'_>) -> Result<rotation::Key> {
    watch.stack.state().and_then(|state| state.current.clone()).context("there is no current key")
}

/// As servers before 1.10 answer a merge patch.
fn without_patch(kv: &VaultKv) {
    let answer = ErrorAnswer { status: 405, code: String::new(), message: "unsupported operation".to_owned() };
    let rule = Rule::new(Fault::ErrorBefore(answer)).on(&format!("PATCH {}", kv.place().at("metadata")));
    kv.proxy().faults().add(rule.always());
}

async fn official_c2_a_server_without_patch_is_served(kv: &VaultKv) -> Result<()> {
    without_patch(kv);
    kv.admin().post(&kv.place().at("metadata"), &json!({"custom_metadata": {"team": "payment"}, "max_versions": 7}))?;
    let mut watch = Watch::new(kv, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(kv.marks() == 1 && kv.keys().len() == 2, "{:?}", kv.keys());
    kv.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&Life::inputs("2", false)).await)?;
    watch.stack.refresh(kv).await;
    ensure!(watch.up(&Life::inputs("2", false)).await.is_quiet());
    watch.destroyed().await;
    let metadata = kv.admin().get(&kv.place().at("metadata"))?["data"].clone();
    ensure!(metadata["custom_metadata"] == json!({"team": "payment"}), "{metadata}");
    ensure!(metadata["max_versions"] == 7 && kv.keys().is_empty() && kv.marks() == 0, "{metadata}");
    kv.calm();
    Ok(())
}

async fn official_c2_a_missing_right_to_patch_is_told_before_a_value_is_written(kv: &VaultKv) -> Result<()> {
    let rules = ["data", "metadata", "delete", "destroy"].map(|part| {
        format!("path \"{}\" {{ capabilities = [\"create\", \"update\", \"read\"] }}\n", kv.place().at(part))
    });
    let token = kv.admin().make_token(&json!({"policies": [kv.admin().policy(&rules.concat())?]}))?;
    let config = json!({"address": kv.proxy().endpoint(), "token": token.token});
    let issuer = kv.issuer_with(config, kv.inputs())?;
    let owner = order("n1").owner;
    issuer.look(&owner).await?;
    let claim = rotation::Ledger { open: None, keys: [].into() };
    issuer.write_ledger(&owner, Some(&claim)).await?;
    let error = issuer.mint(&order("n1")).await.err().context("a value was written")?;
    ensure!(error.kind == ErrorKind::Denied && error.message.contains("patch"), "{error}");
    ensure!(kv.keys().is_empty());
    Ok(())
}

async fn official_c3_a_connection_without_a_root_is_ordered_once(kv: &VaultKv) -> Result<()> {
    let mount = kv.admin().mount("database", &json!({}))?;
    let connection = json!({
        "plugin_name": "postgresql-database-plugin", "verify_connection": false,
        "connection_url": "postgresql://127.0.0.1:1/app",
    });
    let mut with_name = connection.clone();
    with_name["username"] = "app".into();
    for (settings, lacks) in [(connection, "no username in configuration"), (with_name, "no password in configuration")]
    {
        kv.admin().post(&format!("{mount}/config/app"), &settings)?;
        let root = VaultRoot::new(kv.vault(kv.config())?).root(&RootArgs {
            namespace: None,
            path: format!("{mount}/app"),
            rotate_on_create: None,
        });
        let seen = root.look().await?.context("there is no connection")?;
        let before = kv.calls().len();
        let error = root.order(&seen).await.err().context("it was rotated")?;
        let orders = kv.calls().split_off(before).iter().filter(|call| call.contains("rotate-root")).count();
        ensure!(orders == 1, "it was ordered {orders} times");
        ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
        ensure!(error.message.contains(lacks), "{error}");
    }
    Ok(())
}

const HUMAN: &str =
    r#"{"password":"hunter2","username":"app","url":"https://app","port":5432,"tags":["a",{"b":null}]}"#;

fn write(kv: &VaultKv, data: &str) -> Result<()> {
    let data: Value = serde_json::from_str(data)?;
    kv.admin().post(&kv.place().at("data"), &json!({"data": data})).map(drop)
}

fn newest_data(kv: &VaultKv) -> Result<Value> {
    Ok(kv.admin().get(&kv.place().at("data"))?["data"]["data"].clone())
}

/// Somebody's secret, of which the password is to be rotated.
async fn official_d1_other_fields_of_a_secret_stay(kv: &VaultKv) -> Result<()> {
    write(kv, HUMAN)?;
    let mut inputs = kv.inputs();
    inputs["field"] = "password".into();
    inputs["data"] = json!({"url": "https://new"});
    let mut expected: Value = serde_json::from_str(HUMAN)?;
    expected["url"] = "https://new".into();
    for nonce in ["n1", "n2"] {
        let issuer = kv.issuer_with(kv.config(), inputs.clone())?;
        let made = issuer.mint(&order(nonce)).await?;
        let stands = newest_data(kv)?;
        let value = stands["password"].clone();
        ensure!(value != "hunter2" && value.as_str().is_some_and(|value| value.len() == 32), "no new value");
        expected["password"] = value;
        ensure!(stands == expected, "{stands}");
        // A version that was destroyed again is not the one that is carried on.
        issuer.retire(&made.id).await?;
    }
    Ok(())
}

/// The state knows the former value, which stands under the former name.
async fn official_d1_a_renamed_field_leaves_no_old_value(kv: &VaultKv) -> Result<()> {
    let mut watch = Watch::new(kv, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let state = watch.stack.state().context("nothing is recorded")?;
    let mut inputs = kv.inputs();
    inputs["field"] = "token".into();
    let issuer = KvPath::issuer(kv.vault(kv.config())?, inputs, Known::of(state))?;
    issuer.mint(&order("n2")).await?;
    let stands = newest_data(kv)?;
    ensure!(stands.as_object().is_some_and(|fields| fields.keys().eq(["token"])), "the former value is left");
    Ok(())
}

async fn official_d1_an_import_names_the_field(kv: &VaultKv) -> Result<()> {
    write(kv, r#"{"password":"hunter2","username":"app"}"#)?;
    write(kv, r#"{"password":"hunter3"}"#)?;
    write(kv, r#"{"api_key":"hunter4"}"#)?;
    write(kv, r#"{"one":"same","two":"same"}"#)?;
    write(kv, r#"{"port":5432}"#)?;
    let issuer = kv.issuer_with(kv.config(), kv.inputs())?;
    let read = async |version: &str, given: Option<&str>| {
        let given = given.map(SecretString::from);
        issuer.read_back(&KeyId(version.to_owned()), given.as_ref()).await
    };
    let named = |read: Result<rotation::ReadBack, Error>| -> Result<(Option<String>, Option<String>)> {
        let read = read?;
        Ok((read.inputs.get("field").cloned(), read.secret.as_ref().map(opened)))
    };
    let text = |text: &str| Some(text.to_owned());
    ensure!(named(read("1", Some("hunter2")).await)? == (text("password"), text("hunter2")));
    ensure!(named(read("2", None).await)? == (text("password"), text("hunter3")));
    ensure!(named(read("3", None).await)? == (None, text("hunter4")), "the usual name needs no input");
    for (version, given, says) in [
        ("1", None, "several fields (password, username)"),
        ("1", Some("wrong"), "not the value of any field"),
        ("4", Some("same"), "one, two"),
        ("5", None, "holds no text"),
    ] {
        let error = read(version, given).await.err().with_context(|| format!("{version} was imported"))?;
        ensure!(error.kind == ErrorKind::Invalid && error.message.contains(says), "{error}");
        ensure!(!error.message.contains("hunter") && !error.message.contains("same)"), "{error}");
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the test's own value")]
fn opened(secret: &SecretString) -> String {
    secret.expose_secret().to_owned()
}

async fn official_d3_a_foreign_newest_version_is_a_warning(kv: &VaultKv) -> Result<()> {
    let inputs = Life::inputs("1", false);
    let warned = |watch: &Watch<'_>, says: &str| {
        let warnings = watch.stack.state().map(|state| state.warnings.clone()).unwrap_or_default();
        warnings.iter().filter(|warning| warning.contains("newest of the path") && warning.contains(says)).count() == 1
    };
    let mut watch = Watch::new(kv, Life::OVERLAP);
    done(watch.up(&inputs).await)?;
    ensure!(!warned(&watch, ""), "{:?}", watch.stack.state().map(|state| &state.warnings));
    let theirs = watch.stranger().context("no place")?;
    for _ in 0..2 {
        watch.stack.refresh(kv).await;
        ensure!(warned(&watch, "version 2") && warned(&watch, "somebody else"), "a refresh does not warn");
    }
    done(watch.up(&RotationArgs { overlap: SignedDuration::from_hours(3), ..inputs.clone() }).await)?;
    ensure!(warned(&watch, "somebody else"), "a run does not warn");
    kv.delete(&theirs);
    watch.harmed.insert(theirs);
    watch.stack.refresh(kv).await;
    ensure!(warned(&watch, "destroyed"), "{:?}", watch.stack.state().map(|state| &state.warnings));
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(!warned(&watch, ""), "the new key is the newest version");
    Ok(())
}

async fn official_d5_the_larger_number_of_versions_counts(kv: &VaultKv) -> Result<()> {
    let mount = kv.admin().mount_kv(2)?;
    kv.admin().post(&format!("{mount}/config"), &json!({"max_versions": 6}))?;
    kv.admin().post(&format!("{mount}/metadata/app"), &json!({"max_versions": 2}))?;
    let place = Arc::new(json!({"mount": mount, "path": "app"}));
    let owner = order("n1").owner;
    // Version 1 is in use; versions 2 to 5 are others'; a sixth one pushes nothing out.
    let issuer = kv.issuer_with(kv.config(), (*place).clone())?;
    issuer.look(&owner).await?;
    let made = issuer.mint(&order("n1")).await?;
    let entry = rotation::Entry::of("i0000001", rotation::Mark::Promoted, made.created_at);
    let ledger = rotation::Ledger { open: None, keys: [(made.id.clone(), entry)].into() };
    issuer.write_ledger(&owner, Some(&ledger)).await?;
    for count in 2..=7_u64 {
        issuer.look(&owner).await?;
        let planned = issuer.prepare(&order(&format!("m{count}"))).await;
        match planned {
            Ok(_) if count <= 6 => {}
            Err(error) if count == 7 => {
                ensure!(error.kind == ErrorKind::LimitReached && error.message.contains("keeps 6 versions"), "{error}");
                return Ok(());
            }
            other => anyhow::bail!("version {count}: {:?}", other.err()),
        }
        kv.admin().post(&format!("{mount}/data/app"), &json!({"data": {"theirs": "x"}}))?;
    }
    anyhow::bail!("a version in use was pushed out: {:?}", Outcome::Quiet)
}
