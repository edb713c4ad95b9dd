use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Cause, Delivered, ForeignKey, Key, KeyId, KeyStatus, Material, Retiring, SecretPlace, Trigger, UnrecordedKey,
};
use crate::RevokedGeneration;

/// The newest version of [`KeyState`] that this build reads and writes.
pub const STATE_VERSION: u32 = 3;
/// The version of states that earlier builds understand too: each key has its own secret.
const WITH_SECRETS: u32 = 2;

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
    /// Which key of the resource it is, from 1; unset for a key whose making was never recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The store, such as `Secrets Manager secret "ci/key"`; unset where no store took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
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
    /// The system accepted it as often as `verification` asks.
    Verified,
    /// Consumers of a store read it from then on.
    Delivered,
    /// It became the current key.
    Promoted,
    /// It was taken out of a store.
    Withdrawn,
    /// It was disabled.
    Disabled,
    /// It was deleted.
    Deleted,
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
    /// The key that dependents are to use. Stored by the caller, with what users read of it.
    #[serde(skip)]
    pub current: Option<Key>,
    /// A new key on its way to become current. Stored by the caller, with what users read of it.
    #[serde(skip)]
    pub pending: Option<Key>,
    /// Superseded keys that still live, the newest last. Stored like the current one.
    #[serde(skip)]
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
    /// What stands in the stores: for each one what consumers read, and beside it what was staged and did not become current.
    #[serde(rename = "delivered", default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivered>,
    /// The last events, the newest last.
    #[serde(default)]
    pub history: Vec<HistoryEvent>,
    /// A refresh found that somebody removed or changed our mark.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mark_missing: bool,
    /// Keys on the principal that are not ours.
    #[serde(default)]
    pub foreign_keys: Vec<ForeignKey>,
    /// Warnings that need attention. They contain no time, so two runs in the same situation give the same text.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// What a state knows of keys, for an issuer whose system tells less.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a>(Option<&'a KeyState>);

impl<'a> Known<'a> {
    /// What this state knows.
    pub fn of(state: &'a KeyState) -> Self {
        Self(Some(state))
    }

    /// Its living keys, the oldest first.
    pub fn keys(self) -> impl Iterator<Item = &'a Key> {
        self.0.into_iter().flat_map(KeyState::keys)
    }
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
            deliveries: Vec::new(),
            history: Vec::new(),
            mark_missing: false,
            foreign_keys: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The version to store it as. Builds that know no secrets in stores alone must not read a state that relies on them.
    pub fn version_to_write(&self) -> u32 {
        let is_plain = self.keys().all(|key| key.secret_in == SecretPlace::State);
        if is_plain { WITH_SECRETS } else { STATE_VERSION }
    }

    /// The same without any secret, as a run leaves it where stores hold them.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        self.keys_mut().filter(|key| key.can_be_delivered()).for_each(Key::leave_secret_to_stores);
        self
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

    /// Whether the current key was taken over and so has no trigger.
    pub fn lacks_trigger(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.trigger.is_none())
    }

    /// Sets the trigger of a current key that was taken over.
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
