use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::{Method, locked};
use rotation::{
    Capability, Error, ErrorKind, Field, KeyId, KeyIssuer, KeyStatus, Ledger, Ledgers, Material, MintOrder, Minted,
    ObservedKey, OwnerId, Prepared, Retired, Verdict,
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::args::{ApiKeyArgs, FINGERPRINT, PRIVATE_KEY_PEM};
use crate::error::{call, has_changed};
use crate::keypair::Pair;
use crate::ledger;
use crate::session::{Ask, MINT_TIMEOUT, Session, minting};
use crate::signer::KeySigner;
use crate::user::{self, User};

/// The API signing keys of one user.
pub(crate) struct ApiKeyIssuer {
    session: Arc<Session>,
    args: ApiKeyArgs,
    /// The user as last seen, for its etag.
    seen: Mutex<Option<User>>,
}

/// Three keys a user ("Required Keys and OCIDs"). OCI neither disables a key nor tells when it was used. Oracle publishes no
/// time after which lists are right; reads go to the home region, which writes went to.
pub(crate) fn capability() -> Capability {
    Capability { quota: Some(3), disables: false, tells_last_use: false, tags: Some(TAGS), ..common() }
}

const TAGS: &str = "If an `oci.Identity.User` resource manages the tags of the user, add `freeformTags` with the names in the output `ownershipTags` to its `ignoreChanges`";

pub(crate) fn common() -> Capability {
    Capability { settle: SignedDuration::from_secs(60), mint_timeout: MINT_TIMEOUT, ..Capability::default() }
}

/// A key as OCI lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    fingerprint: String,
    time_created: Timestamp,
    #[serde(default)]
    lifecycle_state: String,
}

const LIST: (&str, &str) = ("identity:ListApiKeys", "apiKeys");
const USES_KEYS: &str = "canUseApiKeys";

impl ApiKeyIssuer {
    pub(crate) fn new(session: Arc<Session>, args: ApiKeyArgs) -> Self {
        Self { session, args, seen: Mutex::default() }
    }

    async fn user(&self) -> Result<User, Error> {
        let user = user::get(&self.session, &self.args.user_id).await?;
        *locked(&self.seen) = Some(user.clone());
        Ok(user)
    }

    /// Writes the tags as they should be over what was last seen, and again if somebody was faster.
    async fn write(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        for _ in 0..RACES {
            let seen = locked(&self.seen).take();
            let user = match seen {
                Some(user) => user,
                None => self.user().await?,
            };
            let tags = ledger::written(&user.freeform_tags, owner, ledger)?;
            if tags == user.freeform_tags {
                return Ok(());
            }
            match self.put(&tags, user.etag).await {
                Err(error) if has_changed(&error) => *locked(&self.seen) = None,
                ended => return ended,
            }
        }
        let message = format!(
            "{} was changed by others during each of four attempts to write its tags: run `pulumi up` again when nothing else changes it [KR-OCI-026]",
            self.principal()
        );
        Err(Error::new(ErrorKind::Conflict, "identity:UpdateUser", message))
    }

    async fn put(&self, tags: &ledger::Tags, etag: Option<String>) -> Result<(), Error> {
        let call = call("identity:UpdateUser");
        let about = self.principal();
        let ask = Ask {
            method: Method::PUT,
            path: format!("users/{}", self.args.user_id),
            body: Some(json!({ "freeformTags": tags })),
            if_match: etag,
            about: &about,
            ..Ask::default()
        };
        let answer = self.session.repeat(&call, &ask).await?;
        let etag = answer.header("etag").map(str::to_owned);
        *locked(&self.seen) = answer.json::<User>(&call).ok().map(|user| User { etag, ..user });
        Ok(())
    }

    async fn pair(&self) -> Result<Arc<Pair>, Error> {
        let (pairs, bits) = (self.session.pairs(), self.args.bits());
        let made = tokio::task::spawn_blocking(move || pairs.pair(bits)).await;
        made.map_err(|_| {
            Error::new(ErrorKind::Stopped, "", "the run was stopped while the plugin generated a key [KR-OCI-027]")
        })?
    }

    async fn keys(&self) -> Result<Option<Vec<Listed>>, Error> {
        let keys = user::list::<Listed>(&self.session, &self.args.user_id, LIST).await?;
        Ok(keys.map(|keys| keys.into_iter().filter(|key| !is_going(&key.lifecycle_state)).collect()))
    }

    fn not_capable(&self) -> Error {
        let message = format!(
            "{} lacks the capability {USES_KEYS}, so a new key would be refused: an administrator gives it under Edit User Capabilities [KR-OCI-028]",
            self.principal()
        );
        Error::new(ErrorKind::Denied, "identity:UploadApiKey", message)
    }

