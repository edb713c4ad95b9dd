//! What is leases' own: logins at the database, tokens that end, limits, renewals, and engines that cannot take a credential back.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Life, Outcome, Rig, Watch};
use rotation::{Error, ErrorKind, Field, KeyIssuer, Ledger, Material, MintOrder, OwnerId, Verdict};
use serde_json::json;
use vault_servers::{Database, Login, MariaDb, Program, unique};

use super::alike::{self, Right, policy};
use super::lease::VaultLeases;
use super::lease_others;
use super::trials::order;
use crate::lives::done;
use crate::orders::prepared;
use crate::suite::{Trial, trials};

type Own = Trial<VaultLeases>;

/// Every trial that only leases have. The one that needs MariaDB is apart: [`MARIA_TRIALS`].
pub fn lease_trials() -> impl Iterator<Item = &'static Own> {
    TRIALS.iter().chain(lease_others::TRIALS)
}

/// Both databases' credentials log in as they should: MariaDB's, where there is one.
pub const MARIA_TRIALS: &[Own] = trials!("", () => on_mariadb_both_log_in_during_the_overlap_and_one_after_it);

const TRIALS: &[Own] = trials!("", () =>
    both_log_in_during_the_overlap_and_one_after_it,
    a_token_of_three_seconds_leaves_a_credential_that_works,
    a_withheld_capability_is_named_with_its_path,
    every_life_is_led,
    a_renamed_resource_keeps_its_leases,
    a_lease_is_renewed_when_half_of_it_is_over,
    a_lease_that_ended_is_replaced_and_its_holder_goes,
    a_credential_that_cannot_be_taken_back_is_told_and_tried_again,
);

async fn both_log_in_during_the_overlap_and_one_after_it(rig: &VaultLeases) -> Result<()> {
    overlap(rig, rig.place().postgres()).await
}

async fn on_mariadb_both_log_in_during_the_overlap_and_one_after_it(rig: &VaultLeases) -> Result<()> {
    let maria = MariaDb::start(&Program::MariaDb.find()?)?;
    rig.admin().connect(rig.place().mount(), "mariadb", &maria, &maria.superuser()?)?;
    let drop = json!(["DROP USER '{{name}}'@'%'"]);
    let settings = json!({"db_name": "mariadb", "max_ttl": "8760h", "revocation_statements": drop});
    rig.admin().make_database_role(rig.place().mount(), rig.place().role(), &maria, &settings)?;
    overlap(rig, &maria).await
}

/// A whole life, by somebody who logs in with what the resource gives.
async fn overlap(rig: &VaultLeases, database: &dyn Database) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", true)).await)?;
    let first = current(&watch)?;
    ensure!(database.lets_in(&first)?, "before the rotation");
    done(watch.up(&Life::inputs("2", true)).await)?;
    let second = current(&watch)?;
    ensure!(database.lets_in(&first)? && database.lets_in(&second)?, "during the overlap");
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&Life::inputs("2", true)).await)?;
    ensure!(!database.lets_in(&first)? && database.lets_in(&second)?, "after the overlap");
    watch.destroyed().await;
    ensure!(!database.lets_in(&second)? && rig.place().holders().is_empty(), "after the end");
    Ok(())
}

/// The rights that the documentation names, each with the paths that it is for.
fn rights(rig: &VaultLeases) -> Vec<Right> {
    let create = format!("auth/token/create/{}", rig.place().role());
    let rights = [
        (create.as_str(), "create and update"),
        ("auth/token/lookup-accessor", "create and update"),
        ("auth/token/renew-accessor", "create and update"),
        ("auth/token/revoke-accessor", "create and update"),
        ("sys/leases/lookup", "create and update"),
        ("sys/leases/renew", "create and update"),
        ("sys/leases/revoke", "create and update"),
        ("identity/group/name", "list"),
        ("identity/group/name/keyrotation-*", "create and update"),
        ("identity/group/name/keyrotation-*", "read"),
        ("identity/group/name/keyrotation-*", "delete"),
    ];
    rights.map(|(path, capability)| (path.to_owned(), capability)).into()
}

