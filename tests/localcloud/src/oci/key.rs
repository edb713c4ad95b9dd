//! An API signing key, and how long it takes until everybody believes in it.

use jiff::{SignedDuration, Timestamp};

use super::public_key::PublicKey;
use crate::lag::{Settling, Trust, since};

/// How far OCI lags behind what it has accepted. All times are by the stand-in's clock.
///
/// Oracle publishes no numbers. Users report 401 from a key that was just uploaded, for seconds to
/// five minutes, and "several minutes" until other regions know what the home region does.
#[derive(Clone, Copy, Debug)]
pub struct Consistency {
    /// A new credential is `CREATING` for this long, and `ACTIVE` from then on.
    pub activation: SignedDuration,
    /// A new key is refused for this long, even if it is `ACTIVE` earlier.
    pub settle: SignedDuration,
    /// For this long after `settle` a new key is accepted and refused in turn, accepted first.
    pub unsteady: SignedDuration,
    /// The most refusals during `unsteady`; after them the key has settled early.
    pub unsteady_refusals: u32,
    /// A new credential is not listed, and a deleted one still is, for this long.
    pub listing_lag: SignedDuration,
    /// A deleted key still signs for this long.
    pub stop_lag: SignedDuration,
    /// A changed user is not seen by readers for this long.
    pub tag_lag: SignedDuration,
    /// A changed secret of a vault is `UPDATING` for this long, and takes no other change until then.
    pub secret_settle: SignedDuration,
    /// Readers of a vault's secrets see what was written this long ago.
    pub secret_lag: SignedDuration,
    /// Other regions know what the home region knew this long ago.
    pub replica_lag: SignedDuration,
}

impl Consistency {
    /// Everything takes effect at once: for tests that do not care.
    pub const fn immediate() -> Self {
        Self {
            activation: SignedDuration::ZERO,
            settle: SignedDuration::ZERO,
            unsteady: SignedDuration::ZERO,
            unsteady_refusals: 0,
            listing_lag: SignedDuration::ZERO,
            stop_lag: SignedDuration::ZERO,
            tag_lag: SignedDuration::ZERO,
            secret_settle: SignedDuration::ZERO,
            secret_lag: SignedDuration::ZERO,
            replica_lag: SignedDuration::ZERO,
        }
    }

    fn settling(&self) -> Settling {
        Settling { settle: self.settle, unsteady: self.unsteady, refusals: self.unsteady_refusals }
    }
}

impl Default for Consistency {
    fn default() -> Self {
        Self {
            activation: SignedDuration::from_secs(2),
            settle: SignedDuration::from_secs(8),
            unsteady: SignedDuration::from_secs(8),
            unsteady_refusals: 1,
            secret_settle: SignedDuration::from_secs(2),
            replica_lag: SignedDuration::from_mins(3),
            ..Self::immediate()
        }
    }
}

/// The times of something that is made and may be deleted.
#[derive(Clone, Copy)]
pub(super) struct Life {
    pub(super) created: Timestamp,
    deleted: Option<Timestamp>,
    trust: Trust,
}

impl Life {
    pub(super) fn new(created: Timestamp) -> Self {
        Self { created, deleted: None, trust: Trust::new(created) }
    }

    /// The same as it is long after its creation.
    pub(super) fn settled(self) -> Self {
        Self { trust: self.trust.complete(), ..self }
    }

    /// Whether it exists, as far as the home region itself is concerned.
    pub(super) fn exists(&self) -> bool {
        self.deleted.is_none()
    }

    pub(super) fn delete(&mut self, now: Timestamp) {
        self.deleted = Some(now);
    }

    /// Whether readers that lag this far behind see it at `now`.
    pub(super) fn seen(&self, now: Timestamp, lag: SignedDuration) -> bool {
        let born = self.trust.is_complete() || since(self.created, now) >= lag;
        let gone = self.deleted.is_some_and(|at| since(at, now) >= lag);
        born && !gone
    }

    pub(super) fn active(&self, now: Timestamp, lags: &Consistency) -> bool {
        self.trust.is_complete() || since(self.created, now) >= lags.activation
    }

