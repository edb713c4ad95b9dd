//! Drives a provider over gRPC as the engine does, inside a test (feature `testing`).
//!
//! ```no_run
//! # async fn example(provider: impl pulumi_provider::Provider, inputs: pulumi_provider::Object) {
//! use pulumi_provider::testing::{Action, Harness};
//!
//! let harness = Harness::start(provider).await.unwrap();
//! harness.configure(Default::default()).await.unwrap();
//! let mut token = harness.resource("token:index:Token", "mine");
//! assert_eq!(token.preview(&inputs).await.unwrap().action, Action::Create);
//! token.up(&inputs).await.unwrap();
//! assert_eq!(token.preview(&inputs).await.unwrap().action, Action::Same);
//! token.refresh().await.unwrap();
//! token.destroy().await.unwrap();
//! # }
//! ```

pub mod arbitrary;
mod calls;
mod engine;
mod harness;
mod managed;
mod messages;
mod problem;
mod raw;
mod replay;

pub use engine::Logged;
pub use harness::{Harness, free_of};
pub use managed::{Action, Managed, Saved, Step};
pub use problem::Problem;
pub use replay::{Replay, replay};

/// Properties by their names.
pub fn object<const N: usize>(entries: [(&str, crate::Value); N]) -> crate::Object {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
