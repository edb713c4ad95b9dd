use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloud::wrong_config;
use jiff::SignedDuration;
use outbound::{Answer, Call, Client, HeaderMap, HeaderValue, Method, Peer, Settings, Url, locked, repeat};
use rotation::{Clock, Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::config::{ConfluentConfig, given};
use crate::error::{Refusal, Texts, no_credentials};
use crate::limits::Budget;
use crate::wire::Page;

/// One configuration and, from its first use on, what was built from it. All keys of a run share it, and with it one budget of calls.
pub(crate) struct Session {
    config: ConfluentConfig,
    clock: Arc<dyn Clock>,
    reach: OnceLock<Reach>,
    budget: Budget,
    endpoints: Mutex<HashMap<String, Arc<OnceCell<Vec<Url>>>>>,
    /// What the last try of a new key met.
    tried: Mutex<Option<String>>,
    pub(crate) organization: OnceCell<String>,
    /// None if the plugin's key may not read it.
    pub(crate) account: OnceCell<Option<String>>,
}

/// How Confluent Cloud is reached.
struct Reach {
    client: Client,
    base: Url,
    key: Pair,
}

/// An API key with its secret.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) id: String,
    pub(crate) secret: SecretString,
}

/// A request to Confluent's own APIs.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// The parts of the path.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<Value>,
}

impl<'a> Request<'a> {
    pub(crate) fn get(path: &'a [&'a str], query: &'a [(&'a str, &'a str)]) -> Self {
        Self { method: Method::GET, path, query, body: None }
    }
}

/// The longest that one attempt of a call may take that can be repeated.
pub(crate) const ATTEMPT: SignedDuration = SignedDuration::from_secs(10);

/// A call of Confluent's own APIs.
pub(crate) const fn call(operation: &'static str, limit: SignedDuration) -> Call {
    Call { operation, service: "Confluent Cloud", setting: "keyrotation:confluent.endpoint", limit }
}

impl Session {
    pub(crate) fn new(config: ConfluentConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            config,
            budget: Budget::new(Arc::clone(&clock)),
            clock,
            reach: OnceLock::new(),
            endpoints: Mutex::default(),
            tried: Mutex::default(),
            organization: OnceCell::new(),
            account: OnceCell::new(),
        }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The id of the key that the plugin works with.
    pub(crate) fn configured(&self) -> Result<&str, Error> {
        Ok(&self.reach()?.key.id)
    }

    /// Makes the call once, with the plugin's own key, when the budget allows.
    ///
    /// # Errors
    /// Whatever is not a success; `about` is whose keys it is about.
    pub(crate) async fn send(&self, call: &Call, about: &str, request: Request<'_>) -> Result<Answer, Error> {
        self.send_texts(call, (about, None), request).await
    }

    /// The same with a key's name and description, of which a refusal may speak.
    pub(crate) async fn send_texts(
        &self,
        call: &Call,
        (about, texts): (&str, Option<&Texts>),
        request: Request<'_>,
    ) -> Result<Answer, Error> {
        let (answer, wait) = self.answer(call, &self.reach()?.key, request).await?;
        if answer.is_success() { Ok(answer) } else { Err(Refusal::read(&answer).error(call, (about, texts), wait)) }
    }

    /// Makes the call once, with any key, when the budget allows. Gives the answer, whatever its status is, and the pause that a
    /// refusal for too many calls asks for.
    pub(crate) async fn answer(
        &self,
        call: &Call,
        key: &Pair,
        request: Request<'_>,
    ) -> Result<(Answer, SignedDuration), Error> {
        let Reach { client, base, .. } = self.reach()?;
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(request.path);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let (mut headers, mut body) = (authorization(key), Zeroizing::default());
        if let Some(json) = request.body {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            body = Zeroizing::new(json.to_string().into_bytes());
        }
        let permit = self.budget.permit().await;
        let answer = client.send(call, (request.method, url), headers, body).await?;
        let wait = permit.learn(&answer);
        Ok((answer, wait))
    }

