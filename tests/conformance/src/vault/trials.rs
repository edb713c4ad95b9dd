//! What is Vault's own: its refusals, its limits, and what others do at the path.

use anyhow::{Context, Result, ensure};
use rotation::testing::{Life, Outcome, Rig, Watch};
use rotation::{Clock, Effect, Error, ErrorKind, Field, KeyId, KeyIssuer, MintOrder, Minted, OwnerId, Verdict};
use serde_json::{Value, json};

use super::kv::VaultKv;
use super::{logins, machine_logins, namespaces, official, official_bao};
use crate::lives::done;
use crate::rig::ReachableRig;
use crate::suite::{Trial, trials};

/// A rule that only versions at a path have.
pub type VaultTrial = Trial<VaultKv>;

/// Every trial.
pub fn vault_trials() -> impl Iterator<Item = &'static VaultTrial> {
    TRIALS
        .iter()
        .chain(logins::TRIALS)
        .chain(machine_logins::TRIALS)
        .chain(namespaces::TRIALS)
        .chain(official::TRIALS)
        .chain(official_bao::TRIALS)
}

const TRIALS: &[VaultTrial] = trials!("kv::", () =>
    a_mount_of_the_wrong_type_is_refused,
    a_withheld_capability_is_named_with_its_path,
    the_value_stands_as_the_inputs_say,
    a_write_in_between_is_not_overwritten,
    a_strangers_version_is_not_taken_for_the_claimed_one,
    a_version_in_use_is_not_pushed_out,
    a_strangers_value_is_reported_and_stays,
    a_deleted_current_version_is_replaced,
    a_rate_limit_is_waited_out,
    no_message_holds_a_secret,
);

async fn a_mount_of_the_wrong_type_is_refused(kv: &VaultKv) -> Result<()> {
    let one = kv.admin().mount_kv(1)?;
    let transit = kv.admin().mount("transit", &json!({}))?;
    for (mount, says) in [(one, "version 1"), (transit, "no KV engine")] {
        let issuer = kv.issuer_with(kv.config(), json!({"mount": mount, "path": "app"}))?;
        let error = issuer.list().await.err().context("it was listed")?;
        ensure!(error.kind == ErrorKind::Invalid && error.message.contains(says), "{error}");
        ensure!(error.message.contains("`mount`"), "{error}");
    }
    Ok(())
}

/// The policy of the documentation, and then each part of it left out.
async fn a_withheld_capability_is_named_with_its_path(kv: &VaultKv) -> Result<()> {
    let rules = [
        ("data", "\"create\", \"update\"", "create and update"),
        ("data", "\"read\"", "read"),
        ("metadata", "\"create\", \"update\"", "create and update"),
        ("metadata", "\"read\"", "read"),
        ("metadata", "\"patch\"", "patch"),
        ("delete", "\"update\"", "create and update"),
        ("destroy", "\"update\"", "create and update"),
    ];
    for left_out in 0..=rules.len() {
        let granted = rules.iter().enumerate().filter(|(number, _)| *number != left_out).map(|(_, rule)| rule);
        let mut policy = String::new();
        for part in ["data", "metadata", "delete", "destroy"] {
            let capabilities = granted.clone().filter(|rule| rule.0 == part).map(|rule| rule.1);
            let capabilities = capabilities.collect::<Vec<_>>().join(", ");
            policy.push_str(&format!("path \"{}\" {{ capabilities = [{capabilities}] }}\n", kv.place().at(part)));
        }
        let token = kv.admin().make_token(&json!({"policies": [kv.admin().policy(&policy)?]}))?;
        let issuer = kv.issuer_with(json!({"address": kv.proxy().endpoint(), "token": token.token}), kv.inputs())?;
        let ended = everything(&*issuer).await;
        let metadata = format!("{}?", kv.place().at("metadata"));
        drop(kv.admin().call("DELETE", metadata.trim_end_matches('?'), None)?);
        let Some((part, _, capability)) = rules.get(left_out) else {
            ended.context("with the whole policy")?;
            continue;
        };
        let error = ended.err().with_context(|| format!("{capability} on {part} is not needed"))?;
        ensure!(error.kind == ErrorKind::Denied && error.effect == Effect::None, "{error:?}");
        ensure!(error.message.contains(&kv.place().at(part)) && error.message.contains(capability), "{error}");
    }
    Ok(())
}

