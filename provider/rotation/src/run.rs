//! The only part that acts: observe, ask [`next`](fn@next), take the step, fold what happened into the state, until nothing is left.

mod arrival;
mod claim;
mod mint;
mod prove;
mod publish;
mod renew;
mod tell;

use std::fmt;

use futures::future::{Either, select};
use jiff::SignedDuration;

use crate::{
    Blocked, Clock, Error, ErrorKind, Event, KeyId, KeyIssuer, KeyState, Ledger, Marks, Next, Observed, OwnerId, Retry,
    Step, Stop, View, Want, World, expiry, next, reduce, warnings,
};

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Deck<'a> {
    /// The keys of the principal.
    pub issuer: &'a dyn KeyIssuer,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Whether to go on.
    pub stop: &'a dyn Stop,
    /// Whose mark is written.
    pub owner: &'a OwnerId,
    /// What is to be.
    pub want: &'a Want,
    /// Makes names that nobody else chooses.
    pub nonce: &'a (dyn Fn() -> String + Sync),
    /// Takes lines for people; they hold no secret.
    pub note: &'a (dyn Fn(String) + Sync),
}

/// A run that did not reach its end. `state` holds all that it made.
#[derive(Debug)]
pub struct Interrupted {
    /// To be saved: nothing that was made is missing in it.
    pub state: KeyState,
    /// Why.
    pub error: Error,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// Takes steps until none is left and gives the state to save: with the new key promoted, or with no key for [`Want::Gone`].
///
/// # Errors
/// [`Interrupted`], with the state up to there. `current` and `previous` are then what they were: outputs promote last.
pub async fn run(deck: Deck<'_>, state: KeyState) -> Result<KeyState, Interrupted> {
    deck.issuer.recall(&state);
    let observed = match arrival::first_look(&deck, &state).await {
        Ok(Some(observed)) => observed,
        Ok(None) if *deck.want == Want::Gone => return Ok(KeyState::new(state.instance)),
        Ok(None) => {
            return Err(Interrupted { state, error: no_principal(&deck) });
        }
        Err(error) => {
            return Err(Interrupted { state, error });
        }
    };
    let configured = match deck.issuer.configured_key().await {
        Ok(configured) => configured,
        Err(error) => {
            return Err(Interrupted { state, error });
        }
    };
    let mut run = Run { deck, world: World::new(state, observed), configured, refusals: 0, failure: None };
    let ended = run.finish().await;
    if ended.is_ok() {
        run.fold(Event::Answered(deck.clock.now()));
    }
    let (warnings, renewals) = run.judge(|view| {
        let renewals: Vec<_> = view.world.state.keys().map(|key| expiry::renew_at(view, key)).collect();
        (warnings(view), renewals)
    });
    let mut state = run.world.state;
    state.warnings = warnings;
    state.keys_mut().zip(renewals).for_each(|(key, at)| key.renew_at = at);
    match ended {
        Ok(()) => Ok(state),
        Err(error) => Err(Interrupted { state, error }),
    }
}

/// What stands on the principal now; none if it does not exist.
///
/// # Errors
/// Anything but a definite answer.
pub async fn observe(issuer: &dyn KeyIssuer, owner: &OwnerId, clock: &dyn Clock) -> Result<Option<Observed>, Error> {
    let at = clock.now();
    let Some((keys, ledgers)) = issuer.look(owner).await? else { return Ok(None) };
    let keys = keys.into_iter().map(|key| (key.id.clone(), key)).collect();
    Ok(Some(Observed { keys, ledgers, at }))
}

struct Run<'a> {
    deck: Deck<'a>,
    world: World,
    configured: Option<KeyId>,
    refusals: u32,
    /// The verification failed for the last time: what is left is to remove the key.
    failure: Option<Error>,
}

/// More steps than any run has; more means that the rules go round in a circle.
const LONGEST: u32 = 100;

