//! Steps that call nothing: what they assume is what they do.

use crate::act::run::actor::Act;
use crate::{Cause, Event, KeyId, View};

/// Notes that a key is gone.
pub(super) struct Forget<'a>(pub(super) &'a KeyId);

/// Notes that a pending key of an older picture may be in use.
pub(super) struct Disown<'a>(pub(super) &'a KeyId);

/// Lets the pending key become current although another one is wanted.
pub(super) struct Complete<'a>(pub(super) &'a KeyId);

/// Lets a key stand no more in what users publish.
pub(super) struct Unlist<'a>(pub(super) &'a KeyId);

impl Act for Forget<'_> {
    fn line(&self, _: Cause) -> Option<String> {
        Some(format!("forgetting key {}: it no longer exists", self.0))
    }

    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::Removed(self.0.clone()))
    }
}

impl Act for Disown<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("superseding key {} with the next key: {cause}", self.0))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Disowned(self.0.clone(), view.now))
    }
}

impl Act for Complete<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("making key {} current before a newer one: {cause}", self.0))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Completed(self.0.clone(), view.promotion_time()))
    }
}

impl Act for Unlist<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("withdrawing key {} from the published key set: {cause}", self.0))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Unlisted(self.0.clone(), view.now))
    }
}
