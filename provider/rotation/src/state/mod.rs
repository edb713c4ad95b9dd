//! What is stored, what the marks say, and what a system shows.

mod capability;
mod cause;
mod delivered;
mod key;
mod key_state;
mod ledger;
mod material;
mod observed;
mod stage;
mod trigger;

pub use capability::{Capability, Marks};
pub use cause::Cause;
pub use delivered::{Delivered, DeliveryStage};
pub use key::{ForeignKey, Key, KeyId, Retiring, SecretPlace, UnrecordedKey};
pub use key_state::{Deferred, HistoryAction, HistoryEvent, KeyState, Known, STATE_VERSION};
pub use ledger::{Claim, Entry, Ledger, Ledgers, Mark, OtherLedger, OwnerId};
pub use material::{Field, KeyStatus, Material, is_empty_secret};
pub use observed::{Expiry, LastUse, Observed, ObservedKey};
pub use stage::{Proof, Stage};
pub use trigger::Trigger;
