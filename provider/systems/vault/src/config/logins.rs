//! The ways to log in, as the provider configuration has them.

use pulumi_provider::SecretString;
use schemars::JsonSchema;
use serde::Deserialize;

/// A login with a JSON Web Token. At most one of `jwt` and `jwtFile` may be set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginJwt"))]
pub struct AuthLoginJwt {
    /// The role to log in as. Default: the mount's default role.
    #[serde(default)]
    pub role: Option<String>,
    /// The token to log in with. It becomes part of the stack's state, so use it only for tokens that outlive `pulumi destroy`. Default: `jwtFile`, or the variable `TERRAFORM_VAULT_AUTH_JWT`.
    #[serde(default)]
    pub jwt: Option<SecretString>,
    /// The file that holds the token, read at each login. Only its path is in the state.
    #[serde(default)]
    pub jwt_file: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"jwt"`.
    #[serde(default)]
    pub mount: Option<String>,
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A login with a secret-id of an AppRole. At most one of the properties that give the secret-id may be set; none is set if the role requires none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginAppRole"))]
pub struct AuthLoginAppRole {
    /// The role's id.
    pub role_id: String,
    /// A secret-id of the role. It becomes part of the stack's state.
    #[serde(default)]
    pub secret_id: Option<SecretString>,
    /// The file that holds the secret-id, read at each login.
    #[serde(default)]
    pub secret_id_file: Option<String>,
    /// The file that holds a response-wrapping token for a secret-id. The plugin unwraps it once, at its first login, and keeps the secret-id in memory. Each run needs a new wrapping token.
    #[serde(default)]
    pub wrapped_secret_id_file: Option<String>,
    /// A response-wrapping token for a secret-id, unwrapped once, at the first login. It becomes part of the stack's state, where it is worthless after this run: prefer `wrappedSecretIdFile`.
    #[serde(default)]
    pub wrapped_secret_id: Option<SecretString>,
    /// Where the method is mounted, without `auth/`. Default: `"approle"`.
    #[serde(default)]
    pub mount: Option<String>,
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A login with the token of a Kubernetes service account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginKubernetes"))]
pub struct AuthLoginKubernetes {
    /// The role to log in as.
    pub role: String,
    /// The file that holds the service account's token, read at each login. Default: `/var/run/secrets/kubernetes.io/serviceaccount/token`.
    #[serde(default)]
    pub jwt_file: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"kubernetes"`.
    #[serde(default)]
    pub mount: Option<String>,
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
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
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A login with a user's name and password. At most one of `password` and `passwordFile` may be set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginUserpass"))]
pub struct AuthLoginUserpass {
    /// The user's name. Default: `TERRAFORM_VAULT_USERNAME`.
    #[serde(default)]
    pub username: Option<String>,
    /// The user's password. It becomes part of the stack's state. Default: `passwordFile`, `TERRAFORM_VAULT_PASSWORD`, or the file that `TERRAFORM_VAULT_PASSWORD_FILE` names.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The file that holds the password, read at each login.
    #[serde(default)]
    pub password_file: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"userpass"`.
    #[serde(default)]
    pub mount: Option<String>,
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
}

/// A login with a name and password that an LDAP directory checks. At most one of `password` and `passwordFile` may be set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("x-name" = "VaultAuthLoginLdap"))]
pub struct AuthLoginLdap {
    /// The user's name.
    pub username: String,
    /// The user's password. It becomes part of the stack's state.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The file that holds the password, read at each login.
    #[serde(default)]
    pub password_file: Option<String>,
    /// Where the method is mounted, without `auth/`. Default: `"ldap"`.
    #[serde(default)]
    pub mount: Option<String>,
    /// The namespace that the method is mounted in, as a full path. Default: `namespace` of the provider. `"root"` is the namespace of the server itself.
    #[serde(default)]
    pub namespace: Option<String>,
}
