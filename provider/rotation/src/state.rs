use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cause, KeyStatus, Material, RevokedGeneration, Trigger};

/// The version of [`KeyState`] that this build writes.
pub const STATE_VERSION: u32 = 2;

/// The system's own name of a key: an access key id, a fingerprint, an accessor. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One key that the state knows, with its secret if that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// The system's name of it.
    pub id: KeyId,
    /// 1 for the first key of this resource, then counting.
    pub generation: u64,
    /// When the system says that it was made.
    pub created_at: Timestamp,
    /// When a run that ended well first offered it to users who publish it; absent where they publish nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_at: Option<Timestamp>,
    /// When it had been accepted as often as asked; absent if verification was off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// When the ownership mark was to call it promoted; absent until then, and for keys of older plugin versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_at: Option<Timestamp>,
    /// Runs in which the system refused it.
    #[serde(default)]
    pub attempts: u32,
    /// What it was minted for; absent for a key that was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// As last seen in the system.
    #[serde(default)]
    pub status: KeyStatus,
    /// When it ends by itself, as last seen, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// From when on a run must ask for more time; none if it has enough, or there is no more to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_at: Option<Timestamp>,
    /// From when on a run must replace the current key, because it ends by itself and there is no more time to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replace_at: Option<Timestamp>,
    /// The fields that users read, among them the secret. Stored by the caller, beside the rest.
    #[serde(skip)]
    pub material: Option<Material>,
}

impl Key {
    /// A key of which nothing else is known.
    pub fn new(id: KeyId, generation: u64, created_at: Timestamp) -> Self {
        Self {
            id,
            generation,
            created_at,
            offered_at: None,
            verified_at: None,
            promoted_at: None,
            attempts: 0,
            trigger: None,
            status: KeyStatus::Active,
            expires_at: None,
            renew_at: None,
            replace_at: None,
            material: None,
        }
    }
}

/// A key that was current once and still lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retiring {
    /// The key.
    pub key: Key,
    /// When the answer that promoted its successor was given.
    pub superseded_at: Timestamp,
    /// When it was disabled, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// When a run that ended well first told users to publish it no more, if they publish keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Timestamp>,
    /// Its last use, as the last run that asked for it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

impl Retiring {
    /// A key that is superseded from now on.
    pub fn new(key: Key, superseded_at: Timestamp) -> Self {
        Self { key, superseded_at, disabled_at: None, withdrawn_at: None, last_used_at: None }
    }

    /// Whether somebody disabled it: it serves nobody, so no overlap keeps it.
    pub fn is_dead(&self) -> bool {
        self.key.status == KeyStatus::Inactive && self.disabled_at.is_none()
    }
}

/// A key of ours that the state does not contain although the ownership mark calls it promoted: somebody may use it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnrecordedKey {
    /// The system's name of it.
    pub id: KeyId,
    /// Its generation, where the mark tells it; 0 otherwise.
    #[serde(default)]
    pub generation: u64,
    /// When the system says that it was made.
    pub created_at: Timestamp,
    /// When it was promoted, where the mark tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_at: Option<Timestamp>,
    /// When a run or a refresh first found it.
    pub noted_at: Timestamp,
}

impl UnrecordedKey {
    /// The key, of which nothing is known but what the mark and the list tell.
    pub(crate) fn into_key(self, status: KeyStatus) -> Key {
        let promoted_at = self.promoted_at;
        Key { promoted_at, status, ..Key::new(self.id, self.generation, self.created_at) }
    }
}

/// A rotation that waits until one of our own keys may be deleted to make room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deferred {
    /// What the new key is wanted for.
    pub trigger: Trigger,
    /// Why a new key is wanted.
    pub cause: Cause,
    /// From when on a run can rotate, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Something that happened to a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEvent {
    /// When it happened, in RFC 3339.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// What happened.
    pub action: HistoryAction,
    /// The key's id in the system.
    #[schemars(with = "String")]
    pub key_id: KeyId,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HistoryAction {
    /// It was created.
    Created,
    /// It became the current key.
    Promoted,
    /// It was disabled.
    Disabled,
    /// It was deleted.
    Deleted,
}

/// A key on the principal that is not ours. It is counted and named, never touched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignKey {
    /// The system's name of it.
    pub id: KeyId,
    /// When the system says that it was made.
    pub created_at: Timestamp,
    /// Whether it works.
    pub status: KeyStatus,
}

/// Everything that one resource remembers between runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyState {
    /// The version of this shape.
    pub state_version: u32,
    /// A random name chosen by the Create that made this resource; it tells a replacement from the one it replaces.
    pub instance: String,
    /// The account, tenancy, organization or cluster that holds the keys; absent until a run found one of them there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The generation of `current`; 0 before there was one.
    pub generation: u64,
    /// The key that dependents are to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Key>,
    /// A new key on its way to become current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Key>,
    /// Superseded keys that still live, the newest last.
    #[serde(default)]
    pub retiring: Vec<Retiring>,
    /// Keys that `revoke` named; each stays here until it is removed.
    #[serde(default)]
    pub revoking: Vec<KeyId>,
    /// A mint was begun and its claim may still stand open in the system.
    #[serde(default)]
    pub claim_open: bool,
    /// Keys of ours that the state did not contain when a run or a refresh found them; each stays here until the next key supersedes it.
    #[serde(default)]
    pub unrecorded: Vec<UnrecordedKey>,
    /// The rotation that waits, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred: Option<Deferred>,
    /// When the system says that the first key of this instance was made, or when an existing key was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_since: Option<Timestamp>,
    /// When a key was last made only because unrecorded keys were found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind_at: Option<Timestamp>,
    /// The last events, the newest last.
    #[serde(default)]
    pub history: Vec<HistoryEvent>,
    /// A refresh found that somebody removed or changed our mark.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mark_missing: bool,
    /// Keys on the principal that are not ours.
    #[serde(default)]
    pub foreign_keys: Vec<ForeignKey>,
    /// What a person should know. No time is in it: two runs in the same situation say the same.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// How many events the state remembers.
