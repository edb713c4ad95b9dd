//! A KV path of version 2 as a store of keys.
//!
//! KV has no stages: what is written last is what consumers read. So a key is *announced* when it is staged, in the path's custom metadata, and written by
//! check-and-set when it is promoted. The announcement has a print of the value, because somebody else may take the number of the next version: thus a run
//! that died between the write and the note of it finds out whether what consumers read is the delivery.

mod args;
mod calls;
mod entry;
mod note;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cloud::{Deliverable, DeliveryShape};
use outbound::locked;
use rotation::{DeliveryId, Error, ErrorKind, Head, Material, OwnerId, Payload, Store, StoredVersion};
use secrecy::SecretString;

pub(crate) use args::Entry;
pub use args::{CreateKvPath, VaultKvDelivery};
use calls::PathCalls;
use entry::{PathData, PathState};
use note::Next;

use crate::Vault;
use crate::config::{VaultConfig, filled};
use crate::session::Session;

/// One path, as a delivery names it.
struct KvStore {
    calls: PathCalls,
    args: VaultKvDelivery,
    entry: Entry,
    shape: DeliveryShape,
    of: Deliverable,
    made_by: String,
    /// What [`Store::head`] saw last, and what was done since.
    seen: Mutex<Option<PathState>>,
    staged: Mutex<Option<Staged>>,
}

/// A key that is announced and not written.
#[derive(Clone)]
struct Staged {
    version: u64,
    delivery: DeliveryId,
    generation: u64,
    key: String,
    text: PathData,
}

impl Vault {
    /// The KV path that a delivery names, for keys like `of`. `at` is the property that names the delivery, and `made_by` the resource, whose mark
    /// a path bears that is made for it. Nothing is looked up yet.
    pub fn store(
        &self,
        delivery: &VaultKvDelivery,
        (at, of): (&str, Deliverable),
        made_by: &OwnerId,
    ) -> Box<dyn Store> {
        let base = self.session();
        let entry = delivery.entry(base.config());
        let session = match &delivery.connection {
            None => base,
            Some(connection) => self.connected(connection, base.config()),
        };
        let (shape, args) = (delivery.shape(), delivery.clone());
        let calls = PathCalls::new(session, &args, at);
        let (seen, staged) = (Mutex::default(), Mutex::default());
        Box::new(KvStore { calls, args, entry, shape, of, made_by: made_by.hash.clone(), seen, staged })
    }

    /// The path in normal form, by which the state knows it.
    pub fn identity(&self, delivery: &VaultKvDelivery) -> String {
        delivery.entry(self.session().config()).to_string()
    }

    /// The delivery that the state knows by this identity; none if it is another store's.
    pub fn delivery_of(&self, identity: &str) -> Option<VaultKvDelivery> {
        Entry::parse(identity).map(|entry| VaultKvDelivery::of_entry(&entry, self.session().config()))
    }

    /// A session of its own, which [`cloud::Cloud::close`] ends. What the environment says of another server is not for this one.
    fn connected(&self, connection: &VaultConfig, base: &VaultConfig) -> Arc<Session> {
        let is_elsewhere = filled(&connection.address).is_some();
        let inner = Arc::clone(&self.environment);
        let environment = move |name: &str| {
            let is_of_ours = name.ends_with("_TOKEN") || name == "HOME";
            if is_elsewhere && is_of_ours { None } else { inner(name) }
        };
        let (clock, aws) = (Arc::clone(&self.clock), self.aws.clone());
        let session = Session::new(connection.clone().over(base), clock, Arc::new(environment), aws);
        let session = Arc::new(session);
        self.former().push(Arc::clone(&session));
        session
    }
}

impl KvStore {
    fn staged(&self) -> Option<Staged> {
        locked(&self.staged).clone()
    }

    fn note_seen(&self, seen: Option<&PathState>) {
        *locked(&self.seen) = seen.cloned();
    }

    /// What stands there, with an announcement that turned out to be written taken for that.
    async fn look(&self) -> Result<Option<PathState>, Error> {
        let seen = self.calls.look().await?;
        self.note_seen(seen.as_ref());
        Ok(seen)
    }

