//! Where the secret of a login comes from.

use std::path::Path;

use pulumi_provider::SecretString as SecretProperty;
use rotation::{Error, ErrorKind};
use secrecy::{ExposeSecret, SecretString};

use crate::config::filled;
use crate::settings::{Setting, Sources, read};

/// The call, as messages name it.
pub(crate) const OPERATION: &str = "vault login";

/// What shows who logs in.
pub(super) enum Secret {
    /// From the provider configuration, or from a variable.
    Given { text: SecretString, is_property: bool },
    /// In a file that is read at each login, since whoever writes it replaces it. With the setting that names it.
    File { file: String, setting: String },
}

impl Secret {
    /// What a property gives or the file that another one names, of a login.
    pub(super) fn of(given: &Option<SecretProperty>, file: &Option<String>, setting: &str) -> Option<Self> {
        let given = given.as_ref().filter(|given| !given.is_empty());
        let given = given.map(|given| Self::Given { text: given.as_secrecy().clone(), is_property: true });
        let setting = || format!("keyrotation:vault.{setting}");
        given.or_else(|| Some(Self::File { file: filled(file)?, setting: setting() }))
    }

    /// The same of two settings that begin with a property and go on with a variable. Properties come before variables.
    pub(super) fn of_settings(sources: Sources<'_>, text: &Setting, file: &Setting) -> Option<Self> {
        let given = |is_property| {
            let found = if is_property { sources.at(*text.sources.first()?) } else { sources.find(text) }?;
            Some(Self::Given { text: found.text.as_str().into(), is_property })
        };
        let in_file = |is_property: bool| {
            let found = if is_property { sources.at(*file.sources.first()?) } else { sources.find(file) }?;
            Some(Self::File { file: found.text.as_str().to_owned(), setting: found.from.to_owned() })
        };
        given(true).or_else(|| in_file(true)).or_else(|| given(false)).or_else(|| in_file(false))
    }

    pub(super) fn file(file: &str, setting: &str) -> Self {
        Self::File { file: file.to_owned(), setting: format!("keyrotation:vault.{setting}") }
    }

    /// Whether it is part of the stack's state.
    pub(super) fn is_in_state(&self) -> bool {
        matches!(self, Self::Given { is_property: true, .. })
    }

    /// The secret as it is at this moment.
    ///
    /// # Errors
    /// The file cannot be read, or holds nothing.
    pub(super) fn read(&self) -> Result<SecretString, Error> {
        let (file, setting) = match self {
            Self::Given { text, .. } => return Ok(text.clone()),
            Self::File { file, setting } => (file, setting),
        };
        let bytes = read(Path::new(file), setting)?;
        let text = std::str::from_utf8(&bytes).map(str::trim).unwrap_or_default();
        if text.is_empty() {
            let message =
                format!("{setting}: the file {file} is empty or is not text; write the secret into it [KR-VAULT-114]");
            return Err(Error::new(ErrorKind::Invalid, OPERATION, message));
        }
        Ok(text.into())
    }
}

#[expect(clippy::disallowed_methods, reason = "it is sent to the server, from memory that is wiped")]
pub(super) fn open(secret: &SecretString) -> &str {
    secret.expose_secret()
}
