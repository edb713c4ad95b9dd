//! Whose keys they are, and which of them may go.

use rotation::testing::{ContestedRig, Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Outcome, Rig, Stack};
use rotation::{Capability, Clock, Goal, KeyId, Next, OwnerId, Step, View, Want, World, next, observe};

use super::*;

fn on(rules: InMemoryRules) -> InMemoryCloud {
    InMemoryCloud::new(rules, ManualClock::new(at("2026-01-01T00:00:00Z")))
}

/// AWS with room for five keys.
fn roomy() -> InMemoryCloud {
    let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
    rules.capability = Capability { quota: Some(5), ..rules.capability };
    on(rules)
}

#[tokio::test]
async fn the_key_that_the_plugin_is_configured_with_is_never_removed() {
    let cloud = on(InMemoryRules::like_oci(SignedDuration::ZERO));
    let mut stack = Stack::new("stack/project/key");
    let args = Life::inputs("2", false);
    assert!(stack.up(&cloud, &Life::inputs("1", false)).await.is_done() && stack.up(&cloud, &args).await.is_done());
    cloud.clock().advance(DAY * 2);
    let state = stack.state().unwrap().clone();
    let previous = state.previous().unwrap().key.id.clone();
    let owner = OwnerId::new("stack/project/key", "stack/project/key");
    let observed = observe(&*cloud.issuer(), &owner, cloud.clock()).await.unwrap().unwrap();
    let retire = Schedule { phase: Phase::Retire, ..created(&args, "2026-01-01T00:00:00Z") };
    let want = Want::Current(Goal::new(&state.instance, &args, &retire));
    let (world, capability) = (World::new(state, observed), cloud.issuer().capability());
    let now = cloud.clock().now();
    let step = |configured: Option<&KeyId>| {
        next(&View { world: &world, want: &want, capability: &capability, configured, now })
    };
    let removes = |next: &Next| matches!(next, Next::Do { step: Step::Retire(id), .. } if *id == previous);
    assert!(removes(&step(None)), "{:?}", step(None));
    assert!(!removes(&step(Some(&previous))), "{:?}", step(Some(&previous)));
}

/// A rotation whose mint was not answered, and the key that it made.
async fn unanswered(cloud: &InMemoryCloud) -> (Stack, KeyId) {
    let mut stack = Stack::new("stack/project/key");
    assert!(stack.up(cloud, &Life::inputs("1", false)).await.is_done());
    cloud.clock().advance(HOUR);
    let plain = cloud.fork();
    assert!(stack.clone().up(&plain, &Life::inputs("2", false)).await.is_done());
    let mint = plain.calls().iter().position(|call| call == "mint").unwrap();
    cloud.inject(cloud.calls().len() + mint, Fault::HangAfter);
    let before = cloud.keys();
    assert!(matches!(stack.up(cloud, &Life::inputs("2", false)).await, Outcome::Failed(_)));
    let made = cloud.keys().into_iter().find(|key| !before.contains(key)).unwrap();
    (stack, made)
}

#[tokio::test]
async fn the_key_of_an_unanswered_mint_goes_unless_somebody_used_it() {
    for is_used in [false, true] {
        let cloud = roomy();
        let (mut stack, made) = unanswered(&cloud).await;
        if is_used {
            cloud.use_key(&made);
        }
        for _ in 0..4 {
            stack.up(&cloud, &Life::inputs("2", false)).await;
        }
        assert_eq!(cloud.works(&made), is_used, "used: {is_used}");
    }
}

#[tokio::test]
async fn of_two_keys_that_an_unanswered_mint_may_have_made_none_is_removed() {
    let cloud = roomy();
    let (mut stack, made) = unanswered(&cloud).await;
    let strangers = cloud.mint_as_stranger().unwrap();
    for _ in 0..4 {
        stack.up(&cloud, &Life::inputs("2", false)).await;
    }
    assert!(cloud.works(&made) && cloud.works(&strangers), "nobody knows which of them it is");
}

#[tokio::test]
async fn of_two_first_keys_that_were_made_at_once_the_older_one_stays() {
    let cloud = on(InMemoryRules::like_confluent());
    let (mut early, mut late) = (Stack::new("stack/project/early"), Stack::new("stack/project/late"));
    let inputs = Life::inputs("1", false);
    let plain = cloud.fork();
    assert!(late.clone().up(&plain, &inputs).await.is_done());
    let mint = plain.calls().iter().position(|call| call == "mint").unwrap();
    cloud.hold_at(mint);
    let meanwhile = async {
        cloud.until_held(mint).await;
        let outcome = early.up(&cloud, &inputs).await;
        cloud.release(mint);
        outcome
    };
    let (second, first) = tokio::join!(late.up(&cloud, &inputs), meanwhile);
    assert!(first.is_done(), "{first:?}");
    assert!(!second.is_done(), "{second:?}");
    assert_eq!(cloud.keys(), [early.held().unwrap().clone()]);
}

#[tokio::test]
async fn a_current_key_that_somebody_disabled_is_replaced() {
    let cloud = roomy();
    let mut stack = Stack::new("stack/project/key");
    let inputs = Life::inputs("1", false);
    assert!(stack.up(&cloud, &inputs).await.is_done());
    let first = stack.held().unwrap().clone();
    cloud.disable(&first);
    stack.refresh(&cloud).await;
    assert!(stack.up(&cloud, &inputs).await.is_done());
    assert!(*stack.held().unwrap() != first && cloud.works(stack.held().unwrap()));
}

#[tokio::test]
async fn a_key_that_lists_do_not_show_yet_is_not_taken_for_gone() {
    let cloud = on(InMemoryRules::like_aws(SECOND * 50));
    let mut stack = Stack::new("stack/project/key");
    assert!(stack.up(&cloud, &Life::inputs("1", false)).await.is_done());
    let first = stack.held().unwrap().clone();
    assert!(stack.up(&cloud, &Life::inputs("2", false)).await.is_done());
    let state = stack.state().unwrap();
    assert_eq!(state.previous().map(|old| &old.key.id), Some(&first), "it is the previous key, not forgotten");
}

#[tokio::test]
async fn a_lost_key_is_forgotten_from_the_instant_at_which_lists_have_settled() {
    let cloud = roomy();
    let mut stack = Stack::new("stack/project/key");
    let args = Life::inputs("1", false);
    assert!(stack.up(&cloud, &args).await.is_done());
    let state = stack.state().unwrap().clone();
    let lost = state.current.clone().unwrap();
    let owner = OwnerId::new("stack/project/key", "stack/project/key");
    let mut observed = observe(&*cloud.issuer(), &owner, cloud.clock()).await.unwrap().unwrap();
    observed.keys.remove(&lost.id);
    let want = Want::Current(Goal::new(&state.instance, &args, &created(&args, "2026-01-01T00:00:00Z")));
    let capability = cloud.issuer().capability();
    let settled = lost.created_at + capability.settle;
    let mut step = |at: Timestamp| {
        observed.at = at;
        let world = World::new(state.clone(), observed.clone());
        next(&View { world: &world, want: &want, capability: &capability, configured: None, now: at })
    };
    let early = step(settled - SECOND);
    assert!(matches!(early, Next::Do { step: Step::Settle(until), .. } if until == settled), "{early:?}");
    let there = step(settled);
    assert!(matches!(&there, Next::Do { step: Step::Forget(id), .. } if *id == lost.id), "{there:?}");
}
