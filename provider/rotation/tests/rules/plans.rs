//! What a preview says, what a state forgets and revokes, and a mark in tags.

use rotation::testing::{InMemoryCloud, InMemoryRules, Life, ManualClock, Rig, Stack};
use rotation::{
    Cause, Clock, Event, ForeignKey, Goal, KeyId, KeyState, KeyStatus, Observed, Plan, RevokedGeneration, RotationArgs,
    UnrecordedKey, Want, World, plan, reduce,
};

use super::*;

/// A stack after these runs, an hour apart.
async fn after(cloud: &InMemoryCloud, keepers: &[&str]) -> KeyState {
    let mut stack = Stack::new("stack/project/key");
    for keeper in keepers {
        assert!(stack.up(cloud, &Life::inputs(keeper, false)).await.is_done());
        cloud.clock().advance(HOUR);
    }
    stack.state().cloned().unwrap_or_else(|| KeyState::new("i0000001".to_owned()))
}

fn previewed(cloud: &InMemoryCloud, state: &KeyState, args: &RotationArgs, phase: Phase) -> Plan {
    let schedule = Schedule { phase, ..created(args, "2026-01-01T00:00:00Z") };
    let want = Want::Current(Goal::new(&state.instance, args, &schedule));
    plan(state, &want, &cloud.issuer().capability(), cloud.clock().now())
}

fn oci() -> InMemoryCloud {
    let clock = ManualClock::new(at("2026-01-01T00:00:00Z"));
    InMemoryCloud::new(InMemoryRules::like_oci(SignedDuration::ZERO), clock)
}

#[tokio::test]
async fn a_preview_says_which_key_would_be_made_and_which_would_go() {
    let cloud = oci();
    let state = after(&cloud, &[]).await;
    let first = previewed(&cloud, &state, &Life::inputs("1", false), Phase::Overlap);
    assert_eq!((first.mint, first.generation), (Some(Cause::Created), Some(1)));
    assert!(first.retire.is_empty() && first.blocked.is_none());

    let state = after(&cloud, &["1", "2"]).await;
    let previous = state.previous().unwrap().key.id.clone();
    let quiet = previewed(&cloud, &state, &Life::inputs("2", false), Phase::Overlap);
    assert_eq!(quiet, Plan::default(), "nothing to do");
    cloud.clock().advance(DAY * 2);
    let over = previewed(&cloud, &state, &Life::inputs("2", false), Phase::Retire);
    assert_eq!((over.mint, over.retire), (None, vec![(previous, Cause::OverlapOver)]));
    let rotated = previewed(&cloud, &state, &Life::inputs("3", false), Phase::Overlap);
    assert_eq!((rotated.mint, rotated.generation), (Some(Cause::KeepersChanged), Some(3)));
}

#[tokio::test]
async fn of_a_key_that_is_gone_nothing_stays_and_of_others_everything() {
    let cloud = oci();
    let state = after(&cloud, &["1", "2"]).await;
    let now = cloud.clock().now();
    let id = |name: &str| KeyId(name.to_owned());
    let unrecorded =
        |name: &str| UnrecordedKey { id: id(name), generation: 7, created_at: now, promoted_at: None, noted_at: now };
    let foreign = |name: &str| ForeignKey { id: id(name), created_at: now, status: KeyStatus::Active };
    let (keys, ledgers) = Default::default();
    let mut world = World::new(state.clone(), Observed { keys, ledgers, at: now, ahead: SignedDuration::ZERO });
    world.state.unrecorded = vec![unrecorded("a"), unrecorded("b")];
    world.state.revoking = vec![id("a"), id("b")];
    world.state.foreign_keys = vec![foreign("a"), foreign("b")];
    let left = reduce(world, Event::Removed(id("a"))).state;
    let names = |keys: Vec<&KeyId>| keys.into_iter().map(|key| key.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(left.unrecorded.iter().map(|key| &key.id).collect()), ["b"]);
    assert_eq!(names(left.revoking.iter().collect()), ["b"]);
    assert_eq!(names(left.foreign_keys.iter().map(|key| &key.id).collect()), ["b"]);
    assert_eq!((left.current.is_some(), left.retiring.len()), (true, 1), "what the state knew is untouched");
    let gone = reduce(World::assumed(left.clone(), now), Event::Removed(left.current.unwrap().id));
    assert!(gone.state.current.is_none() && gone.state.retiring.len() == 1);
}

#[tokio::test]
async fn a_revocation_names_the_generation_that_it_is_for() {
    let cloud = oci();
    let mut state = after(&cloud, &["1", "2"]).await;
    let (current, previous) = (state.current.clone().unwrap().id, state.previous().unwrap().key.id.clone());
    let now = cloud.clock().now();
    let found = KeyId("found".to_owned());
    let created_at = now;
    state.unrecorded =
        vec![UnrecordedKey { id: found.clone(), generation: 0, created_at, promoted_at: None, noted_at: now }];
    let revoked = |generation| {
        let mut state = state.clone();
        state.revoke(generation);
        state.revoke(generation);
        state.revoking
    };
    assert_eq!(revoked(RevokedGeneration::Current), [current.clone(), found.clone()], "once, whoever says it twice");
    assert_eq!(revoked(RevokedGeneration::Previous), std::slice::from_ref(&previous));
    assert_eq!(revoked(RevokedGeneration::All), [current, found, previous]);
}
