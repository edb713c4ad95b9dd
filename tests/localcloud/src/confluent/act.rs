//! What a stranger can be told to do, in JSON.

use serde::Deserialize;

use super::Confluent;
use super::error::Refusal;
use super::kind::Resource;

/// One deed of somebody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum Act {
    MintKey { owner: String, resource: Resource },
    DeleteKey { api_key: String },
    DescribeKey { api_key: String, display_name: String, description: String },
    DeleteOwner { owner: String },
}

impl Act {
    pub(crate) fn perform(&self, confluent: &Confluent) -> Result<(), Refusal> {
        match self {
            Self::MintKey { owner, resource } => confluent.mint_key(owner, resource).map(drop),
            Self::DeleteKey { api_key } => confluent.delete_key(api_key),
            Self::DescribeKey { api_key, display_name, description } => {
                confluent.describe_key(api_key, display_name, description)
            }
            Self::DeleteOwner { owner } => confluent.delete_owner(owner),
        }
    }
}
