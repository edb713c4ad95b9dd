use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::future::{pending, poll_fn};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Capability, Clock, Effect, Entry, Error, ErrorKind, KeyId, KeyStatus, Ledger, Marks, OwnerId, Proof, Retry,
};

use super::stored_entry::StoredEntry;
use super::{Fault, ManualClock};

/// How the system in memory behaves.
#[derive(Clone, Debug)]
pub struct InMemoryRules {
    /// What it says of itself; its quota is enforced.
    pub capability: Capability,
    /// A new key is refused for so long.
    pub accepts_after: SignedDuration,
    /// A new key is not listed for so long.
    pub lists_after: SignedDuration,
    /// What is written into a mark is not read for so long.
    pub marks_after: SignedDuration,
    /// What is written into a store is not read for so long.
    pub stores_after: SignedDuration,
    /// Whether keys cannot be read back from stores.
    pub stores_are_opaque: bool,
    /// The stores of which the same is true although others give keys back.
    pub opaque: &'static [&'static str],
    /// The stores that hold nothing staged: a promotion writes.
    pub unstaged: &'static [&'static str],
    /// How far its clock is ahead of ours.
    pub ahead: SignedDuration,
    /// Whether a key's name is known before it is made.
    pub foresees: bool,
    /// How long a key works before it ends by itself, unless it is given as long again.
    pub grant: Option<SignedDuration>,
    /// The account that the credentials reach; none if the system does not say.
    pub account: Option<&'static str>,
}

impl InMemoryRules {
    /// A system like AWS: two keys, a minute to settle, new keys refused for ten seconds and not listed for `lists_after`.
    pub fn like_aws(lists_after: SignedDuration) -> Self {
        let capability = Capability { quota: Some(2), settle: SignedDuration::from_mins(1), ..Capability::default() };
        let (accepts_after, marks_after, ahead) =
            (SignedDuration::from_secs(10), SignedDuration::ZERO, SignedDuration::ZERO);
        Self {
            capability,
            accepts_after,
            lists_after,
            marks_after,
            stores_after: SignedDuration::ZERO,
            stores_are_opaque: false,
            opaque: &[],
            unstaged: &[],
            ahead,
            foresees: false,
            grant: None,
            account: Some("home"),
        }
    }

    /// A system like OCI: three keys whose names are known before they are made, no disabling, nothing about use.
    pub fn like_oci(lists_after: SignedDuration) -> Self {
        let mut rules = Self::like_aws(lists_after);
        rules.foresees = true;
        rules.capability = Capability { quota: Some(3), disables: false, tells_last_use: false, ..rules.capability };
        rules
    }

    /// A system like Vault's leases: they end after `grant` unless they are renewed, and only those are listed of which it is known.
    pub fn like_leases(grant: SignedDuration) -> Self {
        let mut rules = Self::like_oci(SignedDuration::ZERO);
        (rules.accepts_after, rules.grant) = (SignedDuration::ZERO, Some(grant));
        let settle = SignedDuration::ZERO;
        rules.capability = Capability { quota: None, settle, expires: true, lists_all: false, ..rules.capability };
        rules
    }

    /// A system like a JWT mount that fetches what users publish, and remembers it: nothing is listed, nothing is marked.
    pub fn like_key_sets() -> Self {
        let mut rules = Self::like_confluent();
        rules.accepts_after = SignedDuration::ZERO;
        let (marks, proof) = (Marks::Nowhere, Proof::OncePublished);
        rules.capability = Capability { lists_all: false, marks, proof, ..rules.capability };
        rules
    }

    /// A system like Confluent Cloud: no quota to speak of, marks on the keys, no disabling, nothing about use, lists that are right.
    pub fn like_confluent() -> Self {
        let mut rules = Self::like_oci(SignedDuration::ZERO);
        rules.foresees = false;
        rules.capability =
            Capability { quota: None, settle: SignedDuration::ZERO, marks: Marks::OnKeys, ..rules.capability };
        rules
    }
}

/// One system with one principal; clones share it, as processes do that come one after another.
#[derive(Clone, Debug)]
pub struct InMemoryCloud {
    pub(super) rules: InMemoryRules,
    pub(super) clock: ManualClock,
    pub(super) inner: Arc<Mutex<Inner>>,
}

