//! The kinds of values. They hold each other, so they stand together; what they can do stands apart.

use std::collections::BTreeMap;

use secrecy::SecretBox;

/// The properties of a resource, a function's arguments, or a nested object.
pub type Object = BTreeMap<String, Value>;

/// One property value.
///
/// `PartialEq` is structural: a secret differs from the same value in clear. Use [`Value::same`] to
/// ask whether the user's value changed. `Debug` never shows what stands inside a secret.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// JSON's null. As an entry of an object it means the same as an absent entry.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number. Whole numbers are exact up to 2^53; larger ones travel as strings.
    Number(f64),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// A map or a nested object.
    Object(Object),
    /// A value that must not be shown; the engine encrypts it in its state.
    Secret(Sensitive),
    /// A value that is not known before the `up` that a preview foretells.
    Unknown,
    /// A value with the resources it came from; it may be unknown, secret or both.
    Output(Output),
    /// A reference to a resource.
    ResourceRef(ResourceRef),
    /// A file or a text.
    Asset(Asset),
    /// A folder or a bundle of assets.
    Archive(Archive),
    /// Bytes that need not be valid UTF-8.
    Bytes(Vec<u8>),
}

/// A value inside a secret: wiped when dropped, and never shown by `Debug`.
#[derive(Clone)]
pub struct Sensitive(pub(super) SecretBox<Value>);

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
