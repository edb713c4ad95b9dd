//! The configuration and the environment together: where the server is, and how the plugin shows who it is.

mod file;
mod sources;
mod tls;

use cloud::wrong_config;
use outbound::{Url, is_url};
use rotation::{Error, ErrorKind};
use secrecy::SecretString;

use crate::config::VaultConfig;
use crate::login::Login;
use file::invalid;
pub(crate) use file::read;
use sources::{ADDRESS, CREDENTIALS, DISABLE_REDIRECTS, NAMESPACE, SRV_LOOKUP, Source, property};
pub(crate) use sources::{
    AZURE_METADATA, Environment, GCP_METADATA, JWT, JWT_FILE, PASSWORD, PASSWORD_FILE, SERVICE_ACCOUNT, Setting,
    Sources, USERNAME, namespace,
};

/// What a session works with.
pub(crate) struct Settings {
    pub(crate) address: Url,
    pub(crate) namespace: Option<String>,
    pub(crate) credentials: Credentials,
    pub(crate) tls: outbound::Settings,
    /// Whether a redirect is followed, as the official clients do unless they are told not to.
    pub(crate) follows: bool,
}

/// How the plugin shows who it is.
pub(crate) enum Credentials {
    /// Somebody else made this token, and ends it.
    Token(SecretString),
    /// A token of the plugin's own.
    Login(Login),
}

impl Settings {
    /// What the configuration says, and where it says nothing, the environment.
    pub(crate) fn new(config: &VaultConfig, environment: Environment<'_>) -> Result<Self, Error> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(wrong_config("vault", &problem));
        }
        let sources = Sources { config, environment };
        let settings = Self {
            address: address(sources)?,
            namespace: sources.find(&NAMESPACE).and_then(|found| namespace(&found.text)),
            credentials: credentials(sources)?,
            tls: tls::tls(sources)?,
            follows: !sources.boolean(&DISABLE_REDIRECTS)?,
        };
        if let (true, Some(found)) = (sources.boolean(&SRV_LOOKUP)?, sources.find(&SRV_LOOKUP)) {
            let from = found.from;
            let message = format!(
                "{from} is true, and the plugin does not support SRV records: unset it, and set the host and the port in keyrotation:vault.address or VAULT_ADDR [KR-VAULT-151]"
            );
            return Err(invalid(&message));
        }
        Ok(settings)
    }
}

fn address(sources: Sources<'_>) -> Result<Url, Error> {
    let found = sources.find(&ADDRESS);
    let found = found
        .ok_or_else(|| invalid("no server is named: set keyrotation:vault.address, or VAULT_ADDR [KR-VAULT-152]"))?;
    let url = Some(found.text.as_str()).filter(|url| is_url(url)).and_then(|url| Url::parse(url).ok());
    let from = found.from;
    url.ok_or_else(|| {
        invalid(&format!("{from} is not a URL: write one such as https://vault.example:8200 [KR-VAULT-153]"))
    })
}

fn credentials(sources: Sources<'_>) -> Result<Credentials, Error> {
    let found = CREDENTIALS.sources.iter().find_map(|source| match source {
        Source::Property(name) if property(name) != TOKEN => {
            Login::new(sources, property(name)).map(Credentials::Login)
        }
        _ => sources.at(*source).map(|found| Credentials::Token(found.text.as_str().into())),
    });
    let none = "no token for Vault: set keyrotation:vault.token or one of its authLogin… properties, or VAULT_TOKEN [KR-VAULT-154]";
    found.ok_or_else(|| Error::new(ErrorKind::Unauthenticated, "", none))
}

const TOKEN: &str = "token";

#[cfg(test)]
mod tests;
