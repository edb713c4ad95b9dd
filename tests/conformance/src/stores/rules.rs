//! What an entry of an OCI Vault or of a KV engine must do as a store. [`contract`](super::contract) says the same of Secrets Manager, on moto too.

use anyhow::{Context, Result, ensure};
use cloud::Deliverable;
use rotation::{ErrorKind, Field, Head, Store, StoredVersion};
use serde_json::{Value, json};

use super::key::Key;
use super::shelves::{BEFORE, BY_HAND, Shelves, all};
use crate::suite::{Trial, trials};

/// Entries of one kind of store, on which a rule is tried.
pub struct Entries(pub(super) Box<dyn Shelves>);

/// A rule for both kinds.
pub type RuleTrial = Trial<Entries>;

/// Every rule, whose names begin with the kind's.
pub fn rule_trials() -> impl Iterator<Item = &'static RuleTrial> {
    TRIALS.iter()
}

const TRIALS: &[RuleTrial] = trials!("", () =>
    an_entry_that_is_made_holds_its_first_key,
    what_is_staged_is_not_read,
    the_same_delivery_twice_is_once,
    other_data_under_the_same_delivery_is_refused,
    another_shape_is_another_version,
    promotion_keeps_what_was_read_before,
    a_value_put_by_hand_is_never_overwritten_by_a_promotion,
    withdrawing_gives_back_what_stood_before,
    a_staged_key_is_withdrawn_by_another_process,
    only_what_was_made_is_removed,
    a_missing_entry_is_refused_unless_it_is_to_be_made,
    a_key_is_read_back_from_its_version,
    a_process_that_starts_anew_finishes_what_was_staged,
);

impl Entries {
    fn theirs(&self, name: &str) -> Box<dyn Store> {
        self.0.open(name, &json!({}), all())
    }

    fn made(&self, name: &str) -> Box<dyn Store> {
        self.0.open(name, &json!({ "create": self.0.create() }), all())
    }

    fn is_read(&self, name: &str, key: &Key) -> bool {
        self.0.value(name) == Some(key.text())
    }
}

fn version(of: &Option<StoredVersion>) -> Option<&str> {
    of.as_ref().map(|stored| stored.version.as_str())
}

async fn an_entry_that_is_made_holds_its_first_key(on: &Entries) -> Result<()> {
    let (store, first) = (on.made("made"), Key::new(1));
    ensure!(store.head().await? == Head::default());
    let id = first.deliver(&*store).await?;
    ensure!(on.is_read("made", &first));
    let head = on.made("made").head().await?;
    ensure!(version(&head.current) == Some(&id) && head.pending.is_none() && head.blocked.is_none(), "{head:?}");
    ensure!(head.current.and_then(|current| current.delivery) == Some(first.delivery(&*store)) && head.entry.is_some());
    Ok(())
}

async fn what_is_staged_is_not_read(on: &Entries) -> Result<()> {
    on.0.make("staged");
    let (store, key) = (on.theirs("staged"), Key::new(1));
    let id = key.stage(&*store).await?;
    ensure!(on.0.value("staged").as_deref() == Some(BEFORE));
    let head = store.head().await?;
    ensure!(version(&head.pending) == Some(&id) && version(&head.current) != Some(&id), "{head:?}");
    store.promote(&id, &head).await?;
    ensure!(on.is_read("staged", &key));
    store.promote(&id, &head).await.context("a second promotion")
}

async fn the_same_delivery_twice_is_once(on: &Entries) -> Result<()> {
    on.0.make("twice");
    let (store, key) = (on.theirs("twice"), Key::new(1));
    let id = key.deliver(&*store).await?;
    let before = on.0.values("twice");
    ensure!(key.deliver(&*store).await? == id && key.deliver(&*on.theirs("twice")).await? == id);
    ensure!(on.is_read("twice", &key) && on.0.values("twice") == before);
    Ok(())
}

async fn other_data_under_the_same_delivery_is_refused(on: &Entries) -> Result<()> {
    on.0.make("conflict");
    let (store, mut key) = (on.theirs("conflict"), Key::new(1));
    let id = key.deliver(&*store).await?;
    let text = key.text();
    key.material.insert("secret".to_owned(), Field::Secret("other".into()));
    let error = key.stage(&*store).await.err().context("it was taken")?;
    ensure!(error.kind == ErrorKind::Conflict && error.message.contains(&format!("version {id} ")), "{error}");
    ensure!(!error.message.contains("secret 1") && on.0.value("conflict") == Some(text));
    Ok(())
}

async fn another_shape_is_another_version(on: &Entries) -> Result<()> {
    on.0.make("shape");
    let (plain, key) = (on.theirs("shape"), Key::new(1));
    let first = key.deliver(&*plain).await?;
    let shape = json!({ "fields": { "secret": "SECRET" }, "format": "dotenv", "extra": { "REGION": "x" } });
    let renamed = on.0.open("shape", &shape, all());
    let second = key.deliver(&*renamed).await?;
    let read = on.0.value("shape").context("nothing is read")?;
    ensure!(first != second && read.contains("SECRET='secret 1'") && read.contains("REGION=x"), "{read}");
    ensure!(key.delivery(&*plain).is_of_key_of(&key.delivery(&*renamed)));
    Ok(())
}

async fn promotion_keeps_what_was_read_before(on: &Entries) -> Result<()> {
    on.0.make("promoted");
    let store = on.theirs("promoted");
    let first = Key::new(1).deliver(&*store).await?;
    let second = Key::new(2).deliver(&*store).await?;
    ensure!(on.is_read("promoted", &Key::new(2)));
    ensure!(on.0.values("promoted").contains(&Key::new(1).text()), "the key of the overlap cannot be read any more");
    let head = on.theirs("promoted").head().await?;
    ensure!(version(&head.current) == Some(&second) && version(&head.previous) == Some(&first), "{head:?}");
    Ok(())
}

