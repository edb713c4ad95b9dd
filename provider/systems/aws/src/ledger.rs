//! Our marks in the tags of an IAM user.

use cloud::TagForm;
use rotation::{Error, Ledger, Ledgers, OwnerId};

/// The longest value is of the IAM User Guide, "Tag naming limits and requirements".
const FORM: TagForm = TagForm { service: "AWS", longest: 256, read: "iam:ListUserTags", write: "iam:TagUser" };

/// The keys of the two tags that make up one mark.
pub(crate) fn tag_keys(owner: &OwnerId) -> [String; 2] {
    TagForm::keys(owner)
}

/// The two tags that say what the ledger says. They are written in one call, so that none is ever half new.
///
/// # Errors
/// If it does not fit.
pub(crate) fn encode(owner: &OwnerId, ledger: &Ledger) -> Result<[(String, String); 2], Error> {
    FORM.encode(owner, ledger)
}

/// The marks that the tags of a user hold; other tags are passed over.
///
/// # Errors
/// If a tag with our prefix cannot be understood.
pub(crate) fn decode<'a>(
    owner: &OwnerId,
    tags: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Ledgers, Error> {
    FORM.decode(owner, tags)
}

#[cfg(test)]
mod tests;
