use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use futures::FutureExt;
use futures::future::{BoxFuture, pending, poll_fn, ready};
use jiff::{SignedDuration, Timestamp};

use crate::{Clock, Stop};

/// Time that stands still until somebody waits or moves it. Clones share it.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    now: Timestamp,
    timers: Vec<Waker>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Inner { now, timers: Vec::new() })))
    }

    /// Moves it forward and lets every timer look.
    pub fn advance(&self, by: SignedDuration) {
        let timers = {
            let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            inner.now = inner.now.checked_add(by).unwrap_or(Timestamp::MAX);
            std::mem::take(&mut inner.timers)
        };
        timers.into_iter().for_each(Waker::wake);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now
    }

    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()> {
        self.advance(duration.max(SignedDuration::ZERO));
        ready(()).boxed()
    }

    fn timer(&self, duration: SignedDuration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let due = clock.now().checked_add(duration).unwrap_or(Timestamp::MAX);
        poll_fn(move |context| {
            let mut inner = clock.0.lock().unwrap_or_else(PoisonError::into_inner);
            if inner.now >= due {
                return std::task::Poll::Ready(());
            }
            inner.timers.push(context.waker().clone());
            std::task::Poll::Pending
        })
        .boxed()
    }
}

/// A caller that never stops the work.
#[derive(Clone, Copy, Debug)]
pub struct NeverStop;

impl Stop for NeverStop {
    fn is_stopped(&self) -> bool {
        false
    }

    fn stopped(&self) -> BoxFuture<'_, ()> {
        pending().boxed()
    }
}
