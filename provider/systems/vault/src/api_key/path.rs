//! One path of a KV engine of version 2: its calls, and what they say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outbound::{Answer, Method};
use rotation::{Error, ErrorKind, KeyStatus};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::fields::Fields;
use super::limits::{Limits, deletion};
use crate::error::{Absence, absence_of};
use crate::request::Request;
use crate::session::{Reply, Session, data, reply, server_time};

/// What the path's metadata says.
#[derive(Clone, Default)]
pub(crate) struct Metadata {
    /// The number of the newest version, destroyed or not; the next one is one more.
    pub(crate) current: u64,
    /// What the path itself says of its versions.
    pub(crate) limits: Limits,
    /// What anybody noted there.
    pub(crate) notes: BTreeMap<String, String>,
    /// The versions whose data exist.
    pub(crate) versions: BTreeMap<u64, Version>,
}

/// A version whose data exist.
#[derive(Clone, Copy)]
pub(crate) struct Version {
    pub(crate) created_at: Timestamp,
    /// When the server deletes it by itself, if it does and has not yet.
    pub(crate) ends_at: Option<Timestamp>,
    /// A deleted version is inactive until somebody undeletes it.
    pub(crate) status: KeyStatus,
}

/// What was found at a path.
pub(crate) enum Found {
    /// Nothing was ever written there.
    Nothing,
    /// This.
    Metadata(Metadata),
}

#[derive(Deserialize)]
struct RawMetadata {
    current_version: u64,
    #[serde(flatten)]
    limits: Limits,
    custom_metadata: Option<BTreeMap<String, String>>,
    versions: BTreeMap<String, RawVersion>,
}

#[derive(Deserialize)]
struct RawVersion {
    created_time: Timestamp,
    #[serde(default)]
    deletion_time: String,
    #[serde(default)]
    destroyed: bool,
}

#[derive(Deserialize)]
struct RawMount {
    #[serde(rename = "type")]
    kind: String,
    options: Option<BTreeMap<String, String>>,
}

/// What came of a merge patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patched {
    /// It was done.
    Done,
    /// Nothing was ever written at the path.
    Nothing,
    /// The server knows no such request, as older ones.
    Unknown,
}

/// A path of one mount.
#[derive(Clone, Copy)]
pub(crate) struct KvPath<'a> {
    pub(crate) session: &'a Session,
    pub(crate) mount: &'a str,
    pub(crate) path: &'a str,
}

