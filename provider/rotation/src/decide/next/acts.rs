//! What several rules say.

use super::terms::{Blocked, Next, Step, View};
use crate::{Cause, Entry, KeyId, Mark};

pub(super) fn act(step: Step, cause: Cause) -> Option<Next> {
    Some(Next::Do { step, cause })
}

/// Waits until the mark has been read as it stood when the run began, if that is not certain yet.
pub(super) fn unread_mark(view: &View<'_>) -> Option<Next> {
    act(Step::Settle(view.world.unread_until(view.capability)?), Cause::Unsettled)
}

pub(super) fn former(view: &View<'_>) -> Option<Next> {
    act(Step::DropFormer(view.world.observed.ledgers.former.first()?.clone()), Cause::Bookkeeping)
}

/// Blocked, once no claim of this run stands open.
pub(super) fn blocked(view: &View<'_>, why: Blocked) -> Next {
    if view.world.run.claim.is_some() {
        Next::Do { step: Step::Close, cause: Cause::Bookkeeping }
    } else {
        Next::Blocked(why)
    }
}

/// Whether an entry of our ledger is a key that was never given to anybody and that no state of ours knows: it may go.
pub(super) fn is_orphan(view: &View<'_>, id: &KeyId, entry: &Entry) -> bool {
    let world = view.world;
    let foreseen = world.run.foreseen.as_ref() == Some(id);
    let noted = world.state.has_unrecorded(id);
    entry.mark == Mark::Minting && !foreseen && !noted && !world.state.knows(id) && !world.run.removed.contains(id)
}
