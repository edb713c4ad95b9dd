use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use rotation::{Claim, Effect, Entry, Error, ErrorKind, KeyId, Ledger, Ledgers, Mark, OtherLedger, OwnerId};

/// How a mark stands in two tags of a principal, for systems whose principals have tags. A value holds ASCII letters, digits and `+-=._:/@` only.
#[derive(Clone, Copy, Debug)]
pub struct TagForm {
    /// Who keeps the tags, as messages call it.
    pub service: &'static str,
    /// The longest value that a tag may have.
    pub longest: usize,
    /// The call that reads tags.
    pub read: &'static str,
    /// The call that writes them.
    pub write: &'static str,
}

/// Every tag of ours begins with this. Documented for `ignoreChanges`.
const PREFIX: &str = "keyrotation:";
const CLAIM: &str = ":claim";
const VERSION: &str = "1";
const HASH: usize = 16;

impl TagForm {
    /// The keys of the two tags that make up one mark.
    pub fn keys(owner: &OwnerId) -> [String; 2] {
        let keys = format!("{PREFIX}{}", owner.hash);
        let claim = format!("{keys}{CLAIM}");
        [keys, claim]
    }

    /// The two tags, keys and values, that say what the ledger says. They are written in one call, so that none is ever half new.
    ///
    /// # Errors
    /// If it does not fit: a mark that leaves a key out would be worse than none.
    pub fn encode(&self, owner: &OwnerId, ledger: &Ledger) -> Result<[(String, String); 2], Error> {
        let [keys_tag, claim_tag] = Self::keys(owner);
        let mut keys = VERSION.to_owned();
        for (id, entry) in &ledger.keys {
            let mark = match entry.mark {
                Mark::Minting => MINTING,
                Mark::Promoted => PROMOTED,
            };
            let (id, instance) = (self.word(&id.0, &keys_tag)?, self.word(&entry.instance, &keys_tag)?);
            keys.push_str(&format!("{PART}{id}={instance}:{mark}:{}", entry.since.as_second()));
            // In seconds after it was made, for want of room.
            let promoted = entry.promoted_at.map(|at| at.as_second() - entry.since.as_second());
            if let Some(generation) = entry.generation {
                keys.push_str(&format!(":{generation}"));
                promoted.iter().for_each(|after| keys.push_str(&format!(":{after}")));
            }
        }
        let claim = match &ledger.open {
            None => format!("{VERSION}{PART}{CLOSED}"),
            Some(claim) => {
                let mut text =
                    format!("{VERSION}{PART}{OPEN}{PART}{}{PART}{}", self.word(&claim.nonce, &claim_tag)?, claim.at);
                for id in &claim.known {
                    text.push_str(&format!("{PART}{}", self.word(&id.0, &claim_tag)?));
                }
                text
            }
        };
        for (tag, value) in [(&keys_tag, &keys), (&claim_tag, &claim)] {
            if value.len() > self.longest {
                return Err(self.too_long(tag));
            }
        }
        self.label(&mut keys, &owner.label);
        Ok([(keys_tag, keys), (claim_tag, claim)])
    }

    /// The marks that the tags of a user hold; other tags are passed over.
    ///
    /// # Errors
    /// If a tag with our prefix cannot be understood. It is never passed over: it may be all that is known of a key.
    pub fn decode<'a>(
        &self,
        owner: &OwnerId,
        tags: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Ledgers, Error> {
        let mut found: BTreeMap<String, (OwnerId, Ledger)> = BTreeMap::new();
        for (tag, value) in tags {
            // IAM keeps the case of a tag's key but does not tell keys apart by it.
            let lower = tag.to_ascii_lowercase();
            let Some(name) = lower.strip_prefix(PREFIX) else {
                continue;
            };
            let (hash, is_claim) = match name.strip_suffix(CLAIM) {
                Some(hash) => (hash, true),
                None => (name, false),
            };
            if hash.len() != HASH || !hash.bytes().all(|c| c.is_ascii_hexdigit()) {
                return Err(self.unreadable(tag));
            }
            let unnamed = || {
                let label = format!("a resource with the mark {PREFIX}{hash}");
                let hash = hash.to_owned();
                (OwnerId { hash, label }, Ledger::default())
            };
            let (owner, ledger) = found.entry(hash.to_owned()).or_insert_with(unnamed);
            if is_claim {
                ledger.open = read_claim(value).ok_or_else(|| self.unreadable(tag))?;
            } else {
                let (keys, label) = read_keys(value).ok_or_else(|| self.unreadable(tag))?;
                ledger.keys = keys;
                if let Some(label) = label {
                    owner.label = label;
                }
            }
        }
        let own = found.remove(&owner.hash).map(|(_, ledger)| ledger);
        let others = found.into_values().map(|(owner, ledger)| OtherLedger { owner, ledger });
        Ok(Ledgers::new(own, others.collect()))
    }

