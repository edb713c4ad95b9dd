use jiff::Timestamp;

use crate::next::{awaits_users, deferral, mint_cause};
use crate::warnings::of_deferral;
use crate::{Blocked, Capability, Cause, Event, KeyId, KeyState, Minted, Next, Step, View, Want, World, next, reduce};

/// What a run would do if every call succeeded: the preview.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Why a new key would be made, if one would.
    pub mint: Option<Cause>,
    /// The generation of the new key, or of the one that an earlier run made and this one makes current.
    pub generation: Option<u64>,
    /// The keys that would be deleted, each with the reason.
    pub retire: Vec<(KeyId, Cause)>,
    /// The keys that would be taken out of what users publish.
    pub withdraw: Vec<KeyId>,
    /// Whether the new key would wait until users have published it.
    pub waits: bool,
    /// The keys that would be given more time.
    pub renew: Vec<KeyId>,
    /// The rotation that would wait, in a sentence.
    pub deferred: Option<String>,
    /// What would stop it.
    pub blocked: Option<Blocked>,
}

/// Unfolds [`next`](fn@next) over assumed success, on a system that shows just what the state says. Makes no call.
pub fn plan(state: &KeyState, want: &Want, capability: &Capability, now: Timestamp) -> Plan {
    let mut world = World::assumed(state.clone(), now);
    let mut plan = Plan::default();
    for _ in 0..LONGEST {
        let view = View { world: &world, want, capability, configured: None, now };
        match next(&view) {
            Next::Idle => {
                if let Want::Current(goal) = want {
                    plan.deferred = deferral(&view, goal).map(|deferred| of_deferral(&view, goal, &deferred));
                }
                break;
            }
            Next::Blocked(why) => {
                plan.blocked = Some(why);
                break;
            }
            Next::Do { step, cause } => {
                note(&mut plan, &world, (&step, cause), want);
                world = assume(step, &view);
            }
        }
    }
    let pending = world.state.pending.as_ref();
    plan.generation = pending.map(|key| key.generation);
    plan.waits = pending.is_some_and(|key| world.awaited.contains(&key.id));
    let continues = pending.is_some() && plan.mint.is_none();
    if let (Want::Current(goal), true) = (want, continues) {
        plan.mint = mint_cause(state, goal);
    }
    plan
}

/// More steps than any run has.
const LONGEST: usize = 64;

fn note(plan: &mut Plan, world: &World, (step, cause): (&Step, Cause), want: &Want) {
    match (step, want) {
        (Step::Mint, Want::Current(goal)) => plan.mint = mint_cause(&world.state, goal),
        (Step::Retire(id) | Step::MakeRoom(id), _) => plan.retire.push((id.clone(), cause)),
        (Step::Withdraw(id), _) => plan.withdraw.push(id.clone()),
        (Step::Renew(id), _) => plan.renew.push(id.clone()),
        _ => {}
    }
}

fn assume(step: Step, view: &View<'_>) -> World {
    let View { want, capability, now, .. } = *view;
    let world = view.world.clone();
    match step {
        Step::Settle(until) => {
            let mut observed = world.observed.clone();
            observed.at = until;
            reduce(world, Event::Observed(observed))
        }
        // Asked for is the use of a superseded key that no run was ever told: it is assumed to be out of use.
        Step::Inspect(id) => reduce(world, Event::Inspected(id, crate::LastUse::Never)),
        Step::Disown(id) => reduce(world, Event::Disowned(id, now)),
        Step::Complete(id) => reduce(world, Event::Completed(id, now)),
        Step::Forget(id) | Step::Discard(id) | Step::MakeRoom(id) | Step::Retire(id) => {
            reduce(world, Event::Removed(id))
        }
        Step::Withdraw(id) => reduce(world, Event::Withdrawn(id, now)),
        Step::Disable(id) => reduce(world, Event::Disabled(id, now)),
        Step::Claim => reduce(world, Event::Claimed(String::new(), None)),
        Step::Mint => match want {
            Want::Current(goal) => {
                let minted =
                    Minted { id: KeyId(String::new()), created_at: now, material: Default::default(), expiry: None };
                let waits = awaits_users(view).then(|| Event::Awaited(minted.id.clone()));
                let world = reduce(world, Event::Minted(minted, goal.trigger.clone()));
                waits.into_iter().fold(world, reduce)
            }
            Want::Gone => world,
        },
        Step::Verify => reduce(world, Event::Verified(now)),
        Step::Renew(id) => reduce(world, Event::Renewed(id, None)),
        Step::Record | Step::Close => {
            let ledger = world.wanted_ledger(capability);
            reduce(world, Event::LedgerWritten(Some(ledger)))
        }
        Step::DropFormer(owner) => reduce(world, Event::FormerDropped(owner)),
        Step::DropLedger => reduce(world, Event::LedgerWritten(None)),
    }
}