    async fn known(&self) -> Result<Option<PathState>, Error> {
        let known = locked(&self.seen).clone();
        match known {
            Some(seen) => Ok(Some(seen)),
            None => self.look().await,
        }
    }

    fn blocked(&self, seen: Option<&PathState>) -> Option<String> {
        let label = self.label();
        let Some(seen) = seen else {
            let missing = || {
                format!(
                    "{label} does not exist: write to it, or set `create` so that the plugin creates it [KR-VAULT-175]"
                )
            };
            return self.args.create.is_none().then(missing);
        };
        seen.has_issuer.then(|| {
            format!("{label} is a path at which vault:RotatingApiKey makes keys, so nothing else may be written there: deliver to another path [KR-VAULT-176]")
        })
    }

    /// What `head` gives of what was seen.
    fn shown(&self, seen: &PathState) -> Head {
        let staged = self.staged().filter(|staged| staged.version == seen.newest + 1);
        let announced = seen.note.next.as_ref().filter(|next| next.0 > seen.newest);
        let pending = match (staged, announced) {
            (Some(staged), _) => Some((staged.version, Some(staged.delivery))),
            (None, Some(next)) => Some((next.0, next.delivery())),
            (None, None) => None,
        };
        let version =
            |(version, delivery): (u64, Option<DeliveryId>)| StoredVersion { version: version.to_string(), delivery };
        Head {
            exists: true,
            entry: seen.entry.clone(),
            current: seen.current().map(version),
            previous: seen.previous().map(version),
            pending: pending.map(version),
            blocked: None,
        }
    }

    /// The same delivery again, which consumers read already.
    async fn stands(&self, seen: &PathState, (delivery, text): (&DeliveryId, &PathData)) -> Result<bool, Error> {
        let Some((version, Some(current))) = seen.current() else { return Ok(false) };
        if current != *delivery {
            return Ok(false);
        }
        let held = self.calls.read(version).await?;
        if held.is_some_and(|held| held.is(text)) {
            return Ok(true);
        }
        Err(self.calls.other_data(version, seen.newest))
    }

    /// Notes that what was announced is written.
    async fn settle(&self, staged: &Staged, mut seen: PathState) -> Result<(), Error> {
        let foreign = seen.current().filter(|(_, delivery)| delivery.is_none()).map(|(version, _)| version);
        if seen.note.before.is_none_or(|before| !seen.is_readable(before)) {
            seen.note.before = foreign.or(seen.note.before);
        }
        seen.note.wrote(staged.version, &staged.delivery);
        (seen.note.generation, seen.note.key) = (staged.generation, staged.key.clone());
        seen.note.older.retain(|version| seen.readable.contains(version));
        self.calls.note(&seen.note).await?;
        (seen.newest, _) = (staged.version, seen.readable.insert(staged.version));
        self.note_seen(Some(&seen));
        Ok(())
    }

    /// Destroys these versions, and forgets them.
    async fn destroy(&self, versions: &BTreeSet<u64>, seen: &mut PathState) -> Result<(), Error> {
        let there: BTreeSet<u64> = versions.iter().copied().filter(|version| seen.existing.contains(version)).collect();
        if !there.is_empty() {
            self.calls.destroy(&there).await?;
        }
        seen.note.forget(versions);
        if seen.note.is_needless() { self.calls.unnote().await } else { self.calls.note(&seen.note).await }
    }
}

#[async_trait]
impl Store for KvStore {
    fn label(&self) -> String {
        self.calls.label()
    }

    fn identity(&self) -> String {
        self.entry.to_string()
    }

    fn shape(&self) -> String {
        self.shape.normal()
    }

    fn reads_back(&self) -> bool {
        self.shape.keeps_all(&self.of)
    }

    fn keeps_secrets(&self) -> bool {
        self.shape.keeps_secrets(&self.of)
    }

    /// An announcement holds no value.
    fn holds_staged(&self) -> bool {
        false
    }

    async fn head(&self) -> Result<Head, Error> {
        let seen = self.look().await?;
        let blocked = self.blocked(seen.as_ref());
        Ok(Head { blocked, ..seen.map(|seen| self.shown(&seen)).unwrap_or_default() })
    }

