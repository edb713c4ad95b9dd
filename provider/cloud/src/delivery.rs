//! What of a key is handed over to a store, and how it is written there.

mod formats;
mod pick;
mod shape;
mod shaped;

pub use shape::{Deliverable, DeliveryFormat, DeliveryShape};

#[cfg(test)]
mod tests;
