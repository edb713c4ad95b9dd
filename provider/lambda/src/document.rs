use jiff::Timestamp;
use pulumi_provider::Object;
use rotation::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::decoded::{properties, wrong_field};

/// What this function notes beside the key's fields.
const NOTED: &str = "keyrotation";
const SYSTEM: &str = "system";
const ADMIN: &str = "adminSecret";

/// The JSON of one version of the secret: what is rotated, and the key. Its values are secret, so nothing shows them.
#[derive(Clone)]
pub(crate) struct Document {
    fields: Map<String, Value>,
    /// The secret as messages name it.
    of: String,
}

/// What is noted of a key beside its fields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    pub(crate) key: String,
    pub(crate) generation: u64,
    pub(crate) created_at: Timestamp,
    /// The account that holds it.
    pub(crate) account: Option<String>,
}

impl Document {
    /// Reads a version's text.
    ///
    /// # Errors
    /// It is no JSON object. Nothing of it is in the message.
    #[expect(clippy::disallowed_methods, reason = "parsing it keeps it in a type that shows nothing")]
    pub(crate) fn parse(text: &SecretString, of: &str) -> Result<Self, Error> {
        match serde_json::from_str(text.expose_secret()) {
            Ok(Value::Object(fields)) => Ok(Self { fields, of: of.to_owned() }),
            _ => {
                let message = format!(
                    "{of} is not a JSON object: write one that names what is rotated, such as {{\"system\": \"aws\", \"user\": \"ci\"}} [KR-LAMBDA-002]"
                );
                Err(Error::new(ErrorKind::Invalid, "", message))
            }
        }
    }

    /// The secret as messages name it.
    pub(crate) fn of(&self) -> &str {
        &self.of
    }

    /// The system that it names.
    ///
    /// # Errors
    /// It names none.
    pub(crate) fn system(&self) -> Result<&str, Error> {
        let named = self.text(SYSTEM)?;
        named
            .ok_or_else(|| wrong_field(&self.of, SYSTEM, "is required: it says whose keys are rotated [KR-LAMBDA-003]"))
    }

    /// The secret with the administrator's credentials.
    ///
    /// # Errors
    /// It is no text.
    pub(crate) fn admin(&self) -> Result<Option<&str>, Error> {
        self.text(ADMIN)
    }

    /// Those of its fields that have these names, as properties.
    pub(crate) fn only(&self, is_wanted: impl Fn(&str) -> bool) -> Object {
        let wanted = self.fields.iter().filter(|(name, _)| is_wanted(name));
        properties(&wanted.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// A field of the key, if it is a text that is not empty.
    pub(crate) fn key_text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Those of its fields with these names that are texts, as JSON of their own.
    pub(crate) fn texts(&self, names: &[String]) -> SecretString {
        let texts = names.iter().filter_map(|name| Some((name.clone(), Value::from(self.key_text(name)?))));
        Value::Object(texts.collect()).to_string().into()
    }

    /// What was noted of the key with this id; none for one that a person put there.
    pub(crate) fn note(&self, key: &str) -> Option<Note> {
        let noted = self.fields.get(NOTED)?;
        let text = |name: &str| noted.get(name).and_then(Value::as_str);
        Some(Note {
            key: text("key").filter(|noted| *noted == key)?.to_owned(),
            generation: noted.get("generation")?.as_u64()?,
            created_at: text("createdAt")?.parse().ok()?,
            account: text("account").map(str::to_owned),
        })
    }

    /// The text of a version that differs in its key alone. `key` is a JSON object of its fields.
    ///
    /// # Errors
    /// The key's fields are no JSON object.
    #[expect(clippy::disallowed_methods, reason = "the text goes into the version, which is a secret as a whole")]
    pub(crate) fn with_key(
        &self,
        names: &[String],
        (key, note): (&SecretString, &Note),
    ) -> Result<SecretString, Error> {
        let own = serde_json::from_str::<Map<String, Value>>(key.expose_secret());
        let own = own.map_err(|_| {
            Error::new(ErrorKind::Unexpected, "", "the new key's fields are no JSON object [KR-LAMBDA-004]")
        })?;
        let mut fields = self.fields.clone();
        // A field that the new key does not have is the former key's.
        fields.retain(|name, _| !names.contains(name));
        fields.extend(own);
        let Note { key, generation, created_at, account } = note;
        let mut noted = json!({"key": key, "generation": generation, "createdAt": created_at.to_string()});
        if let Some(account) = account {
            noted["account"] = json!(account);
        }
        fields.insert(NOTED.to_owned(), noted);
        Ok(Value::Object(fields).to_string().into())
    }

    fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(wrong_field(&self.of, name, "must be a text that is not empty [KR-LAMBDA-005]")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Result<Document, Error> {
        Document::parse(&text.into(), "the secret \"x\"")
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks into what it wrote")]
    fn a_new_key_replaces_the_former_one_and_nothing_else() {
        let before =
            document(r#"{"system": "aws", "user": "ci", "host": "h", "id": "1", "secret": "s", "derived": "d"}"#);
        let names = ["id", "secret", "derived"].map(str::to_owned);
        let note = Note {
            key: "2".to_owned(),
            generation: 7,
            created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            account: Some("123".to_owned()),
        };
        let text = before.unwrap().with_key(&names, (&r#"{"id": "2", "secret": "t"}"#.into(), &note)).unwrap();
        let after = Document::parse(&text, "x").unwrap();
        assert_eq!(after.note("2"), Some(note));
        assert_eq!(after.note("1"), None);
        let fields: Value = serde_json::from_str(text.expose_secret()).unwrap();
        let expected = json!({"system": "aws", "user": "ci", "host": "h", "id": "2", "secret": "t",
            "keyrotation": {"key": "2", "generation": 7, "createdAt": "2026-01-01T00:00:00Z", "account": "123"}});
        assert_eq!(fields, expected);
    }

    #[test]
    fn what_is_no_json_object_is_named_without_its_text() {
        for text in ["hidden", "", "[\"hidden\"]", "\"hidden\"", "{\"hidden\": "] {
            let error = document(text).err().unwrap();
            assert!(error.message.contains("the secret \"x\"") && !error.message.contains("hidden"), "{error}");
        }
        for text in ["{}", r#"{"system": null}"#] {
            assert!(document(text).unwrap().system().unwrap_err().message.contains("`system`"));
        }
        for text in [r#"{"system": 3}"#, r#"{"system": ""}"#] {
            assert!(document(text).unwrap().system().is_err());
        }
    }
}
