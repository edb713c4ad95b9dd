//! Secrets that the state left to stores: where they can be read, and what follows if they can be read nowhere.

use super::acts::{act, unread_mark};
use super::terms::{Goal, Next, Step, View};
use crate::decide::World;
use crate::{Cause, Head, Key, SecretPlace, Target};

/// The next step that brings back a secret which the state left to stores; none if it is at hand, was never known, or is lost.
pub(super) fn recall(view: &View<'_>, goal: &Goal, key: &Key, cause: Cause) -> Option<Next> {
    if let Some(next) = from_a_store(view, goal, key, cause) {
        return Some(next);
    }
    if key.secret_in != SecretPlace::Stores {
        return None;
    }
    // A store that is read late may have it.
    unread_mark(view).or_else(|| act(Step::LoseSecret(key.id.clone()), Cause::SecretLost))
}

/// Brings back the secret of the current key where the inputs want it in the state, or where it had been lost and a store shows it again.
pub(super) fn current(view: &View<'_>, goal: &Goal) -> Option<Next> {
    let current = view.world.state.current.as_ref()?;
    let is_wanted = goal.keeps_secret || current.secret_in == SecretPlace::Lost;
    if is_wanted { from_a_store(view, goal, current, Cause::SecretWanted) } else { None }
}

fn from_a_store(view: &View<'_>, goal: &Goal, key: &Key, cause: Cause) -> Option<Next> {
    if key.secret_in == SecretPlace::State {
        return None;
    }
    let (store, version) = holder(view, goal, key)?;
    act(Step::Recall(store.clone(), version, key.id.clone()), cause)
}

/// A store that may give the secret back, and the version to ask for: one that it shows, or the one that the state noted last.
fn holder<'a>(view: &View<'_>, goal: &'a Goal, key: &Key) -> Option<(&'a Target, String)> {
    let World { state, stores, run, .. } = view.world;
    let shown = |reader: &Target| {
        let head = stores.head(reader);
        let versions = readable(&head, reader).filter(|version| stores.is_delivery(version, (key, reader)));
        versions.map(|version| version.version.clone()).collect::<Vec<_>>()
    };
    let noted = |reader: &Target| {
        let is_noted = key.secret_in == SecretPlace::Stores;
        let of_key = state.deliveries.iter().filter(move |_| is_noted).filter(|noted| {
            (&noted.identity, &noted.shape, &noted.key_id) == (&reader.identity, &reader.shape, &key.id)
        });
        of_key.map(|noted| noted.version.clone()).collect::<Vec<_>>()
    };
    let asked = |reader: &Target, version: &String| run.unread.contains(&(reader.identity.clone(), version.clone()));
    let first = |versions: &dyn Fn(&Target) -> Vec<String>| {
        let all = goal.readers.iter().flat_map(|reader| versions(reader).into_iter().map(move |held| (reader, held)));
        all.into_iter().find(|(reader, version)| !asked(reader, version))
    };
    first(&shown).or_else(|| first(&noted))
}

/// The versions that hold what they show.
fn readable<'a>(head: &'a Head, reader: &Target) -> impl Iterator<Item = &'a crate::StoredVersion> {
    let staged = head.pending.iter().filter({
        let holds = reader.holds_staged;
        move |_| holds
    });
    head.current.iter().chain(staged).chain(&head.previous)
}
