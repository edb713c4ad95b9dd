mod logins;
mod machines;
mod ways;

use cloud::problem;
use outbound::is_url;
use pulumi_provider::SecretString;
use rotation::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

pub use logins::{
    AuthLoginAppRole, AuthLoginCert, AuthLoginJwt, AuthLoginKubernetes, AuthLoginLdap, AuthLoginUserpass,
};
pub use machines::{AuthLoginAws, AuthLoginAzure, AuthLoginGcp};

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
    /// Logs in with a user's name and password that the server itself knows.
    #[serde(default)]
    pub auth_login_userpass: Option<AuthLoginUserpass>,
    /// Logs in with a name and password that an LDAP directory checks.
    #[serde(default)]
    pub auth_login_ldap: Option<AuthLoginLdap>,
    /// Logs in as an AWS principal, by a request of STS that the plugin signs with the credentials of `keyrotation:aws`.
    #[serde(default)]
    pub auth_login_aws: Option<AuthLoginAws>,
    /// Logs in with the identity token of a machine in Google Cloud.
    #[serde(default)]
    pub auth_login_gcp: Option<AuthLoginGcp>,
    /// Logs in with the token of a managed identity of Azure.
    #[serde(default)]
    pub auth_login_azure: Option<AuthLoginAzure>,
    /// A file with certificates in PEM that are trusted beside the machine's own. Default: `VAULT_CACERT`, `VAULT_CACERT_BYTES`, `VAULT_CAPATH`.
    #[serde(default)]
    pub ca_cert_file: Option<String>,
    /// Trust any certificate: only for a trial, since whoever is on the way can then read every key. Default: `VAULT_SKIP_VERIFY`, or false.
    #[serde(default)]
    pub skip_tls_verify: Option<bool>,
}

