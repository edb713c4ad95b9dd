//! Whole lives of a key through `rotation::run`; [`Watch`] panics when an invariant is broken.

use anyhow::{Context, Result, ensure};
use futures::FutureExt;
use jiff::SignedDuration;
use rotation::testing::{Fault, Life, Outcome, Stack, Watch};
use rotation::{Claim, Clock, ErrorKind, Ledger, OwnerId};

use crate::bench::{Bench, Power};
use crate::suite::Trial;

pub(crate) const TRIALS: &[Trial] = &[
    Trial {
        name: "lives::created_kept_rotated_retired_and_deleted",
        needs: &[],
        run: |bench| whole(bench).boxed_local(),
    },
    Trial { name: "lives::the_first_key_is_made", needs: &[], run: |bench| life(bench, Life::Create).boxed_local() },
    Trial { name: "lives::a_period_rotates", needs: &[], run: |bench| life(bench, Life::RotateByPeriod).boxed_local() },
    Trial {
        name: "lives::a_superseded_key_makes_room",
        needs: &[],
        run: |bench| life(bench, Life::MakeRoom).boxed_local(),
    },
    Trial { name: "lives::deleted_in_the_overlap", needs: &[], run: |bench| life(bench, Life::Delete).boxed_local() },
    Trial {
        name: "lives::lost_answers_leave_one_key_in_the_end",
        needs: &[Power::Faults],
        run: |bench| lost(bench).boxed_local(),
    },
    Trial {
        name: "lives::a_second_owner_is_refused_by_the_name_of_the_first",
        needs: &[Power::Claims],
        run: |bench| rival(bench).boxed_local(),
    },
    Trial {
        name: "lives::a_principal_full_of_strangers_keys_is_refused_and_they_are_named",
        needs: &[Power::Quota],
        run: |bench| full(bench).boxed_local(),
    },
    Trial {
        name: "lives::marks_that_were_removed_are_written_anew",
        needs: &[],
        run: |bench| stripped(bench).boxed_local(),
    },
    Trial { name: "lives::a_current_key_that_is_lost_is_replaced", needs: &[], run: |bench| gone(bench).boxed_local() },
];

async fn whole(bench: &dyn Bench) -> Result<()> {
    let mut watch = Watch::new(bench, Life::OVERLAP);
    let (one, two) = (Life::inputs("1", false), Life::inputs("2", false));
    done(watch.up(&one).await)?;
    let first = current(&watch)?;
    ensure!(bench.keys() == std::slice::from_ref(&first));
    ensure!(watch.up(&one).await.is_quiet());

    bench.clock().advance(SignedDuration::from_hours(1));
    done(watch.up(&two).await)?;
    let second = current(&watch)?;
    ensure!(first != second && bench.works(&first) && bench.works(&second), "both work in the overlap");
    ensure!(watch.up(&two).await.is_quiet());

    bench.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&two).await)?;
    ensure!(bench.keys() == [second], "{:?}", bench.keys());
    ensure!(watch.up(&two).await.is_quiet());
    watch.destroyed().await;
    ensure!(bench.keys().is_empty() && bench.marks() == 0);
    Ok(())
}

async fn life(bench: &dyn Bench, life: Life) -> Result<()> {
    let mut watch = Watch::new(bench, Life::OVERLAP);
    let wanted = life.prepare(&mut watch).await;
    done(life.run(&mut watch, &wanted).await)?;
    if life != Life::Delete {
        watch.until_quiet(&wanted).await;
        watch.destroyed().await;
    }
    ensure!(bench.keys().is_empty() && bench.marks() == 0);
    Ok(())
}

async fn lost(bench: &dyn Bench) -> Result<()> {
    for fault in [Fault::After, Fault::HangAfter, Fault::Cut, Fault::DieAfter] {
        let mut watch = Watch::new(bench, Life::OVERLAP);
        let inputs = Life::inputs("1", false);
        let mint = mint_call(bench).await?;
        bench.inject(bench.calls().len() + mint, fault);
        let outcome = watch.up(&inputs).await;
        ensure!(!outcome.is_done() && !outcome.is_quiet(), "{fault:?} was not noticed: {outcome:?}");
        ensure!(bench.keys().len() == 1, "{fault:?}: the lost key is there");
        let lost = bench.keys();
        watch.until_quiet(&inputs).await;
        ensure!(bench.keys().len() == 1 && bench.keys() != lost, "{fault:?}: {:?}", bench.keys());
        watch.destroyed().await;
    }
    Ok(())
}

