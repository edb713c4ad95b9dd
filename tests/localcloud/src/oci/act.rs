//! What a stranger can be told to do, in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::Refusal;
use super::{Kind, Oci};

/// One deed of somebody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum Act {
    MintKey { user: String },
    DeleteKey { user: String, fingerprint: String },
    MintSecret { user: String, kind: Kind },
    DeleteSecret { id: String },
    SetTags { user: String, tags: BTreeMap<String, String> },
}

impl Act {
    pub(crate) fn perform(&self, oci: &Oci) -> Result<(), Refusal> {
        match self {
            Self::MintKey { user } => oci.mint_key(user).map(drop),
            Self::DeleteKey { user, fingerprint } => oci.delete_key(user, fingerprint),
            Self::MintSecret { user, kind } => oci.mint_secret(user, *kind, "somebody else's").map(drop),
            Self::DeleteSecret { id } => oci.delete_secret(id),
            Self::SetTags { user, tags } => oci.set_tags(user, tags),
        }
    }
}
