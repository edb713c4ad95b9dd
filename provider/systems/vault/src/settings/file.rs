//! Files that settings name.

use std::path::Path;

use rotation::{Error, ErrorKind};
use zeroize::Zeroizing;

/// A file that a setting names.
pub(crate) fn read(file: &Path, setting: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let unreadable = |error: std::io::Error| {
        let file = file.display();
        Error::new(
            ErrorKind::Invalid,
            "",
            format!("{setting}: the file {file} cannot be read ({}) [KR-VAULT-155]", error.kind()),
        )
    };
    std::fs::read(file).map(Zeroizing::new).map_err(unreadable)
}

/// What is set cannot be used.
pub(crate) fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Invalid, "", message)
}
