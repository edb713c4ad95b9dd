use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::{Method, locked};
use rotation::{
    Capability, Effect, Error, ErrorKind, Expiry, Field, Key, KeyId, KeyIssuer, KeyState, KeyStatus, Known, Ledger,
    Ledgers, Mark, Material, MintOrder, Minted, ObservedKey, OwnerId, Prepared, ReadBack, Retired, Verdict,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::args::{self, ApiKeyArgs};
use super::ledger;
use super::limits::deletion;
use super::memory::{Memory, Plan, Seen};
use super::path::{Found, KvPath, Metadata, Patched};
use super::value::{fits, is_same};
use crate::error::no_mount;
use crate::ledger::Prints;
use crate::session::{Reply, Session, data};

/// The versions of one KV path.
pub(crate) struct KvIssuer {
    session: Arc<Session>,
    pub(super) args: ApiKeyArgs,
    memory: Mutex<Memory>,
}

#[derive(Deserialize)]
struct Written {
    version: u64,
    created_time: Timestamp,
    #[serde(default)]
    deletion_time: String,
}

/// Versions are numbered, kept apart, deleted and destroyed one by one; nobody is told when one was read. Path and mount may be set to delete
/// versions after some time. One server's answers agree at once.
pub(crate) fn capability() -> Capability {
    Capability {
        quota: None,
        mint_timeout: MINT_TIMEOUT,
        tells_last_use: false,
        expires: true,
        ..Capability::default()
    }
}

const MINT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);
pub(super) const MINT: &str = "vault kv put";
const NOTES: &str = "custom_metadata";
const NEWEST: &str = "is the newest of the path";

impl KvIssuer {
    pub(crate) fn new(session: Arc<Session>, args: ApiKeyArgs, known: Known<'_>) -> Self {
        let value = |key: &Key| match key.material.as_ref()?.get(args::VALUE)? {
            Field::Secret(value) => Some(value.clone()),
            _ => None,
        };
        let memory = Memory { former: known.keys().filter_map(value).collect(), ..Memory::default() };
        Self { session, args, memory: Mutex::new(memory) }
    }

    pub(super) fn path(&self) -> KvPath<'_> {
        KvPath { session: &self.session, mount: &self.args.mount, path: &self.args.path }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        locked(&self.memory)
    }

    /// What stands at the path, and the memory of it.
    async fn see(&self) -> Result<Metadata, Error> {
        let (metadata, exists) = match self.path().metadata().await? {
            Found::Nothing => (Metadata::default(), false),
            Found::Metadata(metadata) => (metadata, true),
        };
        let Metadata { current, limits, versions, .. } = metadata.clone();
        self.memory().seen = Some(Seen { exists, current, limits, versions, ..Seen::default() });
        Ok(metadata)
    }

    /// Our mark without the unproven versions that somebody else turns out to have written.
    async fn proven(&self, mut ledgers: Ledgers, prints: &Prints, metadata: &Metadata) -> Result<Ledgers, Error> {
        let Some(own) = &mut ledgers.own else { return Ok(ledgers) };
        for (id, mark) in prints {
            let Some(version) = number(id).filter(|version| metadata.versions.contains_key(version)) else { continue };
            let fields = self.path().fields(version, false).await?.unwrap_or_default();
            if !fields.texts().values().any(|text| fits(mark, open(text))) {
                own.keys.remove(id);
            }
        }
        Ok(ledgers)
    }

    /// The path as it was last seen, or as it is.
    pub(super) async fn seen(&self) -> Result<Seen, Error> {
        if let Some(seen) = self.memory().seen.clone() {
            return Ok(seen);
        }
        self.see().await?;
        self.memory().seen.clone().ok_or_else(|| no_mount(MINT, &self.args.mount))
    }

    /// Changes the path's metadata; false if nothing was ever written there. Of custom metadata only the named entries change, and
    /// null removes one. A server without merge patches is read first and written as a whole.
    async fn change(&self, body: &Map<String, Value>) -> Result<bool, Error> {
        if !self.memory().lacks_patch {
            match self.path().patch(body).await? {
                Patched::Done => return Ok(true),
                Patched::Nothing => return Ok(false),
                Patched::Unknown => self.memory().lacks_patch = true,
            }
        }
        let Found::Metadata(metadata) = self.path().metadata().await? else { return Ok(false) };
        let mut notes: Map<String, Value> =
            metadata.notes.into_iter().map(|(name, text)| (name, Value::String(text))).collect();
        notes.extend(body.get(NOTES).and_then(Value::as_object).cloned().unwrap_or_default());
        notes.retain(|_, text| !text.is_null());
        let mut whole = body.clone();
        whole.insert(NOTES.to_owned(), Value::Object(notes));
        self.path().put(&whole).await.map(|()| true)
    }

    /// The path's metadata as the mark and the inputs want it.
    fn settings(&self, notes: Map<String, Value>) -> Map<String, Value> {
        let mut body = Map::from_iter([(NOTES.to_owned(), Value::Object(notes))]);
        body.extend(self.args.max_versions.map(|most| ("max_versions".to_owned(), json!(most))));
        body.extend(self.args.cas_required.map(|is_required| ("cas_required".to_owned(), json!(is_required))));
        body
    }

    async fn write(&self, plan: Plan, life: Option<SignedDuration>) -> Result<Minted, Error> {
        if std::mem::take(&mut self.memory().is_begun) {
            // What must be changed after the value is written is to be changeable before.
            self.change(&Map::from_iter([(NOTES.to_owned(), Value::Object(Map::new()))])).await?;
        }
        let request = self.path().request(MINT, Method::POST, "data").limit(MINT_TIMEOUT).json(&self.body(&plan)?)?;
        let answer = match self.session.send(&request).await {
            Ok(Reply::Done(answer)) => answer,
            Ok(Reply::Missing(_)) => return Err(no_mount(MINT, &self.args.mount)),
            Err(error) => {
                if error.effect == Effect::Unknown || error.kind == ErrorKind::Conflict {
                    // What was seen before is no longer so.
                    self.memory().seen = None;
                }
                return Err(error);
            }
        };
        let written: Written = data(&request, &answer).map_err(|error| error.effect(Effect::Unknown))?;
        if written.version != plan.after + 1 {
            return Err(request.call().unreadable());
        }
        let ends_at = deletion(&written.deletion_time).map_err(|()| request.call().unreadable())?;
        {
            let mut memory = self.memory();
            memory.planned = None;
            if let Some(seen) = &mut memory.seen {
                (seen.exists, seen.current) = (true, written.version);
            }
        }
        let lasts = ends_at.map(|at| at.duration_since(written.created_time));
        if let Some((lasts, life)) = lasts.zip(life).filter(|(lasts, life)| lasts < life) {
            // Whether it is gone again decides whether anything was made.
            self.path().end(written.version, true).await.map_err(|error| error.effect(Effect::Unknown))?;
            return Err(self.ends_early(lasts, None, life));
        }
        let id = id(written.version);
        let expiry = ends_at.map(|at| Expiry { at, renew_at: None });
        let material = args::material(&id, plan.value);
        Ok(Minted { id, created_at: written.created_time, material, expiry })
    }
}

