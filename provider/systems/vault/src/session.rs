//! One configuration and, from its first use on, the connection and the token that came of it.

use std::sync::Arc;

use cloud::CallerIdentity;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Client, HeaderMap, HeaderValue, Method, Peer, Url, repeat};
use rotation::{Clock, Error, ErrorKind, Retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, OnceCell};
use zeroize::Zeroizing;

use crate::config::VaultConfig;
use crate::config_lock::ConfigLocks;
use crate::error::{Absence, absence, dead, denied, incomplete, refused, unproven, words};
use crate::freshness::Freshness;
use crate::login::{self, Login, Means};
use crate::redirect;
use crate::request::Request;
use crate::settings::{Credentials, Settings};

/// A server as one configuration reaches it.
pub(crate) struct Session {
    config: VaultConfig,
    clock: Arc<dyn Clock>,
    environment: Environment,
    /// AWS, for logins by its identities.
    aws: Option<Arc<dyn CallerIdentity>>,
    link: OnceCell<Link>,
    own: Mutex<Own>,
    /// What is known of the configurations of JWT mounts.
    jwt_gates: ConfigLocks,
}

struct Link {
    settings: Settings,
    client: Client,
    freshness: Freshness,
    /// Asked once; none if the server does not say.
    health: OnceCell<Option<Health>>,
}

/// The variables of a process, by their names.
pub(crate) type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What came of the plugin's own login.
#[derive(Default)]
struct Own {
    /// The token, while there is one.
    token: Option<OwnToken>,
    /// The secret-id that a wrapping token gave, which gives it once.
    unwrapped: Option<SecretString>,
    /// Why the server refused. Wrong logins lock a role or user, so a refused one is not tried again by this process.
    refusal: Option<(ErrorKind, String)>,
}

/// A token that the plugin logged in for.
#[derive(Clone)]
struct OwnToken {
    secret: SecretString,
    /// When it must be renewed; none if it does not end.
    renew_at: Option<Timestamp>,
    lifetime: SignedDuration,
    is_renewable: bool,
}

/// What came of a request that was neither refused nor lost.
pub(crate) enum Reply {
    /// It was done.
    Done(Answer),
    /// There is nothing at the path, with the server's words about it.
    Missing(Answer),
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
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
struct Health {
    /// Every server says this; an answer without it is somebody else's.
    initialized: bool,
    enterprise: Option<bool>,
    cluster_id: Option<String>,
}

impl Session {
    pub(crate) fn new(config: VaultConfig, clock: Arc<dyn Clock>, environment: Environment) -> Self {
        let (aws, link, own, jwt_gates) = Default::default();
        Self { config, clock, environment, aws, link, own, jwt_gates }
    }

    /// The same, with AWS for logins by its identities.
    pub(crate) fn with_aws(self, aws: Option<Arc<dyn CallerIdentity>>) -> Self {
        Self { aws, ..self }
    }

    /// Time.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The cluster that the configuration reaches, and the namespace in it, since a path of another namespace is another path; none if
    /// the server does not say.
    pub(crate) async fn account(&self) -> Result<Option<String>, Error> {
        let link = self.link().await?;
        let cluster = link.health().await?.and_then(|health| health.cluster_id.as_deref()).filter(|id| !id.is_empty());
        Ok(cluster.map(|id| match &link.settings.namespace {
            Some(namespace) => format!("{id}/{namespace}"),
            None => id.to_owned(),
        }))
    }

    /// Sends a request until it is answered: only for one that may be repeated without harm.
    pub(crate) async fn repeat(&self, request: &Request) -> Result<Reply, Error> {
        repeat(&self.clock, || self.send(request)).await
    }

    /// Sends a request once. If the token of our own has ended, which the server says before it does anything, once more with a new one.
    pub(crate) async fn send(&self, request: &Request) -> Result<Reply, Error> {
        reply(request, self.answer(request).await?)
    }

    /// The same, and gives whatever comes back but a refusal of the token.
    pub(crate) async fn answer(&self, request: &Request) -> Result<Answer, Error> {
        let link = self.link().await?;
        let token = self.token(link).await?;
        let answer = link.exchange(request, Some(&token)).await?;
        if answer.status != 403 {
            return Ok(answer);
        }
        if link.knows(&token).await? {
            return Err(Error::new(ErrorKind::Denied, request.operation, denied(request)));
        }
        if !matches!(link.settings.credentials, Credentials::Login(_)) {
            return Err(dead(request));
        }
        self.own.lock().await.token = None;
        let token = self.token(link).await?;
        link.exchange(request, Some(&token)).await
    }

