//! The engine or the plugin is killed at every call that the plugin makes, and plain runs mend it.
//!
//! The calls are those of a run that nobody disturbs, recorded first; so a change in what the plugin
//! calls changes what is tested.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use engine::{Fault, Rule, Scene, TOKEN, USER, Victim};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;

/// At most so many plain runs until one finds nothing to do.
const RUNS: usize = 4;
/// After that long a key is accepted every time.
const SETTLED: Duration = Duration::from_secs(60);
/// The call that writes the mark.
const WRITE: &str = "TagUser";
const UP: &[&str] = &["up", "--yes", "--skip-preview"];
const DESTROY: &[&str] = &["destroy", "--yes", "--skip-preview"];
/// Fails as long as it found something to do.
const QUIET_UP: &[&str] = &["up", "--yes", "--skip-preview", "--expect-no-changes"];

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for life in [Life::Create, Life::Rotate, Life::Retire, Life::Delete] {
        let calls = record(life).with_context(|| format!("recording the calls of {life:?}"))?;
        let writes = calls.iter().filter(|action| *action == WRITE).count();
        for (number, action) in (1..).zip(&calls) {
            trials.extend(kills((life, writes), number, action));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The run that is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Create,
    Rotate,
    Retire,
    Delete,
}

/// Where the call stands at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before,
    After,
}

/// A kill at the call with this number.
#[derive(Debug, Clone, Copy)]
struct Kill {
    life: Life,
    call: u64,
    victim: Victim,
    moment: Moment,
    /// How often the undisturbed run writes the mark; the last time closes it.
    writes: usize,
}

/// Reading changes nothing, so a kill after it is the same as one before the next call.
fn kills((life, writes): (Life, usize), call: u64, action: &str) -> Vec<Trial> {
    let reads = action.starts_with("Get") || action.starts_with("List");
    let moments = if reads { &[Moment::Before][..] } else { &[Moment::Before, Moment::After] };
    let mut trials = Vec::new();
    for &moment in moments {
        for victim in [Victim::Plugin, Victim::Engine] {
            let kill = Kill { life, call, victim, moment, writes };
            let name = format!("{life:?} call {call:02} {moment:?} {action} kill {victim:?}").to_lowercase();
            trials.push(Trial::test(name, move || kill.run().map_err(|error| Failed::from(format!("{error:#}")))));
        }
    }
    trials
}

/// The actions that an undisturbed run calls, in order.
fn record(life: Life) -> Result<Vec<String>> {
    let (scene, _) = life.prepare()?;
    let before = scene.cloud.calls().len();
    scene.work.run(life.command())?.expect_success()?;
    let calls: Vec<String> = scene.cloud.calls().into_iter().skip(before).map(|entry| entry.action).collect();
    ensure!(calls.iter().any(|action| action == life.decisive()), "{life:?} did not do its work: {calls:?}");
    Ok(calls)
}

impl Life {
    /// A scene in which the next run is the one to disturb, and the keys that must work all through it.
    fn prepare(self) -> Result<(Scene, Vec<String>)> {
        let scene = Scene::start()?;
        let declare = |release: &str| scene.declare(json!({ "keepers": { "release": release } }));
        declare("1")?;
        if self != Self::Create {
            scene.work.run(UP)?.expect_success()?;
            scene.clock.advance(SETTLED)?;
        }
        if matches!(self, Self::Rotate | Self::Retire) {
            declare("2")?;
        }
        let mut keep = scene.cloud.key_ids(USER);
        if self == Self::Retire {
            scene.work.run(UP)?.expect_success()?;
            scene.wait_hours(26)?;
            keep = vec![scene.expect_known()?.current];
        }
        if self == Self::Delete {
            keep.clear();
        }
        scene.cloud.restart_count();
        Ok((scene, keep))
    }

    /// What is run, and run again.
    fn command(self) -> &'static [&'static str] {
        if self == Self::Delete { DESTROY } else { UP }
    }

    /// The call that the run is about.
    fn decisive(self) -> &'static str {
        match self {
            Self::Create | Self::Rotate => "CreateAccessKey",
            Self::Retire | Self::Delete => "DeleteAccessKey",
        }
    }

    /// How many keys there have been when all is well again: one for each trigger.
    fn generation(self) -> u64 {
        match self {
            Self::Create | Self::Delete => 1,
            Self::Rotate | Self::Retire => 2,
        }
    }
}

