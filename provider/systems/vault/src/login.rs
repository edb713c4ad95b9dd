//! Logging in: what is sent, and what a refusal means.

use std::path::Path;

use pulumi_provider::SecretString as SecretProperty;
use rotation::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::config::{VaultConfig, filled};
use crate::settings::{SERVICE_ACCOUNT, Sources, read};

/// One way to log in.
pub(crate) struct Login {
    mount: String,
    property: &'static str,
    proof: Proof,
}

enum Proof {
    Jwt { role: Option<String>, jwt: SecretProperty },
    JwtFile { role: String, file: String },
    AppRole { role_id: String, secret_id: Option<SecretProperty> },
    Certificate { name: Option<String> },
}

#[derive(Serialize)]
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
    name: Option<&'a str>,
}

impl Login {
    /// The login that this property configures; none if it does not.
    pub(crate) fn new(sources: Sources<'_>, property: &str) -> Option<Self> {
        let VaultConfig { auth_login_jwt, auth_login_app_role, auth_login_kubernetes, auth_login_cert, .. } =
            sources.config;
        let (mount, usual, property, proof) = match property {
            "authLoginJwt" => {
                let login = auth_login_jwt.as_ref()?;
                let proof = Proof::Jwt { role: filled(&login.role), jwt: login.jwt.clone() };
                (&login.mount, "jwt", "authLoginJwt", proof)
            }
            "authLoginAppRole" => {
                let login = auth_login_app_role.as_ref()?;
                let secret_id = login.secret_id.clone().filter(|secret_id| !secret_id.is_empty());
                let proof = Proof::AppRole { role_id: login.role_id.clone(), secret_id };
                (&login.mount, "approle", "authLoginAppRole", proof)
            }
            "authLoginKubernetes" => {
                let login = auth_login_kubernetes.as_ref()?;
                let file = sources.find(&SERVICE_ACCOUNT)?.text.as_str().to_owned();
                let proof = Proof::JwtFile { role: login.role.clone(), file };
                (&login.mount, "kubernetes", "authLoginKubernetes", proof)
            }
            "authLoginCert" => {
                let login = auth_login_cert.as_ref()?;
                (&login.mount, "cert", "authLoginCert", Proof::Certificate { name: filled(&login.name) })
            }
            _ => return None,
        };
        Some(Self { mount: filled(mount).unwrap_or_else(|| usual.to_owned()), property, proof })
    }

    /// Where to log in.
    pub(crate) fn path(&self) -> String {
        format!("auth/{}/login", self.mount)
    }

    /// The secret-id to log in with, where that is an AppRole's at this mount.
    pub(crate) fn secret_id_at(&self, mount: &str) -> Option<SecretString> {
        match &self.proof {
            Proof::AppRole { secret_id: Some(secret_id), .. } if self.mount == mount => {
                Some(secret_id.as_secrecy().clone())
            }
            _ => None,
        }
    }

    /// The token to log in with, where that is a JWT at this mount.
    pub(crate) fn jwt_at(&self, mount: &str) -> Option<SecretString> {
        match &self.proof {
            Proof::Jwt { jwt, .. } if self.mount == mount => Some(jwt.as_secrecy().clone()),
            _ => None,
        }
    }

    /// What to send. A service account's token is read anew each time, because Kubernetes replaces it.
    pub(crate) fn body(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let from_file = match &self.proof {
            Proof::JwtFile { file, .. } => {
                Some(read(Path::new(file), "keyrotation:vault.authLoginKubernetes.jwtFile")?)
            }
            _ => None,
        };
        let text = from_file.as_ref().map(|bytes| std::str::from_utf8(bytes).map(str::trim));
        let text = text.transpose().map_err(|_| {
            let message = "keyrotation:vault.authLoginKubernetes.jwtFile does not hold a token";
            Error::new(ErrorKind::Invalid, OPERATION, message)
        })?;
        let body = match &self.proof {
            Proof::Jwt { role, jwt } => Body { role: role.as_deref(), jwt: Some(open(jwt)), ..EMPTY },
            Proof::JwtFile { role, .. } => Body { role: Some(role), jwt: text, ..EMPTY },
            Proof::AppRole { role_id, secret_id } => {
                Body { role_id: Some(role_id), secret_id: secret_id.as_ref().map(open), ..EMPTY }
            }
            Proof::Certificate { name } => Body { name: name.as_deref(), ..EMPTY },
        };
        let body = serde_json::to_vec(&body).map(Zeroizing::new);
        body.map_err(|_| Error::new(ErrorKind::Unexpected, OPERATION, "the login could not be written"))
    }

    /// What a refused login means, by the server's words; none of them is repeated. It never means that a policy lacks something:
    /// nobody needs a right to log in.
    pub(crate) fn refused(&self, status: u16, words: &str) -> Error {
        let Self { mount, property, .. } = self;
        let hint = match words {
            words if words.contains("expired") => "the token to log in with has ended",
            words if words.contains("audience") => "the token to log in with is meant for another audience",
            words if words.contains("issuer") => "the token to log in with comes from another issuer",
            words if words.contains("could not be found") || words.contains("unknown role") => "there is no such role",
            words if words.contains("invalid role or secret ID") => {
                "the role's id or the secret-id is wrong, or the secret-id is used up or destroyed"
            }
            words if words.contains("certificate") => "the client certificate fits no role",
            words if words.contains("no handler for route") => "nothing is mounted there",
            _ if status == 403 => "the server does not accept the credentials, or has locked the role or user",
            _ => "the server does not accept the credentials",
        };
        let lockout = match self.proof {
            Proof::AppRole { .. } => format!(". {}", lockout(mount)),
            _ => String::new(),
        };
        let message = format!(
            "the login at auth/{mount} was refused: {hint}; check keyrotation:vault.{property}. This run does not log in again{lockout}"
        );
        Error::new(ErrorKind::Unauthenticated, OPERATION, message)
    }
}

/// What locks an AppRole, and the two commands that help.
pub(crate) fn lockout(mount: &str) -> String {
    format!(
        "Wrong logins lock the whole role (five of them for 15 minutes, unless the server is set otherwise): `vault read sys/locked-users` shows what is locked, `vault write -f sys/locked-users/MOUNT_ACCESSOR/unlock/ROLE_ID` unlocks it, and `vault auth tune -user-lockout-disable=true {mount}/` turns locking off for the mount"
    )
}

pub(crate) const OPERATION: &str = "vault login";
const EMPTY: Body<'static> = Body { role: None, jwt: None, role_id: None, secret_id: None, name: None };

#[expect(clippy::disallowed_methods, reason = "it is sent to the server, from memory that is wiped")]
fn open(secret: &SecretProperty) -> &str {
    secret.as_secrecy().expose_secret()
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
        serde_json::from_slice(&login.body().unwrap()).unwrap()
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
    fn a_service_accounts_token_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let login = login(json!({"authLoginKubernetes": {"role": "ci", "jwtFile": file.to_str().unwrap()}}));
        assert!(login.body().unwrap_err().message.contains("jwtFile"));
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
