//! OCI: API signing keys of users, their auth tokens and their customer secret keys.
//!
//! [`Oci`] is made once and holds the provider's configuration; the three systems share it, and with it the client and the home
//! region that the first call finds.
//!
//! What is peculiar to OCI: the key pair of an API key is made here, so its name is known before OCI has it; users are written in the
//! tenancy's home region only; a missing right and a missing thing look the same. Where Oracle makes the secret, our mark is born with it.

mod args;
mod config;
mod credential;
mod error;
mod ini;
mod issuer;
mod keypair;
mod ledger;
mod pem;
mod profile;
mod region;
mod session;
mod setting;
mod settings;
mod signer;
mod sources;
mod systems;
mod user;

use std::sync::{Arc, Mutex};

use outbound::locked;
use rotation::Clock;

pub use args::{ApiKey, ApiKeyArgs, AuthToken, CredentialArgs, CustomerSecretKey};
pub use config::{Endpoints, OciConfig};
pub use keypair::{Generator, KeyBits, KeySource, Pair};
pub use systems::{OciApiKey, OciAuthToken, OciCredential, OciCustomerSecretKey};

use session::Session;

/// The configuration that OCI's three systems share.
pub struct Oci {
    clock: Arc<dyn Clock>,
    parts: Parts,
    session: Mutex<Arc<Session>>,
}

/// What takes time to make.
#[derive(Clone)]
pub struct Parts {
    /// Where key pairs come from.
    pub pairs: Arc<dyn KeySource>,
    /// The client, which must have the same clock. Absent: one is made at the first call, and reads the machine's certificates.
    pub client: Option<outbound::Client>,
}

impl Oci {
    /// With nothing configured: everything falls back to Oracle's environment variables and file. Nothing is looked up yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_parts(clock, Parts { pairs: Arc::new(Generator), client: None })
    }

    /// The same with parts that take time to make: for tests that begin hundreds of times.
    pub fn with_parts(clock: Arc<dyn Clock>, parts: Parts) -> Self {
        let session = Session::new(OciConfig::default(), Arc::clone(&clock), parts.clone());
        Self { clock, parts, session: Mutex::new(Arc::new(session)) }
    }

    /// Takes another configuration, for issuers that are asked for from now on. Nothing is looked up yet.
    pub fn configure(&self, config: OciConfig) {
        let session = Session::new(config, Arc::clone(&self.clock), self.parts.clone());
        *locked(&self.session) = Arc::new(session);
    }

    pub(crate) fn session(&self) -> Arc<Session> {
        Arc::clone(&locked(&self.session))
    }
}
