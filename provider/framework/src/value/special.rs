use std::fmt;

use secrecy::{CloneableSecret, SecretBox};
use zeroize::Zeroize;

use super::{Object, Value, same_objects};

/// A value inside a secret: wiped when dropped, and never shown by `Debug`.
#[derive(Clone)]
pub struct Sensitive(SecretBox<Value>);

impl CloneableSecret for Value {}

impl Sensitive {
    /// Encloses a value.
    pub fn new(value: Value) -> Self {
        Self(SecretBox::new(Box::new(value)))
    }

    /// The enclosed value, for code that passes it on or compares it.
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

/// An output value: what it is, if known, whether it is secret, and the resources it depends on.
#[derive(Clone, PartialEq)]
pub struct Output {
    /// The value; none while it is unknown.
    pub value: Option<Box<Value>>,
    /// Whether the value is secret. It is wiped when dropped then.
    pub secret: bool,
    /// URNs of the resources that the value came from.
    pub dependencies: Vec<String>,
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

/// A reference to a resource of the same program.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ResourceRef {
    /// The resource's URN.
    pub urn: String,
    /// Its id, or [`Value::Unknown`] before it is made; none for a component.
    pub id: Option<Box<Value>>,
    /// Its name, where the engine sends one.
    pub name: Option<String>,
    /// Its type token, where the engine sends one.
    pub resource_type: Option<String>,
    /// The version of its package, if the reference states one.
    pub package_version: Option<String>,
}

impl ResourceRef {
    pub(super) fn same(&self, other: &Self) -> bool {
        let ids = match (&self.id, &other.id) {
            (Some(left), Some(right)) => left.same(right),
            (left, right) => left.is_none() && right.is_none(),
        };
        self.urn == other.urn && ids
    }
}

/// A file or text. The engine leaves the content out where only its identity matters.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// SHA-256 of the content in hex, if the engine computed it.
    pub hash: Option<String>,
    /// Where the content is.
    pub content: AssetContent,
}

/// Where the content of an [`Asset`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum AssetContent {
    /// In place.
    Text(String),
    /// In a file, relative to the program's folder.
    Path(String),
    /// Behind a URI.
    Uri(String),
    /// Left out: only the hash is known.
    Elided,
}

impl Asset {
    pub(super) fn same(&self, other: &Self) -> bool {
        match (&self.hash, &other.hash) {
            (Some(left), Some(right)) => left == right,
            _ => self.content == other.content,
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

/// A folder, an archive file or a bundle of assets.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// SHA-256 of the content in hex, if the engine computed it.
    pub hash: Option<String>,
    /// Where the content is.
    pub content: ArchiveContent,
}

/// Where the content of an [`Archive`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum ArchiveContent {
    /// Assets and archives by their names in the archive.
    Assets(Object),
    /// A file or folder, relative to the program's folder.
    Path(String),
    /// Behind a URI.
    Uri(String),
    /// Left out: only the hash is known.
    Elided,
}

impl Archive {
    pub(super) fn same(&self, other: &Self) -> bool {
        match (&self.hash, &other.hash, &self.content, &other.content) {
            (Some(left), Some(right), ..) => left == right,
            (_, _, ArchiveContent::Assets(left), ArchiveContent::Assets(right)) => same_objects(left, right),
            (.., left, right) => left == right,
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
