use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{Capability, Error, ErrorKind, Expiry, KeyId, KeyState, Ledger, Ledgers, OwnerId};

/// Whether the system accepts a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum KeyStatus {
    /// It works.
    #[default]
    Active,
    /// It was disabled.
    Inactive,
}

/// When a key was last used, as far as the system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastUse {
    /// The system does not tell.
    Unknown,
    /// Never.
    Never,
    /// At this time, or a little later.
    At(Timestamp),
}

/// A key as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedKey {
    /// The system's name of it.
    pub id: KeyId,
    /// When the system says that it was made.
    pub created_at: Timestamp,
    /// Whether it works.
    pub status: KeyStatus,
    /// Absent until it was asked for.
    pub last_use: Option<LastUse>,
    /// When it ends by itself, if it does.
    pub expiry: Option<Expiry>,
}

/// What was found on the principal.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Every key, of whomever.
    pub keys: BTreeMap<KeyId, ObservedKey>,
    /// The marks that stand on the principal.
    pub ledgers: Ledgers,
    /// When it was asked, by the system's clock as far as its answers tell it.
    pub at: Timestamp,
    /// How far the system's clock is ahead of ours.
    pub ahead: SignedDuration,
}

impl Observed {
    /// An instant of our clock, by the system's.
    pub fn now(&self, ours: Timestamp) -> Timestamp {
        ours.checked_add(self.ahead).unwrap_or(ours)
    }

    /// When it was asked, by our clock.
    pub fn asked_at(&self) -> Timestamp {
        self.at.checked_sub(self.ahead).unwrap_or(self.at)
    }
}

/// One field of a key that users read.
#[derive(Clone)]
pub enum Field {
    /// Public.
    Plain(String),
    /// Secret.
    Secret(SecretString),
    /// Secret texts by public names.
    SecretMap(BTreeMap<String, SecretString>),
}

impl Field {
    /// Whether it is a secret that nobody knows: its text is empty.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Secret(secret) if is_empty_secret(secret))
    }
}

/// Whether a secret has no text.
#[expect(clippy::disallowed_methods, reason = "whether a secret is empty is no secret")]
pub fn is_empty_secret(secret: &SecretString) -> bool {
    secret.expose_secret().is_empty()
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => write!(f, "{text:?}"),
            Self::Secret(_) => f.write_str("[secret]"),
            Self::SecretMap(texts) => texts.fmt(f),
        }
    }
}

impl PartialEq for Field {
    #[expect(clippy::disallowed_methods, reason = "equality of two secrets reveals neither")]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(one), Self::Plain(two)) => one == two,
            (Self::Secret(one), Self::Secret(two)) => one.expose_secret() == two.expose_secret(),
            (Self::SecretMap(one), Self::SecretMap(two)) => {
                let same = |(name, text): (&String, &SecretString)| {
                    two.get(name).is_some_and(|other| other.expose_secret() == text.expose_secret())
                };
                one.len() == two.len() && one.iter().all(same)
            }
            _ => false,
        }
    }
}

/// The fields of a key that users read, by the names that outputs have.
pub type Material = BTreeMap<String, Field>;

/// What a mint is told.
#[derive(Clone, Debug)]
pub struct MintOrder {
    /// The nonce of the claim: a retry token where a system takes one.
    pub nonce: String,
    /// The generation of the key to be made.
    pub generation: u64,
    /// Whose it will be; where marks stand on keys, the new key carries it from its first moment.
    pub owner: OwnerId,
    /// The instance that makes it, for the same mark.
    pub instance: String,
    /// How long the key has to work, where keys end by themselves; none: as long as may be.
    pub life: Option<SignedDuration>,
}

/// A key that was just made.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The system's name of it.
    pub id: KeyId,
    /// When the system says that it was made.
    pub created_at: Timestamp,
    /// What users read.
    pub material: Material,
    /// When it ends by itself, if it does.
    pub expiry: Option<Expiry>,
}

/// What a system shows of a key that is imported.
#[derive(Clone, Debug, Default)]
pub struct ReadBack {
    /// Inputs beside those that the import id gives.
    pub inputs: BTreeMap<String, String>,
    /// The secret.
    pub secret: Option<SecretString>,
}

/// The outcome of one try of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The system accepted it.
    Accepted,
    /// The system does not know it yet, or cannot be asked now.
    NotYet,
    /// The system answered without a word about the key, such as to a network that it does not let in. It may say more later.
    Unjudged,
    /// Nothing can try it; from this time on it is known to work.
    NotBefore(Timestamp),
}

/// The keys of one principal in one system. Bound to the principal; called by [`run`](fn@crate::run) and by the caller's Read.
///
/// Each method is one question or one act, tried again by itself only where a repetition cannot do harm.
#[async_trait]
pub trait KeyIssuer: Send + Sync {
    /// What the system can do.
    fn capability(&self) -> Capability;

