//! Every call of every life of a key, failed in every way, on any system.
//!
//! A system takes part by a [`Rig`]: [`rotation::testing::InMemoryCloud`] is the reference, [`AwsRig`] is AWS's real client
//! against the stand-in. After the fault, plain runs must set everything right: see [`rotation::testing::Watch`].

mod aws;
mod case;

pub use aws::AwsRig;
pub use case::{Case, MakeRig, calls_of, rigs};
pub use rotation::testing::Rig;
