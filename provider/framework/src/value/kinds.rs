//! The kinds of values. They hold each other, so they stand together; what they can do stands apart.

use std::collections::BTreeMap;

use secrecy::SecretBox;

/// The properties of a resource, the arguments of a function, or a nested object.
///
/// The order of the entries is that of their names, so that two runs write the same bytes.
pub type Object = BTreeMap<String, Value>;

/// One property value.
///
/// `PartialEq` compares the structure: a secret differs from the same value in clear text.
/// Use [`Value::same`] to ask whether the user's value changed. `Debug` never shows what a
/// secret contains.
///
/// The enum is non-exhaustive, because Pulumi adds kinds of values from time to time. A
/// `match` needs a `_` arm, or use the readers below, which return `None` for every other
/// kind.
///
/// ```
/// use pulumi_provider::{Object, Value};
///
/// let tags: Object = [("team".to_owned(), Value::from("payments"))].into();
/// let value = Value::from(vec![Value::from(tags), Value::from(true), Value::Null]);
///
/// let elements = value.as_array().unwrap();
/// assert_eq!(elements[0].as_object().unwrap()["team"].as_str(), Some("payments"));
/// assert_eq!(elements[1].as_bool(), Some(true));
/// assert!(elements[2].is_null());
/// ```
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

/// The value inside a secret. It is wiped from memory when it is dropped, and `Debug` shows
/// `[secret]`.
///
/// [`Value::secret`] makes one. [`Sensitive::value`] is the only way to the content, so
/// that a search for its name finds every place that opens a secret.
#[derive(Clone)]
pub struct Sensitive(pub(super) SecretBox<Value>);

/// An output value: what it is if it is known, whether it is secret, and the resources that
/// it depends on.
///
/// The engine sends outputs only to providers that accept them, as this framework does.
/// [`Value::unwrapped`] looks through them.
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
///
/// Decoding reads it as the resource's id, because that is what most inputs want.
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

/// A file or a text. The engine leaves the content out where only its identity matters.
///
/// Two assets are the same if their hashes are equal, or, without hashes, if their contents
/// are.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    /// SHA-256 of the content in hex, if the engine computed it.
    pub hash: Option<String>,
    /// Where the content is.
    pub content: AssetContent,
}

/// The place of the content of an [`Asset`].
///
/// It is non-exhaustive: a later version of Pulumi may add a place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
///
/// Two archives are the same if their hashes are equal, or, without hashes, if their
/// contents are.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// SHA-256 of the content in hex, if the engine computed it.
    pub hash: Option<String>,
    /// Where the content is.
    pub content: ArchiveContent,
}

/// The place of the content of an [`Archive`].
///
/// It is non-exhaustive: a later version of Pulumi may add a place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
