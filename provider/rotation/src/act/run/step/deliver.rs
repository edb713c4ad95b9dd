//! What is done in the stores that consumers read keys from.

use async_trait::async_trait;

use crate::act::run::actor::{Act, Run};
use crate::{
    Cause, Error, ErrorKind, Event, Field, Head, Key, KeyId, Material, Payload, Store, StoredVersion, Target, View,
    Want,
};

/// Stages a key, whose consumers do not read it yet.
pub(super) struct Publish<'a>(pub(super) &'a Target, pub(super) &'a KeyId);

/// Lets consumers read what was staged.
pub(super) struct PromoteIn<'a>(pub(super) &'a Target, pub(super) &'a KeyId);

/// Reads a key that the state does not contain.
pub(super) struct ReadBack<'a>(pub(super) &'a Target, pub(super) &'a KeyId);

/// Reads the secret of a key of the state.
pub(super) struct Recall<'a>(pub(super) &'a Target, pub(super) &'a str, pub(super) &'a KeyId);

/// Notes that no store gives back the secret of a key.
pub(super) struct LoseSecret<'a>(pub(super) &'a KeyId);

/// Takes what was staged out again.
pub(super) struct Unstage<'a>(pub(super) &'a Target, pub(super) &'a KeyId);

/// Takes everything of this resource out.
pub(super) struct Withdraw<'a>(pub(super) &'a Target);

#[async_trait]
impl Act for Publish<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        let Self(target, key) = self;
        Some(format!("staging key {key} in {}: {cause}", target.label))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        let Self(target, key) = self;
        Some(Event::Staged((*target).clone(), (*key).clone(), String::new(), view.now))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Self(target, id) = *self;
        let key = run.world.state.keys().find(|key| key.id == *id);
        let Some((key, material)) = key.and_then(|key| Some((key, key.material.as_ref()?))) else {
            return Err(Error::new(
                ErrorKind::Unexpected,
                "",
                format!("the secret of key {id} is not known; this is a bug: please report it [KR-ROTATION-005]"),
            ));
        };
        let Key { id, generation, .. } = key;
        let delivery = run.world.stores.delivery(key, target);
        let payload = Payload { delivery: &delivery, generation: *generation, key: id, material };
        let head = run.world.stores.head(target);
        let version = run.needed(target)?.stage(&payload, &head).await?;
        let event = Event::Staged(target.clone(), id.clone(), version, run.context.clock.now());
        run.fold(event);
        Ok(())
    }
}

#[async_trait]
impl Act for PromoteIn<'_> {
    fn line(&self, _: Cause) -> Option<String> {
        let Self(target, key) = self;
        Some(format!("making key {key} current in {}", target.label))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::PromotedIn(self.0.clone(), view.now))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let head = run.world.stores.head(self.0);
        if let Some(staged) = &head.pending {
            run.needed(self.0)?.promote(&staged.version, &head).await?;
        }
        run.fold_assumed(self);
        Ok(())
    }
}

#[async_trait]
impl Act for ReadBack<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        let Self(target, key) = self;
        Some(format!("reading key {key} from {}: {cause}", target.label))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        let Want::Current(goal) = view.want else { return None };
        let Self(target, key) = self;
        let (material, trigger) = (Some(Material::new()), goal.trigger.clone());
        Some(Event::ReadBack((*target).clone(), (*key).clone(), material, trigger))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Want::Current(goal) = run.context.want else { return Ok(()) };
        let Self(target, key) = *self;
        let current = run.world.stores.head(target).current;
        let material = match current {
            Some(current) => run.needed(target)?.read(&current.version).await?,
            None => None,
        };
        run.fold(Event::ReadBack(target.clone(), key.clone(), material, goal.trigger.clone()));
        Ok(())
    }
}

