//! What stands beside our keys in a mount's configuration, and who else writes there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use cloud::Cloud;
use futures::future::try_join_all;
use jiff::SignedDuration;
use rotation::testing::{Life, Rig, Watch};
use rotation::{KeyIssuer, Known, Material, Minted, OwnerId, Verdict};
use serde_json::{Value, json};
use system_vault::Vault;
use vault_servers::key_pair;

use super::jwt_key::{JwtName, VaultJwtKeys, line, strangers_key};
use super::jwt_key_trials::{Own, promoted, secret};
use super::on_vault::VaultPlace;
use super::trials::order;
use crate::lives::done;
use crate::suite::trials;

pub(super) const TRIALS: &[Own] = trials!("", () =>
    other_keys_and_settings_stay_byte_for_byte,
    keys_of_another_name_are_another_resources,
    resources_of_one_process_write_one_after_another,
    logins_at_the_moment_of_a_write_hide_no_key,
    a_change_that_was_overwritten_is_made_again,
    a_key_that_was_overwritten_at_its_mint_is_made_again,
    a_key_that_the_server_hides_is_written_again,
    a_mark_that_cannot_be_read_stops_everything,
);

/// The configuration without our keys and the key that nobody has.
fn others(rig: &VaultJwtKeys) -> Result<Value> {
    let mut config = rig.place().config()?;
    let name = rig.place().name();
    let entries = config["jwt_validation_pubkeys"].as_array_mut().context("no keys")?;
    entries.retain(|entry| {
        let entry = entry.as_str().unwrap_or_default();
        line(entry, "name") != Some(name) && !entry.starts_with("keyrotation 1 placeholder")
    });
    Ok(config)
}

async fn other_keys_and_settings_stay_byte_for_byte(rig: &VaultJwtKeys) -> Result<()> {
    let named = rig.issuer_with(rig.config(), rig.inputs_with(&json!({"name": "neighbour"})))?;
    let neighbour = named.mint(&order("n0")).await?;
    let theirs = [
        format!("# of the pipeline, \"mine\"; äöü\n\n{}", strangers_key()),
        strangers_key().replacen("KEY-----\n", "KEY-----\nComment: kept\n\n", 1),
        strangers_key(),
    ];
    rig.place().alter(|entries| entries.extend(theirs))?;
    let mut config = rig.place().config()?;
    let settings = json!({
        "bound_issuer": "https://issuer.example/a?b=c&d", "default_role": "ci", "namespace_in_state": false,
        "jwt_supported_algs": ["EdDSA", "RS256"], "oidc_response_types": [],
        "provider_config": {"provider": "azure", "number": 12, "nested": {"on": true, "empty": ""}},
    });
    for (name, value) in settings.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    rig.admin().post(&rig.place().at("config"), &config)?;
    let before = serde_json::to_string(&others(rig)?)?;
    ensure!(before.contains("äöü") && before.contains("Comment: kept") && before.contains("neighbour"), "{before}");
    let strangers = rig.keys();
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.strangers.extend(strangers.clone());
    watch.alone = false;
    for release in ["1", "2"] {
        done(watch.up(&Life::inputs(release, false)).await)?;
        ensure!(serde_json::to_string(&others(rig)?)? == before, "after {release}");
        rig.clock().advance(SignedDuration::from_hours(1));
    }
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(serde_json::to_string(&others(rig)?)? == before, "after the retirement");
    watch.destroyed().await;
    ensure!(serde_json::to_string(&rig.place().config()?)? == before, "after the end");
    ensure!(named.verify(&neighbour.material).await? == Verdict::Accepted);
    Ok(())
}

async fn keys_of_another_name_are_another_resources(rig: &VaultJwtKeys) -> Result<()> {
    let (one, two) = (rig.issuer(), rig.issuer_with(rig.config(), rig.inputs_with(&json!({"name": "other"})))?);
    let (first, second) = (one.mint(&order("n1")).await?, two.mint(&order("n2")).await?);
    for (issuer, id) in [(&one, &first.id), (&two, &second.id)] {
        let listed = issuer.list().await?.context("no mount")?;
        ensure!(listed.iter().map(|key| &key.id).eq([id]), "{listed:?}");
        let ledgers = issuer.read_ledgers(&OwnerId::new("urn:b", "dev/app/b")).await?;
        ensure!(ledgers.others.len() == 1 && ledgers.others[0].ledger.keys.contains_key(id), "{ledgers:?}");
    }
    one.retire(&second.id).await.context("it is none of its own, so there is nothing to do")?;
    ensure!(two.verify(&second.material).await? == Verdict::Accepted, "another resource's key was removed");
    Ok(())
}