    /// Its state, as whoever still sees it is shown it.
    pub(super) fn state(&self, now: Timestamp, lags: &Consistency) -> &'static str {
        if self.active(now, lags) { "ACTIVE" } else { "CREATING" }
    }
}

/// The public half of a user's key; Oracle never sees the other one.
#[derive(Clone)]
pub(super) struct SigningKey {
    pub(super) public: PublicKey,
    pub(super) fingerprint: String,
    /// As it was uploaded.
    pub(super) pem: String,
    pub(super) etag: String,
    pub(super) life: Life,
}

impl SigningKey {
    /// Whether the key is accepted from now on, every time. A deleted key that lags is not.
    pub(super) fn works(&self, now: Timestamp, lags: &Consistency) -> bool {
        let Life { trust, .. } = &self.life;
        trust.holds(now, &lags.settling()) && self.life.active(now, lags) && self.life.exists()
    }

    /// Whether the key is too long deleted to sign anything.
    pub(super) fn is_gone(&self, now: Timestamp, lags: &Consistency) -> bool {
        self.life.deleted.is_some_and(|at| since(at, now) >= lags.stop_lag)
    }

    /// One attempt to authenticate with the key: whether OCI believes in it this time.
    pub(super) fn admit(&mut self, now: Timestamp, lags: &Consistency) -> Result<(), &'static str> {
        if !self.life.active(now, lags) {
            return Err("the key is not active yet");
        }
        let admitted = self.life.trust.admit(now, &lags.settling());
        if admitted { Ok(()) } else { Err("the key has not settled yet") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAGS: Consistency = Consistency {
        activation: SignedDuration::from_secs(5),
        settle: SignedDuration::from_secs(10),
        unsteady: SignedDuration::from_secs(10),
        unsteady_refusals: 1,
        listing_lag: SignedDuration::from_secs(3),
        stop_lag: SignedDuration::from_secs(4),
        tag_lag: SignedDuration::ZERO,
        secret_settle: SignedDuration::ZERO,
        secret_lag: SignedDuration::ZERO,
        replica_lag: SignedDuration::from_secs(60),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key() -> SigningKey {
        let mut random = crate::random::Random::new(0, at(0));
        let public = PublicKey::without_private_half(&mut random).unwrap();
        let (fingerprint, pem) = (public.fingerprint(), public.pem());
        SigningKey { public, fingerprint, pem, etag: "e".to_owned(), life: Life::new(at(0)) }
    }

    #[test]
    fn a_new_key_is_created_then_active_then_flickers_then_works() {
        let mut key = key();
        assert_eq!(key.life.state(at(4), &LAGS), "CREATING");
        assert_eq!(key.admit(at(4), &LAGS), Err("the key is not active yet"));
        assert_eq!(key.life.state(at(5), &LAGS), "ACTIVE");
        assert_eq!(key.admit(at(9), &LAGS), Err("the key has not settled yet"));
        let tries: Vec<bool> = (0..4).map(|_| key.admit(at(10), &LAGS).is_ok()).collect();
        assert_eq!(tries, [true, false, true, true]);
        assert!(key.works(at(10), &LAGS));
    }

    #[test]
    fn lists_and_revocations_lag_each_for_itself() {
        let mut key = key();
        assert!(!key.life.seen(at(2), LAGS.listing_lag) && key.life.seen(at(3), LAGS.listing_lag));
        key.life.delete(at(50));
        assert!(key.life.seen(at(52), LAGS.listing_lag) && !key.life.seen(at(53), LAGS.listing_lag));
        assert!(!key.is_gone(at(53), &LAGS) && key.is_gone(at(54), &LAGS));
        assert!(!key.works(at(50), &LAGS));
    }

    #[test]
    fn what_was_there_from_the_start_is_seen_everywhere() {
        let mut key = key();
        key.life = key.life.settled();
        assert!(key.life.seen(at(0), LAGS.replica_lag) && key.admit(at(0), &LAGS).is_ok());
    }
}
