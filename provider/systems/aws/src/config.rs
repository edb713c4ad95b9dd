mod roles;

use cloud::problem;
use outbound::is_url;
use pulumi_provider::SecretString;
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::args::is_region;
pub use roles::{AssumeRole, AssumeRoleWithWebIdentity};
use roles::{NO_ROLE, is_role};
pub(crate) use roles::{filled, present};

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
    /// Logs in with a token of an OpenID Connect provider, such as the identity token of a CI job, in place of the credentials above.
    #[serde(default)]
    pub assume_role_with_web_identity: Option<AssumeRoleWithWebIdentity>,
    /// Roles to assume one after another, the first with the credentials above.
    #[serde(default)]
    pub assume_roles: Option<Vec<AssumeRole>>,
    /// Paths of AWS's configuration files. Default: `AWS_CONFIG_FILE`, or `~/.aws/config`.
    #[serde(default)]
    pub shared_config_files: Option<Vec<String>>,
    /// Paths of AWS's credentials files. Default: `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`.
    #[serde(default)]
    pub shared_credentials_files: Option<Vec<String>>,
    /// How often a call is repeated that AWS throttled or that failed for a reason that may pass, from 0 to 25. A call that creates a key is never repeated. Default: 3.
    #[serde(default)]
    pub max_retries: Option<u32>,
    /// The ids of the AWS accounts that the plugin may work in. With credentials of any other account, the plugin refuses to make a call that reads or changes anything. Conflicts with `forbiddenAccountIds`.
    #[serde(default)]
    pub allowed_account_ids: Option<Vec<String>>,
    /// The ids of the AWS accounts that the plugin must not work in. Conflicts with `allowedAccountIds`.
    #[serde(default)]
    pub forbidden_account_ids: Option<Vec<String>>,
    /// Whether to use AWS's dual-stack endpoints, which take IPv4 and IPv6. Default: `AWS_USE_DUALSTACK_ENDPOINT`, the profile's `use_dualstack_endpoint`, or false.
    #[serde(default)]
    pub use_dualstack_endpoint: Option<bool>,
    /// Whether to use AWS's FIPS endpoints. Default: `AWS_USE_FIPS_ENDPOINT`, the profile's `use_fips_endpoint`, or false.
    #[serde(default)]
    pub use_fips_endpoint: Option<bool>,
    /// Addresses to use in place of AWS's own.
    #[serde(default)]
    pub endpoints: Option<Endpoints>,
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
            add("region".to_owned(), "is not the name of a region: write one such as \"eu-central-1\" [KR-AWS-006]");
        }
        if present(self.access_key.as_ref()) != present(self.secret_key.as_ref()) {
            let absent = if present(self.access_key.as_ref()) { "secretKey" } else { "accessKey" };
            add(absent.to_owned(), "is missing: accessKey and secretKey go together [KR-AWS-007]");
        }
        if present(self.token.as_ref()) && !present(self.access_key.as_ref()) {
            add("token".to_owned(), "belongs to an accessKey, which is missing [KR-AWS-008]");
        }
        for (index, role) in self.roles().iter().enumerate() {
            if !is_role(&role.role_arn) {
                add(format!("assumeRoles[{index}].roleArn"), NO_ROLE);
            }
        }
        for (name, url) in [
            ("iam", self.endpoint_iam()),
            ("sts", self.endpoint_sts()),
            ("secretsManager", self.endpoint_secrets_manager()),
        ] {
            if url.is_some_and(|url| !is_url(url)) {
                add(format!("endpoints.{name}"), "is not a URL: write one such as \"https://host:port\" [KR-AWS-010]");
            }
        }
        problems.extend(self.login_problems());
        problems.extend(self.account_problems());
        problems
    }

    fn login_problems(&self) -> Vec<Problem> {
        let Some(identity) = &self.assume_role_with_web_identity else { return Vec::new() };
        let named = |property: &str| format!("assumeRoleWithWebIdentity.{property}");
        let found = identity.problems().into_iter().map(|(property, reason)| problem(&named(&property), reason));
        let both = present(self.access_key.as_ref())
            .then(|| problem("assumeRoleWithWebIdentity", "conflicts with accessKey: keep one of them [KR-AWS-063]"));
        found.chain(both).collect()
    }

    fn account_problems(&self) -> Vec<Problem> {
        let lists = [("allowedAccountIds", self.allowed()), ("forbiddenAccountIds", self.forbidden())];
        let mut problems = Vec::new();
        for (name, ids) in lists {
            let is_id = |id: &str| id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_digit());
            let wrong = ids.iter().enumerate().filter(|(_, id)| !is_id(id));
            problems.extend(wrong.map(|(index, _)| {
                problem(
                    &format!("{name}[{index}]"),
                    "is not the id of an AWS account: write its 12 digits [KR-AWS-064]",
                )
            }));
        }
        if !self.allowed().is_empty() && !self.forbidden().is_empty() {
            problems.push(problem(
                "forbiddenAccountIds",
                "conflicts with allowedAccountIds: keep one of them [KR-AWS-065]",
            ));
        }
        if self.max_retries.is_some_and(|times| times > MOST_RETRIES) {
            problems.push(problem("maxRetries", "is more than 25: write a number from 0 to 25 [KR-AWS-066]"));
        }
        let own = self
            .endpoints
            .as_ref()
            .is_some_and(|own| [&own.iam, &own.sts, &own.secrets_manager].into_iter().any(|url| filled(url).is_some()));
        for (name, is_on) in
            [("useFipsEndpoint", self.use_fips_endpoint), ("useDualstackEndpoint", self.use_dualstack_endpoint)]
        {
            if own && is_on == Some(true) {
                let reason =
                    "chooses among AWS's own addresses and conflicts with endpoints: keep one of them [KR-AWS-067]";
                problems.push(problem(name, reason));
            }
        }
        problems
    }

    /// The accounts that alone may be worked in; empty: any.
    pub(crate) fn allowed(&self) -> &[String] {
        self.allowed_account_ids.as_deref().unwrap_or_default()
    }

    /// The accounts that must not be worked in.
    pub(crate) fn forbidden(&self) -> &[String] {
        self.forbidden_account_ids.as_deref().unwrap_or_default()
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
        let own =
            present(self.access_key.as_ref()) || self.profile.is_some() || self.assume_role_with_web_identity.is_some();
        let from = if own { self.clone() } else { base.clone() };
        let roles = if own { self.assume_roles } else { self.assume_roles.or_else(|| base.assume_roles.clone()) };
        let (ours, theirs) = (self.endpoints.unwrap_or_default(), base.endpoints.clone().unwrap_or_default());
        let endpoints = Endpoints {
            iam: ours.iam.or(theirs.iam),
            sts: ours.sts.or(theirs.sts),
            secrets_manager: ours.secrets_manager.or(theirs.secrets_manager),
        };
        // Accounts are those of the credentials that are used, and both lists belong together.
        let limits = self.allowed_account_ids.is_some() || self.forbidden_account_ids.is_some();
        let (allowed, forbidden) = match (limits, own) {
            (true, _) => (self.allowed_account_ids, self.forbidden_account_ids),
            (false, true) => (None, None),
            (false, false) => (base.allowed_account_ids.clone(), base.forbidden_account_ids.clone()),
        };
        Self {
            region: self.region.or_else(|| base.region.clone()),
            profile: from.profile,
            access_key: from.access_key,
            secret_key: from.secret_key,
            token: from.token,
            assume_role_with_web_identity: from.assume_role_with_web_identity,
            assume_roles: roles,
            shared_config_files: self.shared_config_files.or_else(|| base.shared_config_files.clone()),
            shared_credentials_files: self.shared_credentials_files.or_else(|| base.shared_credentials_files.clone()),
            max_retries: self.max_retries.or(base.max_retries),
            allowed_account_ids: allowed,
            forbidden_account_ids: forbidden,
            use_dualstack_endpoint: self.use_dualstack_endpoint.or(base.use_dualstack_endpoint),
            use_fips_endpoint: self.use_fips_endpoint.or(base.use_fips_endpoint),
            endpoints: Some(endpoints),
        }
    }

    pub(crate) fn endpoint_sts(&self) -> Option<&str> {
        self.endpoints.as_ref()?.sts.as_deref()
    }
}

