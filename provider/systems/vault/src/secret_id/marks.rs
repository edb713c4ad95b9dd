//! Which secret-ids are ours.
//!
//! A role has no place for a mark, and what stands at a secret-id never changes after its making. So there are two kinds of notes:
//!
//! - Each key is born with a **birth mark**: owner, instance, and the nonce of its mint. It cannot be lost, and says whose the key is.
//! - What changes stands in a **standing mark**: a secret-id of its own, made up by the server and read by nobody, whose note is the whole
//!   ledger. A change is a new one with a higher turn, and then the end of the one before; of two the later turn counts.
//!
//! The claim therefore stands before a key is made, as it does where the principal itself holds the mark, and two owners see each
//! other before either mints. A key whose answer was lost is found by the nonce of the open claim: it is being minted. A key with
//! a birth mark that no standing mark names is taken for promoted, whoever made it: should a standing mark be lost, no key in use can be
//! taken for an orphan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rotation::{Effect, Entry, Error, ErrorKind, KeyId, Ledger, Ledgers, Mark, MintOrder, OtherLedger, OwnerId};

use super::role::Facts;
use crate::ledger::{Prints, read, write};

/// What a secret-id is to us.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Somebody else's, or adopted.
    Unmarked,
    /// One that a resource of this plugin made.
    Born(Birth),
    /// No key, but the mark of an owner.
    Standing(Standing),
}

/// What a key says of its making.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Birth {
    owner: OwnerId,
    instance: String,
    nonce: String,
}

/// What an owner's mark says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    pub(crate) owner: OwnerId,
    /// The latest counts.
    pub(crate) turn: u64,
    pub(crate) ledger: Ledger,
}

/// A secret-id as it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) created_at: Timestamp,
    pub(crate) ends_at: Option<Timestamp>,
    /// Whether it may be used a number of times only.
    pub(crate) is_counted: bool,
    pub(crate) kind: Kind,
}

/// Every secret-id of the role.
pub(crate) type All = BTreeMap<KeyId, Seen>;

/// The note of a key. Documented, as is the next one.
const BIRTH: &str = "keyrotation";
/// The notes of a standing mark begin with this.
const STANDING: &str = "keyrotation-";
const TURN: &str = "keyrotation-turn";
const FORM: &str = "1";
const HASH: usize = 16;
/// Says to people what a standing mark is.
const NOTE: &str = "keyrotation-note";
const EXPLANATION: &str = "no secret-id that anybody has, but the mark of a resource of the Pulumi package keyrotation; it goes \
    with the resource, and is made anew at each rotation";
const LONGEST_LABEL: usize = 200;

impl Seen {
    /// What the server says of a secret-id, understood.
    ///
    /// # Errors
    /// It has a mark that this version does not know. It is never passed over: it may be all that is known of a key.
    pub(crate) fn new(accessor: &KeyId, facts: Facts) -> Result<Self, Error> {
        let kind = kind(&facts.notes).ok_or_else(|| unreadable(accessor))?;
        Ok(Self { created_at: facts.created_at, ends_at: facts.ends_at, is_counted: facts.uses > 0, kind })
    }

    /// Whether it is one that people log in with.
    pub(crate) fn is_key(&self) -> bool {
        !matches!(self.kind, Kind::Standing(_))
    }

    /// The mark that it is, if it is this owner's.
    pub(crate) fn standing(&self, owner: &OwnerId) -> Option<&Standing> {
        match &self.kind {
            Kind::Standing(standing) if standing.owner.hash == owner.hash => Some(standing),
            _ => None,
        }
    }
}

/// The notes of a key that is made by this order.
pub(crate) fn of_key(order: &MintOrder) -> BTreeMap<String, String> {
    let MintOrder { owner: OwnerId { hash, label }, instance, nonce, .. } = order;
    let plain = |c: char| if c.is_ascii_graphic() { c } else { '_' };
    let label: String = label.chars().map(plain).take(LONGEST_LABEL).collect();
    [(BIRTH.to_owned(), format!("{FORM} {hash} {instance} {nonce} {label}"))].into()
}

/// The notes of a standing mark; none if they cannot be written, which would be a bug.
pub(crate) fn of_mark(owner: &OwnerId, turn: u64, ledger: &Ledger) -> Option<BTreeMap<String, String>> {
    let text = write(owner, ledger, &Prints::new())?;
    let names = [format!("{STANDING}{}", owner.hash), TURN.to_owned(), NOTE.to_owned()];
    Some(names.into_iter().zip([text, turn.to_string(), EXPLANATION.to_owned()]).collect())
}

