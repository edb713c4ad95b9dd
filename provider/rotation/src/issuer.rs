use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::{
    Capability, Error, ErrorKind, Expiry, KeyId, KeyState, LastUse, Ledger, Ledgers, Material, ObservedKey, OwnerId,
};

/// The parameters of one mint.
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
    /// How long the key has to work, where keys end by themselves; none: as long as the system allows.
    pub life: Option<SignedDuration>,
}

/// A key that was just made.
#[derive(Clone, Debug)]
pub struct Minted {
    /// The key's id in the system.
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
    /// The answer neither accepts nor refuses the key, for example because the network is not allowed. A later try may give a verdict.
    Unjudged,
    /// Nothing can try it; from this time on it is known to work.
    NotBefore(Timestamp),
}

/// What became of a key that was to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It works no more.
    Gone,
    /// The system accepts the key until users publish its withdrawal. Holds a sentence that says what to do.
    StillAccepted(String),
}

/// The keys of one principal in one system. Bound to the principal; called by [`run`](fn@crate::run) and by the caller's Read.
///
/// Each method reads or changes one thing. An implementation retries only calls that are safe to repeat.
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

    /// Warnings that only the issuer can give, from the last observation and the steps since. They become warnings of the resource, so they
    /// contain no time of day and no secret.
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

    /// Checks that a secret from the user belongs to this key and not to another valid key. [`verify`](Self::verify) checks whether it works.
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

    /// Replaces our mark in one step; none removes it. Where marks are on keys, updates the mark of each key that it names, and none does
    /// nothing, because each mark is deleted with its key.
    ///
    /// # Errors
    /// Names the permission that is missing.
    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error>;

    /// Prepares one mint without creating a key. Gives the key's id if it can be known in advance: the claim then holds it, so that a later run
    /// finds the key if the answer is lost. Reports an invalid request before the mint.
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
    /// Only failures that a later try cannot fix.
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

    /// Extends the key's expiry to `life` from now, or as far as the system allows. None if the key has expired.
    ///
    /// # Errors
    /// The expiry did not change.
    async fn renew(&self, _key: &KeyId, _life: Option<SignedDuration>) -> Result<Option<Expiry>, Error> {
        Ok(None)
    }

    /// Disables the key, which somebody may undo. A key that is gone already is success. Asked only where the system can.
    ///
    /// # Errors
    /// The key may still work.
    async fn disable(&self, _key: &KeyId) -> Result<(), Error> {
        let message = format!(
            "{}: no key can be disabled there; this is a bug: please report it [KR-ROTATION-038]",
            self.principal()
        );
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
