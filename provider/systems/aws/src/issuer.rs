use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_iam::types::{AccessKeyMetadata, StatusType, Tag};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};
use outbound::could_not_try;
use rotation::{
    Capability, Error, ErrorKind, Field, KeyId, KeyIssuer, KeyStatus, Known, LastUse, Ledger, Ledgers, Material,
    MintOrder, Minted, ObservedKey, OwnerId, Prepared, Retired, Verdict,
};
use secrecy::SecretString;

use crate::args::{self, Args};
use crate::clients::limits;
use crate::error::{Call, Explain};
use crate::ledger;
use crate::lookup::user_of;
use crate::session::Session;

/// The access keys of one IAM user.
pub(crate) struct AwsIssuer {
    session: Arc<Session>,
    args: Args,
    /// The keys of the state, by which a user that was renamed is found.
    known: Vec<KeyId>,
}

/// Two keys a user, disabled ones included; the quota cannot be raised (IAM User Guide, "IAM and AWS STS quotas").
/// AWS publishes no time after which lists are right; users report up to 15 s until a new key works everywhere.
pub(crate) fn capability() -> Capability {
    let settle = SignedDuration::from_secs(60);
    Capability { quota: Some(2), settle, mint_timeout: MINT_TIMEOUT, tags: Some(TAGS), ..Capability::default() }
}

const TAGS: &str = "If an `aws.iam.User` resource manages the tags of the user, set `ignoreTags: {keyPrefixes: [\"keyrotation:\"]}` in its `aws` provider";
const MINT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

impl AwsIssuer {
    pub(crate) fn new(session: Arc<Session>, args: Args, known: Known<'_>) -> Self {
        Self { session, args, known: known.keys().map(|key| key.id.clone()).collect() }
    }

