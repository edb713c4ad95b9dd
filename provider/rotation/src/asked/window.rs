//! When rotation by time may happen: on some days of the week, between two times of day in UTC.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

/// A day of the week, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

/// When the rotation schedule may rotate and delete keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RotationWindow")]
pub struct RotationWindowInputs {
    /// The days on which the window opens, in UTC. Default: every day.
    #[serde(default)]
    pub days: Option<Vec<Weekday>>,
    /// When it opens, as `"HH:MM"` in UTC.
    pub start: String,
    /// When it closes, as `"HH:MM"` in UTC. A time that is not after `start` is on the next day.
    pub end: String,
}

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
/// 1970-01-01 was a Thursday.
const FIRST_WEEKDAY: i64 = 3;

/// The same, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationWindow {
    /// Whether it opens on a day, from Monday on.
    days: [bool; 7],
    /// Seconds after midnight.
    start: i64,
    /// Seconds for which it stays open, at least a minute and less than a day.
    length: i64,
}

impl RotationWindow {
    /// Reads the inputs.
    ///
    /// # Errors
    /// The property below `rotationWindow` that is wrong, and what is wrong with it.
    pub fn parse(inputs: &RotationWindowInputs) -> Result<Self, (&'static str, &'static str)> {
        const TIME: &str = "is not a time of day: write one such as \"02:00\", in UTC [KR-ROTATION-031]";
        let start = seconds_of_day(&inputs.start).ok_or(("start", TIME))?;
        let end = seconds_of_day(&inputs.end).ok_or(("end", TIME))?;
        let length = (end - start).rem_euclid(DAY);
        if length == 0 {
            return Err(("end", "must differ from rotationWindow.start [KR-ROTATION-032]"));
        }
        let mut days = [inputs.days.is_none(); 7];
        for day in inputs.days.iter().flatten() {
            days[*day as usize] = true;
        }
        if !days.contains(&true) {
            return Err((
                "days",
                "must name at least one day, such as \"tue\"; leave it out for every day [KR-ROTATION-033]",
            ));
        }
        Ok(Self { days, start, length })
    }

    /// Whether it is open.
    pub fn contains(&self, at: Timestamp) -> bool {
        let (now, today) = (at.as_second(), at.as_second().div_euclid(DAY));
        [today - 1, today].into_iter().any(|day| {
            let opens = day * DAY + self.start;
            self.opens_on(day) && (opens..opens + self.length).contains(&now)
        })
    }

    /// The first instant from `at` on at which it is open.
    pub fn next_open(&self, at: Timestamp) -> Timestamp {
        if self.contains(at) {
            return at;
        }
        let today = at.as_second().div_euclid(DAY);
        let openings = (today..=today + 7).filter(|day| self.opens_on(*day)).map(|day| day * DAY + self.start);
        let next = openings.into_iter().find(|opens| *opens >= at.as_second());
        next.and_then(|opens| Timestamp::from_second(opens).ok()).unwrap_or(Timestamp::MAX)
    }

    /// The longest time for which it stays closed.
    pub fn longest_closed(&self) -> SignedDuration {
        let open: Vec<i64> = (0..14).filter(|day| self.opens_on(*day)).collect();
        let gaps = open.windows(2).map(|pair| (pair[1] - pair[0]) * DAY - self.length);
        SignedDuration::from_secs(gaps.max().unwrap_or_default().max(0))
    }

    fn opens_on(&self, day: i64) -> bool {
        self.days[usize::try_from((day + FIRST_WEEKDAY).rem_euclid(7)).unwrap_or_default()]
    }
}

fn seconds_of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let is_number = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hours) || !is_number(minutes) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some((hours * 60 + minutes) * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(days: Option<&[Weekday]>, start: &str, end: &str) -> RotationWindow {
        let days = days.map(<[Weekday]>::to_vec);
        RotationWindow::parse(&RotationWindowInputs { days, start: start.to_owned(), end: end.to_owned() }).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_open_on_its_days_between_its_times() {
        let nights = window(Some(&[Weekday::Tue, Weekday::Wed]), "02:00", "05:00");
        // 2026-01-06 is a Tuesday.
        for (time, open) in [
            ("2026-01-05T03:00:00Z", false),
            ("2026-01-06T01:59:59Z", false),
            ("2026-01-06T02:00:00Z", true),
            ("2026-01-07T04:59:59Z", true),
            ("2026-01-07T05:00:00Z", false),
            ("2026-01-08T03:00:00Z", false),
        ] {
            assert_eq!(nights.contains(at(time)), open, "{time}");
        }
        assert_eq!(nights.next_open(at("2026-01-06T03:00:00Z")), at("2026-01-06T03:00:00Z"));
        assert_eq!(nights.next_open(at("2026-01-06T06:00:00Z")), at("2026-01-07T02:00:00Z"));
        assert_eq!(nights.next_open(at("2026-01-07T05:00:00Z")), at("2026-01-13T02:00:00Z"));
        assert_eq!(nights.longest_closed(), SignedDuration::from_hours(6 * 24 - 3));
    }

    #[test]
    fn one_that_crosses_midnight_belongs_to_the_day_on_which_it_opens() {
        let late = window(Some(&[Weekday::Fri]), "22:00", "02:00");
        assert!(late.contains(at("2026-01-09T23:00:00Z")) && late.contains(at("2026-01-10T01:59:59Z")));
        assert!(!late.contains(at("2026-01-09T01:00:00Z")) && !late.contains(at("2026-01-10T02:00:00Z")));
        assert_eq!(late.next_open(at("2026-01-10T02:00:00Z")), at("2026-01-16T22:00:00Z"));
    }

    #[test]
    fn without_days_it_opens_every_day() {
        let daily = window(None, "2:00", "3:30");
        assert_eq!(daily.longest_closed(), SignedDuration::from_mins(24 * 60 - 90));
        assert!(daily.contains(at("2026-01-11T02:00:00Z")));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |days: Option<Vec<Weekday>>, start: &str, end: &str| {
            let inputs = RotationWindowInputs { days, start: start.to_owned(), end: end.to_owned() };
            RotationWindow::parse(&inputs).unwrap_err().0
        };
        assert_eq!(wrong(None, "24:00", "05:00"), "start");
        assert_eq!(wrong(None, "two", "05:00"), "start");
        assert_eq!(wrong(None, "02:00", "05:60"), "end");
        assert_eq!(wrong(None, "02:00", "2:00"), "end");
        assert_eq!(wrong(Some(Vec::new()), "02:00", "03:00"), "days");
    }
}
