use crate::next::kept_in_use;
use crate::{Entry, KeyId, KeyState, KeyStatus, Mark, Observed, View, Want, World};

/// What a person should know about the world as a run leaves it. No time is in it, so that two runs say the same.
pub(crate) fn warnings(view: &View<'_>) -> Vec<String> {
    let World { state, observed, removed, awaited, .. } = view.world;
    let mut warnings = Vec::new();
    if state.current.as_ref().is_some_and(|key| key.status == KeyStatus::Inactive) {
        warnings.push("the current key was disabled by someone; the next `pulumi up` makes a new one".to_owned());
    }
    let stands = |id: &KeyId, entry: &Entry| !removed.contains(id) && !view.world.is_gone(id, entry, view.capability);
    warnings.extend(of_earlier_instances(state, observed, stands));
    for key in
        state.keys().filter(|key| view.configured == Some(&key.id)).filter(|key| Some(*key) != state.current.as_ref())
    {
        let id = &key.id;
        warnings.push(format!(
            "key {id} is not removed while the plugin itself is configured with it: configure the plugin with the current key"
        ));
    }
    for retiring in state.retiring.iter().filter(|retiring| retiring.disabled_at.is_some()) {
        let id = &retiring.key.id;
        warnings.push(format!("key {id} is disabled; a `pulumi up` after retirement.soak removes it"));
    }
    warnings.extend(state.pending.iter().filter(|key| awaited.contains(&key.id)).map(|key| {
        format!("key {} is new and not in use yet: publish it; a `pulumi up` after that takes it into use, once it is accepted", key.id)
    }));
    for retiring in state.retiring.iter().filter(|retiring| retiring.withdrawn_at.is_some()) {
        let id = &retiring.key.id;
        warnings.push(format!(
            "key {id} is to be published no more: take it out; a `pulumi up` after that removes it, once it is refused"
        ));
    }
    if let Want::Current(goal) = view.want {
        warnings.extend(kept_in_use(view, goal).map(|id| {
            format!("key {id} is past its overlap and still in use, so it is kept: find what uses it (retirement.quietPeriod)")
        }));
    }
    warnings
}

/// The warnings of a state after a refresh: which keys of earlier instances stand can have changed, nothing else.
pub(crate) fn refreshed(state: &KeyState, observed: &Observed, stands: impl Fn(&KeyId, &Entry) -> bool) -> Vec<String> {
    let others = state.warnings.iter().filter(|warning| !warning.ends_with(EARLIER_INSTANCE)).cloned();
    of_earlier_instances(state, observed, stands).chain(others).collect()
}

const EARLIER_INSTANCE: &str = "was made by an earlier instance of this resource; if nothing uses it, delete it";

fn of_earlier_instances<'a>(
    state: &'a KeyState,
    observed: &'a Observed,
    stands: impl Fn(&KeyId, &Entry) -> bool + 'a,
) -> impl Iterator<Item = String> + 'a {
    let entries = observed.ledgers.own.iter().flat_map(|ledger| &ledger.keys);
    let lost = move |(id, entry): &(&KeyId, &Entry)| {
        entry.mark == Mark::Promoted && entry.instance != state.instance && stands(id, entry)
    };
    entries.filter(lost).map(|(id, _)| format!("key {id} {EARLIER_INSTANCE}"))
}
