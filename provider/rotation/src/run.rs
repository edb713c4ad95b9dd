//! The only part that acts: observe, ask [`next`](fn@next), take the step, fold what happened into the state, until nothing is left.

mod arrival;
mod look;
mod step;

use std::fmt;

use futures::future::{Either, select};
use jiff::SignedDuration;

use crate::next::{deferral, is_ready, seconds};
use crate::reduce::is_mark_missing;
use crate::warnings::{mark_missing, warnings};
use crate::{
    Blocked, Cause, Clock, Error, ErrorKind, Event, HistoryAction, HistoryEvent, KeyId, KeyIssuer, KeyState, Ledger,
    Marks, Next, Observed, OwnerId, Prepared, Retry, Step, Stop, View, Want, World, expiry, next, note_endings, reduce,
    renew_notices,
};
pub(crate) use step::Act;

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
    /// Takes what needs their attention and is not so any more after the run.
    pub warn: &'a (dyn Fn(String) + Sync),
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
    let world = World::new(state, observed);
    let mut run = Run { deck, world, configured, refusals: 0, yields: 0, prepared: None, failure: None, written: None };
    run.tell_missing_mark();
    let ended = run.finish().await;
    if ended.is_ok() {
        run.answer();
    }
    run.world.state.mark_missing = run.is_mark_missing();
    let (warnings, renewals) = run.judge(|view| {
        let renewals: Vec<_> = view.world.state.keys().map(|key| expiry::renew_at(view, key)).collect();
        (warnings(view), renewals)
    });
    let mut state = run.world.state.clone();
    state.warnings = warnings;
    state.keys_mut().zip(renewals).for_each(|(key, at)| key.renew_at = at);
    if let Want::Current(goal) = deck.want {
        note_endings(&mut state, &run.world.observed, goal.into());
    }
    renew_notices(&mut state, deck.issuer);
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
    let asked_at = clock.now();
    let Some((keys, ledgers)) = issuer.look(owner).await? else { return Ok(None) };
    let keys = keys.into_iter().map(|key| (key.id.clone(), key)).collect();
    let ahead = issuer.ahead();
    Ok(Some(Observed { keys, ledgers, at: asked_at.checked_add(ahead).unwrap_or(asked_at), ahead }))
}

pub(crate) struct Run<'a> {
    deck: Deck<'a>,
    world: World,
    configured: Option<KeyId>,
    refusals: u32,
    /// How often it gave way to another resource's claim.
    yields: u32,
    /// The mint that the claim stands for.
    prepared: Option<Prepared<'a>>,
    /// Our mark as this run wrote it last.
    written: Option<Ledger>,
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
                Next::Blocked(why @ Blocked::Claimed { .. }) => {
                    self.give_way(&why).await?;
                    continue;
                }
                Next::Blocked(why) => return Err(self.stands_in_the_way(&why)),
            };
            if !matches!(step, Step::Discard(_) | Step::Unlist(_))
                && let Some(error) = self.failure.take()
            {
                self.write(Some(self.wanted_ledger())).await?;
                return Err(error);
            }
            if self.deck.stop.is_stopped() {
                return Err(stopped());
            }
            let act = step.act();
            act.line(cause).into_iter().for_each(self.deck.note);
            if cause == Cause::StateBehind && step == Step::Mint {
                self.fold(Event::Behind(self.deck.clock.now()));
            }
            let event = history(&step, cause);
            act.take(self).await?;
            event.into_iter().for_each(|(action, id)| self.remember(action, id, Some(cause)));
        }
        Err(Error::new(ErrorKind::Unexpected, "", "the rotation made no progress; this is a bug: please report it"))
    }

    fn is_mark_missing(&self) -> bool {
        let World { state, observed, .. } = &self.world;
        *self.deck.want != Want::Gone && is_mark_missing(state, observed, &self.deck.issuer.capability())
    }

    /// Says that our mark is not as a run left it, unless a refresh said so.
    fn tell_missing_mark(&self) {
        if !self.is_mark_missing() {
            return;
        }
        let capability = self.deck.issuer.capability();
        if self.world.state.mark_missing {
            (self.deck.note)(format!("writing the ownership {} of this resource again", capability.mark_words().0));
        } else {
            (self.deck.warn)(mark_missing(&capability));
        }
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

    fn marks(&self) -> Marks {
        self.deck.issuer.capability().marks
    }

    /// The run has ended well: the new key becomes current, and what waits is told.
    fn answer(&mut self) {
        let now = self.deck.clock.now();
        let before = self.world.state.current.as_ref().map(|key| key.id.clone());
        let promotes = self.judge(is_ready);
        self.fold(Event::Answered { at: now, promotes });
        let current = self.world.state.current.as_ref().map(|key| key.id.clone());
        if current != before {
            current.into_iter().for_each(|id| self.remember(HistoryAction::Promoted, id, None));
        }
        if let Want::Current(goal) = self.deck.want {
            let deferred = self.judge(|view| deferral(view, goal));
            self.fold(Event::Deferred(deferred));
        }
    }

    fn remember(&mut self, action: HistoryAction, key_id: KeyId, cause: Option<Cause>) {
        let at = seconds(self.deck.clock.now());
        self.fold(Event::Recorded(HistoryEvent { at, action, key_id, reason: cause.map(|cause| cause.to_string()) }));
    }

    /// Writes the mark; one that would say nothing is removed, so that a Create that is refused leaves none behind.
    async fn write(&mut self, ledger: Option<Ledger>) -> Result<(), Error> {
        let ledger = ledger.filter(|ledger| *ledger != Ledger::default());
        self.deck.issuer.write_ledger(self.deck.owner, ledger.as_ref()).await?;
        self.written.clone_from(&ledger);
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

    /// Folds what an act assumes, once it is so.
    fn fold_assumed(&mut self, act: &dyn Act) {
        let event = self.judge(|view| act.assumed(view));
        event.into_iter().for_each(|event| self.fold(event));
    }

    fn fold(&mut self, event: Event) {
        self.world = reduce(self.world.clone(), event);
    }
}

/// What a step that has been taken means for the history.
fn history(step: &Step, cause: Cause) -> Option<(HistoryAction, KeyId)> {
    match step {
        Step::Discard(id) | Step::MakeRoom(id) | Step::Retire(id) if cause != Cause::Deleting => {
            Some((HistoryAction::Deleted, id.clone()))
        }
        Step::Disable(id) => Some((HistoryAction::Disabled, id.clone())),
        _ => None,
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
