use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::{Method, locked};
use rotation::{
    Capability, Error, ErrorKind, Field, KeyId, KeyIssuer, Ledger, Ledgers, Mark, Marks, Material, MintOrder, Minted,
    ObservedKey, OtherLedger, OwnerId, Prepared, Retired, Verdict,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::mark::Marked;
use super::{Kind, Made};
use crate::args::CredentialArgs;
use crate::error::{call, has_changed};
use crate::issuer::{common, is_going, status};
use crate::session::{Ask, Session, minting};
use crate::user;

/// The credentials of one kind of one user.
pub(crate) struct CredentialIssuer {
    session: Arc<Session>,
    kind: &'static Kind,
    args: CredentialArgs,
    /// What was last listed.
    seen: Mutex<Option<Vec<Listed>>>,
    /// Of what this process made or changed: lists tell no etags.
    etags: Mutex<BTreeMap<String, String>>,
}

/// Two of each kind a user (Oracle's SDK and documentation). The mark is born with the credential, in its text.
pub(crate) fn capability() -> Capability {
    Capability { quota: Some(2), disables: false, tells_last_use: false, marks: Marks::OnKeys, ..common() }
}

/// A credential as OCI lists it, without its secret.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    time_created: Timestamp,
    #[serde(default)]
    lifecycle_state: String,
    /// Oracle calls it by two names.
    #[serde(default, alias = "displayName")]
    description: Option<String>,
}

impl CredentialIssuer {
    pub(crate) fn new(session: Arc<Session>, kind: &'static Kind, args: CredentialArgs) -> Self {
        Self { session, kind, args, seen: Mutex::default(), etags: Mutex::default() }
    }

    /// Every credential of this kind that the user has, whoever manages it.
    async fn all(&self) -> Result<Option<Vec<Listed>>, Error> {
        let listed = user::list::<Listed>(&self.session, &self.args.user_id, self.list_of()).await?;
        let listed: Option<Vec<_>> =
            listed.map(|all| all.into_iter().filter(|one| !is_going(&one.lifecycle_state)).collect());
        locked(&self.seen).clone_from(&listed);
        Ok(listed)
    }

    fn list_of(&self) -> (&'static str, &'static str) {
        (self.kind.list, self.kind.path)
    }

    /// The mark of a credential of ours; those of other names on the same user are none of our business.
    fn mark_of(&self, listed: &Listed) -> Result<Option<Marked>, Error> {
        let text = listed.description.as_deref().unwrap_or_default();
        let marked = Marked::read(text, (&listed.id, self.kind.list))?;
        Ok(marked.filter(|marked| marked.name == self.args.name))
    }

    fn ledgers(&self, owner: &OwnerId, listed: &[Listed]) -> Result<Ledgers, Error> {
        let mut found: BTreeMap<String, OtherLedger> = BTreeMap::new();
        for one in listed {
            let Some(marked) = self.mark_of(one)? else { continue };
            let fresh = || OtherLedger { owner: marked.owner.clone(), ledger: Ledger::default() };
            let of_owner = found.entry(marked.owner.hash.clone()).or_insert_with(fresh);
            of_owner.ledger.keys.insert(KeyId(one.id.clone()), marked.entry(one.time_created));
        }
        let own = found.remove(&owner.hash).map(|own| own.ledger);
        Ok(Ledgers::new(own, found.into_values().collect()))
    }

    fn marked(&self, owner: &OwnerId, instance: &str, mark: Mark) -> Marked {
        Marked { name: self.args.name.clone(), owner: owner.clone(), instance: instance.to_owned(), mark }
    }

    /// The body that gives a credential this mark.
    fn body(&self, marked: &Marked) -> Value {
        json!({ self.kind.text_field: marked.write(self.args.text()) })
    }

