//! What a run does in the stores that consumers read keys from.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

mod older;
mod replaced;
mod secrets;

use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Outcome, Rig, Watch};
use rotation::{Cause, DeliveryStage, Due, KeyId, KeyState, RotationArgs};

const START: Timestamp = Timestamp::constant(1_767_225_600, 0);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn cloud(quota: usize) -> InMemoryCloud {
    let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
    rules.capability.quota = Some(quota);
    InMemoryCloud::new(rules, ManualClock::new(START))
}

fn inputs(keeper: &str) -> RotationArgs {
    Life::inputs(keeper, true)
}

fn key(name: &str) -> Option<KeyId> {
    Some(KeyId(name.to_owned()))
}

fn state<'a>(watch: &'a Watch<'_>) -> &'a KeyState {
    watch.stack.state().unwrap()
}

/// What was called since then in stores, and every mint and removal.
fn told(cloud: &InMemoryCloud, since: usize) -> Vec<String> {
    let of_keys = ["list", "read_ledgers", "write_ledger", "verify", "account", "last_use"];
    cloud.calls().split_off(since).into_iter().filter(|call| !of_keys.contains(&call.as_str())).collect()
}

/// A first key in these stores.
async fn created<'a>(cloud: &'a InMemoryCloud, stores: &[&str]) -> Watch<'a> {
    let mut watch = Watch::new(cloud, Life::OVERLAP);
    watch.stack.set_stores(stores);
    assert!(watch.up(&inputs("1")).await.is_done());
    cloud.clock().advance(DAY);
    watch
}

#[tokio::test]
async fn a_first_key_is_what_consumers_read_and_a_second_run_calls_nothing() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a", "b"]).await;
    assert_eq!((cloud.read_store("a"), cloud.read_store("b")), (key("KEY0001"), key("KEY0001")));
    let stages = state(&watch).deliveries.iter().map(|delivered| delivered.stage).collect::<Vec<_>>();
    assert_eq!(stages, [DeliveryStage::Current, DeliveryStage::Current]);
    let calls = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_quiet());
    assert_eq!(cloud.calls().len(), calls);
}

#[tokio::test]
async fn every_store_has_the_new_key_staged_before_any_lets_consumers_read_it() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a", "b"]).await;
    let before = cloud.calls().len();
    assert!(watch.up(&inputs("2")).await.is_done());
    assert_eq!(told(&cloud, before), ["head", "head", "mint", "stage", "stage", "promote", "promote"]);
    assert_eq!(cloud.read_store("b"), key("KEY0002"));
}

#[tokio::test]
async fn a_store_that_fails_leaves_each_store_with_a_key_that_works_and_the_old_key_alive() {
    let cloud = cloud(2);
    let at_once = |keeper| RotationArgs { overlap: SignedDuration::ZERO, ..inputs(keeper) };
    let mut watch = Watch::new(&cloud, SignedDuration::ZERO);
    watch.stack.set_stores(&["a", "b"]);
    assert!(watch.up(&at_once("1")).await.is_done());
    let second = calls_of(&cloud, &watch, &at_once("2")).await.iter().rposition(|call| call == "promote").unwrap();
    cloud.inject(cloud.calls().len() + second, Fault::Before);
    assert!(matches!(watch.up(&at_once("2")).await, Outcome::Failed(_)));
    assert_eq!((cloud.read_store("a"), cloud.read_store("b")), (key("KEY0002"), key("KEY0001")));
    assert_eq!(cloud.keys().len(), 2, "the old key is not removed while a store reads it");
    let before = cloud.calls().len();
    assert!(watch.up(&at_once("2")).await.is_done());
    assert_eq!(told(&cloud, before), ["head", "head", "promote", "retire"]);
    assert_eq!((cloud.read_store("b"), cloud.keys()), (key("KEY0002"), key("KEY0002").into_iter().collect()));
}

/// The calls that such a run makes, taken in another world.
async fn calls_of(cloud: &InMemoryCloud, watch: &Watch<'_>, args: &RotationArgs) -> Vec<String> {
    let fork = cloud.fork();
    watch.clone().on(&fork).up(args).await;
    fork.calls()
}

#[tokio::test]
async fn a_store_that_was_edited_is_seen_by_a_refresh_and_gets_the_same_key_again() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a"]).await;
    let before = state(&watch).deliveries.clone();
    watch.stack.refresh(&cloud).await;
    assert_eq!(state(&watch).deliveries, before, "a refresh of what is right changes nothing");
    cloud.edit_store("a");
    assert!(watch.up(&inputs("1")).await.is_quiet(), "without a refresh nothing shows it");
    watch.stack.refresh(&cloud).await;
    assert_eq!(watch.stack.due(), Some(Due::Delivery));
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "stage", "promote"]);
    assert_eq!(cloud.read_store("a"), key("KEY0001"));
    assert!(watch.up(&inputs("1")).await.is_quiet());
}

#[tokio::test]
async fn another_shape_is_another_version_of_the_same_key() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a"]).await;
    let before = state(&watch).deliveries[0].version.clone();
    cloud.reshape_store("a", "renamed");
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "stage", "promote"]);
    assert_ne!(state(&watch).deliveries[0].version, before);
    assert_eq!(state(&watch).generation, 1);
}

#[tokio::test]
async fn a_delivery_that_moves_is_published_there_before_it_is_withdrawn_here() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a"]).await;
    watch.stack.set_stores(&["b"]);
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "head", "stage", "promote", "remove"]);
    assert_eq!((cloud.read_store("a"), cloud.read_store("b")), (None, key("KEY0001")));
    assert_eq!(state(&watch).deliveries.len(), 1);
    assert!(watch.up(&inputs("1")).await.is_quiet());
}