impl Run<'_> {
    async fn finish(&mut self) -> Result<(), Error> {
        for _ in 0..LONGEST {
            let (step, cause) = match self.ask() {
                Next::Do { step, cause } => (step, cause),
                Next::Idle => return self.failure.take().map_or(Ok(()), Err),
                Next::Blocked(why) => return Err(self.stands_in_the_way(&why)),
            };
            if !matches!(step, Step::Discard(_) | Step::Withdraw(_))
                && let Some(error) = self.failure.take()
            {
                self.write(Some(self.wanted_ledger())).await?;
                return Err(error);
            }
            if self.deck.stop.is_stopped() {
                return Err(stopped());
            }
            self.tell(&step, cause);
            self.take(step).await?;
        }
        Err(Error::new(ErrorKind::Unexpected, "", "the rotation made no progress; this is a bug: please report it"))
    }

    fn stands_in_the_way(&self, why: &Blocked) -> Error {
        Error::new(ErrorKind::Blocked, "", format!("{}: {why}", self.deck.issuer.principal()))
    }

    fn ask(&self) -> Next {
        self.judge(next)
    }

    /// What follows from all that the run knows at this instant.
    fn judge<T>(&self, ask: impl FnOnce(&View<'_>) -> T) -> T {
        let (capability, now) = (self.deck.issuer.capability(), self.deck.clock.now());
        let (world, want, configured) = (&self.world, self.deck.want, self.configured.as_ref());
        ask(&View { world, want, capability: &capability, configured, now })
    }

    async fn take(&mut self, step: Step) -> Result<(), Error> {
        match step {
            Step::Settle(until) => {
                self.wait(until.duration_since(self.deck.clock.now())).await?;
                self.look_again().await?;
            }
            Step::Inspect(id) => {
                let last_use = self.deck.issuer.last_use(&id).await?;
                self.fold(Event::Inspected(id, last_use));
            }
            Step::Forget(id) => self.fold(Event::Removed(id)),
            Step::Disable(id) => {
                self.deck.issuer.disable(&id).await?;
                self.fold(Event::Disabled(id, self.deck.clock.now()));
            }
            Step::Withdraw(id) => self.fold(Event::Withdrawn(id, self.deck.clock.now())),
            Step::Retire(id) if self.users_publish() => self.retire_published(id).await?,
            Step::Discard(id) | Step::MakeRoom(id) | Step::Retire(id) => {
                self.deck.issuer.retire(&id).await?;
                self.fold(Event::Removed(id));
            }
            Step::Claim => self.claim().await?,
            Step::Mint => self.mint().await?,
            Step::Record => self.record().await?,
            Step::Verify => self.verify().await?,
            Step::Renew(id) => self.renew(id).await?,
            Step::Close => self.write(Some(self.wanted_ledger())).await?,
            Step::DropFormer(owner) => {
                self.deck.issuer.write_ledger(&owner, None).await?;
                self.fold(Event::FormerDropped(owner));
            }
            Step::DropLedger => self.write(None).await?,
        }
        Ok(())
    }

    fn marks(&self) -> Marks {
        self.deck.issuer.capability().marks
    }

    async fn look_again(&mut self) -> Result<(), Error> {
        let observed = observe(self.deck.issuer, self.deck.owner, self.deck.clock)
            .await?
            .ok_or_else(|| no_principal(&self.deck))?;
        self.fold(Event::Observed(observed));
        Ok(())
    }

    /// Writes the mark; one that would say nothing is removed, so that a Create that is refused leaves none behind.
    async fn write(&mut self, ledger: Option<Ledger>) -> Result<(), Error> {
        let ledger = ledger.filter(|ledger| *ledger != Ledger::default());
        self.deck.issuer.write_ledger(self.deck.owner, ledger.as_ref()).await?;
        self.fold(Event::LedgerWritten(ledger));
        Ok(())
    }

    async fn wait(&self, duration: SignedDuration) -> Result<(), Error> {
        match select(self.deck.clock.wait(duration), self.deck.stop.stopped()).await {
            Either::Left(_) => Ok(()),
            Either::Right(_) => Err(stopped()),
        }
    }

    fn wanted_ledger(&self) -> Ledger {
        self.world.wanted_ledger(&self.deck.issuer.capability())
    }

    fn fold(&mut self, event: Event) {
        self.world = reduce(self.world.clone(), event);
    }
}

fn no_principal(deck: &Deck<'_>) -> Error {
    let text = format!("{} does not exist; create it first, or correct its name", deck.issuer.principal());
    Error::new(ErrorKind::NotFound, "", text)
}

fn stopped() -> Error {
    Error::new(ErrorKind::Stopped, "", "stopped before it was done; the next `pulumi up` goes on from here")
}

/// One second, doubled by each miss, or what the system asked for.
fn pause(retry: Retry, misses: u32) -> SignedDuration {
    match retry {
        Retry::After(pause) => pause,
        _ => SignedDuration::from_secs(1 << misses.min(6)),
    }
}
