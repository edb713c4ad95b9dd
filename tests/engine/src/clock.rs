//! The clock that the stand-in and the plugin share, and that tests move.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;

/// A file with one decimal integer: the milliseconds by which the shared clock is ahead of the real one.
#[derive(Debug, Clone)]
pub struct TestClock {
    file: PathBuf,
}

impl TestClock {
    /// Starts a clock at the real time, kept in `file`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn start(file: PathBuf) -> Result<Self> {
        fs::write(&file, "0").with_context(|| format!("cannot write {}", file.display()))?;
        Ok(Self { file })
    }

    /// The file, for the variable `KEYROTATION_TEST_CLOCK`.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Moves the clock on. The plugin and the stand-in do the same, so the file is locked meanwhile.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn advance(&self, by: Duration) -> Result<()> {
        let moved = self.locked_add(by);
        moved.with_context(|| format!("cannot move the test clock in {}", self.file.display()))
    }

    /// Sets the clock, also back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&self, to: Timestamp) -> Result<()> {
        let ahead = to.duration_since(real_time()).as_millis();
        fs::write(&self.file, ahead.to_string()).with_context(|| format!("cannot set {}", self.file.display()))
    }

    fn locked_add(&self, by: Duration) -> Result<()> {
        let mut file = OpenOptions::new().read(true).write(true).open(&self.file)?;
        file.lock()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let ahead = text.trim().parse::<i128>()? + i128::try_from(by.as_millis())?;
        let text = ahead.to_string();
        file.rewind()?;
        // Written over before it is shortened, so that a reader that does not lock never finds the file empty.
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)?;
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock's file is relative to real time")]
fn real_time() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_only_moves_by_what_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::start(folder.path().join("clock")).unwrap();
        assert_eq!(fs::read_to_string(clock.file()).unwrap(), "0");
        clock.advance(Duration::from_secs(60)).unwrap();
        clock.advance(Duration::from_secs(1)).unwrap();
        assert_eq!(fs::read_to_string(clock.file()).unwrap(), "61000");
    }
}
