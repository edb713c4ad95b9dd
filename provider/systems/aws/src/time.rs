use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rotation::{Clock, Error};

/// The one clock, as the AWS SDK and the retries here want to see it.
///
/// The SDK uses its sleep for time-outs and for pauses between retries alike. Its retries are off, so that
/// a sleep of the SDK is always a limit (it must not move a test's clock), and a pause here is always a wait.
#[derive(Clone)]
pub(crate) struct Time {
    clock: Arc<dyn Clock>,
    /// How often a call is repeated.
    retries: usize,
}

impl Time {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, retries: outbound::RETRIES }
    }

    /// The same, with calls repeated so often, if that is said.
    pub(crate) fn repeating(self, retries: Option<u32>) -> Self {
        let retries = retries.and_then(|times| usize::try_from(times).ok()).unwrap_or(self.retries);
        Self { retries, ..self }
    }

    pub(crate) fn instant(&self) -> Timestamp {
        self.clock.now()
    }

    /// [`outbound::repeat_up_to`] in this time. Only for calls that may be repeated without harm.
    pub(crate) async fn repeat<T, F>(&self, call: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        outbound::repeat_up_to(self.retries, &self.clock, call).await
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&self.clock.now()).finish()
    }
}

impl TimeSource for Time {
    fn now(&self) -> SystemTime {
        SystemTime::try_from(self.clock.now()).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl AsyncSleep for Time {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(Timer(Mutex::new(self.clock.timer(signed(duration)))))
    }
}

/// A timer that may be shared between threads, as the SDK demands; the lock is never taken by two.
struct Timer(Mutex<BoxFuture<'static, ()>>);

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        timer.as_mut().poll(context)
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use jiff::Timestamp;
    use rotation::testing::ManualClock;

    use super::*;

    #[test]
    fn a_limit_passes_with_the_clock_and_does_not_move_it() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let time = Time::new(Arc::new(clock.clone()));
        let mut limit = AsyncSleep::sleep(&time, Duration::from_secs(30));
        assert!((&mut limit).now_or_never().is_none());
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_secs(30));
        assert!((&mut limit).now_or_never().is_some());
    }
}
