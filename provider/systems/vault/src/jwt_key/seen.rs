//! What one read of a mount showed of the keys that concern a resource.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rotation::{Entry, Error, KeyId, KeyStatus, Ledgers, ObservedKey, OwnerId};

use super::config::Published;
use super::mark::{Standing, Tag};
use crate::config_lock::Config;

/// The mark of each key of the resource's name, and none at those that bear no mark: they are somebody's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(pub(crate) BTreeMap<KeyId, Option<Tag>>);

impl Seen {
    /// The keys of this name and those without a mark.
    ///
    /// A key comes after those that stood there before it. Where clocks tell another order, as those of two machines may, the list is
    /// believed: of two resources that make a key of one name, the later one gives way.
    pub(crate) fn of(config: &Config, name: &str) -> Result<Self, Error> {
        let mut newest = Timestamp::MIN;
        let concerns = |key: Published| match key.standing {
            Standing::Marked(tag) if tag.name == name => {
                let next = newest.checked_add(SignedDuration::from_nanos(1)).unwrap_or(newest);
                newest = next.max(tag.created_at);
                Some((key.kid, Some(Tag { created_at: newest, ..tag })))
            }
            Standing::Unmarked => Some((key.kid, None)),
            Standing::Marked(_) | Standing::Placeholder => None,
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
            let since = rotation::seconds(tag.created_at);
            (id.clone(), tag.owner.clone(), Entry::of(tag.instance.clone(), tag.mark, since))
        });
        Ledgers::of_marks(owner, marks)
    }
}

#[cfg(test)]
mod tests {
    use rotation::Mark;
    use serde_json::json;

    use super::super::jwk::JwtAlgorithm;
    use super::super::keypair::Pair;
    use super::*;

    /// A key of this name, by a clock that shows `at` seconds.
    fn entry(name: &str, at: i64) -> (KeyId, String) {
        let pair = Pair::generate(JwtAlgorithm::EdDsa).unwrap();
        let tag = Tag {
            name: name.to_owned(),
            owner: OwnerId::new("urn:a", "dev/app/a"),
            instance: "i0000001".to_owned(),
            created_at: Timestamp::from_second(at).unwrap(),
            mark: Mark::Minting,
            probe: None,
        };
        (pair.kid().clone(), tag.before(pair.kid(), &pair.public_pem().unwrap()))
    }

    #[test]
    fn a_key_is_younger_than_those_before_it_in_the_list() {
        let all = [entry("a", 9), entry("b", 99), entry("a", 9), entry("a", 5), entry("a", 20)];
        let entries: Vec<_> = all.iter().map(|(_, entry)| entry).collect();
        let config = Config::new(json!({"jwt_validation_pubkeys": entries}).as_object().unwrap().clone());
        let mut keys = Seen::of(&config, "a").unwrap().keys();
        keys.sort_by_key(|key| key.created_at);
        let ids: Vec<_> = keys.iter().map(|key| &key.id).collect();
        assert_eq!(ids, [&all[0].0, &all[2].0, &all[3].0, &all[4].0]);
        let seconds: Vec<_> = keys.iter().map(|key| key.created_at.as_second()).collect();
        assert_eq!(seconds, [9, 9, 9, 20], "it is no more than the order that is corrected");
    }
}
