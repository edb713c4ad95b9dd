//! OpenBao, with the plugin's own code as its client, behind a proxy on which calls fail on demand.

mod kv;
mod logins;
mod server;
mod trials;

pub use kv::VaultKv;
pub use server::{vault_ended, vault_program};
pub use trials::{VaultTrial, vault_trials};