/// What the notes say; none if they are ours and cannot be read.
fn kind(notes: &BTreeMap<String, String>) -> Option<Kind> {
    let is_mark = |name: &str| name.starts_with(STANDING) && name != TURN && name != NOTE;
    let standing = notes.iter().find(|(name, _)| is_mark(name));
    if let Some((name, text)) = standing {
        let hash = name.strip_prefix(STANDING).filter(|hash| is_hash(hash))?;
        let turn = notes.get(TURN)?.parse().ok()?;
        let (label, ledger, _) = read(text)?;
        return Some(Kind::Standing(Standing { owner: OwnerId { hash: hash.to_owned(), label }, turn, ledger }));
    }
    let Some(text) = notes.get(BIRTH) else { return Some(Kind::Unmarked) };
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [FORM, hash, instance, nonce, label @ ..] = words.as_slice() else { return None };
    let owner = OwnerId { hash: (*hash).to_owned(), label: label.join(" ") };
    is_hash(hash).then(|| Kind::Born(Birth { owner, instance: (*instance).to_owned(), nonce: (*nonce).to_owned() }))
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH && text.bytes().all(|c| c.is_ascii_hexdigit())
}

/// What all marks come to: the standing ones, and each key that none of them names by what it was born with.
pub(crate) fn ledgers(owner: &OwnerId, all: &All) -> Ledgers {
    let mut latest: BTreeMap<&str, &Standing> = BTreeMap::new();
    for seen in all.values() {
        let Kind::Standing(standing) = &seen.kind else { continue };
        let place = latest.entry(&standing.owner.hash).or_insert(standing);
        if standing.turn > place.turn {
            *place = standing;
        }
    }
    let named: BTreeSet<&KeyId> = latest.values().flat_map(|standing| standing.ledger.keys.keys()).collect();
    let mut marks: BTreeMap<&str, (&OwnerId, Ledger)> =
        latest.iter().map(|(hash, standing)| (*hash, (&standing.owner, standing.ledger.clone()))).collect();
    for (id, seen) in all.iter().filter(|(id, _)| !named.contains(id)) {
        let Kind::Born(birth) = &seen.kind else { continue };
        let (_, ledger) = marks.entry(&birth.owner.hash).or_insert_with(|| (&birth.owner, Ledger::default()));
        let minting = ledger.open.as_ref().is_some_and(|claim| claim.nonce == birth.nonce);
        let mark = if minting { Mark::Minting } else { Mark::Promoted };
        let since = rotation::seconds(seen.created_at);
        ledger.keys.insert(id.clone(), Entry::of(birth.instance.clone(), mark, since));
    }
    let own = marks.remove(owner.hash.as_str()).map(|(_, ledger)| ledger);
    let others = marks.into_values().map(|(owner, ledger)| OtherLedger { owner: owner.clone(), ledger });
    Ledgers::new(own, others.collect())
}

fn unreadable(accessor: &KeyId) -> Error {
    let message = format!(
        "the metadata of the secret-id with the accessor {accessor} has a mark that this version of the plugin does not write, so nothing was changed: upgrade the plugin, or destroy that secret-id if it was put there by hand [KR-VAULT-139]"
    );
    Error::new(ErrorKind::Unexpected, "vault write secret-id-accessor/lookup", message).effect(Effect::None)
}

#[cfg(test)]
mod tests {
    use rotation::Claim;

    use super::*;

    const AT: Timestamp = Timestamp::constant(1_767_225_600, 5);

    fn owner(name: &str) -> OwnerId {
        OwnerId::new(name, name)
    }

    fn order(name: &str, nonce: &str) -> MintOrder {
        MintOrder {
            nonce: nonce.to_owned(),
            generation: 1,
            owner: owner(name),
            instance: format!("i-{name}"),
            life: None,
        }
    }

    fn seen(notes: BTreeMap<String, String>) -> Seen {
        Seen::new(&KeyId("x".to_owned()), Facts { created_at: AT, ends_at: None, uses: 0, notes }).unwrap()
    }

    fn born(name: &str, nonce: &str) -> Seen {
        seen(of_key(&order(name, nonce)))
    }

    fn standing(name: &str, turn: u64, ledger: &Ledger) -> Seen {
        seen(of_mark(&owner(name), turn, ledger).unwrap())
    }

    fn all<const N: usize>(entries: [(&str, Seen); N]) -> All {
        entries.into_iter().map(|(id, seen)| (KeyId(id.to_owned()), seen)).collect()
    }

    fn open(nonce: &str) -> Ledger {
        Ledger { open: Some(Claim { nonce: nonce.to_owned(), at: AT, known: [].into() }), keys: [].into() }
    }

