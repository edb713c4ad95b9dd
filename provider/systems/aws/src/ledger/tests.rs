use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;

use jiff::Timestamp;
use rotation::{Claim, Entry, KeyId, Mark};

use super::*;

const LONGEST: usize = FORM.longest;

fn owner(label: &str) -> OwnerId {
    OwnerId::new("urn:pulumi:dev::app::keyrotation:aws:RotatingApiKey::key", label)
}

fn pairs(tags: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

fn id() -> impl Strategy<Value = KeyId> {
    "AKIA[A-Z2-7]{16}".prop_map(KeyId)
}

fn entry() -> impl Strategy<Value = Entry> {
    let mark = prop_oneof![Just(Mark::Minting), Just(Mark::Promoted)];
    let generation = proptest::option::of((1_u64..1000, proptest::option::of(-100_i64..10_000)));
    ("[a-z2-7]{8,16}", mark, 0..4_102_444_800_i64, generation).prop_map(|(instance, mark, since, generation)| Entry {
        generation: generation.map(|(generation, _)| generation),
        promoted_at: generation.and_then(|(_, after)| Some(Timestamp::from_second(since + after?).unwrap())),
        ..Entry::of(instance, mark, Timestamp::from_second(since).unwrap())
    })
}

fn claim() -> impl Strategy<Value = Claim> {
    let at = (0..4_102_444_800_i64, 0..1_000_000_000_i32);
    ("[a-z2-7]{8,16}", at, btree_set(id(), 0..=8)).prop_map(|(nonce, (second, nanosecond), known)| Claim {
        nonce,
        at: Timestamp::new(second, nanosecond).unwrap(),
        known,
    })
}

fn ledger() -> impl Strategy<Value = Ledger> {
    (btree_map(id(), entry(), 0..=4), option::of(claim())).prop_map(|(keys, open)| Ledger { keys, open })
}

/// IAM API Reference, Tag: letters, numbers and these signs of any script; here the ASCII ones, and no space.
fn fits(text: &str, longest: usize) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.:/=+-@".contains(c);
    (1..=longest).contains(&text.chars().count()) && text.chars().all(allowed)
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_fits(ledger in ledger(), label in ".{0,300}") {
        let owner = owner(&label);
        let tags = encode(&owner, &ledger).unwrap();
        for (key, value) in &tags {
            prop_assert!(fits(key, 128), "{key}");
            prop_assert!(fits(value, LONGEST), "{value}");
        }
        let mine = decode(&owner, pairs(&tags)).unwrap();
        prop_assert_eq!(mine.own.as_ref(), Some(&ledger));
        prop_assert!(mine.others.is_empty());
        let theirs = decode(&OwnerId::new("urn:another", ""), pairs(&tags)).unwrap();
        prop_assert_eq!(theirs.own, None);
        prop_assert_eq!(theirs.others.len(), 1);
        prop_assert_eq!(&theirs.others[0].ledger, &ledger);
        prop_assert_eq!(&theirs.others[0].owner.hash, &owner.hash);
    }

    #[test]
    fn any_value_is_read_or_refused_by_its_name(value in "(1/)?[ -~]{0,60}", claim: bool) {
        let key = &tag_keys(&owner(""))[usize::from(claim)];
        if let Err(error) = decode(&owner(""), [(key.as_str(), value.as_str())]) {
            prop_assert!(error.message.contains(key.as_str()), "{}", error.message);
        }
    }
}

fn example() -> Ledger {
    let promoted_at = Some("2026-01-02T03:04:35Z".parse().unwrap());
    let made = Entry::of("k7f3q2aa", Mark::Promoted, "2026-01-02T03:04:05Z".parse().unwrap());
    let entry = Entry { generation: Some(4), promoted_at, ..made };
    let claim = Claim {
        nonce: "n5xw4t7b".to_owned(),
        at: "2026-04-02T03:04:05.25Z".parse().unwrap(),
        known: [KeyId("AKIAIOSFODNN7EXAMPLE".to_owned())].into(),
    };
    Ledger { keys: [(KeyId("AKIAIOSFODNN7EXAMPLE".to_owned()), entry)].into(), open: Some(claim) }
}

