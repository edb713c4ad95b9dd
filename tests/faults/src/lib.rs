//! Every call of every life of a key, failed in every way, on any system.
//!
//! A system takes part by a [`ContestedRig`]: [`rotation::testing::InMemoryCloud`] is the reference, [`conformance::LocalAws`] is AWS's real
//! client against the stand-in. After the fault, plain runs must set everything right: see [`rotation::testing::Watch`].

#![expect(clippy::print_stdout, reason = "the table is for people")]

mod case;
mod others;
mod pair;
mod reader;
mod suite;
mod systems;
mod table;

pub use case::{Case, Runs, Then, calls_of, most_runs, note_runs, recover};
pub use conformance::is_mint;
pub use others::{Rivals, Stranger, stripped};
pub use pair::{Pairs, Tried};
pub use reader::Delivery;
pub use rotation::testing::{ContestedRig, Rig};
pub use suite::{Suite, block_on, named};
pub use systems::{
    DELIVERING, SYSTEMS, System, VAULT, VAULT_JWT_KEY, VAULT_KV, VAULT_LEASE, VAULT_SECRET_ID, WRONG_CLOCKS,
};
pub use table::Table;
