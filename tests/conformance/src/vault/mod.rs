//! OpenBao, with the plugin's own code as its client, behind a proxy on which calls fail on demand.

mod alike;
mod jwt_key;
mod jwt_key_others;
mod jwt_key_trials;
mod jwt_set;
mod jwt_set_trials;
mod kv;
mod lease;
mod lease_others;
mod lease_trials;
mod logins;
mod machine_logins;
mod namespaces;
mod official;
mod official_bao;
mod official_ids;
mod on_vault;
mod secret_id;
mod secret_id_trials;
mod server;
mod trials;

pub use jwt_key::{JwtName, VaultJwtKeys};
pub use jwt_key_trials::jwt_key_trials;
pub use jwt_set::{JwtSet, VaultJwtSets};
pub use jwt_set_trials::jwt_set_trials;
pub use kv::{KvPath, VaultKv};
pub use lease::{DynamicRole, VaultLeases};
pub use lease_trials::{MARIA_TRIALS, lease_trials};
pub use on_vault::{OnVault, VaultGround, VaultPlace, VaultWay};
pub use secret_id::{AppRoleRole, VaultSecretIds};
pub use secret_id_trials::secret_id_trials;
pub(crate) use server::kv_ground;
pub use server::{lease_programs, vault_ended, vault_program};
pub use trials::{VaultTrial, vault_trials};
