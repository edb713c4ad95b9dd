//! What a value is and holds, and how it is made.

use std::fmt;

use zeroize::Zeroize;

use super::kinds::{Archive, ArchiveContent, Object, Output, ResourceRef, Sensitive, Value};

static UNKNOWN: Value = Value::Unknown;

impl Value {
    /// Marks a value as secret. A value that is already a secret is returned unchanged, so that
    /// wrappers never nest.
    ///
    /// ```
    /// use pulumi_provider::Value;
    ///
    /// let secret = Value::secret("hunter2");
    /// assert_eq!(Value::secret(secret.clone()), secret);
    /// assert!(secret.contains_secret());
    /// ```
    pub fn secret(value: impl Into<Self>) -> Self {
        match value.into() {
            secret @ Self::Secret(_) => secret,
            plain => Self::Secret(Sensitive::new(plain)),
        }
    }

    /// The value without any secret wrapper, at every depth. Output wrappers stay.
    ///
    /// ```
    /// use pulumi_provider::Value;
    ///
    /// let list = Value::from(vec![Value::secret("a"), Value::from("b")]);
    /// assert!(!list.opened().contains_secret());
    /// ```
    #[must_use]
    pub fn opened(self) -> Self {
        match self {
            Self::Secret(inner) => inner.value().clone().opened(),
            Self::Array(elements) => Self::Array(elements.into_iter().map(Self::opened).collect()),
            Self::Object(entries) => {
                Self::Object(entries.into_iter().map(|(name, value)| (name, value.opened())).collect())
            }
            other => other,
        }
    }

    /// The value below all secret wrappers and all known outputs. An output without a value is
    /// [`Value::Unknown`].
    ///
    /// Only the outermost wrappers are removed: the elements of a list keep theirs.
    pub fn unwrapped(&self) -> &Self {
        match self {
            Self::Secret(inner) => inner.value().unwrapped(),
            Self::Output(Output { value: Some(inner), .. }) => inner.unwrapped(),
            Self::Output(Output { value: None, .. }) => &UNKNOWN,
            other => other,
        }
    }

    /// Whether the value itself, below its wrappers, is unknown. An object with an unknown
    /// entry is known; for that case ask [`contains_unknown`](Self::contains_unknown).
    pub fn is_unknown(&self) -> bool {
        matches!(self.unwrapped(), Self::Unknown)
    }

    /// Whether the value itself, below its wrappers, is null. Pulumi treats a null entry of an
    /// object like an entry that is not there.
    pub fn is_null(&self) -> bool {
        matches!(self.unwrapped(), Self::Null)
    }

    /// Whether the value is a secret or contains one at any depth. Ask this before you put a
    /// value into a message.
    pub fn contains_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::Output(output) if output.secret => true,
            other => other.any_child(Self::contains_secret),
        }
    }

    /// Whether the value is unknown or contains an unknown value at any depth. Only previews
    /// have unknown values.
    ///
    /// ```
    /// use pulumi_provider::Value;
    ///
    /// let list = Value::from(vec![Value::from("a"), Value::Unknown]);
    /// assert!(list.contains_unknown());
    /// assert!(!list.is_unknown());
    /// ```
    pub fn contains_unknown(&self) -> bool {
        match self.unwrapped() {
            Self::Unknown => true,
            other => other.any_child(Self::contains_unknown),
        }
    }

    /// The text of a string, below its wrappers; `None` for every other kind of value and for
    /// an unknown one.
    ///
    /// The text of a secret is returned as well, so keep it out of messages.
    pub fn as_str(&self) -> Option<&str> {
        match self.unwrapped() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean, below its wrappers; `None` for every other kind of value. The text `"true"`
    /// is not a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.unwrapped() {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A number, below its wrappers; `None` for every other kind of value. The text `"5"` is
    /// not a number.
    pub fn as_number(&self) -> Option<f64> {
        match self.unwrapped() {
            Self::Number(value) => Some(*value),
            _ => None,
        }
    }

    /// The entries of a map or object, below its wrappers; `None` for every other kind of
    /// value.
    pub fn as_object(&self) -> Option<&Object> {
        match self.unwrapped() {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of a list, below its wrappers; `None` for every other kind of value.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self.unwrapped() {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The kind of the value below its wrappers, as a noun for a message, such as `a list`. It
    /// never contains the value.
    ///
    /// ```
    /// use pulumi_provider::Value;
    ///
    /// assert_eq!(Value::secret("hunter2").kind(), "a string");
    /// assert_eq!(Value::Unknown.kind(), "a value that is not known yet");
    /// ```
    pub fn kind(&self) -> &'static str {
        match self.unwrapped() {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
            Self::ResourceRef(_) => "a resource",
            Self::Asset(_) => "an asset",
            Self::Archive(_) => "an archive",
            Self::Bytes(_) => "bytes",
            Self::Unknown | Self::Secret(_) | Self::Output(_) => "a value that is not known yet",
        }
    }

    fn any_child(&self, test: impl Fn(&Self) -> bool + Copy) -> bool {
        match self {
            Self::Array(elements) => elements.iter().any(test),
            Self::Object(entries) => entries.values().any(test),
            Self::Secret(inner) => test(inner.value()),
            Self::Output(Output { value: Some(inner), .. }) => test(inner),
            Self::ResourceRef(ResourceRef { id: Some(id), .. }) => test(id),
            Self::Archive(Archive { content: ArchiveContent::Assets(entries), .. }) => entries.values().any(test),
            _ => false,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::String(value) => value.fmt(f),
            Self::Array(value) => value.fmt(f),
            Self::Object(value) => value.fmt(f),
            Self::Secret(value) => value.fmt(f),
            Self::Unknown => f.write_str("unknown"),
            Self::Output(value) => value.fmt(f),
            Self::ResourceRef(value) => value.fmt(f),
            Self::Asset(value) => value.fmt(f),
            Self::Archive(value) => value.fmt(f),
            Self::Bytes(value) => write!(f, "bytes({})", value.len()),
        }
    }
}

impl Zeroize for Value {
    fn zeroize(&mut self) {
        match self {
            Self::Bool(value) => value.zeroize(),
            Self::Number(value) => value.zeroize(),
            Self::String(value) => value.zeroize(),
            Self::Bytes(value) => value.zeroize(),
            Self::Array(elements) => elements.iter_mut().for_each(Zeroize::zeroize),
            Self::Object(entries) => entries.values_mut().for_each(Zeroize::zeroize),
            Self::Output(output) => output.zeroize(),
            Self::Asset(asset) => asset.zeroize(),
            Self::Archive(archive) => archive.zeroize(),
            Self::Null | Self::Unknown | Self::Secret(_) | Self::ResourceRef(_) => {}
        }
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Self {
        Self::Object(value)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(value: Vec<T>) -> Self {
        Self::Array(value.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
