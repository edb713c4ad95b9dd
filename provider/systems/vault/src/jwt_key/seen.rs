//! What one read of a mount showed of the keys that concern a resource.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rotation::{Entry, Error, KeyId, KeyStatus, Ledgers, ObservedKey, OwnerId};

use super::config::{Config, Published};
use super::mark::{Standing, Tag};

/// The mark of each key of the resource's name, and none at those that bear no mark: they are somebody's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(pub(crate) BTreeMap<KeyId, Option<Tag>>);

impl Seen {
    /// The keys of this name and those without a mark.
    pub(crate) fn of(config: &Config, name: &str) -> Result<Self, Error> {
        let concerns = |key: Published| match key.standing {
            Standing::Marked(tag) => (tag.name == name).then_some((key.kid, Some(tag))),
            Standing::Unmarked => Some((key.kid, None)),
            Standing::Placeholder => None,
        };
        Ok(Self(config.keys()?.into_iter().filter_map(concerns).collect()))
    }

    /// The keys as a list shows them. Nobody knows since when one without a mark stands there.
    pub(crate) fn keys(&self) -> Vec<ObservedKey> {
        let shown = |(id, tag): (&KeyId, &Option<Tag>)| ObservedKey {
            id: id.clone(),
            created_at: tag.as_ref().map_or(Timestamp::UNIX_EPOCH, |tag| tag.created_at),
            status: KeyStatus::Active,
            last_use: None,
            expiry: None,
        };
        self.0.iter().map(shown).collect()
    }

    /// What the marks of all keys come to.
    pub(crate) fn ledgers(&self, owner: &OwnerId) -> Ledgers {
        let marked = self.0.iter().filter_map(|(id, tag)| Some((id, tag.as_ref()?)));
        let marks = marked.map(|(id, tag)| {
            let since = Timestamp::from_second(tag.created_at.as_second()).unwrap_or(tag.created_at);
            (id.clone(), tag.owner.clone(), Entry { instance: tag.instance.clone(), mark: tag.mark, since })
        });
        Ledgers::of_marks(owner, marks)
    }
}
