//! Peers on the way to a server, real ones: a certificate authority with TLS servers, and a proxy that writes down all that it sees.

#![allow(
    clippy::disallowed_methods,
    reason = "the clients that are tried here run in real time, in processes of their own"
)]

mod authority;
mod child;
mod proxy;
mod server;

pub use authority::{Authority, Validity};
pub use child::{Said, child, say};
pub use proxy::RecordingProxy;
pub use server::{Server, nowhere};
