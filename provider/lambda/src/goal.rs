use jiff::{SignedDuration, Timestamp};
use rotation::{Capability, Error, Goal, Phase, RotationArgs, RotationInputs, Schedule, Target, WhenQuotaReached};

use crate::decoded::{read, sound, wrong_field};
use crate::document::Document;
use crate::held::asked_by;

/// Inputs of the plugin's resources that a secret may have too.
const INPUTS: [&str; 4] = ["overlap", "allowOutage", "verification", "retirement"];
/// What was superseded by an earlier rotation may go when the next one comes.
const UNTIL_NEXT: SignedDuration = SignedDuration::from_secs(1);

/// What a secret says of its rotations.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    args: RotationArgs,
    /// Whether the previous key works until the next rotation, for want of a stated overlap.
    until_next: bool,
}

impl Rules {
    /// Reads them.
    ///
    /// # Errors
    /// The field that is wrong.
    pub(crate) fn read(document: &Document, capability: &Capability) -> Result<Self, Error> {
        let inputs: RotationInputs = read(&document.only(|name| INPUTS.contains(&name)), document.of())?;
        let retirement = inputs.retirement.as_ref();
        if retirement.is_some_and(|retirement| retirement.soak.is_some() || retirement.confirmed_generation.is_some()) {
            let reason = "must have neither `soak` nor `confirmedGeneration`: a rotation function has no place to remember them [KR-LAMBDA-010]";
            return Err(wrong_field(document.of(), "retirement", reason));
        }
        let is_quiet_given = retirement.is_some_and(|retirement| retirement.quiet_period.is_some());
        let is_stated = inputs.overlap.is_some();
        let mut args = match inputs.parse(capability) {
            Ok(args) => args,
            Err(problems) => {
                sound(&problems, document.of())?;
                return Err(wrong_field(document.of(), "overlap", "cannot be used [KR-LAMBDA-011]"));
            }
        };
        args.when_quota_reached = WhenQuotaReached::Fail;
        if !is_stated {
            args.overlap = UNTIL_NEXT;
            args.retirement.quiet_period = args.retirement.quiet_period.filter(|_| is_quiet_given);
        }
        Ok(Self { args, until_next: !is_stated })
    }

    /// The stated overlap.
    pub(crate) fn overlap(&self) -> Option<SignedDuration> {
        (!self.until_next).then_some(self.args.overlap)
    }

    /// A key for this version, in the secret.
    pub(crate) fn goal(&self, (instance, version): (&str, &str), now: Timestamp) -> Goal {
        let phase = Phase::Retire;
        let (window, revoked, reading) = (None, None, None);
        let schedule = Schedule { anchor: now, window, rotated_at: now, phase, revoked, suspended: false, reading };
        Goal { trigger: asked_by(version), ..Goal::new(instance, &self.args, &schedule) }
    }
}

/// The same goal, delivered to the secret.
pub(crate) fn into_secret(goal: Goal, target: &Target) -> Goal {
    goal.delivering(vec![target.clone()])
}