#[tokio::test]
async fn an_entry_that_others_made_stays_when_the_resource_goes() {
    let cloud = cloud(2);
    cloud.edit_store("a");
    let mut watch = created(&cloud, &["a", "b"]).await;
    assert_eq!(cloud.read_store("a"), key("KEY0001"));
    watch.destroyed().await;
    assert!(cloud.has_store("a") && !cloud.has_store("b"), "only what was made is removed");
    assert_eq!(cloud.read_store("a"), None);
}

#[tokio::test]
async fn what_was_delivered_is_withdrawn_although_the_principal_is_gone() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a"]).await;
    cloud.delete_principal();
    assert!(watch.stack.destroy(&cloud).await.is_done());
    assert!(!cloud.has_store("a"));
}

#[tokio::test]
async fn no_key_is_made_for_a_store_that_may_not_take_it() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a"]).await;
    cloud.block_store("a", "it is rotated by something else");
    let Outcome::Failed(error) = watch.up(&inputs("2")).await else { panic!("nothing stops it") };
    assert!(error.message.contains("store a") && error.message.contains("rotated by something else"), "{error}");
    assert_eq!(cloud.keys().len(), 1);
}

#[tokio::test]
async fn a_key_whose_secret_nobody_knows_is_not_delivered_and_that_is_said() {
    let cloud = cloud(2);
    let mut watch = Watch::new(&cloud, Life::OVERLAP);
    let taken = cloud.mint_as_stranger().unwrap();
    watch.stack.take_over(taken, true);
    assert!(watch.up(&inputs("1")).await.is_done());
    watch.stack.set_stores(&["a"]);
    watch.up(&inputs("1")).await;
    assert!(watch.until_quiet(&inputs("1")).await <= 1);
}

#[tokio::test]
async fn a_preview_names_the_stores_that_get_the_key() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a", "b"]).await;
    let plan = watch.stack.plan(&cloud, &inputs("2")).unwrap();
    let stores = [("store a".to_owned(), Cause::KeepersChanged), ("store b".to_owned(), Cause::KeepersChanged)];
    assert_eq!((plan.deliver, plan.mint), (stores.to_vec(), Some(Cause::KeepersChanged)));
    let plan = watch.stack.plan(&cloud, &inputs("1")).unwrap();
    assert!(plan.deliver.is_empty() && plan.leave.is_empty());
    watch.stack.set_stores(&["b"]);
    assert_eq!(watch.stack.plan(&cloud, &inputs("1")).unwrap().leave, ["store a"]);
    cloud.edit_store("b");
    watch.stack.refresh(&cloud).await;
    let plan = watch.stack.plan(&cloud, &inputs("1")).unwrap();
    assert_eq!((plan.deliver, plan.mint), (vec![("store b".to_owned(), Cause::NotDelivered)], None));
}

/// The engine saved nothing, the new key is in a store, and there is no place for a third one.
#[tokio::test]
async fn a_key_that_a_dead_run_gave_to_a_store_is_read_back_and_not_made_again() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a"]).await;
    let calls = calls_of(&cloud, &watch, &inputs("2")).await;
    let promoted = calls.iter().position(|call| call == "promote").unwrap();
    cloud.inject(cloud.calls().len() + promoted, Fault::DieAfter);
    assert!(matches!(watch.up(&inputs("2")).await, Outcome::Died));
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("2")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "read"]);
    assert_eq!(state(&watch).current.as_ref().map(|key| key.id.clone()), key("KEY0002"));
    let outcome = watch.up(&inputs("2")).await;
    assert!(outcome.is_quiet(), "it serves what the dead run made it for: {outcome:?} {:#?}", state(&watch));
}

/// The same where keepers changed once more: what was made for the former ones becomes current, and another key is made.
#[tokio::test]
async fn a_key_that_was_read_back_does_not_answer_what_it_was_not_made_for() {
    let cloud = cloud(3);
    let mut watch = created(&cloud, &["a"]).await;
    let calls = calls_of(&cloud, &watch, &inputs("2")).await;
    let promoted = calls.iter().position(|call| call == "promote").unwrap();
    cloud.inject(cloud.calls().len() + promoted, Fault::DieAfter);
    assert!(matches!(watch.up(&inputs("2")).await, Outcome::Died));
    assert!(watch.up(&inputs("3")).await.is_done());
    assert_eq!(cloud.read_store("a"), key("KEY0002"));
    watch.until_quiet(&inputs("3")).await;
    assert_eq!(cloud.read_store("a"), key("KEY0003"));
}

/// What was staged goes before the key that it holds.
#[tokio::test]
async fn a_staged_key_that_is_not_wanted_any_more_leaves_the_store_before_it_is_deleted() {
    let cloud = cloud(2);
    let mut watch = created(&cloud, &["a"]).await;
    let calls = calls_of(&cloud, &watch, &inputs("2")).await;
    let promoted = calls.iter().position(|call| call == "promote").unwrap();
    cloud.inject(cloud.calls().len() + promoted, Fault::Before);
    assert!(matches!(watch.up(&inputs("2")).await, Outcome::Failed(_)));
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    let told = told(&cloud, since);
    assert_eq!(told.iter().filter(|call| *call != "head").collect::<Vec<_>>(), ["withdraw", "retire"]);
    assert!(state(&watch).deliveries.iter().all(|delivered| delivered.stage == DeliveryStage::Current));
}