#[async_trait]
impl KeyIssuer for KvIssuer {
    fn capability(&self) -> Capability {
        capability()
    }

    fn principal(&self) -> String {
        format!("the KV mount {:?} with the path {:?} (`mount`, `path`)", self.args.mount, self.args.path)
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        self.session.account().await
    }

    /// Whoever reads the newest version should get the current key.
    fn notices(&self, state: &KeyState) -> Vec<String> {
        let memory = self.memory();
        let current = state.current.as_ref().and_then(|key| number(&key.id));
        let Some((seen, current)) = memory.seen.as_ref().zip(current) else { return Vec::new() };
        let (newest, path) = (seen.current, &self.args.path);
        if newest <= current || state.knows(&id(newest)) {
            return Vec::new();
        }
        let what = match seen.versions.get(&newest).map(|version| version.status) {
            Some(KeyStatus::Active) if seen.named.contains(&newest) => return Vec::new(),
            Some(KeyStatus::Active) => {
                "was written by somebody else, so whoever reads the newest version does not get the current key"
            }
            _ => "is deleted or destroyed, so whoever reads the newest version gets none",
        };
        vec![format!(
            "version {newest} {NEWEST} {path:?} and {what}: read version {current}, or change `keepers`, which writes the key anew as the newest version"
        )]
    }

    fn is_notice(&self, warning: &str) -> bool {
        warning.contains(NEWEST)
    }

    async fn read_back(&self, key: &KeyId, given: Option<&SecretString>) -> Result<ReadBack, Error> {
        let Some(version) = number(key) else { return Ok(ReadBack::default()) };
        let Some(fields) = self.path().fields(version, false).await? else { return Ok(ReadBack::default()) };
        let texts = fields.texts();
        let fits = |text: &SecretString| given.is_none_or(|given| is_same(given, open(text)));
        let fitting: Vec<_> = texts.iter().filter(|(_, text)| fits(text)).collect();
        if let [(name, text)] = fitting.as_slice() {
            let inputs = Some(("field".to_owned(), (**name).to_owned())).filter(|_| **name != args::FIELD);
            return Ok(ReadBack { inputs: inputs.into_iter().collect(), secret: Some((*text).clone()) });
        }
        let all = texts.keys().copied().collect::<Vec<_>>().join(", ");
        let message = match (given, fitting.is_empty()) {
            (None, true) => format!("version {version} holds no text, so no key that could be imported [KR-VAULT-006]"),
            (None, false) => format!(
                "version {version} has several fields ({all}), and only one of them can be the key: set KEYROTATION_IMPORT_SECRET to the value of the one to rotate. The others stay as they are [KR-VAULT-007]"
            ),
            (Some(_), true) => {
                format!("it is not the value of any field of version {version} (its fields: {all}) [KR-VAULT-008]")
            }
            (Some(_), false) => {
                let several = fitting.iter().map(|(name, _)| **name).collect::<Vec<_>>().join(", ");
                format!(
                    "several fields of version {version} hold this value ({several}), and only one of them can be the key: make their values different first [KR-VAULT-009]"
                )
            }
        };
        Err(Error::new(ErrorKind::Invalid, "vault kv get", message))
    }

