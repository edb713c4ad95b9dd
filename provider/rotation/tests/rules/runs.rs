//! What runs and refreshes do.

use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Outcome, Rig, Stack, Watch};
use rotation::{
    Claim, Clock, Entry, ErrorKind, KeyId, KeyState, KeyStatus, Ledger, Ledgers, Mark, Observed, ObservedKey, OwnerId,
    due, refresh,
};

use super::*;

/// A state with a current key that lists show, seen an hour after it was made.
async fn seen() -> (KeyState, Observed) {
    let cloud = aws();
    let mut stack = Stack::new("stack/project/key");
    assert!(stack.up(&cloud, &Life::inputs("1", false)).await.is_done());
    let state = stack.state().unwrap().clone();
    let current = state.current.as_ref().unwrap();
    let shown = |id: &KeyId| ObservedKey {
        id: id.clone(),
        created_at: current.created_at,
        status: KeyStatus::Active,
        last_use: None,
        expiry: None,
    };
    let keys = [(current.id.clone(), shown(&current.id)), (lost(), shown(&lost()))].into();
    let mut own = Ledger::default();
    own.keys.insert(current.id.clone(), Entry::of(&state.instance, Mark::Promoted, current.created_at));
    let ledgers = Ledgers::new(Some(own), Vec::new());
    (state, Observed { keys, ledgers, at: cloud.clock().now() + HOUR, ahead: SignedDuration::ZERO })
}

fn lost() -> KeyId {
    KeyId("lost".to_owned())
}

fn aws() -> InMemoryCloud {
    InMemoryCloud::new(InMemoryRules::like_aws(SignedDuration::ZERO), ManualClock::new(at("2026-01-01T00:00:00Z")))
}

#[tokio::test]
async fn a_refresh_notes_a_mint_that_a_dead_run_left_by_its_claim_or_by_its_key() {
    let capability = InMemoryRules::like_aws(SignedDuration::ZERO).capability;
    let (state, seen) = seen().await;
    assert!(!refresh(state.clone(), &seen, &capability).claim_open, "nothing is under way");
    let mut claimed = seen.clone();
    let claim = Claim { nonce: "n0000001".to_owned(), at: seen.at, known: [].into() };
    claimed.ledgers.own.as_mut().unwrap().open = Some(claim);
    assert!(refresh(state.clone(), &claimed, &capability).claim_open, "a claim stands");
    let minting = Entry::of(&state.instance, Mark::Minting, seen.at);
    let mut made = seen.clone();
    made.ledgers.own.as_mut().unwrap().keys.insert(lost(), minting.clone());
    assert!(refresh(state.clone(), &made, &capability).claim_open, "a key was made that no state knows");
    made.keys.remove(&lost());
    assert!(!refresh(state.clone(), &made, &capability).claim_open, "it is not there");
    let mut known = seen;
    let current = state.current.as_ref().unwrap().id.clone();
    known.ledgers.own.as_mut().unwrap().keys.insert(current, minting);
    assert!(!refresh(state, &known, &capability).claim_open, "the state knows it");
}

/// What a run asks the system after a mint, up to the next change.
async fn after_mint(rules: InMemoryRules) -> Vec<String> {
    let cloud = InMemoryCloud::new(rules, ManualClock::new(at("2026-01-01T00:00:00Z")));
    assert!(Stack::new("stack/project/key").up(&cloud, &Life::inputs("1", false)).await.is_done());
    let calls = cloud.calls();
    let mint = calls.iter().position(|call| call == "mint").unwrap();
    calls[mint + 1..].iter().take_while(|call| *call != "write_ledger" && *call != "verify").cloned().collect()
}

#[tokio::test]
async fn only_where_marks_stand_on_keys_a_run_looks_again_after_its_mint() {
    assert!(after_mint(InMemoryRules::like_aws(SignedDuration::ZERO)).await.is_empty());
    assert!(!after_mint(InMemoryRules::like_confluent()).await.is_empty(), "another owner may have made one too");
}

/// A principal that an earlier instance filled, whose state is lost: two days later another instance begins there.
async fn begins_anew(used: impl FnOnce(&InMemoryCloud, &[KeyId])) -> (bool, Vec<KeyId>, Vec<KeyId>) {
    let cloud = aws();
    let mut lost = Watch::new(&cloud, DAY);
    for keeper in ["1", "2"] {
        assert!(lost.up(&Life::inputs(keeper, false)).await.is_done());
    }
    let before = cloud.keys();
    cloud.clock().advance(DAY * 2);
    used(&cloud, &before);
    cloud.clock().advance(HOUR);
    let is_done = Stack::new(lost.stack.label()).up(&cloud, &Life::inputs("1", false)).await.is_done();
    (is_done, before, cloud.keys())
}

#[tokio::test]
async fn an_abandoned_key_that_nobody_used_since_its_first_hour_makes_room_and_no_other() {
    let (is_done, before, after) = begins_anew(|_, _| ()).await;
    let kept = before.iter().filter(|key| after.contains(key)).count();
    assert!(is_done && kept < before.len(), "{before:?} {after:?}");
    let (is_done, before, after) = begins_anew(|cloud, keys| keys.iter().for_each(|key| cloud.use_key(key))).await;
    assert!(!is_done && before == after, "both are in use: {before:?} {after:?}");
}

