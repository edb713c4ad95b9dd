//! The one act that makes a key.

use async_trait::async_trait;

use crate::act::run::actor::{Act, Happened, Run, pause};
use crate::decide::mint_cause;
use crate::{Cause, Effect, Error, ErrorKind, Event, HistoryAction, KeyId, Marks, Minted, View, Want};

/// How often a throttled mint is tried again in one run.
const REFUSALS: u32 = 4;

/// Makes the key.
pub(super) struct Mint;

#[async_trait]
impl Act for Mint {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("creating a new key: {cause}"))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        let Want::Current(goal) = view.want else { return None };
        let (id, created_at, material) = (KeyId(String::new()), view.now, Default::default());
        Some(Event::Minted(Minted { id, created_at, material, expiry: None }, goal.trigger.clone()))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let (Want::Current(goal), Some(prepared)) = (run.context.want, run.prepared.take()) else {
            return Err(Error::new(
                ErrorKind::Unexpected,
                "",
                "a mint without a claim; this is a bug: please report it [KR-ROTATION-007]",
            ));
        };
        run.fold(Event::MintBegan);
        match prepared.mint().await {
            Ok(minted) => {
                let id = minted.id.clone();
                let cause = mint_cause(&run.world.state, goal);
                run.fold(Event::Minted(minted, goal.trigger.clone()));
                let generation = run.world.generation_of(&id);
                let happened = Happened::to((id, generation), HistoryAction::Created);
                run.remember(happened, cause.unwrap_or(Cause::Created).to_string());
                if run.marks() == Marks::OnPrincipal { Ok(()) } else { run.look_again().await }
            }
            Err(error) if error.effect == Effect::None => run.refused(error).await,
            Err(error) => Err(error),
        }
    }
}

impl Run<'_> {
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
}
