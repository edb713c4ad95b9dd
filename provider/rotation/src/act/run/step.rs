//! What each step is: the line that announces it, the act, and the event that a preview assumes to come of it.

mod claim;
mod deliver;
mod mark;
mod mint;
mod note;
mod remove;
mod renew;
mod settle;
mod verify;

use super::actor::Act;
use crate::Step;

impl Step {
    pub(crate) fn act(&self) -> Box<dyn Act + '_> {
        match self {
            Self::Settle(until) => Box::new(settle::Settle(*until)),
            Self::Inspect(id) => Box::new(settle::Inspect(id)),
            Self::Forget(id) => Box::new(note::Forget(id)),
            Self::Disown(id) => Box::new(note::Disown(id)),
            Self::Complete(id) => Box::new(note::Complete(id)),
            Self::Unlist(id) => Box::new(note::Unlist(id)),
            Self::Discard(id) | Self::MakeRoom(id) | Self::Retire(id) => Box::new(remove::Remove(id)),
            Self::Disable(id) => Box::new(remove::Disable(id)),
            Self::Claim => Box::new(claim::Claims),
            Self::Mint => Box::new(mint::Mint),
            Self::Verify => Box::new(verify::Verify),
            Self::Publish(target, id) => Box::new(deliver::Publish(target, id)),
            Self::PromoteIn(target, id) => Box::new(deliver::PromoteIn(target, id)),
            Self::ReadBack(target, id) => Box::new(deliver::ReadBack(target, id)),
            Self::Recall(target, version, id) => Box::new(deliver::Recall(target, version, id)),
            Self::LoseSecret(id) => Box::new(deliver::LoseSecret(id)),
            Self::Unstage(target, id) => Box::new(deliver::Unstage(target, id)),
            Self::Withdraw(target) => Box::new(deliver::Withdraw(target)),
            Self::Renew(id) => Box::new(renew::Renew(id)),
            Self::Record => Box::new(mark::Record),
            Self::Close => Box::new(mark::Close),
            Self::DropFormer(owner) => Box::new(mark::DropFormer(owner)),
            Self::DropLedger => Box::new(mark::DropLedger),
        }
    }
}

#[cfg(test)]
mod snapshots;
