//! The end of a key.

use async_trait::async_trait;

use crate::act::run::actor::{Act, Run};
use crate::{Cause, Error, Event, KeyId, Retired, View};

/// Removes a key for good.
pub(super) struct Remove<'a>(pub(super) &'a KeyId);

#[async_trait]
impl Act for Remove<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("deleting key {}: {cause}", self.0))
    }

    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::Removed(self.0.clone()))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        match run.context.issuer.retire(self.0).await? {
            Retired::Gone => run.fold_assumed(self),
            // Users have yet to publish that it is withdrawn, so they are told again.
            Retired::StillAccepted(advice) => {
                (run.context.note)(advice);
                run.fold(Event::Unlisted(self.0.clone(), run.context.clock.now()));
            }
        }
        Ok(())
    }
}

/// Disables a superseded key.
pub(super) struct Disable<'a>(pub(super) &'a KeyId);

#[async_trait]
impl Act for Disable<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("disabling key {}: {cause}", self.0))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Disabled(self.0.clone(), view.now))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.context.issuer.disable(self.0).await?;
        run.fold_assumed(self);
        Ok(())
    }
}
