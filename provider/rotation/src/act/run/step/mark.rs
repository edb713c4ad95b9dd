//! What the mark on the principal says.

use async_trait::async_trait;

use crate::act::run::actor::{Act, Run};
use crate::decide::is_ready;
use crate::{Error, Event, Ledger, OwnerId, View};

/// Writes the new key's id into the mark.
pub(super) struct Record;

/// Writes the mark as the state calls for, with no open claim.
pub(super) struct Close;

/// Removes the mark that this instance left under a former URN.
pub(super) struct DropFormer<'a>(pub(super) &'a OwnerId);

/// Removes the mark.
pub(super) struct DropLedger;

#[async_trait]
impl Act for Record {
    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::LedgerWritten(Some(view.world.wanted_ledger(view.capability))))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Some(pending) = &run.world.state.pending else { return Ok(()) };
        let ledger = run.wanted_ledger().with_minting(pending, &run.world.state.instance);
        let open = run.world.observed.ledgers.own_claim().cloned();
        run.write(Some(Ledger { open, ..ledger })).await
    }
}

#[async_trait]
impl Act for Close {
    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::LedgerWritten(Some(view.world.wanted_ledger(view.capability))))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        if run.judge(is_ready) {
            let at = run.judge(|view| view.promotion_time());
            run.fold(Event::Closing(at));
        }
        run.write(Some(run.wanted_ledger())).await
    }
}

#[async_trait]
impl Act for DropFormer<'_> {
    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::FormerDropped(self.0.clone()))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.context.issuer.write_ledger(self.0, None).await?;
        run.fold_assumed(self);
        Ok(())
    }
}

#[async_trait]
impl Act for DropLedger {
    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::LedgerWritten(None))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.write(None).await
    }
}
