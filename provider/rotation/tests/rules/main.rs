//! Single rules at their borders, by what the crate gives to others: inputs, schedules, what a refresh notes, what a run looks at again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it must")]

mod inputs;
mod owners;
mod plans;
mod runs;
mod waits;

use jiff::{SignedDuration, Timestamp};
use rotation::{Ask, Phase, RotationArgs, Schedule, schedule};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn created(args: &RotationArgs, now: &str) -> Schedule {
    schedule(None, Ask { args, keepers_unknown: false, suspended: false }, at(now)).schedule
}
