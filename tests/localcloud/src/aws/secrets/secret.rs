//! One secret: its versions, and which of them the staging labels name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::error;
use crate::aws::error::Refusal;
use crate::lag::History;

pub(super) const CURRENT: &str = "AWSCURRENT";
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
pub(super) const PENDING: &str = "AWSPENDING";

/// The most labels that one version may have, and how many versions are kept beyond those of the last day
/// (Secrets Manager User Guide, "Quotas").
const LABELS: usize = 20;
const VERSIONS: usize = 100;

/// What a version holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// In base64, as it is sent.
    Binary(String),
}

#[derive(Clone)]
pub(super) struct Version {
    /// None while a rotation has not put one there.
    pub(super) value: Option<Value>,
    pub(super) stages: BTreeSet<String>,
    pub(super) created: Timestamp,
}

pub(super) type Versions = BTreeMap<String, Version>;

/// A secret that is to be deleted.
#[derive(Clone, Copy)]
pub(super) struct Deletion {
    pub(super) at: Timestamp,
    pub(super) until: Timestamp,
}

/// The rotation that somebody set up.
#[derive(Clone)]
pub(super) struct Rotation {
    pub(super) enabled: bool,
    pub(super) function: String,
    pub(super) rules: serde_json::Value,
}

pub(in crate::aws) struct Secret {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) region: String,
    pub(super) description: Option<String>,
    pub(super) kms_key: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) replicas: BTreeSet<String>,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) rotated: Option<Timestamp>,
    pub(super) deletion: Option<Deletion>,
    pub(super) rotation: Option<Rotation>,
    pub(super) versions: History<Versions>,
}

/// What a reader asks for.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    pub(super) version: Option<&'a str>,
    pub(super) stage: Option<&'a str>,
}

impl Secret {
    /// # Errors
    /// `InvalidRequestException` while the secret waits for its deletion.
    pub(super) fn in_use(&self) -> Result<(), Refusal> {
        if self.deletion.is_some() { Err(error::marked_for_deletion()) } else { Ok(()) }
    }

    /// Adds a version with this value, or does nothing if the version exists with the same value. Without `stages` it
    /// becomes the current one, and so does the first version of all.
    pub(super) fn put(
        &mut self,
        token: &str,
        value: Value,
        stages: Option<BTreeSet<String>>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut versions = self.versions.latest().clone();
        match versions.get_mut(token) {
            Some(Version { value: Some(held), .. }) if *held == value => return Ok(()),
            Some(Version { value: Some(_), .. }) => return Err(error::token_in_use(token, &self.arn)),
            Some(empty) => empty.value = Some(value),
            None => {
                let version = Version { value: Some(value), stages: BTreeSet::new(), created: now };
                versions.insert(token.to_owned(), version);
            }
        }
        let mut stages = stages.unwrap_or_else(|| BTreeSet::from([CURRENT.to_owned()]));
        if holder(&versions, CURRENT).is_none() {
            stages.insert(CURRENT.to_owned());
        }
        for stage in &stages {
            attach(&mut versions, stage, token);
        }
        self.write(versions, now)
    }

    /// Adds a version without a value, which a rotation is to fill.
    pub(super) fn begin_version(&mut self, token: &str, now: Timestamp) -> Result<(), Refusal> {
        let mut versions = self.versions.latest().clone();
        if !versions.contains_key(token) {
            let version = Version { value: None, stages: BTreeSet::new(), created: now };
            versions.insert(token.to_owned(), version);
        }
        attach(&mut versions, PENDING, token);
        self.write(versions, now)
    }

    /// Removes a version that a test of a rotation had begun.
    pub(super) fn forget_version(&mut self, token: &str, now: Timestamp) {
        let mut versions = self.versions.latest().clone();
        versions.remove(token);
        self.versions.write(now, versions);
    }

    /// Moves a label. `from` must name the version that has it, which makes this a compare-and-swap.
    pub(super) fn move_stage(
        &mut self,
        stage: &str,
        (from, to): (Option<&str>, Option<&str>),
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut versions = self.versions.latest().clone();
        if [from, to].into_iter().flatten().any(|id| !versions.contains_key(id)) {
            return Err(error::no_version());
        }
        let held = holder(&versions, stage);
        match (from, held.as_deref(), to) {
            (None, _, None) => return Err(error::nothing_to_move()),
            (Some(from), held, _) if held != Some(from) => return Err(error::not_attached(stage, from)),
            (None, Some(held), Some(to)) if held != to => return Err(error::remove_from_needed(stage, held)),
            (_, _, None) if stage == CURRENT => return Err(error::current_stays()),
            _ => {}
        }
        match to {
            Some(to) => attach(&mut versions, stage, to),
            None => detach(&mut versions, stage),
        }
        self.write(versions, now)
    }

    /// The version that is asked for, as readers see it by now.
    pub(super) fn read(
        &self,
        wanted: &Wanted<'_>,
        now: Timestamp,
        lag: SignedDuration,
    ) -> Result<(&String, &Version), Refusal> {
        let versions = self.versions.seen(now, lag);
        let stage = wanted.stage.or(wanted.version.is_none().then_some(CURRENT));
        let fits = |(id, version): &(&String, &Version)| {
            version.value.is_some()
                && wanted.version.is_none_or(|wanted| wanted == *id)
                && stage.is_none_or(|stage| version.stages.contains(stage))
        };
        versions.iter().find(fits).ok_or_else(|| error::no_value(wanted.version, stage))
    }

    fn write(&mut self, mut versions: Versions, now: Timestamp) -> Result<(), Refusal> {
        if versions.values().any(|version| version.stages.len() > LABELS) {
            return Err(error::too_many_labels(LABELS));
        }
        prune(&mut versions, now);
        self.changed = now;
        self.versions.write(now, versions);
        Ok(())
    }
}

/// The version that has a label.
pub(super) fn holder(versions: &Versions, stage: &str) -> Option<String> {
    let found = versions.iter().find(|(_, version)| version.stages.contains(stage));
    found.map(|(id, _)| id.clone())
}

/// Gives a version the label, which leaves the one that had it. What was current is then the previous one.
fn attach(versions: &mut Versions, stage: &str, id: &str) {
    let former = holder(versions, stage);
    if former.as_deref() == Some(id) {
        return;
    }
    detach(versions, stage);
    if let Some(version) = versions.get_mut(id) {
        version.stages.insert(stage.to_owned());
    }
    if let (CURRENT, Some(former)) = (stage, former) {
        attach(versions, PREVIOUS, &former);
    }
}

fn detach(versions: &mut Versions, stage: &str) {
    for version in versions.values_mut() {
        version.stages.remove(stage);
    }
}

/// Forgets the oldest versions without labels, but none of the last 24 hours.
fn prune(versions: &mut Versions, now: Timestamp) {
    while versions.len() > VERSIONS {
        let old = |version: &Version| now.duration_since(version.created) >= SignedDuration::from_hours(24);
        let loose = versions.iter().filter(|(_, version)| version.stages.is_empty() && old(version));
        let Some(oldest) = loose.min_by_key(|(_, version)| version.created).map(|(id, _)| id.clone()) else {
            return;
        };
        versions.remove(&oldest);
    }
}

#[cfg(test)]
mod tests;