    /// Announces the version. Nothing can be read of it.
    async fn stage(&self, payload: &Payload<'_>, _: &Head) -> Result<String, Error> {
        let text = PathData::of(&self.shape, self.shape.render(payload.material, &self.of)?)?;
        let known = self.known().await?;
        let exists = known.is_some();
        let mut seen = known.unwrap_or_default();
        if self.stands(&seen, (payload.delivery, &text)).await? {
            return Ok(seen.newest.to_string());
        }
        let version = seen.newest + 1;
        let print = text.print(payload.delivery);
        seen.note.next = Some(Next(version, payload.delivery.as_str().to_owned(), print));
        match (&self.args.create, exists) {
            (Some(create), false) => {
                seen.note.made = Some(self.made_by.clone());
                self.calls.make(create, &seen.note).await?;
            }
            _ => self.calls.note(&seen.note).await?,
        }
        let Payload { delivery, generation, key, .. } = *payload;
        let staged = Staged { version, delivery: delivery.clone(), generation, key: key.0.clone(), text };
        *locked(&self.staged) = Some(staged);
        self.note_seen(Some(&seen));
        Ok(version.to_string())
    }

    /// Writes what was staged, if no version was written since.
    async fn promote(&self, version: &str, head: &Head) -> Result<(), Error> {
        let staged = self.staged().filter(|staged| staged.version.to_string() == version);
        let Some(staged) = staged else {
            let seen = self.look().await?.unwrap_or_default();
            let is_current =
                seen.current().is_some_and(|(current, delivery)| delivery.is_some() && current.to_string() == version);
            return if is_current { Ok(()) } else { Err(self.calls.overtaken(version, seen.newest)) };
        };
        let seen = self.known().await?.unwrap_or_default();
        let shown = head.current.as_ref().map(|current| current.version.clone());
        if shown.is_some() && shown != seen.current().map(|(current, _)| current.to_string()) {
            return Err(self.calls.overtaken(version, seen.newest));
        }
        let written = self.calls.write((staged.version, &staged.text)).await;
        locked(&self.staged).take();
        match written {
            Ok(()) => self.settle(&staged, seen).await,
            Err(error) if error.kind == ErrorKind::Conflict => {
                let now = self.look().await?.unwrap_or_default();
                // The answer of a write that was repeated was lost.
                if now.current() == Some((staged.version, Some(staged.delivery.clone()))) {
                    return self.settle(&staged, seen).await;
                }
                Err(self.calls.overtaken(version, now.newest))
            }
            Err(error) => Err(error),
        }
    }

    async fn withdraw(&self, version: &str, _: &Head) -> Result<(), Error> {
        locked(&self.staged).take_if(|staged| staged.version.to_string() == version);
        let Some(mut seen) = self.look().await? else { return Ok(()) };
        let number = version.parse().unwrap_or_default();
        if seen.note.next.as_ref().is_some_and(|next| next.0 == number) {
            seen.note.next = None;
            return self.destroy(&BTreeSet::new(), &mut seen).await;
        }
        let mut leaving = BTreeSet::from([number]);
        if seen.current().is_some_and(|(current, _)| current == number) {
            leaving.extend(seen.note.versions());
            if let Some(before) = seen.note.before.filter(|before| seen.is_readable(*before)) {
                self.calls.restore(before, seen.newest).await?;
            }
        }
        self.destroy(&leaving, &mut seen).await?;
        self.note_seen(None);
        Ok(())
    }

    async fn remove(&self) -> Result<bool, Error> {
        let Some(seen) = self.look().await? else { return Ok(true) };
        if seen.note.made.as_ref() != Some(&self.made_by) {
            return Ok(false);
        }
        self.note_seen(None);
        self.calls.remove().await.map(|()| true)
    }

    async fn read(&self, version: &str) -> Result<Option<Material>, Error> {
        let Ok(version) = version.parse() else { return Ok(None) };
        let held: Option<SecretString> = self.calls.read(version).await?.map(PathData::into_secret);
        Ok(held.and_then(|text| self.shape.read(&text, &self.of)))
    }
}