    fn call(&self, operation: &'static str) -> Call<'_> {
        Call { operation, user: &self.args.user }
    }

    async fn tags(&self) -> Result<Vec<Tag>, Error> {
        let call = self.call("iam:ListUserTags");
        let iam = &self.session.clients().await?.iam;
        let pages = iam.list_user_tags().user_name(&self.args.user).into_paginator();
        let tags = pages.items().send().collect::<Result<_, _>>().await;
        tags.map_err(|error| call.failed(&error))
    }

    async fn tag(&self, [keys, claim]: [(String, String); 2]) -> Result<(), Error> {
        let call = self.call("iam:TagUser");
        let tags = [keys, claim].map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags = tags.into_iter().collect::<Result<Vec<_>, _>>();
        let tags = tags.map_err(|_| {
            Error::new(
                ErrorKind::Unexpected,
                call.operation,
                "a tag without a key; this is a bug: please report it [KR-AWS-036]",
            )
        })?;
        let iam = &self.session.clients().await?.iam;
        let request = iam.tag_user().user_name(&self.args.user).set_tags(Some(tags));
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        self.session.time().repeat(send).await.map(drop)
    }

    async fn untag(&self, keys: [String; 2]) -> Result<(), Error> {
        let call = self.call("iam:UntagUser");
        let iam = &self.session.clients().await?.iam;
        let request = iam.untag_user().user_name(&self.args.user).set_tag_keys(Some(keys.into()));
        let send = || async { ok_if_missing(request.clone().send().await.map_err(|error| call.failed(&error))) };
        self.session.time().repeat(send).await
    }

    async fn keys(&self) -> Result<Vec<AccessKeyMetadata>, Error> {
        let call = self.call(LIST);
        let iam = &self.session.clients().await?.iam;
        let pages = iam.list_access_keys().user_name(&self.args.user).into_paginator();
        let keys = pages.items().send().collect::<Result<_, _>>().await;
        keys.map_err(|error| call.failed(&error))
    }

    /// A user that does not exist while one of its keys does was renamed, or is not visible everywhere yet. AWS tells whose a key is.
    async fn must_be_gone(&self) -> Result<(), Error> {
        for key in &self.known {
            match user_of(&self.session, key).await {
                Ok(user) => return Err(self.lives_on(key, &user)),
                Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn lives_on(&self, key: &KeyId, user: &str) -> Error {
        let own = &self.args.user;
        if user.eq_ignore_ascii_case(own) {
            let message = format!(
                "AWS does not list the IAM user {own:?} (`user`) and still shows the access key {key} on it: run this again in a minute [KR-AWS-037]"
            );
            return Error::new(ErrorKind::NotFound, LIST, message);
        }
        let message = format!(
            "the IAM user {own:?} (`user`) does not exist, and its access key {key} is now on the IAM user {user:?}: the user was renamed. The key still works, and nothing was changed. Rename the user back and run this again; or set `user` to {user:?}, and delete {key} once nothing uses it [KR-AWS-038]"
        );
        Error::new(ErrorKind::Blocked, LIST, message)
    }

    async fn create(&self) -> Result<Minted, Error> {
        let call = self.call("iam:CreateAccessKey");
        let iam = &self.session.clients().await?.iam;
        let limits = limits(Duration::try_from(MINT_TIMEOUT).unwrap_or_default());
        let limits = aws_sdk_iam::config::Builder::new().timeout_config(limits);
        let request = iam.create_access_key().user_name(&self.args.user).customize();
        let made = request.config_override(limits).send().await;
        let made = made.map_err(|error| call.failed(&error))?.access_key;
        let made = made.ok_or_else(|| call.incomplete("AccessKey"))?;
        let created_at = made.create_date.and_then(timestamp).ok_or_else(|| call.incomplete("CreateDate"))?;
        let id = KeyId(made.access_key_id);
        let material = args::material(&self.args, &id, Some(made.secret_access_key.into()));
        Ok(Minted { id, created_at, material, expiry: None })
    }
}

const LIST: &str = "iam:ListAccessKeys";

#[async_trait]
impl KeyIssuer for AwsIssuer {
    fn capability(&self) -> Capability {
        capability()
    }

    fn principal(&self) -> String {
        format!("IAM user {:?} (`user`)", self.args.user)
    }

    fn ahead(&self) -> SignedDuration {
        self.session.ahead()
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        self.session.account().await.map(|id| Some(id.to_owned()))
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        let call = self.call(LIST);
        match self.session.time().repeat(|| self.keys()).await {
            Ok(keys) => keys.iter().map(|key| observed(call, key)).collect::<Result<_, _>>().map(Some),
            Err(error) if error.kind == ErrorKind::NotFound => self.must_be_gone().await.map(|()| None),
            Err(error) => Err(error),
        }
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        let tags = self.session.time().repeat(|| self.tags()).await?;
        ledger::decode(owner, tags.iter().map(|tag| (tag.key(), tag.value())))
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        match ledger {
            Some(ledger) => self.tag(ledger::encode(owner, ledger)?).await,
            None => self.untag(ledger::tag_keys(owner)).await,
        }
    }

    async fn prepare<'a>(&'a self, _: &MintOrder) -> Result<Prepared<'a>, Error> {
        Ok(Prepared::new(None, || self.create()))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let call = self.call("sts:GetCallerIdentity");
        let (id, secret) = credentials(material).ok_or_else(|| {
            Error::new(
                ErrorKind::Unverified,
                call.operation,
                "the secret of the key is not known, so the key cannot be tried [KR-AWS-039]",
            )
        })?;
        let clients = self.session.clients().await?;
        let ask = || async {
            match clients.caller(id, secret).await.map_err(|error| call.failed(&error)) {
                Err(error) if error.kind == ErrorKind::Unauthenticated => Ok(None),
                asked => asked.map(Some),
            }
        };
        match self.session.time().repeat(ask).await.map_err(could_not_try)? {
            // A key that AWS does not know yet is refused like one that never was.
            None => Ok(Verdict::NotYet),
            Some(caller) if is_arn_of(caller.arn().unwrap_or_default(), &self.args.user) => Ok(Verdict::Accepted),
            Some(_) => Err(Error::new(
                ErrorKind::Unverified,
                call.operation,
                format!(
                    "the key {id} belongs to a different principal than the IAM user {:?} [KR-AWS-040]",
                    self.args.user
                ),
            )),
        }
    }

    async fn last_use(&self, key: &KeyId) -> Result<LastUse, Error> {
        let call = self.call("iam:GetAccessKeyLastUsed");
        let iam = &self.session.clients().await?.iam;
        let request = iam.get_access_key_last_used().access_key_id(&key.0);
        let send = || async { request.clone().send().await.map_err(|error| call.failed(&error)) };
        let answer = self.session.time().repeat(send).await?;
        let last = answer.access_key_last_used.ok_or_else(|| call.incomplete("AccessKeyLastUsed"))?;
        match last.last_used_date {
            None => Ok(LastUse::Never),
            Some(date) => timestamp(date).map(LastUse::At).ok_or_else(|| call.incomplete("LastUsedDate")),
        }
    }

    async fn disable(&self, key: &KeyId) -> Result<(), Error> {
        let call = self.call("iam:UpdateAccessKey");
        let iam = &self.session.clients().await?.iam;
        let request =
            iam.update_access_key().user_name(&self.args.user).access_key_id(&key.0).status(StatusType::Inactive);
        let send = || async { ok_if_missing(request.clone().send().await.map_err(|error| call.failed(&error))) };
        self.session.time().repeat(send).await
    }

    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        let call = self.call("iam:DeleteAccessKey");
        let iam = &self.session.clients().await?.iam;
        let request = iam.delete_access_key().user_name(&self.args.user).access_key_id(&key.0);
        let send = || async { ok_if_missing(request.clone().send().await.map_err(|error| call.failed(&error))) };
        self.session.time().repeat(send).await.map(|()| Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        self.session.clients().await?.configured_key().await
    }
}

/// What is to be removed and does not exist is removed.
fn ok_if_missing<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.kind != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn credentials(material: &Material) -> Option<(&str, &SecretString)> {
    match (material.get(args::ACCESS_KEY_ID)?, material.get(args::SECRET_ACCESS_KEY)?) {
        (Field::Plain(id), Field::Secret(secret)) => Some((id, secret)),
        _ => None,
    }
}

/// `arn:aws:iam::123456789012:user/path/name` is the ARN of `name`, in any case.
fn is_arn_of(arn: &str, user: &str) -> bool {
    let path = arn.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix("user/"));
    path.and_then(|path| path.rsplit('/').next()).is_some_and(|name| name.eq_ignore_ascii_case(user))
}

fn observed(call: Call<'_>, key: &AccessKeyMetadata) -> Result<ObservedKey, Error> {
    let id = key.access_key_id().ok_or_else(|| call.incomplete("AccessKeyId"))?;
    let created_at = key.create_date().copied().and_then(timestamp).ok_or_else(|| call.incomplete("CreateDate"))?;
    let status = match key.status() {
        Some(StatusType::Active) => KeyStatus::Active,
        Some(_) => KeyStatus::Inactive,
        None => return Err(call.incomplete("Status")),
    };
    Ok(ObservedKey { id: KeyId(id.to_owned()), created_at, status, last_use: None, expiry: None })
}

fn timestamp(date: DateTime) -> Option<Timestamp> {
    Timestamp::new(date.secs(), i32::try_from(date.subsec_nanos()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_belongs_to_the_last_part_of_its_path() {
        assert!(is_arn_of("arn:aws:iam::123456789012:user/ci", "ci"));
        assert!(is_arn_of("arn:aws-cn:iam::123456789012:user/teams/ci", "ci"));
        assert!(is_arn_of("arn:aws:iam::123456789012:user/Ci", "ci"));
        for other in [
            "",
            "ci",
            "arn:aws:iam::123456789012:user/ci2",
            "arn:aws:iam::123456789012:user/ci/x",
            "arn:aws:sts::123456789012:assumed-role/x/ci",
            "arn:aws:iam::123456789012:root",
        ] {
            assert!(!is_arn_of(other, "ci"), "{other:?}");
        }
    }

    #[test]
    fn a_date_keeps_its_fraction() {
        let date = DateTime::from_secs_and_nanos(1, 500_000_000);
        assert_eq!(timestamp(date).unwrap().to_string(), "1970-01-01T00:00:01.5Z");
        assert_eq!(timestamp(DateTime::from_secs(i64::MAX)), None);
    }
}
