use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::Fault;
use rotation::{Clock, Effect, Error, ErrorKind, KeyIssuer, Marks, OwnerId, Verdict};

use crate::orders::{mint, order, prepared};
use crate::rig::{Feature, ReachableRig};
use crate::suite::{ContractTrial, trials};

pub(super) const TRIALS: &[ContractTrial] = trials!("contract::failures::" =>
    a_refused_mint_made_nothing: &[Feature::Faults],
    a_throttled_mint_made_nothing_and_is_not_repeated: &[Feature::Faults],
    a_lost_answer_may_have_made_a_key_and_is_not_repeated: &[Feature::Faults],
    a_hanging_mint_ends_by_its_limit: &[Feature::Faults],
    a_list_that_fails_is_never_an_empty_one: &[Feature::Faults],
    every_call_that_hangs_ends: &[Feature::Faults],
    refused_credentials_are_told_and_make_nothing: &[Feature::Network],
    an_unreachable_system_is_told_and_nothing_was_made: &[Feature::Network],
);

async fn a_refused_mint_made_nothing(rig: &dyn ReachableRig) -> Result<()> {
    let (error, made, calls) = failed(rig, Fault::Before).await?;
    ensure!(error.effect == Effect::None && made == 0 && calls == 1, "{error:?}, {made} keys, {calls} calls");
    Ok(())
}

async fn a_throttled_mint_made_nothing_and_is_not_repeated(rig: &dyn ReachableRig) -> Result<()> {
    let (error, made, calls) = failed(rig, Fault::Throttled).await?;
    ensure!(error.kind == ErrorKind::Throttled && error.effect == Effect::None, "{error:?}");
    ensure!(made == 0 && calls == 1, "{made} keys, {calls} calls");
    Ok(())
}

async fn a_lost_answer_may_have_made_a_key_and_is_not_repeated(rig: &dyn ReachableRig) -> Result<()> {
    for fault in [Fault::After, Fault::Cut, Fault::HangAfter] {
        let (error, made, calls) = failed(rig, fault).await?;
        ensure!(error.effect == Effect::Unknown, "{fault:?}: {error:?}");
        ensure!(made == 1 && calls == 1, "{fault:?}: {made} keys, {calls} calls");
        rig.keys().iter().for_each(|id| rig.delete(id));
    }
    Ok(())
}

async fn a_hanging_mint_ends_by_its_limit(rig: &dyn ReachableRig) -> Result<()> {
    let begun = rig.clock().now();
    let (error, made, calls) = failed(rig, Fault::Hang).await?;
    ensure!(error.kind == ErrorKind::TimedOut && error.effect == Effect::Unknown, "{error:?}");
    ensure!(made == 0 && calls == 1, "{made} keys, {calls} calls");
    let limit = rig.issuer().capability().mint_timeout;
    let waited = rig.clock().now().duration_since(begun);
    ensure!(waited >= limit && waited < limit + SignedDuration::from_secs(10), "{waited:?}");
    Ok(())
}

async fn a_list_that_fails_is_never_an_empty_one(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    mint(&*issuer).await?;
    for fault in [Fault::Before, Fault::After, Fault::Throttled, Fault::Hang, Fault::Cut] {
        for lasting in [1, 20] {
            let next = rig.calls().len();
            (next..next + lasting).for_each(|call| rig.inject(call, fault));
            let listed = issuer.list().await;
            rig.calm();
            match listed {
                Ok(keys) => ensure!(keys.is_some_and(|keys| keys.len() == 1) && lasting == 1, "{fault:?}"),
                Err(error) => ensure!(error.kind != ErrorKind::NotFound, "{fault:?}: {error:?}"),
            }
        }
    }
    Ok(())
}

async fn every_call_that_hangs_ends(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    let owner = OwnerId::new("urn:a", "a");
    let endless = |from: usize| (from..from + 20).for_each(|call| rig.inject(call, Fault::Hang));
    let rules = issuer.capability();
    let is_made = |call: &i32| match call {
        2 => rules.marks == Marks::OnPrincipal,
        4 => rules.tells_last_use,
        _ => true,
    };
    for call in (0..5).filter(is_made) {
        endless(rig.calls().len());
        let ended = match call {
            0 => issuer.list().await.map(drop),
            1 => issuer.read_ledgers(&owner).await.map(drop),
            2 => issuer.write_ledger(&owner, None).await,
            3 => match issuer.verify(&key.material).await {
                Ok(Verdict::NotBefore(_)) => {
                    rig.calm();
                    continue;
                }
                tried => tried.map(drop),
            },
            _ => issuer.last_use(&key.id).await.map(drop),
        };
        let error = ended.err().with_context(|| format!("call {call} succeeded"))?;
        ensure!(error.kind == ErrorKind::TimedOut, "{error:?}");
        rig.calm();
    }
    Ok(())
}

async fn refused_credentials_are_told_and_make_nothing(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.refused().context("no other credentials")?;
    told(&*issuer, ErrorKind::Unauthenticated).await?;
    ensure!(rig.keys().is_empty());
    Ok(())
}

async fn an_unreachable_system_is_told_and_nothing_was_made(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.unreachable().context("no other address")?;
    told(&*issuer, ErrorKind::Unreachable).await
}

async fn told(issuer: &dyn KeyIssuer, kind: ErrorKind) -> Result<()> {
    let listed = issuer.list().await.err().context("it was listed")?;
    ensure!(listed.kind == kind, "{listed:?}");
    let read = issuer.read_ledgers(&OwnerId::new("urn:a", "a")).await.err().context("marks were read")?;
    ensure!(read.kind == kind, "{read:?}");
    let made = mint(issuer).await.err().context("a key was made")?;
    ensure!(made.kind == kind && made.effect == Effect::None, "{made:?}");
    Ok(())
}

/// A mint with a fault; its error, the keys that were made, and how often it was tried.
async fn failed(rig: &dyn ReachableRig, fault: Fault) -> Result<(Error, usize, usize)> {
    let issuer = rig.issuer();
    issuer.list().await?;
    let order = order("a");
    let prepared = prepared(&*issuer, &order).await?;
    let (keys, calls) = (rig.keys().len(), rig.calls().len());
    rig.inject(calls, fault);
    let error = prepared.mint().await.err().with_context(|| format!("{fault:?} was not noticed"))?;
    rig.calm();
    let made = rig.calls().split_off(calls);
    // What a refused mint takes back is another call.
    let mints = made.iter().filter(|call| Some(*call) == made.first()).count();
    Ok((error, rig.keys().len() - keys, mints))
}
