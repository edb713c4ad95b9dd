use std::error::Error as StdError;
use std::fmt;

use aws_config::profile::credentials::ProfileFileError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::operation::RequestId;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use rotation::{Effect, Error, ErrorKind, Retry};

use crate::causes::find;
use crate::http::Lost;

/// Why there is no session, in words for people.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) message: String,
    pub(crate) retry: Retry,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Refused {}

/// A call, as messages name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The action's name in a policy, such as `iam:CreateAccessKey`.
    pub(crate) operation: &'static str,
    /// The IAM user whom it is about.
    pub(crate) user: &'a str,
}

/// What is said of the failure of a call, whichever service it went to.
pub(crate) trait Explain {
    /// The action's name in a policy.
    fn operation(&self) -> &'static str;
    /// The service.
    fn service(&self) -> &'static str;
    /// The setting that names its address.
    fn property(&self) -> &'static str;
    /// What a code means there.
    fn judge(&self, code: Option<&str>, status: u16) -> (ErrorKind, Retry, Effect) {
        judge(code, status)
    }
    /// A refusal in words.
    fn refusal(&self, kind: ErrorKind, code: &str, status: u16) -> String;

    /// The failure of this call, in words for people. Neither a secret nor an answer's body is in it.
    fn failed<E>(&self, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        if let Some(credentials) = find::<CredentialsError>(error) {
            return no_credentials(self.operation(), credentials);
        }
        if let Some(error) = unsent(self.operation(), error) {
            return error;
        }
        let (meaning, message) = match error {
            SdkError::ServiceError(answer) => {
                let (code, status) = (answer.err().code(), answer.raw().status().as_u16());
                let meaning = self.judge(code, status);
                let request = answer.raw().request_id();
                let message = self.refusal(meaning.0, code.unwrap_or_default(), status);
                (meaning, with_request(message, request))
            }
            SdkError::TimeoutError(_) => (
                (ErrorKind::TimedOut, Retry::Backoff, Effect::Unknown),
                format!("{} did not answer in time [KR-AWS-011]", self.service()),
            ),
            SdkError::DispatchFailure(_) => (
                (ErrorKind::Unreachable, Retry::Backoff, Effect::Unknown),
                format!(
                    "the connection broke on the way to {}: check {} and the network [KR-AWS-012]",
                    self.service(),
                    self.property()
                ),
            ),
            SdkError::ConstructionFailure(_) => (
                (ErrorKind::Unexpected, Retry::Never, Effect::None),
                "the request could not be built [KR-AWS-013]".to_owned(),
            ),
            _ => (
                (ErrorKind::Unexpected, Retry::Backoff, Effect::Unknown),
                format!("the answer of {} could not be read [KR-AWS-014]", self.service()),
            ),
        };
        let (kind, retry, effect) = meaning;
        Error::new(kind, self.operation(), message).retry(retry).effect(effect)
    }

    /// An answer without a field that AWS always gives.
    fn incomplete(&self, field: &str) -> Error {
        let message = format!("the answer of {} has no {field} [KR-AWS-015]", self.service());
        Error::new(ErrorKind::Unexpected, self.operation(), message).effect(Effect::Unknown)
    }
}

impl Explain for Call<'_> {
    fn operation(&self) -> &'static str {
        self.operation
    }

    fn refusal(&self, kind: ErrorKind, code: &str, status: u16) -> String {
        let user = self.user;
        match kind {
            ErrorKind::Denied => format!(
                "the credentials that the plugin uses lack the right to call {} on the IAM user {user:?} ({code}): allow it in their policy [KR-AWS-016]",
                self.operation
            ),
            ErrorKind::NotFound => {
                format!("the IAM user {user:?} does not exist, or the key is gone ({code}): check `user` [KR-AWS-017]")
            }
            ErrorKind::LimitReached if self.operation == "iam:TagUser" => format!(
                "the IAM user {user:?} has as many tags as AWS allows, and the mark of this resource needs two: remove tags that nobody needs [KR-AWS-018]"
            ),
            ErrorKind::LimitReached => format!(
                "the IAM user {user:?} has as many access keys as AWS allows, disabled ones included: delete one that nobody needs, then run `pulumi up` again [KR-AWS-019]"
            ),
            ErrorKind::Conflict => format!(
                "AWS is changing the IAM user {user:?} at this moment ({code}): run `pulumi up` again in a minute [KR-AWS-020]"
            ),
            _ => refused(self, kind, code, status),
        }
    }

    fn service(&self) -> &'static str {
        if self.operation.starts_with("sts:") { "STS" } else { "IAM" }
    }

    fn property(&self) -> &'static str {
        if self.operation.starts_with("sts:") {
            "keyrotation:aws.endpoints.sts"
        } else {
            "keyrotation:aws.endpoints.iam"
        }
    }
}

