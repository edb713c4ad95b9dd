//! Retry tokens: a create that is repeated with the same token is answered as it was the first time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::call::Reply;
use super::error::Refusal;
use crate::lag::since;

/// For how long a token is known.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// What a token stands for: who used it, and what for.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) target: String,
    pub(super) body: Vec<u8>,
}

struct Kept {
    at: Timestamp,
    asked: Asked,
    reply: Reply,
    /// Whether what was made has been deleted since.
    spent: bool,
}

/// The answers of creates, by user and token.
#[derive(Default)]
pub(super) struct Retries {
    kept: BTreeMap<(String, String), Kept>,
}

impl Retries {
    /// The first answer, if this user has used this token before.
    ///
    /// # Errors
    /// When the token stood for another request, or what that made is there no longer.
    pub(super) fn find(
        &self,
        (user, token): (&str, &str),
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Option<Reply>, Refusal> {
        let kept = self.kept.get(&(user.to_owned(), token.to_owned()));
        match kept.filter(|kept| since(kept.at, now) < LIFE) {
            None => Ok(None),
            Some(kept) if kept.asked != *asked => Err(Refusal::token_of_another_request()),
            Some(kept) if kept.spent => Err(Refusal::spent_token()),
            Some(kept) => Ok(Some(kept.reply.clone())),
        }
    }

    pub(super) fn keep(&mut self, (user, token): (&str, &str), asked: Asked, reply: &Reply, now: Timestamp) {
        let kept = Kept { at: now, asked, reply: reply.clone(), spent: false };
        self.kept.insert((user.to_owned(), token.to_owned()), kept);
    }

    /// Something was deleted: whoever made it cannot be told again that it is there.
    pub(super) fn spend(&mut self, made: &str) {
        for kept in self.kept.values_mut().filter(|kept| kept.reply.made.as_deref() == Some(made)) {
            kept.spent = true;
        }
    }
}
