//! Our marks in the path's custom metadata.
//!
//! A mark is one text, cut into pieces of at most 512 bytes, which is all that a value of custom metadata takes. All pieces are
//! written in one merge patch, so that none is ever half new.

use std::collections::BTreeMap;

use rotation::{Effect, Error, ErrorKind, Ledger, Ledgers, OtherLedger, OwnerId};
use serde_json::{Map, Value};

use crate::ledger::{Prints, read, write};

/// Every entry of ours begins with this. Documented.
pub(crate) const PREFIX: &str = "keyrotation-";
/// The longest value of custom metadata, in bytes (Vault's documentation, KV v2, "custom_metadata").
const LONGEST: usize = 512;
/// The most pieces of a mark.
const PIECES: usize = 8;
const HASH: usize = 16;

/// The entries of custom metadata that say what the ledger says; null where one must go. Without a ledger all go.
///
/// # Errors
/// If it does not fit: a mark that leaves a key out would be worse than none.
pub(crate) fn encode(owner: &OwnerId, ledger: Option<&Ledger>, prints: &Prints) -> Result<Map<String, Value>, Error> {
    let text = match ledger.map(|ledger| write(owner, ledger, prints)) {
        Some(text) => text.ok_or_else(unwritable)?,
        None => String::new(),
    };
    let mut pieces = text.as_bytes().chunks(LONGEST);
    let entries = (1..=PIECES).map(|number| {
        let piece = pieces.next().map(|piece| Value::String(String::from_utf8_lossy(piece).into_owned()));
        (format!("{PREFIX}{}.{number}", owner.hash), piece.unwrap_or_default())
    });
    let entries = entries.collect();
    if pieces.next().is_some() {
        let message = "the mark of this resource does not fit into the path's custom metadata: too many versions are remembered; destroy those that nobody needs [KR-VAULT-011]";
        return Err(Error::new(ErrorKind::LimitReached, WRITE, message));
    }
    Ok(entries)
}

/// The marks that custom metadata hold, and the prints in ours; other entries are passed over.
///
/// # Errors
/// If a mark of ours cannot be understood. It is never passed over: it may be all that is known of a key.
pub(crate) fn decode(owner: &OwnerId, notes: &BTreeMap<String, String>) -> Result<(Ledgers, Prints), Error> {
    let mut texts: BTreeMap<&str, BTreeMap<usize, &str>> = BTreeMap::new();
    for (name, piece) in notes {
        let Some(place) = name.strip_prefix(PREFIX) else { continue };
        let place = place.split_once('.').and_then(|(hash, number)| Some((hash, number.parse().ok()?)));
        let is_hash = |hash: &str| hash.len() == HASH && hash.bytes().all(|c| c.is_ascii_hexdigit());
        let (hash, number) = place.filter(|(hash, _)| is_hash(hash)).ok_or_else(|| unreadable(name))?;
        texts.entry(hash).or_default().insert(number, piece);
    }
    let mut ledgers = Ledgers::default();
    let mut prints = Prints::new();
    for (hash, pieces) in texts {
        let text: String = pieces.into_values().collect();
        let (label, ledger, found) = read(&text).ok_or_else(|| unreadable(&format!("{PREFIX}{hash}.1")))?;
        if hash == owner.hash {
            (ledgers.own, prints) = (Some(ledger), found);
        } else {
            ledgers.others.push(OtherLedger { owner: OwnerId { hash: hash.to_owned(), label }, ledger });
        }
    }
    Ok((ledgers, prints))
}

const WRITE: &str = "vault kv metadata patch";

fn unwritable() -> Error {
    Error::new(
        ErrorKind::Unexpected,
        WRITE,
        "the mark cannot be written; this is a bug: please report it [KR-VAULT-012]",
    )
}

