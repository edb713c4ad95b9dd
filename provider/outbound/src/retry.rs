use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable, Sleeper};
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use rotation::{Clock, Error, Retry};

/// Calls until it succeeds, fails for good, or has failed four times, with pauses of 1, 2 and 4 s, or as long as the system asked for.
/// No chance is in it, so that a test that fails fails again.
/// Only for calls that may be repeated without harm.
///
/// # Errors
/// That of the last call.
pub async fn repeat<T, F>(clock: &Arc<dyn Clock>, call: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    repeat_up_to(RETRIES, clock, call).await
}

/// How often a call is repeated unless the user says otherwise.
pub const RETRIES: usize = 3;

/// The same with another number of repetitions; the pauses grow to a minute.
///
/// # Errors
/// As [`repeat`].
pub async fn repeat_up_to<T, F>(times: usize, clock: &Arc<dyn Clock>, call: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let pauses = ExponentialBuilder::default().with_min_delay(Duration::from_secs(1)).with_max_times(times);
    let repeated = call.retry(pauses).sleep(Pauses(Arc::clone(clock)));
    repeated.when(|error: &Error| error.retry != Retry::Never).adjust(longer).await
}

/// Pauses in the time of this clock.
#[derive(Clone)]
pub struct Pauses(pub Arc<dyn Clock>);

impl Sleeper for Pauses {
    type Sleep = BoxFuture<'static, ()>;

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        let clock = Arc::clone(&self.0);
        let pause = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        async move { clock.wait(pause).await }.boxed()
    }
}

/// The pause that is due, or the longer one that the system asked for.
fn longer(error: &Error, pause: Option<Duration>) -> Option<Duration> {
    match error.retry {
        Retry::After(asked) => pause.map(|pause| pause.max(asked.unsigned_abs())),
        _ => pause,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use jiff::Timestamp;
    use rotation::testing::ManualClock;
    use rotation::{Effect, ErrorKind};

    use super::*;

    fn failing(times: u32, retry: Retry) -> (Result<u32, Error>, u32, SignedDuration) {
        let manual = ManualClock::new(Timestamp::UNIX_EPOCH);
        let clock: Arc<dyn Clock> = Arc::new(manual.clone());
        let calls = Cell::new(0);
        let result = repeat(&clock, || {
            calls.set(calls.get() + 1);
            let call = calls.get();
            async move {
                if call > times {
                    return Ok(call);
                }
                Err(Error::new(ErrorKind::Throttled, "any:Call", "no").retry(retry))
            }
        });
        let result = result.now_or_never().unwrap();
        (result, calls.get(), manual.now().duration_since(Timestamp::UNIX_EPOCH))
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
    fn a_system_that_asks_for_a_longer_pause_gets_it() {
        let (_, calls, waited) = failing(1, Retry::After(SignedDuration::from_secs(20)));
        assert_eq!((calls, waited.as_secs()), (2, 20));
        let (_, _, waited) = failing(1, Retry::After(SignedDuration::from_millis(1)));
        assert_eq!(waited.as_secs(), 1);
    }
}
