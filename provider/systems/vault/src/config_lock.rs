//! What this process knows of each mount's configuration. The server replaces a configuration whole and offers no check-and-set, so the
//! resources of one process write one after another, each over what the one before it wrote.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use outbound::locked;

use serde_json::{Map, Value};

/// All that a mount's configuration says. What it means stands in `jwt_key::config`; what is not ours is written back as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Config(pub(crate) Option<Map<String, Value>>);

/// One gate for each mount.
#[derive(Default)]
pub(crate) struct ConfigLocks(Mutex<BTreeMap<String, Arc<ConfigLock>>>);

/// The way to the configuration of one mount.
#[derive(Default)]
pub(crate) struct ConfigLock {
    writing: tokio::sync::Mutex<()>,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// Counts reads and writes as they begin and end.
    clock: u64,
    /// When what is known became known.
    stamp: u64,
    /// When a write last began or ended.
    written: u64,
    /// Absent while nothing is known for sure.
    config: Option<Config>,
}

/// When a read began.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

/// The right to write, while it is held.
pub(crate) struct Turn<'a> {
    gate: &'a ConfigLock,
    _writing: tokio::sync::MutexGuard<'a, ()>,
}

impl ConfigLocks {
    /// The gate of this mount.
    pub(crate) fn of(&self, mount: &str) -> Arc<ConfigLock> {
        Arc::clone(locked(&self.0).entry(mount.to_owned()).or_default())
    }
}

impl ConfigLock {
    /// A read begins.
    pub(crate) fn read(&self) -> Ticket {
        let mut last = locked(&self.last);
        last.clock += 1;
        Ticket(last.clock)
    }

    /// What a read found. Whether what is known now is at least as new: not if a write has begun or ended since the read began.
    pub(crate) fn found(&self, Ticket(ticket): Ticket, config: &Config) -> bool {
        let mut last = locked(&self.last);
        if ticket > last.stamp {
            (last.stamp, last.config) = (ticket, Some(config.clone()));
        }
        ticket > last.written
    }

    /// Waits for whoever writes.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        Turn { _writing: self.writing.lock().await, gate: self }
    }

    fn learn(&self, config: Option<Config>) {
        let mut last = locked(&self.last);
        last.clock += 1;
        (last.stamp, last.written, last.config) = (last.clock, last.clock, config);
    }
}

impl Turn<'_> {
    /// What stands there, as far as it is known.
    pub(crate) fn known(&self) -> Option<Config> {
        locked(&self.gate.last).config.clone()
    }

    /// A write begins: what comes of it is not known until it has ended well.
    pub(crate) fn begin(&self) {
        self.gate.learn(None);
    }

    /// The write has ended; without a configuration nobody knows how.
    pub(crate) fn end(self, config: Option<Config>) {
        self.gate.learn(config);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use serde_json::json;

    use super::*;

    fn config(name: &str) -> Config {
        Config::new(json!({"jwt_validation_pubkeys": [name]}).as_object().unwrap().clone())
    }

    fn turn(gate: &ConfigLock) -> Turn<'_> {
        gate.turn().now_or_never().unwrap()
    }

    #[test]
    fn an_older_read_is_never_taken_for_a_newer_one() {
        let gate = ConfigLock::default();
        let (early, late) = (gate.read(), gate.read());
        assert!(gate.found(late, &config("late")) && gate.found(early, &config("early")));
        assert_eq!(turn(&gate).known(), Some(config("late")));
    }

    #[test]
    fn a_read_that_a_write_overtook_is_not_believed() {
        let gate = ConfigLock::default();
        let before = gate.read();
        let turn = turn(&gate);
        turn.begin();
        let during = gate.read();
        assert!(!gate.found(before, &config("before")) && turn.known().is_none());
        turn.end(Some(config("written")));
        assert!(!gate.found(during, &config("during")));
        assert!(gate.found(gate.read(), &config("after")));
    }

    #[test]
    fn a_write_that_was_not_answered_leaves_nothing_known() {
        let gate = ConfigLock::default();
        assert!(gate.found(gate.read(), &config("before")));
        let first = turn(&gate);
        first.begin();
        first.end(None);
        assert_eq!(turn(&gate).known(), None);
        assert!(gate.found(gate.read(), &config("before")));
        let dies = turn(&gate);
        dies.begin();
        drop(dies);
        assert_eq!(turn(&gate).known(), None);
    }

    #[test]
    fn one_writes_at_a_time_at_one_mount() {
        let gates = ConfigLocks::default();
        let (one, other) = (gates.of("jwt"), gates.of("other"));
        let held = turn(&one);
        assert!(gates.of("jwt").turn().now_or_never().is_none() && other.turn().now_or_never().is_some());
        drop(held);
        assert!(gates.of("jwt").turn().now_or_never().is_some());
    }
}
