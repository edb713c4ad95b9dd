//! Which steps of the model belong to which invocation. Whatever it is not, waits for a later one.

use rotation::Step as Model;

use crate::event::Step;

/// What an invocation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Writes into the mark what an earlier rotation left unwritten, before anything is judged by it.
    Heal,
    /// Makes a key and fills the version.
    Make,
    /// Nothing but what the filled version calls for.
    Resume,
    /// Tries the key of the version.
    Try,
    /// Looks whether a rotation could begin. Changes nothing.
    Look,
    /// Lets consumers read the version, and ends what is over.
    Finish,
}

impl Scope {
    /// The scope of a step, for a version that holds a new key or none.
    pub(crate) fn of(step: Step, holds_key: bool) -> Self {
        match (step, holds_key) {
            (Step::Create, false) => Self::Make,
            (Step::Create, true) | (Step::Set, _) => Self::Resume,
            (Step::Test, true) => Self::Try,
            (Step::Test, false) => Self::Look,
            (Step::Finish, _) => Self::Finish,
        }
    }

    /// Whether it tries new keys. A key is put into the version before it is tried: then nothing is lost with this process.
    pub(crate) fn tries(self) -> bool {
        matches!(self, Self::Try | Self::Finish)
    }

    /// Whether a step of the model belongs to a later invocation.
    pub(crate) fn is_later(self, step: &Model) -> bool {
        use Model as M;
        let only_looks = matches!(step, M::Settle(_) | M::Inspect(_) | M::Forget(_) | M::Disown(_) | M::Complete(_));
        let mints = matches!(step, M::Claim | M::Mint | M::MakeRoom(_));
        let fills = matches!(step, M::Publish(..));
        let promotes = matches!(step, M::PromoteIn(..));
        let ends = matches!(step, M::Retire(_) | M::Disable(_) | M::Renew(_) | M::Withdraw(_) | M::DropFormer(_));
        match self {
            Self::Heal => mints || fills || promotes,
            Self::Make => promotes || ends,
            Self::Resume => mints || fills || promotes || ends,
            Self::Try => mints || fills || promotes || ends || *step == M::Close,
            Self::Look => !only_looks,
            Self::Finish => mints || fills,
        }
    }
}

#[cfg(test)]
mod tests {
    use rotation::{KeyId, Target};

    use super::*;

    const ALL: [Scope; 6] = [Scope::Heal, Scope::Make, Scope::Resume, Scope::Try, Scope::Look, Scope::Finish];

    #[test]
    fn one_scope_mints_and_one_promotes() {
        let target = Target {
            identity: String::new(),
            label: String::new(),
            shape: String::new(),
            reads_back: false,
            keeps_secrets: false,
            holds_staged: true,
        };
        let id = || KeyId("1".to_owned());
        let in_scope = |step: &Model| ALL.into_iter().filter(|scope| !scope.is_later(step)).collect::<Vec<_>>();
        for step in [Model::Claim, Model::Mint, Model::MakeRoom(id())] {
            assert_eq!(in_scope(&step), [Scope::Make], "{step:?}");
        }
        assert_eq!(in_scope(&Model::Publish(target.clone(), id())), [Scope::Make]);
        assert_eq!(in_scope(&Model::PromoteIn(target, id())), [Scope::Finish]);
        assert_eq!(in_scope(&Model::Retire(id())), [Scope::Heal, Scope::Finish]);
        assert!(!in_scope(&Model::Discard(id())).contains(&Scope::Look), "a look changes nothing");
    }
}
