//! What every rig on the stand-in has in common: calls, faults, deaths, and requests that are held.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use localcloud::{LocalCloud, Options, Rule};
use rotation::testing::{Fault, ManualClock};

/// How a system's API refuses, and fails after it has done what was asked.
pub(crate) struct Words {
    /// Status and code of a refusal that may pass.
    pub(crate) before: (u16, &'static str),
    /// Status and code of a failure after the effect.
    pub(crate) after: (u16, &'static str),
}

/// The stand-in on a clock that only moves by hand.
pub(crate) struct Stand {
    pub(crate) cloud: LocalCloud,
    pub(crate) clock: ManualClock,
    ahead: Arc<AtomicI64>,
    words: Words,
    /// Requests that a process died over, or that a test holds: its connections may linger a little.
    mourned: Mutex<BTreeSet<u64>>,
}

impl Stand {
    pub(crate) fn start(clock: ManualClock, words: Words, set: impl FnOnce(&mut Options)) -> std::io::Result<Self> {
        let ahead = Arc::<AtomicI64>::default();
        let shared = Shared { clock: clock.clone(), ahead: Arc::clone(&ahead) };
        let mut options = Options::new(Arc::new(shared) as Arc<dyn localcloud::Clock>);
        options.hang_advances = SignedDuration::from_secs(31);
        set(&mut options);
        let cloud = LocalCloud::start(options)?;
        Ok(Self { cloud, clock, ahead, words, mourned: Mutex::default() })
    }

    /// From now on the cloud's clock is ahead of the plugin's by so much.
    pub(crate) fn set_ahead(&self, ahead: SignedDuration) {
        self.ahead.store(ahead.as_secs(), Ordering::Relaxed);
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.cloud.journal().into_iter().map(|entry| entry.action).collect()
    }

    pub(crate) fn inject(&self, call: usize, fault: Fault) {
        let Words { before, after } = self.words;
        self.at(
            call,
            match fault {
                Fault::Before => localcloud::Fault::error_before(before.0, before.1),
                Fault::After => localcloud::Fault::error_after(after.0, after.1),
                Fault::Throttled => localcloud::Fault::Throttle,
                Fault::Hang => localcloud::Fault::Hang,
                Fault::HangAfter => localcloud::Fault::HangAfter,
                Fault::Cut => localcloud::Fault::CutBody,
                Fault::DieBefore => localcloud::Fault::HoldBefore,
                Fault::DieAfter => localcloud::Fault::HoldAfter,
            },
        );
    }

    /// Lets a fault befall the call with this number, counted from 0.
    pub(crate) fn at(&self, call: usize, fault: localcloud::Fault) {
        self.cloud.faults().add(Rule::new(fault).at_call(call as u64 + 1));
    }

    pub(crate) async fn death(&self) {
        loop {
            self.cloud.faults().until_held().await;
            let held = self.cloud.faults().held();
            if held.into_iter().any(|request| locked(&self.mourned).insert(request.seq)) {
                return;
            }
            pause().await;
        }
    }

    pub(crate) fn hold_at(&self, call: usize) {
        locked(&self.mourned).insert(call as u64 + 1);
        self.at(call, localcloud::Fault::HoldBefore);
    }

    pub(crate) async fn until_held(&self, call: usize) {
        loop {
            self.cloud.faults().until_held().await;
            if self.cloud.faults().held().iter().any(|held| held.seq == call as u64 + 1) {
                return;
            }
            pause().await;
        }
    }

    pub(crate) fn release(&self, call: usize) {
        if !self.cloud.faults().release(call as u64 + 1) {
            // It never came, and no later call is to be held in its stead.
            self.cloud.faults().clear();
        }
    }
}

pub(crate) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// The plugin's manual clock, as the stand-in wants to see it; it may be set wrong.
struct Shared {
    clock: ManualClock,
    ahead: Arc<AtomicI64>,
}

impl localcloud::Clock for Shared {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed));
        rotation::Clock::now(&self.clock).saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }
}
