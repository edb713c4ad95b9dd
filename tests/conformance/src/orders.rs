//! Orders, and keys that are made by them.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use rotation::{Clock, Entry, KeyIssuer, Mark, Material, MintOrder, Minted, OwnerId, Prepared, Verdict};

use crate::rig::ReachableRig;

/// An order that was never given before, by an owner of this name.
pub(crate) fn order(name: &str) -> MintOrder {
    static ORDERS: AtomicU64 = AtomicU64::new(0);
    let nonce = format!("n{:07}", ORDERS.fetch_add(1, Ordering::Relaxed));
    MintOrder { nonce, generation: 1, owner: owner(name), instance: "i0000001".to_owned(), life: None }
}

/// The owner of this name.
pub(crate) fn owner(name: &str) -> OwnerId {
    OwnerId::new(&format!("urn:{name}"), format!("dev/app/{name}"))
}

/// Makes one key.
///
/// # Errors
/// As [`KeyIssuer::mint`].
pub(crate) async fn mint(issuer: &dyn KeyIssuer) -> Result<Minted, rotation::Error> {
    let order = order("a");
    prepared(issuer, &order).await?.mint().await
}

/// What comes before a mint where only those keys are listed that a mark names: the key is foreseen, and the mark names it.
///
/// # Errors
/// As [`KeyIssuer::prepare`].
pub(crate) async fn prepared<'a>(
    issuer: &'a dyn KeyIssuer,
    order: &MintOrder,
) -> Result<Prepared<'a>, rotation::Error> {
    let prepared = issuer.prepare(order).await?;
    let Some(id) = prepared.foreseen.clone().filter(|_| !issuer.capability().lists_all) else { return Ok(prepared) };
    let mut ledger = issuer.read_ledgers(&order.owner).await?.own.unwrap_or_default();
    let entry = Entry::of(order.instance.clone(), Mark::Minting, Timestamp::UNIX_EPOCH);
    ledger.keys.insert(id, entry);
    issuer.write_ledger(&order.owner, Some(&ledger)).await?;
    Ok(prepared)
}

/// Tries the key, a second apart, until it was accepted three times in a row; gives every verdict.
///
/// # Errors
/// When a try fails, or five minutes are over.
pub(crate) async fn accepted(rig: &dyn ReachableRig, issuer: &dyn KeyIssuer, key: &Material) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    while !verdicts.ends_with(&[Verdict::Accepted; 3]) {
        if verdicts.len() > 300 {
            bail!("the key was not accepted three times in a row in five minutes");
        }
        verdicts.push(issuer.verify(key).await?);
        rig.clock().wait(SignedDuration::from_secs(1)).await;
    }
    Ok(verdicts)
}
