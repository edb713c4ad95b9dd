//! Which way to log in is chosen, and what it takes.

use std::path::PathBuf;
use std::sync::Arc;

use rotation::Error;
use secrecy::SecretString;

use super::needed::{invalid, needed_ocid};
use crate::keypair::{BadKey, Pair};
use crate::profile::{DEFAULT, file};
use crate::setting::{
    AUTH, AUTH_ADDRESS, CLUSTER, CLUSTER_AUTHORITY, DELEGATION_FILE, FINGERPRINT, KEY_FILE, KEY_TEXT, METADATA,
    PASSPHRASE, PROFILE, RESOURCE_KEY, RESOURCE_PASSPHRASE, RESOURCE_TOKEN, RESOURCE_VERSION, SERVICE_ACCOUNT, Setting,
    TOKEN_FILE, USER,
};
use crate::signer::KeySigner;
use crate::signing::{Instance, Located, Oke, ResourcePrincipal, SessionFiles, Signing};
use crate::sources::{Found, Level, Sources};

/// A way to log in that somebody named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    Key,
    Session,
    Instance,
    Resource,
    Oke,
}

impl Auth {
    /// Whether the token names the tenancy, so that the configuration need not.
    pub(super) fn knows_tenancy(self) -> bool {
        self != Self::Key
    }

    /// As Oracle's provider, its CLI and its files call it.
    fn named(name: &str) -> Option<Self> {
        match name.to_lowercase().replace('_', "").as_str() {
            "apikey" | "userprincipal" => Some(Self::Key),
            "securitytoken" => Some(Self::Session),
            "instanceprincipal" | "instanceobouser" => Some(Self::Instance),
            "resourceprincipal" => Some(Self::Resource),
            "okeworkloadidentity" => Some(Self::Oke),
            _ => None,
        }
    }
}

/// The way that is named no lower than a key stands; none if the key decides.
///
/// # Errors
/// There is no such way.
pub(super) fn chosen(sources: &Sources<'_>) -> Result<Option<Auth>, Error> {
    for level in sources.order() {
        if let Some(found) = sources.at(level, &AUTH)? {
            let known = Auth::named(found.plain());
            let unknown =
                || invalid(format!("{} is not a way to log in that the plugin knows [KR-OCI-068]", found.source));
            return known.ok_or_else(unknown).map(Some);
        }
        if sources.at(level, &KEY_TEXT)?.is_some() || sources.at(level, &KEY_FILE)?.is_some() {
            break;
        }
    }
    Ok(None)
}

/// How the plugin signs, and as whom.
pub(super) struct Login {
    pub(super) signing: Signing,
    pub(super) signs_as: Option<(String, String)>,
    /// Where all of it was found, for messages.
    pub(super) credentials: String,
}

impl Login {
    pub(super) fn new(sources: &Sources<'_>, auth: Option<Auth>, tenancy: &str) -> Result<Self, Error> {
        match auth {
            None => by_key(sources, tenancy, true),
            Some(Auth::Key) => by_key(sources, tenancy, false),
            Some(Auth::Session) => {
                let key = key(sources, true)?;
                if key.session.is_none() {
                    return Err(sources.needed(&[&TOKEN_FILE]));
                }
                by_session(sources, key)
            }
            Some(Auth::Instance) => by_instance(sources),
            Some(Auth::Resource) => by_resource(sources),
            Some(Auth::Oke) => by_cluster(sources),
        }
    }

    fn of_token(signing: Signing, credentials: String) -> Self {
        Self { signing, signs_as: None, credentials }
    }
}

fn by_key(sources: &Sources<'_>, tenancy: &str, with_session: bool) -> Result<Login, Error> {
    let key = key(sources, with_session)?;
    let pair = Arc::new(pair(sources, &key)?);
    if key.session.is_some() {
        return by_session(sources, key);
    }
    let user = needed_ocid(sources, &USER)?;
    let credentials = format!("the user ({}) and the private key, {}", user.source, key.name);
    // A fingerprint that stands lower than the key is another key's.
    let named = sources.find_until(&FINGERPRINT, Some(key.level))?;
    if let Some(named) = named.filter(|named| named.plain() != pair.fingerprint()) {
        let (fingerprint, source) = (pair.fingerprint(), named.source);
        let message = format!(
            "{source} is not the fingerprint of the private key, {}: that is {fingerprint} [KR-OCI-054]",
            key.name
        );
        return Err(invalid(message));
    }
    let signs_as = Some((user.plain().to_owned(), pair.fingerprint().to_owned()));
    let signing = Signing::Key(Arc::new(KeySigner::of_user(tenancy, user.plain(), pair)));
    Ok(Login { signing, signs_as, credentials })
}

