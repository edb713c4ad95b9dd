use Effect::{None as Nothing, Unknown};
use ErrorKind::*;
use Retry::{Backoff, Never};

use super::*;

#[test]
fn each_code_has_one_meaning() {
    let table = [
        ("InvalidClientTokenId", 403, (Unauthenticated, Never, Nothing)),
        ("SignatureDoesNotMatch", 403, (Unauthenticated, Never, Nothing)),
        ("IncompleteSignature", 400, (Unauthenticated, Never, Nothing)),
        ("RequestExpired", 400, (Unauthenticated, Never, Nothing)),
        ("MissingAuthenticationToken", 403, (Unauthenticated, Never, Nothing)),
        ("ExpiredToken", 403, (Unauthenticated, Never, Nothing)),
        ("UnrecognizedClientException", 400, (Unauthenticated, Never, Nothing)),
        ("AccessDenied", 403, (Denied, Never, Nothing)),
        ("AccessDeniedException", 400, (Denied, Never, Nothing)),
        ("RegionDisabledException", 403, (Denied, Never, Nothing)),
        ("NoSuchEntity", 404, (NotFound, Never, Nothing)),
        ("LimitExceeded", 409, (LimitReached, Never, Nothing)),
        ("EntityTemporarilyUnmodifiable", 409, (Conflict, Backoff, Nothing)),
        ("ConcurrentModification", 409, (Conflict, Backoff, Nothing)),
        ("Throttling", 400, (Throttled, Backoff, Nothing)),
        ("Throttling", 503, (Throttled, Backoff, Nothing)),
        ("RequestLimitExceeded", 503, (Throttled, Backoff, Nothing)),
        ("ValidationError", 400, (Invalid, Never, Nothing)),
        ("InvalidInput", 400, (Invalid, Never, Nothing)),
        ("InvalidAction", 400, (Invalid, Never, Nothing)),
        ("RequestTimeout", 400, (TimedOut, Backoff, Unknown)),
        ("ServiceFailure", 500, (Unexpected, Backoff, Unknown)),
        ("InternalFailure", 500, (Unexpected, Backoff, Unknown)),
        ("ServiceUnavailable", 503, (Unexpected, Backoff, Unknown)),
        ("NeverHeardOf", 400, (Unexpected, Never, Nothing)),
        ("NeverHeardOf", 500, (Unexpected, Backoff, Unknown)),
    ];
    for (code, status, meaning) in table {
        assert_eq!(judge(Some(code), status), meaning, "{code} {status}");
    }
    assert_eq!(judge(None, 403), (Unexpected, Never, Unknown));
    assert_eq!(judge(None, 502), (Unexpected, Backoff, Unknown));
    assert_eq!(judge(None, 200), (Unexpected, Backoff, Unknown));
}

#[test]
fn a_refusal_says_what_to_do() {
    let mint = Call { operation: "iam:CreateAccessKey", user: "ci" };
    let tag = Call { operation: "iam:TagUser", user: "ci" };
    let says = |call: Call<'_>, code: &str, status: u16, words: &[&str]| {
        let text = call.refusal(judge(Some(code), status).0, code, status);
        for word in words {
            assert!(text.contains(word), "{code}: {text}");
        }
    };
    says(mint, "InvalidClientTokenId", 403, &["InvalidClientTokenId", "keyrotation:aws.accessKey", "AWS environment"]);
    says(mint, "RequestExpired", 400, &["clock of this machine"]);
    says(mint, "ExpiredToken", 403, &["session has ended"]);
    says(tag, "AccessDenied", 403, &["iam:TagUser", "\"ci\""]);
    says(mint, "NoSuchEntity", 404, &["\"ci\"", "`user`"]);
    says(mint, "LimitExceeded", 409, &["access keys", "\"ci\""]);
    says(tag, "LimitExceeded", 409, &["tags", "\"ci\""]);
    says(mint, "", 403, &["keyrotation:aws.endpoints.iam", "403"]);
    says(mint, "ServiceFailure", 500, &["IAM", "ServiceFailure", "500"]);
}

#[test]
fn a_request_id_is_shown_and_nothing_else_in_its_place() {
    assert_eq!(with_request("x".to_owned(), Some("1f0e-22")), "x [request 1f0e-22]");
    for odd in [None, Some("<b>"), Some(&*"1".repeat(65))] {
        assert_eq!(with_request("x".to_owned(), odd), "x");
    }
}

#[test]
fn what_a_source_of_credentials_said_is_not_repeated() {
    let error = CredentialsError::provider_error("the output of a program: hunter2");
    let error = no_credentials("iam:ListAccessKeys", &error);
    assert_eq!(error.kind, Unauthenticated);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(error.message.contains("keyrotation:aws.accessKey"));
    let none = no_credentials("iam:ListAccessKeys", &CredentialsError::not_loaded_no_source());
    assert!(none.message.contains("there are none"));
}

/// The table of what proves absence. Each row is an answer to a call about a user.
#[test]
fn lesson_b2_only_the_documented_answer_proves_absence() {
    let table = [
        (Some("NoSuchEntity"), 404, true),
        (Some("NoSuchEntity"), 403, false),
        (Some("NoSuchEntity"), 200, false),
        (Some("NoSuchEntityException"), 404, false),
        (Some("NoSuchBucket"), 404, false),
        (Some("InvalidAction"), 404, false),
        (Some("AccessDenied"), 403, false),
        (Some("AccessDenied"), 404, false),
        (Some(""), 404, false),
        (None, 404, false),
        (None, 403, false),
        (None, 410, false),
    ];
    for (code, status, absent) in table {
        assert_eq!(is_absence(code, status), absent, "{code:?} {status}");
        assert_eq!(judge(code, status).0 == NotFound, absent, "{code:?} {status}");
    }
}
