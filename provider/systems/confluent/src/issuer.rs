use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use outbound::{Call, Method, locked, repeat};
use rotation::{
    Capability, Effect, Entry, Error, ErrorKind, KeyId, KeyIssuer, KeyStatus, Ledger, Ledgers, Mark, Marks, Material,
    MintOrder, Minted, ObservedKey, OwnerId, Prepared, Retired, Verdict, is_empty_secret,
};

use crate::args::{self, Args};
use crate::error::{Texts, incomplete};
use crate::mark::{self, Said, Tag, plain};
use crate::probe;
use crate::session::{ATTEMPT, Pair, Request, Session, call};
use crate::target::Target;
use crate::wire;

/// The API keys of one owner for one resource.
pub(crate) struct ConfluentIssuer {
    session: Arc<Session>,
    target: Option<Target>,
    display_name: Option<String>,
    description: Option<String>,
    /// What the last list showed, and what was changed since.
    seen: Mutex<Option<BTreeMap<KeyId, Seen>>>,
}

/// What a key says of itself.
#[derive(Clone)]
struct Seen {
    created_at: Timestamp,
    display_name: String,
    /// The description without the mark.
    text: String,
    tag: Option<Tag>,
    /// What begins like a mark and is none that this version knows.
    strange: Option<String>,
}

/// Quotas are movable and count several owners' keys, so Confluent is asked by trying. How late lists are is not published; a
/// minute is waited before a key that a list does not show is taken for gone.
pub(crate) fn capability() -> Capability {
    Capability {
        quota: None,
        settle: SignedDuration::from_secs(60),
        mint_timeout: MINT_TIMEOUT,
        disables: false,
        tells_last_use: false,
        marks: Marks::OnKeys,
        ..Capability::default()
    }
}

const MINT_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);
const CREATE: Call = call("iam:CreateApiKey", MINT_TIMEOUT);
const LIST: Call = call("iam:ListApiKeys", ATTEMPT);
const UPDATE: Call = call("iam:UpdateApiKey", ATTEMPT);
const DELETE: Call = call("iam:DeleteApiKey", ATTEMPT);
const KEYS: [&str; 3] = ["iam", "v2", "api-keys"];

impl ConfluentIssuer {
    pub(crate) fn new(session: Arc<Session>, args: &Args) -> Self {
        Self {
            session,
            target: Target::of(args).ok(),
            display_name: args.display_name.clone(),
            description: args.description.clone(),
            seen: Mutex::default(),
        }
    }

    fn target(&self) -> Result<&Target, Error> {
        let unchecked =
            "owner or managedResource is not valid; these inputs were not checked by this plugin [KR-CONFLUENT-018]";
        self.target.as_ref().ok_or_else(|| Error::new(ErrorKind::Invalid, "", unchecked))
    }

