//! Secrets Manager's ways to say no. Codes and statuses are those of its API Reference; the README says which words are known.

use crate::aws::error::Refusal;

pub(super) fn no_secret() -> Refusal {
    Refusal::new(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

pub(super) fn no_version() -> Refusal {
    Refusal::new(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret version.")
}

pub(super) fn no_value(version: Option<&str>, stage: Option<&str>) -> Refusal {
    let of = match (version, stage) {
        (Some(version), Some(stage)) => format!("VersionId: {version} and VersionStage: {stage}"),
        (Some(version), None) => format!("VersionId: {version}"),
        (None, stage) => format!("staging label: {}", stage.unwrap_or_default()),
    };
    let message = format!("Secrets Manager can't find the specified secret value for {of}");
    Refusal::new(400, "ResourceNotFoundException", message)
}

pub(super) fn marked_for_deletion() -> Refusal {
    let message = "You can't perform this operation on the secret because it was marked for deletion.";
    Refusal::new(400, "InvalidRequestException", message)
}

pub(super) fn deleted_already() -> Refusal {
    let message = "You can't perform this operation on the secret because it was already scheduled for deletion.";
    Refusal::new(400, "InvalidRequestException", message)
}

pub(super) fn name_waits() -> Refusal {
    let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
    Refusal::new(400, "InvalidRequestException", message)
}

pub(super) fn has_replicas() -> Refusal {
    let message = "You can't delete secret that still has replicated regions.";
    Refusal::new(400, "InvalidRequestException", message)
}

pub(super) fn replica() -> Refusal {
    let message = "Operation not permitted on a replica secret. Call must be made in primary secret's region.";
    Refusal::new(400, "InvalidRequestException", message)
}

pub(super) fn no_function() -> Refusal {
    let message = "You must specify the rotation Lambda function ARN before you can rotate the secret.";
    Refusal::new(400, "InvalidRequestException", message)
}

pub(super) fn rotation_stands() -> Refusal {
    let message = "A previous rotation isn't complete. That rotation will be reattempted.";
    Refusal::new(400, "InvalidRequestException", message)
}

pub(super) fn exists(name: &str) -> Refusal {
    let message = format!("The operation failed because the secret {name} already exists.");
    Refusal::new(400, "ResourceExistsException", message)
}

pub(super) fn token_in_use(token: &str, arn: &str) -> Refusal {
    let message = format!(
        "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    );
    Refusal::new(400, "ResourceExistsException", message)
}

pub(super) fn too_many_labels(most: usize) -> Refusal {
    let message = format!("You can't have more than {most} staging labels on a version.");
    Refusal::new(400, "LimitExceededException", message)
}

pub(super) fn nothing_to_move() -> Refusal {
    invalid("You must specify MoveToVersionId or RemoveFromVersionId.")
}

pub(super) fn remove_from_needed(stage: &str, held: &str) -> Refusal {
    invalid(format!(
        "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version {held}, \
         so you must explicitly reference that version in RemoveFromVersionId."
    ))
}

pub(super) fn not_attached(stage: &str, from: &str) -> Refusal {
    invalid(format!(
        "The parameter RemoveFromVersionId is invalid. Staging label {stage} is not currently attached to version {from}."
    ))
}

pub(super) fn current_stays() -> Refusal {
    invalid("You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")
}

/// A parameter that Secrets Manager judges itself.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterException", message)
}

/// A parameter that breaks the service model.
pub(super) fn constraint(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

pub(super) fn unknown_operation() -> Refusal {
    Refusal::new(400, "UnknownOperationException", "")
}

/// The same refusal as services say it that speak JSON: other codes for whoever is not known, and every status 400.
pub(super) fn as_json(refusal: Refusal) -> Refusal {
    let code = match refusal.code.as_str() {
        "InvalidClientTokenId" => "UnrecognizedClientException",
        "SignatureDoesNotMatch" => "InvalidSignatureException",
        "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
        "IncompleteSignature" => "IncompleteSignatureException",
        "ExpiredToken" => "ExpiredTokenException",
        "AccessDenied" => "AccessDeniedException",
        "Throttling" => "ThrottlingException",
        _ => return refusal,
    };
    Refusal::new(400, code, refusal.message)
}