#[tokio::test]
async fn what_a_state_leaves_over_is_due_in_its_order() {
    let (state, _) = seen().await;
    let schedule = created(&Life::inputs("1", false), "2026-01-01T00:00:00Z");
    assert_eq!(due(&state, &schedule, None), None);
    let none = KeyState { current: None, ..state.clone() };
    assert_eq!(due(&none, &schedule, None), Some(rotation::Due::NoCurrent));
    let open = KeyState { claim_open: true, ..state.clone() };
    assert_eq!(due(&open, &schedule, None), Some(rotation::Due::ClaimOpen));
    let missing = KeyState { mark_missing: true, ..state.clone() };
    assert_eq!(due(&missing, &schedule, None), Some(rotation::Due::MarkMissing));
    let revoking = KeyState { revoking: vec![lost()], ..state.clone() };
    assert_eq!(due(&revoking, &schedule, None), Some(rotation::Due::Revoking));
    let over = Schedule { phase: Phase::Retire, ..schedule };
    assert_eq!(due(&state, &over, None), None, "with nothing to retire a phase means nothing");
}

#[tokio::test]
async fn a_mark_that_does_not_name_a_key_of_the_state_is_missing_once_marks_have_settled() {
    let capability = InMemoryRules::like_aws(SignedDuration::ZERO).capability;
    let (state, mut seen) = seen().await;
    assert!(!refresh(state.clone(), &seen, &capability).mark_missing, "it stands");
    seen.ledgers.own = None;
    assert!(refresh(state.clone(), &seen, &capability).mark_missing, "somebody removed it");
    let promoted_at = state.current.as_ref().unwrap().promoted_at.unwrap();
    let settled = promoted_at.max(state.current.as_ref().unwrap().created_at) + capability.settle;
    seen.at = settled - SECOND * 30;
    assert!(!refresh(state, &seen, &capability).mark_missing, "it may only be late");
}

#[tokio::test]
async fn a_run_waits_for_another_resources_mint_and_fails_only_when_that_takes_too_long() {
    let cloud = aws();
    let rival = OwnerId::new("urn:rival", "stack/project/rival");
    let claim = Claim { nonce: "n0000009".to_owned(), at: cloud.clock().now(), known: [].into() };
    let ledger = Ledger { open: Some(claim), ..Ledger::default() };
    cloud.issuer().write_ledger(&rival, Some(&ledger)).await.unwrap();
    let begun = cloud.clock().now();
    let outcome = Stack::new("stack/project/key").up(&cloud, &Life::inputs("1", false)).await;
    let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
    assert!(error.kind == ErrorKind::Blocked && error.message.contains("rival"), "{error}");
    let waited = cloud.clock().now().duration_since(begun);
    assert!((SECOND * 12..SECOND * 90).contains(&waited), "{waited:?}");
    cloud.issuer().write_ledger(&rival, None).await.unwrap();
    assert!(Stack::new("stack/project/key").up(&cloud, &Life::inputs("1", false)).await.is_done());
}

#[tokio::test]
async fn a_principal_that_is_not_there_yet_is_looked_for_as_long_as_lists_may_be_late() {
    let cloud = aws();
    cloud.delete_principal();
    let begun = cloud.clock().now();
    let outcome = Stack::new("stack/project/key").up(&cloud, &Life::inputs("1", false)).await;
    assert!(matches!(&outcome, Outcome::Failed(error) if error.kind == ErrorKind::NotFound), "{outcome:?}");
    assert_eq!(cloud.clock().now().duration_since(begun), SECOND * 60);
}

#[tokio::test]
async fn a_key_that_is_proven_becomes_current_only_when_its_run_ends_well() {
    let cloud = aws();
    let mut stack = Stack::new("stack/project/key");
    let (one, two) = (Life::inputs("1", false), Life::inputs("2", false));
    assert!(stack.up(&cloud, &one).await.is_done());
    let first = stack.held().unwrap().clone();
    let plain = cloud.fork();
    assert!(stack.clone().up(&plain, &two).await.is_done());
    let last = plain.calls().iter().rposition(|call| call == "write_ledger").unwrap();
    cloud.inject(cloud.calls().len() + last, Fault::Before);
    assert!(matches!(stack.up(&cloud, &two).await, Outcome::Failed(_)));
    let state = stack.state().unwrap();
    assert_eq!(state.current.as_ref().unwrap().id, first, "outputs promote last");
    assert!(state.pending.as_ref().unwrap().verified_at.is_some(), "it was proven");
    assert!(stack.up(&cloud, &two).await.is_done() && *stack.held().unwrap() != first);
}

#[tokio::test]
async fn a_mint_that_is_refused_for_good_is_not_tried_again_by_the_same_run() {
    let cloud = aws();
    let plain = cloud.fork();
    assert!(Stack::new("stack/project/key").up(&plain, &Life::inputs("1", false)).await.is_done());
    let mint = plain.calls().iter().position(|call| call == "mint").unwrap();
    cloud.inject(mint, Fault::Before);
    let outcome = Stack::new("stack/project/key").up(&cloud, &Life::inputs("1", false)).await;
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    assert_eq!(cloud.calls().iter().filter(|call| *call == "mint").count(), 1);
    assert!(cloud.keys().is_empty());
}
