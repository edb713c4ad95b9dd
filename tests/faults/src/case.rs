use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use rotation::testing::{Fault, Life, Outcome, Watch};
use rotation::{ErrorKind, Keepers, KeyState, RotationArgs};

use crate::System;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Plain runs after the last fault.
const MOST: usize = 4;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One fault at one call of one life, and what happens before the next run.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Where.
    pub system: System,
    /// In which run.
    pub life: Life,
    /// At which call of that run, from 0.
    pub call: usize,
    /// How.
    pub fault: Fault,
    /// What happens before the next run.
    pub then: Then,
}

/// What happens between the failure and the next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Retry,
    /// Forty days pass, so that a period begins.
    Window,
    /// Inputs go back to what they were before the run; where they had not changed, other keepers are asked for.
    Revert,
    /// Two hours pass, so that a schedule that is made again is another one.
    Later,
}

impl Then {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Retry, Self::Window, Self::Revert, Self::Later];

    /// Those that are tried after this fault. A system that costs time is spared the combinations with faults that leave
    /// nothing new behind: a lost answer and the two deaths leave all that can be left. A slow one has them after a death that
    /// comes after the effect, which leaves the most.
    pub fn after(fault: Fault, system: System) -> &'static [Self] {
        let most = fault == Fault::DieAfter;
        let leaves = most || (!system.is_slow && matches!(fault, Fault::HangAfter | Fault::DieBefore));
        match (system.is_cheap, leaves) {
            (true, _) => &Self::ALL,
            (false, true) => &Self::ALL[..3],
            (false, false) => &Self::ALL[..1],
        }
    }
}

/// How many plain runs it took after the last fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Runs {
    /// To a quiet one.
    pub to_quiet: usize,
    /// To destroy everything.
    pub to_nothing: usize,
    /// A person had to delete the key of a Create that died between its last call and the engine's save.
    pub with_a_person: bool,
}

impl Case {
    /// Runs it: the life, the fault, and then plain runs until nothing is to be done, and a destroy.
    ///
    /// # Panics
    /// When an invariant is broken, or the fault never struck.
    pub async fn prove(self) -> Runs {
        let rig = (self.system.make)();
        let mut watch = Watch::new(&*rig, self.life.overlap());
        let wanted = self.life.prepare(&mut watch).await;
        rig.inject(rig.calls().len() + self.call, self.fault);
        let outcome = self.life.run(&mut watch, &wanted).await;
        assert_eq!(rig.unfired(), 0, "the fault never struck");
        rig.calm();
        rig.clock().advance(MINUTE);
        if outcome.is_done() && self.then == Then::Revert {
            // The fault was overcome within the run: what follows is a rotation of its own, for which the overlap must be over.
            rig.clock().advance(DAY * 2);
        }
        let pending = watch.stack.state().and_then(|state| state.pending.as_ref()).map(|key| key.id.clone());
        let wanted = self.goes_on(&mut watch, wanted).await;
        if self.life == Life::Delete && matches!(self.then, Then::Retry | Then::Later) {
            return recover(&mut watch, self.life, None).await;
        }
        if let Some(pending) = pending.filter(|_| matches!(self.then, Then::Retry | Then::Later)) {
            watch.up(&wanted).await;
            let current = watch.stack.state().and_then(|state| state.current.as_ref());
            assert_eq!(
                Some(&pending),
                current.map(|key| &key.id),
                "I4: the key that was made for this trigger is taken up"
            );
        }
        recover(&mut watch, self.life, Some(&wanted)).await
    }

    pub(crate) async fn goes_on(self, watch: &mut Watch<'_>, wanted: RotationArgs) -> RotationArgs {
        match self.then {
            Then::Retry => return wanted,
            Then::Later => {
                watch.rig.clock().advance(MINUTE * 120);
                return wanted;
            }
            Then::Window | Then::Revert => {}
        }
        if self.life == Life::Delete {
            // The resource is back in the program although some of its keys may be gone.
            watch.harmed.extend(watch.stack.state().iter().flat_map(|state| state.keys()).map(|key| key.id.clone()));
            watch.stack.refresh(watch.rig).await;
        }
        if self.then == Then::Window {
            watch.rig.clock().advance(DAY * 40);
            return wanted;
        }
        if self.life == Life::Delete {
            return wanted;
        }
        watch.stack.set_replaces(false);
        // After a death a plain run with the old inputs has nothing to see; a refresh finds what was left.
        watch.stack.refresh(watch.rig).await;
        match self.life.before().filter(|before| *before != wanted || self.life == Life::Replace) {
            Some(before) => before,
            None => RotationArgs { keepers: Keepers::new([("version".to_owned(), "other".to_owned())]), ..wanted },
        }
    }
}

