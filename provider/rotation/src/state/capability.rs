use jiff::SignedDuration;

use super::Proof;

/// What a system can do with keys, and how slowly.
#[derive(Clone, Debug, PartialEq)]
pub struct Capability {
    /// How many keys a principal may have, disabled ones included; none if there is no limit worth knowing.
    pub quota: Option<usize>,
    /// How long after a change a list may still be wrong.
    pub settle: SignedDuration,
    /// How long one attempt to mint may go unanswered. A key that a lost attempt made is not younger than that.
    pub mint_timeout: SignedDuration,
    /// Whether two generations of a key can work at the same time.
    pub holds_two: bool,
    /// Whether a key can be disabled, and enabled again.
    pub disables: bool,
    /// Whether it tells when a key was last used.
    pub tells_last_use: bool,
    /// Where our marks stand.
    pub marks: Marks,
    /// Whether keys end by themselves and can be given more time.
    pub expires: bool,
    /// Whether lists show keys that nobody told the issuer of. Where they do not, strangers' keys are not seen, and none can be adopted.
    pub lists_all: bool,
    /// When a new key can be tried.
    pub proof: Proof,
    /// Where the mark is a pair of tags on the principal: how to keep others from removing them, as a sentence. None where it is no tags.
    pub tags: Option<&'static str>,
}

impl Capability {
    /// What messages call the mark after the word "ownership", and the pronoun that stands for it.
    pub(crate) fn mark_words(&self) -> (&'static str, &'static str) {
        if self.tags.is_some() { ("tags", "them") } else { ("mark", "it") }
    }
}

/// Where the marks stand that say which keys are ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marks {
    /// One on the principal, written before a key is made.
    #[default]
    OnPrincipal,
    /// One mark on each key, created with the key in one step. No claim precedes a mint, because the mark identifies the key.
    OnKeys,
    /// Nowhere: there is no place for them, and what the state says is all that is known.
    Nowhere,
}

impl Default for Capability {
    /// No quota, nothing to wait for, 30 s for a mint, two generations, disabling and last use.
    fn default() -> Self {
        let mint_timeout = SignedDuration::from_secs(30);
        Self {
            quota: None,
            settle: SignedDuration::ZERO,
            mint_timeout,
            holds_two: true,
            disables: true,
            tells_last_use: true,
            marks: Marks::default(),
            expires: false,
            lists_all: true,
            proof: Proof::default(),
            tags: None,
        }
    }
}
