//! Secrets that the state leaves to stores (`keepSecretInState: false`).

use jiff::SignedDuration;
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Outcome, Rig, Watch};
use rotation::{Cause, Due, HistoryAction, Key, SecretPlace};

use super::{DAY, START, calls_of, cloud, inputs, key, state, told};

fn with(opaque: &'static [&'static str], unstaged: &'static [&'static str]) -> InMemoryCloud {
    let mut rules = InMemoryRules { opaque, unstaged, ..InMemoryRules::like_aws(Default::default()) };
    rules.capability.quota = Some(3);
    InMemoryCloud::new(rules, ManualClock::new(START))
}

/// A first key in these stores, and no secret in the state.
async fn left<'a>(cloud: &'a InMemoryCloud, stores: &[&str]) -> Watch<'a> {
    let mut watch = Watch::new(cloud, Life::OVERLAP);
    watch.stack.set_stores(stores);
    watch.stack.set_keeps_secret(false);
    assert!(watch.up(&inputs("1")).await.is_done());
    cloud.clock().advance(DAY);
    watch
}

fn current<'a>(watch: &'a Watch<'_>) -> &'a Key {
    state(watch).current.as_ref().unwrap()
}

fn is_left(watch: &Watch<'_>) -> bool {
    state(watch).keys().all(|key| !key.has_secret()) && current(watch).secret_in == SecretPlace::Stores
}

/// The next call of this name in such a run fails so.
async fn fails(cloud: &InMemoryCloud, watch: &Watch<'_>, keeper: &str, (call, nth): (&str, usize), fault: Fault) {
    let calls = calls_of(cloud, watch, &inputs(keeper)).await;
    let found = calls.iter().enumerate().filter(|(_, name)| *name == call).nth(nth);
    cloud.inject(cloud.calls().len() + found.unwrap().0, fault);
}

#[tokio::test]
async fn no_secret_stays_in_the_state_and_public_fields_do() {
    let cloud = cloud(2);
    let mut watch = left(&cloud, &["a"]).await;
    assert!(is_left(&watch) && current(&watch).material.as_ref().unwrap().contains_key("keyId"));
    assert!(watch.up(&inputs("1")).await.is_quiet());
    assert!(watch.up(&inputs("2")).await.is_done());
    assert!(is_left(&watch), "neither of the new key nor of the previous one");
    assert_eq!(state(&watch).retiring.len(), 1);
    cloud.clock().advance(DAY * 2);
    watch.until_quiet(&inputs("2")).await;
    watch.destroyed().await;
}

#[tokio::test]
async fn a_staged_key_is_left_to_its_store_and_read_back_for_the_other_one() {
    let cloud = cloud(3);
    let mut watch = left(&cloud, &["a", "b"]).await;
    fails(&cloud, &watch, "2", ("stage", 1), Fault::Before).await;
    assert!(matches!(watch.up(&inputs("2")).await, Outcome::Failed(_)));
    let pending = state(&watch).pending.as_ref().unwrap();
    assert!(!pending.has_secret() && pending.verified_at.is_some());
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("2")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "head", "read", "stage", "promote", "promote"]);
    assert_eq!((cloud.read_store("a"), cloud.read_store("b")), (key("KEY0002"), key("KEY0002")));
    assert!(is_left(&watch));
}

#[tokio::test]
async fn a_key_that_no_store_holds_yet_stays_in_the_state() {
    let cloud = cloud(3);
    let mut watch = left(&cloud, &["a"]).await;
    fails(&cloud, &watch, "2", ("stage", 0), Fault::Before).await;
    assert!(matches!(watch.up(&inputs("2")).await, Outcome::Failed(_)));
    assert!(state(&watch).pending.as_ref().unwrap().has_secret(), "nothing else has it");
    assert!(watch.up(&inputs("2")).await.is_done());
    assert!(is_left(&watch));
}

/// A store like KV, whose verified write comes with the promotion.
#[tokio::test]
async fn a_store_that_stages_nothing_leaves_the_new_key_in_the_state_until_it_is_written() {
    let cloud = with(&[], &["kv"]);
    let mut watch = left(&cloud, &["kv"]).await;
    fails(&cloud, &watch, "2", ("promote", 0), Fault::Before).await;
    assert!(matches!(watch.up(&inputs("2")).await, Outcome::Failed(_)));
    assert!(state(&watch).pending.as_ref().unwrap().has_secret());
    assert_eq!(cloud.read_store("kv"), key("KEY0001"));
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("2")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "promote"]);
    assert!(is_left(&watch));
}

