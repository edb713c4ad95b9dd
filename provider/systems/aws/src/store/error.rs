use rotation::{Effect, ErrorKind, Retry};

use crate::error::{Explain, judge, refused};

/// A call of Secrets Manager, as messages name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecretCall<'a> {
    /// The action's name in a policy, such as `secretsmanager:PutSecretValue`.
    pub(crate) operation: &'static str,
    /// The secret's name or ARN.
    pub(crate) secret: &'a str,
    /// The property that names the delivery.
    pub(crate) at: &'a str,
}

impl Explain for SecretCall<'_> {
    fn operation(&self) -> &'static str {
        self.operation
    }

    fn service(&self) -> &'static str {
        "Secrets Manager"
    }

    fn property(&self) -> &'static str {
        "keyrotation:aws.endpoints.secretsManager"
    }

    /// Codes: the Secrets Manager API Reference, "Errors" of each action.
    fn judge(&self, code: Option<&str>, status: u16) -> (ErrorKind, Retry, Effect) {
        let kind = match code.unwrap_or_default() {
            "ResourceNotFoundException" => ErrorKind::NotFound,
            "ResourceExistsException" => ErrorKind::Conflict,
            // Of a label: it is not where it was said to be.
            "InvalidParameterException" if self.operation.ends_with("UpdateSecretVersionStage") => ErrorKind::Conflict,
            "InvalidParameterException" | "ValidationException" | "MalformedPolicyDocumentException" => {
                ErrorKind::Invalid
            }
            "InvalidRequestException" | "PreconditionNotMetException" => ErrorKind::Blocked,
            "EncryptionFailure" | "DecryptionFailure" => ErrorKind::Denied,
            "LimitExceededException" => ErrorKind::LimitReached,
            "InternalServiceError" => return (ErrorKind::Unexpected, Retry::Backoff, Effect::Unknown),
            "MissingAuthenticationTokenException" | "IncompleteSignatureException" => ErrorKind::Unauthenticated,
            _ => return judge(code, status),
        };
        (kind, Retry::Never, Effect::None)
    }

    fn refusal(&self, kind: ErrorKind, code: &str, status: u16) -> String {
        let Self { operation, secret, at } = self;
        match kind {
            ErrorKind::Denied => format!(
                "the credentials that the plugin uses lack the right to call {operation} on the Secrets Manager secret {secret:?} (`{at}`), or the rights kms:GenerateDataKey and kms:Decrypt on its key ({code}): allow it in their policy [KR-AWS-058]"
            ),
            ErrorKind::NotFound => {
                format!(
                    "the Secrets Manager secret {secret:?} (`{at}`), or the version that was meant, does not exist ({code}) [KR-AWS-059]"
                )
            }
            ErrorKind::Conflict => {
                format!(
                    "the Secrets Manager secret {secret:?} (`{at}`) was changed meanwhile ({code}): run `pulumi up` again [KR-AWS-060]"
                )
            }
            ErrorKind::Blocked => format!(
                "Secrets Manager does not allow {operation} on the secret {secret:?} (`{at}`) as it is now ({code}): it may be scheduled for deletion, or managed by another service [KR-AWS-061]"
            ),
            ErrorKind::LimitReached => format!(
                "the Secrets Manager secret {secret:?} (`{at}`) has as many versions or labels as AWS allows ({code}): remove those that nobody needs [KR-AWS-062]"
            ),
            _ => refused(self, kind, code, status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(operation: &'static str) -> SecretCall<'static> {
        SecretCall { operation, secret: "ci/key", at: "deliveries[0].awsSecretsManager" }
    }

    #[test]
    fn each_code_has_one_meaning() {
        let put = call("secretsmanager:PutSecretValue");
        let table = [
            ("ResourceNotFoundException", ErrorKind::NotFound),
            ("ResourceExistsException", ErrorKind::Conflict),
            ("InvalidParameterException", ErrorKind::Invalid),
            ("InvalidRequestException", ErrorKind::Blocked),
            ("EncryptionFailure", ErrorKind::Denied),
            ("AccessDeniedException", ErrorKind::Denied),
            ("LimitExceededException", ErrorKind::LimitReached),
            ("UnrecognizedClientException", ErrorKind::Unauthenticated),
            ("MissingAuthenticationTokenException", ErrorKind::Unauthenticated),
        ];
        for (code, kind) in table {
            assert_eq!(put.judge(Some(code), 400), (kind, Retry::Never, Effect::None), "{code}");
        }
        let moved = call("secretsmanager:UpdateSecretVersionStage");
        assert_eq!(moved.judge(Some("InvalidParameterException"), 400).0, ErrorKind::Conflict);
        assert_eq!(put.judge(Some("ThrottlingException"), 400).1, Retry::Backoff);
        assert_eq!(put.judge(Some("InternalServiceError"), 500).2, Effect::Unknown);
        // A 404 of something else proves nothing.
        assert_ne!(put.judge(None, 404).0, ErrorKind::NotFound);
    }

    #[test]
    fn a_refusal_names_the_right_the_secret_and_the_property() {
        let text = call("secretsmanager:PutSecretValue").refusal(ErrorKind::Denied, "AccessDeniedException", 400);
        for part in ["secretsmanager:PutSecretValue", "\"ci/key\"", "`deliveries[0].awsSecretsManager`", "kms:"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
