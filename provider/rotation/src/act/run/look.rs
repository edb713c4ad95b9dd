//! What is seen anew in the middle of a run.

use jiff::SignedDuration;

use super::actor::{Run, no_principal};
use crate::time::later;
use crate::{Blocked, Capability, Claim, Error, Event, Marks, Observed, observe};

/// How long marks that lag are left alone before they are read again.
const RETURN: SignedDuration = SignedDuration::from_secs(2);
/// How often a run waits for another resource's mint.
const YIELDS: u32 = 12;

impl Run<'_> {
    /// Looks again. Marks lag as lists do: one that is older than what this run wrote is read anew until it can be believed.
    pub(super) async fn look_again(&mut self) -> Result<(), Error> {
        let patience = later(self.context.clock.now(), self.context.issuer.capability().settle);
        loop {
            let observed = observe(self.context.issuer, self.context.owner, self.context.clock)
                .await?
                .ok_or_else(|| no_principal(&self.context))?;
            if !self.is_stale(&observed) || self.context.clock.now() >= patience {
                self.fold(Event::Observed(observed));
                return Ok(());
            }
            self.wait(RETURN).await?;
        }
    }

    /// Whether our mark does not show what this run wrote, and nobody else has written a claim since.
    fn is_stale(&self, observed: &Observed) -> bool {
        let Some(written) = self.written.as_ref().filter(|_| self.marks() == Marks::OnPrincipal) else { return false };
        let shown = observed.ledgers.own.as_ref();
        let (own, seen) = (written.open.as_ref(), observed.ledgers.own_claim());
        let is_other = |seen: &Claim| own.is_none_or(|own| own.nonce != seen.nonce && seen.at >= own.at);
        !seen.is_some_and(is_other) && (shown.is_none() || seen.map(|seen| &seen.nonce) != own.map(|own| &own.nonce))
    }

    /// What lists and an unanswered mint may need to settle.
    pub(super) fn longest_settling(&self) -> SignedDuration {
        let Capability { settle, mint_timeout, .. } = self.context.issuer.capability();
        settle.saturating_add(mint_timeout).saturating_add(RETURN)
    }

    /// Waits for another resource's mint on the same principal, some time longer than it would wait for ours; then looks again.
    pub(super) async fn give_way(&mut self, why: &Blocked) -> Result<(), Error> {
        self.yields += 1;
        if self.yields > YIELDS {
            return Err(self.stands_in_the_way(why));
        }
        (self.context.note)(format!(
            "waiting for another resource that is creating a key on the same principal (try {} of {YIELDS})",
            self.yields
        ));
        let chance =
            (self.context.nonce)().bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        self.wait(SignedDuration::from_millis(1000 + i64::from(chance % 5000))).await?;
        self.look_again().await
    }
}