async fn rival(bench: &dyn Bench) -> Result<()> {
    let first = OwnerId::new("urn:first", "first/project/key");
    let claim = Claim { nonce: "n0000001".to_owned(), at: bench.clock().now(), known: [].into() };
    let ledger = Ledger { open: Some(claim), ..Ledger::default() };
    bench.issuer().write_ledger(&first, Some(&ledger)).await?;
    let mut second = Stack::new("second/project/key");
    let error = failed(second.up(bench, &Life::inputs("1", false)).await)?;
    ensure!(error.kind == ErrorKind::Blocked && error.message.contains("first/project/key"), "{error}");
    ensure!(bench.keys().is_empty());
    bench.clock().advance(Claim::LIFETIME);
    done(second.up(bench, &Life::inputs("1", false)).await)
}

async fn full(bench: &dyn Bench) -> Result<()> {
    let mut watch = Watch::new(bench, Life::OVERLAP);
    let strangers: Vec<_> = std::iter::from_fn(|| watch.stranger()).collect();
    ensure!(strangers.len() >= 2, "there is no place");
    let error = failed(watch.up(&Life::inputs("1", false)).await)?;
    ensure!(strangers.iter().all(|id| error.message.contains(&id.0)), "{error}");
    ensure!(bench.keys().len() == strangers.len() && bench.marks() == 0);
    let one = strangers[0].clone();
    bench.delete(&one);
    watch.harmed.insert(one);
    done(watch.up(&Life::inputs("1", false)).await)
}

async fn stripped(bench: &dyn Bench) -> Result<()> {
    let mut watch = Watch::new(bench, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    bench.strip_marks();
    bench.clock().advance(SignedDuration::from_hours(1));
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(bench.marks() == 1);
    watch.until_quiet(&Life::inputs("2", false)).await;
    watch.destroyed().await;
    Ok(())
}

async fn gone(bench: &dyn Bench) -> Result<()> {
    let mut watch = Watch::new(bench, Life::OVERLAP);
    let inputs = Life::inputs("1", false);
    done(watch.up(&inputs).await)?;
    let first = current(&watch)?;
    bench.clock().advance(SignedDuration::from_hours(1));
    bench.delete(&first);
    watch.harmed.insert(first.clone());
    watch.stack.refresh(bench).await;
    done(watch.up(&inputs).await)?;
    ensure!(current(&watch)? != first);
    watch.until_quiet(&inputs).await;
    Ok(())
}

/// How many calls come before the mint, as a life on this very system shows: the second one, since the first may ask what is known
/// later. It leaves nothing behind.
async fn mint_call(bench: &dyn Bench) -> Result<usize> {
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut watch = Watch::new(bench, Life::OVERLAP);
        let before = bench.calls().len();
        done(watch.up(&Life::inputs("1", false)).await)?;
        watch.destroyed().await;
        calls = bench.calls().split_off(before);
    }
    calls.iter().position(|call| is_mint(call)).context("no key was made")
}

/// Whether a call makes a key, by the name that its system has for it.
pub fn is_mint(call: &str) -> bool {
    MINTS.contains(&call)
}

const MINTS: [&str; 10] = [
    "mint",
    "CreateAccessKey",
    "CreateApiKey",
    "POST data",
    "POST custom-secret-id",
    "POST config",
    "GET creds",
    "UploadApiKey",
    "CreateAuthToken",
    "CreateCustomerSecretKey",
];

fn current(watch: &Watch<'_>) -> Result<rotation::KeyId> {
    let state = watch.stack.state().context("nothing is recorded")?;
    Ok(state.current.as_ref().context("there is no current key")?.id.clone())
}

pub(crate) fn done(outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Failed(error) => Err(error).context("the run failed"),
        outcome => {
            ensure!(outcome.is_done(), "{outcome:?}");
            Ok(())
        }
    }
}

fn failed(outcome: Outcome) -> Result<rotation::Error> {
    match outcome {
        Outcome::Failed(error) => Ok(error),
        outcome => anyhow::bail!("it did not fail: {outcome:?}"),
    }
}
