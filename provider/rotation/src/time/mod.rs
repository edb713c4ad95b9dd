//! When things are due.

mod age;
mod clock;
mod due;
mod expiry;
mod instant;
mod schedule;
mod times;

pub use age::overdue;
pub use clock::{Clock, Stop};
pub use due::{Due, due, schedule_changed};
pub use expiry::{EndTerms, LifetimeRules, note_endings};
pub(crate) use instant::later;
pub use instant::seconds;
pub(crate) use schedule::margin;
pub use schedule::{Ask, OldSchedule, Scheduled, next_rotation, retires_at, schedule, schedule_of};
pub use times::{Phase, Schedule};
