//! The only part that acts: observe, ask [`next`](fn@next), take the step, fold what happened into the state, until nothing is left.

mod actor;
mod arrival;
mod look;
mod step;
mod stores;

use std::fmt;

use jiff::SignedDuration;

use actor::{Happened, Run, no_principal, stopped};

use super::reduce::{Event, reduce};
use super::secrets::leave_to_stores;
use crate::decide::{World, deferral, is_ready, mark_missing, mint_cause, next, renew_at, warnings};
use crate::store::plain_label;
use crate::{
    Blocked, Cause, Error, ErrorKind, HistoryAction, KeyState, Next, Observed, Step, Want, format_duration,
    note_endings, renew_notices,
};
pub use actor::RunContext;
pub use stores::look_into_stores;

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
pub async fn run(context: RunContext<'_>, state: KeyState) -> Result<KeyState, Interrupted> {
    run_until(context, state, &|_| false).await
}

/// The same, but ends well before the first step that `is_later` names: whoever calls spreads one rotation over several runs.
///
/// # Errors
/// As [`run`].
pub async fn run_until(
    context: RunContext<'_>,
    mut state: KeyState,
    is_later: &(dyn Fn(&Step) -> bool + Sync),
) -> Result<KeyState, Interrupted> {
    let observed = match arrival::first_look(&context, &state).await {
        Ok(Some(observed)) => observed,
        Ok(None) if *context.want == Want::Gone && context.stores.is_empty() => {
            return Ok(KeyState::new(state.instance));
        }
        // Its keys went with the principal; what was delivered did not.
        Ok(None) if *context.want == Want::Gone => {
            state = KeyState { deliveries: state.deliveries, ..KeyState::new(state.instance) };
            Observed::nothing(context.clock.now())
        }
        Ok(None) => {
            return Err(Interrupted { state, error: no_principal(&context) });
        }
        Err(error) => {
            return Err(Interrupted { state, error });
        }
    };
    let configured = match context.issuer.configured_key().await {
        Ok(configured) => configured,
        Err(error) => {
            return Err(Interrupted { state, error });
        }
    };
    let stores = match look_into_stores(context.owner, context.stores).await {
        Ok(stores) => stores,
        Err(error) => {
            return Err(Interrupted { state, error });
        }
    };
    let world = reduce(World::new(state, observed), Event::StoresSeen(stores, context.clock.now()));
    let mut run =
        Run { context, world, configured, refusals: 0, yields: 0, prepared: None, failure: None, written: None };
    run.announce_missing_mark();
    run.announce_clocks();
    let ended = run.finish(is_later).await;
    if ended.is_ok() {
        run.answer();
    }
    run.world.state.mark_missing = run.is_mark_missing();
    if let Want::Current(goal) = context.want {
        leave_to_stores(&mut run.world, goal);
    }
    let (warnings, renewals) = run.judge(|view| {
        let renewals: Vec<_> = view.world.state.keys().map(|key| renew_at(view, key)).collect();
        (warnings(view), renewals)
    });
    let mut state = run.world.state.clone();
    state.warnings = warnings;
    state.keys_mut().zip(renewals).for_each(|(key, at)| key.renew_at = at);
    if let Want::Current(goal) = context.want {
        note_endings(&mut state, &run.world.observed, goal.into());
    }
    renew_notices(&mut state, context.issuer);
    match ended {
        Ok(()) => Ok(state),
        Err(error) => Err(Interrupted { state, error }),
    }
}

/// Clocks that differ by less are not worth a warning.
const NOTABLE: SignedDuration = SignedDuration::from_mins(2);

/// More steps than any run has; more means that the rules go round in a circle.
const LONGEST: usize = 100;

