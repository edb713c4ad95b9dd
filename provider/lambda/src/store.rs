use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use rotation::{Clock, DeliveryId, Error, ErrorKind, Head, KeyId, OwnerId, Payload, Store, StoredVersion, Target};
use system_aws::{CURRENT, PENDING, RotatedSecret};

use crate::document::{Document, Note};
use crate::held::{Held, asked_by};
use crate::keys::Keys;

/// The secret as the one store of its key: `AWSCURRENT` is what consumers read, the version of this rotation is what is staged.
pub(crate) struct SecretVersions<'a> {
    pub(crate) secret: &'a RotatedSecret,
    pub(crate) keys: &'a dyn Keys,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) owner: &'a OwnerId,
    /// The secret as messages name it.
    pub(crate) label: &'a str,
    /// The version that consumers read, when this invocation began.
    pub(crate) current: &'a Held,
    /// The version of this rotation.
    pub(crate) token: &'a str,
    /// The account that holds the keys.
    pub(crate) account: Option<String>,
    /// The key of the version of this rotation, as far as this invocation knows.
    pub(crate) known: Mutex<Option<KeyId>>,
    /// What versions were seen to hold; a version that was filled never changes.
    pub(crate) read: Mutex<BTreeMap<String, Held>>,
}

impl SecretVersions<'_> {
    async fn held(&self, version: &str, label: &str) -> Result<Option<Held>, Error> {
        if let Some(held) = locked(&self.read).get(version) {
            return Ok(Some(held.clone()));
        }
        let Some(text) = self.secret.read(version, label).await? else { return Ok(None) };
        let held = Held { version: version.to_owned(), document: Document::parse(&text, self.label)? };
        locked(&self.read).insert(version.to_owned(), held.clone());
        Ok(Some(held))
    }

    fn stored(&self, version: &str, held: Option<&Held>) -> StoredVersion {
        let key = held.and_then(|held| held.key(self.keys));
        let delivery = key.map(|key| {
            let of_key = (&key.id, key.generation);
            DeliveryId::new(self.owner, of_key, &Target::of(self).shape, Some(&asked_by(version)))
        });
        StoredVersion { version: version.to_owned(), delivery }
    }

    /// Whoever filled the version meanwhile has a key that this invocation does not know.
    fn must_be_known(&self, held: Option<&Held>) -> Result<(), Error> {
        let shown = held.and_then(|held| self.keys.id(&held.document)).map(KeyId);
        if shown.is_none() || shown == *locked(&self.known) {
            return Ok(());
        }
        let message = format!(
            "the version {} of {} holds a key that could not be seen when this step began, so nothing was done: the next try goes on with it [KR-LAMBDA-012]",
            self.token, self.label
        );
        Err(Error::new(ErrorKind::Conflict, "", message))
    }
}

#[async_trait]
impl Store for SecretVersions<'_> {
    fn label(&self) -> String {
        self.label.to_owned()
    }

    fn identity(&self) -> String {
        format!("rotatedSecret:{}", self.owner.hash)
    }

    async fn head(&self) -> Result<Head, Error> {
        let described = self.secret.describe().await?;
        let mut head = Head { exists: true, entry: Some(described.arn.clone()), ..Head::default() };
        if let Some(version) = described.holder(CURRENT) {
            let held = self.held(version, CURRENT).await?;
            head.current = Some(self.stored(version, held.as_ref()));
        }
        if described.holder(PENDING) == Some(self.token) && described.holder(CURRENT) != Some(self.token) {
            let held = self.held(self.token, PENDING).await?;
            self.must_be_known(held.as_ref())?;
            head.pending = held.is_some().then(|| self.stored(self.token, held.as_ref()));
        }
        Ok(head)
    }

    async fn stage(&self, payload: &Payload<'_>, _: &Head) -> Result<String, Error> {
        let Payload { generation, key, material, .. } = *payload;
        let created_at = self.clock.now();
        let note = Note { key: key.0.clone(), generation, created_at, account: self.account.clone() };
        let text = self.current.document.with_key(self.keys.names(), (&self.keys.render(material)?, &note))?;
        self.secret.fill(self.token, &text).await?;
        *locked(&self.known) = Some(key.clone());
        let held = Held { version: self.token.to_owned(), document: Document::parse(&text, self.label)? };
        locked(&self.read).insert(self.token.to_owned(), held);
        Ok(self.token.to_owned())
    }

    async fn promote(&self, version: &str, head: &Head) -> Result<(), Error> {
        self.secret.promote(version, head.current.as_ref().map(|current| current.version.as_str())).await
    }

    async fn withdraw(&self, version: &str, _: &Head) -> Result<(), Error> {
        self.secret.release(version).await
    }

    async fn remove(&self) -> Result<bool, Error> {
        Ok(false)
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
