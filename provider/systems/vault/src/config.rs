use cloud::problem;
use outbound::is_url;
use pulumi_provider::SecretString;
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

/// How the plugin reaches Vault or OpenBao: the provider configuration `keyrotation:vault`. Unset values fall back
/// to the standard environment variables (`VAULT_…` or `BAO_…`), read at the first call. An empty text is the same as unset. None of it is ever written to state.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultConfig"))]
pub struct VaultConfig {
    /// The server's URL, such as `"https://vault.example:8200"`. Default: `VAULT_ADDR`.
    #[serde(default)]
    pub address: Option<String>,
    /// The namespace that every path is in. Default: `VAULT_NAMESPACE`, or none. `"root"` is the same as none. With any other name, a server that has no namespaces is refused, because it would ignore the name.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The token that the plugin uses. Default: the login below, `VAULT_TOKEN`, or the file `.vault-token` in the home folder.
    #[serde(default)]
    pub token: Option<SecretString>,
    /// Logs in with a JSON Web Token, such as the identity token of a CI job.
    #[serde(default)]
    pub auth_login_jwt: Option<AuthLoginJwt>,
    /// Logs in with a secret-id of an AppRole.
    #[serde(default)]
    pub auth_login_app_role: Option<AuthLoginAppRole>,
    /// Logs in with the token of a Kubernetes service account.
    #[serde(default)]
    pub auth_login_kubernetes: Option<AuthLoginKubernetes>,
    /// Logs in with a TLS client certificate.
    #[serde(default)]
    pub auth_login_cert: Option<AuthLoginCert>,
    /// A file with certificates in PEM that are trusted beside the machine's own. Default: `VAULT_CACERT`, `VAULT_CACERT_BYTES`, `VAULT_CAPATH`.
    #[serde(default)]
    pub ca_cert_file: Option<String>,
    /// Trust any certificate: only for a trial, since whoever is on the way can then read every key. Default: `VAULT_SKIP_VERIFY`, or false.
    #[serde(default)]
    pub skip_tls_verify: Option<bool>,
}

/// A login with a JSON Web Token.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginJwt"))]
pub struct AuthLoginJwt {
    /// The role to log in as. Default: the mount's default role.
    #[serde(default)]
    pub role: Option<String>,
    /// The token to log in with.
    pub jwt: SecretString,
    /// Where the method is mounted, without `auth/`. Default: `"jwt"`.
    #[serde(default)]
    pub mount: Option<String>,
}

/// A login with a secret-id of an AppRole.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginAppRole"))]
pub struct AuthLoginAppRole {
    /// The role's id.
    pub role_id: String,
    /// A secret-id of the role. Unset if the role requires none.
    #[serde(default)]
    pub secret_id: Option<SecretString>,
    /// Where the method is mounted, without `auth/`. Default: `"approle"`.
    #[serde(default)]
    pub mount: Option<String>,
}

/// A login with the token of a Kubernetes service account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginKubernetes"))]
pub struct AuthLoginKubernetes {
    /// The role to log in as.
    pub role: String,
    /// The file that holds the service account's token. Default: `/var/run/secrets/kubernetes.io/serviceaccount/token`.
    #[serde(default)]
    pub jwt_file: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"kubernetes"`.
    #[serde(default)]
    pub mount: Option<String>,
}

/// A login with a TLS client certificate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginCert"))]
pub struct AuthLoginCert {
    /// The file with the certificate in PEM.
    pub cert_file: String,
    /// The file with its private key in PEM.
    pub key_file: String,
    /// The role to log in as. Default: the role that matches the certificate.
    #[serde(default)]
    pub name: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"cert"`.
    #[serde(default)]
    pub mount: Option<String>,
}

