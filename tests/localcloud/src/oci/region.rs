//! Regions: the home region, where everything is written, and the others, which follow.

use serde::Serialize;

/// A region that a tenancy is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Its three letters, `IAD` for example.
    pub key: String,
    /// Its name, `us-ashburn-1` for example.
    pub name: String,
}

impl Region {
    /// The region with this key and this name.
    pub fn new(key: &str, name: &str) -> Self {
        Self { key: key.to_owned(), name: name.to_owned() }
    }
}
