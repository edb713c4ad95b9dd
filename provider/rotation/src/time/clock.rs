use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

/// The only source of time. Tests give a clock that they move.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Waits on purpose. A test clock moves itself forward by `duration` instead of sleeping.
    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()>;

    /// Completes once this clock has gone on by `duration`, however it came to. It limits calls; a test clock never moves for it.
    fn timer(&self, duration: SignedDuration) -> BoxFuture<'static, ()>;
}

/// Whether the caller still wants the work to go on: false after a cancel or when the operation's time-out has run out.
pub trait Stop: Send + Sync {
    /// True once nothing new may be started.
    fn is_stopped(&self) -> bool;

    /// Completes when the work is to stop; may never complete.
    fn stopped(&self) -> BoxFuture<'_, ()>;
}
