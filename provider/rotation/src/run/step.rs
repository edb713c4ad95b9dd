//! What each step is: the line that announces it, the act, and the event that a preview assumes to come of it.

mod claim;
mod mark;
mod mint;
mod note;
mod remove;
mod renew;
mod settle;
mod verify;

use async_trait::async_trait;

use super::Run;
use crate::{Cause, Error, Event, Step, View};

/// One step.
#[async_trait]
pub(crate) trait Act: Send + Sync {
    /// What is said before it; none: nothing.
    fn line(&self, _cause: Cause) -> Option<String> {
        None
    }

    /// What comes of it if every call succeeds.
    fn assumed(&self, view: &View<'_>) -> Option<Event>;

    /// Takes it, and folds what came of it.
    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error>;
}

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
            Self::Renew(id) => Box::new(renew::Renew(id)),
            Self::Record => Box::new(mark::Record),
            Self::Close => Box::new(mark::Close),
            Self::DropFormer(owner) => Box::new(mark::DropFormer(owner)),
            Self::DropLedger => Box::new(mark::DropLedger),
        }
    }
}
