//! How long it takes until everybody believes in what a cloud has accepted.

use jiff::{SignedDuration, Timestamp};

/// How new credentials come to be believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settling {
    /// Refused for this long,
    pub(crate) settle: SignedDuration,
    /// then accepted and refused in turn for this long, accepted first,
    pub(crate) unsteady: SignedDuration,
    /// or until it was refused this often.
    pub(crate) refusals: u32,
}

/// How far one credential has come on that way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust {
    since: Timestamp,
    complete: bool,
    tries: u32,
}

impl Trust {
    /// Trust that has yet to grow, from `since` on.
    pub(crate) fn new(since: Timestamp) -> Self {
        Self { since, complete: false, tries: 0 }
    }

    /// Trust in what has been there for long.
    pub(crate) fn complete(self) -> Self {
        Self { complete: true, ..self }
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the credential would be accepted from now on, every time.
    pub(crate) fn holds(&self, now: Timestamp, settling: &Settling) -> bool {
        let age = since(self.since, now);
        let early = age >= settling.settle && self.refusals() >= settling.refusals;
        self.complete || early || age >= settling.settle + settling.unsteady
    }

    /// One attempt to use the credential: whether it is believed this time.
    pub(crate) fn admit(&mut self, now: Timestamp, settling: &Settling) -> bool {
        if self.holds(now, settling) {
            return true;
        }
        if since(self.since, now) < settling.settle {
            return false;
        }
        self.tries += 1;
        self.tries % 2 == 1
    }

    fn refusals(&self) -> u32 {
        self.tries / 2
    }
}

/// The time from `then` to `now`.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(then)
}

/// A value with its past, for readers who lag behind.
#[derive(Clone)]
pub(crate) struct History<T> {
    first: T,
    later: Vec<(Timestamp, T)>,
}

impl<T> History<T> {
    pub(crate) fn new(first: T) -> Self {
        Self { first, later: Vec::new() }
    }

    /// What was written last.
    pub(crate) fn latest(&self) -> &T {
        self.later.last().map_or(&self.first, |(_, value)| value)
    }

    /// What a reader sees at `now`.
    pub(crate) fn seen(&self, now: Timestamp, lag: SignedDuration) -> &T {
        let visible = |entry: &&(Timestamp, T)| since(entry.0, now) >= lag;
        let newest = self.later.iter().rev().find(visible);
        newest.map_or(&self.first, |(_, value)| value)
    }

    pub(crate) fn write(&mut self, now: Timestamp, value: T) {
        self.later.push((now, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_what_was_written_before_the_lag() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut value = History::new(1);
        value.write(at(10), 2);
        value.write(at(12), 3);
        let lag = SignedDuration::from_secs(5);
        let seen: Vec<i32> = [14, 15, 16, 17].map(|second| *value.seen(at(second), lag)).into();
        assert_eq!(seen, [1, 2, 2, 3]);
        assert_eq!((*value.latest(), *value.seen(at(12), SignedDuration::ZERO)), (3, 3));
    }
}
