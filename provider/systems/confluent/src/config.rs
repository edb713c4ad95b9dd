use cloud::problem;
use outbound::is_url;
use pulumi_provider::SecretString;
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

/// How the plugin reaches Confluent Cloud: the provider configuration `keyrotation:confluent`. Unset values fall back to the standard
/// Confluent environment variables, which the plugin reads at the first call. It never writes them to the state.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "ConfluentConfig"))]
pub struct ConfluentConfig {
    /// The Cloud API key that the plugin uses; requires `cloudApiSecret` or `cloudApiSecretFile`. A key for a cluster cannot manage keys. Default: `CONFLUENT_CLOUD_API_KEY`.
    #[serde(default)]
    pub cloud_api_key: Option<SecretString>,
    /// The secret that belongs to `cloudApiKey`. Default: `CONFLUENT_CLOUD_API_SECRET`.
    #[serde(default)]
    pub cloud_api_secret: Option<SecretString>,
    /// The file that holds the secret, read at the first call. Only its path is in the state.
    #[serde(default)]
    pub cloud_api_secret_file: Option<String>,
    /// The address to use in place of `https://api.confluent.cloud`.
    #[serde(default)]
    pub endpoint: Option<String>,
}

impl ConfluentConfig {
    /// What is wrong with it, as far as that shows without a call; properties are relative to `keyrotation:confluent`.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let file = self.secret_file().is_some();
        let (key, secret) = (given(&self.cloud_api_key).is_some(), given(&self.cloud_api_secret).is_some() || file);
        if file && given(&self.cloud_api_secret).is_some() {
            problems.push(problem(
                "cloudApiSecretFile",
                "conflicts with cloudApiSecret: keep one of them [KR-CONFLUENT-036]",
            ));
        }
        if key != secret {
            let absent = if key { "cloudApiSecret" } else { "cloudApiKey" };
            let reason = "is missing: cloudApiKey and cloudApiSecret go together [KR-CONFLUENT-002]";
            problems.push(problem(absent, reason));
        }
        if self.endpoint.as_deref().is_some_and(|url| !is_url(url)) {
            let reason = "is not a URL: write one such as \"https://api.confluent.cloud\" [KR-CONFLUENT-003]";
            problems.push(problem("endpoint", reason));
        }
        problems
    }

    /// The file of the secret, if one is named.
    pub(crate) fn secret_file(&self) -> Option<&str> {
        self.cloud_api_secret_file.as_deref().filter(|file| !file.is_empty())
    }
}

/// An empty text is what a missing CI variable leaves, and the same as none.
pub(crate) fn given(secret: &Option<SecretString>) -> Option<&SecretString> {
    secret.as_ref().filter(|secret| !secret.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn properties(config: Value) -> Vec<String> {
        let config: ConfluentConfig = serde_json::from_value(config).unwrap();
        config.problems().into_iter().map(|problem| problem.property).collect()
    }

    #[test]
    fn each_problem_names_its_property() {
        assert!(properties(json!({})).is_empty());
        assert!(
            properties(json!({"cloudApiKey": "", "cloudApiSecret": "", "endpoint": "http://127.0.0.1:1"})).is_empty()
        );
        assert_eq!(properties(json!({"cloudApiKey": "K"})), ["cloudApiSecret"]);
        assert_eq!(properties(json!({"cloudApiSecret": "S", "cloudApiKey": ""})), ["cloudApiKey"]);
        assert!(properties(json!({"cloudApiKey": "K", "cloudApiSecretFile": "/s"})).is_empty());
        assert_eq!(properties(json!({"cloudApiSecretFile": "/s"})), ["cloudApiKey"]);
        let both = json!({"cloudApiKey": "K", "cloudApiSecret": "S", "cloudApiSecretFile": "/s"});
        assert_eq!(properties(both), ["cloudApiSecretFile"]);
        for url in ["", "localhost:80", "ftp://x", "http://", "http:///x", "http://a b"] {
            assert_eq!(properties(json!({"endpoint": url})), ["endpoint"], "{url:?}");
        }
    }

    #[test]
    fn secrets_are_marked_and_never_shown() {
        let schema = schemars::schema_for!(ConfluentConfig);
        let fields = schema.as_value()["properties"].as_object().unwrap();
        let secret = |name: &str| fields[name].get("x-secret").is_some();
        assert!(secret("cloudApiKey") && secret("cloudApiSecret") && !secret("endpoint"));
        let config = json!({"cloudApiKey": "visible", "cloudApiSecret": "visible"});
        let config: ConfluentConfig = serde_json::from_value(config).unwrap();
        assert!(!format!("{config:?}").contains("visible"));
    }
}
