//! Keys that end by themselves unless a run asks for more time, on the reference system.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Rig, Watch};
use rotation::{KeyId, RotationInputs};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn cloud(grant: SignedDuration) -> InMemoryCloud {
    let clock = ManualClock::new("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
    InMemoryCloud::new(InMemoryRules::like_leases(grant), clock)
}

fn current(watch: &Watch<'_>) -> KeyId {
    watch.stack.state().unwrap().current.clone().unwrap().id
}

fn renewals(cloud: &InMemoryCloud) -> usize {
    cloud.calls().iter().filter(|call| *call == "renew").count()
}

#[tokio::test]
async fn a_key_is_renewed_once_half_of_its_grant_is_over() {
    let cloud = cloud(DAY * 20);
    let mut watch = Watch::new(&cloud, DAY);
    let wanted = Life::inputs("1", true);
    assert!(watch.up(&wanted).await.is_done());
    let first = current(&watch);
    cloud.clock().advance(DAY * 9);
    assert!(watch.up(&wanted).await.is_quiet(), "not before half of the grant is over");
    cloud.clock().advance(DAY * 2);
    assert!(watch.up(&wanted).await.is_done());
    assert_eq!((renewals(&cloud), current(&watch)), (1, first.clone()));
    assert!(watch.up(&wanted).await.is_quiet(), "it has time again");
    cloud.clock().advance(DAY * 11);
    assert!(watch.up(&wanted).await.is_done());
    assert!(cloud.works(&first), "it works beyond its first grant");
}

#[tokio::test]
async fn a_key_that_has_time_enough_is_never_renewed() {
    let cloud = cloud(DAY * 40);
    let mut watch = Watch::new(&cloud, DAY);
    let wanted = Life::inputs("1", true);
    assert!(watch.up(&wanted).await.is_done());
    cloud.clock().advance(DAY * 25);
    assert!(watch.up(&wanted).await.is_quiet());
    cloud.clock().advance(DAY * 6);
    assert!(watch.up(&wanted).await.is_done(), "the period rotates");
    assert_eq!(renewals(&cloud), 0);
}

#[tokio::test]
async fn a_superseded_key_is_renewed_for_its_overlap() {
    let cloud = cloud(HOUR * 8);
    let mut watch = Watch::new(&cloud, DAY);
    assert!(watch.up(&Life::inputs("1", false)).await.is_done());
    let first = current(&watch);
    assert!(watch.up(&Life::inputs("2", false)).await.is_done());
    for _ in 0..4 {
        cloud.clock().advance(HOUR * 5);
        assert!(watch.up(&Life::inputs("2", false)).await.is_done());
        assert!(cloud.works(&first) && cloud.works(&current(&watch)));
    }
    cloud.clock().advance(HOUR * 7);
    assert!(watch.up(&Life::inputs("2", false)).await.is_done());
    assert_eq!(cloud.keys(), [current(&watch)], "its overlap is over");
}

/// Nothing but time has passed, and nobody refreshed.
#[tokio::test]
async fn a_key_that_has_ended_is_replaced() {
    let cloud = cloud(DAY * 2);
    let mut watch = Watch::new(&cloud, DAY);
    let wanted = Life::inputs("1", false);
    assert!(watch.up(&wanted).await.is_done());
    let first = current(&watch);
    cloud.clock().advance(DAY * 3);
    assert!(watch.up(&wanted).await.is_done());
    assert_ne!(current(&watch), first);
    watch.until_quiet(&wanted).await;
    watch.destroyed().await;
}

#[tokio::test]
async fn a_renewal_without_an_answer_is_made_again() {
    for fault in Fault::ALL {
        let cloud = cloud(DAY * 20);
        let mut watch = Watch::new(&cloud, DAY);
        let wanted = Life::inputs("1", true);
        assert!(watch.up(&wanted).await.is_done());
        let first = current(&watch);
        cloud.clock().advance(DAY * 11);
        // The run looks twice at what is there, and then asks.
        cloud.inject(cloud.calls().len() + 2, fault);
        assert!(!watch.up(&wanted).await.is_quiet());
        assert_eq!((cloud.unfired(), renewals(&cloud)), (0, 1), "{fault:?}");
        watch.until_quiet(&wanted).await;
        assert_eq!(current(&watch), first, "{fault:?}");
    }
}

#[test]
fn a_key_that_lists_do_not_show_cannot_be_adopted() {
    let inputs: RotationInputs = serde_json::from_value(serde_json::json!({"adopt": {"id": "x"}})).unwrap();
    let problems = inputs.parse(&InMemoryRules::like_leases(DAY).capability).unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.property.as_str()).collect::<Vec<_>>(), ["adopt"]);
}
