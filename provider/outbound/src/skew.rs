use std::sync::atomic::{AtomicI64, Ordering};

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// A `Date` has no parts of a second, and an answer is on its way for some time: less than this is no difference.
const BLUR: SignedDuration = SignedDuration::from_secs(2);

/// How far a server's clock is ahead of ours, by the `Date` of its last answer.
#[derive(Debug, Default)]
pub struct Skew(AtomicI64);

impl Skew {
    /// Takes over what an answer tells, which came at this moment. One without a date that can be read tells nothing.
    pub fn learn(&self, date: Option<&str>, now: Timestamp) {
        let Some(date) = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok()) else { return };
        let ahead = date.duration_since(now);
        let seconds = if ahead.abs() <= BLUR { 0 } else { ahead.as_secs() };
        self.0.store(seconds, Ordering::Relaxed);
    }

    /// How far it is ahead; negative if it is behind. Zero until an answer told it.
    pub fn ahead(&self) -> SignedDuration {
        SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(date: Option<&str>, now: &str) -> SignedDuration {
        let skew = Skew::default();
        skew.learn(date, now.parse().unwrap());
        skew.ahead()
    }

    #[test]
    fn a_date_tells_how_far_a_clock_is_ahead() {
        let date = Some("Sun, 01 Mar 2026 12:00:00 GMT");
        assert_eq!(told(date, "2026-03-01T11:58:00Z"), SignedDuration::from_secs(120));
        assert_eq!(told(date, "2026-03-01T12:00:20Z"), SignedDuration::from_secs(-20));
    }

    #[test]
    fn what_a_date_cannot_tell_apart_is_no_difference() {
        let date = Some("Sun, 01 Mar 2026 12:00:00 GMT");
        assert_eq!(told(date, "2026-03-01T12:00:01.9Z"), SignedDuration::ZERO);
        assert_eq!(told(date, "2026-03-01T11:59:58Z"), SignedDuration::ZERO);
    }

    #[test]
    fn an_answer_without_a_date_changes_nothing() {
        let skew = Skew::default();
        skew.learn(Some("Sun, 01 Mar 2026 12:00:00 GMT"), "2026-03-01T11:58:00Z".parse().unwrap());
        for date in [None, Some("yesterday")] {
            skew.learn(date, "2026-03-01T12:00:00Z".parse().unwrap());
            assert_eq!(skew.ahead(), SignedDuration::from_secs(120));
        }
    }
}
