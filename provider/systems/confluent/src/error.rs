//! What Confluent's refusals mean, in words for people. Neither a secret nor a text of the service is in them; its codes are.

use jiff::SignedDuration;
use outbound::{Answer, Call};
use rotation::{Effect, Error, ErrorKind, Retry};
use serde_json::Value;

use crate::wire::{Complaint, Failure};

/// A refusal, as far as it can be understood.
pub(crate) struct Refusal {
    status: u16,
    /// Confluent's codes, each with the part of the request that it is about; empty if the answer is not Confluent's.
    codes: Vec<String>,
    is_confluents: bool,
    /// Whether the answer proves that what was asked for does not exist.
    is_absence: bool,
    /// Some quota errors come as 400 and are known by these words alone.
    is_quota: bool,
    /// The parts of the request that it is about, each with the number in the service's words, if there is one.
    parts: Vec<(String, Option<usize>)>,
    request: Option<String>,
}

/// The lengths of a key's name and description as they were sent, in characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts {
    /// Of the display name; whether it is the user's own.
    pub(crate) display_name: (usize, bool),
    /// Of the description with the mark.
    pub(crate) description: usize,
    /// Of the mark, with the space before it.
    pub(crate) mark: usize,
}

impl Refusal {
    pub(crate) fn read(answer: &Answer) -> Self {
        let failure: Option<Failure> = serde_json::from_slice(&answer.body).ok();
        let known = |failure: &Failure| {
            failure.errors.is_some()
                || failure.error.is_some()
                || failure.error_code.is_some()
                || failure.message.is_some()
        };
        let failure = failure.filter(known);
        let is_confluents = failure.is_some();
        let failure = failure.unwrap_or_default();
        let is_absence = is_absence(answer.status, &failure);
        let complaints: Vec<Complaint> = failure.errors.into_iter().flatten().chain(failure.error).collect();
        let texts = complaints.iter().flat_map(|complaint| [&complaint.detail, &complaint.message]).flatten();
        let is_quota = texts.chain(&failure.message).any(|text| text.contains("is currently limited to"));
        let own = failure.error_code.as_ref().and_then(word);
        let codes = complaints.iter().filter_map(code).chain(own).collect();
        let parts = complaints.iter().filter_map(part).collect();
        let request = answer.header("x-request-id").filter(|id| id.len() <= 64 && id.bytes().all(is_plain));
        let request = request.map(str::to_owned);
        Self { status: answer.status, codes, is_confluents, is_absence, is_quota, parts, request }
    }

    /// The failure of this call. `wait` is what a refusal for too many calls asks for; `about` is whose keys it was about.
    pub(crate) fn error(&self, call: &Call, (about, texts): (&str, Option<&Texts>), wait: SignedDuration) -> Error {
        let (kind, retry, effect) = self.judge(wait);
        let of_text = texts.filter(|_| kind == ErrorKind::Invalid).and_then(|texts| self.of_text(texts));
        let mut message = of_text.unwrap_or_else(|| self.message(kind, call, about));
        if let Some(request) = &self.request {
            message = format!("{message} [request {request}]");
        }
        call.error(kind, message).retry(retry).effect(effect)
    }

    fn judge(&self, wait: SignedDuration) -> (ErrorKind, Retry, Effect) {
        let (nothing, unknown) = (Effect::None, Effect::Unknown);
        if self.status == 400 && self.is_quota {
            return (ErrorKind::LimitReached, Retry::Never, nothing);
        }
        match self.status {
            401 => (ErrorKind::Unauthenticated, Retry::Never, nothing),
            429 => (ErrorKind::Throttled, Retry::After(wait), nothing),
            500.. => (ErrorKind::Unexpected, Retry::Backoff, unknown),
            // Something on the way answered, and what it did with the request is not known.
            _ if !self.is_confluents => (ErrorKind::Unexpected, Retry::Never, unknown),
            402 => (ErrorKind::LimitReached, Retry::Never, nothing),
            403 => (ErrorKind::Denied, Retry::Never, nothing),
            404 if self.is_absence => (ErrorKind::NotFound, Retry::Never, nothing),
            404 => (ErrorKind::Unexpected, Retry::Never, unknown),
            409 => (ErrorKind::Conflict, Retry::Backoff, nothing),
            400 | 413 | 415 | 422 => (ErrorKind::Invalid, Retry::Never, nothing),
            408 => (ErrorKind::TimedOut, Retry::Backoff, unknown),
            _ => (ErrorKind::Unexpected, Retry::Never, unknown),
        }
    }

