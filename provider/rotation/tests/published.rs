//! Keys that users publish from the outputs, on the reference system: what it accepts follows each run that ended well.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Rig, Watch};
use rotation::{KeyId, KeyState, RotationArgs};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

fn cloud() -> InMemoryCloud {
    InMemoryCloud::new(InMemoryRules::like_key_sets(), ManualClock::new(START))
}

fn state<'a>(watch: &'a Watch<'_>) -> &'a KeyState {
    watch.stack.state().unwrap()
}

fn current(watch: &Watch<'_>) -> KeyId {
    state(watch).current.as_ref().unwrap().id.clone()
}

fn pending(watch: &Watch<'_>) -> Option<KeyId> {
    state(watch).pending.as_ref().map(|key| key.id.clone())
}

async fn done(watch: &mut Watch<'_>, wanted: &RotationArgs) {
    let outcome = watch.up(wanted).await;
    assert!(outcome.is_done(), "{outcome:?}");
}

fn warned(watch: &Watch<'_>, id: &KeyId, words: &str) -> bool {
    state(watch).warnings.iter().any(|warning| warning.contains(&id.0) && warning.contains(words))
}

#[tokio::test]
async fn a_new_key_is_published_then_proven_then_used() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    done(&mut watch, &Life::inputs("1", false)).await;
    let first = current(&watch);
    assert!(state(&watch).current.as_ref().unwrap().verified_at.is_none(), "nobody could have published it before");
    assert!(watch.up(&Life::inputs("1", false)).await.is_quiet() && cloud.works(&first));

    let (wanted, before) = (Life::inputs("2", false), cloud.calls().len());
    done(&mut watch, &wanted).await;
    let second = pending(&watch).unwrap();
    assert!(current(&watch) == first && cloud.works(&second) && warned(&watch, &second, "publish it"));
    assert!(!cloud.calls()[before..].contains(&"verify".to_owned()), "nobody waits for what cannot be yet");
    done(&mut watch, &wanted).await;
    assert!(current(&watch) == second && pending(&watch).is_none() && state(&watch).warnings.is_empty());
    assert!(state(&watch).current.as_ref().unwrap().verified_at.is_some());
    assert!(watch.up(&wanted).await.is_quiet() && cloud.works(&first));
}

#[tokio::test]
async fn an_old_key_is_published_no_more_then_refused_then_gone() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    done(&mut watch, &Life::inputs("1", false)).await;
    let (first, wanted) = (current(&watch), Life::inputs("2", false));
    watch.until_quiet(&wanted).await;
    cloud.clock().advance(DAY + HOUR * 2);
    done(&mut watch, &wanted).await;
    assert!(state(&watch).is_withdrawn(&first) && state(&watch).previous().is_none());
    assert!(
        cloud.works(&first) && warned(&watch, &first, "remove it from the published key set"),
        "the system remembers it"
    );
    done(&mut watch, &wanted).await;
    assert!(!cloud.works(&first) && cloud.keys() == [current(&watch)] && state(&watch).warnings.is_empty());
    assert!(watch.up(&wanted).await.is_quiet());
}

/// As long as nobody publishes nothing is lost, nothing fails, and what is to be done is said.
#[tokio::test]
async fn what_is_not_published_waits() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    done(&mut watch, &Life::inputs("1", false)).await;
    let (first, wanted) = (current(&watch), Life::inputs("2", false));
    cloud.ignore_users(true);
    done(&mut watch, &wanted).await;
    let second = pending(&watch).unwrap();
    for _ in 0..6 {
        done(&mut watch, &wanted).await;
        assert!(current(&watch) == first && pending(&watch).as_ref() == Some(&second));
        assert!(warned(&watch, &second, "publish it"));
    }
    cloud.ignore_users(false);
    watch.until_quiet(&wanted).await;
    assert_eq!(current(&watch), second);

    cloud.ignore_users(true);
    cloud.clock().advance(DAY + HOUR * 2);
    for _ in 0..6 {
        done(&mut watch, &wanted).await;
        assert!(cloud.works(&first) && warned(&watch, &first, "remove it from the published key set"));
    }
    cloud.ignore_users(false);
    watch.until_quiet(&wanted).await;
    assert!(!cloud.works(&first));
}

