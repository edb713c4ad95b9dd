//! What an interrupted run may have left: orphans that the ledger names, and the one suspect of an unanswered mint.

use jiff::{SignedDuration, Timestamp};

use super::acts::{act, is_orphan, unread_mark};
use super::deliver;
use super::terms::{Goal, Next, Step, View};
use crate::decide::World;
use crate::time::later;
use crate::{Cause, Claim, KeyId, LastUse, Mark, Marks, Observed, ObservedKey};

/// Clocks of this machine and of the system may differ by so much.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// The next step that clears away what an interrupted run left, if there is one.
pub(super) fn resolve(view: &View<'_>, _: &Goal) -> Option<Next> {
    orphan(view).or_else(|| settle(view)).or_else(|| suspect(view))
}

/// When lists can be believed about a claim that is not of this run; none if there is no such claim or it is answered and seen.
pub(super) fn unsettled_until(view: &View<'_>) -> Option<Timestamp> {
    let claim = old_claim(view)?;
    let World { observed, run, .. } = view.world;
    let seen = answers(view, claim).any(|id| observed.keys.contains_key(&id) || run.removed.contains(&id));
    let until = settled(view, claim);
    (!seen && view.world.seen_at() < until).then_some(until)
}

/// Keys that may be the result of the unanswered attempt.
fn suspects<'a>(view: &View<'a>) -> Vec<&'a ObservedKey> {
    let Some(claim) = old_claim(view).filter(|claim| answers(view, claim).next().is_none()) else {
        return Vec::new();
    };
    let observed = &view.world.observed;
    let from = claim.at.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let to = later(later(claim.at, view.capability.mint_timeout), SKEW);
    let appeared =
        observed.keys.values().filter(|key| !claim.known.contains(&key.id) && (from..=to).contains(&key.created_at));
    appeared.filter(|key| !is_accounted(view, &key.id) && !view.world.is_read((&key.id, 0))).collect()
}

fn orphan(view: &View<'_>) -> Option<Next> {
    let World { observed, .. } = view.world;
    let entries = &observed.ledgers.own.as_ref()?.keys;
    let orphans = entries.iter().filter(|(id, entry)| is_orphan(view, id, entry));
    // One that consumers read in a store goes only after they read the next one.
    let mut orphans = orphans.filter(|(id, entry)| !view.world.is_read((id, entry.generation.unwrap_or_default())));
    let (id, entry) = orphans.find(|(id, entry)| !view.world.is_gone(id, entry, view.capability))?;
    if observed.keys.contains_key(id) {
        // It may have been promoted a moment ago, by a run that this state does not know: then somebody uses it.
        let unstaged = || deliver::unstage(view, (id, entry.generation.unwrap_or_default()), Cause::Orphan);
        return unread_mark(view).or_else(unstaged).or_else(|| act(Step::Discard(id.clone()), Cause::Orphan));
    }
    act(Step::Settle(later(entry.since, view.capability.settle)), Cause::Unsettled)
}

fn settle(view: &View<'_>) -> Option<Next> {
    act(Step::Settle(unsettled_until(view)?), Cause::Unsettled)
}

/// Removes the one key that an unanswered mint may have made, if it was never used.
pub(super) fn suspect(view: &View<'_>) -> Option<Next> {
    let suspects = suspects(view);
    let [suspect] = suspects.as_slice() else {
        return None;
    };
    match suspect.last_use {
        None => act(Step::Inspect(suspect.id.clone()), Cause::UnansweredMint),
        Some(LastUse::Never) => act(Step::Discard(suspect.id.clone()), Cause::UnansweredMint),
        Some(_) => None,
    }
}

fn old_claim<'a>(view: &View<'a>) -> Option<&'a Claim> {
    view.world.observed.ledgers.own_claim().filter(|claim| view.world.run.claim.as_ref() != Some(&claim.nonce))
}

fn settled(view: &View<'_>, claim: &Claim) -> Timestamp {
    later(later(claim.at, view.capability.mint_timeout), view.capability.settle)
}

/// Keys that are known to have come of the claim: recorded in the ledger or in the state.
fn answers<'a>(view: &View<'a>, claim: &'a Claim) -> impl Iterator<Item = KeyId> + 'a {
    let world = view.world;
    let entries = world.observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let recorded = entries.filter(|(_, entry)| entry.mark == Mark::Minting).map(|(id, _)| id.clone());
    let pending = world.state.pending.iter().map(|key| key.id.clone());
    recorded.chain(pending).filter(|id| !claim.known.contains(id))
}

/// When marks can be believed about a key that nobody claims: it is so young that the mark of whoever made it may be read too late.
pub(super) fn unaccounted_until(view: &View<'_>) -> Option<Timestamp> {
    if view.capability.marks != Marks::OnPrincipal {
        return None;
    }
    let observed = &view.world.observed;
    let others = observed.keys.values().filter(|key| !is_accounted(view, &key.id));
    let until = others.map(|key| later(key.created_at, view.capability.settle)).max()?;
    (view.world.seen_at() < until).then_some(until)
}

/// Whether the state or the mark of any resource names this key.
fn is_accounted(view: &View<'_>, id: &KeyId) -> bool {
    let World { state, observed: Observed { ledgers, .. }, .. } = view.world;
    ledgers.is_ours(state, id) || ledgers.owner_of(id).is_some()
}