/// Plain runs until one has nothing to do (with no inputs: only the destroy), and a destroy.
///
/// # Panics
/// When an invariant is broken.
pub async fn recover(watch: &mut Watch<'_>, life: Life, wanted: Option<&RotationArgs>) -> Runs {
    let runs = settle(watch, life, wanted).await;
    destroy(watch, runs).await
}

/// Plain runs until one has nothing to do; with no inputs none.
pub(crate) async fn settle(watch: &mut Watch<'_>, life: Life, wanted: Option<&RotationArgs>) -> Runs {
    let mut runs = Runs::default();
    if let Some(wanted) = wanted {
        if life.is_drift() {
            watch.stack.refresh(watch.rig).await;
        }
        let creates = matches!(life, Life::Create | Life::Replace | Life::Adopt);
        if creates {
            (runs.to_quiet, runs.with_a_person) = person_helps(watch, wanted).await;
        }
        if runs.to_quiet > 0 || !creates {
            runs.to_quiet += watch.until_quiet(wanted).await;
        }
        assert!(runs.to_quiet <= MOST, "liveness: {} runs", runs.to_quiet);
    }
    runs
}

pub(crate) async fn destroy(watch: &mut Watch<'_>, mut runs: Runs) -> Runs {
    runs.to_nothing = watch.destroyed().await;
    LARGEST.fetch_max(runs.to_quiet.max(runs.to_nothing), Ordering::Relaxed);
    runs
}

/// Counts the runs that a case of another kind has needed.
pub fn note_runs(runs: usize) {
    LARGEST.fetch_max(runs, Ordering::Relaxed);
}

static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// The largest number of plain runs that any case of this process has needed after its last fault.
pub fn most_runs() -> usize {
    LARGEST.load(Ordering::Relaxed)
}

/// A Create that dies between its last call and the engine's save leaves a key of an instance that nobody knows. At the quota it stands in the way for a day, and a person who deletes it shortens that. Gives the number of runs
/// that had something to do, and whether a person was needed.
async fn person_helps(watch: &mut Watch<'_>, wanted: &RotationArgs) -> (usize, bool) {
    let outcome = watch.up(wanted).await;
    if outcome.is_quiet() {
        watch.nothing_is_left_over();
    }
    let Outcome::Failed(error) = outcome else { return (usize::from(!outcome.is_quiet()), false) };
    if error.kind != ErrorKind::Blocked || !error.message.contains("earlier instance") {
        return (1, false);
    }
    let states: Vec<KeyState> = watch.stack.replaced().iter().chain(watch.stack.state()).cloned().collect();
    let mut lost: Vec<_> =
        watch.rig.keys().into_iter().filter(|id| !states.iter().any(|state| state.knows(id))).collect();
    if lost.is_empty() && !watch.rig.issuer().capability().tells_last_use {
        // The replaced instance's own Delete died before it, and only its last use could show that it may go first.
        let replaced = watch.stack.replaced().iter().flat_map(KeyState::keys).map(|key| key.id.clone());
        lost = replaced.filter(|id| watch.rig.keys().contains(id)).collect();
    }
    assert!(!lost.is_empty(), "{error}");
    assert!(lost.iter().all(|id| error.message.contains(&id.0)), "the lost keys are named: {error}");
    lost.iter().for_each(|id| watch.rig.delete(id));
    watch.rig.clock().advance(MINUTE);
    (1, true)
}

/// The calls that a run of this kind makes when nothing fails.
///
/// # Panics
/// When the run fails.
pub async fn calls_of(system: System, life: Life) -> Vec<String> {
    let rig = (system.make)();
    let mut watch = Watch::new(&*rig, life.overlap());
    watch.stack.set_stores(system.stores);
    watch.stack.set_keeps_secret(system.keeps_secret);
    let wanted = life.prepare(&mut watch).await;
    let before = rig.calls().len();
    let outcome = life.run(&mut watch, &wanted).await;
    assert!(outcome.is_done() || outcome.is_quiet(), "{life:?}: {outcome:?}");
    rig.calls().split_off(before)
}