#[tokio::test]
async fn a_revoked_key_goes_when_its_successor_is_proven() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    done(&mut watch, &Life::inputs("1", false)).await;
    let (first, wanted) = (current(&watch), Life::revoking("1", "leak"));
    done(&mut watch, &wanted).await;
    assert!(current(&watch) == first && cloud.works(&first), "no successor is accepted yet");
    done(&mut watch, &wanted).await;
    assert!(current(&watch) != first && state(&watch).is_withdrawn(&first));
    done(&mut watch, &wanted).await;
    assert!(!cloud.works(&first) && watch.up(&wanted).await.is_quiet());
}

#[tokio::test]
async fn a_new_key_that_nobody_wants_any_more_is_withdrawn() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    done(&mut watch, &Life::inputs("1", false)).await;
    let first = current(&watch);
    done(&mut watch, &Life::inputs("2", false)).await;
    let second = pending(&watch).unwrap();
    done(&mut watch, &Life::inputs("1", false)).await;
    assert!(current(&watch) == first && pending(&watch).is_none() && state(&watch).is_withdrawn(&second));
    watch.until_quiet(&Life::inputs("1", false)).await;
    assert!(current(&watch) == first && !cloud.works(&second));
}

#[tokio::test]
async fn without_verification_nothing_waits() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    let inputs = |keeper| RotationArgs { verification: None, ..Life::inputs(keeper, false) };
    done(&mut watch, &inputs("1")).await;
    let first = current(&watch);
    done(&mut watch, &inputs("2")).await;
    assert!(current(&watch) != first && cloud.works(&first) && cloud.works(&current(&watch)));
}

/// Every call of every life, failed in every way; then plain runs until one has nothing to do.
#[tokio::test]
async fn whatever_fails_ends_well() {
    let mut cases = 0;
    for life in Life::of(&InMemoryRules::like_key_sets().capability) {
        let calls = {
            let cloud = cloud();
            let mut watch = Watch::new(&cloud, life.overlap());
            let wanted = life.prepare(&mut watch).await;
            let before = cloud.calls().len();
            life.run(&mut watch, &wanted).await;
            cloud.calls().len() - before
        };
        for (call, fault) in (0..calls).flat_map(|call| Fault::ALL.map(|fault| (call, fault))) {
            let cloud = cloud();
            let mut watch = Watch::new(&cloud, life.overlap());
            let wanted = life.prepare(&mut watch).await;
            cloud.inject(cloud.calls().len() + call, fault);
            life.run(&mut watch, &wanted).await;
            assert_eq!(cloud.unfired(), 0, "{life:?} {call} {fault:?}");
            cases += 1;
            if life.is_drift() {
                watch.stack.refresh(&cloud).await;
            }
            if life != Life::Delete {
                watch.until_quiet(&wanted).await;
            }
            watch.destroyed().await;
        }
    }
    assert!(cases > 100, "{cases} cases");
}

/// A new key of a run that failed was offered to nobody: another one takes its place without an overlap.
#[tokio::test]
async fn a_new_key_that_no_answer_offered_is_promised_nothing() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    for (keeper, call, fault) in [("1", 2, Fault::Before), ("2", 1, Fault::Hang), ("2", 0, Fault::Before)] {
        cloud.inject(cloud.calls().len() + call, fault);
        watch.up(&Life::inputs(keeper, false)).await;
        assert_eq!(cloud.unfired(), 0, "{keeper} {call} {fault:?}");
    }
    watch.until_quiet(&Life::inputs("2", false)).await;
    assert_eq!(cloud.keys(), [current(&watch)]);
    watch.destroyed().await;
}
