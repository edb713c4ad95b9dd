//! What a run says about the world as it leaves it. No clock is read for it, so that two runs in the same situation say the same.

use super::World;
use super::next::{Goal, View, Want, deferral, has_working_key, is_unconfirmed, kept_in_use, last_use_of};
use crate::time::seconds;
use crate::{
    Capability, Cause, Deferred, Entry, Key, KeyId, KeyIssuer, KeyState, KeyStatus, Mark, Observed, Retiring,
    SecretPlace, Stage, UnrecordedKey,
};

/// Warnings about the world as a run leaves it.
pub(crate) fn warnings(view: &View<'_>) -> Vec<String> {
    let World { state, observed, run, .. } = view.world;
    let mut warnings = Vec::new();
    if let Some(key) = state.current.as_ref().filter(|key| key.status == KeyStatus::Inactive) {
        warnings.push(format!(
            "the current key {} was disabled by someone; the next `pulumi up` creates a new key",
            key.id
        ));
    }
    warnings.extend(of_unknown_secret(state));
    let stands =
        |id: &KeyId, entry: &Entry| !run.removed.contains(id) && !view.world.is_gone(id, entry, view.capability);
    warnings.extend(of_earlier_instances(state, observed, stands));
    warnings.extend(of_configured(view));
    warnings.extend(of_soaking(state));
    warnings.extend(of_published(view));
    if let Want::Current(goal) = view.want {
        warnings.extend(of_unread_secret(state, goal));
        warnings.extend(of_undelivered(state, goal));
        warnings.extend(of_unrecorded(view));
        warnings.extend(deferral(view, goal).map(|deferred| of_deferral(view, goal, &deferred)));
        warnings.extend(kept_in_use(view, goal).map(|old| of_use(view, old)));
        warnings.extend(of_unconfirmed(state, goal));
    }
    warnings
}

/// Says anew what the issuer has to say by its last look.
pub fn renew_notices(state: &mut KeyState, issuer: &dyn KeyIssuer) {
    state.warnings.retain(|warning| !issuer.is_notice(warning));
    let notices = issuer.notices(state);
    state.warnings.extend(notices);
}

fn of_configured(view: &View<'_>) -> impl Iterator<Item = String> {
    let World { state, .. } = view.world;
    let is_current = |key: &Key| state.current.as_ref().is_some_and(|current| current.id == key.id);
    let kept = state.keys().filter(move |key| view.configured == Some(&key.id) && !is_current(key));
    kept.map(|key| {
        let id = &key.id;
        format!("key {id} is kept because the plugin itself is configured with it: configure the plugin with the current key, then run `pulumi up`")
    })
}

fn of_soaking(state: &KeyState) -> impl Iterator<Item = String> {
    let disabled = state.retiring.iter().filter(|retiring| retiring.disabled_at.is_some());
    disabled
        .map(|old| format!("key {} is disabled; the first `pulumi up` after `retirement.soak` deletes it", old.key.id))
}

fn of_published<'a>(view: &View<'a>) -> impl Iterator<Item = String> + 'a {
    let state = &view.world.state;
    let new = state.pending.iter().filter(|key| key.stage() == Stage::Offered).map(|key| {
        let id = &key.id;
        format!("key {id} is new and not in use yet: publish it; the first `pulumi up` after that makes it current once it is accepted")
    });
    let withdrawn = state.retiring.iter().filter(|retiring| retiring.withdrawn_at.is_some()).map(|old| {
        let id = &old.key.id;
        format!("key {id} is withdrawn: remove it from the published key set; the first `pulumi up` after that deletes it once it is refused")
    });
    new.chain(withdrawn)
}

/// What was found, and the ways out. Where use is told, later runs can decide by it.
fn of_unrecorded(view: &View<'_>) -> Option<String> {
    let unrecorded = &view.world.state.unrecorded;
    let ids = listed(view, unrecorded.iter().map(|key: &UnrecordedKey| &key.id));
    let adopt =
        if view.capability.lists_all { ", or set `adopt` to a key's id and secret to make it current" } else { "" };
    (!unrecorded.is_empty()).then(|| {
        format!("the state does not contain keys that this resource created: {ids}. The state is older than reality, or a run died before it was saved, so consumers may use them. They are kept until a new key has replaced them and their overlap is over. Run `pulumi up`{adopt}")
    })
}

pub(crate) fn of_deferral(view: &View<'_>, goal: &Goal, deferred: &Deferred) -> String {
    let state = &view.world.state;
    let Deferred { cause, until, .. } = deferred;
    let from =
        until.map(|until| format!(" The first `pulumi up` after {} rotates.", seconds(until))).unwrap_or_default();
    if *cause == Cause::StateBehind && until.is_some() {
        let ids = listed(view, state.unrecorded.iter().map(|key| &key.id));
        return format!(
            "the rotation waits: keys appear that the state does not contain ({ids}), although one was created for that reason a short time ago. Probably a second copy of this stack manages the same keys: let only one of them run.{from}"
        );
    }
    let waiting = state.retiring.iter().map(|old| &old.key.id).chain(state.unrecorded.iter().map(|key| &key.id));
    let ids = listed(view, waiting);
    if ids.is_empty() {
        return format!("the rotation ({cause}) waits for the next `pulumi up`");
    }
    let quota = view.capability.quota.map(|quota| format!(" of the {quota} keys allowed")).unwrap_or_default();
    let confirm = if is_unconfirmed(state, goal) {
        " It is kept until `retirement.confirmedGeneration` equals `generation`."
    } else {
        ""
    };
    let works = if has_working_key(state) { " The current key works." } else { "" };
    format!(
        "the rotation ({cause}) waits because no key may be deleted to make room for a new one{quota}: {ids}.{works}{from}{confirm}"
    )
}

