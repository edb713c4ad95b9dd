//! A state that is older than reality, and a run that died before its state was saved.

use super::*;

/// `up`; an older state is put back; `up`, or a refresh and `up`: the key that a consumer has is superseded, never removed at once.
#[tokio::test]
async fn lesson_a1_a_key_in_use_outlives_a_state_that_is_older() {
    for (name, rules) in systems() {
        for refreshes in [false, true] {
            for back in ["1", "2"] {
                let cloud = on(rules.clone());
                let mut watch = Watch::new(&cloud, DAY);
                watch.up(&inputs("1")).await;
                let older = watch.stack.clone();
                watch.rig.clock().advance(HOUR);
                watch.up(&inputs("2")).await;
                let second = held(&watch);
                watch.stack.put_back(&older);
                watch.rig.clock().advance(HOUR);
                if refreshes || back == "1" {
                    watch.stack.refresh(watch.rig).await;
                    assert!(state(&watch).unrecorded.iter().any(|key| key.id == second), "{name}: a refresh notes it");
                }
                let outcome = watch.up(&inputs(back)).await;
                assert!(outcome.is_done(), "{name} {back}: {outcome:?}");
                assert!(cloud.works(&second), "{name} {back}: what a consumer has works");
                settle(&mut watch, &inputs(back), DAY * 5).await;
                assert_ne!(held(&watch), second, "{name}: dependents were given a new key");
                assert!(cloud.works(&held(&watch)));
                watch.destroyed().await;
            }
        }
    }
}

#[tokio::test]
async fn lesson_a1_two_rotations_and_the_first_state_put_back() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        let older = watch.stack.clone();
        for keeper in ["2", "3"] {
            watch.rig.clock().advance(DAY * 3);
            settle(&mut watch, &inputs(keeper), DAY * 3).await;
        }
        let third = held(&watch);
        watch.stack.put_back(&older);
        // The state's only key is gone; at the quota the run names the others, and use decides after the quiet period.
        let outcome = watch.up(&inputs("3")).await;
        assert!(cloud.works(&third), "{name}: {outcome:?}");
        if name == "oci" && state(&watch).deferred.is_some() {
            // Where use is not told a person chooses, and the run says how.
            let warnings = &state(&watch).warnings;
            assert!(warnings.iter().any(|text| text.contains("`adopt`") && text.contains(&third.0)), "{warnings:?}");
            continue;
        }
        settle(&mut watch, &inputs("3"), DAY * 5).await;
        watch.destroyed().await;
    }
}

/// The verification fails, the next run promotes the key, keepers rotate again; then the state that holds the key as pending is put back.
#[tokio::test]
async fn lesson_a1_a_pending_key_of_an_older_state_is_not_removed() {
    for (name, rules) in systems() {
        for wanted in ["1", "2"] {
            let cloud = on(rules.clone());
            let mut watch = Watch::new(&cloud, DAY);
            fail_verification(&cloud, &mut watch, &inputs("1")).await;
            let older = watch.stack.clone();
            assert!(state(&watch).pending.is_some(), "{name}: the key is pending");
            watch.up(&inputs("1")).await;
            watch.rig.clock().advance(HOUR);
            watch.up(&inputs("2")).await;
            let second = held(&watch);
            watch.stack.put_back(&older);
            let outcome = watch.up(&inputs(wanted)).await;
            assert!(cloud.works(&second), "{name}: {outcome:?}");
            settle(&mut watch, &inputs(wanted), DAY * 5).await;
            watch.destroyed().await;
        }
    }
}

/// The new key cannot be tried, so the run saves it as pending.
async fn fail_verification(cloud: &InMemoryCloud, watch: &mut Watch<'_>, args: &RotationArgs) {
    cloud.set_probe_fails(true);
    let outcome = watch.up(args).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    cloud.set_probe_fails(false);
}

#[tokio::test]
async fn lesson_a1_a_state_that_forgot_its_keys_removes_none() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        let first = held(&watch);
        watch.stack.forget_keys();
        watch.rig.clock().advance(HOUR);
        let outcome = watch.up(&inputs("1")).await;
        assert!(outcome.is_done() && cloud.works(&first), "{name}: {outcome:?}");
        assert_ne!(held(&watch), first, "{name}");
        cloud.clock().advance(DAY * 2);
        settle(&mut watch, &inputs("1"), DAY * 5).await;
        assert!(!cloud.works(&first), "{name}: it left after the overlap");
        watch.destroyed().await;
    }
}

/// A run promotes a key and dies before the engine saves; `destroy` then removes it.
#[tokio::test]
async fn lesson_a1_c4_a_key_of_a_dead_run_does_not_outlive_destroy() {
    for (name, rules) in systems() {
        for first in [true, false] {
            let cloud = on(rules.clone());
            let mut watch = Watch::new(&cloud, DAY);
            let wanted = if first {
                inputs("1")
            } else {
                watch.up(&inputs("1")).await;
                inputs("2")
            };
            die_last(&cloud, &mut watch, &wanted).await;
            if first {
                // Nothing is recorded, so the next run is a Create of another instance.
                watch.rig.clock().advance(HOUR);
                watch.up(&wanted).await;
            }
            watch.rig.clock().advance(HOUR);
            watch.stack.refresh(watch.rig).await;
            watch.destroyed().await;
            assert_eq!((cloud.keys().len(), cloud.marks()), (0, 0), "{name}, first {first}");
        }
    }
}

