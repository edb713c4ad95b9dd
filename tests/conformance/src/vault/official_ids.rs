//! Secret-ids that end, and roles that are locked.

use anyhow::{Context, Result, ensure};
use cloud::{Cloud, RotatingResource};
use jiff::SignedDuration;
use rotation::testing::{Life, Rig, Watch};
use rotation::{Effect, ErrorKind, KeyId, MintOrder};
use serde_json::json;
use std::sync::Arc;
use system_vault::{Vault, VaultApiKey};

use super::secret_id::VaultSecretIds;
use super::trials::order;
use crate::lives::done;
use crate::suite::{Trial, trials};

type Own = Trial<VaultSecretIds>;

pub(super) const TRIALS: &[Own] = trials!("", () =>
    official_c1_a_secret_id_that_ends_too_early_is_refused,
    official_c1_a_secret_id_that_ends_is_replaced_before,
    official_c1_a_secret_id_with_few_uses_is_a_warning,
    official_d2_a_refused_login_is_tried_once,
    official_d2_a_locked_role_is_told_at_the_proof,
    official_d2_a_retirement_warns_of_locks,
);

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn role(rig: &VaultSecretIds) -> String {
    rig.place().at("").trim_end_matches('/').to_owned()
}

async fn official_c1_a_secret_id_that_ends_too_early_is_refused(rig: &VaultSecretIds) -> Result<()> {
    let lasting = |days: i32| MintOrder { life: Some(DAY * days), ..order("n1") };
    rig.admin().post(&role(rig), &json!({"secret_id_ttl": "240h"}))?;
    for (inputs, says) in [(json!({}), "secret_id_ttl"), (json!({"ttl": "9d"}), "`ttl`")] {
        let issuer = rig.issuer_with(rig.config(), rig.inputs_with(&inputs))?;
        let error = issuer.mint(&lasting(11)).await.err().context("it was made")?;
        ensure!(error.kind == ErrorKind::Invalid && error.effect == Effect::None, "{error:?}");
        ensure!(error.message.contains(says) && error.message.contains("11d"), "{error}");
        ensure!(rig.keys().is_empty(), "something is left");
        issuer.mint(&lasting(8)).await.context("long enough")?;
        rig.keys().iter().for_each(|id| rig.delete(id));
    }
    Ok(())
}

async fn official_c1_a_secret_id_that_ends_is_replaced_before(rig: &VaultSecretIds) -> Result<()> {
    rig.admin().post(&role(rig), &json!({"secret_id_ttl": "480h"}))?;
    let inputs = Life::inputs("1", false);
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&inputs).await)?;
    let first = watch.stack.state().and_then(|state| state.current.clone()).context("no key")?;
    let ends_at = first.expires_at.context("nobody knows when it ends")?;
    ensure!((ends_at.duration_since(first.created_at) - DAY * 20).abs() < SignedDuration::from_secs(5), "{first:?}");
    rig.clock().advance(DAY * 10);
    ensure!(watch.up(&inputs).await.is_quiet(), "it is replaced too early");
    rig.clock().advance(DAY * 8);
    done(watch.up(&inputs).await)?;
    let next = watch.stack.state().and_then(|state| state.current.clone()).context("no key")?;
    ensure!(next.id != first.id && rig.works(&first.id), "it was not replaced");
    Ok(())
}

/// One that somebody else made, and that is taken over.
async fn official_c1_a_secret_id_with_few_uses_is_a_warning(rig: &VaultSecretIds) -> Result<()> {
    rig.admin().post(&role(rig), &json!({"secret_id_num_uses": 5}))?;
    let theirs = rig.mint_as_stranger().context("no place")?;
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.stack.take_over(theirs.clone(), true);
    done(watch.up(&Life::inputs("1", false)).await)?;
    watch.stack.refresh(rig).await;
    let warnings = watch.stack.state().map(|state| state.warnings.clone()).unwrap_or_default();
    let told = |warning: &&String| warning.contains(&theirs.0) && warning.contains("limited number of times");
    ensure!(warnings.iter().filter(told).count() == 1, "{warnings:?}");
    Ok(())
}

