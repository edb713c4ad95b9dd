//! The claim before a mint.

use std::collections::BTreeSet;

use super::Run;
use crate::next::later;
use crate::{Blocked, Claim, Error, Event, KeyId, Ledger, Marks};

impl Run<'_> {
    /// Writes the claim, then looks again: whoever wrote one at the same time is seen, and so is a key that has appeared.
    /// Where marks stand on keys, the new key itself is the claim.
    pub(super) async fn claim(&mut self) -> Result<(), Error> {
        let nonce = (self.deck.nonce)();
        let foreseen = self.deck.issuer.foresee(&self.order(nonce.clone())).await?;
        self.fold(Event::Claimed(nonce.clone(), foreseen));
        if self.marks() == Marks::OnKeys {
            return Ok(());
        }
        let claim = Claim { nonce, at: self.deck.clock.now(), known: self.others() };
        self.write_claim(claim.clone()).await?;
        self.look_again().await?;
        let read_back = self.world.observed.ledgers.own_claim();
        if read_back.is_some_and(|other| other.nonce != claim.nonce && other.at >= claim.at) {
            return Err(self.stands_in_the_way(&Blocked::Claimed { by: self.deck.owner.label.clone() }));
        }
        let known: BTreeSet<_> = claim.known.iter().cloned().chain(self.others()).collect();
        if known != claim.known || read_back.is_none_or(|other| other.nonce != claim.nonce) {
            self.write_claim(Claim { known, ..claim }).await?;
        }
        Ok(())
    }

    /// Every listed key but the one that is about to be made, which may be seen already.
    fn others(&self) -> BTreeSet<KeyId> {
        let listed = self.world.observed.keys.keys();
        listed.filter(|id| self.world.foreseen.as_ref() != Some(id)).cloned().collect()
    }

    async fn write_claim(&mut self, claim: Claim) -> Result<(), Error> {
        let mut ledger = self.wanted_ledger();
        if let Some(key) = self.world.foreseen.clone() {
            let since = later(claim.at, self.deck.issuer.capability().mint_timeout);
            ledger = ledger.with_foreseen(key, &self.world.state.instance, since);
        }
        self.write(Some(Ledger { open: Some(claim), ..ledger })).await
    }
}
