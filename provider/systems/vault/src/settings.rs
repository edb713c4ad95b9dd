//! The configuration and the environment together: where the server is, and how the plugin shows who it is.

use std::path::{Path, PathBuf};

use outbound::{Url, is_url};
use rotation::{Error, ErrorKind, Problem};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::config::VaultConfig;
use crate::login::Login;

/// A variable of the environment, by its name.
pub(crate) type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// What a session works with.
pub(crate) struct Settings {
    pub(crate) address: Url,
    pub(crate) namespace: Option<String>,
    pub(crate) credentials: Credentials,
    pub(crate) tls: outbound::Settings,
}

/// How the plugin shows who it is.
pub(crate) enum Credentials {
    /// Somebody else made this token, and ends it.
    Token(SecretString),
    /// A token of the plugin's own.
    Login(Login),
}

impl Settings {
    /// What the configuration says, and where it says nothing, the environment.
    pub(crate) fn new(config: &VaultConfig, environment: Environment<'_>) -> Result<Self, Error> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(wrong(&problem));
        }
        let twin = |name: &str| variable(environment, name);
        let address = config.address.clone().or_else(|| twin("ADDR"));
        let address =
            address.ok_or_else(|| invalid("no server is named: set keyrotation:vault.address, or VAULT_ADDR"))?;
        let url = Some(address.as_str()).filter(|url| is_url(url)).and_then(|url| Url::parse(url).ok());
        let url =
            url.ok_or_else(|| invalid("VAULT_ADDR is not a URL: write one such as https://vault.example:8200"))?;
        let namespace = config.namespace.clone().or_else(|| twin("NAMESPACE"));
        Ok(Self {
            address: url,
            namespace: namespace.map(|name| name.trim_matches('/').to_owned()).filter(|name| !name.is_empty()),
            credentials: credentials(config, environment)?,
            tls: tls(config, environment)?,
        })
    }
}

/// `VAULT_…`, or its twin `BAO_…`. An empty one is what a missing CI variable leaves, and the same as none.
fn variable(environment: Environment<'_>, name: &str) -> Option<String> {
    let names = [format!("VAULT_{name}"), format!("BAO_{name}")];
    names.iter().find_map(|name| environment(name).filter(|value| !value.is_empty()))
}

fn credentials(config: &VaultConfig, environment: Environment<'_>) -> Result<Credentials, Error> {
    if let Some(login) = Login::new(config) {
        return Ok(Credentials::Login(login));
    }
    if let Some(token) = config.token.as_ref().filter(|token| !token.is_empty()) {
        return Ok(Credentials::Token(token.as_secrecy().clone()));
    }
    let token = variable(environment, "TOKEN").or_else(|| {
        let file = PathBuf::from(environment("HOME")?).join(".vault-token");
        std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    });
    let none = "no token for Vault: set keyrotation:vault.token or one of its authLogin… properties, or VAULT_TOKEN";
    token.map(|token| Credentials::Token(token.into())).ok_or_else(|| Error::new(ErrorKind::Unauthenticated, "", none))
}

fn tls(config: &VaultConfig, environment: Environment<'_>) -> Result<outbound::Settings, Error> {
    let mut tls = outbound::Settings::default();
    let said =
        variable(environment, "SKIP_VERIFY").is_some_and(|said| matches!(said.as_str(), "1" | "t" | "true" | "TRUE"));
    tls.trust_anybody = config.skip_tls_verify.unwrap_or(said);
    if let Some(file) = &config.ca_cert_file {
        tls.trusted = read(Path::new(file), "keyrotation:vault.caCertFile")?.to_vec();
    } else if let Some(file) = variable(environment, "CACERT") {
        tls.trusted = read(Path::new(&file), "VAULT_CACERT")?.to_vec();
    } else if let Some(folder) = variable(environment, "CAPATH") {
        tls.trusted = folder_of_certificates(Path::new(&folder))?;
    }
    let pair = match &config.auth_login_cert {
        Some(login) => Some((login.cert_file.clone(), login.key_file.clone())),
        None => variable(environment, "CLIENT_CERT").zip(variable(environment, "CLIENT_KEY")),
    };
    if let Some((certificate, key)) = pair {
        let mut identity = read(Path::new(&certificate), "the client certificate (authLoginCert.certFile)")?;
        identity.extend_from_slice(b"\n");
        identity.extend_from_slice(&read(Path::new(&key), "the client certificate's key (authLoginCert.keyFile)")?);
        tls.identity = Some(identity);
    }
    Ok(tls)
}

