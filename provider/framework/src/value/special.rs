use std::fmt;

use secrecy::{CloneableSecret, SecretBox};
use zeroize::Zeroize;

use super::kinds::{Archive, ArchiveContent, Asset, AssetContent, Output, Sensitive, Value};

impl CloneableSecret for Value {}

impl Sensitive {
    /// Protects a value. Prefer [`Value::secret`], which never wraps a secret twice.
    pub fn new(value: Value) -> Self {
        Self(SecretBox::new(Box::new(value)))
    }

    /// The protected value, for code that passes it on or compares it. Do not put it into a
    /// message: the framework removes a request's secrets from messages, but cannot know a
    /// secret that the resource itself made.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one way from a secret property to its value: for decoding, the wire and comparison"
    )]
    pub fn value(&self) -> &Value {
        secrecy::ExposeSecret::expose_secret(&self.0)
    }
}

impl PartialEq for Sensitive {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.secret {
            self.zeroize();
        }
    }
}

impl Zeroize for Output {
    fn zeroize(&mut self) {
        if let Some(value) = &mut self.value {
            value.zeroize();
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            _ if self.secret => f.write_str("output([secret])"),
            Some(value) => write!(f, "output({value:?})"),
            None => f.write_str("output(unknown)"),
        }
    }
}

impl Zeroize for Asset {
    fn zeroize(&mut self) {
        if let AssetContent::Text(text) = &mut self.content {
            text.zeroize();
        }
    }
}

impl Zeroize for Archive {
    fn zeroize(&mut self) {
        if let ArchiveContent::Assets(entries) = &mut self.content {
            entries.values_mut().for_each(Zeroize::zeroize);
        }
    }
}