    /// Asks a data plane once, with this key. Data planes have limits of their own.
    pub(crate) async fn ask_plane(&self, call: &Call, key: &Pair, url: Url) -> Result<Answer, Error> {
        let peer = Peer { from: "as Confluent Cloud tells it".to_owned(), ..Peer::default() };
        let client = self.reach()?.client.to(peer);
        client.send(call, (Method::GET, url), authorization(key), Zeroizing::default()).await
    }

    /// One object, asked for until there is an answer.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        call: &Call,
        about: &str,
        (path, query): (&[&str], &[(&str, &str)]),
    ) -> Result<T, Error> {
        let once = || async { self.send(call, about, Request::get(path, query)).await?.json(call) };
        repeat(&self.clock, once).await
    }

    /// A whole list, page by page. Only the token is taken from the address of the next page, so that the key goes nowhere else.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        call: &Call,
        about: &str,
        (path, query): (&[&str], &[(&str, &str)]),
    ) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let place = token.as_deref().map_or(("page_size", PAGE), |token| ("page_token", token));
            let query: Vec<_> = query.iter().copied().chain([place]).collect();
            let page: Page<T> = self.get(call, about, (path, &query)).await?;
            let (data, next) = page.into_parts().ok_or_else(|| call.unreadable())?;
            items.extend(data);
            let Some(next) = next else { return Ok(items) };
            let next = page_token(&next).ok_or_else(|| call.unreadable())?;
            if token.as_ref() == Some(&next) {
                return Err(call.unreadable());
            }
            token = Some(next);
        }
        Err(call.unreadable())
    }

    /// Notes what a try of a new key met: who answered, and how.
    pub(crate) fn note_try(&self, seen: String) {
        *locked(&self.tried) = Some(seen);
    }

    /// What the last try of a new key met.
    pub(crate) fn last_try(&self) -> Option<String> {
        locked(&self.tried).clone()
    }

    /// The addresses of a data plane, looked up at their first use in this process.
    pub(crate) async fn endpoints<F>(&self, of: &str, look_up: impl FnOnce() -> F) -> Result<Vec<Url>, Error>
    where
        F: Future<Output = Result<Vec<Url>, Error>>,
    {
        let cell = {
            let mut known = locked(&self.endpoints);
            Arc::clone(known.entry(of.to_owned()).or_default())
        };
        cell.get_or_try_init(look_up).await.cloned()
    }

    /// How far Confluent's clock is ahead of ours.
    pub(crate) fn ahead(&self) -> SignedDuration {
        self.reach.get().map_or(SignedDuration::ZERO, |reach| reach.client.ahead())
    }

    fn reach(&self) -> Result<&Reach, Error> {
        if let Some(reach) = self.reach.get() {
            return Ok(reach);
        }
        let reach = Reach::of(&self.config, &self.clock)?;
        Ok(self.reach.get_or_init(|| reach))
    }
}

impl Reach {
    fn of(config: &ConfluentConfig, clock: &Arc<dyn Clock>) -> Result<Self, Error> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(wrong_config("confluent", &problem));
        }
        let key = configured(config)?.or_else(from_environment).ok_or_else(no_credentials)?;
        let base = config.endpoint.as_deref().unwrap_or(HOME).parse().map_err(|_| no_url())?;
        let from = match config.endpoint {
            Some(_) => "from `keyrotation:confluent.endpoint`",
            None => "the default; `keyrotation:confluent.endpoint` is unset",
        };
        let peer = Peer { from: from.to_owned(), ..Peer::default() };
        let client = Client::new(&Settings::default(), Arc::clone(clock))?.to(peer);
        Ok(Self { client, base, key })
    }
}

const HOME: &str = "https://api.confluent.cloud";
const KEY_VARIABLE: &str = "CONFLUENT_CLOUD_API_KEY";
const SECRET_VARIABLE: &str = "CONFLUENT_CLOUD_API_SECRET";

