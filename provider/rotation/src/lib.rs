//! The rotation model: whether a key must be made, when it may go, and what is ours.
//!
//! Nothing here knows a cloud, what declares resources, or a runtime. A system implements [`KeyIssuer`]; the caller hands in a [`Clock`];
//! [`schedule`] decides *when* from inputs alone, [`next`](fn@next) names the one step to take, [`run`](fn@run) takes steps until none is left.
//!
//! The rules that hold at every moment, whatever fails:
//! a working key that the state knows exists at all times once one did; a key that is made can always be found again;
//! one trigger leaves at most one new key; only keys that are provably ours are deleted; outputs change only when a run succeeds.

mod args;
mod capability;
mod clock;
mod due;
mod duration;
mod error;
mod expiry;
mod inputs;
mod issuer;
mod keepers;
mod ledger;
mod next;
mod place;
mod plan;
mod reduce;
mod run;
mod schedule;
mod state;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod trigger;
mod warnings;

pub use args::{Problem, Retirement, RotationArgs, Verification};
pub use capability::{Capability, Marks};
pub use clock::{Clock, Stop};
pub use due::{Due, due, schedule_changed};
pub use duration::{parse_duration, print_duration};
pub use error::{Effect, Error, ErrorKind, Retry};
pub use expiry::{EndTerms, Expiry, Lasting, note_endings};
pub use inputs::{
    Adopt, RetirementInputs, Revoke, RevokedGeneration, RotationInputs, TriggerInputs, VerificationInputs, WhenInUse,
    WhenQuotaReached,
};
pub use issuer::{
    Field, KeyIssuer, KeyStatus, LastUse, Material, MintOrder, Minted, Observed, ObservedKey, ReadBack, Verdict,
    is_empty_secret,
};
pub use keepers::Keepers;
pub use ledger::{Claim, Entry, Ledger, Ledgers, Mark, OtherLedger, OwnerId};
pub use next::{Blocked, Cause, Goal, Next, Step, View, Want, next};
pub use place::{Misplaced, Place, Standing, reach};
pub use plan::{Plan, plan};
pub use reduce::{Event, World, reduce, refresh};
pub use run::{Deck, Interrupted, observe, run};
pub use schedule::{Ask, OldSchedule, Phase, Schedule, Scheduled, next_rotation, schedule};
pub use state::{
    Deferred, ForeignKey, HistoryAction, HistoryEvent, Key, KeyId, KeyState, Retiring, STATE_VERSION, UnrecordedKey,
};
pub use trigger::Trigger;
pub use warnings::renew_notices;
