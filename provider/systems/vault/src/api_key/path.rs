//! One path of a KV engine of version 2: its calls, and what they say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outbound::{Answer, Method};
use rotation::{Error, ErrorKind, KeyStatus};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Absence, absence_of};
use crate::request::Request;
use crate::session::{Reply, Session, data, server_time};

/// What the path's metadata says.
pub(crate) struct Metadata {
    /// The number of the newest version, destroyed or not; the next one is one more.
    pub(crate) current: u64,
    /// How many versions the path itself says it keeps; 0 if that is the mount's business.
    pub(crate) max_versions: u64,
    /// What anybody noted there.
    pub(crate) notes: BTreeMap<String, String>,
    /// The versions whose data exist.
    pub(crate) versions: BTreeMap<u64, Version>,
}

/// A version whose data exist.
#[derive(Clone, Copy)]
pub(crate) struct Version {
    pub(crate) created_at: Timestamp,
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
    #[serde(default)]
    max_versions: u64,
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

#[derive(Deserialize)]
struct RawConfig {
    #[serde(default)]
    max_versions: u64,
}

#[derive(Deserialize)]
struct RawData {
    data: BTreeMap<String, SecretValue>,
}

/// A text at a path; anything else there is nobody's key.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum SecretValue {
    /// A text.
    Text(SecretString),
    /// Anything else.
    Other(serde::de::IgnoredAny),
}

/// A path of one mount.
#[derive(Clone, Copy)]
pub(crate) struct KvPath<'a> {
    pub(crate) session: &'a Session,
    pub(crate) mount: &'a str,
    pub(crate) path: &'a str,
}

/// How many versions a path keeps if nobody says otherwise (Vault's documentation, KV v2, `max_versions`).
const USUAL_VERSIONS: u64 = 10;

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
            let message = format!("the server does not say what is mounted at {mount:?} (`mount`)");
            return Err(Error::new(ErrorKind::Unexpected, request.operation, message));
        };
        let found: RawMount = data(&request, &answer)?;
        let version = found.options.as_ref().and_then(|options| options.get("version")).map(String::as_str);
        match (found.kind.as_str(), version) {
            ("kv", Some("2")) => Ok(()),
            ("kv" | "generic", _) => {
                let message = format!(
                    "what is mounted at {mount:?} (`mount`) is a KV engine of version 1, which keeps no earlier versions: upgrade it with `vault kv enable-versioning {mount}`, or name another mount"
                );
                Err(Error::new(ErrorKind::Invalid, request.operation, message))
            }
            (kind, _) => {
                let message =
                    format!("what is mounted at {mount:?} (`mount`) is of the type {kind:?} and no KV engine");
                Err(Error::new(ErrorKind::Invalid, request.operation, message))
            }
        }
    }

    fn read(&self, request: &Request, answer: &Answer, raw: RawMetadata) -> Result<Metadata, Error> {
        // The server judges by its own time when a version is deleted, and says which that is.
        let now = server_time(answer).unwrap_or_else(|| self.session.clock().now());
        let version = |(number, raw): (&String, &RawVersion)| {
            let number: u64 = number.parse().map_err(|_| request.call().unreadable())?;
            let is_deleted = match raw.deletion_time.as_str() {
                "" => false,
                time => time.parse::<Timestamp>().map_err(|_| request.call().unreadable())? <= now,
            };
            let status = if is_deleted { KeyStatus::Inactive } else { KeyStatus::Active };
            Ok((number, Version { created_at: raw.created_time, status }))
        };
        let existing = raw.versions.iter().filter(|(_, version)| !version.destroyed);
        Ok(Metadata {
            current: raw.current_version,
            max_versions: raw.max_versions,
            notes: raw.custom_metadata.unwrap_or_default(),
            versions: existing.map(version).collect::<Result<_, Error>>()?,
        })
    }

    /// How many versions the mount keeps of a path that says nothing of its own.
    pub(crate) async fn versions_of_mount(&self) -> Result<u64, Error> {
        let request = Request::new("vault read", Method::GET, format!("{}/config", self.mount));
        let Reply::Done(answer) = self.session.repeat(&request).await? else { return Ok(USUAL_VERSIONS) };
        let config: RawConfig = data(&request, &answer)?;
        Ok(Some(config.max_versions).filter(|most| *most > 0).unwrap_or(USUAL_VERSIONS))
    }

    /// Every text of one version; none if it is deleted, destroyed, pruned, or never was.
    pub(crate) async fn texts(&self, version: u64) -> Result<Option<BTreeMap<String, SecretString>>, Error> {
        let request = self.request("vault kv get", Method::GET, "data").version(version);
        let Reply::Done(answer) = self.session.repeat(&request).await? else { return Ok(None) };
        let found: RawData = data(&request, &answer)?;
        let text = |(name, value)| match value {
            SecretValue::Text(text) => Some((name, text)),
            SecretValue::Other(_) => None,
        };
        Ok(Some(found.data.into_iter().filter_map(text).collect()))
    }

    /// Changes the metadata by a merge patch; false if nothing was ever written at the path.
    pub(crate) async fn patch(&self, body: &Value) -> Result<bool, Error> {
        let request = self.request("vault kv metadata patch", Method::PATCH, "metadata").json(body)?;
        match self.session.repeat(&request).await? {
            Reply::Done(_) => Ok(true),
            Reply::Missing(_) => Ok(false),
        }
    }

    /// Writes the metadata of a path at which there is nothing yet.
    pub(crate) async fn begin(&self, body: &Value) -> Result<(), Error> {
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
