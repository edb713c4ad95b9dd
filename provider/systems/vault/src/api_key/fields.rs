//! What else stands in a version, beside the value that the plugin makes. A person's secret has a user name or a URL in it,
//! and each write replaces the whole: so what the newest version holds is written again.

use std::collections::{BTreeMap, BTreeSet};

use outbound::Call;
use rotation::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::args::ApiKeyArgs;
use super::value::is_same;

/// The fields of one version, each as the JSON that the server sent, so that nothing of it changes on its way back.
#[derive(Default)]
pub(crate) struct Fields(BTreeMap<String, SecretString>);

#[derive(Deserialize)]
struct Answered {
    data: Version,
}

#[derive(Deserialize)]
struct Version {
    data: Option<BTreeMap<String, Box<RawValue>>>,
}

/// One field as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Part<'a> {
    /// A text of ours.
    Text(&'a str),
    /// What stood there.
    Json(&'a RawValue),
}

impl Fields {
    /// What an answer about a version holds.
    ///
    /// # Errors
    /// It is no such answer.
    pub(crate) fn read(call: &Call, body: &[u8]) -> Result<Self, Error> {
        let answered: Answered = serde_json::from_slice(body).map_err(|_| call.unreadable())?;
        let fields = answered.data.data.unwrap_or_default().into_iter();
        Ok(Self(fields.map(|(name, json)| (name, SecretString::new(Box::<str>::from(json)))).collect()))
    }

    /// The texts among them.
    pub(crate) fn texts(&self) -> BTreeMap<&str, SecretString> {
        let text = |json: &SecretString| serde_json::from_str::<SecretString>(open(json)).ok();
        self.0.iter().filter_map(|(name, json)| Some((name.as_str(), text(json)?))).collect()
    }

    /// The fields that a new version keeps: all but the value's own, those that `data` names, and former values of the resource,
    /// which stand under another name if `field` was changed.
    pub(crate) fn carried(self, args: &ApiKeyArgs, former: &[SecretString]) -> Self {
        let is_former = |text: &SecretString| former.iter().any(|value| is_same(value, open(text)));
        let texts = self.texts();
        let stays = |name: &str| {
            let is_named = args.data.as_ref().is_some_and(|data| data.contains_key(name));
            name != args.field() && !is_named && !texts.get(name).is_some_and(is_former)
        };
        let kept: BTreeSet<String> = self.0.keys().filter(|name| stays(name)).cloned().collect();
        let mut fields = self;
        fields.0.retain(|name, _| kept.contains(name));
        fields
    }

    /// The same, to be written.
    ///
    /// # Errors
    /// A field is no JSON any more, which would be a bug.
    pub(crate) fn parts(&self) -> Result<BTreeMap<&str, Part<'_>>, Error> {
        let mut parts = BTreeMap::new();
        for (name, json) in &self.0 {
            let json = serde_json::from_str(open(json)).map_err(|_| {
                let message = "a field cannot be written back; this is a bug: please report it [KR-VAULT-005]";
                Error::new(ErrorKind::Unexpected, "", message)
            })?;
            parts.insert(name.as_str(), Part::Json(json));
        }
        Ok(parts)
    }
}

#[expect(clippy::disallowed_methods, reason = "it is compared, or written to where it was read")]
fn open(secret: &SecretString) -> &str {
    secret.expose_secret()
}

#[cfg(test)]
mod tests {
    use outbound::Method;
    use serde_json::json;

    use super::*;
    use crate::request::Request;

    fn fields(data: &str) -> Fields {
        let call = Request::new("vault kv get", Method::GET, "secret/data/app").call();
        Fields::read(&call, format!(r#"{{"data":{{"data":{data},"metadata":{{}}}}}}"#).as_bytes()).unwrap()
    }

    fn args(inputs: serde_json::Value) -> ApiKeyArgs {
        let mut all = json!({"mount": "secret", "path": "app"});
        all.as_object_mut().unwrap().extend(inputs.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn official_d1_what_a_person_wrote_is_written_back_as_it_was() {
        let data =
            r#"{"n":12345678901234567890123,"o":{"z":[1.10,null],"a":"\u00e9"},"password":"old","url":"https:\/\/x"}"#;
        let kept = fields(data).carried(&args(json!({"field": "password"})), &[]);
        let written = serde_json::to_string(&kept.parts().unwrap()).unwrap();
        assert_eq!(written, r#"{"n":12345678901234567890123,"o":{"z":[1.10,null],"a":"\u00e9"},"url":"https:\/\/x"}"#);
    }

    #[test]
    fn official_d1_data_and_former_values_are_not_carried() {
        let inputs = json!({"field": "token", "data": {"user": "new"}});
        let former = [SecretString::from("a former value")];
        let kept = fields(r#"{"user":"old","api_key":"a former value","url":"x"}"#).carried(&args(inputs), &former);
        assert!(kept.parts().unwrap().keys().eq(&["url"]));
    }

    #[test]
    fn a_deleted_version_has_no_fields() {
        assert!(fields("null").texts().is_empty());
    }
}