    /// A path that nobody has written yet is one without keys. That its mount is not there is an error: it proves nothing.
    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        Ok(Some(listed(&self.see().await?)))
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        let metadata = self.see().await?;
        let (ledgers, prints) = ledger::decode(owner, &metadata.notes)?;
        let ledgers = self.proven(ledgers, &prints, &metadata).await?;
        let entries = ledgers.own.iter().flat_map(|own| &own.keys);
        let named = entries.clone().filter_map(|(id, _)| number(id)).collect();
        let in_use = entries.filter(|(_, entry)| entry.mark == Mark::Promoted).filter_map(|(id, _)| number(id));
        let in_use = in_use.filter(|version| metadata.versions.contains_key(version)).collect();
        if let Some(seen) = &mut self.memory().seen {
            (seen.prints, seen.named, seen.in_use) = (prints, named, in_use);
        }
        Ok(Some((listed(&metadata), ledgers)))
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        Ok(self.look(owner).await?.map(|(_, ledgers)| ledgers).unwrap_or_default())
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        let (mut prints, exists) = {
            let memory = self.memory();
            let seen = memory.seen.as_ref();
            (seen.map(|seen| seen.prints.clone()).unwrap_or_default(), seen.is_none_or(|seen| seen.exists))
        };
        prints.extend(self.memory().planned.clone());
        let mut notes = ledger::encode(owner, ledger, &prints)?;
        if ledger.is_none() {
            let gone = Map::from_iter([(NOTES.to_owned(), Value::Object(notes))]);
            return if exists { self.change(&gone).await.map(drop) } else { Ok(()) };
        }
        if !exists || !self.change(&self.settings(notes.clone())).await? {
            notes.retain(|_, piece| !piece.is_null());
            self.path().put(&self.settings(notes)).await?;
            self.memory().is_begun = true;
        }
        if let Some(seen) = &mut self.memory().seen {
            (seen.exists, seen.prints) = (true, prints);
        }
        Ok(())
    }

    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error> {
        let (plan, life) = (self.plan(order).await?, order.life);
        Ok(Prepared::new(Some(id(plan.after + 1)), move || self.write(plan, life)))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let (Some(Field::Plain(version)), Some(Field::Secret(value))) =
            (material.get(args::VERSION), material.get(args::VALUE))
        else {
            let message = "the value of the key is not known, so the key cannot be tried [KR-VAULT-010]";
            return Err(Error::new(ErrorKind::Unverified, "vault kv get", message));
        };
        let Some(version) = number(&KeyId(version.clone())) else { return Ok(Verdict::NotYet) };
        let fields = self.path().fields(version, true).await.map_err(outbound::could_not_try)?;
        let stands = fields.is_some_and(|fields| fields.texts().values().any(|text| is_same(value, open(text))));
        Ok(if stands { Verdict::Accepted } else { Verdict::NotYet })
    }

    async fn disable(&self, key: &KeyId) -> Result<(), Error> {
        match number(key) {
            Some(version) => self.path().end(version, false).await,
            None => Ok(()),
        }
    }

    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        if let Some(version) = number(key) {
            self.path().end(version, true).await?;
        }
        Ok(Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }
}

fn listed(metadata: &Metadata) -> Vec<ObservedKey> {
    let shown = metadata.versions.iter().map(|(number, version)| ObservedKey {
        id: id(*number),
        created_at: version.created_at,
        status: version.status,
        last_use: None,
        expiry: version.ends_at.map(|at| Expiry { at, renew_at: None }),
    });
    shown.collect()
}

pub(super) fn id(version: u64) -> KeyId {
    KeyId(version.to_string())
}

/// No version has another form of name, so a name of another form is of nothing.
fn number(id: &KeyId) -> Option<u64> {
    id.0.parse().ok().filter(|number: &u64| number.to_string() == id.0)
}

#[expect(clippy::disallowed_methods, reason = "it is compared, hashed, or written to where it belongs")]
pub(super) fn open(secret: &SecretString) -> &str {
    secret.expose_secret()
}
