use std::fmt;

use outbound::{Answer, Call};
use rotation::{Effect, Error, ErrorKind, Retry};
use serde::Deserialize;
use serde_json::Value;

use crate::request::Request;

/// What the server says of a refusal. Never shown: it may repeat what was sent.
#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    errors: Vec<String>,
}

/// What an answer says about absence. Only [`Proven`](Self::Proven) means that something does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// There is nothing at the path, or no such role or secret-id.
    Proven,
    /// Nothing is mounted there, in this namespace.
    NoMount,
    /// What is mounted there does not know the path: it is of another type.
    OtherEngine,
    /// The namespace does not exist.
    NoNamespace,
    /// The answer is not in Vault's form: somebody else gave it.
    NotVault,
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proven => "it does not exist",
            Self::NoMount => "nothing is mounted there",
            Self::OtherEngine => "another engine is mounted there",
            Self::NoNamespace => "the namespace does not exist",
            Self::NotVault => "the answer is not Vault's",
        })
    }
}

impl std::error::Error for Absence {}

/// The table of what proves absence (Vault's API documentation, "HTTP status codes"; the words are those of Vault and OpenBao). None if an
/// answer says nothing of it. `is_patch`: a merge patch of what does not exist is answered with nothing at all.
pub(crate) fn absence(is_patch: bool, status: u16, body: &[u8]) -> Option<Absence> {
    let words = words_in(body);
    // First, because a role may be called after a namespace.
    if matches!(status, 400 | 404 | 500) && is_absence(&words) {
        return Some(Absence::Proven);
    }
    if status != 404 {
        return None;
    }
    let says = |part: &str| words.contains(part);
    Some(match () {
        () if is_patch && body.is_empty() => Absence::Proven,
        () if !is_vaults(body) => Absence::NotVault,
        () if says("namespace") => Absence::NoNamespace,
        () if says("no handler for route") => Absence::NoMount,
        () if says("unsupported path") => Absence::OtherEngine,
        () if words.is_empty() => Absence::Proven,
        () => return None,
    })
}

/// What made a call fail, if it was one of the answers that look like absence and prove none.
pub(crate) fn absence_of(error: &Error) -> Option<Absence> {
    error.source.as_ref()?.downcast_ref().copied()
}

/// Whether a body is in a form that Vault gives to a 404: a list of errors, or a whole answer about what was deleted.
fn is_vaults(body: &[u8]) -> bool {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return false };
    body.get("errors").is_some_and(Value::is_array) || (body.contains_key("request_id") && body.contains_key("data"))
}

/// The failure that an answer is which looks like absence and proves none.
pub(crate) fn unproven(request: &Request, answer: &Answer, absence: Absence) -> Error {
    let path = &request.path;
    let error = match absence {
        Absence::NoMount => no_mount(request.operation, path),
        Absence::OtherEngine => {
            let message = format!(
                "the engine that is mounted at the beginning of {path:?} (`mount`, `path`) does not have this path, so it is of another type: check `mount` and `path`. Nothing was changed [KR-VAULT-032]"
            );
            Error::new(ErrorKind::Invalid, request.operation, message)
        }
        Absence::NoNamespace => {
            let message =
                "the namespace does not exist: check keyrotation:vault.namespace or VAULT_NAMESPACE [KR-VAULT-033]";
            Error::new(ErrorKind::Invalid, request.operation, message)
        }
        Absence::Proven | Absence::NotVault => refused(request, answer),
    };
    Error { source: Some(Box::new(absence)), ..error }
}

/// Nothing is mounted at a path, which is no proof that the keys there are gone.
pub(crate) fn no_mount(operation: &'static str, path: &str) -> Error {
    let message = format!(
        "nothing is mounted at {path:?} or at its beginning (`mount`, `path`): it does not exist on this server, or not in this namespace. Check `mount`, keyrotation:vault.address and keyrotation:vault.namespace. Nothing was changed. If the engine was removed on purpose, its keys went with it: remove the resource with `pulumi state delete` [KR-VAULT-034]"
    );
    Error::new(ErrorKind::NotFound, operation, message)
}

/// The server's own words about a refusal, to be compared and never shown.
pub(crate) fn words(answer: &Answer) -> String {
    words_in(&answer.body)
}

fn words_in(body: &[u8]) -> String {
    serde_json::from_slice::<Refusal>(body).unwrap_or_default().errors.join("; ")
}

/// AppRole says with 400 that there is no such role, and with 400 or 500 that there is no such secret-id.
pub(crate) fn is_absence(words: &str) -> bool {
    (words.contains("role \"") && words.contains("does not exist")) || words.contains("failed to find accessor entry")
}

