use outbound::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::*;

const ABOUT: &str = "the OCI user ocid1.user (`userId`)";

fn answer(status: u16, body: &str, headers: &[(&'static str, &str)]) -> Answer {
    let pair =
        |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    let headers: HeaderMap = headers.iter().map(pair).collect();
    Answer { status, headers, body: Zeroizing::new(body.as_bytes().to_vec()) }
}

fn failed(status: u16, code: &str, headers: &[(&'static str, &str)]) -> Error {
    let body = format!(r#"{{"code":"{code}","message":"some words"}}"#);
    refused(&call("identity:UploadApiKey"), ABOUT, &answer(status, &body, headers), (now(), &origins()))
}

fn origins() -> Origins {
    let text = |text: &str| text.to_owned();
    Origins {
        credentials: text("the key (OCI_CLI_KEY_FILE)"),
        region: text("OCI_CLI_REGION"),
        address: text("OCI_CLI_REGION"),
    }
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

#[test]
fn each_answer_has_one_meaning() {
    use ErrorKind::*;
    let none = [
        (400, "InvalidParameter", Invalid, Retry::Never),
        (400, "LimitExceeded", LimitReached, Retry::Never),
        (401, "NotAuthenticated", Unauthenticated, Retry::Never),
        (403, "NotAllowed", Denied, Retry::Never),
        (404, "NotAuthorizedOrNotFound", NotFound, Retry::Never),
        (404, "NotFound", Unexpected, Retry::Never),
        (405, "MethodNotAllowed", Unexpected, Retry::Never),
        (409, "IncorrectState", Conflict, Retry::Backoff),
        (409, "LockConflict", Conflict, Retry::Backoff),
        (409, "NotAuthorizedOrResourceAlreadyExists", Conflict, Retry::Never),
        (409, "InvalidatedRetryToken", Conflict, Retry::Never),
        (412, "NoEtagMatch", Conflict, Retry::Never),
        (429, "TooManyRequests", Throttled, Retry::Backoff),
        (501, "MethodNotImplemented", Unexpected, Retry::Never),
        (418, "ApiKeyLimitExceeded", Unexpected, Retry::Never),
    ];
    for (status, code, kind, retry) in none {
        assert_eq!(judge(status, code), (kind, retry, Effect::None), "{status} {code}");
    }
    for (status, code) in [(500, "InternalServerError"), (503, "ServiceUnavailable"), (502, ""), (204, ""), (302, "")] {
        assert_eq!(judge(status, code), (Unexpected, Retry::Backoff, Effect::Unknown), "{status} {code}");
    }
    assert_eq!(judge(400, ""), (Unexpected, Retry::Never, Effect::Unknown));
}

#[test]
fn a_clock_that_is_off_is_named_and_one_that_is_right_is_not() {
    let at = |date: &'static str| failed(401, "NotAuthenticated", &[("date", date)]).message;
    assert!(at("Sun, 01 Mar 2026 11:54:00 GMT").contains("clock of this machine is 6m fast"));
    assert!(at("Sun, 01 Mar 2026 14:00:00 GMT").contains("clock of this machine is 2h slow"));
    for fine in ["Sun, 01 Mar 2026 12:05:00 GMT", "no date"] {
        let message = at(fine);
        assert!(
            message.contains("OCI_CLI_KEY_FILE") && !message.contains("keyrotation") && !message.contains("clock"),
            "{message}"
        );
    }
}

#[test]
fn what_was_asked_for_is_obeyed_within_reason() {
    let pause = |seconds: &'static str| failed(429, "TooManyRequests", &[("retry-after", seconds)]).retry;
    assert_eq!(pause("20"), Retry::After(SignedDuration::from_secs(20)));
    for odd in ["", "-1", "86400", "Sun, 01 Mar 2026 12:00:00 GMT"] {
        assert_eq!(pause(odd), Retry::Backoff, "{odd}");
    }
}

#[test]
fn messages_say_whom_it_is_about_and_nothing_of_the_answer() {
    let error = failed(404, "NotAuthorizedOrNotFound", &[("opc-request-id", "abc/def")]);
    for part in ["identity:UploadApiKey", ABOUT, "or the plugin's user may not", "[request abc/def]"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    for status in [400, 401, 403, 404, 409, 429, 500] {
        let told = failed(status, "x y <z>", &[("opc-request-id", "a b")]).message;
        assert!(!told.contains('<') && !told.contains("[request"), "{told}");
        assert!(!failed(status, "Some", &[]).message.contains("some words"));
    }
}

#[test]
fn a_missing_capability_is_told_from_a_wrong_region() {
    let body = |words: &str| answer(403, &format!(r#"{{"code":"NotAllowed","message":"{words}"}}"#), &[]);
    let capability = body("The user lacks the capability canUseAuthTokens.");
    assert_eq!(home_region(&capability), None);
    let error = refused(&call("identity:CreateAuthToken"), ABOUT, &capability, (now(), &origins()));
    assert!(error.message.contains("User Capabilities"), "{error}");
    let elsewhere = body("Please go to your home region PHX to execute CREATE, UPDATE and DELETE operations.");
    assert_eq!(home_region(&elsewhere).as_deref(), Some("PHX"));
}

#[test]
fn a_proxys_answer_is_told_from_oracles() {
    let error = refused(&call("identity:GetUser"), ABOUT, &answer(407, "<html>", &[]), (now(), &origins()));
    assert!(error.message.contains("not to a proxy") && error.message.contains("OCI_CLI_REGION"), "{error}");
}

/// The table of what may mean absence; what proves it is in `user.rs`.
#[test]
fn lesson_b2_only_oracles_own_answer_may_mean_absence() {
    let table = [
        (404, "NotAuthorizedOrNotFound", true),
        (404, "NotFound", false),
        (404, "", false),
        (404, "MethodNotAllowed", false),
        (403, "NotAuthorizedOrNotFound", false),
        (401, "NotAuthorizedOrNotFound", false),
        (410, "", false),
    ];
    for (status, code, absent) in table {
        assert_eq!(may_be_absence(status, code), absent, "{status} {code}");
        assert_eq!(judge(status, code).0 == ErrorKind::NotFound, absent, "{status} {code}");
    }
}
