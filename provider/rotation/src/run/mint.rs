//! The one act that makes a key.

use super::{Run, pause};
use crate::next::{awaits_users, mint_cause};
use crate::{Effect, Error, ErrorKind, Event, HistoryAction, Ledger, Marks, MintOrder, Want};

/// How often a throttled mint is tried again in one run.
const REFUSALS: u32 = 4;

impl Run<'_> {
    pub(super) fn order(&self, nonce: String) -> MintOrder {
        let state = &self.world.state;
        MintOrder {
            nonce,
            generation: self.world.next_generation(),
            owner: self.deck.owner.clone(),
            instance: state.instance.clone(),
            life: if let Want::Current(goal) = self.deck.want { goal.lasting.life } else { None },
        }
    }

    pub(super) async fn mint(&mut self) -> Result<(), Error> {
        let (Want::Current(goal), Some(nonce)) = (self.deck.want, self.world.claim.clone()) else {
            return Err(Error::new(
                ErrorKind::Unexpected,
                "",
                "a mint without a claim; this is a bug: please report it",
            ));
        };
        self.fold(Event::MintBegan);
        let waits = self.judge(awaits_users);
        match self.deck.issuer.mint(&self.order(nonce)).await {
            Ok(minted) => {
                let id = minted.id.clone();
                let cause = mint_cause(&self.world.state, goal);
                self.fold(Event::Minted(minted, goal.trigger.clone()));
                self.remember(HistoryAction::Created, id.clone(), cause);
                if waits {
                    self.fold(Event::Awaited(id));
                }
                if self.marks() == Marks::OnKeys { self.look_again().await } else { Ok(()) }
            }
            Err(error) if error.effect == Effect::None => self.refused(error).await,
            Err(error) => Err(error),
        }
    }

    /// A definite refusal closes the claim at once; a throttled one is tried again after a pause.
    async fn refused(&mut self, error: Error) -> Result<(), Error> {
        self.fold(Event::MintRefused);
        let closed = self.write(Some(self.wanted_ledger())).await;
        self.refusals += 1;
        if error.kind != ErrorKind::Throttled || self.refusals > REFUSALS || closed.is_err() {
            return Err(error);
        }
        self.wait(pause(error.retry, self.refusals)).await
    }

    pub(super) async fn record(&mut self) -> Result<(), Error> {
        let Some(pending) = &self.world.state.pending else {
            return Ok(());
        };
        let ledger = self.wanted_ledger().with_minting(pending, &self.world.state.instance);
        let open = self.world.observed.ledgers.own_claim().cloned();
        self.write(Some(Ledger { open, ..ledger })).await
    }
}
