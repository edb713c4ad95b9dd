//! The real Pulumi engine on the plugin and the stand-in: what the tests and the demo are made of.

mod clock;
mod cloud;
mod confluent;
mod exchanges;
pub mod leak;
mod oci;
mod platform;
pub mod process;
mod python;
mod recorded;
mod running;
mod scene;
mod state;
mod trial;
mod vault;
mod wait;
mod workspace;

pub use clock::TestClock;
pub use cloud::Cloud;
pub use confluent::{ConfluentScene, KnownKey};
pub use exchanges::Recorder;
pub use leak::Secrets;
pub use localcloud::{Credentials, Fault, Rule};
pub use oci::{OciResource, OciScene};
pub use platform::{Moment, PlatformScene};
pub use python::Python;
pub use recorded::{Recording, expect_settled};
pub use running::{Ended, Running};
pub use scene::{Known, Scene, TOKEN, URN, USER, program};
pub use state::State;
pub use trial::{Prove, run_trials, trial};
pub use vault::{KV_TOKEN, VaultScene};
pub use workspace::{Tools, Workspace};
