use jiff::SignedDuration;
use rotation::RotationArgs;
use rotation::testing::{ContestedRig, Fault, Life, Watch};

use crate::{Runs, System, recover};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Runs in which the second fault may strike; more are never needed to come to rest after the first.
const RETRIES: usize = 3;

/// A first fault, and every second one in what follows: the rest of the run, and the runs after it until one is quiet.
#[derive(Clone, Copy, Debug)]
pub struct Pairs {
    /// Where.
    pub system: System,
    /// In which run.
    pub life: Life,
    /// The first fault's call in that run, from 0.
    pub call: usize,
    /// How it fails.
    pub fault: Fault,
    /// The ways in which the second call fails.
    pub seconds: &'static [Fault],
    /// Only calls that change something fail.
    pub only_writes: bool,
}

/// What came of all second faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    /// Pairs that were proven.
    pub pairs: usize,
    /// The largest number of plain runs after the second fault.
    pub most_runs: usize,
    /// Pairs after which a person had to delete a key that an error named.
    pub with_a_person: usize,
}

impl Pairs {
    /// Tries every second fault.
    ///
    /// # Panics
    /// When an invariant is broken, or a second fault did not strike where one call follows the other for certain.
    pub async fn prove(self) -> Tried {
        let mut tried = Tried::default();
        let calls = self.calls().await;
        for (call, name) in calls.iter().enumerate().skip(self.call + 1) {
            if self.only_writes && !writes(name) {
                continue;
            }
            for second in self.seconds {
                match self.with(call, *second).await {
                    Some(runs) => {
                        tried.pairs += 1;
                        tried.most_runs = tried.most_runs.max(runs.to_quiet).max(runs.to_nothing);
                        tried.with_a_person += usize::from(runs.with_a_person);
                    }
                    // Pauses of AWS's client are not the same twice, so that a last call may be missing.
                    None => assert!(!self.system.is_cheap, "the second fault at call {call} never struck"),
                }
            }
        }
        tried
    }

    /// Every call until a run is quiet, the first fault's among them.
    async fn calls(self) -> Vec<String> {
        let rig = (self.system.make)();
        let mut watch = Watch::new(&*rig, self.life.overlap());
        let wanted = self.life.prepare(&mut watch).await;
        let before = rig.calls().len();
        rig.inject(before + self.call, self.fault);
        self.live(&*rig, &mut watch, &wanted, false).await;
        rig.calls().split_off(before)
    }

    /// The runs after the second fault; none if it never struck.
    async fn with(self, call: usize, second: Fault) -> Option<Runs> {
        let rig = (self.system.make)();
        let mut watch = Watch::new(&*rig, self.life.overlap());
        let wanted = self.life.prepare(&mut watch).await;
        let before = rig.calls().len();
        rig.inject(before + self.call, self.fault);
        rig.inject(before + call, second);
        self.live(&*rig, &mut watch, &wanted, true).await;
        let struck = rig.unfired() == 0;
        rig.calm();
        let wanted = (self.life != Life::Delete).then_some(&wanted);
        let runs = recover(&mut watch, self.life, wanted).await;
        struck.then_some(runs)
    }

    /// The run in question and those after it, until one is quiet or, if `until_struck`, the last fault has struck.
    async fn live(self, rig: &dyn ContestedRig, watch: &mut Watch<'_>, wanted: &RotationArgs, until_struck: bool) {
        for _ in 0..=RETRIES {
            let quiet = self.life.run(watch, wanted).await.is_quiet();
            rig.clock().advance(MINUTE);
            if quiet || (until_struck && rig.unfired() == 0) {
                return;
            }
        }
    }
}

fn writes(call: &str) -> bool {
    ["Create", "Delete", "Update", "Tag", "Untag"].iter().any(|verb| call.starts_with(verb))
}
