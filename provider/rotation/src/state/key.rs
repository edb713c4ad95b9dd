use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Field, KeyStatus, Material, Stage, Trigger};

/// A key's id in its system: an access key id, a fingerprint or an accessor. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the secret of a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretPlace {
    /// In the state, if anybody knows it.
    #[default]
    State,
    /// In stores alone: the state left it to them.
    Stores,
    /// It was left to stores, and none of them gives it back.
    Lost,
}

impl SecretPlace {
    fn is_state(&self) -> bool {
        *self == Self::State
    }
}

/// One key that the state knows, with its secret if that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// The key's id in the system.
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
    /// Where its secret is.
    #[serde(default, skip_serializing_if = "SecretPlace::is_state")]
    pub secret_in: SecretPlace,
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
            secret_in: SecretPlace::State,
            material: None,
        }
    }

    /// How far it has come.
    pub fn stage(&self) -> Stage {
        let reached = [
            (Stage::Promoted, self.promoted_at),
            (Stage::Verified, self.verified_at),
            (Stage::Offered, self.offered_at),
        ];
        reached.into_iter().find(|(_, at)| at.is_some()).map_or(Stage::Minted, |(stage, _)| stage)
    }

    /// Whether it can be handed over: all that consumers need is known.
    pub(crate) fn can_be_delivered(&self) -> bool {
        let is_known = |material: &Material| !material.values().any(Field::is_unknown);
        self.secret_in.is_state() && self.material.as_ref().is_some_and(is_known)
    }

    /// Whether any secret field is known.
    #[cfg(any(test, feature = "testing"))]
    pub fn has_secret(&self) -> bool {
        self.material.iter().flat_map(Material::values).any(Field::is_known_secret)
    }

    /// Leaves the secret to stores: the public fields stay.
    pub(crate) fn leave_secret_to_stores(&mut self) {
        if self.secret_in.is_state() {
            self.secret_in = SecretPlace::Stores;
        }
        self.material.iter_mut().flat_map(Material::values_mut).for_each(Field::forget);
    }

    /// Takes back the fields that a store gave. False if it is not this key: a public field differs, or a secret is missing.
    pub(crate) fn take_back(&mut self, read: Material) -> bool {
        let mut fields = self.material.clone().unwrap_or_default();
        let differs = |(name, field): (&String, &Field)| {
            let known = fields.get(name).filter(|known| matches!(known, Field::Plain(text) if !text.is_empty()));
            known.is_some_and(|known| known != field)
        };
        if read.iter().any(differs) || read.values().any(Field::is_unknown) {
            return false;
        }
        fields.extend(read);
        (self.material, self.secret_in) = (Some(fields), SecretPlace::State);
        true
    }

    /// Whether it answers this trigger. A key without one was taken over and answers any.
    pub(crate) fn answers(&self, wanted: &Trigger, overlap: SignedDuration) -> bool {
        self.trigger.as_ref().is_none_or(|of_key| wanted.is_met_by(of_key, self.created_at, overlap))
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
    /// When a successful run first withdrew the key from the published key set; none where users publish no keys.
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

    /// Whether somebody disabled the key. A disabled key has no overlap.
    pub fn is_dead(&self) -> bool {
        self.key.status == KeyStatus::Inactive && self.disabled_at.is_none()
    }
}

/// A key of ours that the state does not contain although the ownership mark calls it promoted: somebody may use it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnrecordedKey {
    /// The key's id in the system.
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

/// A key on the principal that is not ours. It is counted and named, never touched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignKey {
    /// The key's id in the system.
    pub id: KeyId,
    /// When the system says that it was made.
    pub created_at: Timestamp,
    /// Whether it works.
    pub status: KeyStatus,
}