/// Each call that a life makes.
async fn everything(issuer: &dyn KeyIssuer) -> Result<(), Error> {
    let owner = OwnerId::new("urn:a", "dev/app/a");
    issuer.look(&owner).await?;
    let ledger = rotation::Ledger { open: None, keys: [].into() };
    issuer.write_ledger(&owner, Some(&ledger)).await?;
    let made = issuer.mint(&order("n1")).await?;
    issuer.verify(&made.material).await?;
    issuer.write_ledger(&owner, None).await?;
    issuer.disable(&made.id).await?;
    issuer.retire(&made.id).await.map(drop)
}

async fn the_value_stands_as_the_inputs_say(kv: &VaultKv) -> Result<()> {
    let mut inputs = kv.inputs();
    let more = json!({
        "field": "token", "data": {"user": "app"}, "length": 24, "characters": "abcdefghijklmnop", "prefix": "app_",
        "maxVersions": 4, "casRequired": true,
    });
    inputs.as_object_mut().context("inputs")?.extend(more.as_object().cloned().unwrap_or_default());
    let issuer = kv.issuer_with(kv.config(), inputs)?;
    let owner = OwnerId::new("urn:a", "dev/app/a");
    issuer.look(&owner).await?;
    issuer.write_ledger(&owner, Some(&rotation::Ledger::default())).await?;
    let made = issuer.mint(&order("n1")).await?;
    let stands = kv.admin().get(&kv.place().at("data"))?["data"]["data"].clone();
    let value = stands["token"].as_str().context("no value")?;
    ensure!(stands["user"] == "app" && stands.as_object().is_some_and(|all| all.len() == 2));
    ensure!(value.len() == 28 && value.starts_with("app_") && value[4..].chars().all(|c| ('a'..='p').contains(&c)));
    ensure!(is_value(&made, value), "the output is another value");
    let metadata = kv.admin().get(&kv.place().at("metadata"))?["data"].clone();
    ensure!(metadata["max_versions"] == 4 && metadata["cas_required"] == true, "{metadata}");
    Ok(())
}

async fn a_write_in_between_is_not_overwritten(kv: &VaultKv) -> Result<()> {
    let issuer = kv.issuer();
    issuer.list().await?;
    let theirs = kv.mint_as_stranger().context("no place")?;
    let error = issuer.mint(&order("n1")).await.err().context("it was overwritten")?;
    ensure!(error.kind == ErrorKind::Conflict && error.effect == Effect::None, "{error:?}");
    ensure!(kv.keys() == [theirs]);
    issuer.mint(&order("n2")).await.context("after another look")?;
    Ok(())
}

/// The claim names version 1, and then somebody else writes it.
async fn a_strangers_version_is_not_taken_for_the_claimed_one(kv: &VaultKv) -> Result<()> {
    let mut watch = Watch::new(kv, Life::OVERLAP);
    let mint = mint_of(kv).await?;
    kv.proxy().inject(kv.calls().len() + mint, rotation::testing::Fault::DieBefore);
    watch.up(&Life::inputs("1", false)).await;
    kv.calm();
    let theirs = watch.stranger().context("no place")?;
    done(watch.up(&Life::inputs("1", false)).await)?;
    ensure!(kv.works(&theirs) && kv.keys().len() == 2, "{:?}", kv.keys());
    let state = watch.stack.state().context("nothing is recorded")?;
    ensure!(state.foreign_keys.iter().any(|key| key.id == theirs), "{:?}", state.foreign_keys);
    Ok(())
}

