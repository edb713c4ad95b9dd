//! What is only asked: lists that may be behind, and the last use of a key.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::act::run::actor::{Act, Run};
use crate::time::later;
use crate::{Cause, Error, Event, KeyId, LastUse, View};

/// Waits until the system's lists can be believed, and lists again.
pub(super) struct Settle(pub(super) Timestamp);

#[async_trait]
impl Act for Settle {
    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        let mut observed = view.world.observed.clone();
        observed.at = self.0;
        Some(Event::Observed(observed))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let rest = self.0.duration_since(later(run.world.observed.now(run.context.clock.now()), run.world.run.skipped));
        // A clock that is wrong, ours or the system's, must not let us wait for long: what was waited for so long is over.
        let most = run.longest_settling();
        run.wait_aloud(rest.min(most), Cause::Unsettled).await?;
        if rest > most {
            run.fold(Event::Skipped(rest - most));
        }
        run.look_again().await?;
        run.look_into_stores().await
    }
}

/// Asks when a key was last used.
pub(super) struct Inspect<'a>(pub(super) &'a KeyId);

#[async_trait]
impl Act for Inspect<'_> {
    /// Asked for is the use of a superseded key that no run was ever told: it is assumed to be out of use.
    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::Inspected(self.0.clone(), LastUse::Never))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let last_use = run.context.issuer.last_use(self.0).await?;
        run.fold(Event::Inspected(self.0.clone(), last_use));
        Ok(())
    }
}
