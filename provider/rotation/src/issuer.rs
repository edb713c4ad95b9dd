use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::{
    Capability, Error, ErrorKind, Expiry, KeyId, KeyState, LastUse, Ledger, Ledgers, Material, ObservedKey, OwnerId,
};

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

/// A mint that is ready to be made.
pub struct Prepared<'a> {
    /// The name of the key that it will make, where that is known.
    pub foreseen: Option<KeyId>,
    mint: Box<dyn FnOnce() -> BoxFuture<'a, Result<Minted, Error>> + Send + Sync + 'a>,
}

impl<'a> Prepared<'a> {
    /// `mint` makes the key: never repeated by itself or by a library beneath it, and never waiting longer than `mint_timeout`. The `effect` of its
    /// error says whether a key may have been made.
    pub fn new<F>(foreseen: Option<KeyId>, mint: impl FnOnce() -> F + Send + Sync + 'a) -> Self
    where
        F: Future<Output = Result<Minted, Error>> + Send + 'a,
    {
        Self { foreseen, mint: Box::new(move || Box::pin(mint())) }
    }

    /// Makes the key.
    ///
    /// # Errors
    /// `effect` says whether a key may have been made.
    pub async fn mint(self) -> Result<Minted, Error> {
        (self.mint)().await
    }
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

/// What became of a key that was to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It works no more.
    Gone,
    /// The system accepts it until users publish that it is withdrawn; with what they are to do, in a sentence.
    StillAccepted(String),
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

    /// Makes ready to make one key, and says its name where that can be known before: the claim then names it, so that it is found again
    /// whatever happens to the answer. Makes no key. What does not fit shows here, before the mint.
    ///
    /// # Errors
    /// The key could not be prepared.
    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error>;

    /// Makes one key without a claim.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare) and [`Prepared::mint`].
    #[cfg(any(test, feature = "testing"))]
    async fn mint(&self, order: &MintOrder) -> Result<Minted, Error> {
        self.prepare(order).await?.mint().await
    }

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
    async fn retire(&self, key: &KeyId) -> Result<Retired, Error>;

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
