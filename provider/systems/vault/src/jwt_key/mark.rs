//! The mark that stands in text lines before a public key: whose the key is, and a token by which a refusal can be proven when its
//! private half is long gone.

use std::fmt::Write;

use jiff::Timestamp;
use rotation::{Entry, KeyId, Mark, OwnerId};

/// What a key says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// The name of the resource's key.
    pub(crate) name: String,
    pub(crate) owner: OwnerId,
    pub(crate) instance: String,
    pub(crate) created_at: Timestamp,
    pub(crate) mark: Mark,
    /// A token by this key that logs nobody in; none where the mark was written when the private half was not at hand.
    pub(crate) probe: Option<String>,
}

/// Whose a published key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A rotating resource's.
    Marked(Tag),
    /// Nobody's: it stands there because a mount must have a key.
    Placeholder,
    /// Somebody else's.
    Unmarked,
}

/// A mark that cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Tag {
    /// What the resource wants a key to say that says `self`, or nothing, now.
    pub(crate) fn wanted(known: Option<&Self>, name: &str, owner: &OwnerId, entry: &Entry) -> Self {
        Self {
            name: name.to_owned(),
            owner: owner.clone(),
            instance: entry.instance.clone(),
            created_at: known.map_or(entry.since, |tag| tag.created_at),
            mark: entry.mark,
            probe: known.and_then(|tag| tag.probe.clone()),
        }
    }

    /// Whether this says the same; the owner's readable name does not count.
    pub(crate) fn says(&self, other: &Self) -> bool {
        (&self.name, &self.owner.hash, &self.instance, self.mark)
            == (&other.name, &other.owner.hash, &other.instance, other.mark)
    }

    /// The entry of a key that says this: the mark before the PEM, which the server keeps as it is.
    pub(crate) fn before(&self, kid: &KeyId, pem: &str) -> String {
        let OwnerId { hash, label } = &self.owner;
        let state = match self.mark {
            Mark::Minting => MINTING,
            Mark::Promoted => PROMOTED,
        };
        let lines = [
            ("name", self.name.as_str()),
            ("kid", &kid.0),
            ("owner", hash),
            ("resource", &plain(label)),
            ("instance", &self.instance),
            ("created", &self.created_at.to_string()),
            ("state", state),
        ];
        let mut text = format!("{FORM}\n");
        let probe = self.probe.iter().map(|probe| (PROBE, probe.as_str()));
        for (word, value) in lines.into_iter().chain(probe) {
            let _ = writeln!(text, "{word}: {value}");
        }
        text + pem
    }
}

/// The entry of a key that nobody has.
pub(crate) fn placeholder(pem: &str) -> String {
    format!("{PLACEHOLDER}\n{pem}")
}

/// The key of an entry, without what stands before it.
pub(crate) fn pem(entry: &str) -> &str {
    entry.find(BEGIN).map_or(entry, |at| &entry[at..])
}

/// What an entry with this key says of it.
///
/// # Errors
/// There is a mark that this version does not know, or one of another key. It is never passed over: it may be all that is known
/// of a key.
pub(crate) fn read(kid: &KeyId, entry: &str) -> Result<Standing, Unreadable> {
    let text = entry.find(BEGIN).map_or("", |at| &entry[..at]).trim();
    if !text.starts_with(OURS) {
        return Ok(Standing::Unmarked);
    }
    let mut lines = text.lines();
    match lines.next() {
        Some(PLACEHOLDER) => return Ok(Standing::Placeholder),
        Some(FORM) => {}
        _ => return Err(Unreadable),
    }
    let pairs: Vec<_> = lines.filter_map(|line| line.split_once(": ")).collect();
    let [("name", name), ("kid", of), ("owner", hash), ("resource", label), rest @ ..] = pairs.as_slice() else {
        return Err(Unreadable);
    };
    let [("instance", instance), ("created", created), ("state", state), rest @ ..] = rest else {
        return Err(Unreadable);
    };
    let probe = match rest {
        [] => None,
        [(PROBE, probe)] => Some((*probe).to_owned()),
        _ => return Err(Unreadable),
    };
    let mark = match *state {
        MINTING => Mark::Minting,
        PROMOTED => Mark::Promoted,
        _ => return Err(Unreadable),
    };
    let created_at = created.parse().map_err(|_| Unreadable)?;
    if *of != kid.0 || hash.len() != HASH || !hash.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(Unreadable);
    }
    let owner = OwnerId { hash: (*hash).to_owned(), label: (*label).to_owned() };
    let (name, instance) = ((*name).to_owned(), (*instance).to_owned());
    Ok(Standing::Marked(Tag { name, owner, instance, created_at, mark, probe }))
}