impl Kill {
    fn run(self) -> Result<()> {
        let (scene, keep) = self.life.prepare()?;
        let written = scene.cloud.count(WRITE);
        let fault = match self.moment {
            Moment::Before => Fault::HoldBefore,
            Moment::After => Fault::HoldAfter,
        };
        scene.run_killed(self.life.command(), self.victim, Rule::new(fault).at_call(self.call))?;
        let leaves_promoted = self.leaves_a_promoted_key(scene.cloud.count(WRITE) - written);
        still_work(&scene, &keep)?;
        if leaves_promoted && self.life == Life::Rotate {
            wait_for_a_place(&scene)?;
        }
        let runs = self.mend(&scene, &keep)?;
        if self.life == Life::Delete {
            return scene.expect_nothing_left();
        }
        if leaves_promoted && self.life == Life::Create {
            return outlive_promoted_key(&scene);
        }
        let known = scene.expect_known().with_context(|| format!("after {runs} runs"))?;
        ensure!(known.generation == self.life.generation(), "one trigger made generation {}", known.generation);
        ensure!(known.previous.is_some() == (self.life == Life::Rotate), "the previous key came out as {known:?}");
        end(&scene)
    }

    /// Plain runs until one has nothing to do.
    fn mend(self, scene: &Scene, keep: &[String]) -> Result<usize> {
        let command = if self.life == Life::Delete { DESTROY } else { QUIET_UP };
        let mut last = String::new();
        for run in 1..=RUNS {
            let ended = scene.work.run(command)?;
            still_work(scene, keep)?;
            if ended.success {
                return Ok(run);
            }
            last = ended.text;
        }
        anyhow::bail!("after {RUNS} runs there is still something to do:\n{last}")
    }

    /// Whether the mint was closed by a run whose answer nobody got: its last write had its effect. A plugin that outlives
    /// its engine finishes the call that it waits for, and on a busy machine those after it.
    fn leaves_a_promoted_key(self, writes: usize) -> bool {
        matches!(self.life, Life::Create | Life::Rotate) && writes == self.writes
    }
}

/// Insists that the keys that must work do.
fn still_work(scene: &Scene, keep: &[String]) -> Result<()> {
    let stopped: Vec<&String> = keep.iter().filter(|id| !scene.cloud.works(id)).collect();
    ensure!(stopped.is_empty(), "keys that worked stopped working: {stopped:?}");
    Ok(())
}

/// A rotation that died when its mint was closed leaves a key that somebody may have. At the quota the next one waits until half an overlap has
/// shown that nobody uses it, and no run fails meanwhile.
fn wait_for_a_place(scene: &Scene) -> Result<()> {
    scene.work.run(UP)?.expect_success()?;
    let deferred = scene.work.state()?.output(TOKEN, "/deferred")?;
    ensure!(!deferred.is_null(), "the rotation does not wait although both keys may be in use");
    scene.wait_hours(13)
}

/// The key of a Create that had closed its mint when it died is superseded as soon as a run has a current key that is younger, and goes after its
/// overlap, which the next rotation waits for.
fn outlive_promoted_key(scene: &Scene) -> Result<()> {
    let state = scene.work.state()?;
    let current = state.output(TOKEN, "/accessKeyId")?;
    let strange = scene.cloud.key_ids(USER).into_iter().find(|id| current != **id);
    let strange = strange.context("the key of the Create that died is gone")?;
    let told = state.output(TOKEN, "/warnings")?.to_string() + &state.output(TOKEN, "/foreignKeys")?.to_string();
    ensure!(told.contains(&strange), "nobody is told about {strange}: {told}");
    scene.declare(json!({ "keepers": { "release": "2" } }))?;
    scene.work.run(UP)?.expect_success()?;
    ensure!(scene.cloud.works(&strange), "a key that somebody may have lives for its overlap");
    scene.wait_hours(26)?;
    scene.work.run(UP)?.expect_success()?;
    ensure!(!scene.cloud.key_ids(USER).contains(&strange), "the key of the Create that died outlives its overlap");
    let known = scene.expect_known()?;
    ensure!(known.generation == 2 && known.previous.is_some(), "the next rotation came out as {known:?}");
    end(scene)
}

/// The end of a trial: nothing is left of it.
fn end(scene: &Scene) -> Result<()> {
    scene.work.run(DESTROY)?.expect_success()?;
    scene.expect_nothing_left()
}
