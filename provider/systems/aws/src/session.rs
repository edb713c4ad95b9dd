use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::get_caller_identity::{GetCallerIdentityError, GetCallerIdentityOutput};
use aws_smithy_async::time::TimeSource;
use cloud::SignedRequest;
use futures::FutureExt;
use jiff::SignedDuration;
use outbound::Skew;
use rotation::{Clock, Error, ErrorKind, KeyId};
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;

use crate::config::AwsConfig;
use crate::connect::{CREDENTIALS, connect};
use crate::error::{Call, Explain, no_credentials};
use crate::signed::{address, signed};
use crate::time::Time;

/// One configuration and, from its first use on, the clients that were built from it.
pub(crate) struct Session {
    config: AwsConfig,
    time: Time,
    clients: OnceCell<Clients>,
    account: OnceCell<String>,
    /// Set once the account is known to be one that the configuration allows.
    allowed: OnceCell<()>,
    skew: Arc<Skew>,
}

/// The clients of one configuration.
pub(crate) struct Clients {
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) secrets_manager: aws_sdk_secretsmanager::Client,
    sts: aws_sdk_sts::Client,
    /// STS with the credentials that IAM is called with, cached as they are there.
    identity: aws_sdk_sts::Client,
    /// What signs, after every role of `assumeRoles`.
    signer: SharedCredentialsProvider,
    /// The source of credentials, before any role of `assumeRoles`; none if that is a session of a role already.
    base: Option<SharedCredentialsProvider>,
}

/// The longest that one attempt of a call may take that can be repeated.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(10);

impl Session {
    pub(crate) fn new(config: AwsConfig, clock: Arc<dyn Clock>) -> Self {
        let (clients, account, allowed) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let time = Time::new(clock).repeating(config.max_retries);
        Self { config, time, clients, account, allowed, skew: Arc::default() }
    }

    pub(crate) fn config(&self) -> &AwsConfig {
        &self.config
    }

    pub(crate) fn time(&self) -> &Time {
        &self.time
    }

    /// The clients, in an account that the configuration allows.
    pub(crate) async fn clients(&self) -> Result<&Clients, Error> {
        let clients = self.connected().await?;
        self.allowed.get_or_try_init(|| self.must_be_allowed().boxed()).await?;
        Ok(clients)
    }

    async fn connected(&self) -> Result<&Clients, Error> {
        self.clients.get_or_try_init(|| connect(&self.config, (&self.time, &self.skew)).boxed()).await
    }

    /// Fails closed: an account that STS does not name is not allowed.
    async fn must_be_allowed(&self) -> Result<(), Error> {
        let (allowed, forbidden) = (self.config.allowed(), self.config.forbidden());
        if allowed.is_empty() && forbidden.is_empty() {
            return Ok(());
        }
        let id = self.time.repeat(|| self.account()).await?;
        let is_in = |list: &[String]| list.iter().any(|known| known == id);
        let why = match (allowed.is_empty(), is_in(allowed), is_in(forbidden)) {
            (_, _, true) => "which keyrotation:aws.forbiddenAccountIds names",
            (false, false, _) => "which keyrotation:aws.allowedAccountIds does not name",
            _ => return Ok(()),
        };
        let message = format!(
            "the credentials that the plugin uses belong to the AWS account {id}, {why}. Nothing was read or changed there: use credentials of another account, or correct the list"
        );
        Err(Error::new(ErrorKind::Blocked, IDENTITY, message))
    }

    /// How far AWS's clock is ahead of ours.
    pub(crate) fn ahead(&self) -> SignedDuration {
        self.skew.ahead()
    }

    /// The id of the account that the plugin's credentials belong to. STS is asked until it has said so once, each time without retries:
    /// where it does not answer, the keys themselves can prove the place.
    pub(crate) async fn account(&self) -> Result<&str, Error> {
        let call = Call { operation: IDENTITY, user: "" };
        let ask = || async {
            let answer = self.connected().await?.identity.get_caller_identity().send().await;
            answer.map_err(|error| call.failed(&error))?.account.ok_or_else(|| call.incomplete("Account"))
        };
        self.account.get_or_try_init(ask).await.map(String::as_str)
    }
}

impl Session {
    /// See [`cloud::CallerIdentity`].
    pub(crate) async fn caller_identity(
        &self,
        region: Option<&str>,
        header: Option<(&'static str, &str)>,
    ) -> Result<SignedRequest, Error> {
        let clients = self.clients().await?;
        let (own, region) = address(region);
        let address = self.config.endpoint_sts().map_or(own, str::to_owned);
        signed(&clients.signer, (&address, &region), header, self.time.now()).await
    }
}

impl Clients {
    pub(crate) fn new(
        (iam, secrets_manager): (aws_sdk_iam::Client, aws_sdk_secretsmanager::Client),
        (sts, identity): (aws_sdk_sts::Client, aws_sdk_sts::Client),
        (signer, base): (SharedCredentialsProvider, Option<SharedCredentialsProvider>),
    ) -> Self {
        Self { iam, secrets_manager, sts, identity, signer, base }
    }

    /// Asks STS who signs, with the key given and nothing that was cached.
    pub(crate) async fn caller(
        &self,
        id: &str,
        secret: &secrecy::SecretString,
    ) -> Result<GetCallerIdentityOutput, SdkError<GetCallerIdentityError>> {
        let signer = aws_sdk_sts::config::Builder::new().credentials_provider(static_credentials(id, secret, None));
        let call = self.sts.get_caller_identity().customize();
        call.config_override(signer).send().await
    }

    /// The long-lived key that the plugin works with, or assumes its roles with.
    pub(crate) async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        let Some(base) = &self.base else { return Ok(None) };
        let credentials = base.provide_credentials().await;
        let credentials = credentials.map_err(|error| no_credentials(CREDENTIALS, &error))?;
        let id = credentials.access_key_id();
        Ok(id.starts_with(LONG_LIVED).then(|| KeyId(id.to_owned())))
    }
}

/// Access key ids of users begin with this (IAM User Guide, "Understanding unique ID prefixes"); those of sessions with ASIA.
const LONG_LIVED: &str = "AKIA";
const IDENTITY: &str = "sts:GetCallerIdentity";

/// Limits of a call. There is no limit on the whole operation, because the SDK makes one attempt only. The client, which knows the
/// address, ends a silent call a little earlier than the SDK would.
pub(crate) fn limits(attempt: Duration) -> TimeoutConfig {
    let limits = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(attempt);
    limits.read_timeout(attempt.saturating_sub(Duration::from_secs(1))).build()
}

const CONNECT: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_methods, reason = "the SDK signs with them; it wipes and hides them itself")]
pub(crate) fn static_credentials(
    id: &str,
    secret: &secrecy::SecretString,
    token: Option<&secrecy::SecretString>,
) -> Credentials {
    let token = token.map(|token| token.expose_secret().to_owned());
    Credentials::new(id, secret.expose_secret(), token, None, "keyrotation")
}
