//! One program over a year, and what is counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use localcloud::{LocalCloud, Options};
use plugin::KeyRotation;
use pulumi_provider::testing::{Action, Harness, Managed, Step, object};
use pulumi_provider::{Object, Value};
use rotation::Clock;
use rotation::testing::ManualClock;
use vault_servers::SharedClock;

use crate::programs::{Expected, Program};
use crate::support::config_of_aws;

const USER: &str = "deployer";
/// How long after its preview an `up` begins.
const REVIEW: SignedDuration = SignedDuration::from_secs(20);

/// What a year came to.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    runs: usize,
    rotations: usize,
    /// The greatest age at which a key still existed.
    oldest: SignedDuration,
    /// Updates although the program said the same and no key changed.
    needless: Vec<String>,
    /// Previews that said something else than what `up` did.
    disagreements: Vec<String>,
    /// Runs that failed.
    failed: Vec<String>,
    /// Runs that left a rotation waiting for a place.
    deferred: usize,
    /// Superseded keys that lived for less than their overlap, and moments without a working key.
    outages: Vec<String>,
}

impl Counts {
    pub(crate) fn line(&self, name: &str) -> String {
        format!(
            "time: {name}: {} runs, {} rotations, oldest key {}, {} needless updates, {} previews that differ, {} deferred, {} failed",
            self.runs,
            self.rotations,
            rotation::format_duration(SignedDuration::from_hours(self.oldest.as_hours())),
            self.needless.len(),
            self.disagreements.len(),
            self.deferred,
            self.failed.len()
        )
    }

    pub(crate) fn must_be(&self, expected: &Expected) -> Result<(), String> {
        let mut wrong = Vec::new();
        if !expected.rotations.contains(&self.rotations) {
            wrong.push(format!("{} rotations, expected {:?}", self.rotations, expected.rotations));
        }
        if self.oldest > expected.oldest {
            wrong.push(format!("a key of {}, expected at most {}", self.oldest, expected.oldest));
        }
        for (what, told) in [
            ("needless", &self.needless),
            ("preview", &self.disagreements),
            ("failed", &self.failed),
            ("outage", &self.outages),
        ] {
            wrong.extend(told.iter().map(|told| format!("{what}: {told}")));
        }
        if (self.deferred > 0) != expected.defers {
            wrong.push(format!("{} deferred runs", self.deferred));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }
}

struct World {
    clock: ManualClock,
    cloud: LocalCloud,
    harness: Harness,
    /// The living keys, with their creation, and whether they work.
    keys: BTreeMap<String, (Timestamp, bool)>,
}

impl World {
    async fn start(at: Timestamp) -> Self {
        let clock = ManualClock::new(at);
        let mut options = Options::new(SharedClock::new(&clock).shared());
        options.hang_advances = SignedDuration::from_secs(31);
        let cloud = LocalCloud::start(options).unwrap();
        cloud.aws().create_user(USER).unwrap();
        let harness = Harness::start(KeyRotation::new(Arc::new(clock.clone()))).await.unwrap();
        harness.configure(config_of_aws(&cloud, &cloud.aws().admin_credentials())).await.unwrap();
        Self { clock, cloud, harness, keys: BTreeMap::new() }
    }

    /// Looks at the keys that exist: whether they changed since the last look.
    fn look(&mut self, counts: &mut Counts) -> bool {
        let now = self.clock.now();
        let oldest = self.keys.values().map(|(made, _)| now.duration_since(*made)).max().unwrap_or_default();
        counts.oldest = counts.oldest.max(oldest);
        let aws = self.cloud.aws();
        let shown: BTreeMap<_, _> =
            aws.keys(USER).into_iter().map(|key| (key.id.clone(), (key.created, aws.works(&key.id)))).collect();
        let changed = shown != self.keys;
        self.keys = shown;
        changed
    }