/// Marks by the hash of whose they are, each with its owner's name.
pub(super) type Marked = BTreeMap<String, (String, Ledger)>;

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) keys: BTreeMap<KeyId, KeyRecord>,
    pub(super) ledgers: Marked,
    /// Marks as they stood until each of these moments, for reads that lag.
    pub(super) former_ledgers: Vec<(Timestamp, Marked)>,
    /// The entries of stores, by their names.
    pub(super) shelves: BTreeMap<String, StoredEntry>,
    /// The shapes in which keys are delivered to them.
    pub(super) shapes: BTreeMap<String, String>,
    pub(super) gone: bool,
    pub(super) minted: u64,
    pub(super) calls: Vec<String>,
    pub(super) faults: BTreeMap<usize, Fault>,
    pub(super) strangers: BTreeSet<usize>,
    pub(super) intruders: Vec<KeyId>,
    pub(super) strips: BTreeSet<usize>,
    pub(super) holds: BTreeMap<usize, Hold>,
    pub(super) died: bool,
    pub(super) ignores_users: bool,
    pub(super) probe_fails: bool,
    pub(super) waiting: Vec<Waker>,
}

#[derive(Clone, Debug)]
pub(super) struct KeyRecord {
    pub(super) created_at: Timestamp,
    pub(super) status: KeyStatus,
    pub(super) last_use: Option<Timestamp>,
    pub(super) expires_at: Option<Timestamp>,
    /// Whose it is, where marks stand on keys.
    pub(super) mark: Option<(OwnerId, Entry)>,
    /// Whether it stands among what users publish.
    pub(super) is_published: bool,
    /// Whether the system accepts it: it remembers what was published.
    pub(super) is_accepted: bool,
}

/// How far a call is that is to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Awaited,
    Held,
}

impl InMemoryCloud {
    /// An empty principal.
    pub fn new(rules: InMemoryRules, clock: ManualClock) -> Self {
        Self { rules, clock, inner: Arc::default() }
    }

    /// The same system in another world, at the same time: what happens there does not happen here. Calls count from 0.
    pub fn fork(&self) -> Self {
        let inner = self.lock();
        let copy = Inner {
            keys: inner.keys.clone(),
            ledgers: inner.ledgers.clone(),
            former_ledgers: inner.former_ledgers.clone(),
            shelves: inner.shelves.clone(),
            shapes: inner.shapes.clone(),
            gone: inner.gone,
            minted: inner.minted,
            ..Inner::default()
        };
        let clock = ManualClock::new(self.clock.now());
        Self { rules: self.rules.clone(), clock, inner: Arc::new(Mutex::new(copy)) }
    }

    /// All that a process could find here, as text.
    pub fn picture(&self) -> String {
        let inner = self.lock();
        let shelves: Vec<_> = inner.shelves.iter().map(|(name, shelf)| (name, shelf.picture())).collect();
        format!("{:?} {:?} {} {shelves:?}", inner.keys, inner.ledgers, inner.gone)
    }

    /// The same principal under other rules.
    #[must_use]
    pub fn with_rules(&self, rules: InMemoryRules) -> Self {
        Self { rules, ..self.clone() }
    }

    /// Another account, with a principal of the same name that has nothing, at the same time.
    pub fn elsewhere(&self) -> Self {
        let rules = InMemoryRules { account: Some("elsewhere"), ..self.rules.clone() };
        Self::new(rules, ManualClock::new(self.clock.now()))
    }

    /// From now on no key can be tried, or it can again.
    pub fn set_probe_fails(&self, fails: bool) {
        self.lock().probe_fails = fails;
    }

    /// The present instant by the system's own clock.
    pub(super) fn now(&self) -> Timestamp {
        let ours = self.clock.now();
        ours.checked_add(self.rules.ahead).unwrap_or(ours)
    }

    /// Whether users leave what they publish as it is.
    pub fn ignore_users(&self, ignores: bool) {
        self.lock().ignores_users = ignores;
    }

    /// Somebody deletes the principal, with all that it has.
    pub fn delete_principal(&self) {
        let mut inner = self.lock();
        inner.keys.clear();
        inner.ledgers.clear();
        inner.gone = true;
    }

    /// Whether the key's mark says just this, so that nothing need be written.
    pub(super) fn shows(&self, id: &KeyId, owner: &OwnerId, entry: &Entry) -> bool {
        let inner = self.lock();
        inner.keys.get(id).is_none_or(|key| key.mark.as_ref() == Some(&(owner.clone(), entry.clone())))
    }

