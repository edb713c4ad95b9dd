//! Whole lives of a key through `rotation::run`; [`Watch`] panics when an invariant is broken.

use anyhow::{Context, Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Fault, Life, Outcome, Stack, Watch};
use rotation::{Claim, Clock, ErrorKind, Ledger, OwnerId};

use crate::rig::{Feature, ReachableRig};
use crate::suite::{ContractTrial, trials};

pub(crate) const TRIALS: &[ContractTrial] = trials!("lives::" =>
    created_kept_rotated_retired_and_deleted: &[],
    the_first_key_is_made: &[],
    a_period_rotates: &[],
    a_superseded_key_makes_room: &[],
    deleted_in_the_overlap: &[],
    lost_answers_leave_one_key_in_the_end: &[Feature::Faults],
    a_second_owner_is_refused_by_the_name_of_the_first: &[Feature::Claims],
    a_principal_full_of_strangers_keys_is_refused_and_they_are_named: &[Feature::Quota],
    marks_that_were_removed_are_written_anew: &[],
    a_current_key_that_is_lost_is_replaced: &[],
);

async fn the_first_key_is_made(rig: &dyn ReachableRig) -> Result<()> {
    life(rig, Life::Create).await
}

async fn a_period_rotates(rig: &dyn ReachableRig) -> Result<()> {
    life(rig, Life::RotateByPeriod).await
}

async fn a_superseded_key_makes_room(rig: &dyn ReachableRig) -> Result<()> {
    life(rig, Life::MakeRoom).await
}

async fn deleted_in_the_overlap(rig: &dyn ReachableRig) -> Result<()> {
    life(rig, Life::Delete).await
}

async fn created_kept_rotated_retired_and_deleted(rig: &dyn ReachableRig) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    let (one, two) = (Life::inputs("1", false), Life::inputs("2", false));
    done(watch.up(&one).await)?;
    let first = current(&watch)?;
    ensure!(rig.keys() == std::slice::from_ref(&first));
    ensure!(watch.up(&one).await.is_quiet());

    rig.clock().advance(SignedDuration::from_hours(1));
    done(watch.up(&two).await)?;
    let second = current(&watch)?;
    ensure!(first != second && rig.works(&first) && rig.works(&second), "both work in the overlap");
    ensure!(watch.up(&two).await.is_quiet());

    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&two).await)?;
    ensure!(rig.keys() == [second], "{:?}", rig.keys());
    ensure!(watch.up(&two).await.is_quiet());
    watch.destroyed().await;
    ensure!(rig.keys().is_empty() && rig.marks() == 0);
    Ok(())
}

async fn life(rig: &dyn ReachableRig, life: Life) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    let wanted = life.prepare(&mut watch).await;
    done(life.run(&mut watch, &wanted).await)?;
    if life != Life::Delete {
        watch.until_quiet(&wanted).await;
        watch.destroyed().await;
    }
    ensure!(rig.keys().is_empty() && rig.marks() == 0);
    Ok(())
}

async fn lost_answers_leave_one_key_in_the_end(rig: &dyn ReachableRig) -> Result<()> {
    for fault in [Fault::After, Fault::HangAfter, Fault::Cut, Fault::DieAfter] {
        let mut watch = Watch::new(rig, Life::OVERLAP);
        let inputs = Life::inputs("1", false);
        let mint = mint_call(rig).await?;
        rig.inject(rig.calls().len() + mint, fault);
        let outcome = watch.up(&inputs).await;
        ensure!(!outcome.is_done() && !outcome.is_quiet(), "{fault:?} was not noticed: {outcome:?}");
        ensure!(rig.keys().len() == 1, "{fault:?}: the lost key is there");
        let lost = rig.keys();
        watch.until_quiet(&inputs).await;
        ensure!(rig.keys().len() == 1 && rig.keys() != lost, "{fault:?}: {:?}", rig.keys());
        watch.destroyed().await;
    }
    Ok(())
}

async fn a_second_owner_is_refused_by_the_name_of_the_first(rig: &dyn ReachableRig) -> Result<()> {
    let first = OwnerId::new("urn:first", "first/project/key");
    let claim = Claim { nonce: "n0000001".to_owned(), at: rig.clock().now(), known: [].into() };
    let ledger = Ledger { open: Some(claim), ..Ledger::default() };
    rig.issuer().write_ledger(&first, Some(&ledger)).await?;
    let mut second = Stack::new("second/project/key");
    let error = failed(second.up(rig, &Life::inputs("1", false)).await)?;
    ensure!(error.kind == ErrorKind::Blocked && error.message.contains("first/project/key"), "{error}");
    ensure!(rig.keys().is_empty());
    rig.clock().advance(Claim::LIFETIME);
    done(second.up(rig, &Life::inputs("1", false)).await)
}

async fn a_principal_full_of_strangers_keys_is_refused_and_they_are_named(rig: &dyn ReachableRig) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    let strangers: Vec<_> = std::iter::from_fn(|| watch.stranger()).collect();
    ensure!(strangers.len() >= 2, "there is no place");
    let error = failed(watch.up(&Life::inputs("1", false)).await)?;
    ensure!(strangers.iter().all(|id| error.message.contains(&id.0)), "{error}");
    ensure!(rig.keys().len() == strangers.len() && rig.marks() == 0);
    let one = strangers[0].clone();
    rig.delete(&one);
    watch.harmed.insert(one);
    done(watch.up(&Life::inputs("1", false)).await)
}

async fn marks_that_were_removed_are_written_anew(rig: &dyn ReachableRig) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    done(watch.up(&Life::inputs("1", false)).await)?;
    rig.strip_marks();
    rig.clock().advance(SignedDuration::from_hours(1));
    done(watch.up(&Life::inputs("2", false)).await)?;
    ensure!(rig.marks() == 1);
    watch.until_quiet(&Life::inputs("2", false)).await;
    watch.destroyed().await;
    Ok(())
}

async fn a_current_key_that_is_lost_is_replaced(rig: &dyn ReachableRig) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    let inputs = Life::inputs("1", false);
    done(watch.up(&inputs).await)?;
    let first = current(&watch)?;
    rig.clock().advance(SignedDuration::from_hours(1));
    rig.delete(&first);
    watch.harmed.insert(first.clone());
    watch.stack.refresh(rig).await;
    done(watch.up(&inputs).await)?;
    ensure!(current(&watch)? != first);
    watch.until_quiet(&inputs).await;
    Ok(())
}

/// How many calls come before the mint, as a life on this very system shows: the second one, since the first may ask what is known
/// later. It leaves nothing behind.
async fn mint_call(rig: &dyn ReachableRig) -> Result<usize> {
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut watch = Watch::new(rig, Life::OVERLAP);
        let before = rig.calls().len();
        done(watch.up(&Life::inputs("1", false)).await)?;
        watch.destroyed().await;
        calls = rig.calls().split_off(before);
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
