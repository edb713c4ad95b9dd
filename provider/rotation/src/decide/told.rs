//! What a preview says: one line for each key and store that a run would touch, with the true reason.

use super::plan::Plan;
use crate::{Cause, KeyState};

impl Plan {
    /// The lines of the preview of a run that begins with this state.
    pub fn lines(&self, state: &KeyState) -> Vec<String> {
        let mut lines = Vec::new();
        if state.claim_open && state.pending.is_none() {
            lines.push(
                "a key that an interrupted run may have created will be looked for, and deleted if nobody has it"
                    .to_owned(),
            );
        }
        lines.extend(self.discard.iter().map(|(id, cause)| format!("the new key {id} will be deleted: {cause}")));
        lines.extend(self.of_new_key(state));
        lines.extend(
            self.recall.iter().map(|(id, store)| format!("the secret of key {id} will be read back from the {store}")),
        );
        lines.extend(
            self.deliver.iter().map(|(store, cause)| format!("the key will be delivered to the {store}: {cause}")),
        );
        lines.extend(
            self.leave.iter().map(|store| format!("the key will be withdrawn from the {store}: {}", Cause::NoDelivery)),
        );
        lines.extend(
            self.withdraw
                .iter()
                .map(|id| format!("key {id} will be withdrawn from the published key set: {}", Cause::OverlapOver)),
        );
        lines.extend(self.disable.iter().map(|(id, cause)| format!("key {id} will be disabled: {cause}")));
        lines.extend(self.retire.iter().map(|(id, cause)| format!("key {id} will be deleted: {cause}")));
        lines.extend(self.renew.iter().map(|id| format!("key {id} will be renewed")));
        lines
    }

    /// Whether anything would happen that the history tells.
    pub fn has_events(&self) -> bool {
        let keys = [&self.retire, &self.discard, &self.disable];
        let moves = !self.deliver.is_empty() || !self.leave.is_empty();
        moves || self.mint.is_some() || self.generation.is_some() || keys.iter().any(|keys| !keys.is_empty())
    }

    /// The key that becomes current: one that an earlier run made, or a new one.
    fn of_new_key(&self, state: &KeyState) -> Option<String> {
        let resumed = state.pending.as_ref().filter(|key| !self.discard.iter().any(|(id, _)| *id == key.id));
        match (resumed, self.mint) {
            (Some(key), cause) => {
                let why = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
                let then = if self.waits { "will wait until it is published" } else { "will become current" };
                Some(format!("the new key {} of an earlier run {then}{why}", key.id))
            }
            (None, Some(cause)) => Some(format!("a new key will be created: {cause}")),
            (None, None) => None,
        }
    }
}
