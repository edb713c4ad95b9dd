use jiff::SignedDuration;

use crate::{Keepers, Retirement, Revoke, RevokedGeneration, RotationArgs, Verification};

use super::{Outcome, Watch};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One kind of run in the life of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The first key is made.
    Create,
    /// Keepers changed.
    RotateByKeepers,
    /// A period began.
    RotateByPeriod,
    /// A superseded key's overlap is over.
    Retire,
    /// The same, when keys are disabled for a while first.
    Disable,
    /// An incident revokes everything.
    Revoke,
    /// A rotation for which a superseded key must go first.
    MakeRoom,
    /// The resource is deleted in the overlap, with two keys.
    Delete,
}

impl Life {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::RotateByKeepers,
        Self::RotateByPeriod,
        Self::Retire,
        Self::Disable,
        Self::Revoke,
        Self::MakeRoom,
        Self::Delete,
    ];

    /// How long a superseded key lives in these lives.
    pub const OVERLAP: SignedDuration = DAY;

    /// Lives up to the run in question and gives the inputs that it is to have. Panics if that fails.
    pub async fn prepare(self, watch: &mut Watch<'_>) -> RotationArgs {
        if self == Self::Create {
            return Self::inputs("1", false);
        }
        let by_period = self == Self::RotateByPeriod;
        self.done(watch, &Self::inputs("1", by_period)).await;
        watch.rig.clock().advance(HOUR);
        match self {
            Self::Create | Self::RotateByKeepers => return Self::inputs("2", false),
            Self::RotateByPeriod => watch.rig.clock().advance(DAY * 31),
            Self::Retire | Self::MakeRoom => {
                self.done(watch, &Self::inputs("2", false)).await;
                watch.rig.clock().advance(DAY * 2);
            }
            Self::Disable => {
                self.done(watch, &Self::soaking("2")).await;
                watch.rig.clock().advance(DAY + HOUR * 3);
            }
            Self::Revoke | Self::Delete => self.done(watch, &Self::inputs("2", false)).await,
        }
        match self {
            Self::RotateByPeriod => Self::inputs("1", true),
            Self::MakeRoom => Self::inputs("3", false),
            Self::Disable => Self::soaking("2"),
            Self::Revoke => Self::revoking("2", "leak"),
            _ => Self::inputs("2", false),
        }
    }

    /// The run in question.
    pub async fn run(self, watch: &mut Watch<'_>, wanted: &RotationArgs) -> Outcome {
        match self {
            Self::Delete => watch.stack.destroy(watch.rig).await,
            _ => watch.up(wanted).await,
        }
    }

    /// Inputs with one keeper, and a period of 30 days if asked.
    pub fn inputs(keeper: &str, by_period: bool) -> RotationArgs {
        RotationArgs {
            keepers: Keepers::new([("version".to_owned(), keeper.to_owned())]),
            period: by_period.then_some(DAY * 30),
            anchor: None,
            overlap: Self::OVERLAP,
            max_age: None,
            verification: Some(Verification { successes: 3, timeout: SignedDuration::from_mins(5) }),
            retirement: Default::default(),
            revoke: None,
            adopt: None,
        }
    }

    /// The same, with a soak of half a day.
    pub fn soaking(keeper: &str) -> RotationArgs {
        let retirement = Retirement { soak: HOUR * 12, ..Retirement::default() };
        RotationArgs { retirement, ..Self::inputs(keeper, false) }
    }

    /// The same, with an incident that revokes every key.
    pub fn revoking(keeper: &str, incident: &str) -> RotationArgs {
        let revoke = Revoke { incident: incident.to_owned(), generation: RevokedGeneration::All };
        RotationArgs { revoke: Some(revoke), ..Self::inputs(keeper, false) }
    }

    async fn done(self, watch: &mut Watch<'_>, inputs: &RotationArgs) {
        let outcome = watch.up(inputs).await;
        assert!(outcome.is_done(), "{self:?} cannot be prepared: {outcome:?}");
    }
}
