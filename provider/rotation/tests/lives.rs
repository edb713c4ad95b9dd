//! Whole lives of a key on the reference system, told step by step.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Outcome, Rig, Stack, Watch};
use rotation::{ErrorKind, Retirement, Revoke, RevokedGeneration, RotationArgs, WhenInUse, WhenQuotaReached};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn clock() -> ManualClock {
    ManualClock::new("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap())
}

fn cloud() -> InMemoryCloud {
    InMemoryCloud::new(InMemoryRules::like_aws(SignedDuration::ZERO), clock())
}

#[tokio::test]
async fn a_key_is_created_kept_rotated_retired_and_deleted() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    let (one, two) = (Life::inputs("1", false), Life::inputs("2", false));
    assert!(watch.up(&one).await.is_done());
    let first = watch.stack.state().unwrap().current.clone().unwrap();
    let calls = cloud.calls().len();
    assert!(watch.up(&one).await.is_quiet());
    assert_eq!(cloud.calls().len(), calls, "a quiet run makes no call");

    assert!(watch.up(&two).await.is_done());
    let state = watch.stack.state().unwrap();
    let second = state.current.clone().unwrap();
    assert_eq!((state.generation, &state.previous().unwrap().key.id), (2, &first.id));
    assert!(cloud.works(&first.id) && cloud.works(&second.id), "both work in the overlap");
    assert!(watch.up(&two).await.is_quiet());

    cloud.clock().advance(DAY);
    assert!(watch.up(&two).await.is_quiet(), "not before the margin is over");
    cloud.clock().advance(HOUR * 2);
    assert!(watch.up(&two).await.is_done());
    assert_eq!(cloud.keys(), [second.id]);
    assert!(watch.up(&two).await.is_quiet());
    watch.destroyed().await;
    assert!(cloud.keys().is_empty());
}

#[tokio::test]
async fn a_period_rotates_once_even_when_the_run_is_late() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    let plan = Life::inputs("1", true);
    assert!(watch.up(&plan).await.is_done());
    cloud.clock().advance(DAY * 95);
    assert!(watch.up(&plan).await.is_done());
    assert_eq!(watch.stack.state().unwrap().generation, 2);
    assert!(watch.up(&plan).await.is_quiet());
}

#[tokio::test]
async fn a_lost_answer_leaves_one_key_in_the_end() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    let (one, two) = (Life::inputs("1", false), Life::inputs("2", false));
    watch.up(&one).await;
    let mint = cloud.calls().len() + CALLS_BEFORE_MINT;
    cloud.inject(mint, Fault::HangAfter);
    let Outcome::Failed(error) = watch.up(&two).await else { panic!("the run failed") };
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert_eq!(cloud.calls()[mint], "mint");
    assert_eq!(cloud.keys().len(), 2, "the lost key is there");
    watch.until_quiet(&two).await;
    assert_eq!(cloud.keys().len(), 2, "current and previous");
}

#[tokio::test]
async fn a_retry_hours_later_takes_up_the_key_that_was_made() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    cloud.inject(cloud.calls().len() + CALLS_BEFORE_MINT + 1, Fault::Before);
    assert!(matches!(watch.up(&Life::inputs("2", false)).await, Outcome::Failed(_)));
    let made = watch.stack.state().unwrap().pending.clone().unwrap();
    cloud.clock().advance(HOUR * 3);
    assert!(watch.up(&Life::inputs("2", false)).await.is_done());
    assert_eq!(watch.stack.state().unwrap().current.as_ref().unwrap().id, made.id, "one trigger makes one key");
}

#[tokio::test]
async fn where_the_program_asks_for_it_a_rotation_at_the_quota_fails() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    let failing = |keeper| RotationArgs { when_quota_reached: WhenQuotaReached::Fail, ..Life::inputs(keeper, false) };
    watch.up(&failing("1")).await;
    watch.up(&failing("2")).await;
    let keys = cloud.keys();
    let Outcome::Failed(error) = watch.up(&failing("3")).await else { panic!("the run failed") };
    assert_eq!((error.kind, cloud.keys()), (ErrorKind::Blocked, keys), "the previous key has its whole overlap");
}

#[tokio::test]
async fn a_throttled_mint_is_tried_again_in_the_same_run() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    cloud.inject(CALLS_BEFORE_MINT, Fault::Throttled);
    assert!(watch.up(&Life::inputs("1", false)).await.is_done());
    assert_eq!(cloud.calls().iter().filter(|call| *call == "mint").count(), 2);
}