/// The failure of a request by the server's answer, in words for people.
pub(crate) fn refused(request: &Request, answer: &Answer) -> Error {
    let words = words(answer);
    let (kind, retry, effect) = match answer.status {
        404 if !is_vaults(&answer.body) => (ErrorKind::Unexpected, Retry::Never, Effect::None),
        status => judge(status, &words),
    };
    let (retry, effect) = match pause(answer) {
        Some(pause) if retry == Retry::Backoff => (Retry::After(pause), effect),
        _ => (retry, effect),
    };
    Error::new(kind, request.operation, told(request, kind, answer.status, &words)).retry(retry).effect(effect)
}

/// What a database connection lacks for a rotation of its own, if that is why it was refused.
fn lacks_root(words: &str) -> Option<&'static str> {
    let lacks = |what: &&str| words.contains(&format!("no {what} in configuration"));
    ["username", "password"].into_iter().find(lacks)
}

/// What a status and the server's words mean. A server that is sealed or a standby says so before it does anything; what it says
/// with 500 may come after an effect.
fn judge(status: u16, words: &str) -> (ErrorKind, Retry, Effect) {
    let says = |part: &str| words.contains(part);
    match status {
        400 if says("did not match the current version") => (ErrorKind::Conflict, Retry::Never, Effect::None),
        400 if says("Upgrading from non-versioned") => (ErrorKind::Conflict, Retry::Backoff, Effect::None),
        500 if says("CIDR blocks") => (ErrorKind::Invalid, Retry::Never, Effect::None),
        // The AWS engine passes on what AWS says to its first call of a rotation.
        500 if says("CreateAccessKey") && says("LimitExceeded") => {
            (ErrorKind::LimitReached, Retry::Never, Effect::None)
        }
        // Looked at before the database is asked for anything.
        500 if lacks_root(words).is_some() => (ErrorKind::Invalid, Retry::Never, Effect::None),
        500 if says("failed to find entry for connection") => (ErrorKind::NotFound, Retry::Never, Effect::None),
        400 | 405 | 413 | 415 => (ErrorKind::Invalid, Retry::Never, Effect::None),
        403 => (ErrorKind::Denied, Retry::Never, Effect::None),
        404 => (ErrorKind::NotFound, Retry::Never, Effect::None),
        412 => (ErrorKind::Conflict, Retry::Backoff, Effect::None),
        429 => (ErrorKind::Throttled, Retry::Backoff, Effect::None),
        301..=308 | 472 | 473 => (ErrorKind::Unreachable, Retry::Never, Effect::None),
        503 if says("sealed") => (ErrorKind::Unreachable, Retry::Backoff, Effect::None),
        500 | 503 if says("standby") || says("node not active") => {
            (ErrorKind::Unreachable, Retry::Backoff, Effect::None)
        }
        402..=499 => (ErrorKind::Unexpected, Retry::Never, Effect::None),
        _ => (ErrorKind::Unexpected, Retry::Backoff, Effect::Unknown),
    }
}

fn told(request: &Request, kind: ErrorKind, status: u16, words: &str) -> String {
    let path = &request.path;
    if let Some(what) = lacks_root(words) {
        return format!(
            "{path:?} was refused with \"unable to rotate root credentials: no {what} in configuration\": write `username` and `password` to the connection, so that the engine has something to rotate, or remove the resource. Nothing was changed [KR-VAULT-035]"
        );
    }
    match kind {
        ErrorKind::Denied => denied(request),
        ErrorKind::Conflict if status == 400 && words.contains("did not match") => {
            format!("somebody else wrote {path:?} at the same moment, and was not overwritten: run `pulumi up` again [KR-VAULT-036]")
        }
        ErrorKind::Conflict => format!("the server is not ready for {path:?} yet: run `pulumi up` again in a minute [KR-VAULT-037]"),
        ErrorKind::Throttled => "the server is rate limiting the plugin: run `pulumi up` again in a minute [KR-VAULT-038]".to_owned(),
        ErrorKind::NotFound => format!("{path:?} does not exist: check `mount` and `path` [KR-VAULT-039]"),
        ErrorKind::Invalid if words.contains("check-and-set parameter required") => {
            format!(
                "{path:?} takes only writes with check-and-set, and this one had none; this is a bug: please report it [KR-VAULT-040]"
            )
        }
        ErrorKind::Invalid if status == 405 => {
            format!(
                "the server does not take {} at {path:?}: check that what `mount` names is of the right type [KR-VAULT-041]",
                request.method
            )
        }
        ErrorKind::Invalid if words.contains("CIDR blocks") => {
            "the server does not take `cidrList`: each block must be within the role's secret_id_bound_cidrs [KR-VAULT-042]".to_owned()
        }
        ErrorKind::Invalid if words.contains("role's secret_id_ttl") => {
            "`ttl` is longer than the role's secret_id_ttl: shorten it, or raise that of the role [KR-VAULT-043]".to_owned()
        }
        ErrorKind::Invalid if words.contains("bind_secret_id is not set") => {
            "the role (`role`) has no secret-ids: its bind_secret_id is false [KR-VAULT-044]".to_owned()
        }
        ErrorKind::Invalid => format!("the server refused what was written to {path:?} (status {status}) [KR-VAULT-045]"),
        ErrorKind::Unreachable if words.contains("sealed") => {
            "the server is sealed: unseal it, then run `pulumi up` again [KR-VAULT-046]".to_owned()
        }
        ErrorKind::Unreachable => format!(
            "the server is a standby and does not answer for the active one (status {status}): let keyrotation:vault.address name the active one [KR-VAULT-047]"
        ),
        _ if words.is_empty() => format!(
            "status {status} without Vault's form of an error: check that keyrotation:vault.address leads to Vault and not to a proxy [KR-VAULT-048]"
        ),
        _ => format!("the server failed at {path:?} (status {status}); its own log says why [KR-VAULT-049]"),
    }
}

