//! What comes next.

mod next;
mod plan;
mod stores;
mod told;
mod warnings;
mod world;

pub(crate) use next::{ATTEMPTS, deferral, is_ready, mint_cause, needed_for, renew_at};
pub use next::{Blocked, Goal, Next, Step, View, Want, next};
pub use plan::{Plan, plan};
pub use stores::{Shelf, Stores};
pub use warnings::renew_notices;
pub(crate) use warnings::{mark_missing, refreshed, warnings};
pub use world::{Knowledge, World};
