//! Oracle's configuration file: profiles in sections, which inherit from `DEFAULT`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rotation::{Error, ErrorKind};
use secrecy::SecretString;

/// The section that others inherit from.
pub(crate) const DEFAULT: &str = "DEFAULT";
/// These belong to one profile alone: a session is not what another profile's key signs for.
const NOT_INHERITED: [&str; 2] = [SECURITY_TOKEN_FILE, "authentication_type"];
pub(crate) const SECURITY_TOKEN_FILE: &str = "security_token_file";

/// One profile. Its values may be secrets, so it has no `Debug`.
#[derive(Default)]
pub(crate) struct Profile {
    values: BTreeMap<String, SecretString>,
}

impl Profile {
    /// The profile of this name in the file; none if there is no such section.
    pub(crate) fn read(text: &str, name: &str) -> Option<Self> {
        let own = section(text, name)?;
        let mut values = section(text, DEFAULT).unwrap_or_default();
        // A key of one's own is not the one that an inherited passphrase or fingerprint belongs to.
        if own.contains_key("key_file") {
            for name in ["fingerprint", "pass_phrase", "passphrase"] {
                values.remove(name);
            }
        }
        values.retain(|name, _| !NOT_INHERITED.contains(&name.as_str()));
        values.extend(own);
        Some(Self { values })
    }

    /// A value that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&SecretString> {
        self.values.get(name).filter(|value| !exposed(value).is_empty())
    }

    /// A value that is no secret.
    pub(crate) fn plain(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| exposed(value).to_owned())
    }
}

/// A path as users write it: `~` is the home folder.
pub(crate) fn expanded(path: &str, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix("~/").or_else(|| path.strip_prefix("~\\")), home) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => PathBuf::from(path),
    }
}

/// The text of a file; `what` is how a message calls it.
pub(crate) fn file(path: &Path, what: &str) -> Result<SecretString, Error> {
    let text = std::fs::read_to_string(path);
    text.map(SecretString::from).map_err(|error| {
        let message = format!("{what}, the file {}, cannot be read: {}", path.display(), error.kind());
        Error::new(ErrorKind::Invalid, "", message)
    })
}

fn section(text: &str, name: &str) -> Option<BTreeMap<String, SecretString>> {
    let mut found = None;
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = header.trim() == name;
            if inside {
                found.get_or_insert_with(BTreeMap::new);
            }
        } else if let (true, Some((key, value))) = (inside && !line.starts_with(['#', ';']), line.split_once('=')) {
            let values = found.get_or_insert_with(BTreeMap::new);
            values.insert(key.trim().to_ascii_lowercase(), value.trim().into());
        }
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "what stands in the profile is looked at, and used as what it is")]
fn exposed(secret: &SecretString) -> &str {
    secrecy::ExposeSecret::expose_secret(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\n[DEFAULT]\nuser = ocid1.user\nfingerprint=aa\ntenancy=t\nregion=\nkey_file=~/a.pem\npass_phrase=p=q\n\
                        security_token_file=x\n\n[ OPS ]\nuser=other\n; user=commented\nkey_file=/b.pem\n[EMPTY]\n";

    #[test]
    fn a_profile_inherits_what_belongs_to_nobody_else() {
        let ops = Profile::read(FILE, "OPS").unwrap();
        assert_eq!((ops.plain("user").as_deref(), ops.plain("tenancy").as_deref()), (Some("other"), Some("t")));
        assert_eq!(ops.plain("key_file").as_deref(), Some("/b.pem"));
        for own in ["fingerprint", "pass_phrase", "security_token_file"] {
            assert_eq!(ops.plain(own), None, "{own}");
        }
        let empty = Profile::read(FILE, "EMPTY").unwrap();
        assert_eq!(empty.plain("pass_phrase").as_deref(), Some("p=q"));
        assert_eq!(empty.plain("security_token_file"), None);
    }

    #[test]
    fn the_default_profile_is_as_it_stands() {
        let default = Profile::read(FILE, DEFAULT).unwrap();
        assert_eq!(default.plain("security_token_file").as_deref(), Some("x"));
        assert_eq!(default.plain("region"), None);
        assert!(Profile::read(FILE, "NONE").is_none() && Profile::read("", DEFAULT).is_none());
    }

    #[test]
    fn the_home_folder_is_put_in() {
        assert_eq!(expanded("~/.oci/key.pem", Some("/home/x")), Path::new("/home/x/.oci/key.pem"));
        assert_eq!(expanded("/etc/~/key.pem", Some("/home/x")), Path::new("/etc/~/key.pem"));
        assert_eq!(expanded("~/k", None), Path::new("~/k"));
    }
}
