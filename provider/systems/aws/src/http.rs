//! The one HTTP client of every SDK client: it takes the proxy that [`outbound`] names for each request, and keeps the address of what failed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper_util::client::legacy::Error as HyperError;
use outbound::{Cause, Proxies, Skew, Unreached, Url, Way, in_clear, origin};
use rotation::Error;

use crate::causes::find;
use crate::time::Time;

/// What messages say of the servers that are called.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Such as `STS`.
    pub(crate) service: &'static str,
    /// The setting that names its address, if one does.
    pub(crate) named_by: Option<String>,
    /// Where the region came from. Without a setting for the address, the region selects AWS's own endpoint.
    pub(crate) region: String,
}

/// The client. It is cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    direct: SharedHttpClient,
    tunnel: Option<SharedHttpClient>,
    proxies: Arc<Proxies>,
    peer: Arc<Peer>,
    time: Time,
    skew: Arc<Skew>,
}

impl Http {
    /// Trusts these certificates alone, or what the machine trusts.
    pub(crate) fn new(
        bundle: Option<&[Vec<u8>]>,
        proxies: Proxies,
        peer: Peer,
        (time, skew): (&Time, &Arc<Skew>),
    ) -> Result<Self, Error> {
        let trust = trust(bundle)?;
        let tunnel = match proxies.tls() {
            Some(proxy) => {
                let config = ProxyConfig::https(proxy.url().as_str()).map_err(|_| proxy.unusable())?;
                Some(client(trust.clone(), Some(config)))
            }
            None => None,
        };
        let (proxies, peer, time, skew) = (Arc::new(proxies), Arc::new(peer), time.clone(), Arc::clone(skew));
        Ok(Self { direct: client(trust, None), tunnel, proxies, peer, time, skew })
    }

    /// The same connections, to another service.
    pub(crate) fn to(&self, peer: Peer) -> SharedHttpClient {
        SharedHttpClient::new(Self { peer: Arc::new(peer), ..self.clone() })
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let direct = self.direct.http_connector(settings, components);
        let tunnel = self.tunnel.as_ref().map(|client| client.http_connector(settings, components));
        SharedHttpConnector::new(Ways { direct, tunnel, http: self.clone() })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.direct.connector_metadata()
    }
}

#[derive(Debug)]
struct Ways {
    direct: SharedHttpConnector,
    tunnel: Option<SharedHttpConnector>,
    http: Http,
}

impl HttpConnector for Ways {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Ok(url) = request.uri().parse::<Url>() else { return self.direct.call(request) };
        let peer = Arc::clone(&self.http.peer);
        let (connector, proxy) = match (self.http.proxies.way(&url), &self.tunnel) {
            (Way::Tunnel(proxy), Some(tunnel)) => (tunnel, Some(proxy.to_string())),
            (Way::InClear(proxy), _) => {
                let refused = in_clear("", peer.service, &peer.from(&url), (&url, proxy));
                return HttpConnectorFuture::ready(Err(ConnectorError::other(refused.into(), None)));
            }
            _ => (&self.direct, None),
        };
        let answer = connector.call(request);
        let (time, skew) = (self.http.time.clone(), Arc::clone(&self.http.skew));
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(|error| lost(error, (peer, url, proxy)))?;
            skew.learn(answer.headers().get("date"), time.instant());
            Ok(answer)
        })
    }
}

/// A call that was not answered, with all that messages say about it.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) cause: Cause,
    peer: Arc<Peer>,
    url: Url,
    proxy: Option<String>,
}

impl Lost {
    /// The failure of this operation.
    pub(crate) fn error(&self, operation: &'static str) -> Error {
        let (address, from) = (origin(&self.url), self.peer.from(&self.url));
        let proxy = self.proxy.as_deref();
        let service = self.peer.service;
        let unreached = Unreached { service, address: &address, from: &from, trust: TRUST, proxy };
        self.cause.error(operation, &unreached)
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error("").message)
    }
}

impl StdError for Lost {}

impl Peer {
    fn from(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        match &self.named_by {
            _ if self.service == SOURCES => "where the AWS SDK looks for credentials".to_owned(),
            Some(setting) => format!("from {setting}"),
            None if OWN.iter().any(|domain| host.contains(domain)) => {
                format!("AWS's own address; the region comes from {}", self.region)
            }
            None => "from `endpoint_url` in AWS's configuration files".to_owned(),
        }
    }
}

/// Parts of the names of AWS's own hosts, in all partitions.
const OWN: [&str; 4] = [".amazonaws.", ".api.aws", ".aws.", ".c2s."];
/// What messages call the servers that give credentials.
pub(crate) const SOURCES: &str = "a source of AWS credentials";
/// What names trusted certificates for AWS.
const TRUST: &str = "AWS_CA_BUNDLE, `ca_bundle` in the profile,";

/// Keeps what the SDK decides repetitions by, except that what cannot get better is not repeated.
fn lost(error: ConnectorError, (peer, url, proxy): (Arc<Peer>, Url, Option<String>)) -> ConnectorError {
    let is_connect = find::<HyperError>(&error).is_some_and(HyperError::is_connect);
    let cause = Cause::of(&error, !is_connect);
    let never = cause.retry() == rotation::Retry::Never;
    let (is_timeout, is_user, kind) = (error.is_timeout(), error.is_user(), error.as_other());
    let is_io = error.is_io();
    let lost = Box::new(Lost { cause, peer, url, proxy });
    match () {
        () if never => ConnectorError::other(lost, None),
        () if is_timeout => ConnectorError::timeout(lost),
        () if is_user => ConnectorError::user(lost),
        () if is_io => ConnectorError::io(lost),
        () => ConnectorError::other(lost, kind),
    }
}

fn trust(bundle: Option<&[Vec<u8>]>) -> Result<TlsContext, Error> {
    let mut store = TrustStore::default();
    if let Some(authorities) = bundle {
        store = TrustStore::empty();
        for authority in authorities {
            store.add_pem_certificate(pem(authority));
        }
    }
    let unusable = |_| {
        Error::new(
            rotation::ErrorKind::Invalid,
            "",
            "the certificates that AWS_CA_BUNDLE or `ca_bundle` in the AWS profile names cannot be used as certificate authorities [KR-AWS-035]",
        )
    };
    TlsContext::builder().with_trust_store(store).build().map_err(unusable)
}

fn pem(der: &[u8]) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in BASE64_STANDARD.encode(der).as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

fn client(trust: TlsContext, proxy: Option<ProxyConfig>) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.set_proxy_config(Some(proxy.clone().unwrap_or_else(ProxyConfig::disabled)));
        builder.tls_provider(Provider::rustls(CryptoMode::AwsLc)).tls_context(trust.clone()).build()
    })
}
