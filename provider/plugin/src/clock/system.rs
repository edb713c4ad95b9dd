use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rotation::Clock;

#[derive(Debug)]
pub(crate) struct SystemClock;

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
pub(super) fn system_now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "this is where waiting happens")]
pub(super) fn sleep(duration: SignedDuration) -> BoxFuture<'static, ()> {
    tokio::time::sleep(Duration::try_from(duration).unwrap_or_default()).boxed()
}
