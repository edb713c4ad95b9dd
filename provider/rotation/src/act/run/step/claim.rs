//! The claim before a mint.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::act::run::actor::{Act, Run};
use crate::time::later;
use crate::{Blocked, Claim, Error, ErrorKind, Event, KeyId, Ledger, Marks, MintOrder, View, Want};

/// Writes the claim, and looks whether somebody else writes one too.
pub(super) struct Claims;

#[async_trait]
impl Act for Claims {
    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::Claimed(String::new(), None))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.claim().await
    }
}

impl Run<'_> {
    /// Writes the claim, then looks again: whoever wrote one at the same time is seen, and so is a key that has appeared.
    /// Where marks stand on keys, the new key itself is the claim.
    async fn claim(&mut self) -> Result<(), Error> {
        let nonce = (self.context.nonce)();
        let prepared = self.context.issuer.prepare(&self.order(nonce.clone())).await?;
        self.fold(Event::Claimed(nonce.clone(), prepared.foreseen.clone()));
        self.prepared = Some(prepared);
        if self.marks() != Marks::OnPrincipal {
            return Ok(());
        }
        let at = self.world.observed.now(self.context.clock.now());
        let mut claim = Claim { nonce, at, known: self.others() };
        // Once more where somebody removed the mark meanwhile; nothing is minted before our own nonce was read back.
        for _ in 0..2 {
            self.write_claim(claim.clone()).await?;
            self.look_again().await?;
            let read_back = self.world.observed.ledgers.own_claim();
            if read_back.is_some_and(|other| other.nonce != claim.nonce && other.at >= claim.at) {
                return Err(self.stands_in_the_way(&Blocked::Claimed { by: self.context.owner.label.clone() }));
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
        let text = "the ownership mark on the principal does not show what the plugin wrote: something removes or overwrites it. No key was created; the next `pulumi up` tries again [KR-ROTATION-004]";
        Err(Error::new(ErrorKind::Conflict, "", text))
    }

    fn order(&self, nonce: String) -> MintOrder {
        let state = &self.world.state;
        MintOrder {
            nonce,
            generation: self.world.next_generation(),
            owner: self.context.owner.clone(),
            instance: state.instance.clone(),
            life: if let Want::Current(goal) = self.context.want { goal.lasting.life } else { None },
        }
    }

    /// Every listed key but the one that is about to be made, which may be seen already.
    fn others(&self) -> BTreeSet<KeyId> {
        let listed = self.world.observed.keys.keys();
        listed.filter(|id| self.world.run.foreseen.as_ref() != Some(id)).cloned().collect()
    }

    async fn write_claim(&mut self, claim: Claim) -> Result<(), Error> {
        let mut ledger = self.wanted_ledger();
        if let Some(key) = self.world.run.foreseen.clone() {
            let since = later(claim.at, self.context.issuer.capability().mint_timeout);
            ledger = ledger.with_foreseen(key, &self.world.state.instance, since);
        }
        self.write(Some(Ledger { open: Some(claim), ..ledger })).await
    }
}
