//! How long a run waits, and what it says meanwhile.

use std::sync::Mutex;

use rotation::testing::{InMemoryCloud, InMemoryRules, Life, ManualClock, NeverStop, Rig};
use rotation::{
    Clock, Delivered, DeliveryStage, Goal, KeyState, OwnerId, RotationArgs, RunContext, Verification, Want, run,
};

use super::*;

struct Ran {
    took: SignedDuration,
    notes: Vec<String>,
    warnings: Vec<String>,
    result: Result<KeyState, rotation::Interrupted>,
}

/// One run, by a clock that only its own waits move.
async fn ran(cloud: &InMemoryCloud, state: KeyState, args: &RotationArgs) -> Ran {
    let (notes, warnings) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let schedule = schedule(None, Ask { args, keepers_unknown: false, suspended: false }, cloud.clock().now()).schedule;
    let want = Want::Current(Goal::new(&state.instance, args, &schedule));
    let issuer = cloud.issuer();
    let began = cloud.clock().now();
    let context = RunContext {
        issuer: &*issuer,
        stores: &[],
        clock: cloud.clock(),
        stop: &NeverStop,
        owner: &OwnerId::new("urn", "stack/project/key"),
        want: &want,
        nonce: &|| "n0000009".to_owned(),
        readers: &[],
        derived: &|material| material,
        note: &|line| notes.lock().unwrap().push(line),
        warn: &|line| warnings.lock().unwrap().push(line),
    };
    let result = run(context, state).await;
    let took = cloud.clock().now().duration_since(began);
    Ran { took, notes: notes.into_inner().unwrap(), warnings: warnings.into_inner().unwrap(), result }
}

fn cloud(rules: InMemoryRules) -> InMemoryCloud {
    InMemoryCloud::new(rules, ManualClock::new(at("2026-01-02T00:00:00Z")))
}

fn aws() -> InMemoryRules {
    InMemoryRules::like_aws(SignedDuration::ZERO)
}

#[tokio::test]
async fn time_5_a_clock_that_is_a_day_behind_makes_no_run_wait_for_a_day() {
    let cloud = cloud(aws());
    let args = Life::inputs("1", false);
    let mut state = ran(&cloud, KeyState::new("i0000001".to_owned()), &args).await.result.unwrap();
    // The key seems to be of tomorrow, and the list does not show it.
    let current = state.current.as_mut().unwrap();
    current.created_at += DAY;
    current.promoted_at = current.promoted_at.map(|at| at + DAY);
    cloud.delete(&current.id.clone());
    let ran = ran(&cloud, state, &args).await;
    assert!(ran.result.is_ok(), "{:?}", ran.result);
    assert!(ran.took < SignedDuration::from_mins(4), "{}: {:?}", ran.took, ran.notes);
}

#[tokio::test]
async fn time_5_a_wait_says_for_how_long_it_may_go_on_every_15_seconds() {
    let cloud = cloud(aws());
    let args = Life::inputs("1", false);
    let state = ran(&cloud, KeyState::new("i0000001".to_owned()), &args).await.result.unwrap();
    cloud.delete(&state.current.as_ref().unwrap().id);
    let ran = ran(&cloud, state, &args).await;
    let waits: Vec<_> = ran.notes.iter().filter(|line| line.starts_with("waiting up to")).collect();
    assert!(waits.len() >= 3, "{:?}", ran.notes);
}

#[tokio::test]
async fn time_5_a_difference_of_clocks_is_said() {
    for (ahead, words) in [(DAY, "1d behind the clock of the system"), (-HOUR, "1h ahead of the clock of the system")] {
        let (cloud, args) = (cloud(InMemoryRules { ahead, ..aws() }), Life::inputs("1", false));
        let ran = ran(&cloud, KeyState::new("i".to_owned()), &args).await;
        assert!(ran.warnings.iter().any(|line| line.contains(words)), "{:?}", ran.warnings);
    }
    let ran = ran(&cloud(aws()), KeyState::new("i".to_owned()), &Life::inputs("1", false)).await;
    assert_eq!(ran.warnings, [""; 0]);
}

#[tokio::test]
async fn time_5_a_verification_tells_every_15_seconds_what_it_saw_and_how_long_it_may_go_on() {
    let slow = InMemoryRules { accepts_after: SignedDuration::from_secs(70), ..aws() };
    let ran = ran(&cloud(slow), KeyState::new("i".to_owned()), &Life::inputs("1", false)).await;
    let told: Vec<_> = ran.notes.iter().filter(|line| line.contains("so far")).collect();
    assert!((3..=5).contains(&told.len()), "{:?}", ran.notes);
    assert!(
        told[0].starts_with("verifying the new key: refused 5 times so far") && told[0].contains("up to 4m"),
        "{told:?}"
    );
    assert_eq!(ran.notes.last().map(String::as_str), Some("the new key was accepted 3 times"));
}

#[tokio::test]
async fn time_5_a_verification_ends_at_its_timeout() {
    let never = InMemoryRules { accepts_after: DAY, ..aws() };
    let timeout = SignedDuration::from_mins(2);
    let verification = Some(Verification { successes: 3, timeout });
    let args = RotationArgs { verification, ..Life::inputs("1", false) };
    let ran = ran(&cloud(never), KeyState::new("i".to_owned()), &args).await;
    assert!(ran.result.is_err() && ran.took <= timeout + SignedDuration::from_secs(5), "{}", ran.took);
}

/// Neither inputs nor state tell how to reach a store that the state knows.
#[tokio::test]
async fn a_store_that_nothing_tells_how_to_reach_is_a_warning_and_is_forgotten() {
    let cloud = cloud(aws());
    let args = Life::inputs("1", false);
    let mut state = ran(&cloud, KeyState::new("i0000001".to_owned()), &args).await.result.unwrap();
    let current = state.current.clone().unwrap();
    state.deliveries.push(Delivered {
        identity: "lost".to_owned(),
        store: "store lost (`deliveries[0]`)".to_owned(),
        version: "v1".to_owned(),
        stage: DeliveryStage::Current,
        generation: current.generation,
        key_id: current.id.clone(),
        at: current.created_at,
        shape: String::new(),
    });
    let ran = ran(&cloud, state, &args).await;
    let told = ran.warnings.iter().find(|line| line.contains("can no longer reach store lost,"));
    assert!(told.is_some_and(|line| line.contains(&current.id.0)), "{:?}", ran.warnings);
    assert!(ran.result.unwrap().deliveries.is_empty());
}
