//! Logging in: what is sent, and what a refusal means.

mod machine;
mod secret;

use rotation::{Error, ErrorKind};
use secrecy::SecretString;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::config::{VaultConfig, filled};
use crate::settings::{JWT, JWT_FILE, PASSWORD, PASSWORD_FILE, SERVICE_ACCOUNT, Sources, USERNAME, namespace};
pub(crate) use machine::{Machine, Means};
pub(crate) use secret::OPERATION;
use secret::{Secret, open};

/// One way to log in.
pub(crate) struct Login {
    mount: String,
    property: &'static str,
    /// The namespace of the method, and so of the token; none if it is that of everything else.
    pub(crate) namespace: Option<Option<String>>,
    proof: Proof,
}

enum Proof {
    Jwt {
        role: Option<String>,
        jwt: Option<Secret>,
    },
    AppRole {
        role_id: String,
        secret_id: Option<Secret>,
        wrapped: Option<Secret>,
    },
    Password {
        username: Option<String>,
        password: Option<Secret>,
    },
    Certificate {
        name: Option<String>,
    },
    /// The proof is asked for at each login.
    Machine(Box<Machine>),
}

#[derive(Default, Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl Login {
    /// The login that this property configures; none if it does not.
    pub(crate) fn new(sources: Sources<'_>, property: &str) -> Option<Self> {
        let common = sources.config.logins().into_iter().find(|login| login.property == property)?;
        Some(Self {
            mount: common.mount.unwrap_or(common.usual_mount).to_owned(),
            property: common.property,
            namespace: common.namespace.map(namespace),
            proof: Proof::new(sources, property)?,
        })
    }

    /// Where to log in.
    pub(crate) fn path(&self) -> String {
        match &self.proof {
            Proof::Password { username: Some(username), .. } => format!("auth/{}/login/{username}", self.mount),
            _ => format!("auth/{}/login", self.mount),
        }
    }

    /// The secret-id to log in with, where that is an AppRole's at this mount. `unwrapped` is the one that a wrapping token gave.
    pub(crate) fn secret_id_at(&self, mount: &str, unwrapped: Option<&SecretString>) -> Option<SecretString> {
        match &self.proof {
            Proof::AppRole { wrapped: Some(_), .. } if self.mount == mount => unwrapped.cloned(),
            Proof::AppRole { secret_id: Some(secret_id), .. } if self.mount == mount => secret_id.read().ok(),
            _ => None,
        }
    }

    /// The token to log in with, where that is a JWT at this mount.
    pub(crate) fn jwt_at(&self, mount: &str) -> Option<SecretString> {
        match &self.proof {
            Proof::Jwt { jwt: Some(jwt), .. } if self.mount == mount => jwt.read().ok(),
            _ => None,
        }
    }

    /// The token that wraps the secret-id to log in with, if one does.
    pub(crate) fn wrapping(&self) -> Result<Option<SecretString>, Error> {
        match &self.proof {
            Proof::AppRole { wrapped: Some(wrapped), .. } => wrapped.read().map(Some),
            _ => Ok(None),
        }
    }

    /// The machine or job that logs in, if that is who does.
    pub(crate) fn machine(&self) -> Option<&Machine> {
        match &self.proof {
            Proof::Machine(machine) => Some(machine),
            _ => None,
        }
    }

    /// What to send. A secret in a file is read anew each time, because whoever wrote it replaces it.
    pub(crate) fn body(&self, unwrapped: Option<&SecretString>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let secret = match &self.proof {
            Proof::AppRole { wrapped: Some(_), .. } => unwrapped.cloned(),
            Proof::AppRole { secret_id, .. } => secret_id.as_ref().map(Secret::read).transpose()?,
            Proof::Jwt { jwt, .. } => Some(self.needed(jwt.as_ref(), "jwtFile, jwt or TERRAFORM_VAULT_AUTH_JWT")?),
            Proof::Password { username: None, .. } => return Err(self.lacks("username")),
            Proof::Password { password, .. } => Some(self.needed(password.as_ref(), "passwordFile or password")?),
            Proof::Certificate { .. } | Proof::Machine(_) => None,
        };
        let secret = secret.as_ref().map(open);
        let body = match &self.proof {
            Proof::Jwt { role, .. } => Body { role: role.as_deref(), jwt: secret, ..Body::default() },
            Proof::AppRole { role_id, .. } => Body { role_id: Some(role_id), secret_id: secret, ..Body::default() },
            Proof::Password { .. } => Body { password: secret, ..Body::default() },
            Proof::Certificate { name } => Body { name: name.as_deref(), ..Body::default() },
            Proof::Machine(_) => Body::default(),
        };
        let body = serde_json::to_vec(&body).map(Zeroizing::new);
        body.map_err(|_| Error::new(ErrorKind::Unexpected, OPERATION, "the login could not be written [KR-VAULT-101]"))
    }

    fn needed(&self, secret: Option<&Secret>, properties: &str) -> Result<SecretString, Error> {
        secret.ok_or_else(|| self.lacks(properties))?.read()
    }

    fn lacks(&self, what: &str) -> Error {
        let message = format!("nothing to log in with: set keyrotation:vault.{}.{what} [KR-VAULT-102]", self.property);
        Error::new(ErrorKind::Unauthenticated, OPERATION, message)
    }

    /// What a refused login means, by the server's words; none of them is repeated. It never means that a policy lacks something:
    /// nobody needs a right to log in.
    pub(crate) fn refused(&self, status: u16, words: &str) -> Error {
        let Self { mount, property, .. } = self;
        let is_password = matches!(self.proof, Proof::Password { .. });
        let hint = match words {
            words if words.contains("expired") => "the token to log in with has expired [KR-VAULT-103]",
            words if words.contains("X-Vault-AWS-IAM-Server-ID") => {
                "the server wants another `headerValue`, the value of X-Vault-AWS-IAM-Server-ID [KR-VAULT-178]"
            }
            words if words.contains("from STS") => {
                "AWS did not accept what was signed with the credentials of keyrotation:aws [KR-VAULT-179]"
            }
            words if words.contains("does not belong to the role") => {
                "the role admits other AWS principals [KR-VAULT-180]"
            }
            words if words.contains("audience") => {
                "the token to log in with is meant for another audience [KR-VAULT-104]"
            }
            words if words.contains("issuer") => "the token to log in with comes from another issuer [KR-VAULT-105]",
            words if words.contains("could not be found") || words.contains("unknown role") => {
                "there is no such role [KR-VAULT-106]"
            }
            words if words.contains("invalid role or secret ID") => {
                "the role's id or the secret-id is wrong, or the secret-id is used up or destroyed [KR-VAULT-107]"
            }
            words if is_password && words.contains("invalid") => "the name or the password is wrong [KR-VAULT-108]",
            words if words.contains("certificate") => "no role matches the client certificate [KR-VAULT-109]",
            words if words.contains("no handler for route") => "nothing is mounted there [KR-VAULT-110]",
            _ if status == 403 => {
                "the server does not accept the credentials, or has locked the role or user [KR-VAULT-111]"
            }
            _ => "the server does not accept the credentials [KR-VAULT-112]",
        };
        let lockout = match self.proof {
            Proof::AppRole { .. } => format!(". {}", lockout(mount)),
            _ => String::new(),
        };
        let message = format!(
            "the login at auth/{mount} was refused: {hint}; check keyrotation:vault.{property}{}. This run does not log in again{lockout}",
            self.state_hint()
        );
        Error::new(ErrorKind::Unauthenticated, OPERATION, message)
    }

    /// What a wrapping token means that the server does not take.
    pub(crate) fn not_unwrapped(&self) -> Error {
        let message = format!(
            "the secret-id could not be unwrapped: the wrapping token has expired or was used already. If your job did not use it, somebody else read the secret-id: destroy it. Request a new wrapping token for each run, and check keyrotation:vault.{}{} [KR-VAULT-113]",
            self.property,
            self.state_hint()
        );
        Error::new(ErrorKind::Unauthenticated, OPERATION, message)
    }

    /// What to add where the secret stands in the state, which `refresh` and `destroy` configure the plugin from.
    fn state_hint(&self) -> String {
        let (secret, instead) = match &self.proof {
            Proof::Jwt { jwt, .. } => (jwt.as_ref(), "`jwtFile` or TERRAFORM_VAULT_AUTH_JWT"),
            Proof::AppRole { wrapped: Some(wrapped), .. } => (Some(wrapped), "`wrappedSecretIdFile`"),
            Proof::AppRole { secret_id, .. } => (secret_id.as_ref(), "`secretIdFile`"),
            Proof::Password { password, .. } => (password.as_ref(), "`passwordFile`"),
            Proof::Certificate { .. } | Proof::Machine(_) => (None, ""),
        };
        match secret {
            Some(secret) if secret.is_in_state() => format!(
                " (in `pulumi refresh` and `pulumi destroy` this value comes from the stack's state: use {instead} instead, or add `--run-program`)"
            ),
            _ => String::new(),
        }
    }
}

