//! More time for a key that would end by itself before it may.

use async_trait::async_trait;

use crate::act::run::actor::{Act, Run};
use crate::{Cause, Error, Event, KeyId, View};

/// Asks once. A key that turns out to have ended is seen by the next look.
pub(super) struct Renew<'a>(pub(super) &'a KeyId);

#[async_trait]
impl Act for Renew<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("renewing key {}: {cause}", self.0))
    }

    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::Renewed(self.0.clone(), None))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let life = run.judge(|view| crate::decide::needed_for(view, self.0));
        let expiry = run.context.issuer.renew(self.0, life).await?;
        run.fold(Event::Renewed(self.0.clone(), expiry));
        if expiry.is_none() { run.look_again().await } else { Ok(()) }
    }
}
