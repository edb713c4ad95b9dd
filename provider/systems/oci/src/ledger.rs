//! Our marks in the free-form tags of a user. Fingerprints stand there in base64, since three keys must fit into 256 characters.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cloud::TagForm;
use rotation::{Claim, Error, ErrorKind, KeyId, Ledger, Ledgers, OwnerId};

/// The longest value is of "Tagging Overview"; so is the number of free-form tags of one resource.
const FORM: TagForm = TagForm { service: "OCI", longest: 256, read: READ, write: WRITE };
const READ: &str = "identity:GetUser";
const WRITE: &str = "identity:UpdateUser";
const MOST_TAGS: usize = 10;

/// A user's free-form tags.
pub(crate) type Tags = BTreeMap<String, String>;

/// The tags with our mark as the ledger says, or without it.
///
/// # Errors
/// It does not fit.
pub(crate) fn written(tags: &Tags, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<Tags, Error> {
    let mut tags = tags.clone();
    for key in TagForm::keys(owner) {
        tags.remove(&key);
    }
    if let Some(ledger) = ledger {
        tags.extend(FORM.encode(owner, &renamed(ledger, short))?);
    }
    if ledger.is_some() && tags.len() > MOST_TAGS {
        let message = format!(
            "the user would have more than the {MOST_TAGS} free-form tags that OCI allows, and the mark of this resource needs two: remove tags that nobody needs [KR-OCI-034]"
        );
        return Err(Error::new(ErrorKind::LimitReached, WRITE, message));
    }
    Ok(tags)
}

/// The marks that stand in a user's tags.
///
/// # Errors
/// A tag with our prefix cannot be understood.
pub(crate) fn read(tags: &Tags, owner: &OwnerId) -> Result<Ledgers, Error> {
    let tags = tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let mut ledgers = FORM.decode(owner, tags)?;
    ledgers.own = ledgers.own.map(|ledger| renamed(&ledger, long));
    for other in &mut ledgers.others {
        other.ledger = renamed(&other.ledger, long);
    }
    Ok(ledgers)
}

fn renamed(ledger: &Ledger, name: impl Fn(&KeyId) -> KeyId) -> Ledger {
    let keys = ledger.keys.iter().map(|(id, entry)| (name(id), entry.clone())).collect();
    let claim = |claim: &Claim| Claim { known: claim.known.iter().map(&name).collect(), ..claim.clone() };
    Ledger { keys, open: ledger.open.as_ref().map(claim) }
}

/// 22 letters for the sixteen bytes of a fingerprint; anything else stays as it is.
fn short(id: &KeyId) -> KeyId {
    let bytes = id.0.split(':').map(|pair| u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2));
    match bytes.collect::<Option<Vec<u8>>>() {
        Some(bytes) if bytes.len() == 16 => KeyId(BASE64_URL_SAFE_NO_PAD.encode(bytes)),
        _ => id.clone(),
    }
}

fn long(id: &KeyId) -> KeyId {
    match BASE64_URL_SAFE_NO_PAD.decode(&id.0) {
        Ok(bytes) if bytes.len() == 16 => {
            let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            KeyId(pairs.join(":"))
        }
        _ => id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rotation::{Entry, Mark};

    use super::*;

    fn owner(name: &str) -> OwnerId {
        OwnerId::new(name, format!("stack/project/{name}"))
    }

    fn id(number: u8) -> KeyId {
        KeyId(vec![format!("{number:02x}"); 16].join(":"))
    }

    /// As much as ever stands on one user: three keys, and a mint for which all are known.
    fn full() -> Ledger {
        let entry = |mark| Entry::of("0123456789abcdef", mark, Timestamp::UNIX_EPOCH);
        let keys =
            [(id(0), entry(Mark::Promoted)), (id(0xfb), entry(Mark::Minting)), (id(0xff), entry(Mark::Promoted))];
        let at = "2026-03-01T12:00:00.123456789Z".parse().unwrap();
        let known = [id(0), id(1), id(0xfb), id(0xff)].into();
        Ledger { keys: keys.into(), open: Some(Claim { nonce: "0123456789abcdef".to_owned(), at, known }) }
    }

    #[test]
    fn three_keys_and_a_claim_fit_and_are_read_as_written() {
        let others = Tags::from([("team".to_owned(), "x y".to_owned())]);
        let tags = written(&others, &owner("a"), Some(&full())).unwrap();
        assert_eq!(tags.len(), 3);
        assert!(tags.values().all(|value| value.len() <= 256));
        assert!(tags.keys().all(|key| key.len() <= 100 && !key.contains(['.', ' '])));
        assert_eq!(read(&tags, &owner("a")).unwrap().own, Some(full()));
        let seen = read(&tags, &owner("b")).unwrap();
        assert_eq!((seen.own, &seen.others[0].ledger), (None, &full()));
        assert_eq!(seen.others[0].owner.label, "stack/project/a");
        assert_eq!(written(&tags, &owner("a"), None).unwrap(), others);
    }

    #[test]
    fn other_peoples_tags_are_never_pushed_out() {
        let others: Tags = (0..9).map(|number| (format!("tag{number}"), String::new())).collect();
        let error = written(&others, &owner("a"), Some(&full())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::LimitReached);
        assert_eq!(written(&others, &owner("a"), None).unwrap(), others);
    }

    #[test]
    fn a_tag_of_ours_that_cannot_be_read_stops_everything() {
        let tags = Tags::from([("keyrotation:0123456789abcdef".to_owned(), "2/new".to_owned())]);
        let error = read(&tags, &owner("a")).unwrap_err();
        assert!(error.message.contains("keyrotation:0123456789abcdef"), "{error}");
    }
}
