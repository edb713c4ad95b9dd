use cloud::problem;
use outbound::is_url;
use pulumi_provider::SecretString;
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::is_region;

/// How the plugin reaches AWS: the provider configuration `keyrotation:aws`. Unset values fall back to the standard AWS
/// environment variables and files, which the plugin reads at the first call. It never writes them to the state.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "AwsConfig"))]
pub struct AwsConfig {
    /// The region of the STS endpoint, and with it the partition. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's region, or `us-east-1`.
    #[serde(default)]
    pub region: Option<String>,
    /// The profile in AWS's configuration files. Default: `AWS_PROFILE`, or `default`.
    #[serde(default)]
    pub profile: Option<String>,
    /// The access key id that the plugin uses; requires `secretKey`. Default: the standard AWS credential chain of environment, profile, SSO, process, web identity, container and instance.
    #[serde(default)]
    pub access_key: Option<SecretString>,
    /// The secret access key that belongs to `accessKey`.
    #[serde(default)]
    pub secret_key: Option<SecretString>,
    /// The session token that belongs to `accessKey`, if that is a temporary one.
    #[serde(default)]
    pub token: Option<SecretString>,
    /// Roles to assume one after another, the first with the credentials above.
    #[serde(default)]
    pub assume_roles: Option<Vec<AssumeRole>>,
    /// Addresses to use in place of AWS's own.
    #[serde(default)]
    pub endpoints: Option<Endpoints>,
}

/// A role to assume.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "AwsAssumeRole"))]
pub struct AssumeRole {
    /// The role's ARN.
    pub role_arn: String,
    /// The name of the session, as CloudTrail shows it. Default: `keyrotation`.
    #[serde(default)]
    pub session_name: Option<String>,
    /// The external id that the role's trust policy asks for.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// Addresses to use in place of AWS's own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "AwsEndpoints"))]
pub struct Endpoints {
    /// The URL of IAM. Default: `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL`, or AWS's own.
    #[serde(default)]
    pub iam: Option<String>,
    /// The URL of STS. Default: `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`, or AWS's own.
    #[serde(default)]
    pub sts: Option<String>,
    /// The URL of Secrets Manager, for deliveries. Default: `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL`, or AWS's own.
    #[serde(default)]
    pub secrets_manager: Option<String>,
}

impl AwsConfig {
    /// What is wrong with it, as far as that shows without a call; properties are relative to `keyrotation:aws`.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |property: String, reason: &str| {
            problems.push(problem(&property, reason));
        };
        if self.region.as_deref().is_some_and(|region| !is_region(region)) {
            add("region".to_owned(), "is not the name of a region: write one such as \"eu-central-1\"");
        }
        if present(self.access_key.as_ref()) != present(self.secret_key.as_ref()) {
            let absent = if present(self.access_key.as_ref()) { "secretKey" } else { "accessKey" };
            add(absent.to_owned(), "is missing: accessKey and secretKey go together");
        }
        if present(self.token.as_ref()) && !present(self.access_key.as_ref()) {
            add("token".to_owned(), "belongs to an accessKey, which is missing");
        }
        for (index, role) in self.roles().iter().enumerate() {
            if !is_role(&role.role_arn) {
                add(
                    format!("assumeRoles[{index}].roleArn"),
                    "is not a role's ARN: write one such as \"arn:aws:iam::123456789012:role/name\"",
                );
            }
        }
        for (name, url) in [
            ("iam", self.endpoint_iam()),
            ("sts", self.endpoint_sts()),
            ("secretsManager", self.endpoint_secrets_manager()),
        ] {
            if url.is_some_and(|url| !is_url(url)) {
                add(format!("endpoints.{name}"), "is not a URL: write one such as \"https://host:port\"");
            }
        }
        problems
    }

    pub(crate) fn roles(&self) -> &[AssumeRole] {
        self.assume_roles.as_deref().unwrap_or_default()
    }

    pub(crate) fn endpoint_iam(&self) -> Option<&str> {
        self.endpoints.as_ref()?.iam.as_deref()
    }

    pub(crate) fn endpoint_secrets_manager(&self) -> Option<&str> {
        self.endpoints.as_ref()?.secrets_manager.as_deref()
    }

    /// This configuration, with what it leaves unset from another one. Credentials are not mixed: who names some of its own takes none of the other's.
    #[must_use]
    pub(crate) fn over(self, base: &Self) -> Self {
        let own = present(self.access_key.as_ref()) || self.profile.is_some();
        let (access_key, secret_key, token, profile, roles) = if own {
            (self.access_key, self.secret_key, self.token, self.profile, self.assume_roles)
        } else {
            let roles = self.assume_roles.or_else(|| base.assume_roles.clone());
            (base.access_key.clone(), base.secret_key.clone(), base.token.clone(), base.profile.clone(), roles)
        };
        let (ours, theirs) = (self.endpoints.unwrap_or_default(), base.endpoints.clone().unwrap_or_default());
        let endpoints = Endpoints {
            iam: ours.iam.or(theirs.iam),
            sts: ours.sts.or(theirs.sts),
            secrets_manager: ours.secrets_manager.or(theirs.secrets_manager),
        };
        Self {
            region: self.region.or_else(|| base.region.clone()),
            profile,
            access_key,
            secret_key,
            token,
            assume_roles: roles,
            endpoints: Some(endpoints),
        }
    }

    pub(crate) fn endpoint_sts(&self) -> Option<&str> {
        self.endpoints.as_ref()?.sts.as_deref()
    }
}

