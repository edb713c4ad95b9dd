mod reach;
mod saved;
mod stores;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::{Either, select};

use crate::{
    Ask, Clock, Due, Error, ErrorKind, Goal, Interrupted, Key, KeyId, KeyIssuer, KeyState, Known, Misplaced, Observed,
    OwnerId, Place, Plan, RotationArgs, RunContext, Target, Trigger, Want, due, note_endings, observe, plan, reach,
    refresh, refresh_stores, renew_notices, run, schedule,
};

use super::{NeverStop, Rig};
use reach::reach_stores;
use saved::{Opened, Saved, read};

/// One resource in one stack, treated as the engine treats it: inputs and outputs move together when a run succeeds, a failed
/// Update saves the old inputs with the new outputs, a death saves nothing.
#[derive(Clone, Debug)]
pub struct Stack {
    owner: OwnerId,
    saved: Option<Saved>,
    /// The next run replaces the resource.
    replaces: bool,
    /// Replaced instances that are still to be deleted.
    replaced: Vec<KeyState>,
    /// The stores that they knew.
    replaced_stores: Vec<BTreeSet<String>>,
    /// The stores that are to receive each generation.
    stores: Vec<String>,
    /// Whether the state keeps secrets that stores hold.
    keeps_secret: bool,
    /// The key that a Create takes over, without its secret.
    adopts: Option<KeyId>,
    /// It is not a Create that takes that key over, but an import.
    imports: bool,
    /// The key that dependents were given, as the stack has it recorded.
    recorded: Option<KeyId>,
    /// The key that dependents really hold.
    held: Option<KeyId>,
    /// Dependents are not updated: their update fails, or they are not targeted.
    lags: bool,
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
        let owner = OwnerId::new(name, name);
        let (saved, adopts, recorded, held) = (None, None, None, None);
        Self {
            owner,
            saved,
            replaces: false,
            replaced: Vec::new(),
            replaced_stores: Vec::new(),
            stores: Vec::new(),
            keeps_secret: true,
            adopts,
            imports: false,
            recorded,
            held,
            lags: false,
        }
    }

    /// The key that dependents use.
    pub fn held(&self) -> Option<&KeyId> {
        self.held.as_ref()
    }

    /// From now on dependents are not updated, or they are again.
    pub fn set_lags(&mut self, lags: bool) {
        self.lags = lags;
    }

    /// Whether dependents are not updated.
    pub fn lags(&self) -> bool {
        self.lags
    }

    /// An older state is put back. What dependents really hold, and whether they are updated, does not change by that.
    pub fn put_back(&mut self, older: &Self) {
        *self = Self { held: self.held.clone(), lags: self.lags, ..older.clone() };
    }

    /// The state forgets its keys, as after a refresh that looked at the wrong place.
    pub fn forget_keys(&mut self) {
        if let Some(saved) = &mut self.saved {
            (saved.state.current, saved.state.pending) = (None, None);
            saved.state.retiring.clear();
        }
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

    /// The recorded states of replaced instances that are not deleted yet.
    pub fn replaced(&self) -> &[KeyState] {
        &self.replaced
    }

    /// The name that others are told.
    pub fn label(&self) -> &str {
        &self.owner.label
    }

    /// The incident that the recorded inputs have revoked for.
    pub fn revoked(&self) -> Option<&str> {
        self.saved.as_ref().and_then(|saved| saved.schedule.revoked.as_deref())
    }

    /// From now on a property that cannot change in place differs, or does so no longer.
    pub fn set_replaces(&mut self, replaces: bool) {
        self.replaces = replaces;
    }

    /// Whether the next run replaces the resource.
    pub fn replaces(&self) -> bool {
        self.replaces
    }

    /// The resource is to begin with this key, whose secret nobody knows: by its Create, or as an import.
    pub fn take_over(&mut self, key: KeyId, imports: bool) {
        (self.adopts, self.imports) = (Some(key), imports);
    }

    /// One `pulumi up`: Check, Diff, and Create or Update if they ask for it; then the Deletes of replaced instances.
    pub async fn up(&mut self, rig: &dyn Rig, args: &RotationArgs) -> Outcome {
        let outcome = match self.saved {
            Some(_) if !self.replaces => self.update(rig, args).await,
            None if self.imports => self.import(rig, args).await,
            _ => self.create(rig, args).await,
        };
        if outcome.is_quiet() || outcome.is_done() {
            self.publish(rig);
            self.update_dependents();
            self.delete_replaced(rig, outcome).await
        } else {
            outcome
        }
    }

    fn update_dependents(&mut self) {
        let current = self.state().and_then(|state| state.current.as_ref()).map(|key| key.id.clone());
        if !self.lags && self.recorded != current {
            self.recorded.clone_from(&current);
            self.held = current;
        }
    }

    /// One `pulumi destroy`.
    pub async fn destroy(&mut self, rig: &dyn Rig) -> Outcome {
        rig.publish(&[]);
        (self.recorded, self.held) = (None, None);
        let outcome = self.delete_replaced(rig, Outcome::Quiet).await;
        let Some(saved) = self.saved.as_ref().filter(|_| outcome.is_quiet() || outcome.is_done()) else {
            return outcome;
        };
        let mut state = saved.state.clone();
        if let Some(outcome) = self.misplaced(rig, &mut state, false).await {
            return outcome;
        }
        match self.live(rig, &Want::Gone, state, &saved.reached.clone()).await {
            Some(Ok(_)) => {
                self.saved = None;
                Outcome::Done
            }
            Some(Err(interrupted)) => Outcome::Failed(interrupted.error),
            None => Outcome::Died,
        }
    }

    /// One `pulumi refresh`. A call that fails, and a death, leave everything as it was.
    pub async fn refresh(&mut self, rig: &dyn Rig) {
        let Some(mut state) = self.state().cloned() else { return };
        let issuer = rig.issuer_for(Known::of(&state));
        let observed = if rig.asks_account() {
            let place = self.place(rig, &*issuer);
            let look = std::pin::pin!(place.look(&mut state));
            match select(look, rig.death()).await {
                Either::Left((observed, _)) => observed.ok().flatten(),
                Either::Right(_) => None,
            }
        } else {
            self.observe_by(rig, &*issuer).await
        };
        let Some(stores) = self.look_into_stores(rig).await else { return };
        if let Some((saved, observed)) = self.saved.as_mut().zip(observed) {
            saved.state = refresh(state, &observed, &issuer.capability());
            saved.state = refresh_stores(saved.state.clone(), &observed, stores, rig.clock().now());
            note_endings(&mut saved.state, &observed, (&saved.args).into());
            renew_notices(&mut saved.state, &*issuer);
        }
    }

    /// All that decides what this stack does next, as text. Counters and memories that decide nothing are left out; `keepers`
    /// are those that may be asked for.
    pub fn picture(&self, keepers: &[RotationArgs]) -> String {
        let mut plain = self.clone();
        let current = plain.saved.iter_mut().map(|saved| &mut saved.state);
        for state in current.chain(&mut plain.replaced) {
            state.generation = 0;
            state.history.clear();
            for delivered in &mut state.deliveries {
                (delivered.generation, delivered.version) = (0, String::new());
            }
            state.keys_mut().for_each(|key| key.generation = 0);
        }
        let saved = self.saved.as_ref();
        let triggers = saved.map(|saved| keepers.iter().map(|args| saved.trigger(args)).collect::<Vec<_>>());
        format!("{triggers:?} {plain:?}")
    }

    /// What a Read sees; none if it fails or dies.
    async fn observe(&self, rig: &dyn Rig) -> Option<Observed> {
        let issuer = rig.issuer_for(self.state().map(Known::of).unwrap_or_default());
        self.observe_by(rig, &*issuer).await
    }

    async fn observe_by(&self, rig: &dyn Rig, issuer: &dyn KeyIssuer) -> Option<Observed> {
        let look = std::pin::pin!(observe(issuer, &self.owner, rig.clock()));
        match select(look, rig.death()).await {
            Either::Left((observed, _)) => observed.ok().flatten(),
            Either::Right(_) => None,
        }
    }

    /// What depends on the outputs follows a run that ended well.
    fn publish(&self, rig: &dyn Rig) {
        let published: Vec<_> = self.state().into_iter().flat_map(KeyState::published).collect();
        rig.publish(&published);
    }

    /// A Create, with whatever it replaces left to be deleted once it has recorded anything.
    async fn create(&mut self, rig: &dyn Rig, args: &RotationArgs) -> Outcome {
        let ask = Ask { args, keepers_unknown: false, suspended: false };
        let schedule = read(rig, schedule(None, ask, rig.clock().now()));
        let mut state = KeyState::new(nonce());
        state.account = reached(rig).await;
        if let Some(id) = self.adopts.clone() {
            let Some(key) = self.observe(rig).await.and_then(|observed| observed.keys.get(&id).map(adopted)) else {
                return Outcome::Failed(Error::new(ErrorKind::NotFound, "", "the key to adopt was not found"));
            };
            (state.generation, state.current) = (1, Some(key));
            state.stand_for(&Trigger::new(&state.instance, &args.keepers, &schedule));
        }
        let reached = self.stores.iter().cloned().collect();
        let want = Want::Current(self.goal(rig, Goal::new(&state.instance, args, &schedule), &reached));
        let (state, error) = match self.live(rig, &want, state, &reached).await {
            Some(Ok(state)) => (state, None),
            Some(Err(interrupted)) if interrupted.state.has_begun() => (interrupted.state, Some(interrupted.error)),
            Some(Err(interrupted)) => return Outcome::Failed(interrupted.error),
            None => return Outcome::Died,
        };
        let (args, failed, opened) = (args.clone(), error.is_some(), self.opened(rig));
        let saved = Saved { args, schedule, state, failed, opened, reached };
        if let Some(old) = self.saved.replace(saved) {
            self.replaced.push(old.state);
            self.replaced_stores.push(old.reached);
        }
        self.replaces = false;
        error.map_or(Outcome::Done, Outcome::Failed)
    }

    /// The option `import`: a Read, and nothing else. What fails is not recorded.
    async fn import(&mut self, rig: &dyn Rig, args: &RotationArgs) -> Outcome {
        let ask = Ask { args, keepers_unknown: false, suspended: false };
        let schedule = read(rig, schedule(None, ask, rig.clock().now()));
        let observed = self.observe(rig).await;
        let shown = observed.as_ref().zip(self.adopts.as_ref()).and_then(|(observed, id)| observed.keys.get(id));
        let Some((shown, observed)) = shown.zip(observed.as_ref()) else {
            return Outcome::Failed(Error::new(ErrorKind::NotFound, "", "the key to import was not found"));
        };
        let mut state = KeyState::new(nonce());
        state.account = reached(rig).await;
        (state.generation, state.current) = (1, Some(adopted(shown)));
        state.stand_for(&Trigger::new(&state.instance, &args.keepers, &schedule));
        let state = refresh(state, observed, &rig.issuer().capability());
        let (opened, reached) = (Opened::nothing(), BTreeSet::new());
        self.saved = Some(Saved { args: args.clone(), schedule, state, failed: false, opened, reached });
        Outcome::Done
    }

    /// What a preview says of the next run, for a resource that the stack holds.
    pub fn plan(&self, rig: &dyn Rig, args: &RotationArgs) -> Option<Plan> {
        let saved = self.saved.as_ref()?;
        let schedule = saved.next_schedule(rig, args);
        let reached = saved.reached.iter().chain(&self.stores).cloned().collect();
        let want = Want::Current(self.goal(rig, Goal::new(&saved.state.instance, args, &schedule), &reached));
        Some(plan(&saved.state, &want, &rig.issuer().capability(), rig.clock().now()))
    }

    /// What is left over to do, by what the stack holds alone.
    pub fn due(&self) -> Option<Due> {
        let saved = self.saved.as_ref()?;
        due(&saved.state, &saved.schedule, saved.args.retirement.confirmed_generation)
    }

    async fn update(&mut self, rig: &dyn Rig, args: &RotationArgs) -> Outcome {
        let keeps_secret = self.keeps_now(rig);
        let Some(saved) = &mut self.saved else { return Outcome::Quiet };
        let schedule = saved.next_schedule(rig, args);
        let targets = reach_stores(rig, &self.stores).iter().map(|store| Target::of(&**store)).collect::<Vec<_>>();
        let is_same = saved.opened.targets == targets && saved.opened.keeps_secret == keeps_secret;
        if !saved.differs(args, &schedule) && is_same {
            saved.schedule = schedule;
            return Outcome::Quiet;
        }
        let mut state = saved.state.clone();
        if let Some(revoke) = args.revoke.as_ref().filter(|_| saved.schedule.revoked != schedule.revoked) {
            state.revoke(revoke.generation);
        }
        let reached: BTreeSet<_> = saved.reached.iter().chain(&self.stores).cloned().collect();
        let want = Want::Current(self.goal(rig, Goal::new(&state.instance, args, &schedule), &reached));
        if let Some(outcome) = self.misplaced(rig, &mut state, true).await {
            return outcome;
        }
        match self.live(rig, &want, state, &reached).await {
            Some(Ok(state)) => {
                let reached = self.stores.iter().cloned().collect();
                let (args, opened) = (args.clone(), self.opened(rig));
                self.saved = Some(Saved { args, schedule, state, failed: false, opened, reached });
                Outcome::Done
            }
            Some(Err(interrupted)) => {
                if let Some(saved) = &mut self.saved {
                    (saved.state, saved.failed, saved.reached) = (interrupted.state, true, reached);
                }
                Outcome::Failed(interrupted.error)
            }
            None => Outcome::Died,
        }
    }

    /// Deletes what was replaced; `outcome` if there is nothing.
    async fn delete_replaced(&mut self, rig: &dyn Rig, mut outcome: Outcome) -> Outcome {
        while let Some(mut state) = self.replaced.first().cloned() {
            if let Some(outcome) = self.misplaced(rig, &mut state, false).await {
                return outcome;
            }
            let reached = self.replaced_stores.first().cloned().unwrap_or_default();
            match self.live(rig, &Want::Gone, state, &reached).await {
                Some(Ok(_)) => outcome = Outcome::Done,
                Some(Err(interrupted)) => return Outcome::Failed(interrupted.error),
                None => return Outcome::Died,
            }
            self.replaced.remove(0);
            self.replaced_stores.remove(0);
        }
        outcome
    }

    /// How an Update or a Delete ends before it does anything, because the keys are elsewhere; none if they are here.
    async fn misplaced(&self, rig: &dyn Rig, state: &mut KeyState, is_update: bool) -> Option<Outcome> {
        if !rig.asks_account() {
            return None;
        }
        let issuer = rig.issuer_for(Known::of(state));
        let place = self.place(rig, &*issuer);
        let insist = std::pin::pin!(place.must_hold(state, is_update));
        match select(insist, rig.death()).await {
            Either::Left((Ok(()), _)) => None,
            Either::Left((Err(Misplaced::Failed(error)), _)) => Some(Outcome::Failed(error)),
            Either::Left((Err(Misplaced::Elsewhere { .. }), _)) => {
                Some(Outcome::Failed(Error::new(ErrorKind::Blocked, "", "the keys are in another account")))
            }
            Either::Right(_) => Some(Outcome::Died),
        }
    }

    fn place<'a>(&'a self, rig: &'a dyn Rig, issuer: &'a dyn KeyIssuer) -> Place<'a> {
        Place { issuer, owner: &self.owner, clock: rig.clock(), accepts: &|_| false }
    }

    /// `reached` are the stores that this run can reach.
    async fn live(
        &self,
        rig: &dyn Rig,
        want: &Want,
        state: KeyState,
        reached: &BTreeSet<String>,
    ) -> Option<Result<KeyState, Interrupted>> {
        let stores = reach_stores(rig, reached);
        let stores: Vec<_> = stores.iter().map(|store| &**store).collect();
        let issuer = rig.issuer_for(Known::of(&state));
        let readers = self.readers(rig);
        let readers: Vec<_> = readers.iter().map(|store| &**store).collect();
        let context = RunContext {
            issuer: &*issuer,
            stores: &stores,
            readers: &readers,
            derived: &|material| material,
            clock: rig.clock(),
            stop: &NeverStop,
            owner: &self.owner,
            want,
            nonce: &nonce,
            note: &|_| {},
            warn: &|_| {},
        };
        let work = std::pin::pin!(run(context, state));
        match select(work, rig.death()).await {
            Either::Left((ended, _)) => Some(ended),
            Either::Right(_) => None,
        }
    }
}

/// The account that a Create notes.
async fn reached(rig: &dyn Rig) -> Option<String> {
    if rig.asks_account() { reach(&*rig.issuer()).await.0 } else { None }
}

/// A key as it is when it is taken over: nobody knows its secret, nor what it was minted for.
fn adopted(shown: &crate::ObservedKey) -> Key {
    let (status, expires_at) = (shown.status, shown.expiry.map(|expiry| expiry.at));
    Key { status, expires_at, ..Key::new(shown.id.clone(), 1, shown.created_at) }
}

/// Names that no two processes share.
fn nonce() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("n{:07}", COUNT.fetch_add(1, Ordering::Relaxed))
}
