use anyhow::{Result, ensure};
use jiff::Timestamp;
use rotation::testing::Fault;
use rotation::{Claim, Clock, Entry, KeyId, Ledger, Ledgers, Mark};

use crate::orders::owner;
use crate::rig::{Feature, ReachableRig};
use crate::suite::{ContractTrial, trials};

pub(super) const TRIALS: &[ContractTrial] = trials!("contract::ledger::" =>
    a_new_principal_has_no_mark: &[],
    what_is_written_is_read: &[Feature::Claims],
    two_owners_do_not_disturb_each_other: &[Feature::Claims],
    a_removed_mark_is_gone_and_may_be_removed_again: &[Feature::Claims],
    a_mark_is_written_in_one_call: &[Feature::Faults, Feature::Claims],
    a_write_that_fails_leaves_the_old_mark_or_the_new: &[Feature::Faults, Feature::Claims],
);

async fn a_new_principal_has_no_mark(rig: &dyn ReachableRig) -> Result<()> {
    ensure!(rig.issuer().read_ledgers(&owner("a")).await? == Ledgers::default());
    Ok(())
}

async fn what_is_written_is_read(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let now = rig.clock().now();
    for ledger in [open(now), closed(now), Ledger::default(), open(now)] {
        issuer.write_ledger(&owner("a"), Some(&ledger)).await?;
        let read = issuer.read_ledgers(&owner("a")).await?;
        ensure!(read == Ledgers::new(Some(ledger), Vec::new()), "{read:?}");
    }
    Ok(())
}

async fn two_owners_do_not_disturb_each_other(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let now = rig.clock().now();
    issuer.write_ledger(&owner("a"), Some(&open(now))).await?;
    issuer.write_ledger(&owner("b"), Some(&closed(now))).await?;
    let (of_a, of_b) = (issuer.read_ledgers(&owner("a")).await?, issuer.read_ledgers(&owner("b")).await?);
    ensure!((of_a.own, of_b.own) == (Some(open(now)), Some(closed(now))));
    ensure!(of_a.others.iter().map(|other| (&other.owner, &other.ledger)).eq([(&owner("b"), &closed(now))]));
    ensure!(of_b.others.iter().map(|other| (&other.owner, &other.ledger)).eq([(&owner("a"), &open(now))]));
    issuer.write_ledger(&owner("a"), None).await?;
    let left = issuer.read_ledgers(&owner("b")).await?;
    ensure!(left == Ledgers::new(Some(closed(now)), Vec::new()), "{left:?}");
    Ok(())
}

async fn a_removed_mark_is_gone_and_may_be_removed_again(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    issuer.write_ledger(&owner("a"), Some(&open(rig.clock().now()))).await?;
    issuer.write_ledger(&owner("a"), None).await?;
    issuer.write_ledger(&owner("a"), None).await?;
    ensure!(issuer.read_ledgers(&owner("a")).await? == Ledgers::default());
    ensure!(rig.marks() == 0);
    Ok(())
}

async fn a_mark_is_written_in_one_call(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    issuer.look(&owner("a")).await?;
    for ledger in [Some(open(rig.clock().now())), None] {
        let before = rig.calls().len();
        issuer.write_ledger(&owner("a"), ledger.as_ref()).await?;
        ensure!(rig.calls().len() == before + 1, "{:?}", &rig.calls()[before..]);
    }
    Ok(())
}

async fn a_write_that_fails_leaves_the_old_mark_or_the_new(rig: &dyn ReachableRig) -> Result<()> {
    let issuer = rig.issuer();
    let now = rig.clock().now();
    for fault in [Fault::Before, Fault::After, Fault::Throttled, Fault::Hang, Fault::HangAfter, Fault::Cut] {
        issuer.write_ledger(&owner("a"), Some(&open(now))).await?;
        rig.inject(rig.calls().len(), fault);
        let written = issuer.write_ledger(&owner("a"), Some(&closed(now))).await;
        rig.calm();
        let read = issuer.read_ledgers(&owner("a")).await?.own;
        ensure!(
            read == Some(closed(now)) || (written.is_err() && read == Some(open(now))),
            "{fault:?}: {written:?}, {read:?}"
        );
    }
    Ok(())
}

fn open(now: Timestamp) -> Ledger {
    let known = [id(1), id(2)].into();
    Ledger { open: Some(Claim { nonce: "n0000001".to_owned(), at: now, known }), ..closed(now) }
}

fn closed(now: Timestamp) -> Ledger {
    let since = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let entry = |mark| Entry::of("i0000001", mark, since);
    Ledger { keys: [(id(1), entry(Mark::Promoted)), (id(2), entry(Mark::Minting))].into(), open: None }
}

fn id(number: u8) -> KeyId {
    KeyId(format!("AKIAIOSFODNN7EXAMPL{number}"))
}
