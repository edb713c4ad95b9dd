//! The stand-in of AWS, run within the test, as the tests speak of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use localcloud::aws::User;
use localcloud::{Aws, Confluent, Credentials, Entry, FileClock, Held, Key, LocalCloud, Oci, Options, Rule};

use crate::wait;

/// A key that was accepted a few times may still be refused now and then for this long.
const SETTLING: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);

/// A running stand-in with realistic lags.
pub struct Cloud {
    inner: LocalCloud,
}

impl Cloud {
    /// Starts a stand-in that lives in the time of a clock file.
    ///
    /// # Errors
    /// When the file cannot be read or no port is free.
    pub fn start(clock: &Path) -> Result<Self> {
        Self::in_tenancy(clock, None)
    }

    /// The same with this OCID for the tenancy of OCI.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn in_tenancy(clock: &Path, tenancy: Option<&str>) -> Result<Self> {
        let clock = FileClock::open(clock).context("cannot read the test clock")?;
        let mut options = Options::new(clock);
        options.oci.tenancy = tenancy.map(str::to_owned);
        let inner = LocalCloud::start(options).context("cannot start the stand-in of AWS")?;
        Ok(Self { inner })
    }

    /// The same as another account, in which every id is another one.
    ///
    /// # Errors
    /// When the file cannot be read or no port is free.
    pub fn start_elsewhere(clock: &Path, account: &str) -> Result<Self> {
        let clock = FileClock::open(clock).context("cannot read the test clock")?;
        let mut options = Options::new(clock);
        (options.aws.account, options.seed) = (account.to_owned(), 1);
        let inner = LocalCloud::start(options).context("cannot start another stand-in")?;
        Ok(Self { inner })
    }

    /// Starts a stand-in in real time, whose changes are seen at once: where many runs go on side by side, the pauses of one
    /// must not be hours for the others.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start_in_real_time() -> Result<Self> {
        let started = LocalCloud::start(Options::default().immediate());
        Ok(Self { inner: started.context("cannot start the stand-in of AWS")? })
    }

    /// Where every service listens.
    pub fn endpoint(&self) -> String {
        self.inner.endpoint().to_owned()
    }

    /// The account of AWS.
    pub fn aws(&self) -> &Aws {
        self.inner.aws()
    }

    /// Confluent Cloud in the same stand-in.
    pub fn confluent(&self) -> &Confluent {
        self.inner.confluent()
    }

    /// OCI Identity in the same stand-in.
    pub fn oci(&self) -> &Oci {
        self.inner.oci()
    }

    /// The credentials that the plugin is given.
    pub fn administrator(&self) -> Credentials {
        self.inner.aws().admin_credentials()
    }

    /// AWS's own environment variables that lead to the stand-in.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let Credentials { access_key_id, secret_access_key } = self.administrator();
        vec![
            ("AWS_ACCESS_KEY_ID", access_key_id),
            ("AWS_SECRET_ACCESS_KEY", secret_access_key),
            ("AWS_ENDPOINT_URL_IAM", self.endpoint()),
            ("AWS_ENDPOINT_URL_STS", self.endpoint()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// Creates a user.
    ///
    /// # Errors
    /// When there is one of that name.
    pub fn add_user(&self, name: &str) -> Result<()> {
        self.inner.aws().create_user(name).map_err(|refusal| anyhow!("cannot create {name}: {refusal:?}"))
    }

    /// Makes a key for a user, as a stranger would.
    ///
    /// # Errors
    /// At the quota.
    pub fn add_key(&self, user: &str) -> Result<Credentials> {
        self.inner.aws().mint_key(user).map_err(|refusal| anyhow!("cannot make a key: {refusal:?}"))
    }

    /// Deletes a key, as a stranger would.
    ///
    /// # Errors
    /// When there is no such key.
    pub fn remove_key(&self, id: &str) -> Result<()> {
        self.inner.aws().delete_key(id).map_err(|refusal| anyhow!("cannot delete {id}: {refusal:?}"))
    }

    /// Every user, the administrator among them.
    pub fn users(&self) -> Vec<User> {
        self.inner.aws().snapshot().users
    }

    /// A user's keys.
    pub fn keys(&self, user: &str) -> Vec<Key> {
        self.inner.aws().keys(user)
    }

    /// The ids of a user's keys, in order.
    pub fn key_ids(&self, user: &str) -> Vec<String> {
        let mut ids: Vec<String> = self.keys(user).into_iter().map(|key| key.id).collect();
        ids.sort();
        ids
    }

    /// A user's tags.
    pub fn tags(&self, user: &str) -> BTreeMap<String, String> {
        self.inner.aws().tags(user)
    }

    /// Insists that this is the secret of an active key that is accepted, at the latest once it has settled.
    ///
    /// # Errors
    /// When it is not.
    pub fn expect_works(&self, id: &str, secret: &str) -> Result<()> {
        ensure!(self.inner.aws().secret_is_right(id, secret), "the secret of {id} is wrong, or the key is gone");
        if !self.inner.aws().works(id) {
            self.inner.clock().advance(SETTLING);
        }
        ensure!(self.inner.aws().works(id), "{id} does not work");
        Ok(())
    }

    /// Whether a key exists, is active and has settled.
    pub fn works(&self, id: &str) -> bool {
        self.inner.aws().works(id)
    }

    /// The ids of the keys whose secrets occur in a text; of all that were ever made.
    pub fn leaks(&self, text: &str) -> Vec<String> {
        [self.inner.aws().leaks(text), self.confluent().leaks(text), self.oci().leaks(text)].concat()
    }

    /// Every request so far.
    pub fn calls(&self) -> Vec<Entry> {
        self.inner.journal()
    }

    /// How many requests of an action had their effect.
    pub fn count(&self, action: &str) -> usize {
        let done = |entry: &&Entry| entry.action == action && entry.outcome.as_deref() == Some("OK");
        self.calls().iter().filter(done).count()
    }

    /// Arranges that something goes wrong.
    pub fn fault(&self, rule: Rule) {
        self.inner.faults().add(rule);
    }

    /// Makes the next request number 1 for [`Rule::at_call`].
    pub fn restart_count(&self) {
        self.inner.faults().restart_count();
    }

    /// Withdraws every fault and lets go what is held.
    pub fn clear_faults(&self) {
        self.inner.faults().clear();
        self.inner.faults().release_all();
    }

    /// Waits until no request is held, because those who sent them have gone.
    ///
    /// # Errors
    /// When one is still held after `limit`.
    pub fn until_none_held(&self, limit: Duration) -> Result<()> {
        let none = wait::until(limit, || Ok(self.inner.faults().held().is_empty().then_some(())))?;
        none.with_context(|| format!("a call is still held after {} s", limit.as_secs()))
    }

    /// Waits until a request is held, or `ended` says that none will come.
    ///
    /// # Errors
    /// When none is held within `limit`, or `ended` fails or is true first.
    pub fn until_held(&self, limit: Duration, mut ended: impl FnMut() -> Result<bool>) -> Result<Held> {
        let held = wait::until(limit, || {
            let held = self.inner.faults().held().into_iter().next();
            ensure!(held.is_some() || !ended()?, "the command ended before the call that was to be held");
            Ok(held)
        })?;
        held.with_context(|| format!("no call was held within {} s", limit.as_secs()))
    }
}
