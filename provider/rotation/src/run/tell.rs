//! What a run says of each step before it takes it.

use super::Run;
use crate::next::seconds;
use crate::{Cause, Step};

impl Run<'_> {
    pub(super) fn tell(&self, step: &Step, cause: Cause) {
        let line = match step {
            Step::Settle(until) => format!("waiting until {} at most: {cause}", seconds(*until)),
            Step::Discard(id) | Step::MakeRoom(id) | Step::Retire(id) => {
                format!("deleting key {id}: {cause}")
            }
            Step::Complete(id) => format!("making key {id} current before a newer one: {cause}"),
            Step::Disown(id) => format!("superseding key {id} with the next key: {cause}"),
            Step::Withdraw(id) => format!("withdrawing key {id} from the published key set: {cause}"),
            Step::Disable(id) => format!("disabling key {id}: {cause}"),
            Step::Forget(id) => format!("forgetting key {id}: it no longer exists"),
            Step::Mint => format!("creating a new key: {cause}"),
            Step::Renew(id) => format!("renewing key {id}: {cause}"),
            Step::Verify => "verifying the new key".to_owned(),
            Step::Inspect(_) | Step::Claim | Step::Record | Step::Close | Step::DropFormer(_) | Step::DropLedger => {
                return;
            }
        };
        (self.deck.note)(line);
    }
}
