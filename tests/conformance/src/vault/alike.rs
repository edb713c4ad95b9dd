//! Trials that several of Vault's resources have alike.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Life, Rig, Watch};
use rotation::{Error, ErrorKind};
use serde_json::{Value, json};
use vault_servers::Admin;

use super::on_vault::{OnVault, VaultPlace};
use crate::lives::done;

/// Leads every life in a place of its own, of which the faults suite leads only some, and insists that nothing is left.
pub(super) async fn every_life<P: VaultPlace>(left: impl Fn(&OnVault<P>, Life) -> Result<()>) -> Result<()> {
    for life in Life::of(&OnVault::<P>::new()?.issuer().capability()) {
        let rig = OnVault::<P>::new()?;
        let mut watch = Watch::new(&rig, life.overlap());
        let wanted = life.prepare(&mut watch).await;
        let outcome = life.run(&mut watch, &wanted).await;
        ensure!(outcome.is_done() || outcome.is_quiet(), "{life:?}: {outcome:?}");
        if life != Life::Delete {
            watch.until_quiet(&wanted).await;
            watch.destroyed().await;
        }
        left(&rig, life)?;
    }
    Ok(())
}

/// An alias changes the URN, and with it whose the marks are: the resource keeps its keys, and the one before goes as ever.
pub(super) async fn renamed<P: VaultPlace>(rig: &OnVault<P>) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    watch.stack = watch.stack.clone().renamed("stack/project/other");
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(rig.marks() == 1 && rig.keys().len() == 2, "{:?}", rig.keys());
    ensure!(watch.up(&Life::inputs("2", false)).await.is_quiet());
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(rig.keys().len() == 1, "{:?}", rig.keys());
    watch.destroyed().await;
    Ok(())
}

/// A capability on a path, such as `create and update`.
pub(super) type Right = (String, &'static str);

/// A policy with all these rights but one.
pub(super) fn policy(admin: &Admin, rights: &[Right], left_out: usize) -> Result<String> {
    let granted = |path: &str| {
        let kept = rights.iter().enumerate().filter(|(number, right)| *number != left_out && right.0 == path);
        let words = kept.flat_map(|(_, right)| right.1.split(" and ")).map(|word| format!("\"{word}\""));
        words.collect::<Vec<_>>().join(", ")
    };
    let rules = rights.iter().map(|(path, _)| format!("path \"{path}\" {{ capabilities = [{}] }}\n", granted(path)));
    admin.policy(&rules.collect::<String>())
}

/// Does everything with the rights that the documentation names and no others, and then without each of them: the error names the path and
/// the capability.
pub(super) async fn withheld<P: VaultPlace>(
    rig: &OnVault<P>,
    rights: &[Right],
    everything: impl AsyncFn(Value) -> Result<Result<(), Error>>,
) -> Result<()> {
    for left_out in 0..=rights.len() {
        let mut policies = vec![policy(rig.admin(), rights, left_out)?];
        if left_out < rights.len() {
            // Who may not look itself up cannot tell a dead token from a missing right.
            policies.push(rig.admin().policy("path \"auth/token/lookup-self\" { capabilities = [\"read\"] }")?);
        }
        let token = rig.admin().make_token(&json!({"policies": policies, "no_default_policy": true}))?;
        let ended = everything(json!({"address": rig.proxy().endpoint(), "token": token.token})).await?;
        let Some((path, capability)) = rights.get(left_out) else {
            ended.context("with the whole policy")?;
            continue;
        };
        let error = ended.err().with_context(|| format!("{capability} on {path} is not needed"))?;
        ensure!(error.kind == ErrorKind::Denied, "{error:?}");
        let path = format!("\"{}", path.trim_end_matches('*'));
        ensure!(error.message.contains(&path) && error.message.contains(capability), "{error}");
    }
    Ok(())
}
