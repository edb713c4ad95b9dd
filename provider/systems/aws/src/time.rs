use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use backon::{ExponentialBuilder, Retryable, Sleeper};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use rotation::{Clock, Error, Retry};

/// The one clock, as the AWS SDK and the retries here want to see it.
///
/// The SDK uses its sleep for time-outs and for pauses between retries alike. Its retries are off, so that
/// a sleep of the SDK is always a limit (it must not move a test's clock), and a pause here is always a wait.
#[derive(Clone)]
pub(crate) struct Time(Arc<dyn Clock>);

impl Time {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(clock)
    }

    /// Calls until it succeeds, fails for good, or has failed four times, with pauses of 1, 2 and 4 s.
    /// No chance is in it, so that a test that fails fails again.
    /// Only for calls that may be repeated without harm.
    pub(crate) async fn repeat<T, F>(&self, call: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let pauses = ExponentialBuilder::default().with_min_delay(Duration::from_secs(1)).with_max_times(3);
        call.retry(pauses).sleep(self.clone()).when(|error: &Error| error.retry != Retry::Never).await
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&self.0.now()).finish()
    }
}

impl TimeSource for Time {
    fn now(&self) -> SystemTime {
        SystemTime::try_from(self.0.now()).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl AsyncSleep for Time {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(Timer(Mutex::new(self.0.timer(signed(duration)))))
    }
}

impl Sleeper for Time {
    type Sleep = BoxFuture<'static, ()>;

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        let clock = Arc::clone(&self.0);
        async move { clock.wait(signed(duration)).await }.boxed()
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
    use std::cell::Cell;

    use jiff::Timestamp;
    use rotation::testing::ManualClock;
    use rotation::{Effect, ErrorKind};

    use super::*;

    fn failing(times: u32, retry: Retry) -> (Result<u32, Error>, u32, SignedDuration) {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let time = Time::new(Arc::new(clock.clone()));
        let calls = Cell::new(0);
        let result = time.repeat(|| {
            calls.set(calls.get() + 1);
            let call = calls.get();
            async move {
                if call > times {
                    return Ok(call);
                }
                Err(Error::new(ErrorKind::Throttled, "iam:Any", "no").retry(retry))
            }
        });
        let result = result.now_or_never().unwrap();
        let waited = clock.now().duration_since(Timestamp::UNIX_EPOCH);
        (result, calls.get(), waited)
    }

    #[test]
    fn a_passing_trouble_is_waited_out_in_virtual_time() {
        let (result, calls, waited) = failing(2, Retry::Backoff);
        assert_eq!((result.unwrap(), calls), (3, 3));
        assert_eq!(waited.as_secs(), 3);
    }

    #[test]
    fn a_lasting_trouble_ends_after_four_calls() {
        let (result, calls, _) = failing(9, Retry::Backoff);
        assert_eq!(result.unwrap_err().effect, Effect::None);
        assert_eq!(calls, 4);
    }

    #[test]
    fn a_refusal_is_not_repeated() {
        let (result, calls, waited) = failing(9, Retry::Never);
        assert!(result.is_err());
        assert_eq!((calls, waited), (1, SignedDuration::ZERO));
    }

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