fn unreadable(name: &str) -> Error {
    let message = format!(
        "the entry {name:?} of the path's custom metadata is not one that this version of the plugin writes, so nothing was changed: upgrade the plugin, or remove the entry if it was put there by hand [KR-VAULT-013]"
    );
    Error::new(ErrorKind::Unexpected, "vault kv metadata get", message).effect(Effect::None)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use rotation::{Claim, Entry, KeyId, Mark};

    use super::*;

    fn owner() -> OwnerId {
        OwnerId::new("urn:a", "dev/app/\"ä\"")
    }

    fn entry(mark: Mark) -> Entry {
        Entry::of("0123456789abcdef", mark, Timestamp::constant(1_767_225_600, 0))
    }

    fn notes(ledger: &Ledger, prints: &Prints) -> BTreeMap<String, String> {
        let entries = encode(&owner(), Some(ledger), prints).unwrap();
        let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        entries.into_iter().filter_map(text).collect()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            keys in prop::collection::btree_map(1..2000_u64, prop::bool::ANY, 0..20),
            known in prop::collection::btree_set(1..300_u64, 0..200),
        ) {
            let id = |number: u64| KeyId(number.to_string());
            let mark = |is_new: bool| if is_new { Mark::Minting } else { Mark::Promoted };
            let prints: Prints = keys.iter().filter(|(_, new)| **new).map(|(number, _)| (id(*number), "n:12".to_owned())).collect();
            let keys = keys.into_iter().map(|(number, is_new)| (id(number), entry(mark(is_new)))).collect();
            let at = Timestamp::constant(1_767_225_600, 5);
            let open = Some(Claim { nonce: "0123456789abcdef".to_owned(), at, known: known.into_iter().map(id).collect() });
            let ledger = Ledger { keys, open };
            let notes = notes(&ledger, &prints);
            prop_assert!(notes.values().all(|piece| (1..=512).contains(&piece.len())));
            let (ledgers, read) = decode(&owner(), &notes).unwrap();
            prop_assert_eq!(ledgers.own, Some(ledger));
            prop_assert_eq!(read, prints);
        }
    }

    #[test]
    fn a_shorter_mark_leaves_no_piece_of_a_longer_one() {
        let long = encode(&owner(), Some(&Ledger::default()), &Prints::new()).unwrap();
        let names: Vec<_> = long.keys().cloned().collect();
        assert_eq!(names.len(), PIECES);
        let none = encode(&owner(), None, &Prints::new()).unwrap();
        assert!(none.keys().eq(&names) && none.values().all(Value::is_null));
    }

    #[test]
    fn a_promoted_key_has_no_print() {
        let id = KeyId("1".to_owned());
        let ledger = Ledger { keys: [(id.clone(), entry(Mark::Promoted))].into(), open: None };
        let notes = notes(&ledger, &[(id, "n:12".to_owned())].into());
        assert!(!notes.values().any(|text| text.contains("print")));
    }

    #[test]
    fn a_mark_that_is_not_ours_to_read_stops_the_plugin() {
        let whole = notes(&Ledger::default(), &Prints::new());
        let (name, text) = whole.first_key_value().unwrap();
        let other_form = text.replace("\"form\":1", "\"form\":2");
        for (name, text) in [
            (name.clone(), "nonsense".to_owned()),
            (name.clone(), other_form),
            ("keyrotation-x.1".to_owned(), text.clone()),
            (name.replace(".1", ""), text.clone()),
        ] {
            let error = decode(&owner(), &[(name.clone(), text)].into()).unwrap_err();
            assert!(error.message.contains("custom metadata"), "{error}");
        }
        let (ledgers, _) = decode(&owner(), &[("note".to_owned(), "mine".to_owned())].into()).unwrap();
        assert_eq!(ledgers, Ledgers::default());
    }

    #[test]
    fn a_mark_that_does_not_fit_is_refused() {
        let keys = (0..200).map(|number| (KeyId(number.to_string()), entry(Mark::Promoted))).collect();
        let error = encode(&owner(), Some(&Ledger { keys, open: None }), &Prints::new()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::LimitReached);
    }
}