    /// The refusal of a name or a description: the input, and how many characters there are for it.
    fn of_text(&self, texts: &Texts) -> Option<String> {
        let told = |pointer: &str| self.parts.iter().find(|(part, _)| part == pointer).map(|(_, limit)| *limit);
        let codes = self.codes.join(", ");
        if let Some(limit) = told("/spec/description") {
            let Texts { description, mark, .. } = *texts;
            let room = match limit.filter(|limit| *limit < description) {
                Some(limit) => format!("Confluent allows {limit}, which leaves {} for it", limit.saturating_sub(mark)),
                None => "shorten it, or leave out unusual characters".to_owned(),
            };
            return Some(format!(
                "Confluent Cloud refused `description` ({codes}): it has {} characters, and the mark of this resource adds {mark}; {room} [KR-CONFLUENT-004]",
                description.saturating_sub(mark)
            ));
        }
        let limit = told("/spec/display_name")?;
        let (length, is_given) = texts.display_name;
        let whose = if is_given { "it" } else { "the default" };
        let room = match limit.filter(|limit| *limit < length) {
            Some(limit) => format!("Confluent allows {limit}"),
            None => "set a shorter or plainer one".to_owned(),
        };
        Some(format!(
            "Confluent Cloud refused `displayName` ({codes}): {whose} has {length} characters; {room} [KR-CONFLUENT-005]"
        ))
    }

    fn message(&self, kind: ErrorKind, call: &Call, about: &str) -> String {
        let Call { service, setting, operation, .. } = call;
        let status = self.status;
        let codes = match self.codes.as_slice() {
            [] => format!("status {status}"),
            codes => codes.join(", "),
        };
        match kind {
            ErrorKind::Unauthenticated if self.is_confluents => format!(
                "the API key that the plugin uses was refused ({codes}): check keyrotation:confluent.cloudApiKey and keyrotation:confluent.cloudApiSecret, or CONFLUENT_CLOUD_API_KEY and CONFLUENT_CLOUD_API_SECRET; it must be a Cloud API key, since one for a cluster cannot manage keys [KR-CONFLUENT-006]"
            ),
            ErrorKind::Unauthenticated => format!(
                "the API key that the plugin uses was refused with status 401 and without a Confluent error body: check keyrotation:confluent.cloudApiKey, and that {setting} leads to Confluent and not to a proxy [KR-CONFLUENT-007]"
            ),
            ErrorKind::Denied => format!(
                "the API key that the plugin uses lacks the right to call {operation} for the {about} ({codes}): its owner needs OrganizationAdmin, or ResourceOwner on the service account; keys of a user are made with that user's own Cloud API key [KR-CONFLUENT-008]"
            ),
            ErrorKind::NotFound => {
                format!("what the call for the {about} names does not exist ({codes}) [KR-CONFLUENT-009]")
            }
            ErrorKind::LimitReached => format!(
                "no more API keys are allowed for the {about} ({codes}): delete one that nobody needs, or have the quota raised, then run `pulumi up` again [KR-CONFLUENT-010]"
            ),
            ErrorKind::Throttled => {
                format!(
                    "{service} is rate limiting the plugin ({codes}): run `pulumi up` again in a minute [KR-CONFLUENT-011]"
                )
            }
            ErrorKind::Conflict => {
                format!(
                    "{service} is changing the same thing at this moment ({codes}): run `pulumi up` again [KR-CONFLUENT-012]"
                )
            }
            ErrorKind::Invalid => {
                format!("{service} refused the request for the {about} as malformed ({codes}) [KR-CONFLUENT-013]")
            }
            _ if !self.is_confluents || status == 404 => format!(
                "{service} answered with status {status} and without a Confluent error body: check that {setting} leads to Confluent and not to a proxy [KR-CONFLUENT-014]"
            ),
            _ => format!("{service} failed ({codes}, status {status}) [KR-CONFLUENT-015]"),
        }
    }
}