/// The run dies in its last call, after that was done.
async fn die_last(cloud: &InMemoryCloud, watch: &mut Watch<'_>, args: &RotationArgs) {
    let calls = calls_of(cloud, watch, args).await.len();
    cloud.inject(cloud.calls().len() + calls - 1, Fault::DieAfter);
    let outcome = watch.up(args).await;
    assert!(matches!(outcome, Outcome::Died), "{outcome:?}");
}

#[tokio::test]
async fn lesson_a1_a_death_before_the_save_costs_a_delay_and_no_outage() {
    for (name, rules) in systems() {
        for back in ["1", "2"] {
            let cloud = on(rules.clone());
            let mut watch = Watch::new(&cloud, DAY);
            watch.up(&inputs("1")).await;
            die_last(&cloud, &mut watch, &inputs("2")).await;
            watch.rig.clock().advance(DAY / 2);
            watch.stack.refresh(watch.rig).await;
            settle(&mut watch, &inputs(back), DAY * 5).await;
            assert!(cloud.works(&held(&watch)), "{name}");
            watch.destroyed().await;
        }
    }
}

/// Each copy supersedes what the other made, but not more than twice in an overlap, and neither removes what the other's dependents use.
#[tokio::test]
async fn lesson_a1_two_live_copies_of_a_stack_do_not_remove_each_others_keys() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut one = Watch::new(&cloud, DAY);
        one.up(&inputs("1")).await;
        let mut two = one.clone();
        one.up(&inputs("2")).await;
        let before = cloud.calls().len();
        for _ in 0..6 {
            cloud.clock().advance(HOUR * 2);
            for watch in [&mut one, &mut two] {
                watch.stack.refresh(watch.rig).await;
                watch.up(&inputs("2")).await;
            }
            for watch in [&one, &two] {
                assert!(cloud.works(&held(watch)), "{name}: {:#?}", watch.stack.state());
            }
        }
        let calls = cloud.calls();
        let mints = calls[before..].iter().filter(|call| *call == "mint").count();
        assert!(mints <= 4, "{name}: {mints} keys in half a day");
        let warned =
            [&one, &two].iter().any(|watch| state(watch).warnings.iter().any(|text| text.contains("second copy")));
        assert!(warned || name == "aws", "{name}: a second copy is suspected");
    }
}

/// A mint without a record, and keepers that went back: the key was given to nobody and goes at once.
#[tokio::test]
async fn lesson_a1_a_key_that_nobody_was_given_goes_at_once() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        let first = held(&watch);
        let mint = next_mint(&cloud, &watch, &inputs("2")).await;
        cloud.inject(mint, Fault::DieAfter);
        assert!(matches!(watch.up(&inputs("2")).await, Outcome::Died));
        watch.rig.clock().advance(MINUTE * 2);
        watch.stack.refresh(watch.rig).await;
        assert!(watch.up(&inputs("1")).await.is_done(), "{name}: the refresh noted it");
        assert_eq!(cloud.keys(), [first], "{name}");
        assert!(watch.up(&inputs("1")).await.is_quiet());
    }
}

/// What is removed because the picture may be wrong goes after the new key is proven.
#[tokio::test]
async fn lesson_a2_nothing_promoted_is_removed_before_the_new_key_is_proven() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&inputs("1")).await;
        let older = watch.stack.clone();
        watch.rig.clock().advance(DAY * 2);
        watch.up(&inputs("2")).await;
        watch.stack.put_back(&older);
        let before = cloud.calls().len();
        watch.up(&inputs("3")).await;
        let calls = cloud.calls();
        let calls = &calls[before..];
        let proven = calls.iter().rposition(|call| call == "verify").unwrap_or(0);
        let removed = calls.iter().position(|call| call == "retire");
        assert!(removed.is_none_or(|removed| removed > proven), "{name}: {calls:?}");
    }
}

/// A copy of the stack whose dependents went back to the first key, and a state that then forgot which one is current: at the quota the key that
/// nobody used for an overlap makes room for the one that replaces both.
#[tokio::test]
async fn lesson_a1_a_state_that_forgot_its_keys_is_not_stuck_at_the_quota() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    watch.stack.set_lags(true);
    watch.up(&inputs("1")).await;
    watch.stack.set_lags(false);
    let older = watch.stack.clone();
    watch.up(&inputs("2")).await;
    watch.rig.clock().advance(SECOND);
    watch.put_back(&older);
    watch.up(&inputs("2")).await;
    watch.forget_keys();
    let in_use = held(&watch);
    watch.rig.clock().advance(DAY * 3);
    watch.stack.refresh(watch.rig).await;
    watch.until_over(&inputs("2"), HOUR * 12).await;
    assert!(held(&watch) != in_use && cloud.works(&held(&watch)));
    watch.destroyed().await;
}