impl Proof {
    fn new(sources: Sources<'_>, property: &str) -> Option<Self> {
        let VaultConfig {
            auth_login_jwt,
            auth_login_app_role,
            auth_login_kubernetes,
            auth_login_cert,
            auth_login_ldap,
            ..
        } = sources.config;
        Some(match property {
            "authLoginJwt" => Self::Jwt {
                role: filled(&auth_login_jwt.as_ref()?.role),
                jwt: Secret::of_settings(sources, &JWT, &JWT_FILE),
            },
            "authLoginAppRole" => {
                let login = auth_login_app_role.as_ref()?;
                let (file, wrapped) = ("authLoginAppRole.secretIdFile", "authLoginAppRole.wrappedSecretIdFile");
                Self::AppRole {
                    role_id: login.role_id.clone(),
                    secret_id: Secret::of(&login.secret_id, &login.secret_id_file, file),
                    wrapped: Secret::of(&login.wrapped_secret_id, &login.wrapped_secret_id_file, wrapped),
                }
            }
            "authLoginKubernetes" => {
                let file = sources.find(&SERVICE_ACCOUNT)?.text;
                let role = Some(auth_login_kubernetes.as_ref()?.role.clone());
                Self::Jwt { role, jwt: Some(Secret::file(&file, "authLoginKubernetes.jwtFile")) }
            }
            "authLoginCert" => Self::Certificate { name: filled(&auth_login_cert.as_ref()?.name) },
            "authLoginUserpass" => Self::Password {
                username: sources.find(&USERNAME).map(|found| found.text.as_str().to_owned()),
                password: Secret::of_settings(sources, &PASSWORD, &PASSWORD_FILE),
            },
            "authLoginLdap" => {
                let login = auth_login_ldap.as_ref()?;
                let password = Secret::of(&login.password, &login.password_file, "authLoginLdap.passwordFile");
                Self::Password { username: filled(&Some(login.username.clone())), password }
            }
            property => Self::Machine(Box::new(Machine::new(sources, property)?)),
        })
    }
}

