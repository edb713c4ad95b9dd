use anyhow::{Result, ensure};
use futures::FutureExt;
use jiff::Timestamp;
use rotation::testing::Fault;
use rotation::{Claim, Clock, Entry, KeyId, Ledger, Ledgers, Mark};

use crate::bench::{Bench, Power, owner};
use crate::suite::Trial;

pub(super) const TRIALS: &[Trial] = &[
    Trial { name: "contract::ledger::a_new_principal_has_no_mark", needs: &[], run: |bench| none(bench).boxed_local() },
    Trial {
        name: "contract::ledger::what_is_written_is_read",
        needs: &[Power::Claims],
        run: |bench| round_trip(bench).boxed_local(),
    },
    Trial {
        name: "contract::ledger::two_owners_do_not_disturb_each_other",
        needs: &[Power::Claims],
        run: |bench| two(bench).boxed_local(),
    },
    Trial {
        name: "contract::ledger::a_removed_mark_is_gone_and_may_be_removed_again",
        needs: &[Power::Claims],
        run: |bench| removed(bench).boxed_local(),
    },
    Trial {
        name: "contract::ledger::a_mark_is_written_in_one_call",
        needs: &[Power::Faults, Power::Claims],
        run: |bench| one_call(bench).boxed_local(),
    },
    Trial {
        name: "contract::ledger::a_write_that_fails_leaves_the_old_mark_or_the_new",
        needs: &[Power::Faults, Power::Claims],
        run: |bench| whole(bench).boxed_local(),
    },
];

async fn none(bench: &dyn Bench) -> Result<()> {
    ensure!(bench.issuer().read_ledgers(&owner("a")).await? == Ledgers::default());
    Ok(())
}

async fn round_trip(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let now = bench.clock().now();
    for ledger in [open(now), closed(now), Ledger::default(), open(now)] {
        issuer.write_ledger(&owner("a"), Some(&ledger)).await?;
        let read = issuer.read_ledgers(&owner("a")).await?;
        ensure!(read == Ledgers::new(Some(ledger), Vec::new()), "{read:?}");
    }
    Ok(())
}

async fn two(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let now = bench.clock().now();
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

async fn removed(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    issuer.write_ledger(&owner("a"), Some(&open(bench.clock().now()))).await?;
    issuer.write_ledger(&owner("a"), None).await?;
    issuer.write_ledger(&owner("a"), None).await?;
    ensure!(issuer.read_ledgers(&owner("a")).await? == Ledgers::default());
    ensure!(bench.marks() == 0);
    Ok(())
}

async fn one_call(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    issuer.look(&owner("a")).await?;
    for ledger in [Some(open(bench.clock().now())), None] {
        let before = bench.calls().len();
        issuer.write_ledger(&owner("a"), ledger.as_ref()).await?;
        ensure!(bench.calls().len() == before + 1, "{:?}", &bench.calls()[before..]);
    }
    Ok(())
}

async fn whole(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let now = bench.clock().now();
    for fault in [Fault::Before, Fault::After, Fault::Throttled, Fault::Hang, Fault::HangAfter, Fault::Cut] {
        issuer.write_ledger(&owner("a"), Some(&open(now))).await?;
        bench.inject(bench.calls().len(), fault);
        let written = issuer.write_ledger(&owner("a"), Some(&closed(now))).await;
        bench.calm();
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
