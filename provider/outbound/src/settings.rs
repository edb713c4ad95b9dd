use reqwest::{Certificate, Identity};
use rotation::{Error, ErrorKind};
use zeroize::Zeroizing;

use crate::cause::CONNECT;
use crate::proxy::Proxies;

/// How servers are met. The default trusts what the machine trusts.
#[derive(Clone, Default)]
pub struct Settings {
    /// Certificates in PEM that are trusted beside the machine's own.
    pub trusted: Vec<u8>,
    /// A certificate with its private key in PEM, to show to servers that ask for one.
    pub identity: Option<Zeroizing<Vec<u8>>>,
    /// Trust any certificate. Only ever because the user said so.
    pub danger_accept_invalid_certs: bool,
    /// The proxies. Default: those of the environment.
    pub proxies: Option<Proxies>,
    /// The name that certificates must be for and that servers are told, whatever their address is. Such connections take no proxy.
    pub server_name: Option<String>,
}

/// What messages say of the server that a client talks to.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// Where its address came from, such as "from `VAULT_ADDR`". Empty: messages name the call's setting.
    pub from: String,
    /// The settings that name trusted certificates, such as "`keyrotation:vault.caCertFile`", beside `SSL_CERT_FILE`.
    pub trust: &'static str,
}

/// What every client is made with.
///
/// # Errors
/// The certificates cannot be used.
pub(crate) fn builder(settings: &Settings) -> Result<reqwest::ClientBuilder, Error> {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(CONNECT.unsigned_abs())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .tls_danger_accept_invalid_certs(settings.danger_accept_invalid_certs);
    if !settings.trusted.is_empty() {
        let trusted = Certificate::from_pem_bundle(&settings.trusted);
        builder = builder.tls_certs_merge(trusted.map_err(|_| unreadable("the trusted certificates"))?);
    }
    if let Some(identity) = &settings.identity {
        let identity = Identity::from_pem(identity).map_err(|_| unreadable("the client certificate and its key"))?;
        builder = builder.identity(identity);
    }
    Ok(builder)
}

pub(crate) fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::Invalid, "", format!("{what} cannot be read: PEM is expected [KR-NETWORK-026]"))
}