/// The token works and lacks a right.
pub(crate) fn denied(request: &Request) -> String {
    let Request { path, .. } = request;
    format!(
        "the token that the plugin uses lacks the capability {} on {path:?}: allow it in a policy of the token [KR-VAULT-050]",
        request.capability()
    )
}

/// The token does not work at all.
pub(crate) fn dead(request: &Request) -> Error {
    let message = format!(
        "the token that the plugin uses was refused: it is wrong or has expired; check VAULT_TOKEN or keyrotation:vault.token. In `pulumi refresh` and `pulumi destroy`, keyrotation:vault.token comes from the stack's state: set VAULT_TOKEN instead, or add `--run-program`. (A token whose policies also forbid auth/token/lookup-self may live and lack the capability {} on {:?}.) [KR-VAULT-051]",
        request.capability(),
        request.path
    );
    Error::new(ErrorKind::Unauthenticated, request.operation, message)
}

/// The answer of a call lacks what it always has.
pub(crate) fn incomplete(call: &Call, what: &str) -> Error {
    let message = format!("the answer of {} has no {what} [KR-VAULT-052]", call.service);
    call.error(ErrorKind::Unexpected, message).effect(Effect::Unknown)
}

fn pause(answer: &Answer) -> Option<jiff::SignedDuration> {
    let seconds = answer.header("retry-after")?.parse().ok().filter(|seconds| (0..=300).contains(seconds))?;
    Some(jiff::SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use outbound::{HeaderMap, Method};
    use zeroize::Zeroizing;

    use super::*;

    fn error(status: u16, words: &str) -> Error {
        let body = serde_json::json!({"errors": [words]}).to_string().into_bytes();
        let answer = Answer { status, headers: HeaderMap::new(), body: Zeroizing::new(body) };
        refused(&Request::new("vault kv put", Method::POST, "secret/data/app"), &answer)
    }

    #[test]
    fn each_refusal_has_its_meaning_and_an_honest_effect() {
        let cases = [
            (400, "check-and-set parameter did not match the current version", ErrorKind::Conflict, Effect::None),
            (400, "no data provided", ErrorKind::Invalid, Effect::None),
            (400, "ttl cannot be longer than the role's secret_id_ttl", ErrorKind::Invalid, Effect::None),
            (500, "failed to validate CIDR blocks: invalid CIDR address", ErrorKind::Invalid, Effect::None),
            (
                500,
                "error calling CreateAccessKey: LimitExceeded: Cannot exceed quota",
                ErrorKind::LimitReached,
                Effect::None,
            ),
            (
                500,
                "error calling DeleteAccessKey: LimitExceeded: Cannot exceed quota",
                ErrorKind::Unexpected,
                Effect::Unknown,
            ),
            (500, "failed to find entry for connection with name: \"x\"", ErrorKind::NotFound, Effect::None),
            (500, "unable to rotate root credentials: no username in configuration", ErrorKind::Invalid, Effect::None),
            (500, "unable to rotate root credentials: no password in configuration", ErrorKind::Invalid, Effect::None),
            (403, "permission denied", ErrorKind::Denied, Effect::None),
            (404, "", ErrorKind::NotFound, Effect::None),
            (412, "required index state not present", ErrorKind::Conflict, Effect::None),
            (429, "request path \"x\": rate limit quota exceeded", ErrorKind::Throttled, Effect::None),
            (307, "", ErrorKind::Unreachable, Effect::None),
            (503, "Vault is sealed", ErrorKind::Unreachable, Effect::None),
            (500, "local node not active but active cluster node not found", ErrorKind::Unreachable, Effect::None),
            (500, "internal error", ErrorKind::Unexpected, Effect::Unknown),
            (502, "", ErrorKind::Unexpected, Effect::Unknown),
            (504, "", ErrorKind::Unexpected, Effect::Unknown),
        ];
        for (status, words, kind, effect) in cases {
            let error = error(status, words);
            assert_eq!((error.kind, error.effect), (kind, effect), "{status} {words:?}");
        }
    }

    #[test]
    fn official_c3_a_connection_without_a_root_is_told_in_the_servers_words() {
        for what in ["username", "password"] {
            let words =
                format!("1 error occurred:\n\t* unable to rotate root credentials: no {what} in configuration\n\n");
            let error = error(500, &words);
            assert_eq!(error.retry, Retry::Never);
            assert!(error.message.contains(&format!("no {what} in configuration")), "{error}");
        }
    }

    #[test]
    fn absence_is_known_by_the_words_of_each_engine() {
        for words in ["role \"ci\" does not exist", "* failed to find accessor entry for secret_id_accessor: \"x\""] {
            assert!(is_absence(words), "{words}");
        }
        assert!(!is_absence("namespace does not exist") && !is_absence("internal error"));
    }

    /// The table of what proves absence, and what only looks like it.
    #[test]
    fn lesson_b2_only_vaults_documented_answers_prove_absence() {
        use Absence::*;
        let errors = |words: &str| serde_json::json!({"errors": [words]}).to_string();
        let destroyed = r#"{"request_id":"r","lease_id":"","data":{"data":null,"metadata":{"destroyed":true}}}"#;
        let table = [
            (404, r#"{"errors":[]}"#.to_owned(), Some(Proven)),
            (404, destroyed.to_owned(), Some(Proven)),
            (404, errors("role \"ci\" does not exist"), Some(Proven)),
            (500, errors("failed to find accessor entry for secret_id_accessor: x"), Some(Proven)),
            (404, errors("no handler for route \"kv/metadata/app\". route entry not found."), Some(NoMount)),
            (404, errors("1 error occurred: unsupported path"), Some(OtherEngine)),
            (404, errors("namespace not found"), Some(NoNamespace)),
            (404, "<html>404 Not Found</html>".to_owned(), Some(NotVault)),
            (404, String::new(), Some(NotVault)),
            (404, "{}".to_owned(), Some(NotVault)),
            (404, r#"{"message":"no Route matched"}"#.to_owned(), Some(NotVault)),
            (404, r#"{"error":"not found"}"#.to_owned(), Some(NotVault)),
            (404, errors("something else"), None),
            (403, r#"{"errors":["permission denied"]}"#.to_owned(), None),
            (403, "<html>forbidden</html>".to_owned(), None),
            (405, r#"{"errors":["unsupported operation"]}"#.to_owned(), None),
            (503, r#"{"errors":["Vault is sealed"]}"#.to_owned(), None),
        ];
        for (status, body, expected) in table {
            assert_eq!(absence(false, status, body.as_bytes()), expected, "{status} {body}");
        }
        assert_eq!(absence(true, 404, b""), Some(Proven), "a patch of what does not exist");
        assert_eq!(absence(true, 404, b"<html>"), Some(NotVault));
    }

    #[test]
    fn lesson_b2_a_404_of_somebody_else_is_told_as_such() {
        let answer = Answer { status: 404, headers: HeaderMap::new(), body: Zeroizing::new(b"<html>".to_vec()) };
        let request = Request::new("vault kv get", Method::GET, "secret/data/app");
        let error = unproven(&request, &answer, Absence::NotVault);
        assert_eq!((error.kind, absence_of(&error)), (ErrorKind::Unexpected, Some(Absence::NotVault)));
        assert!(error.message.contains("keyrotation:vault.address"), "{error}");
    }

    #[test]
    fn a_denial_names_the_path_and_the_capability() {
        let text = error(403, "permission denied").to_string();
        assert!(text.contains("\"secret/data/app\"") && text.contains("create and update"), "{text}");
    }

    #[test]
    fn nothing_that_the_server_said_is_repeated() {
        for status in [400, 403, 404, 405, 412, 418, 429, 500, 503] {
            assert!(!error(status, "s3cr3t").to_string().contains("s3cr3t"), "{status}");
        }
    }
}
