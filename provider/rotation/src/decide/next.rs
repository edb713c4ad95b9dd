//! The decision. [`next`] looks at what the state says, what the system shows and what is wanted, and names one step.

mod acts;
mod causes;
mod deliver;
mod gone;
mod gone_keys;
mod leftovers;
mod mark;
mod mint;
mod pending;
mod renew;
mod retire;
mod room;
mod secrets;
mod stages;
mod stores;
mod terms;

pub(crate) use causes::mint_cause;
pub(crate) use pending::ATTEMPTS;
pub(crate) use renew::{needed_for, renew_at};
pub(crate) use retire::{is_unconfirmed, kept_in_use};
pub(crate) use room::{deferral, has_working_key, last_use_of};
pub(crate) use stages::{is_ready, waits_for_users};
pub use terms::{Blocked, Goal, Next, Step, View, Want};

/// One rule of the decision: the step that it asks for, if it asks for any.
type Rule = fn(&View<'_>, &Goal) -> Option<Next>;

/// The rules of a life, in their order: the first that asks for a step has it.
const TOWARD_CURRENT: [Rule; 12] = [
    // What is gone counts for nothing below.
    gone_keys::lost_keys,
    // What consumers read already is newer than anything that the state knows.
    stores::ahead,
    // What an interrupted run left may be the very key that is wanted, or take its place.
    leftovers::resolve,
    // A key that was made is finished before another one is thought of.
    pending::advance,
    // What consumers read is right before a key may go.
    stores::current,
    // A secret that a store still has need not be replaced.
    secrets::current,
    // A new key comes before any old one goes.
    mint::mint,
    // The mark calls the new key promoted before an old one goes, whatever dies in between.
    mark::close,
    // Consumers of a store that is left have another one by now.
    stores::former,
    // A key that is kept is kept alive.
    renew::renew,
    // A revoked key works no longer than its successor needs.
    retire::revoked,
    // What time ends comes last.
    retire::superseded,
];

/// Names the one step to take now. Pure: the same view gives the same answer.
pub fn next(view: &View<'_>) -> Next {
    match view.want {
        Want::Gone => gone::toward_gone(view),
        Want::Current(goal) => TOWARD_CURRENT.iter().find_map(|rule| rule(view, goal)).unwrap_or(Next::Idle),
    }
}
