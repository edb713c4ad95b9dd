//! Keys of one name at a JWT mount.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use cloud::RotatingResource;
use localcloud::locked;
use rotation::{KeyId, KeyIssuer, Known};
use serde_json::{Value, json};
use system_vault::{Vault, VaultJwtKey};
use vault_servers::{Admin, JwtRole, public_pem, thumbprint, unique};

use super::on_vault::{OnVault, VaultGround, VaultPlace, VaultWay};
use crate::rig::{Feature, Place};

/// Signing keys on a real server.
pub type VaultJwtKeys = OnVault<JwtName>;

/// A mount of its own, for a while, and a name at it. Its keys are of Ed25519, which costs no time.
#[derive(Clone)]
pub struct JwtName {
    admin: Admin,
    mount: Arc<Lent>,
    name: String,
}

/// A mount that goes to the next place when this one is done with: the server would grow slow with thousands of them.
pub(super) struct Lent(pub(super) String);

static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Lent {
    /// One, as it was left.
    pub(super) fn take(admin: &Admin) -> Result<Self> {
        let free = locked(&FREE).pop();
        Ok(Self(match free {
            Some(mount) => mount,
            None => admin.mount_auth("jwt")?,
        }))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        locked(&FREE).push(std::mem::take(&mut self.0));
    }
}

/// The role of each mount that lets tokens in.
pub(super) const ROLE: &str = "ci";
const PLACEHOLDER: &str = "keyrotation 1 placeholder";
const BEGIN: &str = "-----BEGIN ";

impl VaultPlace for JwtName {
    const FEATURES: &[Feature] = &[
        Feature::Strangers,
        Feature::Faults,
        Feature::Network,
        Feature::Tries,
        Feature::MarksOnKeys,
        Feature::Stores,
        Feature::AllStores,
    ];

    fn new(ground: &VaultGround) -> Result<Self> {
        let admin = ground.0.admin.clone();
        let place = Self { mount: Arc::new(Lent::take(&admin)?), admin, name: unique("key") };
        place.clear()?;
        Ok(place)
    }

    fn issuer(vault: Arc<Vault>, inputs: Value, known: Known<'_>) -> Result<Box<dyn KeyIssuer>> {
        Ok(VaultJwtKey::new(vault).issuer(&serde_json::from_value(inputs)?, known))
    }

    fn admin(&self) -> &Admin {
        &self.admin
    }

    fn inputs(&self) -> Value {
        json!({"mount": self.mount(), "name": self.name, "algorithm": "EdDSA"})
    }

    fn nowhere(&self) -> Value {
        json!({"mount": "nobody", "name": self.name, "algorithm": "EdDSA"})
    }
}

impl Place for JwtName {
    type Way = VaultWay;

    fn plain(&self, call: String) -> String {
        call.replace(&self.at(""), "")
    }

    fn keys(&self) -> Vec<KeyId> {
        let concerns = |entry: &String| match line(entry, "name") {
            Some(name) => name == self.name,
            None => !entry.starts_with(PLACEHOLDER),
        };
        self.entries().into_iter().filter(concerns).map(|entry| id_of(&entry)).collect()
    }

    fn works(&self, id: &KeyId) -> bool {
        self.keys().contains(id)
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn mint(&self) -> Option<KeyId> {
        let entry = strangers_key();
        let id = id_of(&entry);
        self.alter(|entries| entries.push(entry)).expect("a mount that takes a key");
        Some(id)
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn delete(&self, id: &KeyId) {
        self.alter(|entries| entries.retain(|entry| id_of(entry) != *id)).expect("a mount with this key");
    }

    #[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
    fn strip(&self) {
        let strip = |entries: &mut Vec<String>| {
            let marked = entries.iter_mut().filter(|entry| !entry.starts_with(PLACEHOLDER));
            marked.for_each(|entry| *entry = pem(entry).to_owned());
        };
        self.alter(strip).expect("a mount with keys");
    }

    fn marks(&self) -> usize {
        let entries = self.entries();
        let owners: BTreeSet<_> = entries.iter().filter_map(|entry| line(entry, "owner")).collect();
        owners.len()
    }
}

impl JwtName {
    /// The mount, without `auth/`.
    pub fn mount(&self) -> &str {
        &self.mount.0
    }

    /// What the keys are called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A path of the mount's.
    pub fn at(&self, part: &str) -> String {
        format!("auth/{}/{part}", self.mount())
    }

    /// As a new place is: a configuration without a key of anybody's, and one role.
    fn clear(&self) -> Result<()> {
        for role in self.admin.list(&self.at("role"))? {
            self.admin.delete(&self.at(&format!("role/{role}")))?;
        }
        let nobodys = format!("{PLACEHOLDER}\n{}", strangers_key());
        self.admin.post(&self.at("config"), &json!({"jwt_validation_pubkeys": [nobodys]}))?;
        self.role(ROLE).make(&self.admin, &json!({}))
    }

    /// One of the mount's roles.
    pub fn role<'a>(&'a self, role: &'a str) -> JwtRole<'a> {
        JwtRole { mount: self.mount(), role }
    }

    /// The configuration; null if there is none.
    ///
    /// # Errors
    /// There is no answer.
    pub fn config(&self) -> Result<Value> {
        Ok(self.admin.call("GET", &self.at("config"), None)?.body["data"].clone())
    }

    /// Every published key, as text.
    pub fn entries(&self) -> Vec<String> {
        let config = self.config().unwrap_or_default();
        let entries = config["jwt_validation_pubkeys"].as_array().cloned().unwrap_or_default();
        entries.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Somebody changes the published keys; without any, one that nobody has takes their place, as the plugin does it.
    ///
    /// # Errors
    /// The server refuses.
    pub fn alter(&self, change: impl FnOnce(&mut Vec<String>)) -> Result<()> {
        let (mut config, mut entries) = (self.config()?, self.entries());
        change(&mut entries);
        if entries.is_empty() {
            entries.push(format!("{PLACEHOLDER}\n{}", strangers_key()));
        }
        config["jwt_validation_pubkeys"] = entries.into();
        self.admin.post(&self.at("config"), &config).map(drop)
    }

    /// Whether a token that this private key signs gets in.
    pub fn lets_in(&self, private_pem: &str) -> bool {
        self.role(ROLE).log_in(&self.admin, private_pem).is_ok()
    }
}

/// What is told of a key in the lines before it.
pub(super) fn line<'a>(entry: &'a str, word: &str) -> Option<&'a str> {
    let mark = entry.split(BEGIN).next().filter(|mark| mark.starts_with("keyrotation "))?;
    mark.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(": "))
}

/// The key without its mark.
pub(super) fn pem(entry: &str) -> &str {
    entry.find(BEGIN).map_or(entry, |at| &entry[at..])
}

/// A new public key whose private half is gone.
#[expect(clippy::expect_used, reason = "a rig that breaks ends its test")]
pub(super) fn strangers_key() -> String {
    public_pem().expect("randomness")
}

/// The name of a key: its thumbprint, or of one that is not of Ed25519 what its mark says.
fn id_of(entry: &str) -> KeyId {
    KeyId(thumbprint(entry).unwrap_or_else(|| line(entry, "kid").unwrap_or_default().to_owned()))
}
