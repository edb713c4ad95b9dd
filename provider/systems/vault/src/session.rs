//! One configuration and, from its first use on, the connection and the token that came of it.

use std::sync::Arc;

use cloud::CallerIdentity;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Method, repeat};
use rotation::{Clock, Error, ErrorKind};
use secrecy::SecretString;
use tokio::sync::{Mutex, OnceCell};

use crate::config::VaultConfig;
use crate::config::plain;
use crate::config_lock::{ConfigLock, ConfigLocks};
use crate::error::{Absence, absence, dead, denied, refused, unproven};
pub(crate) use crate::link::{Environment, data};
use crate::link::{Link, OwnToken};
use crate::login::{self, Login, Means};
use crate::request::Request;
use crate::settings::Credentials;

/// A server as one configuration reaches it, and the namespace of a resource on it.
pub(crate) struct Session {
    shared: Arc<Shared>,
    /// Below the provider's own.
    below: Option<String>,
}

/// What the sessions of one configuration share.
struct Shared {
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

/// What came of a request that was neither refused nor lost.
pub(crate) enum Reply {
    /// It was done.
    Done(Answer),
    /// There is nothing at the path, with the server's words about it.
    Missing(Answer),
}

impl Session {
    pub(crate) fn new(
        config: VaultConfig,
        clock: Arc<dyn Clock>,
        environment: Environment,
        aws: Option<Arc<dyn CallerIdentity>>,
    ) -> Self {
        let (link, own, jwt_gates) = Default::default();
        let shared = Shared { config, clock, environment, aws, link, own, jwt_gates };
        Self { shared: Arc::new(shared), below: None }
    }

    /// The same in a namespace below, as a resource names it.
    pub(crate) fn below(&self, namespace: Option<&str>) -> Arc<Self> {
        let below = namespace.map(plain).filter(|name| !name.is_empty()).map(str::to_owned);
        Arc::new(Self { shared: Arc::clone(&self.shared), below })
    }

    /// The namespace that paths are in.
    fn namespace(&self, link: &Link) -> Option<String> {
        match (&link.settings.namespace, &self.below) {
            (Some(own), Some(below)) => Some(format!("{own}/{below}")),
            (own, below) => own.clone().or_else(|| below.clone()),
        }
    }

    /// Sends a request to the namespace. A server without namespaces would ignore the name.
    async fn exchange(&self, link: &Link, request: &Request, token: Option<&SecretString>) -> Result<Answer, Error> {
        if self.below.is_some() {
            link.must_know_namespaces().await?;
        }
        link.exchange_in(self.namespace(link).as_deref(), request, token).await
    }

    /// What it was made from.
    pub(crate) fn config(&self) -> &VaultConfig {
        &self.shared.config
    }

    /// Time.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// The cluster that the configuration reaches, and the namespace in it, since a path of another namespace is another path; none if
    /// the server does not say.
    pub(crate) async fn account(&self) -> Result<Option<String>, Error> {
        let link = self.link().await?;
        let cluster = link.health().await?.and_then(|health| health.cluster_id.as_deref()).filter(|id| !id.is_empty());
        Ok(cluster.map(|id| match self.namespace(link) {
            Some(namespace) => format!("{id}/{namespace}"),
            None => id.to_owned(),
        }))
    }

    /// Sends a request until it is answered: only for one that may be repeated without harm.
    pub(crate) async fn repeat(&self, request: &Request) -> Result<Reply, Error> {
        repeat(&self.shared.clock, || self.send(request)).await
    }

    /// Sends a request once. If the token of our own has ended, which the server says before it does anything, once more with a new one.
    pub(crate) async fn send(&self, request: &Request) -> Result<Reply, Error> {
        reply(request, self.answer(request).await?)
    }

