//! States that are older than what consumers read in a store.

use jiff::SignedDuration;
use rotation::testing::{InMemoryCloud, InMemoryRules, ManualClock, Rig, Watch};
use rotation::{Retirement, RotationArgs};

use super::{DAY, START, cloud, created, inputs, key, told};

/// Nothing that is older than what consumers read is written over it.
#[tokio::test]
async fn an_older_state_never_takes_a_newer_key_out_of_a_store() {
    let cloud = cloud(9);
    let mut watch = created(&cloud, &["a"]).await;
    let older = watch.stack.clone();
    assert!(watch.up(&inputs("2")).await.is_done());
    cloud.clock().advance(DAY);
    watch.put_back(&older);
    watch.stack.refresh(&cloud).await;
    let since = cloud.calls().len();
    assert!(watch.up(&inputs("1")).await.is_done());
    assert_eq!(told(&cloud, since), ["head", "read"]);
    assert_eq!(cloud.read_store("a"), key("KEY0002"));
    watch.until_quiet(&inputs("1")).await;
}

/// No list need show the newer key yet.
#[tokio::test]
async fn a_store_that_is_ahead_of_lists_is_left_alone_until_they_are_right() {
    let cloud = InMemoryCloud::new(InMemoryRules::like_aws(SignedDuration::from_secs(20)), ManualClock::new(START));
    let mut watch = created(&cloud, &["a"]).await;
    let older = watch.stack.clone();
    assert!(watch.up(&inputs("2")).await.is_done());
    watch.put_back(&older);
    watch.stack.set_stores(&["a", "b"]);
    let since = cloud.calls().len();
    watch.up(&inputs("1")).await;
    let calls = told(&cloud, since);
    let read = calls.iter().position(|call| call == "read").unwrap();
    assert!(!calls[..read].iter().any(|call| call == "stage" || call == "promote"), "{calls:?}");
    assert_eq!((cloud.read_store("a"), cloud.read_store("b")), (key("KEY0002"), key("KEY0002")));
}

fn opaque() -> InMemoryCloud {
    let rules = InMemoryRules { stores_are_opaque: true, ..InMemoryRules::like_aws(SignedDuration::ZERO) };
    InMemoryCloud::new(rules, ManualClock::new(START))
}

/// A state that has taken the newer key out of the program's hands; its use is told, and nobody uses it.
async fn behind(cloud: &InMemoryCloud) -> (Watch<'_>, RotationArgs) {
    let retirement = Retirement { quiet_period: Some(SignedDuration::from_hours(12)), ..Retirement::default() };
    let args = |keeper| RotationArgs { retirement, ..inputs(keeper) };
    let mut watch = Watch::new(cloud, SignedDuration::from_hours(24));
    watch.stack.set_stores(&["a"]);
    assert!(watch.up(&args("1")).await.is_done());
    cloud.clock().advance(DAY);
    let older = watch.stack.clone();
    assert!(watch.up(&args("2")).await.is_done());
    cloud.clock().advance(DAY);
    watch.put_back(&older);
    watch.stack.refresh(cloud).await;
    (watch, args("1"))
}

#[tokio::test]
async fn a_key_that_consumers_of_a_store_read_makes_no_room() {
    let cloud = opaque();
    let (mut watch, args) = behind(&cloud).await;
    for _ in 0..3 {
        cloud.clock().advance(DAY);
        // The stack runs by itself, as nobody but the store's consumers has the newer key, and they are asleep.
        watch.stack.up(&cloud, &args).await;
        assert!(cloud.read_store("a") == key("KEY0002") && cloud.keys().len() == 2, "{:?}", cloud.keys());
    }
}

#[tokio::test]
async fn a_state_that_is_behind_hands_its_key_to_no_store() {
    let cloud = opaque();
    let (mut watch, args) = behind(&cloud).await;
    watch.stack.set_stores(&["a", "b"]);
    watch.stack.up(&cloud, &args).await;
    assert_eq!((cloud.read_store("a"), cloud.read_store("b")), (key("KEY0002"), None));
}
