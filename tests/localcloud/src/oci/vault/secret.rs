//! One secret: its versions, and which of them is in which stage.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::limits::VERSIONS;
use crate::oci::error::Refusal;

pub(super) const CURRENT: &str = "CURRENT";
pub(super) const PENDING: &str = "PENDING";
pub(super) const PREVIOUS: &str = "PREVIOUS";
pub(super) const LATEST: &str = "LATEST";
pub(super) const DEPRECATED: &str = "DEPRECATED";

/// The part of a secret that changes, as one call left it.
#[derive(Clone, Default)]
pub(super) struct Secret {
    pub(super) description: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) versions: Vec<Version>,
    pub(super) etag: String,
    /// Whether OCI rotates it by itself.
    pub(super) rotates: bool,
}

#[derive(Clone)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) name: Option<String>,
    /// As base64.
    pub(super) content: String,
    /// Without DEPRECATED, which is what has none but LATEST.
    stages: BTreeSet<&'static str>,
    pub(super) created: Timestamp,
    pub(super) leaves: Option<Timestamp>,
}

/// What is uploaded.
pub(super) struct Upload {
    pub(super) name: Option<String>,
    pub(super) content: String,
    pub(super) is_pending: bool,
}

impl Version {
    pub(super) fn has(&self, stage: &str) -> bool {
        self.stages().contains(stage)
    }

    /// As clients are shown them.
    pub(super) fn stages(&self) -> BTreeSet<&'static str> {
        let mut stages = self.stages.clone();
        if !stages.iter().any(|stage| *stage != LATEST) {
            stages.insert(DEPRECATED);
        }
        stages
    }
}

impl Secret {
    /// Forgets versions whose time has come.
    pub(super) fn age(&mut self, now: Timestamp) {
        self.versions.retain(|version| version.leaves.is_none_or(|at| now < at));
    }

    pub(super) fn holder(&self, stage: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.has(stage))
    }

    pub(super) fn version(&self, number: u64) -> Result<&Version, Refusal> {
        let found = self.versions.iter().find(|version| version.number == number);
        found.ok_or_else(|| Refusal::not_found("the secret has no such version"))
    }

    pub(super) fn version_mut(&mut self, number: u64) -> Result<&mut Version, Refusal> {
        let found = self.versions.iter_mut().find(|version| version.number == number);
        found.ok_or_else(|| Refusal::not_found("the secret has no such version"))
    }

    pub(super) fn leaving(&self) -> usize {
        self.versions.iter().filter(|version| version.leaves.is_some()).count()
    }

    /// # Errors
    /// The name is taken, or the secret has as many versions as it may.
    pub(super) fn upload(&mut self, upload: Upload, now: Timestamp) -> Result<u64, Refusal> {
        let Upload { name, content, is_pending } = upload;
        if name.is_some() && self.versions.iter().any(|version| version.name == name) {
            return Err(Refusal::exists("A version of the secret has this name."));
        }
        if self.versions.len() - self.leaving() >= VERSIONS {
            return Err(Refusal::too_many_versions(VERSIONS));
        }
        let number = self.versions.iter().map(|version| version.number).max().unwrap_or_default() + 1;
        self.strip(LATEST);
        self.versions.push(Version { number, name, content, stages: [LATEST].into(), created: now, leaves: None });
        if is_pending {
            self.strip(PENDING);
            self.version_mut(number)?.stages.insert(PENDING);
        } else {
            self.make_current(number)?;
        }
        Ok(number)
    }

    /// # Errors
    /// The version is not there, or about to go.
    pub(super) fn make_current(&mut self, number: u64) -> Result<(), Refusal> {
        if self.version(number)?.leaves.is_some() {
            return Err(Refusal::invalid("The version is scheduled for deletion."));
        }
        let before = self.holder(CURRENT).map(|current| current.number);
        if before == Some(number) {
            return Ok(());
        }
        self.strip(PREVIOUS);
        self.strip(CURRENT);
        if let Some(before) = before {
            self.version_mut(before)?.stages.insert(PREVIOUS);
        }
        let version = self.version_mut(number)?;
        version.stages.retain(|stage| *stage == LATEST);
        version.stages.insert(CURRENT);
        Ok(())
    }

    fn strip(&mut self, stage: &str) {
        for version in &mut self.versions {
            version.stages.remove(stage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn put(secret: &mut Secret, is_pending: bool) -> u64 {
        secret.upload(Upload { name: None, content: String::new(), is_pending }, at()).unwrap()
    }

    fn stages(secret: &Secret) -> Vec<Vec<&'static str>> {
        secret.versions.iter().map(|version| version.stages().into_iter().collect()).collect()
    }

    #[test]
    fn stages_move_as_oracle_describes_them() {
        let mut secret = Secret::default();
        put(&mut secret, false);
        assert_eq!(stages(&secret), [vec![CURRENT, LATEST]]);
        put(&mut secret, true);
        assert_eq!(stages(&secret), [vec![CURRENT], vec![LATEST, PENDING]]);
        secret.make_current(2).unwrap();
        assert_eq!(stages(&secret), [vec![PREVIOUS], vec![CURRENT, LATEST]]);
        put(&mut secret, false);
        assert_eq!(stages(&secret), [vec![DEPRECATED], vec![PREVIOUS], vec![CURRENT, LATEST]]);
        secret.make_current(1).unwrap();
        assert_eq!(stages(&secret), [vec![CURRENT], vec![DEPRECATED], vec![LATEST, PREVIOUS]]);
    }

    #[test]
    fn a_second_pending_version_deprecates_the_first() {
        let mut secret = Secret::default();
        put(&mut secret, false);
        put(&mut secret, true);
        put(&mut secret, true);
        assert_eq!(stages(&secret), [vec![CURRENT], vec![DEPRECATED], vec![LATEST, PENDING]]);
    }

    #[test]
    fn there_are_thirty_versions_at_most() {
        let mut secret = Secret::default();
        for _ in 0..30 {
            put(&mut secret, false);
        }
        let upload = || Upload { name: None, content: String::new(), is_pending: true };
        assert_eq!(secret.upload(upload(), at()).unwrap_err().code, "LimitExceeded");
        secret.version_mut(1).unwrap().leaves = Some(at());
        assert_eq!(secret.upload(upload(), at()).unwrap(), 31);
    }
}
