use std::fmt;

use prost::Message;
use pulumi_proto::google::rpc::Status as Details;
use pulumi_proto::pulumirpc as rpc;
use tonic::Status;

use crate::resource::CheckFailure;

/// Why a step did not succeed.
///
/// `Debug` shows what a user would read, because the details of an error may hold secrets.
/// The enum is non-exhaustive, so a `match` needs a `_` arm.
#[derive(Clone)]
#[non_exhaustive]
pub enum Problem {
    /// The provider refused the inputs.
    Refused(Vec<CheckFailure>),
    /// A call returned an error, and nothing was saved.
    Failed(Status),
    /// A call returned an error, and what it left behind was saved.
    Partial {
        /// The error.
        status: Status,
        /// What the user reads.
        reasons: Vec<String>,
    },
    /// The provider broke a rule of the protocol.
    Protocol(String),
}

impl Problem {
    /// The texts that the user reads, one for each failure or reason.
    ///
    /// ```
    /// use pulumi_provider::CheckFailure;
    /// use pulumi_provider::testing::Problem;
    ///
    /// let refused = Problem::Refused(vec![CheckFailure::new("user", "is required")]);
    /// assert_eq!(refused.texts(), ["user is required"]);
    /// ```
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Refused(failures) => {
                failures.iter().map(|failure| format!("{} {}", failure.property, failure.reason)).collect()
            }
            Self::Failed(status) => vec![status.message().to_owned()],
            Self::Partial { status, reasons } => reasons.iter().cloned().chain([status.message().to_owned()]).collect(),
            Self::Protocol(text) => vec![text.clone()],
        }
    }

    pub(super) fn broken<T>(rule: &str) -> Result<T, Self> {
        Err(Self::Protocol(rule.to_owned()))
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Refused(_) => "Refused",
            Self::Failed(_) => "Failed",
            Self::Partial { .. } => "Partial",
            Self::Protocol(_) => "Protocol",
        };
        write!(f, "{kind}{:?}", self.texts())
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::Failed(status)
    }
}

/// What a status says was left behind. Reads it as grpc-go does: codes that differ are a broken answer.
pub(super) fn left_behind(status: &Status) -> Result<Option<rpc::ErrorResourceInitFailed>, Problem> {
    if status.details().is_empty() {
        return Ok(None);
    }
    let Ok(details) = Details::decode(status.details()) else {
        return Problem::broken("the details of an error are no google.rpc.Status");
    };
    if details.code != i32::from(status.code()) {
        return Problem::broken("the code inside the details differs from the one outside");
    }
    let named = |any: &&prost_types::Any| any.type_url.ends_with("/pulumirpc.ErrorResourceInitFailed");
    let detail = details.details.iter().find(named);
    match detail.map(|any| rpc::ErrorResourceInitFailed::decode(any.value.as_slice())) {
        None => Ok(None),
        Some(Ok(left)) if left.id.is_empty() || left.reasons.is_empty() => {
            Problem::broken("a partial failure without an id or a reason")
        }
        Some(Ok(left)) => Ok(Some(left)),
        Some(Err(_)) => Problem::broken("a partial failure that cannot be read"),
    }
}
