//! Our mark on a credential: it stands behind what the user wrote, in the text that OCI shows.

use jiff::Timestamp;
use rotation::{Effect, Entry, Error, ErrorKind, Mark, OwnerId};

/// A credential's text must not be longer. Oracle documents 400 characters for descriptions; the limit of display names is not verified.
const LONGEST: usize = 255;
const BEGIN: &str = "[keyrotation ";
const MINTING: &str = "new";
const PROMOTED: &str = "ok";

/// What a mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marked {
    /// The name of the resource's credentials.
    pub(super) name: String,
    /// Whose it is.
    pub(super) owner: OwnerId,
    /// The instance that made it.
    pub(super) instance: String,
    /// How far it came.
    pub(super) mark: Mark,
}

impl Marked {
    /// The text of a credential: what the user wrote, then the mark. The owner's readable name is cut where there is no room.
    pub(super) fn write(&self, text: &str) -> String {
        let Self { name, owner, instance, mark } = self;
        let mark = match mark {
            Mark::Minting => MINTING,
            Mark::Promoted => PROMOTED,
        };
        let mut written = format!("{text} {BEGIN}{name} {} {instance} {mark} ", owner.hash);
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+-=._:/@".contains(c);
        let room = LONGEST.saturating_sub(written.chars().count() + 1);
        written.extend(owner.label.chars().map(|c| if allowed(c) { c } else { '_' }).take(room));
        written.push(']');
        written
    }

    /// The mark in a credential's text; none if there is none.
    ///
    /// # Errors
    /// There is one, and it cannot be understood. It is never passed over: it may be all that is known of a key.
    pub(super) fn read(text: &str, (id, operation): (&str, &'static str)) -> Result<Option<Self>, Error> {
        let Some((_, rest)) = text.rsplit_once(BEGIN) else { return Ok(None) };
        Self::parse(rest).map(Some).ok_or_else(|| {
            let message = format!(
                "the text of {id} holds a mark that is not one that this version of the plugin writes, so nothing was changed: upgrade the plugin, or change the text if it was written by hand [KR-OCI-009]"
            );
            Error::new(ErrorKind::Unexpected, operation, message).effect(Effect::None)
        })
    }

    /// What the ledger says of a credential that was made at this time.
    pub(super) fn entry(&self, created_at: Timestamp) -> Entry {
        Entry::of(self.instance.clone(), self.mark, created_at)
    }

    fn parse(rest: &str) -> Option<Self> {
        let (inside, _) = rest.split_once(']')?;
        let mut words = inside.splitn(5, ' ');
        let mut word = || words.next().filter(|word| is_word(word)).map(str::to_owned);
        let (name, hash, instance) = (word()?, word()?, word()?);
        let mark = match word()?.as_str() {
            MINTING => Mark::Minting,
            PROMOTED => Mark::Promoted,
            _ => return None,
        };
        let label = words.next().unwrap_or_default().to_owned();
        Some(Self { name, owner: OwnerId { hash, label }, instance, mark })
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(label: &str) -> Marked {
        let owner = OwnerId::new("urn:pulumi:dev::app::x", label);
        let (name, instance) = ("n".repeat(32), "0123456789abcdef".to_owned());
        Marked { name, owner, instance, mark: Mark::Minting }
    }

    fn read(text: &str) -> Result<Option<Marked>, Error> {
        Marked::read(text, ("ocid1.credential", "identity:ListAuthTokens"))
    }

    #[test]
    fn what_is_written_is_read_and_fits() {
        for text in ["x".to_owned(), "é [really] [keyrotation".to_owned(), "x".repeat(100)] {
            for label in ["", "dev/app/key", "dev/app/a ] b", &"l".repeat(300)] {
                let written = marked(label).write(&text);
                assert!(written.chars().count() <= LONGEST && written.starts_with(&text), "{written}");
                let back = read(&written).unwrap().unwrap();
                let expected = marked(&back.owner.label);
                assert_eq!(
                    back,
                    Marked { owner: OwnerId { hash: expected.owner.hash.clone(), ..back.owner.clone() }, ..expected }
                );
                assert_eq!(label == "dev/app/key", back.owner.label == "dev/app/key");
            }
        }
    }

    #[test]
    fn other_texts_have_no_mark() {
        for text in ["", "backup", "[keyrotation]", "keyrotation n h i new"] {
            assert_eq!(read(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn a_mark_that_cannot_be_read_stops_everything() {
        for text in
            ["x [keyrotation n h i later x]", "[keyrotation n h i", "[keyrotation n]", "[keyrotation n h  new x]"]
        {
            let error = read(text).unwrap_err();
            assert!(error.message.contains("ocid1.credential"), "{error}");
        }
    }
}
