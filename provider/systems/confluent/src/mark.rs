//! The mark that stands in a key's description, behind the user's own text: `[keyrotation 1 HASH INSTANCE new stack/project/name]`.

use rotation::{Entry, Mark, OwnerId};

/// What a key says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) owner: OwnerId,
    pub(crate) instance: String,
    pub(crate) mark: Mark,
}

/// What stands behind the user's own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing of ours.
    Nothing,
    /// A mark of this version, whole, or cut by the service behind the hash of its owner.
    Mark(Tag),
    /// It begins like a mark and is none that this version knows: of a newer version, or of somebody who writes alike.
    Strange(String),
}

impl Tag {
    pub(crate) fn of(owner: &OwnerId, entry: &Entry) -> Self {
        Self { owner: owner.clone(), instance: entry.instance.clone(), mark: entry.mark }
    }

    /// Whether this says the same; the owner's readable name does not count.
    pub(crate) fn says(&self, other: &Self) -> bool {
        (&self.owner.hash, &self.instance, self.mark) == (&other.owner.hash, &other.instance, other.mark)
    }

    /// Whether a description holds this from end to end.
    pub(crate) fn is_whole_in(&self, description: &str) -> bool {
        let read = if description.trim_end().ends_with(END) { split(description).1 } else { Said::Nothing };
        matches!(read, Said::Mark(read) if read.says(self))
    }

    /// A description that says this behind the user's own text.
    pub(crate) fn behind(&self, text: &str) -> String {
        let mark = match self.mark {
            Mark::Minting => MINTING,
            Mark::Promoted => PROMOTED,
        };
        let OwnerId { hash, label } = &self.owner;
        let tag = format!("{BEGIN} {VERSION} {hash} {} {mark} {}{END}", self.instance, plain(label));
        if text.is_empty() { tag } else { format!("{text} {tag}") }
    }
}

/// Whether a text could be taken for one that has a mark.
pub(crate) fn stands_in(text: &str) -> bool {
    text.contains(BEGIN)
}

/// The user's own text, and what stands behind it.
pub(crate) fn split(description: &str) -> (&str, Said) {
    let Some(at) = description.rfind(BEGIN) else { return (description, Said::Nothing) };
    let (text, said) = description.split_at(at);
    match read(said) {
        Some(tag) => (text.trim_end(), Said::Mark(tag)),
        None => (description, Said::Strange(said.to_owned())),
    }
}

fn read(said: &str) -> Option<Tag> {
    let inner = said.strip_prefix(BEGIN)?.trim_end();
    let (inner, is_whole) = inner.strip_suffix(END).map_or((inner, false), |inner| (inner, true));
    let mut words = inner.split_ascii_whitespace();
    let (VERSION, hash) = (words.next()?, words.next()?) else { return None };
    if hash.len() != HASH || !hash.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let instance = words.next();
    let mark = match (words.next(), is_whole) {
        (Some(MINTING), _) => Mark::Minting,
        (Some(PROMOTED), _) => Mark::Promoted,
        // Marks are cut at a key's birth or never, and each is born as new.
        (None, false) => Mark::Minting,
        (Some(cut), false) if MINTING.starts_with(cut) && words.next().is_none() => Mark::Minting,
        _ => return None,
    };
    let label = match words.collect::<Vec<_>>().as_slice() {
        [] => format!("a resource with the mark {hash}"),
        words => words.join(" "),
    };
    let owner = OwnerId { hash: hash.to_owned(), label };
    Some(Tag {
        owner,
        instance: instance.filter(|_| is_whole || mark_is_told(inner)).unwrap_or_default().to_owned(),
        mark,
    })
}

/// Whether a cut mark holds the word behind the instance, so that the instance is whole.
fn mark_is_told(inner: &str) -> bool {
    inner.split_ascii_whitespace().nth(3).is_some()
}

const BEGIN: &str = "[keyrotation";
const END: char = ']';
const VERSION: &str = "1";
const MINTING: &str = "new";
const PROMOTED: &str = "ok";
const HASH: usize = 16;
/// How long a description may be is not published, so the readable name is kept short.
const LONGEST_LABEL: usize = 80;

/// The owner's name in signs that cannot end or split the mark.
pub(crate) fn plain(label: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+-=._:/@".contains(c);
    label.chars().take(LONGEST_LABEL).map(|c| if allowed(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(mark: Mark, label: &str) -> Tag {
        let owner = OwnerId::new("urn:a", label);
        Tag { owner, instance: "i0000001".to_owned(), mark }
    }

    #[test]
    fn what_is_written_is_read() {
        for mark in [Mark::Minting, Mark::Promoted] {
            for text in ["", "for the pipeline", "a [note] of mine"] {
                let tag = tag(mark, "dev/app/key");
                assert_eq!(split(&tag.behind(text)), (text, Said::Mark(tag)));
            }
        }
        assert_eq!(split("nothing of ours"), ("nothing of ours", Said::Nothing));
    }

    #[test]
    fn a_name_with_strange_signs_cannot_break_the_mark() {
        let strange = tag(Mark::Minting, "a b]é[keyrotation 1");
        let written = strange.behind("x");
        let (text, Said::Mark(read)) = split(&written) else { panic!("{written}") };
        assert!(text == "x" && read.says(&strange));
    }

    #[test]
    fn a_mark_of_another_version_is_kept_as_it_is() {
        for strange in [
            "[keyrotation",
            "[keyrotation]",
            "[keyrotation 2 a b c]",
            "[keyrotation 1 short i new x]",
            "x [keyrotation team]",
        ] {
            let (text, Said::Strange(said)) = split(strange) else { panic!("{strange}") };
            assert!(text == strange && strange.ends_with(&said), "{strange}");
        }
    }

    /// However the service cuts a new key's description: as long as the owner can be read, the key is ours and unpromoted.
    #[test]
    fn official_c5_a_mark_that_was_cut_is_found_while_its_owner_can_be_read() {
        let tag = tag(Mark::Minting, "dev/app/key");
        let whole = tag.behind("for the pipeline");
        let hash_ends = whole.find(&tag.owner.hash).unwrap() + HASH;
        for length in 0..whole.len() {
            match split(&whole[..length]) {
                (_, Said::Mark(read)) => {
                    assert!(length >= hash_ends, "{length}");
                    assert_eq!((&read.owner.hash, read.mark), (&tag.owner.hash, Mark::Minting), "{length}");
                    assert!(!tag.is_whole_in(&whole[..length]) && tag.is_whole_in(&whole));
                    assert!(read.instance.is_empty() || read.instance == tag.instance, "{length}: {}", read.instance);
                }
                _ => assert!(length < hash_ends, "{length}"),
            }
        }
    }

    #[test]
    fn official_c5_a_promoted_mark_that_was_cut_is_never_taken_for_a_new_one() {
        let whole = tag(Mark::Promoted, "dev/app/key").behind("");
        let told = whole.find(" ok").unwrap() + 3;
        for length in told..whole.len() {
            assert!(matches!(split(&whole[..length]).1, Said::Mark(Tag { mark: Mark::Promoted, .. })), "{length}");
        }
        assert!(matches!(split(&whole[..told - 1]).1, Said::Strange(_)));
    }
}