/// With no more rights than the documentation names, and a token that is dead five seconds later.
async fn a_token_of_three_seconds_leaves_a_credential_that_works(rig: &VaultLeases) -> Result<()> {
    let rights = rights(rig);
    let all = policy(rig.admin(), &rights, rights.len())?;
    let request = json!({"policies": [all], "no_default_policy": true, "ttl": "3s"});
    let token = rig.admin().make_token(&request)?;
    let config = json!({"address": rig.proxy().endpoint(), "token": token.token});
    let issuer = rig.issuer_with(config, rig.inputs())?;
    let order = order("n1");
    let made = prepared(&*issuer, &order).await?.mint().await?;
    ensure!(issuer.verify(&made.material).await? == Verdict::Accepted);
    let login = login(&made.material)?;
    ensure!(rig.place().lets_in(&login)?, "at once");
    tokio::time::sleep(Duration::from_secs(5)).await;
    ensure!(rig.place().look_up(&token.accessor).is_err(), "the plugin's token lives");
    ensure!(rig.place().lets_in(&login)?, "when the plugin's token is dead");
    ensure!(rig.issuer().verify(&made.material).await? == Verdict::Accepted);
    // Without a holder role the same would have died.
    let child = rig.admin().make_token(&json!({"policies": ["root"], "ttl": "3s"}))?;
    let theirs = rig.admin().with_token(&child.token).database_login(rig.place().mount(), rig.place().role())?.0;
    ensure!(rig.place().lets_in(&theirs)?);
    tokio::time::sleep(Duration::from_secs(5)).await;
    ensure!(!rig.place().lets_in(&theirs)?, "a lease outlives the token that read it: then no holder is needed");
    Ok(())
}

async fn a_withheld_capability_is_named_with_its_path(rig: &VaultLeases) -> Result<()> {
    let lead = async |config| {
        let ended = everything(&*rig.issuer_with(config, rig.inputs())?).await;
        rig.place().holders().into_keys().for_each(|id| rig.delete(&rotation::KeyId(id)));
        rig.strip_marks();
        Ok(ended)
    };
    alike::withheld(rig, &rights(rig), lead).await
}

/// Each call that a life makes.
async fn everything(issuer: &dyn KeyIssuer) -> Result<(), Error> {
    let owner = OwnerId::new("urn:a", "dev/app/a");
    issuer.write_ledger(&owner, Some(&Ledger::default())).await?;
    issuer.look(&owner).await?;
    let order = lasting("n1", SignedDuration::from_hours(2));
    let made = prepared(issuer, &order).await?.mint().await?;
    issuer.verify(&made.material).await?;
    issuer.renew(&made.id, Some(SignedDuration::from_hours(3))).await?;
    issuer.retire(&made.id).await?;
    issuer.write_ledger(&owner, None).await
}

async fn every_life_is_led(_: &VaultLeases) -> Result<()> {
    alike::every_life(|rig: &VaultLeases, life| {
        ensure!(rig.place().holders().is_empty() && rig.marks() == 0, "{life:?}: a token is left");
        if life != Life::CurrentLost && life != Life::PreviousLost {
            ensure!(rig.place().leases()?.is_empty(), "{life:?}: a lease is left");
        }
        Ok(())
    })
    .await
}

async fn a_renamed_resource_keeps_its_leases(rig: &VaultLeases) -> Result<()> {
    alike::renamed(rig).await?;
    ensure!(rig.place().holders().is_empty(), "something is left");
    Ok(())
}

/// The plugin's clock runs ahead of the server's, so each asks for more time by its own.
async fn a_lease_is_renewed_when_half_of_it_is_over(rig: &VaultLeases) -> Result<()> {
    rig.place().ask_for("10h");
    let mut watch = Watch::new(rig, Life::OVERLAP);
    let wanted = Life::inputs("1", false);
    done(watch.up(&wanted).await)?;
    let (first, lease) = (current(&watch)?, lease_of(&watch)?);
    let renewals = || {
        let calls = rig.calls();
        let count = |name: &str| calls.iter().filter(|call| *call == name).count();
        (count("POST sys/leases/renew"), count("POST renew-accessor"))
    };
    let before = rig.admin().post("sys/leases/lookup", &json!({"lease_id": lease}))?["data"].clone();
    rig.clock().advance(SignedDuration::from_hours(4));
    ensure!(watch.up(&wanted).await.is_quiet() && renewals() == (1, 0), "not in the first half");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    rig.clock().advance(SignedDuration::from_hours(2));
    done(watch.up(&wanted).await)?;
    ensure!(renewals() == (2, 1), "{:?}", renewals());
    let after = rig.admin().post("sys/leases/lookup", &json!({"lease_id": lease}))?["data"].clone();
    ensure!(before["last_renewal"].as_str() < after["last_renewal"].as_str(), "{before} {after}");
    ensure!(before["expire_time"].as_str() < after["expire_time"].as_str(), "{before} {after}");
    ensure!(rig.place().lets_in(&first)? && lease_of(&watch)? == lease);
    let state = watch.stack.state().context("no state")?;
    let expires_at = state.current.as_ref().and_then(|key| key.expires_at).context("no end")?;
    ensure!(after["expire_time"] == expires_at.to_string(), "{expires_at} {after}");
    watch.destroyed().await;
    Ok(())
}

