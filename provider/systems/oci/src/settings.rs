//! What the plugin works with: the provider configuration, the environment and Oracle's file, put together.

use std::sync::Arc;

use rotation::{Error, ErrorKind};
use secrecy::SecretString;

use crate::config::OciConfig;
use crate::error::wrong_config;

use crate::keypair::{BadKey, Pair};
use crate::ocid::ocid_problem;
use crate::place::{Origins, Place};
use crate::profile::file;
use crate::region::{Described, Regions, is_domain, is_region};
use crate::setting::{
    ENDPOINT, FINGERPRINT, KEY_FILE, KEY_TEXT, PASSPHRASE, REALM_DOMAIN, REGION, REGION_METADATA, REGIONS_FILE,
    Setting, TENANCY, TOKEN_FILE, USER,
};
use crate::signer::KeySigner;
use crate::sources::{Env, Found, Level, Sources, exposed};

/// Everything that a first call needs.
pub(crate) struct Settings {
    pub(crate) place: Place,
    pub(crate) regions: Regions,
    pub(crate) signer: KeySigner,
    /// The user that the plugin signs as and its key's fingerprint; none for a session.
    pub(crate) signs_as: Option<(String, String)>,
    pub(crate) origins: Origins,
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
        let sources = Sources::new(config, env);
        let tenancy = needed_ocid(&sources, &TENANCY)?;
        let region = sources.find(&REGION)?.ok_or_else(|| sources.needed(&[&REGION]))?;
        let endpoint = sources.find(&ENDPOINT)?;
        let (name, regions) = regions(&sources, &region, endpoint.as_ref())?;
        let place = Place { tenancy: tenancy.plain().to_owned(), region: name };
        let key = key(&sources)?;
        let pair = Arc::new(pair(&sources, &key)?);
        let origin = region.source.to_string();
        let address = match endpoint {
            Some(found) => format!("from {}", found.source),
            None => format!("OCI's own address; the region comes from {origin} or is the tenancy's home"),
        };
        let origins = |credentials| Origins { credentials, region: origin, address };
        let mut credentials = format!("the tenancy ({})", tenancy.source);
        if let Some(token) = &key.session {
            credentials =
                format!("{credentials}, the session token, {}, and the private key, {}", token.name, key.name);
            let signer = KeySigner::of_session(&token.text, pair);
            return Ok(Self { place, regions, signer, signs_as: None, origins: origins(credentials) });
        }
        let user = needed_ocid(&sources, &USER)?;
        credentials = format!("{credentials}, the user ({}) and the private key, {}", user.source, key.name);
        // A fingerprint that stands lower than the key is another key's.
        let named = sources.find_until(&FINGERPRINT, Some(key.level))?;
        if let Some(named) = named.filter(|named| named.plain() != pair.fingerprint()) {
            let (fingerprint, source) = (pair.fingerprint(), named.source);
            let message =
                format!("{source} is not the fingerprint of the private key, {}: that is {fingerprint}", key.name);
            return Err(invalid(message));
        }
        let signs_as = Some((user.plain().to_owned(), pair.fingerprint().to_owned()));
        let signer = KeySigner::of_user(&place.tenancy, user.plain(), pair);
        Ok(Self { signer, regions, place, signs_as, origins: origins(credentials) })
    }

    /// Tenancy and region as far as they are known; for texts that are shown, not for calls.
    pub(crate) fn place(config: &OciConfig, env: Env<'_>) -> Place {
        let sources = Sources::new(config, env);
        let plain = |setting| sources.find(setting).ok().flatten().map(|found| found.plain().to_owned());
        let region = plain(&REGION).map(|called| Regions::find(&called, described(&sources)).0);
        Place { tenancy: plain(&TENANCY).unwrap_or_default(), region: region.unwrap_or_default() }
    }
}

fn needed_ocid(sources: &Sources<'_>, setting: &Setting) -> Result<Found, Error> {
    let found = sources.find(setting)?.ok_or_else(|| sources.needed(&[setting]))?;
    match ocid_problem(found.plain(), setting.name) {
        Some(reason) => Err(invalid(format!("{} {reason}", found.source))),
        None => Ok(found),
    }
}

/// A private key that was found, or a session's token.
struct Key {
    text: SecretString,
    /// Its source, for messages.
    name: String,
    level: Level,
    session: Option<Token>,
}

struct Token {
    text: SecretString,
    name: String,
}

