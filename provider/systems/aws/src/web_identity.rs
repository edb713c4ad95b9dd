//! A session of a role, by a token of an OpenID Connect provider.

use std::fmt;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::Client;
use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_sdk_sts::types::PolicyDescriptorType;
use aws_types::os_shim_internal::Env;
use rotation::{Error, ErrorKind, Retry};
use secrecy::{ExposeSecret, SecretString};

use crate::config::{AssumeRoleWithWebIdentity, filled, present};
use crate::error::Refused;
use crate::files::variable;

/// Where sessions come from. Each new one takes the token as its file holds it then.
pub(crate) struct WebIdentity {
    sts: Client,
    role_arn: String,
    session_name: String,
    token: Token,
    policies: Vec<String>,
    seconds: Option<i32>,
}

enum Token {
    /// It is part of the stack's state.
    Given(SecretString),
    /// In a file, with the setting that names it.
    File { file: String, setting: &'static str },
}

impl WebIdentity {
    /// As configured, and where the configuration says nothing, as AWS's variables say.
    ///
    /// # Errors
    /// No role or no token is named.
    pub(crate) fn new(config: &AssumeRoleWithWebIdentity, env: &Env, sts: Client) -> Result<Self, Error> {
        let role = filled(&config.role_arn).map(str::to_owned).or_else(|| variable(env, "AWS_ROLE_ARN"));
        let role_arn = role.ok_or_else(|| missing("roleArn", "AWS_ROLE_ARN"))?;
        let given = config.web_identity_token.as_ref().filter(|_| present(config.web_identity_token.as_ref()));
        let token = match (given, filled(&config.web_identity_token_file), variable(env, TOKEN_FILE)) {
            (Some(token), ..) => Token::Given(token.as_secrecy().clone()),
            (None, Some(file), _) => Token::File { file: file.to_owned(), setting: PROPERTY },
            (None, None, Some(file)) => Token::File { file, setting: TOKEN_FILE },
            (None, None, None) => return Err(missing("webIdentityTokenFile", TOKEN_FILE)),
        };
        let name = filled(&config.session_name).map(str::to_owned).or_else(|| variable(env, "AWS_ROLE_SESSION_NAME"));
        let session_name = name.unwrap_or_else(|| "keyrotation".to_owned());
        let (policies, seconds) = (config.policy_arns.clone().unwrap_or_default(), config.seconds());
        Ok(Self { sts, role_arn, session_name, token, policies, seconds })
    }

    async fn session(&self) -> Result<Credentials, CredentialsError> {
        let token = self.token.read().map_err(CredentialsError::provider_error)?;
        let policies: Vec<_> =
            self.policies.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build()).collect();
        let request = self.sts.assume_role_with_web_identity();
        let request = request.role_arn(&self.role_arn).role_session_name(&self.session_name);
        let request = request.set_policy_arns(Some(policies).filter(|policies| !policies.is_empty()));
        let request = request.set_duration_seconds(self.seconds).web_identity_token(exposed(&token));
        let answer =
            request.send().await.map_err(|error| match error.as_service_error().and_then(|told| told.code()) {
                Some(code) => CredentialsError::provider_error(self.refused(code)),
                None => CredentialsError::provider_error(error),
            })?;
        let given = answer.credentials.ok_or_else(|| CredentialsError::unhandled("STS gave no credentials"))?;
        let ends = std::time::SystemTime::try_from(given.expiration).map_err(CredentialsError::unhandled)?;
        let (id, secret) = (given.access_key_id, given.secret_access_key);
        Ok(Credentials::new(id, secret, Some(given.session_token), Some(ends), "keyrotation"))
    }

    /// What a refusal means (STS API Reference, AssumeRoleWithWebIdentity, "Errors"). AWS's own words are not shown: they may repeat claims.
    fn refused(&self, code: &str) -> Refused {
        let hint = match code {
            "ExpiredTokenException" | "ExpiredToken" => "the token has expired [KR-AWS-074]",
            "InvalidIdentityToken" => {
                "AWS does not accept the token: it is meant for another audience, or the account has no identity provider in IAM for its issuer [KR-AWS-075]"
            }
            "AccessDenied" => {
                "the trust policy of the role does not admit this token, or there is no such role: check the conditions on its `sub` and `aud` [KR-AWS-076]"
            }
            "IDPRejectedClaim" => "the identity provider does not vouch for the token any more [KR-AWS-077]",
            "IDPCommunicationError" => "AWS could not reach the identity provider [KR-AWS-078]",
            "ValidationError" => {
                "AWS refused the request: check `duration` against the longest session that the role allows, and `policyArns` [KR-AWS-079]"
            }
            "PackedPolicyTooLarge" | "MalformedPolicyDocument" => "AWS refused `policyArns` [KR-AWS-080]",
            _ => "AWS refused [KR-AWS-081]",
        };
        let message = format!(
            "the role {} of keyrotation:aws.assumeRoleWithWebIdentity could not be assumed ({code}): {hint}. {}",
            self.role_arn,
            self.token.advice()
        );
        let passes = code == "IDPCommunicationError" || crate::error::judge(Some(code), 400).0 == ErrorKind::Throttled;
        Refused { message, retry: if passes { Retry::Backoff } else { Retry::Never } }
    }
}

impl Token {
    fn read(&self) -> Result<SecretString, Refused> {
        let (file, setting) = match self {
            Self::Given(token) => return Ok(token.clone()),
            Self::File { file, setting } => (file, setting),
        };
        let wrong = |why: String| Refused {
            message: format!(
                "{setting}: the file {file} {why}; the job has to write its identity token into it [KR-AWS-082]"
            ),
            retry: Retry::Never,
        };
        let text =
            std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read ({})", error.kind())))?;
        match text.trim() {
            "" => Err(wrong("is empty".to_owned())),
            token => Ok(token.into()),
        }
    }

    fn advice(&self) -> String {
        match self {
            Self::Given(_) => "In `pulumi refresh` and `pulumi destroy` the token comes from the stack's state: use `webIdentityTokenFile` or set AWS_WEB_IDENTITY_TOKEN_FILE in the environment instead, or add `--run-program`".to_owned(),
            Self::File { file, setting } => format!("The token is in the file {file} ({setting})"),
        }
    }
}

const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const PROPERTY: &str = "`keyrotation:aws.assumeRoleWithWebIdentity.webIdentityTokenFile`";

fn missing(property: &str, instead: &str) -> Error {
    let message = format!(
        "keyrotation:aws.assumeRoleWithWebIdentity.{property} is missing: set it, or {instead} in the environment [KR-AWS-083]"
    );
    Error::new(ErrorKind::Unauthenticated, "aws credentials", message)
}

impl fmt::Debug for WebIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentity").field("role_arn", &self.role_arn).finish_non_exhaustive()
    }
}

impl ProvideCredentials for WebIdentity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.session())
    }
}

#[expect(clippy::disallowed_methods, reason = "the token is sent to STS, which asks for it")]
fn exposed(token: &SecretString) -> &str {
    token.expose_secret()
}