    async fn upload(&self, pair: Arc<Pair>, nonce: String) -> Result<Minted, Error> {
        let call = minting("identity:UploadApiKey");
        let about = self.principal();
        let ask = Ask {
            method: Method::POST,
            path: format!("users/{}/apiKeys", self.args.user_id),
            body: Some(json!({ "key": pair.public_pem() })),
            // OCI remembers it for a day: another pair is another request.
            retry_token: Some(format!("{nonce}-{}", pair.fingerprint().replace(':', ""))),
            about: &about,
            ..Ask::default()
        };
        let made = match self.session.send(&call, &ask).await {
            Ok(answer) => answer.json::<Listed>(&call)?,
            // Somebody on the way repeated the request: the key is ours, nobody else has its private half.
            Err(error) if has_changed(&error) => {
                let keys = self.keys().await.ok().flatten().unwrap_or_default();
                keys.into_iter().find(|key| key.fingerprint == pair.fingerprint()).ok_or(error)?
            }
            Err(error) => return Err(error),
        };
        if made.fingerprint != pair.fingerprint() {
            return Err(call.unreadable());
        }
        let material = self.args.material(&self.session.settings().await?.place, &pair)?;
        Ok(Minted { id: KeyId(made.fingerprint), created_at: made.time_created, material, expiry: None })
    }
}

/// How often others may be faster in one write.
const RACES: u32 = 4;

#[async_trait]
impl KeyIssuer for ApiKeyIssuer {
    fn capability(&self) -> Capability {
        capability()
    }

    fn principal(&self) -> String {
        user::named(&self.args.user_id)
    }

    fn ahead(&self) -> SignedDuration {
        self.session.ahead()
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        self.session.account().await.map(Some)
    }

    async fn must_be_secret_of(&self, key: &KeyId, secret: &SecretString) -> Result<(), Error> {
        let invalid = |message: String| Error::new(ErrorKind::Invalid, "", message);
        let pair = Pair::from_pem(secret, None).map_err(|bad| invalid(format!("the private key {bad}")))?;
        if pair.fingerprint() == key.0 {
            return Ok(());
        }
        Err(invalid(format!("it is the private half of the key {} [KR-OCI-029]", pair.fingerprint())))
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        Ok(self.keys().await?.map(|keys| keys.into_iter().map(observed).collect()))
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        ledger::read(&self.user().await?.freeform_tags, owner)
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        match self.write(owner, ledger).await {
            Err(error) if ledger.is_none() => user::none_if_gone(&self.session, &self.args.user_id, error).await,
            ended => ended,
        }
    }

    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error> {
        if locked(&self.seen).as_ref().is_some_and(|user| !user.can(USES_KEYS)) {
            return Err(self.not_capable());
        }
        let (pair, nonce) = (self.pair().await?, order.nonce.clone());
        Ok(Prepared::new(Some(KeyId(pair.fingerprint().to_owned())), move || self.upload(pair, nonce)))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let call = call(LIST.0);
        let unverified = |message: String| Error::new(ErrorKind::Unverified, call.operation, message);
        let (Some(Field::Plain(id)), Some(Field::Secret(pem))) =
            (material.get(FINGERPRINT), material.get(PRIVATE_KEY_PEM))
        else {
            return Err(unverified("the private key is not known, so the key cannot be tried [KR-OCI-030]".to_owned()));
        };
        let pair = Pair::from_pem(pem, None);
        let pair =
            pair.map_err(|bad| unverified(format!("the private key of {id} {bad}, so the key cannot be tried")))?;
        let tenancy = &self.session.settings().await?.place.tenancy;
        let signer = KeySigner::of_user(tenancy, &self.args.user_id, Arc::new(pair));
        let about = self.principal();
        let path = format!("users/{}/apiKeys", self.args.user_id);
        let ask = Ask { path, about: &about, signer: Some(&signer), ..Ask::default() };
        match self.session.repeat(&call, &ask).await.map_err(outbound::could_not_try) {
            Ok(answer) => {
                let listed = answer.json::<Vec<Listed>>(&call)?.iter().any(|key| key.fingerprint == *id);
                Ok(if listed { Verdict::Accepted } else { Verdict::NotYet })
            }
            Err(error) if error.kind == ErrorKind::Unauthenticated => Ok(Verdict::NotYet),
            Err(error) => Err(error),
        }
    }

    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        let key = (self.args.user_id.as_str(), key.0.as_str());
        user::delete(&self.session, key, "identity:DeleteApiKey", LIST).await.map(|()| Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        let signs_as = self.session.settings().await?.signs_as.as_ref();
        let own = signs_as.filter(|(user, _)| *user == self.args.user_id);
        Ok(own.map(|(_, fingerprint)| KeyId(fingerprint.clone())))
    }
}

/// What is being deleted counts as deleted.
pub(crate) fn is_going(state: &str) -> bool {
    state == "DELETING" || state == "DELETED"
}

pub(crate) fn status(state: &str) -> KeyStatus {
    if state == "INACTIVE" { KeyStatus::Inactive } else { KeyStatus::Active }
}

fn observed(key: Listed) -> ObservedKey {
    let status = status(&key.lifecycle_state);
    ObservedKey { id: KeyId(key.fingerprint), created_at: key.time_created, status, last_use: None, expiry: None }
}
