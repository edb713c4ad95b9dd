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

#[tokio::test]
async fn time_6_a_preview_gives_the_reason_for_each_key() {
    let cloud = oci();
    let mut state = after(&cloud, &["1"]).await;
    let said = |state: &KeyState, keeper: &str, phase| {
        previewed(&cloud, state, &Life::inputs(keeper, false), phase).lines(state)
    };
    assert_eq!(said(&state, "1", Phase::Overlap), [""; 0]);
    assert_eq!(said(&state, "2", Phase::Overlap), ["a new key will be created: keepers changed"]);
    // A run that changed the keepers broke off after its mint.
    let wanted = created(&Life::inputs("2", false), "2026-01-01T00:00:00Z");
    let trigger = rotation::Trigger::new(&state.instance, &Life::inputs("2", false).keepers, &wanted);
    let key = rotation::Key::new(KeyId("made".to_owned()), 2, cloud.clock().now());
    state.pending = Some(rotation::Key { trigger: Some(trigger), material: Some([].into()), ..key });
    assert_eq!(
        said(&state, "2", Phase::Overlap),
        ["the new key made of an earlier run will become current (keepers changed)"]
    );
    assert_eq!(said(&state, "1", Phase::Overlap), ["the new key made will be deleted: it is no longer wanted"]);
    state.pending = None;
    state.claim_open = true;
    let resumed = said(&state, "2", Phase::Overlap);
    assert!(resumed[0].contains("an interrupted run may have created") && resumed.len() == 2, "{resumed:?}");
}

#[tokio::test]
async fn time_8_the_history_tells_what_happened_to_each_key_and_why() {
    let cloud = oci();
    let mut stack = Stack::new("stack/project/key");
    assert!(stack.up(&cloud, &Life::inputs("1", false)).await.is_done());
    cloud.clock().advance(HOUR);
    assert!(stack.up(&cloud, &Life::inputs("2", false)).await.is_done());
    cloud.clock().advance(DAY * 2);
    assert!(stack.up(&cloud, &Life::inputs("2", false)).await.is_done());
    let history = &stack.state().unwrap().history;
    let told: Vec<_> = history.iter().map(|event| (event.action, event.generation, event.reason.as_deref())).collect();
    use rotation::HistoryAction::{Created, Deleted, Promoted, Verified};
    let expected = [
        (Created, Some(1), Some("the resource has no key yet")),
        (Verified, Some(1), Some("accepted 3 times")),
        (Promoted, Some(1), Some("the resource has no key yet")),
        (Created, Some(2), Some("keepers changed")),
        (Verified, Some(2), Some("accepted 3 times")),
        (Promoted, Some(2), Some("keepers changed")),
        (Deleted, Some(1), Some("its overlap is over")),
    ];
    assert_eq!(told, expected);
    let before = history.clone();
    assert!(stack.up(&cloud, &Life::inputs("2", false)).await.is_quiet());
    assert_eq!(stack.state().unwrap().history, before, "a run without an event changes nothing");
}
