//! What is peculiar to keys that users publish in a set: what follows only once the set says so, and that the server forgets.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Fault, Life, Outcome, Rig, Watch};
use rotation::{Effect, Error, ErrorKind, KeyId, KeyIssuer, KeyState, Verdict};
use serde_json::json;

use super::alike;
use super::jwt_key_trials::{RIGHTS, secret};
use super::jwt_set::{ROLE, VaultJwtSets};
use super::trials::order;
use crate::lives::done;
use crate::rig::ReachableRig;
use crate::suite::{Trial, trials};

type Own = Trial<VaultJwtSets>;

/// Every trial of keys in a set.
pub fn jwt_set_trials() -> impl Iterator<Item = &'static Own> {
    TRIALS.iter()
}

const TRIALS: &[Own] = trials!("", () =>
    a_new_key_is_published_then_proven_then_used,
    a_removed_key_is_refused_once_the_server_forgets_it,
    what_is_not_published_waits,
    whatever_fails_ends_well,
    a_mount_that_does_not_fetch_from_there_is_refused,
    a_mount_may_come_after_its_first_key,
    a_set_that_cannot_be_fetched_is_told,
    a_mount_without_a_role_that_can_tell_is_told,
    a_withheld_capability_is_named_with_its_path,
    other_settings_of_the_mount_stay,
    no_message_holds_a_secret,
);

const WANTED: &str = "2";

fn state<'a>(watch: &'a Watch<'_>) -> Result<&'a KeyState> {
    watch.stack.state().context("nothing is recorded")
}

fn current(watch: &Watch<'_>) -> Result<KeyId> {
    Ok(state(watch)?.current.as_ref().context("there is no current key")?.id.clone())
}

fn pending(watch: &Watch<'_>) -> Result<KeyId> {
    Ok(state(watch)?.pending.as_ref().context("there is no new key")?.id.clone())
}

/// A resource in its overlap: its first key, and the second one.
async fn overlapping(watch: &mut Watch<'_>) -> Result<(KeyId, KeyId)> {
    done(watch.up(&Life::inputs("1", false)).await)?;
    let first = current(watch)?;
    for _ in 0..2 {
        done(watch.up(&Life::inputs(WANTED, false)).await)?;
    }
    let second = current(watch)?;
    ensure!(first != second && watch.rig.works(&first) && watch.rig.works(&second), "both log in in the overlap");
    Ok((first, second))
}

/// What a run with these inputs calls.
async fn calls(rig: &VaultJwtSets, watch: &mut Watch<'_>, keeper: &str) -> Result<Vec<String>> {
    let before = rig.calls().len();
    done(watch.up(&Life::inputs(keeper, false)).await)?;
    Ok(rig.calls().split_off(before))
}

async fn a_new_key_is_published_then_proven_then_used(rig: &VaultJwtSets) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    ensure!(calls(rig, &mut watch, "1").await? == ["GET config"]);
    let first = current(&watch)?;
    ensure!(rig.works(&first) && watch.up(&Life::inputs("1", false)).await.is_quiet(), "before the rotation");
    ensure!(calls(rig, &mut watch, WANTED).await? == ["GET config"]);
    let second = pending(&watch)?;
    ensure!(current(&watch)? == first && rig.works(&second), "it is published first");
    let tried = calls(rig, &mut watch, WANTED).await?;
    ensure!(tried == ["GET role?list=true", "POST login", "POST login", "POST login"], "{tried:?}");
    ensure!(current(&watch)? == second && rig.works(&first), "then it is proven and used");
    ensure!(watch.up(&Life::inputs(WANTED, false)).await.is_quiet());
    watch.destroyed().await;
    ensure!(!rig.works(&first) && !rig.works(&second), "after the end");
    Ok(())
}

async fn a_removed_key_is_refused_once_the_server_forgets_it(rig: &VaultJwtSets) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    let (first, second) = overlapping(&mut watch).await?;
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    ensure!(calls(rig, &mut watch, WANTED).await?.is_empty());
    ensure!(state(&watch)?.is_withdrawn(&first) && state(&watch)?.previous().is_none());
    ensure!(rig.works(&first), "the server remembers what it once fetched; if not, nothing need be written");
    let ended = calls(rig, &mut watch, WANTED).await?;
    ensure!(ended == ["GET role?list=true", "GET config", "POST config", "POST login"], "{ended:?}");
    ensure!(!rig.works(&first) && rig.works(&second) && state(&watch)?.retiring.is_empty());
    ensure!(watch.up(&Life::inputs(WANTED, false)).await.is_quiet());
    Ok(())
}