impl Run<'_> {
    async fn finish(&mut self, is_later: &(dyn Fn(&Step) -> bool + Sync)) -> Result<(), Error> {
        for _ in 0..LONGEST + 4 * self.context.stores.len() {
            let (step, cause) = match self.ask() {
                Next::Do { step, cause } => (step, cause),
                Next::Idle => return self.failure.take().map_or(Ok(()), Err),
                Next::Blocked(why @ Blocked::Claimed { .. }) => {
                    self.give_way(&why).await?;
                    continue;
                }
                Next::Blocked(why) => return Err(self.stands_in_the_way(&why)),
            };
            if !matches!(step, Step::Unstage(..) | Step::Discard(_) | Step::Unlist(_))
                && let Some(error) = self.failure.take()
            {
                self.write(Some(self.wanted_ledger())).await?;
                return Err(error);
            }
            if is_later(&step) {
                return Ok(());
            }
            if self.context.stop.is_stopped() {
                return Err(stopped());
            }
            let act = step.act();
            act.line(cause).into_iter().for_each(self.context.note);
            if cause == Cause::StateBehind && step == Step::Mint {
                self.fold(Event::Behind(self.context.clock.now()));
            }
            let event = history(&self.world, &step, cause);
            act.take(self).await?;
            event.into_iter().for_each(|event| self.remember(event, cause.to_string()));
        }
        Err(Error::new(
            ErrorKind::Unexpected,
            "",
            "the rotation made no progress; this is a bug: please report it [KR-ROTATION-001]",
        ))
    }

    fn is_mark_missing(&self) -> bool {
        let World { state, observed, .. } = &self.world;
        *self.context.want != Want::Gone
            && super::refresh::is_mark_missing(state, observed, &self.context.issuer.capability())
    }

    /// Says that our mark is not as a run left it, unless a refresh said so.
    fn announce_missing_mark(&self) {
        if !self.is_mark_missing() {
            return;
        }
        let capability = self.context.issuer.capability();
        if self.world.state.mark_missing {
            (self.context.note)(format!("writing the ownership {} of this resource again", capability.mark_words().0));
        } else {
            (self.context.warn)(mark_missing(&capability));
        }
    }

    /// Says that the clocks of this machine and of the system differ, which moves every time that a run works with.
    fn announce_clocks(&self) {
        let ahead = self.world.observed.ahead;
        if ahead.abs() < NOTABLE {
            return;
        }
        let (by, side) = (format_duration(ahead.abs()), if ahead.is_positive() { "behind" } else { "ahead of" });
        (self.context.warn)(format!(
            "the clock of this machine is {by} {side} the clock of the system that issues the keys: correct it. Rotations and overlaps are counted by the clock of this machine"
        ));
    }

    fn stands_in_the_way(&self, why: &Blocked) -> Error {
        Error::new(ErrorKind::Blocked, "", format!("{}: {why}", self.context.issuer.principal()))
    }

    fn ask(&self) -> Next {
        self.judge(next)
    }

    /// The run has ended well: the new key becomes current, and what waits is told.
    fn answer(&mut self) {
        let now = self.context.clock.now();
        let before = self.world.state.current.as_ref().map(|key| key.id.clone());
        let cause =
            if let Want::Current(goal) = self.context.want { mint_cause(&self.world.state, goal) } else { None };
        let promotes = self.judge(is_ready);
        self.announce_unreached();
        self.fold(Event::Answered { at: now, promotes });
        let current = self.world.state.current.as_ref().filter(|key| before.as_ref() != Some(&key.id));
        if let Some(key) = current.map(|key| (key.id.clone(), Some(key.generation))) {
            self.remember(Happened::to(key, HistoryAction::Promoted), cause.unwrap_or(Cause::StateBehind).to_string());
        }
        if let Want::Current(goal) = self.context.want {
            self.leave_other_spellings(goal);
            let deferred = self.judge(|view| deferral(view, goal));
            self.fold(Event::Deferred(deferred));
        }
    }
}

/// What a step that has been taken means for the history.
fn history(world: &World, step: &Step, cause: Cause) -> Option<Happened> {
    let (action, id, store) = match step {
        Step::Discard(id) | Step::MakeRoom(id) | Step::Retire(id) if cause != Cause::Deleting => {
            (HistoryAction::Deleted, id, None)
        }
        Step::Disable(id) => (HistoryAction::Disabled, id, None),
        Step::PromoteIn(target, id) => (HistoryAction::Delivered, id, Some(target)),
        Step::Unstage(target, id) => (HistoryAction::Withdrawn, id, Some(target)),
        Step::Withdraw(target) if cause != Cause::Deleting => {
            let delivered = world.state.deliveries.iter().find(|delivered| delivered.identity == target.identity)?;
            (HistoryAction::Withdrawn, &delivered.key_id, Some(target))
        }
        _ => return None,
    };
    let key = (id.clone(), world.generation_of(id));
    Some(Happened { action, key, store: store.map(|target| plain_label(&target.label).to_owned()) })
}
