//! The calls that a delivery makes to a KV engine. Each failure names the delivery.

use std::collections::BTreeSet;
use std::sync::Arc;

use outbound::Method;
use rotation::{Effect, Error, ErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::args::{CreateKvPath, VaultKvDelivery};
use super::entry::{PathData, PathState};
use super::note::{ENTRY, ISSUERS, Note};
use crate::api_key::{Found, KvPath, Patched};
use crate::config::plain;
use crate::error::no_mount;
use crate::session::{Reply, Session};

pub(super) struct PathCalls {
    session: Arc<Session>,
    mount: String,
    path: String,
    /// The property that names the delivery.
    at: String,
}

#[derive(Serialize)]
struct Write<'a> {
    options: Options,
    data: &'a RawValue,
}

#[derive(Serialize)]
struct Options {
    cas: u64,
}

#[derive(Deserialize)]
struct Written {
    version: u64,
}

const PUT: &str = "vault kv put";
const NOTES: &str = "custom_metadata";

impl PathCalls {
    pub(super) fn new(session: Arc<Session>, args: &VaultKvDelivery, at: &str) -> Self {
        let (mount, path) = (plain(&args.mount).to_owned(), plain(&args.path).to_owned());
        Self { session, mount, path, at: at.to_owned() }
    }

    pub(super) fn label(&self) -> String {
        format!("KV path {:?} (`{}`)", self.name(), self.at)
    }

    fn name(&self) -> String {
        format!("{}/{}", self.mount, self.path)
    }

