use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rotation::Clock;
use rotation::testing::ManualClock;

/// The plugin's manual clock as stand-ins and proxies see it. Clones share one offset.
#[derive(Clone)]
pub struct SharedClock {
    clock: ManualClock,
    ahead: Arc<AtomicI64>,
}

impl SharedClock {
    /// The same time as this clock's.
    pub fn new(clock: &ManualClock) -> Self {
        Self { clock: clock.clone(), ahead: Arc::default() }
    }

    /// From now on it is ahead of the plugin's clock by so much.
    pub fn set_ahead(&self, ahead: SignedDuration) {
        self.ahead.store(ahead.as_secs(), Ordering::Relaxed);
    }

    /// As a server takes it.
    pub fn shared(&self) -> Arc<dyn localcloud::Clock> {
        Arc::new(self.clone())
    }
}

impl localcloud::Clock for SharedClock {
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed));
        self.clock.now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }
}

/// Real time.
pub struct RealTime;

impl Clock for RealTime {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()> {
        self.timer(duration)
    }

    fn timer(&self, duration: SignedDuration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration.try_into().unwrap_or_default()).boxed()
    }
}
