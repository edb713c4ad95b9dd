use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use super::Urn;
use crate::log::Log;

/// What a call gets beside its request: the resource's URN, the log, and the signal to
/// stop.
///
/// ```
/// use pulumi_provider::{Context, StopReason};
///
/// let context = Context::detached("urn:pulumi:dev::shop::p:index:Type::name");
/// assert_eq!(context.urn().name(), "name");
/// assert!(!context.stopped());
///
/// context.stop().stop(StopReason::Cancelled);
/// assert!(context.stopped());
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    urn: Urn,
    log: Log,
    stop: Stop,
}

impl Context {
    /// Combines these parts. The framework does this for every call; tests of a resource may do
    /// it too.
    pub fn new(urn: Urn, log: Log, stop: Stop) -> Self {
        Self { urn, log, stop }
    }

    /// A context for a call outside of any engine: its log drops every message, and nothing
    /// stops it.
    pub fn detached(urn: impl Into<Urn>) -> Self {
        Self::new(urn.into(), Log::discard(), Stop::default())
    }

    /// The URN of the resource that the call is about.
    pub fn urn(&self) -> &Urn {
        &self.urn
    }

    /// The log that the user reads. Everything sent there is public.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Whether the call should end: start nothing new, and finish what has begun.
    pub fn stopped(&self) -> bool {
        self.stop.reason().is_some()
    }

    /// The signal to end the call, for code that waits for it.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }
}

/// Why a call should end.
///
/// It is non-exhaustive: the protocol may get more reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The user pressed ^C, or the engine's process ended.
    Cancelled,
    /// The time that the user allowed for this operation (`customTimeouts`) is over.
    TimedOut,
}

/// A signal that tells a call to end. Nothing interrupts the call itself: an effect that
/// has begun must be finished and reported.
///
/// Check it before each effect, and wait for it together with anything slow:
///
/// ```
/// use pulumi_provider::{Stop, StopReason};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let stop = Stop::default();
/// let signal = stop.clone();
/// signal.stop(StopReason::TimedOut);
///
/// let slow = std::future::pending::<()>();
/// tokio::select! {
///     reason = stop.cancelled() => assert_eq!(reason, StopReason::TimedOut),
///     () = slow => unreachable!(),
/// }
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop {
    token: CancellationToken,
    timed_out: Arc<AtomicBool>,
}

impl Stop {
    /// A signal that is also given when `parent` is cancelled.
    pub fn following(parent: &CancellationToken) -> Self {
        Self { token: parent.child_token(), timed_out: Arc::default() }
    }

    /// Why the call should end; `None` while it may go on.
    pub fn reason(&self) -> Option<StopReason> {
        let reason = if self.timed_out.load(Ordering::Acquire) { StopReason::TimedOut } else { StopReason::Cancelled };
        self.token.is_cancelled().then_some(reason)
    }

    /// Waits until the call should end, and returns the reason. It is safe to drop and to call
    /// again.
    pub async fn cancelled(&self) -> StopReason {
        self.token.cancelled().await;
        self.reason().unwrap_or(StopReason::Cancelled)
    }

    /// Gives the signal. The first reason wins; later calls have no effect.
    pub fn stop(&self, reason: StopReason) {
        if reason == StopReason::TimedOut && !self.token.is_cancelled() {
            self.timed_out.store(true, Ordering::Release);
        }
        self.token.cancel();
    }
}
