//! A secret of Secrets Manager whose rotation is a function's work: what the four steps of a rotation read and write there.
//!
//! Here `AWSPENDING` is Secrets Manager's own: it puts the label on the version that a rotation is to fill. All calls may be repeated.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use rotation::{Error, ErrorKind};
use secrecy::SecretString;

use crate::error::Explain;
use crate::session::Session;
use crate::store::{SecretCall, held, shown};

/// The version that consumers read.
pub const CURRENT: &str = "AWSCURRENT";
/// The version that they read before.
pub const PREVIOUS: &str = "AWSPREVIOUS";
/// The version that a rotation fills.
pub const PENDING: &str = "AWSPENDING";

/// The parameter that names the secret, in the event of an invocation.
const SECRET_ID: &str = "SecretId";

/// One secret, for one invocation of a rotation function.
pub struct RotatedSecret {
    session: Arc<Session>,
    id: String,
    /// What Secrets Manager passes on so that a function of another account or role may write the version.
    rotation_token: Option<String>,
}

/// What Secrets Manager tells of a secret. No value is in it.
#[derive(Clone, Debug)]
pub struct RotatedDescription {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Whether a rotation is set up and turned on.
    pub rotates: bool,
    /// Whether it waits for its deletion.
    pub deleted: bool,
    /// The labels of each version that has one.
    pub labels: BTreeMap<String, Vec<String>>,
}

impl RotatedDescription {
    /// The version that has a label.
    pub fn holder(&self, label: &str) -> Option<&str> {
        let has = |labels: &Vec<String>| labels.iter().any(|one| one == label);
        self.labels.iter().find(|(_, labels)| has(labels)).map(|(version, _)| version.as_str())
    }
}

impl RotatedSecret {
    pub(crate) fn new(session: Arc<Session>, id: &str, rotation_token: Option<String>) -> Self {
        Self { session, id: id.to_owned(), rotation_token }
    }

    /// What stands there now.
    ///
    /// # Errors
    /// The secret does not exist, or there was no definite answer.
    pub async fn describe(&self) -> Result<RotatedDescription, Error> {
        let request = self.client().await?.describe_secret().secret_id(&self.id);
        let call = self.call("secretsmanager:DescribeSecret");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        let told = self.session.time().repeat(send).await?;
        Ok(RotatedDescription {
            arn: told.arn.unwrap_or_else(|| self.id.clone()),
            name: told.name.unwrap_or_else(|| self.id.clone()),
            rotates: told.rotation_enabled.unwrap_or(false),
            deleted: told.deleted_date.is_some(),
            labels: told.version_ids_to_stages.unwrap_or_default().into_iter().collect(),
        })
    }

    /// What a version holds; none if it is empty or not there, or has another label by now.
    ///
    /// # Errors
    /// There was no definite answer.
    pub async fn read(&self, version: &str, label: &str) -> Result<Option<SecretString>, Error> {
        let request = self.client().await?.get_secret_value().secret_id(&self.id);
        let request = request.version_id(version).version_stage(label);
        held(&self.session, request, self.call("secretsmanager:GetSecretValue")).await
    }

    /// The current value of a secret that is not rotated here, such as one with credentials.
    ///
    /// # Errors
    /// It does not exist, holds no text, or there was no definite answer.
    pub async fn current_value(&self) -> Result<SecretString, Error> {
        let request = self.client().await?.get_secret_value().secret_id(&self.id);
        let call = self.call("secretsmanager:GetSecretValue");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        let held = self.session.time().repeat(send).await?.secret_string;
        held.map(SecretString::from).ok_or_else(|| call.incomplete("SecretString"))
    }

    /// Fills the version that Secrets Manager has begun.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if it holds something else.
    pub async fn fill(&self, version: &str, text: &SecretString) -> Result<(), Error> {
        let request = self.client().await?.put_secret_value().secret_id(&self.id).client_request_token(version);
        let request = request.secret_string(shown(text)).version_stages(PENDING);
        let request = request.set_rotation_token(self.rotation_token.clone());
        let call = self.call("secretsmanager:PutSecretValue");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        self.session.time().repeat(send).await.map(drop)
    }

    /// Lets consumers read this version, if they still read `from`.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if another version became current meanwhile.
    pub async fn promote(&self, version: &str, from: Option<&str>) -> Result<(), Error> {
        if from == Some(version) {
            return Ok(());
        }
        match self.move_label(CURRENT, (from, Some(version))).await {
            Err(error) if error.kind == ErrorKind::Conflict => {
                let is_there = self.describe().await?.holder(CURRENT) == Some(version);
                if is_there { Ok(()) } else { Err(error) }
            }
            moved => moved,
        }
    }

    /// Takes `AWSPENDING` off a version, so that the next rotation can begin. One that does not have it is success.
    ///
    /// # Errors
    /// It may stand as before.
    pub async fn release(&self, version: &str) -> Result<(), Error> {
        if self.describe().await?.holder(PENDING) != Some(version) {
            return Ok(());
        }
        match self.move_label(PENDING, (Some(version), None)).await {
            // Of a label that was taken off in an answer that was lost.
            Err(error) if error.kind == ErrorKind::Conflict => Ok(()),
            moved => moved,
        }
    }

    async fn move_label(&self, label: &str, (from, to): (Option<&str>, Option<&str>)) -> Result<(), Error> {
        let request = self.client().await?.update_secret_version_stage().secret_id(&self.id).version_stage(label);
        let request = request.set_remove_from_version_id(from.map(str::to_owned));
        let request = request.set_move_to_version_id(to.map(str::to_owned));
        let call = self.call("secretsmanager:UpdateSecretVersionStage");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        self.session.time().repeat(send).await.map(drop)
    }

    fn call(&self, operation: &'static str) -> SecretCall<'_> {
        SecretCall { operation, secret: &self.id, at: SECRET_ID }
    }

    async fn client(&self) -> Result<&Client, Error> {
        Ok(&self.session.clients().await?.secrets_manager)
    }
}
