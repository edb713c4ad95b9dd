//! Whose an access key is, for those who only know its id: another system may sign with it.

use std::sync::Arc;

use rotation::{Error, ErrorKind, KeyId, KeyIssuer, OwnerId};

use crate::args::Args;
use crate::error::Call;
use crate::issuer::AwsIssuer;
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
/// AWS does not tell, by [`ErrorKind::Denied`] also of a key that does not exist or is another account's.
pub(crate) async fn owner_of(session: Arc<Session>, key: &KeyId) -> Result<KeyOwner, Error> {
    let user = user_of(&session, key).await?;
    let issuer = AwsIssuer::new(session, Args { user: user.clone(), ses_region: None });
    let ledgers = issuer.read_ledgers(&nobody()).await?;
    let managed_by = ledgers.others.into_iter().next().map(|other| other.owner.label);
    Ok(KeyOwner { user, managed_by })
}

/// The name of the user that has the key.
///
/// # Errors
/// As [`owner_of`].
pub(crate) async fn user_of(session: &Session, key: &KeyId) -> Result<String, Error> {
    let call = Call { operation: "iam:GetAccessKeyLastUsed", user: &key.0 };
    let request = session.clients().await?.iam.get_access_key_last_used().access_key_id(&key.0);
    let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
    let answer = session.time().repeat(send).await.map_err(|error| match error.kind {
        ErrorKind::Denied => Error { message: not_told(key), ..error },
        _ => error,
    })?;
    answer.user_name.ok_or_else(|| call.incomplete("UserName"))
}

/// AWS gives one answer for all three.
fn not_told(key: &KeyId) -> String {
    format!(
        "AWS does not tell whose access key {key} is: it does not exist, or it is of another account, or the plugin's credentials lack the right to call iam:GetAccessKeyLastUsed"
    )
}

/// Every mark is somebody else's to it.
fn nobody() -> OwnerId {
    OwnerId::new("", "")
}