/// An answer without something that Confluent always gives.
pub(crate) fn incomplete(call: &Call, field: &str) -> Error {
    let message = format!("the answer of {} has no {field} [KR-CONFLUENT-016]", call.service);
    call.error(ErrorKind::Unexpected, message).effect(Effect::Unknown)
}

pub(crate) fn no_credentials() -> Error {
    let message = "no API key for the plugin: set keyrotation:confluent.cloudApiKey and keyrotation:confluent.cloudApiSecret, or CONFLUENT_CLOUD_API_KEY and CONFLUENT_CLOUD_API_SECRET [KR-CONFLUENT-017]";
    Error::new(ErrorKind::Unauthenticated, "confluent credentials", message)
}

/// Whether an answer proves that a key or its owner does not exist: a 404 in the form that every API of Confluent Cloud documents
/// (`errors`, each with a status and a code), and no other 404. A gateway on the way, and a path that is not served, answer otherwise.
fn is_absence(status: u16, failure: &Failure) -> bool {
    let says_so = |complaint: &Complaint| match complaint.code.as_ref().and_then(word) {
        Some(code) => code.ends_with("not_found"),
        None => complaint.status.as_deref() == Some("404"),
    };
    status == 404 && failure.errors.iter().flatten().any(says_so)
}

/// What a complaint is about, and the one number in its words.
fn part(complaint: &Complaint) -> Option<(String, Option<usize>)> {
    let pointer = complaint.source.as_ref()?.pointer.clone()?;
    let words = complaint.detail.as_deref().or(complaint.message.as_deref()).unwrap_or_default();
    let mut numbers = words.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    let number = numbers.next().filter(|_| numbers.next().is_none());
    Some((pointer, number))
}

fn code(complaint: &Complaint) -> Option<String> {
    let code = word(complaint.code.as_ref()?)?;
    let source = complaint.source.as_ref();
    let part = source.and_then(|source| source.pointer.as_ref().or(source.parameter.as_ref()));
    Some(match part.filter(|part| part.len() <= 64 && part.bytes().all(is_plain)) {
        Some(part) => format!("{code} at {part}"),
        None => code,
    })
}

/// A code, as a word or a number.
fn word(code: &Value) -> Option<String> {
    match code {
        Value::Number(number) => Some(number.to_string()),
        Value::String(word) if !word.is_empty() && word.len() <= 64 && word.bytes().all(is_plain) => Some(word.clone()),
        _ => None,
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)
}

#[cfg(test)]
mod tests {
    use Effect::{None as Nothing, Unknown};
    use ErrorKind::*;
    use Retry::{Backoff, Never};

    use super::*;

    const CALL: Call = Call {
        operation: "iam:CreateApiKey",
        service: "Confluent Cloud",
        setting: "keyrotation:confluent.endpoint",
        limit: SignedDuration::from_secs(1),
    };

    fn refused(status: u16, body: &str) -> Error {
        let answer = Answer { status, headers: Default::default(), body: body.as_bytes().to_vec().into() };
        Refusal::read(&answer).error(&CALL, ("service account sa-1", Some(&TEXTS)), SignedDuration::from_secs(7))
    }

    const TEXTS: Texts = Texts { display_name: (70, true), description: 300, mark: 60 };