    fn warned(&self, words: &str) -> usize {
        self.harness.logged().iter().filter(|line| line.message.contains(words)).count()
    }
}

/// Lives through the runs of a program.
pub(crate) async fn lived(program: &Program) -> Counts {
    let runs = (program.runs)();
    let mut world = World::start(runs[0]).await;
    let mut key = world.harness.resource("keyrotation:aws:RotatingApiKey", "key");
    let mut counts = Counts::default();
    let mut before: Option<Object> = None;
    for (number, at) in runs.into_iter().enumerate() {
        world.clock.advance(at.duration_since(world.clock.now()).max(SignedDuration::ZERO));
        world.look(&mut counts);
        let inputs = of_program(program, number);
        key.ignore_changes = if (program.ignores)(number) { vec!["schedule".to_owned()] } else { Vec::new() };
        let said = key.preview(&inputs).await;
        world.clock.advance(REVIEW);
        let place = format!("run {number} at {at}");
        match (said, one_up(&mut world, &mut key, &inputs, &mut counts).await) {
            (Ok(said), Ok((step, changed))) => {
                let is_same = before.as_ref() == Some(&inputs) && !ignores_anew(program, number);
                if step.action == Action::Update && is_same && !changed && !waits(&step.outputs) {
                    counts.needless.push(format!("{place}: {:?}", step.changed));
                }
                counts.deferred += usize::from(waits(&step.outputs));
                counts.disagreements.extend(differences(&said, &step).map(|what| format!("{place}: {what}")));
            }
            (said, done) => {
                let told = said.err().map(|problem| format!("{problem:?}"));
                counts.failed.push(format!("{place}: {:?} {:?}", told, done.err()));
            }
        }
        counts.runs += 1;
        before = Some(inputs);
    }
    world.look(&mut counts);
    assert!(world.warned("") > 0, "something was said in a year");
    counts
}

/// A run, and whether it changed the keys in the cloud. What depends on the outputs uses the new key from then on.
async fn one_up(
    world: &mut World,
    key: &mut Managed,
    inputs: &Object,
    counts: &mut Counts,
) -> Result<(Step, bool), String> {
    let generation = |key: &Managed| key.saved.as_ref().and_then(|saved| saved.outputs["generation"].as_number());
    let before = generation(key);
    let step = key.up(inputs).await.map_err(|problem| format!("{problem:?}"))?;
    counts.rotations += usize::from(before.is_some() && generation(key) != before);
    let changed = world.look(counts);
    let current = key.saved.as_ref().and_then(|saved| saved.outputs["accessKeyId"].as_str()).unwrap_or_default();
    if !world.cloud.aws().works(current) {
        counts.outages.push(format!("the current key {current} does not work at {}", world.clock.now()));
    }
    Ok((step, changed))
}

fn of_program(program: &Program, number: usize) -> Object {
    let mut inputs = object([("user", USER.into())]);
    inputs.extend((program.inputs)(number));
    inputs
}

fn ignores_anew(program: &Program, number: usize) -> bool {
    number > 0 && (program.ignores)(number) != (program.ignores)(number - 1)
}

fn waits(outputs: &Object) -> bool {
    outputs.get("deferred").is_some_and(|deferred| !deferred.is_null())
}

/// In what a preview and the run after it differ: what they do, and every output that the preview gave a value.
fn differences(said: &Step, done: &Step) -> impl Iterator<Item = String> {
    let action = (said.action != done.action).then(|| format!("{:?} became {:?}", said.action, done.action));
    // Outputs that no schema names are bookkeeping that no program reads.
    let is_read = |name: &&String| {
        !["pending", "retiring", "deferred", "behindAt", "instance", "claimOpen"].contains(&name.as_str())
    };
    let names = said
        .outputs
        .keys()
        .filter(is_read)
        .filter(|name| said.action == Action::Update && !done.outputs.is_empty() && *name != "warnings");
    let differs = |name: &String| {
        let (told, is) = (&said.outputs[name], done.outputs.get(name).unwrap_or(&Value::Null));
        (!told.contains_unknown() && !told.same(is)).then(|| format!("{name}: {told:?} became {is:?}"))
    };
    let outputs: Vec<_> = names.filter_map(differs).collect();
    // A new key that the preview did not announce.
    let foretold = said.outputs.get("secretAccessKey").is_some_and(Value::is_unknown) || said.action != Action::Update;
    let same = said
        .outputs
        .get("accessKeyId")
        .zip(done.outputs.get("accessKeyId"))
        .is_some_and(|(one, other)| one.same(other));
    let silent = (!foretold && !same).then(|| "a rotation that the preview did not announce".to_owned());
    let idle =
        (said.action == Action::Update && foretold && said.outputs.get("generation") != done.outputs.get("generation"))
            .then(|| "an announced rotation that did not happen as announced".to_owned());
    action.into_iter().chain(outputs).chain(silent).chain(idle)
}
