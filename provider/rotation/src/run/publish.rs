//! Keys that users publish: a run says what is to be published, and what depends on that comes in a later one.

use super::Run;
use crate::{Error, ErrorKind, Event, KeyId};

impl Run<'_> {
    pub(super) fn users_publish(&self) -> bool {
        self.deck.issuer.capability().users_publish
    }

    /// The new key is not accepted yet. That is no failure: only when this run has ended well, users publish what it says.
    pub(super) fn await_publication(&mut self) {
        let Some(id) = self.world.state.pending.as_ref().map(|key| key.id.clone()) else { return };
        (self.deck.note)(format!("the new key {id} is not accepted yet: publish it, and run `pulumi up` again"));
        self.fold(Event::Awaited(id));
    }

    /// Removes a withdrawn key, unless it is still accepted: then users have yet to publish that it is withdrawn.
    pub(super) async fn retire_published(&mut self, id: KeyId) -> Result<(), Error> {
        match self.deck.issuer.retire(&id).await {
            Ok(()) => self.fold(Event::Removed(id)),
            Err(error) if error.kind == ErrorKind::Unverified => {
                (self.deck.note)(error.message);
                self.fold(Event::Awaited(id));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
