//! The calls of Secrets Manager. All may be repeated: a version has its token, and a label moves only from where it was.

use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::builders::GetSecretValueFluentBuilder;
use aws_sdk_secretsmanager::types::{ReplicaRegionType, Tag};
use rotation::{Effect, Error, ErrorKind, OwnerId};
use secrecy::{ExposeSecret, SecretString};

use super::args::{CreateSecret, SecretsManagerDelivery};
use super::described::{Described, MADE_BY, OURS};
use super::error::SecretCall;
use crate::error::Explain;
use crate::session::Session;

pub(super) struct Calls {
    session: Arc<Session>,
    secret: String,
    /// The property that names the delivery.
    at: String,
    made_by: String,
}

/// What an entry holds that no key stands in.
const NOTHING: &str = "{}";

impl Calls {
    pub(super) fn new(session: Arc<Session>, args: &SecretsManagerDelivery, at: &str, made_by: &OwnerId) -> Self {
        Self { session, secret: args.secret_id.clone(), at: at.to_owned(), made_by: made_by.hash.clone() }
    }

    pub(super) fn label(&self) -> String {
        format!("Secrets Manager secret {:?} (`{}`)", self.secret, self.at)
    }

    /// Whether this resource made the secret.
    pub(super) fn made(&self, described: &Described) -> bool {
        described.made_by() == Some(&self.made_by)
    }

