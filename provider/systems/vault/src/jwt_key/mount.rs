//! One JWT mount: its calls, and what they say.

use std::sync::Arc;

use jiff::SignedDuration;
use outbound::{Method, repeat};
use rotation::{Effect, Error, ErrorKind, KeyId, Retry};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::keypair::signer;
use crate::config_lock::{Config, ConfigLock};
use crate::error::{Absence, absence_of, no_mount, refused, words};
use crate::request::Request;
use crate::session::{Reply, Session, data};

/// A JWT mount as a session reaches it.
pub(crate) struct Mount {
    session: Arc<Session>,
    name: String,
    gate: Arc<ConfigLock>,
}

/// What the server said of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It knows the key that signed.
    Known,
    /// It knows no such key.
    Unknown,
    /// This role cannot tell.
    Nothing,
}

/// How a change of the keys ended.
pub(crate) enum Changed {
    /// The server wrote it, and shows this now; none if it does not tell.
    Written(Option<Config>),
    /// It stood there already.
    Stood,
    /// What stands there must be read first.
    Unread,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default, rename = "type")]
    name: String,
}

#[derive(Serialize)]
struct Login<'a> {
    role: &'a str,
    jwt: &'a str,
}

const READ: &str = "vault read config";
const WRITE: &str = "vault write config";
const ROLES: &str = "vault list role";
const LOG_IN: &str = "vault write login";
/// How long one write may go unanswered.
pub(crate) const MINT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);
/// How often somebody else may be faster in one change, or a server may show what stood there before it.
const RACES: u32 = 16;
/// More writes of one process than ever overtake one read.
const WRITERS: u32 = 256;

impl Mount {
    pub(crate) fn new(session: Arc<Session>, name: &str) -> Self {
        let gate = session.jwt_gate(name);
        Self { session, name: name.to_owned(), gate }
    }

