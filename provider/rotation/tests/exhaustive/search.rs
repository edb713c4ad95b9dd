//! The search: what can happen next, what came of it, and what must hold of it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Elsewhere, Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Rig, Stack, Watch};
use rotation::{Clock, Retirement, RotationArgs};

const START: Timestamp = Timestamp::constant(1_767_225_600, 0);
pub(super) const SECOND: SignedDuration = SignedDuration::from_secs(1);
pub(super) const MINUTE: SignedDuration = SignedDuration::from_mins(1);
pub(super) const HOUR: SignedDuration = SignedDuration::from_hours(1);
pub(super) const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Half of the overlap, as by default.
pub(super) const QUIET: SignedDuration = SignedDuration::from_hours(12);
const DEPTH: usize = 4;
pub(super) const FAULTS: usize = 2;

pub(super) fn rules(quota: usize, lag: i64) -> InMemoryRules {
    let mut rules = InMemoryRules::like_aws(SECOND * i32::try_from(lag).unwrap());
    rules.capability.quota = Some(quota);
    rules
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    Up,
    ChangedUp,
    Destroy,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    Run(Run, Option<(usize, Fault)>),
    Pass(SignedDuration),
    Refresh,
    Keep,
    PutBack,
    Forget,
    Lag(bool),
    /// Somebody writes something of their own into a store.
    Edit(&'static str),
    /// Somebody moves a store back to what its consumers read before.
    RollBack(&'static str),
    DeleteStore(&'static str),
    /// From now on the program names these stores.
    Deliver(&'static [&'static str]),
    /// The next run replaces the resource.
    Replace,
    /// The state keeps secrets, or leaves them to stores.
    Keeps(bool),
}

/// A stack, its system, and how they came about.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) cloud: InMemoryCloud,
    pub(super) watch: Watch<'static>,
    pub(super) keeper: usize,
    pub(super) faults: usize,
    pub(super) pause: SignedDuration,
    pub(super) path: Vec<Action>,
    /// How many faults there may be.
    pub(super) most_faults: usize,
    /// The quiet period, where states may be older than reality.
    pub(super) quiet: Option<SignedDuration>,
    /// A state that may be put back.
    pub(super) kept: Option<Stack>,
    /// How many actions a life has.
    pub(super) depth: usize,
    /// The stores, whether or not the program names them at the moment.
    pub(super) stores: &'static [&'static str],
    /// Whether stores are edited by hand, and the program names others.
    pub(super) meddles: bool,
    /// Whether programs change `keepSecretInState`.
    pub(super) toggles: bool,
    /// Whether the resource is replaced now and then.
    pub(super) replaces: bool,
}

/// What a search found.
#[derive(Default)]
struct Found {
    states: usize,
    steps: usize,
    most_runs: usize,
}

/// `pause` lies between two runs, `patience` before those that must end well.
pub(super) fn search(name: &str, rules: InMemoryRules, (pause, patience): (SignedDuration, SignedDuration)) {
    search_from(name, start(rules, pause, FAULTS), patience);
}

/// The same with fewer faults, and with states that are put back, states that forget their keys and dependents that are not updated. Consumers use
/// their key all the time.
pub(super) fn search_older(name: &str, rules: InMemoryRules, (pause, patience): (SignedDuration, SignedDuration)) {
    let quiet = Some(QUIET);
    search_from(name, Node { quiet, ..start(rules, pause, 1) }, patience);
}

pub(super) fn start(rules: InMemoryRules, pause: SignedDuration, most_faults: usize) -> Node {
    let cloud = InMemoryCloud::new(rules, ManualClock::new(START));
    let nowhere: &'static InMemoryCloud = Box::leak(Box::new(cloud.fork()));
    let watch = Watch::new(nowhere, Life::OVERLAP);
    let (depth, stores, meddles, toggles, replaces) = (DEPTH, [].as_slice(), false, false, false);
    let (keeper, faults, path, quiet, kept) = Default::default();
    Node {
        cloud,
        watch,
        keeper,
        faults,
        pause,
        path,
        most_faults,
        quiet,
        kept,
        depth,
        stores,
        meddles,
        toggles,
        replaces,
    }
}