/// Makes a key as a run does, which looks for it at once.
async fn made(issuer: &dyn KeyIssuer, name: &str) -> Result<Minted> {
    let order = order(name);
    issuer.look(&order.owner).await?;
    let made = issuer.mint(&order).await?;
    let listed = issuer.list().await?.unwrap_or_default();
    ensure!(listed.iter().any(|key| key.id == made.id), "{name} is not there after its mint");
    Ok(made)
}

/// Tries a key as often as a run does.
async fn proven(issuer: &dyn KeyIssuer, key: &Material) -> Result<bool> {
    for _ in 0..TRIES {
        if issuer.verify(key).await? == Verdict::Accepted {
            return Ok(true);
        }
    }
    Ok(false)
}

const TRIES: usize = 50;

/// A login at the moment of a write makes the server remember the configuration before it until the next write, for its reads or
/// for its logins.
async fn logins_at_the_moment_of_a_write_hide_no_key(rig: &VaultJwtKeys) -> Result<()> {
    let (private, public) = key_pair()?;
    rig.place().alter(|entries| entries.push(public))?;
    let is_over = Arc::<AtomicBool>::default();
    let logins = (0..LOGINS).map(|_| {
        let (place, private, is_over) = (rig.place().clone(), private.clone(), Arc::clone(&is_over));
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                place.lets_in(&private);
            }
        })
    });
    let logins: Vec<_> = logins.collect();
    let lived = keys_come_and_go(rig).await;
    is_over.store(true, Ordering::Relaxed);
    ensure!(logins.into_iter().all(|login| login.join().is_ok()));
    lived?;
    ensure!(rig.place().lets_in(&private), "the stranger's key is gone");
    Ok(())
}

async fn keys_come_and_go(rig: &VaultJwtKeys) -> Result<()> {
    let issuer = rig.issuer();
    for turn in 0..TURNS {
        let key = made(&*issuer, &turn.to_string()).await?;
        ensure!(issuer.verify(&key.material).await? == Verdict::Accepted, "{turn}: the key is not accepted");
        issuer.retire(&key.id).await.with_context(|| format!("{turn}: the end of the key"))?;
        ensure!(!rig.keys().contains(&key.id), "{turn}: the key came back");
    }
    Ok(())
}

const LOGINS: usize = 2;
const TURNS: usize = 60;

/// As one `pulumi up` does with several resources: nothing of any is lost, although each write replaces everything.
async fn resources_of_one_process_write_one_after_another(rig: &VaultJwtKeys) -> Result<()> {
    let vault = Arc::new(Vault::new(Arc::new(rig.clock().clone())));
    vault.configure(serde_json::from_value(rig.config())?);
    let name = |number: usize| format!("parallel-{number}");
    let issuer = |number: usize| {
        JwtName::issuer(Arc::clone(&vault), rig.inputs_with(&json!({"name": name(number)})), Known::default())
    };
    let issuers: Vec<_> = (0..8).map(issuer).collect::<Result<_>>()?;
    let owner = OwnerId::new("urn:a", "dev/app/a");
    let lives = issuers.iter().enumerate().map(|(number, issuer)| {
        let (owner, issuer): (_, &dyn KeyIssuer) = (&owner, &**issuer);
        async move {
            let mut keys = Vec::new();
            for turn in ["first", "second"] {
                keys.push(made(issuer, &format!("{turn}-{number}")).await?);
            }
            for key in &keys {
                ensure!(proven(issuer, &key.material).await?, "{} was lost", key.id);
                issuer.write_ledger(owner, Some(&promoted(issuer, owner, &key.id).await?)).await?;
            }
            issuer.retire(&keys[0].id).await?;
            ensure!(issuer.verify(&keys[0].material).await? == Verdict::NotYet, "{} came back", keys[0].id);
            Ok(keys.swap_remove(1))
        }
    });
    let made = try_join_all(lives).await?;
    let entries = rig.place().entries();
    ensure!(entries.len() == made.len(), "{} keys stand there", entries.len());
    for (number, key) in made.iter().enumerate() {
        ensure!(rig.place().lets_in(&secret(key)?), "{number} does not log in");
        let entry = entries.iter().find(|entry| line(entry, "kid") == Some(&key.id.0)).context("no mark")?;
        ensure!(line(entry, "name") == Some(&name(number)) && line(entry, "state") == Some("ok"), "{entry}");
    }
    Ok(())
}