/// The default of the AWS providers, and more than anybody waits for.
const MOST_RETRIES: u32 = 25;

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
    fn a_web_identity_stands_alone_and_is_checked() {
        let role = "arn:aws:iam::123456789012:role/ci";
        let good = json!({"roleArn": role, "webIdentityTokenFile": "/t", "sessionName": "job-1",
            "policyArns": ["arn:aws:iam::aws:policy/IAMFullAccess"], "duration": "15m"});
        assert!(properties(json!({"assumeRoleWithWebIdentity": good, "assumeRoles": [{"roleArn": role}]})).is_empty());
        assert!(properties(json!({"assumeRoleWithWebIdentity": {}})).is_empty());
        for (property, wrong) in [
            ("roleArn", json!({"roleArn": "ci"})),
            ("webIdentityToken", json!({"webIdentityToken": "t", "webIdentityTokenFile": "/t"})),
            ("duration", json!({"duration": "13h"})),
            ("duration", json!({"duration": "5m"})),
            ("duration", json!({"duration": "soon"})),
            ("policyArns[0]", json!({"policyArns": ["IAMFullAccess"]})),
            ("policyArns", json!({"policyArns": vec!["arn:aws:iam::aws:policy/a"; 11]})),
        ] {
            let told = properties(json!({"assumeRoleWithWebIdentity": wrong}));
            assert_eq!(told, [format!("assumeRoleWithWebIdentity.{property}")]);
        }
        let both = json!({"accessKey": "A", "secretKey": "S", "assumeRoleWithWebIdentity": {"roleArn": role}});
        assert_eq!(properties(both), ["assumeRoleWithWebIdentity"]);
    }

    #[test]
    fn accounts_are_allowed_or_forbidden_and_not_both() {
        assert!(properties(json!({"allowedAccountIds": ["123456789012"]})).is_empty());
        assert_eq!(properties(json!({"forbiddenAccountIds": ["12345"]})), ["forbiddenAccountIds[0]"]);
        let both = json!({"allowedAccountIds": ["123456789012"], "forbiddenAccountIds": ["123456789013"]});
        assert_eq!(properties(both), ["forbiddenAccountIds"]);
        assert_eq!(properties(json!({"maxRetries": 26})), ["maxRetries"]);
        let fips = json!({"useFipsEndpoint": true, "endpoints": {"sts": "https://sts.example"}});
        assert_eq!(properties(fips), ["useFipsEndpoint"]);
    }

    #[test]
    fn a_connection_takes_over_what_it_leaves_unset_and_mixes_no_credentials() {
        let read = |config: Value| serde_json::from_value::<AwsConfig>(config).unwrap();
        let identity = json!({"roleArn": "arn:aws:iam::123456789012:role/ci", "webIdentityTokenFile": "/t"});
        let base = json!({"assumeRoleWithWebIdentity": identity, "allowedAccountIds": ["123456789012"],
            "maxRetries": 1, "useFipsEndpoint": true, "sharedConfigFiles": ["/c"], "sharedCredentialsFiles": ["/d"]});
        let base = read(base);
        let same = read(json!({"region": "eu-west-1"})).over(&base);
        assert!(same.assume_role_with_web_identity.is_some() && same.allowed().len() == 1);
        assert_eq!((same.max_retries, same.use_fips_endpoint), (Some(1), Some(true)));
        assert!(same.shared_config_files.is_some() && same.shared_credentials_files.is_some());
        let other = read(json!({"accessKey": "A", "secretKey": "S"})).over(&base);
        assert!(other.assume_role_with_web_identity.is_none() && other.allowed().is_empty());
        let web = read(json!({"assumeRoleWithWebIdentity": identity, "forbiddenAccountIds": ["123456789013"]}));
        let web = web.over(&read(json!({"accessKey": "A", "secretKey": "S"})));
        assert!(web.access_key.is_none() && web.forbidden().len() == 1);
    }

    #[test]
    fn secrets_are_marked_and_never_shown() {
        let schema = schemars::schema_for!(AwsConfig);
        let fields = schema.as_value()["properties"].as_object().unwrap();
        let secret = |name: &str| fields[name].get("x-secret").is_some();
        assert!(["accessKey", "secretKey", "token"].into_iter().all(secret));
        assert!(!["region", "profile", "assumeRoles", "endpoints"].into_iter().any(secret));
        let identity = json!({"webIdentityToken": "visible"});
        let config = json!({"accessKey": "visible", "secretKey": "visible", "token": "visible", "assumeRoleWithWebIdentity": identity});
        let config: AwsConfig = serde_json::from_value(config).unwrap();
        assert!(!format!("{config:?}").contains("visible"));
    }
}
