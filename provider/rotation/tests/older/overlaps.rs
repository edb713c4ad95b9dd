//! The overlap: dependents that were not updated, rotations that wait for a place, revocations.

use super::*;

/// A dependent whose update failed goes on using the old key. Where use is told, the key stays and each run says who keeps it.
#[tokio::test]
async fn lesson_a3_a_dependent_that_was_not_updated_keeps_its_key() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&inputs("1")).await;
    let first = held(&watch);
    watch.stack.set_lags(true);
    watch.up(&inputs("2")).await;
    for _ in 0..3 {
        watch.rig.clock().advance(DAY + HOUR * 2);
        assert!(watch.up(&inputs("2")).await.is_done());
        assert!(cloud.works(&first), "it is in use");
        let warnings = &state(&watch).warnings;
        assert!(warnings.iter().any(|text| text.contains(&first.0) && text.contains("last used")), "{warnings:?}");
    }
    watch.stack.set_lags(false);
    watch.up(&inputs("2")).await;
    assert_ne!(held(&watch), first, "the repaired run updates the dependent first");
    watch.rig.clock().advance(HOUR * 13);
    watch.up(&inputs("2")).await;
    assert!(!cloud.works(&first), "quiet for half an overlap");
}

/// Dependents that are not updated (`--target`, `--exclude`, a failed update, a stack that runs later) have the whole overlap.
#[tokio::test]
async fn lesson_a10_dependents_that_are_updated_within_the_overlap_never_lose_their_key() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        let first = held(&watch);
        watch.stack.set_lags(true);
        watch.up(&inputs("2")).await;
        watch.rig.clock().advance(HOUR * 23);
        watch.up(&inputs("2")).await;
        assert!(held(&watch) == first && cloud.works(&first), "{name}: its overlap is not over");
        watch.stack.set_lags(false);
        watch.up(&inputs("2")).await;
        assert!(held(&watch) != first && cloud.works(&held(&watch)), "{name}: it has the current key");
        watch.rig.clock().advance(HOUR * 26);
        watch.up(&inputs("2")).await;
        assert!(!cloud.works(&first), "{name}: nobody uses it any more");
    }
}

/// `retirement.confirmedGeneration`: previous keys go once the program says that consumers are on the current one.
#[tokio::test]
async fn lesson_a3_previous_keys_stay_until_their_successor_is_confirmed() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        let confirmed = |keeper: &str, generation| {
            let retirement = Retirement { confirmed_generation: Some(generation), ..Retirement::default() };
            RotationArgs { retirement, ..Life::inputs(keeper, false) }
        };
        watch.up(&confirmed("1", 1)).await;
        let first = held(&watch);
        watch.up(&confirmed("2", 1)).await;
        watch.rig.clock().advance(DAY * 9);
        assert!(watch.up(&confirmed("2", 1)).await.is_quiet(), "{name}: unconfirmed is no work left over");
        assert!(cloud.works(&first), "{name}");
        assert!(watch.up(&confirmed("2", 3)).await.is_done(), "{name}: the input changed");
        assert!(cloud.works(&first), "{name}: a number above the generation confirms nothing");
        assert!(state(&watch).warnings.iter().any(|text| text.contains("above the current generation")), "{name}");
        assert!(watch.up(&confirmed("2", 2)).await.is_done(), "{name}");
        assert!(!cloud.works(&first), "{name}: confirmed");
        assert!(watch.up(&confirmed("2", 2)).await.is_quiet(), "{name}");
    }
}

/// A rotation that has to wait for our own key is deferred: the run succeeds, says until when, and a later one rotates.
#[tokio::test]
async fn lesson_a9_a_rotation_within_the_overlap_waits_and_does_not_fail() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    watch.rig.clock().advance(HOUR);
    watch.up(&Life::inputs("2", false)).await;
    let second = held(&watch);
    let keys = cloud.keys();
    let until = watch.rig.clock().now();
    watch.rig.clock().advance(HOUR);
    let wanted = Life::inputs("3", false);
    for _ in 0..3 {
        assert!(watch.up(&wanted).await.is_done());
        assert_eq!(
            (cloud.keys(), held(&watch)),
            (keys.clone(), second.clone()),
            "nothing changes, and dependents stay quiet"
        );
        let deferred = state(&watch).deferred.clone().unwrap();
        assert_eq!(deferred.cause, Cause::KeepersChanged);
        assert!(
            deferred.until.unwrap() >= until + DAY && deferred.until.unwrap() <= until + DAY + MINUTE,
            "{deferred:?}"
        );
        let warnings = &state(&watch).warnings;
        assert!(warnings.iter().any(|text| text.contains(&keys[0].0) && text.contains("rotates")), "{warnings:?}");
        watch.rig.clock().advance(HOUR);
    }
    watch.rig.clock().advance(DAY);
    assert!(watch.up(&wanted).await.is_done());
    assert_ne!(held(&watch), second, "after its time the next run rotates");
    assert_eq!(state(&watch).deferred, None);
    settle(&mut watch, &wanted, DAY * 2).await;
}

#[tokio::test]
async fn lesson_a9_a_deferred_rotation_that_is_wanted_no_more_is_forgotten() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    watch.up(&Life::inputs("2", false)).await;
    watch.up(&Life::inputs("3", false)).await;
    assert!(state(&watch).deferred.is_some());
    assert!(watch.up(&Life::inputs("2", false)).await.is_done());
    assert_eq!(state(&watch).deferred, None);
    assert!(watch.up(&Life::inputs("2", false)).await.is_quiet());
}

/// Keys of strangers at the quota fail as ever: waiting would not help.
#[tokio::test]
async fn lesson_a9_strangers_at_the_quota_are_no_reason_to_wait() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    watch.rig.clock().advance(HOUR);
    watch.stranger();
    let Outcome::Failed(error) = watch.up(&Life::inputs("2", false)).await else { panic!("the run fails") };
    assert!(error.message.contains("not ours"), "{error}");
}

/// With more strangers than the quota, removing the current key would make no room, so it stays.
#[tokio::test]
async fn lesson_a6_a_revocation_removes_nothing_that_makes_no_room() {
    let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
    rules.capability.quota = Some(4);
    let cloud = on(rules);
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    let first = held(&watch);
    watch.rig.clock().advance(HOUR);
    (0..3).for_each(|_| drop(watch.stranger()));
    let mut lower = InMemoryRules::like_aws(SignedDuration::ZERO);
    lower.capability.quota = Some(3);
    let lowered = cloud.with_rules(lower);
    let mut watch = watch.on(&lowered);
    let Outcome::Failed(_) = watch.up(&Life::revoking("1", "leak")).await else { panic!("the run fails") };
    assert!(lowered.works(&first), "it would have been for nothing");
}

/// An earlier instance's keys are superseded once the principal is taken over again, and leave after the overlap.
#[tokio::test]
async fn lesson_a7_keys_of_an_instance_that_was_let_go_leave_after_the_overlap() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut before = Watch::new(&cloud, DAY);
        before.up(&Life::inputs("1", false)).await;
        let first = held(&before);
        cloud.clock().advance(HOUR);
        // retainOnDelete: the stack forgets the resource, and nothing is called.
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&Life::inputs("1", false)).await;
        cloud.clock().advance(HOUR);
        watch.stack.refresh(watch.rig).await;
        assert!(cloud.works(&first), "{name}");
        cloud.clock().advance(DAY * 2);
        settle(&mut watch, &Life::inputs("1", false), DAY * 3).await;
        assert!(!cloud.works(&first), "{name}: {:#?}", watch.stack.state());
    }
}