#[test]
fn a_person_can_read_it() {
    let [(keys_tag, keys), (claim_tag, claim)] = encode(&owner("dev/app/my key"), &example()).unwrap();
    assert_eq!(keys, "1/AKIAIOSFODNN7EXAMPLE=k7f3q2aa:ok:1767323045:4:30/for=dev/app/my_key");
    assert_eq!(claim, "1/open/n5xw4t7b/2026-04-02T03:04:05.25Z/AKIAIOSFODNN7EXAMPLE");
    assert_eq!(claim_tag, format!("{keys_tag}:claim"));
    assert!(keys_tag.starts_with("keyrotation:"));
    let [_, (_, closed)] = encode(&owner(""), &Ledger::default()).unwrap();
    assert_eq!(closed, "1/closed");
}

#[test]
fn others_are_named_and_strangers_tags_passed_over() {
    let tags = encode(&owner("dev/app/key"), &example()).unwrap();
    let stranger = ("team".to_owned(), "keyrotation: ours".to_owned());
    let all = [stranger, tags[0].clone(), tags[1].clone()];
    let found = decode(&OwnerId::new("urn:another", ""), pairs(&all)).unwrap();
    assert_eq!(found.others[0].owner.label, "dev/app/key");
    let found = decode(&OwnerId::new("urn:another", ""), pairs(&all[2..])).unwrap();
    assert!(found.others[0].owner.label.contains(&owner("").hash));
}

#[test]
fn half_a_mark_is_still_a_mark() {
    let tags = encode(&owner("x"), &example()).unwrap();
    let keys = decode(&owner("x"), pairs(&tags[..1])).unwrap().own.unwrap();
    assert_eq!((keys.keys.len(), keys.open), (1, None));
    let claim = decode(&owner("x"), pairs(&tags[1..])).unwrap().own.unwrap();
    assert_eq!((claim.keys.len(), claim.open), (0, example().open));
}

#[test]
fn another_case_of_a_key_is_the_same_tag() {
    let [(key, value), _] = encode(&owner("x"), &example()).unwrap();
    let upper = key.to_uppercase();
    let found = decode(&owner("x"), [(upper.as_str(), value.as_str())]).unwrap();
    assert_eq!(found.own.unwrap().keys, example().keys);
}

#[test]
fn what_it_does_not_understand_stops_it_by_name() {
    let [keys, claim] = tag_keys(&owner(""));
    let entry = "AKIAIOSFODNN7EXAMPLE=k7f3q2aa:ok:1767323045";
    let bad = [
        (keys.clone(), "2".to_owned()),
        (keys.clone(), String::new()),
        (keys.clone(), format!("2/{entry}")),
        (keys.clone(), format!("1/{entry}/x")),
        (keys.clone(), "1/AKIAIOSFODNN7EXAMPLE=k7f3q2aa:gone:1767323045".to_owned()),
        (keys.clone(), "1/AKIAIOSFODNN7EXAMPLE=k7f3q2aa:ok:yesterday".to_owned()),
        (claim.clone(), "1".to_owned()),
        (claim.clone(), "2/closed".to_owned()),
        (claim.clone(), "1/closed/now".to_owned()),
        (claim.clone(), "1/open/n5xw4t7b/yesterday".to_owned()),
        (claim, "1/opened/n5xw4t7b/2026-04-02T03:04:05Z".to_owned()),
        (format!("{keys}:lease"), "1".to_owned()),
        ("keyrotation:team".to_owned(), "x".to_owned()),
    ];
    for (key, value) in bad {
        let error = decode(&owner(""), [(key.as_str(), value.as_str())]).unwrap_err();
        assert!(error.message.contains(&key), "{key} = {value:?}: {error}");
    }
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    let mut ledger = example();
    for number in 0..6 {
        let id = KeyId(format!("AKIAIOSFODNN7EXAMP{number:02}"));
        ledger.keys.insert(id, ledger.keys[&KeyId("AKIAIOSFODNN7EXAMPLE".to_owned())].clone());
    }
    let error = encode(&owner(""), &ledger).unwrap_err();
    assert!(error.message.contains(&tag_keys(&owner(""))[0]), "{error}");
    let mut ledger = example();
    ledger.open.as_mut().unwrap().nonce = "not one word".to_owned();
    let error = encode(&owner(""), &ledger).unwrap_err();
    assert!(error.message.contains(":claim"), "{error}");
}
