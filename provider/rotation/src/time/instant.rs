use jiff::{SignedDuration, Timestamp};

/// The time without fractions of a second, as marks keep it and people read it.
pub fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// So much later, or the last instant that there is.
pub(crate) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}
