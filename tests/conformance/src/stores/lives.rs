//! Lives of a key with stores; [`Watch`] panics when consumers of a store read what does not work.

use anyhow::{Result, ensure};
use jiff::SignedDuration;
use rotation::testing::{Life, Watch};

use super::shop::THEIRS;
use crate::lives::done;
use crate::rig::{Feature, ReachableRig};
use crate::suite::{ContractTrial, trials};

pub(crate) const TRIALS: &[ContractTrial] = trials!("stores::" =>
    a_life_with_a_store_that_is_made: &[Feature::Stores],
    a_life_with_two_stores_of_which_one_is_somebody_elses: &[Feature::Stores],
    a_store_that_was_edited_by_hand_gets_the_key_again: &[Feature::Stores],
    a_store_that_leaves_the_list_is_left: &[Feature::Stores],
);

async fn a_life_with_a_store_that_is_made(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["made"]).await
}

async fn a_life_with_two_stores_of_which_one_is_somebody_elses(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["made", THEIRS]).await
}

async fn whole_life(rig: &dyn ReachableRig, stores: &[&str]) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.stack.set_stores(stores);
    let (one, two) = (Life::inputs("1", false), Life::inputs("2", false));
    done(watch.up(&one).await)?;
    all_read_current(rig, &watch, stores)?;
    ensure!(watch.up(&one).await.is_quiet());
    rig.clock().advance(SignedDuration::from_hours(1));
    done(watch.up(&two).await)?;
    all_read_current(rig, &watch, stores)?;
    rig.clock().advance(Life::OVERLAP + SignedDuration::from_hours(2));
    done(watch.up(&two).await)?;
    ensure!(rig.keys().len() == 1, "{:?}", rig.keys());
    all_read_current(rig, &watch, stores)?;
    ensure!(watch.up(&two).await.is_quiet());
    watch.destroyed().await;
    ensure!(rig.keys().is_empty() && stores.iter().all(|store| rig.is_store_left(store)));
    Ok(())
}

async fn a_store_that_was_edited_by_hand_gets_the_key_again(rig: &dyn ReachableRig) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.stack.set_stores(&[THEIRS]);
    let inputs = Life::inputs("1", false);
    done(watch.up(&inputs).await)?;
    let keys = rig.keys();
    rig.edit_store(THEIRS);
    ensure!(rig.read_store(THEIRS).is_none());
    rig.clock().advance(SignedDuration::from_hours(1));
    watch.stack.refresh(rig).await;
    done(watch.up(&inputs).await)?;
    ensure!(rig.keys() == keys, "no key is made for that: {:?}", rig.keys());
    all_read_current(rig, &watch, &[THEIRS])?;
    watch.until_quiet(&inputs).await;
    watch.destroyed().await;
    Ok(())
}

async fn a_store_that_leaves_the_list_is_left(rig: &dyn ReachableRig) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.stack.set_stores(&["one", THEIRS]);
    let inputs = Life::inputs("1", false);
    done(watch.up(&inputs).await)?;
    let keys = rig.keys();
    watch.stack.set_stores(&["two"]);
    done(watch.up(&inputs).await)?;
    ensure!(rig.keys() == keys, "no key is made for that: {:?}", rig.keys());
    all_read_current(rig, &watch, &["two"])?;
    ensure!(["one", THEIRS].iter().all(|store| rig.is_store_left(store)));
    watch.until_quiet(&inputs).await;
    watch.destroyed().await;
    ensure!(rig.is_store_left("two"));
    Ok(())
}

fn all_read_current(rig: &dyn ReachableRig, watch: &Watch<'_>, stores: &[&str]) -> Result<()> {
    let current = watch.stack.state().and_then(|state| state.current.as_ref()).map(|key| key.id.clone());
    for store in stores {
        let read = rig.read_store(store);
        ensure!(read.is_some() && read == current, "consumers of {store} read {read:?}, not {current:?}");
    }
    Ok(())
}
