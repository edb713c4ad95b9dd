//! Credentials and their leases: the calls, and what they say.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Method};
use rotation::{Effect, Error, ErrorKind, Retry};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::args::LeaseArgs;
use super::asking::asked;
use super::holder::Holder;
use crate::error::{incomplete, refused, words};
use crate::request::Request;
use crate::session::{Session, data};

/// A credential that was just read.
pub(crate) struct Credential {
    pub(crate) lease_id: String,
    pub(crate) lasts: SignedDuration,
    pub(crate) is_renewable: bool,
    pub(crate) data: BTreeMap<String, SecretString>,
}

/// What the server says of a lease.
#[derive(Deserialize)]
pub(crate) struct Facts {
    pub(crate) issue_time: Timestamp,
    #[serde(default)]
    pub(crate) last_renewal: Option<Timestamp>,
    #[serde(default)]
    pub(crate) expire_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) renewable: bool,
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    lease_id: String,
    #[serde(default)]
    lease_duration: u32,
    #[serde(default)]
    renewable: bool,
    data: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Renewed {
    lease_duration: u32,
    #[serde(default)]
    renewable: bool,
}

#[derive(Serialize)]
struct Named<'a> {
    lease_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    increment: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sync: Option<bool>,
}

/// The leases of one path.
#[derive(Clone, Copy)]
pub(crate) struct Credentials<'a> {
    pub(crate) session: &'a Session,
    pub(crate) args: &'a LeaseArgs,
}

/// How long a lease is, and whether more can be asked for.
pub(crate) type Grant = (SignedDuration, bool);

pub(crate) const MINT: &str = "vault read";
const RENEW: &str = "vault lease renew";
const REVOKE: &str = "vault lease revoke";

impl Credentials<'_> {
    /// Reads the path once, as the holder.
    pub(crate) async fn read(&self, holder: &Holder, limit: SignedDuration) -> Result<Credential, Error> {
        let request = Request::new(MINT, Method::GET, self.args.path.as_str()).limit(limit);
        let answer = self.session.send_as(Some(&holder.token), &request).await?;
        if !answer.is_success() {
            return Err(self.refused(&request, &answer));
        }
        let Given { lease_id, lease_duration, renewable, data } = answer.json(&request.call())?;
        if lease_id.is_empty() {
            let message = format!(
                "what was read at {:?} has no lease, so it is not a dynamic secret: set `path` to one, such as \"database/creds/payment\" [KR-VAULT-082]",
                self.args.path
            );
            return Err(Error::new(ErrorKind::Invalid, MINT, message));
        }
        let data = data.ok_or_else(|| incomplete(&request.call(), "data"))?;
        let data = data.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect();
        let lasts = SignedDuration::from_secs(lease_duration.into());
        Ok(Credential { lease_id, lasts, is_renewable: renewable, data })
    }

    /// What is known of a lease; none if it has ended.
    pub(crate) async fn look_up(&self, lease_id: &str) -> Result<Option<Facts>, Error> {
        let request = Request::new("vault lease lookup", Method::POST, "sys/leases/lookup");
        let request = request.json(&Named { lease_id, increment: None, sync: None })?;
        let answer = asked(self.session, &request).await?;
        if answer.status == 400 && words(&answer).contains("invalid lease") {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(refused(&request, &answer));
        }
        let facts: Facts = data(&request, &answer)?;
        Ok(Some(facts))
    }

    /// Asks for more time; none if the lease has ended.
    pub(crate) async fn renew(&self, lease_id: &str, life: Option<SignedDuration>) -> Result<Option<Grant>, Error> {
        let increment = life.map(|life| life.as_secs());
        let request = Request::new(RENEW, Method::POST, "sys/leases/renew");
        let request = request.json(&Named { lease_id, increment, sync: None })?;
        let answer = asked(self.session, &request).await?;
        if answer.status == 400
            && ["lease not found", "invalid lease", "lease expired"].iter().any(|end| words(&answer).contains(end))
        {
            return Ok(None);
        }
        if !answer.is_success() {
            return Err(refused(&request, &answer));
        }
        let Renewed { lease_duration, renewable } = answer.json(&request.call())?;
        Ok(Some((SignedDuration::from_secs(lease_duration.into()), renewable)))
    }

    /// Revokes a lease, and waits until the engine has done it. One that has ended is success.
    ///
    /// To revoke the holder alone would not do: the server then says yes at once, and revokes the lease when it comes to it.
    pub(crate) async fn revoke(&self, lease_id: &str) -> Result<(), Error> {
        let request = Request::new(REVOKE, Method::POST, "sys/leases/revoke");
        let request = request.json(&Named { lease_id, increment: None, sync: Some(true) })?;
        let answer = asked(self.session, &request).await?;
        if answer.is_success() || words(&answer).contains("invalid lease") {
            return Ok(());
        }
        if !words(&answer).contains("failed to revoke entry") {
            return Err(refused(&request, &answer));
        }
        let message = format!(
            "the engine could not revoke the credential of the lease {lease_id}, because what it manages does not answer or refuses it (the server's log says which): the lease stays, and the next `pulumi up` tries again [KR-VAULT-083]"
        );
        Err(Error::new(ErrorKind::Unreachable, REVOKE, message).retry(Retry::Never))
    }

    /// What a refusal to give a credential means. Nothing was made where the server says so for certain.
    fn refused(&self, request: &Request, answer: &Answer) -> Error {
        let path = &self.args.path;
        let words = words(answer);
        let holder = self.args.holder();
        let (kind, message) = match answer.status {
            403 => (
                ErrorKind::Denied,
                format!(
                    "{holder} lacks the capability read on {path:?}: allow it in a policy that it gets [KR-VAULT-084]"
                ),
            ),
            400 | 404 if words.contains("unknown role") || words.contains("not found") || answer.status == 404 => {
                (ErrorKind::NotFound, format!("there is nothing to read at {path:?}: check `path` [KR-VAULT-085]"))
            }
            400 | 500 if words.contains("is not an allowed role") => (
                ErrorKind::Invalid,
                format!(
                    "the connection of the role at {path:?} does not allow that role: add it to its allowed_roles [KR-VAULT-086]"
                ),
            ),
            400 | 405 if words.contains("unsupported") || answer.status == 405 => (
                ErrorKind::Invalid,
                format!(
                    "{path:?} cannot be read: set `path` to the path of a dynamic secret, such as \"database/creds/payment\" [KR-VAULT-087]"
                ),
            ),
            _ => return refused(request, answer),
        };
        Error::new(kind, request.operation, message)
    }
}

/// A failure after the credential was made.
pub(crate) fn after(error: Error) -> Error {
    error.effect(Effect::Unknown)
}

/// None if there is nothing.
fn text(value: Value) -> Option<SecretString> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.into()),
        other => Some(other.to_string().into()),
    }
}
