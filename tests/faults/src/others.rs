use std::collections::BTreeSet;
use std::time::Duration;

use conformance::is_mint;
use futures::future::{Either, select};
use jiff::SignedDuration;
use rotation::testing::{ContestedRig, Fault, Life, Outcome, Watch};
use rotation::{ErrorKind, KeyId, RotationArgs};

use crate::{System, recover};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A stranger makes a key just before one call of a life, where there is a place for it; with a fault at the mint or none.
#[derive(Clone, Copy, Debug)]
pub struct Stranger {
    /// Where.
    pub system: System,
    /// In which run.
    pub life: Life,
    /// At which call of that run, from 0.
    pub call: usize,
    /// How the run's mint fails.
    pub mint: Option<Fault>,
}

impl Stranger {
    /// Runs it; says what became of the stranger's key.
    ///
    /// # Panics
    /// When an invariant is broken, or the documented hole is not where it is documented to be.
    pub async fn prove(self) -> &'static str {
        let rig = (self.system.make)();
        let mut watch = Watch::new(&*rig, self.life.overlap());
        let wanted = self.life.prepare(&mut watch).await;
        let (first, before) = (rig.calls().len(), rig.keys());
        rig.stranger_at(first + self.call);
        let mint = self.mint.zip(self.mint_beside_the_stranger().await);
        let Some(in_window) = (match mint {
            Some((_, (_, mint))) if mint == self.call && !self.system.is_cheap => None,
            Some((fault, (look, mint))) => {
                rig.inject(first + mint, fault);
                // A key that lists do not show yet was in no list, however early it was made.
                let from = if self.system.lags { 0 } else { look + 1 };
                Some(self.system.suspects && (from..=mint).contains(&self.call))
            }
            None => Some(false),
        }) else {
            return "not tried";
        };
        self.life.run(&mut watch, &wanted).await;
        rig.calm();
        rig.clock().advance(MINUTE);
        let Some(theirs) = rig.intruders().pop() else {
            self.recover(&mut watch, &wanted).await;
            return "no place";
        };
        if rig.calls().get(first + self.call).is_some_and(|call| self.system.is_replacing(call)) {
            return self.replaced(&mut watch, &wanted, theirs).await;
        }
        let known = keys(&watch);
        let new = rig.keys().into_iter().filter(|id| !before.contains(id) && !known.contains(id));
        let suspects: BTreeSet<_> = new.collect();
        match self.mint {
            Some(Fault::Hang | Fault::DieBefore) if in_window => self.taken_for_ours(&mut watch, &wanted, theirs).await,
            Some(Fault::After | Fault::HangAfter | Fault::Cut | Fault::DieAfter)
                if in_window && suspects.len() == 2 =>
            {
                self.two_suspects(&mut watch, &wanted, suspects).await
            }
            _ => self.lives(&mut watch, &wanted, theirs).await,
        }
    }

    /// The run's last look before its mint, and the mint, when nothing fails but the stranger comes; none if it does not mint.
    async fn mint_beside_the_stranger(self) -> Option<(usize, usize)> {
        let rig = (self.system.make)();
        let mut watch = Watch::new(&*rig, self.life.overlap());
        let wanted = self.life.prepare(&mut watch).await;
        let first = rig.calls().len();
        rig.stranger_at(first + self.call);
        self.life.run(&mut watch, &wanted).await;
        let calls = rig.calls().split_off(first);
        let mint = calls.iter().position(|call| is_mint(call))?;
        let look = calls[..mint].iter().rposition(|call| is_list(call))?;
        Some((look, mint))
    }

    /// The rule: whatever happens, the stranger's key lives. Where it takes the place of ours, a person decides.
    async fn lives(self, watch: &mut Watch<'_>, wanted: &RotationArgs, theirs: KeyId) -> &'static str {
        watch.strangers.insert(theirs.clone());
        if self.life != Life::Delete {
            self.refreshed(watch).await;
            if let Outcome::Failed(error) = watch.up(wanted).await {
                assert_eq!(error.kind, ErrorKind::Blocked, "{error}");
                assert!(error.message.contains(&theirs.0), "a full principal names the stranger's key: {error}");
                leave(watch, &theirs);
                self.recover(watch, wanted).await;
                return "lives, and at the quota is named";
            }
        }
        self.recover(watch, wanted).await;
        assert!(watch.rig.works(&theirs), "I5: {theirs} is gone");
        "lives"
    }

    /// The documented hole: nothing was made, and the one key that appeared in that very window is taken for ours.
    async fn taken_for_ours(self, watch: &mut Watch<'_>, wanted: &RotationArgs, theirs: KeyId) -> &'static str {
        self.recover(watch, wanted).await;
        assert!(!watch.rig.keys().contains(&theirs), "the hole is closed: say so in rotation.md");
        "taken for ours (documented)"
    }

    /// The documented hole: a write replaces what another process wrote since the run last looked.
    async fn replaced(self, watch: &mut Watch<'_>, wanted: &RotationArgs, theirs: KeyId) -> &'static str {
        assert!(!watch.rig.keys().contains(&theirs), "the hole is closed: say so in the documentation");
        self.recover(watch, wanted).await;
        "replaced (documented)"
    }

    /// Two keys appeared: neither is touched, both are named.
    async fn two_suspects(
        self,
        watch: &mut Watch<'_>,
        wanted: &RotationArgs,
        suspects: BTreeSet<KeyId>,
    ) -> &'static str {
        watch.strangers.extend(suspects.clone());
        self.refreshed(watch).await;
        if let Outcome::Failed(error) = watch.up(wanted).await {
            assert!(suspects.iter().all(|id| error.message.contains(&id.0)), "a full principal names both: {error}");
            suspects.iter().for_each(|id| leave(watch, id));
            self.recover(watch, wanted).await;
            return "two suspects, both named, at the quota in the way";
        }
        let named = watch.stack.state().map(|state| state.foreign_keys.clone()).unwrap_or_default();
        assert!(suspects.iter().all(|id| named.iter().any(|key| key.id == *id)), "both are named: {named:?}");
        self.recover(watch, wanted).await;
        assert!(suspects.iter().all(|id| watch.rig.works(id)), "neither is touched");
        "two suspects, both named"
    }

    async fn refreshed(self, watch: &mut Watch<'_>) {
        if self.life.is_drift() {
            watch.stack.refresh(watch.rig).await;
        }
    }

    async fn recover(self, watch: &mut Watch<'_>, wanted: &RotationArgs) {
        recover(watch, self.life, (self.life != Life::Delete).then_some(wanted)).await;
    }
}

/// Every mark is removed just before one call of a life. Between runs that is harmless and within one that ends well too.
///
/// # Panics
/// When an invariant is broken.
pub async fn stripped(system: System, life: Life, call: usize) -> &'static str {
    let rig = (system.make)();
    let mut watch = Watch::new(&*rig, life.overlap());
    let wanted = life.prepare(&mut watch).await;
    rig.strip_at(rig.calls().len() + call);
    let outcome = life.run(&mut watch, &wanted).await;
    assert!(outcome.is_done() || outcome.is_quiet(), "{outcome:?}");
    rig.clock().advance(MINUTE);
    recover(&mut watch, life, (life != Life::Delete).then_some(&wanted)).await;
    "harmless"
}