pub(super) fn search_from(name: &str, start: Node, patience: SignedDuration) {
    let least = if start.depth < DEPTH { 200 } else { 2000 };
    let nowhere: &'static InMemoryCloud = Box::leak(Box::new(start.cloud.fork()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut found, mut seen, mut open) = (Found::default(), HashSet::new(), VecDeque::from([start]));
    while let Some(node) = open.pop_front() {
        for action in node.actions(&runtime, nowhere) {
            found.steps += 1;
            let next = node.after(action, &runtime, nowhere);
            if !seen.insert(next.canonical()) {
                continue;
            }
            found.states += 1;
            found.most_runs = found.most_runs.max(next.ends_well(patience, &runtime));
            next.stays_elsewhere(&runtime);
            if next.path.len() < next.depth {
                open.push_back(next);
            }
        }
    }
    let Found { states, steps, most_runs } = found;
    let line = format!("{name}: {states} states, {steps} steps, at most {most_runs} plain runs until one was quiet\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    assert!(states > least, "{line}");
}

impl Node {
    /// The same life with stores, which the program names from the beginning.
    pub(super) fn delivering(mut self, stores: &'static [&'static str]) -> Self {
        self.watch.stack.set_stores(stores);
        Self { stores, ..self }
    }

    /// The same life with secrets that the state leaves to stores.
    pub(super) fn leaving_secrets(mut self) -> Self {
        self.watch.stack.set_keeps_secret(false);
        self
    }

    /// The same life with states that may be older than reality.
    pub(super) fn older(self) -> Self {
        Self { quiet: Some(QUIET), ..self }
    }

    /// What people do to stores, and what programs change about them.
    fn meddling(&self) -> Vec<Action> {
        let Some(state) = self.watch.stack.state().filter(|_| self.meddles) else { return Vec::new() };
        let mut all = vec![Action::Refresh, Action::Deliver(self.stores), Action::Deliver(&self.stores[1..])];
        all.extend(self.toggles.then_some(Action::Keeps(!self.watch.stack.kept_secret())));
        let delivered = state.deliveries.iter().map(|delivered| &delivered.identity);
        let delivered: Vec<_> = delivered.filter_map(|name| self.stores.iter().find(|store| *store == name)).collect();
        all.extend(delivered.iter().flat_map(|name| [Action::Edit(name), Action::RollBack(name)]));
        all.extend(delivered.iter().map(|name| Action::DeleteStore(name)));
        all
    }

    fn inputs(&self, keeper: usize) -> RotationArgs {
        let told = self.cloud.issuer().capability().tells_last_use;
        let retirement = Retirement { quiet_period: self.quiet.filter(|_| told), ..Retirement::default() };
        RotationArgs { retirement, ..Life::inputs(&keeper.to_string(), true) }
    }

    /// What happens to states and dependents, where it may make a difference.
    fn mishaps(&self) -> Vec<Action> {
        let Some(state) = self.watch.stack.state().filter(|_| self.quiet.is_some()) else { return Vec::new() };
        let mut all = vec![Action::Refresh];
        if self.kept.is_none() {
            all.push(Action::Keep);
        } else {
            all.push(Action::PutBack);
        }
        if state.keys().next().is_some() {
            all.push(Action::Forget);
        }
        if self.cloud.issuer().capability().tells_last_use {
            all.push(Action::Lag(!self.watch.stack.lags()));
        }
        all
    }

    /// Everything that can happen next: each run plain and with each fault at each of its calls, and time.
    fn actions(&self, runtime: &tokio::runtime::Runtime, nowhere: &'static InMemoryCloud) -> Vec<Action> {
        let mut actions = vec![Action::Pass(DAY + HOUR * 2), Action::Pass(DAY * 31)];
        actions.extend(self.mishaps());
        actions.extend(self.meddling());
        let may_replace = self.replaces && self.watch.stack.state().is_some() && !self.watch.stack.replaces();
        actions.extend(may_replace.then_some(Action::Replace));
        for run in [Run::Up, Run::ChangedUp, Run::Destroy] {
            let calls = self.after(Action::Run(run, None), runtime, nowhere).cloud.calls().len();
            if calls == 0 && run != Run::Up {
                continue;
            }
            actions.push(Action::Run(run, None));
            if self.faults < self.most_faults {
                let all = (0..calls).flat_map(|call| Fault::ALL.map(|fault| (call, fault)));
                actions.extend(all.map(|fault| Action::Run(run, Some(fault))));
            }
        }
        actions
    }

    fn after(&self, action: Action, runtime: &tokio::runtime::Runtime, nowhere: &'static InMemoryCloud) -> Self {
        let mut next = self.clone();
        next.cloud = self.cloud.fork();
        next.path.push(action);
        let fork = next.cloud.clone();
        let mut watch = self.watch.clone().on(&fork);
        let path = next.path.clone();
        told(&path, || match action {
            Action::Pass(time) => fork.clock().advance(time),
            Action::Refresh => runtime.block_on(watch.stack.refresh(&fork)),
            Action::Keep => next.kept = Some(watch.stack.clone()),
            Action::PutBack => next.kept.iter().for_each(|older| watch.put_back(older)),
            Action::Forget => watch.forget_keys(),
            Action::Lag(lags) => watch.stack.set_lags(lags),
            Action::Edit(name) => fork.edit_store(name),
            Action::RollBack(name) => fork.roll_back_store(name),
            Action::DeleteStore(name) => fork.delete_store(name),
            Action::Deliver(names) => watch.stack.set_stores(names),
            Action::Keeps(keeps) => watch.stack.set_keeps_secret(keeps),
            Action::Replace => watch.stack.set_replaces(true),
            Action::Run(run, fault) => {
                if let Some((call, fault)) = fault {
                    fork.inject(call, fault);
                    next.faults += 1;
                }
                next.keeper ^= usize::from(run == Run::ChangedUp);
                runtime.block_on(async {
                    if run == Run::Destroy {
                        // The engine records nothing of a Delete that fails: a refresh finds out what it did.
                        watch.harmed.extend(
                            watch.stack.state().iter().flat_map(|state| state.keys()).map(|key| key.id.clone()),
                        );
                        watch.stack.destroy(&fork).await;
                        fork.clock().advance(MINUTE);
                        watch.stack.refresh(&fork).await;
                    } else {
                        watch.up(&next.inputs(next.keeper)).await;
                    }
                });
                assert_eq!(fork.unfired(), 0, "the fault never struck");
                fork.clock().advance(self.pause);
            }
        });
        next.watch = watch.on(nowhere);
        next
    }

    /// A refresh and plain runs until one is quiet, and a destroy; the number of runs.
    fn ends_well(&self, patience: SignedDuration, runtime: &tokio::runtime::Runtime) -> usize {
        let fork = self.cloud.fork();
        let mut watch = self.watch.clone().on(&fork);
        fork.clock().advance(patience);
        told(&self.path, || {
            runtime.block_on(async {
                // Keepers that went back after a death leave a plain run nothing to see; a refresh finds what was left.
                watch.stack.refresh(&fork).await;
                let runs = self.until_quiet(&mut watch).await;
                watch.destroyed().await;
                runs
            })
        })
    }

    /// Where states may be older than reality, credentials may also reach another account: nothing comes of any run there.
    fn stays_elsewhere(&self, runtime: &tokio::runtime::Runtime) {
        if self.quiet.is_none() || self.watch.stack.state().is_none() {
            return;
        }
        let changed = [self.keeper, self.keeper ^ 1].map(|keeper| (Elsewhere::Up, keeper));
        let others = [Elsewhere::Refresh, Elsewhere::Destroy].map(|run| (run, self.keeper));
        for (run, keeper) in changed.into_iter().chain(others) {
            told(&self.path, || {
                let mut watch = self.watch.clone();
                runtime.block_on(watch.elsewhere(&self.cloud, &self.inputs(keeper), run))
            });
        }
    }

    async fn until_quiet(&self, watch: &mut Watch<'_>) -> usize {
        let args = self.inputs(self.keeper);
        watch.stack.set_lags(false);
        match self.quiet {
            Some(quiet) => watch.until_over(&args, quiet).await,
            None => watch.until_quiet(&args).await,
        }
    }

    /// The state as text in which names are counted and moments are told from now on: to the minute within the last
    /// twenty, to the hour beyond.
    fn canonical(&self) -> String {
        let all = [self.inputs(0), self.inputs(1)];
        let kept = self.kept.as_ref().map(|stack| stack.picture(&all));
        let (cloud, stack) = (self.cloud.picture(), self.watch.stack.picture(&all));
        let text = format!("{} {} {cloud} {stack} {kept:?}", self.keeper, self.faults);
        let mut names = BTreeMap::new();
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-:._".contains(letter);
        let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
        while let Some(start) = rest.find(is_part) {
            out.push_str(&rest[..start]);
            let word = &rest[start..];
            let end = word.find(|letter| !is_part(letter)).unwrap_or(word.len());
            out.push_str(&self.plain(&word[..end], &mut names));
            rest = &word[end..];
        }
        out + rest
    }

    fn plain<'w>(&self, word: &'w str, names: &mut BTreeMap<&'w str, usize>) -> String {
        if let Ok(time) = word.parse::<Timestamp>() {
            let since = self.cloud.clock().now().duration_since(time);
            let (unit, letter) = if since.abs() < MINUTE * 20 { (60, 'm') } else { (3600, 'h') };
            return format!("{}{letter}", since.as_secs().div_euclid(unit));
        }
        let is_name = word.starts_with("KEY") || word.starts_with("1:") || (word.starts_with('n') && word.len() == 8);
        if !is_name || !word.ends_with(|letter: char| letter.is_ascii_hexdigit()) {
            return word.to_owned();
        }
        let count = names.len();
        format!("#{}", names.entry(word).or_insert(count))
    }
}

/// Lets a panic begin with what led to it.
fn told<T>(path: &[Action], act: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        std::io::stderr().write_all(format!("after {path:#?}\n").as_bytes()).unwrap();
        resume_unwind(panic)
    })
}
