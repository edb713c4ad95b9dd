use crate::value::Object;

/// The kind of an error, after the codes of gRPC.
///
/// The user reads the message; the code is for the engine and for tools that read the
/// protocol. Pick the kind that fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// None of the others fits.
    #[default]
    Unknown,
    /// The caller gave something that can never work.
    InvalidArgument,
    /// What the call concerns does not exist.
    NotFound,
    /// What would be made is there already.
    AlreadyExists,
    /// The state of the system forbids it; a later run may succeed once that changed.
    FailedPrecondition,
    /// The credentials do not allow it.
    PermissionDenied,
    /// The credentials are missing or refused.
    Unauthenticated,
    /// A quota or a rate limit is used up.
    ResourceExhausted,
    /// Something else interfered; a later run may succeed.
    Aborted,
    /// The time the user allowed has run out.
    DeadlineExceeded,
    /// The user stopped the run.
    Cancelled,
    /// The system cannot be reached or does not answer.
    Unavailable,
    /// The provider does not do this.
    Unimplemented,
    /// A defect of the provider.
    Internal,
}

/// An error that the user reads.
///
/// The message is public. Say what failed, on which resource, what still works and what to
/// do. Never include a value that may be secret. There is no conversion from other error
/// types, so that no foreign text reaches the user unseen.
///
/// ```
/// use pulumi_provider::{Code, Error, Failure};
///
/// let error = Error::new(
///     Code::PermissionDenied,
///     "creating key 2 of user deployer: AWS denied `iam:CreateAccessKey`. Key 1 still works. \
///      Grant the permission and run `pulumi up` again",
/// );
/// let failure: Failure = error.into();
/// assert_eq!(failure.error().code, Code::PermissionDenied);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind of error it is.
    pub code: Code,
    /// What the user reads.
    pub message: String,
}

impl Error {
    /// An error of this kind with the text that the user reads.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Why a call did not do everything it should.
///
/// The enum is exhaustive: the engine either forgets a call or saves what it left.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// It did nothing that the state should remember.
    Failed(Error),
    /// It did something: what there is now is saved, and the next run continues.
    Partial(Box<Partial>),
}

/// What a call that failed halfway leaves behind. The engine saves it, reports the reasons,
/// and calls Update in the next run.
#[derive(Clone, Debug, PartialEq)]
pub struct Partial {
    /// The resource's id; must not be empty.
    pub id: String,
    /// The outputs to save.
    pub outputs: Object,
    /// The inputs to save; only Read may change them.
    pub inputs: Option<Object>,
    /// What the user reads, one line each. The error's message if empty.
    pub reasons: Vec<String>,
    /// The error that stopped the call.
    pub error: Error,
    /// Read this resource again before the next preview, update or destroy.
    pub refresh_before_update: bool,
}

impl Failure {
    /// A partial failure that saves `outputs` under `id` and shows the message of the error.
    ///
    /// Use it from the first effect on. What is missing in `outputs` is lost to the next run.
    ///
    /// ```
    /// use pulumi_provider::{Code, Error, Failure, Object, Value};
    ///
    /// let made: Object = [("keyId".into(), Value::from("k-1"))].into();
    /// let error = Error::new(Code::Unavailable, "verifying key k-1: the service did not answer");
    /// let Failure::Partial(left) = Failure::partial("deployer", made, error) else { unreachable!() };
    /// assert_eq!(left.id, "deployer");
    /// assert_eq!(left.reasons, ["verifying key k-1: the service did not answer"]);
    /// ```
    pub fn partial(id: impl Into<String>, outputs: Object, error: Error) -> Self {
        Self::Partial(Box::new(Partial {
            id: id.into(),
            outputs,
            inputs: None,
            reasons: vec![error.message.clone()],
            error,
            refresh_before_update: false,
        }))
    }

    /// The error that stopped the call, in both cases.
    pub fn error(&self) -> &Error {
        match self {
            Self::Failed(error) => error,
            Self::Partial(partial) => &partial.error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