const BEGIN: &str = "-----BEGIN ";
const OURS: &str = "keyrotation ";
const FORM: &str = "keyrotation 1";
const PLACEHOLDER: &str = "keyrotation 1 placeholder";
const MINTING: &str = "new";
const PROMOTED: &str = "ok";
const PROBE: &str = "probe";
const HASH: usize = 16;
const LONGEST_LABEL: usize = 200;

/// The owner's name in signs that cannot end a line or begin a key.
fn plain(label: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=._:/@-".contains(c);
    let label: String = label.chars().take(LONGEST_LABEL).map(|c| if allowed(c) { c } else { '_' }).collect();
    label.replace(BEGIN.trim(), "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";

    fn id() -> KeyId {
        KeyId("abc_-1".to_owned())
    }

    fn tag(mark: Mark, label: &str, probe: Option<&str>) -> Tag {
        Tag {
            name: "payments".to_owned(),
            owner: OwnerId::new("urn:a", label),
            instance: "i0000001".to_owned(),
            created_at: Timestamp::constant(1_767_225_600, 123_456_789),
            mark,
            probe: probe.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for mark in [Mark::Minting, Mark::Promoted] {
            for probe in [None, Some("a.b.c")] {
                let tag = tag(mark, "dev/app/key", probe);
                let entry = tag.before(&id(), PEM);
                assert_eq!((read(&id(), &entry), pem(&entry)), (Ok(Standing::Marked(tag.clone())), PEM));
                // The server cuts white space off both ends.
                assert_eq!(read(&id(), entry.trim()), Ok(Standing::Marked(tag)));
            }
        }
        assert_eq!(read(&id(), &placeholder(PEM)), Ok(Standing::Placeholder));
        for other in [PEM, &format!("a note\n{PEM}"), &format!("my keyrotation 1\n{PEM}"), "", "no PEM"] {
            assert_eq!(read(&id(), other), Ok(Standing::Unmarked), "{other}");
        }
    }

    #[test]
    fn a_name_with_strange_signs_cannot_break_the_mark() {
        for label in ["a\nstate: ok", "x-----BEGIN PUBLIC KEY-----", "é \r\n", "", "-----BEGIN "] {
            let strange = tag(Mark::Minting, label, Some("a.b.c"));
            let entry = strange.before(&id(), PEM);
            let Ok(Standing::Marked(told)) = read(&id(), &entry) else { panic!("{label:?}: {entry}") };
            assert!(told.says(&strange) && pem(&entry) == PEM, "{label:?}");
        }
    }

    #[test]
    fn a_mark_of_another_version_or_key_is_not_passed_over() {
        let good = tag(Mark::Minting, "x", Some("a.b.c")).before(&id(), PEM);
        for (from, to) in [
            ("keyrotation 1", "keyrotation 2"),
            ("keyrotation 1", "keyrotation 11"),
            ("state: new", "state: old"),
            ("probe: ", "other: "),
            ("created: 2", "created: x"),
            ("name: payments\n", ""),
            ("kid: abc", "kid: abd"),
        ] {
            let broken = good.replacen(from, to, 1);
            assert!(broken != good && read(&id(), &broken) == Err(Unreadable), "{from} {to}");
        }
    }
}
