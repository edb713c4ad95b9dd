//! Time that tests move: a file holds the milliseconds that are added to the system's time. Whoever waits on purpose moves it on.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use outbound::SystemClock;
use rotation::Clock;

/// Names the file.
const VARIABLE: &str = "KEYROTATION_TEST_CLOCK";
/// How often a timer looks whether somebody moved the time.
const LOOK: SignedDuration = SignedDuration::from_millis(10);

#[derive(Clone, Debug)]
pub(crate) struct FileClock {
    path: PathBuf,
}

impl FileClock {
    pub(crate) fn from_environment() -> Option<Self> {
        std::env::var_os(VARIABLE).map(|path| Self { path: path.into() })
    }

    fn offset(&self) -> SignedDuration {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        SignedDuration::from_millis(text.trim().parse().unwrap_or(0))
    }

    fn advance(&self, by: SignedDuration) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)?;
        file.lock()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let sum = text.trim().parse::<i128>().unwrap_or(0) + by.as_millis();
        rewrite(&mut file, &sum.to_string())
    }
}

/// Whoever reads without the lock finds the old number or the new one, never none.
fn rewrite(file: &mut File, text: &str) -> io::Result<()> {
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().checked_add(self.offset()).unwrap_or(Timestamp::MAX)
    }

    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()> {
        match self.advance(duration.max(SignedDuration::ZERO)) {
            Ok(()) => SystemClock.timer(SignedDuration::from_millis(1)),
            Err(_) => SystemClock.timer(duration),
        }
    }

    fn timer(&self, duration: SignedDuration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        let due = clock.now().checked_add(duration).unwrap_or(Timestamp::MAX);
        async move {
            while clock.now() < due {
                SystemClock.wait(LOOK).await;
            }
        }
        .boxed()
    }
}