    /// Sends a request once with another token than the plugin's own, or with none, and gives whatever comes back.
    pub(crate) async fn send_as(&self, token: Option<&SecretString>, request: &Request) -> Result<Answer, Error> {
        self.link().await?.exchange(request, token).await
    }

    /// Whether the plugin logs in for its token, which it then revokes at its end.
    pub(crate) async fn logs_in(&self) -> Result<bool, Error> {
        Ok(matches!(self.link().await?.settings.credentials, Credentials::Login(_)))
    }

    /// The secret-id that the plugin itself logs in with, if it does so at this mount.
    pub(crate) async fn own_secret_id(&self, mount: &str) -> Result<Option<SecretString>, Error> {
        Ok(match &self.link().await?.settings.credentials {
            Credentials::Login(login) => login.secret_id_at(mount, self.own.lock().await.unwrapped.as_ref()),
            Credentials::Token(_) => None,
        })
    }

    /// The token that the plugin itself logs in with, if it does so at this JWT mount.
    pub(crate) async fn own_jwt(&self, mount: &str) -> Result<Option<SecretString>, Error> {
        Ok(match &self.link().await?.settings.credentials {
            Credentials::Login(login) => login.jwt_at(mount),
            Credentials::Token(_) => None,
        })
    }

    /// The ways to the configurations of JWT mounts.
    pub(crate) fn jwt_gates(&self) -> &ConfigLocks {
        &self.jwt_gates
    }

    /// Revokes the token that the plugin logged in for, if it did. The end of a process does not wait for a server that is gone.
    pub(crate) async fn close(&self) {
        let Some(own) = self.own.lock().await.token.take() else { return };
        if let Some(link) = self.link.get() {
            let request = Request::new("vault token revoke", Method::POST, "auth/token/revoke-self").limit(LAST);
            drop(link.exchange_in(link.own_namespace(), &request, Some(&own.secret)).await);
        }
    }

    async fn link(&self) -> Result<&Link, Error> {
        self.link.get_or_try_init(|| Link::open(&self.config, &self.environment, &self.clock)).await
    }

    async fn token(&self, link: &Link) -> Result<SecretString, Error> {
        let login = match &link.settings.credentials {
            Credentials::Token(token) => return Ok(token.clone()),
            Credentials::Login(login) => login,
        };
        let mut own = self.own.lock().await;
        let now = self.clock.now();
        let kept = match own.token.take() {
            Some(token) if token.renew_at.is_none_or(|at| now < at) => Some(token),
            Some(token) => link.renew(&token, now).await,
            None => None,
        };
        let token = match kept {
            Some(token) => token,
            None => own.log_in(link, (login, self.aws.as_ref()), &self.clock).await?,
        };
        Ok(own.token.insert(token).secret.clone())
    }
}

impl Own {
    async fn log_in(
        &mut self,
        link: &Link,
        who: (&Login, Option<&Arc<dyn CallerIdentity>>),
        clock: &Arc<dyn Clock>,
    ) -> Result<OwnToken, Error> {
        if let Some((kind, message)) = &self.refusal {
            return Err(Error::new(*kind, login::OPERATION, message.as_str()));
        }
        let token = self.try_log_in(link, who, clock).await;
        if let Err(error) = &token
            && error.kind == ErrorKind::Unauthenticated
        {
            self.refusal = Some((error.kind, error.message.clone()));
        }
        token
    }

