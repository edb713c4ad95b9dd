use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Call};
use rotation::{Effect, Error, ErrorKind, Retry};
use serde::Deserialize;

use crate::place::Origins;

/// What Oracle answers when it refuses.
#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// How far the clocks of the client and of OCI may be apart ("Request Signatures").
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A call to the Identity service, as messages name it.
pub(crate) const fn call(operation: &'static str) -> Call {
    Call { operation, service: "OCI Identity", setting: SETTING, limit: ATTEMPT }
}

/// The longest that one attempt of a call may take that can be repeated.
const ATTEMPT: SignedDuration = SignedDuration::from_secs(10);
const SETTING: &str = "the region or the endpoint of OCI";

/// The failure that an answer is, in words for people. Neither a secret nor an answer's body is in it.
pub(crate) fn refused(call: &Call, about: &str, answer: &Answer, (now, origins): (Timestamp, &Origins)) -> Error {
    let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = if is_word(&refusal.code) { refusal.code.as_str() } else { "" };
    let (kind, mut retry, effect) = judge(answer.status, code);
    if let (ErrorKind::Throttled, Some(asked)) = (kind, retry_after(answer)) {
        retry = Retry::After(asked);
    }
    let words = match kind {
        ErrorKind::Unauthenticated => unauthenticated(answer, now, origins),
        kind => words(call, (about, origins), (kind, answer.status), (code, &refusal.message)),
    };
    call.error(kind, with_request(words, answer.header("opc-request-id"))).retry(retry).effect(effect)
}

/// The home region's key, if this is the refusal to write elsewhere.
pub(crate) fn home_region(answer: &Answer) -> Option<String> {
    if answer.status != 403 {
        return None;
    }
    let refusal: Refusal = serde_json::from_slice(&answer.body).ok()?;
    crate::region::home_in(&refusal.message).map(str::to_owned)
}

/// What Oracle's status and code mean.
///
/// Codes: "API Errors" in Oracle's documentation, and the retry rules of its SDKs. Nothing depends on the codes that Identity has
/// for one key too many or for a duplicate, which are not documented: any other status 400 to 499 is a refusal without an effect.
pub(crate) fn judge(status: u16, code: &str) -> (ErrorKind, Retry, Effect) {
    let refused = |kind| (kind, Retry::Never, Effect::None);
    match (status, code) {
        (401, _) => refused(ErrorKind::Unauthenticated),
        (400, "LimitExceeded" | "QuotaExceeded") => refused(ErrorKind::LimitReached),
        (403, _) | (400, "InsufficientServicePermissions") => refused(ErrorKind::Denied),
        (status, code) if may_be_absence(status, code) => refused(ErrorKind::NotFound),
        (409, "IncorrectState" | "LockConflict") => (ErrorKind::Conflict, Retry::Backoff, Effect::None),
        (409 | 412, _) => refused(ErrorKind::Conflict),
        (429, _) => (ErrorKind::Throttled, Retry::Backoff, Effect::None),
        (400, code) if !code.is_empty() => refused(ErrorKind::Invalid),
        // Not in Oracle's form: whoever answered may have been on the way only.
        (400..=499, "") => (ErrorKind::Unexpected, Retry::Never, Effect::Unknown),
        (400..=499, _) | (501, _) => refused(ErrorKind::Unexpected),
        _ => (ErrorKind::Unexpected, Retry::Backoff, Effect::Unknown),
    }
}

/// Whether an answer says that something does not exist or is not allowed, which is one answer in OCI ("API Errors"). It proves neither: what
/// proves that a user does not exist stands in [`user::none_if_gone`](crate::user::none_if_gone). No other 404 is taken for it.
pub(crate) fn may_be_absence(status: u16, code: &str) -> bool {
    (status, code) == (404, "NotAuthorizedOrNotFound")
}

