//! An access key, and how long it takes until everybody believes in it.

use jiff::{SignedDuration, Timestamp};

use crate::lag::{Settling, Trust, since};

/// Uses closer together than this leave only the first on record (IAM User Guide, "Credential report").
const LAST_USE_STEP: SignedDuration = SignedDuration::from_mins(15);

/// How far AWS lags behind what it has accepted. All times are by the stand-in's clock.
///
/// AWS publishes no numbers; the default is what users of it report (5 to 15 seconds until a new
/// key works, with setbacks). Lags of lists and of stops are off by default.
#[derive(Clone, Copy, Debug)]
pub struct Consistency {
    /// A new key is refused for this long.
    pub settle: SignedDuration,
    /// For this long after `settle` a new key is accepted and refused in turn, accepted first.
    pub unsteady: SignedDuration,
    /// The most refusals during `unsteady`; after them the key has settled early.
    pub unsteady_refusals: u32,
    /// A new key is not listed, and a deleted one still is, for this long.
    pub listing_lag: SignedDuration,
    /// A deleted or deactivated key still works for this long.
    pub stop_lag: SignedDuration,
    /// Changed tags are not seen by readers for this long.
    pub tag_lag: SignedDuration,
    /// Changed versions and labels of secrets are not seen by readers for this long.
    pub secret_lag: SignedDuration,
}

impl Consistency {
    /// Everything takes effect at once: for tests that do not care.
    pub const fn immediate() -> Self {
        Self {
            settle: SignedDuration::ZERO,
            unsteady: SignedDuration::ZERO,
            unsteady_refusals: 0,
            listing_lag: SignedDuration::ZERO,
            stop_lag: SignedDuration::ZERO,
            tag_lag: SignedDuration::ZERO,
            secret_lag: SignedDuration::ZERO,
        }
    }

    fn settling(&self) -> Settling {
        Settling { settle: self.settle, unsteady: self.unsteady, refusals: self.unsteady_refusals }
    }
}

impl Default for Consistency {
    fn default() -> Self {
        Self {
            settle: SignedDuration::from_secs(8),
            unsteady: SignedDuration::from_secs(8),
            unsteady_refusals: 2,
            ..Self::immediate()
        }
    }
}

/// When, where and for what a key was last used.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// The service, `sts` for example.
    pub service: String,
    /// The region of the signature.
    pub region: String,
}

/// A long-lived key of a user.
#[derive(Clone)]
pub(super) struct AccessKey {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) created: Timestamp,
    pub(super) last_use: Option<LastUse>,
    stopped: Option<Timestamp>,
    deleted: Option<Timestamp>,
    trust: Trust,
}

impl AccessKey {
    /// A key that has yet to settle.
    pub(super) fn new(id: String, secret: String, created: Timestamp) -> Self {
        let trust = Trust::new(created);
        Self { id, secret, created, last_use: None, stopped: None, deleted: None, trust }
    }

    /// The same key as it is long after its creation.
    pub(super) fn settled(mut self) -> Self {
        self.trust = self.trust.complete();
        self
    }

    /// Whether the key exists, as far as the service itself is concerned.
    pub(super) fn exists(&self) -> bool {
        self.deleted.is_none()
    }

    pub(super) fn active(&self) -> bool {
        self.stopped.is_none()
    }

    pub(super) fn set_active(&mut self, active: bool, now: Timestamp) {
        if active {
            self.stopped = None;
        } else if self.stopped.is_none() {
            self.stopped = Some(now);
        }
    }

    pub(super) fn delete(&mut self, now: Timestamp) {
        self.deleted = Some(now);
    }

    /// Whether a list shows the key at `now`.
    pub(super) fn listed(&self, now: Timestamp, lag: SignedDuration) -> bool {
        let born = self.trust.is_complete() || since(self.created, now) >= lag;
        let gone = self.deleted.is_some_and(|at| since(at, now) >= lag);
        born && !gone
    }

