//! Which requests go through a proxy: the one rule for every system.
//!
//! Variables are read as Go's `httpproxy` reads them, which the official clients of Vault, Confluent and Terraform use; `ALL_PROXY`, which
//! Go ignores and curl knows, stands in where the variable of a scheme is unset.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;
use rotation::{Error, ErrorKind};

use crate::bypass::Bypass;
use crate::call::Call;
use crate::cause::SSL_CERT_FILE;

/// The proxies of one environment.
#[derive(Clone, Default)]
pub struct Proxies {
    plain: Option<Proxy>,
    tls: Option<Proxy>,
    bypass: Bypass,
}

/// A proxy, and the setting that names it. Its address may hold a password, which nothing shows.
#[derive(Clone)]
pub struct Proxy {
    url: Url,
    from: &'static str,
}

/// How a request reaches its server.
#[derive(Clone, Copy, Debug)]
pub enum Way<'a> {
    /// Without a proxy.
    Direct,
    /// Inside TLS: the proxy learns the server's name and nothing else.
    Tunnel(&'a Proxy),
    /// The proxy would read everything. Such a request is never sent.
    InClear(&'a Proxy),
}

const TLS: &[&str] = &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const PLAIN: &[&str] = &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const BYPASS: &[&str] = &["NO_PROXY", "no_proxy"];

/// Every variable that is read for all systems alike, by what it settles: the first that is set counts.
/// The page `docs/settings/network.md` says the same, which a test compares.
pub const SETTINGS: &[(&str, &[&str])] = &[
    ("proxy for https:// addresses", TLS),
    ("proxy for http:// addresses", PLAIN),
    ("addresses without a proxy", BYPASS),
    ("trusted certificates", &[SSL_CERT_FILE, "SSL_CERT_DIR"]),
];

impl Proxies {
    /// Those that the variables of this process name.
    ///
    /// # Errors
    /// A variable holds something that is not a proxy's address; its text is not shown.
    pub fn of_environment() -> Result<Self, Error> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Those that these variables name. An empty variable is the same as none.
    ///
    /// # Errors
    /// As [`of_environment`](Self::of_environment).
    pub fn read(environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| Some((*name, environment(name).filter(|value| !value.trim().is_empty())?)))
        };
        let proxy = |names: &[&'static str]| first(names).map(|(name, text)| Proxy::new(&text, name)).transpose();
        let bypass = first(BYPASS).map(|(_, text)| Bypass::read(&text));
        Ok(Self { plain: proxy(PLAIN)?, tls: proxy(TLS)?, bypass: bypass.unwrap_or_default() })
    }

    /// One proxy for every server that is not on this machine, whatever the environment says.
    ///
    /// # Errors
    /// It is not a proxy's address.
    pub fn only(text: &str, from: &'static str) -> Result<Self, Error> {
        let proxy = Some(Proxy::new(text, from)?);
        Ok(Self { plain: proxy.clone(), tls: proxy, bypass: Bypass::default() })
    }

    /// The proxy of calls with TLS, if there is one.
    pub fn tls(&self) -> Option<&Proxy> {
        self.tls.as_ref()
    }

    /// The way to this address.
    pub fn way(&self, url: &Url) -> Way<'_> {
        let is_tls = url.scheme() == "https";
        let Some(proxy) = (if is_tls { &self.tls } else { &self.plain }) else { return Way::Direct };
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        if is_at_hand(host) || self.bypass.holds(host, port) {
            return Way::Direct;
        }
        if is_tls { Way::Tunnel(proxy) } else { Way::InClear(proxy) }
    }
}

impl Proxy {
    fn new(text: &str, from: &'static str) -> Result<Self, Error> {
        let with_host = |text: &str| Url::parse(text).ok().filter(Url::has_host);
        let url =
            if text.contains("://") { with_host(text.trim()) } else { with_host(&format!("http://{}", text.trim())) };
        let Some(url) = url else {
            return Err(not_a_proxy(from));
        };
        if !matches!(url.scheme(), "http" | "https") {
            let message = format!(
                "{from} names a proxy of the type {}, which the plugin cannot use: it needs one whose address begins with http:// or https:// [KR-NETWORK-023]",
                url.scheme()
            );
            return Err(Error::new(ErrorKind::Invalid, "", message));
        }
        Ok(Self { url, from })
    }

    /// Its address, with the user name and the password that may be in it. For clients alone.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// That a client cannot use it.
    pub fn unusable(&self) -> Error {
        not_a_proxy(self.from)
    }

    /// What the user corrects if it is wrong.
    pub fn from(&self) -> &'static str {
        self.from
    }
}

fn not_a_proxy(from: &str) -> Error {
    let message =
        format!("{from} is not the address of a proxy: write one such as http://proxy.example:3128 [KR-NETWORK-024]");
    Error::new(ErrorKind::Invalid, "", message)
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy {} ({})", origin(&self.url), self.from)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("plain", &self.plain).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// Scheme, host and port: no user, no password, no path.
pub fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// The refusal to let a proxy read a credential. Nothing was sent.
pub fn in_clear(operation: &'static str, service: &str, from: &str, (url, proxy): (&Url, &Proxy)) -> Error {
    let (address, host) = (origin(url), url.host_str().unwrap_or_default());
    let message = format!(
        "the call to {service} at {address} ({from}) was not sent: {proxy} would read the credentials in it, since the address has no TLS. Use an https:// address, or add {host} to NO_PROXY to connect without the proxy [KR-NETWORK-025]"
    );
    Error::new(ErrorKind::Invalid, operation, message)
}

impl Call {
    pub(crate) fn in_clear(&self, from: &str, url: &Url, proxy: &Proxy) -> Error {
        in_clear(self.operation, self.service, from, (url, proxy))
    }
}

/// Whether a host is this machine, or can only be reached from it: loopback, `localhost`, and the link-local addresses at which
/// clouds hand credentials to their instances.
fn is_at_hand(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        Some(IpAddr::V6(address)) => address.is_loopback() || address.is_unicast_link_local() || address == EC2_V6,
        None => false,
    }
}

/// The instance metadata service of EC2 over IPv6.
const EC2_V6: std::net::Ipv6Addr = std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

#[cfg(test)]
mod tests;
