//! Oracle's version 1 of HTTP signatures (draft-cavage-08): RSA with SHA-256 over the target exactly as it is sent.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use outbound::{HeaderMap, HeaderName, HeaderValue, Method, Url};
use rotation::{Error, ErrorKind};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::keypair::Pair;
use crate::sources::exposed;

/// Whoever signs requests. [`KeySigner`] serves API keys, and sessions of users, instances and resources, whose `keyId` is `ST$TOKEN`.
pub(crate) trait Signer: Send + Sync {
    /// What `keyId` says: `TENANCY/USER/FINGERPRINT`, or `ST$TOKEN`, which is a secret.
    fn key_id(&self) -> &SecretString;

    /// The signature of a text.
    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error>;

    /// The token of a user on whose behalf requests are made, if there is one. It is a secret.
    fn delegation(&self) -> Option<&SecretString> {
        None
    }
}

/// Signs with a private key that is at hand.
pub(crate) struct KeySigner {
    key_id: SecretString,
    pair: Arc<Pair>,
    delegation: Option<SecretString>,
}

impl KeySigner {
    /// With a user's API key.
    pub(crate) fn of_user(tenancy: &str, user: &str, pair: Arc<Pair>) -> Self {
        Self { key_id: key_id(tenancy, user, pair.fingerprint()).into(), pair, delegation: None }
    }

    /// With a session's token and the key that it was made for.
    #[expect(clippy::disallowed_methods, reason = "the token is put into a secret again")]
    pub(crate) fn of_session(token: &SecretString, pair: Arc<Pair>) -> Self {
        let token = secrecy::ExposeSecret::expose_secret(token).trim();
        Self { key_id: format!("ST${token}").into(), pair, delegation: None }
    }

    /// With the key of an instance's certificate, of which this is the SHA-256. It signs the exchange for a token, and nothing else.
    pub(crate) fn of_certificate(tenancy: &str, fingerprint: &str, pair: Arc<Pair>) -> Self {
        Self { key_id: format!("{tenancy}/fed-x509-sha256/{fingerprint}").into(), pair, delegation: None }
    }

    /// The same, on behalf of the user of a delegation token.
    pub(crate) fn on_behalf(self, delegation: Option<SecretString>) -> Self {
        Self { delegation, ..self }
    }
}

impl Signer for KeySigner {
    fn key_id(&self) -> &SecretString {
        &self.key_id
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        self.pair.sign(text)
    }

    fn delegation(&self) -> Option<&SecretString> {
        self.delegation.as_ref()
    }
}

/// How Oracle names a key of a user.
pub(crate) fn key_id(tenancy: &str, user: &str, fingerprint: &str) -> String {
    format!("{tenancy}/{user}/{fingerprint}")
}

/// The headers of a request, signed at `now`. `body` is what the request will have; GET and DELETE have none to sign.
pub(crate) fn signed(
    signer: &dyn Signer,
    (method, url): (&Method, &Url),
    body: &[u8],
    now: Timestamp,
) -> Result<HeaderMap, Error> {
    let mut lines = vec![("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())];
    lines.push((TARGET, format!("{} {}", method.as_str().to_lowercase(), target(url))));
    lines.push(("host", host(url)));
    if let Some(token) = signer.delegation() {
        lines.push((DELEGATION, exposed(token).to_owned()));
    }
    if *method == Method::POST || *method == Method::PUT {
        lines.push(("content-length", body.len().to_string()));
        lines.push(("content-type", "application/json".to_owned()));
        lines.push(("x-content-sha256", BASE64_STANDARD.encode(Sha256::digest(body))));
    }
    let text: Vec<_> = lines.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let signature = BASE64_STANDARD.encode(signer.sign(text.join("\n").as_bytes())?);
    let names: Vec<_> = lines.iter().map(|(name, _)| *name).collect();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.iter().filter(|(name, _)| *name != TARGET) {
        let mut value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
        value.set_sensitive(*name == DELEGATION);
        headers.insert(HeaderName::from_static(name), value);
    }
    headers.insert(HeaderName::from_static("authorization"), authorization(signer, &names.join(" "), &signature)?);
    Ok(headers)
}

const TARGET: &str = "(request-target)";
/// The header of a delegation token.
const DELEGATION: &str = "opc-obo-token";

#[expect(
    clippy::disallowed_methods,
    reason = "a session's token is sent to the server, in a header that is marked sensitive"
)]
fn authorization(signer: &dyn Signer, names: &str, signature: &str) -> Result<HeaderValue, Error> {
    let key_id = secrecy::ExposeSecret::expose_secret(signer.key_id());
    let text = format!(
        r#"Signature version="1",keyId="{key_id}",algorithm="rsa-sha256",headers="{names}",signature="{signature}""#
    );
    let mut value = HeaderValue::from_str(&text).map_err(|_| unsendable())?;
    value.set_sensitive(true);
    Ok(value)
}

fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn unsendable() -> Error {
    let message = "the session token or a name in the request contains characters that cannot be sent in an HTTP header [KR-OCI-057]";
    Error::new(ErrorKind::Invalid, "", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keypair::KeyBits;

    const BODY: &[u8] = b"{\"key\":\"x\"}";

    fn headers(method: Method, url: &str, body: &[u8]) -> HeaderMap {
        let pair = Arc::new(Pair::generate(KeyBits::B2048).unwrap());
        let signer = KeySigner::of_user("ocid1.tenancy", "ocid1.user", pair);
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        signed(&signer, (&method, &url.parse().unwrap()), body, now).unwrap()
    }

    #[test]
    fn a_request_without_a_body_signs_date_target_and_host() {
        let headers = headers(Method::DELETE, "http://127.0.0.1:8080/20160918/users/u/apiKeys/aa:bb?x=1", b"");
        assert_eq!(headers["date"], "Sun, 01 Mar 2026 12:00:00 GMT");
        assert_eq!(headers["host"], "127.0.0.1:8080");
        let authorization = headers["authorization"].to_str().unwrap();
        assert!(authorization.contains(r#"headers="date (request-target) host","#), "{authorization}");
        assert!(authorization.contains(r#"keyId="ocid1.tenancy/ocid1.user/"#), "{authorization}");
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(target(&"https://h/a/aa:bb%3A?x=%20".parse().unwrap()), "/a/aa:bb%3A?x=%20");
        assert_eq!(host(&"https://h:443/".parse().unwrap()), "h");
    }

    #[test]
    fn a_body_is_signed_by_its_length_and_digest() {
        let headers = headers(Method::POST, "https://identity.eu-frankfurt-1.oci.oraclecloud.com/20160918/users", BODY);
        assert_eq!(headers["host"], "identity.eu-frankfurt-1.oci.oraclecloud.com");
        assert_eq!(headers["content-length"], BODY.len().to_string());
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["x-content-sha256"], BASE64_STANDARD.encode(Sha256::digest(BODY)));
        let names = "date (request-target) host content-length content-type x-content-sha256";
        assert!(headers["authorization"].to_str().unwrap().contains(names));
    }
}
