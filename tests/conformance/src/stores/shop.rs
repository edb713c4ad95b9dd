use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use cloud::Deliverable;
use localcloud::{LocalCloud, locked};
use rotation::testing::ManualClock;
use rotation::{Error, Head, KeyId, Material, Payload, Store};
use serde_json::json;

use super::aws::Secrets;
use super::kv::Paths;
use super::oci::VaultSecrets;
use super::shelves::{Shelves, all};
use crate::vault::kv_ground;

/// Stores of every kind, as a rig hands them to stacks; consumers read them behind the API. The name of an entry says of which kind it is.
#[derive(Clone)]
pub struct Shop {
    aws: Arc<Secrets>,
    oci: Arc<VaultSecrets>,
    /// On OpenBao, which is started when it is first asked for.
    kv: Arc<OnceLock<Paths>>,
    /// Another way to it than its own address.
    way: Option<String>,
    clock: ManualClock,
    /// The texts that were staged, each with the key that it holds.
    staged: Staged,
}

type Staged = Arc<Mutex<BTreeMap<String, (KeyId, Material)>>>;

/// The names of entries of an OCI Vault begin with this.
pub(super) const OCI: &str = "oci-";
/// The names of paths of a KV engine begin with this.
pub(super) const KV: &str = "kv-";
/// The names of entries from which keys can be read back have this in them; the shapes of all others keep too little.
const KEPT: &str = "kept";
/// The names of entries that somebody else makes have this after their kind; all others are made by the store.
pub(super) const THEIRS: &str = "theirs";

impl Shop {
    /// The stores of this stand-in, and of OpenBao.
    pub fn new(cloud: &LocalCloud, clock: &ManualClock) -> Self {
        let endpoint = || cloud.endpoint().to_owned();
        let aws = Secrets { account: cloud.aws().clone(), endpoint: endpoint(), clock: clock.clone() };
        let oci = VaultSecrets { tenancy: cloud.oci().clone(), endpoint: endpoint(), clock: clock.clone() };
        let (kv, staged) = (Arc::default(), Arc::default());
        Self { aws: Arc::new(aws), oci: Arc::new(oci), kv, way: None, clock: clock.clone(), staged }
    }

    /// The same, with OpenBao reached by a proxy in front of it.
    pub(crate) fn by(self, proxy: &str) -> Self {
        Self { way: Some(proxy.to_owned()), ..self }
    }

    /// The entry of this name, as a newly started process reaches it. Keys like `of` can be read back from those that are kept.
    pub fn store(&self, name: &str, of: Deliverable) -> Box<dyn Store> {
        let shelves = self.shelves(name);
        let is_theirs = kind(name).1.starts_with(THEIRS);
        if is_theirs && !shelves.exists(name) {
            shelves.make(name);
        }
        let more = if is_theirs { json!({}) } else { json!({ "create": shelves.create() }) };
        let of = if name.contains(KEPT) { of } else { all() };
        let store = shelves.open(name, &more, of);
        Box::new(Noted { store, staged: Arc::clone(&self.staged) })
    }

    /// The key that consumers of an entry read, if it is one that was staged.
    pub fn read(&self, name: &str) -> Option<KeyId> {
        self.held(name).map(|(id, _)| id)
    }

    /// That key.
    pub fn read_material(&self, name: &str) -> Option<Material> {
        self.held(name).map(|(_, material)| material)
    }

    /// Somebody puts a value of their own into an entry.
    pub fn edit(&self, name: &str) {
        self.shelves(name).edit(name);
    }

    fn held(&self, name: &str) -> Option<(KeyId, Material)> {
        locked(&self.staged).get(&self.shelves(name).value(name)?).cloned()
    }

    /// Whether nothing that was staged can be read in any way.
    pub fn is_left(&self, name: &str) -> bool {
        let values = self.shelves(name).values(name);
        let staged = locked(&self.staged);
        values.into_iter().all(|value| !staged.contains_key(&value))
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn shelves(&self, name: &str) -> &dyn Shelves {
        match kind(name).0 {
            Some(OCI) => &*self.oci,
            Some(KV) => self.kv.get_or_init(|| {
                let (admin, mount, address) = kv_ground().expect("OpenBao");
                Paths::new(admin, mount, self.way.clone().unwrap_or(address), &self.clock)
            }),
            _ => &*self.aws,
        }
    }
}

/// The kind of an entry, and the rest of its name.
fn kind(name: &str) -> (Option<&'static str>, &str) {
    let found = [OCI, KV].into_iter().find_map(|kind| Some((Some(kind), name.strip_prefix(kind)?)));
    found.unwrap_or((None, name))
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