/// Whether somebody else was faster, or what was to be made is there: OCI will not say otherwise if it is asked again.
pub(crate) fn has_changed(error: &Error) -> bool {
    error.kind == ErrorKind::Conflict && error.retry == Retry::Never
}

/// The provider configuration is wrong; nothing was sent.
pub(crate) fn wrong_config(property: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Invalid, "", format!("`keyrotation:oci.{property}` {reason}"))
}

fn words(
    call: &Call,
    (about, origins): (&str, &Origins),
    (kind, status): (ErrorKind, u16),
    (code, message): (&str, &str),
) -> String {
    let service = call.service;
    match kind {
        ErrorKind::NotFound => format!(
            "{about} does not exist, or the plugin's user may not do this: OCI does not tell which ({code}). Check `userId`, and the policy that the documentation of this resource shows [KR-OCI-010]"
        ),
        ErrorKind::Denied if message.contains("capability") => format!(
            "{about} lacks the capability for this kind of credential ({code}): an administrator gives it under Edit User Capabilities [KR-OCI-011]"
        ),
        ErrorKind::Denied => format!(
            "OCI does not allow this ({code}): check the policy of the plugin's user, and that the region ({}) is of its tenancy [KR-OCI-012]",
            origins.region
        ),
        ErrorKind::LimitReached => format!(
            "{about} has as many credentials of this kind as OCI allows ({code}): delete one that nobody needs, then run `pulumi up` again [KR-OCI-013]"
        ),
        ErrorKind::Conflict => format!(
            "OCI is changing {about} at this moment, or somebody else is ({code}): run `pulumi up` again in a minute [KR-OCI-014]"
        ),
        ErrorKind::Throttled => {
            format!("OCI is rate limiting the plugin ({code}): run `pulumi up` again in a minute [KR-OCI-015]")
        }
        ErrorKind::Invalid => format!("OCI refused the request as malformed ({code}) [KR-OCI-016]"),
        _ if code.is_empty() && status < 400 => format!("the answer of {service} could not be read [KR-OCI-017]"),
        _ if code.is_empty() => format!(
            "{service} answered with status {status}; the answer has no OCI error code: check that its address leads to OCI and not to a proxy ({}) [KR-OCI-018]",
            origins.address
        ),
        _ => format!("{service} failed ({code}, status {status}) [KR-OCI-019]"),
    }
}

/// Oracle gives one answer to every bad signature. A clock that is off shows in the answer's date.
fn unauthenticated(answer: &Answer, now: Timestamp, origins: &Origins) -> String {
    let off = answer.header("date").and_then(date).map(|date| now.duration_since(date));
    match off.filter(|off| off.abs() > SKEW) {
        Some(off) => format!(
            "the signature was refused because the clock of this machine is {} {}: OCI allows five minutes; set the clock, best by NTP [KR-OCI-020]",
            rotation::format_duration(SignedDuration::from_mins(off.abs().as_mins())),
            if off.is_negative() { "slow" } else { "fast" }
        ),
        None => format!(
            "the credentials that the plugin uses were refused (NotAuthenticated): check {}, \
             whether the user still has the key's fingerprint and the capability to use API keys, and whether a session has ended. \
             A key that is a few minutes old may be refused for a while [KR-OCI-021]",
            origins.credentials
        ),
    }
}

fn date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn retry_after(answer: &Answer) -> Option<SignedDuration> {
    let seconds: i64 = answer.header("retry-after")?.trim().parse().ok()?;
    (0..=LONGEST_PAUSE).contains(&seconds).then(|| SignedDuration::from_secs(seconds))
}

const LONGEST_PAUSE: i64 = 120;

fn with_request(message: String, request: Option<&str>) -> String {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-/".contains(&c);
    match request {
        Some(id) if id.len() <= 200 && id.bytes().all(allowed) => format!("{message} [request {id}]"),
        _ => message,
    }
}

fn is_word(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"_-.".contains(&c))
}

#[cfg(test)]
mod tests;
