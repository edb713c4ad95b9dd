//! Faults by the number of a call, for suites that count calls from 0 over the life of a server.

use std::time::Duration;

use crate::{Fault, Faults, Rule, locked};

impl Faults {
    /// Lets a fault befall the call with this number.
    pub fn strike_call(&self, call: usize, fault: Fault) {
        self.add(Rule::new(fault).at_call(number(call)));
    }

    /// Holds the call with this number, before it has an effect, until it is released. Nobody dies over it.
    pub fn hold_call(&self, call: usize) {
        self.mourns(number(call));
        self.strike_call(call, Fault::HoldBefore);
    }

    /// Completes when the call with this number is held.
    pub async fn until_call_is_held(&self, call: usize) {
        loop {
            self.until_held().await;
            if self.held().iter().any(|held| held.seq == number(call)) {
                return;
            }
            pause().await;
        }
    }

    /// Lets a held call go on. If it never came, no later call is held in its stead.
    pub fn release_call(&self, call: usize) {
        if !self.release(number(call)) {
            self.clear();
        }
    }

    /// Completes when a call is held over which a process is to die. The client then drops its call, and with it the request ends.
    pub async fn death(&self) {
        loop {
            self.until_held().await;
            if self.held().into_iter().any(|held| self.mourns(held.seq)) {
                return;
            }
            pause().await;
        }
    }

    /// Whether nobody has died over this request yet: its connection may linger a little after its process has gone.
    fn mourns(&self, seq: u64) -> bool {
        locked(&self.mourned).insert(seq)
    }
}

fn number(call: usize) -> u64 {
    call as u64 + 1
}

/// A connection's end is not an event of a manual clock.
#[expect(clippy::disallowed_methods, reason = "the end of a connection comes in real time")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}
