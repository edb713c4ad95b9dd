//! OCI: the stand-in, with each of its three resources, and what only OCI has.

mod local;
mod pool;
mod trials;

pub(crate) use local::client;
pub use local::{LocalOci, OciResource, OciUser, admin_config};
pub use pool::Pool;
pub use trials::{OciTrial, oci_trials};