/// Every property and variable that the plugin reads for Confluent Cloud, by what it settles: the first that is set counts.
/// The page `docs/settings/confluent.md` says the same, which a test compares.
pub const SETTINGS: &[(&str, &[&str])] = &[
    ("API key", &["keyrotation:confluent.cloudApiKey", KEY_VARIABLE]),
    (
        "API secret",
        &["keyrotation:confluent.cloudApiSecret", "keyrotation:confluent.cloudApiSecretFile", SECRET_VARIABLE],
    ),
    ("address", &["keyrotation:confluent.endpoint", HOME]),
    ("trusted certificates", &["SSL_CERT_FILE", "SSL_CERT_DIR"]),
];
/// The most items that a page may have.
const PAGE: &str = "100";
/// More pages than any list has; more means that the list goes round in a circle.
const PAGES: usize = 1000;

#[expect(
    clippy::disallowed_methods,
    reason = "the id of an API key is no secret; the secret goes from one wrapper into another"
)]
fn configured(config: &ConfluentConfig) -> Result<Option<Pair>, Error> {
    let Some(id) = given(&config.cloud_api_key) else { return Ok(None) };
    let secret = match config.secret_file() {
        Some(file) => Some(in_file(file)?),
        None => given(&config.cloud_api_secret).map(|secret| secret.as_secrecy().clone()),
    };
    Ok(secret.map(|secret| Pair { id: id.as_secrecy().expose_secret().to_owned(), secret }))
}

/// The secret as its file holds it now.
fn in_file(file: &str) -> Result<SecretString, Error> {
    const SETTING: &str = "keyrotation:confluent.cloudApiSecretFile";
    let wrong = |why: String| Error::new(ErrorKind::Invalid, "", format!("{SETTING}: the file {file} {why}"));
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| wrong(format!("cannot be read ({}) [KR-CONFLUENT-037]", error.kind())))?;
    match text.trim() {
        "" => Err(wrong("is empty: write the secret into it [KR-CONFLUENT-038]".to_owned())),
        secret => Ok(secret.into()),
    }
}

/// The variables that Confluent's own Terraform provider reads.
fn from_environment() -> Option<Pair> {
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let (id, secret) = (variable(KEY_VARIABLE)?, variable(SECRET_VARIABLE)?);
    Some(Pair { id, secret: secret.into() })
}

fn no_url() -> Error {
    Error::new(
        ErrorKind::Invalid,
        "",
        "keyrotation:confluent.endpoint is not a URL: write one such as \"https://api.confluent.cloud\" [KR-CONFLUENT-003]",
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "Basic authentication sends it; the header is marked sensitive and hides it"
)]
fn authorization(key: &Pair) -> HeaderMap {
    let plain = Zeroizing::new(format!("{}:{}", key.id, key.secret.expose_secret()));
    let basic = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(plain.as_bytes())));
    let mut headers = HeaderMap::new();
    if let Ok(mut value) = HeaderValue::from_str(&basic) {
        value.set_sensitive(true);
        headers.insert("authorization", value);
    }
    headers
}

/// The token in the address of a page, which may be a whole URL or a path.
fn page_token(next: &str) -> Option<String> {
    let base: Url = HOME.parse().ok()?;
    let url = base.join(next).ok()?;
    url.query_pairs().find(|(name, _)| name == "page_token").map(|(_, token)| token.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_taken_from_the_next_page() {
        assert_eq!(page_token("https://elsewhere.example/x?page_token=a%2Bb&y=1").unwrap(), "a+b");
        assert_eq!(page_token("/iam/v2/api-keys?page_token=t").unwrap(), "t");
        assert_eq!(page_token("https://api.confluent.cloud/iam/v2/api-keys"), None);
    }

    #[test]
    fn credentials_are_hidden_in_headers() {
        let key = Pair { id: "KEY".to_owned(), secret: "hidden".into() };
        let headers = authorization(&key);
        assert_eq!(headers["authorization"].to_str().unwrap(), "Basic S0VZOmhpZGRlbg==");
        assert!(!format!("{headers:?}").contains("S0VZ"));
    }
}
