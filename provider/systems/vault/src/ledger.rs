//! A mark as one text: which keys are ours, how far each has come, and the mint under way.
//!
//! Where somebody else could make the very key that a claim names, a key that is not proven yet carries a print of its value.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rotation::{Claim, Entry, KeyId, Ledger, Mark, OwnerId};
use serde::{Deserialize, Serialize};

const FORM: u32 = 1;
const LABEL: usize = 200;

/// The prints of keys that are not yet proven.
pub(crate) type Prints = BTreeMap<KeyId, String>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    /// The form's number: another one is another plugin's.
    form: u32,
    #[serde(rename = "for")]
    owner: String,
    keys: BTreeMap<String, Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<Open>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    by: String,
    is: Stage,
    at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    promoted: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    print: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stage {
    New,
    Ok,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    by: String,
    at: Timestamp,
    known: Vec<String>,
}

/// The mark as text, in ASCII; none if it cannot be written, which would be a bug.
pub(crate) fn write(owner: &OwnerId, ledger: &Ledger, prints: &Prints) -> Option<String> {
    let line = |(id, entry): (&KeyId, &Entry)| {
        let (is, print) = match entry.mark {
            Mark::Minting => (Stage::New, prints.get(id).cloned()),
            Mark::Promoted => (Stage::Ok, None),
        };
        let (generation, promoted) = (entry.generation, entry.promoted_at.map(Timestamp::as_second));
        (
            id.0.clone(),
            Line { by: entry.instance.clone(), is, at: entry.since.as_second(), generation, promoted, print },
        )
    };
    let open = |claim: &Claim| Open { by: claim.nonce.clone(), at: claim.at, known: ranges(&claim.known) };
    let plain = |c: char| if c.is_ascii_graphic() && c != '"' && c != '\\' { c } else { '_' };
    let text = Text {
        form: FORM,
        owner: owner.label.chars().map(plain).take(LABEL).collect(),
        keys: ledger.keys.iter().map(line).collect(),
        open: ledger.open.as_ref().map(open),
    };
    serde_json::to_string(&text).ok().filter(|text| text.is_ascii())
}

/// The owner's readable name, the mark, and the prints in it; none if another plugin wrote it, or nobody.
pub(crate) fn read(text: &str) -> Option<(String, Ledger, Prints)> {
    let text: Text = serde_json::from_str(text).ok()?;
    if text.form != FORM {
        return None;
    }
    let mut ledger = Ledger::default();
    let mut prints = Prints::new();
    for (id, line) in text.keys {
        let id = KeyId(id);
        let mark = match line.is {
            Stage::New => Mark::Minting,
            Stage::Ok => Mark::Promoted,
        };
        let since = Timestamp::from_second(line.at).ok()?;
        prints.extend(line.print.map(|print| (id.clone(), print)));
        let promoted_at = line.promoted.map(Timestamp::from_second).transpose().ok()?;
        let entry = Entry { generation: line.generation, promoted_at, ..Entry::of(line.by, mark, since) };
        ledger.keys.insert(id, entry);
    }
    if let Some(Open { by, at, known }) = text.open {
        ledger.open = Some(Claim { nonce: by, at, known: known_of(&known)? });
    }
    Some((text.owner, ledger, prints))
}

/// Versions as `3` and `5-9`, so that a path with many does not fill its mark.
fn ranges(known: &BTreeSet<KeyId>) -> Vec<String> {
    let number = |id: &KeyId| id.0.parse::<u64>().ok().filter(|number| number.to_string() == id.0);
    let (numbers, others): (Vec<_>, Vec<_>) = known.iter().map(|id| number(id).ok_or(id)).partition(Result::is_ok);
    let mut numbers: Vec<u64> = numbers.into_iter().flatten().collect();
    numbers.sort_unstable();
    let runs = numbers.chunk_by(|one, next| one + 1 == *next).filter_map(|run| Some((run.first()?, run.last()?)));
    let runs = runs.map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    runs.chain(others.into_iter().filter_map(Result::err).map(|id| id.0.clone())).collect()
}

fn known_of(ranges: &[String]) -> Option<BTreeSet<KeyId>> {
    let mut known = BTreeSet::new();
    for range in ranges {
        let ends = range
            .split_once('-')
            .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
        match ends {
            Some((first, last)) if last.checked_sub(first)? <= MOST_KNOWN => {
                known.extend((first..=last).map(|number| KeyId(number.to_string())));
            }
            Some(_) => return None,
            None => {
                known.insert(KeyId(range.clone()));
            }
        }
    }
    Some(known)
}

/// A path keeps fewer versions than that.
const MOST_KNOWN: u64 = 100_000;