    pub(super) async fn describe(&self) -> Result<Option<Described>, Error> {
        let request = self.client().await?.describe_secret().secret_id(&self.secret);
        let call = self.call("secretsmanager:DescribeSecret");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        match self.session.time().repeat(send).await {
            Ok(told) => Ok(Some(Described::of(told))),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the secret with its first version, which is then current. False if somebody else made it meanwhile.
    pub(super) async fn create(
        &self,
        create: Option<&CreateSecret>,
        (token, text): (&str, &SecretString),
    ) -> Result<bool, Error> {
        let Some(create) = create else { return Ok(false) };
        let tags = create.tags.iter().flatten().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let own = Tag::builder().key(MADE_BY).value(&self.made_by).build();
        let regions = create.replica_regions.iter().flatten();
        let regions: Vec<_> = regions.map(|region| ReplicaRegionType::builder().region(region).build()).collect();
        let request = self.client().await?.create_secret().name(&self.secret).client_request_token(token);
        let request = request.secret_string(shown(text)).set_tags(Some(tags.chain([own]).collect()));
        let request = request.set_description(create.description.clone()).set_kms_key_id(create.kms_key_id.clone());
        let request = request.set_add_replica_regions(Some(regions).filter(|regions| !regions.is_empty()));
        let call = self.call("secretsmanager:CreateSecret");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        match self.session.time().repeat(send).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts a version under our label; gives the labels that it has. `current` is what the message of a conflict names.
    pub(super) async fn put(&self, token: &str, text: &SecretString, current: &str) -> Result<Vec<String>, Error> {
        let request = self.client().await?.put_secret_value().secret_id(&self.secret).client_request_token(token);
        let request = request.secret_string(shown(text)).version_stages(OURS);
        let call = self.call("secretsmanager:PutSecretValue");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        let put = self.session.time().repeat(send).await;
        put.map(|put| put.version_stages.unwrap_or_default()).map_err(|error| match error.kind {
            ErrorKind::Conflict => self.other_data(token, current),
            _ => error,
        })
    }

    /// What a version holds; none if it is not there.
    pub(super) async fn read(&self, version: &str) -> Result<Option<SecretString>, Error> {
        let request = self.client().await?.get_secret_value().secret_id(&self.secret).version_id(version);
        held(&self.session, request, self.call("secretsmanager:GetSecretValue")).await
    }

    /// Makes an empty object current.
    pub(super) async fn put_nothing(&self) -> Result<(), Error> {
        let request = self.client().await?.put_secret_value().secret_id(&self.secret).secret_string(NOTHING);
        let call = self.call("secretsmanager:PutSecretValue");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        self.session.time().repeat(send).await.map(drop)
    }

    /// Moves a label from one version to another, or takes it off.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if it is somewhere else, or nowhere.
    pub(super) async fn move_label(&self, stage: &str, (from, to): (Option<&str>, Option<&str>)) -> Result<(), Error> {
        let request = self.client().await?.update_secret_version_stage().secret_id(&self.secret).version_stage(stage);
        let request = request.set_remove_from_version_id(from.map(str::to_owned));
        let request = request.set_move_to_version_id(to.map(str::to_owned));
        let call = self.call("secretsmanager:UpdateSecretVersionStage");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        match self.session.time().repeat(send).await {
            // Of a label that was taken off in an answer that was lost.
            Err(error) if error.kind == ErrorKind::Conflict && to.is_none() => Ok(()),
            moved => moved.map(drop),
        }
    }

    pub(super) async fn restore(&self) -> Result<(), Error> {
        let request = self.client().await?.restore_secret().secret_id(&self.secret);
        let call = self.call("secretsmanager:RestoreSecret");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        self.session.time().repeat(send).await.map(drop)
    }

    pub(super) async fn remove_replicas(&self, regions: &[String]) -> Result<(), Error> {
        let request = self.client().await?.remove_regions_from_replication().secret_id(&self.secret);
        let request = request.set_remove_replica_regions(Some(regions.to_vec()));
        let call = self.call("secretsmanager:RemoveRegionsFromReplication");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        self.session.time().repeat(send).await.map(drop)
    }

    /// Deletes the secret, which can be restored for this many days. One that is gone, or deleted already, is success.
    pub(super) async fn delete(&self, days: Option<u32>) -> Result<(), Error> {
        let request = self.client().await?.delete_secret().secret_id(&self.secret);
        let request = match days {
            Some(0) => request.force_delete_without_recovery(true),
            days => request.set_recovery_window_in_days(days.map(i64::from)),
        };
        let call = self.call("secretsmanager:DeleteSecret");
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        match self.session.time().repeat(send).await {
            Err(error) if !matches!(error.kind, ErrorKind::NotFound | ErrorKind::Blocked) => Err(error),
            _ => Ok(()),
        }
    }

    /// Another version became current than the one that was promoted.
    pub(super) fn overtaken(&self, version: &str, current: Option<&str>) -> Error {
        let current = current.unwrap_or("none");
        let message = format!(
            "{}: the version {version} was to become current, and meanwhile the version {current} did, so nothing was overwritten. Consumers read {current}. Check what else writes this secret, then run `pulumi up` again [KR-AWS-056]",
            self.label()
        );
        Error::new(ErrorKind::Conflict, "secretsmanager:UpdateSecretVersionStage", message)
    }

    fn other_data(&self, token: &str, current: &str) -> Error {
        let message = format!(
            "{}: the version {token} exists with other data, so nothing was overwritten; the current version is {current}. The fields of this key changed after it was delivered: change `keepers` for a new key [KR-AWS-057]",
            self.label()
        );
        Error::new(ErrorKind::Conflict, "secretsmanager:PutSecretValue", message).effect(Effect::None)
    }

    fn call(&self, operation: &'static str) -> SecretCall<'_> {
        SecretCall { operation, secret: &self.secret, at: &self.at }
    }

    async fn client(&self) -> Result<&Client, Error> {
        Ok(&self.session.clients().await?.secrets_manager)
    }
}

/// What Secrets Manager gives for this request; none if there is no such version, or it is empty.
pub(crate) async fn held(
    session: &Session,
    request: GetSecretValueFluentBuilder,
    call: SecretCall<'_>,
) -> Result<Option<SecretString>, Error> {
    let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
    match session.time().repeat(send).await {
        Ok(held) => Ok(held.secret_string.map(SecretString::from)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[expect(clippy::disallowed_methods, reason = "the value is what consumers read; the SDK hides it in its own Debug")]
pub(crate) fn shown(text: &SecretString) -> &str {
    text.expose_secret()
}
