//! Marks that stand on keys.

use anyhow::{Context, Result, ensure};
use futures::FutureExt;
use rotation::testing::Fault;
use rotation::{KeyId, KeyIssuer, Ledger, Ledgers, Mark};

use crate::bench::{Bench, Power, mint, order, owner};
use crate::suite::Trial;

pub(super) const TRIALS: &[Trial] = &[
    Trial {
        name: "contract::marks::a_mark_is_born_with_its_key",
        needs: &[Power::MarksOnKeys],
        run: |bench| born(bench).boxed_local(),
    },
    Trial {
        name: "contract::marks::a_mark_moves_in_one_change_and_once",
        needs: &[Power::MarksOnKeys],
        run: |bench| moves(bench).boxed_local(),
    },
    Trial {
        name: "contract::marks::owners_are_told_apart",
        needs: &[Power::MarksOnKeys],
        run: |bench| two(bench).boxed_local(),
    },
    Trial {
        name: "contract::marks::a_mark_of_a_key_that_is_gone_is_not_missed",
        needs: &[Power::MarksOnKeys],
        run: |bench| gone(bench).boxed_local(),
    },
    Trial {
        name: "contract::marks::a_mark_that_was_removed_is_written_anew",
        needs: &[Power::MarksOnKeys],
        run: |bench| stripped(bench).boxed_local(),
    },
    Trial {
        name: "contract::marks::a_write_that_fails_leaves_the_old_mark_or_the_new",
        needs: &[Power::MarksOnKeys, Power::Faults],
        run: |bench| whole(bench).boxed_local(),
    },
];

async fn born(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    let own = own(&*issuer).await?;
    let entry = own.keys.get(&key.id).context("the key has no mark")?;
    ensure!(entry.mark == Mark::Minting && entry.instance == "i0000001" && own.open.is_none(), "{own:?}");
    ensure!(entry.since.as_second() == key.created_at.as_second() && own.keys.len() == 1);
    Ok(())
}

async fn moves(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    let promoted = promoted(own(&*issuer).await?, &key.id);
    for changes in [1, 0] {
        issuer.look(&owner("a")).await?;
        let before = bench.calls().len();
        issuer.write_ledger(&owner("a"), Some(&promoted)).await?;
        let calls = bench.calls().split_off(before);
        // A system that replaces what stands there has to look before and after.
        let changed = calls.iter().filter(|call| !call.starts_with("GET ")).count();
        ensure!(changed == changes && (changes > 0 || calls.is_empty()), "{calls:?}");
        ensure!(own(&*issuer).await? == promoted);
    }
    issuer.write_ledger(&owner("a"), None).await?;
    ensure!(own(&*issuer).await? == promoted, "marks go with their keys");
    Ok(())
}

async fn two(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
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

async fn gone(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    let promoted = promoted(own(&*issuer).await?, &key.id);
    bench.delete(&key.id);
    issuer.write_ledger(&owner("a"), Some(&promoted)).await?;
    ensure!(issuer.read_ledgers(&owner("a")).await? == Ledgers::default() && bench.keys().is_empty());
    Ok(())
}

async fn stripped(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    mint(&*issuer).await?;
    let before = own(&*issuer).await?;
    bench.strip_marks();
    ensure!(issuer.read_ledgers(&owner("a")).await? == Ledgers::default() && bench.marks() == 0);
    issuer.write_ledger(&owner("a"), Some(&before)).await?;
    ensure!(own(&*issuer).await? == before && bench.marks() == 1);
    Ok(())
}

async fn whole(bench: &dyn Bench) -> Result<()> {
    for fault in [Fault::Before, Fault::After, Fault::Throttled, Fault::Hang, Fault::HangAfter, Fault::Cut] {
        let issuer = bench.issuer();
        let key = mint(&*issuer).await?;
        let old = own(&*issuer).await?;
        let new = promoted(old.clone(), &key.id);
        bench.inject(bench.calls().len(), fault);
        let written = issuer.write_ledger(&owner("a"), Some(&new)).await;
        bench.calm();
        let read = own(&*issuer).await?;
        ensure!(read == new || (written.is_err() && read == old), "{fault:?}: {written:?}, {read:?}");
        bench.delete(&key.id);
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
