//! Oracle's request signatures, version 1, from the side that checks them.
//!
//! Follows "Request Signatures" of Oracle's documentation, which profiles
//! draft-cavage-http-signatures-08. Why a signature is not accepted is told to the journal alone.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use sha2::{Digest, Sha256};

use super::public_key::PublicKey;

/// How far a request's date may be from the service's own, either way.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const TARGET: &str = "(request-target)";
const ALWAYS: [&str; 3] = ["date", TARGET, "host"];
const WITH_BODY: [&str; 3] = ["content-length", "content-type", "x-content-sha256"];
/// What begins the id of a key that belongs to a session.
const SESSION: &str = "ST$";

/// A request as it came over the wire.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Path and query as sent.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Every value of a header, as it is signed.
    fn values(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all(name).iter().map(|value| value.to_str().map(str::trim));
        let values: Vec<&str> = values.collect::<Result<_, _>>().ok()?;
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Whose key is said to have signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyId {
    User { tenancy: String, user: String, fingerprint: String },
    Session(String),
}

/// What a request says about its own signature. Nothing of it is proven before [`Claim::verify`].
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) key: KeyId,
    signed: Vec<String>,
    signature: Vec<u8>,
}

type Checked<T> = Result<T, &'static str>;

impl Claim {
    /// Reads the `Authorization` header.
    pub(super) fn read(request: &Request) -> Checked<Self> {
        let claim = Self::read_any(request)?;
        claim.check_cover(request, &ALWAYS)?;
        Ok(claim)
    }

    /// The same of a request to the token service, which is signed without the host.
    pub(super) fn read_of_certificate(request: &Request) -> Checked<Self> {
        let claim = Self::read_any(request)?;
        claim.check_cover(request, &ALWAYS[..2])?;
        Ok(claim)
    }

    fn read_any(request: &Request) -> Checked<Self> {
        let header = request.header("authorization").ok_or("there is no Authorization header")?;
        let (scheme, parameters) = header.split_once(' ').ok_or("the Authorization header names no parameters")?;
        if !scheme.eq_ignore_ascii_case("signature") {
            return Err("the Authorization header is not a Signature");
        }
        let parameters = read_parameters(parameters)?;
        let get = |name: &str| parameters.get(name).copied();
        if get("version") != Some("1") {
            return Err("the signature's version is not 1");
        }
        if get("algorithm") != Some("rsa-sha256") {
            return Err("the signature's algorithm is not rsa-sha256");
        }
        let headers = get("headers").ok_or("the signature does not say which headers it covers")?;
        let signature = get("signature").ok_or("the Authorization header holds no signature")?;
        Ok(Self {
            key: read_key_id(get("keyId").ok_or("the signature names no keyId")?)?,
            signed: headers.split(' ').map(str::to_owned).collect(),
            signature: BASE64_STANDARD.decode(signature).map_err(|_| "the signature is not base64")?,
        })
    }

    /// The request's date must be within five minutes of `now`.
    pub(super) fn check_age(request: &Request, now: Timestamp) -> Checked<()> {
        let date = request.header("date").and_then(read_date).ok_or("the Date header is no HTTP date")?;
        if date.duration_since(now).abs() > SKEW {
            return Err("the Date header is more than five minutes off");
        }
        Ok(())
    }

    /// Length and digest must be those of the body, where they are signed.
    pub(super) fn check_body(&self, request: &Request) -> Checked<()> {
        let says = |name: &str| self.covers(name).then(|| request.header(name).unwrap_or_default());
        if says("content-length").is_some_and(|length| length != request.body.len().to_string()) {
            return Err("content-length is not the length of the body");
        }
        let digest = BASE64_STANDARD.encode(Sha256::digest(&request.body));
        if says("x-content-sha256").is_some_and(|stated| stated != digest) {
            return Err("x-content-sha256 is not the digest of the body");
        }
        Ok(())
    }

    /// The signature must be the one that `key` gives for exactly this request.
    pub(super) fn verify(&self, request: &Request, key: &PublicKey) -> Checked<()> {
        let text = self.text(request)?;
        let right = key.verifies(text.as_bytes(), &self.signature);
        if right { Ok(()) } else { Err("the signature is not that of the key for this request") }
    }

    fn check_cover(&self, request: &Request, always: &[&str]) -> Checked<()> {
        let has_body = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
        let more = if has_body { &WITH_BODY[..] } else { &[] };
        if always.iter().chain(more).all(|name| self.covers(name)) {
            return Ok(());
        }
        Err("the signature does not cover every header that it must")
    }

    pub(super) fn covers(&self, name: &str) -> bool {
        self.signed.iter().any(|signed| signed == name)
    }

    fn text(&self, request: &Request) -> Checked<String> {
        let line = |name: &String| {
            let value = match name.as_str() {
                TARGET => format!("{} {}", request.method.as_str().to_ascii_lowercase(), request.target),
                _ => request.values(name).ok_or("a header that the signature covers is not there")?,
            };
            Ok(format!("{name}: {value}"))
        };
        let lines: Vec<String> = self.signed.iter().map(line).collect::<Checked<_>>()?;
        Ok(lines.join("\n"))
    }
}

/// `name="value"`, separated by commas, in any order, each name once.
fn read_parameters(text: &str) -> Checked<BTreeMap<&str, &str>> {
    let mut parameters = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"").ok_or("a parameter of the signature is not name=\"value\"")?;
        let (value, after) = quoted.split_once('"').ok_or("a parameter of the signature has no closing quote")?;
        if parameters.insert(name.trim(), value).is_some() {
            return Err("a parameter of the signature is there twice");
        }
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return Err("the parameters of the signature are not separated by commas"),
        };
    }
    Ok(parameters)
}

fn read_key_id(text: &str) -> Checked<KeyId> {
    if let Some(token) = text.strip_prefix(SESSION) {
        return Ok(KeyId::Session(token.to_owned()));
    }
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        &[tenancy, user, fingerprint] => {
            Ok(KeyId::User { tenancy: tenancy.to_owned(), user: user.to_owned(), fingerprint: fingerprint.to_owned() })
        }
        _ => Err("the keyId is neither tenancy/user/fingerprint nor ST$ and a token"),
    }
}

/// The one form of HTTP dates that may still be sent (RFC 9110, IMF-fixdate).
fn read_date(text: &str) -> Option<Timestamp> {
    let date = civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    TimeZone::UTC.to_timestamp(date).ok()
}

#[cfg(test)]
mod tests;
