//! Time as the stand-in sees it: real, moved by hand, or real with an offset kept in a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

use crate::locked;

/// A source of time that can be moved forwards.
///
/// Every reading and every lag of the stand-in goes through it, so a test that moves the clock
/// crosses a settling time or an overlap without waiting.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
    /// Moves the present by `by` for everybody who shares this clock.
    fn advance(&self, by: SignedDuration);
}

/// Real time, plus whatever it was advanced by within this process.
#[derive(Debug, Default)]
pub struct SystemClock {
    offset: AtomicI64,
}

impl SystemClock {
    /// A clock that starts at real time.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        shifted(self.offset.load(Ordering::SeqCst))
    }

    fn advance(&self, by: SignedDuration) {
        self.offset.fetch_add(milliseconds(by), Ordering::SeqCst);
    }
}

/// Time that stands still until a test moves it. Clones share the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<Timestamp>>,
}

impl ManualClock {
    /// A clock that shows `start` until it is advanced.
    pub fn new(start: Timestamp) -> Self {
        Self { now: Arc::new(Mutex::new(start)) }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *locked(&self.now)
    }

    fn advance(&self, by: SignedDuration) {
        let mut now = locked(&self.now);
        *now = now.saturating_add(by).unwrap_or(*now);
    }
}

/// Real time plus an offset that lives in a file, so that several processes share one moved clock.
///
/// The file holds one decimal integer: the milliseconds to add to real time. A missing or empty
/// file means 0. To advance is to lock the file, read, add, write. A file that cannot be read or
/// parsed later on leaves the clock at the last offset it saw.
#[derive(Debug)]
pub struct FileClock {
    path: PathBuf,
    seen: AtomicI64,
}

impl FileClock {
    /// Opens the clock kept at `path`; the file need not exist.
    ///
    /// # Errors
    /// When the file exists and cannot be read, or holds anything but one integer.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let seen = AtomicI64::new(read_offset(&path)?);
        Ok(Self { path, seen })
    }

    fn add(&self, by: i64) -> io::Result<i64> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)?;
        file.lock()?;
        let sum = parse(&mut file)?.saturating_add(by);
        let text = sum.to_string();
        file.seek(SeekFrom::Start(0))?;
        // Written over before it is shortened, so that a reader without the lock never finds it empty.
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)?;
        Ok(sum)
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        if let Ok(offset) = read_offset(&self.path) {
            self.seen.store(offset, Ordering::SeqCst);
        }
        shifted(self.seen.load(Ordering::SeqCst))
    }

    fn advance(&self, by: SignedDuration) {
        if let Ok(sum) = self.add(milliseconds(by)) {
            self.seen.store(sum, Ordering::SeqCst);
        }
    }
}

impl From<SystemClock> for Arc<dyn Clock> {
    fn from(clock: SystemClock) -> Self {
        Arc::new(clock)
    }
}

impl From<ManualClock> for Arc<dyn Clock> {
    fn from(clock: ManualClock) -> Self {
        Arc::new(clock)
    }
}

impl From<FileClock> for Arc<dyn Clock> {
    fn from(clock: FileClock) -> Self {
        Arc::new(clock)
    }
}

fn read_offset(path: &Path) -> io::Result<i64> {
    match File::open(path) {
        Ok(mut file) => {
            file.lock_shared()?;
            parse(&mut file)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

fn parse(file: &mut File) -> io::Result<i64> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    match text.trim() {
        "" => Ok(0),
        digits => digits.parse().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a clock file holds one integer, the milliseconds to add to real time",
            )
        }),
    }
}

#[expect(clippy::disallowed_methods, reason = "the clocks that follow real time read it here and nowhere else")]
fn shifted(milliseconds: i64) -> Timestamp {
    let real = Timestamp::now();
    real.saturating_add(SignedDuration::from_millis(milliseconds)).unwrap_or(real)
}

fn milliseconds(by: SignedDuration) -> i64 {
    i64::try_from(by.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_and_an_empty_clock_file_mean_real_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        assert_eq!(read_offset(&path).unwrap(), 0);
        File::create(&path).unwrap();
        assert_eq!(read_offset(&path).unwrap(), 0);
    }

    #[test]
    fn two_file_clocks_on_one_file_share_every_advance() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        let (one, two) = (FileClock::open(&path).unwrap(), FileClock::open(&path).unwrap());
        one.advance(SignedDuration::from_hours(1));
        two.advance(SignedDuration::from_secs(-30));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "3570000");
        let ahead = one.now().duration_since(SystemClock::new().now());
        assert!((3569..=3571).contains(&ahead.as_secs()), "{ahead:?}");
    }

    #[test]
    fn a_shorter_number_leaves_no_digit_of_the_longer_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        std::fs::write(&path, "1000\n").unwrap();
        let clock = FileClock::open(&path).unwrap();
        clock.advance(SignedDuration::from_millis(-993));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "7");
    }

    #[test]
    fn a_clock_file_with_anything_else_is_refused_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        std::fs::write(&path, "soon").unwrap();
        assert_eq!(FileClock::open(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let same = clock.clone();
        same.advance(SignedDuration::from_secs(5));
        assert_eq!(clock.now().as_second(), 5);
    }
}