#[tokio::test]
async fn a_full_principal_is_refused_and_its_keys_are_named() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    let (one, two) = (watch.stranger().unwrap(), watch.stranger().unwrap());
    let Outcome::Failed(error) = watch.up(&Life::inputs("1", false)).await else { panic!("the run failed") };
    assert!(error.message.contains(&one.0) && error.message.contains(&two.0), "{error}");
    assert_eq!(cloud.keys(), [one, two]);
    assert!(watch.stack.state().is_none(), "nothing was made, so nothing is recorded");
    assert_eq!(cloud.marks(), 0);
}

#[tokio::test]
async fn a_second_owner_is_refused_while_a_claim_stands() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    cloud.inject(CALLS_BEFORE_MINT, Fault::DieBefore);
    assert!(matches!(watch.up(&Life::inputs("1", false)).await, Outcome::Died));
    let mut rival = Stack::new("other/project/key");
    let Outcome::Failed(error) = rival.up(&cloud, &Life::inputs("1", false)).await else {
        panic!("the rival is refused")
    };
    assert!(error.message.contains("stack/project/key"), "{error}");
    cloud.clock().advance(MINUTE * 16);
    assert!(rival.up(&cloud, &Life::inputs("1", false)).await.is_done(), "a stale claim keeps nobody out");
}

#[tokio::test]
async fn a_lost_or_disabled_current_key_is_replaced() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    let plan = Life::inputs("1", false);
    watch.up(&plan).await;
    let first = watch.stack.state().unwrap().current.clone().unwrap().id;
    cloud.clock().advance(HOUR);
    cloud.delete(&first);
    watch.harmed.insert(first.clone());
    assert!(watch.up(&Life::inputs("2", false)).await.is_done());
    let state = watch.stack.state().unwrap();
    assert_eq!((state.retiring.len(), cloud.keys().len()), (0, 1), "what is gone never becomes previous");
}

#[tokio::test]
async fn a_key_that_is_never_accepted_is_given_up_after_three_runs() {
    let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
    rules.accepts_after = DAY * 1000;
    let cloud = InMemoryCloud::new(rules, clock());
    let mut watch = Watch::new(&cloud, DAY);
    let plan = Life::inputs("1", false);
    for run in 1..=3 {
        let Outcome::Failed(error) = watch.up(&plan).await else { panic!("run {run} fails") };
        assert_eq!(error.kind, ErrorKind::Unverified);
        assert_eq!(cloud.keys().len(), usize::from(run < 3), "run {run}");
    }
    assert_eq!(watch.stack.state().unwrap().pending, None);
    assert!(!watch.stack.state().unwrap().claim_open);
}

#[tokio::test]
async fn stripped_marks_are_written_again_by_the_next_rotation() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    cloud.strip_marks();
    assert!(watch.up(&Life::inputs("2", false)).await.is_done());
    assert_eq!(cloud.marks(), 1);
    watch.nothing_is_left_over();
}

#[tokio::test]
async fn a_revoked_key_goes_in_the_run_that_replaces_it() {
    for (generation, left) in
        [(RevokedGeneration::Current, 2), (RevokedGeneration::Previous, 2), (RevokedGeneration::All, 1)]
    {
        let mut rules = InMemoryRules::like_aws(SignedDuration::ZERO);
        rules.capability.quota = Some(3);
        let cloud = InMemoryCloud::new(rules, clock());
        let mut watch = Watch::new(&cloud, DAY);
        watch.up(&Life::inputs("1", false)).await;
        watch.up(&Life::inputs("2", false)).await;
        let before = cloud.keys();
        let revoke = Revoke { incident: "leak".to_owned(), generation };
        let wanted = RotationArgs { revoke: Some(revoke), ..Life::inputs("2", false) };
        assert!(watch.up(&wanted).await.is_done(), "{generation:?}");
        let gone: Vec<_> = before.iter().filter(|id| !cloud.keys().contains(id)).cloned().collect();
        let named = match generation {
            RevokedGeneration::Current => &before[1..],
            RevokedGeneration::Previous => &before[..1],
            RevokedGeneration::All => &before[..],
        };
        assert_eq!((gone.as_slice(), cloud.keys().len()), (named, left), "{generation:?}");
        assert!(watch.up(&wanted).await.is_quiet(), "an incident revokes once");
        assert!(watch.up(&Life::inputs("2", false)).await.is_done(), "taking the block away is a change of inputs");
        assert_eq!(cloud.keys().len(), left, "and changes nothing");
    }
}

