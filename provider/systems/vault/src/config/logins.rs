//! The ways to log in, as the provider configuration has them.

use pulumi_provider::SecretString;
use schemars::JsonSchema;
use serde::Deserialize;

use super::filled;

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

/// What every way to log in has.
pub(crate) struct Common<'a> {
    /// The property that configures it.
    pub(crate) property: &'static str,
    /// Where the method is mounted; none if it is the usual place.
    pub(crate) mount: Option<&'a str>,
    pub(crate) usual_mount: &'static str,
    pub(crate) namespace: Option<&'a str>,
    /// The required properties that are empty.
    pub(super) lacks: Vec<&'static str>,
    /// The properties that give one secret, of which more than one is set.
    pub(super) secrets: Vec<&'static str>,
}

fn common<'a>(
    (property, usual_mount): (&'static str, &'static str),
    (mount, namespace): (&'a Option<String>, &'a Option<String>),
) -> Common<'a> {
    let set = |text: &'a Option<String>| text.as_deref().filter(|text| !text.is_empty());
    let (mount, namespace) = (set(mount), set(namespace));
    Common { property, mount, usual_mount, namespace, lacks: Vec::new(), secrets: Vec::new() }
}

/// The names of the properties that are set.
fn set(properties: &[(&'static str, bool)]) -> Vec<&'static str> {
    properties.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect()
}

fn is_secret(secret: &Option<SecretString>) -> bool {
    secret.as_ref().is_some_and(|secret| !secret.is_empty())
}

fn is_text(text: &Option<String>) -> bool {
    filled(text).is_some()
}

impl super::VaultConfig {
    /// Every way to log in that is configured, apart from a token.
    pub(crate) fn logins(&self) -> Vec<Common<'_>> {
        let jwt = self.auth_login_jwt.as_ref().map(|login| Common {
            secrets: set(&[
                ("authLoginJwt.jwt", is_secret(&login.jwt)),
                ("authLoginJwt.jwtFile", is_text(&login.jwt_file)),
            ]),
            ..common(("authLoginJwt", "jwt"), (&login.mount, &login.namespace))
        });
        let app_role = self.auth_login_app_role.as_ref().map(|login| Common {
            lacks: set(&[("authLoginAppRole.roleId", login.role_id.is_empty())]),
            secrets: set(&[
                ("authLoginAppRole.secretId", is_secret(&login.secret_id)),
                ("authLoginAppRole.secretIdFile", is_text(&login.secret_id_file)),
                ("authLoginAppRole.wrappedSecretId", is_secret(&login.wrapped_secret_id)),
                ("authLoginAppRole.wrappedSecretIdFile", is_text(&login.wrapped_secret_id_file)),
            ]),
            ..common(("authLoginAppRole", "approle"), (&login.mount, &login.namespace))
        });
        let kubernetes = self.auth_login_kubernetes.as_ref().map(|login| Common {
            lacks: set(&[("authLoginKubernetes.role", login.role.is_empty())]),
            ..common(("authLoginKubernetes", "kubernetes"), (&login.mount, &login.namespace))
        });
        let cert = self.auth_login_cert.as_ref().map(|login| Common {
            lacks: set(&[
                ("authLoginCert.certFile", login.cert_file.is_empty()),
                ("authLoginCert.keyFile", login.key_file.is_empty()),
            ]),
            ..common(("authLoginCert", "cert"), (&login.mount, &login.namespace))
        });
        let userpass = self.auth_login_userpass.as_ref().map(|login| Common {
            secrets: set(&[
                ("authLoginUserpass.password", is_secret(&login.password)),
                ("authLoginUserpass.passwordFile", is_text(&login.password_file)),
            ]),
            ..common(("authLoginUserpass", "userpass"), (&login.mount, &login.namespace))
        });
        let ldap = self.auth_login_ldap.as_ref().map(|login| Common {
            lacks: set(&[("authLoginLdap.username", login.username.is_empty())]),
            secrets: set(&[
                ("authLoginLdap.password", is_secret(&login.password)),
                ("authLoginLdap.passwordFile", is_text(&login.password_file)),
            ]),
            ..common(("authLoginLdap", "ldap"), (&login.mount, &login.namespace))
        });
        [jwt, app_role, kubernetes, cert, userpass, ldap].into_iter().flatten().collect()
    }
}
