use std::collections::BTreeMap;
use std::fmt;

use cloud::{Deliverable, DeliveryFormat, DeliveryShape, below, problem};
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::is_region;
use crate::config::AwsConfig;

/// A secret of AWS Secrets Manager that receives the key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "AwsSecretsManagerDelivery"))]
pub struct SecretsManagerDelivery {
    /// The name or the ARN of the secret. Another secret moves the delivery: the key is published there first and then withdrawn here.
    pub secret_id: String,
    /// The fields of the key that the secret gets, each with its name there, such as `{accessKeyId: "AWS_ACCESS_KEY_ID"}`. Default: all fields, under their own names.
    #[serde(default)]
    pub fields: Option<BTreeMap<String, String>>,
    /// Constants to write beside the fields, by their names, such as `{region: "eu-central-1"}`. Not for secrets.
    #[serde(default)]
    pub extra: Option<BTreeMap<String, String>>,
    /// How the fields are written. Default: `json`, an object of texts.
    #[serde(default)]
    pub format: Option<DeliveryFormat>,
    /// What to create if the secret does not exist; `{}` for a plain one. Unset: the secret must exist.
    #[serde(default)]
    pub create: Option<CreateSecret>,
    /// How the plugin reaches the secret, if that differs from the provider configuration `aws`. Unset values fall back to that configuration; its credentials are used
    /// only if none of `accessKey`, `profile` and `assumeRoleWithWebIdentity` is set here.
    #[serde(default)]
    pub connection: Option<AwsConfig>,
}

/// What a secret is created with. Existing secrets keep what they have.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "AwsCreateSecret"))]
pub struct CreateSecret {
    /// The secret's description.
    #[serde(default)]
    pub description: Option<String>,
    /// The id, ARN or alias of the KMS key that encrypts the secret. Default: `aws/secretsmanager`.
    #[serde(default)]
    pub kms_key_id: Option<String>,
    /// Tags of the secret, beside the plugin's own one.
    #[serde(default)]
    pub tags: Option<BTreeMap<String, String>>,
    /// How many days a deleted secret can be restored: 7 to 30, or 0 to delete it at once. Default: 30.
    #[serde(default)]
    pub recovery_window_in_days: Option<u32>,
    /// Regions to replicate the secret to.
    #[serde(default)]
    pub replica_regions: Option<Vec<String>>,
}

impl SecretsManagerDelivery {
    /// What is wrong with it for keys like `of`, as far as that shows without a call. Properties are relative to it.
    pub fn problems(&self, of: &Deliverable) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(reason) = id_problem(&self.secret_id) {
            problems.push(problem("secretId", reason));
        }
        if self.secret_id.starts_with("arn:") && self.create.is_some() {
            problems.push(problem(
                "create",
                "needs `secretId` to be a name: a secret cannot be created by its ARN [KR-AWS-048]",
            ));
        }
        problems.extend(self.shape().problems(of));
        problems.extend(self.create.iter().flat_map(|create| below("create", create.problems())));
        problems.extend(self.connection.iter().flat_map(|connection| below("connection", connection.problems())));
        problems
    }

    /// What is handed over, and how.
    pub(super) fn shape(&self) -> DeliveryShape {
        DeliveryShape::of_inputs(self.format, self.fields.as_ref(), self.extra.as_ref())
    }

    /// The secret in normal form. `region` is that of the provider configuration, if it names one.
    pub(crate) fn entry(&self, region: Option<&str>) -> Entry {
        let own = self.connection.as_ref().and_then(|connection| connection.region.as_deref());
        let region = own.or(region).map(str::to_owned);
        match Arn::of(&self.secret_id) {
            Some(arn) => Entry { region: Some(arn.region.to_owned()), name: arn.name.to_owned() },
            None => Entry { region, name: self.secret_id.clone() },
        }
    }

    /// The region that an ARN names.
    pub(crate) fn arn_region(&self) -> Option<&str> {
        Arn::of(&self.secret_id).map(|arn| arn.region)
    }

    /// The delivery of an entry that only the state names.
    pub(crate) fn of_entry(entry: &Entry) -> Self {
        let region = entry.region.clone();
        let connection = region.map(|region| AwsConfig { region: Some(region), ..AwsConfig::default() });
        Self { secret_id: entry.name.clone(), fields: None, extra: None, format: None, create: None, connection }
    }
}

impl CreateSecret {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.recovery_window_in_days.is_some_and(|days| days != 0 && !(7..=30).contains(&days)) {
            problems.push(problem("recoveryWindowInDays", "must be from 7 to 30, or 0 [KR-AWS-049]"));
        }
        for (key, value) in self.tags.iter().flatten() {
            if key.is_empty() || key.len() > 128 || value.len() > 256 || key.starts_with("aws:") {
                let reason = "is not a tag: keys have 1 to 128 characters and do not begin with aws:, values have up to 256 [KR-AWS-050]";
                problems.push(problem(&format!("tags.{key}"), reason));
            }
        }
        for (index, region) in self.replica_regions.iter().flatten().enumerate() {
            if !is_region(region) {
                let reason = "is not the name of a region: write one such as \"eu-central-1\" [KR-AWS-051]";
                problems.push(problem(&format!("replicaRegions[{index}]"), reason));
            }
        }
        problems
    }
}