async fn a_value_put_by_hand_is_never_overwritten_by_a_promotion(on: &Entries) -> Result<()> {
    on.0.make("edited");
    let store = on.theirs("edited");
    Key::new(1).deliver(&*store).await?;
    let staged = Key::new(2).stage(&*store).await?;
    let head = store.head().await?;
    on.0.edit("edited");
    let error = store.promote(&staged, &head).await.err().context("it was promoted")?;
    ensure!(on.0.value("edited").as_deref() == Some(BY_HAND));
    let now = store.head().await?;
    let current = version(&now.current).context("nothing is current")?;
    ensure!(now.current.as_ref().is_some_and(|current| current.delivery.is_none()), "{now:?}");
    let names = |number: &str| error.message.contains(number);
    ensure!(error.kind == ErrorKind::Conflict && names(&staged) && names(current), "{error}");
    Key::new(2).deliver(&*on.theirs("edited")).await?;
    ensure!(on.is_read("edited", &Key::new(2)));
    Ok(())
}

async fn withdrawing_gives_back_what_stood_before(on: &Entries) -> Result<()> {
    on.0.make("withdrawn");
    let store = on.theirs("withdrawn");
    let first = Key::new(1).deliver(&*store).await?;
    let second = Key::new(2).deliver(&*store).await?;
    let third = Key::new(3).stage(&*store).await?;
    for id in [&third, &first, &second] {
        store.withdraw(id, &store.head().await?).await?;
    }
    ensure!(on.0.value("withdrawn").as_deref() == Some(BEFORE), "{:?}", on.0.value("withdrawn"));
    let values = on.0.values("withdrawn");
    ensure!(values.iter().all(|value| !value.contains("secret")), "{values:?}");
    let head = on.theirs("withdrawn").head().await?;
    ensure!(head.versions().all(|version| version.delivery.is_none()), "{head:?}");
    store.withdraw(&second, &head).await?;
    ensure!(!store.remove().await?, "somebody else made it");
    ensure!(on.0.value("withdrawn").as_deref() == Some(BEFORE));
    Ok(())
}

async fn a_staged_key_is_withdrawn_by_another_process(on: &Entries) -> Result<()> {
    on.0.make("unstaged");
    let first = Key::new(1);
    first.deliver(&*on.theirs("unstaged")).await?;
    let second = Key::new(2);
    let id = second.stage(&*on.theirs("unstaged")).await?;
    let store = on.theirs("unstaged");
    let head = store.head().await?;
    let pending = head.pending.as_ref().context("nothing is staged")?;
    let delivery = pending.delivery.as_ref().context("it is nobody's")?;
    ensure!(pending.version == id && delivery.is_of_key_of(&second.delivery(&*store)), "{head:?}");
    store.withdraw(&pending.version, &head).await?;
    let head = on.theirs("unstaged").head().await?;
    ensure!(head.pending.is_none_or(|pending| pending.delivery.is_none()) && on.is_read("unstaged", &first));
    ensure!(!on.0.values("unstaged").contains(&second.text()), "a key that nobody got can be read");
    Ok(())
}

async fn only_what_was_made_is_removed(on: &Entries) -> Result<()> {
    on.0.make("somebodys");
    let theirs = on.made("somebodys");
    Key::new(1).deliver(&*theirs).await?;
    ensure!(!theirs.remove().await? && on.is_read("somebodys", &Key::new(1)));
    let ours = on.made("ours");
    Key::new(1).deliver(&*ours).await?;
    ensure!(ours.remove().await? && on.made("ours").remove().await?);
    ensure!(on.0.value("ours").is_none() && !on.0.exists("ours"));
    ensure!(on.theirs("missing").remove().await?);
    Ok(())
}

async fn a_missing_entry_is_refused_unless_it_is_to_be_made(on: &Entries) -> Result<()> {
    let head = on.theirs("nowhere").head().await?;
    let blocked = head.blocked.context("it is not blocked")?;
    ensure!(!head.exists && blocked.contains("nowhere") && blocked.contains("`create`"), "{blocked}");
    ensure!(on.made("nowhere").head().await?.blocked.is_none());
    Ok(())
}

async fn a_key_is_read_back_from_its_version(on: &Entries) -> Result<()> {
    on.0.make("read");
    let names = ["id", "secret"].map(str::to_owned).to_vec();
    let of = Deliverable { names, secrets: vec!["secret".to_owned()], ..Deliverable::default() };
    let store = on.0.open("read", &Value::Null, of);
    let first = Key::new(1).deliver(&*store).await?;
    Key::new(2).deliver(&*store).await?;
    ensure!(store.reads_back() && store.read(&first).await? == Some(Key::new(1).material));
    ensure!(store.read("99").await?.is_none());
    Ok(())
}

async fn a_process_that_starts_anew_finishes_what_was_staged(on: &Entries) -> Result<()> {
    let key = Key::new(1);
    key.stage(&*on.made("anew")).await?;
    let again = key.deliver(&*on.made("anew")).await?;
    ensure!(on.is_read("anew", &key) && on.0.values("anew").iter().all(|value| *value == key.text()));
    let head = on.made("anew").head().await?;
    ensure!(version(&head.current) == Some(&again) && head.pending.is_none(), "{head:?}");
    ensure!(on.made("anew").remove().await? && !on.0.exists("anew"));
    Ok(())
}
