use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use crate::{Capability, OldSchedule, Schedule, parse_duration, print_duration};

/// The inputs that every rotating resource has, as users write them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotationInputs {
    /// Values that the key belongs to. When an entry is changed, added or removed, the key is rotated once.
    /// Order and secretness do not count; an empty map is the same as none.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub keepers: Option<Keepers>,
    /// Rotate when a new period starts: a duration such as `"90d"`, `"12h"` or ISO 8601 `"P90D"`, at least one hour.
    /// A day is 24 hours; months and years are refused. Absent: time never rotates.
    #[serde(default)]
    pub rotation_period: Option<String>,
    /// Where the grid of periods starts, in RFC 3339, such as `"2026-01-01T03:00:00Z"`. Absent: the time of creation.
    #[serde(default)]
    pub rotation_anchor: Option<String>,
    /// How long a superseded key keeps working, as a duration. Absent: `"1d"`, or half of `rotationPeriod` if that is shorter.
    /// It must be shorter than `rotationPeriod`; `"0s"` needs `allowOutage`.
    #[serde(default)]
    pub overlap: Option<String>,
    /// The longest time that any key may work, as a duration. It is checked against the plan before anything is made:
    /// `rotationPeriod` + 2 × `overlap` must not exceed it.
    #[serde(default)]
    pub max_age: Option<String>,
    /// How a new key is proven before it is promoted.
    #[serde(default)]
    pub verification: Option<VerificationInputs>,
    /// Permits `overlap: "0s"`: the old key goes in the run that makes the new one, before dependents are updated. Absent: false.
    #[serde(default)]
    pub allow_outage: Option<bool>,
}

/// How a new key is proven before it is promoted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Verification")]
pub struct VerificationInputs {
    /// Whether a new key is tried before it is promoted. Absent: true.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// How often in a row the new key must be accepted, 1 to 100: systems that settle slowly accept a key once and then refuse it again. Absent: 3.
    #[serde(default)]
    pub successes: Option<u32>,
    /// How long one run waits for that, as a duration. The next run goes on with the same key. Absent: `"5m"`.
    #[serde(default)]
    pub timeout: Option<String>,
}

/// Keepers, with values that may be secret and are never shown.
#[derive(Clone, Default)]
pub struct Keepers(BTreeMap<String, SecretString>);

impl Keepers {
    /// From plain entries.
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(entries.into_iter().map(|(name, value)| (name, value.into())).collect())
    }

    #[expect(clippy::disallowed_methods, reason = "keepers are compared and hashed here; neither result reveals them")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose_secret()))
    }
}

impl<'de> Deserialize<'de> for Keepers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<String, Keeper>::deserialize(deserializer)?;
        Ok(Self(entries.into_iter().map(|(name, Keeper(value))| (name, value)).collect()))
    }
}

/// One value as its text. Stack configuration turns `42` and `true` into a number and a boolean before a program can quote them.
struct Keeper(SecretString);

impl<'de> Deserialize<'de> for Keeper {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeeperVisitor)
    }
}

struct KeeperVisitor;

