//! The engine or the plugin is killed at every call that the plugin makes while it delivers a key, and plain runs mend it. Whenever
//! consumers read the secret, what they read works.
//!
//! The calls are those of a run that nobody disturbs, recorded first; so a change in what the plugin
//! calls changes what is tested.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use engine::delivery::{AWS_SECRET, DeliveryScene};
use engine::{Fault, Rule, TOKEN, USER, Victim};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;

/// At most so many plain runs until one finds nothing to do.
const RUNS: usize = 4;
/// After that long a key is accepted every time.
const SETTLED: Duration = Duration::from_secs(60);
const UP: &[&str] = &["up", "--yes", "--skip-preview"];
const DESTROY: &[&str] = &["destroy", "--yes", "--skip-preview"];
/// Fails as long as it found something to do.
const QUIET_UP: &[&str] = &["up", "--yes", "--skip-preview", "--expect-no-changes"];

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for life in [Life::Create, Life::Rotate, Life::Delete] {
        let calls = record(life).with_context(|| format!("recording the calls of {life:?}"))?;
        for (number, action) in (1..).zip(&calls) {
            trials.extend(kills(life, number, action));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The run that is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Create,
    Rotate,
    Delete,
}

/// A kill at the call with this number: before its effect, or after it.
#[derive(Debug, Clone, Copy)]
struct Kill {
    life: Life,
    call: u64,
    victim: Victim,
    fault: Hold,
}

type Hold = fn() -> Fault;

/// Reading changes nothing, so a kill after it is the same as one before the next call.
fn kills(life: Life, call: u64, action: &str) -> Vec<Trial> {
    let reads = ["Get", "List", "Describe"].iter().any(|prefix| action.starts_with(prefix));
    let moments: [(&str, Hold); 2] = [("before", || Fault::HoldBefore), ("after", || Fault::HoldAfter)];
    let mut trials = Vec::new();
    for (moment, fault) in moments.into_iter().take(if reads { 1 } else { 2 }) {
        for victim in [Victim::Plugin, Victim::Engine] {
            let kill = Kill { life, call, victim, fault };
            let name = format!("{life:?} call {call:02} {moment} {action} kill {victim:?}").to_lowercase();
            trials.push(Trial::test(name, move || kill.run().map_err(|error| Failed::from(format!("{error:#}")))));
        }
    }
    trials
}

/// The actions that an undisturbed run calls, in order.
fn record(life: Life) -> Result<Vec<String>> {
    let place = life.prepare()?;
    let before = place.scene.cloud.calls().len();
    place.scene.work.run(life.command())?.expect_success()?;
    let calls: Vec<String> = place.scene.cloud.calls().into_iter().skip(before).map(|entry| entry.action).collect();
    ensure!(calls.iter().any(|action| action == life.decisive()), "{life:?} did not do its work: {calls:?}");
    Ok(calls)
}

impl Life {
    /// A place in which the next run is the one to disturb.
    fn prepare(self) -> Result<DeliveryScene> {
        let place = DeliveryScene::start()?;
        declare(&place, "1")?;
        if self != Self::Create {
            place.scene.work.run(UP)?.expect_success()?;
            place.scene.clock.advance(SETTLED)?;
        }
        if self == Self::Rotate {
            declare(&place, "2")?;
        }
        place.scene.cloud.restart_count();
        Ok(place)
    }

    /// What is run, and run again.
    fn command(self) -> &'static [&'static str] {
        if self == Self::Delete { DESTROY } else { UP }
    }

    /// The call that the run is about.
    fn decisive(self) -> &'static str {
        match self {
            Self::Create | Self::Rotate => "PutSecretValue",
            Self::Delete => "DeleteAccessKey",
        }
    }
}

fn declare(place: &DeliveryScene, release: &str) -> Result<()> {
    let fields = json!({ "accessKeyId": "AWS_ACCESS_KEY_ID", "secretAccessKey": "AWS_SECRET_ACCESS_KEY" });
    let secret = json!({ "secretId": AWS_SECRET, "fields": fields, "extra": { "AWS_REGION": "eu-central-1" } });
    place.declare_aws(json!({ "keepers": { "release": release }, "deliveries": [{ "awsSecretsManager": secret }] }))
}

impl Kill {
    fn run(self) -> Result<()> {
        let place = self.life.prepare()?;
        let rule = Rule::new((self.fault)()).at_call(self.call);
        place.scene.run_killed(self.life.command(), self.victim, rule)?;
        self.consumers_read(&place).context("after the kill")?;
        let runs = self.mend(&place)?;
        if self.life != Life::Delete {
            let read = place.consume_aws().with_context(|| format!("after {runs} runs"))?;
            let current = place.scene.work.state()?.output(TOKEN, "/accessKeyId")?;
            ensure!(current == *read, "consumers read {read}, and the current key is {current}");
            // What a run that died left in the hands of somebody goes after its overlap.
            self.outlive(&place)?;
            place.scene.work.run(DESTROY)?.expect_success()?;
        }
        place.expect_given_back()?;
        let left = place.scene.cloud.key_ids(USER);
        ensure!(left.is_empty(), "keys are left: {left:?}");
        place.scene.search_all()
    }

    /// Plain runs until one has nothing to do; a rotation that waits for the quota is waited for.
    fn mend(self, place: &DeliveryScene) -> Result<usize> {
        let command = if self.life == Life::Delete { DESTROY } else { QUIET_UP };
        let mut last = String::new();
        for run in 1..=RUNS {
            let ended = place.scene.work.run(command)?;
            self.consumers_read(place).with_context(|| format!("after run {run}"))?;
            let waits = self.waits(place)?;
            if ended.success && !waits {
                return Ok(run);
            }
            last = ended.text;
        }
        anyhow::bail!("after {RUNS} runs there is still something to do:\n{last}")
    }

    fn waits(self, place: &DeliveryScene) -> Result<bool> {
        if self.life == Life::Delete {
            return Ok(false);
        }
        let waits = !place.scene.work.state()?.output(TOKEN, "/deferred")?.is_null();
        if waits {
            place.scene.wait_hours(13)?;
        }
        Ok(waits)
    }

    /// One more rotation, once every overlap is over, ends with two keys that are both known.
    fn outlive(self, place: &DeliveryScene) -> Result<()> {
        place.scene.wait_hours(26)?;
        declare(place, "3")?;
        for _ in 0..RUNS {
            place.scene.work.run(UP)?.expect_success()?;
            place.consume_aws()?;
            if !self.waits(place)? {
                return Ok(());
            }
        }
        anyhow::bail!("the next rotation never comes")
    }

    /// Before the first key and after the last one consumers read what stood there before; else a key that works.
    fn consumers_read(self, place: &DeliveryScene) -> Result<()> {
        if self.life != Life::Rotate && place.expect_before().is_ok() {
            return Ok(());
        }
        place.consume_aws().map(drop)
    }
}
