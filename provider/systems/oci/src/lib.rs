//! OCI: API signing keys of users, their auth tokens and their customer secret keys.
//!
//! [`Oci`] is made once and holds the provider's configuration; its three resources share it, and with it the client and the home
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
mod ocid;
mod offers;
mod parts;
mod pem;
mod place;
mod profile;
mod region;
mod service;
mod session;
mod setting;
mod settings;
mod signer;
mod signing;
mod sources;
mod store;
mod systems;
mod user;

use std::sync::Arc;

use cloud::SessionCell;
use rotation::Clock;

pub use args::{ApiKey, ApiKeyArgs, AuthToken, CredentialArgs, CustomerSecretKey};
pub use config::{Endpoints, OciConfig};
pub use keypair::{Generator, KeyBits, KeySource, Pair};
pub use parts::{Parts, Variables};
pub use store::{CreateOciSecret, OciVaultDelivery};
pub use systems::{OciApiKey, OciAuthToken, OciCredential, OciCustomerSecretKey};

use session::Session;

/// The configuration that OCI's three resources share.
pub struct Oci {
    clock: Arc<dyn Clock>,
    parts: Parts,
    session: SessionCell<Session>,
}

impl Oci {
    /// With nothing configured, and with parts that take time to make: for tests that begin hundreds of times.
    pub fn with_parts(clock: Arc<dyn Clock>, parts: Parts) -> Self {
        let session = Session::new(OciConfig::default(), Arc::clone(&clock), parts.clone());
        Self { clock, parts, session: SessionCell::new(session) }
    }

    fn session(&self) -> Arc<Session> {
        self.session.get()
    }
}
