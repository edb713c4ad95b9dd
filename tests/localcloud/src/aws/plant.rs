//! Puts things into the account as they were somewhere else: a recorded state is read against what it was recorded with.

use jiff::Timestamp;

use super::error::Refusal;
use super::key::AccessKey;
use super::{Aws, Credentials};
use crate::locked;

impl Aws {
    /// Gives a user this key, which has settled long ago, whatever the quota says.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub fn plant_key(&self, user: &str, key: Credentials, created: Timestamp) -> Result<(), Refusal> {
        let Credentials { access_key_id, secret_access_key } = key;
        let mut account = locked(&self.inner.account);
        account.issued.push((access_key_id.clone(), secret_access_key.clone()));
        let key = AccessKey::new(access_key_id, secret_access_key, created).settled();
        account.user_mut(user)?.keys.push(key);
        Ok(())
    }
}
