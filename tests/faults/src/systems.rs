use jiff::{SignedDuration, Timestamp};
use rotation::testing::{InMemoryCloud, InMemoryRules, ManualClock, Stage};

use crate::AwsRig;

const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A system that takes part.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// As titles of trials show it.
    pub name: &'static str,
    /// Makes a fresh one.
    pub make: fn() -> Box<dyn Stage>,
    /// A trial costs so little that every combination can be tried.
    pub is_cheap: bool,
    /// A new key is not listed at once.
    pub lags: bool,
}

/// Every system: the reference model as AWS is, with lists that lag, and with a larger quota; and AWS itself.
pub const SYSTEMS: [System; 4] = [
    System { name: "model", make: || in_memory(0, 2), is_cheap: true, lags: false },
    System { name: "model-lagging", make: || in_memory(20, 2), is_cheap: true, lags: true },
    System { name: "model-roomy", make: || in_memory(0, 5), is_cheap: true, lags: false },
    System { name: "aws", make: aws, is_cheap: false, lags: false },
];

fn in_memory(lists_after: i64, quota: usize) -> Box<dyn Stage> {
    let mut rules = InMemoryRules::like_aws(SignedDuration::from_secs(lists_after));
    rules.capability.quota = Some(quota);
    Box::new(InMemoryCloud::new(rules, ManualClock::new(START)))
}

fn aws() -> Box<dyn Stage> {
    match AwsRig::start(ManualClock::new(START)) {
        Ok(rig) => Box::new(rig),
        Err(error) => unreachable!("the stand-in does not start: {error}"),
    }
}