#[async_trait]
impl Act for Recall<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        let Self(target, _, key) = self;
        Some(format!("reading the secret of key {key} from {}: {cause}", target.label))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        let Self(target, version, id) = *self;
        let mut material = view.world.state.keys().find(|key| key.id == *id)?.material.clone().unwrap_or_default();
        // Whatever it is, it is known then.
        let unknown = material.values_mut().filter(|field| field.is_unknown());
        unknown.for_each(|field| *field = Field::Secret("assumed".into()));
        Some(Event::Recalled(id.clone(), (target.identity.clone(), version.to_owned()), Some(material)))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let Self(target, version, id) = *self;
        let key = run.world.state.keys().find(|key| key.id == *id).cloned();
        let read = run.reader(target)?.read(version).await?;
        let mut key = key.zip(read).and_then(|(mut key, read)| key.take_back(read).then_some(key));
        if let Some(key) = &mut key {
            key.material = key.material.take().map(run.context.derived);
        }
        let material = key.filter(Key::can_be_delivered).and_then(|key| key.material);
        run.fold(Event::Recalled(id.clone(), (target.identity.clone(), version.to_owned()), material));
        Ok(())
    }
}

#[async_trait]
impl Act for LoseSecret<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("replacing key {}: {cause}", self.0))
    }

    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::SecretLost(self.0.clone()))
    }
}

#[async_trait]
impl Act for Unstage<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        let Self(target, key) = self;
        Some(format!("withdrawing key {key} from {}: {cause}", target.label))
    }

    fn assumed(&self, view: &View<'_>) -> Option<Event> {
        Some(Event::Unstaged(self.0.clone(), view.now))
    }

    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let head = run.world.stores.head(self.0);
        if let Some(staged) = &head.pending {
            run.needed(self.0)?.withdraw(&staged.version, &head).await?;
        }
        run.fold_assumed(self);
        Ok(())
    }
}

#[async_trait]
impl Act for Withdraw<'_> {
    fn line(&self, cause: Cause) -> Option<String> {
        Some(format!("withdrawing from {}: {cause}", self.0.label))
    }

    fn assumed(&self, _: &View<'_>) -> Option<Event> {
        Some(Event::Withdrawn(self.0.clone()))
    }

    /// The entry itself goes only where its consumers read nothing of another instance, which may be this one's replacement.
    async fn take(&self, run: &mut Run<'_>) -> Result<(), Error> {
        let head = run.world.stores.head(self.0);
        let store = run.needed(self.0)?;
        let is_anothers = |current: &StoredVersion| current.delivery.is_some() && !run.world.is_ours(current);
        if head.current.as_ref().is_some_and(is_anothers) || !store.remove().await? {
            let before = head.previous.clone().filter(|before| !run.world.stores.is_of_owner(before));
            let shown = Head { previous: before, ..head.clone() };
            // What consumers read goes last.
            let ours = head.pending.iter().chain(&head.previous).chain(&head.current);
            for version in ours.filter(|version| run.world.is_ours(version)) {
                store.withdraw(&version.version, &shown).await?;
            }
        }
        run.fold_assumed(self);
        Ok(())
    }
}

impl Run<'_> {
    /// The store in this very shape, wanted or not.
    fn reader(&self, target: &Target) -> Result<&'_ dyn Store, Error> {
        let missing = || {
            Error::new(
                ErrorKind::Unexpected,
                "",
                format!(
                    "{} is not among the stores of this run; this is a bug: please report it [KR-ROTATION-006]",
                    target.label
                ),
            )
        };
        let all = self.context.stores.iter().chain(self.context.readers);
        let is_it = |store: &&dyn Store| {
            let own = Target::of(*store);
            (own.identity, own.shape) == (target.identity.clone(), target.shape.clone())
        };
        all.copied().find(is_it).ok_or_else(missing)
    }

    /// The store, which whoever calls handed over with its target.
    fn needed(&self, target: &Target) -> Result<&'_ dyn Store, Error> {
        let missing =
            || Error::new(ErrorKind::Unexpected, "", format!("{} cannot be reached [KR-ROTATION-006]", target.label));
        self.store(target).ok_or_else(missing)
    }
}
