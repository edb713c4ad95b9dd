//! One budget of calls for everything that this process asks of Confluent Cloud.
//!
//! Limits hold for the user and for the organisation and are not published; answers tell them in `X-RateLimit-*`, whose `Reset` counts
//! seconds from now. The budget takes that at its word: so many calls in each span, then nobody calls until the next one begins.
//! What is not told is learnt carefully: the first call goes alone.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, locked};
use rotation::Clock;
use tokio::sync::Notify;

/// The calls that may be made. Callers wait in line, so that one waits for time and nobody overtakes.
pub(crate) struct Budget {
    clock: Arc<dyn Clock>,
    line: tokio::sync::Mutex<()>,
    answered: Notify,
    known: Mutex<Known>,
}

/// One call that may be made now. Whatever becomes of it, it is over when this is dropped.
pub(crate) struct Permit<'a> {
    budget: &'a Budget,
    span: u64,
}

struct Known {
    pace: Pace,
    flying: u32,
    /// Nobody calls before this.
    closed_until: Timestamp,
    /// Counts spans, so that a late answer tells nothing about the present one.
    span: u64,
}

#[derive(Clone, Copy)]
enum Pace {
    /// One call at a time: nothing is known yet, or calls were refused without a word about how many are allowed.
    Alone { for_good: bool },
    /// No limit is told.
    Free,
    /// So many calls are left in the present span; its end is known from its first answer on.
    Counted { limit: u32, left: u32, ends: Option<Timestamp> },
}

enum Turn {
    Go,
    Wait(SignedDuration),
    /// Until a call that is under way has been answered.
    Listen,
}

impl Budget {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let known = Known { pace: Pace::Alone { for_good: false }, flying: 0, closed_until: Timestamp::MIN, span: 0 };
        Self { clock, line: tokio::sync::Mutex::default(), answered: Notify::new(), known: Mutex::new(known) }
    }

    /// Waits until a call may be made.
    pub(crate) async fn permit(&self) -> Permit<'_> {
        let _first = self.line.lock().await;
        loop {
            let answered = self.answered.notified();
            let (turn, span) = {
                let mut known = self.known();
                (known.turn(self.clock.now()), known.span)
            };
            match turn {
                Turn::Go => return Permit { budget: self, span },
                Turn::Wait(time) => self.clock.wait(time).await,
                Turn::Listen => answered.await,
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        locked(&self.known)
    }
}

impl Permit<'_> {
    /// Takes to heart what the answer says of the limit. Gives how long to wait after a refusal.
    pub(crate) fn learn(&self, answer: &Answer) -> SignedDuration {
        let now = self.budget.clock.now();
        let mut known = self.budget.known();
        let number = |name| answer.header(name).and_then(|value| value.trim().parse::<u32>().ok());
        let seconds = |name| {
            number(name).filter(|seconds| *seconds <= LONGEST).map(|seconds| SignedDuration::from_secs(seconds.into()))
        };
        let (limit, left) = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"));
        let reset = seconds("x-ratelimit-reset");
        if answer.status == 429 {
            let asked = seconds("retry-after").max(reset).unwrap_or(SECOND).max(SECOND);
            known.refused(limit, later(now, asked));
            return asked;
        }
        match (limit, left, reset) {
            (Some(limit), Some(left), Some(reset)) => known.told((limit, left), later(now, reset), self.span),
            _ => known.untold(),
        }
        SignedDuration::ZERO
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut known = self.budget.known();
        known.flying -= 1;
        drop(known);
        self.budget.answered.notify_waiters();
    }
}

/// No limit is known that is counted over more than an hour; a larger number is something else, such as a date.
const LONGEST: u32 = 3600;
const SECOND: SignedDuration = SignedDuration::from_secs(1);

impl Known {
    fn turn(&mut self, now: Timestamp) -> Turn {
        if now < self.closed_until {
            return Turn::Wait(self.closed_until.duration_since(now));
        }
        match &mut self.pace {
            Pace::Alone { .. } if self.flying > 0 => return Turn::Listen,
            Pace::Alone { .. } | Pace::Free => {}
            Pace::Counted { limit, left, ends } => {
                let over = ends.is_some_and(|ends| ends <= now) || (*left == 0 && ends.is_none() && self.flying == 0);
                if over {
                    // What is still under way may be counted in the new span.
                    (*left, *ends) = (limit.saturating_sub(self.flying), None);
                    self.span += 1;
                }
                match (*left, *ends) {
                    (0, Some(ends)) => return Turn::Wait(ends.duration_since(now)),
                    (0, None) => return Turn::Listen,
                    _ => *left -= 1,
                }
            }
        }
        self.flying += 1;
        Turn::Go
    }

    /// A call was refused: nobody calls until then, and what is allowed after it is not more than is known.
    fn refused(&mut self, told: Option<u32>, until: Timestamp) {
        self.closed_until = self.closed_until.max(until);
        let limit = match self.pace {
            Pace::Counted { limit, .. } => Some(told.unwrap_or(limit)),
            _ => told,
        };
        self.pace = match limit.filter(|limit| *limit > 0) {
            // The refused call itself is over, others may count.
            Some(limit) => Pace::Counted { limit, left: (limit + 1).saturating_sub(self.flying), ends: None },
            None => Pace::Alone { for_good: true },
        };
        self.span += 1;
    }