/// Another process read before us and writes after us.
async fn a_change_that_was_overwritten_is_made_again(rig: &VaultJwtKeys) -> Result<()> {
    let owner = OwnerId::new("urn:a", "dev/app/a");
    let issuer = rig.issuer();
    let made = issuer.mint(&order("n1")).await?;
    let ledger = promoted(&*issuer, &owner, &made.id).await?;
    // The call after the read and the write is the one that reads back.
    write_at(rig, rig.calls().len() + 2, with_a_strangers(rig)?);
    issuer.write_ledger(&owner, Some(&ledger)).await?;
    ensure!(issuer.read_ledgers(&owner).await?.own == Some(ledger), "the mark is the old one");
    let next = rig.issuer();
    // It looks once before, and asks for the roles.
    write_at(rig, rig.calls().len() + 4, with_a_strangers(rig)?);
    next.retire(&made.id).await?;
    ensure!(!rig.keys().contains(&made.id) && !rig.place().lets_in(&secret(&made)?), "the removed key came back");
    ensure!(rig.keys().len() == 2, "what the other process wrote is gone");
    Ok(())
}

/// What stands there, with one more key of somebody's.
fn with_a_strangers(rig: &VaultJwtKeys) -> Result<Value> {
    let mut config = rig.place().config()?;
    config["jwt_validation_pubkeys"].as_array_mut().context("no keys")?.push(strangers_key().into());
    Ok(config)
}

fn write_at(rig: &VaultJwtKeys, call: usize, config: Value) {
    let place = rig.place().clone();
    let act = move || {
        place.admin().post(&place.at("config"), &config).map(drop).unwrap_or_default();
    };
    rig.proxy().faults().strike_call(call, localcloud::Fault::stranger(act));
}

/// The run looks after a mint; a key that is not there is forgotten, and another one made.
async fn a_key_that_was_overwritten_at_its_mint_is_made_again(rig: &VaultJwtKeys) -> Result<()> {
    rig.place().alter(|entries| entries.push(strangers_key()))?;
    let mut watch = Watch::new(rig, Life::OVERLAP);
    // Look, look once more, write: then somebody else writes what it has made of what stood there before.
    write_at(rig, rig.calls().len() + 3, with_a_strangers(rig)?);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let calls = rig.calls();
    ensure!(calls.iter().filter(|call| *call == "POST config").count() == 3, "{calls:?}");
    ensure!(rig.keys().len() == 3, "{:?}", rig.keys());
    watch.strangers.extend(rig.keys().into_iter().take(2));
    watch.until_quiet(&Life::inputs("1", false)).await;
    watch.destroyed().await;
    Ok(())
}

/// The server shows after a write what stood there before it.
async fn a_key_that_the_server_hides_is_written_again(rig: &VaultJwtKeys) -> Result<()> {
    let issuer = rig.issuer();
    let first = issuer.mint(&order("n1")).await?;
    let prepared = issuer.prepare(&order("n2")).await?;
    let before = rig.calls().len();
    write_at(rig, before + 1, rig.place().config()?);
    let second = prepared.mint().await?;
    ensure!(rig.keys() == [first.id, second.id], "{:?}", rig.keys());
    let calls = rig.calls()[before..].join(", ");
    ensure!(calls == "POST config, GET config, POST config, GET config", "{calls}");
    Ok(())
}

async fn a_mark_that_cannot_be_read_stops_everything(rig: &VaultJwtKeys) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    rig.place().alter(|entries| {
        entries.iter_mut().for_each(|entry| *entry = entry.replacen("keyrotation 1", "keyrotation 7", 1))
    })?;
    let before = rig.place().config()?;
    let issuer = rig.issuer();
    let tried = [
        issuer.list().await.map(drop),
        issuer.mint(&order("n2")).await.map(drop),
        issuer.retire(&made.id).await.map(drop),
    ];
    for error in tried {
        let error = error.err().context("it was passed over")?;
        ensure!(error.message.contains("mark before the public key"), "{error}");
    }
    ensure!(rig.place().config()? == before, "something was changed");
    Ok(())
}