    /// The session by which it is reached.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// The key that signed the token with which the plugin itself logs in at this mount, if the token says so.
    pub(crate) async fn own_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(self.session.own_jwt(&self.name).await?.as_ref().and_then(signer))
    }

    fn request(&self, operation: &'static str, method: Method, part: &str) -> Request {
        Request::new(operation, method, format!("auth/{}/{part}", self.name))
    }

    /// Its configuration; none if there is no such mount.
    pub(crate) async fn read(&self) -> Result<Option<Config>, Error> {
        repeat(self.session.clock(), || self.fetch()).await.map(|read| read.map(|(config, _)| config))
    }

    /// The same as a base for a change: newer than everything that this process knows.
    pub(crate) async fn read_newest(&self) -> Result<Option<Config>, Error> {
        repeat(self.session.clock(), || self.newest()).await
    }

    /// Reads again while others of this process write: each time one of them has come further.
    async fn newest(&self) -> Result<Option<Config>, Error> {
        for _ in 0..WRITERS {
            match self.fetch().await? {
                Some((_, false)) => {}
                read => return Ok(read.map(|(config, _)| config)),
            }
        }
        Err(self.races())
    }

    /// One read, and whether this process now knows nothing older.
    async fn fetch(&self) -> Result<Option<(Config, bool)>, Error> {
        let ticket = self.gate.read();
        let Some(config) = self.get().await? else { return Ok(None) };
        let is_newest = self.gate.found(ticket, &config);
        Ok(Some((config, is_newest)))
    }

    async fn get(&self) -> Result<Option<Config>, Error> {
        let request = self.request(READ, Method::GET, "config");
        let reply = match self.session.send(&request).await.map_err(harmless) {
            Err(error) if absence_of(&error) == Some(Absence::NoMount) => return Ok(None),
            Err(error) if absence_of(&error) == Some(Absence::OtherEngine) => return Err(self.no_jwt()),
            reply => reply?,
        };
        let config = match reply {
            Reply::Done(answer) => Config::new(data::<Map<String, Value>>(&request, &answer).map_err(harmless)?),
            Reply::Missing(_) => {
                self.must_be_jwt().await?;
                Config::default()
            }
        };
        if config.is_jwt() { Ok(Some(config)) } else { Err(self.no_jwt()) }
    }

    /// Where there is no configuration yet, a method of another type looks the same. Who may not ask takes it for one of JWT.
    async fn must_be_jwt(&self) -> Result<(), Error> {
        let path = format!("sys/internal/ui/mounts/auth/{}", self.name);
        let request = Request::new("vault read mount", Method::GET, path);
        match self.session.send(&request).await.map_err(harmless) {
            Ok(Reply::Done(answer)) => {
                let Kind { name } = data(&request, &answer).map_err(harmless)?;
                if name.contains("jwt") || name.contains("oidc") { Ok(()) } else { Err(self.no_jwt()) }
            }
            Ok(Reply::Missing(_)) => Ok(()),
            Err(error) if error.kind == ErrorKind::Denied => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn no_jwt(&self) -> Error {
        let message = format!(
            "what is mounted at \"auth/{}\" (`mount`) is not a JWT auth method: set `mount` to one. Nothing was changed [KR-VAULT-074]",
            self.name
        );
        Error::new(ErrorKind::Invalid, READ, message).effect(Effect::None)
    }

    fn races(&self) -> Error {
        let message = format!(
            "the keys at \"auth/{}/config\" are changed by others all the time: run `pulumi up` again, and let one program at a time write there [KR-VAULT-075]",
            self.name
        );
        Error::new(ErrorKind::Conflict, WRITE, message)
    }

    /// Changes the published keys until they are as `alter` wants them, which says so by giving none: each write is read back, since
    /// somebody else may have replaced it. A mount that is gone needs no change.
    pub(crate) async fn change<F>(&self, alter: F) -> Result<(), Error>
    where
        F: Fn(&Config) -> Result<Option<Config>, Error>,
    {
        repeat(self.session.clock(), || async {
            for _ in 0..RACES {
                let Some(config) = self.newest().await? else { return Ok(()) };
                if alter(&config)?.is_none() {
                    return Ok(());
                }
                if let Changed::Written(Some(now)) = self.put(&alter).await?
                    && alter(&now)?.is_none()
                {
                    return Ok(());
                }
            }
            Err(self.races())
        })
        .await
    }

    /// Writes again what stands there: the server then forgets what it remembers of the keys. A mount without a configuration has nothing to forget.
    pub(crate) async fn rewrite(&self) -> Result<(), Error> {
        repeat(self.session.clock(), || async {
            for _ in 0..RACES {
                if self.newest().await?.is_none() {
                    return Ok(());
                }
                let same = |config: &Config| Ok(config.fields().map(|_| config.clone()));
                if !matches!(self.put(same).await?, Changed::Unread) {
                    return Ok(());
                }
            }
            Err(self.races())
        })
        .await
    }

    /// Writes what `alter` makes of what stands there, while nobody else in this process writes.
    ///
    /// A server that then shows what stood there before has come upon a login at the moment of the write and remembers the old
    /// configuration, or somebody has written it again: it gets the new one once more.
    pub(crate) async fn put<F>(&self, alter: F) -> Result<Changed, Error>
    where
        F: Fn(&Config) -> Result<Option<Config>, Error>,
    {
        let turn = self.gate.turn().await;
        let Some(known) = turn.known() else { return Ok(Changed::Unread) };
        let Some(wanted) = alter(&known)? else { return Ok(Changed::Stood) };
        turn.begin();
        if let Err(error) = self.write(&wanted).await {
            turn.end(None);
            return Err(error);
        }
        let mut now = Some(wanted.clone());
        if known != wanted {
            now = self.shown().await;
            if now.as_ref() == Some(&known) && self.write(&wanted).await.is_ok() {
                now = self.shown().await;
            }
        }
        turn.end(now.clone());
        Ok(Changed::Written(now))
    }

    async fn write(&self, wanted: &Config) -> Result<(), Error> {
        let request = self.request(WRITE, Method::POST, "config").limit(MINT_TIMEOUT).json(&wanted.fields())?;
        match self.session.send(&request).await {
            Ok(Reply::Done(_)) => Ok(()),
            Ok(Reply::Missing(_)) => Err(self.missing()),
            Err(error) if absence_of(&error) == Some(Absence::OtherEngine) => Err(self.no_jwt()),
            Err(error) => Err(error),
        }
    }

    /// What stands there after a write; none if the server does not tell, for the write has succeeded all the same.
    async fn shown(&self) -> Option<Config> {
        self.get().await.ok().flatten()
    }

    /// Nothing is mounted there, which is no proof that the keys are gone.
    pub(crate) fn missing(&self) -> Error {
        no_mount(READ, &format!("auth/{}", self.name))
    }

    /// The names of its roles.
    pub(crate) async fn roles(&self) -> Result<Vec<String>, Error> {
        let request = self.request(ROLES, Method::GET, "role").names();
        match self.session.repeat(&request).await? {
            Reply::Done(answer) => data::<Keys>(&request, &answer).map(|found| found.keys),
            Reply::Missing(_) => Ok(Vec::new()),
        }
    }

    /// Sends a probe once. The server looks at the role first, then at the signature, and then at what the token says.
    pub(crate) async fn try_out(&self, role: &str, probe: &str) -> Result<Said, Error> {
        let request = self.request(LOG_IN, Method::POST, "login").json(&Login { role, jwt: probe })?;
        let answer = self.session.send_as(None, &request).await.map_err(harmless)?;
        let words = words(&answer);
        if answer.status == 400 && words.contains("invalid algorithm") {
            let message = format!(
                "the mount \"auth/{}\" (`mount`) takes no tokens of this algorithm: add it to jwt_supported_algs there, or choose another `algorithm` [KR-VAULT-076]",
                self.name
            );
            return Err(Error::new(ErrorKind::Invalid, LOG_IN, message).retry(Retry::Never));
        }
        if answer.status == 400 && words.contains("error verifying token signature: fetching keys") {
            let message = format!(
                "the server cannot fetch the keys of \"auth/{}\" (`mount`): publish a set of keys at its jwks_url, where the server reaches it [KR-VAULT-077]",
                self.name
            );
            return Err(Error::new(ErrorKind::Unreachable, LOG_IN, message).retry(Retry::Backoff).effect(Effect::None));
        }
        judge(answer.status, &words).ok_or_else(|| harmless(refused(&request, &answer)))
    }
}

/// What an answer says of the key that signed; none if that cannot be told.
fn judge(status: u16, words: &str) -> Option<Said> {
    let says = |part: &str| words.contains(part);
    match status {
        400 if says("no known key successfully validated") || says("failed to verify id token signature") => {
            Some(Said::Unknown)
        }
        // Of what the token says, and its signature was looked at before.
        400 if says("error validating token: invalid ") => Some(Said::Known),
        400 if says("could not load configuration") => Some(Said::Unknown),
        400 if says("oidc role_type is not allowed") || says("could not be found") => Some(Said::Nothing),
        // The role is for other networks than this machine's.
        403 => Some(Said::Nothing),
        _ => None,
    }
}

/// What failed was a question: nothing was changed.
fn harmless(error: Error) -> Error {
    error.effect(Effect::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words are OpenBao's, by trial.
    #[test]
    fn only_a_signature_that_was_checked_counts() {
        let validating = "error validating token: ";
        for (status, words, said) in [
            (400, "invalid expiration time (exp) claim: token is expired", Some(Said::Known)),
            (400, "invalid issuer (iss) claim", Some(Said::Known)),
            (400, "invalid audience (aud) claim: audience claim found", Some(Said::Known)),
            (
                400,
                "error verifying token signature: no known key successfully validated the token signature",
                Some(Said::Unknown),
            ),
            (400, "error verifying token signature: failed to verify id token signature", Some(Said::Unknown)),
            (400, "error verifying token signature: go-jose/go-jose: compact JWS format must have three parts", None),
            (503, "invalid issuer (iss) claim", None),
        ] {
            assert_eq!(judge(status, &format!("{validating}{words}")), said, "{words}");
        }
        for (status, words, said) in [
            (400, "role with oidc role_type is not allowed", Some(Said::Nothing)),
            (400, "role \"x\" could not be found", Some(Said::Nothing)),
            (403, "permission denied", Some(Said::Nothing)),
            (400, "could not load configuration", Some(Said::Unknown)),
            (200, "", None),
            (500, "internal error", None),
        ] {
            assert_eq!(judge(status, words), said, "{words}");
        }
    }
}