    fn seen(&self) -> MutexGuard<'_, Option<BTreeMap<KeyId, Seen>>> {
        locked(&self.seen)
    }

    /// Every key of the owner for the resource, in one list.
    async fn fetch(&self) -> Result<BTreeMap<KeyId, Seen>, Error> {
        let target = self.target()?;
        let mut query = vec![("spec.owner", target.owner.as_str())];
        query.extend(target.filter().map(|resource| ("spec.resource", resource)));
        let keys: Vec<wire::Key> = self.session.list(&LIST, &target.words(), (&KEYS, &query)).await?;
        let found: BTreeMap<_, _> = keys.into_iter().filter(|key| key.is_of(target)).map(seen).collect();
        *self.seen() = Some(found.clone());
        Ok(found)
    }

    /// The keys, or none if there is no key and no owner either.
    async fn found(&self) -> Result<Option<BTreeMap<KeyId, Seen>>, Error> {
        let found = self.fetch().await?;
        Ok(if found.is_empty() && !self.owner_exists().await? { None } else { Some(found) })
    }

    /// A list does not tell an owner who is not there from one without keys. Who may not read owners takes it for there.
    async fn owner_exists(&self) -> Result<bool, Error> {
        let target = self.target()?;
        let (operation, collection) =
            if target.is_user() { ("iam:GetUser", "users") } else { ("iam:GetServiceAccount", "service-accounts") };
        let path = ["iam", "v2", collection, &target.owner];
        let read = self.session.get::<wire::Named>(&call(operation, ATTEMPT), &target.words(), (&path, &[])).await;
        match read {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind != ErrorKind::Denied => Err(error),
            _ => Ok(true),
        }
    }

    /// Whether the key still stands. A refusal alone never means that it is gone: the right to it may be lost.
    async fn stands(&self, key: &KeyId) -> Result<bool, Error> {
        Ok(self.fetch().await?.contains_key(key))
    }

    async fn describe(&self, key: &KeyId, known: &Seen, tag: &Tag) -> Result<(), Error> {
        let target = self.target()?;
        let text = self.description.as_deref().unwrap_or(&known.text);
        let display_name = self.display_name.as_deref().unwrap_or(&known.display_name);
        let description = tag.behind(text);
        let body = wire::update(display_name, &description);
        let texts = self.texts(display_name, (text, &description));
        let path = [KEYS[0], KEYS[1], KEYS[2], &key.0];
        let once = || async {
            let request = Request { method: Method::PATCH, path: &path, query: &[], body: Some(body.clone()) };
            self.session.send_texts(&UPDATE, (&target.words(), Some(&texts)), request).await.map(drop)
        };
        self.ok_if_missing(key, repeat(self.session.clock(), once).await).await?;
        if let Some(known) = self.seen().as_mut().and_then(|seen| seen.get_mut(key)) {
            known.tag = Some(tag.clone());
        }
        Ok(())
    }

    /// How long the texts of a key are that are sent.
    fn texts(&self, display_name: &str, (text, description): (&str, &str)) -> Texts {
        let length = |text: &str| text.chars().count();
        Texts {
            display_name: (length(display_name), self.display_name.is_some()),
            description: length(description),
            mark: length(description).saturating_sub(length(text)),
        }
    }

    /// A key whose mark the service did not keep could not be told from a stranger's, so it is deleted at once.
    async fn unmarked(&self, id: &KeyId, (sent, kept): (&Texts, usize)) -> Error {
        let Texts { description, mark, .. } = *sent;
        let message = format!(
            "Confluent Cloud kept {kept} of the {description} characters of the description, and with them not the whole mark of this resource, which takes {mark}: shorten `description` by at least {} characters",
            description.saturating_sub(kept)
        );
        match self.retire(id).await {
            Ok(_) => {
                let message =
                    format!("{message}. The new key {id} was deleted; no other key was changed [KR-CONFLUENT-019]");
                CREATE.error(ErrorKind::Invalid, message)
            }
            Err(error) => {
                let message = format!(
                    "{message}. The new key {id} could not be deleted ({error}); the next `pulumi up` deletes it if its mark can be read [KR-CONFLUENT-020]"
                );
                CREATE.error(ErrorKind::Invalid, message).effect(Effect::Unknown)
            }
        }
    }

    /// What is to be removed or marked and does not exist needs nothing more.
    async fn ok_if_missing(&self, key: &KeyId, result: Result<(), Error>) -> Result<(), Error> {
        match result {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind == ErrorKind::Denied => {
                if self.stands(key).await? {
                    Err(error)
                } else {
                    Ok(())
                }
            }
            result => result,
        }
    }

    /// A create for an owner who is not there is refused like one without the right to it.
    async fn explained(&self, error: Error) -> Error {
        if error.kind != ErrorKind::Denied || self.owner_exists().await.unwrap_or(true) {
            return error;
        }
        let owner = self.principal();
        Error {
            kind: ErrorKind::NotFound,
            message: format!("{owner}: the owner does not exist [KR-CONFLUENT-021]"),
            ..error
        }
    }

    async fn create(&self, order: MintOrder) -> Result<Minted, Error> {
        let target = self.target()?;
        let tag = Tag { owner: order.owner, instance: order.instance, mark: Mark::Minting };
        let text = self.description.as_deref().unwrap_or_default();
        let display_name = match &self.display_name {
            Some(name) => name.clone(),
            None => format!("keyrotation {}", plain(&tag.owner.label)),
        };
        let description = tag.behind(text);
        let texts = self.texts(&display_name, (text, &description));
        let body = Some(wire::order(target, &display_name, &description));
        let request = Request { method: Method::POST, path: &KEYS, query: &[], body };
        let answer = match self.session.send_texts(&CREATE, (&target.words(), Some(&texts)), request).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.explained(error).await),
        };
        let made: wire::Key = answer.json(&CREATE)?;
        let secret = made.spec.secret.clone().filter(|secret| !is_empty_secret(secret));
        let secret = secret.ok_or_else(|| incomplete(&CREATE, "secret"))?;
        // An answer that does not repeat the description says nothing about it.
        let cut =
            made.spec.description.as_deref().filter(|kept| !tag.is_whole_in(kept)).map(|kept| kept.chars().count());
        let (id, seen) = seen(made);
        if let Some(kept) = cut {
            return Err(self.unmarked(&id, (&texts, kept)).await);
        }
        let created_at = seen.created_at;
        self.seen().get_or_insert_default().insert(id.clone(), seen);
        Ok(Minted { material: args::material(&id, secret), id, created_at, expiry: None })
    }
}

#[async_trait]
impl KeyIssuer for ConfluentIssuer {
    fn capability(&self) -> Capability {
        capability()
    }

    fn principal(&self) -> String {
        let words = self.target.as_ref().map(Target::words);
        format!("Confluent Cloud {}", words.unwrap_or_else(|| "owner (`owner.id`)".to_owned()))
    }

    fn ahead(&self) -> SignedDuration {
        self.session.ahead()
    }

    async fn account(&self) -> Result<Option<String>, Error> {
        self.session.account().await
    }

    async fn list(&self) -> Result<Option<Vec<ObservedKey>>, Error> {
        Ok(self.found().await?.map(|found| observed(&found)))
    }

    async fn look(&self, owner: &OwnerId) -> Result<Option<(Vec<ObservedKey>, Ledgers)>, Error> {
        let Some(found) = self.found().await? else { return Ok(None) };
        Ok(Some((observed(&found), ledgers(owner, &found)?)))
    }

