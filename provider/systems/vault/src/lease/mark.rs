//! The mark: the metadata of an identity group that has neither members nor policies, and serves for nothing else.
//!
//! The server lets anybody look for groups by name, so a group's name says on which principal and whose the mark is.

use std::collections::{BTreeMap, BTreeSet};

use outbound::Method;
use rotation::{Error, ErrorKind, KeyId, Ledger, Ledgers, OtherLedger, OwnerId};
use serde::{Deserialize, Serialize};

use crate::ledger::{self, Prints};
use crate::request::Request;
use crate::session::{Reply, Session, data};

/// The marks on one principal.
pub(crate) struct Marks<'a> {
    pub(crate) session: &'a Session,
    /// The principal, in 16 hexadecimal digits.
    pub(crate) principal: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct Group {
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(Serialize)]
struct Wanted {
    metadata: BTreeMap<String, String>,
}

const GROUPS: &str = "identity/group/name";
const READ: &str = "vault read identity/group";
const WRITE: &str = "vault write identity/group";
/// The longest value that a group's metadata take (Vault's source, `metaValueMaxLength`), and the most entries (`metaMaxKeyPairs`).
const VALUE: usize = 512;
const ENTRIES: usize = 64;
const ENTRY: &str = "ledger-";

impl Marks<'_> {
    /// Every mark, by the hash of whose it is.
    pub(crate) async fn read(&self) -> Result<All, Error> {
        let mut all = All::new();
        for owner in self.owners().await? {
            let request = Request::new(READ, Method::GET, self.path(&owner));
            // One that was just removed.
            let Reply::Done(answer) = self.session.repeat(&request).await? else { continue };
            let group: Group = data(&request, &answer)?;
            let Some(text) = joined(&group.metadata.unwrap_or_default()) else { continue };
            let (label, ledger, _) = ledger::read(&text).ok_or_else(|| self.unreadable(&owner))?;
            all.insert(owner, (label, ledger));
        }
        Ok(all)
    }

    /// Writes or removes a mark, in one call.
    pub(crate) async fn write(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        let path = self.path(&owner.hash);
        let request = match ledger {
            None => Request::new("vault delete identity/group", Method::DELETE, path),
            Some(ledger) => {
                let text = ledger::write(owner, ledger, &Prints::new()).ok_or_else(unwritable)?;
                Request::new(WRITE, Method::POST, path).json(&Wanted { metadata: parted(&text)? })?
            }
        };
        self.session.repeat(&request).await.map(drop)
    }

    async fn owners(&self) -> Result<Vec<String>, Error> {
        let request = Request::new("vault list identity/group", Method::GET, GROUPS).names();
        let Reply::Done(answer) = self.session.repeat(&request).await? else { return Ok(Vec::new()) };
        let keys: Keys = data(&request, &answer)?;
        let prefix = self.name("");
        Ok(keys.keys.iter().filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned).collect())
    }

    fn name(&self, owner: &str) -> String {
        format!("keyrotation-{}-{owner}", self.principal)
    }

    fn path(&self, owner: &str) -> String {
        format!("{GROUPS}/{}", self.name(owner))
    }

    fn unreadable(&self, owner: &str) -> Error {
        let name = self.name(owner);
        let message = format!(
            "the metadata of the identity group {name:?} are no mark that this version of the plugin can read: use the plugin version that wrote it, or delete the group if nobody uses it [KR-VAULT-097]"
        );
        Error::new(ErrorKind::Invalid, READ, message)
    }
}

/// Every mark on a principal, with the label of whose it is.
pub(crate) type All = BTreeMap<String, (String, Ledger)>;

/// Ours apart from the others.
pub(crate) fn ledgers(owner: &OwnerId, mut all: All) -> Ledgers {
    let own = all.remove(&owner.hash).map(|(_, ledger)| ledger);
    let named = |(hash, (label, ledger))| OtherLedger { owner: OwnerId { hash, label }, ledger };
    Ledgers::new(own, all.into_iter().map(named).collect())
}

/// Every key that a mark names.
pub(crate) fn named(all: &All) -> BTreeSet<KeyId> {
    all.values().flat_map(|(_, ledger)| ledger.keys.keys()).cloned().collect()
}

/// The text in parts that metadata take. It is ASCII.
fn parted(text: &str) -> Result<BTreeMap<String, String>, Error> {
    let parts = text.as_bytes().chunks(VALUE).map(String::from_utf8_lossy);
    let parts: BTreeMap<_, _> =
        parts.enumerate().map(|(number, part)| (format!("{ENTRY}{number:02}"), part.into_owned())).collect();
    if parts.len() > ENTRIES {
        let message = "the mark names more keys than the metadata of an identity group can hold: let fewer resources manage this path by this name [KR-VAULT-098]";
        return Err(Error::new(ErrorKind::LimitReached, WRITE, message));
    }
    Ok(parts)
}

/// None if there is no part of a mark.
fn joined(metadata: &BTreeMap<String, String>) -> Option<String> {
    let parts: Vec<_> =
        metadata.iter().filter(|(name, _)| name.starts_with(ENTRY)).map(|(_, part)| part.as_str()).collect();
    (!parts.is_empty()).then(|| parts.concat())
}

fn unwritable() -> Error {
    Error::new(
        ErrorKind::Unexpected,
        WRITE,
        "the mark cannot be written; this is a bug: please report it [KR-VAULT-099]",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_goes_into_parts_and_comes_back() {
        for length in [1, VALUE, VALUE + 1, VALUE * 12 + 3] {
            let text: String = ('a'..='z').cycle().take(length).collect();
            let parts = parted(&text).unwrap();
            assert!(parts.values().all(|part| (1..=VALUE).contains(&part.len())), "{length}");
            assert_eq!(joined(&parts), Some(text), "{length}");
        }
        assert!(parted(&"x".repeat(VALUE * ENTRIES)).is_ok());
        assert_eq!(parted(&"x".repeat(VALUE * ENTRIES + 1)).unwrap_err().kind, ErrorKind::LimitReached);
    }

    #[test]
    fn metadata_of_others_are_no_mark() {
        assert_eq!(joined(&BTreeMap::new()), None);
        assert_eq!(joined(&[("team".to_owned(), "payment".to_owned())].into()), None);
    }
}