#[tokio::test]
async fn a_store_that_was_edited_gets_the_key_again_from_itself() {
    let cloud = cloud(2);
    let mut watch = left(&cloud, &["a"]).await;
    cloud.edit_store("a");
    cloud.edit_store("a");
    watch.stack.refresh(&cloud).await;
    let plan = watch.stack.plan(&cloud, &inputs("1")).unwrap();
    assert_eq!((plan.mint, plan.recall.len(), plan.deliver.len()), (None, 1, 1));
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "read", "stage", "promote"]);
    assert_eq!(cloud.read_store("a"), key("KEY0001"));
    assert!(is_left(&watch));
}

#[tokio::test]
async fn a_store_that_was_deleted_gets_the_key_again_from_the_other_one() {
    let cloud = cloud(2);
    let mut watch = left(&cloud, &["a", "b"]).await;
    cloud.delete_store("a");
    watch.stack.refresh(&cloud).await;
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "head", "read", "stage", "promote"]);
    assert_eq!((cloud.read_store("a"), state(&watch).generation), (key("KEY0001"), 1));
}

#[tokio::test]
async fn where_no_store_has_the_secret_any_more_a_new_key_is_made_and_the_reason_told() {
    let cloud = cloud(2);
    let mut watch = left(&cloud, &["a"]).await;
    cloud.delete_store("a");
    watch.stack.refresh(&cloud).await;
    assert_eq!(watch.stack.due(), Some(Due::Delivery));
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    let told: Vec<_> = told(&cloud, since).into_iter().filter(|call| call != "head").collect();
    assert_eq!(told, ["read", "mint", "stage", "promote"], "once the store was read as it stood when the run began");
    assert_eq!(cloud.read_store("a"), key("KEY0002"));
    let made = state(&watch).history.iter().rfind(|event| event.action == HistoryAction::Created).unwrap();
    assert_eq!(made.reason.as_deref(), Some(Cause::SecretLost.to_string().as_str()));
    assert!(is_left(&watch));
    cloud.clock().advance(DAY * 3);
    watch.until_quiet(&inputs("1")).await;
}

/// The loss is noted where the new key has to wait, so that the preview tells it; a store that is repaired meanwhile gives the secret back.
#[tokio::test]
async fn a_secret_that_was_lost_is_taken_back_from_a_store_that_shows_it_again() {
    let cloud = cloud(2);
    let mut watch = left(&cloud, &["a"]).await;
    assert!(watch.up(&inputs("2")).await.is_done());
    let repaired = cloud.fork();
    cloud.delete_store("a");
    watch.stack.refresh(&cloud).await;
    watch.up(&inputs("2")).await;
    assert_eq!(current(&watch).secret_in, SecretPlace::Lost);
    assert!(state(&watch).deferred.is_some(), "the previous key has its overlap");
    let told = &state(&watch).warnings;
    assert!(told.iter().any(|warning| warning.contains("in no store of `deliveries`")), "{told:?}");
    assert_eq!(watch.stack.plan(&cloud, &inputs("2")).unwrap().mint, None, "it waits");
    let mut watch = watch.on(&repaired);
    watch.stack.refresh(&repaired).await;
    assert!(watch.up(&inputs("2")).await.is_done());
    assert_eq!((repaired.read_store("a"), repaired.keys().len()), (key("KEY0002"), 2));
    assert!(is_left(&watch));
}

#[tokio::test]
async fn another_shape_a_new_store_and_a_move_read_what_the_former_store_has() {
    let cloud = cloud(2);
    let mut watch = left(&cloud, &["a"]).await;
    cloud.reshape_store("a", "renamed");
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "read", "stage", "promote"]);
    watch.stack.set_stores(&["a", "b"]);
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "head", "read", "stage", "promote"]);
    watch.stack.set_stores(&["c"]);
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    let told = told(&cloud, since);
    assert_eq!(told[3..], ["read", "stage", "promote", "remove", "remove"]);
    assert_eq!((cloud.read_store("c"), state(&watch).generation), (key("KEY0001"), 1));
    assert!(is_left(&watch));
}

/// Only a store in the shape that it was written in can be read.
#[tokio::test]
async fn a_store_that_gives_nothing_back_is_never_read() {
    let cloud = with(&["b"], &[]);
    let mut watch = left(&cloud, &["a", "b"]).await;
    cloud.delete_store("a");
    watch.stack.refresh(&cloud).await;
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since).iter().filter(|call| *call == "read").count(), 1, "that of the deleted entry");
    assert_eq!((cloud.read_store("a"), cloud.read_store("b")), (key("KEY0002"), key("KEY0002")));
}

