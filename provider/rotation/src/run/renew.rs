//! More time for a key that would end by itself before it may.

use super::Run;
use crate::{Error, Event, KeyId, expiry};

impl Run<'_> {
    /// Asks once. A key that turns out to have ended is seen by the next look.
    pub(super) async fn renew(&mut self, id: KeyId) -> Result<(), Error> {
        let life = self.judge(|view| expiry::needed_for(view, &id));
        let expiry = self.deck.issuer.renew(&id, life).await?;
        self.fold(Event::Renewed(id, expiry));
        if expiry.is_none() { self.look_again().await } else { Ok(()) }
    }
}