/// Somebody revokes the lease, or it ends by itself: the holder still lives, and serves nobody.
async fn a_lease_that_ended_is_replaced_and_its_holder_goes(rig: &VaultLeases) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    let wanted = Life::inputs("1", false);
    done(watch.up(&wanted).await)?;
    let (first, lease) = (current(&watch)?, lease_of(&watch)?);
    rig.admin().post("sys/leases/revoke", &json!({"lease_id": lease, "sync": true}))?;
    ensure!(!rig.place().lets_in(&first)?);
    watch.harmed.extend(rig.keys());
    watch.stack.refresh(rig).await;
    done(watch.up(&wanted).await)?;
    ensure!(lease_of(&watch)? != lease && rig.place().lets_in(&current(&watch)?)?);
    watch.until_quiet(&wanted).await;
    ensure!(rig.place().holders().len() == 1, "the holder of the lease that ended is left");
    watch.destroyed().await;
    Ok(())
}

/// The engine's own user may not log in for a while, and its connections are gone.
async fn a_credential_that_cannot_be_taken_back_is_told_and_tried_again(rig: &VaultLeases) -> Result<()> {
    let (postgres, mount, name) = (rig.place().postgres(), rig.place().mount(), unique("connection"));
    let root = postgres.superuser()?;
    rig.admin().connect(mount, &name, postgres, &root)?;
    rig.place().make_role(&json!({"db_name": name, "max_ttl": "8760h"}))?;
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let first = current(&watch)?;
    done(watch.up(&Life::inputs("2", false)).await)?;
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    postgres.run(&format!("ALTER ROLE \"{}\" NOLOGIN", root.user))?;
    postgres.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{}'", root.user))?;
    for _ in 0..2 {
        let outcome = watch.up(&Life::inputs("2", false)).await;
        let Outcome::Failed(error) = outcome else { anyhow::bail!("{outcome:?}") };
        ensure!(error.kind == ErrorKind::Unreachable && error.message.contains("the lease stays"), "{error}");
        ensure!(rig.place().lets_in(&first)? && rig.keys().len() == 2, "it still works, and is still known");
    }
    postgres.run(&format!("ALTER ROLE \"{}\" LOGIN", root.user))?;
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(!rig.place().lets_in(&first)? && rig.keys().len() == 1, "it is tried again");
    watch.destroyed().await;
    Ok(())
}

/// An order of a key that has to work for so long.
pub(super) fn lasting(nonce: &str, life: SignedDuration) -> MintOrder {
    MintOrder { life: Some(life), ..order(nonce) }
}

/// What a person logs in with.
pub(super) fn login(material: &Material) -> Result<Login> {
    let Some(Field::SecretMap(data)) = material.get("data") else { anyhow::bail!("no data") };
    let text = |name: &str| {
        let secret = data.get(name).with_context(|| format!("no {name}"))?;
        anyhow::Ok(secrecy::ExposeSecret::expose_secret(secret).to_owned())
    };
    Ok(Login { user: text("username")?, password: text("password")? })
}

fn material<'a>(watch: &'a Watch<'_>) -> Result<&'a Material> {
    let key = watch.stack.state().and_then(|state| state.current.as_ref()).context("there is no current key")?;
    key.material.as_ref().context("the current key has no fields")
}

fn current(watch: &Watch<'_>) -> Result<Login> {
    login(material(watch)?)
}

fn lease_of(watch: &Watch<'_>) -> Result<String> {
    let Some(Field::Plain(lease)) = material(watch)?.get("leaseId") else { anyhow::bail!("no lease") };
    Ok(lease.clone())
}
