//! Keys of one name at a JWT mount that fetches what the outputs say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use cloud::{Cloud, RotatingResource};
use localcloud::locked;
use rotation::testing::ManualClock;
use rotation::{Field, Key, KeyId, KeyIssuer, Known, Material};
use serde_json::{Value, json};
use system_vault::{Vault, VaultJwtKey};
use vault_servers::{Admin, JwtRole, KeySet, fresh_jwt, key_pair, unique};

use super::jwt_key::Lent;
use super::jwt_key_trials::open;
use super::on_vault::{OnVault, VaultGround, VaultPlace, VaultWay};
use crate::rig::{Feature, Place};

/// Keys in a set, on a real server.
pub type VaultJwtSets = OnVault<JwtSet>;

/// A mount of its own for a while, the set that it fetches, and a name.
#[derive(Clone)]
pub struct JwtSet {
    admin: Admin,
    mount: Arc<Lent>,
    set: Arc<KeySet>,
    name: String,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    /// Every private half that was ever published or anybody's, which shows what the mount accepts.
    private: BTreeMap<KeyId, String>,
    /// The public halves of keys that strangers publish in the same set.
    strangers: BTreeMap<KeyId, Material>,
    ours: Vec<Material>,
    /// Users leave the set as it is.
    is_left: bool,
}

/// The role of each mount that lets tokens in.
pub(super) const ROLE: &str = "ci";

impl VaultPlace for JwtSet {
    const FEATURES: &[Feature] =
        &[Feature::Faults, Feature::Network, Feature::Tries, Feature::Stores, Feature::AllStores];

    fn new(ground: &VaultGround) -> Result<Self> {
        let admin = ground.0.admin.clone();
        let (mount, set) = (Arc::new(Lent::take(&admin)?), Arc::new(KeySet::start()?));
        let place = Self { admin, mount, set, name: unique("key"), kept: Arc::default() };
        for role in place.admin.list(&place.at("role"))? {
            place.admin.delete(&place.at(&format!("role/{role}")))?;
        }
        place.configure(&json!({"jwks_url": place.set.url()}))?;
        JwtRole { mount: place.mount(), role: ROLE }.make(&place.admin, &json!({}))?;
        Ok(place)
    }

    fn issuer(vault: Arc<Vault>, inputs: Value, known: Known<'_>) -> Result<Box<dyn KeyIssuer>> {
        Ok(VaultJwtKey::new(vault).issuer(&serde_json::from_value(inputs)?, known))
    }

    fn admin(&self) -> &Admin {
        &self.admin
    }

    fn inputs(&self) -> Value {
        json!({"mount": self.mount(), "name": self.name, "algorithm": "EdDSA", "jwksUrl": self.set.url()})
    }

    fn nowhere(&self) -> Value {
        json!({"mount": "nobody", "name": self.name, "algorithm": "EdDSA", "jwksUrl": self.set.url()})
    }
}

impl Place for JwtSet {
    type Way = VaultWay;

    fn plain(&self, call: String) -> String {
        call.replace(&self.at(""), "")
    }

    fn keys(&self) -> Vec<KeyId> {
        let private = locked(&self.kept).private.clone();
        private.iter().filter(|(id, private)| self.accepts(id, private)).map(|(id, _)| id.clone()).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        let private = locked(&self.kept).private.get(id).cloned();
        private.is_some_and(|private| self.accepts(id, &private))
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn mint(&self) -> Option<KeyId> {
        let (private, public) = key_pair().expect("randomness");
        let id = KeyId(unique("stranger"));
        let mut kept = locked(&self.kept);
        kept.private.insert(id.clone(), private);
        kept.strangers.insert(id.clone(), [("publicKeyPem".to_owned(), Field::Plain(public))].into());
        drop(kept);
        self.serve();
        Some(id)
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        let mut kept = locked(&self.kept);
        kept.strangers.remove(id);
        kept.ours.retain(|material| material.get("kid") != Some(&Field::Plain(id.0.clone())));
        drop(kept);
        self.serve();
        self.configure(&self.config().expect("a configuration")).expect("a configuration that can be written");
    }

    fn strip(&self) {}

    fn marks(&self) -> usize {
        0
    }

    fn publish(&self, keys: &[&Key]) {
        let mut kept = locked(&self.kept);
        if kept.is_left {
            return;
        }
        let published: Vec<_> = keys.iter().filter_map(|key| Some((&key.id, key.material.as_ref()?))).collect();
        let private =
            published.iter().filter_map(|(id, material)| Some(((*id).clone(), open(material.get("privateKeyPem"))?)));
        kept.private.extend(private);
        kept.ours = published.into_iter().map(|(_, material)| material.clone()).collect();
        drop(kept);
        self.serve();
    }
}

impl JwtSet {
    /// The mount, without `auth/`.
    pub fn mount(&self) -> &str {
        &self.mount.0
    }

    /// The set.
    pub fn set(&self) -> &KeySet {
        &self.set
    }

    /// A path of the mount's.
    pub fn at(&self, part: &str) -> String {
        format!("auth/{}/{part}", self.mount())
    }

    /// Whether users leave the set as it is from now on.
    pub fn leave(&self, is_left: bool) {
        locked(&self.kept).is_left = is_left;
    }

    /// The mount's configuration.
    ///
    /// # Errors
    /// There is none.
    pub fn config(&self) -> Result<Value> {
        Ok(self.admin.get(&self.at("config"))?["data"].clone())
    }

    /// Writes the mount's configuration.
    ///
    /// # Errors
    /// The server refuses.
    pub fn configure(&self, config: &Value) -> Result<()> {
        self.admin.post(&self.at("config"), config).map(drop)
    }

    fn accepts(&self, id: &KeyId, private: &str) -> bool {
        let token = fresh_jwt(private, &json!({"kid": id.0}));
        token.is_ok_and(|jwt| self.admin.log_in(self.mount(), &json!({"role": ROLE, "jwt": jwt})).is_ok())
    }

    /// Serves what the output of all keys together says, and strangers' keys beside it.
    fn serve(&self) {
        let kept = locked(&self.kept);
        let all: Vec<_> = kept.ours.iter().chain(kept.strangers.values()).collect();
        let vault = Vault::new(Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH)));
        let shared_outputs = VaultJwtKey::new(Arc::new(vault)).shared_outputs(&all);
        if let Some(Field::Plain(text)) = shared_outputs.get("jwks") {
            self.set.publish(text);
        }
    }
}