    async fn read_ledgers(&self, owner: &OwnerId) -> Result<Ledgers, Error> {
        ledgers(owner, &self.fetch().await?)
    }

    async fn write_ledger(&self, owner: &OwnerId, ledger: Option<&Ledger>) -> Result<(), Error> {
        let Some(ledger) = ledger else { return Ok(()) };
        let known = self.seen().clone();
        let known = match known {
            Some(known) => known,
            None => self.fetch().await?,
        };
        for (key, entry) in &ledger.keys {
            let tag = Tag::of(owner, entry);
            let Some(known) = known.get(key) else { continue };
            if known.tag.as_ref().is_none_or(|told| !told.says(&tag)) {
                self.describe(key, known, &tag).await?;
            }
        }
        Ok(())
    }

    /// The last moment before a mint: an environment without the cluster shows here.
    async fn prepare<'a>(&'a self, order: &MintOrder) -> Result<Prepared<'a>, Error> {
        probe::is_there(&self.session, self.target()?).await?;
        let order = order.clone();
        Ok(Prepared::new(None, || self.create(order)))
    }

    async fn verify(&self, material: &Material) -> Result<Verdict, Error> {
        let unknown = "the secret of the key is not known, so the key cannot be tried [KR-CONFLUENT-022]";
        let (id, secret) = args::pair(material)
            .filter(|(_, secret)| !is_empty_secret(secret))
            .ok_or_else(|| Error::new(ErrorKind::Unverified, "confluent verification", unknown))?;
        let made = self.seen().as_ref().and_then(|seen| seen.get(&KeyId(id.to_owned()))).map(|seen| seen.created_at);
        let made = made.unwrap_or_else(|| self.session.clock().now());
        let key = Pair { id: id.to_owned(), secret: secret.clone() };
        probe::verify(&self.session, self.target()?, &key, made).await
    }

    fn last_try(&self) -> Option<String> {
        self.session.last_try()
    }

    async fn retire(&self, key: &KeyId) -> Result<Retired, Error> {
        let target = self.target()?;
        let path = [KEYS[0], KEYS[1], KEYS[2], &key.0];
        let once = || async {
            let request = Request { method: Method::DELETE, path: &path, query: &[], body: None };
            self.session.send(&DELETE, &target.words(), request).await.map(drop)
        };
        let deleted = repeat(self.session.clock(), once).await;
        self.ok_if_missing(key, deleted).await?;
        if let Some(seen) = self.seen().as_mut() {
            seen.remove(key);
        }
        Ok(Retired::Gone)
    }

    async fn configured_key(&self) -> Result<Option<KeyId>, Error> {
        Ok(Some(KeyId(self.session.configured()?.to_owned())))
    }
}

fn seen(key: wire::Key) -> (KeyId, Seen) {
    let description = key.spec.description.unwrap_or_default();
    let (text, said) = mark::split(&description);
    let (tag, strange) = match said {
        Said::Nothing => (None, None),
        Said::Mark(tag) => (Some(tag), None),
        Said::Strange(strange) => (None, Some(strange)),
    };
    let seen = Seen {
        created_at: key.metadata.created_at,
        display_name: key.spec.display_name.unwrap_or_default(),
        text: text.to_owned(),
        tag,
        strange,
    };
    (KeyId(key.id), seen)
}

fn observed(found: &BTreeMap<KeyId, Seen>) -> Vec<ObservedKey> {
    let shown = |(id, seen): (&KeyId, &Seen)| ObservedKey {
        id: id.clone(),
        created_at: seen.created_at,
        status: KeyStatus::Active,
        last_use: None,
        expiry: None,
    };
    found.iter().map(shown).collect()
}

/// What the marks of all keys come to. What only looks like a mark is a stranger's text, unless it names this owner: then a newer
/// version may have written it, and it may be all that is known of the key.
///
/// # Errors
/// A mark of this owner cannot be read.
fn ledgers(owner: &OwnerId, found: &BTreeMap<KeyId, Seen>) -> Result<Ledgers, Error> {
    let names_owner = |seen: &Seen| seen.strange.as_ref().is_some_and(|strange| strange.contains(&owner.hash));
    if let Some((id, _)) = found.iter().find(|(_, seen)| names_owner(seen)) {
        return Err(unreadable(id));
    }
    let tagged = found.iter().filter_map(|(id, seen)| Some((id, seen, seen.tag.as_ref()?)));
    let marks = tagged.map(|(id, seen, tag)| {
        let since = rotation::seconds(seen.created_at);
        (id.clone(), tag.owner.clone(), Entry::of(tag.instance.clone(), tag.mark, since))
    });
    Ok(Ledgers::of_marks(owner, marks))
}

fn unreadable(id: &KeyId) -> Error {
    let message = format!(
        "the mark in the description of the key {id} is not one that this version of the plugin writes, so nothing was changed: upgrade the plugin, or remove the mark if it was put there by hand [KR-CONFLUENT-023]"
    );
    LIST.error(ErrorKind::Unexpected, message)
}
