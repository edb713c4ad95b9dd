use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rotation::Clock;

/// The machine's own time.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()> {
        sleep(duration)
    }

    fn timer(&self, duration: SignedDuration) -> BoxFuture<'static, ()> {
        sleep(duration)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where waiting happens")]
fn sleep(duration: SignedDuration) -> BoxFuture<'static, ()> {
    tokio::time::sleep(Duration::try_from(duration).unwrap_or_default()).boxed()
}