/// Another stack's Create runs up to one of its calls while this stack's run is held at one of its own; then this one ends,
/// and the other after it. Without `theirs` the other runs to its end at once.
#[derive(Clone, Copy, Debug)]
pub struct Rivals {
    /// Where.
    pub system: System,
    /// In which run of the first.
    pub life: Life,
    /// At which call the first is held.
    pub ours: usize,
    /// At which call the second is held.
    pub theirs: Option<usize>,
}

impl Rivals {
    /// Runs it; says who got a key.
    ///
    /// # Panics
    /// When an invariant is broken, both made a key, or the one that is refused is not told by whom.
    pub async fn prove(self) -> &'static str {
        let rig = (self.system.make)();
        let mut watch = Watch::new(&*rig, self.life.overlap());
        let mut rival = Watch::new(&*rig, Life::OVERLAP);
        rival.stack = rotation::testing::Stack::new("rival/project/key");
        let wanted = self.life.prepare(&mut watch).await;
        let (first, second) = self.interleave(&*rig, (&mut watch, &mut rival), &wanted).await;
        let held = |watch: &Watch<'_>| watch.stack.state().is_some_and(|state| state.keys().next().is_some());
        let won = (held(&watch), held(&rival));
        match self.life {
            // The lists and the marks that the second sees may be of before and of after the Delete. And a resource that lost
            // its key holds nothing, and mints anew beside whoever came meanwhile.
            Life::Delete | Life::CurrentLost => {}
            Life::Create | Life::Adopt => {
                assert!(!(first.is_done() && second.is_done()), "I13: both made a key");
                told_by_whom(&first, &rival);
                told_by_whom(&second, &watch);
            }
            _ => {
                assert!(!won.1, "I13: the second made a key: {second:?}");
                told_by_whom(&second, &watch);
            }
        }
        rig.clock().advance(MINUTE);
        self.ends((&mut watch, &mut rival), is_unanswered(&second), &wanted).await;
        match won {
            (true, _) => "first",
            (false, true) => "second",
            (false, false) => "none",
        }
    }

    /// Both runs, as the calls say.
    async fn interleave(
        self,
        rig: &dyn ContestedRig,
        (watch, rival): (&mut Watch<'_>, &mut Watch<'_>),
        wanted: &RotationArgs,
    ) -> (Outcome, Outcome) {
        let ours = rig.calls().len() + self.ours;
        rig.hold_at(ours);
        let mut first = Box::pin(self.life.run(watch, wanted));
        if let Either::Left((outcome, _)) = select(&mut first, rig.until_held(ours)).await {
            unreachable!("the first run ended before its call {}: {outcome:?}", self.ours);
        }
        let theirs_wanted = Life::inputs("1", false);
        let Some(theirs) = self.theirs.map(|theirs| rig.calls().len() + theirs) else {
            let second = rival.up(&theirs_wanted).await;
            return (answered(rig, ours, first).await, second);
        };
        rig.hold_at(theirs);
        let mut second = Box::pin(rival.up(&theirs_wanted));
        if let Either::Left((outcome, _)) = select(&mut second, rig.until_held(theirs)).await {
            rig.release(ours);
            rig.release(theirs);
            return (first.await, outcome);
        }
        rig.release(ours);
        let first = first.await;
        (first, answered(rig, theirs, second).await)
    }

    /// Whoever has a key, or may have made one, comes to rest with it; then the other may make one once the first is gone.
    async fn ends(
        self,
        (watch, rival): (&mut Watch<'_>, &mut Watch<'_>),
        rival_is_unanswered: bool,
        wanted: &RotationArgs,
    ) {
        let has_key = |watch: &Watch<'_>| watch.stack.state().is_some_and(|state| state.current.is_some());
        let rival_wanted = Life::inputs("1", false);
        let life_wanted = (self.life != Life::Delete).then_some(wanted);
        if has_key(rival) || rival_is_unanswered {
            (rival.neighbours, rival.alone) = (keys(watch), false);
            recover(rival, Life::Create, Some(&rival_wanted)).await;
            recover(watch, self.life, life_wanted).await;
        } else {
            (watch.neighbours, watch.alone) = (keys(rival), false);
            recover(watch, self.life, life_wanted).await;
            recover(rival, Life::Create, Some(&rival_wanted)).await;
        }
        assert!(watch.rig.keys().is_empty() && watch.rig.marks() == 0, "I12: something is left");
    }
}

