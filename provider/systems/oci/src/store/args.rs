use std::collections::BTreeMap;
use std::fmt;

use cloud::{Deliverable, DeliveryFormat, DeliveryShape, below, problem};
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::described::MADE_BY;
use crate::config::OciConfig;
use crate::ocid::ocid_problem;

/// A secret of an OCI Vault that receives the key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "OciVaultDelivery"))]
pub struct OciVaultDelivery {
    /// The OCID of the vault. Another vault moves the delivery: the key is published there first and then withdrawn here.
    pub vault_id: String,
    /// The name of the secret in the vault. Another name moves the delivery.
    pub secret_name: String,
    /// The fields of the key that the secret gets, each with its name there, such as `{apiKey: "KAFKA_KEY"}`. Default: all fields, under their own names.
    #[serde(default)]
    pub fields: Option<BTreeMap<String, String>>,
    /// Constants to write beside the fields, by their names, such as `{region: "eu-frankfurt-1"}`. Not for secrets.
    #[serde(default)]
    pub extra: Option<BTreeMap<String, String>>,
    /// How the fields are written. Default: `json`, an object of texts.
    #[serde(default)]
    pub format: Option<DeliveryFormat>,
    /// What to create if the secret does not exist. Unset: the secret must exist.
    #[serde(default)]
    pub create: Option<CreateOciSecret>,
    /// How the plugin reaches the vault, if that differs from the provider configuration `oci`. Unset values fall back to that configuration; its credentials are used
    /// only if none of `auth`, `tenancyOcid`, `userOcid`, `fingerprint`, `privateKey`, `privateKeyPath`, `privateKeyPassword` and `configFileProfile` is set here. Default of
    /// `region`: the region in the vault's OCID.
    #[serde(default)]
    pub connection: Option<OciConfig>,
}

/// What a secret is created with. Existing secrets keep what they have.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "OciCreateSecret"))]
pub struct CreateOciSecret {
    /// The OCID of the compartment of the secret.
    pub compartment_id: String,
    /// The OCID of the key in the vault that encrypts the secret.
    pub key_id: String,
    /// The secret's description.
    #[serde(default)]
    pub description: Option<String>,
    /// Free-form tags of the secret, beside the plugin's own one: up to 9.
    #[serde(default)]
    pub freeform_tags: Option<BTreeMap<String, String>>,
}

/// A resource has ten free-form tags at most, one of which is the plugin's ("Tagging Overview").
const TAGS: usize = 9;

impl OciVaultDelivery {
    /// What is wrong with it for keys like `of`, as far as that shows without a call. Properties are relative to it.
    pub fn problems(&self, of: &Deliverable) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(ocid_problem(&self.vault_id, "vault").map(|reason| problem("vaultId", reason)));
        problems.extend(name_problem(&self.secret_name).map(|reason| problem("secretName", reason)));
        problems.extend(self.shape().problems(of));
        problems.extend(self.create.iter().flat_map(|create| below("create", create.problems())));
        problems.extend(self.connection.iter().flat_map(|connection| below("connection", connection.problems())));
        problems
    }

    /// What is handed over, and how.
    pub(super) fn shape(&self) -> DeliveryShape {
        DeliveryShape::of_inputs(self.format, self.fields.as_ref(), self.extra.as_ref())
    }

    /// The secret in normal form.
    pub(crate) fn entry(&self) -> Entry {
        Entry { vault: self.vault_id.to_ascii_lowercase(), name: self.secret_name.clone() }
    }

    /// The region that the vault's OCID names, as in `ocid1.vault.oc1.eu-frankfurt-1.…`.
    pub(crate) fn region(&self) -> Option<String> {
        let region = self.vault_id.split('.').nth(3)?.to_ascii_lowercase();
        crate::region::is_region(&region).then_some(region)
    }

    /// The delivery of a secret that only the state names.
    pub(crate) fn of_entry(entry: Entry) -> Self {
        let Entry { vault, name } = entry;
        let (fields, extra, format, create, connection) = Default::default();
        Self { vault_id: vault, secret_name: name, fields, extra, format, create, connection }
    }
}

