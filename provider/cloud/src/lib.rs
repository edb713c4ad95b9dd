//! What a cloud is to the plugin: its configuration, its resources, and what each resource adds to the rotation model.
//!
//! A cloud is one folder under `systems` that implements [`Cloud`], and one line in the plugin's registry. Each of its resources
//! implements [`RotatingResource`], and gives the rotation model a [`KeyIssuer`](rotation::KeyIssuer) for the keys of one principal.

mod cloud;
mod delivery;
mod identity;
mod problem;
mod resource;
mod session;
mod tags;

pub use cloud::{Cloud, Resources};
pub use delivery::{Deliverable, DeliveryFormat, DeliveryShape};
pub use identity::{CallerIdentity, SignedRequest};
pub use problem::{below, problem, wrong_config};
pub use resource::{ImportedInputs, RotatingResource};
pub use session::SessionCell;
pub use tags::TagForm;
