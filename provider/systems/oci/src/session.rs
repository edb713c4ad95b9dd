//! One configuration, and from its first call on what was made of it: a client, a signer, the home region.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::SignedDuration;
use outbound::{Answer, Call, Client, HeaderMap, HeaderName, HeaderValue, Method, Peer, Url, locked};
use rotation::{Clock, Effect, Error, ErrorKind};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::config::OciConfig;
use crate::error::{call, home_region, refused};
use crate::keypair::KeySource;
use crate::parts::Parts;
use crate::place::Place;
use crate::service::Service;
use crate::settings::Settings;
use crate::signer::{Signer, signed};
use crate::signing::Means;

/// One configuration. Nothing is looked up before the first call.
pub(crate) struct Session {
    config: OciConfig,
    clock: Arc<dyn Clock>,
    parts: Parts,
    link: OnceCell<Link>,
    home: OnceCell<()>,
    /// The region that is asked and told; none until it is found.
    region: Mutex<Option<String>>,
}

/// What a first call has made.
struct Link {
    settings: Settings,
    client: Client,
}

/// What is asked, and about whom.
#[derive(Clone, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) service: Service,
    pub(crate) method: Method,
    /// Below the version, such as `users/OCID/apiKeys`.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    pub(crate) if_match: Option<String>,
    pub(crate) retry_token: Option<String>,
    /// The user, as messages name it.
    pub(crate) about: &'a str,
    /// Another signer than the configured one.
    pub(crate) signer: Option<&'a dyn Signer>,
}

/// A region that the tenancy is subscribed to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    region_name: String,
    #[serde(default)]
    is_home_region: bool,
}

const UNAUTHENTICATED: u16 = 401;

impl Session {
    pub(crate) fn new(config: OciConfig, clock: Arc<dyn Clock>, parts: Parts) -> Self {
        let (link, home, region) = (OnceCell::new(), OnceCell::new(), Mutex::default());
        Self { config, clock, parts, link, home, region }
    }

    /// What it was made from.
    pub(crate) fn config(&self) -> &OciConfig {
        &self.config
    }

