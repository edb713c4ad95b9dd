//! Time as the plugin has it: the system's, or in test builds the system's plus what a file says.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rotation::Clock;

#[cfg(feature = "test-clock")]
mod file;

/// The clock of this process.
pub(crate) fn clock() -> Arc<dyn Clock> {
    #[cfg(feature = "test-clock")]
    if let Some(file) = file::FileClock::from_environment() {
        return Arc::new(file);
    }
    Arc::new(SystemClock)
}

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system_now()
    }

    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()> {
        sleep(duration)
    }

    fn timer(&self, duration: SignedDuration) -> BoxFuture<'static, ()> {
        sleep(duration)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where time enters")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "this is where waiting happens")]
fn sleep(duration: SignedDuration) -> BoxFuture<'static, ()> {
    tokio::time::sleep(Duration::try_from(duration).unwrap_or_default()).boxed()
}
