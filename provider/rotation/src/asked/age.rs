//! How old keys get: the period that an age leaves, and the age that a plan reaches.

use jiff::SignedDuration;

use super::args::{Problem, Problems, RotationArgs, SHORTEST_PERIOD};
use crate::format_duration;

impl RotationArgs {
    /// The age that a key can reach by this plan while runs come as often as `runEvery` says; none without a period. Keys in use that
    /// nothing deletes, and runs that come later, are not in it.
    pub fn reachable_age(&self) -> Option<SignedDuration> {
        self.beside_period().and_then(|rest| self.period?.checked_add(rest))
    }

    /// What is wrong with `maxAge` beside `rotationPeriod`, and what would fit.
    pub fn age_problem(&self) -> Option<Problem> {
        let (limit, period, needed) = (self.max_age?, self.period?, self.reachable_age()?);
        if needed <= limit {
            return None;
        }
        let Self { overlap, run_every, .. } = self;
        let (soak, deadline) = (self.retirement.soak, self.retirement.deadline.unwrap_or_default());
        let more = [("retirement.soak", soak), ("retirement.deadline", deadline)];
        let more = more.into_iter().filter(|(_, length)| !length.is_zero());
        let more: String = more.map(|(name, length)| format!(" + `{name}` {}", format_duration(length))).collect();
        let fits = limit.checked_sub(self.beside_period()?).filter(|fits| *fits >= SHORTEST_PERIOD);
        let shorter =
            fits.map(|fits| format!(", `rotationPeriod` to \"{}\"", format_duration(fits))).unwrap_or_default();
        let needed = format_duration(needed);
        let reason = format!(
            "is too short: by this plan a key can reach an age of {needed} (`rotationPeriod` {} + 2 × `overlap` {}{more} + 2 × `runEvery` {}). Set `maxAge` to \"{needed}\"{shorter}, or leave `rotationPeriod` out [KR-ROTATION-012]",
            format_duration(period),
            format_duration(*overlap),
            format_duration(*run_every)
        );
        Some(Problem { property: "maxAge".to_owned(), reason })
    }

    /// Whether another plan for the age of keys says the same.
    pub fn has_same_plan(&self, other: &Self) -> bool {
        let plan = |args: &Self| (args.max_age, args.reachable_age(), args.period, args.overlap, args.run_every);
        plan(self) == plan(other)
    }

    /// The age that a key reaches beside its period: it may be skipped at one boundary if it is younger than the overlap, it is superseded by
    /// a run that comes late, and deleted by another one.
    fn beside_period(&self) -> Option<SignedDuration> {
        let deadline = self.retirement.deadline.unwrap_or_default();
        let parts = [self.overlap, self.overlap, self.retirement.soak, deadline, self.run_every, self.run_every];
        parts.into_iter().try_fold(SignedDuration::ZERO, SignedDuration::checked_add)
    }
}

impl Problems {
    /// The period that `maxAge` leaves where none is given. With a rotation window, time waits twice for it to open.
    pub(super) fn derive_period(&mut self, args: &mut RotationArgs) {
        let (Some(limit), None) = (args.max_age, args.period) else { return };
        let closed = args.rotation_window.map(|window| window.longest_closed()).unwrap_or_default();
        let rest = args.beside_period().and_then(|rest| rest.checked_add(closed)?.checked_add(closed));
        let period = rest.and_then(|rest| limit.checked_sub(rest));
        args.period = period.filter(|period| *period >= SHORTEST_PERIOD);
        if args.period.is_none() {
            let least = rest.and_then(|rest| rest.checked_add(args.overlap.max(SHORTEST_PERIOD)));
            let least = least.map(format_duration).unwrap_or_default();
            self.add("maxAge", format!("is too short for a rotation period beside 2 × `overlap`, `retirement.soak`, `retirement.deadline` and 2 × `runEvery` (and 2 × the longest time that `rotationWindow` stays closed): it must be more than {least}, or these shorter [KR-ROTATION-013]"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Capability, Problem, RetirementInputs, RotationArgs, RotationInputs, RotationWindowInputs, Weekday,
        parse_duration,
    };

    fn inputs(period: Option<&str>, max_age: &str) -> RotationInputs {
        let text = |text: &str| Some(text.to_owned());
        RotationInputs { rotation_period: period.and_then(text), max_age: text(max_age), ..Default::default() }
    }

    fn parsed(inputs: &RotationInputs) -> Result<RotationArgs, Vec<Problem>> {
        inputs.parse(&Capability::default())
    }

    #[test]
    fn time_1_an_age_alone_gives_the_period_and_an_overlap_of_a_day() {
        let args = parsed(&inputs(None, "90d")).unwrap();
        assert_eq!((args.period, args.overlap), (parse_duration("86d").ok(), parse_duration("1d").unwrap()));
        assert_eq!(args.age_problem(), None, "its own plan fits");
        let weekly = RotationInputs { run_every: Some("7d".to_owned()), ..inputs(None, "90d") };
        assert_eq!(parsed(&weekly).unwrap().period, parse_duration("74d").ok());
        let retirement = RetirementInputs {
            soak: Some("2d".to_owned()),
            deadline: Some("3d".to_owned()),
            ..RetirementInputs::default()
        };
        let soaking = RotationInputs { retirement: Some(retirement), ..inputs(None, "90d") };
        assert_eq!(parsed(&soaking).unwrap().period, parse_duration("81d").ok());
    }

    #[test]
    fn time_1_with_a_window_the_age_reckons_with_the_time_that_it_stays_closed() {
        let rotation_window = Some(RotationWindowInputs {
            days: Some(vec![Weekday::Tue]),
            start: "02:00".to_owned(),
            end: "05:00".to_owned(),
        });
        let args = parsed(&RotationInputs { rotation_window, ..inputs(None, "90d") }).unwrap();
        assert_eq!(args.period, parse_duration("72d6h").ok(), "86 days without twice 6 days and 21 hours");
    }

    #[test]
    fn time_1_an_age_that_leaves_no_period_says_how_long_it_must_be() {
        let problems = parsed(&inputs(None, "4d")).unwrap_err();
        assert_eq!(problems[0].property, "maxAge");
        assert!(problems[0].reason.contains("more than 5d"), "{}", problems[0].reason);
    }

    #[test]
    fn time_1_a_period_beside_an_age_is_told_what_would_fit() {
        let weekly = |period: &str, max_age: &str| {
            let inputs = RotationInputs { run_every: Some("7d".to_owned()), ..inputs(Some(period), max_age) };
            parsed(&inputs).unwrap().age_problem().map(|problem| problem.reason)
        };
        let told = weekly("30d", "32d").unwrap();
        for words in
            ["an age of 46d", "`maxAge` to \"46d\"", "`rotationPeriod` to \"16d\"", "leave `rotationPeriod` out"]
        {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert_eq!(weekly("30d", "46d"), None);
        assert!(!weekly("30d", "10d").unwrap().contains("`rotationPeriod` to"), "no period fits");
    }
}
