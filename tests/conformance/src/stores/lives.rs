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
    a_life_with_an_oci_secret_that_is_made: &[Feature::AllStores],
    a_life_with_two_oci_secrets_of_which_one_is_somebody_elses: &[Feature::AllStores],
    an_oci_secret_that_was_edited_by_hand_gets_the_key_again: &[Feature::AllStores],
    a_delivery_moves_from_aws_to_oci: &[Feature::AllStores],
);

/// Those that need a real OpenBao, whatever the system is.
pub(crate) const KV_TRIALS: &[ContractTrial] = trials!("stores::" =>
    a_life_with_a_kv_path_that_is_made: &[Feature::AllStores],
    a_life_with_two_kv_paths_of_which_one_is_somebody_elses: &[Feature::AllStores],
    a_kv_path_that_was_edited_by_hand_gets_the_key_again: &[Feature::AllStores],
    a_delivery_moves_from_kv_to_oci_and_back: &[Feature::AllStores],
    one_key_lives_in_three_kinds_of_stores: &[Feature::AllStores],
);

async fn a_life_with_a_store_that_is_made(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["made"]).await
}

async fn a_life_with_two_stores_of_which_one_is_somebody_elses(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["made", THEIRS]).await
}

async fn a_life_with_an_oci_secret_that_is_made(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["oci-made"]).await
}

async fn a_life_with_two_oci_secrets_of_which_one_is_somebody_elses(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["oci-made", "oci-theirs"]).await
}

async fn a_life_with_a_kv_path_that_is_made(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["kv-made"]).await
}

async fn a_life_with_two_kv_paths_of_which_one_is_somebody_elses(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["kv-made", "kv-theirs"]).await
}

async fn one_key_lives_in_three_kinds_of_stores(rig: &dyn ReachableRig) -> Result<()> {
    whole_life(rig, &["made", "oci-theirs", "kv-made"]).await
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
    edited(rig, THEIRS).await
}

async fn an_oci_secret_that_was_edited_by_hand_gets_the_key_again(rig: &dyn ReachableRig) -> Result<()> {
    edited(rig, "oci-theirs").await
}

async fn a_kv_path_that_was_edited_by_hand_gets_the_key_again(rig: &dyn ReachableRig) -> Result<()> {
    edited(rig, "kv-theirs").await
}

async fn edited(rig: &dyn ReachableRig, store: &str) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.stack.set_stores(&[store]);
    let inputs = Life::inputs("1", false);
    done(watch.up(&inputs).await)?;
    let keys = rig.keys();
    rig.edit_store(store);
    ensure!(rig.read_store(store).is_none());
    rig.clock().advance(SignedDuration::from_hours(1));
    watch.stack.refresh(rig).await;
    done(watch.up(&inputs).await)?;
    ensure!(rig.keys() == keys, "no key is made for that: {:?}", rig.keys());
    all_read_current(rig, &watch, &[store])?;
    watch.until_quiet(&inputs).await;
    watch.destroyed().await;
    Ok(())
}

async fn a_store_that_leaves_the_list_is_left(rig: &dyn ReachableRig) -> Result<()> {
    moved(rig, &["one", THEIRS], "two").await
}

async fn a_delivery_moves_from_aws_to_oci(rig: &dyn ReachableRig) -> Result<()> {
    moved(rig, &["one", "oci-theirs"], "oci-two").await
}

async fn a_delivery_moves_from_kv_to_oci_and_back(rig: &dyn ReachableRig) -> Result<()> {
    moved(rig, &["kv-one", "kv-theirs"], "oci-two").await?;
    moved(rig, &["oci-one"], "kv-two").await
}

/// All deliveries move to another store.
async fn moved(rig: &dyn ReachableRig, from: &[&str], to: &str) -> Result<()> {
    let mut watch = Watch::new(rig, Life::OVERLAP);
    watch.stack.set_stores(from);
    let inputs = Life::inputs("1", false);
    done(watch.up(&inputs).await)?;
    let keys = rig.keys();
    watch.stack.set_stores(&[to]);
    done(watch.up(&inputs).await)?;
    ensure!(rig.keys() == keys, "no key is made for that: {:?}", rig.keys());
    all_read_current(rig, &watch, &[to])?;
    ensure!(from.iter().all(|store| rig.is_store_left(store)));
    watch.until_quiet(&inputs).await;
    watch.destroyed().await;
    ensure!(rig.is_store_left(to));
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
