use anyhow::{Context, Result, ensure};
use futures::FutureExt;
use jiff::SignedDuration;
use rotation::testing::Fault;
use rotation::{Clock, Effect, Error, ErrorKind, KeyIssuer, Marks, OwnerId, Verdict};

use crate::bench::{Bench, Power, mint, order, prepared};
use crate::suite::Trial;

pub(super) const TRIALS: &[Trial] = &[
    Trial {
        name: "contract::failures::a_refused_mint_made_nothing",
        needs: &[Power::Faults],
        run: |bench| refused(bench).boxed_local(),
    },
    Trial {
        name: "contract::failures::a_throttled_mint_made_nothing_and_is_not_repeated",
        needs: &[Power::Faults],
        run: |bench| throttled(bench).boxed_local(),
    },
    Trial {
        name: "contract::failures::a_lost_answer_may_have_made_a_key_and_is_not_repeated",
        needs: &[Power::Faults],
        run: |bench| lost(bench).boxed_local(),
    },
    Trial {
        name: "contract::failures::a_hanging_mint_ends_by_its_limit",
        needs: &[Power::Faults],
        run: |bench| hanging(bench).boxed_local(),
    },
    Trial {
        name: "contract::failures::a_list_that_fails_is_never_an_empty_one",
        needs: &[Power::Faults],
        run: |bench| list(bench).boxed_local(),
    },
    Trial {
        name: "contract::failures::every_call_that_hangs_ends",
        needs: &[Power::Faults],
        run: |bench| every(bench).boxed_local(),
    },
    Trial {
        name: "contract::failures::refused_credentials_are_told_and_make_nothing",
        needs: &[Power::Network],
        run: |bench| credentials(bench).boxed_local(),
    },
    Trial {
        name: "contract::failures::an_unreachable_system_is_told_and_nothing_was_made",
        needs: &[Power::Network],
        run: |bench| unreachable(bench).boxed_local(),
    },
];

async fn refused(bench: &dyn Bench) -> Result<()> {
    let (error, made, calls) = failed(bench, Fault::Before).await?;
    ensure!(error.effect == Effect::None && made == 0 && calls == 1, "{error:?}, {made} keys, {calls} calls");
    Ok(())
}

async fn throttled(bench: &dyn Bench) -> Result<()> {
    let (error, made, calls) = failed(bench, Fault::Throttled).await?;
    ensure!(error.kind == ErrorKind::Throttled && error.effect == Effect::None, "{error:?}");
    ensure!(made == 0 && calls == 1, "{made} keys, {calls} calls");
    Ok(())
}

async fn lost(bench: &dyn Bench) -> Result<()> {
    for fault in [Fault::After, Fault::Cut, Fault::HangAfter] {
        let (error, made, calls) = failed(bench, fault).await?;
        ensure!(error.effect == Effect::Unknown, "{fault:?}: {error:?}");
        ensure!(made == 1 && calls == 1, "{fault:?}: {made} keys, {calls} calls");
        bench.keys().iter().for_each(|id| bench.delete(id));
    }
    Ok(())
}

async fn hanging(bench: &dyn Bench) -> Result<()> {
    let begun = bench.clock().now();
    let (error, made, calls) = failed(bench, Fault::Hang).await?;
    ensure!(error.kind == ErrorKind::TimedOut && error.effect == Effect::Unknown, "{error:?}");
    ensure!(made == 0 && calls == 1, "{made} keys, {calls} calls");
    let limit = bench.issuer().capability().mint_timeout;
    let waited = bench.clock().now().duration_since(begun);
    ensure!(waited >= limit && waited < limit + SignedDuration::from_secs(10), "{waited:?}");
    Ok(())
}

async fn list(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    mint(&*issuer).await?;
    for fault in [Fault::Before, Fault::After, Fault::Throttled, Fault::Hang, Fault::Cut] {
        for lasting in [1, 20] {
            let next = bench.calls().len();
            (next..next + lasting).for_each(|call| bench.inject(call, fault));
            let listed = issuer.list().await;
            bench.calm();
            match listed {
                Ok(keys) => ensure!(keys.is_some_and(|keys| keys.len() == 1) && lasting == 1, "{fault:?}"),
                Err(error) => ensure!(error.kind != ErrorKind::NotFound, "{fault:?}: {error:?}"),
            }
        }
    }
    Ok(())
}

async fn every(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.issuer();
    let key = mint(&*issuer).await?;
    let owner = OwnerId::new("urn:a", "a");
    let endless = |from: usize| (from..from + 20).for_each(|call| bench.inject(call, Fault::Hang));
    let rules = issuer.capability();
    let is_made = |call: &i32| match call {
        2 => rules.marks == Marks::OnPrincipal,
        4 => rules.tells_last_use,
        _ => true,
    };
    for call in (0..5).filter(is_made) {
        endless(bench.calls().len());
        let ended = match call {
            0 => issuer.list().await.map(drop),
            1 => issuer.read_ledgers(&owner).await.map(drop),
            2 => issuer.write_ledger(&owner, None).await,
            3 => match issuer.verify(&key.material).await {
                Ok(Verdict::NotBefore(_)) => {
                    bench.calm();
                    continue;
                }
                tried => tried.map(drop),
            },
            _ => issuer.last_use(&key.id).await.map(drop),
        };
        let error = ended.err().with_context(|| format!("call {call} succeeded"))?;
        ensure!(error.kind == ErrorKind::TimedOut, "{error:?}");
        bench.calm();
    }
    Ok(())
}

async fn credentials(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.refused().context("no other credentials")?;
    told(&*issuer, ErrorKind::Unauthenticated).await?;
    ensure!(bench.keys().is_empty());
    Ok(())
}

async fn unreachable(bench: &dyn Bench) -> Result<()> {
    let issuer = bench.unreachable().context("no other address")?;
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
async fn failed(bench: &dyn Bench, fault: Fault) -> Result<(Error, usize, usize)> {
    let issuer = bench.issuer();
    issuer.list().await?;
    let order = order("a");
    let prepared = prepared(&*issuer, &order).await?;
    let (keys, calls) = (bench.keys().len(), bench.calls().len());
    bench.inject(calls, fault);
    let error = prepared.mint().await.err().with_context(|| format!("{fault:?} was not noticed"))?;
    bench.calm();
    let made = bench.calls().split_off(calls);
    // What a refused mint takes back is another call.
    let mints = made.iter().filter(|call| Some(*call) == made.first()).count();
    Ok((error, bench.keys().len() - keys, mints))
}