    /// The same, and gives whatever comes back but a refusal of the token.
    pub(crate) async fn answer(&self, request: &Request) -> Result<Answer, Error> {
        let link = self.link().await?;
        let token = self.token(link).await?;
        let answer = self.exchange(link, request, Some(&token)).await?;
        if answer.status != 403 {
            return Ok(answer);
        }
        if link.knows(&token).await? {
            return Err(Error::new(ErrorKind::Denied, request.operation, denied(request)));
        }
        if !matches!(link.settings.credentials, Credentials::Login(_)) {
            return Err(dead(request));
        }
        self.shared.own.lock().await.token = None;
        let token = self.token(link).await?;
        self.exchange(link, request, Some(&token)).await
    }

    /// Sends a request once with another token than the plugin's own, or with none, and gives whatever comes back.
    pub(crate) async fn send_as(&self, token: Option<&SecretString>, request: &Request) -> Result<Answer, Error> {
        self.exchange(self.link().await?, request, token).await
    }

    /// Whether the plugin logs in for its token, which it then revokes at its end.
    pub(crate) async fn logs_in(&self) -> Result<bool, Error> {
        Ok(matches!(self.link().await?.settings.credentials, Credentials::Login(_)))
    }

    /// The secret-id that the plugin itself logs in with, if it does so at this mount.
    pub(crate) async fn own_secret_id(&self, mount: &str) -> Result<Option<SecretString>, Error> {
        Ok(match &self.link().await?.settings.credentials {
            Credentials::Login(login) if self.is_own_namespace().await? => {
                login.secret_id_at(mount, self.shared.own.lock().await.unwrapped.as_ref())
            }
            _ => None,
        })
    }

    /// The token that the plugin itself logs in with, if it does so at this JWT mount.
    pub(crate) async fn own_jwt(&self, mount: &str) -> Result<Option<SecretString>, Error> {
        Ok(match &self.link().await?.settings.credentials {
            Credentials::Login(login) if self.is_own_namespace().await? => login.jwt_at(mount),
            _ => None,
        })
    }

    /// Whether the plugin's own login is in the namespace of the resource.
    async fn is_own_namespace(&self) -> Result<bool, Error> {
        let link = self.link().await?;
        Ok(link.own_namespace() == self.namespace(link).as_deref())
    }

    /// The way to the configuration of a JWT mount in the namespace.
    pub(crate) fn jwt_gate(&self, mount: &str) -> Arc<ConfigLock> {
        let below = self.below.as_deref().unwrap_or_default();
        self.shared.jwt_gates.of(&format!("{below}//{mount}"))
    }

    /// Revokes the token that the plugin logged in for, if it did. The end of a process does not wait for a server that is gone.
    pub(crate) async fn close(&self) {
        let Some(own) = self.shared.own.lock().await.token.take() else { return };
        if let Some(link) = self.shared.link.get() {
            let request = Request::new("vault token revoke", Method::POST, "auth/token/revoke-self").limit(LAST);
            drop(link.exchange_in(link.own_namespace(), &request, Some(&own.secret)).await);
        }
    }

    async fn link(&self) -> Result<&Link, Error> {
        self.shared
            .link
            .get_or_try_init(|| Link::open(&self.shared.config, &self.shared.environment, &self.shared.clock))
            .await
    }

    async fn token(&self, link: &Link) -> Result<SecretString, Error> {
        let login = match &link.settings.credentials {
            Credentials::Token(token) => return Ok(token.clone()),
            Credentials::Login(login) => login,
        };
        let mut own = self.shared.own.lock().await;
        let now = self.shared.clock.now();
        let kept = match own.token.take() {
            Some(token) if token.renew_at.is_none_or(|at| now < at) => Some(token),
            Some(token) => link.renew(&token, now).await,
            None => None,
        };
        let token = match kept {
            Some(token) => token,
            None => own.log_in(link, (login, self.shared.aws.as_ref()), &self.shared.clock).await?,
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

/// When the server answered, by its own clock, to the next whole second, since the header has no fractions.
pub(crate) fn server_time(answer: &Answer) -> Option<Timestamp> {
    let date = rfc2822::DateTimeParser::new().parse_timestamp(answer.header("date")?).ok()?;
    date.checked_add(SignedDuration::from_secs(1)).ok()
}

/// The plugin's last call has so long.
const LAST: SignedDuration = SignedDuration::from_secs(2);
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