fn by_session(sources: &Sources<'_>, key: Key) -> Result<Login, Error> {
    pair(sources, &key)?;
    let passphrase = sources.find(&PASSPHRASE)?.map(|found| found.text);
    let profile = [Level::Property, Level::Variable].into_iter().find_map(|level| sources.at(level, &PROFILE).ok()?);
    let profile = profile.as_ref().map_or(DEFAULT, Found::plain).to_owned();
    let Key { text, name, session, file, .. } = key;
    let Some(token) = session else { return Err(sources.needed(&[&TOKEN_FILE])) };
    let credentials = format!("the session token, {}, and the private key, {name}", token.name());
    let key = match file {
        Some((path, name)) => Located::File { path, name },
        None => Located::Text { text, name },
    };
    Ok(Login::of_token(Signing::by(SessionFiles { token, key, passphrase, profile }), credentials))
}

fn by_instance(sources: &Sources<'_>) -> Result<Login, Error> {
    let delegation = sources.find(&DELEGATION_FILE)?.map(|found| located(sources, &found));
    let metadata = sources.variable(&METADATA).map(|found| found.plain().trim().to_owned());
    let metadata = metadata.unwrap_or_else(|| "http://169.254.169.254/opc/v2".to_owned());
    let auth = sources.variable(&AUTH_ADDRESS).map(|found| found.plain().to_owned());
    let mut credentials = "the instance principal".to_owned();
    if let Some(token) = &delegation {
        credentials = format!("{credentials} on behalf of the user of the delegation token, {}", token.name());
    }
    Ok(Login::of_token(Signing::by(Instance { metadata, auth, delegation }), credentials))
}

fn by_resource(sources: &Sources<'_>) -> Result<Login, Error> {
    version(sources, &["2.2"])?;
    let needed = |setting: &'static Setting| {
        let found = sources.variable(setting).ok_or_else(|| sources.needed(&[setting]))?;
        Ok::<_, Error>(Located::of_variable(&found.text, &found.source.to_string()))
    };
    let (token, key) = (needed(&RESOURCE_TOKEN)?, needed(&RESOURCE_KEY)?);
    let passphrase = sources.variable(&RESOURCE_PASSPHRASE);
    let passphrase = passphrase.map(|found| Located::of_variable(&found.text, &found.source.to_string()));
    let credentials = format!("the resource principal, {}, with its key, {}", token.name(), key.name());
    Ok(Login::of_token(Signing::by(ResourcePrincipal { token, key, passphrase }), credentials))
}

fn by_cluster(sources: &Sources<'_>) -> Result<Login, Error> {
    version(sources, &["1.1", "2.2"])?;
    let host = sources.variable(&CLUSTER).ok_or_else(|| sources.needed(&[&CLUSTER]))?.plain().to_owned();
    let path = |setting: &Setting| match sources.variable(setting) {
        Some(found) => located(sources, &found),
        None => Located::File {
            path: PathBuf::from(setting.files.first().copied().unwrap_or_default()),
            name: setting.name.to_owned(),
        },
    };
    let (token, authority) = (path(&SERVICE_ACCOUNT), path(&CLUSTER_AUTHORITY));
    let credentials = format!("the workload identity of the pod, {}", token.name());
    Ok(Login::of_token(Signing::by(Oke { host, token, authority }), credentials))
}

/// The version that `OCI_RESOURCE_PRINCIPAL_VERSION` must name.
fn version(sources: &Sources<'_>, known: &[&str]) -> Result<(), Error> {
    let found = sources.variable(&RESOURCE_VERSION).ok_or_else(|| sources.needed(&[&RESOURCE_VERSION]))?;
    if known.contains(&found.plain()) {
        return Ok(());
    }
    Err(invalid(format!(
        "{} is {:?}, and the plugin knows {} [KR-OCI-069]",
        found.source,
        found.plain(),
        known.join(" and ")
    )))
}

/// A private key that was found, or a session's token.
struct Key {
    text: SecretString,
    /// Its source, for messages.
    name: String,
    level: Level,
    session: Option<Located>,
    /// Its file, and the setting that names that.
    file: Option<(PathBuf, String)>,
}

fn key(sources: &Sources<'_>, with_session: bool) -> Result<Key, Error> {
    for level in sources.order() {
        if let Some(found) = sources.at(level, &KEY_TEXT)? {
            return Ok(Key { text: found.text, name: found.source.to_string(), level, session: None, file: None });
        }
        if let Some(found) = sources.at(level, &KEY_FILE)? {
            let session = if with_session { session(sources, level)? } else { None };
            let path = sources.path(found.plain());
            let (text, name) = in_file(sources, &found)?;
            return Ok(Key { text, name, level, session, file: Some((path, found.source.to_string())) });
        }
    }
    Err(sources.needed(&[&KEY_TEXT, &KEY_FILE]))
}

/// The session that belongs to a key in this place. One that `[DEFAULT]` has for another user is none of the profile's.
fn session(sources: &Sources<'_>, level: Level) -> Result<Option<Located>, Error> {
    let found = sources.at(level, &TOKEN_FILE)?;
    let own = |_: &Found| level != Level::Profile || sources.in_file().is_ok_and(|file| file.profile.owns_session());
    let Some(found) = found.filter(own) else { return Ok(None) };
    in_file(sources, &found)?;
    Ok(Some(located(sources, &found)))
}

fn located(sources: &Sources<'_>, found: &Found) -> Located {
    Located::File { path: sources.path(found.plain()), name: found.source.to_string() }
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
