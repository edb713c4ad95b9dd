//! Rate limits: so many requests in each span of time.

use jiff::Timestamp;

use super::settings::RateLimit;
use crate::clock::{Clock, SystemClock};

/// Counts the requests of the present span.
#[derive(Debug, Default)]
pub(super) struct Meter {
    span: Option<Span>,
}

#[derive(Debug)]
struct Span {
    begun: Timestamp,
    used: u32,
}

/// Where a client stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Whole seconds until the next span begins, at least 1.
    pub(super) reset: i64,
    /// Whether the request was one too many.
    pub(super) exceeded: bool,
}

impl Standing {
    /// What a single 429 tells where no limit is set.
    pub(super) const ONCE: Self = Self { limit: 1, remaining: 0, reset: 1, exceeded: true };
}

impl Meter {
    /// Counts one request; refused ones do not count.
    pub(super) fn take(&mut self, limit: &RateLimit, now: Timestamp) -> Standing {
        let now = if limit.real_time { SystemClock::new().now() } else { now };
        let over = |span: &Span| now.duration_since(span.begun) >= limit.per || now < span.begun;
        if self.span.as_ref().is_none_or(over) {
            self.span = None;
        }
        let span = self.span.get_or_insert(Span { begun: now, used: 0 });
        let exceeded = span.used >= limit.requests;
        if !exceeded {
            span.used += 1;
        }
        let left = limit.per - now.duration_since(span.begun);
        Standing {
            limit: limit.requests,
            remaining: limit.requests - span.used.min(limit.requests),
            reset: (left.as_secs() + i64::from(left.subsec_nanos() > 0)).max(1),
            exceeded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_requests_pass_and_the_next_span_begins_anew() {
        let at = |millisecond| Timestamp::from_millisecond(millisecond).unwrap();
        let limit = RateLimit { per: jiff::SignedDuration::from_secs(3), ..RateLimit::per_second(2) };
        let mut meter = Meter::default();
        let mut take = |millisecond| {
            let standing = meter.take(&limit, at(millisecond));
            (standing.remaining, standing.reset, standing.exceeded)
        };
        assert_eq!(take(0), (1, 3, false));
        assert_eq!(take(500), (0, 3, false));
        assert_eq!(take(1500), (0, 2, true));
        assert_eq!(take(2999), (0, 1, true));
        assert_eq!(take(3000), (1, 3, false));
        assert_eq!(take(0), (1, 3, false), "a clock that went back begins a span");
    }

    #[test]
    fn real_time_does_not_stand_still() {
        let limit = RateLimit { per: jiff::SignedDuration::from_millis(20), ..RateLimit::per_second(1).in_real_time() };
        let mut meter = Meter::default();
        let mut take = || meter.take(&limit, Timestamp::UNIX_EPOCH).exceeded;
        assert!(!take());
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert!(!take());
    }
}
