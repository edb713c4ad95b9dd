use std::collections::BTreeMap;
use std::fmt;

use cloud::{Deliverable, DeliveryFormat, DeliveryShape, below, problem};
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::note::{ENTRY, ISSUERS};
use crate::config::{VaultConfig, filled, is_path, plain};
use crate::settings::namespace;

/// A path of a KV engine of version 2 in Vault or OpenBao that receives the key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultKvDelivery"))]
pub struct VaultKvDelivery {
    /// The mount of the KV engine, such as `"secret"`. Another mount moves the delivery: the key is published there first and then withdrawn here.
    pub mount: String,
    /// The path below the mount, such as `"apps/kafka"`. Another path moves the delivery.
    pub path: String,
    /// The fields of the key that the path gets, each with its name there, such as `{apiKey: "KAFKA_KEY"}`. Default: all fields, under their own names.
    #[serde(default)]
    pub fields: Option<BTreeMap<String, String>>,
    /// Constants to write beside the fields, by their names, such as `{region: "eu-central-1"}`. Not for secrets.
    #[serde(default)]
    pub extra: Option<BTreeMap<String, String>>,
    /// How the fields are written. Default: `json`, a field of the path for each field of the key. Any other format is one text in the field `value`.
    #[serde(default)]
    pub format: Option<DeliveryFormat>,
    /// What to create if nothing was ever written to the path; `{}` for a plain one. Unset: the path must exist.
    #[serde(default)]
    pub create: Option<CreateKvPath>,
    /// How the plugin reaches the server, if that differs from the provider configuration `vault`. Unset values fall back to that configuration. A connection with an
    /// `address` needs a `token` or a login of its own, because the provider's token is not sent to another server, and has no namespace unless it names one.
    #[serde(default)]
    pub connection: Option<VaultConfig>,
}

/// What a path is created with. Existing paths keep what they have.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultCreateKvPath"))]
pub struct CreateKvPath {
    /// How many versions the path keeps, at least 3. Default: what the mount says, or 10.
    #[serde(default)]
    pub max_versions: Option<u32>,
    /// Whether everybody must write the path with check-and-set, as the plugin does. Default: what the mount says, or false.
    #[serde(default)]
    pub cas_required: Option<bool>,
    /// Custom metadata of the path, beside the plugin's own entry: up to 63 entries.
    #[serde(default)]
    pub custom_metadata: Option<BTreeMap<String, String>>,
}

/// A path keeps 64 entries of custom metadata, one of which is the plugin's (Vault's documentation, KV v2, "custom_metadata").
const ENTRIES: usize = 63;
const LONGEST_NAME: usize = 128;
const LONGEST_VALUE: usize = 512;
/// The current version, the previous one, and what is written meanwhile.
const FEWEST_VERSIONS: u32 = 3;

impl VaultKvDelivery {
    /// What is wrong with it for keys like `of`, as far as that shows without a call. Properties are relative to it.
    pub fn problems(&self, of: &Deliverable) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !is_path(plain(&self.mount)) {
            problems.push(problem("mount", "is not a mount's path: write one such as \"secret\" [KR-VAULT-164]"));
        }
        if !is_path(plain(&self.path)) {
            problems.push(problem(
                "path",
                "is not a path below the mount: write one such as \"apps/kafka\", without data/ [KR-VAULT-165]",
            ));
        }
        problems.extend(self.shape().problems(of));
        problems.extend(self.create.iter().flat_map(|create| below("create", create.problems())));
        problems
            .extend(self.connection.iter().flat_map(|connection| below("connection", connection_problems(connection))));
        problems
    }

    /// What is handed over, and how.
    pub(super) fn shape(&self) -> DeliveryShape {
        DeliveryShape::of_inputs(self.format, self.fields.as_ref(), self.extra.as_ref())
    }

    /// The path in normal form. `base` is the provider configuration.
    pub(crate) fn entry(&self, base: &VaultConfig) -> Entry {
        let config = self.connection.clone().map_or_else(|| base.clone(), |connection| connection.over(base));
        let address = filled(&config.address).map(|url| url.trim_end_matches('/').to_ascii_lowercase());
        let namespace = filled(&config.namespace).and_then(|name| namespace(&name));
        let (mount, path) = (plain(&self.mount).to_owned(), plain(&self.path).to_owned());
        Entry { address: address.unwrap_or_default(), namespace: namespace.unwrap_or_default(), mount, path }
    }

    /// The delivery of a path that only the state names.
    pub(crate) fn of_entry(entry: &Entry, base: &VaultConfig) -> Self {
        let Entry { mount, path, .. } = entry.clone();
        let plain = Self { mount, path, fields: None, extra: None, format: None, create: None, connection: None };
        if plain.entry(base) == *entry {
            return plain;
        }
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (address, namespace) = (some(&entry.address), some(&entry.namespace));
        let is_there = address.as_deref() == Some(&plain.entry(base).address);
        let address = address.filter(|_| !is_there);
        let namespace = namespace.or_else(|| address.is_none().then(|| "root".to_owned()));
        Self { connection: Some(VaultConfig { address, namespace, ..VaultConfig::default() }), ..plain }
    }
}

fn connection_problems(connection: &VaultConfig) -> Vec<Problem> {
    let mut problems = connection.problems();
    if filled(&connection.address).is_some() && !connection.has_credentials() {
        let reason = "needs a token or a login beside it: the token of the provider configuration is not sent to another server [KR-VAULT-166]";
        problems.push(problem("address", reason));
    }
    problems
}

