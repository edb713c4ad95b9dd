use std::fmt;

use jiff::SignedDuration;

/// What a failed call means, whichever system it went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The credentials that the plugin is configured with were refused.
    Unauthenticated,
    /// The credentials lack a right.
    Denied,
    /// The principal does not exist.
    NotFound,
    /// The system allows no more keys.
    LimitReached,
    /// The system is changing the same thing; trying later may succeed.
    Conflict,
    /// Too many calls.
    Throttled,
    /// The system refused the request as malformed.
    Invalid,
    /// No connection could be made, or it broke.
    Unreachable,
    /// No answer came in time.
    TimedOut,
    /// A new key was never accepted.
    Unverified,
    /// A rule of the rotation model forbids going on; the message says what to do.
    Blocked,
    /// The run was cancelled or its time-out ran out.
    Stopped,
    /// Anything else.
    Unexpected,
}

/// Whether the same call may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would fail in the same way.
    Never,
    /// After a pause.
    Backoff,
    /// Not before this much time.
    After(SignedDuration),
}

/// What a failed call may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: the system refused it.
    None,
    /// Perhaps everything: observe before anything is done again.
    Unknown,
}

/// A failed call. Its text is public: no secret and no answer's body goes into it.
#[derive(Debug)]
pub struct Error {
    /// The meaning.
    pub kind: ErrorKind,
    /// Whether to try again.
    pub retry: Retry,
    /// What may have happened.
    pub effect: Effect,
    /// The call, by the system's own name, such as `iam:CreateAccessKey`.
    pub operation: &'static str,
    /// What failed and what to do, in one sentence.
    pub message: String,
    /// The cause, where a library gave one.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error that will not go away by itself and had no effect.
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        Self { kind, retry: Retry::Never, effect: Effect::None, operation, message: message.into(), source: None }
    }

    /// The same error with another verdict on trying again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same error with another verdict on what it may have done.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operation.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.operation, self.message)
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