    /// Without what has ended by now.
    pub(super) fn living(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.lock();
        inner.expire(self.clock.now());
        inner
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call: counted, failed if asked, and done at most once.
    pub(super) async fn call<T>(
        &self,
        name: &'static str,
        effect: impl FnOnce(&mut Inner, Timestamp) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let (number, fault) = self.count(name);
        poll_fn(|context| self.hold(number, context)).await;
        if fault == Some(Fault::DieBefore) {
            return self.die().await;
        }
        if let Some((kind, judged, hangs)) = fault.and_then(refusal) {
            if hangs {
                self.clock.advance(self.rules.capability.mint_timeout);
            }
            return Err(Error::new(kind, name, "failed on demand").effect(judged));
        }
        if name == "verify" && self.lock().probe_fails {
            let error = Error::new(ErrorKind::Unreachable, name, "the endpoint cannot be reached");
            return Err(error.retry(Retry::Backoff));
        }
        let done = effect(&mut self.lock(), self.now())?;
        let kind = match fault {
            None => return Ok(done),
            Some(Fault::DieAfter) => return self.die().await,
            Some(Fault::HangAfter) => {
                self.clock.advance(self.rules.capability.mint_timeout);
                ErrorKind::TimedOut
            }
            Some(_) => ErrorKind::Unreachable,
        };
        Err(Error::new(kind, name, "failed on demand").retry(Retry::Backoff).effect(Effect::Unknown))
    }

    fn count(&self, name: &'static str) -> (usize, Option<Fault>) {
        let now = self.now();
        let quota = self.rules.capability.quota;
        let mut inner = self.lock();
        inner.expire(now);
        let number = inner.calls.len();
        inner.calls.push(name.to_owned());
        if inner.strangers.remove(&number) {
            let made = inner.has_room(quota).then(|| inner.add(None, None, now, None));
            inner.intruders.extend(made);
        }
        if inner.strips.remove(&number) {
            inner.strip();
        }
        (number, inner.faults.remove(&number))
    }

    /// Ready when the call with this number need not wait.
    fn hold(&self, number: usize, context: &Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        let Some(hold) = inner.holds.get_mut(&number) else { return Poll::Ready(()) };
        if std::mem::replace(hold, Hold::Held) == Hold::Awaited {
            inner.wake();
        }
        inner.waiting.push(context.waker().clone());
        Poll::Pending
    }

    async fn die<T>(&self) -> T {
        {
            let mut inner = self.lock();
            inner.died = true;
            inner.wake();
        }
        pending().await
    }
}

/// What a fault before the effect looks like: its meaning, what it may have done, and whether time went by.
fn refusal(fault: Fault) -> Option<(ErrorKind, Effect, bool)> {
    match fault {
        Fault::Before => Some((ErrorKind::Unexpected, Effect::None, false)),
        Fault::Throttled => Some((ErrorKind::Throttled, Effect::None, false)),
        Fault::Hang => Some((ErrorKind::TimedOut, Effect::Unknown, true)),
        _ => None,
    }
}

impl Inner {
    pub(super) fn has_room(&self, quota: Option<usize>) -> bool {
        quota.is_none_or(|quota| self.keys.len() < quota)
    }

    fn expire(&mut self, now: Timestamp) {
        self.keys.retain(|_, key| key.expires_at.is_none_or(|at| at > now));
    }

    pub(super) fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    /// Makes a key, by this name if it is given.
    pub(super) fn add(
        &mut self,
        name: Option<KeyId>,
        mark: Option<(OwnerId, Entry)>,
        now: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> KeyId {
        self.minted += 1;
        let id = name.unwrap_or_else(|| KeyId(format!("KEY{:04}", self.minted)));
        self.keys.insert(
            id.clone(),
            KeyRecord {
                created_at: now,
                status: KeyStatus::Active,
                last_use: None,
                expires_at,
                mark,
                is_published: false,
                is_accepted: true,
            },
        );
        id
    }

    /// To be called before marks are written.
    pub(super) fn remember_marks(&mut self, now: Timestamp) {
        self.former_ledgers.push((now, self.ledgers.clone()));
        let surplus = self.former_ledgers.len().saturating_sub(20);
        self.former_ledgers.drain(..surplus);
    }

    /// The marks as a read sees them that lags by so much.
    pub(super) fn marks_at(&self, now: Timestamp, lag: SignedDuration) -> Marked {
        let seen = now.checked_sub(lag).unwrap_or(now);
        let older = self.former_ledgers.iter().find(|(until, _)| *until > seen);
        older.map_or_else(|| self.marks(), |(_, marks)| marks.clone())
    }

    pub(super) fn strip(&mut self) {
        self.ledgers.clear();
        self.former_ledgers.clear();
        self.keys.values_mut().for_each(|key| key.mark = None);
    }

    /// Every mark: those of the principal, and what those of the keys come to.
    pub(super) fn marks(&self) -> Marked {
        let mut marks = self.ledgers.clone();
        for (id, key) in &self.keys {
            let Some((owner, entry)) = &key.mark else { continue };
            let (_, ledger) =
                marks.entry(owner.hash.clone()).or_insert_with(|| (owner.label.clone(), Ledger::default()));
            ledger.keys.insert(id.clone(), entry.clone());
        }
        marks
    }
}
