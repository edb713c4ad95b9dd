//! Whose an access key is, for those who only know its id: another system may sign with it.

use std::sync::Arc;

use rotation::{Error, KeyId, KeyIssuer, Known, OwnerId};

use crate::args::Args;
use crate::issuer::AwsIssuer;
use crate::lookup::user_of;
use crate::session::Session;

/// The IAM user of an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// The user's name.
    pub user: String,
    /// The resource whose mark the user bears, as `stack/project/name`; none if no `aws:RotatingApiKey` manages its keys.
    pub managed_by: Option<String>,
}

/// Asks AWS.
///
/// # Errors
/// AWS does not tell, by [`Denied`](rotation::ErrorKind::Denied) also of a key that does not exist or is another account's.
pub(crate) async fn owner_of(session: Arc<Session>, key: &KeyId) -> Result<KeyOwner, Error> {
    let user = user_of(&session, key).await?;
    let issuer = AwsIssuer::new(session, Args { user: user.clone(), ses_region: None }, Known::default());
    let ledgers = issuer.read_ledgers(&nobody()).await?;
    let managed_by = ledgers.others.into_iter().next().map(|other| other.owner.label);
    Ok(KeyOwner { user, managed_by })
}

/// Every mark is somebody else's to it.
fn nobody() -> OwnerId {
    OwnerId::new("", "")
}
