//! Who takes the steps: what a run works with, what it knows, and what each step may ask of it.

use async_trait::async_trait;
use futures::future::{Either, select};
use jiff::{SignedDuration, Timestamp};

use crate::act::reduce::{Event, reduce};
use crate::decide::World;
use crate::time::seconds;
use crate::{
    Cause, Clock, Error, ErrorKind, HistoryAction, HistoryEvent, KeyId, KeyIssuer, KeyState, Ledger, Marks, Material,
    Observed, OwnerId, Prepared, Retry, Stop, Store, View, Want,
};

/// What a run works with.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// The keys of the principal.
    pub issuer: &'a dyn KeyIssuer,
    /// The stores that consumers read keys from: those that are to receive each generation, and those that no longer are.
    pub stores: &'a [&'a dyn Store],
    /// The same and former stores in the shapes of former inputs, to read secrets from.
    pub readers: &'a [&'a dyn Store],
    /// Time.
    pub clock: &'a dyn Clock,
    /// Whether to go on.
    pub stop: &'a dyn Stop,
    /// Whose mark is written.
    pub owner: &'a OwnerId,
    /// The state that the run must reach.
    pub want: &'a Want,
    /// Creates unique random nonces.
    pub nonce: &'a (dyn Fn() -> String + Sync),
    /// Gives a key's fields those that follow from others.
    pub derived: &'a (dyn Fn(Material) -> Material + Sync),
    /// Receives log lines, which contain no secret.
    pub note: &'a (dyn Fn(String) + Sync),
    /// Receives warnings that apply only during this run.
    pub warn: &'a (dyn Fn(String) + Sync),
}

pub(crate) struct Run<'a> {
    pub(in crate::act) context: RunContext<'a>,
    pub(in crate::act) world: World,
    pub(in crate::act) configured: Option<KeyId>,
    pub(in crate::act) refusals: u32,
    /// How often it gave way to another resource's claim.
    pub(in crate::act) yields: u32,
    /// The mint that the claim stands for.
    pub(in crate::act) prepared: Option<Prepared<'a>>,
    /// Our mark as this run wrote it last.
    pub(in crate::act) written: Option<Ledger>,
    /// The verification failed for the last time: what is left is to remove the key.
    pub(in crate::act) failure: Option<Error>,
}

/// What the history tells of a step.
pub(crate) struct Happened {
    pub(in crate::act) action: HistoryAction,
    /// With its generation, where that is known.
    pub(in crate::act) key: (KeyId, Option<u64>),
    pub(in crate::act) store: Option<String>,
}

impl Happened {
    pub(in crate::act) fn to(key: (KeyId, Option<u64>), action: HistoryAction) -> Self {
        Self { action, key, store: None }
    }
}

/// One step.
#[async_trait]
pub(crate) trait Act: Send + Sync {
    /// What is said before it; none: nothing.
    fn line(&self, _cause: Cause) -> Option<String> {
        None
    }

    /// What comes of it if every call succeeds.
    fn assumed(&self, view: &View<'_>) -> Option<Event>;

    /// Takes it, and folds what came of it. A step that calls nothing does what it assumes.
    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        run.fold_assumed(self);
        Ok(())
    }
}

impl Run<'_> {
    /// What follows from all that the run knows at this instant.
    pub(in crate::act) fn judge<T>(&self, ask: impl FnOnce(&View<'_>) -> T) -> T {
        let (capability, now) = (self.context.issuer.capability(), self.context.clock.now());
        let (world, want, configured) = (&self.world, self.context.want, self.configured.as_ref());
        ask(&View { world, want, capability: &capability, configured, now })
    }

    pub(in crate::act) fn marks(&self) -> Marks {
        self.context.issuer.capability().marks
    }

    pub(in crate::act) fn remember(&mut self, happened: Happened, reason: String) {
        let Happened { action, key: (key_id, generation), store } = happened;
        let (at, reason) = (seconds(self.context.clock.now()), Some(reason));
        self.fold(Event::Recorded(HistoryEvent { at, action, key_id, generation, store, reason }));
    }

    /// Writes the mark; one that would say nothing is removed, so that a Create that is refused leaves none behind.
    pub(in crate::act) async fn write(&mut self, ledger: Option<Ledger>) -> Result<(), Error> {
        let ledger = ledger.filter(|ledger| *ledger != Ledger::default());
        self.context.issuer.write_ledger(self.context.owner, ledger.as_ref()).await?;
        self.written.clone_from(&ledger);
        self.fold(Event::LedgerWritten(ledger));
        Ok(())
    }

    pub(in crate::act) async fn wait(&self, duration: SignedDuration) -> Result<(), Error> {
        match select(self.context.clock.wait(duration), self.context.stop.stopped()).await {
            Either::Left(_) => Ok(()),
            Either::Right(_) => Err(stopped()),
        }
    }

    /// The same for longer waits: says for how long at most and what for, and repeats that every 15 seconds.
    pub(in crate::act) async fn wait_aloud(&self, duration: SignedDuration, cause: Cause) -> Result<(), Error> {
        let mut rest = duration;
        while rest.is_positive() {
            let seconds = rest.as_secs() + i64::from(rest.subsec_nanos() > 0);
            (self.context.note)(format!("waiting up to {seconds} s: {cause}"));
            let part = rest.min(REMINDER);
            self.wait(part).await?;
            rest -= part;
        }
        Ok(())
    }

    pub(in crate::act) fn wanted_ledger(&self) -> Ledger {
        self.world.wanted_ledger(&self.context.issuer.capability())
    }

    /// Folds what an act assumes, once it is so.
    pub(in crate::act) fn fold_assumed<A: Act + ?Sized>(&mut self, act: &A) {
        let event = self.judge(|view| act.assumed(view));
        event.into_iter().for_each(|event| self.fold(event));
    }

    pub(in crate::act) fn fold(&mut self, event: Event) {
        let empty = World {
            state: KeyState::new(String::new()),
            observed: Observed::nothing(Timestamp::UNIX_EPOCH),
            run: Default::default(),
            stores: Default::default(),
        };
        self.world = reduce(std::mem::replace(&mut self.world, empty), event);
    }
}

/// How often the log says that a run still waits.
pub(in crate::act) const REMINDER: SignedDuration = SignedDuration::from_secs(15);
/// The longest pause that a system may ask for.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn no_principal(context: &RunContext<'_>) -> Error {
    let text = format!(
        "{} does not exist; create it first, or correct its name [KR-ROTATION-002]",
        context.issuer.principal()
    );
    Error::new(ErrorKind::NotFound, "", text)
}

pub(super) fn stopped() -> Error {
    Error::new(
        ErrorKind::Stopped,
        "",
        "the run was stopped before it finished; the next `pulumi up` continues from here [KR-ROTATION-003]",
    )
}

/// One second, doubled by each miss, or what the system asked for.
pub(super) fn pause(retry: Retry, misses: u32) -> SignedDuration {
    match retry {
        Retry::After(pause) => pause.min(LONGEST_PAUSE),
        _ => SignedDuration::from_secs(1 << misses.min(6)),
    }
}
