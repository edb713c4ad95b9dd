//! Which user has an access key.

use rotation::{Error, ErrorKind, KeyId};

use crate::error::{Call, Explain};
use crate::session::Session;

/// The name of the user that has the key.
///
/// # Errors
/// AWS does not tell, by [`ErrorKind::Denied`] also of a key that does not exist or is another account's.
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
        "AWS does not tell which IAM user has the access key {key}: the key does not exist, it belongs to another account, or the plugin's credentials lack the permission iam:GetAccessKeyLastUsed [KR-AWS-042]"
    )
}
