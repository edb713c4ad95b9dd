use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a key is written in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryFormat {
    /// A JSON object of texts.
    #[default]
    Json,
    /// One field alone, as it is.
    Raw,
    /// Lines of `NAME=value`, quoted where a shell needs it.
    Dotenv,
    /// A Java properties file.
    Properties,
    /// A profile of AWS's shared credentials file.
    AwsCredentials,
    /// A profile of Oracle's configuration file.
    OciConfig,
}

/// Which fields of a key are delivered, under which names and in which format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryShape {
    /// How it is written.
    pub format: DeliveryFormat,
    /// The key's fields by name, and what each is called in the store; none: those that the resource hands over, under their own names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<BTreeMap<String, String>>,
    /// Constants beside them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
}

impl DeliveryShape {
    /// What the inputs `format`, `fields` and `extra` of a delivery say.
    pub fn of_inputs(
        format: Option<DeliveryFormat>,
        fields: Option<&BTreeMap<String, String>>,
        extra: Option<&BTreeMap<String, String>>,
    ) -> Self {
        Self { format: format.unwrap_or_default(), fields: fields.cloned(), extra: extra.cloned().unwrap_or_default() }
    }
}

/// The fields of a resource's keys that can be delivered.
#[derive(Clone, Debug, Default)]
pub struct Deliverable {
    /// The names of a key's fields.
    pub names: Vec<String>,
    /// Those of them that not every key has, and that follow from the others.
    pub optional: Vec<String>,
    /// Those of them that are secret.
    pub secrets: Vec<String>,
    /// Those that are handed over unless the user chooses; none: all.
    pub ordinary: Vec<String>,
    /// Whether the key has more fields, whose names only the system knows.
    pub open: bool,
    /// The field that holds those.
    pub map: Option<String>,
}

impl Deliverable {
    /// Every field that is secret, as a whole or in its parts.
    pub fn secret_fields(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().chain(&self.map).map(String::as_str)
    }
}
