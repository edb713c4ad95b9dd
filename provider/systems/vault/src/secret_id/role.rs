//! One role of an AppRole mount: its calls, and what they say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outbound::{Answer, Method};
use rotation::{Error, ErrorKind, KeyId, Verdict};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::args::SecretIdArgs;
use crate::error::{Absence, absence_of, is_absence, refused, words};
use crate::login::lockout;
use crate::request::Request;
use crate::session::{Reply, Session, data, server_time};

/// What the server says of a secret-id. None of it ever changes.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) created_at: Timestamp,
    /// None if it does not end by itself.
    pub(crate) ends_at: Option<Timestamp>,
    /// How often it may still be used; 0 if without end.
    pub(crate) uses: u64,
    /// What whoever made it said of it.
    pub(crate) notes: BTreeMap<String, String>,
}

/// The accessors of a role's secret-ids, and the server's time.
pub(crate) struct Accessors {
    pub(crate) at: Timestamp,
    pub(crate) all: Vec<KeyId>,
}

/// What a secret-id is to be.
#[derive(Serialize)]
pub(crate) struct Wanted<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<&'a str>,
    /// JSON in a text, which is how the API takes it.
    metadata: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cidr_list: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

/// A secret-id that was made.
#[derive(Deserialize)]
pub(crate) struct Made {
    #[serde(rename = "secret_id_accessor")]
    pub(crate) accessor: String,
    /// In seconds; 0 if it does not end by itself.
    #[serde(default, rename = "secret_id_ttl")]
    pub(crate) ttl: i64,
    /// 0 if it may be used without end.
    #[serde(default, rename = "secret_id_num_uses")]
    pub(crate) uses: u64,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct Looked {
    creation_time: Timestamp,
    expiration_time: Timestamp,
    #[serde(default, rename = "secret_id_num_uses")]
    uses: u64,
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Found {
    secret_id_accessor: String,
}

#[derive(Deserialize)]
struct RoleId {
    role_id: String,
}

#[derive(Serialize)]
struct Accessor<'a> {
    secret_id_accessor: &'a str,
}

#[derive(Serialize)]
struct SecretId<'a> {
    secret_id: &'a str,
}

#[derive(Serialize)]
struct Login<'a> {
    role_id: &'a str,
    secret_id: &'a str,
}

#[derive(Deserialize)]
struct LoggedIn {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: SecretString,
}

/// A role of one mount.
#[derive(Clone, Copy)]
pub(crate) struct Role<'a> {
    pub(crate) session: &'a Session,
    pub(crate) args: &'a SecretIdArgs,
}

pub(crate) const MINT: &str = "vault write custom-secret-id";
pub(crate) const MARK: &str = "vault write secret-id";
const LIST: &str = "vault list secret-id";
const LOOK_UP: &str = "vault write secret-id-accessor/lookup";
const DESTROY: &str = "vault write secret-id-accessor/destroy";
const FIND: &str = "vault write secret-id/lookup";
const LOG_IN: &str = "vault write login";

impl<'a> Wanted<'a> {
    /// One that the server makes up, with these notes.
    pub(crate) fn new(notes: &BTreeMap<String, String>) -> Result<Self, Error> {
        let bug = |_| Error::new(ErrorKind::Unexpected, MINT, "the metadata could not be written [KR-VAULT-141]");
        let metadata = serde_json::to_string(notes).map_err(bug)?;
        Ok(Self { secret_id: None, metadata, cidr_list: None, ttl: None })
    }

    /// The same, with this secret-id, as the inputs ask.
    pub(crate) fn with(self, secret_id: &'a SecretString, args: &'a SecretIdArgs) -> Self {
        let ttl = args.lifetime().map(|ttl| ttl.as_secs());
        Self { secret_id: Some(open(secret_id)), cidr_list: args.cidr_list.as_deref(), ttl, ..self }
    }
}

