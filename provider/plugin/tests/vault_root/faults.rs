//! Every call to Vault of every run, failed in every way, and how often the secret turned by it.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use jiff::Timestamp;
use libtest_mimic::Trial;
use pulumi_provider::Object;
use pulumi_provider::testing::Action;
use rotation::Clock;
use rotation::testing::Fault;
use vault_servers::{Ground, Program};

use crate::database::{Kind, Make, Place};
use crate::engine::Engine;
use crate::stack::{DAY, MINUTE, Stack, inputs, is_order};
use crate::trial;

/// Which run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Create,
    Keepers,
    Period,
    Refresh,
}

/// Whose secret, by what Vault tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    /// Nothing.
    Connection,
    /// When it turned.
    StaticRole,
    /// Which key it is.
    Aws,
    /// The same, of a real engine.
    RealAws,
}

/// A secret that nobody has touched.
enum Subject<'a> {
    Database(Place<'a>),
    Aws(Engine),
}

const LIVES: [Life; 4] = [Life::Create, Life::Keepers, Life::Period, Life::Refresh];

pub(crate) fn trials(ground: &Arc<Ground>) -> Vec<Trial> {
    let postgres: &[Program] = &[Program::Postgres];
    let mut all = on(ground, Secret::Connection, postgres);
    all.extend(on(ground, Secret::StaticRole, postgres));
    all.extend(on(ground, Secret::Aws, &[]));
    all
}

/// On a real AWS engine.
pub(crate) fn real(ground: &Arc<Ground>) -> Vec<Trial> {
    on(ground, Secret::RealAws, &[])
}

fn on(ground: &Arc<Ground>, secret: Secret, needs: &'static [Program]) -> Vec<Trial> {
    let cases = LIVES.into_iter().flat_map(|life| Fault::ALL.into_iter().map(move |fault| (life, fault)));
    let test = |(life, fault)| {
        let name = format!("faults::{secret:?}::{life:?}::{fault:?}");
        trial(ground, name, needs, move |ground| prove(ground, secret, life, fault))
    };
    let twice = |life| {
        let name =
            format!("faults::{secret:?}::{life:?}::an_order_that_nobody_can_look_into_is_settled_by_the_next_run");
        trial(ground, name, needs, move |ground| settled_by_the_next_run(ground, secret, life))
    };
    let changing = LIVES.into_iter().filter(|life| *life != Life::Refresh);
    cases.map(test).chain(changing.map(twice)).collect()
}

/// More calls than a run repeats any one.
const REPEATS: usize = 4;

/// The order is carried out and its answer lost, and so are the answers of all that could be asked about it in that run.
fn settled_by_the_next_run(ground: &Ground, secret: Secret, life: Life) {
    let subject = Subject::new(ground, secret);
    let (mut stack, inputs) = subject.prepare(life);
    let (begun, generation) = (subject.turns(), stack.saved.as_ref().map_or(0.0, |_| stack.generation()));
    let silent = secret == Secret::Connection;
    // Which cluster it is, what is mounted, what is there, the order; then it is looked into, or ordered again.
    stack.inject(3, Fault::HangAfter);
    for more in 4..4 + REPEATS {
        stack.inject(more, if silent { Fault::HangAfter } else { Fault::Before });
    }
    let told = stack.fails(&inputs);
    assert!(told.contains("may have rotated") && told.contains("next `pulumi up`"), "{told}");
    stack.proxy.faults().clear();
    let in_doubt = stack.saved.as_ref().expect("it is kept in the state").clone();
    assert!(in_doubt.outputs.contains_key("unanswered") && stack.generation() == generation);
    assert_eq!(subject.turns() - begun, if silent { REPEATS } else { 1 });
    // Neither a refresh nor inputs that are what they were make it forget.
    stack.refresh().unwrap().unwrap();
    recover(&mut stack, &inputs, "after the doubt");
    assert_eq!(subject.turns() - begun, if silent { REPEATS + 1 } else { 1 });
    assert_eq!(stack.generation() - generation, 1.0);
    assert!(!stack.saved.as_ref().unwrap().outputs.contains_key("unanswered"));
    subject.only_vault_knows();
}

impl<'a> Subject<'a> {
    fn new(ground: &'a Ground, secret: Secret) -> Self {
        match secret {
            Secret::Connection => Self::Database(Place::new(ground, Make::Postgres, Kind::Connection)),
            Secret::StaticRole => Self::Database(Place::new(ground, Make::Postgres, Kind::StaticRole)),
            Secret::Aws => Self::Aws(Engine::stand_in()),
            Secret::RealAws => Self::Aws(Engine::real(ground)),
        }
    }

    fn turns(&self) -> usize {
        match self {
            Self::Database(place) => place.turns(),
            Self::Aws(engine) => engine.turns(),
        }
    }

    fn only_vault_knows(&self) {
        match self {
            Self::Database(place) => place.only_vault_knows(),
            Self::Aws(engine) => engine.only_vault_knows(),
        }
    }