    async fn try_log_in(
        &mut self,
        link: &Link,
        (login, aws): (&Login, Option<&Arc<dyn CallerIdentity>>),
        clock: &Arc<dyn Clock>,
    ) -> Result<OwnToken, Error> {
        if self.unwrapped.is_none()
            && let Some(wrapping) = login.wrapping()?
        {
            self.unwrapped = Some(link.unwrap_secret_id(login, &wrapping).await?);
        }
        let body = match login.machine() {
            Some(machine) => machine.body(Means { client: &link.client, aws }).await?,
            None => login.body(self.unwrapped.as_ref())?,
        };
        link.log_in(login, body, clock).await
    }
}

/// What an answer's `data` holds.
pub(crate) fn data<T: DeserializeOwned>(request: &Request, answer: &Answer) -> Result<T, Error> {
    answer.json::<Envelope<T>>(&request.call()).map(|envelope| envelope.data)
}

/// When the server answered, by its own clock, to the next whole second, since the header has no fractions.
pub(crate) fn server_time(answer: &Answer) -> Option<Timestamp> {
    let date = rfc2822::DateTimeParser::new().parse_timestamp(answer.header("date")?).ok()?;
    date.checked_add(SignedDuration::from_secs(1)).ok()
}

/// The plugin's last call has so long.
const LAST: SignedDuration = SignedDuration::from_secs(2);
const HEALTH: &str = "vault status";

impl Link {
    async fn open(config: &VaultConfig, environment: &Environment, clock: &Arc<dyn Clock>) -> Result<Self, Error> {
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
    async fn must_know_namespaces(&self) -> Result<(), Error> {
        let message = match self.health().await? {
            Some(Health { enterprise: Some(false), .. }) => {
                "the server has no namespaces (it is Vault's community edition) and would ignore the name: remove keyrotation:vault.namespace and VAULT_NAMESPACE"
            }
            Some(_) => return Ok(()),
            None => {
                "sys/health was not answered by Vault, so whether the server has namespaces is not known: check that keyrotation:vault.address leads to Vault, and that a proxy lets sys/health through"
            }
        };
        Err(Error::new(ErrorKind::Invalid, HEALTH, message))
    }

    /// What the server says of itself, asked once without a token. A standby is asked to say it as the active server does; one that cannot says it
    /// with a status of its own. None if somebody on the way does not let it through.
    async fn health(&self) -> Result<Option<&Health>, Error> {
        let request = Request::new(HEALTH, Method::GET, "sys/health").with("standbyok", "true");
        let request = request.with("perfstandbyok", "true");
        let ask = || async {
            let answer = self.deliver(&request, request.headers()).await.map_err(harmless)?;
            let health = serde_json::from_slice::<Health>(&answer.body).ok();
            match (answer.status, health) {
                (200 | 429 | 472 | 473, Some(health)) if health.initialized => Ok(Some(health)),
                (501 | 503, Some(_)) => {
                    let message = "the server is sealed or not initialized: unseal it, then run `pulumi up` again";
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

    async fn exchange(&self, request: &Request, token: Option<&SecretString>) -> Result<Answer, Error> {
        self.exchange_in(self.settings.namespace.as_deref(), request, token).await
    }

    /// The namespace of the plugin's own token. A token of another namespace may use its own rights there alone.
    fn own_namespace(&self) -> Option<&str> {
        match &self.settings.credentials {
            Credentials::Login(Login { namespace: Some(namespace), .. }) => namespace.as_deref(),
            _ => self.settings.namespace.as_deref(),
        }
    }

    async fn exchange_in(
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
            let wrong =
                |_| Error::new(ErrorKind::Invalid, "", "keyrotation:vault.namespace holds signs that no header takes");
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
    async fn knows(&self, token: &SecretString) -> Result<bool, Error> {
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
    async fn log_in(&self, login: &Login, body: Zeroizing<Vec<u8>>, clock: &Arc<dyn Clock>) -> Result<OwnToken, Error> {
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
    async fn unwrap_secret_id(&self, login: &Login, wrapping: &SecretString) -> Result<SecretString, Error> {
        let request = Request::new("vault unwrap", Method::POST, "sys/wrapping/unwrap");
        let answer = self.exchange_in(self.own_namespace(), &request, Some(wrapping)).await?;
        match answer.status {
            200 => data::<Unwrapped>(&request, &answer).map(|found| found.secret_id),
            400 | 403 | 404 => Err(login.not_unwrapped()),
            _ => Err(refused(&request, &answer)),
        }
    }

    /// The token with a new lease; none if it is to be replaced.
    async fn renew(&self, token: &OwnToken, now: Timestamp) -> Option<OwnToken> {
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

/// What an answer means: nothing is there, or it was done.
///
/// # Errors
/// Anything else.
pub(crate) fn reply(request: &Request, answer: Answer) -> Result<Reply, Error> {
    match absence(request.method == Method::PATCH, answer.status, &answer.body) {
        Some(Absence::Proven) => Ok(Reply::Missing(answer)),
        Some(absence) => Err(unproven(request, &answer, absence)),
        None if answer.is_success() => Ok(Reply::Done(answer)),
        None => Err(refused(request, &answer)),
    }
}

/// The part of the path that the plugin adds itself: below `/v1`, every path would be answered with a 404 that says nothing.
fn must_be_an_address(address: &Url) -> Result<(), Error> {
    let is_api = address.path_segments().is_some_and(|mut parts| parts.any(|part| part == "v1"));
    if !is_api {
        return Ok(());
    }
    let message = format!(
        "the server's address is {address}, which is a path of its API: write keyrotation:vault.address or VAULT_ADDR without /v1 and what follows it"
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
            "the token for Vault holds signs that no header takes: check keyrotation:vault.token or VAULT_TOKEN";
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
