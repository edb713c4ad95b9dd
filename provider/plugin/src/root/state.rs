//! What is kept of a root, and whether it is to be rotated. Nothing in it is secret.

use jiff::{SignedDuration, Timestamp};
use pulumi_provider::{Error, Object, Value, field_names};
use rotation::{RotationArgs, Schedule, Trigger, next_rotation};
use serde::{Deserialize, Serialize};
use system_vault::Evidence;

use crate::rotating::outputs::{newer, object, pick, read, set, time};

/// The version of this form of the outputs.
const VERSION: u32 = 2;

/// What outputs hold of a root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RootState {
    state_version: u32,
    /// The nonce of the Create, or of the import.
    pub(super) instance: String,
    /// The cluster that keeps the secret; absent until a run found the secret there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    /// Counts the rotations that were ordered.
    pub(super) generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotated_at: Option<Timestamp>,
    /// What the last rotation was ordered for; none before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<Trigger>,
    /// What Vault told last.
    #[serde(default)]
    pub(super) evidence: Evidence,
    /// An order that may have been carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unanswered: Option<Unanswered>,
}

/// An order that had no clear answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Unanswered {
    /// What it was given for.
    trigger: Trigger,
    /// What Vault told before it.
    #[serde(default)]
    pub(super) before: Evidence,
}

impl RootState {
    /// No rotation was requested yet.
    pub(super) fn new(instance: String) -> Self {
        Self {
            state_version: VERSION,
            instance,
            account: None,
            generation: 0,
            rotated_at: None,
            trigger: None,
            evidence: Evidence::default(),
            unanswered: None,
        }
    }

    /// One that was set up elsewhere.
    pub(super) fn imported(instance: String, evidence: Evidence) -> Self {
        Self { rotated_at: evidence.last_vault_rotation, evidence, ..Self::new(instance) }
    }

    /// What was set up elsewhere counts as rotated for the inputs that it was taken over with.
    pub(super) fn stand_for(&mut self, trigger: &Trigger) {
        if self.unanswered.is_none() {
            self.trigger.get_or_insert_with(|| trigger.clone());
        }
    }

    /// Whether an earlier run left something to do.
    pub(super) fn is_left_over(&self) -> bool {
        self.unanswered.is_some()
    }

    /// Whether nothing is to be ordered for this trigger, as far as the state knows. A password that Vault changed since the wanted
    /// period began will do, whoever asked for it.
    pub(super) fn serves(&self, wanted: &Trigger) -> bool {
        let turned_at = self.evidence.last_vault_rotation.or(self.rotated_at).unwrap_or(Timestamp::MIN);
        self.trigger.as_ref().is_some_and(|trigger| wanted.is_met_by(trigger, turned_at, NO_OVERLAP))
    }

    /// Takes in what Vault tells now.
    pub(super) fn observe(&mut self, seen: &Evidence, wanted: &Trigger, now: Timestamp) {
        let turned_at = seen.last_vault_rotation.unwrap_or(Timestamp::MIN);
        let was_done = self.unanswered.as_ref().is_some_and(|order| {
            seen.has_turned_since(&order.before) && wanted.is_met_by(&order.trigger, turned_at, NO_OVERLAP)
        });
        if was_done {
            self.record_rotation(seen.clone(), wanted, now);
        }
        self.evidence = seen.clone();
        if self.serves(wanted) {
            self.unanswered = None;
            self.note_window(wanted);
        }
    }

    /// A rotation for this trigger was carried out.
    pub(super) fn record_rotation(&mut self, evidence: Evidence, trigger: &Trigger, now: Timestamp) {
        self.generation += 1;
        self.rotated_at = Some(evidence.last_vault_rotation.unwrap_or(now));
        self.evidence = evidence;
        self.trigger = Some(trigger.clone());
        self.unanswered = None;
    }

    /// A rotation for this trigger was ordered, and nobody knows whether it was carried out.
    pub(super) fn mark_unknown(&mut self, trigger: &Trigger) {
        self.unanswered = Some(Unanswered { trigger: trigger.clone(), before: self.evidence.clone() });
    }

    /// Why a rotation is to be ordered.
    pub(super) fn cause(&self, wanted: &Trigger) -> &'static str {
        match &self.trigger {
            _ if self.unanswered.is_some() => "an earlier request had no answer",
            None => "whoever set it up may know the secret",
            Some(trigger) if trigger.hash != wanted.hash => "keepers changed",
            Some(_) => "a new rotation period began",
        }
    }

    /// Vault itself met the wanted period.
    fn note_window(&mut self, wanted: &Trigger) {
        if self.trigger.as_ref().is_some_and(|trigger| trigger.window < wanted.window) {
            self.trigger = Some(wanted.clone());
            self.rotated_at = self.evidence.last_vault_rotation.or(self.rotated_at);
        }
    }
}

const NO_OVERLAP: SignedDuration = SignedDuration::ZERO;

/// The outputs of a root in this state. `times` is what its inputs say; none before the first Check after an import.
pub(super) fn to_outputs(
    inputs: &Object,
    state: &RootState,
    times: Option<(&RotationArgs, &Schedule)>,
) -> Result<Object, Error> {
    let mut outputs = object(state)?;
    set(&mut outputs, "accessKeyId", state.evidence.access_key_id.clone());
    set(&mut outputs, "lastVaultRotation", state.evidence.last_vault_rotation.map(time));
    set(&mut outputs, "nextRotationAt", times.and_then(|(args, schedule)| next_rotation(schedule, args)).map(time));
    outputs.extend(inputs.clone());
    Ok(outputs)
}

/// The state that outputs hold. An older one becomes this version's here; the next Update or Read writes it so.
pub(super) fn from_outputs(outputs: &Object) -> Result<RootState, Error> {
    let version = outputs.get("stateVersion").and_then(Value::as_number).unwrap_or_default();
    if version > f64::from(VERSION) {
        return Err(newer(version, VERSION));
    }
    let mut stored = pick(outputs, field_names::<RootState>());
    stored.insert("stateVersion".to_owned(), Value::Number(VERSION.into()));
    read(&stored)
}

#[cfg(test)]
mod tests;
