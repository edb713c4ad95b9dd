//! States that are older than reality, dependents that were not updated, marks that lag: nothing that may be in use is removed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

mod behind;
mod overlaps;
mod place;
mod runs;
mod states;

use jiff::{SignedDuration, Timestamp};
use rotation::testing::{
    Elsewhere, Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Outcome, Rig, Stack, Watch,
};
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
