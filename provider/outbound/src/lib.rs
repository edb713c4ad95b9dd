//! What every system has in common that is reached by HTTP: one attempt with a limit, an honest verdict about what a failure may have
//! done, and repetitions in the rotation model's time; which proxy a call takes, and why a server could not be reached; and the machine's own clock.
//!
//! Nothing here repeats a call by itself: whoever knows the call says, with [`repeat`], that a repetition does no harm.

mod address;
mod bypass;
mod call;
mod cause;
mod client;
mod clock;
mod lock;
mod named;
mod nonce;
mod proxy;
mod retry;
mod settings;
mod skew;
mod trust;

pub use address::is_url;
pub use call::Call;
pub use cause::{CONNECT, Cause, Certificate, SSL_CERT_FILE, Unreached, could_not_try};
pub use client::{Answer, Client};
pub use clock::SystemClock;
pub use lock::locked;
pub use nonce::nonce;
pub use proxy::{Proxies, Proxy, SETTINGS, Way, in_clear, origin};
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, Url};
pub use retry::{Pauses, RETRIES, repeat, repeat_up_to};
pub use settings::{Peer, Settings};
pub use skew::Skew;
pub use trust::authorities;
