//! AWS: access keys of IAM users.
//!
//! [`Aws`] is made once. It is given the provider's configuration when Pulumi gives it, and builds clients at the first call.
//!
//! What is peculiar to AWS: a user has two keys at most, the secret is shown once, and CreateAccessKey has no retry token, so
//! that a lost answer leaves a key that nobody can use. The rules that meet this are [`rotation`]'s; here they stand on a mark
//! in the user's tags, on a call that is made once and limited in time, and on an honest verdict about what a failure may have done.

mod args;
mod causes;
mod clients;
mod config;
mod connect;
mod error;
mod files;
mod http;
mod issuer;
mod ledger;
mod lookup;
mod owner;
mod rotated;
mod ses;
mod session;
mod settings;
mod signed;
mod store;
mod time;
mod web_identity;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::{
    CallerIdentity, Cloud, Deliverable, ImportedInputs, Resources, RotatingResource, SessionCell, SignedRequest,
};
use rotation::{Capability, Clock, Error, ErrorKind, KeyId, KeyIssuer, Known, Material, OwnerId, Problem, Store};
use secrecy::SecretString;

pub use args::{AccessKey, Args};
pub use config::{AssumeRole, AssumeRoleWithWebIdentity, AwsConfig, Endpoints};
use issuer::AwsIssuer;
pub use owner::KeyOwner;
pub use rotated::{CURRENT, PENDING, PREVIOUS, RotatedDescription, RotatedSecret};
use session::Session;
pub use settings::SETTINGS;
use store::SecretStore;
pub use store::{CreateSecret, SecretsManagerDelivery};

/// IAM, as the provider's configuration reaches it.
pub struct Aws {
    clock: Arc<dyn Clock>,
    session: SessionCell<Session>,
}

impl Aws {
    /// Whose an access key is, and which resource manages that user's keys. It changes nothing.
    ///
    /// # Errors
    /// AWS does not tell; a key that does not exist or is another account's is [`ErrorKind::Denied`].
    pub async fn owner_of(&self, key: &KeyId) -> Result<KeyOwner, Error> {
        owner::owner_of(self.session.get(), key).await
    }

    /// The secret that a delivery names, for keys like `of`. `at` is the property that names the delivery, and `made_by` the resource, whose mark
    /// a secret bears that is made for it. Nothing is looked up yet.
    pub fn store(
        &self,
        delivery: &SecretsManagerDelivery,
        (at, of): (&str, Deliverable),
        made_by: &OwnerId,
    ) -> Box<dyn Store> {
        let session = self.session.get();
        let mut config = delivery.connection.clone().unwrap_or_default();
        // Whoever names a secret by its ARN has named its region.
        if let Some(region) = delivery.arn_region().filter(|_| config.region.is_none()) {
            config.region = Some(region.to_owned());
        }
        let session = Session::new(config.over(session.config()), Arc::clone(&self.clock));
        Box::new(SecretStore::new(session, delivery.clone(), (at, of), made_by))
    }

    /// A secret whose rotation calls the function that this process is, by its ARN or its name. `rotation_token` is what the invocation passes on.
    pub fn rotated_secret(&self, id: &str, rotation_token: Option<String>) -> RotatedSecret {
        let session = self.session.get();
        let session = match store::region_of(id).filter(|region| session.config().region.as_ref() != Some(region)) {
            Some(region) => {
                let config = AwsConfig { region: Some(region), ..session.config().clone() };
                Arc::new(Session::new(config, Arc::clone(&self.clock)))
            }
            None => session,
        };
        RotatedSecret::new(session, id, rotation_token)
    }

    /// The region of the secret that an ARN names.
    pub fn region_of_secret(arn: &str) -> Option<String> {
        store::region_of(arn)
    }

    /// The secret in normal form, by which the state knows it.
    pub fn identity(&self, delivery: &SecretsManagerDelivery) -> String {
        delivery.entry(self.session.get().config().region.as_deref()).to_string()
    }

    /// The delivery that the state knows by this identity; none if it is another store's.
    pub fn delivery_of(identity: &str) -> Option<SecretsManagerDelivery> {
        store::Entry::parse(identity).map(|entry| SecretsManagerDelivery::of_entry(&entry))
    }
}

#[async_trait]
impl CallerIdentity for Aws {
    async fn caller_identity(
        &self,
        region: Option<&str>,
        header: Option<(&'static str, &str)>,
    ) -> Result<SignedRequest, Error> {
        self.session.get().caller_identity(region, header).await
    }
}

impl Cloud for Aws {
    const NAME: &'static str = "aws";
    const ABOUT: &'static str =
        "How the plugin reaches AWS. Unset values fall back to the standard AWS environment variables and files.";
    type Config = AwsConfig;

    fn new(clock: Arc<dyn Clock>) -> Self {
        let session = SessionCell::new(Session::new(AwsConfig::default(), Arc::clone(&clock)));
        Self { clock, session }
    }

    fn problems(config: &AwsConfig) -> Vec<Problem> {
        config.problems()
    }

    fn configure(&self, config: AwsConfig) {
        self.session.replace(Session::new(config, Arc::clone(&self.clock)));
    }

    fn resources(self: Arc<Self>, to: &mut impl Resources) {
        to.add(AwsApiKey(self));
    }
}

/// The resource `aws:RotatingApiKey`.
pub struct AwsApiKey(pub Arc<Aws>);

impl RotatingResource for AwsApiKey {
    type Args = Args;
    type Key = AccessKey;
    const TOKEN: &'static str = "aws:RotatingApiKey";
    const LIST_TOKEN: &'static str = "aws:listKeys";
    const DOCS: &'static str = include_str!("docs.md");
    const ACCOUNT: &'static str = "AWS account";

    fn capability(&self, _: Option<&Self::Args>) -> Capability {
        issuer::capability()
    }

    fn principal(&self, args: &Args) -> String {
        args.user.clone()
    }

    /// Names are not distinguished by case (IAM API Reference, CreateUser).
    fn identity(&self, args: &Args) -> String {
        args.user.to_ascii_lowercase()
    }

    fn check(&self, args: &Args) -> Vec<Problem> {
        args::check(args)
    }

    fn import(&self, id: &str) -> Result<ImportedInputs, Error> {
        let (user, key) = match id.split_once('/') {
            Some((user, key)) => (user, Some(key)),
            None => (id, None),
        };
        let is_id = |key: &str| (16..=128).contains(&key.len()) && key.bytes().all(|c| c.is_ascii_alphanumeric());
        if args::user_problem(user).is_some() || key.is_some_and(|key| !is_id(key)) {
            let message = "an import id is an IAM user's name, or that and an access key id, such as \"ci\" or \"ci/AKIAIOSFODNN7EXAMPLE\" [KR-AWS-041]";
            return Err(Error::new(ErrorKind::Invalid, "", message));
        }
        let inputs = BTreeMap::from([("user".to_owned(), user.to_owned())]);
        Ok((inputs, key.map(|key| KeyId(key.to_owned()))))
    }

    fn imported(&self, args: &Args, key: &KeyId, secret: Option<SecretString>) -> Material {
        args::material(args, key, secret)
    }

    fn derived(&self, args: &Args, material: Material) -> Material {
        args::derived(args, material)
    }

    fn issuer(&self, args: &Args, known: Known<'_>) -> Box<dyn KeyIssuer> {
        Box::new(AwsIssuer::new(self.0.session.get(), args.clone(), known))
    }
}
