//! A store as trials see it: they open entries of it as the plugin does, and look at them as consumers and strangers do.

use cloud::Deliverable;
use rotation::{OwnerId, Store};
use serde_json::Value;

/// Entries of one kind of store.
pub(crate) trait Shelves: Send + Sync {
    /// An entry, as a newly started process reaches it, for keys like `of`. `more` are inputs beside its name.
    fn open(&self, name: &str, more: &Value, of: Deliverable) -> Box<dyn Store>;

    /// The input `create`.
    fn create(&self) -> Value;

    /// Somebody makes an entry that holds [`BEFORE`].
    fn make(&self, name: &str);

    /// Somebody puts [`BY_HAND`] into an entry.
    fn edit(&self, name: &str);

    /// What consumers read.
    fn value(&self, name: &str) -> Option<String>;

    /// All that anybody can read, by whatever version or stage.
    fn values(&self, name: &str) -> Vec<String>;

    /// Whether there is anything at all.
    fn exists(&self, name: &str) -> bool;
}

/// What somebody else wrote.
pub(super) const BEFORE: &str = r#"{"theirs":"before"}"#;
/// What somebody else wrote in place of a key.
pub(super) const BY_HAND: &str = r#"{"theirs":"by hand"}"#;

/// The resource whose keys are delivered.
pub(super) fn owner() -> OwnerId {
    OwnerId::new("urn:stores", "stack/project/stores")
}

/// Whatever a key has, in maps too.
pub(crate) fn all() -> Deliverable {
    Deliverable { open: true, ..Deliverable::default() }
}

/// Inputs with more beside them.
pub(super) fn with(mut inputs: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        inputs[name] = value.clone();
    }
    inputs
}
