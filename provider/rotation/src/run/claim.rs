//! The claim before a mint.

use std::collections::BTreeSet;

use super::Run;
use crate::next::later;
use crate::{Blocked, Claim, Error, ErrorKind, Event, KeyId, Ledger, Marks};

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
        let at = self.world.observed.now(self.deck.clock.now());
        let mut claim = Claim { nonce, at, known: self.others() };
        // Once more where somebody removed the mark meanwhile; nothing is minted before our own nonce was read back.
        for _ in 0..2 {
            self.write_claim(claim.clone()).await?;
            self.look_again().await?;
            let read_back = self.world.observed.ledgers.own_claim();
            if read_back.is_some_and(|other| other.nonce != claim.nonce && other.at >= claim.at) {
                return Err(self.stands_in_the_way(&Blocked::Claimed { by: self.deck.owner.label.clone() }));
            }
            let is_ours = read_back.is_some_and(|other| other.nonce == claim.nonce);
            let known: BTreeSet<_> = claim.known.iter().cloned().chain(self.others()).collect();
            if is_ours && known == claim.known {
                return Ok(());
            }
            claim.known = known;
            if is_ours {
                return self.write_claim(claim).await;
            }
        }
        let text = "the ownership mark on the principal does not show what the plugin wrote: something removes or overwrites it. No key was created; the next `pulumi up` tries again";
        Err(Error::new(ErrorKind::Conflict, "", text))
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