impl CreateOciSecret {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let compartment = ocid_problem(&self.compartment_id, "compartment");
        let is_root = ocid_problem(&self.compartment_id, "tenancy").is_none();
        problems.extend(compartment.filter(|_| !is_root).map(|reason| problem("compartmentId", reason)));
        problems.extend(ocid_problem(&self.key_id, "key").map(|reason| problem("keyId", reason)));
        let tags = self.freeform_tags.iter().flatten();
        if tags.clone().count() > TAGS {
            problems.push(problem(
                "freeformTags",
                format!("may have up to {TAGS} entries: the plugin adds one of its own [KR-OCI-090]"),
            ));
        }
        for (key, value) in tags {
            let plain = |c: char| c.is_ascii_graphic() && c != '.';
            let fits = !key.is_empty() && key.len() <= 100 && key.chars().all(plain) && value.chars().count() <= 256;
            if !fits || key == MADE_BY {
                let reason = "is not a tag: keys have 1 to 100 printable ASCII characters without periods and spaces and are not the plugin's own, values have up to 256 [KR-OCI-091]";
                problems.push(problem(&format!("freeformTags.{key}"), reason));
            }
        }
        problems
    }
}

/// A secret in normal form, as the state keeps it: `ociVault:ocid1.vault.oc1.…|app-key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    vault: String,
    name: String,
}

const KIND: &str = "ociVault:";

impl Entry {
    /// Reads the normal form; none if it is another store's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (vault, name) = text.strip_prefix(KIND)?.split_once('|')?;
        Some(Self { vault: vault.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KIND}{}|{}", self.vault, self.name)
    }
}

/// What is wrong with a secret's name. It stands in a query as it is.
fn name_problem(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    match name {
        "" => Some("must not be empty: write the name of a secret [KR-OCI-092]"),
        name if name.len() > 255 => Some("must not be longer than 255 characters [KR-OCI-093]"),
        name if !name.chars().all(allowed) => {
            Some("may hold letters, digits, hyphens, underscores and periods [KR-OCI-094]")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const VAULT: &str = "ocid1.vault.oc1.eu-frankfurt-1.aaaa.bbbb";

    fn delivery(more: Value) -> OciVaultDelivery {
        let mut all = json!({"vaultId": VAULT, "secretName": "app-key"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_secret_has_one_normal_form_and_its_vault_names_the_region() {
        let expected = format!("ociVault:{VAULT}|app-key");
        assert_eq!(delivery(json!({})).entry().to_string(), expected);
        assert_eq!(delivery(json!({"vaultId": VAULT.replace("vault", "VAULT")})).entry().to_string(), expected);
        let parsed = Entry::parse(&expected).unwrap();
        assert_eq!(OciVaultDelivery::of_entry(parsed.clone()).entry(), parsed);
        assert_eq!(Entry::parse("vaultKv:|||x"), None);
        assert_eq!(delivery(json!({})).region().as_deref(), Some("eu-frankfurt-1"));
        assert_eq!(delivery(json!({"vaultId": "ocid1.vault.oc1.iad.aaaa.bbbb"})).region().as_deref(), Some("iad"));
        assert_eq!(delivery(json!({"vaultId": "ocid1.vault.oc1..aaaa"})).region(), None);
    }

    #[test]
    fn each_problem_names_its_property() {
        let of = Deliverable { names: vec!["apiKey".to_owned()], ..Deliverable::default() };
        let properties = |more| {
            let problems = delivery(more).problems(&of);
            problems.into_iter().map(|problem| problem.property).collect::<Vec<_>>()
        };
        assert!(properties(json!({})).is_empty());
        assert_eq!(properties(json!({"vaultId": "ocid1.user.oc1..aaaa"})), ["vaultId"]);
        for name in ["", "a b", "a/b", "ä"] {
            assert_eq!(properties(json!({"secretName": name})), ["secretName"], "{name:?}");
        }
        assert_eq!(properties(json!({"fields": {"y": "z"}})), ["fields.y"]);
        let create =
            json!({"compartmentId": "x", "keyId": "y", "freeformTags": {"a.b": "", "keyrotation-made-by": "z"}});
        let expected = [
            "create.compartmentId",
            "create.keyId",
            "create.freeformTags.a.b",
            "create.freeformTags.keyrotation-made-by",
        ];
        assert_eq!(properties(json!({"create": create})), expected);
        for compartment in ["ocid1.compartment.oc1..aaaa", "ocid1.tenancy.oc1..aaaa"] {
            let create = json!({"compartmentId": compartment, "keyId": "ocid1.key.oc1.iad.aaaa.bbbb"});
            assert!(properties(json!({"create": create})).is_empty(), "{compartment}");
        }
        assert_eq!(properties(json!({"connection": {"region": "Mars"}})), ["connection.region"]);
    }
}
