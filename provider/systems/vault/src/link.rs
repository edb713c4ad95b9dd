//! The connection to a server, from its first use on, and what a session asks on it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Client, HeaderMap, HeaderValue, Method, Peer, Url, repeat};
use rotation::{Clock, Error, ErrorKind, Retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::config::VaultConfig;
use crate::error::{incomplete, refused, words};
use crate::freshness::Freshness;
use crate::login::{self, Login};
use crate::redirect;
use crate::request::Request;
use crate::settings::{Credentials, Settings};

/// The variables of a process, by their names.
pub(crate) type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

pub(crate) struct Link {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    freshness: Freshness,
    /// Asked once; none if the server does not say.
    health: OnceCell<Option<Health>>,
}

/// A token that the plugin logged in for.
#[derive(Clone)]
pub(crate) struct OwnToken {
    pub(crate) secret: SecretString,
    /// When it must be renewed; none if it does not end.
    pub(crate) renew_at: Option<Timestamp>,
    pub(crate) lifetime: SignedDuration,
    is_renewable: bool,
}

#[derive(Deserialize)]
struct Login200 {
    auth: Option<Auth>,
}

#[derive(Deserialize)]
struct Auth {
    client_token: SecretString,
    #[serde(default)]
    lease_duration: u32,
    #[serde(default)]
    renewable: bool,
}

/// What is behind a wrapping token of an AppRole.
#[derive(Deserialize)]
struct Unwrapped {
    secret_id: SecretString,
}

/// What a server says of itself.
#[derive(Clone, Deserialize)]
pub(crate) struct Health {
    /// Every server says this; an answer without it is somebody else's.
    initialized: bool,
    enterprise: Option<bool>,
    pub(crate) cluster_id: Option<String>,
}

/// What an answer's `data` holds.
pub(crate) fn data<T: DeserializeOwned>(request: &Request, answer: &Answer) -> Result<T, Error> {
    answer.json::<Envelope<T>>(&request.call()).map(|envelope| envelope.data)
}

const HEALTH: &str = "vault status";

impl Link {
    pub(crate) async fn open(
        config: &VaultConfig,
        environment: &Environment,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let settings = Settings::new(config, &**environment)?;
        must_be_an_address(&settings.address)?;
        let client = Client::new(&settings.tls, Arc::clone(clock))?.to(peer(config));
        let link = Self { settings, client, freshness: Freshness::default(), health: OnceCell::new() };
        if link.settings.namespace.is_some() || link.own_namespace().is_some() {
            link.must_know_namespaces().await?;
        }
        Ok(link)
    }

    /// A server without namespaces ignores their names and would write to the root. Vault says which it is; OpenBao, which has
    /// namespaces, does not say.
    pub(crate) async fn must_know_namespaces(&self) -> Result<(), Error> {
        let message = match self.health().await? {
            Some(Health { enterprise: Some(false), .. }) => {
                "the server has no namespaces (it is Vault's community edition) and would ignore the name: remove keyrotation:vault.namespace and VAULT_NAMESPACE [KR-VAULT-145]"
            }
            Some(_) => return Ok(()),
            None => {
                "sys/health was not answered by Vault, so whether the server has namespaces is not known: check that keyrotation:vault.address leads to Vault, and that a proxy lets sys/health through [KR-VAULT-146]"
            }
        };
        Err(Error::new(ErrorKind::Invalid, HEALTH, message))
    }

    /// What the server says of itself, asked once without a token. A standby is asked to say it as the active server does; one that cannot says it
    /// with a status of its own. None if somebody on the way does not let it through.
    pub(crate) async fn health(&self) -> Result<Option<&Health>, Error> {
        let request = Request::new(HEALTH, Method::GET, "sys/health").with("standbyok", "true");
        let request = request.with("perfstandbyok", "true");
        let ask = || async {
            let answer = self.deliver(&request, request.headers()).await.map_err(harmless)?;
            let health = serde_json::from_slice::<Health>(&answer.body).ok();
            match (answer.status, health) {
                (200 | 429 | 472 | 473, Some(health)) if health.initialized => Ok(Some(health)),
                (501 | 503, Some(_)) => {
                    let message =
                        "the server is sealed or not initialized: unseal it, then run `pulumi up` again [KR-VAULT-147]";
                    Err(Error::new(ErrorKind::Unreachable, HEALTH, message).retry(Retry::Backoff))
                }
                (200..=399 | 401..=428 | 430..=499, _) => Ok(None),
                _ => Err(harmless(refused(&request, &answer))),
            }
        };
        self.health.get_or_try_init(|| repeat(self.client.clock(), ask)).await.map(Option::as_ref)
    }

    /// Sends a request with these headers, and once more where the server says that another one answers it.
    async fn deliver(&self, request: &Request, headers: HeaderMap) -> Result<Answer, Error> {
        let url = request.url(&self.settings.address)?;
        let (call, method) = (request.call(), &request.method);
        let answer = self.client.send(&call, (method.clone(), url.clone()), headers.clone(), request.content()).await?;
        let place = if self.settings.follows { redirect::target(request, &url, &answer)? } else { None };
        let Some(place) = place else { return Ok(answer) };
        let active = redirect::origin(&place);
        let answer = self.client.send(&call, (method.clone(), place), headers, request.content()).await;
        answer.map_err(|error| redirect::unreached(error, &active))
    }

    /// The namespace of the plugin's own token. A token of another namespace may use its own rights there alone.
    pub(crate) fn own_namespace(&self) -> Option<&str> {
        match &self.settings.credentials {
            Credentials::Login(Login { namespace: Some(namespace), .. }) => namespace.as_deref(),
            _ => self.settings.namespace.as_deref(),
        }
    }

    pub(crate) async fn exchange_in(
        &self,
        namespace: Option<&str>,
        request: &Request,
        token: Option<&SecretString>,
    ) -> Result<Answer, Error> {
        let mut headers = request.headers();
        if let Some(token) = token {
            headers.insert("x-vault-token", header(token)?);
        }
        if let Some(namespace) = namespace {
            let name = HeaderValue::from_str(namespace);
            let wrong = |_| {
                Error::new(
                    ErrorKind::Invalid,
                    "",
                    "keyrotation:vault.namespace has characters that are not allowed in an HTTP header: correct it, or unset it [KR-VAULT-148]",
                )
            };
            headers.insert("x-vault-namespace", name.map_err(wrong)?);
        }
        self.freshness.demand(&mut headers);
        let answer = self.deliver(request, headers).await?;
        if request.method != Method::GET {
            self.freshness.learn(&answer);
        }
        Ok(answer)
    }

    /// Whether the server takes the token at all: a refusal alone does not tell a dead token from a path that is forbidden.
    pub(crate) async fn knows(&self, token: &SecretString) -> Result<bool, Error> {
        let request = Request::new("vault token lookup", Method::GET, "auth/token/lookup-self");
        repeat(self.client.clock(), || async {
            let answer = self.exchange_in(self.own_namespace(), &request, Some(token)).await.map_err(harmless)?;
            match answer.status {
                200 => Ok(true),
                403 => Ok(false),
                _ => Err(harmless(refused(&request, &answer))),
            }
        })
        .await
    }

    /// A lost answer leaves a token that nobody has and that ends by itself, so a login may be repeated.
    pub(crate) async fn log_in(
        &self,
        login: &Login,
        body: Zeroizing<Vec<u8>>,
        clock: &Arc<dyn Clock>,
    ) -> Result<OwnToken, Error> {
        let request = Request::new(login::OPERATION, Method::POST, login.path()).body(body);
        repeat(clock, || async {
            let answer = self.exchange_in(self.own_namespace(), &request, None).await.map_err(harmless)?;
            match answer.status {
                200 => own_token(&request, &answer, clock.now()).map_err(harmless),
                status @ (400 | 403 | 404) => Err(login.refused(status, &words(&answer))),
                _ => Err(harmless(refused(&request, &answer))),
            }
        })
        .await
    }

    /// The secret-id behind a wrapping token, asked for once: a second answer would come from nobody.
    pub(crate) async fn unwrap_secret_id(&self, login: &Login, wrapping: &SecretString) -> Result<SecretString, Error> {
        let request = Request::new("vault unwrap", Method::POST, "sys/wrapping/unwrap");
        let answer = self.exchange_in(self.own_namespace(), &request, Some(wrapping)).await?;
        match answer.status {
            200 => data::<Unwrapped>(&request, &answer).map(|found| found.secret_id),
            400 | 403 | 404 => Err(login.not_unwrapped()),
            _ => Err(refused(&request, &answer)),
        }
    }

    /// The token with a new lease; none if it is to be replaced.
    pub(crate) async fn renew(&self, token: &OwnToken, now: Timestamp) -> Option<OwnToken> {
        if !token.is_renewable {
            return None;
        }
        let request = Request::new("vault token renew", Method::POST, "auth/token/renew-self");
        let answer = self.exchange_in(self.own_namespace(), &request, Some(&token.secret)).await;
        let answer = answer.ok().filter(Answer::is_success)?;
        let renewed = own_token(&request, &answer, now).ok()?;
        // Near its longest life a token gets less and less.
        (renewed.lifetime * 2 > token.lifetime).then_some(OwnToken { lifetime: token.lifetime, ..renewed })
    }
}

/// What messages say of the server's address.
fn peer(config: &VaultConfig) -> Peer {
    let variable = || {
        let is_set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
        ["BAO_AGENT_ADDR", "VAULT_AGENT_ADDR", "BAO_ADDR", "VAULT_ADDR"]
            .into_iter()
            .find(is_set)
            .unwrap_or("VAULT_ADDR")
    };
    let from = match &config.address {
        Some(_) => "from `keyrotation:vault.address`".to_owned(),
        None => format!("from {}", variable()),
    };
    Peer { from, trust: "`keyrotation:vault.caCertFile`, VAULT_CACERT" }
}

fn own_token(request: &Request, answer: &Answer, now: Timestamp) -> Result<OwnToken, Error> {
    let auth = answer.json::<Login200>(&request.call())?.auth.ok_or_else(|| incomplete(&request.call(), "token"))?;
    let lifetime = SignedDuration::from_secs(auth.lease_duration.into());
    let renew_at = now.checked_add(lifetime * 2 / 3).ok().filter(|_| !lifetime.is_zero());
    Ok(OwnToken { secret: auth.client_token, renew_at, lifetime, is_renewable: auth.renewable })
}

/// The part of the path that the plugin adds itself: below `/v1`, every path would be answered with a 404 that says nothing.
fn must_be_an_address(address: &Url) -> Result<(), Error> {
    let is_api = address.path_segments().is_some_and(|mut parts| parts.any(|part| part == "v1"));
    if !is_api {
        return Ok(());
    }
    let message = format!(
        "the server's address is {address}, which is a path of its API: write keyrotation:vault.address or VAULT_ADDR without /v1 and what follows it [KR-VAULT-149]"
    );
    Err(Error::new(ErrorKind::Invalid, "", message))
}

/// What failed was a question about a token, or for one: no key was made or changed.
fn harmless(error: Error) -> Error {
    error.effect(rotation::Effect::None)
}

#[expect(clippy::disallowed_methods, reason = "the header is marked as sensitive, so that nothing shows it")]
fn header(token: &SecretString) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(token.expose_secret()).map_err(|_| {
        let message =
            "the token for Vault has characters that are not allowed in an HTTP header: check keyrotation:vault.token or VAULT_TOKEN [KR-VAULT-150]";
        Error::new(ErrorKind::Invalid, "", message).retry(Retry::Never)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesson_b2_a_path_of_the_api_is_no_address() {
        let judged = |address: &str| must_be_an_address(&address.parse().unwrap());
        for fine in ["http://host:8200", "http://host:8200/", "https://host/vault/", "https://v1.example"] {
            assert!(judged(fine).is_ok(), "{fine}");
        }
        for wrong in ["http://host:8200/v1", "http://host:8200/v1/", "https://host/vault/v1", "http://host/v1/secret"] {
            let error = judged(wrong).unwrap_err();
            assert!(error.message.contains("VAULT_ADDR") && error.message.contains("/v1"), "{wrong}: {error}");
        }
    }
}