impl Visitor<'_> for KeeperVisitor {
    type Value = Keeper;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }

    fn visit_str<E>(self, text: &str) -> Result<Keeper, E> {
        Ok(Keeper(text.into()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Keeper, E> {
        Ok(Keeper(value.to_string().into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Keeper, E> {
        Ok(Keeper(value.to_string().into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Keeper, E> {
        Ok(Keeper(value.to_string().into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Keeper, E> {
        Ok(Keeper(value.to_string().into()))
    }
}

impl PartialEq for Keepers {
    fn eq(&self, other: &Self) -> bool {
        self.entries().eq(other.entries())
    }
}

impl fmt::Debug for Keepers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keepers", self.0.len())
    }
}

/// What the user asked for, parsed, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct RotationArgs {
    /// Empty when there are none.
    pub keepers: Keepers,
    /// The length of a period, if time is to rotate.
    pub period: Option<SignedDuration>,
    /// The start of the grid, if the user set one.
    pub anchor: Option<Timestamp>,
    /// How long a superseded key keeps working.
    pub overlap: SignedDuration,
    /// The longest age that the user accepts.
    pub max_age: Option<SignedDuration>,
    /// How a new key is proven; none when it is not.
    pub verification: Option<Verification>,
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

impl RotationInputs {
    /// What these inputs said, as inputs of an earlier run. A text that cannot be read any more counts as absent.
    pub fn old_schedule<'a>(&'a self, schedule: Option<&'a Schedule>) -> OldSchedule<'a> {
        let period = self.rotation_period.as_deref().and_then(|text| parse_duration(text).ok());
        let anchor = self.rotation_anchor.as_deref().and_then(|text| text.parse().ok());
        OldSchedule { keepers: self.keepers.as_ref().unwrap_or(&NO_KEEPERS), period, anchor, schedule }
    }

    /// Reads the texts, fills in the defaults and checks what must hold between them.
    ///
    /// # Errors
    /// Every problem that was found, not only the first.
    pub fn parse(&self, capability: &Capability) -> Result<RotationArgs, Vec<Problem>> {
        let mut problems = Problems::default();
        let period = problems.duration("rotationPeriod", self.rotation_period.as_deref());
        let overlap = problems.duration("overlap", self.overlap.as_deref());
        let max_age = problems.duration("maxAge", self.max_age.as_deref());
        let anchor = problems.timestamp("rotationAnchor", self.rotation_anchor.as_deref());
        let verification = problems.verification(self.verification.as_ref());
        if !problems.0.is_empty() {
            return Err(problems.0);
        }
        let args = RotationArgs {
            keepers: self.keepers.clone().unwrap_or_default(),
            period,
            anchor,
            overlap: overlap.unwrap_or_else(|| default_overlap(period)),
            max_age,
            verification,
        };
        problems.check_plan(&args, self.allow_outage.unwrap_or(false), capability);
        if problems.0.is_empty() { Ok(args) } else { Err(problems.0) }
    }
}

static NO_KEEPERS: Keepers = Keepers(BTreeMap::new());

const DAY: SignedDuration = SignedDuration::from_hours(24);
const SHORTEST_PERIOD: SignedDuration = SignedDuration::from_hours(1);

fn default_overlap(period: Option<SignedDuration>) -> SignedDuration {
    period.map_or(DAY, |period| DAY.min(period / 2))
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, property: &str, reason: impl Into<String>) {
        self.0.push(Problem { property: property.to_owned(), reason: reason.into() });
    }

    fn duration(&mut self, property: &str, text: Option<&str>) -> Option<SignedDuration> {
        parse_duration(text?).map_err(|reason| self.add(property, reason)).ok()
    }

    fn timestamp(&mut self, property: &str, text: Option<&str>) -> Option<Timestamp> {
        let reason = "is not a time in RFC 3339: write one such as \"2026-01-01T03:00:00Z\"";
        text?.parse().map_err(|_| self.add(property, reason)).ok()
    }

    fn verification(&mut self, inputs: Option<&VerificationInputs>) -> Option<Verification> {
        let inputs = inputs.cloned().unwrap_or_default();
        let timeout =
            self.duration("verification.timeout", inputs.timeout.as_deref()).unwrap_or(SignedDuration::from_mins(5));
        let successes = inputs.successes.unwrap_or(3);
        if !(1..=100).contains(&successes) {
            self.add("verification.successes", "must be from 1 to 100");
        }
        if !(SignedDuration::from_secs(1)..=SignedDuration::from_hours(1)).contains(&timeout) {
            self.add("verification.timeout", "must be from \"1s\" to \"1h\"");
        }
        inputs.enabled.unwrap_or(true).then_some(Verification { successes, timeout })
    }

    fn check_plan(&mut self, args: &RotationArgs, allow_outage: bool, capability: &Capability) {
        if args.period.is_some_and(|period| period < SHORTEST_PERIOD) {
            self.add("rotationPeriod", "must be at least one hour");
        }
        if args.overlap.is_zero() && !allow_outage {
            self.add("overlap", "\"0s\" leaves a moment without a working key for what still uses the old one: set allowOutage to true to permit it");
        }
        if !capability.holds_two && !allow_outage {
            self.add("allowOutage", "must be true: this system cannot hold two generations of the key");
        }
        self.check_times(args);
    }

    fn check_times(&mut self, args: &RotationArgs) {
        let Some(period) = args.period else {
            if args.max_age.is_some() {
                self.add("maxAge", "needs rotationPeriod: without one a key is never rotated by time");
            }
            return;
        };
        if args.overlap >= period {
            self.add("overlap", format!("must be shorter than rotationPeriod ({})", print_duration(period)));
        }
        let needed = period.checked_add(args.overlap).and_then(|sum| sum.checked_add(args.overlap));
        if let (Some(limit), Some(needed)) = (args.max_age, needed)
            && needed > limit
        {
            let needed = print_duration(needed);
            self.add("maxAge", format!("is too small: with this rotationPeriod and overlap a key can work for {needed} (rotationPeriod + 2 × overlap); raise it to that, or shorten them"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(problems(bad("88d", "1d", "89d")), ["maxAge"]);
        assert_eq!(problems(bad("88d", "1d", "90d")), [""; 0]);
        assert_eq!(problems(bad("x", "y", "z")), ["rotationPeriod", "overlap", "maxAge"]);
        assert_eq!(problems(RotationInputs { max_age: text("90d"), ..Default::default() }), ["maxAge"]);
        assert_eq!(
            problems(RotationInputs { rotation_anchor: text("tomorrow"), ..Default::default() }),
            ["rotationAnchor"]
        );
        let verification = VerificationInputs { successes: Some(0), timeout: text("2h"), ..Default::default() };
        let inputs = RotationInputs { verification: Some(verification), ..Default::default() };
        assert_eq!(problems(inputs), ["verification.successes", "verification.timeout"]);
    }

    #[test]
    fn keepers_hide_their_values() {
        let keepers = Keepers::new([("db".to_owned(), "hunter2".to_owned())]);
        assert!(!format!("{keepers:?}").contains("hunter2"));
        assert_eq!(keepers, Keepers::new([("db".to_owned(), "hunter2".to_owned())]));
        assert_ne!(keepers, Keepers::default());
    }

    #[test]
    fn a_keeper_may_be_written_as_a_number_or_a_boolean() {
        let inputs: RotationInputs =
            serde_json::from_str(r#"{"keepers": {"release": 42, "half": 0.5, "live": true}}"#).unwrap();
        let texts = [("half", "0.5"), ("live", "true"), ("release", "42")];
        assert_eq!(inputs.keepers.unwrap(), Keepers::new(texts.map(|(name, text)| (name.to_owned(), text.to_owned()))));
        assert!(serde_json::from_str::<RotationInputs>(r#"{"keepers": {"list": []}}"#).is_err());
    }
}
