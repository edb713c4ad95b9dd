//! One call of an action: what it has at hand, and how it reads its parameters.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::error;
use super::secret::{Secret, Value};
use crate::aws::account::Account;
use crate::aws::auth::Signer;
use crate::aws::error::Refusal;
use crate::journal::Effect;

pub(super) type Answer = Result<Json, Refusal>;

pub(super) struct Call<'a> {
    pub(super) action: &'a str,
    pub(super) body: &'a Map<String, Json>,
    pub(super) account: &'a mut Account,
    pub(super) signer: &'a Signer,
    pub(super) region: &'a str,
    pub(super) now: Timestamp,
    /// For the journal.
    pub(super) effect: &'a mut Effect,
}

impl Call<'_> {
    pub(super) fn text(&self, name: &str, lengths: (usize, usize)) -> Result<Option<String>, Refusal> {
        let value = match self.body.get(name) {
            None | Some(Json::Null) => return Ok(None),
            Some(Json::String(text)) => text,
            Some(_) => return Err(error::constraint(format!("{name} is not a string"))),
        };
        let (least, most) = lengths;
        if !(least..=most).contains(&value.len()) {
            let message = format!(
                "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have a length from {least} to {most}"
            );
            return Err(error::constraint(message));
        }
        Ok(Some(value.clone()))
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.body.get(name).and_then(Json::as_bool)
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.body.get(name).and_then(Json::as_i64)
    }

    /// `ClientRequestToken`, or one that is made up as the SDKs do it.
    pub(super) fn token(&mut self) -> Result<String, Refusal> {
        let given = self.text("ClientRequestToken", (0, usize::MAX))?;
        match given {
            Some(token) if (32..=64).contains(&token.len()) => Ok(token),
            Some(_) => Err(error::invalid("ClientRequestToken must be 32-64 characters long.")),
            None => Ok(self.account.random.uuid()),
        }
    }

    /// The value that is to be put, if one is given.
    pub(super) fn value(&self) -> Result<Option<Value>, Refusal> {
        let text = self.text("SecretString", (1, 65536))?;
        let binary = self.text("SecretBinary", (1, 87384))?;
        match (text, binary) {
            (Some(_), Some(_)) => Err(error::invalid("You can't specify both SecretString and SecretBinary.")),
            (text, binary) => Ok(text.map(Value::Text).or(binary.map(Value::Binary))),
        }
    }

    /// A list of strings.
    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        let items = self.body.get(name)?.as_array()?;
        Some(items.iter().filter_map(Json::as_str).map(str::to_owned).collect())
    }

    /// `Tags`, each with a key and a value within their lengths.
    pub(super) fn tags(&self) -> Result<BTreeMap<String, String>, Refusal> {
        let mut tags = BTreeMap::new();
        for tag in self.body.get("Tags").and_then(Json::as_array).into_iter().flatten() {
            let part = |name: &str| tag.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
            let (key, value) = (part("Key"), part("Value"));
            if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
                return Err(error::constraint(format!("Value at 'tags' failed to satisfy constraint: {key}")));
            }
            if key.starts_with("aws:") {
                return Err(error::invalid("Tag keys that begin with aws: are reserved for AWS."));
            }
            tags.insert(key, value);
        }
        Ok(tags)
    }

    /// Checks that the signer may make this call, about which the journal is told.
    pub(super) fn about(&mut self, secret: &str) -> Result<(), Refusal> {
        self.effect.principal = Some(secret.to_owned());
        self.permit(self.action, secret)
    }

    pub(super) fn permit(&self, action: &str, secret: &str) -> Result<(), Refusal> {
        self.signer.permit(&format!("secretsmanager:{action}"), secret)
    }

    /// The id that the call names, once the signer may call about it.
    pub(super) fn secret_id(&mut self) -> Result<String, Refusal> {
        let id = self.text("SecretId", (1, 2048))?.ok_or_else(|| error::constraint("SecretId must not be null"))?;
        self.about(&id)?;
        Ok(id)
    }

    pub(super) fn secret(&mut self) -> Result<&Secret, Refusal> {
        let id = self.secret_id()?;
        self.account.secrets.find(self.region, &id)
    }

    pub(super) fn secret_mut(&mut self) -> Result<&mut Secret, Refusal> {
        let id = self.secret_id()?;
        self.account.secrets.find_mut(self.region, &id)
    }
}

/// Seconds since 1970, with milliseconds: dates of this protocol.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this century fit")]
pub(super) fn date(time: Timestamp) -> Json {
    Json::from(time.as_millisecond() as f64 / 1000.0)
}
