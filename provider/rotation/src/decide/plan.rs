use jiff::Timestamp;

use super::World;
use super::next::{Blocked, Next, Step, View, Want, deferral, mint_cause, next, waits_for_users};
use super::warnings::of_deferral;
use crate::act::reduce;
use crate::{Capability, Cause, KeyId, KeyState};

/// What a run would do if every call succeeded: the preview.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Why a new key would be made, if one would.
    pub mint: Option<Cause>,
    /// The generation of the new key, or of the one that an earlier run made and this one makes current.
    pub generation: Option<u64>,
    /// The keys that would be deleted, each with the reason.
    pub retire: Vec<(KeyId, Cause)>,
    /// New keys that would be deleted although nobody was given them, each with the reason.
    pub discard: Vec<(KeyId, Cause)>,
    /// The keys that would be disabled, each with the reason.
    pub disable: Vec<(KeyId, Cause)>,
    /// The keys that would be taken out of what users publish.
    pub withdraw: Vec<KeyId>,
    /// Whether the new key would wait until users have published it.
    pub waits: bool,
    /// The keys that would be given more time.
    pub renew: Vec<KeyId>,
    /// The stores that would hand over the new key, or the current one that they lack, each with the reason.
    pub deliver: Vec<(String, Cause)>,
    /// The keys whose secret would be read back, each with the store.
    pub recall: Vec<(KeyId, String)>,
    /// The stores that would be left.
    pub leave: Vec<String>,
    /// The rotation that would wait, in a sentence.
    pub deferred: Option<String>,
    /// What would stop it.
    pub blocked: Option<Blocked>,
}

/// Unfolds [`next`](fn@next) over assumed success, on a system that shows just what the state says. Makes no call.
pub fn plan(state: &KeyState, want: &Want, capability: &Capability, now: Timestamp) -> Plan {
    let mut world = World::assumed(state.clone(), now);
    let mut plan = Plan::default();
    let stores = if let Want::Current(goal) = want { goal.deliveries.len() } else { 0 } + state.deliveries.len();
    for _ in 0..LONGEST + 4 * stores {
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
                let event = step.act().assumed(&view);
                world = event.into_iter().fold(world.clone(), reduce);
            }
        }
    }
    let pending = world.state.pending.as_ref();
    plan.generation = pending.map(|key| key.generation);
    plan.waits = waits_for_users(&View { world: &world, want, capability, configured: None, now });
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
        (Step::Discard(id), _) => plan.discard.push((id.clone(), cause)),
        (Step::Disable(id), _) => plan.disable.push((id.clone(), cause)),
        (Step::PromoteIn(target, _), _) => plan.deliver.push((target.label.clone(), cause)),
        (Step::Recall(target, _, id), _) => plan.recall.push((id.clone(), target.label.clone())),
        (Step::Withdraw(target), _) => plan.leave.push(target.label.clone()),
        (Step::Unlist(id), _) => plan.withdraw.push(id.clone()),
        (Step::Renew(id), _) => plan.renew.push(id.clone()),
        _ => {}
    }
}
