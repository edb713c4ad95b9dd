use jiff::{SignedDuration, Timestamp};
use rotation::testing::{Fault, InMemoryCloud, InMemoryRules, Life, ManualClock, Rig, Watch};

use crate::AwsRig;

const START: Timestamp = Timestamp::constant(1_767_225_600, 0);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Makes a fresh system.
pub type MakeRig = fn() -> Box<dyn Rig>;

/// Every system, by name.
pub fn rigs() -> [(&'static str, MakeRig); 3] {
    [
        ("model", || in_memory(SignedDuration::ZERO)),
        ("model-lagging", || in_memory(SignedDuration::from_secs(20))),
        ("aws", aws),
    ]
}

/// One fault at one call of one life.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Where.
    pub make: MakeRig,
    /// In which run.
    pub life: Life,
    /// At which call of that run, from 0.
    pub call: usize,
    /// How.
    pub fault: Fault,
}

impl Case {
    /// Runs it: the life, the fault, and then plain runs until nothing is to be done, and a destroy.
    ///
    /// # Panics
    /// When an invariant is broken, or the fault never struck.
    pub async fn prove(self) {
        let rig = (self.make)();
        let mut watch = Watch::new(&*rig, Life::OVERLAP);
        let wanted = self.life.prepare(&mut watch).await;
        rig.inject(rig.calls().len() + self.call, self.fault);
        self.life.run(&mut watch, &wanted).await;
        assert_eq!(rig.unfired(), 0, "the fault never struck");
        rig.calm();
        rig.clock().advance(MINUTE);
        if self.life != Life::Delete {
            watch.until_quiet(&wanted).await;
        }
        watch.destroyed().await;
    }
}

/// The calls that a run of this kind makes when nothing fails.
pub async fn calls_of(make: MakeRig, life: Life) -> Vec<String> {
    let rig = make();
    let mut watch = Watch::new(&*rig, Life::OVERLAP);
    let wanted = life.prepare(&mut watch).await;
    let before = rig.calls().len();
    let outcome = life.run(&mut watch, &wanted).await;
    assert!(outcome.is_done(), "{life:?}: {outcome:?}");
    rig.calls().split_off(before)
}

fn in_memory(lists_after: SignedDuration) -> Box<dyn Rig> {
    Box::new(InMemoryCloud::new(InMemoryRules::like_aws(lists_after), ManualClock::new(START)))
}

fn aws() -> Box<dyn Rig> {
    match AwsRig::start(ManualClock::new(START)) {
        Ok(rig) => Box::new(rig),
        Err(error) => unreachable!("the stand-in does not start: {error}"),
    }
}
