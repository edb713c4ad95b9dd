//! Steps that call nothing: what they assume is what they do.

use async_trait::async_trait;

use crate::act::run::actor::{Act, Run};
use crate::{Cause, Error, Event, KeyId, View};

/// Notes that a key is gone.
pub(super) struct Forget<'a>(pub(super) &'a KeyId);

/// Notes that a pending key of an older picture may be in use.
pub(super) struct Disown<'a>(pub(super) &'a KeyId);

/// Lets the pending key become current although another one is wanted.
pub(super) struct Complete<'a>(pub(super) &'a KeyId);

/// Lets a key stand no more in what users publish.
pub(super) struct Unlist<'a>(pub(super) &'a KeyId);

#[async_trait]
impl Act for Forget<'_> {
    fn line(&self, _: Cause) -> Option<String> {
        Some(format!("forgetting key {}: it no longer exists", self.0))
    }

    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::Removed(self.0.clone()))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.fold_assumed(self);
        Ok(())
    }
}

#[async_trait]
impl Act for Disown<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("superseding key {} with the next key: {cause}", self.0))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Disowned(self.0.clone(), view.now))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.fold_assumed(self);
        Ok(())
    }
}

#[async_trait]
impl Act for Complete<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("making key {} current before a newer one: {cause}", self.0))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Completed(self.0.clone(), view.promotion_time()))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.fold_assumed(self);
        Ok(())
    }
}

#[async_trait]
impl Act for Unlist<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("withdrawing key {} from the published key set: {cause}", self.0))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Unlisted(self.0.clone(), view.now))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.fold_assumed(self);
        Ok(())
    }
}
