//! Instance principals: a machine exchanges the certificate that its metadata service gives for a token.
//!
//! As Oracle's SDKs do it (`federation_client.go`, `instance_principal_key_provider.go`).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Call, HeaderMap, HeaderName, HeaderValue, Method, Peer, Url, repeat};
use rotation::{Error, ErrorKind, Retry};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::located::Located;
use super::source::{Fresh, Means, TokenSource, unusable};
use crate::keypair::{KeyBits, KeySource, Pair};
use crate::signer::{KeySigner, signed};
use crate::sources::exposed;

/// A machine in OCI.
pub(crate) struct Instance {
    /// The address of the metadata service, and the setting that named it.
    pub(crate) metadata: String,
    /// The address of the service that gives tokens; none if it follows from the machine's region.
    pub(crate) auth: Option<String>,
    /// A delegation token: then the machine acts on behalf of a user.
    pub(crate) delegation: Option<Located>,
}

/// What the metadata service gives.
struct Certificates {
    leaf: Vec<u8>,
    pair: Arc<Pair>,
    intermediate: Vec<u8>,
    tenancy: String,
}

#[derive(Deserialize)]
struct Given {
    token: SecretString,
}

#[async_trait]
impl TokenSource for Instance {
    async fn next(&self, means: Means<'_>) -> Result<Fresh, Error> {
        let delegation = self.delegation.as_ref().map(Located::read).transpose()?;
        let delegation = delegation.map(|token| exposed(&token).trim().into());
        let certificates = self.certificates(means).await?;
        let pair = generate(means.pairs).await?;
        let token = self.exchange(means, &certificates, &pair).await?;
        Ok(Fresh { token, pair, delegation })
    }

    async fn region(&self, means: Means<'_>) -> Result<Option<String>, Error> {
        let said = self.metadata(means, "instance/region").await?;
        let said = String::from_utf8_lossy(&said.body).trim().to_owned();
        Ok(Some(means.regions.named(&said).unwrap_or(said)))
    }

    fn early(&self) -> SignedDuration {
        SignedDuration::from_mins(5)
    }

    fn ended(&self, at: Timestamp) -> String {
        format!("OCI gave a token that had ended at {at}: check the clock of this machine [KR-OCI-071]")
    }
}

impl Instance {
    async fn certificates(&self, means: Means<'_>) -> Result<Certificates, Error> {
        let leaf = der(&self.metadata(means, "identity/cert.pem").await?.body)?;
        let key = self.metadata(means, "identity/key.pem").await?;
        let key = std::str::from_utf8(&key.body).map_err(|_| broken("a private key"))?;
        let pair = Arc::new(Pair::from_pem(&key.into(), None).map_err(|_| broken("a private key"))?);
        let intermediate = der(&self.metadata(means, "identity/intermediate.pem").await?.body)?;
        let tenancy = tenancy_in(&leaf).ok_or_else(|| broken("a certificate of an instance"))?;
        Ok(Certificates { leaf, pair, intermediate, tenancy })
    }

    async fn metadata(&self, means: Means<'_>, path: &str) -> Result<Answer, Error> {
        let url = format!("{}/{path}", self.metadata.trim_end_matches('/'));
        let url: Url = url.parse().map_err(|_| unusable("OCI_METADATA_BASE_URL is not a URL [KR-OCI-072]"))?;
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer Oracle"));
        let client = means.client.to(Peer { from: "where instances of OCI find it".to_owned(), ..Peer::default() });
        let ask = || async {
            let answer =
                client.send(&METADATA, (Method::GET, url.clone()), headers.clone(), Zeroizing::default()).await?;
            match answer.status {
                200 => Ok(answer),
                404 => Err(unusable(format!(
                    "the instance metadata service has no {path}: instance principals work on compute instances of OCI only [KR-OCI-073]"
                ))),
                status => {
                    let message = format!("the instance metadata service answered with status {status} [KR-OCI-074]");
                    let retry = if status >= 500 || status == 429 { Retry::Backoff } else { Retry::Never };
                    Err(METADATA.error(ErrorKind::Unauthenticated, message).retry(retry))
                }
            }
        };
        repeat(means.clock, ask).await
    }

