use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

/// The name under which a secret announces itself to this crate's serializer.
pub(crate) const SECRET_NEWTYPE: &str = "$pulumi_provider::SecretString";

thread_local! {
    static EXPOSING: Cell<bool> = const { Cell::new(false) };
}

/// A secret text in a typed struct.
///
/// - It is wiped from memory when it is dropped, and `Debug` shows `[secret]`.
/// - [`to_object`](crate::to_object) turns it into a
///   [`Value::Secret`](crate::Value::Secret). Every other serializer gets an error instead
///   of the text.
/// - It is read from a plain string as well as from a secret one.
/// - Its JSON schema is a string with the mark `x-secret`, so that the generated schema
///   marks the property as secret.
///
/// ```
/// use pulumi_provider::{SecretString, to_object};
///
/// #[derive(serde::Serialize)]
/// struct State {
///     password: SecretString,
/// }
///
/// let state = State { password: SecretString::new("hunter2") };
/// let outputs = to_object(&state)?;
/// assert!(outputs["password"].contains_secret());
/// assert!(serde_json::to_string(&state).is_err(), "no other serializer gets the text");
/// # Ok::<(), pulumi_provider::EncodeError>(())
/// ```
#[derive(Clone)]
pub struct SecretString(secrecy::SecretString);

impl SecretString {
    /// Takes ownership of a text and protects it. The caller's own copies of the text are the
    /// caller's to wipe.
    pub fn new(text: impl Into<String>) -> Self {
        Self(secrecy::SecretString::from(text.into()))
    }

    /// The type of the crate `secrecy` inside, to pass on to code that takes one. The text is
    /// not exposed.
    pub fn as_secrecy(&self) -> &secrecy::SecretString {
        &self.0
    }

    /// Converts to the type of the crate `secrecy`. The text is not copied.
    pub fn into_secrecy(self) -> secrecy::SecretString {
        self.0
    }

    /// Whether the text is empty. Whether a secret is empty counts as public.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "comparison and this crate's serializer need the text; neither shows it"
    )]
    fn text(&self) -> &str {
        secrecy::ExposeSecret::expose_secret(&self.0)
    }
}

impl From<secrecy::SecretString> for SecretString {
    fn from(secret: secrecy::SecretString) -> Self {
        Self(secret)
    }
}

impl From<SecretString> for secrecy::SecretString {
    fn from(secret: SecretString) -> Self {
        secret.0
    }
}

impl PartialEq for SecretString {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for SecretString {}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Serialize for SecretString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(SECRET_NEWTYPE, &Guarded(self.text()))
    }
}

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for SecretString {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SecretString".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-secret": true })
    }
}

/// Runs `work` with this thread's secrets open to serializers. Only the crate's own serializer calls
/// it, around the one text it was just announced.
pub(crate) fn expose_while<T>(work: impl FnOnce() -> T) -> T {
    let _closing = Closing(EXPOSING.replace(true));
    work()
}

/// Puts the guard back, also when the work panics.
struct Closing(bool);

impl Drop for Closing {
    fn drop(&mut self) {
        EXPOSING.set(self.0);
    }
}

struct Guarded<'a>(&'a str);

impl Serialize for Guarded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !EXPOSING.get() {
            return Err(ser::Error::custom("a secret can only be written as a Pulumi property"));
        }
        serializer.serialize_str(self.0)
    }
}
