use jiff::Timestamp;
use rotation::{Key, KeyId, Trigger};

use crate::document::Document;
use crate::keys::Keys;

/// A version of the secret, and what it holds.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) version: String,
    pub(crate) document: Document,
}

impl Held {
    /// The key that it holds; none if it holds none. One that a person put there is the first.
    pub(crate) fn key(&self, keys: &dyn Keys) -> Option<Key> {
        let id = keys.id(&self.document)?;
        let note = self.document.note(&id);
        let made = note.as_ref().map(|note| (note.generation, note.created_at));
        let (generation, created_at) = made.unwrap_or((1, Timestamp::UNIX_EPOCH));
        let trigger = Some(asked_by(&self.version));
        let material = keys.material(&self.document);
        Some(Key { trigger, material, ..Key::new(KeyId(id), generation, created_at) })
    }

    /// The account that its key is noted to be in.
    pub(crate) fn account(&self, keys: &dyn Keys) -> Option<String> {
        self.document.note(&keys.id(&self.document)?)?.account
    }
}

/// What a key was minted for: the version that a rotation began.
pub(crate) fn asked_by(version: &str) -> Trigger {
    Trigger { hash: version.to_owned(), window: None }
}
