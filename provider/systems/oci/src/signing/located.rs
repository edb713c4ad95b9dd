//! A text that is at hand, or that stands in a file which is read each time.

use std::path::PathBuf;

use rotation::Error;
use secrecy::SecretString;

use super::source::unusable;
use crate::profile::file;
use crate::sources::exposed;

/// Where a text is, with its name in messages.
pub(crate) enum Located {
    Text { text: SecretString, name: String },
    File { path: PathBuf, name: String },
}

impl Located {
    /// As Oracle's SDKs read variables that hold a text or an absolute path.
    pub(crate) fn of_variable(text: &SecretString, name: &str) -> Self {
        match exposed(text).trim() {
            path if path.starts_with('/') => Self::File { path: PathBuf::from(path), name: name.to_owned() },
            _ => Self::Text { text: text.clone(), name: name.to_owned() },
        }
    }

    /// The text as it is at this moment.
    ///
    /// # Errors
    /// The file cannot be read, or holds nothing.
    pub(crate) fn read(&self) -> Result<SecretString, Error> {
        let text = match self {
            Self::Text { text, .. } => text.clone(),
            Self::File { path, name } => file(path, name).map_err(|error| unusable(error.message))?,
        };
        match exposed(&text).trim() {
            "" => Err(unusable(format!("{} is empty [KR-OCI-070]", self.name()))),
            _ => Ok(text),
        }
    }

    /// What it is, in messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Text { name, .. } => name.clone(),
            Self::File { path, name } => format!("the file {} ({name})", path.display()),
        }
    }
}
