use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::{Either, select};

use crate::{
    Ask, Clock, Deck, Error, Goal, KeyState, Observed, OldSchedule, OwnerId, RotationArgs, Schedule, Want, due,
    refresh, run, schedule, schedule_changed,
};

use super::{NeverStop, Rig};

/// One resource in one stack, treated as the engine treats it: inputs and outputs move together when a run succeeds, a failed
/// Update saves the old inputs with the new outputs, a death saves nothing.
#[derive(Clone, Debug)]
pub struct Stack {
    owner: OwnerId,
    saved: Option<Saved>,
}

#[derive(Clone, Debug)]
struct Saved {
    args: RotationArgs,
    schedule: Schedule,
    state: KeyState,
    failed: bool,
}

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing was to be done; no call was made.
    Quiet,
    /// It succeeded.
    Done,
    /// It failed and said so.
    Failed(Error),
    /// The process died.
    Died,
}

impl Outcome {
    /// Whether nothing was to be done.
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Quiet)
    }

    /// Whether it succeeded.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

impl Stack {
    /// A stack that holds nothing yet.
    pub fn new(name: &str) -> Self {
        Self { owner: OwnerId::new(name, name), saved: None }
    }

    /// The same resource under another URN, as an alias makes it.
    #[must_use]
    pub fn renamed(self, name: &str) -> Self {
        Self { owner: OwnerId::new(name, name), ..self }
    }

    /// What the stack has recorded; none if the resource is not in it.
    pub fn state(&self) -> Option<&KeyState> {
        self.saved.as_ref().map(|saved| &saved.state)
    }

    /// The incident that the recorded inputs have revoked for.
    pub fn revoked(&self) -> Option<&str> {
        self.saved.as_ref().and_then(|saved| saved.schedule.revoked.as_deref())
    }

    /// One `pulumi up`: Check, Diff, and Create or Update if they ask for it.
    pub async fn up(&mut self, rig: &dyn Rig, args: &RotationArgs) -> Outcome {
        let old = self.saved.as_ref().map(|saved| OldSchedule {
            keepers: &saved.args.keepers,
            period: saved.args.period,
            anchor: saved.args.anchor,
            schedule: Some(&saved.schedule),
        });
        let ask = Ask { args, keepers_unknown: false, suspended: false };
        let schedule = schedule(old, ask, rig.clock().now()).schedule;
        if let Some(saved) = self.saved.as_mut().filter(|saved| !saved.differs(args, &schedule)) {
            saved.schedule = schedule;
            return Outcome::Quiet;
        }
        self.act(rig, args, schedule).await
    }

    /// One `pulumi destroy`.
    pub async fn destroy(&mut self, rig: &dyn Rig) -> Outcome {
        let Some(saved) = &self.saved else {
            return Outcome::Quiet;
        };
        match self.live(rig, &Want::Gone, saved.state.clone()).await {
            Some(Ok(_)) => {
                self.saved = None;
                Outcome::Done
            }
            Some(Err(interrupted)) => Outcome::Failed(interrupted.error),
            None => Outcome::Died,
        }
    }

    /// One `pulumi refresh`. A call that fails leaves everything as it was.
    pub async fn refresh(&mut self, rig: &dyn Rig) {
        let (Some(saved), issuer) = (&mut self.saved, rig.issuer()) else {
            return;
        };
        let at = rig.clock().now();
        let Ok(Some(listed)) = issuer.list().await else {
            return;
        };
        let Ok(ledgers) = issuer.read_ledgers(&self.owner).await else {
            return;
        };
        let keys = listed.into_iter().map(|key| (key.id.clone(), key)).collect();
        saved.state = refresh(saved.state.clone(), &Observed { keys, ledgers, at }, &issuer.capability());
    }

    async fn act(&mut self, rig: &dyn Rig, args: &RotationArgs, schedule: Schedule) -> Outcome {
        let mut state = self.state().cloned().unwrap_or_else(|| KeyState::new(nonce()));
        let before = self.saved.as_ref().and_then(|saved| saved.schedule.revoked.as_ref());
        if let Some(revoke) =
            args.revoke.as_ref().filter(|_| self.saved.is_some() && before != schedule.revoked.as_ref())
        {
            state.revoke(revoke.generation);
        }
        let want = Want::Current(Goal::new(&state.instance, args, &schedule));
        let (state, error) = match self.live(rig, &want, state).await {
            Some(Ok(state)) => (state, None),
            Some(Err(interrupted)) => (interrupted.state, Some(interrupted.error)),
            None => return Outcome::Died,
        };
        let failed = error.is_some();
        match &mut self.saved {
            Some(saved) if failed => (saved.state, saved.failed) = (state, true),
            None if failed && !state.has_begun() => {}
            saved => *saved = Some(Saved { args: args.clone(), schedule, state, failed }),
        }
        error.map_or(Outcome::Done, Outcome::Failed)
    }

    async fn live(&self, rig: &dyn Rig, want: &Want, state: KeyState) -> Option<Result<KeyState, crate::Interrupted>> {
        let issuer = rig.issuer();
        let deck = Deck {
            issuer: &*issuer,
            clock: rig.clock(),
            stop: &NeverStop,
            owner: &self.owner,
            want,
            nonce: &nonce,
            note: &|_| {},
        };
        let work = std::pin::pin!(run(deck, state));
        match select(work, rig.death()).await {
            Either::Left((ended, _)) => Some(ended),
            Either::Right(_) => None,
        }
    }
}

impl Saved {
    fn differs(&self, args: &RotationArgs, schedule: &Schedule) -> bool {
        self.failed
            || self.args != *args
            || schedule_changed(Some(&self.schedule), schedule)
            || due(&self.state, schedule).is_some()
    }
}

/// Names that no two processes share.
fn nonce() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("n{:07}", COUNT.fetch_add(1, Ordering::Relaxed))
}
