#![doc = include_str!("../README.md")]
#![allow(
    clippy::disallowed_methods,
    reason = "a test suite reads real time for a peer that has no other, and opens secrets to look for them"
)]

mod aws;
mod canned;
mod child;
mod confluent;
mod contract;
pub mod cost;
mod lives;
mod memory;
mod oci;
mod orders;
mod rig;
mod stand_in;
mod stores;
mod suite;
mod vault;

pub use aws::{AwsTrial, AwsUser, LocalAws, MOTO_DEVIATIONS, Moto, MotoRig, aws_trials};
pub use child::child;
pub use confluent::{ConfluentTrial, LocalConfluent, ServiceAccount, confluent_trials};
pub use lives::is_mint;
pub use memory::{MEMORY_FEATURES, memory};
pub use oci::{LocalOci, OciResource, OciTrial, OciUser, Pool, admin_config, oci_trials};
pub use rig::{Feature, Place, PlaceRig, ReachableRig, Way, WayTo};
pub use stand_in::StandIn;
pub use stores::{Entries, Ground, MotoGround, RuleTrial, Shop, StoreTrial, rule_trials, store_trials};
pub use stores::{KvGround, KvStoreTrial, OciGround, OciStoreTrial, kv_store_trials, oci_store_trials};
pub use suite::{ContractTrial, Deviation, Trial, check, contract_trials, kv_trials, run};
pub use vault::{AppRoleRole, OnVault, VaultGround, VaultPlace, VaultSecretIds, VaultWay, secret_id_trials};
pub use vault::{DynamicRole, MARIA_TRIALS, VaultLeases, lease_programs, lease_trials};
pub use vault::{JwtName, VaultJwtKeys, jwt_key_trials};
pub use vault::{JwtSet, VaultJwtSets, jwt_set_trials};
pub use vault::{KvPath, VaultKv, VaultTrial, vault_ended, vault_program, vault_trials};

/// How the marks begin that stand in a text at a key.
const MARK: &str = "[keyrotation ";

/// The hash of the resource whose mark stands in this text.
fn marked_by(text: &str) -> Option<&str> {
    text.split_once(MARK)?.1.split(' ').nth(1)
}
