//! What every system has in common that is reached by HTTP: one attempt with a limit, an honest verdict about what a failure may have
//! done, and repetitions in the rotation model's time.
//!
//! Nothing here repeats a call by itself: whoever knows the call says, with [`repeat`], that a repetition does no harm.

mod address;
mod client;
mod named;
mod retry;

pub use address::is_url;
pub use client::{Answer, Call, Client, Settings};
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, Url};
pub use retry::{Pauses, repeat};