    #[test]
    fn official_c5_a_text_that_is_too_long_names_its_input_and_the_room_that_is_left() {
        let about = |pointer: &str, detail: &str| {
            let body = format!(
                r#"{{"errors":[{{"code":"invalid","detail":"{detail}","source":{{"pointer":"{pointer}"}}}}]}}"#
            );
            let error = refused(422, &body);
            assert_eq!((error.kind, error.effect), (Invalid, Nothing));
            error.message
        };
        let told = about("/spec/description", "must be at most 255 characters");
        for part in ["`description`", "240 characters", "adds 60", "allows 255", "leaves 195"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(about("/spec/description", "is not valid").contains("shorten it"));
        assert!(about("/spec/description", "at most 20").contains("leaves 0"));
        let told = about("/spec/display_name", "longer than 64");
        assert!(
            told.contains("`displayName`") && told.contains("70 characters") && told.contains("allows 64"),
            "{told}"
        );
        assert!(about("/spec/owner", "is wrong").contains("malformed"));
    }

    fn errors(code: &str, detail: &str) -> String {
        format!(r#"{{"errors":[{{"id":"x","status":"1","code":"{code}","detail":"{detail}","source":{{}}}}]}}"#)
    }

    #[test]
    fn each_status_has_one_meaning() {
        let after = Retry::After(SignedDuration::from_secs(7));
        let table = [
            (400, (Invalid, Never, Nothing)),
            (401, (Unauthenticated, Never, Nothing)),
            (402, (LimitReached, Never, Nothing)),
            (403, (Denied, Never, Nothing)),
            (404, (Unexpected, Never, Unknown)),
            (408, (TimedOut, Backoff, Unknown)),
            (409, (Conflict, Backoff, Nothing)),
            (415, (Invalid, Never, Nothing)),
            (418, (Unexpected, Never, Unknown)),
            (422, (Invalid, Never, Nothing)),
            (429, (Throttled, after, Nothing)),
            (500, (Unexpected, Backoff, Unknown)),
            (503, (Unexpected, Backoff, Unknown)),
        ];
        for (status, (kind, retry, effect)) in table {
            let error = refused(status, &errors("some_code", "some words"));
            assert_eq!((error.kind, error.retry, error.effect), (kind, retry, effect), "{status}");
            assert!(!error.message.contains("some words"), "{error}");
        }
    }

    #[test]
    fn a_page_of_something_else_is_told_from_confluents_words() {
        for status in [402, 403, 404, 422] {
            let error = refused(status, "<html>proxy</html>");
            assert_eq!((error.kind, error.effect), (Unexpected, Unknown), "{status}");
            assert!(error.message.contains("keyrotation:confluent.endpoint"), "{error}");
        }
        let error = refused(401, "<html>proxy</html>");
        assert_eq!(error.kind, Unauthenticated);
        assert!(error.message.contains("proxy") && error.message.contains("cloudApiKey"), "{error}");
    }

    #[test]
    fn a_quota_is_known_in_both_forms() {
        let told = errors("bad_request", "Number of keys is currently limited to 10");
        for error in [refused(400, &told), refused(402, &errors("quota_exceeded", "full"))] {
            assert_eq!(error.kind, LimitReached);
            assert!(error.message.contains("sa-1") && error.message.contains("quota"), "{error}");
        }
        assert_eq!(refused(400, r#"{"message":"it is currently limited to 3"}"#).kind, LimitReached);
    }

    #[test]
    fn every_known_shape_gives_its_codes_and_pointers() {
        let one = r#"{"errors":[{"code":"invalid_configuration","source":{"pointer":"/spec/owner"}},{"code":"b"}]}"#;
        assert!(refused(422, one).message.contains("invalid_configuration at /spec/owner, b"));
        assert!(refused(403, r#"{"error_code":40301,"message":"no"}"#).message.contains("40301"));
        assert!(refused(400, r#"{"error":{"code":"gone","message":"no"}}"#).message.contains("gone"));
        let strange = errors("a b\\u0007<script>", "");
        assert!(!refused(400, &strange).message.contains("script"));
    }

    /// The table of what proves absence.
    #[test]
    fn lesson_b2_only_confluents_own_not_found_proves_absence() {
        let table = [
            (404, errors("api_key_not_found", "x"), true),
            (404, errors("service_account_not_found", "x"), true),
            (404, errors("resource_not_found", "x"), true),
            (404, r#"{"errors":[{"id":"x","status":"404","detail":"x","source":{}}]}"#.to_owned(), true),
            (404, errors("some_code", "x"), false),
            (404, r#"{"errors":[]}"#.to_owned(), false),
            (404, r#"{"message":"no Route matched with those values"}"#.to_owned(), false),
            (404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#.to_owned(), false),
            (404, r#"{"error":{"code":"not_found","message":"x"}}"#.to_owned(), false),
            (404, "<html>not found</html>".to_owned(), false),
            (404, String::new(), false),
            (403, errors("resource_not_found", "x"), false),
            (410, errors("resource_not_found", "x"), false),
        ];
        for (status, body, absent) in table {
            let error = refused(status, &body);
            assert_eq!(error.kind == NotFound, absent, "{status} {body}");
            assert!(status != 404 || absent || error.message.contains("keyrotation:confluent.endpoint"), "{error}");
        }
    }
}