/// The end of a run whose held call goes on. One that waited for longer than its caller does is never carried out.
#[expect(
    clippy::disallowed_methods,
    reason = "the caller's sockets need real time to notice that its own clock went on"
)]
async fn answered(rig: &dyn ContestedRig, call: usize, run: impl Future<Output = Outcome> + Unpin) -> Outcome {
    match select(run, Box::pin(tokio::time::sleep(Duration::from_millis(20)))).await {
        Either::Left((outcome, _)) => {
            if !is_unanswered(&outcome) {
                rig.release(call);
            }
            outcome
        }
        Either::Right((_, run)) => {
            rig.release(call);
            run.await
        }
    }
}

fn is_unanswered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if error.kind == ErrorKind::TimedOut)
}

fn is_list(call: &str) -> bool {
    const LISTS: [&str; 9] = [
        "list",
        "ListAccessKeys",
        "ListApiKeys",
        "ListAuthTokens",
        "ListCustomerSecretKeys",
        "GET metadata",
        "GET secret-id?list=true",
        "GET config",
        "GET group/name?list=true",
    ];
    LISTS.contains(&call)
}

fn keys(watch: &Watch<'_>) -> BTreeSet<KeyId> {
    watch.stack.state().iter().flat_map(|state| state.keys()).map(|key| key.id.clone()).collect()
}

fn told_by_whom(outcome: &Outcome, by: &Watch<'_>) {
    if let Outcome::Failed(error) = outcome {
        let names = error.message.contains(by.stack.label());
        assert!(error.kind != ErrorKind::Blocked || names, "I13: the other is not named: {error}");
    }
}

fn leave(watch: &mut Watch<'_>, theirs: &KeyId) {
    watch.rig.delete(theirs);
    watch.harmed.insert(theirs.clone());
    watch.strangers.remove(theirs);
}
