/// How far a key has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It was made; nobody but the state knows it.
    Minted,
    /// A run that ended well has said it in its outputs, so that users can publish it.
    Offered,
    /// The system accepted it as often as asked.
    Verified,
    /// The mark calls it promoted: dependents may use it.
    Promoted,
}

/// When a new key can be tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// As soon as it was made.
    #[default]
    Direct,
    /// Only once users have published what the outputs say of it: the system learns of a change after the run.
    OncePublished,
}

impl Proof {
    /// The stages of a new key, in their order. A stage that a run cannot bring about is one that its answer brings about, for a later run.
    pub fn stages(self) -> &'static [Stage] {
        match self {
            Self::Direct => &[Stage::Minted, Stage::Verified, Stage::Promoted],
            Self::OncePublished => &[Stage::Minted, Stage::Offered, Stage::Verified, Stage::Promoted],
        }
    }
}
