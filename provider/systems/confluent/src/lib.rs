//! Confluent Cloud: API keys of users and service accounts, for all seven kinds of things that a key can open.
//!
//! [`Confluent`] is made once. It is given the provider's configuration when Pulumi gives it, and reads the environment at the first call.
//!
//! What is peculiar to Confluent: a key is made in one call that has no retry token and shows the secret once; there is no place for a
//! mark but the key itself; nothing disables a key or tells when it was used; and each kind is tried at another address. The mark is
//! therefore born with its key, in its description, so that the key of a lost answer is found by one list.

mod args;
mod check;
mod config;
mod error;
mod issuer;
mod limits;
mod mark;
mod organization;
mod probe;
mod session;
mod target;
mod wire;

use std::sync::Arc;

use cloud::{Cloud, ImportedInputs, Resources, RotatingResource, SessionCell};
use rotation::{Capability, Clock, Error, KeyId, KeyIssuer, Known, Material, Problem};
use secrecy::SecretString;

pub use args::{ApiKey, Args, Environment, ManagedResource, Owner};
pub use config::ConfluentConfig;
use issuer::ConfluentIssuer;
pub use session::SETTINGS;
use session::Session;
use target::Target;

/// Confluent Cloud, as the provider's configuration reaches it.
pub struct Confluent {
    clock: Arc<dyn Clock>,
    session: SessionCell<Session>,
}

impl Cloud for Confluent {
    const NAME: &'static str = "confluent";
    const ABOUT: &'static str = "How the plugin reaches Confluent Cloud. Unset values fall back to the standard Confluent environment variables.";
    type Config = ConfluentConfig;

    fn new(clock: Arc<dyn Clock>) -> Self {
        let session = SessionCell::new(Session::new(ConfluentConfig::default(), Arc::clone(&clock)));
        Self { clock, session }
    }

    fn problems(config: &ConfluentConfig) -> Vec<Problem> {
        config.problems()
    }

    fn configure(&self, config: ConfluentConfig) {
        self.session.replace(Session::new(config, Arc::clone(&self.clock)));
    }

    fn resources(self: Arc<Self>, to: &mut impl Resources) {
        to.add(ConfluentApiKey(self));
    }
}

/// The resource `confluent:RotatingApiKey`.
pub struct ConfluentApiKey(pub Arc<Confluent>);

impl RotatingResource for ConfluentApiKey {
    type Args = Args;
    type Key = ApiKey;
    const TOKEN: &'static str = "confluent:RotatingApiKey";
    const LIST_TOKEN: &'static str = "confluent:listKeys";
    const DOCS: &'static str = include_str!("docs.md");
    const ACCOUNT: &'static str = "Confluent organization";

    fn capability(&self, _: Option<&Self::Args>) -> Capability {
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
        check::check(args)
    }

    fn import(&self, id: &str) -> Result<ImportedInputs, Error> {
        target::import(id)
    }

    fn imported(&self, _: &Args, key: &KeyId, secret: Option<SecretString>) -> Material {
        args::material(key, secret.unwrap_or_default())
    }

    fn issuer(&self, args: &Args, _: Known<'_>) -> Box<dyn KeyIssuer> {
        Box::new(ConfluentIssuer::new(self.0.session.get(), args))
    }
}
