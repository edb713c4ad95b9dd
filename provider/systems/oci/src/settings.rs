//! What the plugin works with: the provider configuration, above the environment and Oracle's file.

use std::sync::Arc;

use rotation::{Error, ErrorKind};
use secrecy::SecretString;

use crate::config::{OciConfig, given};
use crate::error::{needed, wrong_config};
use crate::keypair::Pair;
use crate::profile::{DEFAULT, Profile, SECURITY_TOKEN_FILE, expanded, file};
use crate::signer::KeySigner;

/// The tenancy and the region that is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tenancy: String,
    pub(crate) region: String,
}

/// Everything that a first call needs.
pub(crate) struct Settings {
    pub(crate) place: Place,
    pub(crate) signer: KeySigner,
    /// The user that the plugin signs as and its key's fingerprint; none for a session.
    pub(crate) signs_as: Option<(String, String)>,
}

/// Where a variable of the environment is looked up.
pub(crate) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Three sources of each value, the most important first.
struct Sources<'a> {
    config: &'a OciConfig,
    env: Env<'a>,
    profile: Profile,
}

impl Settings {
    /// Reads what is needed; contacts nobody.
    ///
    /// # Errors
    /// What is wrong or missing, and where it belongs.
    pub(crate) fn resolve(config: &OciConfig, env: Env<'_>) -> Result<Self, Error> {
        if let Some(problem) = config.problems().into_iter().next() {
            return Err(wrong_config(&problem.property, &problem.reason));
        }
        let sources = Sources { config, env, profile: profile(config, env)? };
        let place = sources.place()?;
        let key = sources.key()?;
        let passphrase = sources.passphrase();
        let pair = Pair::from_pem(&key.text, passphrase.as_ref()).map_err(|bad| wrong_key(&key.from, bad))?;
        let pair = Arc::new(pair);
        if let Some(token) = key.session {
            return Ok(Self { place, signer: KeySigner::of_session(&token, pair), signs_as: None });
        }
        let user = sources.plain(&config.user_ocid, &USER).ok_or_else(|| needed("userOcid", &USER))?;
        let fingerprint = sources.plain(&config.fingerprint, &FINGERPRINT).filter(|_| key.may_be_named);
        if fingerprint.is_some_and(|named| named != pair.fingerprint()) {
            return Err(wrong_config(
                "fingerprint",
                &format!("does not belong to {}, whose fingerprint is {}", key.from, pair.fingerprint()),
            ));
        }
        let signs_as = Some((user.clone(), pair.fingerprint().to_owned()));
        Ok(Self { signer: KeySigner::of_user(&place.tenancy, &user, pair), place, signs_as })
    }

    /// Tenancy and region as far as they are known; for texts that are shown, not for calls.
    pub(crate) fn place(config: &OciConfig, env: Env<'_>) -> Place {
        let sources = Sources { config, env, profile: profile(config, env).unwrap_or_default() };
        let tenancy = sources.plain(&config.tenancy_ocid, &TENANCY).unwrap_or_default();
        Place { tenancy, region: sources.plain(&config.region, &REGION).unwrap_or_default() }
    }
}

/// How one value is called outside of the provider configuration.
pub(crate) struct Names {
    pub(crate) env: &'static [&'static str],
    pub(crate) profile: &'static str,
}

const TENANCY: Names = Names { env: &["OCI_CLI_TENANCY", "TF_VAR_tenancy_ocid"], profile: "tenancy" };
const USER: Names = Names { env: &["OCI_CLI_USER", "TF_VAR_user_ocid"], profile: "user" };
const FINGERPRINT: Names = Names { env: &["OCI_CLI_FINGERPRINT", "TF_VAR_fingerprint"], profile: "fingerprint" };
const REGION: Names = Names { env: &["OCI_CLI_REGION", "OCI_REGION", "TF_VAR_region"], profile: "region" };
const KEY_TEXT: [&str; 2] = ["OCI_CLI_KEY_CONTENT", "TF_VAR_private_key"];
const KEY_FILE: Names = Names { env: &["OCI_CLI_KEY_FILE", "TF_VAR_private_key_path"], profile: "key_file" };
const PASSPHRASE: Names = Names { env: &["OCI_CLI_PASSPHRASE", "TF_VAR_private_key_password"], profile: "pass_phrase" };

/// A private key that was found.
struct Found {
    text: SecretString,
    /// Its source, for messages.
    from: String,
    session: Option<SecretString>,
    /// Whether a fingerprint from the environment or the file can be this key's.
    may_be_named: bool,
}