const REMEMBERED: usize = 20;

impl KeyState {
    /// The state of a resource that has no key yet.
    pub fn new(instance: String) -> Self {
        Self {
            state_version: STATE_VERSION,
            instance,
            account: None,
            generation: 0,
            current: None,
            pending: None,
            retiring: Vec::new(),
            revoking: Vec::new(),
            claim_open: false,
            unrecorded: Vec::new(),
            deferred: None,
            instance_since: None,
            behind_at: None,
            history: Vec::new(),
            mark_missing: false,
            foreign_keys: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Every living key that the state knows, the oldest first.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.retiring.iter().map(|retiring| &retiring.key).chain(&self.current).chain(&self.pending)
    }

    /// Gives every key's fields a new form.
    pub fn derive(&mut self, form: impl Fn(Material) -> Material) {
        for key in self.keys_mut() {
            key.material = key.material.take().map(&form);
        }
    }

    /// The same, to be changed.
    pub(crate) fn keys_mut(&mut self) -> impl Iterator<Item = &mut Key> {
        self.retiring.iter_mut().map(|retiring| &mut retiring.key).chain(&mut self.current).chain(&mut self.pending)
    }

    /// Whether the state knows this key as living.
    pub fn knows(&self, id: &KeyId) -> bool {
        self.keys().any(|key| key.id == *id)
    }

    /// Whether a Create that failed has made, or may have made, something that must be remembered.
    pub fn has_begun(&self) -> bool {
        self.claim_open || self.keys().next().is_some()
    }

    /// Names the keys that a revocation deletes; an unrecorded key may be what dependents hold, so it counts as current. Saying it
    /// twice is saying it once.
    pub fn revoke(&mut self, generation: RevokedGeneration) {
        let current = self.current.iter().filter(|_| generation != RevokedGeneration::Previous).map(|key| &key.id);
        let unrecorded =
            self.unrecorded.iter().filter(|_| generation != RevokedGeneration::Previous).map(|key| &key.id);
        let previous = self.retiring.iter().filter(|_| generation != RevokedGeneration::Current);
        let named = current.chain(unrecorded).chain(previous.map(|retiring| &retiring.key.id)).cloned();
        let named: Vec<_> = named.filter(|id| !self.revoking.contains(id)).collect();
        self.revoking.extend(named);
    }

    /// Gives a current key that was taken over the trigger that it stands for from now on.
    pub fn stand_for(&mut self, trigger: &Trigger) {
        if let Some(current) = &mut self.current {
            current.trigger.get_or_insert_with(|| trigger.clone());
        }
    }

    /// When this instance began, by the system's clock: keys of other instances that are older belong to earlier ones.
    pub(crate) fn began_at(&self) -> Option<Timestamp> {
        self.instance_since.or_else(|| self.keys().map(|key| key.created_at).min())
    }

    /// Whether previous keys may go by what the program confirmed; where it says nothing they may.
    pub(crate) fn is_confirmed(&self, confirmed: Option<u64>) -> bool {
        confirmed.is_none_or(|confirmed| confirmed == self.generation)
    }

    /// Whether a run or a refresh noted this key as unrecorded.
    pub(crate) fn has_unrecorded(&self, id: &KeyId) -> bool {
        self.unrecorded.iter().any(|key| key.id == *id)
    }

    /// Makes an unrecorded key the next current one, with the secret that the user gave and that was tried at this time. False where it is not one,
    /// or another new key is on its way.
    pub fn take_over(&mut self, id: &KeyId, material: Material, trigger: &Trigger, now: Timestamp) -> bool {
        let Some(at) = self.unrecorded.iter().position(|key| key.id == *id).filter(|_| self.pending.is_none()) else {
            return false;
        };
        let found = self.unrecorded.remove(at).into_key(KeyStatus::Active);
        let generation = found.generation.max(self.generation + 1);
        let (verified_at, trigger, material) = (Some(now), Some(trigger.clone()), Some(material));
        self.pending = Some(Key { generation, verified_at, trigger, material, ..found });
        true
    }

    /// Adds an event to the history, which keeps the last 20.
    pub fn record(&mut self, event: HistoryEvent) {
        self.history.push(event);
        let surplus = self.history.len().saturating_sub(REMEMBERED);
        self.history.drain(..surplus);
    }

    /// The newest superseded key that still lives: the output `previous`.
    pub fn previous(&self) -> Option<&Retiring> {
        self.retiring.iter().rfind(|retiring| retiring.withdrawn_at.is_none())
    }

    /// The keys that are to be published where users do that: all but those that were withdrawn.
    pub fn published(&self) -> impl Iterator<Item = &Key> {
        self.keys().filter(|key| !self.is_withdrawn(&key.id))
    }

    /// Whether the key was taken out of what users publish.
    pub fn is_withdrawn(&self, id: &KeyId) -> bool {
        self.retiring.iter().any(|retiring| retiring.key.id == *id && retiring.withdrawn_at.is_some())
    }
}
