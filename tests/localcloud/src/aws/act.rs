//! What a stranger can be told to do, in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Aws;
use super::error::Refusal;

/// One deed of somebody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum Act {
    MintKey { user: String },
    DeleteKey { access_key_id: String },
    SetKeyActive { access_key_id: String, active: bool },
    SetTags { user: String, tags: BTreeMap<String, String> },
    EditSecret { name: String, value: String },
}

impl Act {
    pub(crate) fn perform(&self, aws: &Aws) -> Result<(), Refusal> {
        match self {
            Self::MintKey { user } => aws.mint_key(user).map(drop),
            Self::DeleteKey { access_key_id } => aws.delete_key(access_key_id),
            Self::SetKeyActive { access_key_id, active } => aws.set_key_active(access_key_id, *active),
            Self::SetTags { user, tags } => aws.set_tags(user, tags),
            Self::EditSecret { name, value } => aws.edit_secret(name, value),
        }
    }
}
