//! TLS by another name than the address has: the certificate must be for that name, and the server is told it (SNI).

use crate::lock::locked;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HOST, HeaderMap, HeaderValue};
use reqwest::{Client, Url};
use rotation::{Error, ErrorKind};

use crate::settings::{Settings, builder};

/// Clients that meet every server by one name. The HTTP library takes that name from the URL, so the URL gets the name, and the
/// name is looked up as the host that the URL had.
pub(crate) struct Named {
    name: String,
    settings: Settings,
    /// One for each host.
    clients: Mutex<BTreeMap<String, Client>>,
}

impl Named {
    /// By this name.
    ///
    /// # Errors
    /// It is no host name.
    pub(crate) fn new(name: &str, settings: &Settings) -> Result<Self, Error> {
        let is_name = Url::parse(&format!("https://{name}/")).is_ok_and(|url| url.domain() == Some(name));
        if !is_name {
            let message = format!(
                "{name:?} is not a host name, so it cannot be the TLS name of a server: write one such as vault.example [KR-NETWORK-020]"
            );
            return Err(Error::new(ErrorKind::Invalid, "", message));
        }
        Ok(Self { name: name.to_owned(), settings: settings.clone(), clients: Mutex::default() })
    }

    /// The client for this URL, the URL as that client takes it, and the headers with the host that the server expects to read.
    ///
    /// # Errors
    /// The certificates cannot be used.
    pub(crate) fn way(&self, mut url: Url, mut headers: HeaderMap) -> Result<(Client, Url, HeaderMap), Error> {
        let unfit = || Error::new(ErrorKind::Invalid, "", "the server's address has no host [KR-NETWORK-021]");
        let host = url.host_str().ok_or_else(unfit)?.to_owned();
        let authority = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let host = host.trim_matches(['[', ']']);
        headers.insert(HOST, HeaderValue::from_str(&authority).map_err(|_| unfit())?);
        url.set_host(Some(&self.name)).map_err(|_| unfit())?;
        Ok((self.client(host)?, url, headers))
    }

    fn client(&self, host: &str) -> Result<Client, Error> {
        let mut clients = locked(&self.clients);
        if let Some(client) = clients.get(host) {
            return Ok(client.clone());
        }
        let resolver = Arc::new(At(host.to_owned()));
        let built = builder(&self.settings)?.dns_resolver(resolver).build();
        let client = built
            .map_err(|_| Error::new(ErrorKind::Invalid, "", "the certificates cannot be read [KR-NETWORK-022]"))?;
        clients.insert(host.to_owned(), client.clone());
        Ok(client)
    }
}

/// Looks this host up, whatever name is asked for.
struct At(String);

impl Resolve for At {
    fn resolve(&self, _: Name) -> Resolving {
        let host = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
