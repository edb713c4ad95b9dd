//! Workload identity of OKE: a pod exchanges the token of its service account for one of OCI, at a service of the cluster.
//!
//! As Oracle's SDK for Go does it (`federation_client_oke_workload_identity.go`).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use outbound::{Call, Client, HeaderMap, HeaderValue, Method, Peer, Proxies, Settings, Url, repeat};
use rotation::{Error, ErrorKind};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::instance::generate;
use super::located::Located;
use super::source::{Fresh, Means, TokenSource, unusable};
use crate::sources::exposed;

/// A pod of an enhanced cluster.
pub(crate) struct Oke {
    /// The cluster's address, as pods find it in `KUBERNETES_SERVICE_HOST`.
    pub(crate) host: String,
    pub(crate) token: Located,
    pub(crate) authority: Located,
}

/// The port of the service that exchanges tokens.
const PORT: u16 = 12250;

#[derive(Deserialize)]
struct Given {
    token: String,
}

#[async_trait]
impl TokenSource for Oke {
    async fn next(&self, means: Means<'_>) -> Result<Fresh, Error> {
        let pair = generate(means.pairs).await?;
        let body = Zeroizing::new(json!({"podKey": pair.public_pem()}).to_string().into_bytes());
        let client = self.client(means)?;
        let answer = repeat(means.clock, || async {
            let answer = client.send(&CALL, (Method::POST, self.url()?), self.headers()?, body.clone()).await?;
            match answer.status {
                200 => Ok(answer),
                403 => Err(unusable(
                    "the cluster does not exchange the token of the pod's service account (status 403): workload identity needs an enhanced cluster [KR-OCI-081]",
                )),
                401 => Err(unusable(format!(
                    "the cluster refused the token of the pod's service account, {} (status 401): it has ended, or is meant for another audience [KR-OCI-082]",
                    self.token.name()
                ))),
                status @ 500.. => {
                    let message = format!("the cluster's token service answered with status {status} [KR-OCI-083]");
                    Err(CALL.error(ErrorKind::Unreachable, message).retry(rotation::Retry::Backoff))
                }
                status => {
                    Err(unusable(format!("the cluster's token service answered with status {status} [KR-OCI-083]")))
                }
            }
        });
        let token = token_in(&answer.await?.body)
            .ok_or_else(|| unusable("the answer of the cluster's token service could not be read [KR-OCI-084]"))?;
        Ok(Fresh { token, pair, delegation: None })
    }

    fn early(&self) -> SignedDuration {
        SignedDuration::from_mins(5)
    }

    fn ended(&self, at: Timestamp) -> String {
        format!("the cluster gave a token that had ended at {at}: check the clock of this machine [KR-OCI-085]")
    }
}

impl Oke {
    /// Trusts the cluster's authority too, and takes no proxy: the service is in the cluster.
    fn client(&self, means: Means<'_>) -> Result<Client, Error> {
        let trusted = exposed(&self.authority.read()?).as_bytes().to_vec();
        let settings = Settings { trusted, proxies: Some(Proxies::default()), ..Settings::default() };
        let peer =
            Peer { from: "from KUBERNETES_SERVICE_HOST".to_owned(), trust: "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH" };
        Ok(Client::new(&settings, Arc::clone(means.clock))?.to(peer))
    }

    fn url(&self) -> Result<Url, Error> {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let url = format!("https://{host}:{PORT}/resourcePrincipalSessionTokens");
        url.parse().map_err(|_| unusable("KUBERNETES_SERVICE_HOST is not the name of a host [KR-OCI-086]"))
    }

    fn headers(&self) -> Result<HeaderMap, Error> {
        let token = self.token.read()?;
        let value = HeaderValue::from_str(&format!("Bearer {}", exposed(&token).trim()));
        let mut value = value.map_err(|_| unusable(format!("{} is not a token [KR-OCI-087]", self.token.name())))?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", value);
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        Ok(headers)
    }
}

const CALL: Call = Call {
    operation: super::source::OPERATION,
    service: "the token service of the OKE cluster",
    setting: "KUBERNETES_SERVICE_HOST",
    limit: SignedDuration::from_secs(10),
};

/// The token in an answer: a JSON text that is base64 of an object, whose `token` begins with `ST$`.
fn token_in(body: &[u8]) -> Option<SecretString> {
    let text: Zeroizing<String> = serde_json::from_slice(body).map(Zeroizing::new).ok()?;
    let object = Zeroizing::new(BASE64_STANDARD.decode(text.as_bytes()).ok()?);
    let given: Given = serde_json::from_slice(&object).ok()?;
    Some(given.token.strip_prefix("ST$")?.into())
}