fn of_use(view: &View<'_>, old: &Retiring) -> String {
    let ids = listed(view, [&old.key.id]);
    format!(
        "the overlap of key {ids} is over, but it is still in use, so it is kept: find out what uses it (`retirement.quietPeriod`)"
    )
}

fn of_unconfirmed(state: &KeyState, goal: &Goal) -> Option<String> {
    let confirmed = goal.retirement.confirmed_generation?;
    let generation = state.generation;
    if confirmed > generation {
        return Some(format!(
            "`retirement.confirmedGeneration` is {confirmed}, which is above the current generation {generation}, so it confirms nothing: set it to {generation} once every consumer uses that generation"
        ));
    }
    (confirmed < generation && !state.retiring.is_empty()).then(|| {
        format!("previous keys are kept until `retirement.confirmedGeneration` is {generation}; it is {confirmed}")
    })
}

/// Key ids, each with its last use where that was asked for.
fn listed<'a>(view: &View<'_>, ids: impl IntoIterator<Item = &'a KeyId>) -> String {
    let told = ids.into_iter().map(|id| match last_use_of(view, id) {
        Some(last_use) => format!("{id} ({last_use})"),
        None => id.to_string(),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The warnings of a state after a refresh: whether a secret is known, whether our mark stands, and which keys of other runs and instances stand
/// can have changed, nothing else.
pub(crate) fn refreshed(
    state: &KeyState,
    (observed, capability): (&Observed, &Capability),
    stands: impl Fn(&KeyId, &Entry) -> bool,
) -> Vec<String> {
    let is_renewed = |warning: &&String| {
        let marks = [MARK_MISSING, SECRET_UNKNOWN, SECRET_LOST];
        warning.ends_with(EARLIER_INSTANCE) || marks.iter().any(|mark| warning.contains(mark))
    };
    let others = state.warnings.iter().filter(|warning| !is_renewed(warning)).cloned();
    let missing = state.mark_missing.then(|| mark_missing(capability));
    let found = of_unknown_secret(state).into_iter().chain(missing);
    found.chain(of_earlier_instances(state, observed, stands)).chain(others).collect()
}

const MARK_MISSING: &str = "someone removed or changed the ownership";

/// What a refresh says of our mark, or a run that finds it so.
pub(crate) fn mark_missing(capability: &Capability) -> String {
    let advice = capability.tags.map(|advice| format!(" {advice}")).unwrap_or_default();
    let (mark, it) = capability.mark_words();
    format!("{MARK_MISSING} {mark} of this resource. Its keys work; `pulumi up` writes {it} again.{advice}")
}

const SECRET_UNKNOWN: &str = "is not known. Until the next rotation, null stands for";

/// An imported key whose secret the user did not give.
fn of_unknown_secret(state: &KeyState) -> Option<String> {
    let current = state.current.as_ref()?;
    match current.secret_in {
        SecretPlace::State => {}
        SecretPlace::Stores => return None,
        SecretPlace::Lost => return Some(secret_lost(current)),
    }
    let fields = current.material.iter().flatten();
    let unknown: Vec<_> = fields.filter(|(_, field)| field.is_unknown()).map(|(name, _)| format!("`{name}`")).collect();
    (!unknown.is_empty()).then(|| {
        let (id, names) = (&current.id, unknown.join(", "));
        format!("the secret of the current key {id} {SECRET_UNKNOWN} {names}. Change `keepers` to rotate now")
    })
}

const SECRET_LOST: &str = "is in no store of `deliveries` any more";

fn secret_lost(current: &Key) -> String {
    let id = &current.id;
    format!(
        "the secret of the current key {id} {SECRET_LOST}, and the state does not have it (`keepSecretInState` is false): the next `pulumi up` creates a new key"
    )
}

/// A key whose secret is to stand in the state again, and which no store gave back.
fn of_unread_secret(state: &KeyState, goal: &Goal) -> Option<String> {
    let is_unread = |key: &&Key| goal.keeps_secret && key.secret_in == SecretPlace::Stores;
    let id = &state.current.as_ref().filter(is_unread)?.id;
    Some(format!(
        "the secret of the current key {id} could not be read back from a store, so outputs do not have it until the next rotation: change `keepers` to rotate now"
    ))
}

/// A key whose secret nobody knows cannot be handed over.
fn of_undelivered(state: &KeyState, goal: &Goal) -> Option<String> {
    let is_unknown = |key: &&Key| key.secret_in == SecretPlace::State && !key.can_be_delivered();
    let current = state.current.as_ref().filter(|key| !goal.deliveries.is_empty() && is_unknown(key))?;
    let id = &current.id;
    Some(format!(
        "the current key {id} is not delivered to `deliveries` because its secret is not known: change `keepers` to rotate now"
    ))
}

const EARLIER_INSTANCE: &str =
    "was created by an earlier instance of this resource; the next `pulumi up` with `--refresh` supersedes it";

fn of_earlier_instances<'a>(
    state: &'a KeyState,
    observed: &'a Observed,
    stands: impl Fn(&KeyId, &Entry) -> bool + 'a,
) -> impl Iterator<Item = String> + 'a {
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let lost = move |(id, entry): &(&KeyId, &Entry)| {
        let is_noted = state.knows(id) || state.has_unrecorded(id);
        entry.mark == Mark::Promoted && entry.instance != state.instance && !is_noted && stands(id, entry)
    };
    entries.filter(lost).map(|(id, _)| format!("key {id} {EARLIER_INSTANCE}"))
}
