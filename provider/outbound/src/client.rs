use std::fmt;
use std::sync::Arc;

use futures::future::{Either, select};
use jiff::SignedDuration;
use reqwest::header::{DATE, HeaderMap, USER_AGENT};
use reqwest::{Method, Url};
use rotation::{Clock, Error, ErrorKind};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::call::Call;
use crate::cause::{Cause, Unreached};
use crate::named::Named;
use crate::proxy::{Proxies, Way, origin};
use crate::settings::{Peer, Settings, builder, unreadable};
use crate::skew::Skew;

/// What a server said.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. It may hold a secret, so it is wiped when dropped, and is not in the `Debug`.
    pub body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// Whether the status says that it was done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not the JSON that is expected; nothing of it is in the error.
    pub fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|_| call.unreadable())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Makes calls: each once, each with a limit, none followed elsewhere. Connections are kept and shared by clones.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    named: Option<Arc<Named>>,
    clock: Arc<dyn Clock>,
    proxies: Arc<Proxies>,
    peer: Arc<Peer>,
    skew: Arc<Skew>,
}

impl Client {
    /// Contacts nobody yet.
    ///
    /// # Errors
    /// The certificates cannot be used, or the environment names a proxy that is none.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let proxies = Arc::new(settings.proxies.clone().map_or_else(Proxies::of_environment, Ok)?);
        let ways = Arc::clone(&proxies);
        let proxy = reqwest::Proxy::custom(move |url| match ways.way(url) {
            Way::Tunnel(proxy) => Some(proxy.url().clone()),
            // A request in clear does not come so far.
            Way::Direct | Way::InClear(_) => None,
        });
        let http = builder(settings)?.proxy(proxy).build().map_err(|_| unreadable("the certificates"))?;
        let named = settings.server_name.as_deref().map(|name| Named::new(name, settings)).transpose()?;
        Ok(Self { http, named: named.map(Arc::new), clock, proxies, peer: Arc::default(), skew: Arc::default() })
    }

    /// The same connections, with calls that are limited by another clock.
    pub fn at(&self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self.clone() }
    }

    /// The same connections, to a server of which messages say this, and which has a clock of its own.
    pub fn to(&self, peer: Peer) -> Self {
        Self { peer: Arc::new(peer), skew: Arc::default(), ..self.clone() }
    }

    /// How far the server's clock is ahead of ours.
    pub fn ahead(&self) -> SignedDuration {
        self.skew.ahead()
    }

    /// The clock that limits calls.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Makes the call once and gives the answer, whatever its status is.
    ///
    /// # Errors
    /// There is no whole answer; `effect` says whether the call may have been done all the same. A proxy that would read the
    /// call is not asked: then nothing was sent.
    pub async fn send(
        &self,
        call: &Call,
        (method, url): (Method, Url),
        headers: HeaderMap,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Answer, Error> {
        let from = match &*self.peer.from {
            "" => format!("see {}", call.setting),
            from => from.to_owned(),
        };
        let is_named = self.named.is_some() && url.scheme() == "https";
        let proxy = match self.proxies.way(&url) {
            _ if is_named => None,
            Way::Direct => None,
            Way::Tunnel(proxy) => Some(proxy.to_string()),
            Way::InClear(proxy) => return Err(call.in_clear(&from, &url, proxy)),
        };
        let address = origin(&url);
        let (http, url, headers) = match &self.named {
            Some(named) if is_named => named.way(url, headers)?,
            _ => (self.http.clone(), url, headers),
        };
        let request = http.request(method, url).header(USER_AGENT, AGENT).headers(headers).body(body.to_vec());
        let exchange = std::pin::pin!(exchange(request));
        let cause = match select(exchange, self.clock.timer(call.limit)).await {
            Either::Left((Ok(answer), _)) => {
                self.skew.learn(answer.header(DATE.as_str()), self.clock.now());
                return Ok(answer);
            }
            Either::Left((Err(error), _)) if error.is_builder() => {
                return Err(call.error(ErrorKind::Unexpected, "the request could not be built [KR-NETWORK-019]"));
            }
            Either::Left((Err(error), _)) => Cause::of(&error, !error.is_connect()),
            Either::Right(_) => Cause::TimedOut,
        };
        let (address, proxy) = (address.as_str(), proxy.as_deref());
        let unreached = Unreached { service: call.service, address, from: &from, trust: self.peer.trust, proxy };
        Err(cause.error(call.operation, &unreached))
    }
}

const AGENT: &str = concat!("keyrotation/", env!("CARGO_PKG_VERSION"));

async fn exchange(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = Zeroizing::new(response.bytes().await?.to_vec());
    Ok(Answer { status, headers, body })
}

#[cfg(test)]
mod tests;