#[tokio::test]
async fn a_change_of_the_input_takes_the_secret_out_of_the_state_and_back() {
    let cloud = cloud(2);
    let mut watch = Watch::new(&cloud, Life::OVERLAP);
    watch.stack.set_stores(&["a"]);
    assert!(watch.up(&inputs("1")).await.is_done());
    assert!(current(&watch).has_secret());
    watch.stack.set_keeps_secret(false);
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head"]);
    assert!(is_left(&watch));
    watch.stack.set_keeps_secret(true);
    assert_eq!(watch.stack.plan(&cloud, &inputs("1")).unwrap().recall.len(), 1);
    assert!(watch.up(&inputs("1")).await.is_done());
    assert!(current(&watch).has_secret() && current(&watch).secret_in == SecretPlace::State);
}

#[tokio::test]
async fn where_no_store_gives_it_back_the_next_rotation_does_and_that_is_said() {
    let cloud = with(&["b"], &[]);
    let mut watch = left(&cloud, &["a", "b"]).await;
    watch.stack.set_stores(&["b"]);
    watch.stack.set_keeps_secret(true);
    cloud.delete_store("a");
    assert!(watch.up(&inputs("1")).await.is_done());
    let told = &state(&watch).warnings;
    assert!(told.iter().any(|warning| warning.contains("until the next rotation")), "{told:?}");
    assert!(watch.up(&inputs("1")).await.is_quiet());
    assert!(watch.up(&inputs("2")).await.is_done());
    assert!(current(&watch).has_secret());
}

#[tokio::test]
async fn a_store_that_does_not_answer_stops_the_run_and_no_key_is_made() {
    let cloud = cloud(3);
    let mut watch = left(&cloud, &["a"]).await;
    cloud.edit_store("a");
    watch.stack.refresh(&cloud).await;
    fails(&cloud, &watch, "1", ("read", 0), Fault::Before).await;
    assert!(matches!(watch.up(&inputs("1")).await, Outcome::Failed(_)));
    assert_eq!((cloud.keys().len(), current(&watch).secret_in), (1, SecretPlace::Stores));
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(cloud.read_store("a"), key("KEY0001"));
}

/// What was read back to be delivered again is not saved by a run that then fails.
#[tokio::test]
async fn a_secret_that_was_read_back_does_not_stay_in_the_state_of_a_failed_run() {
    let cloud = cloud(3);
    let mut watch = left(&cloud, &["a"]).await;
    cloud.edit_store("a");
    watch.stack.refresh(&cloud).await;
    fails(&cloud, &watch, "1", ("stage", 0), Fault::Before).await;
    assert!(matches!(watch.up(&inputs("1")).await, Outcome::Failed(_)));
    assert!(is_left(&watch));
    assert!(watch.up(&inputs("1")).await.is_done());
}

/// Where a staged key is gone from the only store that had its secret, another one is made.
#[tokio::test]
async fn a_pending_key_whose_secret_is_lost_is_given_up() {
    let cloud = cloud(3);
    let mut watch = left(&cloud, &["a", "b"]).await;
    fails(&cloud, &watch, "2", ("stage", 1), Fault::Before).await;
    assert!(matches!(watch.up(&inputs("2")).await, Outcome::Failed(_)));
    cloud.delete_store("a");
    assert!(watch.up(&inputs("2")).await.is_done());
    assert_eq!((cloud.read_store("a"), cloud.read_store("b")), (key("KEY0003"), key("KEY0003")));
    assert!(!cloud.keys().contains(&key("KEY0002").unwrap()) && is_left(&watch));
}

#[tokio::test]
async fn what_a_store_gives_back_of_another_key_is_not_taken() {
    let cloud = cloud(3);
    let mut watch = left(&cloud, &["a"]).await;
    cloud.mix_up_store("a");
    watch.stack.set_stores(&["a", "b"]);
    // Its consumers read what the trial put there, so what they read is not watched.
    assert!(watch.stack.up(&cloud, &inputs("1")).await.is_done());
    assert_eq!((cloud.read_store("b"), state(&watch).generation), (key("KEY0002"), 2));
}

/// The next run comes at once, and reads the store as it stood before.
#[tokio::test]
async fn a_secret_is_not_lost_because_a_store_is_read_late() {
    let rules =
        InMemoryRules { stores_after: SignedDuration::from_secs(10), ..InMemoryRules::like_aws(Default::default()) };
    let cloud = InMemoryCloud::new(rules, ManualClock::new(START));
    let mut watch = Watch::new(&cloud, Life::OVERLAP);
    watch.stack.set_stores(&["a"]);
    watch.stack.set_keeps_secret(false);
    fails(&cloud, &watch, "1", ("promote", 0), Fault::Before).await;
    assert!(matches!(watch.up(&inputs("1")).await, Outcome::Failed(_)));
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!((cloud.read_store("a"), current(&watch).id.clone()), (key("KEY0001"), key("KEY0001").unwrap()));
}
