//! What the ways to log in have in common.

use pulumi_provider::SecretString;

use super::{VaultConfig, filled};

/// What every way to log in has.
pub(crate) struct Common<'a> {
    /// The property that configures it.
    pub(crate) property: &'static str,
    /// Where the method is mounted; none if it is the usual place.
    pub(crate) mount: Option<&'a str>,
    pub(crate) usual_mount: &'static str,
    pub(crate) namespace: Option<&'a str>,
    /// The required properties that are empty.
    pub(crate) lacks: Vec<&'static str>,
    /// The properties that give one secret, of which more than one is set.
    pub(crate) secrets: Vec<&'static str>,
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

impl VaultConfig {
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
        let aws = self.auth_login_aws.as_ref().map(|login| Common {
            lacks: set(&[("authLoginAws.role", login.role.is_empty())]),
            ..common(("authLoginAws", "aws"), (&login.mount, &login.namespace))
        });
        let gcp = self.auth_login_gcp.as_ref().map(|login| Common {
            lacks: set(&[("authLoginGcp.role", login.role.is_empty())]),
            ..common(("authLoginGcp", "gcp"), (&login.mount, &login.namespace))
        });
        let azure = self.auth_login_azure.as_ref().map(|login| Common {
            lacks: set(&[("authLoginAzure.role", login.role.is_empty())]),
            ..common(("authLoginAzure", "azure"), (&login.mount, &login.namespace))
        });
        [jwt, app_role, kubernetes, cert, userpass, ldap, aws, gcp, azure].into_iter().flatten().collect()
    }
}
