//! The vaults of a tenancy, one in each region, and the secrets in them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::secret::Secret;
use crate::lag::{History, since};
use crate::oci::error::Refusal;
use crate::oci::region::Region;

/// A secret with what never changes of it.
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) region: String,
    pub(super) compartment: String,
    pub(super) vault: String,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) created: Timestamp,
    pub(super) past: History<Secret>,
    /// What OCI is doing to it, and since when.
    doing: (&'static str, Timestamp),
    /// When it goes.
    pub(super) leaves: Option<Timestamp>,
}

/// Secrets by their OCIDs.
#[derive(Default)]
pub(in crate::oci) struct Vaults {
    pub(super) secrets: BTreeMap<String, Kept>,
}

impl Vaults {
    /// The vault of a region, and the key in it.
    pub(super) fn vault(tenancy: &str, region: &Region) -> (String, String) {
        let unique = tenancy.rsplit('.').next().unwrap_or_default();
        let ocid = |kind: &str| format!("ocid1.{kind}.oc1.{}.aaaa.{unique}", region.key.to_lowercase());
        (ocid("vault"), ocid("key"))
    }

    /// The secret in this region, if it is there.
    pub(super) fn find(&self, (id, region): (&str, &str), now: Timestamp) -> Result<&Kept, Refusal> {
        let found = self.secrets.get(id).filter(|kept| kept.region == region && kept.exists(now));
        found.ok_or_else(|| Refusal::not_found("there is no such secret"))
    }

    pub(super) fn find_mut(&mut self, (id, region): (&str, &str), now: Timestamp) -> Result<&mut Kept, Refusal> {
        let found = self.secrets.get_mut(id).filter(|kept| kept.region == region && kept.exists(now));
        found.ok_or_else(|| Refusal::not_found("there is no such secret"))
    }

    /// The secret of this name in a vault.
    pub(super) fn named(&self, (vault, name): (&str, &str), now: Timestamp) -> Option<&Kept> {
        self.secrets.values().find(|kept| kept.vault == vault && kept.name == name && kept.exists(now))
    }
}

impl Kept {
    pub(super) fn new(
        (id, region): (String, String),
        [compartment, vault, key, name]: [String; 4],
        (first, now): (Secret, Timestamp),
    ) -> Self {
        let past = History::new(first);
        Self { id, region, compartment, vault, key, name, created: now, past, doing: ("CREATING", now), leaves: None }
    }

    /// The same once OCI has settled it.
    pub(super) fn settled(self) -> Self {
        Self { doing: (self.doing.0, Timestamp::MIN), ..self }
    }

    /// Somebody changed it, which OCI has settled.
    pub(super) fn edit(&mut self, now: Timestamp, secret: Secret) {
        self.past.write(now, secret);
    }

    pub(super) fn exists(&self, now: Timestamp) -> bool {
        self.leaves.is_none_or(|at| now < at)
    }

    /// Its state, where a change takes this long.
    pub(super) fn state(&self, now: Timestamp, settle: SignedDuration) -> &'static str {
        let (doing, at) = self.doing;
        match self.leaves {
            _ if at > Timestamp::MIN && since(at, now) < settle => doing,
            Some(_) => "PENDING_DELETION",
            None => "ACTIVE",
        }
    }

    /// # Errors
    /// OCI is still busy with an earlier change, or the secret is about to go.
    pub(super) fn must_be(&self, state: &str, now: Timestamp, settle: SignedDuration) -> Result<(), Refusal> {
        let found = self.state(now, settle);
        if found == state { Ok(()) } else { Err(Refusal::incorrect_state(found)) }
    }

    /// Keeps a change.
    pub(super) fn write(&mut self, now: Timestamp, (doing, etag): (&'static str, String), secret: Secret) {
        self.past.write(now, Secret { etag, ..secret });
        self.doing = (doing, now);
    }

    /// The secret as it is, without versions whose time has come.
    pub(super) fn latest(&self, now: Timestamp) -> Secret {
        let mut secret = self.past.latest().clone();
        secret.age(now);
        secret
    }

    /// The same as readers see it that are this far behind.
    pub(super) fn seen(&self, now: Timestamp, lag: SignedDuration) -> Secret {
        let mut secret = self.past.seen(now, lag).clone();
        secret.age(now);
        secret
    }
}
