//! AWS's ways to say no, with its codes, statuses and, where they are known, its words.

/// An error as the API would give it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// AWS's error code, `NoSuchEntity` for example.
    pub code: String,
    /// AWS's message.
    pub message: String,
}

impl Refusal {
    pub(super) const SIGNATURE_DIFFERS: &'static str = "The request signature we calculated does not match the signature you provided. \
         Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    pub(super) fn missing_authentication() -> Self {
        Self::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    }

    pub(super) fn incomplete_signature(message: &str) -> Self {
        Self::new(400, "IncompleteSignature", message)
    }

    pub(super) fn signature(message: &str) -> Self {
        Self::new(403, "SignatureDoesNotMatch", message)
    }

    pub(super) fn invalid_token() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::new(403, "InvalidClientTokenId", message)
    }

    pub(super) fn expired_token() -> Self {
        let message = "The security token included in the request is expired";
        Self::new(403, "ExpiredToken", message)
    }

    pub(super) fn throttled() -> Self {
        Self::new(400, "Throttling", "Rate exceeded")
    }

    pub(super) fn too_large() -> Self {
        Self::new(413, "RequestEntityTooLarge", "Request body is too large")
    }

    pub(super) fn unknown_action(action: &str, version: Option<&str>) -> Self {
        let version = version.unwrap_or("NO_VERSION_SPECIFIED");
        let message = format!("Could not find operation {action} for version {version}");
        Self::new(400, "InvalidAction", message)
    }

    pub(super) fn denied(arn: &str, action: &str, resource: &str) -> Self {
        let message = format!(
            "User: {arn} is not authorized to perform: {action} on resource: {resource} \
             because no identity-based policy allows the {action} action"
        );
        Self::new(403, "AccessDenied", message)
    }

    /// What GetAccessKeyLastUsed says of a key that does not exist, or no longer.
    pub(super) fn no_such_key_to_look_up(arn: &str, access_key_id: &str) -> Self {
        let message = format!(
            "User: {arn} is not authorized to perform iam:GetAccessKeyLastUsed \
             on resource: access key {access_key_id}"
        );
        Self::new(403, "AccessDenied", message)
    }

    pub(super) fn no_user(name: &str) -> Self {
        let message = format!("The user with name {name} cannot be found.");
        Self::new(404, "NoSuchEntity", message)
    }

    pub(super) fn no_key(access_key_id: &str) -> Self {
        let message = format!("The Access Key with id {access_key_id} cannot be found.");
        Self::new(404, "NoSuchEntity", message)
    }

    pub(super) fn user_exists(name: &str) -> Self {
        let message = format!("User with name {name} already exists.");
        Self::new(409, "EntityAlreadyExists", message)
    }

    pub(super) fn key_quota(quota: usize) -> Self {
        let message = format!("Cannot exceed quota for AccessKeysPerUser: {quota}");
        Self::new(409, "LimitExceeded", message)
    }

    pub(super) fn tag_quota() -> Self {
        let message = "The number of tags has reached the maximum limit.";
        Self::new(409, "LimitExceeded", message)
    }

    pub(super) fn has_keys() -> Self {
        let message = "Cannot delete entity, must delete access keys first.";
        Self::new(409, "DeleteConflict", message)
    }

    pub(super) fn has_policies() -> Self {
        let message = "Cannot delete entity, must detach all policies first.";
        Self::new(409, "DeleteConflict", message)
    }

    pub(super) fn policy_quota(quota: usize) -> Self {
        let message = format!("Cannot exceed quota for PoliciesPerUser: {quota}");
        Self::new(409, "LimitExceeded", message)
    }

    pub(super) fn no_policy(arn: &str) -> Self {
        Self::new(404, "NoSuchEntity", format!("Policy {arn} was not found."))
    }

    pub(super) fn invalid_input(message: &str) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// Several broken constraints in the one message that AWS makes of them.
    pub(super) fn constraints(broken: &[String]) -> Self {
        let many = if broken.len() == 1 { "error" } else { "errors" };
        let message = format!("{} validation {many} detected: {}", broken.len(), broken.join("; "));
        Self::invalid(message)
    }

    pub(super) fn user_name_needed() -> Self {
        Self::invalid("Must specify userName when calling with non-User credentials")
    }

    /// `Sender` when the caller is to blame.
    pub(super) fn blame(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }
}
