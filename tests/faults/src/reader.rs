use std::collections::BTreeSet;

use futures::future::{Either, select};
use jiff::SignedDuration;
use rotation::testing::{ContestedRig, Fault, Life, Watch};
use rotation::{KeyId, KeyIssuer, Verdict};

use crate::case::{destroy, settle};
use crate::{Case, Runs, recover};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A [`Case`] of a system with stores, while a consumer reads every store before each call of every run and really calls the system with what it read.
#[derive(Clone, Copy, Debug)]
pub struct Delivery(pub Case);

/// What a delivery came to.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    /// How many plain runs it took.
    pub runs: Runs,
    /// How often a consumer used what it read.
    pub uses: usize,
}

impl Delivery {
    /// Runs it.
    ///
    /// # Panics
    /// When an invariant is broken, the fault never struck, or a consumer reads what does not work.
    pub async fn prove(self) -> Read {
        let Self(case) = self;
        let rig = (case.system.make)();
        let mut watch = Watch::new(&*rig, case.life.overlap());
        watch.stack.set_stores(case.system.stores);
        watch.stack.set_keeps_secret(case.system.keeps_secret);
        let wanted = case.life.prepare(&mut watch).await;
        let mut reader = Reader::new(&*rig, case.system.stores);
        if case.life == Life::Delete {
            rig.inject(rig.calls().len() + case.call, case.fault);
            case.life.run(&mut watch, &wanted).await;
            assert_eq!(rig.unfired(), 0, "the fault never struck");
            rig.calm();
            rig.clock().advance(MINUTE);
            return Read { runs: recover(&mut watch, case.life, None).await, uses: 0 };
        }
        reader.is_revoking = case.life == Life::Revoke;
        let strike = Some((case.call, case.fault));
        let outcome = reader.during(case.life.run(&mut watch, &wanted), strike).await;
        assert_eq!(reader.failures, Vec::<String>::new());
        assert_eq!(rig.unfired(), 0, "the fault never struck");
        rig.calm();
        rig.clock().advance(MINUTE);
        if outcome.is_done() && case.then == crate::Then::Revert {
            rig.clock().advance(DAY * 2);
        }
        let rest = async {
            let wanted = case.goes_on(&mut watch, wanted).await;
            settle(&mut watch, case.life, Some(&wanted)).await
        };
        let runs = reader.during(rest, None).await;
        // At the quota a person may have chosen to delete the key of a dead Create that consumers read.
        assert!(runs.with_a_person || reader.failures.is_empty(), "{:?}", reader.failures);
        let runs = destroy(&mut watch, runs).await;
        Read { runs, uses: reader.uses }
    }
}

/// A consumer of stores.
struct Reader<'a> {
    rig: &'a dyn ContestedRig,
    /// The system as it reaches it all the time.
    issuer: Box<dyn KeyIssuer>,
    stores: &'static [&'static str],
    /// The stores from which it once read what worked.
    served: BTreeSet<&'static str>,
    /// A revoked key stops working before the next one is there where a quota leaves no other way.
    is_revoking: bool,
    uses: usize,
    /// What it read in vain although it had read what worked before.
    failures: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(rig: &'a dyn ContestedRig, stores: &'static [&'static str]) -> Self {
        Self {
            rig,
            issuer: rig.issuer(),
            stores,
            served: BTreeSet::new(),
            is_revoking: false,
            uses: 0,
            failures: Vec::new(),
        }
    }

    /// Reads before each call that `act` makes, and at its end; lets the call with that number fail.
    async fn during<T>(&mut self, act: impl Future<Output = T>, strike: Option<(usize, Fault)>) -> T {
        let mut act = std::pin::pin!(act);
        let mut held = None;
        for call in 0.. {
            self.read().await;
            let next = self.rig.calls().len();
            if let Some((_, fault)) = strike.filter(|(number, _)| *number == call) {
                self.rig.inject(next, fault);
            }
            self.rig.hold_at(next);
            held.into_iter().for_each(|held| self.rig.release(held));
            match select(act.as_mut(), self.rig.until_held(next)).await {
                Either::Left((done, _)) => {
                    self.rig.release(next);
                    self.read().await;
                    return done;
                }
                Either::Right(_) => held = Some(next),
            }
        }
        unreachable!("calls are counted for ever")
    }

    /// What is read works, once it did.
    async fn read(&mut self) {
        for name in self.stores {
            let Some(material) = self.rig.read_material(name) else {
                let lost = self.served.contains(name).then(|| format!("I8: consumers of {name} read nothing of ours"));
                self.failures.extend(lost);
                continue;
            };
            let id = self.rig.read_store(name).unwrap_or(KeyId(String::new()));
            let verdict = self.issuer.verify(&material).await;
            let works = matches!(verdict, Ok(Verdict::Accepted));
            self.uses += usize::from(works);
            if works {
                self.served.insert(name);
            }
            let was_served = self.served.contains(name) && !self.is_revoking;
            if was_served && !works {
                self.failures.push(format!("I8: consumers of {name} read {id}, and the system says {verdict:?}"));
            }
        }
    }
}
