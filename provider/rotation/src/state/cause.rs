use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Cause {
    /// The resource has no key yet.
    Created,
    /// Keepers differ from those of the current key.
    KeepersChanged,
    /// A new period has begun.
    PeriodBegan,
    /// The current key no longer exists.
    CurrentGone,
    /// Somebody disabled the current key.
    CurrentDisabled,
    /// The current key ends by itself soon, and there is no more time to be had.
    CurrentEnds,
    /// A key that this resource made is in no state.
    Orphan,
    /// An attempt to mint had no answer, and this key appeared in that time.
    UnansweredMint,
    /// A new key is no longer wanted.
    Unwanted,
    /// A new key was refused in three runs.
    NeverAccepted,
    /// Another resource made a key on the same principal at the same time, and was first.
    Rival,
    /// The quota is used up.
    QuotaFull,
    /// The current key was adopted without its secret.
    SecretUnknown,
    /// The current key's secret was left to stores, and none of them gives it back.
    SecretLost,
    /// The secret is to stand in the state again.
    SecretWanted,
    /// Keys of this resource exist that its state does not contain.
    StateBehind,
    /// It is not in the state, and the new key needs its place.
    Unrecorded,
    /// An incident revoked it.
    Revoked,
    /// A superseded key's overlap is over.
    OverlapOver,
    /// The key expires before it may be retired.
    Ends,
    /// The ownership mark must be updated.
    Bookkeeping,
    /// Lists may still be behind.
    Unsettled,
    /// The system accepts it from a known time on, and nothing can try it before.
    Untried,
    /// Consumers of a store do not read the current key there.
    NotDelivered,
    /// The store is not among the deliveries any more.
    NoDelivery,
    /// The resource is being deleted.
    Deleting,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "the resource has no key yet",
            Self::KeepersChanged => "keepers changed",
            Self::PeriodBegan => "a new rotation period began",
            Self::CurrentGone => "the current key no longer exists",
            Self::CurrentDisabled => "the current key was disabled by someone",
            Self::CurrentEnds => "the current key ends by itself soon",
            Self::Orphan => "an interrupted run made it and its secret is lost",
            Self::UnansweredMint => "it appeared during an attempt that had no answer, and its secret is lost",
            Self::Unwanted => "it is no longer wanted",
            Self::NeverAccepted => "it was never accepted in three runs",
            Self::Rival => "another resource was first",
            Self::QuotaFull => "its place is needed for the new key",
            Self::SecretUnknown => "the adopted key's secret is not known",
            Self::SecretLost => "its secret was kept in `deliveries` alone, and none of them has it any more",
            Self::SecretWanted => "`keepSecretInState` asks for its secret",
            Self::StateBehind => {
                "keys of this resource exist that the state does not contain, and consumers may use them (the state is older than reality, or a run died before it was saved)"
            }
            Self::Unrecorded => "the state does not contain it, nothing uses it, and the new key needs its place",
            Self::Revoked => "revoked",
            Self::OverlapOver => "its overlap is over",
            Self::Ends => "it expires before it may be retired",
            Self::Bookkeeping => "updating the ownership mark",
            Self::Unsettled => "the system's lists may still be behind",
            Self::Untried => "nothing can try the new key, and the system accepts it by then",
            Self::NotDelivered => "its consumers do not read the current key",
            Self::NoDelivery => "`deliveries` does not name it any more",
            Self::Deleting => "the resource is being deleted",
        })
    }
}