impl VaultConfig {
    /// What is wrong with it, as far as that shows without a call; properties are relative to `keyrotation:vault`.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |property: &str, reason: &str| {
            problems.push(problem(property, reason));
        };
        if filled(&self.address).is_some_and(|url| !is_url(&url)) {
            add("address", "is not a URL: write one such as \"https://vault.example:8200\"");
        }
        if filled(&self.namespace).is_some_and(|name| !is_path(name.trim_matches('/'))) {
            add("namespace", "is not the name of a namespace: write one such as \"team\" or \"team/project\"");
        }
        let ways = self.ways();
        if let [_, second, ..] = ways.as_slice() {
            add(second, "stands beside another way to log in: keep one of them");
        }
        for property in self.lacks() {
            add(property, "is empty, and the login needs it: write it, or leave the whole login out");
        }
        for (property, mount) in self.mounts() {
            if !mount.is_empty() && !is_path(mount) {
                add(&format!("{property}.mount"), "is not a mount's path: write one such as \"jwt\", without auth/");
            }
        }
        problems
    }

    /// The properties that say how to log in.
    fn ways(&self) -> Vec<&'static str> {
        let all = [
            ("token", self.token.as_ref().is_some_and(|token| !token.is_empty())),
            ("authLoginJwt", self.auth_login_jwt.is_some()),
            ("authLoginAppRole", self.auth_login_app_role.is_some()),
            ("authLoginKubernetes", self.auth_login_kubernetes.is_some()),
            ("authLoginCert", self.auth_login_cert.is_some()),
        ];
        all.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect()
    }

    /// The required properties of logins that are empty.
    fn lacks(&self) -> impl Iterator<Item = &'static str> {
        let jwt = self.auth_login_jwt.as_ref();
        let app_role = self.auth_login_app_role.as_ref();
        let kubernetes = self.auth_login_kubernetes.as_ref();
        let cert = self.auth_login_cert.as_ref();
        let all = [
            ("authLoginJwt.jwt", jwt.is_some_and(|login| login.jwt.is_empty())),
            ("authLoginAppRole.roleId", app_role.is_some_and(|login| login.role_id.is_empty())),
            ("authLoginKubernetes.role", kubernetes.is_some_and(|login| login.role.is_empty())),
            ("authLoginCert.certFile", cert.is_some_and(|login| login.cert_file.is_empty())),
            ("authLoginCert.keyFile", cert.is_some_and(|login| login.key_file.is_empty())),
        ];
        all.into_iter().filter(|(_, is_empty)| *is_empty).map(|(property, _)| property)
    }

    /// The text of a property that is one, by its name; none if it is unset.
    pub(crate) fn text(&self, property: &str) -> Option<String> {
        match property {
            "address" => self.address.clone(),
            "namespace" => self.namespace.clone(),
            "token" => self.token.as_ref().map(open),
            "caCertFile" => self.ca_cert_file.clone(),
            "skipTlsVerify" => self.skip_tls_verify.map(|skips| skips.to_string()),
            "authLoginKubernetes.jwtFile" => self.auth_login_kubernetes.as_ref()?.jwt_file.clone(),
            "authLoginCert.certFile" => Some(self.auth_login_cert.as_ref()?.cert_file.clone()),
            "authLoginCert.keyFile" => Some(self.auth_login_cert.as_ref()?.key_file.clone()),
            _ => None,
        }
    }

    fn mounts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("authLoginJwt", self.auth_login_jwt.as_ref().and_then(|login| login.mount.as_deref())),
            ("authLoginAppRole", self.auth_login_app_role.as_ref().and_then(|login| login.mount.as_deref())),
            ("authLoginKubernetes", self.auth_login_kubernetes.as_ref().and_then(|login| login.mount.as_deref())),
            ("authLoginCert", self.auth_login_cert.as_ref().and_then(|login| login.mount.as_deref())),
        ];
        all.into_iter().filter_map(|(name, mount)| Some((name, mount?)))
    }
}