impl Sources<'_> {
    /// The user's choice of a profile puts it above the environment.
    fn is_profile_first(&self) -> bool {
        self.config.config_file_profile.is_some()
    }

    fn plain(&self, configured: &Option<String>, names: &Names) -> Option<String> {
        let env = || first(self.env, names.env);
        let profile = || self.profile.plain(names.profile);
        let configured = configured.clone().filter(|text| !text.is_empty());
        match self.is_profile_first() {
            true => configured.or_else(profile).or_else(env),
            false => configured.or_else(env).or_else(profile),
        }
    }

    fn place(&self) -> Result<Place, Error> {
        let tenancy = self.plain(&self.config.tenancy_ocid, &TENANCY).ok_or_else(|| needed("tenancyOcid", &TENANCY))?;
        let region = self.plain(&self.config.region, &REGION).ok_or_else(|| needed("region", &REGION))?;
        Ok(Place { tenancy, region })
    }

    fn key(&self) -> Result<Found, Error> {
        let named = self.config.fingerprint.is_some();
        if let Some(text) = given(self.config.private_key.as_ref()) {
            let text = text.as_secrecy().clone();
            return Ok(Found {
                text,
                from: "keyrotation:oci.privateKey".to_owned(),
                session: None,
                may_be_named: named,
            });
        }
        if let Some(path) = &self.config.private_key_path {
            return self.key_in(path, "keyrotation:oci.privateKeyPath", None, named);
        }
        let (profile, env) = (|| self.key_of_profile(), || self.key_of_env());
        let found = match self.is_profile_first() {
            true => profile().or_else(env),
            false => env().or_else(profile),
        };
        found.unwrap_or_else(|| Err(needed("privateKey", &KEY_FILE)))
    }

    fn key_of_env(&self) -> Option<Result<Found, Error>> {
        if let Some(text) = first(self.env, &KEY_TEXT) {
            let from = "the environment's private key".to_owned();
            return Some(Ok(Found { text: text.into(), from, session: None, may_be_named: true }));
        }
        let path = first(self.env, KEY_FILE.env)?;
        Some(self.key_in(&path, "the private key that the environment names", None, true))
    }

    fn key_of_profile(&self) -> Option<Result<Found, Error>> {
        let path = self.profile.plain(KEY_FILE.profile)?;
        let token = self.profile.plain(SECURITY_TOKEN_FILE);
        let token = token.map(|path| file(&self.path(&path), "the profile's security_token_file")).transpose();
        Some(token.and_then(|token| self.key_in(&path, "the profile's key_file", token, true)))
    }

    fn key_in(
        &self,
        path: &str,
        what: &str,
        session: Option<SecretString>,
        may_be_named: bool,
    ) -> Result<Found, Error> {
        Ok(Found { text: file(&self.path(path), what)?, from: what.to_owned(), session, may_be_named })
    }

    fn passphrase(&self) -> Option<SecretString> {
        let configured = given(self.config.private_key_password.as_ref()).map(|secret| secret.as_secrecy().clone());
        let env = || first(self.env, PASSPHRASE.env).map(SecretString::from);
        let profile = || self.profile.get(PASSPHRASE.profile).or_else(|| self.profile.get("passphrase")).cloned();
        match self.is_profile_first() {
            true => configured.or_else(profile).or_else(env),
            false => configured.or_else(env).or_else(profile),
        }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        expanded(path, home(self.env).as_deref())
    }
}

/// The profile of Oracle's file. A file that is not there is empty, unless the user asked for a profile in it.
fn profile(config: &OciConfig, env: Env<'_>) -> Result<Profile, Error> {
    let named = config.config_file_profile.clone().or_else(|| env("OCI_CLI_PROFILE").filter(|name| !name.is_empty()));
    let home = home(env);
    let customary = expanded("~/.oci/config", home.as_deref());
    let elsewhere =
        first(env, &["OCI_CLI_CONFIG_FILE", "OCI_CONFIG_FILE"]).map(|path| expanded(&path, home.as_deref()));
    let path = elsewhere.unwrap_or(customary);
    if !path.exists() && named.is_none() {
        return Ok(Profile::default());
    }
    let text = file(&path, "OCI's configuration")?;
    let name = named.as_deref().unwrap_or(DEFAULT);
    match (Profile::read(exposed(&text), name), named.is_some()) {
        (Some(profile), _) => Ok(profile),
        (None, false) => Ok(Profile::default()),
        (None, true) => {
            let message = format!(
                "there is no profile {name:?} in {}: check keyrotation:oci.configFileProfile and OCI_CLI_PROFILE",
                path.display()
            );
            Err(Error::new(ErrorKind::Invalid, "", message))
        }
    }
}

fn first(env: Env<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| env(name).filter(|value| !value.is_empty()))
}

fn home(env: Env<'_>) -> Option<String> {
    first(env, &["HOME", "USERPROFILE"])
}

fn wrong_key(from: &str, bad: crate::keypair::BadKey) -> Error {
    let hint = match bad {
        crate::keypair::BadKey::NeedsPassphrase | crate::keypair::BadKey::WrongPassphrase => {
            ": check keyrotation:oci.privateKeyPassword"
        }
        _ => "",
    };
    Error::new(ErrorKind::Invalid, "", format!("{from} {bad}{hint}"))
}

#[expect(clippy::disallowed_methods, reason = "the file is read, and what is secret in it put into secrets again")]
fn exposed(secret: &SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

#[cfg(test)]
mod tests;