impl CreateKvPath {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.max_versions.is_some_and(|most| most < FEWEST_VERSIONS) {
            problems.push(problem("maxVersions", format!("must be at least {FEWEST_VERSIONS} [KR-VAULT-167]")));
        }
        let entries = self.custom_metadata.iter().flatten();
        if entries.clone().count() > ENTRIES {
            problems.push(problem(
                "customMetadata",
                format!("may have up to {ENTRIES} entries: the plugin adds one of its own [KR-VAULT-168]"),
            ));
        }
        for (name, value) in entries {
            let property = format!("customMetadata.{name}");
            if name == ENTRY || name.starts_with(ISSUERS) {
                problems.push(problem(&property, "has a name that the plugin uses itself [KR-VAULT-169]"));
            } else if name.is_empty() || name.len() > LONGEST_NAME || value.is_empty() || value.len() > LONGEST_VALUE {
                let reason = "is not an entry: names have 1 to 128 bytes, values 1 to 512 [KR-VAULT-170]";
                problems.push(problem(&property, reason));
            }
        }
        problems
    }
}

/// A path in normal form, as the state keeps it: `vaultKv:https://vault.example:8200|team|secret|apps/kafka`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Empty if neither inputs nor provider configuration name one.
    address: String,
    /// Empty for the root.
    namespace: String,
    mount: String,
    path: String,
}

const KIND: &str = "vaultKv:";

impl Entry {
    /// Reads the normal form; none if it is another store's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(KIND)?.splitn(4, '|').map(str::to_owned);
        let mut part = || parts.next();
        Some(Self { address: part()?, namespace: part()?, mount: part()?, path: part()? })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, namespace, mount, path } = self;
        write!(f, "{KIND}{address}|{namespace}|{mount}|{path}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn delivery(value: Value) -> VaultKvDelivery {
        serde_json::from_value(value).unwrap()
    }

    fn base() -> VaultConfig {
        let config = json!({"address": "https://vault.example:8200/", "namespace": "team/", "token": "hidden"});
        serde_json::from_value(config).unwrap()
    }

    #[test]
    fn a_path_has_one_normal_form_whatever_names_it() {
        let entry = |value| delivery(value).entry(&base()).to_string();
        let expected = "vaultKv:https://vault.example:8200|team|secret|apps/kafka";
        assert_eq!(entry(json!({"mount": "secret", "path": "apps/kafka"})), expected);
        assert_eq!(entry(json!({"mount": "/secret/", "path": "/apps/kafka/"})), expected);
        let own = json!({"address": "https://VAULT.example:8200", "namespace": "/team/", "token": "hidden"});
        assert_eq!(entry(json!({"mount": "secret", "path": "apps/kafka", "connection": own})), expected);
        let other = json!({"address": "https://other:1", "token": "hidden"});
        let other = json!({"mount": "secret", "path": "a", "connection": other});
        assert_eq!(entry(other), "vaultKv:https://other:1||secret|a");
        let nothing = delivery(json!({"mount": "secret", "path": "a"})).entry(&VaultConfig::default());
        for text in [
            expected,
            "vaultKv:https://other:1||secret|a",
            "vaultKv:https://vault.example:8200||secret|a",
            &nothing.to_string(),
        ] {
            let parsed = Entry::parse(text).unwrap();
            assert_eq!(parsed.to_string(), text);
            let base = if parsed == nothing { VaultConfig::default() } else { base() };
            assert_eq!(VaultKvDelivery::of_entry(&parsed, &base).entry(&base), parsed);
        }
        assert_eq!(Entry::parse("awsSecretsManager::x"), None);
    }

    #[test]
    fn each_problem_names_its_property() {
        let of = Deliverable { names: vec!["apiKey".to_owned()], ..Deliverable::default() };
        let properties = |more: Value| {
            let mut all = json!({"mount": "secret", "path": "apps/kafka"});
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let problems = delivery(all).problems(&of);
            problems.into_iter().map(|problem| problem.property).collect::<Vec<_>>()
        };
        assert!(properties(json!({})).is_empty());
        for wrong in ["", "/", "a//b", "..", "a?b"] {
            assert_eq!(properties(json!({"mount": wrong})), ["mount"], "{wrong:?}");
            assert_eq!(properties(json!({"path": wrong})), ["path"], "{wrong:?}");
        }
        assert_eq!(properties(json!({"fields": {"y": "z"}})), ["fields.y"]);
        assert_eq!(properties(json!({"create": {"maxVersions": 2}})), ["create.maxVersions"]);
        let many: BTreeMap<String, &str> = (0..64).map(|n| (format!("n{n}"), "x")).collect();
        assert_eq!(properties(json!({"create": {"customMetadata": many}})), ["create.customMetadata"]);
        for name in ["keyrotation.delivery", "keyrotation-x.1"] {
            let found = properties(json!({"create": {"customMetadata": {name: "x"}}}));
            assert_eq!(found, [format!("create.customMetadata.{name}")]);
        }
        assert_eq!(properties(json!({"connection": {"address": "vault"}})).first().unwrap(), "connection.address");
        assert_eq!(properties(json!({"connection": {"address": "https://other:1"}})), ["connection.address"]);
        assert!(properties(json!({"connection": {"address": "https://other:1", "token": "hidden"}})).is_empty());
        assert!(properties(json!({"connection": {"namespace": "other"}})).is_empty());
    }
}
