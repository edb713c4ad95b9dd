//! Waiting in real time for what other processes do.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

const LOOK: Duration = Duration::from_millis(10);

/// Looks again and again until there is something to see. None when `limit` is over.
///
/// # Errors
/// When looking fails.
#[expect(clippy::disallowed_methods, reason = "other processes run in real time, so waiting for them is real")]
pub(crate) fn until<T>(limit: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let started = Instant::now();
    loop {
        let seen = look()?;
        if seen.is_some() || started.elapsed() > limit {
            return Ok(seen);
        }
        thread::sleep(LOOK);
    }
}
