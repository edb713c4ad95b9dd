use jiff::SignedDuration;

use crate::{Capability, Keepers, Proof, Retirement, Revoke, RevokedGeneration, RotationArgs, Verification};

use super::{Outcome, Watch};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One kind of run in the life of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Life {
    /// The first key is made.
    Create,
    /// A key is taken over whose secret nobody knows.
    Adopt,
    /// A key is imported; nobody asked for another one.
    Import,
    /// Keepers changed.
    RotateByKeepers,
    /// A period began.
    RotateByPeriod,
    /// Keepers changed, and the superseded key is to go at once.
    RotateAtOnce,
    /// A superseded key's overlap is over.
    Retire,
    /// The same, when keys are disabled for a while first.
    Disable,
    /// An incident revokes everything.
    Revoke,
    /// A rotation for which a superseded key must go first.
    MakeRoom,
    /// Somebody deleted the current key; a refresh finds that out.
    CurrentLost,
    /// Somebody disabled the current key; a refresh finds that out.
    CurrentDisabled,
    /// Somebody deleted the superseded key; a refresh finds that out.
    PreviousLost,
    /// Another instance takes this one's place on the same principal.
    Replace,
    /// The resource is deleted in the overlap, with two keys.
    Delete,
}

impl Life {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Create,
        Self::Adopt,
        Self::Import,
        Self::RotateByKeepers,
        Self::RotateByPeriod,
        Self::RotateAtOnce,
        Self::Retire,
        Self::Disable,
        Self::Revoke,
        Self::MakeRoom,
        Self::CurrentLost,
        Self::CurrentDisabled,
        Self::PreviousLost,
        Self::Replace,
        Self::Delete,
    ];

    /// Those that a system with this capability can have.
    pub fn of(capability: &Capability) -> impl Iterator<Item = Self> + use<> {
        let Capability { disables, lists_all, .. } = *capability;
        Self::ALL.into_iter().filter(move |life| match life {
            Self::Disable | Self::CurrentDisabled => disables,
            Self::Adopt | Self::Import => lists_all,
            _ => true,
        })
    }

    /// How long a superseded key lives in all lives but [`Life::RotateAtOnce`].
    pub const OVERLAP: SignedDuration = DAY;

    /// How long a superseded key lives in this one.
    pub fn overlap(self) -> SignedDuration {
        if self == Self::RotateAtOnce { SignedDuration::ZERO } else { Self::OVERLAP }
    }

    /// Whether the run begins with a refresh, because nothing else shows what is to be done.
    pub fn is_drift(self) -> bool {
        matches!(self, Self::CurrentLost | Self::CurrentDisabled | Self::PreviousLost)
    }

    /// The inputs before the run in question; none where the resource did not exist.
    pub fn before(self) -> Option<RotationArgs> {
        Some(match self {
            Self::Create | Self::Adopt | Self::Import => return None,
            Self::RotateByKeepers
            | Self::RotateByPeriod
            | Self::CurrentLost
            | Self::CurrentDisabled
            | Self::Replace => Self::inputs("1", true),
            Self::RotateAtOnce => Self::at_once("1"),
            Self::Disable => RotationArgs { period: Some(PERIOD), ..Self::soaking("2") },
            Self::Retire | Self::Revoke | Self::MakeRoom | Self::PreviousLost | Self::Delete => Self::inputs("2", true),
        })
    }

    /// The inputs of the run in question.
    pub fn wanted(self) -> RotationArgs {
        match self {
            Self::RotateByKeepers => Self::inputs("2", true),
            Self::RotateAtOnce => Self::at_once("2"),
            Self::MakeRoom => Self::inputs("3", true),
            Self::Revoke => RotationArgs { period: Some(PERIOD), ..Self::revoking("2", "leak") },
            _ => self.before().unwrap_or_else(|| Self::inputs("1", true)),
        }
    }

    /// Lives up to the run in question and gives the inputs that it is to have. Panics if that fails.
    pub async fn prepare(self, watch: &mut Watch<'_>) -> RotationArgs {
        if let Self::Adopt | Self::Import = self {
            let imports = self == Self::Import;
            watch.rig.mint_as_stranger().into_iter().for_each(|key| watch.stack.take_over(key, imports));
            watch.rig.clock().advance(HOUR);
        }
        let Some(before) = self.before() else { return self.wanted() };
        let first = RotationArgs { keepers: Self::inputs("1", true).keepers, ..before.clone() };
        self.done(watch, &first).await;
        watch.rig.clock().advance(HOUR);
        if first != before {
            self.done(watch, &before).await;
        }
        match self {
            Self::RotateByPeriod => watch.rig.clock().advance(DAY * 31),
            Self::Retire | Self::MakeRoom => watch.rig.clock().advance(DAY * 2),
            Self::Disable => watch.rig.clock().advance(DAY + HOUR * 3),
            Self::CurrentLost | Self::CurrentDisabled | Self::PreviousLost => self.harm(watch),
            Self::Replace => watch.stack.set_replaces(true),
            _ => {}
        }
        self.wanted()
    }

    /// The run in question.
    pub async fn run(self, watch: &mut Watch<'_>, wanted: &RotationArgs) -> Outcome {
        if self.is_drift() {
            watch.stack.refresh(watch.rig).await;
        }
        match self {
            Self::Delete => watch.stack.destroy(watch.rig).await,
            _ => watch.up(wanted).await,
        }
    }

    /// Inputs with one keeper, and a period of 30 days if asked.
    pub fn inputs(keeper: &str, by_period: bool) -> RotationArgs {
        RotationArgs {
            keepers: Keepers::new([("version".to_owned(), keeper.to_owned())]),
            period: by_period.then_some(PERIOD),
            anchor: None,
            overlap: Self::OVERLAP,
            max_age: None,
            run_every: DAY,
            rotation_window: None,
            when_quota_reached: Default::default(),
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

    /// The same, without an overlap.
    fn at_once(keeper: &str) -> RotationArgs {
        RotationArgs { overlap: SignedDuration::ZERO, ..Self::inputs(keeper, true) }
    }

    fn harm(self, watch: &mut Watch<'_>) {
        watch.rig.clock().advance(HOUR);
        let state = watch.stack.state();
        let key = match self {
            Self::PreviousLost => state.and_then(|state| state.previous()).map(|previous| &previous.key),
            _ => state.and_then(|state| state.current.as_ref()),
        };
        let Some(id) = key.map(|key| key.id.clone()) else { return };
        if self == Self::CurrentDisabled {
            watch.rig.disable(&id)
        } else {
            watch.rig.delete(&id)
        }
        watch.harmed.insert(id);
    }

    async fn done(self, watch: &mut Watch<'_>, inputs: &RotationArgs) {
        let outcome = watch.up(inputs).await;
        assert!(outcome.is_done(), "{self:?} cannot be prepared: {outcome:?}");
        if watch.rig.issuer().capability().proof == Proof::OncePublished {
            watch.until_quiet(inputs).await;
        }
    }
}
