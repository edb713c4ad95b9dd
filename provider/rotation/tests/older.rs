//! States that are older than reality, dependents that were not updated, marks that lag: nothing that may be in use is removed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Outcome, Rig, Stack, Watch};
use rotation::{Cause, Clock, KeyId, KeyState, Retirement, RotationArgs};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn clock() -> ManualClock {
    ManualClock::new("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap())
}

fn on(rules: InMemoryRules) -> InMemoryCloud {
    InMemoryCloud::new(rules, clock())
}

/// Two keys, use told; three keys, use not told; marks on the keys, no quota.
fn systems() -> [(&'static str, InMemoryRules); 3] {
    [
        ("aws", InMemoryRules::like_aws(SignedDuration::ZERO)),
        ("oci", InMemoryRules::like_oci(SignedDuration::ZERO)),
        ("confluent", InMemoryRules::like_confluent()),
    ]
}

fn inputs(keeper: &str) -> RotationArgs {
    let retirement = Retirement { quiet_period: Some(HOUR * 12), ..Retirement::default() };
    RotationArgs { retirement, ..Life::inputs(keeper, false) }
}

fn state<'a>(watch: &'a Watch<'_>) -> &'a KeyState {
    watch.stack.state().unwrap()
}

fn held(watch: &Watch<'_>) -> KeyId {
    watch.stack.held().unwrap().clone()
}

/// Runs an hour apart, with dependents that use their key, until a run leaves nothing to do; as many as `longest` allows.
async fn settle(watch: &mut Watch<'_>, args: &RotationArgs, longest: SignedDuration) {
    let until = watch.rig.clock().now() + longest;
    loop {
        if watch.up(args).await.is_quiet() {
            break;
        }
        assert!(watch.rig.clock().now() < until, "liveness: {:#?}", watch.stack.state());
        watch.rig.clock().advance(HOUR);
    }
    watch.nothing_is_left_over();
}

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

/// The calls that the next run would make, led in another world.
async fn calls_of(cloud: &InMemoryCloud, watch: &Watch<'_>, args: &RotationArgs) -> Vec<String> {
    let plain = cloud.fork();
    watch.clone().on(&plain).up(args).await;
    plain.calls()
}

/// The number of the mint that the next run would make.
async fn next_mint(cloud: &InMemoryCloud, watch: &Watch<'_>, args: &RotationArgs) -> usize {
    let calls = calls_of(cloud, watch, args).await;
    cloud.calls().len() + calls.iter().position(|call| call == "mint").unwrap()
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

/// A rotation dies, the resource is renamed: the mark under its former name is ours with all that it says.
#[tokio::test]
async fn lesson_c2_a_death_and_then_another_name_leave_nothing() {
    for (name, rules) in systems() {
        let calls = {
            let cloud = on(rules.clone());
            let mut watch = Watch::new(&cloud, DAY);
            watch.up(&Life::inputs("1", false)).await;
            calls_of(&cloud, &watch, &Life::inputs("2", false)).await.len()
        };
        for call in 0..calls {
            for fault in [Fault::DieBefore, Fault::DieAfter] {
                for destroys in [false, true] {
                    let cloud = on(rules.clone());
                    let mut watch = Watch::new(&cloud, DAY);
                    watch.up(&Life::inputs("1", false)).await;
                    cloud.inject(cloud.calls().len() + call, fault);
                    watch.up(&Life::inputs("2", false)).await;
                    cloud.clock().advance(SECOND);
                    watch.stack = watch.stack.clone().renamed("stack/project/new-name");
                    if destroys {
                        watch.destroyed().await;
                        assert_eq!((cloud.keys().len(), cloud.marks()), (0, 0), "{name} {call} {fault:?}");
                        continue;
                    }
                    watch.stack.refresh(watch.rig).await;
                    let outcome = watch.up(&Life::inputs("2", false)).await;
                    assert!(!matches!(outcome, Outcome::Failed(_)), "{name} {call} {fault:?}: {outcome:?}");
                    cloud.clock().advance(DAY * 2);
                    settle(&mut watch, &Life::inputs("2", false), DAY * 3).await;
                    assert!(cloud.marks() <= cloud.keys().len().max(1), "{name} {call} {fault:?}");
                }
            }
        }
    }
}

/// The former mark goes on naming the dead run's key after that was removed; the key that takes its place takes its number too.
#[tokio::test]
async fn lesson_c2_a_key_that_nobody_was_given_costs_no_generation_under_another_name() {
    for (name, rules) in systems() {
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&Life::inputs("1", false)).await;
        let mint = next_mint(&cloud, &watch, &Life::inputs("2", false)).await;
        cloud.inject(mint + 1, Fault::DieAfter);
        assert!(matches!(watch.up(&Life::inputs("2", false)).await, Outcome::Died));
        watch.stack = watch.stack.clone().renamed("stack/project/new-name");
        let outcome = watch.up(&Life::inputs("2", false)).await;
        assert!(outcome.is_done(), "{name}: {outcome:?}");
        assert_eq!(state(&watch).generation, 2, "{name}");
    }
}

/// Marks are read some seconds late; a run begins right after a death.
#[tokio::test]
async fn lesson_c3_a_run_right_after_a_death_waits_for_marks_that_lag() {
    for lag in [2, 10] {
        let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
        rules.marks_after = SECOND * lag;
        let calls = {
            let cloud = on(rules.clone());
            let mut watch = Watch::new(&cloud, DAY);
            watch.up(&Life::inputs("1", false)).await;
            cloud.clock().advance(HOUR);
            calls_of(&cloud, &watch, &Life::inputs("2", false)).await.len()
        };
        for call in 0..calls {
            for fault in [Fault::DieBefore, Fault::DieAfter] {
                let cloud = on(rules.clone());
                let mut watch = Watch::new(&cloud, DAY);
                watch.up(&Life::inputs("1", false)).await;
                cloud.clock().advance(HOUR);
                cloud.inject(cloud.calls().len() + call, fault);
                watch.up(&Life::inputs("2", false)).await;
                cloud.calm();
                watch.up(&Life::inputs("2", false)).await;
                cloud.clock().advance(DAY * 2);
                watch.stack.refresh(watch.rig).await;
                settle(&mut watch, &Life::inputs("2", false), DAY * 4).await;
                watch.destroyed().await;
            }
        }
    }
}

/// A machine whose clock is minutes off leaves nothing behind: the time of an unanswered mint is told by the system's clock.
#[tokio::test]
async fn lesson_c5_a_clock_that_is_off_leaves_nothing_behind() {
    for off in [-120, -20, 20, 120] {
        let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
        rules.ahead = SECOND * off;
        let cloud = on(rules);
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&Life::inputs("1", false)).await;
        watch.rig.clock().advance(HOUR);
        let mint = next_mint(&cloud, &watch, &Life::inputs("2", false)).await;
        cloud.inject(mint, Fault::HangAfter);
        assert!(matches!(watch.up(&Life::inputs("2", false)).await, Outcome::Failed(_)));
        watch.until_quiet(&Life::inputs("2", false)).await;
        assert_eq!(cloud.keys().len(), 2, "off by {off} s: current and previous, and no lost one");
        watch.destroyed().await;
    }
}

/// Once a recorded key of a dead run is removed, nobody waits for its claim.
#[tokio::test]
async fn lesson_c5_no_run_waits_for_a_claim_whose_key_was_removed() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    watch.rig.clock().advance(HOUR);
    let mint = next_mint(&cloud, &watch, &Life::inputs("2", false)).await;
    cloud.inject(mint + 1, Fault::DieAfter);
    assert!(matches!(watch.up(&Life::inputs("2", false)).await, Outcome::Died), "the key is recorded as minting");
    let begun = watch.rig.clock().now();
    assert!(watch.up(&Life::inputs("2", false)).await.is_done());
    let took = watch.rig.clock().now().duration_since(begun);
    assert!(took < SECOND * 60, "{took}");
}

