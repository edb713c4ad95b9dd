//! The mark says what is so.

use super::acts::{act, former};
use super::terms::{Goal, Next, Step, View};
use crate::{Cause, Ledger};

/// Writes it where it says something else.
pub(super) fn close(view: &View<'_>, _: &Goal) -> Option<Next> {
    let ledgers = &view.world.observed.ledgers;
    let wanted = view.world.wanted_ledger(view.capability);
    let is_said = ledgers.own.as_ref().is_some_and(|own| own.says(&wanted)) && !view.world.is_merged();
    if !is_said && (ledgers.own.is_some() || wanted != Ledger::default()) {
        return act(Step::Close, Cause::Bookkeeping);
    }
    former(view)
}