async fn what_is_not_published_waits(rig: &VaultJwtSets) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let first = current(&watch)?;
    rig.place().leave(true);
    for _ in 0..3 {
        done(watch.up(&Life::inputs(WANTED, false)).await)?;
        ensure!(current(&watch)? == first && state(&watch)?.warnings.len() == 1, "{:?}", state(&watch)?.warnings);
    }
    let second = pending(&watch)?;
    rig.place().leave(false);
    watch.until_quiet(&Life::inputs(WANTED, false)).await;
    ensure!(current(&watch)? == second, "what was published at last is used");
    rig.place().leave(true);
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    for _ in 0..3 {
        done(watch.up(&Life::inputs(WANTED, false)).await)?;
        ensure!(rig.works(&first) && state(&watch)?.warnings.len() == 1, "{:?}", state(&watch)?.warnings);
    }
    rig.place().leave(false);
    watch.until_quiet(&Life::inputs(WANTED, false)).await;
    ensure!(!rig.works(&first));
    Ok(())
}

/// Every call of every life, failed in every way; then plain runs until one has nothing to do.
async fn whatever_fails_ends_well(rig: &VaultJwtSets) -> Result<()> {
    let mut cases = 0;
    for life in Life::of(&rig.issuer().capability()).filter(|life| !life.is_drift()) {
        let calls = calls_of(life).await?;
        for (call, fault) in (0..calls).flat_map(|call| Fault::ALL.map(|fault| (call, fault))) {
            let rig = VaultJwtSets::new()?;
            let mut watch = Watch::new(&rig, life.overlap());
            let wanted = life.prepare(&mut watch).await;
            rig.inject(rig.calls().len() + call, fault);
            life.run(&mut watch, &wanted).await;
            ensure!(rig.unfired() == 0, "{life:?} {call} {fault:?}: it never struck");
            rig.calm();
            if life != Life::Delete {
                watch.until_quiet(&wanted).await;
            }
            watch.destroyed().await;
            cases += 1;
        }
    }
    ensure!(cases >= 140, "{cases} cases");
    Ok(())
}

async fn calls_of(life: Life) -> Result<usize> {
    let rig = VaultJwtSets::new()?;
    let mut watch = Watch::new(&rig, life.overlap());
    let wanted = life.prepare(&mut watch).await;
    let before = rig.calls().len();
    let outcome = life.run(&mut watch, &wanted).await;
    ensure!(outcome.is_done() || outcome.is_quiet(), "{life:?}: {outcome:?}");
    Ok(rig.calls().len() - before)
}

async fn a_mount_that_does_not_fetch_from_there_is_refused(rig: &VaultJwtSets) -> Result<()> {
    let public = vault_servers::public_pem()?;
    let url = rig.place().set().url();
    for (settings, says) in [
        (json!({"jwks_url": "http://127.0.0.1:9/other", "skip_jwks_validation": true}), "127.0.0.1:9/other"),
        (json!({"oidc_discovery_url": "http://127.0.0.1:9", "skip_jwks_validation": true}), "oidc_discovery_url"),
        (json!({"jwt_validation_pubkeys": [public]}), "jwt_validation_pubkeys"),
        (json!({"jwks_url": url, "jwt_supported_algs": ["RS256"]}), "jwt_supported_algs"),
    ] {
        rig.place().configure(&settings).with_context(|| says.to_owned())?;
        let error = rig.issuer().prepare(&order("n1")).await.err().with_context(|| format!("{says}: accepted"))?;
        ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
        ensure!(error.message.contains(says) && error.message.contains(rig.place().mount()), "{error}");
    }
    Ok(())
}

