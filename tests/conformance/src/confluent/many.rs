//! A hundred keys at once, where five calls a second are taken.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use cloud::{Cloud, RotatingResource};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all, pending};
use jiff::{SignedDuration, Timestamp};
use localcloud::confluent::{Activations, RateLimit};
use rotation::testing::{Life, ManualClock, NeverStop, Rig};
use rotation::{
    Ask, Clock, Goal, KeyState, Known, OwnerId, RotationArgs, RunContext, Verification, Want, run, schedule,
};
use serde_json::json;
use system_confluent::{Confluent, ConfluentApiKey};

use super::LocalConfluent;

const KEYS: usize = 100;
/// Calls of one Create that go to Confluent's own APIs, as docs/cost.md has them.
const CALLS: usize = 8;

/// All of one process, so that they share its budget.
pub(super) async fn share_one_budget(cloud: &LocalConfluent) -> Result<()> {
    let confluent = cloud.confluent();
    let owners = (0..KEYS).map(|number| confluent.create_service_account(&format!("ci-{number}")));
    let owners = owners.collect::<Result<Vec<_>, _>>()?;
    confluent.change_settings(|settings| {
        settings.activation = Activations::immediate();
        settings.rate_limit = Some(RateLimit::per_second(5));
    });
    let clock: Arc<dyn Clock> = Arc::new(Patient(cloud.clock().clone()));
    let system = Confluent::new(Arc::clone(&clock));
    system.configure(serde_json::from_value(cloud.config())?);
    let system = ConfluentApiKey(Arc::new(system));
    let made = join_all(owners.iter().map(|owner| create(&system, &*clock, owner))).await;
    for state in made {
        state?.current.context("there is no current key")?;
    }
    let journal = cloud.cloud().journal();
    let refused = journal.iter().filter(|entry| entry.answered == Some(429)).count();
    ensure!(refused <= KEYS / 20, "{refused} calls were refused: a loop");
    ensure!(journal.len() <= KEYS * CALLS + refused, "{} calls", journal.len());
    ensure!(confluent.keys("", "cloud").len() == KEYS + 1, "each owner has one key, and the administrator has one");
    Ok(())
}

async fn create(system: &ConfluentApiKey, clock: &dyn Clock, owner: &str) -> Result<KeyState> {
    let issuer = system.issuer(&serde_json::from_value(json!({ "owner": { "id": owner } }))?, Known::default());
    // The pauses of all others pass between two tries of one key.
    let verification = Some(Verification { successes: 3, timeout: SignedDuration::from_hours(24) });
    let args = RotationArgs { verification, ..Life::inputs("1", false) };
    let ask = Ask { args: &args, keepers_unknown: false, suspended: false };
    let schedule = schedule(None, ask, clock.now()).schedule;
    let urn = OwnerId::new(owner, owner);
    let want = Want::Current(Goal::new("i", &args, &schedule));
    let (nonce, note) = (|| "n".to_owned(), |_| ());
    let (stop, warn) = (&NeverStop, &note);
    let context = RunContext {
        issuer: &*issuer,
        stores: &[],
        readers: &[],
        derived: &|material| material,
        clock,
        stop,
        owner: &urn,
        want: &want,
        nonce: &nonce,
        note: &note,
        warn,
    };
    run(context, KeyState::new("i".to_owned())).await.map_err(|interrupted| interrupted.error.into())
}

/// Time that moves whenever one of many waits, and in which no call is too late: others' pauses would make it so.
struct Patient(ManualClock);

impl Clock for Patient {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn wait(&self, duration: SignedDuration) -> BoxFuture<'_, ()> {
        self.0.wait(duration)
    }

    fn timer(&self, _: SignedDuration) -> BoxFuture<'static, ()> {
        pending().boxed()
    }
}
