//! The engine's side of the protocol, for tests of a provider (feature `testing`).
//!
//! A [`Harness`] serves a provider over loopback and calls it as the engine does. A
//! [`Managed`] is one resource of a program, with the state that the engine would keep of
//! it. No Pulumi CLI is needed, and a test takes milliseconds.
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
//!
//! Choose the tool by the question:
//!
//! | question | tool |
//! | --- | --- |
//! | Does a resource work from preview to destroy? | [`Managed`] |
//! | What remains if the engine dies before it saves? | [`Managed::up_and_die`] |
//! | What does the user read? | [`Harness::logged`] and [`Problem::texts`] |
//! | Does the built binary behave like the library? | [`Harness::attach`] |
//! | Do properties of any kind get a status, never a panic? | [`arbitrary`] |
//! | Does a recorded run of the real engine still pass? | [`replay()`] |
//! | What exactly stands in an answer? | [`Harness::client`] and [`Harness::call`] |

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

/// Properties from names and values.
///
/// ```
/// use pulumi_provider::testing::object;
///
/// let inputs = object([("name", "Ada".into()), ("loud", true.into())]);
/// assert_eq!(inputs["name"].as_str(), Some("Ada"));
/// ```
pub fn object<const N: usize>(entries: [(&str, crate::Value); N]) -> crate::Object {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