    /// Appends as much of the owner's name as there is room for, in signs that a tag may hold.
    fn label(&self, value: &mut String, label: &str) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+-=._:/@".contains(c);
        let plain: String = label.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
        let room = self.longest.saturating_sub(value.len() + FOR.len());
        let shown = plain.get(..room).unwrap_or(&plain);
        if !shown.is_empty() {
            value.push_str(FOR);
            value.push_str(shown);
        }
    }

    fn word<'a>(&self, text: &'a str, tag: &str) -> Result<&'a str, Error> {
        if is_word(text) {
            return Ok(text);
        }
        let message = format!(
            "the tag {tag} cannot be written: a name in it contains characters that tags do not allow; this is a bug: please report it [KR-CLOUD-017]"
        );
        Err(Error::new(ErrorKind::Unexpected, self.write, message))
    }

    fn too_long(&self, tag: &str) -> Error {
        let Self { service, longest, .. } = self;
        let message = format!(
            "the tag {tag} would be longer than the {longest} characters that {service} allows: the user has too many keys, or the tag names too many; delete keys that nobody needs [KR-CLOUD-018]"
        );
        Error::new(ErrorKind::LimitReached, self.write, message)
    }

    fn unreadable(&self, tag: &str) -> Error {
        let message = format!(
            "the tag {tag} is not one that this version of the plugin writes, so nothing was changed: upgrade the plugin, or remove the tag if it was put there by hand [KR-CLOUD-019]"
        );
        Error::new(ErrorKind::Unexpected, self.read, message).effect(Effect::None)
    }
}

const MINTING: &str = "new";
const PROMOTED: &str = "ok";
const OPEN: &str = "open";
const CLOSED: &str = "closed";
/// No space: it is spelled in two ways in a request, and not everything on the way tells them apart.
const PART: char = '/';
const FOR: &str = "/for=";

type Keys = BTreeMap<KeyId, Entry>;

fn read_keys(value: &str) -> Option<(Keys, Option<String>)> {
    let (keys, label) = match value.split_once(FOR) {
        Some((keys, label)) => (keys, Some(label.to_owned())),
        None => (value, None),
    };
    let mut words = keys.split(PART);
    if words.next() != Some(VERSION) {
        return None;
    }
    let entry = |text: &str| {
        let (id, rest) = text.split_once('=')?;
        let (instance, rest) = rest.split_once(':')?;
        let (mark, since) = rest.split_once(':')?;
        let mark = match mark {
            MINTING => Mark::Minting,
            PROMOTED => Mark::Promoted,
            _ => return None,
        };
        let mut numbers = since.split(':').map(str::parse::<i64>);
        let second = numbers.next()?.ok()?;
        let since = Timestamp::from_second(second).ok()?;
        let generation = numbers.next().transpose().ok()?.map(u64::try_from).transpose().ok()?;
        let after = numbers.next().transpose().ok()?;
        let promoted_at = match after {
            Some(after) => Some(Timestamp::from_second(second.checked_add(after)?).ok()?),
            None => None,
        };
        let entry = Entry { generation, promoted_at, ..Entry::of(instance, mark, since) };
        (numbers.next().is_none() && is_word(id) && is_word(instance)).then(|| (KeyId(id.to_owned()), entry))
    };
    Some((words.map(entry).collect::<Option<Keys>>()?, label))
}

fn read_claim(value: &str) -> Option<Option<Claim>> {
    let mut words = value.split(PART);
    if words.next() != Some(VERSION) {
        return None;
    }
    match words.next()? {
        CLOSED => words.next().is_none().then_some(None),
        OPEN => {
            let nonce = words.next().filter(|nonce| is_word(nonce))?.to_owned();
            let at = words.next()?.parse().ok()?;
            let known = words.map(|id| is_word(id).then(|| KeyId(id.to_owned())));
            let known = known.collect::<Option<BTreeSet<_>>>()?;
            Some(Some(Claim { nonce, at, known }))
        }
        _ => None,
    }
}

fn is_word(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_".contains(&c);
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_mark_in_tags_is_read_as_it_was_written() {
        let form = TagForm { service: "AWS", longest: 256, read: "iam:ListUserTags", write: "iam:TagUser" };
        let owner = OwnerId::new("urn:a", "dev/app/a");
        let since = Timestamp::constant(1_767_225_600, 0);
        let entry =
            |mark, generation, promoted_at| Entry { generation, promoted_at, ..Entry::of("i0000001", mark, since) };
        let mut ledger = Ledger::default();
        let promoted_at = since + SignedDuration::from_hours(1);
        ledger.keys.insert(KeyId("AKIA1".to_owned()), entry(Mark::Promoted, Some(3), Some(promoted_at)));
        ledger.keys.insert(KeyId("AKIA2".to_owned()), entry(Mark::Minting, Some(4), None));
        ledger.open =
            Some(Claim { nonce: "n0000001".to_owned(), at: since, known: [KeyId("AKIA1".to_owned())].into() });
        let tags = form.encode(&owner, &ledger).unwrap();
        let tags: Vec<_> = tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert!(tags.iter().all(|(_, value)| value.len() <= form.longest), "{tags:?}");
        assert_eq!(form.decode(&owner, tags).unwrap().own, Some(ledger));
    }
}
