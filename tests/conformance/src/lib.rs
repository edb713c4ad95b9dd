#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    reason = "a test suite reads real time for a peer that has no other, and opens secrets to look for them"
)]

mod aws;
mod bench;
mod canned;
mod confluent;
mod contract;
pub mod cost;
mod lives;
mod memory;
mod oci;
mod stand;
mod suite;
mod vault;

pub use aws::{AwsTrial, LocalAws, MOTO_DEVIATIONS, Moto, MotoBench, aws_trials, child};
pub use bench::{Bench, Power};
pub use confluent::{ConfluentTrial, LocalConfluent, confluent_trials};
pub use lives::is_mint;
pub use memory::Memory;
pub use oci::{LocalOci, OciResource, OciTrial, oci_child, oci_trials};
pub use suite::{Deviation, Trial, check, run, trials};
pub use vault::{AppRoleRole, OnVault, OwnTrial, Place, VaultGround, VaultSecretIds, secret_id_trials};
pub use vault::{DynamicRole, MARIA_TRIAL, VaultLeases, lease_programs, lease_trials};
pub use vault::{JwtName, VaultJwtKeys, jwt_key_trials};
pub use vault::{VaultKv, VaultTrial, vault_ended, vault_program, vault_trials};
