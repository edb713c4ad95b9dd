use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::Method;
use rotation::{
    Capability, Effect, Error, ErrorKind, Field, KeyId, KeyIssuer, Ledger, Ledgers, Mark, Material, MintOrder, Minted,
    ObservedKey, OwnerId, Verdict,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::args::{self, ApiKeyArgs};
use super::ledger;
use super::path::{Found, KvPath, Metadata};
use super::value::{fits, is_same, print};
use crate::error::no_mount;
use crate::ledger::Prints;
use crate::session::{Reply, Session, data};

/// The versions of one KV path.
pub(crate) struct KvIssuer {
    session: Arc<Session>,
    args: ApiKeyArgs,
    memory: Mutex<Memory>,
}

/// What this issuer saw and prepared.
#[derive(Default)]
struct Memory {
    seen: Option<Seen>,
    plan: Option<Plan>,
}

/// The path as it was last seen.
#[derive(Clone, Default)]
struct Seen {
    /// Whether anything was ever written there.
    exists: bool,
    current: u64,
    max_versions: u64,
    prints: Prints,
    /// Versions in use that a write must not push out.
    in_use: BTreeSet<u64>,
}

/// A value that is to be written, so far only here.
#[derive(Clone)]
struct Plan {
    nonce: String,
    /// The version after which it comes.
    after: u64,
    value: SecretString,
    print: String,
}

#[derive(Serialize)]
struct Write<'a> {
    options: Options,
    data: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Options {
    cas: u64,
}

#[derive(Deserialize)]
struct Written {
    version: u64,
    created_time: Timestamp,
}

/// Versions are numbered, kept apart, deleted and destroyed one by one; nobody is told when one was read. One server's answers agree at once.
pub(crate) fn capability() -> Capability {
    Capability { quota: None, mint_timeout: MINT_TIMEOUT, tells_last_use: false, ..Capability::default() }
}

const MINT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);
const MINT: &str = "vault kv put";

impl KvIssuer {
    pub(crate) fn new(session: Arc<Session>, args: ApiKeyArgs) -> Self {
        Self { session, args, memory: Mutex::default() }
    }

    fn path(&self) -> KvPath<'_> {
        KvPath { session: &self.session, mount: &self.args.mount, path: &self.args.path }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands at the path, and the memory of it.
    async fn see(&self) -> Result<Metadata, Error> {
        let metadata = match self.path().metadata().await? {
            Found::Nothing => {
                self.memory().seen = Some(Seen::default());
                let (notes, versions) = Default::default();
                return Ok(Metadata { current: 0, max_versions: 0, notes, versions });
            }
            Found::Metadata(metadata) => metadata,
        };
        let (current, max_versions) = (metadata.current, metadata.max_versions);
        self.memory().seen = Some(Seen { exists: true, current, max_versions, ..Seen::default() });
        Ok(metadata)
    }

    /// Our mark without the unproven versions that somebody else turns out to have written.
    async fn proven(&self, mut ledgers: Ledgers, prints: &Prints, metadata: &Metadata) -> Result<Ledgers, Error> {
        let Some(own) = &mut ledgers.own else { return Ok(ledgers) };
        for (id, mark) in prints {
            let Some(version) = number(id).filter(|version| metadata.versions.contains_key(version)) else { continue };
            let texts = self.path().texts(version).await?.unwrap_or_default();
            if !texts.values().any(|text| fits(mark, open(text))) {
                own.keys.remove(id);
            }
        }
        Ok(ledgers)
    }

    /// The path as it was last seen, or as it is.
    async fn seen(&self) -> Result<Seen, Error> {
        if let Some(seen) = self.memory().seen.clone() {
            return Ok(seen);
        }
        self.see().await?;
        self.memory().seen.clone().ok_or_else(|| no_mount(MINT, &self.args.mount))
    }

    async fn plan(&self, nonce: &str) -> Result<Plan, Error> {
        if let Some(plan) = self.memory().plan.clone().filter(|plan| plan.nonce == nonce) {
            return Ok(plan);
        }
        let seen = self.seen().await?;
        self.must_push_out_nothing(&seen).await?;
        let value = self.args.shape().generate()?;
        let print = print(nonce, open(&value));
        let plan = Plan { nonce: nonce.to_owned(), after: seen.current, value, print };
        self.memory().plan = Some(plan.clone());
        Ok(plan)
    }

    /// A write pushes out the versions beyond `max_versions`, whatever they are.
    async fn must_push_out_nothing(&self, seen: &Seen) -> Result<(), Error> {
        let Some(oldest) = seen.in_use.first() else { return Ok(()) };
        let own = self.args.max_versions.map_or(seen.max_versions, u64::from);
        let most = if own > 0 { own } else { self.path().versions_of_mount().await? };
        if oldest + most > seen.current + 1 {
            return Ok(());
        }
        let path = &self.args.path;
        let message = format!(
            "the path {path:?} keeps {most} versions, and another one would push out version {oldest}, which is still in use: raise maxVersions, or run `pulumi up` again once the overlap is over"
        );
        Err(Error::new(ErrorKind::LimitReached, MINT, message))
    }