impl Role<'_> {
    fn request(&self, operation: &'static str, method: Method, part: &str) -> Request {
        let SecretIdArgs { mount, role, .. } = self.args;
        Request::new(operation, method, format!("auth/{mount}/role/{role}/{part}"))
    }

    /// The role's secret-ids; none if there is no such role.
    pub(crate) async fn accessors(&self) -> Result<Option<Accessors>, Error> {
        let request = self.request(LIST, Method::GET, "secret-id").names();
        let reply = self.session.repeat(&request).await.map_err(|error| self.explained(error))?;
        let (answer, all) = match reply {
            Reply::Missing(answer) if is_absence(&words(&answer)) => return Ok(None),
            Reply::Missing(answer) => (answer, Vec::new()),
            Reply::Done(answer) => {
                let keys: Keys = data(&request, &answer)?;
                (answer, keys.keys.into_iter().map(KeyId).collect())
            }
        };
        let at = server_time(&answer).unwrap_or_else(|| self.session.clock().now());
        Ok(Some(Accessors { at, all }))
    }

    /// The failure as it is told: a method of another type knows none of the paths.
    pub(crate) fn explained(&self, error: Error) -> Error {
        if absence_of(&error) != Some(Absence::OtherEngine) {
            return error;
        }
        let mount = &self.args.mount;
        let message = format!(
            "what is mounted at \"auth/{mount}\" (`mount`) is not an AppRole auth method: set `mount` to one. Nothing was changed [KR-VAULT-142]"
        );
        Error { message, ..error }
    }

    /// What is known of a secret-id; none if it has ended or was destroyed.
    pub(crate) async fn look_up(&self, accessor: &KeyId) -> Result<Option<Facts>, Error> {
        let request = self.request(LOOK_UP, Method::POST, "secret-id-accessor/lookup");
        let request = request.json(&Accessor { secret_id_accessor: &accessor.0 })?;
        // One that has ended is answered with nothing at all.
        let answer = match self.session.repeat(&request).await? {
            Reply::Done(answer) if answer.status != 204 => answer,
            _ => return Ok(None),
        };
        let found: Looked = data(&request, &answer)?;
        let ends_at = Some(found.expiration_time).filter(|at| *at > Timestamp::UNIX_EPOCH);
        let (created_at, uses) = (found.creation_time, found.uses);
        Ok(Some(Facts { created_at, ends_at, uses, notes: found.metadata.unwrap_or_default() }))
    }

    /// The request that makes a secret-id: one of our own choice, or one that the server makes up.
    pub(crate) fn making(&self, wanted: &Wanted<'_>) -> Result<Request, Error> {
        let (operation, part) = match wanted.secret_id {
            Some(_) => (MINT, "custom-secret-id"),
            None => (MARK, "secret-id"),
        };
        self.request(operation, Method::POST, part).json(wanted)
    }

    /// What came of it.
    pub(crate) fn made(&self, request: &Request, reply: Reply) -> Result<(Made, Answer), Error> {
        match reply {
            Reply::Done(answer) => Ok((data(request, &answer)?, answer)),
            Reply::Missing(_) => Err(Error::new(
                ErrorKind::NotFound,
                request.operation,
                format!("{} does not exist [KR-VAULT-143]", self.args),
            )),
        }
    }

    /// Destroys a secret-id. One that is gone already is success.
    pub(crate) async fn destroy(&self, accessor: &KeyId) -> Result<(), Error> {
        let request = self.request(DESTROY, Method::POST, "secret-id-accessor/destroy");
        let request = request.json(&Accessor { secret_id_accessor: &accessor.0 })?;
        self.session.repeat(&request).await.map(drop)
    }

    /// The accessor of a secret-id; none if it does not work.
    pub(crate) async fn find(&self, secret_id: &SecretString) -> Result<Option<KeyId>, Error> {
        let request = self.request(FIND, Method::POST, "secret-id/lookup");
        let request = request.json(&SecretId { secret_id: open(secret_id) })?;
        match self.session.repeat(&request).await? {
            Reply::Done(answer) if answer.status != 204 => {
                let found: Found = data(&request, &answer)?;
                Ok(Some(KeyId(found.secret_id_accessor)))
            }
            _ => Ok(None),
        }
    }

    /// What the role itself logs in with.
    pub(crate) async fn id(&self) -> Result<String, Error> {
        let request = self.request("vault read role-id", Method::GET, "role-id");
        match self.session.repeat(&request).await? {
            Reply::Done(answer) => data::<RoleId>(&request, &answer).map(|found| found.role_id),
            Reply::Missing(_) => Err(Error::new(
                ErrorKind::NotFound,
                request.operation,
                format!("{} does not exist [KR-VAULT-143]", self.args),
            )),
        }
    }

    /// Logs in with a secret-id once, and revokes the token at once.
    pub(crate) async fn try_out(&self, role_id: &str, secret_id: &SecretString) -> Result<Verdict, Error> {
        let request = Request::new(LOG_IN, Method::POST, format!("auth/{}/login", self.args.mount));
        let request = request.json(&Login { role_id, secret_id: open(secret_id) })?;
        let answer = self.session.send_as(None, &request).await?;
        match (answer.status, words(&answer)) {
            (200, _) => {
                let token = answer.json::<LoggedIn>(&request.call())?.auth.client_token;
                self.revoke(&token).await?;
                Ok(Verdict::Accepted)
            }
            // This machine is outside the networks of the secret-id, which the server says only of one that it knows.
            (400, words) if words.contains("CIDR") => {
                Ok(if self.find(secret_id).await?.is_some() { Verdict::Accepted } else { Verdict::NotYet })
            }
            (400, words) if words.contains("invalid role or secret ID") => Ok(Verdict::NotYet),
            // Nobody needs a right to log in.
            (403, _) => Err(self.locked()),
            _ => Err(refused(&request, &answer)),
        }
    }

    /// The server refuses a secret-id that may be right.
    fn locked(&self) -> Error {
        let SecretIdArgs { mount, role, .. } = self.args;
        let message = format!(
            "the server refused to let the new secret-id of the role {role:?} log in at \"auth/{mount}\" (status 403), as it does while the role is locked. {}. The next `pulumi up` tries the secret-id again [KR-VAULT-144]",
            lockout(mount)
        );
        Error::new(ErrorKind::Unverified, LOG_IN, message)
    }

    /// A token of a batch cannot be revoked, and one without the default policy may not revoke itself: both end by themselves.
    async fn revoke(&self, token: &SecretString) -> Result<(), Error> {
        if open(token).is_empty() {
            // A login that a second factor must confirm gives no token yet.
            return Ok(());
        }
        let request = Request::new("vault token revoke", Method::POST, "auth/token/revoke-self");
        let clock = self.session.clock();
        outbound::repeat(clock, || async {
            let answer = self.session.send_as(Some(token), &request).await?;
            match answer.status {
                200..=299 | 400 | 403 => Ok(()),
                _ => Err(refused(&request, &answer)),
            }
        })
        .await
    }
}

#[expect(clippy::disallowed_methods, reason = "it is sent to the server, from memory that is wiped")]
fn open(secret: &SecretString) -> &str {
    secret.expose_secret()
}