    /// An answer told the limit. Others may use it too, and answers overtake each other: the smaller number counts, and the earlier end.
    fn told(&mut self, (limit, left): (u32, u32), ends: Timestamp, span: u64) {
        if span != self.span {
            return;
        }
        let limit = limit.max(1);
        let (mine, end) = match self.pace {
            Pace::Counted { left, ends, .. } => (left, ends),
            _ => (limit.saturating_sub(self.flying), None),
        };
        let ends = Some(end.map_or(ends, |known| known.min(ends)));
        self.pace = Pace::Counted { limit, left: mine.min(left), ends };
    }

    fn untold(&mut self) {
        if let Pace::Alone { for_good: false } = self.pace {
            self.pace = Pace::Free;
        }
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use outbound::HeaderMap;
    use rotation::testing::ManualClock;

    use super::*;

    struct Desk {
        clock: ManualClock,
        budget: Budget,
    }

    impl Desk {
        fn new() -> Self {
            let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
            Self { budget: Budget::new(Arc::new(clock.clone())), clock }
        }

        /// A permit, if nobody has to answer before it; time may pass.
        fn permit(&self) -> Option<Permit<'_>> {
            self.budget.permit().now_or_never()
        }

        fn seconds(&self) -> i64 {
            self.clock.now().as_second()
        }
    }

    fn answer(status: u16, told: &[(&'static str, &str)]) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in told {
            headers.insert(*name, value.parse().unwrap());
        }
        Answer { status, headers, body: Default::default() }
    }

    fn counted(status: u16, [limit, left, reset]: [&str; 3]) -> Answer {
        let names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
        answer(status, &[(names[0], limit), (names[1], left), (names[2], reset)])
    }

    #[test]
    fn the_first_call_goes_alone_and_teaches() {
        let desk = Desk::new();
        let first = desk.permit().unwrap();
        assert!(desk.permit().is_none(), "nobody knows yet how many may go");
        first.learn(&answer(200, &[]));
        drop(first);
        let together: Vec<_> = (0..9).map(|_| desk.permit()).collect();
        assert!(together.iter().all(Option::is_some) && desk.seconds() == 0);
    }

    #[test]
    fn so_many_calls_go_in_each_span_and_the_next_wait_for_its_end() {
        let desk = Desk::new();
        let first = desk.permit().unwrap();
        first.learn(&counted(200, ["3", "2", "2"]));
        drop(first);
        let (second, third) = (desk.permit().unwrap(), desk.permit().unwrap());
        assert_eq!(desk.seconds(), 0);
        second.learn(&counted(200, ["3", "1", "2"]));
        drop(second);
        let fourth = desk.permit().unwrap();
        assert_eq!(desk.seconds(), 2, "the span is over");
        third.learn(&counted(200, ["3", "0", "1"]));
        let fifth = desk.permit().unwrap();
        assert!(desk.permit().is_none(), "the third may count in this span, whose end no answer has told yet");
        fourth.learn(&counted(200, ["3", "2", "2"]));
        drop((third, fourth, fifth));
        let _sixth = desk.permit().unwrap();
        assert_eq!(desk.seconds(), 4);
    }

    #[test]
    fn what_others_use_up_counts() {
        let desk = Desk::new();
        let first = desk.permit().unwrap();
        first.learn(&counted(200, ["5", "0", "7"]));
        drop(first);
        let _second = desk.permit().unwrap();
        assert_eq!(desk.seconds(), 7);
    }

    #[test]
    fn a_refusal_stops_everybody_for_as_long_as_it_says() {
        let desk = Desk::new();
        let first = desk.permit().unwrap();
        let refusal = answer(429, &[("retry-after", "9"), ("x-ratelimit-reset", "4")]);
        assert_eq!(first.learn(&refusal).as_secs(), 9);
        drop(first);
        let second = desk.permit().unwrap();
        assert_eq!(desk.seconds(), 9);
        second.learn(&answer(200, &[]));
        assert!(desk.permit().is_none(), "after a refusal without numbers calls go one by one");
        drop(second);
        let third = desk.permit().unwrap();
        assert_eq!(third.learn(&answer(429, &[])).as_secs(), 1, "a refusal that says nothing is a second's pause");
    }

    #[test]
    fn a_date_is_not_taken_for_a_pause() {
        let desk = Desk::new();
        let first = desk.permit().unwrap();
        assert_eq!(first.learn(&counted(429, ["5", "0", "1767225600"])).as_secs(), 1);
    }

    #[test]
    fn a_call_that_is_never_answered_holds_nobody_up_once_it_is_over() {
        let desk = Desk::new();
        drop(desk.permit().unwrap());
        assert!(desk.permit().is_some());
    }
}