impl KvPath<'_> {
    /// A request about the path, by the part of the engine that answers it.
    pub(crate) fn request(&self, operation: &'static str, method: Method, part: &str) -> Request {
        Request::new(operation, method, format!("{}/{part}/{}", self.mount, self.path))
    }

    /// What stands there.
    pub(crate) async fn metadata(&self) -> Result<Found, Error> {
        let request = self.request("vault kv metadata get", Method::GET, "metadata");
        let reply = match self.session.repeat(&request).await {
            Err(error) if absence_of(&error) == Some(Absence::OtherEngine) => {
                return Err(self.must_be_kv2().await.err().unwrap_or(error));
            }
            reply => reply?,
        };
        match reply {
            Reply::Missing(_) => self.must_be_kv2().await.map(|()| Found::Nothing),
            Reply::Done(answer) => match data::<RawMetadata>(&request, &answer) {
                Ok(raw) => self.read(&request, &answer, raw).map(Found::Metadata),
                Err(error) => Err(self.must_be_kv2().await.err().unwrap_or(error)),
            },
        }
    }

    /// An engine of version 1 would take every path of ours for a secret's name.
    async fn must_be_kv2(&self) -> Result<(), Error> {
        let path = format!("sys/internal/ui/mounts/{}", self.mount);
        let request = Request::new("vault secrets list", Method::GET, path);
        let mount = self.mount;
        let Reply::Done(answer) = self.session.repeat(&request).await? else {
            let message = format!("the server does not say what is mounted at {mount:?} (`mount`) [KR-VAULT-015]");
            return Err(Error::new(ErrorKind::Unexpected, request.operation, message));
        };
        let found: RawMount = data(&request, &answer)?;
        let version = found.options.as_ref().and_then(|options| options.get("version")).map(String::as_str);
        match (found.kind.as_str(), version) {
            ("kv", Some("2")) => Ok(()),
            ("kv" | "generic", _) => {
                let message = format!(
                    "what is mounted at {mount:?} (`mount`) is a KV engine of version 1, which keeps no earlier versions: upgrade it with `vault kv enable-versioning {mount}`, or name another mount [KR-VAULT-016]"
                );
                Err(Error::new(ErrorKind::Invalid, request.operation, message))
            }
            (kind, _) => {
                let message = format!(
                    "what is mounted at {mount:?} (`mount`) is of the type {kind:?} and no KV engine [KR-VAULT-017]"
                );
                Err(Error::new(ErrorKind::Invalid, request.operation, message))
            }
        }
    }

    fn read(&self, request: &Request, answer: &Answer, raw: RawMetadata) -> Result<Metadata, Error> {
        // The server judges by its own time when a version is deleted, and says which that is.
        let now = server_time(answer).unwrap_or_else(|| self.session.clock().now());
        let version = |(number, raw): (&String, &RawVersion)| {
            let number: u64 = number.parse().map_err(|_| request.call().unreadable())?;
            let deleted_at = deletion(&raw.deletion_time).map_err(|()| request.call().unreadable())?;
            let is_deleted = deleted_at.is_some_and(|at| at <= now);
            let status = if is_deleted { KeyStatus::Inactive } else { KeyStatus::Active };
            let ends_at = deleted_at.filter(|_| !is_deleted);
            Ok((number, Version { created_at: raw.created_time, ends_at, status }))
        };
        let existing = raw.versions.iter().filter(|(_, version)| !version.destroyed);
        Ok(Metadata {
            current: raw.current_version,
            limits: raw.limits,
            notes: raw.custom_metadata.unwrap_or_default(),
            versions: existing.map(version).collect::<Result<_, Error>>()?,
        })
    }

    /// What the mount says of the versions of its paths.
    pub(crate) async fn limits_of_mount(&self) -> Result<Limits, Error> {
        let request = Request::new("vault read", Method::GET, format!("{}/config", self.mount));
        match self.session.repeat(&request).await? {
            Reply::Done(answer) => data(&request, &answer),
            Reply::Missing(_) => Ok(Limits::default()),
        }
    }

    /// Every field of one version; none if it is deleted, destroyed, pruned, or never was.
    pub(crate) async fn fields(&self, version: u64, once: bool) -> Result<Option<Fields>, Error> {
        let request = self.request("vault kv get", Method::GET, "data").version(version);
        let reply = if once { self.session.send(&request).await } else { self.session.repeat(&request).await };
        match reply? {
            Reply::Done(answer) => Fields::read(&request.call(), &answer.body).map(Some),
            Reply::Missing(_) => Ok(None),
        }
    }

    /// Changes the metadata by a merge patch.
    pub(crate) async fn patch(&self, body: &Map<String, Value>) -> Result<Patched, Error> {
        let request = self.request("vault kv metadata patch", Method::PATCH, "metadata").json(body)?;
        let answer = outbound::repeat(self.session.clock(), || async {
            let answer = self.session.answer(&request).await?;
            if answer.status == 405 { Ok(None) } else { reply(&request, answer).map(Some) }
        });
        Ok(match answer.await? {
            None => Patched::Unknown,
            Some(Reply::Done(_)) => Patched::Done,
            Some(Reply::Missing(_)) => Patched::Nothing,
        })
    }

    /// Writes metadata. What it does not name stays, but for custom metadata, which are replaced as a whole.
    pub(crate) async fn put(&self, body: &Map<String, Value>) -> Result<(), Error> {
        let request = self.request("vault kv metadata put", Method::POST, "metadata").json(body)?;
        match self.session.repeat(&request).await? {
            Reply::Done(_) => Ok(()),
            Reply::Missing(answer) => Err(crate::error::refused(&request, &answer)),
        }
    }

    /// Deletes a version, which somebody may undo, or destroys it. One that is gone already is success.
    pub(crate) async fn end(&self, version: u64, for_good: bool) -> Result<(), Error> {
        let request = match for_good {
            true => self.request("vault kv destroy", Method::PUT, "destroy"),
            false => self.request("vault kv delete", Method::POST, "delete"),
        };
        let request = request.json(&serde_json::json!({"versions": [version]}))?;
        self.session.repeat(&request).await.map(drop)
    }
}