    /// Time.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn pairs(&self) -> Arc<dyn KeySource> {
        Arc::clone(&self.parts.pairs)
    }

    /// Tenancy and region as far as they are known, without a call.
    pub(crate) fn place(&self) -> Place {
        Settings::place(&self.config, &|name| self.variable(name))
    }

    pub(crate) async fn settings(&self) -> Result<&Settings, Error> {
        Ok(&self.link().await?.settings)
    }

    /// The tenancy. Every signature names it, so no call is needed.
    pub(crate) async fn account(&self) -> Result<String, Error> {
        Ok(self.settings().await?.place.tenancy.clone())
    }

    /// Makes a call once, one of Identity in the home region, and gives an answer that is a success.
    ///
    /// # Errors
    /// The refusal, or that there is no whole answer.
    pub(crate) async fn send(&self, call: &Call, ask: &Ask<'_>) -> Result<Answer, Error> {
        let link = self.link().await.map_err(without_effect)?;
        let is_at_home = ask.service == Service::Identity;
        if is_at_home {
            self.home.get_or_try_init(|| self.find_home(link)).await.map_err(without_effect)?;
        }
        let answer = self.attempt(link, call, ask).await?;
        let moved = home_region(&answer).filter(|_| is_at_home).and_then(|key| self.moved(link, &key));
        let answer = match moved {
            Some(()) => self.attempt(link, call, ask).await?,
            None => answer,
        };
        if answer.is_success() {
            Ok(answer)
        } else {
            Err(refused(call, ask.about, &answer, (self.clock.now(), &link.settings.origins)))
        }
    }

    /// The same, again and again if trouble passes. Only for calls that may be repeated without harm.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) async fn repeat(&self, call: &Call, ask: &Ask<'_>) -> Result<Answer, Error> {
        outbound::repeat(&self.clock, || self.send(call, ask)).await
    }

    /// How far OCI's clock is ahead of ours.
    pub(crate) fn ahead(&self) -> SignedDuration {
        self.link.get().map_or(SignedDuration::ZERO, |link| link.client.ahead())
    }

    async fn link(&self) -> Result<&Link, Error> {
        let connect = || async {
            let mut settings = Settings::resolve(&self.config, &|name| self.variable(name))?;
            let client = match &self.parts.client {
                Some(client) => client.clone(),
                None => Client::new(&outbound::Settings::default(), Arc::clone(&self.clock))?,
            };
            let peer = Peer { from: settings.origins.address.clone(), ..Peer::default() };
            let (client, regions) = (client.to(peer), settings.regions.clone());
            let means = Means { client: &client, clock: &self.clock, regions: &regions, pairs: &self.parts.pairs };
            settings.complete(means, self.config.endpoint(Service::Identity).is_some()).await?;
            Ok(Link { settings, client })
        };
        self.link.get_or_try_init(connect).await
    }

    /// Asks where the tenancy's home is. A user who may not know that goes on in the configured region.
    async fn find_home(&self, link: &Link) -> Result<(), Error> {
        let configured = &link.settings.place;
        self.region().get_or_insert_with(|| configured.region.clone());
        if self.config.endpoint(Service::Identity).is_some_and(|url| !url.contains(REGION)) {
            return Ok(());
        }
        let call = call("identity:ListRegionSubscriptions");
        let about = format!("the tenancy {}", configured.tenancy);
        let path = format!("tenancies/{}/regionSubscriptions", configured.tenancy);
        let ask = Ask { path, about: &about, ..Ask::default() };
        let asked = || async {
            let answer = self.attempt(link, &call, &ask).await?;
            if answer.is_success() {
                Ok(answer)
            } else {
                Err(refused(&call, &about, &answer, (self.clock.now(), &link.settings.origins)))
            }
        };
        let subscriptions: Vec<Subscription> = match outbound::repeat(&self.clock, asked).await {
            Ok(answer) => answer.json(&call)?,
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some(home) = subscriptions.into_iter().find(|region| region.is_home_region) {
            *self.region() = Some(home.region_name);
        }
        Ok(())
    }

    /// Notes the home region that a refusal names; nothing if it was asked already, or is not known.
    fn moved(&self, link: &Link, key: &str) -> Option<()> {
        let home = link.settings.regions.named(key)?;
        let before = self.region().replace(home.clone());
        (before != Some(home)).then_some(())
    }

    /// Makes a call once. If OCI refuses the plugin's token, which it does before anything else, once more with a new one.
    async fn attempt(&self, link: &Link, call: &Call, ask: &Ask<'_>) -> Result<Answer, Error> {
        let answer = self.once(link, call, ask).await?;
        let is_own = answer.status == UNAUTHENTICATED && ask.signer.is_none();
        if is_own && link.settings.signing.renewed(self.means(link)).await.map_err(without_effect)? {
            return self.once(link, call, ask).await;
        }
        Ok(answer)
    }

    async fn once(&self, link: &Link, call: &Call, ask: &Ask<'_>) -> Result<Answer, Error> {
        let url = self.url(link, ask)?;
        let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default();
        let body = Zeroizing::new(body.into_bytes());
        let own = match ask.signer {
            Some(_) => None,
            None => Some(link.settings.signing.signer(self.means(link)).await.map_err(without_effect)?),
        };
        let signer = ask.signer.or(own.as_deref().map(|own| own as &dyn Signer));
        let signer =
            signer.ok_or_else(|| Error::new(ErrorKind::Unexpected, "", "nobody signs the request [KR-OCI-065]"))?;
        let mut headers = signed(signer, (&ask.method, &url), &body, self.clock.now())?;
        headers.insert(HeaderName::from_static("accept"), HeaderValue::from_static("application/json"));
        add(&mut headers, "if-match", ask.if_match.as_deref());
        add(&mut headers, "opc-retry-token", ask.retry_token.as_deref());
        link.client.send(call, (ask.method.clone(), url), headers, body).await
    }

    fn url(&self, link: &Link, ask: &Ask<'_>) -> Result<Url, Error> {
        let region = match ask.service {
            Service::Identity => self.region().clone().unwrap_or_default(),
            Service::Vaults | Service::Secrets => link.settings.place.region.clone(),
        };
        let base = match self.config.endpoint(ask.service) {
            Some(url) => url.replace(REGION, &region),
            None => link.settings.regions.host(ask.service.host(), &region),
        };
        let url = format!("{}/{}/{}", base.trim_end_matches('/'), ask.service.version(), ask.path);
        let wrong = "an address in keyrotation:oci.endpoints is not a URL [KR-OCI-006]";
        url.parse().map_err(|_| Error::new(ErrorKind::Invalid, "", wrong))
    }

    fn means<'a>(&'a self, link: &'a Link) -> Means<'a> {
        let (client, regions) = (&link.client, &link.settings.regions);
        Means { client, clock: &self.clock, regions, pairs: &self.parts.pairs }
    }

    fn variable(&self, name: &str) -> Option<String> {
        match &self.parts.variables {
            Some(variables) => variables(name),
            None => std::env::var(name).ok(),
        }
    }

    fn region(&self) -> MutexGuard<'_, Option<String>> {
        locked(&self.region)
    }
}

/// Stands for the region's name in an endpoint.
const REGION: &str = "{region}";

/// A call that makes something: it is made once, and may take longer.
pub(crate) fn minting(operation: &'static str) -> Call {
    Call { limit: MINT_TIMEOUT, ..call(operation) }
}

/// How long one attempt to make a credential may take.
pub(crate) const MINT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

fn add(headers: &mut HeaderMap, name: &'static str, value: Option<&str>) {
    let value = value.and_then(|value| HeaderValue::from_str(value).ok());
    headers.extend(value.map(|value| (HeaderName::from_static(name), value)));
}

/// What goes before the call in question changes nothing.
fn without_effect(error: Error) -> Error {
    error.effect(Effect::None)
}
