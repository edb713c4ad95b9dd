use std::collections::BTreeMap;

use rotation::{DeliveryId, Head, StoredVersion};
use serde::Deserialize;

/// The free-form tag of a secret that a resource made; its value is the hash of the resource's URN.
pub(super) const MADE_BY: &str = "keyrotation-made-by";

pub(super) const CURRENT: &str = "CURRENT";
pub(super) const PENDING: &str = "PENDING";
pub(super) const PREVIOUS: &str = "PREVIOUS";
pub(super) const DEPRECATED: &str = "DEPRECATED";

/// A secret as OCI shows it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Secret {
    pub(super) id: String,
    #[serde(default)]
    pub(super) lifecycle_state: String,
    #[serde(default)]
    pub(super) current_version_number: Option<u64>,
    #[serde(default)]
    pub(super) freeform_tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) rotation_config: Option<RotationConfig>,
    #[serde(default)]
    pub(super) is_auto_generation_enabled: Option<bool>,
    #[serde(default)]
    pub(super) is_replica: Option<bool>,
    /// From the answer's header.
    #[serde(skip)]
    pub(super) etag: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RotationConfig {
    #[serde(default)]
    is_scheduled_rotation_enabled: Option<bool>,
}

/// A version as OCI lists it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    #[serde(rename = "versionNumber")]
    pub(super) number: u64,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) stages: Vec<String>,
    #[serde(default)]
    pub(super) time_of_deletion: Option<String>,
}

/// A secret with its versions. No value is in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Described {
    pub(super) secret: Secret,
    pub(super) versions: Vec<Version>,
}

impl Secret {
    /// Whether OCI takes a change of it now.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.lifecycle_state.as_str(), "ACTIVE" | "PENDING_DELETION" | "DELETED" | "FAILED")
    }

    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.lifecycle_state.as_str(), "PENDING_DELETION" | "SCHEDULING_DELETION" | "DELETING" | "DELETED")
    }

    /// Whether OCI makes values for it by itself.
    pub(super) fn rotates(&self) -> bool {
        let scheduled = self.rotation_config.as_ref().and_then(|config| config.is_scheduled_rotation_enabled);
        scheduled == Some(true) || self.is_auto_generation_enabled == Some(true)
    }

    pub(super) fn made_by(&self) -> Option<&str> {
        self.freeform_tags.get(MADE_BY).map(String::as_str)
    }
}

impl Version {
    pub(super) fn has(&self, stage: &str) -> bool {
        self.stages.iter().any(|known| known == stage)
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.time_of_deletion.is_some()
    }

    pub(super) fn delivery(&self) -> Option<DeliveryId> {
        self.name.as_deref().and_then(DeliveryId::parse)
    }

    fn stored(&self) -> StoredVersion {
        StoredVersion { version: self.number.to_string(), delivery: self.delivery() }
    }
}

impl Described {
    pub(super) fn holder(&self, stage: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.has(stage))
    }

    pub(super) fn numbered(&self, number: u64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    pub(super) fn named(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name.as_deref() == Some(name))
    }

    /// The newest version that is not a delivery and not about to go.
    pub(super) fn before(&self) -> Option<&Version> {
        let foreign = self.versions.iter().filter(|version| version.delivery().is_none());
        let kept = foreign.filter(|version| !version.is_leaving() && !version.has(PENDING));
        kept.max_by_key(|version| version.number)
    }

    /// Deliveries of the same resource as this one that are deprecated and not about to go, the oldest first.
    pub(super) fn deprecated(&self, like: &DeliveryId) -> Vec<u64> {
        let ours = |version: &&Version| version.delivery().is_some_and(|delivery| delivery.is_of_owner_of(like));
        let old = self.versions.iter().filter(ours);
        let old = old.filter(|version| version.has(DEPRECATED) && !version.is_leaving());
        let mut numbers: Vec<u64> = old.map(|version| version.number).collect();
        numbers.sort_unstable();
        numbers
    }

    pub(super) fn head(&self) -> Head {
        let is_there = !self.secret.is_leaving();
        let version = |stage: &str| self.holder(stage).filter(|_| is_there).map(Version::stored);
        let current = version(CURRENT);
        let pending = version(PENDING).filter(|pending| Some(pending) != current.as_ref());
        let entry = Some(self.secret.id.clone());
        Head { exists: true, entry, current, previous: version(PREVIOUS), pending, blocked: None }
    }
}
