//! Signature Version 4, from the side that checks it.
//!
//! Follows "Create a signed AWS API request" of the IAM User Guide; the vectors in the tests are
//! the ones that AWS publishes. Only the `Authorization` header is read, not presigned URLs.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::error::Refusal;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// How far a request's date may be from the service's own, either way.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request as it came over the wire.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// As sent, without the query.
    pub(crate) path: String,
    /// As sent, without the question mark; empty if there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What a request says about its own signature. Nothing of it is proven before [`Claim::verify`].
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) access_key_id: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) session_token: Option<String>,
    date: String,
    signed_headers: Vec<String>,
    signature: Vec<u8>,
    stamp: String,
    time: Timestamp,
}

impl Claim {
    /// Reads the `Authorization` header and what belongs to it.
    pub(crate) fn read(request: &Request) -> Result<Self, Refusal> {
        let Some(header) = request.header("authorization") else {
            return Err(Refusal::missing_authentication());
        };
        let parts = header.strip_prefix(ALGORITHM).map(parts).ok_or_else(|| {
            Refusal::incomplete_signature("Authorization header requires the algorithm 'AWS4-HMAC-SHA256'.")
        })?;
        let part = |name: &str| {
            parts.get(name).copied().ok_or_else(|| {
                Refusal::incomplete_signature(&format!("Authorization header requires '{name}' parameter."))
            })
        };
        let credential: Vec<&str> = part("Credential")?.split('/').collect();
        let &[access_key_id, date, region, service, "aws4_request"] = credential.as_slice() else {
            return Err(Refusal::incomplete_signature(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ));
        };
        let stamp = request.header("x-amz-date").unwrap_or_default().to_owned();
        let claim = Self {
            access_key_id: access_key_id.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            session_token: request.header("x-amz-security-token").map(str::to_owned),
            date: date.to_owned(),
            signed_headers: part("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: hex::decode(part("Signature")?).unwrap_or_default(),
            time: parse_stamp(&stamp).ok_or_else(|| {
                Refusal::incomplete_signature(
                    "Authorization header requires existence of a 'X-Amz-Date' header in ISO-8601 basic format.",
                )
            })?,
            stamp,
        };
        claim.check_form()
    }

    /// The request's date must be within 15 minutes of `now`.
    pub(crate) fn check_age(&self, now: Timestamp) -> Result<(), Refusal> {
        let compact = |time: Timestamp| time.strftime(STAMP).to_string();
        let earliest = now.saturating_sub(SKEW).unwrap_or(now);
        let latest = now.saturating_add(SKEW).unwrap_or(now);
        if self.time < earliest {
            return Err(Refusal::signature(&format!(
                "Signature expired: {} is now earlier than {} ({} - 15 min.)",
                self.stamp,
                compact(earliest),
                compact(now)
            )));
        }
        if self.time > latest {
            return Err(Refusal::signature(&format!(
                "Signature not yet current: {} is still later than {} ({} + 15 min.)",
                self.stamp,
                compact(latest),
                compact(now)
            )));
        }
        Ok(())
    }

    /// The scope must name this service, and this region where the service knows only one.
    pub(crate) fn check_scope(&self, service: &str, region: Option<&str>) -> Result<(), Refusal> {
        if region.is_some_and(|region| region != self.region) {
            return Err(Refusal::signature("Credential should be scoped to a valid region. "));
        }
        if self.service != service {
            return Err(Refusal::signature(&format!("Credential should be scoped to correct service: '{service}'. ")));
        }
        Ok(())
    }

    /// The signature must be the one that `secret` gives for exactly this request.
    pub(crate) fn verify(&self, request: &Request, secret: &str) -> Result<(), Refusal> {
        let payload = hex::encode(Sha256::digest(&request.body));
        let stated = request.header("x-amz-content-sha256");
        if stated.is_some_and(|stated| stated != payload) {
            return Err(Refusal::signature(Refusal::SIGNATURE_DIFFERS));
        }
        let canonical = canonical_request(request, &self.signed_headers, &payload);
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let hashed = hex::encode(Sha256::digest(canonical));
        let to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{hashed}", self.stamp);
        let key = signing_key(secret, &self.date, &self.region, &self.service);
        mac(&key, to_sign.as_bytes())
            .verify_slice(&self.signature)
            .map_err(|_| Refusal::signature(Refusal::SIGNATURE_DIFFERS))
    }

    fn check_form(self) -> Result<Self, Refusal> {
        if !self.stamp.starts_with(&self.date) {
            return Err(Refusal::signature(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
            ));
        }
        let signs = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        if !signs("host") {
            return Err(Refusal::signature(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            ));
        }
        Ok(self)
    }
}

/// `name=value` pairs that commas or spaces separate.
fn parts(text: &str) -> BTreeMap<&str, &str> {
    text.split([',', ' ']).filter_map(|part| part.trim().split_once('=')).collect()
}

fn parse_stamp(stamp: &str) -> Option<Timestamp> {
    let time: Timestamp = stamp.parse().ok()?;
    // The parser knows more ways to write a time than SigV4 does.
    (time.strftime(STAMP).to_string() == stamp).then_some(time)
}

fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> Vec<u8> {
    let first = format!("AWS4{secret}").into_bytes();
    let parts = [date, region, service, "aws4_request"];
    parts.iter().fold(first, |key, part| mac(&key, part.as_bytes()).finalize().into_bytes().to_vec())
}

fn canonical_request(request: &Request, signed_headers: &[String], payload: &str) -> String {
    let headers: String =
        signed_headers.iter().map(|name| format!("{name}:{}\n", canonical_header(request, name))).collect();
    [
        request.method.as_str(),
        &canonical_path(&request.path),
        &canonical_query(&request.query),
        &headers,
        &signed_headers.join(";"),
        payload,
    ]
    .join("\n")
}

/// Every value of a header, each without superfluous spaces.
fn canonical_header(request: &Request, name: &str) -> String {
    let values = request.headers.get_all(name).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(",")
}

/// Without `.`, `..` and doubled slashes, and encoded once more than it was sent.
fn canonical_path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let encoded: Vec<String> = kept.iter().map(|segment| encode(segment)).collect();
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", encoded.join("/"))
}

/// Decoded, encoded in the one way that SigV4 knows, and in order.
fn canonical_query(query: &str) -> String {
    let recode = |text: &str| encode(&percent_decode_str(text).decode_utf8_lossy());
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    // HMAC takes a key of any length, so the error that the signature allows for cannot occur;
    // should it, an empty key verifies nothing.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests;