    fn naming(id: &str, name: &str) -> Ledger {
        let since = Timestamp::from_second(AT.as_second()).unwrap();
        let entry = Entry::of(format!("i-{name}"), Mark::Promoted, since);
        Ledger { open: None, keys: [(KeyId(id.to_owned()), entry)].into() }
    }

    fn mark(ledgers: &Ledgers, id: &str) -> Option<Mark> {
        ledgers.own_entry(&KeyId(id.to_owned())).map(|entry| entry.mark)
    }

    #[test]
    fn what_is_written_is_read() {
        let strange = OwnerId::new("urn", "a \"b\" é\n");
        let order = MintOrder { owner: strange.clone(), ..order("a", "n1") };
        let Kind::Born(birth) = seen(of_key(&order)).kind else { panic!("no birth mark") };
        assert_eq!((birth.owner.hash.as_str(), birth.nonce.as_str()), (strange.hash.as_str(), "n1"));
        assert_eq!(birth.owner.label, "a_\"b\"___");
        let ledger = Ledger { open: open("n1").open, ..naming("k1", "a") };
        let read = standing("a", 7, &ledger);
        assert_eq!(read.standing(&owner("a")), Some(&Standing { owner: owner("a"), turn: 7, ledger }));
        assert!(read.standing(&owner("b")).is_none() && !read.is_key());
        assert_eq!(seen([("team".to_owned(), "payment".to_owned())].into()).kind, Kind::Unmarked);
    }

    /// The server refuses a role's first login with longer metadata.
    #[test]
    fn a_birth_mark_keeps_nobody_from_logging_in() {
        let longest = |notes: BTreeMap<String, String>| notes.values().map(String::len).max().unwrap_or(0);
        let order = MintOrder { owner: owner(&"x".repeat(2000)), ..order("a", "n1") };
        assert!(longest(of_key(&order)) <= 512);
    }

    #[test]
    fn the_key_of_an_open_claim_is_being_minted() {
        let all = all([("k1", born("a", "n1")), ("k0", born("a", "n0")), ("m", standing("a", 1, &open("n1")))]);
        let found = ledgers(&owner("a"), &all);
        assert_eq!((mark(&found, "k1"), mark(&found, "k0")), (Some(Mark::Minting), Some(Mark::Promoted)));
        assert!(found.own_claim().is_some());
    }

    #[test]
    fn a_key_without_a_standing_mark_is_nobodys_orphan() {
        let found = ledgers(&owner("a"), &all([("k1", born("a", "n1")), ("k2", born("b", "n2"))]));
        assert_eq!(mark(&found, "k1"), Some(Mark::Promoted));
        assert_eq!(found.others.len(), 1);
        assert_eq!(found.owner_of(&KeyId("k2".to_owned())).map(|other| other.label.as_str()), Some("b"));
    }

    #[test]
    fn the_latest_turn_counts() {
        let marks = [("m9", standing("a", 9, &naming("k1", "a"))), ("m10", standing("a", 10, &open("n1")))];
        let found = ledgers(&owner("a"), &all(marks));
        assert_eq!(found.own, Some(open("n1")));
    }

    #[test]
    fn a_renamed_resource_keeps_its_keys() {
        let keys = all([("k1", born("former", "n1")), ("m", standing("a", 1, &naming("k1", "former")))]);
        assert!(ledgers(&owner("a"), &keys).others.is_empty());
        assert_eq!(mark(&ledgers(&owner("a"), &keys), "k1"), Some(Mark::Promoted));
    }

    #[test]
    fn a_mark_that_is_not_ours_to_read_stops_the_plugin() {
        let good = of_mark(&owner("a"), 1, &Ledger::default()).unwrap();
        let (name, text) = good.first_key_value().unwrap();
        let notes = |entries: &[(&str, &str)]| {
            entries.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect::<BTreeMap<_, _>>()
        };
        for broken in [
            notes(&[(BIRTH, "2 0123456789abcdef i n x")]),
            notes(&[(BIRTH, "1 short i n x")]),
            notes(&[(BIRTH, "1")]),
            notes(&[(name, text)]),
            notes(&[(name, "nonsense"), (TURN, "1")]),
            notes(&[("keyrotation-x", text), (TURN, "1")]),
        ] {
            let facts = Facts { created_at: AT, ends_at: None, uses: 0, notes: broken.clone() };
            let error = Seen::new(&KeyId("the-accessor".to_owned()), facts).unwrap_err();
            assert!(error.message.contains("the-accessor"), "{broken:?}");
        }
    }
}
