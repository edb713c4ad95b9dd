//! Marks that stand on keys.

use anyhow::{Context, Result, ensure};
use rotation::testing::Fault;
use rotation::{KeyId, KeyIssuer, Ledger, Ledgers, Mark};

use crate::orders::{mint, order, owner};
use crate::rig::{Feature, ReachableRig};
use crate::suite::{ContractTrial, trials};

pub(super) const TRIALS: &[ContractTrial] = trials!("contract::marks::" =>
    a_mark_is_born_with_its_key: &[Feature::MarksOnKeys],
    a_mark_moves_in_one_change_and_once: &[Feature::MarksOnKeys],
    owners_are_told_apart: &[Feature::MarksOnKeys],
    a_mark_of_a_key_that_is_gone_is_not_missed: &[Feature::MarksOnKeys],
    a_mark_that_was_removed_is_written_anew: &[Feature::MarksOnKeys],
    a_write_that_fails_leaves_the_old_mark_or_the_new: &[Feature::MarksOnKeys, Feature::Faults],
);

async fn a_mark_is_born_with_its_key(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    let own = own(&*issuer).await?;
    let entry = own.keys.get(&key.id).context("the key has no mark")?;
    ensure!(entry.mark == Mark::Minting && entry.instance == "i0000001" && own.open.is_none(), "{own:?}");
    ensure!(entry.since.as_second() == key.created_at.as_second() && own.keys.len() == 1);
    Ok(())
}

async fn a_mark_moves_in_one_change_and_once(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    let promoted = promoted(own(&*issuer).await?, &key.id);
    for changes in [1, 0] {
        issuer.look(&owner("a")).await?;
        let before = rig.calls().len();
        issuer.write_ledger(&owner("a"), Some(&promoted)).await?;
        let calls = rig.calls().split_off(before);
        // A system that replaces what stands there has to look before and after.
        let changed = calls.iter().filter(|call| !call.starts_with("GET ")).count();
        ensure!(changed == changes && (changes > 0 || calls.is_empty()), "{calls:?}");
        ensure!(own(&*issuer).await? == promoted);
    }
    issuer.write_ledger(&owner("a"), None).await?;
    ensure!(own(&*issuer).await? == promoted, "marks go with their keys");
    Ok(())
}

async fn owners_are_told_apart(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let (one, two) = (issuer.mint(&order("a")).await?, issuer.mint(&order("b")).await?);
    for (name, own, other) in [("a", &one.id, &two.id), ("b", &two.id, &one.id)] {
        let ledgers = issuer.read_ledgers(&owner(name)).await?;
        let keys = |ledger: &Ledger| ledger.keys.keys().cloned().collect::<Vec<KeyId>>();
        ensure!(ledgers.own.as_ref().map(keys) == Some(vec![own.clone()]), "{ledgers:?}");
        let others: Vec<_> =
            ledgers.others.iter().map(|other| (other.owner.hash.clone(), keys(&other.ledger))).collect();
        let hash = owner(if name == "a" { "b" } else { "a" }).hash;
        ensure!(others == [(hash, vec![other.clone()])], "{ledgers:?}");
    }
    Ok(())
}

async fn a_mark_of_a_key_that_is_gone_is_not_missed(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let key = mint(&*issuer).await?;
    let promoted = promoted(own(&*issuer).await?, &key.id);
    rig.delete(&key.id);
    issuer.write_ledger(&owner("a"), Some(&promoted)).await?;
    ensure!(issuer.read_ledgers(&owner("a")).await? == Ledgers::default() && rig.keys().is_empty());
    Ok(())
}

async fn a_mark_that_was_removed_is_written_anew(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    mint(&*issuer).await?;
    let before = own(&*issuer).await?;
    rig.strip_marks();
    ensure!(issuer.read_ledgers(&owner("a")).await? == Ledgers::default() && rig.marks() == 0);
    issuer.write_ledger(&owner("a"), Some(&before)).await?;
    ensure!(own(&*issuer).await? == before && rig.marks() == 1);
    Ok(())
}

async fn a_write_that_fails_leaves_the_old_mark_or_the_new(rig: &dyn ReachableRig) -> Result<()> {
    for fault in [Fault::Before, Fault::After, Fault::Throttled, Fault::Hang, Fault::HangAfter, Fault::Cut] {
        let issuer = rig.issuer();
        let key = mint(&*issuer).await?;
        let old = own(&*issuer).await?;
        let new = promoted(old.clone(), &key.id);
        rig.inject(rig.calls().len(), fault);
        let written = issuer.write_ledger(&owner("a"), Some(&new)).await;
        rig.calm();
        let read = own(&*issuer).await?;
        ensure!(read == new || (written.is_err() && read == old), "{fault:?}: {written:?}, {read:?}");
        rig.delete(&key.id);
    }
    Ok(())
}

async fn own(issuer: &dyn KeyIssuer) -> Result<Ledger> {
    issuer.read_ledgers(&owner("a")).await?.own.context("there is no mark of ours")
}

fn promoted(mut ledger: Ledger, key: &KeyId) -> Ledger {
    ledger.keys.get_mut(key).into_iter().for_each(|entry| entry.mark = Mark::Promoted);
    ledger
}
