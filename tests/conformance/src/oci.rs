//! OCI on the bench: the stand-in, with each of its three resources, and what only OCI has.

mod child;
mod local;
mod pool;
mod trials;

pub use child::oci_child;
pub use local::{LocalOci, OciResource};
pub use trials::{OciTrial, oci_trials};