#[tokio::test]
async fn at_quota_a_revoked_current_key_makes_its_own_room() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    let first = cloud.keys()[0].clone();
    cloud.clock().advance(HOUR);
    watch.stranger();
    assert!(watch.up(&Life::revoking("1", "leak")).await.is_done());
    assert!(!cloud.keys().contains(&first));
    assert_eq!(cloud.keys().len(), 2);
}

#[tokio::test]
async fn a_key_in_use_is_kept_until_it_is_quiet_or_overdue() {
    let retirement = |deadline, when_in_use| Retirement {
        quiet_period: Some(HOUR * 6),
        deadline,
        when_in_use,
        ..Retirement::default()
    };
    for (rules, kept) in [
        (retirement(None, WhenInUse::Wait), true),
        (retirement(Some(HOUR), WhenInUse::Wait), true),
        (retirement(Some(HOUR), WhenInUse::Delete), false),
    ] {
        let cloud = cloud();
        let mut watch = Watch::new(&cloud, DAY);
        let wanted = |keeper| RotationArgs { retirement: rules, ..Life::inputs(keeper, false) };
        watch.up(&wanted("1")).await;
        let first = cloud.keys()[0].clone();
        watch.up(&wanted("2")).await;
        cloud.clock().advance(DAY + HOUR * 2);
        cloud.use_key(&first);
        assert!(watch.up(&wanted("2")).await.is_done());
        assert_eq!(cloud.works(&first), kept, "{rules:?}");
        let warned = watch.stack.state().unwrap().warnings.iter().any(|warning| warning.contains(&first.0));
        assert_eq!(warned, kept, "a key that is kept is named");
        cloud.clock().advance(HOUR * 7);
        watch.up(&wanted("2")).await;
        assert!(!cloud.works(&first), "a quiet key goes");
        assert!(watch.up(&wanted("2")).await.is_quiet());
    }
}

#[tokio::test]
async fn a_soaking_key_is_disabled_first_and_removed_later() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::soaking("1")).await;
    let first = cloud.keys()[0].clone();
    watch.up(&Life::soaking("2")).await;
    cloud.clock().advance(DAY + HOUR * 2);
    assert!(watch.up(&Life::soaking("2")).await.is_done());
    assert!(cloud.keys().contains(&first) && !cloud.works(&first), "disabled");
    assert!(watch.up(&Life::soaking("2")).await.is_quiet(), "a soak is quiet");
    cloud.clock().advance(HOUR * 13);
    assert!(watch.up(&Life::soaking("2")).await.is_done());
    assert!(!cloud.keys().contains(&first));
    assert!(watch.up(&Life::soaking("2")).await.is_quiet());
}

#[tokio::test]
async fn one_resource_manages_a_principal() {
    let cloud = cloud();
    let mut watch = Watch::new(&cloud, DAY);
    watch.up(&Life::inputs("1", false)).await;
    let mut other = Stack::new("stack/project/second");
    let Outcome::Failed(error) = other.up(&cloud, &Life::inputs("1", false)).await else {
        panic!("the second is refused")
    };
    assert!(error.message.contains("stack/project/key"), "{error}");
    assert_eq!((cloud.keys().len(), cloud.marks()), (1, 1));
    watch.destroyed().await;
    assert!(other.up(&cloud, &Life::inputs("1", false)).await.is_done(), "once the first is gone the second may");
}

#[tokio::test]
async fn a_renamed_resource_takes_its_mark_along() {
    let cloud = cloud();
    let mut stack = Stack::new("stack/project/old-name");
    stack.up(&cloud, &Life::inputs("1", false)).await;
    let mut renamed = stack.renamed("stack/project/new-name");
    assert!(renamed.up(&cloud, &Life::inputs("1", false)).await.is_quiet(), "a new name alone is no change");
    assert!(renamed.up(&cloud, &Life::inputs("2", false)).await.is_done());
    assert_eq!((cloud.keys().len(), cloud.marks()), (2, 1));
    assert!(renamed.destroy(&cloud).await.is_done());
    assert_eq!((cloud.keys().len(), cloud.marks()), (0, 0));
}

/// list, read, claim, list, read: the calls of a run with a place for a key before it mints.
const CALLS_BEFORE_MINT: usize = 5;