/// A text; none if it is empty, which is the same as unset.
pub(crate) fn filled(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "it goes from one wrapper into another, by memory that is wiped")]
fn open(secret: &SecretString) -> String {
    secrecy::ExposeSecret::expose_secret(secret.as_secrecy()).to_owned()
}

/// Whether a text is a path as Vault takes it: parts between single slashes, none of which a URL would swallow.
pub(crate) fn is_path(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !matches!(part, "." | "..") && !part.contains(char::is_control);
    text.split('/').all(part) && !text.contains(['?', '#', '*', '+'])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn properties(config: Value) -> Vec<String> {
        let config: VaultConfig = serde_json::from_value(config).unwrap();
        config.problems().into_iter().map(|problem| problem.property).collect()
    }

    #[test]
    fn each_way_to_log_in_is_accepted_alone() {
        let jwt = json!({"role": "ci", "jwt": "hidden", "mount": "teams/jwt"});
        let kubernetes = json!({"role": "ci", "jwtFile": "/token"});
        for (property, value) in [
            ("token", json!("hidden")),
            ("authLoginJwt", jwt.clone()),
            ("authLoginAppRole", json!({"roleId": "ci", "secretId": "hidden"})),
            ("authLoginKubernetes", kubernetes),
            ("authLoginCert", json!({"certFile": "/cert", "keyFile": "/key", "name": "ci"})),
        ] {
            let mut config =
                json!({"address": "https://vault.example:8200", "namespace": "team/", "skipTlsVerify": true});
            config[property] = value;
            assert!(properties(config.clone()).is_empty(), "{property}");
            config["authLoginJwt"] = jwt.clone();
            config["token"] = json!("hidden");
            assert_eq!(properties(config).len(), 1, "{property}");
        }
        assert!(properties(json!({})).is_empty());
        assert!(properties(json!({"token": "", "authLoginJwt": jwt})).is_empty());
    }

    #[test]
    fn each_problem_names_its_property() {
        for url in ["vault:8200", "ftp://x", "http://", "http://a b"] {
            assert_eq!(properties(json!({"address": url})), ["address"], "{url:?}");
        }
        for name in ["/", "a//b", "..", "a/../b", "a?b"] {
            assert_eq!(properties(json!({"namespace": name})), ["namespace"], "{name:?}");
        }
        let login = json!({"jwt": "hidden", "mount": "/jwt"});
        assert_eq!(properties(json!({"authLoginJwt": login})), ["authLoginJwt.mount"]);
    }

    #[test]
    fn official_d5_an_empty_text_is_the_same_as_none() {
        let login = json!({"role": "", "jwt": "hidden", "mount": ""});
        let empty = json!({"address": "", "namespace": "", "caCertFile": "", "token": "", "authLoginJwt": login});
        assert!(properties(empty).is_empty());
        for (property, login) in [
            ("authLoginJwt.jwt", json!({"authLoginJwt": {"jwt": ""}})),
            ("authLoginAppRole.roleId", json!({"authLoginAppRole": {"roleId": ""}})),
            ("authLoginKubernetes.role", json!({"authLoginKubernetes": {"role": ""}})),
            ("authLoginCert.keyFile", json!({"authLoginCert": {"certFile": "/c", "keyFile": ""}})),
        ] {
            assert_eq!(properties(login), [property]);
        }
    }

    #[test]
    fn secrets_are_marked_and_never_shown() {
        let schema = schemars::schema_for!(VaultConfig);
        let fields = schema.as_value()["properties"].as_object().unwrap();
        assert!(fields["token"].get("x-secret").is_some());
        assert!(fields["address"].get("x-secret").is_none());
        let config = json!({
            "token": "visible",
            "authLoginJwt": {"jwt": "visible"},
            "authLoginAppRole": {"roleId": "r", "secretId": "visible"},
        });
        let config: VaultConfig = serde_json::from_value(config).unwrap();
        assert!(!format!("{config:?}").contains("visible"));
    }
}