    /// A stack just before the run, and the inputs of that run. A static role's clock is Vault's own, so its period begins at a
    /// moment that really passes.
    fn prepare(&self, life: Life) -> (Stack, Object) {
        let soon = Timestamp::now() + Duration::from_secs(1);
        let (mut stack, path) = match self {
            Self::Database(place) => (place.stack(soon - DAY), &place.path),
            Self::Aws(engine) => (engine.stack(), &engine.path),
        };
        let boundary = stack.clock.now() + DAY;
        let anchor = (boundary - DAY * 30).to_string();
        let plan = |keeper| {
            let more = [("rotationPeriod", "30d".into()), ("rotationAnchor", anchor.as_str().into())];
            inputs(path, keeper, more)
        };
        if life == Life::Create {
            return (stack, plan("1"));
        }
        stack.does(&plan("1"), Action::Create);
        match life {
            Life::Keepers => return (stack, plan("2")),
            Life::Period => stack.later(DAY + MINUTE * 2),
            _ => {}
        }
        if life == Life::Period && matches!(self, Self::Database(Place { kind: Kind::StaticRole, .. })) {
            sleep(Duration::from_millis(1100));
        }
        (stack, plan("1"))
    }
}

fn run(stack: &mut Stack, life: Life, inputs: &Object) -> bool {
    match life {
        Life::Refresh => stack.refresh().is_some(),
        _ => stack.up(inputs).is_some(),
    }
}

fn prove(ground: &Ground, secret: Secret, life: Life, fault: Fault) {
    let calls = {
        let subject = Subject::new(ground, secret);
        let (mut stack, inputs) = subject.prepare(life);
        let before = stack.proxy.calls().len();
        assert!(run(&mut stack, life, &inputs));
        stack.proxy.calls().split_off(before)
    };
    let order = calls.iter().position(|call| is_order(call));
    assert_eq!(order.is_some(), life != Life::Refresh, "{calls:?}");
    for (call, name) in calls.iter().enumerate() {
        let subject = Subject::new(ground, secret);
        let (mut stack, inputs) = subject.prepare(life);
        let (begun, generation) = (subject.turns(), stack.saved.as_ref().map_or(0.0, |_| stack.generation()));
        stack.inject(call, fault);
        let ended = run(&mut stack, life, &inputs);
        assert_eq!(stack.proxy.faults().unfired(), 0, "{name}: the fault never struck");
        stack.proxy.faults().clear();
        assert_eq!(ended, !matches!(fault, Fault::DieBefore | Fault::DieAfter), "{name}");
        recover(&mut stack, &inputs, name);
        let allowed = turns(secret, life, fault, order.map(|order| call.cmp(&order)));
        let turned = subject.turns() - begun;
        assert!(allowed.contains(&turned), "{name}: it turned {turned} times, not {allowed:?}");
        let own = if life == Life::Refresh || is_served(secret, life, fault, order, call) { 0.0 } else { 1.0 };
        assert_eq!(stack.generation() - generation, own, "{name}");
        subject.only_vault_knows();
    }
}

/// Plain runs until one has nothing to do.
fn recover(stack: &mut Stack, inputs: &Object, name: &str) {
    let quiet = (0..3).any(|_| {
        stack.later(MINUTE);
        stack.up(inputs).expect("nobody died").unwrap().action == Action::Same
    });
    assert!(quiet, "{name}: no run was quiet");
    stack.refresh().unwrap().unwrap();
    stack.does(inputs, Action::Same);
}

/// How often the secret may turn for one trigger, when a call failed that came so in relation to the order.
fn turns(secret: Secret, life: Life, fault: Fault, call: Option<std::cmp::Ordering>) -> RangeInclusive<usize> {
    use std::cmp::Ordering::{Equal, Greater};
    let Some(call) = call else { return 0..=0 };
    let died_after = call == Greater || (call == Equal && fault == Fault::DieAfter);
    match fault {
        // The engine saved nothing; a static role tells that it turned since the period began.
        Fault::DieBefore | Fault::DieAfter if died_after && (secret, life) == (Secret::StaticRole, Life::Period) => {
            1..=1
        }
        Fault::DieBefore | Fault::DieAfter if died_after => 2..=2,
        // Nobody tells whether a connection's password turned.
        Fault::After | Fault::HangAfter | Fault::Cut if call == Equal && secret == Secret::Connection => 2..=2,
        _ => 1..=1,
    }
}

/// Whether what Vault told was enough, so that the run after a death ordered nothing.
fn is_served(secret: Secret, life: Life, fault: Fault, order: Option<usize>, call: usize) -> bool {
    let dies = matches!(fault, Fault::DieBefore | Fault::DieAfter);
    let after = order.is_some_and(|order| call > order || (call == order && fault == Fault::DieAfter));
    dies && after && (secret, life) == (Secret::StaticRole, Life::Period)
}
