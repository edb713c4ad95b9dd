//! Oracle's ways to say no, with its codes, statuses and, where they are known, its words.

/// An error as the API would give it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Oracle's error code, `NotAuthorizedOrNotFound` for example.
    pub code: String,
    /// Oracle's message.
    pub message: String,
    /// What the answer keeps to itself; the journal has it.
    pub reason: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), reason: None }
    }

    /// The one answer to every signature that is not accepted, whatever the reason.
    pub(super) fn not_authenticated(reason: &'static str) -> Self {
        let message = "The required information to complete authentication was not provided or was incorrect.";
        Self { reason: Some(reason), ..Self::new(401, "NotAuthenticated", message) }
    }

    /// What is not there and what is not allowed look the same.
    pub(super) fn not_found(reason: &'static str) -> Self {
        let message = "Authorization failed or requested resource not found.";
        Self { reason: Some(reason), ..Self::new(404, "NotAuthorizedOrNotFound", message) }
    }

    pub(super) fn go_home(key: &str) -> Self {
        let message = format!("Please go to your home region {key} to execute CREATE, UPDATE and DELETE operations.");
        Self::new(403, "NotAllowed", message)
    }

    pub(super) fn not_capable(capability: &str) -> Self {
        Self::new(403, "NotAllowed", format!("The user lacks the capability {capability}."))
    }

    pub(super) fn throttled() -> Self {
        Self::new(429, "TooManyRequests", "Too many requests for the user.")
    }

    pub(super) fn too_large() -> Self {
        Self::new(413, "RequestEntityTooLarge", "The request is too large.")
    }

    pub(super) fn no_such_path() -> Self {
        Self::new(404, "NotFound", "There is nothing at this path.")
    }

    pub(super) fn no_such_verb() -> Self {
        Self::new(405, "MethodNotAllowed", "The path does not take this method.")
    }

    pub(super) fn not_understood(what: impl std::fmt::Display) -> Self {
        Self::new(400, "CannotParseRequest", format!("Incorrectly formatted request: {what}"))
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::new(400, "MissingParameter", format!("Missing parameter: {name}"))
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameter", message)
    }

    pub(super) fn too_many(kind: &str, limit: usize) -> Self {
        Self::new(400, "LimitExceeded", format!("A user can have {limit} {kind} at most."))
    }

    /// What a body refers to is not there, or may not be used.
    pub(super) fn related(reason: &'static str) -> Self {
        let message = "Authorization failed or requested related resource not found.";
        Self { reason: Some(reason), ..Self::new(400, "RelatedResourceNotAuthorizedOrNotFound", message) }
    }

    pub(super) fn incorrect_state(state: &str) -> Self {
        Self::new(409, "IncorrectState", format!("The resource is in the state {state}, which does not allow this."))
    }

    pub(super) fn too_many_versions(limit: usize) -> Self {
        Self::new(400, "LimitExceeded", format!("A secret can have {limit} versions at most."))
    }

    pub(super) fn exists(message: impl Into<String>) -> Self {
        Self::new(409, "NotAuthorizedOrResourceAlreadyExists", message)
    }

    pub(super) fn etag_differs() -> Self {
        Self::new(412, "NoEtagMatch", "The etag does not match the current one.")
    }

    pub(super) fn spent_token() -> Self {
        let message = "The retry token was used by an earlier request whose result has been changed since.";
        Self::new(409, "InvalidatedRetryToken", message)
    }

    pub(super) fn token_of_another_request() -> Self {
        Self::invalid("The retry token was used by an earlier request that asked for something else.")
    }
}
