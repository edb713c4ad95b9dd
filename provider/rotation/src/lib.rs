//! The rotation model: whether a key must be made, when it may go, and what is ours.
//!
//! Nothing here knows a cloud, what declares resources, or a runtime. A system implements [`KeyIssuer`]; the caller hands in a [`Clock`];
//! [`schedule`] decides *when* from inputs alone, [`next`](fn@next) names the one step to take, [`run`](fn@run) takes steps until none is left.
//!
//! The rules that hold at every moment, whatever fails:
//! a working key that the state knows exists at all times once one did; a key that is made can always be found again;
//! one trigger leaves at most one new key; only keys that are provably ours are deleted; outputs change only when a run succeeds.

mod act;
mod asked;
mod decide;
mod error;
mod issuer;
mod observe;
mod place;
mod state;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod time;

pub use act::{Event, Interrupted, RunContext, look_into_stores, reduce, refresh, refresh_stores, run, run_until};
pub use asked::{
    Adopt, Keepers, Problem, Retirement, RetirementInputs, Revoke, RevokedGeneration, RotationArgs, RotationInputs,
    RotationWindow, RotationWindowInputs, TriggerInputs, Verification, VerificationInputs, Weekday, WhenInUse,
    WhenQuotaReached, format_duration, parse_duration,
};
pub use decide::{
    Blocked, Goal, Knowledge, Next, Plan, Shelf, Step, Stores, View, Want, World, next, plan, renew_notices,
};
pub use error::{Effect, Error, ErrorKind, Retry};
pub use issuer::{KeyIssuer, MintOrder, Minted, Prepared, ReadBack, Retired, Verdict};
pub use observe::observe;
pub use place::{Misplaced, Place, Standing, reach};
pub use state::{
    Capability, Cause, Claim, Deferred, Delivered, DeliveryStage, Entry, Expiry, Field, ForeignKey, HistoryAction,
    HistoryEvent, Key, KeyId, KeyState, KeyStatus, Known, LastUse, Ledger, Ledgers, Mark, Marks, Material, Observed,
    ObservedKey, OtherLedger, OwnerId, Proof, Retiring, STATE_VERSION, SecretPlace, Stage, Trigger, UnrecordedKey,
    is_empty_secret,
};
pub use store::{DeliveryId, Head, Payload, Store, StoredVersion, Target, plain_label};
pub use time::{
    Ask, Clock, Due, EndTerms, LifetimeRules, OldSchedule, Phase, Schedule, Scheduled, Stop, due, next_rotation,
    note_endings, overdue, retires_at, schedule, schedule_changed, schedule_of, seconds,
};