/// A secret in normal form, as the state keeps it: `awsSecretsManager:eu-central-1:ci/key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Unless neither inputs nor provider configuration name one.
    pub(super) region: Option<String>,
    pub(super) name: String,
}

const KIND: &str = "awsSecretsManager:";

impl Entry {
    /// Reads the normal form; none if it is another store's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (region, name) = text.strip_prefix(KIND)?.split_once(':')?;
        let region = (!region.is_empty()).then(|| region.to_owned());
        Some(Self { region, name: name.to_owned() })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KIND}{}:{}", self.region.as_deref().unwrap_or_default(), self.name)
    }
}

/// The region that the ARN of a secret names; none for a name.
pub(crate) fn region_of(id: &str) -> Option<String> {
    Arn::of(id).map(|arn| arn.region.to_owned())
}

/// The parts of a secret's ARN. Secrets Manager ends it with a hyphen and six characters of its own.
struct Arn<'a> {
    region: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn of(id: &'a str) -> Option<Self> {
        let parts: Vec<&str> = id.splitn(7, ':').collect();
        let &["arn", _, "secretsmanager", region, _, "secret", name] = parts.as_slice() else { return None };
        let name = name.rsplit_once('-').filter(|(_, end)| end.len() == 6).map_or(name, |(name, _)| name);
        Some(Self { region, name })
    }
}

/// What is wrong with a name or an ARN (Secrets Manager API Reference, CreateSecret).
fn id_problem(id: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    match id {
        "" => Some("must not be empty: write the name or the ARN of a secret [KR-AWS-052]"),
        id if id.starts_with("arn:") => Arn::of(id).is_none().then_some("is not the ARN of a secret [KR-AWS-053]"),
        id if id.len() > 512 => Some("must not be longer than 512 characters [KR-AWS-054]"),
        id if !id.chars().all(allowed) => Some("may hold letters, digits and the signs / _ + = . @ - [KR-AWS-055]"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn delivery(value: Value) -> SecretsManagerDelivery {
        serde_json::from_value(value).unwrap()
    }

    fn of() -> Deliverable {
        let names = vec!["accessKeyId".to_owned(), "secretAccessKey".to_owned()];
        Deliverable { names, ..Deliverable::default() }
    }

    #[test]
    fn a_secret_has_one_normal_form_whatever_names_it() {
        let entry = |value, region| delivery(value).entry(region).to_string();
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ci/key-AbCdEf";
        let expected = "awsSecretsManager:eu-central-1:ci/key";
        assert_eq!(entry(json!({"secretId": arn}), Some("us-east-1")), expected);
        assert_eq!(entry(json!({"secretId": "ci/key"}), Some("eu-central-1")), expected);
        let elsewhere = json!({"secretId": "ci/key", "connection": {"region": "eu-central-1"}});
        assert_eq!(entry(elsewhere, Some("us-east-1")), expected);
        assert_eq!(entry(json!({"secretId": "ci/key"}), None), "awsSecretsManager::ci/key");
        for text in [expected, "awsSecretsManager::ci/key"] {
            let parsed = Entry::parse(text).unwrap();
            assert_eq!(parsed.to_string(), text);
            assert_eq!(SecretsManagerDelivery::of_entry(&parsed).entry(None), parsed);
        }
        assert_eq!(Entry::parse("vaultKv:secret/x"), None);
    }

    #[test]
    fn each_problem_names_its_property() {
        let properties = |value| {
            let problems = delivery(value).problems(&of());
            problems.into_iter().map(|problem| problem.property).collect::<Vec<_>>()
        };
        assert!(properties(json!({"secretId": "ci/key"})).is_empty());
        for id in ["", "a b", "arn:aws:iam::1:user/x"] {
            assert_eq!(properties(json!({ "secretId": id })), ["secretId"], "{id:?}");
        }
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ci/key-AbCdEf";
        assert!(properties(json!({"secretId": arn})).is_empty());
        assert_eq!(properties(json!({"secretId": arn, "create": {}})), ["create"]);
        let create = json!({"recoveryWindowInDays": 5, "tags": {"aws:x": ""}, "replicaRegions": ["mars"]});
        let expected = ["create.recoveryWindowInDays", "create.tags.aws:x", "create.replicaRegions[0]"];
        assert_eq!(properties(json!({"secretId": "x", "create": create})), expected);
        assert_eq!(properties(json!({"secretId": "x", "connection": {"region": "mars"}})), ["connection.region"]);
        assert_eq!(properties(json!({"secretId": "x", "fields": {"y": "z"}})), ["fields.y"]);
    }
}
