//! Confluent Cloud: API keys of users and service accounts, for all seven kinds of things that a key can open.
//!
//! [`ConfluentApiKey`] is made once. It is given the provider's configuration when Pulumi gives it, and reads the environment at the first call.
//!
//! What is peculiar to Confluent: a key is made in one call that has no retry token and shows the secret once; there is no place for a
//! mark but the key itself; nothing disables a key or tells when it was used; and each kind is tried at another address. The mark is
//! therefore born with its key, in its description, so that the key of a lost answer is found by one list.

mod args;
mod config;
mod error;
mod issuer;
mod limits;
mod mark;
mod probe;
mod session;
mod target;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use outbound::locked;
use rotation::{Capability, Clock, Error, KeyId, KeyIssuer, Material, Problem, System};
use secrecy::SecretString;

pub use args::{ApiKey, Args, Environment, ManagedResource, Owner};
pub use config::ConfluentConfig;
use issuer::ConfluentIssuer;
pub use session::SETTINGS;
use session::Session;
use target::Target;

/// The system behind `confluent:RotatingApiKey`.
pub struct ConfluentApiKey {
    clock: Arc<dyn Clock>,
    session: Mutex<Arc<Session>>,
}

impl ConfluentApiKey {
    /// With nothing configured: then the Cloud key comes from the environment. Nothing is looked up yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let session = Session::new(ConfluentConfig::default(), Arc::clone(&clock));
        Self { clock, session: Mutex::new(Arc::new(session)) }
    }

    /// Takes another configuration, for issuers that are asked for from now on. Nothing is looked up yet.
    pub fn configure(&self, config: ConfluentConfig) {
        let session = Session::new(config, Arc::clone(&self.clock));
        *locked(&self.session) = Arc::new(session);
    }

    fn session(&self) -> Arc<Session> {
        let session = locked(&self.session);
        Arc::clone(&session)
    }
}

impl System for ConfluentApiKey {
    type Args = Args;
    type Key = ApiKey;
    const TOKEN: &'static str = "confluent:RotatingApiKey";
    const LIST_TOKEN: &'static str = "confluent:listKeys";
    const DOCS: &'static str = include_str!("docs.md");
    const ACCOUNT: &'static str = "Confluent organization";

    fn capability(&self) -> Capability {
        issuer::capability()
    }

    /// Owner and resource, such as `sa-123/env-abc.lkc-456` or `u-123/cloud`.
    fn principal(&self, args: &Args) -> String {
        match Target::of(args) {
            Ok(target) => target.name(),
            // Check has refused such inputs.
            Err(_) => args.owner.id.clone(),
        }
    }

    fn identity(&self, args: &Args) -> String {
        Target::of(args).map_or_else(|_| self.principal(args), |target| target.identity())
    }

    fn check(&self, args: &Args) -> Vec<Problem> {
        args::check(args)
    }

    fn import(&self, id: &str) -> Result<(BTreeMap<String, String>, Option<KeyId>), Error> {
        target::import(id)
    }

    fn imported(&self, _: &Args, key: &KeyId, secret: Option<SecretString>) -> Material {
        args::material(key, secret.unwrap_or_default())
    }

    fn issuer(&self, args: Args) -> Box<dyn KeyIssuer> {
        Box::new(ConfluentIssuer::new(self.session(), &args))
    }
}