    /// Whether the key would be accepted from now on, every time. A deleted key that lags is not.
    pub(super) fn works(&self, now: Timestamp, lags: &Consistency) -> bool {
        self.trust.holds(now, &lags.settling()) && self.exists() && self.active()
    }

    /// One attempt to authenticate with the key: whether AWS knows it this time.
    pub(super) fn admit(&mut self, now: Timestamp, lags: &Consistency) -> bool {
        let over = |at: Timestamp| since(at, now) >= lags.stop_lag;
        if self.stopped.is_some_and(over) || self.deleted.is_some_and(over) {
            return false;
        }
        self.trust.admit(now, &lags.settling())
    }

    /// Records a use that was accepted.
    pub(super) fn used(&mut self, now: Timestamp, service: &str, region: &str) {
        let recent = |last: &LastUse| since(last.at, now) < LAST_USE_STEP;
        if self.last_use.as_ref().is_some_and(recent) {
            return;
        }
        self.last_use = Some(LastUse { at: now, service: service.to_owned(), region: region.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAGS: Consistency = Consistency {
        settle: SignedDuration::from_secs(10),
        unsteady: SignedDuration::from_secs(10),
        unsteady_refusals: 2,
        listing_lag: SignedDuration::from_secs(5),
        stop_lag: SignedDuration::from_secs(5),
        tag_lag: SignedDuration::from_secs(5),
        secret_lag: SignedDuration::from_secs(5),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key() -> AccessKey {
        AccessKey::new("AKIA".to_owned(), "secret".to_owned(), at(0))
    }

    fn tries(key: &mut AccessKey, second: i64, count: usize) -> Vec<bool> {
        (0..count).map(|_| key.admit(at(second), &LAGS)).collect()
    }

    #[test]
    fn a_new_key_is_refused_then_flickers_then_settles() {
        let mut key = key();
        assert_eq!(tries(&mut key, 9, 2), [false, false]);
        assert!(!key.works(at(10), &LAGS));
        assert_eq!(tries(&mut key, 10, 6), [true, false, true, false, true, true]);
        assert!(key.works(at(10), &LAGS));
    }

    #[test]
    fn flickering_ends_with_its_time() {
        let mut key = key();
        assert_eq!(tries(&mut key, 10, 2), [true, false]);
        assert!(!key.works(at(19), &LAGS));
        assert!(key.works(at(20), &LAGS));
        assert_eq!(tries(&mut key, 20, 3), [true, true, true]);
    }

    #[test]
    fn a_stopped_key_works_on_for_its_lag_and_can_be_started_again() {
        let mut key = key().settled();
        key.set_active(false, at(100));
        assert_eq!(tries(&mut key, 104, 1), [true]);
        assert!(!key.works(at(104), &LAGS));
        assert_eq!(tries(&mut key, 105, 1), [false]);
        key.set_active(true, at(105));
        assert_eq!(tries(&mut key, 105, 1), [true]);
    }

    #[test]
    fn lists_lag_at_both_ends_of_a_life() {
        let mut key = key();
        assert!(!key.listed(at(4), LAGS.listing_lag));
        assert!(key.listed(at(5), LAGS.listing_lag));
        key.delete(at(50));
        assert!(key.listed(at(54), LAGS.listing_lag));
        assert!(!key.listed(at(55), LAGS.listing_lag));
        assert!(tries(&mut key, 54, 1)[0]);
        assert!(!tries(&mut key, 55, 1)[0]);
    }

    #[test]
    fn of_several_uses_within_fifteen_minutes_the_first_is_on_record() {
        let mut key = key();
        key.used(at(0), "iam", "us-east-1");
        key.used(at(899), "sts", "eu-west-1");
        assert_eq!(key.last_use.as_ref().map(|last| &*last.service), Some("iam"));
        key.used(at(900), "sts", "eu-west-1");
        assert_eq!(key.last_use.as_ref().map(|last| last.at), Some(at(900)));
    }
}
