//! The mark that stands in a key's description, behind the user's own text: `[keyrotation 1 HASH INSTANCE new stack/project/name]`.

use rotation::{Entry, Mark, OwnerId};

/// What a key says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) owner: OwnerId,
    pub(crate) instance: String,
    pub(crate) mark: Mark,
}

/// A mark that cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Tag {
    pub(crate) fn of(owner: &OwnerId, entry: &Entry) -> Self {
        Self { owner: owner.clone(), instance: entry.instance.clone(), mark: entry.mark }
    }

    /// Whether this says the same; the owner's readable name does not count.
    pub(crate) fn says(&self, other: &Self) -> bool {
        (&self.owner.hash, &self.instance, self.mark) == (&other.owner.hash, &other.instance, other.mark)
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

/// The user's own text, and the mark behind it.
///
/// # Errors
/// There is a mark that this version does not know. It is never passed over: it may be all that is known of a key.
pub(crate) fn split(description: &str) -> Result<(&str, Option<Tag>), Unreadable> {
    let Some(at) = description.rfind(BEGIN) else { return Ok((description, None)) };
    let (text, tag) = description.split_at(at);
    let inner = tag.strip_prefix(BEGIN).and_then(|tag| tag.trim_end().strip_suffix(END)).ok_or(Unreadable)?;
    let words: Vec<&str> = inner.split_ascii_whitespace().collect();
    let [VERSION, hash, instance, mark, label @ ..] = words.as_slice() else { return Err(Unreadable) };
    let mark = match *mark {
        MINTING => Mark::Minting,
        PROMOTED => Mark::Promoted,
        _ => return Err(Unreadable),
    };
    if hash.len() != HASH || !hash.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(Unreadable);
    }
    let label = match label {
        [] => format!("a resource with the mark {hash}"),
        words => words.join(" "),
    };
    let owner = OwnerId { hash: (*hash).to_owned(), label };
    Ok((text.trim_end(), Some(Tag { owner, instance: (*instance).to_owned(), mark })))
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
                assert_eq!(split(&tag.behind(text)), Ok((text, Some(tag))));
            }
        }
        assert_eq!(split("nothing of ours"), Ok(("nothing of ours", None)));
    }

    #[test]
    fn a_name_with_strange_signs_cannot_break_the_mark() {
        let strange = tag(Mark::Minting, "a b]é[keyrotation 1");
        let written = strange.behind("x");
        let (text, read) = split(&written).unwrap();
        assert!(text == "x" && read.is_some_and(|read| read.says(&strange)));
    }

    #[test]
    fn a_mark_of_another_version_is_not_passed_over() {
        for broken in ["[keyrotation", "[keyrotation]", "[keyrotation 2 a b c]", "[keyrotation 1 short i new x]"] {
            assert_eq!(split(broken), Err(Unreadable), "{broken}");
        }
        let cut = tag(Mark::Minting, "x").behind("");
        assert_eq!(split(&cut[..cut.len() - 1]), Err(Unreadable));
    }
}