fn key(sources: &Sources<'_>) -> Result<Key, Error> {
    for level in sources.order() {
        if let Some(found) = sources.at(level, &KEY_TEXT)? {
            return Ok(Key { text: found.text, name: found.source.to_string(), level, session: None });
        }
        if let Some(found) = sources.at(level, &KEY_FILE)? {
            let session = if level == Level::Profile { session(sources)? } else { None };
            let (text, name) = in_file(sources, &found)?;
            return Ok(Key { text, name, level, session });
        }
    }
    Err(sources.needed(&[&KEY_TEXT, &KEY_FILE]))
}

fn session(sources: &Sources<'_>) -> Result<Option<Token>, Error> {
    let token = sources.at(Level::Profile, &TOKEN_FILE)?;
    let token = token.filter(|_| sources.in_file().is_ok_and(|file| file.profile.owns_session()));
    let token = token.map(|found| in_file(sources, &found)).transpose()?;
    Ok(token.map(|(text, name)| Token { text, name }))
}

/// The text of a file that a setting names, and both as messages call them.
fn in_file(sources: &Sources<'_>, found: &Found) -> Result<(SecretString, String), Error> {
    let path = sources.path(found.plain());
    let text = file(&path, &found.source.to_string())?;
    Ok((text, format!("the file {} ({})", path.display(), found.source)))
}

/// Reads the key. A passphrase is looked for only if the key is encrypted.
fn pair(sources: &Sources<'_>, key: &Key) -> Result<Pair, Error> {
    let wrong = |bad: &BadKey, more: String| invalid(format!("{} {bad}{more}", key.name));
    match Pair::from_pem(&key.text, None) {
        Err(BadKey::NeedsPassphrase) => {}
        read => return read.map_err(|bad| wrong(&bad, String::new())),
    }
    let Some(passphrase) = sources.find(&PASSPHRASE)? else {
        let needed = sources.needed(&[&PASSPHRASE]).message;
        return Err(wrong(&BadKey::NeedsPassphrase, format!(": {needed}")));
    };
    Pair::from_pem(&key.text, Some(&passphrase.text)).map_err(|bad| match bad {
        BadKey::WrongPassphrase => wrong(&bad, format!(" ({})", passphrase.source)),
        bad => wrong(&bad, String::new()),
    })
}

/// The region's full name, and where its realm is.
fn regions(sources: &Sources<'_>, region: &Found, endpoint: Option<&Found>) -> Result<(String, Regions), Error> {
    let described = described(sources);
    let faults = described.faults.join("; ");
    let (name, regions) = Regions::find(region.plain(), described);
    if regions.domain().is_some() || (endpoint.is_some() && is_region(&name)) {
        return Ok((name, regions));
    }
    if let Some(domain) = sources.variable(&REALM_DOMAIN).filter(|_| is_region(&name)) {
        return match is_domain(domain.plain()) {
            true => Ok((name, regions.in_domain(domain.plain()))),
            false => Err(invalid(format!(
                "{} is not the domain of a realm: write one such as oraclecloud.com",
                domain.source
            ))),
        };
    }
    let faults = if faults.is_empty() { faults } else { format!(". What is described cannot be used: {faults}") };
    let message = format!(
        "{} names the region {name:?}, which is not in the plugin's table of regions: check its spelling. For a region that is \
         newer than the plugin, the domain of its realm is needed: give it in {}, in `OCI_REGION_METADATA` or in `OCI_DEFAULT_REALM`, \
         such as `OCI_DEFAULT_REALM=oraclecloud.com`, or set `keyrotation:oci.endpoints.identity`{faults}",
        region.source, REGIONS_FILE.files[0]
    );
    Err(invalid(message))
}

/// The regions that the machine describes. What cannot be read matters only if a region is missing.
fn described(sources: &Sources<'_>) -> Described {
    let mut described = Described::default();
    for path in REGIONS_FILE.files.iter().map(|path| sources.path(path)).filter(|path| path.exists()) {
        match file(&path, REGIONS_FILE.name) {
            Ok(text) => described.add(exposed(&text), &path.display().to_string(), true),
            Err(error) => described.faults.push(error.message),
        }
    }
    if let Some(found) = sources.variable(&REGION_METADATA) {
        described.add(found.plain(), &found.source.to_string(), false);
    }
    described
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Invalid, "", message)
}

#[cfg(test)]
mod tests;
