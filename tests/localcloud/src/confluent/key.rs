//! An API key, and how long it takes until everybody believes in it.

use jiff::{SignedDuration, Timestamp, Unit};

use super::kind::{Kind, Resource};
use super::settings::{Activation, Settings};

#[derive(Clone)]
pub(super) struct ApiKey {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) kind: Kind,
    pub(super) owner: String,
    pub(super) resource: Resource,
    pub(super) display_name: String,
    pub(super) description: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    deleted: Option<Timestamp>,
    settled: bool,
    tries: u32,
}

/// Everything that is asked of a new key.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) kind: Kind,
    pub(super) owner: String,
    pub(super) resource: Resource,
    pub(super) display_name: String,
    pub(super) description: String,
}

impl ApiKey {
    /// A key that has yet to become active.
    pub(super) fn new(id: String, secret: String, order: Order, created: Timestamp) -> Self {
        let Order { kind, owner, resource, display_name, description } = order;
        Self {
            id,
            secret,
            kind,
            owner,
            resource,
            display_name,
            description,
            created,
            updated: created,
            deleted: None,
            settled: false,
            tries: 0,
        }
    }

    /// The same key as it is long after its creation.
    pub(super) fn settled(mut self) -> Self {
        self.settled = true;
        self
    }

    pub(super) fn exists(&self) -> bool {
        self.deleted.is_none()
    }

    pub(super) fn delete(&mut self, now: Timestamp) {
        self.deleted.get_or_insert(now);
    }

    /// Whether a list shows the key at `now`.
    pub(super) fn listed(&self, now: Timestamp, lag: SignedDuration) -> bool {
        let born = self.settled || self.age(now) >= lag;
        let gone = self.deleted.is_some_and(|at| now.duration_since(at) >= lag);
        born && !gone
    }

    /// Whether the key would be accepted from now on, every time. A deleted key that lags is not.
    pub(super) fn works(&self, now: Timestamp, settings: &Settings) -> bool {
        self.exists() && self.active(now, &settings.activation.of(self.kind))
    }

    /// One attempt to authenticate with the key: whether this part of the service knows it yet.
    pub(super) fn admit(&mut self, now: Timestamp, settings: &Settings) -> bool {
        if self.deleted.is_some_and(|at| now.duration_since(at) >= settings.revocation) {
            return false;
        }
        let activation = settings.activation.of(self.kind);
        if self.active(now, &activation) {
            return true;
        }
        if self.age(now) < activation.delay {
            return false;
        }
        self.tries += 1;
        self.tries % 2 == 1
    }

    /// How old it is, to the millisecond: what is less only tells keys of one moment apart.
    fn age(&self, now: Timestamp) -> SignedDuration {
        let age = now.duration_since(self.created);
        age.round(Unit::Millisecond).unwrap_or(age).max(SignedDuration::ZERO)
    }

    fn active(&self, now: Timestamp, activation: &Activation) -> bool {
        let age = self.age(now);
        let early = age >= activation.delay && self.tries / 2 >= activation.unsteady_refusals;
        self.settled || early || age >= activation.delay + activation.unsteady
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confluent::settings::Activations;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn settings() -> Settings {
        let kafka = Activation {
            delay: SignedDuration::from_secs(60),
            unsteady: SignedDuration::from_secs(60),
            unsteady_refusals: 2,
        };
        Settings {
            activation: Activations { kafka, ..Activations::immediate() },
            revocation: SignedDuration::from_secs(5),
            listing_lag: SignedDuration::from_secs(5),
            ..Settings::immediate()
        }
    }

    fn key(kind: Kind) -> ApiKey {
        let order = Order {
            kind,
            owner: "sa-1".to_owned(),
            resource: Resource { id: "lkc-1".to_owned(), environment: None },
            display_name: String::new(),
            description: String::new(),
        };
        ApiKey::new("KEY".to_owned(), "cflt".to_owned(), order, at(0))
    }

    fn tries(key: &mut ApiKey, second: i64, count: usize) -> Vec<bool> {
        (0..count).map(|_| key.admit(at(second), &settings())).collect()
    }

    #[test]
    fn brokers_hear_of_a_key_one_after_the_other() {
        let mut key = key(Kind::Kafka);
        assert_eq!(tries(&mut key, 59, 2), [false, false]);
        assert_eq!(tries(&mut key, 60, 3), [true, false, true]);
        assert!(!key.works(at(60), &settings()));
        assert_eq!(tries(&mut key, 60, 3), [false, true, true]);
        assert!(key.works(at(60), &settings()));
    }

    #[test]
    fn their_disagreement_ends_with_its_time() {
        let mut key = key(Kind::Kafka);
        assert!(!key.works(at(119), &settings()));
        assert!(key.works(at(120), &settings()));
        assert_eq!(tries(&mut key, 120, 2), [true, true]);
    }

    #[test]
    fn a_kind_without_a_delay_works_at_once() {
        assert_eq!(tries(&mut key(Kind::Cloud), 0, 2), [true, true]);
    }

    #[test]
    fn a_deleted_key_works_and_is_listed_until_its_lags_are_over() {
        let mut key = key(Kind::Cloud);
        key.delete(at(10));
        key.delete(at(12));
        assert!(!key.works(at(10), &settings()));
        assert_eq!((tries(&mut key, 14, 1), tries(&mut key, 15, 1)), (vec![true], vec![false]));
        let lag = settings().listing_lag;
        assert_eq!((key.listed(at(14), lag), key.listed(at(15), lag)), (true, false));
    }
}