    /// Exchanges the certificate for a token that a new key signs with. The request is signed with the certificate's key.
    async fn exchange(&self, means: Means<'_>, own: &Certificates, pair: &Pair) -> Result<SecretString, Error> {
        let public = pair.public_pem();
        let public: String = public.lines().filter(|line| !line.starts_with("-----")).collect();
        let body = json!({
            "certificate": BASE64_STANDARD.encode(&own.leaf),
            "publicKey": public,
            "intermediateCertificates": [BASE64_STANDARD.encode(&own.intermediate)],
            "fingerprintAlgorithm": "SHA256",
        });
        let body = Zeroizing::new(body.to_string().into_bytes());
        let url = format!("{}/v1/x509", self.auth_address(means).await?.trim_end_matches('/'));
        let url: Url = url.parse().map_err(|_| unusable("OCI_SDK_AUTH_CLIENT_REGION_URL is not a URL [KR-OCI-075]"))?;
        let signer = KeySigner::of_certificate(&own.tenancy, &fingerprint(&own.leaf), Arc::clone(&own.pair));
        let client = means
            .client
            .to(Peer { from: "OCI's own address in the region of the instance".to_owned(), ..Peer::default() });
        let ask = || async {
            let mut headers = signed(&signer, (&Method::POST, &url), &body, means.clock.now())?;
            headers.insert(HeaderName::from_static("accept"), HeaderValue::from_static("application/json"));
            let answer = client.send(&FEDERATION, (Method::POST, url.clone()), headers, body.clone()).await?;
            match answer.status {
                200 => answer.json::<Given>(&FEDERATION).map(|given| given.token),
                401 => Err(unusable(
                    "OCI did not accept the certificate of this instance (NotAuthenticated): check the clock of this machine, and whether the certificate has ended [KR-OCI-076]",
                )),
                status => {
                    let message = format!(
                        "OCI gave no token for the certificate of this instance (status {status}) [KR-OCI-077]"
                    );
                    let retry = if status >= 500 || status == 429 { Retry::Backoff } else { Retry::Never };
                    Err(FEDERATION.error(ErrorKind::Unauthenticated, message).retry(retry))
                }
            }
        };
        repeat(means.clock, ask).await
    }

    async fn auth_address(&self, means: Means<'_>) -> Result<String, Error> {
        if let Some(address) = &self.auth {
            return Ok(address.clone());
        }
        let region = self.region(means).await?.unwrap_or_default();
        let (name, regions) = means.regions.other(&region);
        let domain = regions.domain().or(means.regions.domain());
        let domain = domain.ok_or_else(|| unusable(format!("the region of this instance, {name:?}, is not in the plugin's table of regions: set OCI_SDK_AUTH_CLIENT_REGION_URL [KR-OCI-078]")))?;
        Ok(format!("https://auth.{name}.{domain}"))
    }
}

/// A key for one token.
pub(super) async fn generate(pairs: &Arc<dyn KeySource>) -> Result<Arc<Pair>, Error> {
    let pairs = Arc::clone(pairs);
    let made = tokio::task::spawn_blocking(move || pairs.pair(KeyBits::default())).await;
    made.map_err(|_| unusable("no key could be generated [KR-OCI-079]"))?
}

const METADATA: Call = Call {
    operation: super::source::OPERATION,
    service: "the instance metadata service of OCI",
    setting: "OCI_METADATA_BASE_URL",
    limit: SignedDuration::from_secs(10),
};
const FEDERATION: Call = Call {
    operation: super::source::OPERATION,
    service: "OCI's token service",
    setting: "OCI_SDK_AUTH_CLIENT_REGION_URL",
    limit: SignedDuration::from_secs(10),
};

fn broken(what: &str) -> Error {
    unusable(format!("the instance metadata service did not give {what} [KR-OCI-080]"))
}

/// The first certificate of a PEM text.
fn der(pem: &[u8]) -> Result<Vec<u8>, Error> {
    let text = std::str::from_utf8(pem).map_err(|_| broken("a certificate"))?;
    let body = text.split_once("-----BEGIN CERTIFICATE-----").and_then(|(_, rest)| rest.split_once("-----END"));
    let body: String = body.map(|(body, _)| body.split_whitespace().collect()).unwrap_or_default();
    let der = BASE64_STANDARD.decode(body).ok().filter(|der| !der.is_empty());
    der.ok_or_else(|| broken("a certificate"))
}

/// The SHA-256 of a certificate, as Oracle writes it.
fn fingerprint(der: &[u8]) -> String {
    let pairs: Vec<_> = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// The tenancy in the subject of an instance's certificate. The name is a text in DER, whose length stands before it.
fn tenancy_in(der: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"opc-tenant:";
    let at = der.windows(MARK.len()).position(|part| part == MARK)?;
    let length = usize::from(*der.get(at.checked_sub(1)?)?);
    let text = std::str::from_utf8(der.get(at + MARK.len()..at + length)?).ok()?;
    text.starts_with("ocid1.").then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenancy_is_read_with_its_own_length() {
        let name = b"opc-tenant:ocid1.tenancy.oc1..aaaa";
        let mut der = vec![0x30, 0x80, 0x0c, u8::try_from(name.len()).unwrap()];
        der.extend_from_slice(name);
        // What follows looks like more of the name.
        der.extend_from_slice(b"1011");
        assert_eq!(tenancy_in(&der).as_deref(), Some("ocid1.tenancy.oc1..aaaa"));
        assert_eq!(tenancy_in(b"nothing"), None);
        assert_eq!(tenancy_in(b"opc-tenant:ocid1"), None);
    }

    #[test]
    fn a_certificate_is_named_by_its_digest() {
        let pem = b"x\n-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n";
        assert_eq!(der(pem).unwrap(), [0, 1, 2]);
        assert!(fingerprint(&[0, 1, 2]).starts_with("ae:4b:32:80"), "{}", fingerprint(&[0, 1, 2]));
        assert!(der(b"nothing").is_err());
    }
}
