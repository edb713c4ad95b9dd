//! More time for a key that would end by itself before it may.

use super::Run;
use crate::{Error, Event, KeyId, View, expiry};

impl Run<'_> {
    /// Asks once. A key that turns out to have ended is seen by the next look.
    pub(super) async fn renew(&mut self, id: KeyId) -> Result<(), Error> {
        let (capability, now) = (self.deck.issuer.capability(), self.deck.clock.now());
        let (world, want, configured) = (&self.world, self.deck.want, self.configured.as_ref());
        let life = expiry::needed_for(&View { world, want, capability: &capability, configured, now }, &id);
        let expiry = self.deck.issuer.renew(&id, life).await?;
        self.fold(Event::Renewed(id, expiry));
        if expiry.is_none() { self.look_again().await } else { Ok(()) }
    }
}
