use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use super::Urn;
use crate::log::Log;

/// What a call is given beside its request.
#[derive(Clone, Debug)]
pub struct Context {
    urn: Urn,
    log: Log,
    stop: Stop,
}

impl Context {
    /// A context of these parts.
    pub fn new(urn: Urn, log: Log, stop: Stop) -> Self {
        Self { urn, log, stop }
    }

    /// A context for a call outside any engine: its log goes nowhere and nothing stops it.
    pub fn detached(urn: impl Into<Urn>) -> Self {
        Self::new(urn.into(), Log::discard(), Stop::default())
    }

    /// The resource the call concerns.
    pub fn urn(&self) -> &Urn {
        &self.urn
    }

    /// Messages to the user.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Whether the call should come to an end: begin nothing new, finish what has begun.
    pub fn stopped(&self) -> bool {
        self.stop.reason().is_some()
    }

    /// What tells the call to come to an end.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }
}

/// Why a call should come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The user, or the end of the engine's process.
    Cancelled,
    /// The time that the user allowed for this operation has run out.
    TimedOut,
}

/// Tells a call to come to an end. Nothing interrupts the call itself: what has an effect must be
/// finished and reported.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    token: CancellationToken,
    timed_out: Arc<AtomicBool>,
}

impl Stop {
    /// A stop that follows `parent` when that is cancelled.
    pub fn following(parent: &CancellationToken) -> Self {
        Self { token: parent.child_token(), timed_out: Arc::default() }
    }

    /// Why the call should end; none while it should not.
    pub fn reason(&self) -> Option<StopReason> {
        let reason = if self.timed_out.load(Ordering::Acquire) { StopReason::TimedOut } else { StopReason::Cancelled };
        self.token.is_cancelled().then_some(reason)
    }

    /// Resolves when the call should end.
    pub async fn cancelled(&self) -> StopReason {
        self.token.cancelled().await;
        self.reason().unwrap_or(StopReason::Cancelled)
    }

    /// Tells the call to end.
    pub fn stop(&self, reason: StopReason) {
        if reason == StopReason::TimedOut && !self.token.is_cancelled() {
            self.timed_out.store(true, Ordering::Release);
        }
        self.token.cancel();
    }
}