/// What could not be asked has refused nothing: a probe that fails never costs a key.
#[tokio::test]
async fn lesson_c7_a_probe_that_cannot_be_reached_never_costs_a_key() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    let mut watch = Watch::new(&cloud, DAY);
    let plan = Life::inputs("1", false);
    cloud.set_probe_fails(true);
    let mut keys = Vec::new();
    for run in 1..=5 {
        let begun = watch.rig.clock().now();
        let Outcome::Failed(error) = watch.up(&plan).await else { panic!("run {run} fails") };
        assert_eq!(error.operation, "verify", "it names what could not be reached");
        assert!(watch.rig.clock().now().duration_since(begun) < MINUTE * 2, "run {run} ends soon");
        keys.push(cloud.keys());
    }
    assert!(keys.iter().all(|of_run| *of_run == keys[0] && of_run.len() == 1), "{keys:?}");
    cloud.set_probe_fails(false);
    assert!(watch.up(&plan).await.is_done());
    assert_eq!(cloud.keys(), keys[0]);
}

/// Two resources that begin on one principal at the same time: one of them gets its key, the other is told whose the principal is.
#[tokio::test]
async fn lesson_c8_of_two_first_creates_at_once_one_gets_its_key() {
    let cloud = on(InMemoryRules::like_aws(SignedDuration::ZERO));
    // The first one has claimed and is held before it mints.
    let mut one = Stack::new("stack/project/one");
    let mut two = Stack::new("stack/project/two");
    let (first, second) = (Life::inputs("1", false), Life::inputs("1", false));
    let (one, two) = futures::future::join(one.up(&cloud, &first), two.up(&cloud, &second)).await;
    let outcomes = [one, two];
    let done = outcomes.iter().filter(|outcome| outcome.is_done()).count();
    assert_eq!(done, 1, "{outcomes:?}");
    let named =
        |outcome: &Outcome| matches!(outcome, Outcome::Failed(error) if error.message.contains("already manages"));
    assert!(outcomes.iter().any(named), "{outcomes:?}");
    assert_eq!(cloud.keys().len(), 1);
}