    /// The principal as messages name it: what it is, its name, and the input that names it, such as "IAM user ci (`user`)".
    fn principal(&self) -> String;

    /// Is told, before anything else, what the caller knows: where lists show only keys that the issuer was told of, it looks for these too.
    fn recall(&self, _state: &KeyState) {}

    /// The id of the account, tenancy, organization or cluster that the plugin's credentials reach. At most one call in a process.
    /// None if the system does not say.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn account(&self) -> Result<Option<String>, Error> {
        Ok(None)
    }

    /// What a person should know beyond what the model sees, by the last look and what was done since. It becomes a warning of the
    /// resource, so no time of day and no secret is in it.
    fn notices(&self, _state: &KeyState) -> Vec<String> {
        Vec::new()
    }

    /// Whether a stored warning is one of [`notices`](Self::notices) that a refresh says anew.
    fn is_notice(&self, _warning: &str) -> bool {
        false
    }

    /// What an import of this key can learn beside what its id says, where the system shows a key's secret. `given` is the secret
    /// that the user named.
    ///
    /// # Errors
    /// The key does not say which of its parts is the secret, or none is the given one.
    async fn read_back(&self, _key: &KeyId, _given: Option<&SecretString>) -> Result<ReadBack, Error> {
        Ok(ReadBack::default())
    }

    /// Insists that the secret, which the user gave for an existing key, is of this key and of no other that would be accepted as well. Whether it
    /// works is the question of [`verify`](Self::verify).
    ///
    /// # Errors
    /// It is of another key, or cannot be the secret of any.
    async fn must_be_secret_of(&self, _key: &KeyId, _secret: &SecretString) -> Result<(), Error> {
        Ok(())
    }

    /// Every key of the principal; none if the system said, in an answer that it documents for this, that the principal does not exist.
    ///
    /// # Errors
    /// Anything but a definite answer. A refused or throttled call is an error, never "no keys".
    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error>;

    /// Keys and marks together: two calls, or one where the marks stand on the keys.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        let Some(keys) = self.list().await? else { return Ok(None) };
        Ok(Some((keys, self.read_ledgers(owner).await?)))
    }

    /// The marks on the principal, ours apart from those of others.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error>;

    /// Writes our mark whole, in one step; none removes it. Where marks stand on keys, each key that the mark names gets what it
    /// says, and none has nothing to remove: marks go with their keys.
    ///
    /// # Errors
    /// Names the permission that is missing.
    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error>;

    /// The name of the key that a mint by this order will make, where it can be known before: the claim then names it, so that it
    /// is found again whatever happens to the answer. Makes nothing in the system.
    ///
    /// # Errors
    /// The key could not be prepared.
    async fn foresee(&self, _order: &MintOrder) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }

    /// Makes one key. Never repeated by itself or by a library beneath it, and never waits longer than `mint_timeout`.
    ///
    /// # Errors
    /// `effect` says whether a key may have been made.
    async fn mint(&self, order: &MintOrder) -> Result<Minted, Error>;

    /// Tries the key once, as a user of it would.
    ///
    /// # Errors
    /// Only what waiting cannot cure.
    async fn verify(&self, material: &Material) -> Result<Verdict, Error>;

    /// What the last try of a new key met, such as who answered and how: for the error that the key was never accepted.
    fn last_try(&self) -> Option<String> {
        None
    }

    /// When the key was last used. Asked only where the system tells.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn last_use(&self, _key: &KeyId) -> Result<LastUse, Error> {
        Ok(LastUse::Unknown)
    }

    /// Gives the key more time, until it is `life` from now or as long as may be. None if it has ended meanwhile.
    ///
    /// # Errors
    /// The key has the time that it had.
    async fn renew(&self, _key: &KeyId, _life: Option<SignedDuration>) -> Result<Option<Expiry>, Error> {
        Ok(None)
    }

    /// Disables the key, which somebody may undo. A key that is gone already is success. Asked only where the system can.
    ///
    /// # Errors
    /// The key may still work.
    async fn disable(&self, _key: &KeyId) -> Result<(), Error> {
        let message = format!("{}: no key can be disabled there; this is a bug: please report it", self.principal());
        Err(Error::new(ErrorKind::Unexpected, "", message))
    }

    /// Removes the key for good. A key that is gone already is success.
    ///
    /// # Errors
    /// The key may still work.
    async fn retire(&self, key: &KeyId) -> Result<(), Error>;

    /// How far the system's clock is ahead of ours, by the date of its last answer. Times that the system gives are judged by its own clock.
    fn ahead(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    /// The key that the plugin itself uses for this system, if it is one that could stand on a principal.
    ///
    /// # Errors
    /// The plugin's own credentials could not be had.
    async fn configured_key(&self) -> Result<Option<KeyId>, Error>;
}