/// What AWS's error code means, and where there is none or an unknown one, its HTTP status.
///
/// Codes: the IAM and STS API References with their "Common Errors", and the SDK's list of throttling codes.
pub(crate) fn judge(code: Option<&str>, status: u16) -> (ErrorKind, Retry, Effect) {
    match code.unwrap_or_default() {
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "RequestExpired"
        | "MissingAuthenticationToken"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "OptInRequired" => (ErrorKind::Unauthenticated, Retry::Never, Effect::None),
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "NotAuthorized"
        | "RegionDisabledException" => (ErrorKind::Denied, Retry::Never, Effect::None),
        _ if is_absence(code, status) => (ErrorKind::NotFound, Retry::Never, Effect::None),
        "LimitExceeded" => (ErrorKind::LimitReached, Retry::Never, Effect::None),
        "EntityTemporarilyUnmodifiable" | "ConcurrentModification" => {
            (ErrorKind::Conflict, Retry::Backoff, Effect::None)
        }
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown" => (ErrorKind::Throttled, Retry::Backoff, Effect::None),
        "ValidationError"
        | "InvalidInput"
        | "InvalidAction"
        | "InvalidParameterCombination"
        | "InvalidParameterValue"
        | "InvalidQueryParameter"
        | "MalformedQueryString"
        | "MissingAction"
        | "MissingParameter" => (ErrorKind::Invalid, Retry::Never, Effect::None),
        "RequestTimeout" | "RequestTimeoutException" => (ErrorKind::TimedOut, Retry::Backoff, Effect::Unknown),
        code => match status {
            400..=499 if code.is_empty() => (ErrorKind::Unexpected, Retry::Never, Effect::Unknown),
            400..=499 => (ErrorKind::Unexpected, Retry::Never, Effect::None),
            _ => (ErrorKind::Unexpected, Retry::Backoff, Effect::Unknown),
        },
    }
}

/// Whether an answer proves that a user or a key does not exist: IAM's own code with the status that it documents for it, and no other
/// 404 (IAM API Reference, ListAccessKeys and DeleteAccessKey, "Errors").
pub(crate) fn is_absence(code: Option<&str>, status: u16) -> bool {
    (code, status) == (Some("NoSuchEntity"), 404)
}

/// The plugin's own credentials could not be had; nothing was sent. What the source said stays unsaid: it may be a program's output.
pub(crate) fn no_credentials(operation: &'static str, error: &CredentialsError) -> Error {
    if let Some(unsent) = unsent(operation, error) {
        let message =
            format!("no AWS credentials for the plugin, because their source could not be reached: {}", unsent.message);
        return Error { message, effect: Effect::None, ..unsent };
    }
    if let Some(Refused { message, retry }) = find::<Refused>(error) {
        return Error::new(ErrorKind::Unauthenticated, operation, message.as_str()).retry(*retry);
    }
    if let Some(refused) = find::<AssumeRoleError>(error) {
        let code = refused.code().unwrap_or("no code");
        let message = format!(
            "a role in keyrotation:aws.assumeRoles could not be assumed ({code}): check its ARN, its trust policy and externalId [KR-AWS-021]"
        );
        return Error::new(ErrorKind::Unauthenticated, operation, message);
    }
    let why = match error {
        CredentialsError::CredentialsNotLoaded(_) => "there are none [KR-AWS-022]",
        CredentialsError::ProviderTimedOut(_) => "their source did not answer in time [KR-AWS-023]",
        CredentialsError::InvalidConfiguration(_) => match find::<ProfileFileError>(error) {
            Some(ProfileFileError::MissingProfile { profile, .. }) => &format!(
                "a profile in AWS's configuration files refers to the profile {profile:?}, which is not there [KR-AWS-024]"
            ),
            _ => "AWS's configuration files are not valid [KR-AWS-025]",
        },
        _ => "their source failed; a session of AWS SSO may have ended [KR-AWS-026]",
    };
    let message = format!(
        "no AWS credentials for the plugin ({why}): set keyrotation:aws.accessKey and keyrotation:aws.secretKey, or keyrotation:aws.profile, or the AWS environment"
    );
    Error::new(ErrorKind::Unauthenticated, operation, message)
}

/// A refusal that has nothing to do with what the call was about.
pub(crate) fn refused<E: Explain + ?Sized>(call: &E, kind: ErrorKind, code: &str, status: u16) -> String {
    match kind {
        ErrorKind::Unauthenticated => credentials_refused(code),
        ErrorKind::Throttled => {
            format!("AWS is rate limiting the plugin ({code}): run `pulumi up` again in a minute [KR-AWS-027]")
        }
        ErrorKind::Invalid => format!("AWS refused the request as malformed ({code}) [KR-AWS-028]"),
        _ if code.is_empty() && status < 400 => {
            format!("the answer of {} could not be read [KR-AWS-014]", call.service())
        }
        _ if code.is_empty() => format!(
            "{} answered with status {status}; the answer has no AWS error code: check that {} is an AWS endpoint, not a proxy [KR-AWS-029]",
            call.service(),
            call.property()
        ),
        _ => format!("{} failed ({code}, status {status}) [KR-AWS-030]", call.service()),
    }
}

fn credentials_refused(code: &str) -> String {
    let hint = match code {
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "RequestExpired" => {
            ", or the clock of this machine, which is part of every signature"
        }
        "ExpiredToken" | "ExpiredTokenException" => {
            "; a temporary session has ended. If keyrotation:aws.token holds it, `pulumi refresh` and `pulumi destroy` take it from the stack's state: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN in the environment instead, or add `--run-program`"
        }
        _ => "",
    };
    format!(
        "the credentials that the plugin uses were refused ({code}): check keyrotation:aws.accessKey and keyrotation:aws.secretKey, or the AWS environment{hint} [KR-AWS-031]"
    )
}

fn with_request(message: String, request: Option<&str>) -> String {
    match request {
        Some(id) if id.len() <= 64 && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') => {
            format!("{message} [request {id}]")
        }
        _ => message,
    }
}

/// What the HTTP client says of a call that it could not bring to its server, or would not show to a proxy.
fn unsent(operation: &'static str, error: &(dyn StdError + 'static)) -> Option<Error> {
    if let Some(lost) = find::<Lost>(error) {
        return Some(lost.error(operation));
    }
    let refused = find::<Error>(error)?;
    Some(Error::new(refused.kind, operation, refused.message.clone()))
}

#[cfg(test)]
mod tests;
