use jiff::{SignedDuration, Timestamp};

use super::inputs::RotationInputs;
use super::window::{RotationWindow, RotationWindowInputs};
use crate::{
    Adopt, Capability, Keepers, RetirementInputs, Revoke, VerificationInputs, WhenInUse, WhenQuotaReached,
    format_duration, parse_duration,
};

/// What the user asked for, parsed, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct RotationArgs {
    /// Empty when there are none.
    pub keepers: Keepers,
    /// The length of a period, if time is to rotate.
    pub period: Option<SignedDuration>,
    /// The start of the rotation schedule, if the user set one.
    pub anchor: Option<Timestamp>,
    /// How long a superseded key keeps working.
    pub overlap: SignedDuration,
    /// The longest age that the user accepts.
    pub max_age: Option<SignedDuration>,
    /// How often `pulumi up` runs.
    pub run_every: SignedDuration,
    /// When time may rotate and retire; none: at any time.
    pub rotation_window: Option<RotationWindow>,
    /// What a rotation does at a quota that one of our own keys fills.
    pub when_quota_reached: WhenQuotaReached,
    /// How a new key is proven; none when it is not.
    pub verification: Option<Verification>,
    /// What must be true before a superseded key is removed.
    pub retirement: Retirement,
    /// The emergency that stands in the inputs.
    pub revoke: Option<Revoke>,
    /// The key to take over at creation.
    pub adopt: Option<Adopt>,
}

impl RotationInputs {
    /// Reads the texts, fills in the defaults and checks what must hold between them.
    ///
    /// # Errors
    /// Every problem that was found, not only the first.
    pub fn parse(&self, capability: &Capability) -> Result<RotationArgs, Vec<Problem>> {
        let mut problems = Problems::default();
        let given_period = problems.duration("rotationPeriod", self.rotation_period.as_deref());
        let overlap = problems.duration("overlap", self.overlap.as_deref());
        let max_age = problems.duration("maxAge", self.max_age.as_deref());
        let anchor = problems.timestamp("rotationAnchor", self.rotation_anchor.as_deref());
        let verification = problems.verification(self.verification.as_ref());
        let run_every = problems.duration("runEvery", self.run_every.as_deref()).unwrap_or(DAY);
        let rotation_window = problems.window(self.rotation_window.as_ref());
        let overlap = overlap.unwrap_or_else(|| default_overlap(given_period));
        let retirement = problems.retirement(self.retirement.as_ref(), overlap, capability);
        if self.when_quota_reached.is_some() && capability.quota.is_none() {
            problems.quota_of_none();
        }
        problems.named("revoke.incident", self.revoke.as_ref().map(|revoke| revoke.incident.as_str()));
        problems.named("adopt.id", self.adopt.as_ref().map(|adopt| adopt.id.as_str()));
        if !problems.0.is_empty() {
            return Err(problems.0);
        }
        let mut args = RotationArgs {
            keepers: self.keepers.clone().unwrap_or_default(),
            period: given_period,
            anchor,
            overlap,
            max_age,
            run_every,
            rotation_window,
            when_quota_reached: self.when_quota_reached.unwrap_or_default(),
            verification,
            retirement,
            revoke: self.revoke.clone(),
            adopt: self.adopt.clone(),
        };
        problems.derive_period(&mut args);
        problems.check_plan(&args, self.allow_outage.unwrap_or(false), capability);
        if problems.0.is_empty() { Ok(args) } else { Err(problems.0) }
    }
}

/// What must be true before a superseded key is removed, beyond its overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Retirement {
    /// How long it must not have been used; none: use does not matter.
    pub quiet_period: Option<SignedDuration>,
    /// How long it stands disabled before it is removed; zero: it is not disabled first.
    pub soak: SignedDuration,
    /// How long after the overlap a key in use is waited for; none: without limit.
    pub deadline: Option<SignedDuration>,
    /// What happens at the deadline.
    pub when_in_use: WhenInUse,
    /// The generation that consumers are known to use; none: the program does not say.
    pub confirmed_generation: Option<u64>,
}