impl VaultConfig {
    /// What is wrong with it, as far as that shows without a call; properties are relative to `keyrotation:vault`.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |property: &str, reason: &str| {
            problems.push(problem(property, reason));
        };
        if filled(&self.address).is_some_and(|url| !is_url(&url)) {
            add("address", "is not a URL: write one such as \"https://vault.example:8200\" [KR-VAULT-026]");
        }
        if filled(&self.namespace).is_some_and(|name| !is_path(name.trim_matches('/'))) {
            add(
                "namespace",
                "is not the name of a namespace: write one such as \"team\" or \"team/project\" [KR-VAULT-027]",
            );
        }
        let logins = self.logins();
        let token = self.token.as_ref().filter(|token| !token.is_empty()).map(|_| "token");
        let ways: Vec<_> = token.into_iter().chain(logins.iter().map(|login| login.property)).collect();
        if let [_, second, ..] = ways.as_slice() {
            add(second, "conflicts with another login method: keep one of them [KR-VAULT-028]");
        }
        for login in &logins {
            for property in &login.lacks {
                add(
                    property,
                    "is required for this login and is empty: set it, or remove the whole login [KR-VAULT-029]",
                );
            }
            if let [first, second, ..] = login.secrets.as_slice() {
                add(second, &format!("conflicts with `{first}`: keep one of them [KR-VAULT-030]"));
            }
            if login.mount.is_some_and(|mount| !is_path(mount)) {
                let property = format!("{}.mount", login.property);
                add(&property, "is not a mount's path: write one such as \"jwt\", without auth/ [KR-VAULT-031]");
            }
            if login.namespace.is_some_and(|name| !is_path(name.trim_matches('/'))) {
                let property = format!("{}.namespace", login.property);
                add(
                    &property,
                    "is not the name of a namespace: write one such as \"team\" or \"team/project\" [KR-VAULT-027]",
                );
            }
        }
        problems
    }

    /// Whether it says by itself how the plugin shows who it is.
    pub(crate) fn has_credentials(&self) -> bool {
        self.token.as_ref().is_some_and(|token| !token.is_empty()) || !self.logins().is_empty()
    }

    /// This configuration, with what it leaves unset from another one. Who names credentials takes none of the other's, and who names a server takes
    /// neither its credentials nor its namespace.
    #[must_use]
    pub(crate) fn over(self, base: &Self) -> Self {
        let is_elsewhere = filled(&self.address).is_some();
        let mut config = if is_elsewhere || self.has_credentials() { self.clone() } else { base.clone() };
        let root = || is_elsewhere.then(|| "root".to_owned()).or_else(|| base.namespace.clone());
        config.namespace = filled(&self.namespace).or_else(root);
        config.address = filled(&self.address).or_else(|| base.address.clone());
        config.ca_cert_file = filled(&self.ca_cert_file).or_else(|| base.ca_cert_file.clone());
        config.skip_tls_verify = self.skip_tls_verify.or(base.skip_tls_verify);
        config
    }

    /// The text of a property that is one, by its name; none if it is unset.
    pub(crate) fn text(&self, property: &str) -> Option<String> {
        match property {
            "address" => self.address.clone(),
            "namespace" => self.namespace.clone(),
            "token" => self.token.as_ref().map(open),
            "caCertFile" => self.ca_cert_file.clone(),
            "skipTlsVerify" => self.skip_tls_verify.map(|skips| skips.to_string()),
            "authLoginJwt.jwt" => self.auth_login_jwt.as_ref()?.jwt.as_ref().map(open),
            "authLoginJwt.jwtFile" => self.auth_login_jwt.as_ref()?.jwt_file.clone(),
            "authLoginUserpass.username" => self.auth_login_userpass.as_ref()?.username.clone(),
            "authLoginUserpass.password" => self.auth_login_userpass.as_ref()?.password.as_ref().map(open),
            "authLoginUserpass.passwordFile" => self.auth_login_userpass.as_ref()?.password_file.clone(),
            "authLoginKubernetes.jwtFile" => self.auth_login_kubernetes.as_ref()?.jwt_file.clone(),
            "authLoginCert.certFile" => Some(self.auth_login_cert.as_ref()?.cert_file.clone()),
            "authLoginCert.keyFile" => Some(self.auth_login_cert.as_ref()?.key_file.clone()),
            _ => None,
        }
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

/// A mount or a path without the slashes at its ends, which mean nothing.
pub(crate) fn plain(path: &str) -> &str {
    path.trim_matches('/')
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
    fn another_server_gets_neither_the_credentials_nor_the_namespace_of_the_first() {
        let read = |config: Value| serde_json::from_value::<VaultConfig>(config).unwrap();
        let base = read(json!({"address": "https://a:1", "namespace": "team", "token": "hidden", "caCertFile": "/ca"}));
        let elsewhere = read(json!({"address": "https://b:1"})).over(&base);
        assert!(!elsewhere.has_credentials());
        assert_eq!(
            [elsewhere.address, elsewhere.namespace, elsewhere.ca_cert_file].map(Option::unwrap),
            ["https://b:1", "root", "/ca"]
        );
        let there = read(json!({"namespace": "other"})).over(&base);
        assert!(there.has_credentials());
        assert_eq!([there.address, there.namespace].map(Option::unwrap), ["https://a:1", "other"]);
        let own = read(json!({"authLoginJwt": {"jwt": "hidden"}})).over(&base);
        assert!(own.token.is_none() && own.auth_login_jwt.is_some());
        assert_eq!([own.address, own.namespace].map(Option::unwrap), ["https://a:1", "team"]);
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
            ("authLoginUserpass", json!({"username": "ci", "passwordFile": "/password"})),
            ("authLoginLdap", json!({"username": "ci", "password": "hidden", "namespace": "team/"})),
            ("authLoginAws", json!({"role": "ci", "headerValue": "vault.example", "awsRegion": "eu-central-1"})),
            ("authLoginGcp", json!({"role": "ci", "jwtFile": "/t"})),
            ("authLoginAzure", json!({"role": "ci", "subscriptionId": "s", "resourceGroupName": "g", "vmName": "v"})),
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
        let login = json!({"jwtFile": "/jwt", "namespace": "a//b"});
        assert_eq!(properties(json!({"authLoginJwt": login})), ["authLoginJwt.namespace"]);
    }

    #[test]
    fn a_secret_comes_from_one_place() {
        for (property, login) in [
            ("authLoginJwt.jwtFile", json!({"authLoginJwt": {"jwt": "hidden", "jwtFile": "/jwt"}})),
            (
                "authLoginAppRole.wrappedSecretIdFile",
                json!({"authLoginAppRole": {"roleId": "r", "secretIdFile": "/s", "wrappedSecretIdFile": "/w"}}),
            ),
            (
                "authLoginUserpass.passwordFile",
                json!({"authLoginUserpass": {"username": "u", "password": "hidden", "passwordFile": "/p"}}),
            ),
            (
                "authLoginLdap.passwordFile",
                json!({"authLoginLdap": {"username": "u", "password": "hidden", "passwordFile": "/p"}}),
            ),
        ] {
            assert_eq!(properties(login), [property]);
        }
    }

    #[test]
    fn official_d5_an_empty_text_is_the_same_as_none() {
        let login = json!({"role": "", "jwt": "hidden", "mount": ""});
        let empty = json!({"address": "", "namespace": "", "caCertFile": "", "token": "", "authLoginJwt": login});
        assert!(properties(empty).is_empty());
        for (property, login) in [
            ("authLoginLdap.username", json!({"authLoginLdap": {"username": ""}})),
            ("authLoginAws.role", json!({"authLoginAws": {"role": ""}})),
            ("authLoginGcp.role", json!({"authLoginGcp": {"role": ""}})),
            ("authLoginAzure.role", json!({"authLoginAzure": {"role": ""}})),
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
            "authLoginAppRole": {"roleId": "r", "secretId": "visible", "wrappedSecretId": "visible"},
            "authLoginUserpass": {"password": "visible"},
            "authLoginLdap": {"username": "u", "password": "visible"},
        });
        let config: VaultConfig = serde_json::from_value(config).unwrap();
        assert!(!format!("{config:?}").contains("visible"));
    }
}