/// An empty text is what a missing CI variable leaves, and the same as none.
pub(crate) fn present(secret: Option<&SecretString>) -> bool {
    secret.is_some_and(|secret| !secret.is_empty())
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
        if partition.starts_with("aws") && account.len() == 12 && role.len() > "role/".len() && role.starts_with("role/"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn properties(config: Value) -> Vec<String> {
        let config: AwsConfig = serde_json::from_value(config).unwrap();
        config.problems().into_iter().map(|problem| problem.property).collect()
    }

    #[test]
    fn a_whole_configuration_is_accepted() {
        let config = json!({
            "region": "eu-central-1",
            "profile": "ops",
            "accessKey": "AKIAIOSFODNN7EXAMPLE",
            "secretKey": "hidden",
            "token": "hidden",
            "assumeRoles": [{"roleArn": "arn:aws-cn:iam::123456789012:role/path/ops", "sessionName": "x", "externalId": "y"}],
            "endpoints": {"iam": "http://127.0.0.1:4566", "sts": "https://sts.example"},
        });
        assert!(properties(config).is_empty());
        assert!(properties(json!({})).is_empty());
        assert!(properties(json!({"accessKey": "", "secretKey": ""})).is_empty());
    }

    #[test]
    fn each_problem_names_its_property() {
        assert_eq!(properties(json!({"region": "mars"})), ["region"]);
        assert_eq!(properties(json!({"accessKey": "A"})), ["secretKey"]);
        assert_eq!(properties(json!({"secretKey": "S", "accessKey": ""})), ["accessKey"]);
        assert_eq!(properties(json!({"token": "T"})), ["token"]);
        for url in ["", "localhost:80", "ftp://x", "http://", "http:///x", "http://a b"] {
            assert_eq!(properties(json!({"endpoints": {"iam": url}})), ["endpoints.iam"], "{url:?}");
        }
        let roles = json!([{"roleArn": "arn:aws:iam::123456789012:role/a"}, {"roleArn": "role/a"}]);
        assert_eq!(properties(json!({"assumeRoles": roles})), ["assumeRoles[1].roleArn"]);
    }

    #[test]
    fn secrets_are_marked_and_never_shown() {
        let schema = schemars::schema_for!(AwsConfig);
        let fields = schema.as_value()["properties"].as_object().unwrap();
        let secret = |name: &str| fields[name].get("x-secret").is_some();
        assert!(["accessKey", "secretKey", "token"].into_iter().all(secret));
        assert!(!["region", "profile", "assumeRoles", "endpoints"].into_iter().any(secret));
        let config = json!({"accessKey": "visible", "secretKey": "visible", "token": "visible"});
        let config: AwsConfig = serde_json::from_value(config).unwrap();
        assert!(!format!("{config:?}").contains("visible"));
    }
}