    fn body<'a>(&'a self, plan: &'a Plan) -> Write<'a> {
        let beside = self.args.data.iter().flatten().map(|(name, text)| (name.as_str(), text.as_str()));
        let value = (self.args.field(), open(&plan.value));
        Write { options: Options { cas: plan.after }, data: beside.chain([value]).collect() }
    }

    /// The path's metadata as the mark and the inputs want it.
    fn settings(&self, notes: Map<String, Value>) -> Map<String, Value> {
        let mut body = Map::from_iter([("custom_metadata".to_owned(), Value::Object(notes))]);
        body.extend(self.args.max_versions.map(|most| ("max_versions".to_owned(), json!(most))));
        body.extend(self.args.cas_required.map(|is_required| ("cas_required".to_owned(), json!(is_required))));
        body
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

    /// A path that nobody has written yet is one without keys. That its mount is not there is an error: it proves nothing.
    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        Ok(Some(listed(&self.see().await?)))
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        let metadata = self.see().await?;
        let (ledgers, prints) = ledger::decode(owner, &metadata.notes)?;
        let ledgers = self.proven(ledgers, &prints, &metadata).await?;
        let entries = ledgers.own.iter().flat_map(|own| &own.keys);
        let in_use = entries.filter(|(_, entry)| entry.mark == Mark::Promoted).filter_map(|(id, _)| number(id));
        let in_use = in_use.filter(|version| metadata.versions.contains_key(version)).collect();
        if let Some(seen) = &mut self.memory().seen {
            (seen.prints, seen.in_use) = (prints, in_use);
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
        prints.extend(self.memory().plan.as_ref().map(|plan| (id(plan.after + 1), plan.print.clone())));
        let mut notes = ledger::encode(owner, ledger, &prints)?;
        if ledger.is_none() {
            let gone = json!({"custom_metadata": notes});
            return if exists { self.path().patch(&gone).await.map(drop) } else { Ok(()) };
        }
        if !exists || !self.path().patch(&Value::Object(self.settings(notes.clone()))).await? {
            notes.retain(|_, piece| !piece.is_null());
            self.path().begin(&Value::Object(self.settings(notes))).await?;
        }
        if let Some(seen) = &mut self.memory().seen {
            (seen.exists, seen.prints) = (true, prints);
        }
        Ok(())
    }

    async fn foresee(&self, order: &MintOrder) -> Result<Option<KeyId>, Error> {
        Ok(Some(id(self.plan(&order.nonce).await?.after + 1)))
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, Error> {
        let plan = self.plan(&order.nonce).await?;
        let request = self.path().request(MINT, Method::POST, "data").limit(MINT_TIMEOUT).json(&self.body(&plan))?;
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
        {
            let mut memory = self.memory();
            memory.plan = None;
            if let Some(seen) = &mut memory.seen {
                (seen.exists, seen.current) = (true, written.version);
            }
        }
        let id = id(written.version);
        let material = args::material(&id, plan.value);
        Ok(Minted { id, created_at: written.created_time, material, expiry: None })
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let (Some(Field::Plain(version)), Some(Field::Secret(value))) =
            (material.get(args::VERSION), material.get(args::VALUE))
        else {
            let message = "the value of the key is not known, so the key cannot be tried";
            return Err(Error::new(ErrorKind::Unverified, "vault kv get", message));
        };
        let Some(version) = number(&KeyId(version.clone())) else { return Ok(Verdict::NotYet) };
        let texts = self.path().texts(version).await.map_err(outbound::could_not_try)?;
        let stands = texts.is_some_and(|texts| texts.values().any(|text| is_same(value, open(text))));
        Ok(if stands { Verdict::Accepted } else { Verdict::NotYet })
    }

    async fn disable(&self, key: &KeyId) -> Result<(), Error> {
        match number(key) {
            Some(version) => self.path().end(version, false).await,
            None => Ok(()),
        }
    }

    async fn retire(&self, key: &KeyId) -> Result<(), Error> {
        match number(key) {
            Some(version) => self.path().end(version, true).await,
            None => Ok(()),
        }
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
        expiry: None,
    });
    shown.collect()
}

fn id(version: u64) -> KeyId {
    KeyId(version.to_string())
}

/// No version has another form of name, so a name of another form is of nothing.
fn number(id: &KeyId) -> Option<u64> {
    id.0.parse().ok().filter(|number: &u64| number.to_string() == id.0)
}

#[expect(clippy::disallowed_methods, reason = "it is compared, hashed, or written to where it belongs")]
fn open(secret: &SecretString) -> &str {
    secret.expose_secret()
}