async fn a_mount_may_come_after_its_first_key(rig: &VaultJwtSets) -> Result<()> {
    let mount = rig.admin().mount_auth("jwt")?;
    let mut inputs = rig.inputs();
    inputs["mount"] = mount.clone().into();
    let issuer = rig.issuer_with(rig.config(), inputs)?;
    issuer.mint(&order("n1")).await?;
    let made = rig.nobody().mint(&order("n2")).await?;
    rig.nobody().retire(&made.id).await?;
    Ok(())
}

async fn a_set_that_cannot_be_fetched_is_told(rig: &VaultJwtSets) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    let (first, _) = overlapping(&mut watch).await?;
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&Life::inputs(WANTED, false)).await)?;
    rig.place().set().remove();
    let Outcome::Failed(error) = watch.up(&Life::inputs(WANTED, false)).await else {
        anyhow::bail!("nothing was told");
    };
    ensure!(error.kind == ErrorKind::Invalid && error.message.contains("`jwksUrl`"), "{error:?}");
    ensure!(error.message.contains(&rig.place().set().url()), "{error}");
    ensure!(state(&watch)?.is_withdrawn(&first), "it is tried again");
    rig.publish(&state(&watch)?.published().collect::<Vec<_>>());
    watch.until_quiet(&Life::inputs(WANTED, false)).await;
    ensure!(!rig.works(&first));
    Ok(())
}

async fn a_mount_without_a_role_that_can_tell_is_told(rig: &VaultJwtSets) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    let first = current(&watch)?;
    done(watch.up(&Life::inputs(WANTED, false)).await)?;
    let role = format!("role/{ROLE}");
    rig.admin().delete(&rig.place().at(&role))?;
    let issuer = rig.issuer();
    let material = state(&watch)?.pending.as_ref().and_then(|key| key.material.clone()).context("no new key")?;
    let error = issuer.verify(&material).await.err().context("it was accepted")?;
    ensure!(error.kind == ErrorKind::Unverified && error.message.contains("verification.enabled"), "{error:?}");
    ensure!(current(&watch)? == first);
    Ok(())
}

async fn a_withheld_capability_is_named_with_its_path(rig: &VaultJwtSets) -> Result<()> {
    let lead = async |config| {
        let ended = everything(&*rig.issuer_with(config, rig.inputs())?).await;
        ensure!(ended.as_ref().err().is_none_or(|error| error.effect == Effect::None), "{ended:?}");
        Ok(ended)
    };
    alike::withheld(rig, &RIGHTS.map(|(part, right)| (rig.place().at(part), right)), lead).await
}

/// Each call that a life makes.
async fn everything(issuer: &dyn KeyIssuer) -> Result<(), Error> {
    let made = issuer.mint(&order("n1")).await?;
    issuer.verify(&made.material).await?;
    issuer.retire(&made.id).await.map(drop)
}

async fn other_settings_of_the_mount_stay(rig: &VaultJwtSets) -> Result<()> {
    let more = json!({"jwks_url": rig.place().set().url(), "bound_issuer": "https://ci.example", "default_role": ROLE, "jwt_supported_algs": ["EdDSA", "RS256"]});
    rig.place().configure(&more)?;
    let before = rig.place().config()?;
    let issuer = rig.issuer();
    let made = issuer.mint(&order("n1")).await?;
    ensure!(issuer.verify(&made.material).await? == Verdict::NotYet, "nobody published it");
    issuer.retire(&made.id).await?;
    ensure!(rig.place().config()? == before && before["bound_issuer"] == "https://ci.example", "{before}");
    Ok(())
}

async fn no_message_holds_a_secret(rig: &VaultJwtSets) -> Result<()> {
    let made = rig.issuer().mint(&order("n1")).await?;
    let secret = secret(&made)?;
    let secret = secret.lines().nth(1).context("it has lines")?;
    let mut errors = Vec::new();
    for rig in [rig.refused(), rig.unreachable()].into_iter().flatten() {
        errors.extend(rig.verify(&made.material).await.err());
        errors.extend(rig.retire(&made.id).await.err());
        errors.extend(rig.prepare(&order("n2")).await.err());
    }
    ensure!(errors.len() == 6, "{errors:?}");
    for error in errors {
        let shown = format!("{error:?} {error}");
        ensure!(!shown.contains(secret) && !shown.contains(rig.admin().token()), "a secret is shown");
    }
    Ok(())
}