    fn path(&self) -> KvPath<'_> {
        KvPath { session: &self.session, mount: &self.mount, path: &self.path }
    }

    /// What stands there; none if nothing was ever written. An announced version that is there is read, to learn whether it is the one that was announced.
    pub(super) async fn look(&self) -> Result<Option<PathState>, Error> {
        let Found::Metadata(metadata) = self.path().metadata().await.map_err(|error| self.told(error))? else {
            return Ok(None);
        };
        let cluster = self.session.account().await.map_err(|error| self.told(error))?;
        let note = metadata.notes.get(ENTRY).map(|text| Note::parse(text)).transpose();
        let is_active = |version: &&u64| {
            metadata.versions.get(version).is_some_and(|version| version.status == rotation::KeyStatus::Active)
        };
        let mut seen = PathState {
            newest: metadata.current,
            readable: metadata.versions.keys().filter(is_active).copied().collect(),
            existing: metadata.versions.keys().copied().collect(),
            note: note.map_err(|error| self.told(error))?.unwrap_or_default(),
            entry: cluster.map(|cluster| format!("{cluster}/{}", self.name())),
            has_issuer: metadata.notes.keys().any(|name| name.starts_with(ISSUERS)),
        };
        let announced = seen.note.next.clone().filter(|next| next.0 == seen.newest && seen.is_readable(next.0));
        if let Some(next) = announced {
            let held = self.read(next.0).await?;
            if let Some(delivery) = held.filter(|held| held.fits(&next.2)).and(rotation::DeliveryId::parse(&next.1)) {
                seen.note.wrote(next.0, &delivery);
            }
        }
        Ok(Some(seen))
    }

    /// What a version holds; none if it cannot be read any more.
    pub(super) async fn read(&self, version: u64) -> Result<Option<PathData>, Error> {
        let fields = self.path().fields(version, false).await.map_err(|error| self.told(error))?;
        let Some(fields) = fields else { return Ok(None) };
        let unreadable =
            |_| Error::new(ErrorKind::Unexpected, "vault kv get", "a version could not be read [KR-VAULT-171]");
        serde_json::to_string(&fields.parts()?).map(|text| Some(PathData::read(text))).map_err(unreadable)
    }

    /// Makes the path, with this note. Nothing can be read there yet.
    pub(super) async fn make(&self, create: &CreateKvPath, note: &Note) -> Result<(), Error> {
        let mut notes: Map<String, Value> =
            create.custom_metadata.iter().flatten().map(|(name, text)| (name.clone(), json!(text))).collect();
        notes.insert(ENTRY.to_owned(), Value::String(note.text()));
        let mut body = Map::from_iter([(NOTES.to_owned(), Value::Object(notes))]);
        body.extend(create.max_versions.map(|most| ("max_versions".to_owned(), json!(most))));
        body.extend(create.cas_required.map(|is_required| ("cas_required".to_owned(), json!(is_required))));
        self.path().put(&body).await.map_err(|error| self.told(error))
    }

    pub(super) async fn note(&self, note: &Note) -> Result<(), Error> {
        self.change(Value::String(note.text())).await
    }

    pub(super) async fn unnote(&self) -> Result<(), Error> {
        self.change(Value::Null).await
    }

    /// Changes the plugin's entry alone. A server without merge patches is read first and written as a whole.
    async fn change(&self, entry: Value) -> Result<(), Error> {
        let body = |notes| Map::from_iter([(NOTES.to_owned(), Value::Object(notes))]);
        let own = Map::from_iter([(ENTRY.to_owned(), entry)]);
        match self.path().patch(&body(own.clone())).await.map_err(|error| self.told(error))? {
            Patched::Done => return Ok(()),
            Patched::Nothing => return Err(self.told(no_mount("vault kv metadata patch", &self.mount))),
            Patched::Unknown => {}
        }
        let found = self.path().metadata().await.map_err(|error| self.told(error))?;
        let Found::Metadata(metadata) = found else { return Ok(()) };
        let mut notes: Map<String, Value> =
            metadata.notes.into_iter().map(|(name, text)| (name, Value::String(text))).collect();
        notes.extend(own);
        notes.retain(|_, text| !text.is_null());
        self.path().put(&body(notes)).await.map_err(|error| self.told(error))
    }

    /// Writes a version with this number. It may be repeated: of two writes with one number the server takes one.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if the number is taken, which a write whose answer was lost does as well.
    pub(super) async fn write(&self, (version, text): (u64, &PathData)) -> Result<(), Error> {
        let data = text.json()?;
        self.put(version, &data).await
    }

    async fn put(&self, version: u64, data: &RawValue) -> Result<(), Error> {
        let request = self.path().request(PUT, Method::POST, "data");
        let request = request.json(&Write { options: Options { cas: version - 1 }, data })?;
        match self.session.repeat(&request).await.map_err(|error| self.told(error))? {
            Reply::Missing(_) => Err(self.told(no_mount(PUT, &self.mount))),
            Reply::Done(answer) => match crate::session::data::<Written>(&request, &answer) {
                Ok(written) if written.version == version => Ok(()),
                Ok(written) => Err(self.overtaken(&version.to_string(), written.version)),
                Err(error) => Err(self.told(error)),
            },
        }
    }

    /// Writes what this version holds once more, after the newest.
    pub(super) async fn restore(&self, before: u64, newest: u64) -> Result<(), Error> {
        let Some(held) = self.read(before).await? else { return Ok(()) };
        match self.write((newest + 1, &held)).await {
            Err(error) if error.kind == ErrorKind::Conflict => {
                let stands = self.read(newest + 1).await?.is_some_and(|there| there.is(&held));
                if stands { Ok(()) } else { Err(self.overtaken(&(newest + 1).to_string(), newest + 1)) }
            }
            written => written,
        }
    }

    /// Destroys versions for good. Those that are gone already are success.
    pub(super) async fn destroy(&self, versions: &BTreeSet<u64>) -> Result<(), Error> {
        let request = self.path().request("vault kv destroy", Method::PUT, "destroy");
        let request = request.json(&json!({ "versions": versions }))?;
        self.session.repeat(&request).await.map(drop).map_err(|error| self.told(error))
    }

    /// Removes the path with all that was ever there.
    pub(super) async fn remove(&self) -> Result<(), Error> {
        let request = self.path().request("vault kv metadata delete", Method::DELETE, "metadata");
        self.session.repeat(&request).await.map(drop).map_err(|error| self.told(error))
    }

    /// Another version was written than the one that was to become current.
    pub(super) fn overtaken(&self, version: &str, newest: u64) -> Error {
        let message = format!(
            "{}: version {version} was to be written, and meanwhile the newest version became {newest}, so nothing was overwritten. Check what else writes this path, then run `pulumi up` again [KR-VAULT-172]",
            self.label()
        );
        Error::new(ErrorKind::Conflict, PUT, message)
    }

    pub(super) fn other_data(&self, version: u64, newest: u64) -> Error {
        let message = format!(
            "{}: version {version} is this very delivery and holds other data, so nothing was overwritten; the newest version is {newest}. The fields of this key changed after it was delivered: change `keepers` for a new key [KR-VAULT-173]",
            self.label()
        );
        Error::new(ErrorKind::Conflict, PUT, message).effect(Effect::None)
    }

    fn told(&self, error: Error) -> Error {
        Error { message: format!("{}: {}", self.label(), error.message), ..error }
    }
}