fn folder_of_certificates(folder: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = || invalid("VAULT_CAPATH cannot be read: it must name a folder of certificates in PEM");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|_| unreadable())? {
        let path = entry.map_err(|_| unreadable())?.path();
        if path.is_file() {
            all.extend(read(&path, "a file in VAULT_CAPATH")?.iter());
            all.push(b'\n');
        }
    }
    Ok(all)
}

/// A file that a setting names.
pub(crate) fn read(file: &Path, setting: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let unreadable = |error: std::io::Error| {
        let file = file.display();
        Error::new(ErrorKind::Invalid, "", format!("{setting}: the file {file} cannot be read ({})", error.kind()))
    };
    std::fs::read(file).map(Zeroizing::new).map_err(unreadable)
}

fn wrong(problem: &Problem) -> Error {
    Error::new(ErrorKind::Invalid, "", format!("keyrotation:vault.{} {}", problem.property, problem.reason))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Invalid, "", message)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::{Value, json};

    use super::*;

    fn settings(config: Value, variables: &[(&str, &str)]) -> Result<Settings, Error> {
        let find = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Settings::new(&serde_json::from_value(config).unwrap(), &find)
    }

    #[expect(clippy::disallowed_methods, reason = "the test's own token")]
    fn token(settings: &Settings) -> &str {
        match &settings.credentials {
            Credentials::Token(token) => token.expose_secret(),
            Credentials::Login(_) => "a login",
        }
    }

    #[test]
    fn the_environment_fills_what_the_configuration_leaves_open() {
        let environment = [("VAULT_ADDR", "http://a:1"), ("BAO_TOKEN", "from-bao"), ("VAULT_NAMESPACE", "team/")];
        let found = settings(json!({}), &environment).unwrap();
        assert_eq!(found.address.as_str(), "http://a:1/");
        assert_eq!((token(&found), found.namespace.as_deref()), ("from-bao", Some("team")));
        let config = json!({"address": "http://b:2", "token": "given", "namespace": "other"});
        let found = settings(config, &environment).unwrap();
        assert_eq!(found.address.as_str(), "http://b:2/");
        assert_eq!((token(&found), found.namespace.as_deref()), ("given", Some("other")));
        let login = json!({"address": "http://b:2", "authLoginJwt": {"jwt": "x"}});
        assert_eq!(token(&settings(login, &environment).unwrap()), "a login");
    }

    #[test]
    fn an_empty_variable_is_none_and_vault_comes_before_bao() {
        let both = [("VAULT_ADDR", ""), ("BAO_ADDR", "http://bao:1"), ("VAULT_TOKEN", "v"), ("BAO_TOKEN", "b")];
        let found = settings(json!({}), &both).unwrap();
        assert_eq!((found.address.as_str(), token(&found)), ("http://bao:1/", "v"));
    }

    #[test]
    fn the_token_file_comes_last() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(".vault-token"), "filed\n").unwrap();
        let home = home.path().to_str().unwrap();
        let found = settings(json!({"address": "http://a:1"}), &[("HOME", home)]).unwrap();
        assert_eq!(token(&found), "filed");
    }

    #[test]
    fn what_is_missing_is_named() {
        let told = |config: Value, variables: &[(&str, &str)]| settings(config, variables).err().unwrap().message;
        assert!(told(json!({}), &[]).contains("VAULT_ADDR"));
        assert!(told(json!({}), &[("VAULT_ADDR", "nonsense")]).contains("VAULT_ADDR"));
        assert!(told(json!({"address": "http://a:1"}), &[]).contains("keyrotation:vault.token"));
        let config = json!({"address": "http://a:1", "token": "t", "caCertFile": "/none"});
        assert!(told(config, &[]).contains("caCertFile"));
    }
}