/// How a new key is proven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verification {
    /// Successes in a row.
    pub successes: u32,
    /// The limit of one run.
    pub timeout: SignedDuration,
}

/// One wrong input: the property's path, and what is wrong with it without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Such as `overlap` or `verification.timeout`.
    pub property: String,
    /// A sentence without a subject: "must be at least one hour".
    pub reason: String,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(super) const SHORTEST_PERIOD: SignedDuration = SignedDuration::from_hours(1);

pub(crate) fn default_overlap(period: Option<SignedDuration>) -> SignedDuration {
    period.map_or(DAY, |period| DAY.min(period / 2))
}

/// What is wrong, as it is found.
#[derive(Default)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, property: &str, reason: impl Into<String>) {
        self.0.push(Problem { property: property.to_owned(), reason: reason.into() });
    }

    pub(crate) fn duration(&mut self, property: &str, text: Option<&str>) -> Option<SignedDuration> {
        parse_duration(text?).map_err(|reason| self.add(property, reason)).ok()
    }

    pub(crate) fn timestamp(&mut self, property: &str, text: Option<&str>) -> Option<Timestamp> {
        let reason = "is not a time in RFC 3339: write one such as \"2026-01-01T03:00:00Z\" [KR-ROTATION-014]";
        text?.parse().map_err(|_| self.add(property, reason)).ok()
    }

    fn window(&mut self, inputs: Option<&RotationWindowInputs>) -> Option<RotationWindow> {
        let wrong = |(field, reason)| self.add(&format!("rotationWindow.{field}"), reason);
        RotationWindow::parse(inputs?).map_err(wrong).ok()
    }

    pub(crate) fn verification(&mut self, inputs: Option<&VerificationInputs>) -> Option<Verification> {
        let inputs = inputs.cloned().unwrap_or_default();
        let timeout =
            self.duration("verification.timeout", inputs.timeout.as_deref()).unwrap_or(SignedDuration::from_mins(5));
        let successes = inputs.successes.unwrap_or(3);
        if !(1..=100).contains(&successes) {
            self.add("verification.successes", "must be from 1 to 100 [KR-ROTATION-015]");
        }
        if !(SignedDuration::from_secs(1)..=SignedDuration::from_hours(1)).contains(&timeout) {
            self.add("verification.timeout", "must be from \"1s\" to \"1h\" [KR-ROTATION-016]");
        }
        inputs.enabled.unwrap_or(true).then_some(Verification { successes, timeout })
    }

    pub(crate) fn retirement(
        &mut self,
        inputs: Option<&RetirementInputs>,
        overlap: SignedDuration,
        capability: &Capability,
    ) -> Retirement {
        let inputs = inputs.cloned().unwrap_or_default();
        let quiet = self.duration("retirement.quietPeriod", inputs.quiet_period.as_deref());
        if quiet.is_some() && !capability.tells_last_use {
            self.add(
                "retirement.quietPeriod",
                "cannot be used: this system does not tell when a key was last used [KR-ROTATION-017]",
            );
        }
        if inputs.soak.is_some() && !capability.disables {
            self.add("retirement.soak", "cannot be used: this system cannot disable a key [KR-ROTATION-018]");
        }
        if quiet.is_some_and(|quiet| quiet.is_zero()) && (inputs.deadline.is_some() || inputs.when_in_use.is_some()) {
            self.add("retirement.quietPeriod", "must not be \"0s\" where retirement.deadline or retirement.whenInUse is set: with it use does not matter [KR-ROTATION-019]");
        }
        let quiet = quiet.or_else(|| capability.tells_last_use.then(|| overlap / 2));
        Retirement {
            quiet_period: quiet.filter(|quiet| !quiet.is_zero()),
            soak: self.duration("retirement.soak", inputs.soak.as_deref()).unwrap_or_default(),
            deadline: self.duration("retirement.deadline", inputs.deadline.as_deref()),
            when_in_use: inputs.when_in_use.unwrap_or_default(),
            confirmed_generation: inputs.confirmed_generation,
        }
    }

    pub(crate) fn quota_of_none(&mut self) {
        self.add(
            "whenQuotaReached",
            "cannot be used: this system has no quota of keys that a rotation could meet [KR-ROTATION-020]",
        );
    }

    pub(crate) fn named(&mut self, property: &str, text: Option<&str>) {
        if text.is_some_and(|text| text.trim().is_empty()) {
            self.add(property, "must not be empty [KR-ROTATION-021]");
        }
    }

    pub(crate) fn check_plan(&mut self, args: &RotationArgs, allow_outage: bool, capability: &Capability) {
        if args.period.is_some_and(|period| period < SHORTEST_PERIOD) {
            self.add("rotationPeriod", "must be at least one hour [KR-ROTATION-022]");
        }
        if args.overlap.is_zero() && !allow_outage {
            self.add("overlap", "\"0s\" leaves a moment without a working key for what still uses the old one: set allowOutage to true to permit it [KR-ROTATION-023]");
        }
        if args.adopt.is_some() && !capability.lists_all {
            self.add("adopt", "cannot be used: this system does not show keys that others made [KR-ROTATION-024]");
        }
        if !capability.holds_two && !allow_outage {
            self.add(
                "allowOutage",
                "must be true: this system cannot hold two generations of the key [KR-ROTATION-025]",
            );
        }
        self.check_times(args);
    }

    fn check_times(&mut self, args: &RotationArgs) {
        let Some(period) = args.period else { return };
        let soak = args.retirement.soak;
        if args.overlap.saturating_add(soak) >= period && !period.is_zero() {
            let also = if soak.is_zero() { "" } else { ", and so must its sum with retirement.soak" };
            self.add(
                "overlap",
                format!("must be shorter than rotationPeriod ({}){also} [KR-ROTATION-026]", format_duration(period)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RotationInputs;

    fn problems(inputs: RotationInputs) -> Vec<String> {
        let capability = Capability::default();
        inputs.parse(&capability).err().unwrap_or_default().into_iter().map(|problem| problem.property).collect()
    }

    fn text(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn defaults_are_filled_in_at_use() {
        let args = RotationInputs::default().parse(&Capability::default()).unwrap();
        assert_eq!(args.overlap, DAY);
        assert_eq!(args.verification, Some(Verification { successes: 3, timeout: SignedDuration::from_mins(5) }));
        let short = RotationInputs { rotation_period: text("12h"), ..Default::default() }
            .parse(&Capability::default())
            .unwrap();
        assert_eq!(short.overlap, SignedDuration::from_hours(6));
    }

    #[test]
    fn each_problem_names_its_property() {
        let bad = |period: &str, overlap: &str, max_age: &str| RotationInputs {
            rotation_period: text(period),
            overlap: text(overlap),
            max_age: text(max_age),
            ..Default::default()
        };
        assert_eq!(problems(bad("often", "1d", "90d")), ["rotationPeriod"]);
        assert_eq!(problems(bad("30m", "1m", "90d")), ["rotationPeriod"]);
        assert_eq!(problems(bad("7d", "7d", "90d")), ["overlap"]);
        assert_eq!(problems(bad("7d", "0s", "90d")), ["overlap"]);
        assert_eq!(problems(bad("x", "y", "z")), ["rotationPeriod", "overlap", "maxAge"]);
        assert_eq!(
            problems(RotationInputs { rotation_anchor: text("tomorrow"), ..Default::default() }),
            ["rotationAnchor"]
        );
        let verification = VerificationInputs { successes: Some(0), timeout: text("2h"), ..Default::default() };
        let inputs = RotationInputs { verification: Some(verification), ..Default::default() };
        assert_eq!(problems(inputs), ["verification.successes", "verification.timeout"]);
    }
}