/// A role of its own, whose locks are nobody else's.
fn own_role(rig: &VaultSecretIds) -> Result<(String, vault_servers::AppRole)> {
    let mount = rig.admin().mount_auth("approle")?;
    let role = rig.admin().make_app_role(&mount, "ci", &json!({"token_policies": ["default"]}))?;
    Ok((mount, role))
}

/// Six resources with a wrong secret-id.
async fn official_d2_a_refused_login_is_tried_once(rig: &VaultSecretIds) -> Result<()> {
    let (mount, role) = own_role(rig)?;
    let login = json!({"roleId": role.role_id, "secretId": "wrong", "mount": mount});
    let config = json!({"address": rig.proxy().endpoint(), "authLoginAppRole": login});
    let process = || -> Result<Arc<Vault>> {
        let vault = Vault::new(Arc::new(rig.clock().clone()));
        vault.configure(serde_json::from_value(config.clone())?);
        Ok(Arc::new(vault))
    };
    let logins = || rig.calls().iter().filter(|call| call.contains("login")).count();
    let vault = process()?;
    for number in 0..6 {
        let inputs = serde_json::from_value(json!({"mount": "secret", "path": format!("app-{number}")}))?;
        let error = VaultApiKey::new(Arc::clone(&vault))
            .issuer(&inputs, rotation::Known::default())
            .list()
            .await
            .err()
            .context("it was let in")?;
        ensure!(error.kind == ErrorKind::Unauthenticated && error.message.contains("locked-users"), "{error}");
    }
    ensure!(logins() == 1, "{} logins", logins());
    // Four processes more, and the role is locked: then even a right secret-id is refused, with 403.
    for _ in 0..6 {
        let inputs = serde_json::from_value(json!({"mount": "secret", "path": "app"}))?;
        let error = VaultApiKey::new(process()?)
            .issuer(&inputs, rotation::Known::default())
            .list()
            .await
            .err()
            .context("it was let in")?;
        ensure!(error.message.contains("authLoginAppRole"), "{error}");
        ensure!(!error.message.contains("policy") && !error.message.contains("capability"), "{error}");
    }
    let last = rig.proxy().journal().into_iter().rev().find_map(|entry| entry.answered);
    ensure!(last == Some(403), "the role is not locked: {last:?}");
    Ok(())
}

async fn official_d2_a_locked_role_is_told_at_the_proof(rig: &VaultSecretIds) -> Result<()> {
    let (mount, role) = own_role(rig)?;
    let issuer = rig.issuer_with(rig.config(), json!({"mount": mount, "role": "ci"}))?;
    let made = issuer.mint(&order("n1")).await?;
    for _ in 0..6 {
        let wrong = json!({"role_id": role.role_id, "secret_id": "wrong"});
        ensure!(rig.admin().log_in(&mount, &wrong).is_err());
    }
    let error = issuer.verify(&made.material).await.err().context("a locked role lets somebody in")?;
    ensure!(error.kind == ErrorKind::Unverified && error.message.contains("locked-users"), "{error}");
    ensure!(error.message.contains(&format!("-user-lockout-disable=true {mount}/")), "{error}");
    ensure!(!error.message.contains("policy") && !error.message.contains("capability"), "{error}");
    Ok(())
}

async fn official_d2_a_retirement_warns_of_locks(rig: &VaultSecretIds) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    done(watch.up(&Life::inputs("2", false)).await)?;
    let warned = |watch: &Watch<'_>, id: &KeyId| {
        let warnings = watch.stack.state().map(|state| state.warnings.clone()).unwrap_or_default();
        let told = |warning: &&String| warning.contains(&id.0) && warning.contains("sys/locked-users");
        warnings.iter().filter(told).count()
    };
    let first = watch.stack.state().and_then(|state| state.previous()).map(|old| old.key.id.clone()).context("none")?;
    ensure!(warned(&watch, &first) == 0, "nothing is retired yet");
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(warned(&watch, &first) == 1, "{:?}", watch.stack.state().map(|state| &state.warnings));
    watch.stack.refresh(rig).await;
    ensure!(warned(&watch, &first) == 1, "a refresh changes what a run said");
    ensure!(watch.up(&Life::inputs("2", false)).await.is_quiet());
    Ok(())
}