async fn mint_of(kv: &VaultKv) -> Result<usize> {
    let other = VaultKv::new()?;
    let mut watch = Watch::new(&other, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    ensure!(kv.calls().is_empty());
    other.calls().iter().position(|call| call == "POST data").context("nothing was minted")
}

async fn a_version_in_use_is_not_pushed_out(kv: &VaultKv) -> Result<()> {
    let mut watch = Watch::new(kv, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    kv.admin().post(&kv.place().at("metadata"), &json!({"max_versions": 2, "custom_metadata": notes(kv)?}))?;
    kv.mint_as_stranger().context("no place")?;
    let outcome = watch.up(&Life::inputs("2", false)).await;
    let Outcome::Failed(error) = outcome else { anyhow::bail!("{outcome:?}") };
    ensure!(error.kind == ErrorKind::LimitReached && error.message.contains("maxVersions"), "{error}");
    ensure!(error.message.contains("version 1"), "{error}");
    ensure!(kv.works(&KeyId("1".to_owned())));
    Ok(())
}

fn notes(kv: &VaultKv) -> Result<Value> {
    Ok(kv.admin().get(&kv.place().at("metadata"))?["data"]["custom_metadata"].clone())
}

async fn a_strangers_value_is_reported_and_stays(kv: &VaultKv) -> Result<()> {
    let mut watch = Watch::new(kv, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let theirs = watch.stranger().context("no place")?;
    watch.stack.refresh(kv).await;
    let state = watch.stack.state().context("nothing is recorded")?;
    ensure!(state.foreign_keys.iter().any(|key| key.id == theirs), "{:?}", state.foreign_keys);
    ensure!(watch.up(&Life::inputs("1", false)).await.is_quiet());
    done(watch.up(&Life::inputs("2", false)).await)?;
    watch.destroyed().await;
    ensure!(kv.keys() == [theirs]);
    Ok(())
}

async fn a_deleted_current_version_is_replaced(kv: &VaultKv) -> Result<()> {
    let mut watch = Watch::new(kv, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let first = KeyId("1".to_owned());
    kv.disable(&first);
    watch.harmed.insert(first.clone());
    watch.stack.refresh(kv).await;
    done(watch.up(&Life::inputs("1", false)).await)?;
    ensure!(watch.stack.state().and_then(|state| state.current.as_ref()).is_some_and(|key| key.id.0 == "2"));
    watch.until_quiet(&Life::inputs("1", false)).await;
    ensure!(kv.keys() == [KeyId("2".to_owned())], "{:?}", kv.keys());
    Ok(())
}

/// The server's own limit, which passes in real time while the plugin's pauses pass at once: so it is lifted when the first call was refused.
async fn a_rate_limit_is_waited_out(kv: &VaultKv) -> Result<()> {
    let mount = kv.admin().mount_kv(2)?;
    let quota = format!("sys/quotas/rate-limit/{mount}");
    kv.admin().post(&quota, &json!({"path": format!("{mount}/"), "rate": 0.001, "interval": "1h"}))?;
    let issuer = kv.issuer_with(kv.config(), json!({"mount": mount, "path": "app"}))?;
    let mut refused = None;
    for _ in 0..5 {
        if let Err(error) = issuer.list().await {
            refused = Some(error);
            break;
        }
    }
    kv.admin().delete(&quota)?;
    let error = refused.context("the limit was not felt")?;
    ensure!(error.kind == ErrorKind::Throttled && error.effect == Effect::None, "{error:?}");
    ensure!(issuer.list().await? == Some(Vec::new()));
    Ok(())
}

async fn no_message_holds_a_secret(kv: &VaultKv) -> Result<()> {
    let made = kv.issuer().mint(&order("n1")).await?;
    let Some(Field::Secret(value)) = made.material.get("value") else { anyhow::bail!("no value") };
    let value = secrecy::ExposeSecret::expose_secret(value).to_owned();
    ensure!(!format!("{made:?}").contains(&value));
    let refused = kv.refused().context("no other credentials")?;
    let error = refused.verify(&made.material).await.err().context("it was tried")?;
    let token = kv.admin().token();
    ensure!(!format!("{error:?} {error}").contains(&value) && !format!("{error:?}").contains(token));
    ensure!(kv.issuer().verify(&made.material).await? == Verdict::Accepted);
    let now = kv.clock().now();
    ensure!(now.duration_since(made.created_at).abs() < jiff::SignedDuration::from_mins(1));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the test's own value")]
fn is_value(made: &Minted, value: &str) -> bool {
    matches!(made.material.get("value"), Some(Field::Secret(made)) if secrecy::ExposeSecret::expose_secret(made) == value)
}

pub(super) fn order(nonce: &str) -> MintOrder {
    let owner = OwnerId::new("urn:a", "dev/app/a");
    MintOrder { nonce: nonce.to_owned(), generation: 1, owner, instance: "i0000001".to_owned(), life: None }
}
