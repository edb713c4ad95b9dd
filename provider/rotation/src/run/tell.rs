//! What a run says of each step before it takes it.

use super::Run;
use crate::{Cause, Step};

impl Run<'_> {
    pub(super) fn tell(&self, step: &Step, cause: Cause) {
        let line = match step {
            Step::Settle(until) => format!("waiting until {until}: {cause}"),
            Step::Discard(id) | Step::MakeRoom(id) | Step::Retire(id) => {
                format!("removing key {id}: {cause}")
            }
            Step::Withdraw(id) => format!("taking key {id} out of what is to be published: {cause}"),
            Step::Disable(id) => format!("disabling key {id}: {cause}"),
            Step::Forget(id) => format!("key {id} no longer exists"),
            Step::Mint => format!("making a new key: {cause}"),
            Step::Renew(id) => format!("asking for more time for key {id}: {cause}"),
            Step::Verify => "trying the new key until it is accepted".to_owned(),
            Step::Inspect(_) | Step::Claim | Step::Record | Step::Close | Step::DropFormer(_) | Step::DropLedger => {
                return;
            }
        };
        (self.deck.note)(line);
    }
}