    /// Gives a credential this mark, unless it has it, or is not there.
    async fn mark(&self, id: &KeyId, marked: &Marked) -> Result<(), Error> {
        let known = locked(&self.seen).clone();
        let listed = match known {
            Some(listed) => listed,
            None => self.all().await?.unwrap_or_default(),
        };
        let Some(one) = listed.iter().find(|one| one.id == id.0) else { return Ok(()) };
        let stands = self.mark_of(one)?;
        let same = |stands: &Marked| {
            (&stands.owner.hash, &stands.instance, stands.mark) == (&marked.owner.hash, &marked.instance, marked.mark)
        };
        if stands.as_ref().is_some_and(same) {
            return Ok(());
        }
        let etag = locked(&self.etags).remove(&id.0);
        match self.put(id, marked, etag).await {
            // Somebody changed the text since it was made here: ours goes over it, since only our mark is of use to anybody.
            Err(error) if has_changed(&error) => self.put(id, marked, None).await,
            Err(error) => user::done_if_gone(&self.session, (&self.args.user_id, &id.0), self.list_of(), error).await,
            Ok(()) => Ok(()),
        }
    }

    async fn put(&self, id: &KeyId, marked: &Marked, etag: Option<String>) -> Result<(), Error> {
        let call = call(self.kind.update);
        let about = self.principal();
        let ask = Ask {
            method: Method::PUT,
            path: format!("users/{}/{}/{}", self.args.user_id, self.kind.path, id.0),
            body: Some(self.body(marked)),
            if_match: etag,
            about: &about,
            ..Ask::default()
        };
        let answer = self.session.repeat(&call, &ask).await;
        *locked(&self.seen) = None;
        let etag = answer?.header("etag").map(str::to_owned);
        locked(&self.etags).extend(etag.map(|etag| (id.0.clone(), etag)));
        Ok(())
    }

    async fn create(&self, order: MintOrder) -> Result<Minted, Error> {
        let call = minting(self.kind.create);
        let about = self.principal();
        let ask = Ask {
            method: Method::POST,
            path: format!("users/{}/{}", self.args.user_id, self.kind.path),
            body: Some(self.body(&self.marked(&order.owner, &order.instance, Mark::Minting))),
            // Whoever repeats the request on the way gets the same secret, for a day.
            retry_token: Some(order.nonce),
            about: &about,
            ..Ask::default()
        };
        let answer = self.session.send(&call, &ask).await?;
        let Made { id, time_created, token } = answer.json(&call)?;
        *locked(&self.seen) = None;
        locked(&self.etags).extend(answer.header("etag").map(|etag| (id.clone(), etag.to_owned())));
        let id = KeyId(id);
        let material = self.kind.material(&id, Some(token.into_secrecy()));
        Ok(Minted { id, created_at: time_created, material, expiry: None })
    }
}

#[async_trait]
impl KeyIssuer for CredentialIssuer {
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

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        Ok(self.all().await?.map(|listed| listed.iter().map(observed).collect()))
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        let Some(listed) = self.all().await? else { return Ok(None) };
        Ok(Some((listed.iter().map(observed).collect(), self.ledgers(owner, &listed)?)))
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        let listed = self.all().await?;
        self.ledgers(owner, &listed.unwrap_or_default())
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        for (id, entry) in ledger.iter().flat_map(|ledger| &ledger.keys) {
            self.mark(id, &self.marked(owner, &entry.instance, entry.mark)).await?;
        }
        Ok(())
    }

    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error> {
        let order = order.clone();
        Ok(Prepared::new(None, || self.create(order)))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let Some(Field::Plain(id)) = material.get(self.kind.id_output) else {
            let message =
                format!("the id of the {} is not known, so it cannot be looked for [KR-OCI-008]", self.kind.noun);
            return Err(Error::new(ErrorKind::Unverified, self.kind.list, message));
        };
        let listed = self.all().await.map_err(outbound::could_not_try)?.unwrap_or_default();
        let active = |one: &Listed| one.id == *id && one.lifecycle_state == "ACTIVE";
        Ok(if listed.iter().any(active) { Verdict::Accepted } else { Verdict::NotYet })
    }

    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        let key = (self.args.user_id.as_str(), key.0.as_str());
        user::delete(&self.session, key, self.kind.delete, self.list_of()).await.map(|()| Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(None)
    }
}

fn observed(listed: &Listed) -> ObservedKey {
    let status = status(&listed.lifecycle_state);
    ObservedKey { id: KeyId(listed.id.clone()), created_at: listed.time_created, status, last_use: None, expiry: None }
}
