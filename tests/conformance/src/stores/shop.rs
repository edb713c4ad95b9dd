use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cloud::{Cloud, Deliverable};
use localcloud::aws::Aws as Account;
use localcloud::locked;
use rotation::testing::ManualClock;
use rotation::{Error, Head, KeyId, Material, OwnerId, Payload, Store};
use serde_json::{Value, json};
use system_aws::{Aws, SecretsManagerDelivery};

/// Secrets of the stand-in's Secrets Manager, as a rig hands them to stacks; consumers read them behind the API.
#[derive(Clone)]
pub struct Shop {
    account: Account,
    endpoint: String,
    clock: ManualClock,
    /// The texts that were staged, each with the key that it holds.
    staged: Staged,
}

type Staged = Arc<Mutex<BTreeMap<String, (KeyId, Material)>>>;

/// The names of secrets from which keys can be read back have this in them; the shapes of all others keep too little.
const KEPT: &str = "kept";
/// The names of secrets in another region, which are reached by a connection of their own, begin with this.
const ABROAD: &str = "abroad";
/// The names of secrets that somebody else makes begin with this; all others are made by the store.
pub(super) const THEIRS: &str = "theirs";

impl Shop {
    /// The secrets of this account, which is reached at `endpoint`.
    pub fn new(account: &Account, endpoint: &str, clock: &ManualClock) -> Self {
        let (account, endpoint, clock) = (account.clone(), endpoint.to_owned(), clock.clone());
        Self { account, endpoint, clock, staged: Arc::default() }
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The secret of this name, as a newly started process reaches it. Keys like `of` can be read back from those that are kept.
    pub fn store(&self, name: &str, of: Deliverable) -> Box<dyn Store> {
        if name.starts_with(THEIRS) && self.account.secret(name).is_none() {
            // Two that find it missing at once have both made it.
            drop(self.account.create_secret(name, Some("what stood before")));
        }
        let create = if name.starts_with(THEIRS) { Value::Null } else { json!({}) };
        let mut inputs = json!({ "secretId": name, "create": create });
        let of = if name.contains(KEPT) { of } else { all() };
        if name.starts_with(ABROAD) {
            // With credentials of its own, beside a configuration that reaches nothing.
            inputs["connection"] = self.config();
            inputs["connection"]["region"] = json!("eu-west-1");
            let nowhere = json!({ "region": "us-east-1" });
            return self.noted(open(&self.clock, nowhere, (inputs, of)));
        }
        self.noted(open(&self.clock, self.config(), (inputs, of)))
    }

    fn noted(&self, store: Box<dyn Store>) -> Box<dyn Store> {
        Box::new(Noted { store, staged: Arc::clone(&self.staged) })
    }

    /// The key that consumers of a secret read, if it is one that was staged.
    pub fn read(&self, name: &str) -> Option<KeyId> {
        self.held(name).map(|(id, _)| id)
    }

    /// That key.
    pub fn read_material(&self, name: &str) -> Option<Material> {
        self.held(name).map(|(_, material)| material)
    }

    fn held(&self, name: &str) -> Option<(KeyId, Material)> {
        locked(&self.staged).get(&self.account.secret_value(name, "AWSCURRENT")?).cloned()
    }

    /// Whether nothing that was staged can be read by any label.
    pub fn is_left(&self, name: &str) -> bool {
        let Some(secret) = self.account.secret(name).filter(|secret| secret.deleted_until.is_none()) else {
            return true;
        };
        let labels = secret.versions.iter().flat_map(|version| &version.stages);
        let values = labels.filter_map(|label| self.account.secret_value(name, label));
        let staged = locked(&self.staged);
        values.into_iter().all(|value| !staged.contains_key(&value))
    }

    fn config(&self) -> Value {
        let admin = self.account.admin_credentials();
        json!({
            "region": "us-east-1",
            "accessKey": admin.access_key_id,
            "secretKey": admin.secret_access_key,
            "endpoints": { "secretsManager": self.endpoint, "sts": self.endpoint },
        })
    }
}

/// A store, with this configuration and these inputs, that hands over all fields of a key.
#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
pub(super) fn open(clock: &ManualClock, config: Value, (inputs, of): (Value, Deliverable)) -> Box<dyn Store> {
    let aws = Aws::new(Arc::new(clock.clone()));
    aws.configure(serde_json::from_value(config).expect("a configuration"));
    let delivery: SecretsManagerDelivery = serde_json::from_value(inputs).expect("inputs");
    aws.store(&delivery, ("deliveries[0]", of), &OwnerId::new("urn:stores", "stack/project/stores"))
}

/// Whatever a key has, in maps too.
pub(crate) fn all() -> Deliverable {
    Deliverable { open: true, ..Deliverable::default() }
}

/// Notes what is staged, before it is sent.
struct Noted {
    store: Box<dyn Store>,
    staged: Staged,
}

#[async_trait]
impl Store for Noted {
    fn label(&self) -> String {
        self.store.label()
    }

    fn identity(&self) -> String {
        self.store.identity()
    }

    fn shape(&self) -> String {
        self.store.shape()
    }

    fn reads_back(&self) -> bool {
        self.store.reads_back()
    }

    fn keeps_secrets(&self) -> bool {
        self.store.keeps_secrets()
    }

    fn holds_staged(&self) -> bool {
        self.store.holds_staged()
    }

    async fn head(&self) -> Result<Head, Error> {
        self.store.head().await
    }

    async fn stage(&self, payload: &Payload<'_>, head: &Head) -> Result<String, Error> {
        let text = expected(payload.material)?;
        locked(&self.staged).insert(text, (payload.key.clone(), payload.material.clone()));
        self.store.stage(payload, head).await
    }

    async fn promote(&self, version: &str, head: &Head) -> Result<(), Error> {
        self.store.promote(version, head).await
    }

    async fn withdraw(&self, version: &str, head: &Head) -> Result<(), Error> {
        self.store.withdraw(version, head).await
    }

    async fn remove(&self) -> Result<bool, Error> {
        self.store.remove().await
    }

    async fn read(&self, version: &str) -> Result<Option<Material>, Error> {
        self.store.read(version).await
    }
}

/// What consumers are to read: the object of all fields.
#[expect(clippy::disallowed_methods, reason = "the trial compares what consumers read")]
fn expected(material: &Material) -> Result<String, Error> {
    let text = cloud::DeliveryShape::default().render(material, &all())?;
    Ok(secrecy::ExposeSecret::expose_secret(&text).to_owned())
}