/// What locks an AppRole, and the two commands that help.
pub(crate) fn lockout(mount: &str) -> String {
    format!(
        "Wrong logins lock the whole role (five of them for 15 minutes, unless the server is set otherwise): `vault read sys/locked-users` shows what is locked, `vault write -f sys/locked-users/MOUNT_ACCESSOR/unlock/ROLE_ID` unlocks it, and `vault auth tune -user-lockout-disable=true {mount}/` turns locking off for the mount"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn login(config: Value) -> Login {
        let property = config.as_object().unwrap().keys().next().unwrap().clone();
        let config = serde_json::from_value(config).unwrap();
        Login::new(Sources { config: &config, environment: &|_| None }, &property).unwrap()
    }

    fn sent(login: &Login) -> Value {
        serde_json::from_slice(&login.body(None).unwrap()).unwrap()
    }

    #[test]
    fn each_method_sends_what_vault_asks_for() {
        let jwt = login(json!({"authLoginJwt": {"role": "ci", "jwt": "a.b.c", "mount": "gitlab"}}));
        assert_eq!((jwt.path().as_str(), sent(&jwt)), ("auth/gitlab/login", json!({"role": "ci", "jwt": "a.b.c"})));
        let app = login(json!({"authLoginAppRole": {"roleId": "r", "secretId": "s"}}));
        assert_eq!(
            (app.path().as_str(), sent(&app)),
            ("auth/approle/login", json!({"role_id": "r", "secret_id": "s"}))
        );
        let certificate = login(json!({"authLoginCert": {"certFile": "/c", "keyFile": "/k"}}));
        assert_eq!((certificate.path().as_str(), sent(&certificate)), ("auth/cert/login", json!({})));
    }

    #[test]
    fn a_password_goes_to_the_users_own_path() {
        for (property, mount) in [("authLoginUserpass", "userpass"), ("authLoginLdap", "ldap")] {
            let login = login(json!({property: {"username": "ci", "password": "p", "namespace": "team/"}}));
            assert_eq!(login.path(), format!("auth/{mount}/login/ci"));
            assert_eq!((sent(&login), login.namespace.clone()), (json!({"password": "p"}), Some(Some("team".into()))));
            let error = login.refused(400, "invalid username or password").to_string();
            assert!(error.contains("password is wrong") && error.contains("passwordFile"), "{error}");
        }
        let root = login(json!({"authLoginLdap": {"username": "ci", "namespace": "root"}}));
        assert_eq!(root.namespace, Some(None));
    }

    #[test]
    fn what_is_unset_comes_from_the_variables_of_the_official_provider() {
        let environment = |name: &str| match name {
            "TERRAFORM_VAULT_AUTH_JWT" => Some("a.b.c".to_owned()),
            "TERRAFORM_VAULT_USERNAME" => Some("ci".to_owned()),
            "TERRAFORM_VAULT_PASSWORD" => Some("p".to_owned()),
            _ => None,
        };
        let login = |config: Value, property: &str| {
            let config = serde_json::from_value(config).unwrap();
            Login::new(Sources { config: &config, environment: &environment }, property).unwrap()
        };
        let jwt = login(json!({"authLoginJwt": {"role": "ci"}}), "authLoginJwt");
        assert_eq!(sent(&jwt), json!({"role": "ci", "jwt": "a.b.c"}));
        assert!(!jwt.refused(400, "token is expired").to_string().contains("stack's state"));
        let user = login(json!({"authLoginUserpass": {}}), "authLoginUserpass");
        assert_eq!((user.path().as_str(), sent(&user)), ("auth/userpass/login/ci", json!({"password": "p"})));
        let given = login(json!({"authLoginJwt": {"jwt": "d.e.f"}}), "authLoginJwt");
        assert_eq!(sent(&given), json!({"jwt": "d.e.f"}));
        let refused = given.refused(400, "token is expired").to_string();
        assert!(refused.contains("stack's state") && refused.contains("--run-program"), "{refused}");
    }

    #[test]
    fn nothing_to_log_in_with_is_named() {
        let told = |config: Value| login(config).body(None).unwrap_err().message;
        assert!(told(json!({"authLoginJwt": {}})).contains("authLoginJwt.jwtFile"));
        assert!(told(json!({"authLoginUserpass": {}})).contains("authLoginUserpass.username"));
        assert!(told(json!({"authLoginLdap": {"username": "ci"}})).contains("authLoginLdap.passwordFile"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret-id");
        std::fs::write(&file, " \n").unwrap();
        let file = file.to_str().unwrap();
        let empty = told(json!({"authLoginAppRole": {"roleId": "r", "secretIdFile": file}}));
        assert!(empty.contains("authLoginAppRole.secretIdFile") && empty.contains("empty"), "{empty}");
    }

    #[test]
    fn a_service_accounts_token_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let login = login(json!({"authLoginKubernetes": {"role": "ci", "jwtFile": file.to_str().unwrap()}}));
        assert!(login.body(None).unwrap_err().message.contains("jwtFile"));
        for token in ["one", "two"] {
            std::fs::write(&file, format!("{token}\n")).unwrap();
            assert_eq!(sent(&login), json!({"role": "ci", "jwt": token}));
        }
    }

    #[test]
    fn a_refusal_says_what_it_can_and_names_the_property() {
        let login = login(json!({"authLoginAppRole": {"roleId": "r"}}));
        let error = login.refused(400, "invalid role or secret ID").to_string();
        assert!(error.contains("secret-id is wrong") && error.contains("authLoginAppRole"), "{error}");
        let error = login.refused(403, "anything else: s3cr3t").to_string();
        assert!(!error.contains("s3cr3t"), "{error}");
    }

    #[test]
    fn official_d2_a_refused_login_speaks_of_locks_and_never_of_a_policy() {
        let login = login(json!({"authLoginAppRole": {"roleId": "r", "mount": "team/approle"}}));
        for (status, words) in [(403, "permission denied"), (400, "invalid role or secret ID"), (400, "")] {
            let error = login.refused(status, words).to_string();
            assert!(
                error.contains("sys/locked-users") && error.contains("-user-lockout-disable=true team/approle/"),
                "{error}"
            );
            assert!(!error.contains("policy") && !error.contains("capability"), "{error}");
        }
    }
}
