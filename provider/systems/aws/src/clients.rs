//! The clients of one configuration, and the limits of their calls.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::get_caller_identity::{GetCallerIdentityError, GetCallerIdentityOutput};
use rotation::{Error, KeyId};
use secrecy::ExposeSecret;

use crate::error::no_credentials;

/// The clients of one configuration.
pub(crate) struct Clients {
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) secrets_manager: aws_sdk_secretsmanager::Client,
    sts: aws_sdk_sts::Client,
    /// STS with the credentials that IAM is called with, cached as they are there.
    pub(crate) identity: aws_sdk_sts::Client,
    /// What signs, after every role of `assumeRoles`.
    pub(crate) signer: SharedCredentialsProvider,
    /// The source of credentials, before any role of `assumeRoles`; none if that is a session of a role already.
    base: Option<SharedCredentialsProvider>,
}

/// The longest that one attempt of a call may take that can be repeated.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(10);

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
/// What messages call the way to credentials.
pub(crate) const CREDENTIALS: &str = "aws credentials";

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
